//! The gate, on outcomes drawn by known weights.

use super::*;

const PRIOR: [f64; 3] = [0.4, 0.3, 0.3];

/// Outcomes of success with probability `1/(1 + exp(2.5 - 5 true . x))`, scores uniform.
fn drawn(n: u32, truth: [f64; 3], seed: u64) -> (Array2<f64>, Vec<bool>, Vec<u32>) {
    let mut draws = Draws::seeded(seed);
    let x = Array2::from_shape_simple_fn((n as usize, 3), || draws.uniform());
    let y = x
        .rows()
        .into_iter()
        .map(|row| {
            let eta: f64 = row.iter().zip(truth).map(|(x, w)| 5.0 * w * x).sum();
            draws.uniform() < 1.0 / (1.0 + (2.5 - eta).exp())
        })
        .collect();
    (x, y, (0..n).collect())
}

fn compared_on(
    data: &(Array2<f64>, Vec<bool>, Vec<u32>),
    seed: u64,
) -> Result<Comparison, Unlearnable> {
    let outcomes = Outcomes {
        scores: data.0.view(),
        successes: &data.1,
        pairs: &data.2,
    };
    compare(outcomes, &PRIOR, 5, seed)
}

#[test]
fn weights_far_from_the_prior_are_learnt_and_pass() {
    let found = compared_on(&drawn(1_000, [0.0, 0.0, 1.0], 1), 1).unwrap();
    assert!(found.passes(), "{} {}", found.gain, found.standard_error);
    assert!(found.learnt < found.prior);
}

#[test]
fn where_the_prior_is_true_the_gate_refuses() {
    for seed in 0..20 {
        let found = compared_on(&drawn(200, PRIOR, seed), seed).unwrap();
        assert!(
            !found.passes(),
            "seed {seed}: {} {}",
            found.gain,
            found.standard_error
        );
    }
}

#[test]
fn the_gain_is_over_the_weights_in_use() {
    let truth = [0.0, 0.0, 1.0];
    let (x, y, pairs) = drawn(1_000, truth, 1);
    let outcomes = Outcomes {
        scores: x.view(),
        successes: &y,
        pairs: &pairs,
    };
    let over = |in_use: &[f64]| {
        let prior = &PRIOR;
        compare_with(outcomes, Given { prior, in_use }, 5, 1).unwrap()
    };
    let (first, second) = (over(&PRIOR), over(&truth));
    assert!((first.prior - first.in_use).abs() < 1e-12);
    assert!((first.learnt - second.learnt).abs() < 1e-12);
    assert!((first.prior - second.prior).abs() < 1e-12);
    // Nothing does better than what is true.
    assert!(second.in_use < second.learnt && second.gain < 0.0);
    assert_eq!(
        (first.verdict(), second.verdict()),
        (GateVerdict::Passed, GateVerdict::NoGain)
    );
}

#[test]
fn of_newer_outcomes_the_better_weights_lose_less() {
    let truth = [0.0, 0.0, 1.0];
    let (known, newer) = (drawn(400, truth, 1), drawn(400, truth, 2));
    let of = |data: &(Array2<f64>, Vec<bool>, Vec<u32>), weights: (&[f64], &[f64])| {
        let outcomes = |data| -> Outcomes<'_> {
            let (x, y, pairs): &(Array2<f64>, Vec<bool>, Vec<u32>) = data;
            Outcomes {
                scores: x.view(),
                successes: y,
                pairs,
            }
        };
        compare_on_newer(outcomes(&known), outcomes(data), weights)
    };
    let found = of(&newer, (&truth, &PRIOR)).unwrap();
    assert!(found.gain > 4.0 * found.standard_error, "{}", found.gain);
    let swapped = of(&newer, (&PRIOR, &truth)).unwrap();
    assert!((found.gain + swapped.gain).abs() < 1e-12);
    let none = drawn(0, truth, 3);
    assert_eq!(of(&none, (&truth, &PRIOR)), Err(Unlearnable::TooFew));
    assert_eq!(of(&newer, (&truth[..2], &PRIOR)), Err(Unlearnable::Shape));
}

#[test]
fn too_few_outcomes_never_pass() {
    let found = compared_on(&drawn(30, [0.0, 0.0, 1.0], 3), 3).unwrap();
    assert!(
        !Comparison {
            gain: 1.0,
            standard_error: 0.0,
            ..found
        }
        .passes()
    );
}

#[test]
fn many_outcomes_of_few_pairs_are_few() {
    let (x, y, _) = drawn(400, [0.0, 0.0, 1.0], 3);
    let of_pairs = |n: u32| {
        let pairs: Vec<u32> = (0..400).map(|i| i % n).collect();
        let outcomes = Outcomes {
            scores: x.view(),
            successes: &y,
            pairs: &pairs,
        };
        let found = compare(outcomes, &PRIOR, 5, 3).unwrap();
        assert_eq!(
            (found.n_outcomes, found.n_pairs),
            (400, pairs.len().min(n as usize))
        );
        found.verdict() == GateVerdict::TooFewOutcomes
    };
    assert!(of_pairs(20) && of_pairs(199));
    assert!(!of_pairs(200) && !of_pairs(400));
}

#[test]
fn a_pair_stands_on_one_side_and_the_seed_deals() {
    let (x, y, _) = drawn(60, PRIOR, 4);
    let pairs: Vec<u32> = (0..60).map(|i| i / 3).collect();
    let outcomes = Outcomes {
        scores: x.view(),
        successes: &y,
        pairs: &pairs,
    };
    let dealt = folds(outcomes, 5, 9).unwrap();
    assert!(
        dealt
            .chunks(3)
            .all(|pair| pair.iter().all(|fold| *fold == pair[0]))
    );
    assert_eq!(dealt, folds(outcomes, 5, 9).unwrap());
    assert_ne!(dealt, folds(outcomes, 5, 10).unwrap());
}

#[test]
fn fewer_pairs_than_folds_and_one_class_are_refused() {
    let (x, _, pairs) = drawn(4, PRIOR, 5);
    let refused = |y: &[bool]| {
        let outcomes = Outcomes {
            scores: x.view(),
            successes: y,
            pairs: &pairs,
        };
        compare(outcomes, &PRIOR, 5, 1).unwrap_err()
    };
    assert_eq!(refused(&[true, false, true, false]), Unlearnable::TooFew);
    assert_eq!(refused(&[true; 4]), Unlearnable::OneClass);
}
