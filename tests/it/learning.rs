//! Learning from outcomes on partnerships that succeed by known weights: a small run of `benches/learning.rs`, which asks more.

use ndarray::Array2;

use self::simulator::choices::{Taste, choose, share};
use self::simulator::{Run, Truth, run, tally};

#[path = "../../benches/simulator/mod.rs"]
mod simulator;

const PRIOR: [f64; 3] = [1.0 / 3.0; 3];
const N_OUTCOMES: usize = 200;
const N_RUNS: u64 = 20;

/// Scores that fill the cube evenly: multiples of three irrational numbers, of which the whole part is left out.
fn pool() -> Array2<f64> {
    let steps = [2.0_f64.sqrt(), 3.0_f64.sqrt(), 5.0_f64.sqrt()];
    Array2::from_shape_fn((2_000, 3), |(row, k)| (row as f64 * steps[k]).fract())
}

fn runs(truth: &Truth) -> Vec<Run> {
    let pool = pool();
    let found = (0..N_RUNS).filter_map(|seed| run(pool.view(), &PRIOR, truth, N_OUTCOMES, seed));
    found.collect()
}

#[test]
fn weights_unlike_the_prior_are_found_and_let_through() {
    let found = tally(&runs(&Truth::of_weights(10.0, &[0.9, 0.1, 0.0])));
    assert_eq!(found.n_runs, 20);
    assert!(found.better >= 0.95, "{found:?}");
    assert!(found.passed >= 0.75, "{found:?}");
    assert!(found.gain > 0.0 && found.distance < 0.25, "{found:?}");
}

#[test]
fn weights_that_do_worse_are_never_let_through() {
    for truth in [Truth::of_weights(5.0, &PRIOR), Truth::Fixed(vec![0.0; 4])] {
        let found = tally(&runs(&truth));
        assert_eq!(found.n_runs, 20);
        assert!(found.better < 0.5, "learning cannot help here: {found:?}");
        assert_eq!(found.passed_though_worse, 0, "{found:?}");
        assert!(found.margin_of_worse.is_finite());
    }
}

#[test]
fn intervals_hold_truths_drawn_from_the_prior_about_as_often_as_they_state() {
    let found = tally(&runs(&Truth::Drawn));
    assert!((0.8..=0.99).contains(&found.coverage), "{found:?}");
    assert!((0.8..=0.99).contains(&found.coverage_interior), "{found:?}");
}

/// Lists of ten of the cube's points, the best by the first score first.
fn lists() -> Vec<Array2<f64>> {
    let pool = pool();
    let list = |site: usize| {
        let mut rows: Vec<usize> = (40 * site..40 * (site + 1)).collect();
        rows.sort_by(|&a, &b| pool[[b, 0]].total_cmp(&pool[[a, 0]]));
        pool.select(ndarray::Axis(0), &rows[..10])
    };
    (0..50).map(list).collect()
}

#[test]
fn what_sites_choose_by_is_found_once_the_place_is_corrected_for() {
    let lists = lists();
    let taste = Taste::Fixed(vec![1.5, 0.0, 3.0, 0.0]);
    let runs: Vec<_> = (0..N_RUNS)
        .filter_map(|seed| choose(&lists, &taste, 400, seed))
        .collect();
    assert_eq!(runs.len(), 20);
    let nearer = share(runs.iter().map(|run| run.distance < run.uncorrected));
    assert!(nearer >= 0.95, "{nearer}");
    let drawn: Vec<_> = (0..N_RUNS)
        .filter_map(|seed| choose(&lists, &Taste::Drawn, 200, seed))
        .collect();
    let covered = share(drawn.iter().flat_map(|run| run.covered.iter().copied()));
    assert!((0.8..=0.98).contains(&covered), "{covered}");
    let shares = drawn
        .iter()
        .flat_map(|run| run.shares_covered.iter().copied());
    let shares = share(shares);
    assert!((0.8..=0.99).contains(&shares), "{shares}");
}
