-- What programme admins make of a match. A match is an approach, with its partnership where there is one; nothing here changes
-- what the two sites agreed. `assignee` is the id of an admin's key. What admins write is sealed.
CREATE TABLE match_reviews (
    approach_id TEXT NOT NULL PRIMARY KEY REFERENCES approaches (id) ON DELETE CASCADE,
    assignee TEXT CHECK (length(assignee) = 36),
    resolution TEXT CHECK (resolution IN ('reviewed', 'followed_up', 'no_action', 'duplicate')),
    sealed_reason TEXT,
    resolved_by TEXT CHECK (length(resolved_by) BETWEEN 1 AND 200),
    resolved_at TIMESTAMP,
    version BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT resolved_when_resolved CHECK ((resolution IS NULL) = (resolved_at IS NULL))
);
CREATE INDEX match_reviews_by_assignee ON match_reviews (assignee);

CREATE TABLE match_comments (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    sequence BIGINT NOT NULL UNIQUE,
    approach_id TEXT NOT NULL REFERENCES approaches (id) ON DELETE CASCADE,
    author TEXT NOT NULL CHECK (length(author) BETWEEN 1 AND 200),
    made_at TIMESTAMP NOT NULL,
    sealed_text TEXT NOT NULL
);
CREATE INDEX match_comments_by_match ON match_comments (approach_id, sequence);

-- The orders of the board: by the fit as it was seen, unscored ones last; and by day of sending.
CREATE INDEX approaches_by_fit ON approaches ((coalesce(fit_expected, -1.0)), sequence);
CREATE INDEX approaches_by_day ON approaches (sent_at);

-- The history of one thing.
CREATE INDEX audit_by_subject ON audit (subject_id, sequence);
