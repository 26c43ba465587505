//! Matches on every database: the conditions of the flags there are those of the domain, and reviews are kept.

use alongside::domain::board::{MatchFlag, MatchOrder, MatchQuery, Resolution, Resolved};
use alongside::domain::error::Error;
use alongside::domain::ids::OdsCode;
use alongside::domain::version::{Expected, Version};
use alongside::intake::bundled;
use alongside::storage::pipeline::standings;
use alongside::storage::{Outcome, match_reviews, matches};

use super::open_filled;
use crate::support::database::{a_change, on_every_database};
use crate::support::matches::{check_ins_sql, id, many, store};
use crate::support::service::now;

#[test]
fn the_flags_of_the_database_are_those_of_the_domain() {
    let register = bundled::load().unwrap().register;
    let active = register
        .organisations
        .iter()
        .filter(|o| o.status.is_active());
    let codes: Vec<OdsCode> = active.take(30).map(|o| o.ods_code).collect();
    let all = many(&codes, 300, 3, now());
    on_every_database(|database| {
        let storage = open_filled(database);
        store(&storage, &all);
        database.execute(&check_ins_sql(&all));
        let page = |query: &MatchQuery| {
            let read = |c: &mut _| {
                let found = matches::page(c, query, None, 1000, now())?.0;
                assert_eq!(found.len() as u64, matches::count(c, query, now())?);
                Ok(found)
            };
            storage.read_blocking(read).unwrap()
        };
        let everything = page(&MatchQuery::default());
        assert_eq!(everything.len(), all.len());
        for &flag in MatchFlag::ALL {
            let expected: Vec<&str> = everything
                .iter()
                .filter(|found| found.flags(now()).contains(&flag))
                .map(|found| found.approach.id.as_str())
                .collect();
            let query = MatchQuery {
                flag: Some(flag),
                ..MatchQuery::default()
            };
            let found = page(&query);
            let found: Vec<&str> = found.iter().map(|f| f.approach.id.as_str()).collect();
            assert_eq!(found, expected, "{flag}");
        }
        // Page by page in each order gives what one large page gives.
        for &order in MatchOrder::ALL {
            let query = MatchQuery {
                order,
                ..MatchQuery::default()
            };
            let at_once = page(&query);
            let (mut in_steps, mut after) = (Vec::new(), None);
            loop {
                let read = |c: &mut _| matches::page(c, &query, after, 7, now());
                let (found, has_more) = storage.read_blocking(read).unwrap();
                after = found.last().map(|found| found.place());
                in_steps.extend(found);
                if !has_more {
                    break;
                }
            }
            assert_eq!(in_steps, at_once, "{order}");
        }
        let standings = storage
            .read_blocking(|c| standings(c, None, now()))
            .unwrap();
        let n_active = all.iter().filter(|made| {
            let partnership = made.partnership.as_ref();
            partnership.is_some_and(|p| p.ended_at.is_none())
        });
        assert_eq!(standings.partners.len(), n_active.count());
        let n_sent: u32 = standings.sent.values().map(|sent| sent.total).sum();
        assert_eq!(n_sent, 300);
    });
}

#[test]
fn a_review_is_kept_and_changes_under_its_version() {
    let register = bundled::load().unwrap().register;
    let active = register
        .organisations
        .iter()
        .filter(|o| o.status.is_active());
    let codes: Vec<OdsCode> = active.take(5).map(|o| o.ods_code).collect();
    let all = many(&codes, 3, 3, now());
    on_every_database(|database| {
        let storage = open_filled(database);
        store(&storage, &all);
        let resolved = Resolved {
            resolution: Resolution::FollowedUp,
            reason: "Talked to both.".into(),
            by: "key:1".into(),
            at: now(),
        };
        let resolve = |number| {
            let resolved = resolved.clone();
            storage.write_blocking(&a_change(), |c| {
                match_reviews::resolve(c, &id(0, number), resolved)
            })
        };
        assert_eq!(resolve(1).unwrap().0.version, Version(1));
        assert!(matches!(resolve(1), Err(Error::Conflict { .. })));
        assert!(matches!(resolve(99), Err(Error::Missing { .. })));
        let read = storage.read_blocking(|c| match_reviews::find(c, &id(0, 1)));
        assert_eq!(read.unwrap().resolved, Some(resolved.clone()));
        let assign = |version| {
            let expected = Expected::OneOf(vec![Version(version)]);
            storage.write_blocking(&a_change(), |c| {
                match_reviews::assign(c, &id(0, 1), None, &expected, now())
            })
        };
        assert!(matches!(assign(0), Err(Error::Stale)));
        assert!(matches!(assign(1), Ok((Outcome::Unchanged(_), _))));
        let reopened = storage.write_blocking(&a_change(), |c| match_reviews::reopen(c, &id(0, 1)));
        let reopened = reopened.unwrap().0;
        assert_eq!((reopened.version, reopened.resolved), (Version(2), None));
    });
}
