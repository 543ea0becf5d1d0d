-- Administrators are few among many people.
CREATE INDEX users_administrators ON users (id) WHERE is_admin;
