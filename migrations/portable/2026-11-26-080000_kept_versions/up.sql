-- The version of what a kept answer shows, which is part of its tag. What was kept before is of new things. One text for SQLite
-- and PostgreSQL.
ALTER TABLE idempotency_keys ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
