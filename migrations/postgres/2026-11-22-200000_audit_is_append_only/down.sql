DROP TRIGGER audit_refuses_truncate ON audit;
DROP TRIGGER audit_refuses_change ON audit;
DROP FUNCTION audit_is_append_only();
