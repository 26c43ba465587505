//! How high historical partners stand in the lists of each other, beside simpler ways of ranking.
//!
//! How pairs were chosen is not what worked: a high figure says that the ranking agrees with whoever chose the pairs.

use chrono::NaiveDate;

use crate::domain::ids::{OdsCode, Revision};
use crate::domain::link::LinkKind;
use crate::domain::named_enum;
use crate::domain::programme::Weights;

/// The most pairs that are evaluated at once.
pub const MAX_PAIRS: usize = 1_000;
/// How often pairs are drawn anew for the intervals.
pub const RESAMPLES: usize = 2_000;
/// How much of the resamples the intervals hold.
pub const CONFIDENCE: f64 = 0.95;
/// The places within which a partner is looked for.
pub const WITHIN: [u32; 3] = [1, 3, 10];

/// Two organisations that were partners; the order says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoricalPair {
    /// The two, by the codes of their time.
    pub ends: (OdsCode, OdsCode),
    /// Where it was given: the line of a file, or the place in a list, from 1.
    pub at: u64,
    /// Whether the source says that it came about, be it that it ended early.
    pub is_confirmed: bool,
}

/// What to evaluate.
#[derive(Clone, Debug)]
pub struct EvaluationRequest {
    /// At most [`MAX_PAIRS`].
    pub pairs: Vec<HistoricalPair>,
    /// Links of these kinds count for nobody; links between two of a pair never do.
    pub exclude_kinds: Vec<LinkKind>,
    /// For every seeker; else those of its programme.
    pub weights: Option<Weights>,
    /// The day on which ages are counted.
    pub as_of: NaiveDate,
    /// Of the intervals.
    pub seed: u64,
}

named_enum!(
    /// A way of ranking candidates.
    Ranking, "a ranking" {
        /// The order of suggestions: by mutual fit.
        Alongside = "alongside",
        /// By mutual fit under the default weights: the same for each of the five criteria.
        EqualWeights = "equal_weights",
        /// The nearest first; those whose place is unknown last.
        Nearest = "nearest",
        /// Those with a vendor of the electronic patient record in common first.
        SameVendor = "same_vendor",
        /// By mutual fit of culture alone.
        CultureOnly = "culture_only",
        /// In no order: what chance gives, worked out exactly.
        Random = "random",
    }
);

/// A figure with the bounds of its interval; `low <= high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Of the pairs as they are.
    pub value: f64,
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// What one ranking reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankingFigures {
    /// Which.
    pub ranking: Ranking,
    /// The share of cases in which the partner is within the first 1, 3 and 10, `0..=1`.
    pub hit_rates: [Figure; WITHIN.len()],
    /// The mean of one over the partner's place, `0..=1`.
    pub mean_reciprocal_rank: Figure,
    /// The median of the partner's place, from 1.
    pub median_rank: Figure,
    /// The mean reciprocal rank of [`Ranking::Alongside`] less this one's, from the same resamples.
    pub alongside_ahead_by: Figure,
}

/// Why a pair is not among those evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// Nobody has this code.
    Unknown(OdsCode),
    /// It closed, and nobody is known to have taken over.
    Closed(OdsCode),
    /// Several took over from it.
    Split(OdsCode),
    /// The two are one organisation today, or one follows the other.
    One(OdsCode),
    /// The source says that it was only proposed.
    NotConfirmed,
    /// It is given before.
    Again,
    /// No weighted criterion can be asked of it.
    NothingApplies(OdsCode),
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(code) => write!(f, "nobody has the code {code}"),
            Self::Closed(code) => write!(f, "{code} closed, and no successor is known"),
            Self::Split(code) => write!(f, "several took over from {code}"),
            Self::One(code) => write!(f, "the two are one today: {code}"),
            Self::NotConfirmed => f.write_str("only proposed, says the source"),
            Self::Again => f.write_str("given before"),
            Self::NothingApplies(code) => write!(f, "no weighted criterion applies to {code}"),
        }
    }
}

/// One side of a pair as seeker: where its partner stands.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluatedCase {
    /// Who seeks.
    pub seeker: OdsCode,
    /// Who was its partner.
    pub partner: OdsCode,
    /// How many could be suggested.
    pub n_candidates: u32,
    /// The partner's place in each ranking, from 1; the middle of the places that equals share. In the order of [`Ranking::ALL`].
    pub ranks: Vec<f64>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The revision that it is of.
    pub revision: Revision,
    /// The day on which ages were counted.
    pub as_of: NaiveDate,
    /// Of the intervals.
    pub seed: u64,
    /// How many pairs were evaluated, each from both sides.
    pub n_pairs: u32,
    /// How many links were taken out for it.
    pub n_links_removed: u32,
    /// Of every ranking, in the order of [`Ranking::ALL`].
    pub figures: Vec<RankingFigures>,
    /// By pair; the two sides of one stand together.
    pub cases: Vec<EvaluatedCase>,
    /// The pairs that were left out, as given, and why.
    pub left_out: Vec<(HistoricalPair, LeftOut)>,
}

impl Evaluation {
    /// The honest reading, which belongs beside the figures.
    pub const READING: &'static str = "How pairs were chosen is not what worked: these figures say how far a ranking agrees with \
         whoever chose the pairs, and nothing of how the pairs fared. They rest on what is recorded today, and two that were paired may \
         share a system because they were.";
}
