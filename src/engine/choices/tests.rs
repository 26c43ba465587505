use ndarray::{Array2, array};
use proptest::prelude::*;

use super::held_out::compare;
use super::*;
use crate::engine::outcomes::draws::Draws;

/// The ranks of a list of which nobody is left out.
fn ranks(n_shown: usize) -> Vec<usize> {
    (1..=n_shown).collect()
}

/// Choices of forty sites, from lists of `n_shown`, by coefficients of `truth`, `eta` first, ordered by `order`.
fn drawn(n: u32, truth: &[f64], order: &[f64], n_shown: usize) -> Choices {
    let mut draws = Draws::seeded(11);
    let mut choices = Choices::of_criteria(truth.len() - 1);
    for number in 0..n {
        let shape = (4 * n_shown, truth.len() - 1);
        let all = Array2::from_shape_simple_fn(shape, || draws.uniform());
        let value = |row: &usize| -> f64 {
            let scores = all.row(*row);
            -scores.iter().zip(order).map(|(s, w)| s * w).sum::<f64>()
        };
        let mut rows: Vec<usize> = (0..all.nrows()).collect();
        rows.sort_by(|a, b| value(a).total_cmp(&value(b)));
        let shown = all.select(Axis(0), &rows[..n_shown]);
        let weight = |at: usize| -> f64 {
            let scores = shown.row(at);
            let fit: f64 = scores.iter().zip(&truth[1..]).map(|(s, b)| s * b).sum();
            ((at + 1) as f64).powf(-truth[0]) * fit.exp()
        };
        let weights: Vec<f64> = (0..n_shown).map(weight).collect();
        let mut left = draws.uniform() * weights.iter().sum::<f64>();
        let chosen = weights.iter().position(|w| {
            left -= w;
            left < 0.0
        });
        let site = number % 40;
        choices
            .push(site, (shown.view(), &ranks(n_shown)), chosen.unwrap_or(0))
            .unwrap();
    }
    choices
}

#[test]
fn known_coefficients_are_found_and_ignoring_the_place_misleads() {
    // Sites want the third; the list is ordered by the first.
    let truth = [1.0, 0.0, 0.5, 3.0];
    let choices = drawn(2_000, &truth, &[1.0, 0.1, 0.1], 10);
    let fit = posterior(&choices, Places::Count).unwrap();
    for (at, truth) in truth.iter().enumerate() {
        let found = fit.coefficient(at);
        let off = (found.mean - truth).abs() / found.standard_deviation;
        assert!(off < 3.0, "{at}: {found:?}");
    }
    let placeless = posterior(&choices, Places::AreIgnored).unwrap();
    let [with, without] = [&fit, &placeless].map(|fit| fit.coefficient(1));
    assert!(
        without.mean > with.mean + 3.0 * without.standard_deviation,
        "{with:?} {without:?}"
    );
    assert!((placeless.coefficient(0).mean - PLACE_MEAN).abs() < 1e-9);
}

#[test]
fn of_two_the_model_is_a_logistic_regression_of_their_difference() {
    use crate::engine::outcomes::posterior::{Prior, posterior as logistic};
    // With equal places nothing but the difference of the scores is left; the intercept of the regression is a column of zeros.
    let lists = [
        (array![[0.9, 0.1], [0.2, 0.4]], 0),
        (array![[0.3, 0.6], [0.5, 0.5]], 1),
        (array![[0.8, 0.3], [0.1, 0.9]], 1),
        (array![[0.7, 0.7], [0.6, 0.2]], 0),
    ];
    let mut choices = Choices::of_criteria(2);
    let (mut differences, mut first) = (Vec::new(), Vec::new());
    for (scores, chosen) in &lists {
        choices
            .push(0, (scores.view(), &ranks(2)), *chosen)
            .unwrap();
        differences.extend(&scores.row(0) - &scores.row(1));
        first.push(*chosen == 0);
    }
    let x = Array2::from_shape_vec((lists.len(), 2), differences).unwrap();
    let ours = posterior(&choices, Places::AreIgnored).unwrap();
    // Twice the rows mirrored: the intercept of the regression is then 0 by symmetry, and the prior counts for both halves.
    let mirrored = ndarray::concatenate![Axis(0), x, -x.clone()];
    let answers: Vec<bool> = first
        .iter()
        .copied()
        .chain(first.iter().map(|y| !y))
        .collect();
    let theirs = logistic(mirrored.view(), &answers, &Prior::around_zero(2)).unwrap();
    assert!(theirs.mean[0].abs() < 1e-9);
    // The mirrored half doubles the likelihood: so do the choices, given twice.
    let mut twice = choices.clone();
    for (scores, chosen) in &lists {
        twice.push(0, (scores.view(), &ranks(2)), *chosen).unwrap();
    }
    let ours_twice = posterior(&twice, Places::AreIgnored).unwrap();
    for at in 1..=2 {
        assert!((ours_twice.mean[at] - theirs.mean[at]).abs() < 1e-9);
        assert!(ours_twice.mean[at].abs() > ours.mean[at].abs());
    }
}

#[test]
fn places_alone_foretell_what_is_taken_by_place_alone() {
    let by_place = drawn(800, &[1.5, 0.0, 0.0], &[1.0, 1.0], 8);
    let losses = compare(&by_place, 1).unwrap();
    assert!(losses.places < losses.chance - 0.2, "{losses:?}");
    assert!(losses.gain < 2.0 * losses.standard_error, "{losses:?}");
    let by_score = drawn(800, &[1.0, 4.0, 0.0], &[0.1, 1.0], 8);
    let losses = compare(&by_score, 1).unwrap();
    assert!(losses.gain > 4.0 * losses.standard_error, "{losses:?}");
    assert_eq!(losses, compare(&by_score, 1).unwrap());
}

#[test]
fn what_cannot_be_learnt_from_says_why() {
    let mut choices = Choices::of_criteria(1);
    let scores = array![[0.1], [0.2]];
    assert_eq!(
        choices.push(0, (scores.view(), &ranks(2)), 2),
        Err(Unlearnable::Shape)
    );
    let wide = array![[0.1, 0.2]];
    assert_eq!(
        choices.push(0, (wide.view(), &ranks(1)), 0),
        Err(Unlearnable::Shape)
    );
    let bad = array![[f64::NAN]];
    assert_eq!(
        choices.push(0, (bad.view(), &ranks(1)), 0),
        Err(Unlearnable::NotFinite)
    );
    choices.push(0, (scores.view(), &ranks(2)), 1).unwrap();
    assert_eq!(posterior(&choices, Places::Count), Err(Unlearnable::TooFew));
    choices.push(1, (scores.view(), &ranks(2)), 1).unwrap();
    assert!(posterior(&choices, Places::Count).is_ok());
    assert_eq!(compare(&choices, 1), Err(Unlearnable::TooFew));
}

proptest! {
    #[test]
    fn whatever_is_chosen_all_figures_are_finite(
        lists in prop::collection::vec(
            (prop::collection::vec(prop::array::uniform2(0.0_f64..=1.0), 1..12), any::<prop::sample::Index>()), 5..30),
        seed in any::<u64>(),
    ) {
        let mut choices = Choices::of_criteria(2);
        for (site, (rows, chosen)) in (0..).zip(&lists) {
            let scores = Array2::from_shape_fn((rows.len(), 2), |(row, k)| rows[row][k]);
            choices.push(site % 6, (scores.view(), &ranks(rows.len())), chosen.index(rows.len())).unwrap();
        }
        let fit = posterior(&choices, Places::Count).unwrap();
        prop_assert!(fit.mean.iter().chain(&fit.covariance).all(|v| v.is_finite()));
        let losses = compare(&choices, seed).unwrap();
        let all = [losses.chance, losses.places, losses.scores, losses.gain, losses.standard_error];
        prop_assert!(all.iter().all(|v| v.is_finite()) && losses.scores >= 0.0);
        let p = choices.probabilities(&fit.mean);
        prop_assert!((p.sum() - choices.count() as f64).abs() < 1e-9);
    }
}
