//! How firm ranks are.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::firmness::{CandidateTable, Firmness, FirmnessTables};
use crate::http::views::numbers::Share;
use crate::http::views::text::Code;
use crate::http::views::weights::WeightShares;

/// How firm a candidate's place is: in which share of the draws it comes out on top.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Firmness)]
pub(crate) struct FirmnessView {
    /// It is first.
    first: Share,
    /// It is among the first three.
    top_three: Share,
}

impl From<Firmness> for FirmnessView {
    fn from(firmness: Firmness) -> Self {
        Self {
            first: Share(firmness.first),
            top_three: Share(firmness.top_three),
        }
    }
}

/// What was counted of all draws, for the candidates that were compared, by rank.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FirmnessTables)]
pub(crate) struct FirmnessTablesView {
    /// How many candidates there were; the best 256 of them were compared.
    candidate_count: usize,
    /// Those that were compared, by rank.
    #[schema(max_items = 256)]
    candidates: Vec<CandidateTableView>,
}

impl From<FirmnessTables> for FirmnessTablesView {
    fn from(tables: FirmnessTables) -> Self {
        Self {
            candidate_count: tables.n_candidates,
            candidates: tables.candidates.into_iter().map(Into::into).collect(),
        }
    }
}

/// What was counted for one candidate.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FirmnessTable)]
struct CandidateTableView {
    ods_code: Code,
    /// The share of draws in which it has each rank, from 1 (rank acceptability).
    #[schema(max_items = 256)]
    rank_shares: Vec<Share>,
    /// The share of draws in which it stands before each of `candidates`, in their order; 0 for itself (pairwise winning index).
    #[schema(max_items = 256)]
    wins: Vec<Share>,
    /// The mean of the weights with which it is first; null where it never is (central weights).
    #[schema(required)]
    central_weights: Option<WeightShares>,
    /// The share of draws of the scores alone in which it is first under its central weights; null where it has none (confidence
    /// factor).
    #[schema(required)]
    confidence: Option<Share>,
}

impl From<CandidateTable> for CandidateTableView {
    fn from(table: CandidateTable) -> Self {
        let shares = |shares: Vec<f64>| shares.into_iter().map(Share).collect();
        Self {
            ods_code: Code(table.ods_code),
            rank_shares: shares(table.rank_shares),
            wins: shares(table.wins),
            central_weights: table.central_weights.map(WeightShares),
            confidence: table.confidence.map(Share),
        }
    }
}
