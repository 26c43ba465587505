//! Partnerships after they were opened, on both databases.

use alongside::app::partnerships as agreed;
use alongside::domain::error::Error;
use alongside::domain::event::{EventKind, Recipient};
use alongside::domain::link::{Link, LinkKind, LinkStanding};
use alongside::domain::partnership::{
    CheckIn, EndReason, Partnership, PartnershipState, Usefulness,
};
use alongside::domain::provenance::Provenance;
use alongside::domain::version::Version;
use alongside::storage::facts::Stated;
use alongside::storage::partnership_pages::{self, PartnershipQuery};
use alongside::storage::{Connection, Storage, balance, check_ins, events, links, partnerships};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use super::{ods, open_filled};
use crate::support::agreed::Agreed;
use crate::support::database::{TestDatabase, a_change, on_every_database};

type Result<T> = alongside::domain::error::Result<T>;

/// A moment that both databases keep as it is.
fn at() -> DateTime<Utc> {
    a_change().at.trunc_subsecs(6)
}

fn write<T>(storage: &Storage, work: impl FnOnce(&mut Connection) -> Result<T>) -> T {
    let written = storage.write_blocking(&a_change(), work);
    written.expect("a change").0
}

fn read<T>(storage: &Storage, work: impl FnOnce(&mut Connection) -> Result<T>) -> T {
    storage.read_blocking(work).expect("an answer")
}

fn said(number: u32, of: &Partnership, by: &str, usefulness: i64) -> CheckIn {
    CheckIn {
        id: format!("00000000-0000-4000-8000-{number:012}"),
        sequence: 0,
        partnership_id: of.id.clone(),
        ods_code: ods(by),
        made_at: at(),
        usefulness: Usefulness::new(usefulness).expect("a usefulness"),
        learned: vec![
            "hepma".parse().expect("a slug"),
            "pas".parse().expect("a slug"),
        ],
        given: vec!["epr".parse().expect("a slug")],
        note: Some("for the two alone".to_owned()),
    }
}

fn two(database: &TestDatabase) -> (Storage, Partnership, Partnership) {
    let storage = open_filled(database);
    let first = Agreed::between("RTH", "RHW").store(database);
    let second = Agreed::between("RTH", "RJ7").store(database);
    (storage, first, second)
}

#[test]
fn check_ins_are_kept_in_order_and_the_last_of_each_side_is_found() {
    on_every_database(|database| {
        let (storage, first, second) = two(database);
        let made: Vec<CheckIn> = [
            said(1, &first, "RTH", 1),
            said(2, &first, "RHW", 2),
            said(3, &second, "RTH", 3),
            said(4, &first, "RTH", 4),
        ]
        .into_iter()
        .map(|check_in| write(&storage, |c| check_ins::add(c, check_in)))
        .collect();
        let of = read(&storage, |c| check_ins::of(c, &first.id));
        assert_eq!(of, [made[0].clone(), made[1].clone(), made[3].clone()]);
        let ids = [first.id.as_str(), second.id.as_str(), "no such id"];
        let latest = read(&storage, |c| check_ins::latest(c, &ids));
        assert_eq!(latest[&first.id], [made[1].clone(), made[3].clone()]);
        assert_eq!(latest[&second.id], [made[2].clone()]);
        assert_eq!(latest.len(), 2);
        let (page, has_more) = read(&storage, |c| check_ins::page(c, &first.id, None, 2));
        assert_eq!(
            (page.as_slice(), has_more),
            (&[made[3].clone(), made[1].clone()][..], true)
        );
        let before = Some(made[1].sequence);
        let (page, has_more) = read(&storage, |c| check_ins::page(c, &first.id, before, 2));
        assert_eq!((page.as_slice(), has_more), (&[made[0].clone()][..], false));
        let sealed = database.texts("SELECT sealed_note AS text FROM check_ins");
        assert!(sealed.iter().all(|text| !text.contains("alone")));
    });
}

#[test]
fn partnerships_are_listed_by_side_state_and_other_side() {
    on_every_database(|database| {
        let (storage, first, second) = two(database);
        let list = |code: &str, query, before| {
            let page = |c: &mut Connection| partnership_pages::page(c, ods(code), query, before, 1);
            let (found, has_more) = read(&storage, page);
            (found.into_iter().map(|of| of.id).next(), has_more)
        };
        let all = PartnershipQuery::default();
        assert_eq!(list("RTH", all, None), (Some(second.id.clone()), true));
        let before = Some(second.sequence);
        assert_eq!(list("RTH", all, before), (Some(first.id.clone()), false));
        assert_eq!(list("RJ7", all, None), (Some(second.id.clone()), false));
        let with = PartnershipQuery {
            with: Some(ods("RHW")),
            ..all
        };
        assert_eq!(list("RTH", with, None), (Some(first.id.clone()), false));
        assert_eq!(list("RJ7", with, None), (None, false));
        let ended = PartnershipQuery {
            state: Some(PartnershipState::Ended),
            ..all
        };
        assert_eq!(list("RTH", ended, None), (None, false));
        let of = read(&storage, |c| {
            partnership_pages::of_approach(c, &second.approach_id)
        });
        assert_eq!(of, Some(second));
    });
}

#[test]
fn an_end_that_no_side_made_is_told_to_both_and_ends_the_link() {
    on_every_database(|database| {
        let (storage, first, _) = two(database);
        let end = |c: &mut Connection| agreed::end(c, &first, None, EndReason::Merged, at());
        let ended = write(&storage, end);
        assert_eq!(read(&storage, |c| partnerships::find(c, &first.id)), ended);
        assert_eq!(
            (
                ended.state,
                ended.ended_at,
                ended.ended_by,
                ended.end_reason
            ),
            (
                PartnershipState::Ended,
                Some(at()),
                None,
                Some(EndReason::Merged)
            )
        );
        let id = first.link_id.as_deref().expect("a link");
        let link = read(&storage, |c| links::find(c, ods("RTH"), id));
        assert_eq!(
            link.link.ended().map(|day| day.first_day()),
            Some(at().date_naive())
        );
        assert_eq!(
            (link.version, link.agreement.as_ref()),
            (Version(2), Some(&first.id))
        );
        for recipient in [
            Recipient::Site(ods("RTH")),
            Recipient::Site(ods("RHW")),
            Recipient::Admins,
        ] {
            let told = read(&storage, |c| events::after(c, recipient, 0, 10));
            assert_eq!(told.len(), 1);
            assert_eq!(told[0].event.kind, EventKind::PartnershipEnded);
            assert_eq!(told[0].event.data["reason"], "merged");
        }
        let again = storage.write_blocking(&a_change(), |c| {
            agreed::end(c, &ended, None, EndReason::Merged, at())
        });
        assert!(
            matches!(again, Err(Error::Conflict { rule, .. }) if rule == "/problems/partnership-ended")
        );
    });
}

#[test]
fn an_import_leaves_what_was_agreed_as_it_is() {
    on_every_database(|database| {
        let (storage, first, _) = two(database);
        let id = first.link_id.clone().expect("a link");
        let held = read(&storage, |c| links::find(c, ods("RTH"), &id));
        let mut said = Link::published(
            first.ends,
            LinkKind::Partnership,
            held.link.started(),
            "2026-10-01".parse().ok(),
            Provenance::own_word(held.link.started()),
        )
        .expect("a link");
        said.standing = LinkStanding::Declared;
        let other = "00000000-0000-4000-8000-000000000099".to_owned();
        let came = write(&storage, |c| links::state(c, other, said, at()));
        assert_eq!(came.stated, Stated::Kept);
        let after = read(&storage, |c| links::find(c, ods("RTH"), &id));
        assert_eq!(after, held);
    });
}

#[test]
fn a_link_that_comes_of_no_agreement_is_not_ended_with_one() {
    on_every_database(|database| {
        let (storage, first, _) = two(database);
        database.execute("UPDATE links SET agreement = NULL");
        let id = first.link_id.as_deref().expect("a link");
        let ended = storage.write_blocking(&a_change(), |c| links::end_agreed(c, id, at()));
        assert!(matches!(ended, Err(Error::Internal(..))));
        let gone = storage.write_blocking(&a_change(), |c| links::end_agreed(c, "none", at()));
        assert!(matches!(gone, Err(Error::Missing { .. })));
    });
}

#[test]
fn a_balance_counts_each_topic_of_a_partnership_once() {
    on_every_database(|database| {
        let (storage, first, second) = two(database);
        for check_in in [
            said(1, &first, "RTH", 4),
            said(2, &first, "RTH", 5),
            said(3, &second, "RTH", 3),
        ] {
            write(&storage, |c| check_ins::add(c, check_in));
        }
        let ours = read(&storage, |c| balance::of(c, ods("RTH")));
        assert_eq!((ours.n_active, ours.n_check_ins_made), (2, 3));
        assert_eq!(ours.total.received.agreed, 2);
        assert_eq!(
            (ours.total.given.reported, ours.total.received.reported),
            (2, 4)
        );
        let theirs = read(&storage, |c| balance::of(c, ods("RHW")));
        assert_eq!((theirs.n_active, theirs.n_check_ins_received), (1, 2));
        assert_eq!(
            (theirs.total.given.reported, theirs.total.received.reported),
            (2, 1)
        );
        let long_ago = Agreed::between("RHW", "RJ7")
            .since("2020-01-01")
            .ended("RHW", TimeDelta::days(400))
            .store(database);
        assert_eq!(long_ago.state, PartnershipState::Ended);
        let theirs = read(&storage, |c| balance::of(c, ods("RHW")));
        assert_eq!((theirs.n_active, theirs.n_ended), (1, 1));
    });
}
