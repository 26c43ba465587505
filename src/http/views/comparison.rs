//! Candidates side by side.

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::programme::Criterion;
use crate::domain::suggestion::{PairAnswer, Suggestion};
use crate::http::views::numbers::{IntervalView, Share};
use crate::http::views::suggestion::{MethodUsedView, SeekerView, SuggestionView};
use crate::http::views::text::{Code, CriterionName};

/// Candidates side by side.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Comparison)]
pub(crate) struct ComparisonView {
    seeker: SeekerView,
    /// The number of the last write that the answer saw.
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    /// When the answer was made.
    generated_at: DateTime<Utc>,
    method: MethodUsedView,
    /// The candidates in full, in the order asked.
    #[schema(max_items = 5)]
    candidates: Vec<SuggestionView>,
    /// The same by criterion: one row each, one cell for each candidate.
    #[schema(max_items = 6)]
    matrix: Vec<ComparisonRow>,
}

/// One criterion across the candidates.
#[derive(Serialize, ToSchema)]
#[schema(as = ComparisonRow)]
struct ComparisonRow {
    criterion: CriterionName,
    /// Its share of the seeker's fit.
    weight: Share,
    /// One for each candidate, in the order asked.
    #[schema(max_items = 5)]
    cells: Vec<ComparisonCell>,
}

/// What one candidate scores on one criterion.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ComparisonCell {
    ods_code: Code,
    /// The seeker's score; null where the criterion cannot be asked of the seeker.
    #[schema(required)]
    score: Option<IntervalView>,
    /// `weight` times the expected score.
    contribution: Share,
    /// The candidate's score of the seeker; null where the criterion cannot be asked of the candidate.
    #[schema(required)]
    their_score: Option<IntervalView>,
}

impl ComparisonView {
    pub(crate) fn new(answer: PairAnswer, generated_at: DateTime<Utc>) -> Self {
        let matrix = Criterion::ALL
            .iter()
            .filter_map(|&criterion| row(criterion, &answer.candidates))
            .collect();
        Self {
            seeker: answer.seeker.into(),
            revision: answer.revision.0,
            as_of: answer.as_of,
            generated_at: generated_at.trunc_subsecs(0),
            method: answer.method.into(),
            candidates: answer.candidates.into_iter().map(Into::into).collect(),
            matrix,
        }
    }
}

/// `None` where no candidate was scored on the criterion.
fn row(criterion: Criterion, candidates: &[Suggestion]) -> Option<ComparisonRow> {
    let mut weight = None;
    let mut cells = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        if let Some(score) = candidate
            .criteria
            .iter()
            .find(|score| score.criterion == criterion)
        {
            weight = weight.or(Some(Share(score.weight)));
            cells.push(ComparisonCell {
                ods_code: Code(candidate.organisation.ods_code),
                score: score.score.map(Into::into),
                contribution: Share(score.contribution),
                their_score: score.their_score.map(Into::into),
            });
        }
    }
    weight.map(|weight| ComparisonRow {
        criterion: CriterionName(criterion),
        weight,
        cells,
    })
}
