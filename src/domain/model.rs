//! Models: what the outcomes of a programme taught about its weights, and what became of it.
//!
//! A model is learnt, looked at in shadow, and put to use by an admin or never; nothing here happens by itself (DESIGN 7).

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::ids::{Revision, Slug};
use crate::domain::named_enum;
use crate::domain::programme::{Criterion, ImpossibleWeights, Weights};
use crate::domain::standing::Stayed;
use crate::domain::version::Version;

/// The most outcomes that a model is learnt of: it is worked out within the transaction that keeps it.
pub const MAX_OUTCOMES: usize = 100_000;

/// The longest reason of an admin, in characters.
pub const MAX_REASON_CHARS: usize = 1_000;

/// Fewer newer outcomes than this tell no loss: one site's word could be read off it (DESIGN 6 keeps check-ins to the two).
pub const MIN_NEWER: usize = 5;

named_enum!(
    /// What has become of a model.
    ModelState, "a state of a model" {
        /// It was learnt and is not in use.
        Candidate = "candidate",
        /// Its weights are the programme's.
        Active = "active",
        /// Its weights were the programme's.
        Retired = "retired",
    }
);

named_enum!(
    /// Whether a model may be put to use, and why not.
    GateVerdict, "a verdict of the gate" {
        /// Its weights did better than those in use beyond what chance explains.
        Passed = "passed",
        /// There are too few outcomes to tell.
        TooFewOutcomes = "too_few_outcomes",
        /// Its weights did no better on held-out outcomes.
        NoGain = "no_gain",
        /// They did better, by no more than chance may explain.
        NotBeyondChance = "not_beyond_chance",
    }
);

named_enum!(
    /// Why a model is no longer in use.
    WhyRetired, "a reason" {
        /// An admin put back the weights that held before it.
        RolledBack = "rolled_back",
        /// Another model was put to use.
        Replaced = "replaced",
        /// An admin gave the programme other weights.
        WeightsChanged = "weights_changed",
    }
);

/// One number for each criterion, in the order of [`Criterion::ALL`].
pub type Each<T> = [T; Criterion::COUNT];

/// A coefficient of the regression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficient {
    /// Its mode.
    pub mean: f64,
    /// Its standard deviation by the curvature there.
    pub standard_deviation: f64,
}

/// The weight of a criterion as learnt, each in `0..=1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearntShare {
    /// What a ranking would use: shrunk toward the prior's.
    pub weight: f64,
    /// The lower end of the 90 % interval of the weight before shrinking; `weight` may lie outside.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// How three sets of weights do on held-out outcomes: the mean log-loss of each, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut {
    /// Of the learnt weights.
    pub learnt: f64,
    /// Of the weights that were given by hand.
    pub prior: f64,
    /// Of those in use, which may have been learnt of some of these outcomes.
    pub in_use: f64,
    /// By how much the learnt ones do better than those in use, in the mean over pairs of sites.
    pub gain: f64,
    /// The standard error of that.
    pub standard_error: f64,
    /// The mean squared error of the learnt probabilities, in `0..=1`.
    pub brier: f64,
}

/// Outcomes of about the same held-out probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationBin {
    /// The lowest probability of the bin.
    pub from: f64,
    /// The end of the bin; of the last it is in it.
    pub to: f64,
    /// How many there are, their mean probability and the share of them that succeeded; `None` for fewer than five.
    pub found: Option<BinFound>,
}

/// What came of the outcomes of a bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinFound {
    /// How many.
    pub n_outcomes: usize,
    /// Their mean probability.
    pub predicted: f64,
    /// The share of successes.
    pub observed: f64,
}

/// What to keep in mind of the outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFindings {
    /// Criteria that applied in no outcome: they keep the share that they had.
    pub never_applied: Vec<Criterion>,
    /// Criteria on which all outcomes score the same: their weight is the prior's word alone.
    pub constant: Vec<Criterion>,
    /// Pairs of criteria that rise and fall together: only the sum of their coefficients is learnt.
    pub collinear: Vec<(Criterion, Criterion)>,
    /// Outcomes that no weighted criterion applied to, which teach nothing.
    pub n_left_out: usize,
    /// Outcomes whose scores were made by another version of the formulas; they count all the same.
    pub n_other_method: usize,
}

/// What some outcomes teach.
#[derive(Clone, Debug, PartialEq)]
pub struct Learnt {
    /// How many there are.
    pub n_outcomes: usize,
    /// Between how many pairs of sites.
    pub n_pairs: usize,
    /// The coefficient that no criterion has.
    pub intercept: Coefficient,
    /// That of each criterion; `None` where it applied in no outcome.
    pub coefficients: Each<Option<Coefficient>>,
    /// The weights, which add up to 1.
    pub weights: Each<LearntShare>,
    /// How they do on outcomes that they were not learnt of.
    pub held_out: HeldOut,
    /// Whether the held-out probabilities come true.
    pub calibration: Vec<CalibrationBin>,
    /// Whether they may be put to use.
    pub gate: GateVerdict,
    /// What the outcomes cannot tell.
    pub findings: ModelFindings,
}

impl Learnt {
    /// The weights to put to use.
    ///
    /// # Errors
    ///
    /// [`ImpossibleWeights`] where they are none, which a model never is.
    pub fn published(&self) -> Result<Weights, ImpossibleWeights> {
        Weights::new(self.weights.map(|share| share.weight))
    }
}

/// From what a model was learnt.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    /// The programme whose outcomes they are.
    pub programme: Slug,
    /// The last day of which outcomes count.
    pub as_of: NaiveDate,
    /// Until when: the end of that day, or when the model was made.
    pub known_until: DateTime<Utc>,
    /// The last write that it saw.
    pub revision: Revision,
    /// The version of the formulas.
    pub method_version: String,
    /// What the folds and the draws were dealt by.
    pub seed: u64,
    /// The weights that were given by hand last, as shares of 1.
    pub prior: Each<f64>,
    /// Those in use when it was learnt, as shares of 1: the prior's unless a model was.
    pub in_use: Each<f64>,
    /// The version of those in use.
    pub weights_version: Version,
}

/// How a model was put to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom: the id of a caller.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The version that its weights have among the programme's.
    pub weights_version: Version,
    /// The version that held before.
    pub version_before: Version,
}

/// How a model went out of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom: the id of a caller.
    pub by: String,
    /// By what.
    pub why: WhyRetired,
    /// The admin's words; `None` unless it was rolled back.
    pub reason: Option<String>,
}

/// A model as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its id.
    pub id: String,
    /// Its place in the order in which they were made.
    pub sequence: i64,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// By whom: the id of a caller.
    pub made_by: String,
    /// From what.
    pub basis: Basis,
    /// What it says.
    pub learnt: Learnt,
    /// What has become of it.
    pub state: ModelState,
    /// How it was put to use; `None` while it never was.
    pub activation: Option<Activation>,
    /// How it went out of use; `None` unless it is retired.
    pub retirement: Option<Retirement>,
    /// How often its state changed, from 1.
    pub version: Version,
}

/// How the top tens of some sites change with other weights.
#[derive(Clone, Debug, PartialEq)]
pub struct ListChange {
    /// How many of ten stay.
    pub stayed: Stayed,
    /// The share of all that stood in a top ten that still do, in `0..=1`; `None` where nobody did.
    pub share_staying: Option<f64>,
    /// By how many places those move in the mean, up or down, who stood in a top ten; `None` where nobody did.
    pub mean_change_of_place: Option<f64>,
}

/// What became known after a model was learnt, of pairs of sites that it was not learnt of.
#[derive(Clone, Debug, PartialEq)]
pub struct Newer {
    /// How many outcomes there are.
    pub n_outcomes: usize,
    /// How many newer ones are left out since their pair was learnt of, or since no weighted criterion applied.
    pub n_left_out: usize,
    /// The losses; `None` for fewer than [`MIN_NEWER`] outcomes, and where too little is left to learn a base rate of.
    pub losses: Option<NewerLosses>,
}

/// How two sets of weights do on newer outcomes: the mean log-loss of each, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewerLosses {
    /// Of the model's.
    pub learnt: f64,
    /// Of those in use.
    pub in_use: f64,
    /// By how much the model does better, in the mean over pairs of sites.
    pub gain: f64,
    /// The standard error of that.
    pub standard_error: f64,
}

/// A model beside the weights in use.
#[derive(Clone, Debug, PartialEq)]
pub struct Shadow {
    /// The model.
    pub model: Model,
    /// The weights in use, as shares of 1.
    pub in_use: Each<f64>,
    /// Their version.
    pub weights_version: Version,
    /// The last write that the lists were made of.
    pub revision: Revision,
    /// The day of the lists.
    pub as_of: NaiveDate,
    /// How the top tens of the programme's sites would change.
    pub lists: ListChange,
    /// The same by region, by name; those without one last.
    pub regions: Vec<(Option<String>, ListChange)>,
    /// How both do on newer outcomes.
    pub newer: Newer,
}
