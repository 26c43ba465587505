//! The pipeline, and load and coverage, as programme admins and viewers see them. Of a group under five no number is shown.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use std::sync::Arc;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::load::{
    BANDS_KM, DistanceMix, GroupLoad, GroupNumbers, LoadReport, PairMix, SettingMix, Spread,
};
use crate::domain::organisation::Board;
use crate::domain::pipeline::{GroupStages, Pipeline, PipelineEntry, Stage, StageCounts, Why};
use crate::http::pagination::PageLinks;
use crate::http::views::numbers::{Amount, Share};
use crate::http::views::prices::PricesView;
use crate::http::views::text::{Code, named};

named! {
    StageName(Stage) as "Stage": "How far an organisation is on its way to a partner: the first that holds.";
    WhyName(Why) as "Why": "Why an organisation has no partner.";
}

/// What stands in the place of a number that is not shown.
const FEWER_THAN_FIVE: &str = "fewer than 5";

/// An integrated care board or an NHS region.
#[derive(Serialize, ToSchema)]
#[schema(as = GroupBoard)]
struct BoardView {
    /// Its code.
    #[schema(max_length = 12)]
    code: String,
    /// Its name.
    #[schema(max_length = 200)]
    name: String,
}

impl From<Arc<Board>> for BoardView {
    fn from(board: Arc<Board>) -> Self {
        Self {
            code: board.code.to_string(),
            name: board.name.clone(),
        }
    }
}

/// How far one organisation is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PipelineEntry)]
struct EntryView {
    ods_code: Code,
    /// Its name as the register writes it.
    #[schema(max_length = 200)]
    name: String,
    /// Its integrated care board.
    #[schema(required)]
    icb: Option<BoardView>,
    /// Its NHS region.
    #[schema(required)]
    region: Option<BoardView>,
    stage: StageName,
    /// Why it has no partner; empty for one that has.
    #[schema(max_items = 7)]
    why: Vec<WhyName>,
    /// Whether a match of its is stalled.
    is_stalled: bool,
    /// Whether 8 or more approaches wait for its answer, of the 10 that may.
    is_over_asked: bool,
    /// How many approaches wait for its answer.
    #[schema(minimum = 0)]
    open_in: u32,
    /// How many of its own wait for an answer.
    #[schema(minimum = 0)]
    open_out: u32,
    /// How many active partnerships it has.
    #[schema(minimum = 0)]
    partnerships: u32,
    /// In how many top tens it stands.
    #[schema(minimum = 0)]
    top_tens: u32,
}

impl From<PipelineEntry> for EntryView {
    fn from(entry: PipelineEntry) -> Self {
        Self {
            ods_code: Code(entry.ods_code),
            name: entry.name,
            icb: entry.icb.map(Into::into),
            region: entry.region.map(Into::into),
            stage: StageName(entry.stage),
            why: entry.why.into_iter().map(WhyName).collect(),
            is_stalled: entry.is_stalled,
            is_over_asked: entry.is_over_asked,
            open_in: entry.open_in,
            open_out: entry.open_out,
            partnerships: entry.partnerships,
            top_tens: entry.in_degree,
        }
    }
}

/// How many organisations are how far; null where too few are to show, or where others could be worked out from it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StageCounts)]
struct CountsView {
    /// All of them.
    #[schema(required, minimum = 0)]
    organisations: Option<u32>,
    /// With an active partnership.
    #[schema(required, minimum = 0)]
    partnered: Option<u32>,
    /// With a conversation agreed to within 90 days.
    #[schema(required, minimum = 0)]
    in_conversation: Option<u32>,
    /// With approaches of their own that wait for an answer.
    #[schema(required, minimum = 0)]
    approached: Option<u32>,
    /// With approaches that wait for their answer.
    #[schema(required, minimum = 0)]
    asked: Option<u32>,
    /// With none of these.
    #[schema(required, minimum = 0)]
    none: Option<u32>,
    /// `fewer than 5` where something is not shown.
    #[schema(required, max_length = 20)]
    note: Option<&'static str>,
}

impl From<StageCounts> for CountsView {
    fn from(counts: StageCounts) -> Self {
        let is_hidden = counts.organisations.is_none() || counts.stages.contains(&None);
        let [partnered, in_conversation, approached, asked, none] = counts.stages;
        Self {
            organisations: counts.organisations,
            partnered,
            in_conversation,
            approached,
            asked,
            none,
            note: is_hidden.then_some(FEWER_THAN_FIVE),
        }
    }
}

/// The counts of a board or a region.
#[derive(Serialize, ToSchema)]
#[schema(as = GroupStages)]
struct GroupStagesView {
    /// Which; null for those of which none is recorded.
    #[schema(required)]
    board: Option<BoardView>,
    counts: CountsView,
}

impl From<GroupStages> for GroupStagesView {
    fn from(group: GroupStages) -> Self {
        Self {
            board: group.board.map(Into::into),
            counts: group.counts.into(),
        }
    }
}

/// A page of the pipeline, with the counts of all organisations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Pipeline)]
pub(crate) struct PipelineView {
    /// Of which data.
    #[schema(minimum = 0)]
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    /// All active organisations, whatever is listed.
    counts: CountsView,
    /// By NHS region, by its code.
    #[schema(max_items = 5000)]
    by_region: Vec<GroupStagesView>,
    /// By integrated care board, by its code.
    #[schema(max_items = 5000)]
    by_icb: Vec<GroupStagesView>,
    /// How many organisations there are on all pages.
    #[schema(minimum = 0)]
    total: u32,
    /// By ODS code.
    #[schema(max_items = 200)]
    items: Vec<EntryView>,
    links: PageLinks,
}

impl PipelineView {
    /// A page with its links.
    pub(crate) fn new(pipeline: Pipeline, links: PageLinks) -> Self {
        Self {
            revision: pipeline.revision.0,
            as_of: pipeline.as_of,
            counts: pipeline.all.into(),
            by_region: pipeline.by_region.into_iter().map(Into::into).collect(),
            by_icb: pipeline.by_icb.into_iter().map(Into::into).collect(),
            total: pipeline.total,
            items: pipeline.items.into_iter().map(Into::into).collect(),
            links,
        }
    }
}

/// How many organisations have a count.
#[derive(Serialize, ToSchema)]
#[schema(as = CountOfCount)]
struct DistributionView {
    /// The count.
    #[schema(minimum = 0)]
    count: u32,
    /// How many organisations have it.
    #[schema(minimum = 0)]
    organisations: u32,
}

/// An organisation with its count.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteCount)]
struct SiteCountView {
    ods_code: Code,
    #[schema(minimum = 0)]
    count: u32,
}

/// How a count is spread over all active organisations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Spread)]
struct SpreadView {
    /// The sum.
    #[schema(minimum = 0)]
    total: u32,
    /// The greatest.
    #[schema(minimum = 0)]
    max: u32,
    /// The mean; null over nobody.
    #[schema(required)]
    mean: Option<Amount>,
    /// The Gini coefficient (Dorfman 1979): 0 where all have as much, near 1 where one has everything; null over nobody.
    #[schema(required)]
    gini: Option<Share>,
    /// How many have none.
    #[schema(minimum = 0)]
    without: u32,
    /// How many organisations have each count, by count.
    #[schema(max_items = 5000)]
    distribution: Vec<DistributionView>,
    /// Those with the greatest counts, at most ten.
    #[schema(max_items = 10)]
    most: Vec<SiteCountView>,
}

impl From<Spread> for SpreadView {
    fn from(spread: Spread) -> Self {
        let distribution = spread.distribution.iter();
        let most = spread.most.iter();
        Self {
            without: spread.n_without(),
            total: spread.total,
            max: spread.max,
            mean: spread.mean.map(Amount),
            gini: spread.gini.map(Share),
            distribution: distribution
                .map(|&(count, organisations)| DistributionView {
                    count,
                    organisations,
                })
                .collect(),
            most: most
                .map(|&(code, count)| SiteCountView {
                    ods_code: Code(code),
                    count,
                })
                .collect(),
        }
    }
}

/// How many pairs lie in a band of distances.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DistanceBand)]
struct BandView {
    /// Where the band begins, in km.
    #[schema(minimum = 0)]
    from_km: f64,
    /// Where it ends, in km, itself left out; null for the last.
    #[schema(required, minimum = 0)]
    until_km: Option<f64>,
    /// How many pairs.
    #[schema(minimum = 0)]
    pairs: u32,
}

/// How far apart and how alike the two of some pairs are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PairMix)]
struct MixView {
    /// By distance between the head offices.
    #[schema(max_items = 5)]
    distances: Vec<BandView>,
    /// Pairs of which a position is not known.
    #[schema(minimum = 0)]
    distance_unknown: u32,
    /// Pairs with a care setting in common.
    #[schema(minimum = 0)]
    same_setting: u32,
    /// Pairs without one.
    #[schema(minimum = 0)]
    cross_setting: u32,
    /// Pairs of which the care of one is not recorded.
    #[schema(minimum = 0)]
    setting_unknown: u32,
}

impl From<PairMix> for MixView {
    fn from(mix: PairMix) -> Self {
        let DistanceMix { bands, unknown } = mix.distances;
        let SettingMix {
            same,
            cross,
            unknown: setting_unknown,
        } = mix.settings;
        let ends = BANDS_KM.iter().skip(1).copied().map(Some).chain([None]);
        let distances = BANDS_KM.iter().zip(ends).zip(bands);
        Self {
            distances: distances
                .map(|((&from_km, until_km), pairs)| BandView {
                    from_km,
                    until_km,
                    pairs,
                })
                .collect(),
            distance_unknown: unknown,
            same_setting: same,
            cross_setting: cross,
            setting_unknown,
        }
    }
}

/// The numbers of a group of five or more.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GroupNumbers)]
struct NumbersView {
    /// How many organisations.
    #[schema(minimum = 5)]
    organisations: u32,
    /// The mean number of top tens in which one stands.
    mean_top_tens: Amount,
    /// The mean load.
    mean_load: Amount,
    /// How many stand in nobody's top ten; null where they, or the others, are fewer than five.
    #[schema(required, minimum = 0)]
    never_suggested: Option<u32>,
    /// The mean number of approaches that wait for one's answer.
    mean_open_approaches: Amount,
    /// The mean number of active partnerships of one.
    mean_partnerships: Amount,
}

impl From<GroupNumbers> for NumbersView {
    fn from(numbers: GroupNumbers) -> Self {
        Self {
            organisations: numbers.organisations,
            mean_top_tens: Amount(numbers.mean_in_degree),
            mean_load: Amount(numbers.mean_load),
            never_suggested: numbers.never_suggested,
            mean_open_approaches: Amount(numbers.mean_open_approaches),
            mean_partnerships: Amount(numbers.mean_partnerships),
        }
    }
}

/// A board or a region.
#[derive(Serialize, ToSchema)]
#[schema(as = GroupLoad)]
struct GroupLoadView {
    /// Which; null for those of which none is recorded.
    #[schema(required)]
    board: Option<BoardView>,
    /// Its numbers; null where it has fewer than five organisations, or one that has could be worked out from it.
    #[schema(required)]
    numbers: Option<NumbersView>,
    /// `fewer than 5` where its numbers are not shown.
    #[schema(required, max_length = 20)]
    note: Option<&'static str>,
}

impl From<GroupLoad> for GroupLoadView {
    fn from(group: GroupLoad) -> Self {
        Self {
            board: group.board.map(Into::into),
            note: group.shown.is_none().then_some(FEWER_THAN_FIVE),
            numbers: group.shown.map(Into::into),
        }
    }
}

/// Top tens: who is seen by whom.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopTens)]
struct TopTensView {
    /// In how many top tens organisations stand.
    spread: SpreadView,
    /// How unequal the load is: of each the sum of `1 / log2(1 + rank)` over the top tens in which it stands.
    #[schema(required)]
    load_gini: Option<Share>,
    /// The share of suggestions that are returned: the suggested one's top ten has the seeker too.
    #[schema(required)]
    reciprocity: Option<Share>,
    /// Who stands in nobody's top ten, by code.
    #[schema(max_items = 5000)]
    never_suggested: Vec<Code>,
    /// Of seekers and those in their top tens.
    mix: MixView,
}

/// How something between two organisations is spread.
#[derive(Serialize, ToSchema)]
#[schema(as = SpreadOfPairs)]
struct PairsView {
    spread: SpreadView,
    mix: MixView,
}

/// Load and coverage.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Load)]
pub(crate) struct LoadView {
    /// Of which data.
    #[schema(minimum = 0)]
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    /// How many active organisations there are.
    #[schema(minimum = 0)]
    organisations: usize,
    top_tens: TopTensView,
    /// Approaches that wait, counted at their recipients.
    open_approaches: PairsView,
    /// Active partnerships, counted at both.
    partnerships: PairsView,
    /// What prices make of the top tens (`spreadLoad`); null among more than 1000 organisations.
    #[schema(required)]
    prices: Option<PricesView>,
    /// By NHS region, by its code.
    #[schema(max_items = 5000)]
    by_region: Vec<GroupLoadView>,
    /// By integrated care board, by its code.
    #[schema(max_items = 5000)]
    by_icb: Vec<GroupLoadView>,
}

impl From<LoadReport> for LoadView {
    fn from(report: LoadReport) -> Self {
        let exposure = &report.exposure;
        let never = exposure.sites.iter().filter(|site| site.in_degree == 0);
        Self {
            revision: exposure.revision.0,
            as_of: exposure.as_of,
            organisations: exposure.sites.len(),
            top_tens: TopTensView {
                spread: report.in_degree.into(),
                load_gini: report.load_gini.map(Share),
                reciprocity: exposure.reciprocity.map(Share),
                never_suggested: never.map(|site| Code(site.ods_code)).collect(),
                mix: exposure.mix.into(),
            },
            open_approaches: PairsView {
                spread: report.open_approaches.into(),
                mix: report.approach_mix.into(),
            },
            partnerships: PairsView {
                spread: report.partnerships.into(),
                mix: report.partnership_mix.into(),
            },
            prices: report.prices.as_deref().map(Into::into),
            by_region: report.by_region.into_iter().map(Into::into).collect(),
            by_icb: report.by_icb.into_iter().map(Into::into).collect(),
        }
    }
}
