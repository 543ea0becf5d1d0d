-- The provider on whose word alone the address counts as proved; NULL as soon as it has been proved here.
ALTER TABLE users ADD COLUMN email_vouched_by TEXT;
