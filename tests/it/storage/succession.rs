//! Mergers and closures: what a closed organisation leaves open goes to the one that follows it, or ends.

use std::collections::BTreeSet;

use alongside::app::agreements;
use alongside::app::approaches as sending;
use alongside::app::succession::{SUCCESSOR_AWAITED, carry_over, is_due};
use alongside::app::{Alongside, BundledData};
use alongside::domain::approach::{Approach, ApproachKind, ApproachReason, ApproachState};
use alongside::domain::error::Error;
use alongside::domain::exclusion::Exclusion;
use alongside::domain::import::ImportKind;
use alongside::domain::partnership::{EndReason, GivenTopic, PartnershipState};
use alongside::domain::shortlist::Entry;
use alongside::domain::version::{Expected, Version};
use alongside::storage::pipeline::standings;
use alongside::storage::{Outcome, Storage, approaches, exclusions, partnerships, shortlist};
use chrono::{DateTime, TimeDelta, Utc};

use super::between::{
    an_approach, an_id, approach, change_at, close_by_file, import_at, kinds_told, merge_by_files,
    partner, partnership, read, revision_of, send, time, told, write,
};
use super::{ods, open_filled};
use crate::support::choosing::plain;
use crate::support::database::{TestDatabase, on_every_database, one_of_each};

fn at() -> DateTime<Utc> {
    time("2026-11-26T09:00:00Z")
}

fn later() -> DateTime<Utc> {
    at() + TimeDelta::days(1)
}

/// Carries over at a moment, and whether there was anything to do.
fn carry(storage: &Storage, now: DateTime<Utc>) -> bool {
    let due = read(storage, |c| is_due(c, now));
    let done = storage.write_outcome_blocking(&change_at(now), |c| {
        Ok(match carry_over(c, now)? {
            true => Outcome::Changed(true),
            false => Outcome::Unchanged(false),
        })
    });
    let done = done.expect("carrying over").0;
    assert_eq!(due, done, "what is due is done");
    done
}

fn ends(storage: &Storage, id: &str) -> [String; 2] {
    let (a, b) = partnership(storage, id).ends;
    [a.to_string(), b.to_string()]
}

fn sides(storage: &Storage, id: &str) -> [String; 2] {
    let found = approach(storage, id);
    [found.from.to_string(), found.to.to_string()]
}

fn became(storage: &Storage, id: &str) -> (ApproachState, Option<ApproachReason>) {
    let found = approach(storage, id);
    (found.state, found.reason)
}

fn ended(storage: &Storage, id: &str) -> (PartnershipState, Option<EndReason>) {
    let found = partnership(storage, id);
    (found.state, found.end_reason)
}

const OPEN: (ApproachState, Option<ApproachReason>) = (ApproachState::Sent, None);
const ACTIVE: (PartnershipState, Option<EndReason>) = (PartnershipState::Active, None);

#[test]
fn what_is_open_moves_to_the_successor_with_the_import_that_closes_its_predecessor() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let sent = send(&storage, "RTH", "RJ7", at());
        let received = send(&storage, "RN5", "RTH", at());
        let mut agreed = partner(&storage, "RTH", "RDU", at());
        let given = |giver| GivenTopic {
            giver: ods(giver),
            topic: "hepma".parse().unwrap(),
        };
        agreed.topics = vec![given("RDU"), given("RTH")];
        write(&storage, |c| partnerships::replace(c, &agreed));
        database.execute(&format!(
            "INSERT INTO check_ins (id, sequence, partnership_id, ods_code, made_at, usefulness) \
             VALUES ('{}', 1, '{}', 'RTH', '2026-11-26 09:00:00', 4)",
            an_id(),
            agreed.id
        ));
        let before = revision_of(&storage);
        merge_by_files(&storage, "RTH", "RHW", later());
        assert_eq!(
            revision_of(&storage),
            before + 2,
            "in the import's own write"
        );

        assert_eq!(sides(&storage, &sent.id), ["RHW", "RJ7"]);
        assert_eq!(sides(&storage, &received.id), ["RN5", "RHW"]);
        assert_eq!(ends(&storage, &agreed.id), ["RDU", "RHW"]);
        let (kept, moved) = (
            approach(&storage, &sent.id),
            partnership(&storage, &agreed.id),
        );
        assert_eq!(
            (kept.state, kept.message),
            (ApproachState::Sent, sent.message)
        );
        assert_eq!(
            (kept.expires_at, kept.version),
            (sent.expires_at, Version(2))
        );
        assert_eq!(moved.topics, [given("RDU"), given("RHW")]);
        assert_eq!((moved.goals, moved.version), (agreed.goals, Version(2)));
        let said = database.texts("SELECT ods_code AS text FROM check_ins");
        assert_eq!(said, ["RHW"], "what a side said stays the side's");

        // The successor finds it among its own; to the predecessor it is no more.
        let own = |code: &str, id: &str| {
            let code = ods(code);
            storage.read_blocking(|c| partnerships::find_for(c, code, id))
        };
        assert!(own("RHW", &agreed.id).is_ok() && own("RTH", &agreed.id).is_err());

        assert_eq!(kinds_told(&storage, Some("RDU")), ["partnership.moved"]);
        assert_eq!(kinds_told(&storage, Some("RJ7")), ["approach.moved"]);
        assert_eq!(
            kinds_told(&storage, Some("RHW")),
            ["partnership.moved", "approach.moved", "approach.moved"]
        );
        assert_eq!(kinds_told(&storage, None).len(), 3);
        let event = told(&storage, Some("RDU")).remove(0).event;
        assert_eq!(
            event.data["moved"],
            serde_json::json!([{ "from": "RTH", "to": "RHW" }])
        );
        let audited = database.texts(&format!(
            "SELECT action || ' ' || ods_code AS text FROM audit WHERE subject_id = '{}' ORDER BY sequence",
            agreed.id
        ));
        assert_eq!(
            audited,
            ["RDU", "RHW", "RTH"].map(|code| format!("import_organisations {code}"))
        );
        assert!(!carry(&storage, later()), "once");
    });
}

#[test]
fn between_the_two_that_became_one_it_ends_as_merged() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let sent = send(&storage, "RHW", "RTH", at());
        let agreed = partner(&storage, "RTH", "RHW", at());
        merge_by_files(&storage, "RTH", "RHW", later());
        assert_eq!(
            became(&storage, &sent.id),
            (ApproachState::Ended, Some(ApproachReason::Merged))
        );
        assert_eq!(
            ended(&storage, &agreed.id),
            (PartnershipState::Ended, Some(EndReason::Merged))
        );
        assert_eq!(approach(&storage, &sent.id).answered_at, Some(later()));
        for site in ["RTH", "RHW"] {
            let mut kinds = kinds_told(&storage, Some(site));
            kinds.sort_unstable();
            assert_eq!(kinds, ["approach.ended", "partnership.ended"], "{site}");
        }
    });
}

#[test]
fn of_two_of_one_pair_the_older_stays() {
    on_every_database(|database| {
        let storage = open_filled(database);
        // The moved ones are older with RJ7 and RN5, younger with RDU and RXQ.
        let (a_j7, p_n5) = (
            send(&storage, "RTH", "RJ7", at()),
            partner(&storage, "RTH", "RN5", at()),
        );
        let (b_j7, q_n5) = (
            send(&storage, "RJ7", "RHW", at()),
            partner(&storage, "RHW", "RN5", at()),
        );
        let (b_du, q_xq) = (
            send(&storage, "RHW", "RDU", at()),
            partner(&storage, "RHW", "RXQ", at()),
        );
        let (a_du, p_xq) = (
            send(&storage, "RDU", "RTH", at()),
            partner(&storage, "RTH", "RXQ", at()),
        );
        merge_by_files(&storage, "RTH", "RHW", later());
        let duplicate = (ApproachState::Ended, Some(ApproachReason::Duplicate));
        assert_eq!(became(&storage, &a_j7.id), OPEN);
        assert_eq!(sides(&storage, &a_j7.id), ["RHW", "RJ7"]);
        assert_eq!(became(&storage, &b_j7.id), duplicate);
        assert_eq!(became(&storage, &b_du.id), OPEN);
        assert_eq!(became(&storage, &a_du.id), duplicate);
        let duplicate = (PartnershipState::Ended, Some(EndReason::Duplicate));
        assert_eq!(ended(&storage, &p_n5.id), ACTIVE);
        assert_eq!(ends(&storage, &p_n5.id), ["RHW", "RN5"]);
        assert_eq!(ended(&storage, &q_n5.id), duplicate);
        assert_eq!(ended(&storage, &q_xq.id), ACTIVE);
        assert_eq!(ended(&storage, &p_xq.id), duplicate);
        // The successor hears of the end of what was its predecessor's.
        let told = told(&storage, Some("RHW"));
        let subjects: Vec<&str> = told.iter().map(|e| e.event.subject.as_str()).collect();
        assert!(subjects.contains(&format!("/api/v1/partnerships/{}", p_xq.id).as_str()));
    });
}

#[test]
fn an_approach_that_expired_meanwhile_is_no_duplicate() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let old = send(&storage, "RHW", "RJ7", at() - TimeDelta::days(28));
        let new = send(&storage, "RTH", "RJ7", at());
        merge_by_files(&storage, "RTH", "RHW", later());
        assert_eq!(became(&storage, &old.id).0, ApproachState::Expired);
        assert_eq!(
            approach(&storage, &old.id).answered_at,
            Some(old.expires_at)
        );
        assert_eq!(became(&storage, &new.id), OPEN);
        assert_eq!(sides(&storage, &new.id), ["RHW", "RJ7"]);
    });
}

#[test]
fn who_became_partners_by_a_move_are_not_left_with_a_proposal_to() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let propose = |from: &str, to: &str, renews: Option<String>| {
            let proposal = Approach {
                kind: ApproachKind::Partnership,
                renews,
                ..an_approach((ods(from), ods(to)), at())
            };
            write(&storage, |c| approaches::add(c, proposal))
        };
        // RTH's partner RJ7 had proposed the same to RHW; RHW's partner RN5 to RTH; RTH and RDU talk of going on.
        partner(&storage, "RTH", "RJ7", at());
        let to_the_one = propose("RJ7", "RHW", None);
        partner(&storage, "RHW", "RN5", at());
        let to_closed = propose("RN5", "RTH", None);
        let renewed = partner(&storage, "RTH", "RDU", at());
        let renewal = propose("RDU", "RTH", Some(renewed.id));
        let talk = send(&storage, "RTH", "RXQ", at());
        partner(&storage, "RHW", "RXQ", at());
        merge_by_files(&storage, "RTH", "RHW", later());
        let duplicate = (ApproachState::Ended, Some(ApproachReason::Duplicate));
        assert_eq!(became(&storage, &to_the_one.id), duplicate);
        assert_eq!(became(&storage, &to_closed.id), duplicate);
        assert_eq!(became(&storage, &renewal.id), OPEN);
        assert_eq!(sides(&storage, &renewal.id), ["RDU", "RHW"]);
        // Partners may talk.
        assert_eq!(became(&storage, &talk.id), OPEN);
    });
}

#[test]
fn a_chain_of_successors_is_followed_to_its_end_and_a_split_ends_what_was_open() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let chained = partner(&storage, "RTH", "RJ7", at());
        let split = partner(&storage, "RN5", "RJ7", at());
        let asked = send(&storage, "RJ7", "RN5", at());
        let successions = "predecessor_ods,successor_ods,date,kind\n\
             RTH,RHW,2026-11-01,merger_or_succession\n\
             RHW,RDU,2026-11-02,merger_or_succession\n\
             RN5,RXQ,2026-11-02,split\n\
             RN5,RWF,2026-11-02,split\n";
        import_at(&storage, ImportKind::Successions, successions, later());
        assert_eq!(ended(&storage, &split.id), ACTIVE, "nobody closed yet");
        let closed = "ods_code,status\nRTH,closed\nRHW,closed\nRN5,closed\n";
        import_at(&storage, ImportKind::Organisations, closed, later());
        assert_eq!(ends(&storage, &chained.id), ["RDU", "RJ7"]);
        assert_eq!(ended(&storage, &chained.id), ACTIVE);
        assert_eq!(
            ended(&storage, &split.id),
            (PartnershipState::Ended, Some(EndReason::OrganisationClosed))
        );
        assert_eq!(
            became(&storage, &asked.id),
            (
                ApproachState::Ended,
                Some(ApproachReason::OrganisationClosed)
            )
        );
        assert!(!carry(&storage, later()));
    });
}

#[test]
fn a_closure_waits_for_its_successor_to_be_named_and_no_longer_than_that() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let agreed = partner(&storage, "RTH", "RJ7", at());
        let given_up = partner(&storage, "RN5", "RJ7", at());
        close_by_file(&storage, "RTH", at());
        close_by_file(&storage, "RN5", at());
        let revision = revision_of(&storage);
        let last = at() + SUCCESSOR_AWAITED - TimeDelta::seconds(1);
        assert!(!carry(&storage, last));
        assert_eq!(revision_of(&storage), revision);
        assert_eq!(ended(&storage, &agreed.id), ACTIVE);
        // The file of successions comes after the one of closures.
        let succession =
            "predecessor_ods,successor_ods,date,kind\nRTH,RHW,2026-11-01,merger_or_succession\n";
        import_at(&storage, ImportKind::Successions, succession, last);
        assert_eq!(ends(&storage, &agreed.id), ["RHW", "RJ7"]);
        assert_eq!(ended(&storage, &given_up.id), ACTIVE);
        assert!(carry(&storage, at() + SUCCESSOR_AWAITED));
        assert_eq!(
            ended(&storage, &given_up.id),
            (PartnershipState::Ended, Some(EndReason::OrganisationClosed))
        );
        while carry(&storage, at() + SUCCESSOR_AWAITED) {}
        let waiting = database.texts("SELECT ods_code AS text FROM closures_waiting");
        assert!(waiting.is_empty(), "{waiting:?}");
    });
}

#[test]
fn a_closure_that_was_a_mistake_ends_nothing_and_is_forgotten() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let agreed = partner(&storage, "RTH", "RJ7", at());
        close_by_file(&storage, "RTH", at());
        let opened = "ods_code,status\nRTH,active\n";
        import_at(&storage, ImportKind::Organisations, opened, later());
        assert_eq!(ended(&storage, &agreed.id), ACTIVE);
        let waiting = database.texts("SELECT ods_code AS text FROM closures_waiting");
        assert!(waiting.is_empty(), "{waiting:?}");
        assert!(!carry(&storage, at() + SUCCESSOR_AWAITED));
    });
}

#[test]
fn exclusions_go_to_whoever_follows_and_are_told_to_nobody() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let exclude = |site: &str, other: &str| {
            let exclusion = Exclusion {
                ods_code: ods(site),
                excluded: ods(other),
                reason: Some(format!("{site} has its reasons")),
                created_at: at(),
                version: Version(0),
            };
            write(&storage, |c| exclusions::put(c, exclusion, &Expected::Any));
        };
        let kept = || {
            database.texts(
                "SELECT ods_code || ' ' || excluded AS text FROM exclusions ORDER BY ods_code, excluded",
            )
        };
        exclude("RTH", "RJ7");
        exclude("RN5", "RTH");
        exclude("RHW", "RTH");
        exclude("RDU", "RTH");
        exclude("RDU", "RHW");
        // RN5 was never told of this one.
        let sent = send(&storage, "RTH", "RN5", at());
        merge_by_files(&storage, "RTH", "RHW", later());
        assert_eq!(kept(), ["RDU RHW", "RHW RJ7", "RN5 RHW"]);
        assert_eq!(sides(&storage, &sent.id), ["RHW", "RN5"]);
        let moved = read(&storage, |c| {
            exclusions::require(c, (ods("RHW"), ods("RJ7")))
        });
        assert_eq!(moved.reason.as_deref(), Some("RTH has its reasons"));
        assert_eq!((moved.created_at, moved.version), (at(), Version(1)));
        // Whom it is about stands in no row's name, which admins see.
        let named = database.texts(
            "SELECT DISTINCT subject_id AS text FROM audit WHERE subject_kind = 'exclusions' \
             AND subject_id <> ods_code",
        );
        assert!(named.is_empty(), "{named:?}");
        assert_eq!(kinds_told(&storage, Some("RHW")), ["approach.moved"]);
        for site in ["RN5", "RJ7", "RDU"] {
            assert!(told(&storage, Some(site)).is_empty(), "{site}");
        }
        // After a split every successor is meant.
        let split = "predecessor_ods,successor_ods,date,kind\n\
             RJ7,RXQ,2026-11-02,split\nRJ7,RWF,2026-11-02,split\n";
        import_at(&storage, ImportKind::Successions, split, later());
        close_by_file(&storage, "RJ7", later());
        assert_eq!(kept(), ["RDU RHW", "RHW RWF", "RHW RXQ", "RN5 RHW"]);
        assert!(!carry(&storage, later()));
    });
}

#[test]
fn on_a_shortlist_the_successor_takes_the_place_unless_it_has_one() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let keep = |site: &str, candidates: &[&str]| {
            write(&storage, |c| {
                shortlist::change(c, ods(site), &Expected::Any, |list| {
                    candidates.iter().try_for_each(|candidate| {
                        let entry = Entry {
                            candidate: ods(candidate),
                            label: Some(format!("our {candidate}")),
                            note: None,
                            added_at: at(),
                        };
                        list.put(entry, None)
                    })
                })
            });
        };
        let kept = |site: &str| {
            let list = read(&storage, |c| shortlist::of(c, ods(site)));
            let entries = list.entries.iter();
            let entries = entries.map(|e| (e.candidate.to_string(), e.label.clone().unwrap()));
            entries.collect::<Vec<_>>()
        };
        let entry = |candidate: &str, label: &str| (candidate.to_owned(), label.to_owned());
        keep("RJ7", &["RTH", "RDU"]);
        keep("RN5", &["RHW", "RTH"]);
        keep("RHW", &["RTH"]);
        merge_by_files(&storage, "RTH", "RHW", later());
        assert_eq!(
            kept("RJ7"),
            [entry("RHW", "our RTH"), entry("RDU", "our RDU")]
        );
        assert_eq!(
            kept("RN5"),
            [entry("RHW", "our RHW"), entry("RTH", "our RTH")]
        );
        assert_eq!(kept("RHW"), [entry("RTH", "our RTH")]);
        assert!(!carry(&storage, later()));
    });
}

#[test]
fn a_decline_as_not_a_fit_holds_for_who_takes_over() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let declined = send(&storage, "RTH", "RHW", at()).id;
        let place = (ods("RHW"), declined.as_str());
        let no_fit = Some(ApproachReason::NotAFit);
        write(&storage, |c| {
            agreements::decline(c, place, no_fit, &Expected::Any, at())
        });
        // One after another, and on either side.
        for (closed, successor) in [("RHW", "RYE"), ("RYE", "RXQ"), ("RTH", "RN3")] {
            close(database, closed);
            follow(database, closed, successor);
        }
        let send_again = |from, to, now| {
            let again = plain(an_id(), from, to, ApproachKind::Conversation);
            let change = change_at(now);
            let sent =
                storage.write_blocking(&change, |c| sending::send(c, again, now).map(|_| ()));
            sent.map(|_| ())
        };
        let refused = send_again("RN3", "RXQ", later()).expect_err("they cool off");
        assert!(
            matches!(refused, Error::Conflict { rule, .. } if rule == "/problems/cooling-off"),
            "{refused:?}"
        );
        let waits = storage.read_blocking(|c| standings(c, None, later()));
        let waits = waits.expect("it can be read").cools_off;
        assert!(waits.contains(&ods("RN3")) && !waits.contains(&ods("RXQ")));
        // The other way round nobody declined, and 90 days later it is over.
        send_again("RXQ", "RN3", later()).expect("the other may ask");
        let ended = at() + TimeDelta::days(91);
        send_again("RN3", "RXQ", ended).expect("the time is over");
    });
}

#[actix_web::test]
async fn what_an_earlier_version_left_is_carried_over_by_the_job() {
    for database in one_of_each() {
        let alongside = Alongside::open(database.open(), BundledData::Load, at()).unwrap();
        let storage = alongside.storage().clone();
        // An organisation that was closed and followed before anything was ever carried over.
        let [closed, successor] = closed_and_successor(&database);
        let agreed = partner(&storage, &closed, "RTH", at());
        alongside.tick(at()).await.unwrap();
        let mut pair = [successor.as_str(), "RTH"];
        pair.sort_unstable();
        assert_eq!(ends(&storage, &agreed.id), pair);
        let revision = revision_of(&storage);
        alongside.tick(at()).await.unwrap();
        assert_eq!(revision_of(&storage), revision);
    }
}

/// A closed organisation of the bundled data that exactly one active one follows, directly, and that one.
fn closed_and_successor(database: &TestDatabase) -> [String; 2] {
    let found = database.texts(
        "SELECT s.predecessor || ' ' || s.successor AS text FROM successions s \
         JOIN organisations p ON p.ods_code = s.predecessor AND p.status = 'closed' \
         JOIN organisations n ON n.ods_code = s.successor AND n.status = 'active' \
         WHERE (SELECT count(*) FROM successions o WHERE o.predecessor = s.predecessor) = 1 ORDER BY 1",
    );
    let (closed, successor) = found[0].split_once(' ').unwrap();
    [closed.to_owned(), successor.to_owned()]
}

/// A generator of numbers that look random and are the same on every run (Lehmer; Park and Miller 1988, CACM 31:1192).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        usize::try_from(self.0).unwrap() % bound
    }

    fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

#[test]
fn whatever_merges_nothing_is_lost_doubled_or_left_behind() {
    const N_ROUNDS: u64 = 4;
    const N_STEPS: usize = 40;
    on_every_database(|database| {
        let storage = open_filled(database);
        let all: Vec<String> = database.texts(
            "SELECT ods_code AS text FROM organisations WHERE status = 'active' ORDER BY ods_code",
        );
        let mut n_made = 0;
        for (round, codes) in (1..=N_ROUNDS).zip(all.chunks(9)) {
            let mut numbers = Numbers(round * 7_919);
            let mut active: BTreeSet<String> = codes.iter().cloned().collect();
            let mut now = at();
            for _ in 0..N_STEPS {
                now += TimeDelta::days(i64::try_from(numbers.below(4)).unwrap());
                let living: Vec<String> = active.iter().cloned().collect();
                let (a, b) = (numbers.one_of(&living), numbers.one_of(codes));
                if a == b {
                    continue;
                }
                match numbers.below(12) {
                    0..=4 if is_free(&storage, a, b, now) => {
                        send(&storage, a, b, now);
                        n_made += 1;
                    }
                    5..=8 if active_of(&storage, a, b).is_none() => {
                        partner(&storage, a, b, now);
                        // The approach that it came of, too.
                        n_made += 2;
                    }
                    9 | 10 if living.len() > 2 => {
                        follow(database, a, b);
                        if numbers.below(4) == 0 {
                            let other: &String = numbers.one_of(codes);
                            follow(database, a, other);
                        }
                        close(database, a);
                        active.remove(a);
                    }
                    11 if living.len() > 2 => {
                        close(database, a);
                        active.remove(a);
                    }
                    _ => {}
                }
                carry(&storage, now);
                while carry(&storage, now) {}
                check_all(database, now);
            }
        }
        let kept = database.texts(
            "SELECT id AS text FROM approaches UNION ALL SELECT id AS text FROM partnerships",
        );
        assert_eq!(kept.len(), n_made, "nothing is lost");
        let reasons = database.texts(
            "SELECT end_reason AS text FROM partnerships WHERE end_reason IS NOT NULL UNION \
             SELECT reason AS text FROM approaches WHERE reason IS NOT NULL ORDER BY 1",
        );
        assert_eq!(reasons, ["duplicate", "merged", "organisation_closed"]);
    });
}

/// Whether no approach is open between two; one that expired is written down as that, as a new one does it.
fn is_free(storage: &Storage, a: &str, b: &str, now: DateTime<Utc>) -> bool {
    let pair = (ods(a), ods(b));
    let Some(open) = read(storage, |c| approaches::open_of_pair(c, pair)) else {
        return true;
    };
    let open = write(storage, |c| {
        alongside::storage::approach_expiry::expire(c, &open, now)
    });
    open.state != ApproachState::Sent
}

fn active_of(storage: &Storage, a: &str, b: &str) -> Option<String> {
    let pair = (ods(a), ods(b));
    read(storage, |c| partnerships::active_of_pair(c, pair)).map(|found| found.id)
}

fn close(database: &TestDatabase, code: &str) {
    database.execute(&format!(
        "UPDATE organisations SET status = 'closed' WHERE ods_code = '{code}'"
    ));
}

/// Keeps that one follows another, where they are two and that closes no circle.
fn follow(database: &TestDatabase, from: &str, to: &str) {
    let leads_back = database.texts(&format!(
        "WITH RECURSIVE after(code) AS (SELECT '{to}' UNION SELECT successor FROM successions, after \
         WHERE predecessor = code) SELECT code AS text FROM after WHERE code = '{from}'"
    ));
    let is_there = database.texts(&format!(
        "SELECT successor AS text FROM successions WHERE predecessor = '{from}' AND successor = '{to}'"
    ));
    if leads_back.is_empty() && is_there.is_empty() {
        database.execute(&format!(
            "INSERT INTO successions (predecessor, successor, happened, kind, source, origin) \
             VALUES ('{from}', '{to}', '2026-11-01', 'merger_or_succession', 'a test', 'import')"
        ));
    }
}

/// What must hold after carrying over: the database's own rules aside, nothing open has a closed end, unless that waits to be
/// told a successor, and everything else ended for a reason.
fn check_all(database: &TestDatabase, now: DateTime<Utc>) {
    let since = (now - SUCCESSOR_AWAITED).naive_utc();
    for (table, ends, open) in [
        ("approaches", "(t.from_code, t.to_code)", "t.state = 'sent'"),
        ("partnerships", "(t.a_code, t.b_code)", "t.state = 'active'"),
    ] {
        let stranded = database.texts(&format!(
            "SELECT t.id AS text FROM {table} t JOIN organisations o ON o.ods_code IN {ends} \
             WHERE {open} AND o.status = 'closed' AND NOT EXISTS (SELECT 1 FROM closures_waiting w \
             WHERE w.ods_code = o.ods_code AND w.noticed_at > '{since}')"
        ));
        assert!(stranded.is_empty(), "{table} {stranded:?}");
        let doubled = database.texts(&format!(
            "SELECT t.a_code || t.b_code AS text FROM {table} t WHERE {open} GROUP BY t.a_code, t.b_code \
             HAVING count(*) > 1"
        ));
        assert!(doubled.is_empty(), "{table} {doubled:?}");
        let alone = database.texts(&format!(
            "SELECT t.id AS text FROM {table} t WHERE t.a_code >= t.b_code"
        ));
        assert!(alone.is_empty(), "{table} {alone:?}");
    }
    let unexplained = database.texts(
        "SELECT id AS text FROM partnerships WHERE (state = 'ended') <> (end_reason IS NOT NULL) \
         UNION ALL SELECT id AS text FROM approaches WHERE (state = 'ended') <> (reason IS NOT NULL)",
    );
    assert!(unexplained.is_empty(), "{unexplained:?}");
    let crossed = database.texts(
        "SELECT id AS text FROM approaches WHERE NOT ((from_code = a_code AND to_code = b_code) OR \
         (from_code = b_code AND to_code = a_code))",
    );
    assert!(crossed.is_empty(), "{crossed:?}");
}
