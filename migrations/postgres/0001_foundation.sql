-- Times are unix milliseconds. Secrets are kept as SHA-256 or as a keyed MAC, never as given out.

CREATE TABLE users (
    id                       TEXT    NOT NULL PRIMARY KEY,
    username                 TEXT,
    username_key             TEXT    UNIQUE,
    email                    TEXT,
    email_key                TEXT    UNIQUE,
    email_verified_at        BIGINT,
    phone_number             TEXT    UNIQUE,
    phone_number_verified_at BIGINT,
    password_hash            TEXT,
    password_changed_at      BIGINT,
    state                    TEXT    NOT NULL,
    is_admin                 BOOLEAN NOT NULL,
    profile                  TEXT    NOT NULL,
    created_at               BIGINT NOT NULL,
    updated_at               BIGINT NOT NULL,
    last_login_at            BIGINT
);
CREATE INDEX users_created ON users (created_at, id);

CREATE TABLE sessions (
    id              TEXT    NOT NULL PRIMARY KEY,
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    methods         TEXT    NOT NULL,
    auth_time       BIGINT NOT NULL,
    remembered      BOOLEAN NOT NULL,
    device          TEXT    NOT NULL,
    address         TEXT    NOT NULL,
    created_at      BIGINT NOT NULL,
    last_seen_at    BIGINT NOT NULL,
    idle_expires_at BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);
CREATE INDEX sessions_idle ON sessions (idle_expires_at);

-- What a session cookie points to. Apart from sessions, so that the cookie's value can change while the session lives on.
CREATE TABLE carriers (
    token_hash BYTEA    NOT NULL PRIMARY KEY,
    session_id TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX carriers_session ON carriers (session_id);
CREATE INDEX carriers_expires ON carriers (expires_at);

CREATE TABLE flows (
    id                       TEXT    NOT NULL PRIMARY KEY,
    kind                     TEXT    NOT NULL,
    browser_hash             BYTEA    NOT NULL,
    user_id                  TEXT    REFERENCES users (id) ON DELETE CASCADE,
    subject                  TEXT,
    state                    TEXT    NOT NULL,
    continue_to              TEXT    NOT NULL,
    code_mac                 BYTEA,
    code_expires_at          BIGINT,
    previous_code_mac        BYTEA,
    previous_code_expires_at BIGINT,
    tries                    BIGINT NOT NULL,
    sends                    BIGINT NOT NULL,
    sent_at                  BIGINT,
    created_at               BIGINT NOT NULL,
    expires_at               BIGINT NOT NULL,
    finished_at              BIGINT
);
CREATE INDEX flows_subject ON flows (subject, kind);
CREATE INDEX flows_user ON flows (user_id);
CREATE INDEX flows_expires ON flows (expires_at);

CREATE TABLE clients (
    id          TEXT    NOT NULL PRIMARY KEY,
    secret_hash BYTEA,
    metadata    TEXT    NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE consents (
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id    TEXT    NOT NULL,
    scope        TEXT    NOT NULL,
    declined     TEXT    NOT NULL,
    granted_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_client ON consents (client_id);

-- One authorization of a client by a person: its code, and its family of refresh tokens.
CREATE TABLE grants (
    id                 TEXT    NOT NULL PRIMARY KEY,
    user_id            TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id          TEXT    NOT NULL,
    session_id         TEXT,
    scope              TEXT    NOT NULL,
    request            TEXT    NOT NULL,
    auth_time          BIGINT NOT NULL,
    acr                TEXT    NOT NULL,
    amr                TEXT    NOT NULL,
    offline            BOOLEAN NOT NULL,
    code_hash          BYTEA    UNIQUE,
    code_expires_at    BIGINT NOT NULL,
    code_used_at       BIGINT,
    refresh_sequence   BIGINT NOT NULL,
    refresh_rotated_at BIGINT,
    refresh_expires_at BIGINT,
    created_at         BIGINT NOT NULL,
    expires_at         BIGINT NOT NULL
);
CREATE INDEX grants_user ON grants (user_id, client_id);
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_expires ON grants (expires_at);

CREATE TABLE revoked_tokens (
    jti        TEXT    NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revoked_tokens_expires ON revoked_tokens (expires_at);

CREATE TABLE signing_keys (
    id           TEXT    NOT NULL PRIMARY KEY,
    alg          TEXT    NOT NULL,
    sealed       BYTEA    NOT NULL,
    created_at   BIGINT NOT NULL,
    signs_at     BIGINT NOT NULL,
    retires_at   BIGINT,
    removes_at   BIGINT
);

CREATE TABLE events (
    id         TEXT    NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    kind       TEXT    NOT NULL,
    user_id    TEXT,
    session_id TEXT,
    client_id  TEXT,
    actor      TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    device     TEXT    NOT NULL,
    detail     TEXT    NOT NULL
);
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
    attempts     BIGINT NOT NULL,
    run_at       BIGINT NOT NULL,
    last_error   TEXT,
    created_at   BIGINT NOT NULL,
    delivered_at BIGINT,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (state, run_at);
CREATE INDEX outbox_expires ON outbox (expires_at);

CREATE TABLE limits (
    id            TEXT    NOT NULL PRIMARY KEY,
    spent_until   BIGINT NOT NULL,
    failures      BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
);
CREATE INDEX limits_expires ON limits (expires_at);

CREATE TABLE facts (
    id    TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
