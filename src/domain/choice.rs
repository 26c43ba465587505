//! Choices: whom a site kept or approached, and what stood beside it in the list that the service gave it.
//!
//! What sites choose is not what works. Choices are looked at apart from [outcomes](crate::domain::outcome), and nothing of them
//! becomes a weight.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::ids::{OdsCode, Slug};
use crate::domain::model::{Coefficient, Each};
use crate::domain::named_enum;
use crate::domain::suggestion::Limit;

/// How many of a site's list count as shown: as many as it is given unless it asks for others.
pub const N_SHOWN: usize = Limit::DEFAULT.count();

/// Choices are told of in steps of at least so many that count: shortlists are private, and the few coarse figures that are told of a step
/// say far less than whom so many sites chose.
pub const STEP: usize = 50;

/// A step holds choices of at least so many sites.
pub const STEP_SITES: usize = 10;

/// Of one site at most so many count toward a step, so that no step is one site's.
pub const STEP_OF_SITE: usize = 5;

/// The most choices of a programme that are looked at, since all of them are in memory at once.
pub const MAX_CHOICES: usize = 20_000;

named_enum!(
    /// What a site did that tells whom it chose.
    ChoiceAct, "an act of choosing" {
        /// It kept the candidate on its shortlist.
        Shortlisted = "shortlisted",
        /// It approached the candidate.
        Approached = "approached",
    }
);

/// One that stood in a site's list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShownCandidate {
    /// Its rank, from 1.
    pub rank: usize,
    /// The site's expected scores of it; `None` where a criterion did not apply to the site.
    pub scores: Each<Option<f64>>,
}

/// What stood in a site's list when it chose one of them: at most [`N_SHOWN`], without those to which it had done the same before.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownList {
    /// From the first on.
    pub shown: Vec<ShownCandidate>,
    /// The place of the one that was chosen among them, from 0.
    pub chosen: usize,
}

/// A choice in the moment in which it is made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewChoice {
    /// What the site does.
    pub act: ChoiceAct,
    /// Who chooses.
    pub by: OdsCode,
    /// Whom.
    pub candidate: OdsCode,
    /// The programme of the one that chooses.
    pub programme: Slug,
    /// When.
    pub made_at: DateTime<Utc>,
    /// The version of the formulas that made the list.
    pub method_version: String,
    /// The list with who stands there; empty where it is the site's own, as its saved weights and its exclusions make it.
    pub list: Vec<(OdsCode, ShownCandidate)>,
}

/// The first time that a site did something to a candidate, as it is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Who chose.
    pub by: OdsCode,
    /// The version of the formulas that made the list.
    pub method_version: String,
    /// The list; `None` where the candidate was not in it, or the list was the site's own.
    pub from: Option<ShownList>,
}

/// An approach that its recipient answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// Who answered.
    pub by: OdsCode,
    /// What it said; `None` where it declined for its own circumstances: for want of places, not now, or another partner.
    pub is_accepted: Option<bool>,
    /// The sender's expected scores under the programme's weights, as they were stored; `None` where a criterion did not apply.
    pub scores: Each<Option<f64>>,
}

/// What choices reveal of one criterion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Revealed {
    /// By how much a score of 1 rather than 0 raises the logarithm of the odds of being chosen, place for place.
    pub coefficient: Coefficient,
    /// Its share of all coefficients above 0, in `0..=1`.
    pub share: f64,
    /// The lower end of the 90 % interval of the share.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// What the share would be if a place in the list counted nothing.
    pub uncorrected: f64,
}

/// How choices of sites are foretold that were held out: the mean over sites of the log-loss of a choice, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChoiceLosses {
    /// By chance: any of those shown.
    pub chance: f64,
    /// By the places alone.
    pub places: f64,
    /// By places and scores.
    pub scores: f64,
    /// By how much scores do better than places alone.
    pub gain: f64,
    /// The standard error of that.
    pub standard_error: f64,
}

/// What choices from lists reveal.
#[derive(Clone, Debug, PartialEq)]
pub struct ChoiceFindings {
    /// How steeply notice falls with the place: the one at rank r is noticed in proportion to r to the minus this.
    pub place: Coefficient,
    /// Of each criterion; `None` where it applied to no site that chose.
    pub criteria: Each<Option<Revealed>>,
    /// On held-out sites.
    pub held_out: ChoiceLosses,
}

/// The choices of one act that are told of.
#[derive(Clone, Debug, PartialEq)]
pub struct ChoiceStage {
    /// How many.
    pub n_choices: usize,
    /// Of how many sites.
    pub n_sites: usize,
    /// How many were of one in a list that staff see too.
    pub n_from_list: usize,
    /// How many lists another version of the formulas made; they count all the same.
    pub n_other_method: usize,
    /// What they reveal.
    pub findings: ChoiceFindings,
}

/// The answers to approaches that are told of.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerStage {
    /// How many counted.
    pub n_answers: usize,
    /// By how many sites.
    pub n_sites: usize,
    /// How many of them accepted.
    pub n_accepted: usize,
    /// How many were left out: declined for the recipient's own circumstances.
    pub n_left_out: usize,
    /// By how much a score of 1 rather than 0 raises the logarithm of the odds of being accepted; `None` where the criterion applied
    /// to no sender, or all answers are of one kind.
    pub criteria: Each<Option<Coefficient>>,
}

/// What the choices in a programme reveal, each part `None` while there are too few to be told of.
#[derive(Clone, Debug, PartialEq)]
pub struct ChoiceReport {
    /// Whose.
    pub programme: Slug,
    /// The last day of which choices count.
    pub as_of: NaiveDate,
    /// The programme's weights, as shares of 1.
    pub in_use: Each<f64>,
    /// Of candidates kept on shortlists.
    pub shortlisted: Option<ChoiceStage>,
    /// Of candidates approached.
    pub approached: Option<ChoiceStage>,
    /// Of approaches answered.
    pub accepted: Option<AnswerStage>,
}
