DROP TABLE shortlist_entries;
DROP TABLE shortlists;
ALTER TABLE revision DROP COLUMN choices;
