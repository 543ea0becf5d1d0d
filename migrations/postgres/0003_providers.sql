-- People at providers with whom accounts are connected. `expires_at` is set when one is disconnected: until then that can be taken back.
CREATE TABLE external_identities (
    id           TEXT   NOT NULL PRIMARY KEY,
    user_id      TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider     TEXT   NOT NULL,
    issuer       TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    tokens       BYTEA,
    renew_at     BIGINT,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    expires_at   BIGINT
);
CREATE UNIQUE INDEX external_identities_subject ON external_identities (issuer, subject) WHERE expires_at IS NULL;
CREATE INDEX external_identities_user ON external_identities (user_id);
CREATE INDEX external_identities_renew ON external_identities (renew_at);
CREATE INDEX external_identities_expires ON external_identities (expires_at);
