-- What a company's systems tell about a customer, sealed with that customer's key until it is told or over.
CREATE TABLE events (
    -- SHA-256 of the sender's name for it: one that comes twice is kept once.
    id         TEXT   PRIMARY KEY,
    caller     TEXT   NOT NULL,
    -- Empty once it was told.
    sealed     TEXT   NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX events_of_caller ON events (caller);
