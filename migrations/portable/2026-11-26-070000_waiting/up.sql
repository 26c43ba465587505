-- What waits: of what a side of a partnership was reminded, and which closures wait to be told a successor. One text for
-- SQLite and PostgreSQL.

-- The last reminder of its kind to a side; `about` is the planned end that it was told of, or the day since which a word of it
-- is due.
CREATE TABLE partnership_reminders (
    partnership_id TEXT NOT NULL REFERENCES partnerships (id) ON DELETE CASCADE,
    ods_code TEXT NOT NULL REFERENCES organisations (ods_code) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('check_in_due', 'ending')),
    about DATE NOT NULL,
    reminded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (partnership_id, ods_code, kind)
);

-- Closed organisations that have something open and whom nobody is recorded to follow, and since when that is known.
CREATE TABLE closures_waiting (
    ods_code TEXT NOT NULL PRIMARY KEY REFERENCES organisations (ods_code) ON DELETE CASCADE,
    noticed_at TIMESTAMP NOT NULL
);
