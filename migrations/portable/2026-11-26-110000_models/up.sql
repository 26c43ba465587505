-- Models: what the outcomes of a programme taught about its weights, and what became of it. One text for SQLite and PostgreSQL.

-- `prior`, `in_use` and `learnt` are JSON: weights as shares of one, and everything that was learnt. They never change; what follows
-- `state` does. `activated_version` and `version_before` number the programme's weights. Reasons name no person.
CREATE TABLE models (
    id TEXT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL UNIQUE,
    programme TEXT NOT NULL REFERENCES programmes (slug) ON DELETE CASCADE,
    made_at TIMESTAMP NOT NULL,
    made_by TEXT NOT NULL,
    as_of DATE NOT NULL,
    known_until TIMESTAMP NOT NULL,
    revision BIGINT NOT NULL,
    method_version TEXT NOT NULL,
    seed BIGINT NOT NULL CHECK (seed >= 0),
    weights_version BIGINT NOT NULL,
    prior TEXT NOT NULL,
    in_use TEXT NOT NULL,
    learnt TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('candidate', 'active', 'retired')),
    activated_at TIMESTAMP,
    activated_by TEXT,
    activated_reason TEXT,
    activated_version BIGINT,
    version_before BIGINT,
    retired_at TIMESTAMP,
    retired_by TEXT,
    retired_why TEXT CHECK (retired_why IN ('rolled_back', 'replaced', 'weights_changed')),
    retired_reason TEXT,
    version BIGINT NOT NULL DEFAULT 1,
    CHECK ((state = 'candidate') = (activated_at IS NULL)),
    CHECK ((state = 'retired') = (retired_at IS NOT NULL))
);

CREATE UNIQUE INDEX models_one_active_for_a_programme ON models (programme) WHERE state = 'active';
