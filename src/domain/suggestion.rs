//! What is asked of the service and what it answers.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::domain::caller::Role;
use crate::domain::capacity::Availability;
use crate::domain::core_system::Module;
use crate::domain::dates::PartialDate;
use crate::domain::firmness::{Draws, Firmness, FirmnessRequest, FirmnessTables};
use crate::domain::ids::{BoardCode, MalformedId, OdsCode, Revision, Slug};
use crate::domain::interval::Interval;
use crate::domain::named_enum;
use crate::domain::organisation::{Board, CareSettings, Position};
use crate::domain::profile::Attribute;
use crate::domain::programme::{Criterion, Weights};

/// The version of the formulas of DESIGN 4; a change of any formula or default raises it.
pub const METHOD_VERSION: &str = "1";

/// The years of a day on which ages can be counted, from the first day of the first to the last day of the last: no record
/// is older than a lifetime, and a day further off is a slip of the finger.
pub const AS_OF_YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;

/// How many suggestions to give, `1..=50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit(u8);

impl Limit {
    /// The most that one answer lists.
    pub const MAX: u8 = 50;
    /// What an answer lists unless told otherwise.
    pub const DEFAULT: Self = Self(10);

    /// Accepts `1..=50`.
    ///
    /// # Errors
    ///
    /// [`MalformedId`] for anything else.
    pub fn new(limit: i64) -> Result<Self, MalformedId> {
        match u8::try_from(limit) {
            Ok(limit @ 1..=Self::MAX) => Ok(Self(limit)),
            Ok(_) | Err(_) => Err(MalformedId("a limit is a whole number from 1 to 50")),
        }
    }

    /// The number.
    #[must_use]
    pub const fn count(self) -> usize {
        self.0 as usize
    }
}

/// Which candidates a seeker wants to see; an empty filter shows all. Ranks count what is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    /// Only those that give some of this care.
    pub care_settings: CareSettings,
    /// Only those in this integrated care board.
    pub icb: Option<BoardCode>,
    /// Only those in this NHS region.
    pub region: Option<BoardCode>,
    /// Only those with a present system of this vendor, whatever the case of the letters.
    pub vendor: Option<String>,
    /// Only those whose head office is within this many km.
    pub within_km: Option<f64>,
    /// Only those in the seeker's group of sites that are alike in context.
    pub is_peer: bool,
}

/// Who looks at an answer: the weights that a site saved are its own, and others see it under the programme's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeenBy {
    /// The site that the answer is for.
    Site,
    /// Anybody else.
    Others,
}

impl SeenBy {
    /// Who looks at an answer for a site.
    #[must_use]
    pub fn of(role: Role, site: OdsCode) -> Self {
        if role.site() == Some(site) {
            Self::Site
        } else {
            Self::Others
        }
    }
}

/// What a seeker asks.
#[derive(Clone, Debug, PartialEq)]
pub struct SuggestionRequest {
    /// Who asks.
    pub seeker: OdsCode,
    /// Who sees the answer.
    pub seen_by: SeenBy,
    /// Weights for this request alone; else those that the seeker saved, where it sees the answer itself, else the programme's.
    pub weights: Option<Weights>,
    /// Which candidates to show.
    pub filters: Filters,
    /// How many.
    pub limit: Limit,
    /// The day on which ages are counted.
    pub as_of: NaiveDate,
    /// How firm the ranks are to be found.
    pub firmness: FirmnessRequest,
    /// Whether exposure is spread by prices; `None` is as the seeker's programme says.
    pub spread_load: Option<bool>,
}

named_enum!(
    /// Whose weights an answer used.
    WeightsFrom, "a source of weights" {
        /// The request's.
        Request = "request",
        /// Those that the seeker saved.
        Saved = "saved",
        /// The programme's.
        Programme = "programme",
    }
);

/// How an answer was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// The seeker's programme on that day.
    pub programme: Slug,
    /// Whose weights the seeker's side used.
    pub weights_from: WeightsFrom,
    /// Those weights, summing to 1 over the criteria in use.
    pub weights: Vec<(Criterion, f64)>,
    /// How firmness was found.
    pub firmness: FirmnessRequest,
    /// Whether exposure was spread by prices.
    pub spread_load: bool,
}

/// An organisation as an answer shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganisationCard {
    /// Its code.
    pub ods_code: OdsCode,
    /// Its name.
    pub name: String,
    /// The care it gives.
    pub care_settings: CareSettings,
    /// Its integrated care board.
    pub icb: Option<Arc<Board>>,
    /// Its NHS region.
    pub region: Option<Arc<Board>>,
    /// Its head office.
    pub position: Option<Position>,
}

/// An organisation by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedOrganisation {
    /// Its code.
    pub ods_code: OdsCode,
    /// Its name.
    pub name: String,
}

/// Why a criterion scored as it did: one recorded fact in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// A stable name that a program can match.
    pub code: &'static str,
    /// A sentence for the seeker.
    pub text: Cow<'static, str>,
    /// Where the candidate's fact, or the fact of both, comes from; shared, since one source gives many facts.
    pub source: Option<Arc<str>>,
    /// The date that fact speaks of.
    pub as_of: Option<PartialDate>,
}

/// One criterion of a suggestion, from both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct CriterionScore {
    /// Which.
    pub criterion: Criterion,
    /// Its share of the seeker's fit; 0 where it does not apply.
    pub weight: f64,
    /// The seeker's score; `None` where it cannot be asked of the seeker.
    pub score: Option<Interval>,
    /// `weight` times the expected score.
    pub contribution: f64,
    /// The candidate's score of the seeker; `None` where it cannot be asked of the candidate.
    pub their_score: Option<Interval>,
    /// What the score rests on.
    pub reasons: Vec<Reason>,
    /// What is not known of the candidate, in words.
    pub unknown: Vec<Cow<'static, str>>,
}

/// A ranked candidate with its explanation.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// Its place among what is shown, from 1.
    pub rank: u32,
    /// Who it is.
    pub organisation: OrganisationCard,
    /// Between the head offices; `None` where a position is unknown.
    pub distance_km: Option<f64>,
    /// The reciprocal value of the pair.
    pub mutual_fit: Interval,
    /// Its value to the seeker.
    pub your_fit: Interval,
    /// The seeker's value to it.
    pub their_fit: Interval,
    /// The seeker's place in its list, before any filter.
    pub reverse_rank: u32,
    /// The share of the seeker's weights for which its facts are recorded.
    pub coverage: f64,
    /// What was taken off its place to spread exposure; 0 while that is off.
    pub load_price: f64,
    /// Each criterion, in the order of [`Criterion::ALL`].
    pub criteria: Vec<CriterionScore>,
    /// What the seeker can learn, in sentences.
    pub you_gain: Vec<String>,
    /// What the candidate can learn, in sentences addressed to the seeker.
    pub they_gain: Vec<String>,
    /// Whether it can be approached for a partnership on the day.
    pub availability: Availability,
    /// Where it is full or paused: the next best after it in the seeker's list who can be approached.
    pub alternates: Vec<NamedOrganisation>,
    /// Where it is full or paused: who has partnered with it and can pass on what they learned.
    pub relays: Vec<NamedOrganisation>,
    /// How often it comes out on top; `None` where nothing was drawn.
    pub firmness: Option<Firmness>,
}

/// A fact that an organisation can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Which system it runs for a module.
    CoreSystem(Module),
    /// Where it is.
    Position,
    /// Which care it gives.
    CareSettings,
    /// What it is like.
    Attribute(Attribute),
    /// Whether its list of links is complete.
    Links,
    /// What it seeks and shows.
    Topics,
}

impl Fact {
    /// The fact's name in an answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CoreSystem(module) => module.as_str(),
            Self::Position => "position",
            Self::CareSettings => "care_settings",
            Self::Attribute(attribute) => attribute.as_str(),
            Self::Links => "links",
            Self::Topics => "topics",
        }
    }
}

/// What to find out next.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Whom to ask.
    pub ods_code: OdsCode,
    /// For what.
    pub fact: Fact,
    /// The share of the fit that hangs on it, `0..=1`.
    pub effect: f64,
    /// The words to ask.
    pub question: String,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestions {
    /// Who asked.
    pub seeker: OrganisationCard,
    /// Of which data.
    pub revision: Revision,
    /// The day on which ages were counted.
    pub as_of: NaiveDate,
    /// How it was made.
    pub method: Method,
    /// How many candidates there were to choose from, after the filters.
    pub n_candidates: usize,
    /// The best, in order.
    pub suggestions: Vec<Suggestion>,
    /// With whom the seeker has a partnership already; not suggested again.
    pub current_partners: Vec<OrganisationCard>,
    /// What would say most next.
    pub ask_next: Vec<Ask>,
    /// Everything that was counted of the draws, where that was asked for.
    pub firmness_tables: Option<FirmnessTables>,
}

/// What is asked of given candidates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairQuestion {
    /// Who asks.
    pub seeker: OdsCode,
    /// Who sees the answer.
    pub seen_by: SeenBy,
    /// The day on which ages are counted.
    pub as_of: NaiveDate,
    /// How firm the ranks are to be found.
    pub firmness: FirmnessRequest,
    /// Whether exposure is spread by prices; `None` is as the seeker's programme says.
    pub spread_load: Option<bool>,
}

impl PairQuestion {
    /// Without looking at how firm the ranks are, and without prices.
    #[must_use]
    pub const fn plain(seeker: OdsCode, seen_by: SeenBy, as_of: NaiveDate) -> Self {
        Self {
            seeker,
            seen_by,
            as_of,
            firmness: FirmnessRequest::of(Draws::NONE),
            spread_load: Some(false),
        }
    }
}

/// One pair in full.
#[derive(Clone, Debug, PartialEq)]
pub struct PairAnswer {
    /// Who asked.
    pub seeker: OrganisationCard,
    /// Of which data.
    pub revision: Revision,
    /// The day on which ages were counted.
    pub as_of: NaiveDate,
    /// How it was made.
    pub method: Method,
    /// The candidates asked about: one, or those to compare, in the order asked.
    pub candidates: Vec<Suggestion>,
}
