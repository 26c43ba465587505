//! Evaluations of historical pairs, as programme admins see them.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::evaluation::{
    CONFIDENCE, EvaluatedCase, Evaluation, Figure, HistoricalPair, LeftOut, RESAMPLES, Ranking,
    RankingFigures, WITHIN,
};
use crate::http::views::flips::WeightChange;
use crate::http::views::numbers::{Amount, Share};
use crate::http::views::text::{Code, RankingName};

/// A share with the bounds of its interval.
#[derive(Serialize, ToSchema)]
#[schema(as = ShareFigure)]
struct ShareFigureView {
    value: Share,
    low: Share,
    high: Share,
}

impl From<Figure> for ShareFigureView {
    fn from(figure: Figure) -> Self {
        Self {
            value: Share(figure.value),
            low: Share(figure.low),
            high: Share(figure.high),
        }
    }
}

/// A place with the bounds of its interval.
#[derive(Serialize, ToSchema)]
#[schema(as = RankFigure)]
struct RankFigureView {
    value: Amount,
    low: Amount,
    high: Amount,
}

/// A difference of two shares with the bounds of its interval.
#[derive(Serialize, ToSchema)]
#[schema(as = DifferenceFigure)]
struct DifferenceView {
    value: WeightChange,
    low: WeightChange,
    high: WeightChange,
}

/// How often partners are found within so many places.
#[derive(Serialize, ToSchema)]
#[schema(as = HitRate)]
struct HitRateView {
    /// Within so many places.
    #[schema(minimum = 1, maximum = 10)]
    within: u32,
    rate: ShareFigureView,
}

/// What one ranking reaches.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RankingFigures)]
struct RankingFiguresView {
    ranking: RankingName,
    #[schema(max_items = 3)]
    hit_rates: Vec<HitRateView>,
    mean_reciprocal_rank: ShareFigureView,
    median_rank: RankFigureView,
    /// The mean reciprocal rank of alongside less this one's, from the same resamples.
    alongside_ahead_by: DifferenceView,
}

impl From<RankingFigures> for RankingFiguresView {
    fn from(figures: RankingFigures) -> Self {
        let rank = figures.median_rank;
        let ahead = figures.alongside_ahead_by;
        let rates = WITHIN.iter().zip(figures.hit_rates);
        Self {
            ranking: RankingName(figures.ranking),
            hit_rates: rates
                .map(|(&within, rate)| HitRateView {
                    within,
                    rate: rate.into(),
                })
                .collect(),
            mean_reciprocal_rank: figures.mean_reciprocal_rank.into(),
            median_rank: RankFigureView {
                value: Amount(rank.value),
                low: Amount(rank.low),
                high: Amount(rank.high),
            },
            alongside_ahead_by: DifferenceView {
                value: WeightChange(ahead.value),
                low: WeightChange(ahead.low),
                high: WeightChange(ahead.high),
            },
        }
    }
}

/// Where a partner stands in one ranking.
#[derive(Serialize, ToSchema)]
#[schema(as = RankIn)]
struct RankInView {
    ranking: RankingName,
    /// From 1; the middle of the places that equals share.
    rank: Amount,
}

/// One side of a pair as seeker.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EvaluatedCase)]
struct CaseView {
    seeker: Code,
    partner: Code,
    /// How many could be suggested to the seeker.
    candidate_count: u32,
    #[schema(max_items = 6)]
    ranks: Vec<RankInView>,
}

impl From<EvaluatedCase> for CaseView {
    fn from(case: EvaluatedCase) -> Self {
        let ranks = Ranking::ALL.iter().zip(case.ranks);
        Self {
            seeker: Code(case.seeker),
            partner: Code(case.partner),
            candidate_count: case.n_candidates,
            ranks: ranks
                .map(|(&ranking, rank)| RankInView {
                    ranking: RankingName(ranking),
                    rank: Amount(rank),
                })
                .collect(),
        }
    }
}

/// A pair that was not evaluated.
#[derive(Serialize, ToSchema)]
#[schema(as = PairLeftOut)]
struct LeftOutView {
    /// Its place among those given, or its line in the file, from 1.
    at: u64,
    site: Code,
    partner: Code,
    /// Why, in words.
    #[schema(max_length = 200)]
    reason: String,
}

impl From<(HistoricalPair, LeftOut)> for LeftOutView {
    fn from((pair, why): (HistoricalPair, LeftOut)) -> Self {
        Self {
            at: pair.at,
            site: Code(pair.ends.0),
            partner: Code(pair.ends.1),
            reason: why.to_string(),
        }
    }
}

/// Where historical partners stand in each other's lists, beside simpler rankings.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Evaluation)]
pub(crate) struct EvaluationView {
    /// The number of the last write to what scores are made of.
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    /// The seed of the intervals.
    seed: u64,
    /// How often pairs were drawn anew for the intervals.
    resamples: usize,
    /// How much of the resamples the intervals hold.
    confidence: Share,
    /// How many pairs were evaluated, each from both sides.
    pair_count: u32,
    /// How many links count for nobody: those between two of a pair, and those of the excluded kinds.
    links_left_out: u32,
    /// Of every ranking.
    #[schema(max_items = 6)]
    rankings: Vec<RankingFiguresView>,
    /// By pair; the two sides of one stand together.
    #[schema(max_items = 2000)]
    cases: Vec<CaseView>,
    /// The pairs that were not evaluated, and why.
    #[schema(max_items = 1000)]
    left_out: Vec<LeftOutView>,
    /// How to read it.
    reading: &'static str,
}

impl From<Evaluation> for EvaluationView {
    fn from(found: Evaluation) -> Self {
        Self {
            revision: found.revision.0,
            as_of: found.as_of,
            seed: found.seed,
            resamples: RESAMPLES,
            confidence: Share(CONFIDENCE),
            pair_count: found.n_pairs,
            links_left_out: found.n_links_removed,
            rankings: found.figures.into_iter().map(Into::into).collect(),
            cases: found.cases.into_iter().map(Into::into).collect(),
            left_out: found.left_out.into_iter().map(Into::into).collect(),
            reading: Evaluation::READING,
        }
    }
}
