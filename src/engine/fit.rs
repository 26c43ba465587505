//! Weighted sums of scores, and the reciprocal value of two of them (DESIGN 4.1 and 4.8).

use crate::domain::interval::Interval;
use crate::domain::programme::Criterion;

/// Which criteria can be asked of an organisation as seeker: one bit each, in the order of [`Criterion::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Applicable(u8);

impl Applicable {
    /// The same with one more.
    #[must_use]
    pub const fn with(self, criterion: Criterion) -> Self {
        Self(self.0 | 1 << criterion.index())
    }

    /// Whether the criterion is among them.
    #[must_use]
    pub const fn contains(self, criterion: Criterion) -> bool {
        self.0 & (1 << criterion.index()) != 0
    }
}

/// One number for each criterion, in the order of [`Criterion::ALL`].
pub type PerCriterion = [f64; Criterion::COUNT];

/// The weights of some organisations over the criteria that can be asked of them: shares that sum to 1, 0 for a criterion that
/// cannot be asked; `None` where no weighted one can.
pub type Shares = Option<PerCriterion>;

/// `sum of w_k s_k`, always added in the same order, so that both sides of a pair get the same bits.
#[must_use]
pub fn weighted_sum(shares: &PerCriterion, scores: &PerCriterion) -> f64 {
    shares
        .iter()
        .zip(scores)
        .fold(0.0, |sum, (w, s)| sum + w * s)
}

/// The fit: the weighted sum of scores for low, expected and high alike; a criterion that does not apply has share 0.
#[must_use]
pub fn fit(shares: &PerCriterion, scores: &[Option<Interval>; Criterion::COUNT]) -> Interval {
    let part = |f: fn(Interval) -> f64| weighted_sum(shares, &scores.map(|s| s.map_or(0.0, f)));
    Interval::new(
        part(Interval::low),
        part(Interval::expected),
        part(Interval::high),
    )
}

/// The harmonic mean `2 / (1/p + 1/q)` of two fits in `0..=1`, 0 where either is 0.
///
/// # References
///
/// DESIGN 4.8. The harmonic mean lies between the smaller and the geometric mean, so a pair counts for little where either
/// side gets little.
#[must_use]
pub fn harmonic_mean(p: f64, q: f64) -> f64 {
    if p <= 0.0 || q <= 0.0 {
        0.0
    } else {
        2.0 * (p * q) / (p + q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::programme::Weights;
    use proptest::prelude::*;

    /// Rounding of a handful of operations on numbers of size 1.
    const ROUNDING: f64 = 1e-12;

    #[test]
    fn the_interval_vector_of_the_design_holds() {
        // DESIGN 11: w = (.4, .3, .2, .1), s = (1, .75, unknown, .4): low .665, high .865.
        let weights = Weights::new([0.4, 0.3, 0.2, 0.1, 0.0, 0.0]).unwrap();
        let shares = weights.over(|_| true).unwrap();
        let s = |x| Some(Interval::exactly(x));
        let fit = fit(
            &shares,
            &[
                s(1.0),
                s(0.75),
                Some(Interval::unknown(0.5)),
                s(0.4),
                None,
                None,
            ],
        );
        assert!((fit.low() - 0.665).abs() < ROUNDING);
        assert!((fit.high() - 0.865).abs() < ROUNDING);
    }

    #[test]
    fn the_harmonic_vectors_of_the_design_hold() {
        // DESIGN 11: 5/12 and 1/2 give 5/11; .9 and .1 give .18.
        assert!((harmonic_mean(5.0 / 12.0, 0.5) - 5.0 / 11.0).abs() < ROUNDING);
        assert!((harmonic_mean(0.9, 0.1) - 0.18).abs() < ROUNDING);
        assert!(
            harmonic_mean(0.0, 1.0).abs() < ROUNDING && harmonic_mean(0.0, 0.0).abs() < ROUNDING
        );
    }

    proptest! {
        #[test]
        fn the_harmonic_mean_lies_between_the_smaller_and_the_geometric(p in 0.0..=1.0_f64, q in 0.0..=1.0_f64) {
            let r = harmonic_mean(p, q);
            prop_assert_eq!(r.to_bits(), harmonic_mean(q, p).to_bits());
            prop_assert!(p.min(q) - ROUNDING <= r);
            prop_assert!(r <= (p * q).sqrt() + ROUNDING);
            prop_assert!((p * q).sqrt() <= f64::midpoint(p, q) + ROUNDING);
        }

        #[test]
        fn the_harmonic_mean_never_falls_when_a_side_rises(p in 0.0..=1.0_f64, q in 0.0..=1.0_f64, up in 0.0..=1.0_f64) {
            prop_assert!(harmonic_mean(p, q) <= harmonic_mean(p + (1.0 - p) * up, q) + ROUNDING);
        }
    }
}
