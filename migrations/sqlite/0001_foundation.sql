-- Times are unix milliseconds. Secrets are kept as SHA-256 or as a keyed MAC, never as given out.

CREATE TABLE users (
    id                       TEXT    NOT NULL PRIMARY KEY,
    username                 TEXT,
    username_key             TEXT    UNIQUE,
    email                    TEXT,
    email_key                TEXT    UNIQUE,
    email_verified_at        INTEGER,
    phone_number             TEXT    UNIQUE,
    phone_number_verified_at INTEGER,
    password_hash            TEXT,
    password_changed_at      INTEGER,
    state                    TEXT    NOT NULL,
    is_admin                 INTEGER NOT NULL,
    profile                  TEXT    NOT NULL,
    created_at               INTEGER NOT NULL,
    updated_at               INTEGER NOT NULL,
    last_login_at            INTEGER
) STRICT;
CREATE INDEX users_created ON users (created_at, id);

CREATE TABLE sessions (
    id              TEXT    NOT NULL PRIMARY KEY,
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    methods         TEXT    NOT NULL,
    auth_time       INTEGER NOT NULL,
    remembered      INTEGER NOT NULL,
    device          TEXT    NOT NULL,
    address         TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    last_seen_at    INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);
CREATE INDEX sessions_idle ON sessions (idle_expires_at);

-- What a session cookie points to. Apart from sessions, so that the cookie's value can change while the session lives on.
CREATE TABLE carriers (
    token_hash BLOB    NOT NULL PRIMARY KEY,
    session_id TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX carriers_session ON carriers (session_id);
CREATE INDEX carriers_expires ON carriers (expires_at);

CREATE TABLE flows (
    id                       TEXT    NOT NULL PRIMARY KEY,
    kind                     TEXT    NOT NULL,
    browser_hash             BLOB    NOT NULL,
    user_id                  TEXT    REFERENCES users (id) ON DELETE CASCADE,
    subject                  TEXT,
    state                    TEXT    NOT NULL,
    continue_to              TEXT    NOT NULL,
    code_mac                 BLOB,
    code_expires_at          INTEGER,
    previous_code_mac        BLOB,
    previous_code_expires_at INTEGER,
    tries                    INTEGER NOT NULL,
    sends                    INTEGER NOT NULL,
    sent_at                  INTEGER,
    created_at               INTEGER NOT NULL,
    expires_at               INTEGER NOT NULL,
    finished_at              INTEGER
) STRICT;
CREATE INDEX flows_subject ON flows (subject, kind);
CREATE INDEX flows_user ON flows (user_id);
CREATE INDEX flows_expires ON flows (expires_at);

CREATE TABLE clients (
    id          TEXT    NOT NULL PRIMARY KEY,
    secret_hash BLOB,
    metadata    TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE consents (
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id    TEXT    NOT NULL,
    scope        TEXT    NOT NULL,
    declined     TEXT    NOT NULL,
    granted_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, client_id)
) STRICT;
CREATE INDEX consents_client ON consents (client_id);

-- One authorization of a client by a person: its code, and its family of refresh tokens.
CREATE TABLE grants (
    id                 TEXT    NOT NULL PRIMARY KEY,
    user_id            TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id          TEXT    NOT NULL,
    session_id         TEXT,
    scope              TEXT    NOT NULL,
    request            TEXT    NOT NULL,
    auth_time          INTEGER NOT NULL,
    acr                TEXT    NOT NULL,
    amr                TEXT    NOT NULL,
    offline            INTEGER NOT NULL,
    code_hash          BLOB    UNIQUE,
    code_expires_at    INTEGER NOT NULL,
    code_used_at       INTEGER,
    refresh_sequence   INTEGER NOT NULL,
    refresh_rotated_at INTEGER,
    refresh_expires_at INTEGER,
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX grants_user ON grants (user_id, client_id);
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_expires ON grants (expires_at);

CREATE TABLE revoked_tokens (
    jti        TEXT    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX revoked_tokens_expires ON revoked_tokens (expires_at);

CREATE TABLE signing_keys (
    id           TEXT    NOT NULL PRIMARY KEY,
    alg          TEXT    NOT NULL,
    sealed       BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    signs_at     INTEGER NOT NULL,
    retires_at   INTEGER,
    removes_at   INTEGER
) STRICT;

CREATE TABLE events (
    id         TEXT    NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    user_id    TEXT,
    session_id TEXT,
    client_id  TEXT,
    actor      TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    device     TEXT    NOT NULL,
    detail     TEXT    NOT NULL
) STRICT;
CREATE INDEX events_user ON events (user_id, at);
CREATE INDEX events_at ON events (at);

CREATE TABLE outbox (
    id           TEXT    NOT NULL PRIMARY KEY,
    channel      TEXT    NOT NULL,
    recipient    TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    html         TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    attempts     INTEGER NOT NULL,
    run_at       INTEGER NOT NULL,
    last_error   TEXT,
    created_at   INTEGER NOT NULL,
    delivered_at INTEGER,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (state, run_at);
CREATE INDEX outbox_expires ON outbox (expires_at);

CREATE TABLE limits (
    id            TEXT    NOT NULL PRIMARY KEY,
    spent_until   INTEGER NOT NULL,
    failures      INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX limits_expires ON limits (expires_at);

CREATE TABLE facts (
    id    TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
