DELETE FROM topics WHERE slug IN ('epr', 'hepma', 'pas', 'maternity', 'ed', 'order_comms', 'pharmacy', 'integration',
    'chemotherapy', 'document_management', 'shared_care_records', 'patient_portals', 'clinical_decision_support',
    'virtual_wards', 'closed_loop_medicines', 'digital_pathology', 'imaging', 'data_migration', 'go_live', 'benefits',
    'cyber_security', 'clinical_safety', 'digital_workforce', 'business_intelligence')
    AND slug NOT IN (SELECT topic FROM organisation_topics);
DROP TABLE audit_chain;
DROP INDEX audit_by_organisation;
DROP INDEX audit_by_actor;
DROP INDEX audit_by_action;
ALTER TABLE audit DROP COLUMN request_id;
ALTER TABLE audit DROP COLUMN subject_kind;
ALTER TABLE audit DROP COLUMN subject_id;
ALTER TABLE audit DROP COLUMN ods_code;
ALTER TABLE audit DROP COLUMN value_before;
ALTER TABLE audit DROP COLUMN value_after;
ALTER TABLE audit DROP COLUMN mac;
DROP TABLE import_remarks;
DROP TABLE imports;
DROP TABLE idempotency_keys;
DROP TABLE api_keys;
DROP TABLE contacts;
DROP TABLE blueprints;
DROP TABLE visibility;
DROP TABLE saved_weights;
DROP TABLE past_facts;
DROP TABLE profile_versions;
DROP INDEX links_by_declarer;
ALTER TABLE links DROP COLUMN origin;
ALTER TABLE links DROP COLUMN declared_by;
ALTER TABLE links DROP COLUMN evidence;
ALTER TABLE links DROP COLUMN answered_at;
ALTER TABLE links DROP COLUMN version;
ALTER TABLE network_members DROP COLUMN joined;
ALTER TABLE network_members DROP COLUMN departed;
ALTER TABLE network_members DROP COLUMN origin;
ALTER TABLE network_members DROP COLUMN source;
ALTER TABLE network_members DROP COLUMN as_of;
ALTER TABLE networks DROP COLUMN origin;
ALTER TABLE organisation_topics DROP COLUMN origin;
ALTER TABLE attributes DROP COLUMN origin;
ALTER TABLE core_systems DROP COLUMN origin;
ALTER TABLE successions DROP COLUMN origin;
ALTER TABLE organisations DROP COLUMN origin;
ALTER TABLE organisations DROP COLUMN care_settings_origin;
ALTER TABLE organisations DROP COLUMN position_origin;
ALTER TABLE revision DROP COLUMN scoring;
ALTER TABLE revision DROP COLUMN callers;
