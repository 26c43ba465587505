DROP TRIGGER audit_refuses_update;
DROP TRIGGER audit_refuses_delete;
