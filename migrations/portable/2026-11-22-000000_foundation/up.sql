-- One text for SQLite and PostgreSQL.
--
-- Dates that are known to the month or the year are TEXT: YYYY-MM-DD, YYYY-MM or YYYY. Times are UTC.
-- A `source` with its `as_of` says where a fact is from and of when. `sequence` keeps the order in which rows
-- of one owner were stored.
--
-- A CHECK lists the values of a column where the list is closed. `module`, `attribute` and the `kind` of links and
-- networks have none: their lists grow, SQLite cannot change a CHECK without making the table anew, and the service
-- refuses a value that it does not know when it reads the row.

CREATE TABLE boards (
    code TEXT NOT NULL PRIMARY KEY CHECK (length(code) BETWEEN 1 AND 12),
    kind TEXT NOT NULL CHECK (kind IN ('icb', 'region')),
    name TEXT NOT NULL
);

-- `code_order` is the code as a number to base 37: it orders as the bytes of the code do, on every database and
-- under every collation, so that pages are the same everywhere. `search_text` is the name and the code in small
-- letters, made by the service, whose idea of letters does not depend on the database.
CREATE TABLE organisations (
    ods_code TEXT NOT NULL PRIMARY KEY CHECK (length(ods_code) BETWEEN 3 AND 12),
    code_order BIGINT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    search_text TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'closed')),
    opened DATE,
    closed DATE,
    care_settings_source TEXT,
    care_settings_as_of TEXT,
    latitude DOUBLE PRECISION CHECK (latitude BETWEEN -90 AND 90),
    longitude DOUBLE PRECISION CHECK (longitude BETWEEN -180 AND 180),
    position_source TEXT,
    position_as_of TEXT,
    icb_code TEXT REFERENCES boards (code) ON DELETE RESTRICT,
    region_code TEXT REFERENCES boards (code) ON DELETE RESTRICT,
    links_complete_on DATE,
    source TEXT NOT NULL,
    as_of TEXT,
    CONSTRAINT closed_when_closed CHECK (status = 'closed' OR closed IS NULL),
    CONSTRAINT position_is_whole CHECK ((latitude IS NULL) = (longitude IS NULL)),
    CONSTRAINT care_settings_date_has_source CHECK (care_settings_source IS NOT NULL OR care_settings_as_of IS NULL),
    CONSTRAINT position_date_has_source CHECK (position_source IS NOT NULL OR position_as_of IS NULL)
);
CREATE INDEX organisations_by_status ON organisations (status, code_order);
CREATE INDEX organisations_by_icb ON organisations (icb_code, code_order);
CREATE INDEX organisations_by_region ON organisations (region_code, code_order);
CREATE INDEX organisations_by_position ON organisations (latitude, longitude);

CREATE TABLE organisation_care_settings (
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    care_setting TEXT NOT NULL
        CHECK (care_setting IN ('acute', 'specialist', 'mental_health', 'community', 'ambulance')),
    PRIMARY KEY (ods_code, care_setting)
);
CREATE INDEX organisation_care_settings_by_setting ON organisation_care_settings (care_setting, ods_code);

CREATE TABLE successions (
    predecessor TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE RESTRICT,
    successor TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE RESTRICT,
    kind TEXT NOT NULL CHECK (kind IN ('merger_or_succession', 'split')),
    happened TEXT NOT NULL CHECK (length(happened) IN (4, 7, 10)),
    source TEXT NOT NULL,
    as_of TEXT,
    PRIMARY KEY (predecessor, successor),
    CHECK (predecessor <> successor)
);
CREATE INDEX successions_by_successor ON successions (successor);

CREATE TABLE core_systems (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    sequence BIGINT NOT NULL,
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    module TEXT NOT NULL,
    vendor TEXT,
    vendor_key TEXT,
    product TEXT,
    version TEXT,
    status TEXT NOT NULL
        CHECK (status IN ('in_use', 'contracted', 'selected', 'replaced', 'none', 'none_procuring')),
    live TEXT CHECK (length(live) IN (4, 7, 10)),
    ended TEXT CHECK (length(ended) IN (4, 7, 10)),
    source TEXT NOT NULL,
    as_of TEXT,
    CONSTRAINT vendor_has_key CHECK ((vendor IS NULL) = (vendor_key IS NULL))
);
CREATE INDEX core_systems_by_organisation ON core_systems (ods_code, module, sequence);
CREATE INDEX core_systems_by_vendor ON core_systems (vendor_key, status, ods_code);

-- `care_setting` is empty for an attribute that has one value for the whole organisation: a key cannot hold NULL.
CREATE TABLE attributes (
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    attribute TEXT NOT NULL,
    care_setting TEXT NOT NULL
        CHECK (care_setting IN ('', 'acute', 'specialist', 'mental_health', 'community', 'ambulance')),
    value DOUBLE PRECISION NOT NULL,
    source TEXT NOT NULL,
    as_of TEXT,
    PRIMARY KEY (ods_code, attribute, care_setting)
);

-- `a_code` is the end whose code orders first. The service sees to that, since text compares by the collation of
-- the database and not everywhere by its bytes.
CREATE TABLE links (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    sequence BIGINT NOT NULL,
    a_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    b_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    started TEXT CHECK (length(started) IN (4, 7, 10)),
    ended TEXT CHECK (length(ended) IN (4, 7, 10)),
    standing TEXT NOT NULL CHECK (standing IN ('published', 'declared', 'confirmed', 'disputed')),
    note TEXT,
    source TEXT NOT NULL,
    as_of TEXT,
    CONSTRAINT link_joins_two CHECK (a_code <> b_code)
);
CREATE INDEX links_by_ends ON links (a_code, b_code, sequence);
CREATE INDEX links_by_second_end ON links (b_code);

CREATE TABLE networks (
    slug TEXT NOT NULL PRIMARY KEY CHECK (length(slug) BETWEEN 1 AND 64),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    ended TEXT CHECK (length(ended) IN (4, 7, 10)),
    source TEXT NOT NULL,
    as_of TEXT
);

CREATE TABLE network_members (
    network TEXT NOT NULL REFERENCES networks (slug) ON DELETE CASCADE,
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    PRIMARY KEY (network, ods_code)
);
CREATE INDEX network_members_by_organisation ON network_members (ods_code);

CREATE TABLE topics (
    slug TEXT NOT NULL PRIMARY KEY CHECK (length(slug) BETWEEN 1 AND 64),
    name TEXT NOT NULL
);

CREATE TABLE organisation_topics (
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    topic TEXT NOT NULL REFERENCES topics (slug) ON DELETE CASCADE,
    need TEXT CHECK (need IN ('wanted', 'urgent')),
    stage TEXT CHECK (stage IN ('blueprint', 'live', 'offered', 'implementing', 'nothing')),
    live_since TEXT CHECK (length(live_since) IN (4, 7, 10)),
    source TEXT NOT NULL,
    as_of TEXT,
    PRIMARY KEY (ods_code, topic)
);
CREATE INDEX organisation_topics_by_topic ON organisation_topics (topic);

CREATE TABLE programmes (
    slug TEXT NOT NULL PRIMARY KEY CHECK (length(slug) BETWEEN 1 AND 64),
    name TEXT NOT NULL,
    is_default BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX programmes_one_default ON programmes (is_default) WHERE is_default;

CREATE TABLE programme_weights (
    programme TEXT NOT NULL REFERENCES programmes (slug) ON DELETE CASCADE,
    criterion TEXT NOT NULL CHECK (criterion IN
        ('core_system', 'geography', 'care_setting', 'culture', 'prior_relationships', 'learning')),
    weight DOUBLE PRECISION NOT NULL CHECK (weight BETWEEN 0 AND 1000000),
    PRIMARY KEY (programme, criterion)
);

CREATE TABLE data_sets (
    slug TEXT NOT NULL PRIMARY KEY CHECK (length(slug) BETWEEN 1 AND 64),
    title TEXT NOT NULL,
    publisher TEXT NOT NULL,
    licence TEXT NOT NULL,
    attribution TEXT NOT NULL,
    used_for TEXT NOT NULL,
    as_of TEXT
);

-- One row: the number of the last write.
CREATE TABLE revision (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL CHECK (number >= 0)
);

CREATE TABLE audit (
    sequence BIGINT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_revision ON audit (revision);

INSERT INTO revision (id, number) VALUES (1, 0);

-- Equal weights until somebody sets others (Dawes 1979, American Psychologist 34:571).
INSERT INTO programmes (slug, name, is_default) VALUES ('default', 'Default programme', TRUE);
INSERT INTO programme_weights (programme, criterion, weight) VALUES
    ('default', 'core_system', 0.2),
    ('default', 'geography', 0.2),
    ('default', 'care_setting', 0.2),
    ('default', 'culture', 0.2),
    ('default', 'prior_relationships', 0.2),
    ('default', 'learning', 0.2);
