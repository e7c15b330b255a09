-- Messages that callers leave. A migration runs once and is never changed: write the next one as 0002_….sql.
CREATE TABLE messages (
  id         INTEGER PRIMARY KEY,
  text       TEXT NOT NULL,
  phone      TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
