//! What it costs a candidate to be seen by many: prices that spread exposure (DESIGN 4.11).

use chrono::NaiveDate;

use crate::domain::ids::{OdsCode, Revision};

/// By how much a price moves where a load is twice the allowance (DESIGN 4.11).
pub const STEP: f64 = 0.02;

/// Prices stand where none moves by more than this (DESIGN 4.11).
pub const TOLERANCE: f64 = 0.000_1;

/// After so many rounds the best one counts (DESIGN 4.11).
pub const MAX_ROUNDS: u32 = 500;

/// The most organisations for which prices are made: every round ranks all of them for each of them.
pub const MAX_ORGANISATIONS: usize = 1000;

/// How top tens look under some prices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposed {
    /// In how many top tens the one stands that stands in the most.
    pub highest_in_degree: u32,
    /// In how many one stands on average.
    pub mean_in_degree: f64,
    /// How many stand in nobody's.
    pub never_suggested: u32,
    /// How unequal the numbers are; `None` where there are no organisations.
    pub in_degree_gini: Option<f64>,
    /// The share of suggestions that are returned; `None` where there are none.
    pub reciprocity: Option<f64>,
    /// The mean mutual fit of those in the top tens; `None` where there are none.
    pub mean_fit: Option<f64>,
}

/// Before and after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spreading {
    /// Without prices.
    pub without: Exposed,
    /// With them.
    pub with: Exposed,
    /// The share of the mean mutual fit that they cost; `None` where there is none to lose.
    pub fit_lost: Option<f64>,
    /// After how many rounds they were made.
    pub rounds: u32,
    /// Whether they stood still by then.
    pub is_settled: bool,
    /// How many have a price above 0.
    pub n_priced: u32,
    /// The highest price.
    pub highest_price: f64,
}

/// The prices of a revision on a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// Of which data.
    pub revision: Revision,
    /// On which day.
    pub as_of: NaiveDate,
    /// By the order of codes of active organisations; each 0 or more.
    pub by_row: Vec<f64>,
    /// What they do.
    pub spreading: Spreading,
    /// Who has the highest prices, at most ten, those with a price alone.
    pub highest: Vec<(OdsCode, f64)>,
}
