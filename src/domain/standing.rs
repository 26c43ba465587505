//! The top tens of all sites as they stood once, and how they differ from those of another day.
//!
//! A standing holds what programme staff may see anyway: programme weights on every side, no exclusions. So a comparison of two
//! gives away nothing that a site keeps to itself.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::ids::{OdsCode, Revision};
use crate::domain::load::TOP;
use crate::domain::named_enum;
use crate::domain::programme::{Criterion, Weights};

/// The most standings that are kept; to keep another, one has to be removed.
pub const MAX_KEPT: usize = 20;

/// The most active organisations of which a standing is made: it is worked out within the transaction that keeps it.
pub const MAX_SITES: usize = 2000;

/// A standing without its lists.
#[derive(Clone, Debug, PartialEq)]
pub struct StandingHead {
    /// Its id; `None` of the present, which is not kept.
    pub id: Option<String>,
    /// Its place in the order in which they were kept.
    pub sequence: i64,
    /// The last write that it saw.
    pub revision: Revision,
    /// The version of the formulas.
    pub method_version: String,
    /// The day on which ages were counted.
    pub as_of: NaiveDate,
    /// How many sites it is of.
    pub n_sites: usize,
    /// When it was kept, and the id of the caller who kept it; `None` of the present.
    pub kept: Option<(DateTime<Utc>, String)>,
}

/// A standing.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// What it is of.
    pub head: StandingHead,
    /// Every active organisation, by code, be its list empty.
    pub sites: Vec<SiteStanding>,
}

/// The expected scores of one side, by criterion; `None` where one does not apply.
pub type Scores = [Option<f64>; Criterion::COUNT];

/// Where a candidate stood, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Who.
    pub candidate: OdsCode,
    /// Its place, from 1.
    pub rank: u32,
    /// The expected mutual fit.
    pub mutual_fit: f64,
    /// The scores of the seeker's side.
    pub mine: Scores,
    /// Those of the candidate's.
    pub theirs: Scores,
}

/// What one site saw.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteStanding {
    /// Who.
    pub ods_code: OdsCode,
    /// The name of its NHS region.
    pub region: Option<String>,
    /// The weights of its side: its programme's.
    pub weights: Weights,
    /// Its current partners, by code.
    pub partners: Vec<OdsCode>,
    /// The first [`TOP`], in order.
    pub top: Vec<Seen>,
    /// Others that stood in the top of an earlier standing, by place: to say later where they went.
    pub beyond: Vec<Seen>,
}

named_enum!(
    /// Why a candidate left a top ten.
    WhyLeft, "a reason" {
        /// It closed, or became part of another organisation.
        ClosedOrMerged = "closed_or_merged",
        /// The two are partners, who are listed apart.
        NowPartner = "now_partner",
        /// It can no longer be suggested to this site, or nothing can.
        NoLongerSuggested = "no_longer_suggested",
        /// The formulas are of another version.
        MethodChanged = "method_changed",
        /// A programme gave the criteria other weights.
        WeightsChanged = "weights_changed",
        /// The mutual fit of the pair fell.
        FitFell = "fit_fell",
        /// The pair is worth what it was, and others are worth more.
        OthersRose = "others_rose",
    }
);

/// One that left a top ten.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// Who.
    pub candidate: OdsCode,
    /// The place it had, from 1.
    pub rank_before: u32,
    /// The place it has; `None` where it has none.
    pub rank_after: Option<u32>,
    /// What the pair was worth.
    pub fit_before: f64,
    /// What it is worth; `None` where it has no place.
    pub fit_after: Option<f64>,
    /// Why it left.
    pub why: WhyLeft,
    /// The criterion whose weighted scores fell most, where the fit fell.
    pub criterion: Option<Criterion>,
}

/// What became of one site's top ten.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteChange {
    /// Who.
    pub ods_code: OdsCode,
    /// The name of its region, as it was.
    pub region: Option<String>,
    /// How many stood in its list: [`TOP`], or fewer where there were fewer.
    pub n_before: usize,
    /// How many of them still do.
    pub n_stayed: usize,
    /// Those that do not, by the place they had.
    pub left: Vec<Left>,
    /// Those that came, by place.
    pub came: Vec<OdsCode>,
}

/// How many of a top ten stay, over some sites that had one.
#[derive(Clone, Debug, PartialEq)]
pub struct Stayed {
    /// Over how many sites.
    pub n_sites: usize,
    /// The mean; `None` over no site.
    pub mean: Option<f64>,
    /// The median; `None` over no site.
    pub median: Option<f64>,
    /// How many sites kept 0, 1, ... [`TOP`].
    pub sites_by_count: [usize; TOP + 1],
}

/// How two standings differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Stability {
    /// The earlier.
    pub from: StandingHead,
    /// The later.
    pub to: StandingHead,
    /// Over all sites of both.
    pub stayed: Stayed,
    /// The same by region, by name; those without one last.
    pub regions: Vec<(Option<String>, Stayed)>,
    /// How many left for which reason, in the order of [`WhyLeft::ALL`].
    pub reasons: Vec<(WhyLeft, usize)>,
    /// Each site of both that had a list, the most changed first, then by code.
    pub sites: Vec<SiteChange>,
    /// How many sites are in the earlier alone.
    pub n_gone: usize,
    /// How many are in the later alone.
    pub n_new: usize,
}
