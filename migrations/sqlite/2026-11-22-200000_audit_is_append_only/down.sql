DROP TRIGGER audit_chain_refuses_replace;
DROP TRIGGER audit_chain_refuses_delete;
DROP TRIGGER audit_chain_refuses_update;
DROP TRIGGER audit_refuses_replace;
DROP TRIGGER audit_refuses_update;
DROP TRIGGER audit_refuses_delete;
