-- Nobody changes or removes what the audit says, the service included.
CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
-- INSERT OR REPLACE deletes without asking the triggers of DELETE, by the primary key or by SQLite's own number of the row.
CREATE TRIGGER audit_refuses_replace BEFORE INSERT ON audit
WHEN NEW.sequence <= (SELECT max(sequence) FROM audit) OR EXISTS (SELECT 1 FROM audit WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
-- Of the chain only its head moves.
CREATE TRIGGER audit_chain_refuses_update BEFORE UPDATE OF id, begins_after, mac ON audit_chain
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_chain_refuses_delete BEFORE DELETE ON audit_chain
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_chain_refuses_replace BEFORE INSERT ON audit_chain
WHEN EXISTS (SELECT 1 FROM audit_chain)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
