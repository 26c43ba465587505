//! Suggestions with their explanation (DESIGN 5).

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::domain::ids::Slug;
use crate::domain::organisation::Board;
use crate::domain::suggestion::{
    Ask, CriterionScore, METHOD_VERSION, Method, OrganisationCard, PairAnswer, Reason, Suggestion,
    Suggestions,
};
use crate::http::views::availability::AvailabilityView;
use crate::http::views::choices::NamedView;
use crate::http::views::firmness::{FirmnessTablesView, FirmnessView};
use crate::http::views::numbers::{Amount, IntervalView, Km, Share};
use crate::http::views::text::{
    CareSettingNames, Code, CriterionName, FactName, PartialDateText, Shown, WeightsFromName,
};
use crate::http::views::weights::WeightShares;

/// The answer to a request for suggestions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Suggestions)]
pub(crate) struct SuggestionsView {
    seeker: SeekerView,
    /// The number of the last write that the answer saw.
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    /// When the answer was made.
    generated_at: DateTime<Utc>,
    method: MethodUsedView,
    /// How many candidates there were to choose from, after the filters.
    candidate_count: usize,
    /// The best, in order.
    #[schema(max_items = 50)]
    suggestions: Vec<SuggestionView>,
    /// With whom the seeker has a partnership already; not suggested again.
    current_partners: Vec<CardView>,
    /// What would say most next; at most three facts.
    #[schema(max_items = 3)]
    ask_next: Vec<AskView>,
    /// What was counted of every draw; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    firmness_tables: Option<FirmnessTablesView>,
}

impl SuggestionsView {
    pub(crate) fn new(answer: Suggestions, generated_at: DateTime<Utc>) -> Self {
        Self {
            seeker: answer.seeker.into(),
            revision: answer.revision.0,
            as_of: answer.as_of,
            generated_at: generated_at.trunc_subsecs(0),
            method: answer.method.into(),
            candidate_count: answer.n_candidates,
            suggestions: answer.suggestions.into_iter().map(Into::into).collect(),
            current_partners: answer
                .current_partners
                .into_iter()
                .map(Into::into)
                .collect(),
            ask_next: answer.ask_next.into_iter().map(Into::into).collect(),
            firmness_tables: answer.firmness_tables.map(Into::into),
        }
    }
}

/// One candidate in full.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PairAnswer)]
pub(crate) struct PairView {
    seeker: SeekerView,
    /// The number of the last write that the answer saw.
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    /// When the answer was made.
    generated_at: DateTime<Utc>,
    method: MethodUsedView,
    suggestion: SuggestionView,
}

impl PairView {
    /// `None` where the answer has no candidate.
    pub(crate) fn new(answer: PairAnswer, generated_at: DateTime<Utc>) -> Option<Self> {
        Some(Self {
            seeker: answer.seeker.into(),
            revision: answer.revision.0,
            as_of: answer.as_of,
            generated_at: generated_at.trunc_subsecs(0),
            method: answer.method.into(),
            suggestion: answer.candidates.into_iter().next()?.into(),
        })
    }
}

/// Who asked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Seeker)]
pub(crate) struct SeekerView {
    ods_code: Code,
    /// Its name as the register writes it.
    name: String,
}

impl From<OrganisationCard> for SeekerView {
    fn from(card: OrganisationCard) -> Self {
        Self {
            ods_code: Code(card.ods_code),
            name: card.name,
        }
    }
}

/// How an answer was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MethodUsed)]
pub(crate) struct MethodUsedView {
    /// The version of the formulas.
    version: &'static str,
    /// The slug of the seeker's programme on that day.
    #[schema(value_type = String)]
    programme: Shown<Slug>,
    weights_from: WeightsFromName,
    weights: WeightShares,
    /// Whether exposure is spread over the candidates by a price.
    spread_load: bool,
    /// How often weights and unknown scores were drawn to find how firm the ranks are.
    #[schema(maximum = 100_000)]
    draws: u32,
    /// The seed of those draws.
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    seed: u64,
}

impl From<Method> for MethodUsedView {
    fn from(method: Method) -> Self {
        Self {
            version: METHOD_VERSION,
            programme: Shown(method.programme),
            weights_from: WeightsFromName(method.weights_from),
            weights: WeightShares(method.weights),
            spread_load: method.spread_load,
            draws: method.firmness.draws.count(),
            seed: method.firmness.seed,
        }
    }
}

/// A board, shown by its code.
struct CodeOf(Arc<Board>);

impl Serialize for CodeOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.code.as_str())
    }
}

/// A board, shown by its name.
struct NameOf(Arc<Board>);

impl Serialize for NameOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.name)
    }
}

/// An organisation in short.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrganisationCard)]
pub(crate) struct CardView {
    ods_code: Code,
    /// Its name as the register writes it.
    name: String,
    care_settings: CareSettingNames,
    /// The code of its integrated care board.
    #[schema(required, value_type = Option<String>)]
    icb_code: Option<CodeOf>,
    /// The name of its integrated care board.
    #[schema(required, value_type = Option<String>)]
    icb_name: Option<NameOf>,
    /// The code of its NHS region.
    #[schema(required, value_type = Option<String>)]
    region_code: Option<CodeOf>,
    /// The name of its NHS region.
    #[schema(required, value_type = Option<String>)]
    region: Option<NameOf>,
    /// Of its head office, in degrees north.
    #[schema(required, minimum = -90, maximum = 90)]
    latitude: Option<f64>,
    /// Of its head office, in degrees east.
    #[schema(required, minimum = -180, maximum = 180)]
    longitude: Option<f64>,
}

impl From<OrganisationCard> for CardView {
    fn from(card: OrganisationCard) -> Self {
        let (icb_code, icb_name) = card
            .icb
            .map(|board| (CodeOf(Arc::clone(&board)), NameOf(board)))
            .unzip();
        let (region_code, region) = card
            .region
            .map(|board| (CodeOf(Arc::clone(&board)), NameOf(board)))
            .unzip();
        Self {
            ods_code: Code(card.ods_code),
            name: card.name,
            care_settings: CareSettingNames(card.care_settings),
            icb_code,
            icb_name,
            region_code,
            region,
            latitude: card.position.map(|position| position.latitude()),
            longitude: card.position.map(|position| position.longitude()),
        }
    }
}

/// A ranked candidate with its explanation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Suggestion)]
pub(crate) struct SuggestionView {
    /// Its place in the list, from 1.
    #[schema(minimum = 1)]
    rank: u32,
    organisation: CardView,
    /// Between the head offices; null where a position is unknown.
    #[schema(required)]
    distance_km: Option<Km>,
    /// The reciprocal value of the pair: the harmonic mean of the two fits.
    mutual_fit: IntervalView,
    /// Its value to the seeker.
    your_fit: IntervalView,
    /// The seeker's value to it.
    their_fit: IntervalView,
    /// The seeker's place in its list, before any filter.
    #[schema(minimum = 1)]
    reverse_rank: u32,
    /// The share of the seeker's weights for which its facts are recorded.
    coverage: Share,
    /// What is taken off its place to spread exposure; 0 while that is off.
    load_price: Amount,
    /// Each criterion on its own.
    #[schema(max_items = 6)]
    criteria: Vec<CriterionScoreView>,
    /// What the seeker can learn, in sentences.
    you_gain: Vec<String>,
    /// What the candidate can learn, in sentences.
    they_gain: Vec<String>,
    availability: AvailabilityView,
    /// Where it is full or paused: the next best after it in the seeker's list who can be approached; else empty.
    #[schema(max_items = 3)]
    alternates: Vec<NamedView>,
    /// Where it is full or paused: who has partnered with it and can pass on what they learned, those first to whom it gave most
    /// of what the seeker seeks; else empty.
    #[schema(max_items = 3)]
    relays: Vec<NamedView>,
    /// How firm its place is; null where nothing was drawn.
    #[schema(required)]
    firmness: Option<FirmnessView>,
}

impl From<Suggestion> for SuggestionView {
    fn from(suggestion: Suggestion) -> Self {
        Self {
            rank: suggestion.rank,
            organisation: suggestion.organisation.into(),
            distance_km: suggestion.distance_km.map(Km),
            mutual_fit: suggestion.mutual_fit.into(),
            your_fit: suggestion.your_fit.into(),
            their_fit: suggestion.their_fit.into(),
            reverse_rank: suggestion.reverse_rank,
            coverage: Share(suggestion.coverage),
            load_price: Amount(suggestion.load_price),
            criteria: suggestion.criteria.into_iter().map(Into::into).collect(),
            you_gain: suggestion.you_gain,
            they_gain: suggestion.they_gain,
            availability: suggestion.availability.into(),
            alternates: suggestion.alternates.into_iter().map(Into::into).collect(),
            relays: suggestion.relays.into_iter().map(Into::into).collect(),
            firmness: suggestion.firmness.map(Into::into),
        }
    }
}

/// One criterion of a suggestion, from both sides.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CriterionScore)]
struct CriterionScoreView {
    criterion: CriterionName,
    /// Whether it can be asked of the seeker.
    applicable: bool,
    /// Its share of the seeker's fit; 0 where it does not apply.
    weight: Share,
    /// The seeker's score; null where it does not apply.
    #[schema(required)]
    score: Option<IntervalView>,
    /// `weight` times the expected score; these add up to the expected fit.
    contribution: Share,
    /// The candidate's score of the seeker; null where it cannot be asked of the candidate.
    #[schema(required)]
    their_score: Option<IntervalView>,
    /// What the score rests on.
    reasons: Vec<ReasonView>,
    /// What is not known of the candidate, in words.
    #[schema(value_type = Vec<String>)]
    unknown: Vec<Cow<'static, str>>,
}

impl From<CriterionScore> for CriterionScoreView {
    fn from(score: CriterionScore) -> Self {
        Self {
            criterion: CriterionName(score.criterion),
            applicable: score.score.is_some(),
            weight: Share(score.weight),
            score: score.score.map(Into::into),
            contribution: Share(score.contribution),
            their_score: score.their_score.map(Into::into),
            reasons: score.reasons.into_iter().map(Into::into).collect(),
            unknown: score.unknown,
        }
    }
}

/// One recorded fact in words.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Reason)]
struct ReasonView {
    /// A stable name that a program can match.
    code: &'static str,
    /// A sentence for the seeker.
    #[schema(value_type = String)]
    text: Cow<'static, str>,
    /// Where the fact comes from.
    #[schema(required, value_type = Option<String>)]
    source: Option<Shown<Arc<str>>>,
    /// The date the fact speaks of.
    #[schema(required)]
    as_of: Option<PartialDateText>,
}

impl From<Reason> for ReasonView {
    fn from(reason: Reason) -> Self {
        Self {
            code: reason.code,
            text: reason.text,
            source: reason.source.map(Shown),
            as_of: reason.as_of.map(PartialDateText),
        }
    }
}

/// A fact to find out next.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Ask)]
struct AskView {
    /// Whom to ask.
    ods_code: Code,
    /// For what.
    #[schema(value_type = String)]
    fact: FactName,
    /// The share of the fit that hangs on it.
    effect: Share,
    /// The words to ask.
    question: String,
}

impl From<Ask> for AskView {
    fn from(ask: Ask) -> Self {
        Self {
            ods_code: Code(ask.ods_code),
            fact: FactName(ask.fact),
            effect: Share(ask.effect),
            question: ask.question,
        }
    }
}
