//! Outcomes: partnerships of which both sides said how they go.

use chrono::{DateTime, Utc};

use crate::domain::approach::Seen;
use crate::domain::ids::OdsCode;
use crate::domain::partnership::Usefulness;
use crate::domain::programme::Criterion;

/// From this usefulness on a side calls a partnership a success (DESIGN 7).
pub const SUCCESS_FROM: u8 = 4;

/// A partnership with a check-in from both sides, and what its sites scored when the one approached the other.
#[derive(Clone, Debug, PartialEq)]
pub struct PartnershipOutcome {
    /// Of which partnership.
    pub partnership_id: String,
    /// Between whom, the code that orders first first.
    pub between: (OdsCode, OdsCode),
    /// When the later of the two last check-ins was made.
    pub known_at: DateTime<Utc>,
    /// Whether both called it useful enough in the last check-in of each.
    pub is_success: bool,
    /// The expected score of each criterion, in the order of [`Criterion::ALL`]: that of the one who approached, which is what was
    /// stored; `None` where the criterion did not apply to it.
    pub scores: [Option<f64>; Criterion::COUNT],
    /// The version of the formulas that they were made by.
    pub method_version: String,
}

impl PartnershipOutcome {
    /// The scores of some criteria, each in `0..=1`: one that did not apply has the mean, by `weights`, of those that did, which is
    /// what spreading its weight over them comes to (DESIGN 4.1). `None` where no criterion of positive weight applied.
    #[must_use]
    pub fn filled(&self, weights: &[f64; Criterion::COUNT]) -> Option<[f64; Criterion::COUNT]> {
        let applied = || {
            self.scores
                .iter()
                .zip(weights)
                .filter_map(|(s, w)| Some((s.as_ref()?, w)))
        };
        let total: f64 = applied().map(|(_, weight)| weight).sum();
        let sum: f64 = applied().map(|(score, weight)| score * weight).sum();
        (total > 0.0).then(|| self.scores.map(|score| score.unwrap_or(sum / total)))
    }
}

/// Whether two sides call a partnership a success: both found it useful from [`SUCCESS_FROM`] on.
#[must_use]
pub fn is_success(sides: [Usefulness; 2]) -> bool {
    sides.iter().all(|side| side.get() >= SUCCESS_FROM)
}

/// The scores under the programme's weights that were stored with an approach.
#[must_use]
pub fn scores_seen(seen: &Seen) -> [Option<f64>; Criterion::COUNT] {
    let mut scores = [None; Criterion::COUNT];
    for of in &seen.programme.criteria {
        scores[of.criterion.index()] = Some(of.score.expected());
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(scores: [Option<f64>; Criterion::COUNT]) -> PartnershipOutcome {
        PartnershipOutcome {
            partnership_id: "one".to_owned(),
            between: (OdsCode::new("RHW").unwrap(), OdsCode::new("RTH").unwrap()),
            known_at: DateTime::UNIX_EPOCH,
            is_success: true,
            scores,
            method_version: "1".to_owned(),
        }
    }

    #[test]
    fn both_sides_make_a_success() {
        let of = |a, b| is_success([a, b].map(|n| Usefulness::new(n).unwrap()));
        assert!(of(4, 5) && of(4, 4));
        assert!(!of(3, 5) && !of(5, 3) && !of(1, 1));
    }

    #[test]
    fn what_did_not_apply_counts_as_its_weight_spread_over_the_others() {
        let outcome = with([Some(1.0), Some(0.5), None, Some(0.0), Some(0.0), None]);
        let weights = [0.4, 0.2, 0.2, 0.1, 0.1, 0.0];
        let filled = outcome.filled(&weights).unwrap();
        assert!((filled[2] - 0.625).abs() < 1e-12);
        let fit: f64 = filled.iter().zip(weights).map(|(s, w)| s * w).sum();
        // 0.5 of 0.8, its weights normalised.
        assert!((fit - 0.625).abs() < 1e-12);
    }

    #[test]
    fn without_a_weighted_criterion_there_are_no_scores() {
        let outcome = with([None, None, None, None, None, Some(0.7)]);
        assert_eq!(outcome.filled(&[0.2, 0.2, 0.2, 0.2, 0.2, 0.0]), None);
    }
}
