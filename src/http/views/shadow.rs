//! Models beside the weights in use.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::load::MIN_GROUP;
use crate::domain::model::{ListChange, Newer, NewerLosses, Shadow};
use crate::domain::programme::Criterion;
use crate::http::views::models::ModelHeadView;
use crate::http::views::numbers::{Amount, Share, Signed};
use crate::http::views::standings::StayedView;
use crate::http::views::text::CriterionName;

/// What every shadow is told with.
const NOTE: &str = "Lists are of what programme staff see: the programmes' weights on every side, the model's in the place of its \
                    programme's, and no exclusions. Outcomes tell how partnerships went that sites chose, not how others would go.";

/// How the top tens of some sites would change.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListChange)]
struct ListChangeView {
    stayed: StayedView,
    /// The share of all that stand in a top ten that would still do; null over a group of fewer than five sites.
    #[schema(required)]
    share_staying: Option<Share>,
    /// By how many places, up or down, those would move in the mean who stand in a top ten; null over a group of fewer than five
    /// sites.
    #[schema(required)]
    mean_change_of_place: Option<Amount>,
}

impl From<&ListChange> for ListChangeView {
    fn from(change: &ListChange) -> Self {
        let is_shown = change.stayed.n_sites >= MIN_GROUP as usize;
        Self {
            stayed: StayedView::of_group(&change.stayed),
            share_staying: change.share_staying.filter(|_| is_shown).map(Share),
            mean_change_of_place: change.mean_change_of_place.filter(|_| is_shown).map(Amount),
        }
    }
}

/// The same for a region.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListChangeInRegion)]
struct RegionView {
    /// Its name; null of the sites of which none is recorded.
    #[schema(required, max_length = 200)]
    region: Option<String>,
    lists: ListChangeView,
}

/// The mean log-loss of two sets of weights on newer outcomes, in nats.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewerLosses)]
struct LossesView {
    /// Of the model's.
    model: Amount,
    /// Of those in use.
    in_use: Amount,
    /// By how much the model does better, in the mean over pairs of sites.
    gain: Signed,
    /// The standard error of the gain.
    standard_error: Amount,
}

impl From<NewerLosses> for LossesView {
    fn from(losses: NewerLosses) -> Self {
        Self {
            model: Amount(losses.learnt),
            in_use: Amount(losses.in_use),
            gain: Signed(losses.gain),
            standard_error: Amount(losses.standard_error),
        }
    }
}

/// What became known after the model was learnt.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewerOutcomes)]
struct NewerView {
    /// How many outcomes there are of pairs of sites that the model was not learnt of.
    outcome_count: usize,
    /// How many more are left out: of a pair that it was learnt of, or without a weighted criterion that applied.
    left_out_count: usize,
    /// How both sets of weights do on them; null for fewer than five.
    #[schema(required)]
    losses: Option<LossesView>,
}

impl From<Newer> for NewerView {
    fn from(newer: Newer) -> Self {
        Self {
            outcome_count: newer.n_outcomes,
            left_out_count: newer.n_left_out,
            losses: newer.losses.map(Into::into),
        }
    }
}

/// The weights of a criterion on both sides, as shares of one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ShadowWeight)]
struct ShadowWeightView {
    criterion: CriterionName,
    /// In use.
    in_use: Share,
    /// The model's.
    model: Share,
}

/// A model beside the weights in use.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModelShadow)]
pub(crate) struct ShadowView {
    model: ModelHeadView,
    /// The version of the weights in use.
    weights_version: u64,
    #[schema(min_items = 6, max_items = 6)]
    weights: Vec<ShadowWeightView>,
    /// The number of the last write that the lists were made of.
    revision: u64,
    /// The day of the lists.
    as_of: NaiveDate,
    /// Over the sites of the programme.
    lists: ListChangeView,
    /// The same by region, by name.
    #[schema(max_items = 2000)]
    regions: Vec<RegionView>,
    newer: NewerView,
    /// What to keep in mind.
    #[schema(max_length = 400)]
    note: &'static str,
}

impl From<Shadow> for ShadowView {
    fn from(shadow: Shadow) -> Self {
        let weight = |&criterion: &Criterion| ShadowWeightView {
            criterion: CriterionName(criterion),
            in_use: Share(shadow.in_use[criterion.index()]),
            model: Share(shadow.model.learnt.weights[criterion.index()].weight),
        };
        let region = |(region, change): (Option<String>, ListChange)| RegionView {
            region,
            lists: ListChangeView::from(&change),
        };
        Self {
            model: ModelHeadView::from(&shadow.model),
            weights_version: shadow.weights_version.0,
            weights: Criterion::ALL.iter().map(weight).collect(),
            revision: shadow.revision.0,
            as_of: shadow.as_of,
            lists: ListChangeView::from(&shadow.lists),
            regions: shadow.regions.into_iter().map(region).collect(),
            newer: shadow.newer.into(),
            note: NOTE,
        }
    }
}
