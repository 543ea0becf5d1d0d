-- Counted up whenever an account is signed out of more than one browser: browsers that were known before are strangers from then on.
ALTER TABLE users ADD COLUMN device_epoch INTEGER NOT NULL DEFAULT 0;
