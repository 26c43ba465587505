ALTER TABLE links DROP COLUMN disputed_by;
ALTER TABLE links DROP COLUMN dispute_reason;
