-- Standings: the top tens of all sites as they stood once, kept to compare with. One text for SQLite and PostgreSQL.

CREATE TABLE standings (
    id TEXT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL UNIQUE,
    revision BIGINT NOT NULL,
    method_version TEXT NOT NULL,
    as_of DATE NOT NULL,
    n_sites BIGINT NOT NULL CHECK (n_sites >= 0),
    kept_at TIMESTAMP NOT NULL,
    kept_by TEXT NOT NULL
);

-- One row for each site; `ranking` is JSON: the weights of its side, its partners, and who stood where with which scores. Codes in
-- it stay as they were, whatever becomes of the organisations.
CREATE TABLE standing_sites (
    standing_id TEXT NOT NULL REFERENCES standings (id) ON DELETE CASCADE,
    ods_code TEXT NOT NULL,
    ranking TEXT NOT NULL,
    PRIMARY KEY (standing_id, ods_code)
);
