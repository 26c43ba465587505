-- Choices: the first time that a site kept or approached a candidate. One text for SQLite and PostgreSQL.

-- `shown` is JSON: the rank and the site's scores of each that stood in its list then, from the first on, without codes and without those
-- to whom it had done the same before; `chosen` is the place of the candidate among them, from 0. Both are NULL where it was not in the
-- list, or the list was the site's own. Nothing here is changed afterwards.
CREATE TABLE choices (
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    act TEXT NOT NULL CHECK (act IN ('shortlisted', 'approached')),
    candidate TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    programme TEXT NOT NULL REFERENCES programmes (slug) ON DELETE CASCADE,
    made_at TIMESTAMP NOT NULL,
    method_version TEXT NOT NULL,
    shown TEXT,
    chosen BIGINT CHECK (chosen >= 0),
    PRIMARY KEY (ods_code, act, candidate),
    CONSTRAINT nobody_chooses_itself CHECK (ods_code <> candidate),
    CHECK ((shown IS NULL) = (chosen IS NULL))
);
CREATE INDEX choices_by_programme ON choices (programme, act, made_at);
CREATE INDEX choices_by_candidate ON choices (candidate);
