//! How a list was made: what goes in and what comes out, so that anybody can work it out again.
//!
//! The other sides' weights are theirs alone and in no workings. What a pair is worth to the other side goes in as one number
//! with its bounds, which the seeker sees in its list anyway.

use chrono::NaiveDate;

use crate::domain::firmness::{Firmness, FirmnessRequest};
use crate::domain::ids::{OdsCode, Revision};
use crate::domain::interval::Interval;
use crate::domain::programme::Criterion;
use crate::domain::suggestion::{Method, NamedOrganisation};

/// The most candidates of one file: some megabytes.
pub const MAX_CANDIDATES: usize = 5_000;

/// A candidate as it goes in.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Who.
    pub organisation: NamedOrganisation,
    /// The seeker's scores of it, in the order of [`Criterion::ALL`]; `None` where a criterion cannot be asked of the seeker.
    pub scores: [Option<Interval>; Criterion::COUNT],
    /// The seeker's value to it.
    pub their_fit: Interval,
    /// What is taken off its place, 0 or more.
    pub load_price: f64,
}

/// All that goes in.
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// The seeker's weights, summing to 1 before what does not apply is spread, in the order of [`Criterion::ALL`].
    pub weights: [f64; Criterion::COUNT],
    /// How firmness is found.
    pub firmness: FirmnessRequest,
    /// The candidates, by code.
    pub candidates: Vec<Candidate>,
}

/// A candidate as it comes out.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Who.
    pub ods_code: OdsCode,
    /// Its value to the seeker.
    pub your_fit: Interval,
    /// The reciprocal value.
    pub mutual_fit: Interval,
    /// How firm its place is, where the other side's fit is drawn as one number; `None` where it was not compared.
    pub firmness: Option<Firmness>,
}

/// How a list was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Workings {
    /// Who asked.
    pub seeker: NamedOrganisation,
    /// Of which data.
    pub revision: Revision,
    /// The day on which ages were counted.
    pub as_of: NaiveDate,
    /// How it was made.
    pub method: Method,
    /// What went in.
    pub inputs: Inputs,
    /// What was answered, in order, from the first.
    pub answered: Vec<Place>,
    /// The firmness that the list shows, which the other sides' own weights are part of, by place; `None` where it was not compared.
    pub shown: Vec<Option<Firmness>>,
}
