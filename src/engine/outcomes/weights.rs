//! Weights made of coefficients: never negative, summing to 1, cautious while outcomes are few.

use super::draws::Draws;
use super::posterior::Posterior;
use crate::engine::newton::cholesky;

/// The number of outcomes at which learnt weights and prior weights count alike (DESIGN 7).
pub const SHRINK_OUTCOMES: f64 = 20.0;
/// Draws behind an interval: its ends are then the 100th draws from either end at a level of 90 %.
pub const INTERVAL_DRAWS: usize = 2_000;
/// The share of draws outside an interval of 90 % on either side.
const TAIL: f64 = 0.05;

/// One criterion's weight as learnt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearntWeight {
    /// What a ranking would use, in `0..=1`: shrunk toward the prior's.
    pub weight: f64,
    /// The lower end of the 90 % interval of the weight before shrinking, in `0..=1`.
    ///
    /// Shrinking is a caution in acting, not a belief, so `weight` may lie outside of an interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Returns `max(0, beta)` normalised, or `prior` where no coefficient is above 0 (DESIGN 7); sums to 1 where `prior` does.
#[must_use]
pub fn shares(coefficients: &[f64], prior: &[f64]) -> Vec<f64> {
    let total: f64 = coefficients.iter().map(|b| b.max(0.0)).sum();
    if total > 0.0 {
        coefficients.iter().map(|b| b.max(0.0) / total).collect()
    } else {
        prior.to_vec()
    }
}

/// Returns `n/(n + 20)` of `shares` and the rest of `prior` (DESIGN 7).
#[must_use]
pub fn shrunk(shares: &[f64], prior: &[f64], n_outcomes: usize) -> Vec<f64> {
    let n = n_outcomes as f64;
    let trust = n / (n + SHRINK_OUTCOMES);
    shares
        .iter()
        .zip(prior)
        .map(|(s, p)| trust * s + (1.0 - trust) * p)
        .collect()
}

/// Returns the weights of a posterior with their intervals, in the order of its coefficients.
///
/// `prior` are weights that sum to 1, one for each coefficient. The ends of an interval are quantiles of
/// [`INTERVAL_DRAWS`] draws from the posterior, each made into weights as the mode is.
#[must_use]
pub fn weights(
    posterior: &Posterior,
    prior: &[f64],
    n_outcomes: usize,
    seed: u64,
) -> Vec<LearntWeight> {
    let published = shrunk(&shares(&posterior.slopes(), prior), prior, n_outcomes);
    let learnt = |(weight, (low, high))| LearntWeight { weight, low, high };
    published
        .into_iter()
        .zip(intervals(posterior, prior, seed))
        .map(learnt)
        .collect()
}

/// Returns for each coefficient of a posterior but the first the 90 % interval of its share, before any shrinking; `fallback` stands in
/// where no coefficient is above 0.
#[must_use]
pub fn intervals(posterior: &Posterior, fallback: &[f64], seed: u64) -> Vec<(f64, f64)> {
    let mut drawn = drawn_shares(posterior, fallback, seed);
    let interval = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        (quantile(values, TAIL), quantile(values, 1.0 - TAIL))
    };
    drawn.iter_mut().map(interval).collect()
}

/// For each criterion its weights over the draws; nothing is drawn where the covariance is not positive definite.
fn drawn_shares(posterior: &Posterior, prior: &[f64], seed: u64) -> Vec<Vec<f64>> {
    let mut draws = Draws::seeded(seed);
    let n = posterior.mean.len();
    let mut drawn = vec![Vec::with_capacity(INTERVAL_DRAWS); n.saturating_sub(1)];
    let Some(lower) = cholesky(&posterior.covariance) else {
        return prior.iter().map(|&share| vec![share]).collect();
    };
    for _ in 0..INTERVAL_DRAWS {
        let noise: ndarray::Array1<f64> = (0..n).map(|_| draws.normal()).collect();
        let at = &posterior.mean + &lower.dot(&noise);
        let slopes: Vec<f64> = at.iter().skip(1).copied().collect();
        for (values, share) in drawn.iter_mut().zip(shares(&slopes, prior)) {
            values.push(share);
        }
    }
    drawn
}

/// The value at rank `ceil(q n)` of sorted values; 0 where there is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank of at most the number of draws"
)]
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::outcomes::posterior::{Prior, posterior};
    use ndarray::Array2;
    use proptest::prelude::*;

    #[test]
    fn negative_coefficients_count_nothing_and_the_prior_stands_in_for_none() {
        assert_eq!(
            shares(&[3.0, -1.0, 1.0], &[0.2, 0.4, 0.4]),
            [0.75, 0.0, 0.25]
        );
        assert_eq!(shares(&[-3.0, 0.0], &[0.4, 0.6]), [0.4, 0.6]);
    }

    #[test]
    fn twenty_outcomes_count_as_much_as_the_prior() {
        assert_eq!(shrunk(&[1.0, 0.0], &[0.5, 0.5], 20), [0.75, 0.25]);
        assert_eq!(shrunk(&[1.0, 0.0], &[0.5, 0.5], 0), [0.5, 0.5]);
    }

    proptest! {
        #[test]
        fn weights_sum_to_one_and_intervals_are_ordered(
            rows in prop::collection::vec((prop::array::uniform3(0.0_f64..=1.0), any::<bool>()), 2..30), seed in any::<u64>(),
        ) {
            let prior = [0.2, 0.3, 0.5];
            let x = Array2::from_shape_fn((rows.len(), 3), |(i, k)| rows[i].0[k]);
            let y: Vec<bool> = rows.iter().map(|row| row.1).collect();
            if let Ok(fit) = posterior(x.view(), &y, &Prior::of_shares(&prior)) {
                let learnt = weights(&fit, &prior, y.len(), seed);
                prop_assert!((learnt.iter().map(|w| w.weight).sum::<f64>() - 1.0).abs() < 1e-12);
                for w in &learnt {
                    prop_assert!(0.0 <= w.low && w.low <= w.high && w.high <= 1.0, "{:?}", w);
                }
                prop_assert_eq!(learnt, weights(&fit, &prior, y.len(), seed));
            }
        }
    }
}
