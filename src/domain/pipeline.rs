//! How far each organisation is on its way to a partner, and why it has none (DESIGN 6).

use std::sync::Arc;

use chrono::NaiveDate;

use crate::domain::ids::{BoardCode, OdsCode, Revision, Slug};
use crate::domain::named_enum;
use crate::domain::organisation::Board;

named_enum!(
    /// How far an organisation is: the first of these that holds.
    Stage, "a stage" {
        /// It has an active partnership.
        Partnered = "partnered",
        /// A conversation was agreed to within the last 90 days.
        InConversation = "in_conversation",
        /// An approach of its own waits for an answer.
        Approached = "approached",
        /// An approach waits for its answer.
        Asked = "asked",
        /// None of these.
        None = "none",
    }
);

named_enum!(
    /// Why an organisation has no partner.
    Why, "a reason" {
        /// Too little is recorded of it to suggest anybody well.
        NoFacts = "no_facts",
        /// It is paused.
        Paused = "paused",
        /// It offers no places, or all are taken.
        NoPlaces = "no_places",
        /// Every approach that it made was declined.
        DeclinedAll = "declined_all",
        /// It made no approach.
        NeverAsked = "never_asked",
        /// It stands in nobody's top ten.
        NeverSuggested = "never_suggested",
        /// It waits after an approach of its own that was declined as not a fit.
        CoolingOff = "cooling_off",
    }
);

/// Below this share of the programme's weights too little is recorded of an organisation: less than two of five criteria.
pub const FEW_FACTS: f64 = 0.3;

/// Which organisations to list; everything that is given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineQuery {
    /// How far they are.
    pub stage: Option<Stage>,
    /// Why they have no partner.
    pub why: Option<Why>,
    /// In this NHS region.
    pub region: Option<BoardCode>,
    /// In this integrated care board.
    pub icb: Option<BoardCode>,
    /// What was made in this programme alone counts.
    pub programme: Option<Slug>,
}

/// How far one organisation is.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineEntry {
    /// Its code.
    pub ods_code: OdsCode,
    /// Its name.
    pub name: String,
    /// Its integrated care board.
    pub icb: Option<Arc<Board>>,
    /// Its NHS region.
    pub region: Option<Arc<Board>>,
    /// How far it is.
    pub stage: Stage,
    /// Why it has no partner, in the order of [`Why::ALL`]; nothing for one that has.
    pub why: Vec<Why>,
    /// Whether a match of its is stalled.
    pub is_stalled: bool,
    /// Whether nearly as many approaches wait for its answer as may.
    pub is_over_asked: bool,
    /// How many approaches wait for its answer.
    pub open_in: u32,
    /// How many of its own wait for an answer.
    pub open_out: u32,
    /// How many active partnerships it has.
    pub partnerships: u32,
    /// In how many top tens it stands.
    pub in_degree: u32,
}

/// How many organisations are how far; `None` where too few are to show.
#[derive(Clone, Debug, PartialEq)]
pub struct StageCounts {
    /// How many organisations together.
    pub organisations: Option<u32>,
    /// By stage, in the order of [`Stage::ALL`].
    pub stages: [Option<u32>; Stage::ALL.len()],
}

/// The counts of a board or a region.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupStages {
    /// Which; `None` for those of which none is recorded.
    pub board: Option<Arc<Board>>,
    /// How many are how far.
    pub counts: StageCounts,
}

/// The pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// Of which data.
    pub revision: Revision,
    /// The day on which ages were counted.
    pub as_of: NaiveDate,
    /// The organisations of the page, by code.
    pub items: Vec<PipelineEntry>,
    /// Whether more follow.
    pub has_more: bool,
    /// How many there are on all pages.
    pub total: u32,
    /// All organisations, whatever is listed.
    pub all: StageCounts,
    /// By NHS region.
    pub by_region: Vec<GroupStages>,
    /// By integrated care board.
    pub by_icb: Vec<GroupStages>,
}
