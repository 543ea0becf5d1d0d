-- The public half of every signing key. It stays for as long as a session that got ID tokens of the key can live, when the key itself is long
-- gone, so that such a token is still recognised as a hint. Nothing else is verified with it.
CREATE TABLE verification_keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    alg        TEXT    NOT NULL,
    jwk        TEXT    NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX verification_keys_expires ON verification_keys (expires_at);
