-- Servers that are at work on this database, and what each says of itself, so that those that disagree notice.
CREATE TABLE nodes (
    id         TEXT    NOT NULL PRIMARY KEY,
    says       TEXT    NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX nodes_expires ON nodes (expires_at);
