//! How complete an organisation's own facts are, and what each missing one would do.

use chrono::NaiveDate;

use crate::domain::ids::{OdsCode, Revision};
use crate::domain::suggestion::Fact;

/// A fact that an organisation has not given.
#[derive(Clone, Debug, PartialEq)]
pub struct MissingFact {
    /// Which.
    pub fact: Fact,
    /// The share of completeness that it would add, `0..=1`: what it weighs in the organisation's own suggestions.
    pub effect: f64,
    /// How the mean width of the mutual fits of its present top ten would change if the fact were known, `-1..=1`; negative is
    /// firmer. `None` where that cannot be told, or where nobody is suggested.
    pub width_change: Option<f64>,
    /// The words to ask.
    pub question: String,
}

/// How complete an organisation's own facts are.
#[derive(Clone, Debug, PartialEq)]
pub struct Completeness {
    /// Whose facts.
    pub ods_code: OdsCode,
    /// Of which data.
    pub revision: Revision,
    /// The day on which ages were counted.
    pub as_of: NaiveDate,
    /// The share of the weights for which its facts are recorded, `0..=1`; with the effects of what is missing it makes 1.
    pub share: f64,
    /// The mean width, `high - low`, of the mutual fits of its present top ten; `None` where nobody is suggested.
    pub mean_width: Option<f64>,
    /// What is missing: the greatest effect first, among equals the shortest question.
    pub missing: Vec<MissingFact>,
}
