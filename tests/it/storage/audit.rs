//! What somebody changes in the audit past the service is found; with a checkpoint also what looks whole.

use alongside::domain::audit::{AuditQuery, Checkpoint, Finding, Report};
use alongside::domain::error::Error;
use alongside::domain::secret::MasterSecret;
use alongside::storage::audit::{self, Entry};
use alongside::storage::{Change, DatabaseKind, Storage};
use serde_json::json;

use super::ods;
use crate::support::database::{TestDatabase, a_change, on_every_database, secret};

const N_WRITES: i64 = 10;

/// A database with ten writes of one row each but the fifth, which has three; so 12 rows of 10 revisions.
fn written(database: &TestDatabase) -> Storage {
    let storage = database.open();
    for number in 1..=N_WRITES {
        write(&storage, if number == 5 { 3 } else { 1 });
    }
    storage
}

fn write(storage: &Storage, n_rows: i64) {
    let entry = |id: i64| Entry {
        kind: "core_systems",
        id: id.to_string(),
        ods_code: Some(ods("RTH")),
        before: None,
        after: Some(json!({"vendor": "Epic"})),
    };
    storage
        .write_blocking(&a_change(), |connection| {
            (1..=n_rows).for_each(|id| audit::note(connection, entry(id)));
            Ok(())
        })
        .expect("a write");
}

fn verified(database: &TestDatabase, checkpoints: &[Checkpoint]) -> Report {
    verified_with(database, &secret(), checkpoints)
}

fn verified_with(
    database: &TestDatabase,
    secret: &MasterSecret,
    checkpoints: &[Checkpoint],
) -> Report {
    Storage::open_to_verify(&database.url(), secret)
        .expect("the database opens")
        .read_blocking(|connection| audit::verify(connection, checkpoints))
        .expect("a report")
}

fn checkpoint(storage: &Storage) -> Checkpoint {
    storage
        .read_blocking(|connection| audit::verified_checkpoint(connection, a_change().at))
        .expect("an answer")
        .expect("a whole audit")
}

/// Takes the triggers away, as who owns the database can.
fn disarm(database: &TestDatabase) {
    let triggers: &[(&str, &str)] = match database.url().kind() {
        DatabaseKind::Sqlite => &[
            ("audit_refuses_update", ""),
            ("audit_refuses_delete", ""),
            ("audit_refuses_replace", ""),
            ("audit_chain_refuses_update", ""),
            ("audit_chain_refuses_delete", ""),
            ("audit_chain_refuses_replace", ""),
        ],
        DatabaseKind::Postgres => &[
            ("audit_refuses_change", " ON audit"),
            ("audit_refuses_truncate", " ON audit"),
            ("audit_chain_refuses_update", " ON audit_chain"),
            ("audit_chain_refuses_delete", " ON audit_chain"),
        ],
    };
    for (trigger, on) in triggers {
        database.execute(&format!("DROP TRIGGER {trigger}{on}"));
    }
}

/// What is found first after somebody did this.
fn found(tampering: &str) -> Vec<(&'static str, Finding)> {
    let mut found = Vec::new();
    on_every_database_named(|kind, database| {
        drop(written(database));
        disarm(database);
        database.execute(tampering);
        let report = verified(database, &[]);
        found.push((
            kind,
            report
                .findings
                .first()
                .unwrap_or_else(|| panic!("nothing is found after {tampering}"))
                .clone(),
        ));
    });
    found
}

fn on_every_database_named(mut body: impl FnMut(&'static str, &TestDatabase)) {
    for database in crate::support::database::one_of_each() {
        body(database.url().kind().as_str(), &database);
    }
}

#[track_caller]
fn assert_found(tampering: &str, expected: &Finding) {
    for (kind, finding) in found(tampering) {
        assert_eq!(&finding, expected, "{kind}: {tampering}");
    }
}

#[test]
fn an_audit_that_nobody_touched_is_whole() {
    on_every_database(|database| {
        let storage = database.open();
        assert!(verified(database, &[]).is_whole());
        let first = checkpoint(&storage);
        drop(storage);
        let storage = written(database);
        let report = verified(database, &[first, checkpoint(&storage)]);
        assert_eq!(report.findings, Vec::<Finding>::new());
        assert_eq!(
            (report.n_rows, report.last_sequence, report.revision),
            (12, 12, N_WRITES)
        );
    });
}

#[test]
fn a_changed_field_is_found_whichever_it_is() {
    for set in [
        "actor = 'key:other'",
        "action = 'other'",
        "detail = 'other'",
        "request_id = ''",
        "subject_kind = ''",
        "subject_id = '2'",
        "ods_code = 'RHW'",
        "value_before = 'null'",
        "value_after = NULL",
        "revision = 7",
        "recorded_at = '2026-11-21 00:00:00.123456'",
    ] {
        assert_found(
            &format!("UPDATE audit SET {set} WHERE sequence = 4"),
            &Finding::Changed(4),
        );
    }
}

#[test]
fn a_changed_mac_is_found() {
    assert_found(
        "UPDATE audit SET mac = (SELECT mac FROM audit WHERE sequence = 3) WHERE sequence = 4",
        &Finding::Changed(4),
    );
    assert_found(
        "UPDATE audit SET mac = '' WHERE sequence = 12",
        &Finding::Changed(12),
    );
}

#[test]
fn a_removed_row_is_found() {
    assert_found(
        "DELETE FROM audit WHERE sequence = 4",
        &Finding::Missing { from: 4, to: 4 },
    );
    assert_found(
        "DELETE FROM audit WHERE sequence IN (1, 2)",
        &Finding::Missing { from: 1, to: 2 },
    );
    // Numbering the rest anew does not hide it.
    assert_found(
        "DELETE FROM audit WHERE sequence = 4; UPDATE audit SET sequence = sequence - 100 WHERE sequence > 4; \
         UPDATE audit SET sequence = sequence + 99 WHERE sequence < 0",
        &Finding::Changed(4),
    );
}

#[test]
fn an_inserted_row_is_found() {
    let copy_as = |sequence: i64| {
        format!(
            "INSERT INTO audit SELECT {sequence}, revision, recorded_at, actor, action, detail, request_id, subject_kind, \
             subject_id, ods_code, value_before, value_after, mac FROM audit WHERE sequence = 12"
        )
    };
    assert_found(&copy_as(13), &Finding::Changed(13));
    assert_found(&copy_as(0), &Finding::Inserted(0));
    let in_the_middle = format!(
        "UPDATE audit SET sequence = -sequence WHERE sequence > 4; UPDATE audit SET sequence = 1 - sequence WHERE sequence < 0; {}",
        copy_as(5).replace("sequence = 12", "sequence = 4")
    );
    assert_found(&in_the_middle, &Finding::Changed(5));
}

#[test]
fn two_rows_that_changed_places_are_found() {
    assert_found(
        "UPDATE audit SET sequence = -4 WHERE sequence = 4; UPDATE audit SET sequence = 4 WHERE sequence = 6; \
         UPDATE audit SET sequence = 6 WHERE sequence = -4",
        &Finding::Changed(4),
    );
}

#[test]
fn removed_last_rows_are_found_even_where_the_revision_was_put_back() {
    assert_found(
        "DELETE FROM audit WHERE sequence > 8",
        &Finding::Tail { from: 9, to: 12 },
    );
    assert_found(
        "DELETE FROM audit WHERE sequence > 8; UPDATE revision SET number = 6, scoring = 6, callers = 6",
        &Finding::Tail { from: 9, to: 12 },
    );
    assert_found("DELETE FROM audit", &Finding::Tail { from: 1, to: 12 });
    assert_found(
        "DELETE FROM audit WHERE sequence > 8; \
         UPDATE audit_chain SET head_sequence = 8, head_mac = (SELECT mac FROM audit WHERE sequence = 8)",
        &Finding::Head,
    );
    assert_found(
        "UPDATE revision SET number = 9",
        &Finding::OtherRevision {
            found: 9,
            audited: 10,
        },
    );
}

#[test]
fn removed_last_rows_stay_missing_when_the_service_goes_on() {
    on_every_database(|database| {
        drop(written(database));
        disarm(database);
        database.execute("DELETE FROM audit WHERE sequence > 8");
        let storage = database.open();
        write(&storage, 1);
        assert_eq!(
            verified(database, &[]).findings,
            [Finding::Missing { from: 9, to: 12 }]
        );
    });
}

#[test]
fn a_row_that_cannot_be_read_is_named() {
    let database = TestDatabase::sqlite();
    drop(written(&database));
    disarm(&database);
    database.execute("UPDATE audit SET recorded_at = 'yesterday' WHERE sequence = 4");
    assert_eq!(verified(&database, &[]).findings, [Finding::Unreadable(4)]);
    database.execute("UPDATE audit SET sequence = 'x' WHERE sequence = 6");
    let report = verified(&database, &[]);
    assert!(!report.is_whole() && report.n_findings < 20, "{report:?}");
}

/// Keeps the audit as it is, and puts it back later.
const KEEP: &str = "CREATE TABLE kept_audit AS SELECT * FROM audit; CREATE TABLE kept_chain AS SELECT * FROM audit_chain; \
                    CREATE TABLE kept_revision AS SELECT * FROM revision";
const PUT_BACK: &str = "DELETE FROM audit; DELETE FROM audit_chain; DELETE FROM revision; INSERT INTO audit SELECT * FROM kept_audit; \
                        INSERT INTO audit_chain SELECT * FROM kept_chain; INSERT INTO revision SELECT * FROM kept_revision";

#[test]
fn an_earlier_copy_looks_whole_but_not_to_a_checkpoint() {
    on_every_database(|database| {
        let storage = written(database);
        let early = checkpoint(&storage);
        database.execute(KEEP);
        write(&storage, 2);
        let late = checkpoint(&storage);
        drop(storage);
        disarm(database);
        database.execute(PUT_BACK);
        assert!(
            verified(database, std::slice::from_ref(&early)).is_whole(),
            "nothing else can tell"
        );
        assert_eq!(
            verified(database, &[early.clone(), late.clone()]).findings,
            [Finding::BeforeCheckpoint {
                number: 2,
                sequence: 14,
                last: 12
            }]
        );
        // The copy went on by itself, past the checkpoint.
        let storage = database.open();
        write(&storage, 1);
        write(&storage, 1);
        write(&storage, 1);
        assert_eq!(
            verified(database, &[early, late]).findings,
            [Finding::OtherThanCheckpoint {
                number: 2,
                sequence: 14
            }]
        );
    });
}

#[test]
fn an_audit_of_another_secret_in_its_place_is_found() {
    on_every_database(|database| {
        let storage = written(database);
        let checkpoint = checkpoint(&storage);
        let other = MasterSecret::new([8; 32]);
        let report = verified_with(database, &other, &[checkpoint]);
        assert_eq!(report.findings.first(), Some(&Finding::Beginning(0)));
        assert!(report.findings.contains(&Finding::Head));
        assert!(report.findings.contains(&Finding::ForgedCheckpoint(1)));
        assert!(
            Storage::open(&database.url(), &other).is_err(),
            "the service does not start on it"
        );
    });
}

#[test]
fn a_checkpoint_that_somebody_changed_is_refused() {
    let database = TestDatabase::sqlite();
    let storage = written(&database);
    let genuine = checkpoint(&storage);
    let line = serde_json::to_string(&genuine).unwrap();
    assert_eq!(
        serde_json::from_str::<Checkpoint>(&line).unwrap(),
        genuine,
        "it is written and read again"
    );
    let mut later = genuine.clone();
    later.made_at += chrono::TimeDelta::days(1);
    let mut earlier = genuine;
    earlier.sequence = 3;
    for forged in [later, earlier] {
        assert_eq!(
            verified(&database, &[forged]).findings,
            [Finding::ForgedCheckpoint(1)]
        );
    }
}

#[test]
fn no_checkpoint_is_made_of_an_audit_that_is_not_whole() {
    on_every_database(|database| {
        let storage = written(database);
        disarm(database);
        database.execute("UPDATE audit SET detail = 'x' WHERE sequence = 2");
        let made = storage
            .read_blocking(|c| audit::verified_checkpoint(c, a_change().at))
            .expect("an answer");
        assert_eq!(made.unwrap_err().findings, [Finding::Changed(2)]);
        database.execute("DELETE FROM audit WHERE sequence = 12");
        let made = storage
            .read_blocking(|c| audit::checkpoint(c, a_change().at))
            .expect("an answer");
        assert_eq!(made, None);
    });
}

#[test]
fn a_chain_without_its_beginning_is_not_begun_again() {
    on_every_database(|database| {
        drop(written(database));
        disarm(database);
        database.execute("UPDATE audit SET actor = 'x', mac = ''; DELETE FROM audit_chain");
        let refused = Storage::open(&database.url(), &secret()).unwrap_err();
        assert!(matches!(refused, Error::Unavailable(..)), "{refused:?}");
        assert_eq!(
            verified(database, &[]).findings.first(),
            Some(&Finding::NoChain)
        );
    });
}

#[test]
fn nothing_is_written_after_an_end_that_the_service_did_not_write() {
    on_every_database(|database| {
        let storage = written(database);
        database.execute("UPDATE audit_chain SET head_sequence = 8");
        let refused = storage.write_blocking(&a_change(), |_| Ok(()));
        assert!(matches!(refused, Err(Error::Internal(..))), "{refused:?}");
        assert_eq!(verified(database, &[]).n_rows, 12);
    });
}

#[test]
fn the_database_refuses_to_change_or_remove_rows() {
    on_every_database(|database| {
        drop(written(database));
        let mut statements = vec![
            "UPDATE audit SET detail = 'x' WHERE sequence = 1",
            "DELETE FROM audit WHERE sequence = 1",
            "UPDATE audit_chain SET mac = head_mac",
            "UPDATE audit_chain SET begins_after = 12",
            "DELETE FROM audit_chain",
        ];
        match database.url().kind() {
            DatabaseKind::Sqlite => statements.extend([
                "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE sequence = 1",
                "INSERT OR REPLACE INTO audit (rowid, sequence, revision, recorded_at, actor, action, detail) \
                 VALUES (1, 100, 1, '2026-11-22', '', '', '')",
                "INSERT OR REPLACE INTO audit_chain SELECT * FROM audit_chain",
                "UPDATE OR REPLACE audit SET sequence = 1 WHERE sequence = 2",
            ]),
            DatabaseKind::Postgres => statements.extend([
                "TRUNCATE audit",
                "TRUNCATE audit_chain",
                "INSERT INTO audit SELECT * FROM audit WHERE sequence = 1 ON CONFLICT (sequence) DO UPDATE SET detail = 'x'",
            ]),
        }
        for statement in statements {
            let refused = database.try_execute(statement).expect_err(statement);
            assert!(
                refused.to_string().contains("append-only"),
                "{statement}: {refused}"
            );
        }
        assert!(verified(database, &[]).is_whole());
    });
}

#[test]
fn a_page_holds_what_was_asked_for_newest_first() {
    on_every_database(|database| {
        let storage = written(database);
        let other = Change {
            actor: "key:1".to_owned(),
            action: "put_ethos",
            request_id: "r-1".to_owned(),
            at: "2026-11-22T09:00:00.5Z".parse().expect("a time"),
            ..a_change()
        };
        storage.write_blocking(&other, |_| Ok(())).expect("a write");
        let sequences = |query: AuditQuery, before, limit| {
            let page = storage
                .read_blocking(|c| audit::page(c, &query, before, limit))
                .expect("a page");
            let numbers: Vec<i64> = page.items.iter().map(|row| row.sequence).collect();
            (numbers, page.has_more)
        };
        let all = AuditQuery::default();
        assert_eq!(sequences(all.clone(), None, 2), (vec![13, 12], true));
        assert_eq!(sequences(all.clone(), Some(3), 2), (vec![2, 1], false));
        let by = |change: &dyn Fn(&mut AuditQuery)| {
            let mut query = all.clone();
            change(&mut query);
            sequences(query, None, 50).0
        };
        assert_eq!(by(&|q| q.actor = Some("key:1".into())), [13]);
        assert_eq!(by(&|q| q.action = Some("put_ethos".into())), [13]);
        assert_eq!(by(&|q| q.request_id = Some("r-1".into())), [13]);
        assert_eq!(by(&|q| q.since = Some(other.at)), [13]);
        assert_eq!(by(&|q| q.until = Some(other.at)).len(), 12);
        assert_eq!(by(&|q| q.ods_code = Some(ods("RTH"))).len(), 12);
        assert_eq!(by(&|q| q.ods_code = Some(ods("RHW"))), Vec::<i64>::new());
        assert_eq!(by(&|q| q.subject_id = Some("3".into())), [7]);
        assert_eq!(
            by(&|q| q.subject_kind = Some("core_systems".into())).len(),
            12
        );
    });
}

/// What the first version of the service made, with three rows of its audit.
const FIRST_VERSION: &str =
    include_str!("../../../migrations/portable/2026-11-22-000000_foundation/up.sql");
const ITS_ROWS: &str = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
        run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); \
     INSERT INTO __diesel_schema_migrations (version) VALUES ('20261122000000'); \
     INSERT INTO audit (sequence, revision, recorded_at, actor, action, detail) VALUES \
        (1, 1, '2026-11-22 00:00:00', 'alongside', 'load_bundled_data', '1 organisation'), \
        (2, 2, '2026-11-22 00:00:01.5', 'admin', 'x', ''), (3, 3, '2026-11-22 00:00:02.123456', 'admin', 'x', ''); \
     UPDATE revision SET number = 3";

#[test]
fn the_chain_of_a_database_of_the_first_version_begins_after_its_rows() {
    on_every_database(|database| {
        database.execute(FIRST_VERSION);
        database.execute(ITS_ROWS);
        let storage = database.open();
        let at_first = checkpoint(&storage);
        write(&storage, 2);
        drop(database.open());
        let report = verified(database, &[at_first]);
        assert_eq!((report.findings.len(), report.n_rows), (0, 5));
        let chain = database.texts("SELECT begins_after || '' AS text FROM audit_chain");
        assert_eq!(chain, ["3"]);
        disarm(database);
        database.execute("UPDATE audit SET actor = 'somebody else' WHERE sequence = 2");
        assert_eq!(verified(database, &[]).findings, [Finding::Beginning(3)]);
    });
}
