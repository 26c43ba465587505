//! What time alone brings about: at its moment, not before, once, and however many do it.

use std::sync::mpsc;
use std::thread;

use alongside::app::{Alongside, BundledData};
use alongside::domain::approach::{ApproachState, REMINDED_BEFORE};
use alongside::domain::partnership::{CheckIn, Usefulness};
use alongside::domain::version::Version;
use alongside::storage::{Storage, partnerships};
use chrono::{DateTime, TimeDelta, Utc};

use super::between::{
    an_id, approach, change_at, kinds_told, partner, partnership, revision_of, send, time, told,
    write,
};
use crate::support::database::{TestDatabase, one_of_each};

fn a_second() -> TimeDelta {
    TimeDelta::seconds(1)
}

fn sent_at() -> DateTime<Utc> {
    time("2026-11-26T09:00:00Z")
}

/// The service over the bundled data, and its database.
fn open(database: &TestDatabase) -> (Alongside, Storage) {
    let alongside = Alongside::open(database.open(), BundledData::Load, sent_at()).unwrap();
    let storage = alongside.storage().clone();
    (alongside, storage)
}

/// The rows of the audit of a kind, by whose they are.
fn audited(database: &TestDatabase, kind: &str) -> Vec<String> {
    database.texts(&format!(
        "SELECT action || ' ' || ods_code AS text FROM audit WHERE subject_kind = '{kind}' ORDER BY sequence"
    ))
}

#[actix_web::test]
async fn an_approach_expires_at_its_moment_and_once() {
    for database in one_of_each() {
        let (alongside, storage) = open(&database);
        let sent = send(&storage, "RTH", "RHW", sent_at());
        // What the recipient is reminded of is another test's.
        alongside.tick(sent.expires_at - a_second()).await.unwrap();
        let before = revision_of(&storage);
        alongside.tick(sent.expires_at - a_second()).await.unwrap();
        assert_eq!(approach(&storage, &sent.id).state, ApproachState::Sent);
        assert_eq!(revision_of(&storage), before);

        alongside.tick(sent.expires_at).await.unwrap();
        let expired = approach(&storage, &sent.id);
        assert_eq!(
            (expired.state, expired.answered_at, expired.version),
            (ApproachState::Expired, Some(sent.expires_at), Version(2))
        );
        assert_eq!(expired.message, sent.message);
        assert_eq!(revision_of(&storage), before + 1);
        assert_eq!(kinds_told(&storage, Some("RTH")), ["approach.expired"]);
        assert_eq!(
            kinds_told(&storage, Some("RHW")),
            ["approach.reminder", "approach.expired"]
        );
        assert_eq!(kinds_told(&storage, None), ["approach.expired"]);
        assert_eq!(
            audited(&database, "approaches"),
            ["expire_approaches RHW", "expire_approaches RTH"]
        );

        alongside
            .tick(sent.expires_at + TimeDelta::days(400))
            .await
            .unwrap();
        assert_eq!(revision_of(&storage), before + 1);
    }
}

#[actix_web::test]
async fn who_excludes_the_sender_hears_nothing_and_the_sender_hears_the_same() {
    for database in one_of_each() {
        let (alongside, storage) = open(&database);
        let sent = send(&storage, "RTH", "RHW", sent_at());
        database.execute(
            "INSERT INTO exclusions (ods_code, excluded, created_at, version) \
             VALUES ('RHW', 'RTH', '2026-11-26 09:00:00', 1)",
        );
        let before = revision_of(&storage);
        alongside.tick(sent.expires_at - a_second()).await.unwrap();
        alongside.tick(sent.expires_at).await.unwrap();
        assert_eq!(kinds_told(&storage, Some("RTH")), ["approach.expired"]);
        assert!(told(&storage, Some("RHW")).is_empty());
        // As many writes as without the exclusion, in the same seconds.
        assert_eq!(revision_of(&storage), before + 2);
        assert_eq!(
            approach(&storage, &sent.id).reminded_at,
            Some(sent.expires_at - a_second())
        );
    }
}

#[actix_web::test]
async fn a_recipient_is_reminded_once_a_week_before_the_end() {
    for database in one_of_each() {
        let (alongside, storage) = open(&database);
        let sent = send(&storage, "RTH", "RHW", sent_at());
        let due = sent.expires_at - REMINDED_BEFORE;
        alongside.tick(due - a_second()).await.unwrap();
        assert!(told(&storage, Some("RHW")).is_empty());
        alongside.tick(due).await.unwrap();
        alongside.tick(due + TimeDelta::days(1)).await.unwrap();
        assert_eq!(kinds_told(&storage, Some("RHW")), ["approach.reminder"]);
        assert!(told(&storage, Some("RTH")).is_empty() && told(&storage, None).is_empty());
        // Whoever read it before the reminder may answer it after.
        assert_eq!(approach(&storage, &sent.id).version, sent.version);
    }
}

#[actix_web::test]
async fn both_sides_are_reminded_of_a_planned_end_and_again_of_a_later_one() {
    for database in one_of_each() {
        let (alongside, storage) = open(&database);
        let mut agreed = partner(&storage, "RTH", "RHW", sent_at());
        let plan = |storage: &Storage, agreed: &mut _, day: &str| {
            let agreed: &mut alongside::domain::partnership::Partnership = agreed;
            agreed.planned_end = Some(day.parse().unwrap());
            write(storage, |c| partnerships::replace(c, agreed));
        };
        plan(&storage, &mut agreed, "2026-12-31");
        let endings = || {
            [Some("RTH"), Some("RHW")].map(|site| {
                kinds_told(&storage, site)
                    .iter()
                    .filter(|kind| **kind == "partnership.ending")
                    .count()
            })
        };
        // 28 days before the last of December.
        alongside.tick(time("2026-12-02T23:59:59Z")).await.unwrap();
        assert_eq!(endings(), [0, 0]);
        for at in ["2026-12-03T00:00:00Z", "2026-12-03T00:00:30Z"] {
            alongside.tick(time(at)).await.unwrap();
            assert_eq!(endings(), [1, 1]);
        }
        plan(&storage, &mut agreed, "2027-01-31");
        for (at, n) in [
            ("2027-01-02T00:00:00Z", 1),
            ("2027-01-03T00:00:00Z", 2),
            ("2027-02-10T00:00:00Z", 2),
        ] {
            alongside.tick(time(at)).await.unwrap();
            assert_eq!(endings(), [n, n], "{at}");
        }
        assert_eq!(
            partnership(&storage, &agreed.id).ended_at,
            None,
            "time ends no partnership"
        );
    }
}

#[actix_web::test]
async fn a_side_that_says_nothing_for_ninety_days_is_asked_to_check_in() {
    for database in one_of_each() {
        let (alongside, storage) = open(&database);
        let agreed = partner(&storage, "RTH", "RHW", time("2026-09-01T00:00:00Z"));
        let asked = || [Some("RTH"), Some("RHW")].map(|site| kinds_told(&storage, site).len());
        // A word of one side, a month in.
        let word = CheckIn {
            id: an_id(),
            sequence: 1,
            partnership_id: agreed.id.clone(),
            ods_code: super::ods("RHW"),
            made_at: time("2026-10-01T12:00:00Z"),
            usefulness: Usefulness::new(4).unwrap(),
            learned: Vec::new(),
            given: Vec::new(),
            note: None,
        };
        database.execute(&format!(
            "INSERT INTO check_ins (id, sequence, partnership_id, ods_code, made_at, usefulness) \
             VALUES ('{}', 1, '{}', '{}', '2026-10-01 12:00:00', {})",
            word.id,
            word.partnership_id,
            word.ods_code,
            word.usefulness.get()
        ));
        for (at, n) in [
            ("2026-11-29T23:59:59Z", [0, 0]),
            ("2026-11-30T00:00:00Z", [1, 0]),
            ("2026-12-30T11:59:59Z", [1, 0]),
            ("2026-12-30T12:00:00Z", [1, 1]),
            ("2026-12-30T12:00:30Z", [1, 1]),
            ("2027-02-27T23:59:59Z", [1, 1]),
            ("2027-02-28T00:00:00Z", [2, 1]),
            ("2027-03-30T12:00:00Z", [2, 2]),
        ] {
            alongside.tick(time(at)).await.unwrap();
            assert_eq!(asked(), n, "{at}");
        }
        let last = told(&storage, Some("RHW")).pop().unwrap().event;
        assert_eq!(last.kind.as_str(), "partnership.check_in_due");
        assert_eq!(last.data["lastCheckIn"], "2026-10-01");
        assert_eq!(last.subject, format!("/api/v1/partnerships/{}", agreed.id));
    }
}

#[actix_web::test]
async fn where_nothing_is_due_nobody_waits_for_a_turn_to_write() {
    for database in one_of_each() {
        let (alongside, storage) = open(&database);
        send(&storage, "RTH", "RHW", sent_at());
        partner(&storage, "RTH", "RJ7", sent_at());
        let before = revision_of(&storage);
        let (begun, has_begun) = mpsc::channel();
        let (finish, finished) = mpsc::channel::<()>();
        let holding = storage.clone();
        let holder = thread::spawn(move || {
            holding.write_blocking(&change_at(sent_at()), |_| {
                begun.send(()).unwrap();
                // Until the other end is dropped.
                finished.recv().ok();
                Ok(())
            })
        });
        has_begun.recv().unwrap();
        let tick = alongside.tick(sent_at() + TimeDelta::days(1));
        let ticked = tokio::time::timeout(std::time::Duration::from_secs(5), tick).await;
        drop(finish);
        holder.join().unwrap().unwrap();
        assert!(ticked.is_ok_and(|outcome| outcome.is_ok()), "it waited");
        assert_eq!(revision_of(&storage), before + 1, "it wrote");
    }
}

#[test]
fn of_many_replicas_at_once_each_thing_is_done_by_one() {
    const N_APPROACHES: usize = 450;
    for database in one_of_each() {
        let (_, storage) = open(&database);
        let codes: Vec<String> = database.texts(
            "SELECT ods_code AS text FROM organisations WHERE status = 'active' ORDER BY ods_code",
        );
        let pairs = codes
            .iter()
            .enumerate()
            .flat_map(|(n, a)| codes.iter().skip(n + 1).map(move |b| (a, b)));
        write(&storage, |c| {
            for (a, b) in pairs.take(N_APPROACHES) {
                let pair = (super::ods(a), super::ods(b));
                let approach = super::between::an_approach(pair, sent_at());
                alongside::storage::approaches::add(c, approach)?;
            }
            Ok(())
        });
        let replicas = [database.open(), database.open()];
        let at = sent_at() + TimeDelta::days(28);
        thread::scope(|scope| {
            for replica in replicas {
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap();
                    let alongside = Alongside::open(replica, BundledData::Skip, at).unwrap();
                    for _ in 0..3 {
                        runtime.block_on(alongside.tick(at)).unwrap();
                    }
                });
            }
        });
        let told = told(&storage, None);
        let subjects: std::collections::BTreeSet<&str> =
            told.iter().map(|e| e.event.subject.as_str()).collect();
        assert_eq!((told.len(), subjects.len()), (N_APPROACHES, N_APPROACHES));
        assert_eq!(
            audited(&database, "approaches").len(),
            2 * N_APPROACHES,
            "one row for each side"
        );
        let open = database.texts("SELECT id AS text FROM approaches WHERE state = 'sent'");
        assert!(open.is_empty());
    }
}
