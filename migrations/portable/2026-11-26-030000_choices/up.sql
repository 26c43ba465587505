-- What a site chooses for itself alone, in memory and on its list. One text for SQLite and PostgreSQL.

-- The last write that touched the exclusions, as `scoring` and `callers` are for theirs: an exclusion leaves scoring, and
-- with it what others see, as it is.
ALTER TABLE revision ADD COLUMN choices BIGINT NOT NULL DEFAULT 0;
UPDATE revision SET choices = number;

-- How often a site changed its shortlist, which is read and changed as a whole.
CREATE TABLE shortlists (
    ods_code TEXT NOT NULL PRIMARY KEY REFERENCES organisations (ods_code) ON DELETE CASCADE,
    version BIGINT NOT NULL CHECK (version >= 1)
);

-- Candidates that a site keeps, in its order. Its own name for one and its note may name somebody: both are encrypted.
CREATE TABLE shortlist_entries (
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    candidate TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    place BIGINT NOT NULL CHECK (place >= 1),
    sealed_label TEXT,
    sealed_note TEXT,
    added_at TIMESTAMP NOT NULL,
    PRIMARY KEY (ods_code, candidate),
    CONSTRAINT one_candidate_for_a_place UNIQUE (ods_code, place),
    CONSTRAINT nobody_shortlists_itself CHECK (ods_code <> candidate)
);
CREATE INDEX shortlist_entries_by_candidate ON shortlist_entries (candidate);
