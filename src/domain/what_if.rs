//! What would come of it if everybody chose the best that would have them: a picture for programme admins, which nobody is held
//! to (DESIGN 6).

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::ids::{OdsCode, Revision, Slug};
use crate::domain::interval::Interval;
use crate::domain::named_enum;
use crate::domain::programme::Criterion;

/// The most organisations of one picture: it looks at all their pairs, two million of them.
pub const MAX_ORGANISATIONS: usize = 2_000;

/// The most places that every organisation can be given for a picture.
pub const MAX_GIVEN_PLACES: u32 = 20;

/// The most pairs that an answer lists, and how many it lists unless told otherwise; it says how many there are.
pub const MAX_LISTED_PAIRS: usize = 2_000;

/// What an organisation can take on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// So many places for partnerships are left.
    Places(u32),
    /// It is paused.
    Paused,
}

/// Of whom, of when, and with how many places.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIfRequest {
    /// The members of this programme; `None` is every active organisation.
    pub programme: Option<Slug>,
    /// The day on which ages are counted.
    pub as_of: NaiveDate,
    /// So many places for everybody, instead of what is left.
    pub capacity: Option<u32>,
    /// How many pairs to list, at most [`MAX_LISTED_PAIRS`].
    pub limit: usize,
    /// What is left, of those of whom something is known.
    pub rooms: BTreeMap<OdsCode, Room>,
}

/// An organisation by its code and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its code.
    pub ods_code: OdsCode,
    /// Its name.
    pub name: String,
}

/// Why a pair is worth something: a criterion, with its score from both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct PairReason {
    /// Which.
    pub criterion: Criterion,
    /// In a sentence that is true of both.
    pub text: String,
}

/// A pair of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIfPair {
    /// The two, by code.
    pub between: [Named; 2],
    /// Their mutual fit.
    pub mutual_fit: Interval,
    /// How far apart they are; `None` where a position is unknown.
    pub distance_km: Option<f64>,
    /// What adds most to it, most first.
    pub reasons: Vec<PairReason>,
}

named_enum!(
    /// Why an organisation is in no pair.
    WhyUnmatched, "a reason why an organisation is in no pair" {
        /// It has no places left.
        NoPlaces = "no_places",
        /// It is paused.
        Paused = "paused",
        /// There is nobody that it may be suggested to with a fit above 0.
        NoAcceptableCandidate = "no_acceptable_candidate",
        /// Whoever it could have is full with pairs that they like better, or had no places.
        CandidatesFull = "candidates_full",
    }
);

/// An organisation that is in no pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Unmatched {
    /// Who.
    pub organisation: Named,
    /// Why, in a word.
    pub why: WhyUnmatched,
    /// Why, in a sentence.
    pub text: String,
}

/// The picture.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    /// Of which data.
    pub revision: Revision,
    /// The day on which ages were counted.
    pub as_of: NaiveDate,
    /// How many organisations there are in it.
    pub n_organisations: usize,
    /// How many pairs of them are acceptable: all these were searched for one that blocks.
    pub n_searched: usize,
    /// The pairs, the best first, as many as were asked for.
    pub pairs: Vec<WhatIfPair>,
    /// How many pairs there are.
    pub n_pairs: usize,
    /// Who is in no pair, by code.
    pub unmatched: Vec<Unmatched>,
    /// The pairs that would rather have each other: none, by the theorem.
    pub blocking_pairs: Vec<(OdsCode, OdsCode)>,
    /// The mean of the mutual fits; `None` of no pairs.
    pub mean_fit: Option<f64>,
    /// The mean of the distances that are known.
    pub mean_distance_km: Option<f64>,
}
