-- Addresses that are told of events. `owner` is an ODS code, or empty for the programme's admins, as the recipient of an event is.
-- `events` is a list of kinds with spaces between; empty is all. `held_until` and `n_failures` are of the service itself: a
-- receiver that is away is left alone for a while as a whole. It is told of the events after `after_sequence`, the last there was
-- when it was made; clocks of requests and replicas say nothing of the order of events.
CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    owner TEXT NOT NULL,
    url TEXT NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    events TEXT NOT NULL,
    description TEXT CHECK (length(description) BETWEEN 1 AND 200),
    disabled TEXT CHECK (disabled IN ('owner', 'gone', 'failing')),
    failing_since TIMESTAMP,
    held_until TIMESTAMP,
    n_failures BIGINT NOT NULL CHECK (n_failures >= 0),
    created_at TIMESTAMP NOT NULL,
    after_sequence BIGINT NOT NULL CHECK (after_sequence >= 0),
    version BIGINT NOT NULL CHECK (version >= 1)
);
CREATE INDEX webhooks_by_owner ON webhooks (owner, created_at, id);

-- What a webhook signs with, encrypted; the newest has no end.
CREATE TABLE webhook_secrets (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    number BIGINT NOT NULL CHECK (number >= 1),
    sealed TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,
    PRIMARY KEY (webhook_id, number)
);

-- One event on its way to one webhook, or by e-mail to one contact, who may be erased meanwhile. Only one that is pending has a
-- time at which it is due. `claimed_until` is until when a replica has it in hand; one that was killed loses it then.
CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    event_id TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    event_sequence BIGINT NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('webhook', 'email')),
    webhook_id TEXT REFERENCES webhooks (id) ON DELETE CASCADE,
    contact_id TEXT CHECK (length(contact_id) = 36),
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    created_at TIMESTAMP NOT NULL,
    due_at TIMESTAMP,
    claimed_until TIMESTAMP,
    last_attempt_at TIMESTAMP,
    status BIGINT,
    error TEXT,
    CONSTRAINT delivery_goes_one_way CHECK (
        (channel = 'webhook' AND webhook_id IS NOT NULL AND contact_id IS NULL)
        OR (channel = 'email' AND webhook_id IS NULL AND contact_id IS NOT NULL)),
    CONSTRAINT due_while_pending CHECK ((state = 'pending') = (due_at IS NOT NULL))
);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, event_sequence);
CREATE INDEX deliveries_by_event ON deliveries (event_id);
CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at) WHERE due_at IS NOT NULL;

-- The last event whose deliveries were made.
CREATE TABLE delivery_position (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    event_sequence BIGINT NOT NULL
);
INSERT INTO delivery_position (id, event_sequence) VALUES (1, 0);

-- Of which kinds of events a site is written to by e-mail, with spaces between; the defaults where it never said.
CREATE TABLE notifications (
    ods_code TEXT NOT NULL PRIMARY KEY REFERENCES organisations (ods_code) ON DELETE CASCADE,
    email TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1)
);
