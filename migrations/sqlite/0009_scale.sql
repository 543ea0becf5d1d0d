-- Indexes of the rows that are asked for only: what is NULL in nearly every row makes an index look useless to the planner, or too good.
DROP INDEX external_identities_renew;
CREATE INDEX external_identities_renew ON external_identities (renew_at) WHERE tokens IS NOT NULL AND expires_at IS NULL;
DROP INDEX external_identities_expires;
CREATE INDEX external_identities_expires ON external_identities (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX external_identities_person ON external_identities (issuer, subject);
DROP INDEX external_identities_user;
CREATE INDEX external_identities_user ON external_identities (user_id, expires_at);
DROP INDEX factors_user;
CREATE INDEX factors_user ON factors (user_id, expires_at);
DROP INDEX passkeys_user;
CREATE INDEX passkeys_user ON passkeys (user_id, expires_at);
DROP INDEX factors_expires;
CREATE INDEX factors_expires ON factors (expires_at) WHERE expires_at IS NOT NULL;
DROP INDEX passkeys_expires;
CREATE INDEX passkeys_expires ON passkeys (expires_at) WHERE expires_at IS NOT NULL;
DROP INDEX flows_subject;
CREATE INDEX flows_subject ON flows (subject, kind) WHERE subject IS NOT NULL;
DROP INDEX flows_user;
CREATE INDEX flows_user ON flows (user_id, kind) WHERE user_id IS NOT NULL;
CREATE INDEX users_admins ON users (id) WHERE is_admin;
-- Accounts that are erased: nobody sees them any more, and what hung on them goes in batches.
CREATE INDEX users_removed ON users (id) WHERE state = 'removed';
CREATE INDEX clients_created ON clients (created_at, id);

-- Clients that are removed while what people allowed them is still going, in batches. Until then it counts for nothing.
CREATE TABLE removed_clients (
    id         TEXT    NOT NULL PRIMARY KEY,
    removed_at INTEGER NOT NULL
) STRICT;
