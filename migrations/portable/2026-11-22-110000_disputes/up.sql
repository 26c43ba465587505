-- Which end disputes a link, and why: the reason is kept for the two ends alone.
ALTER TABLE links ADD COLUMN disputed_by TEXT CHECK (length(disputed_by) BETWEEN 3 AND 12);
ALTER TABLE links ADD COLUMN dispute_reason TEXT CHECK (length(dispute_reason) BETWEEN 1 AND 1000);
