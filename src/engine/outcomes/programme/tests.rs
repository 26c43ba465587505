//! Models of outcomes by criterion.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::domain::model::GateVerdict;

const EQUAL: Each<f64> = [1.0 / 6.0; Criterion::COUNT];

fn code(number: usize) -> OdsCode {
    OdsCode::new(&format!("A{number:04}")).unwrap()
}

fn day(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(number)
}

/// Scores that fill the cube evenly: multiples of irrational numbers, of which the whole part is left out.
fn scores(number: usize) -> Each<f64> {
    [2.0, 3.0, 5.0, 7.0, 11.0, 13.0].map(|prime: f64| (number as f64 * prime.sqrt()).fract())
}

/// Outcomes of as many pairs, which the first criterion alone decides; every tenth goes the other way.
fn outcomes(n: usize) -> Vec<PartnershipOutcome> {
    let outcome = |number: usize| {
        let scores = scores(number);
        PartnershipOutcome {
            partnership_id: number.to_string(),
            between: (code(2 * number), code(2 * number + 1)),
            known_at: day(1),
            is_success: (scores[0] > 0.5) != number.is_multiple_of(10),
            scores: scores.map(Some),
            method_version: "1".to_owned(),
        }
    };
    (0..n).map(outcome).collect()
}

fn learnt_of(outcomes: &[PartnershipOutcome]) -> Learnt {
    learnt(outcomes, (&EQUAL, &EQUAL), "1", 1).unwrap()
}

fn sum(weights: &Each<LearntShare>) -> f64 {
    weights.iter().map(|share| share.weight).sum()
}

#[test]
fn what_decides_is_found_and_passes() {
    let found = learnt_of(&outcomes(300));
    assert_eq!((found.n_outcomes, found.n_pairs), (300, 300));
    assert_eq!(found.gate, GateVerdict::Passed, "{:?}", found.held_out);
    assert!(found.weights[0].weight > 0.6, "{:?}", found.weights);
    assert!((sum(&found.weights) - 1.0).abs() < 1e-12);
    assert!(found.published().is_ok());
    assert!((found.held_out.prior - found.held_out.in_use).abs() < 1e-12);
    assert_eq!(found, learnt_of(&outcomes(300)));
}

#[test]
fn a_criterion_that_never_applied_keeps_its_share_and_the_others_learn_as_without_it() {
    let mut without = outcomes(300);
    for outcome in &mut without {
        outcome.scores[5] = None;
    }
    let found = learnt_of(&without);
    assert_eq!(found.findings.never_applied, [Criterion::Learning]);
    assert_eq!(found.coefficients[5], None);
    assert!((found.weights[5].weight - 1.0 / 6.0).abs() < 1e-12);
    assert!((sum(&found.weights) - 1.0).abs() < 1e-12);
    // As with five criteria of equal weight and none other.
    let five = [0.2, 0.2, 0.2, 0.2, 0.2, 0.0];
    let alone = learnt(&without, (&five, &five), "1", 1).unwrap();
    for at in 0..5 {
        let (one, other) = (found.weights[at].weight, alone.weights[at].weight);
        assert!((one - other * 5.0 / 6.0).abs() < 1e-9, "{at}");
    }
    assert!((found.held_out.gain - alone.held_out.gain).abs() < 1e-9);
}

#[test]
fn what_teaches_nothing_and_what_another_method_scored_is_counted() {
    let mut some = outcomes(60);
    // Nothing but what has no weight applies.
    some[0].scores = [None, None, None, None, None, Some(0.5)];
    some[1].method_version = "0".to_owned();
    some[2].between = some[3].between;
    let prior = [0.2, 0.2, 0.2, 0.2, 0.2, 0.0];
    let found = learnt(&some, (&prior, &prior), "1", 1).unwrap();
    assert_eq!((found.n_outcomes, found.n_pairs), (59, 58));
    assert_eq!(counted(&some, &prior), (59, 58));
    assert_eq!(
        (found.findings.n_left_out, found.findings.n_other_method),
        (1, 1)
    );
    assert_eq!(found.gate, GateVerdict::TooFewOutcomes);
}

#[test]
fn nothing_is_learnt_of_nothing() {
    for few in [Vec::new(), outcomes(4)] {
        let found = learnt(&few, (&EQUAL, &EQUAL), "1", 1);
        assert_eq!(found, Err(Unlearnable::TooFew));
    }
    let mut alike = outcomes(50);
    for outcome in &mut alike {
        outcome.is_success = true;
    }
    let found = learnt(&alike, (&EQUAL, &EQUAL), "1", 1);
    assert_eq!(found, Err(Unlearnable::OneClass));
}

#[test]
fn only_other_pairs_tell_something_new() {
    let known = outcomes(100);
    let truth = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let nothing = newer(&known, &known, (&truth, &EQUAL));
    assert_eq!((nothing.n_outcomes, nothing.n_left_out), (0, 0));
    assert_eq!(nothing.losses, None);
    let mut now = outcomes(104);
    // A pair that was learnt of says something else.
    now[7].known_at = day(2);
    let few = newer(&known, &now, (&truth, &EQUAL));
    assert_eq!((few.n_outcomes, few.n_left_out), (4, 1));
    assert_eq!(few.losses, None, "of four one could tell each");
    let many = newer(&known, &outcomes(200), (&truth, &EQUAL));
    let losses = many.losses.unwrap();
    assert_eq!(many.n_outcomes, 100);
    assert!(losses.gain > 0.0 && losses.learnt < losses.in_use);
}
