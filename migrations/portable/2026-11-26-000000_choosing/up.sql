-- Sites choose each other: places, approaches, partnerships, and what is told of them. One text for SQLite and PostgreSQL.
--
-- A column called `sealed...` is a text that people wrote to each other or for themselves, encrypted as contacts are: it may
-- name somebody. Of a pair without direction `a_code` is the code that orders first, as in `links`.

-- Places that a site declared; no row, or an empty column, is undeclared (DESIGN 6).
CREATE TABLE capacities (
    ods_code TEXT NOT NULL PRIMARY KEY REFERENCES organisations (ods_code) ON DELETE CASCADE,
    partnership_places BIGINT CHECK (partnership_places BETWEEN 0 AND 100),
    conversation_places BIGINT CHECK (conversation_places BETWEEN 0 AND 100),
    changed_at TIMESTAMP NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1)
);

-- Who cannot be approached, and until which day (the last one included); open-ended without one. `paused_by` is 'site' or
-- 'admin': a site may be paused by both.
CREATE TABLE pauses (
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    paused_by TEXT NOT NULL CHECK (paused_by IN ('site', 'admin')),
    until DATE,
    reason TEXT CHECK (length(reason) BETWEEN 1 AND 1000),
    since TIMESTAMP NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    PRIMARY KEY (ods_code, paused_by),
    CONSTRAINT admins_give_a_reason CHECK (paused_by = 'site' OR reason IS NOT NULL)
);

-- "Not with": for the excluding site alone.
CREATE TABLE exclusions (
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    excluded TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    sealed_reason TEXT,
    created_at TIMESTAMP NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    PRIMARY KEY (ods_code, excluded),
    CONSTRAINT nobody_excludes_itself CHECK (ods_code <> excluded)
);
CREATE INDEX exclusions_by_excluded ON exclusions (excluded);

-- Invitations. `seen` is what the sender saw of the pair, as JSON: its own view and the programme's, weights, method and
-- revision. The numbers are of the programme's view at that time, for the match board. `renews` is the partnership whose
-- renewal is proposed. `reminded_at`: when the recipient was last reminded.
CREATE TABLE approaches (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    sequence BIGINT NOT NULL UNIQUE,
    from_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE RESTRICT,
    to_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE RESTRICT,
    a_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE RESTRICT,
    b_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE RESTRICT,
    kind TEXT NOT NULL CHECK (kind IN ('conversation', 'partnership')),
    state TEXT NOT NULL CHECK (state IN ('sent', 'accepted', 'declined', 'withdrawn', 'expired', 'ended')),
    sealed_message TEXT,
    proposed_start DATE,
    proposed_end DATE,
    renews TEXT,
    programme TEXT REFERENCES programmes (slug) ON DELETE SET NULL,
    sent_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    answered_at TIMESTAMP,
    reason TEXT CHECK (reason IN ('no_capacity', 'timing', 'not_a_fit', 'other_partner', 'prefer_not_to_say',
        'merged', 'duplicate', 'organisation_closed')),
    reminded_at TIMESTAMP,
    seen TEXT,
    fit_low DOUBLE PRECISION CHECK (fit_low BETWEEN 0 AND 1),
    fit_expected DOUBLE PRECISION CHECK (fit_expected BETWEEN 0 AND 1),
    fit_high DOUBLE PRECISION CHECK (fit_high BETWEEN 0 AND 1),
    from_fit DOUBLE PRECISION CHECK (from_fit BETWEEN 0 AND 1),
    to_fit DOUBLE PRECISION CHECK (to_fit BETWEEN 0 AND 1),
    coverage DOUBLE PRECISION CHECK (coverage BETWEEN 0 AND 1),
    distance_km DOUBLE PRECISION CHECK (distance_km >= 0),
    version BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT approach_joins_two CHECK (from_code <> to_code),
    CONSTRAINT approach_dates_in_order CHECK (proposed_end IS NULL OR proposed_start IS NULL OR proposed_end >= proposed_start),
    CONSTRAINT answered_when_answered CHECK ((state = 'sent') = (answered_at IS NULL))
);
CREATE UNIQUE INDEX approaches_one_open_for_a_pair ON approaches (a_code, b_code) WHERE state = 'sent';
CREATE INDEX approaches_by_sender ON approaches (from_code, sequence);
CREATE INDEX approaches_by_recipient ON approaches (to_code, sequence);
CREATE INDEX approaches_by_pair ON approaches (a_code, b_code, sequence);
CREATE INDEX approaches_by_state ON approaches (state, expires_at);

-- What an approach proposes to talk about: what the sender would learn, and what it would give.
CREATE TABLE approach_topics (
    approach_id TEXT NOT NULL REFERENCES approaches (id) ON DELETE CASCADE,
    topic TEXT NOT NULL REFERENCES topics (slug) ON DELETE CASCADE,
    direction TEXT NOT NULL CHECK (direction IN ('learn', 'give')),
    PRIMARY KEY (approach_id, topic, direction)
);

-- What two sites agreed to; it has no direction. `link_id` is the link that it is in the prior relationships of the two.
CREATE TABLE partnerships (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    sequence BIGINT NOT NULL UNIQUE,
    approach_id TEXT NOT NULL REFERENCES approaches (id) ON DELETE RESTRICT,
    a_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE RESTRICT,
    b_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE RESTRICT,
    state TEXT NOT NULL CHECK (state IN ('active', 'ended')),
    started_on DATE NOT NULL,
    planned_end DATE,
    sealed_goals TEXT,
    ended_at TIMESTAMP,
    ended_by TEXT CHECK (length(ended_by) BETWEEN 3 AND 12),
    end_reason TEXT CHECK (end_reason IN ('goals_met', 'planned_end', 'no_longer_useful', 'no_capacity', 'other',
        'merged', 'duplicate', 'organisation_closed')),
    link_id TEXT,
    reminded_at TIMESTAMP,
    version BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT partnership_joins_two CHECK (a_code <> b_code),
    CONSTRAINT ended_when_ended CHECK ((state = 'ended') = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX partnerships_one_active_for_a_pair ON partnerships (a_code, b_code) WHERE state = 'active';
CREATE INDEX partnerships_by_first_end ON partnerships (a_code, sequence);
CREATE INDEX partnerships_by_second_end ON partnerships (b_code, sequence);
CREATE INDEX partnerships_by_approach ON partnerships (approach_id);
CREATE INDEX partnerships_by_state ON partnerships (state, sequence);

-- Topics both ways: who gives what to the other.
CREATE TABLE partnership_topics (
    partnership_id TEXT NOT NULL REFERENCES partnerships (id) ON DELETE CASCADE,
    giver TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE RESTRICT,
    topic TEXT NOT NULL REFERENCES topics (slug) ON DELETE CASCADE,
    PRIMARY KEY (partnership_id, giver, topic)
);

-- A side's dated word on how a partnership goes.
CREATE TABLE check_ins (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    sequence BIGINT NOT NULL UNIQUE,
    partnership_id TEXT NOT NULL REFERENCES partnerships (id) ON DELETE CASCADE,
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE RESTRICT,
    made_at TIMESTAMP NOT NULL,
    usefulness BIGINT NOT NULL CHECK (usefulness BETWEEN 1 AND 5),
    sealed_note TEXT
);
CREATE INDEX check_ins_by_partnership ON check_ins (partnership_id, sequence);
CREATE INDEX check_ins_by_site ON check_ins (ods_code, sequence);

CREATE TABLE check_in_topics (
    check_in_id TEXT NOT NULL REFERENCES check_ins (id) ON DELETE CASCADE,
    topic TEXT NOT NULL REFERENCES topics (slug) ON DELETE CASCADE,
    direction TEXT NOT NULL CHECK (direction IN ('learned', 'given')),
    PRIMARY KEY (check_in_id, topic, direction)
);

-- A link that comes of an agreement: the id of the partnership, or of the approach of a conversation. Such a link is not
-- changed, disputed or withdrawn by itself.
ALTER TABLE links ADD COLUMN agreement TEXT CHECK (length(agreement) = 36);

-- What happened, for whom: the outbox, written in the transaction of what happened. `recipient` is an ODS code, or empty for
-- the programme's admins. `data` is JSON without personal data.
CREATE TABLE events (
    sequence BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    data TEXT NOT NULL,
    happened_at TIMESTAMP NOT NULL
);
CREATE INDEX events_by_recipient ON events (recipient, sequence);
