-- Programmes that sites join, and what their admins suggest. One text for SQLite and PostgreSQL.

-- The days on which a programme runs, the first and the last included; open where there is none. `spread_load` is DESIGN 4.11.
ALTER TABLE programmes ADD COLUMN starts DATE;
ALTER TABLE programmes ADD COLUMN ends DATE;
ALTER TABLE programmes ADD COLUMN spread_load BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE programmes ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- Who is or was in a programme; nobody is in the default one, which is that of whoever is in no other.
CREATE TABLE programme_members (
    programme TEXT NOT NULL REFERENCES programmes (slug) ON DELETE CASCADE,
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    joined TIMESTAMP NOT NULL,
    departed TIMESTAMP,
    PRIMARY KEY (programme, ods_code),
    CONSTRAINT departed_after_joining CHECK (departed >= joined)
);
CREATE INDEX programme_members_by_member ON programme_members (ods_code);

-- Every version of a programme's weights, the present one included; they are never changed. Who changed them and when is not
-- known of those that came with the service.
CREATE TABLE programme_weight_versions (
    programme TEXT NOT NULL REFERENCES programmes (slug) ON DELETE CASCADE,
    version BIGINT NOT NULL CHECK (version >= 1),
    criterion TEXT NOT NULL CHECK (criterion IN
        ('core_system', 'geography', 'care_setting', 'culture', 'prior_relationships', 'learning')),
    weight DOUBLE PRECISION NOT NULL CHECK (weight BETWEEN 0 AND 1000000),
    changed_at TIMESTAMP,
    changed_by TEXT,
    PRIMARY KEY (programme, version, criterion)
);
INSERT INTO programme_weight_versions (programme, version, criterion, weight)
    SELECT programme, 1, criterion, weight FROM programme_weights;

-- A pair that an admin suggests to both sites. `sealed_reason` is the admin's words to them, encrypted. What each answered is
-- apart, since it is that side's own until both are interested.
CREATE TABLE admin_suggestions (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    sequence BIGINT NOT NULL UNIQUE,
    a_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    b_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('open', 'mutual', 'declined', 'withdrawn')),
    sealed_reason TEXT NOT NULL,
    programme TEXT REFERENCES programmes (slug) ON DELETE SET NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT suggestion_joins_two CHECK (a_code <> b_code)
);
CREATE UNIQUE INDEX admin_suggestions_one_open_for_a_pair ON admin_suggestions (a_code, b_code) WHERE state = 'open';
CREATE INDEX admin_suggestions_by_first_end ON admin_suggestions (a_code, sequence);
CREATE INDEX admin_suggestions_by_second_end ON admin_suggestions (b_code, sequence);

CREATE TABLE admin_suggestion_answers (
    suggestion_id TEXT NOT NULL REFERENCES admin_suggestions (id) ON DELETE CASCADE,
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    interested BOOLEAN NOT NULL,
    answered_at TIMESTAMP NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    PRIMARY KEY (suggestion_id, ods_code)
);
