DROP INDEX audit_by_subject;
DROP INDEX approaches_by_day;
DROP INDEX approaches_by_fit;
DROP TABLE match_comments;
DROP TABLE match_reviews;
