-- Links and what a flow shows have random bits of their own from here on. Those computed from an id and a master key are good no more: whoever
-- had such a key could make them.
DELETE FROM flows WHERE kind <> 'sign_in';
-- Random, for what is derived within this flow.
ALTER TABLE flows ADD COLUMN salt BYTEA;
-- The SHA-256 of the newest mailed link's secret and of the one before.
ALTER TABLE flows ADD COLUMN link_hash BYTEA;
ALTER TABLE flows ADD COLUMN previous_link_hash BYTEA;

-- The SHA-256 of the secret that each of the family's tokens carries, and the version of the master key under which the newest was made.
-- NULL: the family was begun before, and its tokens are refused.
ALTER TABLE grants ADD COLUMN refresh_hash BYTEA;
ALTER TABLE grants ADD COLUMN refresh_key BIGINT;

-- Random, for the mark by which a browser shows that the session began in it.
ALTER TABLE sessions ADD COLUMN salt BYTEA;

-- Sealed hashes in place of MACs, which no other key could ever take over. The codes of before have to be made anew.
DELETE FROM recovery_codes;
ALTER TABLE recovery_codes RENAME COLUMN mac TO sealed;
