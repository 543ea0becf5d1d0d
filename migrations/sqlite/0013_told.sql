-- What the operator changed is not taken back; but who was reached there before hears of a new password for a while.
ALTER TABLE address_changes ADD COLUMN by_operator INTEGER NOT NULL DEFAULT 0;
