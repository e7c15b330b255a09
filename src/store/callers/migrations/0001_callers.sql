-- What is remembered of callers, sealed with their keys; who they are is said by their pseudonyms alone.
CREATE TABLE memories (
    caller     TEXT   PRIMARY KEY,
    sealed     TEXT   NOT NULL,
    changed_ms BIGINT NOT NULL
);
-- Accounts for which identity checks failed, by pseudonym.
CREATE TABLE lockouts (
    account         TEXT   PRIMARY KEY,
    failures        BIGINT NOT NULL,
    locked_until_ms BIGINT NOT NULL
);
