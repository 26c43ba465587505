//! The stable assignment, as programme admins see it.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::Slug;
use crate::domain::what_if::{Named, PairReason, Unmatched, WhatIf, WhatIfPair};
use crate::http::views::numbers::{IntervalView, Km, Share};
use crate::http::views::text::{Code, CriterionName, Shown, WhyUnmatchedName};

/// What the picture leaves out, and what follows from it.
const NOTE: &str = "A picture: nothing is created, and nobody is told. What sites keep to themselves, such as with whom they do \
                    not want to be paired, is not used, so a pair shown here may be one that a site would decline.";

/// What would come of it if everybody chose the best that would have them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WhatIf)]
pub(crate) struct WhatIfView {
    /// The slug of the programme whose members are in it; null where every active organisation is.
    #[schema(required, value_type = Option<String>)]
    programme: Option<Shown<Slug>>,
    /// The places that each was given; null where what is left counts.
    #[schema(required, minimum = 0, maximum = 20)]
    capacity: Option<u32>,
    /// The number of the last write that the answer saw.
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    summary: WhatIfSummaryView,
    /// The best first, as many as were asked for.
    #[schema(max_items = 2000)]
    pairs: Vec<WhatIfPairView>,
    /// Who is in no pair, by code.
    #[schema(max_items = 2000)]
    unmatched: Vec<UnmatchedView>,
    /// The pairs in which both would rather have each other than what they got. The assignment is stable, so there are none; all
    /// acceptable pairs are searched for them all the same.
    blocking_pairs: Vec<BetweenView>,
    /// How many pairs were searched: all that may be suggested with a fit above 0.
    pairs_searched: usize,
    /// What the picture leaves out.
    note: &'static str,
}

/// The picture in numbers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WhatIfSummary)]
pub(crate) struct WhatIfSummaryView {
    /// How many organisations are in the picture.
    organisations: usize,
    /// How many of them are in a pair.
    matched: usize,
    /// How many are in none.
    unmatched: usize,
    /// How many pairs there are.
    pairs: usize,
    /// The mean of the expected mutual fits; null of no pairs.
    #[schema(required)]
    mean_mutual_fit: Option<Share>,
    /// The mean of the distances that are known; null of none.
    #[schema(required)]
    mean_distance_km: Option<Km>,
}

/// An organisation by its code and name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NamedOrganisation)]
pub(crate) struct NamedView {
    ods_code: Code,
    /// Its name as the register writes it.
    name: String,
}

impl NamedView {
    pub(crate) fn new(named: Named) -> Self {
        Self {
            ods_code: Code(named.ods_code),
            name: named.name,
        }
    }
}

/// A pair by its codes.
#[derive(Serialize, ToSchema)]
#[schema(as = PairOfCodes)]
struct BetweenView {
    /// The two, by code.
    #[schema(min_items = 2, max_items = 2)]
    between: [Code; 2],
}

/// A pair of the assignment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WhatIfPair)]
struct WhatIfPairView {
    /// The two, by code.
    #[schema(min_items = 2, max_items = 2)]
    between: [NamedView; 2],
    mutual_fit: IntervalView,
    /// How far apart they are; null where a position is unknown.
    #[schema(required)]
    distance_km: Option<Km>,
    /// What adds most to the fit, most first.
    #[schema(max_items = 3)]
    reasons: Vec<PairReasonView>,
}

/// Why a pair is worth something.
#[derive(Serialize, ToSchema)]
#[schema(as = PairReason)]
struct PairReasonView {
    criterion: CriterionName,
    /// In a sentence that is true of both.
    text: String,
}

impl From<PairReason> for PairReasonView {
    fn from(reason: PairReason) -> Self {
        Self {
            criterion: CriterionName(reason.criterion),
            text: reason.text,
        }
    }
}

impl From<WhatIfPair> for WhatIfPairView {
    fn from(pair: WhatIfPair) -> Self {
        Self {
            between: pair.between.map(NamedView::new),
            mutual_fit: pair.mutual_fit.into(),
            distance_km: pair.distance_km.map(Km),
            reasons: pair.reasons.into_iter().map(Into::into).collect(),
        }
    }
}

/// An organisation that is in no pair.
#[derive(Serialize, ToSchema)]
#[schema(as = Unmatched)]
struct UnmatchedView {
    organisation: NamedView,
    why: WhyUnmatchedName,
    /// The same in a sentence.
    text: String,
}

impl From<Unmatched> for UnmatchedView {
    fn from(unmatched: Unmatched) -> Self {
        Self {
            organisation: NamedView::new(unmatched.organisation),
            why: WhyUnmatchedName(unmatched.why),
            text: unmatched.text,
        }
    }
}

impl WhatIfView {
    pub(crate) fn new(found: WhatIf, programme: Option<Slug>, capacity: Option<u32>) -> Self {
        let unmatched = found.unmatched.len();
        let between = |(a, b)| BetweenView {
            between: [Code(a), Code(b)],
        };
        Self {
            programme: programme.map(Shown),
            capacity,
            revision: found.revision.0,
            as_of: found.as_of,
            summary: WhatIfSummaryView {
                organisations: found.n_organisations,
                matched: found.n_organisations - unmatched,
                unmatched,
                pairs: found.n_pairs,
                mean_mutual_fit: found.mean_fit.map(Share),
                mean_distance_km: found.mean_distance_km.map(Km),
            },
            pairs: found.pairs.into_iter().map(Into::into).collect(),
            unmatched: found.unmatched.into_iter().map(Into::into).collect(),
            blocking_pairs: found.blocking_pairs.into_iter().map(between).collect(),
            pairs_searched: found.n_searched,
            note: NOTE,
        }
    }
}
