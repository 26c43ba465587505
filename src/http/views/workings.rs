//! The file of how a list was made: written by the service, read by `alongside suggest --from`.

mod read;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::firmness::Firmness;
use crate::domain::interval::Interval;
use crate::domain::programme::Criterion;
use crate::domain::suggestion::{METHOD_VERSION, NamedOrganisation};
use crate::domain::workings::{Candidate, Place, Workings};
use crate::http::views::numbers::shown;

pub(crate) use self::read::read;

/// The form of the file. Another number is another form.
const FORMAT: &str = "alongside-workings/1";

/// What a reader of the file should know.
const NOTES: [&str; 3] = [
    "Every fit, every place, and `firmness` follow from `method` and `candidates` alone: alongside suggest --from FILE.",
    "`theirFit` is made of the other side's weights, which are its own and not told. `firmness` therefore draws it as one \
     number from its bounds.",
    "`firmnessShown` is what the list of suggestions shows: there the other side's scores are drawn one by one under its \
     weights, so that it cannot be worked out again from this file.",
];

/// How a list was made.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Workings)]
pub(crate) struct WorkingsView {
    /// The form of the file: `alongside-workings/1`.
    #[schema(max_length = 40)]
    format: String,
    /// What a reader should know.
    #[schema(max_items = 10)]
    notes: Vec<String>,
    seeker: NamedForm,
    /// The number of the last write that the list saw.
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    method: MethodForm,
    /// What went in, by ODS code, unrounded.
    #[schema(max_items = 5000)]
    candidates: Vec<CandidateForm>,
    /// What came out, from the first place, rounded to six decimals.
    #[schema(max_items = 5000)]
    answered: Vec<PlaceForm>,
}

/// An organisation by its name.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = WorkingsOrganisation)]
struct NamedForm {
    /// Its ODS code.
    #[schema(max_length = 12, pattern = "^[A-Z0-9]{3,12}$")]
    ods_code: String,
    /// Its name as the register writes it.
    #[schema(max_length = 500)]
    name: String,
}

/// How it was made.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = WorkingsMethod)]
struct MethodForm {
    /// The version of the formulas.
    #[schema(max_length = 40)]
    version: String,
    /// The slug of the seeker's programme on that day.
    #[schema(max_length = 100)]
    programme: String,
    /// Whose weights: `request`, `saved` or `programme`.
    #[schema(max_length = 20)]
    weights_from: String,
    /// The seeker's weights, adding up to 1, before what does not apply is spread; unrounded.
    weights: ByCriterion<f64>,
    /// Whether exposure was spread by a price.
    spread_load: bool,
    /// How often weights and unknown scores were drawn.
    #[schema(maximum = 100_000)]
    draws: u32,
    /// The seed of those draws.
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    seed: u64,
}

/// Something for each criterion.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ByCriterion<T> {
    core_system: T,
    geography: T,
    care_setting: T,
    culture: T,
    prior_relationships: T,
    learning: T,
}

impl<T> ByCriterion<T> {
    fn new(
        [
            core_system,
            geography,
            care_setting,
            culture,
            prior_relationships,
            learning,
        ]: [T; Criterion::COUNT],
    ) -> Self {
        Self {
            core_system,
            geography,
            care_setting,
            culture,
            prior_relationships,
            learning,
        }
    }

    fn into_array(self) -> [T; Criterion::COUNT] {
        [
            self.core_system,
            self.geography,
            self.care_setting,
            self.culture,
            self.prior_relationships,
            self.learning,
        ]
    }
}

/// A score or a fit with its bounds.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WorkingsInterval)]
struct IntervalForm {
    /// The least it can be.
    #[schema(minimum = 0, maximum = 1)]
    low: f64,
    /// What to expect.
    #[schema(minimum = 0, maximum = 1)]
    expected: f64,
    /// The most it can be.
    #[schema(minimum = 0, maximum = 1)]
    high: f64,
}

impl IntervalForm {
    fn exact(interval: Interval) -> Self {
        Self {
            low: interval.low(),
            expected: interval.expected(),
            high: interval.high(),
        }
    }

    fn rounded(interval: Interval) -> Self {
        let Self {
            low,
            expected,
            high,
        } = Self::exact(interval);
        Self {
            low: shown(low),
            expected: shown(expected),
            high: shown(high),
        }
    }
}

/// A candidate as it goes in.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = WorkingsCandidate)]
struct CandidateForm {
    /// Its ODS code.
    #[schema(max_length = 12, pattern = "^[A-Z0-9]{3,12}$")]
    ods_code: String,
    /// Its name as the register writes it.
    #[schema(max_length = 500)]
    name: String,
    /// The seeker's scores of it; null where a criterion cannot be asked of the seeker.
    scores: ByCriterion<Option<IntervalForm>>,
    /// The seeker's value to it.
    their_fit: IntervalForm,
    /// What is taken off its place.
    #[schema(minimum = 0)]
    load_price: f64,
}

/// A candidate as it comes out.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = WorkingsPlace)]
struct PlaceForm {
    /// Its ODS code.
    #[schema(max_length = 12, pattern = "^[A-Z0-9]{3,12}$")]
    ods_code: String,
    /// Its value to the seeker.
    your_fit: IntervalForm,
    /// The reciprocal value of the pair.
    mutual_fit: IntervalForm,
    /// How firm its place is, worked out from this file; null where nothing was drawn or it was too far down to be compared.
    #[schema(required)]
    firmness: Option<FirmnessForm>,
    /// How firm the list shows it to be.
    #[schema(required)]
    firmness_shown: Option<FirmnessForm>,
}

/// Shares of draws.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = WorkingsFirmness)]
struct FirmnessForm {
    /// It is first.
    #[schema(minimum = 0, maximum = 1)]
    first: f64,
    /// It is among the first three.
    #[schema(minimum = 0, maximum = 1)]
    top_three: f64,
}

impl From<Firmness> for FirmnessForm {
    fn from(firmness: Firmness) -> Self {
        Self {
            first: shown(firmness.first),
            top_three: shown(firmness.top_three),
        }
    }
}

impl From<NamedOrganisation> for NamedForm {
    fn from(named: NamedOrganisation) -> Self {
        Self {
            ods_code: named.ods_code.to_string(),
            name: named.name,
        }
    }
}

impl From<Workings> for WorkingsView {
    fn from(workings: Workings) -> Self {
        let Workings { method, inputs, .. } = workings;
        let place = |(place, shown): (Place, Option<Firmness>)| PlaceForm {
            ods_code: place.ods_code.to_string(),
            your_fit: IntervalForm::rounded(place.your_fit),
            mutual_fit: IntervalForm::rounded(place.mutual_fit),
            firmness: place.firmness.map(Into::into),
            firmness_shown: shown.map(Into::into),
        };
        let candidate = |candidate: Candidate| CandidateForm {
            ods_code: candidate.organisation.ods_code.to_string(),
            name: candidate.organisation.name,
            scores: ByCriterion::new(candidate.scores.map(|score| score.map(IntervalForm::exact))),
            their_fit: IntervalForm::exact(candidate.their_fit),
            load_price: candidate.load_price,
        };
        Self {
            format: FORMAT.to_owned(),
            notes: NOTES.map(str::to_owned).to_vec(),
            seeker: workings.seeker.into(),
            revision: workings.revision.0,
            as_of: workings.as_of,
            method: MethodForm {
                version: METHOD_VERSION.to_owned(),
                programme: method.programme.to_string(),
                weights_from: method.weights_from.to_string(),
                weights: ByCriterion::new(inputs.weights),
                spread_load: method.spread_load,
                draws: method.firmness.draws.count(),
                seed: method.firmness.seed,
            },
            candidates: inputs.candidates.into_iter().map(candidate).collect(),
            answered: workings
                .answered
                .into_iter()
                .zip(workings.shown)
                .map(place)
                .collect(),
        }
    }
}
