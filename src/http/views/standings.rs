//! Standings, and how two of them differ.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::OdsCode;
use crate::domain::load::MIN_GROUP;
use crate::domain::standing::{Left, SiteChange, Stability, StandingHead, Stayed, WhyLeft};
use crate::domain::what_if::Named;
use crate::http::views::numbers::{Amount, Share};
use crate::http::views::text::{CriterionName, WhyLeftName};
use crate::http::views::what_if::NamedView;

/// What every comparison is told with.
const NOTE: &str = "Both are of what programme staff see: the programmes' weights on every side and no exclusions, so that \
                    nothing is told that a site keeps to itself. A change is no fault: facts were added, aged or corrected.";

/// The names of organisations.
type Names = BTreeMap<OdsCode, String>;

fn named(code: OdsCode, names: &Names) -> NamedView {
    NamedView::new(Named {
        ods_code: code,
        name: names.get(&code).cloned().unwrap_or_default(),
    })
}

/// A standing without its lists.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Standing)]
pub(crate) struct StandingView {
    /// Its id; the present has none, since it is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, max_length = 36)]
    id: Option<String>,
    /// The number of the last write that it saw.
    revision: u64,
    /// The version of the formulas.
    #[schema(max_length = 20)]
    method_version: String,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    /// How many active organisations it is of.
    site_count: usize,
    /// When it was kept; null of the present.
    #[schema(required)]
    kept_at: Option<DateTime<Utc>>,
    /// The id of the caller who kept it, as in the audit; null of the present.
    #[schema(required, max_length = 300)]
    kept_by: Option<String>,
}

impl From<StandingHead> for StandingView {
    fn from(head: StandingHead) -> Self {
        let (kept_at, kept_by) = head.kept.unzip();
        Self {
            id: head.id,
            revision: head.revision.0,
            method_version: head.method_version,
            as_of: head.as_of,
            site_count: head.n_sites,
            kept_at,
            kept_by,
        }
    }
}

/// All standings.
#[derive(Serialize, ToSchema)]
#[schema(as = Standings)]
pub(crate) struct StandingsView {
    /// The newest first.
    #[schema(max_items = 20)]
    pub(crate) items: Vec<StandingView>,
}

/// How many of their top ten sites kept.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Stayed)]
pub(super) struct StayedView {
    /// Over how many sites.
    site_count: usize,
    /// How many of ten stayed in the mean; null over no site, and over a group of fewer than five.
    #[schema(required)]
    mean: Option<Amount>,
    /// The same in the median.
    #[schema(required)]
    median: Option<Amount>,
    /// How many sites kept 0, 1, ... 10; null over a group of fewer than five.
    #[schema(required, min_items = 11, max_items = 11)]
    sites_by_count: Option<Vec<usize>>,
}

impl StayedView {
    fn new(stayed: &Stayed) -> Self {
        Self {
            site_count: stayed.n_sites,
            mean: stayed.mean.map(Amount),
            median: stayed.median.map(Amount),
            sites_by_count: Some(stayed.sites_by_count.to_vec()),
        }
    }

    /// The same, without numbers where the group is small enough to tell of single sites.
    pub(super) fn of_group(stayed: &Stayed) -> Self {
        if stayed.n_sites >= MIN_GROUP as usize {
            return Self::new(stayed);
        }
        Self {
            site_count: stayed.n_sites,
            mean: None,
            median: None,
            sites_by_count: None,
        }
    }
}

/// The same for a region.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StayedInRegion)]
struct RegionView {
    /// Its name; null of the sites of which none is recorded.
    #[schema(required, max_length = 200)]
    region: Option<String>,
    stayed: StayedView,
}

/// How many left for a reason.
#[derive(Serialize, ToSchema)]
#[schema(as = LeftForReason)]
struct ReasonView {
    reason: WhyLeftName,
    /// How many, over all sites.
    count: usize,
}

/// One that left a top ten.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LeftTopTen)]
struct LeftView {
    organisation: NamedView,
    /// The place it had.
    #[schema(minimum = 1, maximum = 10)]
    rank_before: u32,
    /// The place it has; null where it has none.
    #[schema(required, minimum = 1)]
    rank_after: Option<u32>,
    /// The expected mutual fit it had.
    mutual_fit_before: Share,
    /// The one it has; null where it has no place.
    #[schema(required)]
    mutual_fit_after: Option<Share>,
    reason: WhyLeftName,
    /// The criterion that took most from the fit, where that fell.
    #[schema(required, value_type = Option<CriterionName>)]
    criterion: Option<CriterionName>,
    /// The reason in words.
    #[schema(max_length = 300)]
    text: String,
}

impl LeftView {
    fn new(left: &Left, names: &Names) -> Self {
        Self {
            organisation: named(left.candidate, names),
            rank_before: left.rank_before,
            rank_after: left.rank_after,
            mutual_fit_before: Share(left.fit_before),
            mutual_fit_after: left.fit_after.map(Share),
            reason: WhyLeftName(left.why),
            criterion: left.criterion.map(CriterionName),
            text: words(left),
        }
    }
}

/// The reason in words.
fn words(left: &Left) -> String {
    match (left.why, left.criterion) {
        (WhyLeft::ClosedOrMerged, _) => {
            "It closed, or became part of another organisation.".to_owned()
        }
        (WhyLeft::NowPartner, _) => "The two are partners now, who are listed apart.".to_owned(),
        (WhyLeft::NoLongerSuggested, _) => "It is no longer suggested to this site.".to_owned(),
        (WhyLeft::MethodChanged, _) => "The formulas are of another version.".to_owned(),
        (WhyLeft::WeightsChanged, _) => "A programme gave the criteria other weights.".to_owned(),
        (WhyLeft::FitFell, Some(criterion)) => {
            format!("The mutual fit fell, most of all by {}.", criterion.words())
        }
        (WhyLeft::FitFell, None) => "The mutual fit fell.".to_owned(),
        (WhyLeft::OthersRose, _) => {
            "The mutual fit did not fall; others fit better than it does.".to_owned()
        }
    }
}

/// What became of one site's top ten.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteStability)]
struct SiteView {
    organisation: NamedView,
    /// How many stood in its list: ten, or fewer where there were fewer.
    #[schema(minimum = 1, maximum = 10)]
    before_count: usize,
    /// How many of them still do.
    #[schema(maximum = 10)]
    stayed_count: usize,
    /// Those that do not, by the place they had.
    #[schema(max_items = 10)]
    left: Vec<LeftView>,
    /// Those that came, by place.
    #[schema(max_items = 10)]
    came: Vec<NamedView>,
}

impl SiteView {
    fn new(site: &SiteChange, names: &Names) -> Self {
        Self {
            organisation: named(site.ods_code, names),
            before_count: site.n_before,
            stayed_count: site.n_stayed,
            left: site
                .left
                .iter()
                .map(|left| LeftView::new(left, names))
                .collect(),
            came: site.came.iter().map(|&code| named(code, names)).collect(),
        }
    }
}

/// How two standings differ.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Stability)]
pub(crate) struct StabilityView {
    from: StandingView,
    to: StandingView,
    /// Over all sites of both that had a list.
    stayed: StayedView,
    /// The same by region, by name.
    #[schema(max_items = 2000)]
    regions: Vec<RegionView>,
    /// How many left for which reason, over all sites.
    #[schema(max_items = 7)]
    reasons: Vec<ReasonView>,
    /// How many organisations are in the earlier alone: they closed.
    gone_count: usize,
    /// How many are in the later alone: they opened.
    new_count: usize,
    /// The sites whose list changed, the most changed first, at most as many as were asked for.
    #[schema(max_items = 2000)]
    sites: Vec<SiteView>,
    /// What to keep in mind.
    #[schema(max_length = 400)]
    note: &'static str,
}

impl StabilityView {
    pub(crate) fn new(found: Stability, names: &Names) -> Self {
        let region = |(region, stayed): (Option<String>, Stayed)| RegionView {
            region,
            stayed: StayedView::of_group(&stayed),
        };
        let reason = |(why, count)| ReasonView {
            reason: WhyLeftName(why),
            count,
        };
        Self {
            stayed: StayedView::new(&found.stayed),
            regions: found.regions.into_iter().map(region).collect(),
            reasons: found.reasons.into_iter().map(reason).collect(),
            gone_count: found.n_gone,
            new_count: found.n_new,
            sites: found
                .sites
                .iter()
                .map(|site| SiteView::new(site, names))
                .collect(),
            from: found.from.into(),
            to: found.to.into(),
            note: NOTE,
        }
    }
}
