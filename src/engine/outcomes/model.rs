//! A model: everything that is learnt from some outcomes at once, from which an admin decides.

use super::calibration::{Bin, calibration};
use super::findings::{Findings, findings};
use super::held_out::{Comparison, Given, Outcomes, compare_with};
use super::posterior::{Posterior, Prior, Unlearnable, posterior};
use super::weights::{LearntWeight, weights};

/// Folds of the comparison on held-out outcomes.
pub const N_FOLDS: usize = 5;

/// What some outcomes teach.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The coefficients and their spread: the intercept first.
    pub posterior: Posterior,
    /// The weights that a ranking would use, with their intervals, in the order of the criteria.
    pub weights: Vec<LearntWeight>,
    /// How the learnt weights do on held-out outcomes against the prior's: the gate.
    pub held_out: Comparison,
    /// Whether the held-out probabilities come true.
    pub calibration: Vec<Bin>,
    /// What the outcomes cannot tell apart.
    pub findings: Findings,
}

/// Learns from outcomes under the prior of given weights. The same outcomes in the same order and the same seed give the same model.
///
/// # Errors
///
/// [`Unlearnable`], as [`compare_with`]; fewer pairs of sites than [`N_FOLDS`] are too few.
pub fn learn(outcomes: Outcomes<'_>, given: Given<'_>, seed: u64) -> Result<Model, Unlearnable> {
    let held_out = compare_with(outcomes, given, N_FOLDS, seed)?;
    let prior = given.prior;
    let fit = posterior(
        outcomes.scores,
        outcomes.successes,
        &Prior::of_shares(prior),
    )?;
    Ok(Model {
        weights: weights(&fit, prior, outcomes.successes.len(), seed),
        calibration: calibration(&held_out.probabilities, outcomes.successes),
        findings: findings(outcomes.scores),
        posterior: fit,
        held_out,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::outcomes::draws::Draws;
    use ndarray::Array2;

    /// `n` outcomes of uniform scores, of which the first criterion alone decides; every tenth goes the other way.
    fn drawn(n: u32) -> (Array2<f64>, Vec<bool>, Vec<u32>) {
        let mut draws = Draws::seeded(7);
        let x = Array2::from_shape_simple_fn((n as usize, 3), || draws.uniform());
        let y = (0..n)
            .map(|i| (x[[i as usize, 0]] > 0.5) != (i % 10 == 0))
            .collect();
        (x, y, (0..n).collect())
    }

    fn learnt(
        x: &Array2<f64>,
        y: &[bool],
        pairs: &[u32],
        prior: &[f64],
    ) -> Result<Model, Unlearnable> {
        let outcomes = Outcomes {
            scores: x.view(),
            successes: y,
            pairs,
        };
        learn(outcomes, Given::both(prior), 1)
    }

    fn is_finite(model: &Model) -> bool {
        let posterior = model
            .posterior
            .mean
            .iter()
            .chain(&model.posterior.covariance);
        let weights = model
            .weights
            .iter()
            .flat_map(|w| [&w.weight, &w.low, &w.high]);
        let held_out = &model.held_out;
        let figures = [
            held_out.learnt,
            held_out.prior,
            held_out.standard_error,
            held_out.brier,
        ];
        let mut all = posterior.chain(weights).chain(&figures);
        all.all(|number| number.is_finite())
    }

    #[test]
    fn what_decides_is_found_and_the_same_seed_gives_the_same() {
        let (x, y, pairs) = drawn(300);
        let prior = [0.2, 0.4, 0.4];
        let model = learnt(&x, &y, &pairs, &prior).unwrap();
        assert!(is_finite(&model) && model.held_out.passes());
        assert!(model.weights[0].weight > 0.7 && model.weights[0].low > 0.5);
        assert_eq!(model, learnt(&x, &y, &pairs, &prior).unwrap());
    }

    #[test]
    fn constant_and_collinear_criteria_are_named_and_harm_nothing() {
        let (mut x, y, pairs) = drawn(100);
        let first = x.column(0).to_owned();
        x.column_mut(1).assign(&first);
        x.column_mut(2).fill(0.5);
        let model = learnt(&x, &y, &pairs, &[0.3, 0.3, 0.4]).unwrap();
        assert_eq!(
            (
                model.findings.constant.as_slice(),
                model.findings.collinear.as_slice()
            ),
            (&[2][..], &[(0, 1)][..])
        );
        assert!(is_finite(&model));
    }

    #[test]
    fn weights_at_a_corner_stay_weights() {
        let (x, y, pairs) = drawn(100);
        for prior in [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]] {
            let model = learnt(&x, &y, &pairs, &prior).unwrap();
            let sum: f64 = model.weights.iter().map(|w| w.weight).sum();
            assert!(is_finite(&model) && (sum - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn too_few_outcomes_and_one_class_say_so() {
        let (x, y, pairs) = drawn(4);
        assert_eq!(
            learnt(&x, &y, &pairs, &[0.2, 0.4, 0.4]),
            Err(Unlearnable::TooFew)
        );
        let (x, y, pairs) = drawn(1);
        assert_eq!(
            learnt(&x, &y, &pairs, &[0.2, 0.4, 0.4]),
            Err(Unlearnable::TooFew)
        );
        let (x, y, pairs) = drawn(50);
        let all = vec![true; y.len()];
        assert_eq!(
            learnt(&x, &all, &pairs, &[0.2, 0.4, 0.4]),
            Err(Unlearnable::OneClass)
        );
    }
}
