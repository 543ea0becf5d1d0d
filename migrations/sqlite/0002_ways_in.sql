-- Journeys are written in another form from here on; those of before begin anew.
DELETE FROM flows WHERE kind <> 'sign_in';

-- Second factors that are not passkeys. `expires_at` is set when one is removed: until then that can be taken back.
CREATE TABLE factors (
    id           TEXT    NOT NULL PRIMARY KEY,
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind         TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    sealed       BLOB,
    last_step    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at   INTEGER
) STRICT;
CREATE INDEX factors_user ON factors (user_id);
CREATE INDEX factors_expires ON factors (expires_at);

CREATE TABLE passkeys (
    id            TEXT    NOT NULL PRIMARY KEY,
    user_id       TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind          TEXT    NOT NULL,
    credential_id BLOB    NOT NULL UNIQUE,
    credential    TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER,
    expires_at    INTEGER
) STRICT;
CREATE INDEX passkeys_user ON passkeys (user_id);
CREATE INDEX passkeys_expires ON passkeys (expires_at);

CREATE TABLE recovery_codes (
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    mac        BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER,
    PRIMARY KEY (user_id, mac)
) STRICT;

-- Browsers that are not asked for the second factor.
CREATE TABLE trusted_devices (
    id           TEXT    NOT NULL PRIMARY KEY,
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_hash  BLOB    NOT NULL UNIQUE,
    device       TEXT    NOT NULL,
    address      TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX trusted_devices_user ON trusted_devices (user_id);
CREATE INDEX trusted_devices_expires ON trusted_devices (expires_at);

-- Addresses and numbers that were an account's, for as long as a change can be taken back.
CREATE TABLE address_changes (
    id         TEXT    NOT NULL PRIMARY KEY,
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    channel    TEXT    NOT NULL,
    previous   TEXT,
    changed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX address_changes_user ON address_changes (user_id);
CREATE INDEX address_changes_expires ON address_changes (expires_at);

-- Single-use things that are not rows themselves, such as the challenge of a passkey: whoever inserts the row has used it.
CREATE TABLE spent (
    id         TEXT    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX spent_expires ON spent (expires_at);

-- What text messages have cost in a calendar month, in ten-thousandths of the operator's currency.
CREATE TABLE sms_months (
    id         TEXT    NOT NULL PRIMARY KEY,
    spent      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sms_months_expires ON sms_months (expires_at);

-- How many of the codes sent to the numbers of one range were entered.
CREATE TABLE sms_ranges (
    id           TEXT    NOT NULL PRIMARY KEY,
    sent         INTEGER NOT NULL,
    entered      INTEGER NOT NULL,
    strikes      INTEGER NOT NULL,
    braked_until INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX sms_ranges_expires ON sms_ranges (expires_at);

-- When to ask somebody again whether to add a passkey; NULL: never. At most one row an account.
CREATE TABLE passkey_offers (
    user_id TEXT    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    ask_at  INTEGER
) STRICT;
