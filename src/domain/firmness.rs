//! How firm a rank is: in how many of many plausible weightings it holds (DESIGN 4.9).

use crate::domain::ids::{MalformedId, OdsCode};
use crate::domain::named_enum;
use crate::domain::programme::Criterion;

/// How often weights and unknown scores are drawn, `0..=100_000`; 0 leaves firmness out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Draws(u32);

impl Draws {
    /// The most.
    pub const MAX: u32 = 100_000;
    /// The most for which tables are made, whose time grows with the square of the candidates.
    pub const MAX_OF_TABLES: u32 = 20_000;
    /// What is drawn unless told otherwise (DESIGN 4.9): a share is then known to within 0.022 with 95 %.
    pub const DEFAULT: Self = Self(2_000);
    /// None.
    pub const NONE: Self = Self(0);

    /// Accepts `0..=100_000`.
    ///
    /// # Errors
    ///
    /// [`MalformedId`] for anything else.
    pub fn new(draws: i64) -> Result<Self, MalformedId> {
        match u32::try_from(draws) {
            Ok(draws) if draws <= Self::MAX => Ok(Self(draws)),
            Ok(_) | Err(_) => Err(MalformedId("draws are a whole number from 0 to 100000")),
        }
    }

    /// The number.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0
    }
}

named_enum!(
    /// How weights are drawn.
    WeightDraws, "a way to draw weights" {
        /// From a Dirichlet distribution around the weights in use.
        Around = "around",
        /// Uniformly over all weights of the criteria in use.
        Uniform = "uniform",
    }
);

named_enum!(
    /// How a score that is not known is drawn from its interval.
    ScoreDraws, "a way to draw scores" {
        /// From the triangular distribution whose mode is the expected score.
        Triangular = "triangular",
        /// Uniformly.
        Uniform = "uniform",
    }
);

/// What to find out about the firmness of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirmnessRequest {
    /// How often.
    pub draws: Draws,
    /// Of the random numbers: the same seed gives the same shares.
    pub seed: u64,
    /// How weights are drawn.
    pub weights: WeightDraws,
    /// How unknown scores are drawn.
    pub scores: ScoreDraws,
    /// Whether the tables of [`FirmnessTables`] are wanted.
    pub tables: bool,
}

impl FirmnessRequest {
    /// The seed unless told otherwise.
    pub const SEED: u64 = 1;

    /// So many draws, and otherwise what holds unless told.
    #[must_use]
    pub const fn of(draws: Draws) -> Self {
        Self {
            draws,
            seed: Self::SEED,
            weights: WeightDraws::Around,
            scores: ScoreDraws::Triangular,
            tables: false,
        }
    }
}

/// In how many draws a candidate comes out on top; shares in `0..=1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Firmness {
    /// It is first.
    pub first: f64,
    /// It is among the first three.
    pub top_three: f64,
}

/// Everything that is counted, for the candidates that are compared, in the order of their ranks.
#[derive(Clone, Debug, PartialEq)]
pub struct FirmnessTables {
    /// The candidates.
    pub candidates: Vec<CandidateTable>,
    /// How many of all candidates were compared: the best, where there are more than [`MAX_COMPARED`].
    pub n_candidates: usize,
}

/// The most candidates that are compared with each other; further ones are far from the top.
pub const MAX_COMPARED: usize = 256;

/// What is counted for one candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateTable {
    /// Who.
    pub ods_code: OdsCode,
    /// The share of draws in which it has each rank, from 1: the rank acceptability indices. They add up to 1, and so do those of
    /// all candidates at one rank.
    pub rank_shares: Vec<f64>,
    /// The share of draws in which it stands before each candidate, in their order; 0 for itself: the pairwise winning indices.
    pub wins: Vec<f64>,
    /// The mean of the weights with which it is first; `None` where it never is: its central weights.
    pub central_weights: Option<Vec<(Criterion, f64)>>,
    /// The share of draws of the scores alone in which it is first under its central weights; `None` where it has none: its
    /// confidence factor.
    pub confidence: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_none_to_a_hundred_thousand() {
        assert_eq!(Draws::new(0), Ok(Draws::NONE));
        assert_eq!(Draws::new(2_000), Ok(Draws::DEFAULT));
        assert_eq!(Draws::new(100_000).map(Draws::count), Ok(100_000));
        assert!(Draws::new(100_001).is_err() && Draws::new(-1).is_err());
    }
}
