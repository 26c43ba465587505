//! Outcomes read from partnerships, approaches and check-ins, on both databases.

use alongside::domain::approach::{Seen, SeenCriterion, SeenFit};
use alongside::domain::ids::Revision;
use alongside::domain::interval::Interval;
use alongside::domain::outcome::PartnershipOutcome;
use alongside::domain::partnership::{CheckIn, Partnership, Usefulness};
use alongside::domain::programme::Criterion;
use alongside::domain::suggestion::WeightsFrom;
use alongside::storage::{Storage, approaches, check_ins, outcomes};
use chrono::SubsecRound as _;

use super::{ods, open_filled};
use crate::support::agreed::Agreed;
use crate::support::database::{TestDatabase, a_change, on_every_database};

/// What the one saw who approached: a core system score, and no other criterion.
fn seen(core_system: f64) -> Seen {
    let interval = Interval::exactly;
    let fit = |score| SeenFit {
        mutual_fit: interval(score),
        from_fit: interval(score),
        to_fit: interval(score),
        coverage: 1.0,
        criteria: vec![SeenCriterion {
            criterion: Criterion::CoreSystem,
            weight: 1.0,
            score: interval(score),
        }],
    };
    Seen {
        revision: Revision(1),
        as_of: "2026-09-01".parse().expect("a day"),
        method_version: "1".to_owned(),
        weights_from: WeightsFrom::Saved,
        // Its own view is not what counts.
        site: fit(0.125),
        programme: fit(core_system),
        distance_km: None,
    }
}

/// A partnership whose approach was made in the default programme, with what was seen then.
fn proposed(
    database: &TestDatabase,
    storage: &Storage,
    other: &str,
    score: Option<f64>,
) -> Partnership {
    let partnership = Agreed::between("RTH", other).store(database);
    let written = storage.write_blocking(&a_change(), |c| {
        let mut approach = approaches::find(c, &partnership.approach_id)?;
        approach.programme = Some("default".parse().expect("a slug"));
        approach.seen = score.map(seen);
        approaches::replace(c, &approach)
    });
    written.expect("a change");
    partnership
}

fn says(storage: &Storage, (number, of): (u32, &Partnership), by: &str, usefulness: i64) {
    let check_in = CheckIn {
        id: format!("00000000-0000-4000-8000-{number:012}"),
        sequence: 0,
        partnership_id: of.id.clone(),
        ods_code: ods(by),
        made_at: a_change().at.trunc_subsecs(6),
        usefulness: Usefulness::new(usefulness).expect("a usefulness"),
        learned: Vec::new(),
        given: Vec::new(),
        note: None,
    };
    let written = storage.write_blocking(&a_change(), |c| check_ins::add(c, check_in));
    written.expect("a check-in");
}

fn found(storage: &Storage, programme: &str) -> Vec<PartnershipOutcome> {
    let programme = programme.parse().expect("a slug");
    let read = storage.read_blocking(|c| outcomes::of_programme(c, &programme));
    read.expect("outcomes")
}

#[test]
fn the_last_word_of_both_sides_makes_an_outcome() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let of = proposed(database, &storage, "RHW", Some(0.75));
        assert_eq!(found(&storage, "default"), []);
        says(&storage, (1, &of), "RTH", 5);
        says(&storage, (2, &of), "RTH", 4);
        assert_eq!(
            found(&storage, "default"),
            [],
            "one side's word is no outcome"
        );
        says(&storage, (3, &of), "RHW", 2);
        let outcome = PartnershipOutcome {
            partnership_id: of.id.clone(),
            between: (ods("RHW"), ods("RTH")),
            known_at: a_change().at.trunc_subsecs(6),
            is_success: false,
            scores: [Some(0.75), None, None, None, None, None],
            method_version: "1".to_owned(),
        };
        assert_eq!(found(&storage, "default"), std::slice::from_ref(&outcome));
        says(&storage, (4, &of), "RHW", 4);
        let is_success = true;
        assert_eq!(
            found(&storage, "default"),
            [PartnershipOutcome {
                is_success,
                ..outcome
            }]
        );
        assert_eq!(found(&storage, "another"), []);
    });
}

#[test]
fn a_partnership_without_stored_scores_is_no_outcome_and_the_order_is_that_of_agreement() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let partnerships = [("RJ7", Some(0.25)), ("RHW", None), ("RA9", Some(0.5))]
            .map(|(other, score)| (other, proposed(database, &storage, other, score)));
        for (number, (other, of)) in (1..).step_by(2).zip(&partnerships) {
            says(&storage, (number, of), "RTH", 4);
            says(&storage, (number + 1, of), other, 4);
        }
        let scores: Vec<_> = found(&storage, "default")
            .iter()
            .map(|o| o.scores[0])
            .collect();
        assert_eq!(scores, [Some(0.25), Some(0.5)]);
    });
}
