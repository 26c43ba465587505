//! Programmes and the weights they give the criteria.

use crate::domain::ids::Slug;
use crate::domain::named_enum;

named_enum!(
    /// A named part of a fit.
    Criterion, "a criterion" {
        /// How far the two run the same core systems.
        CoreSystem = "core_system",
        /// How near they are, in km and in boards.
        Geography = "geography",
        /// How alike the care is that they give.
        CareSetting = "care_setting",
        /// How alike they are in context and ethos.
        Culture = "culture",
        /// What they have had to do with each other.
        PriorRelationships = "prior_relationships",
        /// What one seeks and the other can show.
        Learning = "learning",
    }
);

impl Criterion {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The criterion's place in [`Criterion::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The criterion in a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::CoreSystem => "core systems",
            Self::Geography => "geography",
            Self::CareSetting => "care setting",
            Self::Culture => "culture",
            Self::PriorRelationships => "prior relationships",
            Self::Learning => "learning",
        }
    }
}

/// How much each criterion counts: finite, not negative, not all zero. Stored as given, compared by ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights([f64; Criterion::COUNT]);

/// Why numbers are no weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImpossibleWeights {
    /// One is negative, not a number or too large.
    #[error("a weight is a number from 0 to 1000000")]
    OutOfRange(Criterion),
    /// All are zero.
    #[error("at least one weight must be above 0")]
    AllZero,
}

/// The largest weight a request may give; only ratios matter, so any bound that keeps sums finite will do.
pub const MAX_WEIGHT: f64 = 1e6;

impl Weights {
    /// The default of DESIGN 4.8: equal, 0.2 each (Dawes 1979, *American Psychologist* 34:571).
    pub const EQUAL: Self = Self([0.2; Criterion::COUNT]);

    /// Accepts one weight for each criterion, in the order of [`Criterion::ALL`].
    ///
    /// # Errors
    ///
    /// [`ImpossibleWeights`] where one is outside `0..=MAX_WEIGHT` or none is above 0.
    pub fn new(weights: [f64; Criterion::COUNT]) -> Result<Self, ImpossibleWeights> {
        for (&criterion, weight) in Criterion::ALL.iter().zip(weights) {
            if !(0.0..=MAX_WEIGHT).contains(&weight) {
                return Err(ImpossibleWeights::OutOfRange(criterion));
            }
        }
        if weights.iter().sum::<f64>() <= 0.0 {
            return Err(ImpossibleWeights::AllZero);
        }
        Ok(Self(weights))
    }

    /// The weight of one criterion as given.
    #[must_use]
    pub const fn of(self, criterion: Criterion) -> f64 {
        self.0[criterion.index()]
    }

    /// The weights of those criteria for which `applies` holds, summing to 1, 0 for the others; `None` where no
    /// weighted criterion applies.
    #[must_use]
    pub fn over(self, applies: impl Fn(Criterion) -> bool) -> Option<[f64; Criterion::COUNT]> {
        let mut shares = [0.0; Criterion::COUNT];
        for &criterion in Criterion::ALL {
            if applies(criterion) {
                shares[criterion.index()] = self.of(criterion);
            }
        }
        let sum: f64 = shares.iter().sum();
        (sum > 0.0).then(|| shares.map(|w| w / sum))
    }
}

/// A programme: who set its weights and under what name.
#[derive(Clone, Debug, PartialEq)]
pub struct Programme {
    /// Its name in addresses.
    pub slug: Slug,
    /// What it is called.
    pub name: String,
    /// What its members' suggestions weigh unless they say otherwise.
    pub weights: Weights,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_mean_nothing_are_refused() {
        let with = |w: f64| Weights::new([w, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(with(0.0), Err(ImpossibleWeights::AllZero));
        for bad in [-0.1, f64::NAN, f64::INFINITY, 1e7] {
            assert_eq!(
                with(bad),
                Err(ImpossibleWeights::OutOfRange(Criterion::CoreSystem))
            );
        }
        assert!(with(1e-300).is_ok());
    }

    #[test]
    fn what_does_not_apply_is_spread_in_proportion() {
        let weights = Weights::new([0.4, 0.3, 0.2, 0.1, 0.0, 0.0]).unwrap();
        let shares = weights.over(|c| c != Criterion::CoreSystem).unwrap();
        let expected = [0.0, 0.5, 1.0 / 3.0, 1.0 / 6.0, 0.0, 0.0];
        for (share, expected) in shares.iter().zip(expected) {
            assert!((share - expected).abs() < 1e-15);
        }
        assert_eq!(weights.over(|c| c == Criterion::Learning), None);
    }
}
