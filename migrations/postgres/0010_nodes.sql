-- Servers that are at work on this database, and what each says of itself, so that those that disagree notice.
CREATE TABLE nodes (
    id         TEXT    NOT NULL PRIMARY KEY,
    says       TEXT    NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX nodes_expires ON nodes (expires_at);
