DROP TRIGGER audit_chain_refuses_truncate ON audit_chain;
DROP TRIGGER audit_chain_refuses_delete ON audit_chain;
DROP TRIGGER audit_chain_refuses_update ON audit_chain;
DROP TRIGGER audit_refuses_truncate ON audit;
DROP TRIGGER audit_refuses_change ON audit;
DROP FUNCTION audit_is_append_only();
