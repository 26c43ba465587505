//! Approaches, agreements, places and pauses, on both databases.

use alongside::app::agreements::{Acceptance, Agreed, AgreementIds, accept, decline, withdraw};
use alongside::app::approaches::send;
use alongside::domain::approach::{
    Approach, ApproachKind, ApproachReason, ApproachState, Folder, OpenApproaches,
};
use alongside::domain::capacity::{PausedBy, Places};
use alongside::domain::error::{Error, Result};
use alongside::domain::version::{Expected, Version};
use alongside::random::Random;
use alongside::storage::approaches::{self, ApproachQuery};
use alongside::storage::{Connection, Outcome, Storage, capacity, links, partnerships};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use super::{ods, open_filled};
use crate::support::choosing::plain;
use crate::support::database::{TestDatabase, a_change, on_every_database};

fn at() -> DateTime<Utc> {
    a_change().at.trunc_subsecs(6)
}

fn write<T>(storage: &Storage, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
    storage
        .write_blocking(&a_change(), work)
        .map(|(made, _)| made)
}

/// The database with the bundled data and an approach of RTH to RHW; its times are as they are stored.
fn with_approach(database: &TestDatabase, kind: ApproachKind) -> (Storage, Random, Approach) {
    let (storage, random) = (open_filled(database), Random::counted());
    let new = plain(random.id().expect("an id"), "RTH", "RHW", kind);
    let sent = write(&storage, |c| send(c, new, at())).expect("an approach");
    (storage, random, sent)
}

const ANY: &Expected = &Expected::Any;

#[test]
fn an_approach_is_kept_as_it_was_sent_and_as_it_was_answered() {
    on_every_database(|database| {
        let (storage, _, sent) = with_approach(database, ApproachKind::Partnership);
        let find = |code| storage.read_blocking(|c| approaches::find_for(c, ods(code), &sent.id));
        assert_eq!(find("RHW").expect("the approach"), sent);
        assert!(matches!(find("RJ7"), Err(Error::Missing { .. })));
        let reason = Some(ApproachReason::NotAFit);
        let later = at() + TimeDelta::days(1);
        let place = (ods("RHW"), sent.id.as_str());
        let declined = write(&storage, |c| decline(c, place, reason, ANY, later));
        let declined = declined.expect("an answer");
        assert_eq!(find("RTH").expect("the approach"), declined);
        assert_eq!(
            (declined.state, declined.version),
            (ApproachState::Declined, Version(2))
        );
        let found = storage
            .read_blocking(|c| {
                let (from, to) = ([ods("RTH")], [ods("RHW")]);
                let fit = approaches::declined_at(c, (&from, &to), ApproachReason::NotAFit)?;
                let other = approaches::declined_at(c, (&from, &to), ApproachReason::NoCapacity)?;
                let turned = approaches::declined_at(c, (&to, &from), ApproachReason::NotAFit)?;
                Ok((fit, other, turned))
            })
            .expect("what was declined");
        assert_eq!(found, (Some(later), None, None));
    });
}

#[test]
fn folders_and_states_are_told_apart_as_of_now() {
    on_every_database(|database| {
        let (storage, random, _) = with_approach(database, ApproachKind::Conversation);
        for from in ["RJ7", "RAL"] {
            let new = plain(
                random.id().expect("an id"),
                from,
                "RHW",
                ApproachKind::Partnership,
            );
            write(&storage, |c| send(c, new, at() + TimeDelta::days(7))).expect("an approach");
        }
        database.execute(
            "INSERT INTO exclusions (ods_code, excluded, created_at, version) VALUES ('RHW', 'RAL', '2026-11-21 00:00:00', 1)",
        );
        let from = |folder, state, kind, days| {
            let query = ApproachQuery {
                folder,
                state,
                kind,
                with: None,
            };
            let now = at() + TimeDelta::days(days);
            let page = storage
                .read_blocking(|c| approaches::page(c, ods("RHW"), query, now, (None, 10)))
                .expect("a page");
            assert!(!page.1);
            page.0
                .iter()
                .map(|one| one.from.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(from(Folder::Inbox, None, None, 0), ["RJ7", "RTH"]);
        assert_eq!(from(Folder::Excluded, None, None, 0), ["RAL"]);
        assert_eq!(from(Folder::Outbox, None, None, 0), [""; 0]);
        let talks = Some(ApproachKind::Conversation);
        assert_eq!(from(Folder::Inbox, None, talks, 0), ["RTH"]);
        let (sent, expired) = (Some(ApproachState::Sent), Some(ApproachState::Expired));
        assert_eq!(from(Folder::Inbox, sent, None, 27), ["RJ7", "RTH"]);
        assert_eq!(from(Folder::Inbox, sent, None, 28), ["RJ7"]);
        assert_eq!(from(Folder::Inbox, expired, None, 28), ["RTH"]);
        let open = |days| {
            let now = at() + TimeDelta::days(days);
            storage
                .read_blocking(|c| approaches::n_open(c, ods("RHW"), now))
                .expect("a count")
        };
        let of = |received| OpenApproaches { sent: 0, received };
        // Those of an excluded site count too.
        assert_eq!([0, 28, 35].map(open), [of(3), of(2), of(0)]);
    });
}

#[test]
fn an_agreement_is_kept_whole_on_both_sides() {
    on_every_database(|database| {
        let (storage, random, sent) = with_approach(database, ApproachKind::Partnership);
        let ids = AgreementIds::new(&random).expect("ids");
        let place = (ods("RHW"), sent.id.as_str());
        let acceptance = Acceptance {
            goals: Some("Learn.".to_owned()),
            ..Acceptance::default()
        };
        let agreed = write(&storage, |c| accept(c, place, acceptance, ANY, ids, at()));
        let Agreed::Opened(approach, opened) = agreed.expect("an agreement") else {
            panic!("no partnership");
        };
        let (kept, link, of_one, of_other) = storage
            .read_blocking(|c| {
                let kept = partnerships::find_for(c, ods("RTH"), &opened.id)?;
                let link = links::find(c, ods("RHW"), kept.link_id.as_deref().unwrap_or_default())?;
                let one = capacity::of(c, ods("RTH"), at())?;
                Ok((kept, link, one, capacity::of(c, ods("RHW"), at())?))
            })
            .expect("what was agreed");
        assert_eq!((&kept, approach.state), (&opened, ApproachState::Accepted));
        assert_eq!(link.agreement, Some(opened.id));
        assert_eq!(
            (of_one.taken.partnerships, of_other.taken.partnerships),
            (1, 1)
        );
        let late = write(&storage, |c| withdraw(c, (ods("RTH"), &sent.id), ANY, at()));
        assert!(matches!(late, Err(Error::Conflict { .. })));
    });
}

#[test]
fn nothing_is_left_of_an_agreement_for_which_there_is_no_place() {
    on_every_database(|database| {
        let (storage, random, sent) = with_approach(database, ApproachKind::Partnership);
        let none = Places {
            partnerships: Some(0),
            conversations: None,
        };
        write(&storage, |c| {
            capacity::declare(c, ods("RTH"), none, ANY, at())
        })
        .expect("a change");
        let ids = AgreementIds::new(&random).expect("ids");
        let place = (ods("RHW"), sent.id.as_str());
        let refused = write(&storage, |c| {
            accept(c, place, Acceptance::default(), ANY, ids, at())
        });
        let told = refused.expect_err("no place").to_string();
        assert_eq!(told, "RTH has no place left for a partnership.");
        for table in ["partnerships", "links WHERE agreement IS NOT NULL"] {
            let n = database.texts(&format!(
                "SELECT CAST(COUNT(*) AS TEXT) AS text FROM {table}"
            ));
            assert_eq!(n, ["0"], "{table}");
        }
        let kept = storage
            .read_blocking(|c| approaches::find(c, &sent.id))
            .expect("the approach");
        assert_eq!(kept, sent);
    });
}

#[test]
fn places_are_declared_from_the_version_that_was_seen() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let declare = |places, expected: &Expected, days| {
            let now = at() + TimeDelta::days(days);
            write(&storage, |c| {
                capacity::declare(c, ods("RTH"), places, expected, now)
            })
        };
        let two = Places {
            partnerships: Some(2),
            conversations: Some(5),
        };
        let unseen = Expected::OneOf(vec![Version(3)]);
        assert!(matches!(declare(two, &unseen, 0), Err(Error::Stale)));
        let first = Expected::OneOf(vec![Version(0)]);
        assert_eq!(
            declare(two, &first, 0).expect("a change"),
            Outcome::Changed(Version(1))
        );
        let of = storage
            .read_blocking(|c| capacity::of(c, ods("RTH"), at()))
            .expect("a capacity");
        assert_eq!((of.places, of.version), (two, Version(1)));
        let returned = |days| {
            let since = at() + TimeDelta::days(days);
            storage
                .read_blocking(|c| capacity::has_returned(c, ods("RTH"), since))
                .expect("a word")
        };
        assert_eq!((returned(-1), returned(0)), (true, false));
        assert_eq!(
            declare(two, ANY, 1).expect("a change"),
            Outcome::Changed(Version(2))
        );
        assert!(returned(0));
        let taken_back = declare(Places::default(), ANY, 2).expect("a change");
        assert_eq!(taken_back, Outcome::Changed(Version(3)));
        let unknown = write(&storage, |c| {
            capacity::declare(c, ods("ZZZ99"), two, ANY, at())
        });
        assert!(matches!(unknown, Err(Error::OrganisationNotFound(_))));
    });
}

#[test]
fn each_side_pauses_and_resumes_by_itself() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let pause = |by, until: Option<&str>, reason, expected: &Expected| {
            let until = until.map(|day| day.parse().expect("a day"));
            write(&storage, |c| {
                capacity::pause(c, ods("RTH"), by, until, reason, expected, at())
            })
        };
        let admins = pause(PausedBy::Admin, Some("2027-01-31"), Some("a review"), ANY);
        assert_eq!(admins.expect("a pause").into_inner().version, Version(1));
        let own = pause(PausedBy::Site, None, None, ANY)
            .expect("a pause")
            .into_inner();
        assert_eq!((own.since, own.version), (at(), Version(1)));
        let again = pause(PausedBy::Site, None, None, ANY).expect("a pause");
        assert_eq!(again, Outcome::Unchanged(own));
        let late = pause(
            PausedBy::Site,
            None,
            None,
            &Expected::OneOf(vec![Version(0)]),
        );
        assert!(matches!(late, Err(Error::Stale)));
        let of = || {
            storage
                .read_blocking(|c| capacity::of(c, ods("RTH"), at()))
                .expect("a capacity")
        };
        let until = || of().availability(at().date_naive()).paused_until;
        // Until further notice is longer than any day.
        assert_eq!((of().pauses.len(), until()), (2, None));
        let resume = |by| write(&storage, |c| capacity::resume(c, ods("RTH"), by, ANY, at()));
        assert_eq!(resume(PausedBy::Site).expect("a pause").version, Version(1));
        assert_eq!(until(), "2027-01-31".parse().ok());
        assert!(matches!(resume(PausedBy::Site), Err(Error::Missing { .. })));
        // The next pause is not taken for the one before it.
        let next = pause(PausedBy::Site, Some("2026-12-01"), None, ANY).expect("a pause");
        assert_eq!(next.into_inner().version, Version(3));
        resume(PausedBy::Admin).expect("a pause");
        assert_eq!(until(), "2026-12-01".parse().ok());
    });
}
