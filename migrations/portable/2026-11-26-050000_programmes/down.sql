DROP TABLE admin_suggestion_answers;
DROP TABLE admin_suggestions;
DROP TABLE programme_weight_versions;
DROP TABLE programme_members;
ALTER TABLE programmes DROP COLUMN version;
ALTER TABLE programmes DROP COLUMN spread_load;
ALTER TABLE programmes DROP COLUMN ends;
ALTER TABLE programmes DROP COLUMN starts;
