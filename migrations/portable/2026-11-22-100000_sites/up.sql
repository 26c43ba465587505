-- Callers, what sites say of themselves, imports, and the chain of the audit. One text for SQLite and PostgreSQL.
--
-- `origin` says whose word a fact is: bundled open data, an import, or the site itself. A stronger word displaces a
-- weaker one of the same slot (a module of an organisation, one attribute, ...), which then stands in `past_facts`.

-- `number` counts every write; `scoring` and `callers` are the numbers of the last writes that touched what scoring
-- reads and who may call.
ALTER TABLE revision ADD COLUMN scoring BIGINT NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN callers BIGINT NOT NULL DEFAULT 0;
UPDATE revision SET scoring = number, callers = number;

ALTER TABLE organisations ADD COLUMN origin TEXT NOT NULL DEFAULT 'bundled' CHECK (origin IN ('bundled', 'import', 'site'));
ALTER TABLE organisations ADD COLUMN care_settings_origin TEXT NOT NULL DEFAULT 'bundled'
    CHECK (care_settings_origin IN ('bundled', 'import', 'site'));
ALTER TABLE organisations ADD COLUMN position_origin TEXT NOT NULL DEFAULT 'bundled'
    CHECK (position_origin IN ('bundled', 'import', 'site'));
ALTER TABLE successions ADD COLUMN origin TEXT NOT NULL DEFAULT 'bundled' CHECK (origin IN ('bundled', 'import', 'site'));
ALTER TABLE core_systems ADD COLUMN origin TEXT NOT NULL DEFAULT 'bundled' CHECK (origin IN ('bundled', 'import', 'site'));
ALTER TABLE attributes ADD COLUMN origin TEXT NOT NULL DEFAULT 'bundled' CHECK (origin IN ('bundled', 'import', 'site'));
ALTER TABLE organisation_topics ADD COLUMN origin TEXT NOT NULL DEFAULT 'bundled'
    CHECK (origin IN ('bundled', 'import', 'site'));
ALTER TABLE networks ADD COLUMN origin TEXT NOT NULL DEFAULT 'bundled' CHECK (origin IN ('bundled', 'import', 'site'));

-- Days on which a member joined and left, where they are known. Who left was a member until then.
ALTER TABLE network_members ADD COLUMN joined TEXT CHECK (length(joined) IN (4, 7, 10));
ALTER TABLE network_members ADD COLUMN departed TEXT CHECK (length(departed) IN (4, 7, 10));
ALTER TABLE network_members ADD COLUMN origin TEXT NOT NULL DEFAULT 'bundled'
    CHECK (origin IN ('bundled', 'import', 'site'));
ALTER TABLE network_members ADD COLUMN source TEXT;
ALTER TABLE network_members ADD COLUMN as_of TEXT;

-- Who declared a link, and where it can be read about. `answered_at`: when the other side agreed or disputed.
ALTER TABLE links ADD COLUMN origin TEXT NOT NULL DEFAULT 'bundled' CHECK (origin IN ('bundled', 'import', 'site'));
ALTER TABLE links ADD COLUMN declared_by TEXT CHECK (declared_by IN (a_code, b_code));
ALTER TABLE links ADD COLUMN evidence TEXT CHECK (length(evidence) <= 2000);
ALTER TABLE links ADD COLUMN answered_at TIMESTAMP;
ALTER TABLE links ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
CREATE INDEX links_by_declarer ON links (declared_by);

-- The version of a part of an organisation's profile: raised by every change of the part, so that nobody changes what
-- they have not seen.
CREATE TABLE profile_versions (
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    part TEXT NOT NULL CHECK (part IN
        ('particulars', 'core_systems', 'ethos', 'attributes', 'topics', 'networks', 'links', 'weights', 'visibility')),
    version BIGINT NOT NULL CHECK (version >= 1),
    PRIMARY KEY (ods_code, part)
);

-- Facts that were displaced, withdrawn or corrected, as JSON, the last one last. `slot` names what the fact is about
-- within its kind: a module, an attribute, a topic. `displaced_by` is the origin of the word that came instead, or
-- 'withdrawn'.
CREATE TABLE past_facts (
    sequence BIGINT NOT NULL PRIMARY KEY,
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    slot TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('bundled', 'import', 'site')),
    fact TEXT NOT NULL,
    displaced_by TEXT NOT NULL CHECK (displaced_by IN ('bundled', 'import', 'site', 'withdrawn')),
    displaced_at TIMESTAMP NOT NULL,
    is_standing BOOLEAN NOT NULL
);
CREATE INDEX past_facts_by_slot ON past_facts (ods_code, kind, slot, sequence);

CREATE TABLE saved_weights (
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    criterion TEXT NOT NULL CHECK (criterion IN
        ('core_system', 'geography', 'care_setting', 'culture', 'prior_relationships', 'learning')),
    weight DOUBLE PRECISION NOT NULL CHECK (weight BETWEEN 0 AND 1000000),
    PRIMARY KEY (ods_code, criterion)
);

-- What other sites may see beyond scores; everything unless the site says otherwise.
CREATE TABLE visibility (
    ods_code TEXT NOT NULL PRIMARY KEY REFERENCES organisations (ods_code) ON DELETE CASCADE,
    shows_expertise BOOLEAN NOT NULL,
    shows_evidence BOOLEAN NOT NULL
);

CREATE TABLE blueprints (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    topic TEXT NOT NULL REFERENCES topics (slug) ON DELETE RESTRICT,
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    url TEXT NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    contact_role TEXT CHECK (length(contact_role) BETWEEN 1 AND 100),
    published TEXT CHECK (length(published) IN (4, 7, 10)),
    origin TEXT NOT NULL CHECK (origin IN ('bundled', 'import', 'site')),
    source TEXT NOT NULL,
    as_of TEXT,
    version BIGINT NOT NULL CHECK (version >= 1)
);
CREATE INDEX blueprints_by_organisation ON blueprints (ods_code, id);
CREATE INDEX blueprints_by_topic ON blueprints (topic, ods_code);

-- Contact people. `sealed` is the name, the e-mail address and the telephone number as JSON, encrypted with a key that is
-- kept outside the database, so that neither the file nor a copy of it shows them.
CREATE TABLE contacts (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (length(role) BETWEEN 1 AND 100),
    sealed TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1)
);
CREATE INDEX contacts_by_organisation ON contacts (ods_code, id);

-- Keys of callers: `hash` is the SHA-256 of the key in hexadecimal, `prefix` its beginning, by which people tell keys apart.
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    prefix TEXT NOT NULL UNIQUE CHECK (length(prefix) BETWEEN 8 AND 20),
    hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
    label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
    role TEXT NOT NULL CHECK (role IN ('site', 'programme_admin', 'viewer')),
    ods_code TEXT REFERENCES organisations (ods_code) ON DELETE RESTRICT,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL,
    expires_at TIMESTAMP,
    revoked_at TIMESTAMP,
    rotated_to TEXT REFERENCES api_keys (id) ON DELETE RESTRICT,
    version BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT site_keys_name_their_site CHECK ((role = 'site') = (ods_code IS NOT NULL))
);
CREATE INDEX api_keys_by_organisation ON api_keys (ods_code);

-- Answers to creations, for those who ask again with the same Idempotency-Key; kept for 24 hours. `sealed` is the answer,
-- encrypted as contacts are; `subject` the id of what was made, by which it is erased.
CREATE TABLE idempotency_keys (
    caller TEXT NOT NULL,
    key_hash TEXT NOT NULL CHECK (length(key_hash) = 64),
    request_hash TEXT NOT NULL CHECK (length(request_hash) = 64),
    status BIGINT NOT NULL,
    subject TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (caller, key_hash)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_by_subject ON idempotency_keys (subject);

CREATE TABLE imports (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    kind TEXT NOT NULL,
    ods_code TEXT REFERENCES organisations (ods_code) ON DELETE CASCADE,
    requested_by TEXT NOT NULL,
    is_dry_run BOOLEAN NOT NULL,
    is_partial BOOLEAN NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'refused', 'failed')),
    n_rows BIGINT NOT NULL CHECK (n_rows >= 0),
    n_done BIGINT NOT NULL CHECK (n_done >= 0),
    n_added BIGINT NOT NULL CHECK (n_added >= 0),
    n_changed BIGINT NOT NULL CHECK (n_changed >= 0),
    n_unchanged BIGINT NOT NULL CHECK (n_unchanged >= 0),
    n_kept BIGINT NOT NULL CHECK (n_kept >= 0),
    n_refused BIGINT NOT NULL CHECK (n_refused >= 0),
    content_hash TEXT NOT NULL CHECK (length(content_hash) = 64),
    created_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    revision BIGINT
);
CREATE INDEX imports_by_time ON imports (created_at, id);

-- What an import says of single rows: refused ones, and those where the site's own word was kept. Values are not repeated.
CREATE TABLE import_remarks (
    import_id TEXT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    sequence BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    column_name TEXT,
    severity TEXT NOT NULL CHECK (severity IN ('refused', 'kept')),
    reason TEXT NOT NULL,
    PRIMARY KEY (import_id, sequence)
);

-- The audit: one row for each change. `subject_kind` and `subject_id` say of what, `ods_code` whose; `value_before` and
-- `value_after` are JSON. `mac` chains each row to the one before it (HMAC-SHA-256, hexadecimal).
ALTER TABLE audit ADD COLUMN request_id TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN subject_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN subject_id TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN ods_code TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN value_before TEXT;
ALTER TABLE audit ADD COLUMN value_after TEXT;
ALTER TABLE audit ADD COLUMN mac TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_by_organisation ON audit (ods_code, sequence);
CREATE INDEX audit_by_actor ON audit (actor, sequence);
CREATE INDEX audit_by_action ON audit (action, sequence);

-- One row once the chain begins: after which row (rows before it are of a version without a chain, and `mac` covers them),
-- and by which key. `head_sequence` and `head_mac` are the number and the MAC of the last row, and `head_seal` is the MAC of
-- the four, so that the last rows cannot be taken away unseen.
CREATE TABLE audit_chain (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    begins_after BIGINT NOT NULL CHECK (begins_after >= 0),
    mac TEXT NOT NULL CHECK (length(mac) = 64),
    head_sequence BIGINT NOT NULL,
    head_mac TEXT NOT NULL CHECK (length(head_mac) = 64),
    head_seal TEXT NOT NULL CHECK (length(head_seal) = 64)
);

-- Subjects of learning that sites can name from the first day; admins add others.
INSERT INTO topics (slug, name) VALUES
    ('epr', 'Electronic patient record'),
    ('hepma', 'Electronic prescribing and medicines administration'),
    ('pas', 'Patient administration'),
    ('maternity', 'Maternity records'),
    ('ed', 'Emergency department systems'),
    ('order_comms', 'Order communications and results'),
    ('pharmacy', 'Pharmacy systems'),
    ('integration', 'Integration and interoperability'),
    ('chemotherapy', 'Chemotherapy prescribing'),
    ('document_management', 'Document management'),
    ('shared_care_records', 'Shared care records'),
    ('patient_portals', 'Patient portals and apps'),
    ('clinical_decision_support', 'Clinical decision support'),
    ('virtual_wards', 'Virtual wards and remote monitoring'),
    ('closed_loop_medicines', 'Closed-loop medicines administration'),
    ('digital_pathology', 'Digital pathology'),
    ('imaging', 'Imaging and picture archives'),
    ('data_migration', 'Data migration'),
    ('go_live', 'Going live and early support'),
    ('benefits', 'Measuring benefits'),
    ('cyber_security', 'Cyber security'),
    ('clinical_safety', 'Clinical safety of digital systems'),
    ('digital_workforce', 'Digital skills and workforce'),
    ('business_intelligence', 'Business intelligence and analytics');
