//! Programmes and the weights they give the criteria.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::ids::{OdsCode, Slug};
use crate::domain::named_enum;
use crate::domain::version::Version;

named_enum!(
    /// A named part of a fit.
    Criterion, "a criterion" {
        /// How far the two run the same core systems.
        CoreSystem = "core_system",
        /// How near they are, in km and in boards.
        Geography = "geography",
        /// How alike the care is that they give.
        CareSetting = "care_setting",
        /// How alike they are in context and ethos.
        Culture = "culture",
        /// What they have had to do with each other.
        PriorRelationships = "prior_relationships",
        /// What one seeks and the other can show.
        Learning = "learning",
    }
);

impl Criterion {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The criterion's place in [`Criterion::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The criterion in a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::CoreSystem => "core systems",
            Self::Geography => "geography",
            Self::CareSetting => "care setting",
            Self::Culture => "culture",
            Self::PriorRelationships => "prior relationships",
            Self::Learning => "learning",
        }
    }
}

/// How much each criterion counts: finite, not negative, not all zero. Stored as given, compared by ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights([f64; Criterion::COUNT]);

/// Why numbers are no weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImpossibleWeights {
    /// One is negative, not a number or too large.
    #[error("a weight is a number from 0 to 1000000")]
    OutOfRange(Criterion),
    /// All are zero.
    #[error("at least one weight must be above 0")]
    AllZero,
}

/// The largest weight a request may give; only ratios matter, so any bound that keeps sums finite will do.
pub const MAX_WEIGHT: f64 = 1e6;

impl Weights {
    /// The default of DESIGN 4.8: equal, 0.2 each (Dawes 1979, *American Psychologist* 34:571).
    pub const EQUAL: Self = Self([0.2; Criterion::COUNT]);

    /// Accepts one weight for each criterion, in the order of [`Criterion::ALL`].
    ///
    /// # Errors
    ///
    /// [`ImpossibleWeights`] where one is outside `0..=MAX_WEIGHT` or none is above 0.
    pub fn new(weights: [f64; Criterion::COUNT]) -> Result<Self, ImpossibleWeights> {
        for (&criterion, weight) in Criterion::ALL.iter().zip(weights) {
            if !(0.0..=MAX_WEIGHT).contains(&weight) {
                return Err(ImpossibleWeights::OutOfRange(criterion));
            }
        }
        if weights.iter().sum::<f64>() <= 0.0 {
            return Err(ImpossibleWeights::AllZero);
        }
        Ok(Self(weights))
    }

    /// The weight of one criterion as given.
    #[must_use]
    pub const fn of(self, criterion: Criterion) -> f64 {
        self.0[criterion.index()]
    }

    /// The weights of those criteria for which `applies` holds, summing to 1, 0 for the others; `None` where no
    /// weighted criterion applies.
    #[must_use]
    pub fn over(self, applies: impl Fn(Criterion) -> bool) -> Option<[f64; Criterion::COUNT]> {
        let mut shares = [0.0; Criterion::COUNT];
        for &criterion in Criterion::ALL {
            if applies(criterion) {
                shares[criterion.index()] = self.of(criterion);
            }
        }
        let sum: f64 = shares.iter().sum();
        (sum > 0.0).then(|| shares.map(|w| w / sum))
    }
}

/// A programme: who set its weights and under what name.
#[derive(Clone, Debug, PartialEq)]
pub struct Programme {
    /// Its name in addresses.
    pub slug: Slug,
    /// What it is called.
    pub name: String,
    /// What its members' suggestions weigh unless they say otherwise.
    pub weights: Weights,
    /// Whether its members' suggestions spread exposure by a price (DESIGN 4.11), unless a request says otherwise.
    pub spread_load: bool,
}

/// The days on which a programme runs, the first and the last included; without one it is open on that side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The first day.
    pub starts: Option<NaiveDate>,
    /// The last day.
    pub ends: Option<NaiveDate>,
}

impl Run {
    /// Whether the programme runs on a day.
    #[must_use]
    pub fn holds_on(self, day: NaiveDate) -> bool {
        self.starts.is_none_or(|starts| starts <= day) && self.ends.is_none_or(|ends| day <= ends)
    }
}

/// An organisation that is or was in a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub ods_code: OdsCode,
    /// Since when.
    pub joined: DateTime<Utc>,
    /// Until when; `None` while it is in it.
    pub departed: Option<DateTime<Utc>>,
}

impl Member {
    /// Whether it is in the programme on a day: from the day it joined to the day before it left.
    #[must_use]
    pub fn is_in_on(&self, day: NaiveDate) -> bool {
        self.joined.date_naive() <= day
            && self
                .departed
                .is_none_or(|departed| day < departed.date_naive())
    }
}

/// A programme as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgrammeRecord {
    /// What it is called and what it weighs.
    pub programme: Programme,
    /// Whether it is that of whoever is in no other.
    pub is_default: bool,
    /// When it runs; the default one always does.
    pub run: Run,
    /// How often its name, its days and whether it spreads exposure were changed.
    pub version: Version,
    /// How often its weights were.
    pub weights_version: Version,
}

/// One version of a programme's weights.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightVersion {
    /// Its number, from 1.
    pub version: Version,
    /// The weights.
    pub weights: Weights,
    /// Since when they count; `None` of those that came with the service.
    pub changed_at: Option<DateTime<Utc>>,
    /// The id of the caller who gave them; `None` of those that came with the service.
    pub changed_by: Option<String>,
}

/// A programme that sites join, as scoring needs it.
///
/// A site's programme on a day is, of those that run then and that it is in then, the one that it joined last; of two joined at
/// once the one whose slug orders last; the default programme where there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinedProgramme {
    /// What it is called and what it weighs.
    pub programme: Programme,
    /// When it runs.
    pub run: Run,
    /// Who is or was in it, by code.
    pub members: Vec<Member>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_mean_nothing_are_refused() {
        let with = |w: f64| Weights::new([w, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(with(0.0), Err(ImpossibleWeights::AllZero));
        for bad in [-0.1, f64::NAN, f64::INFINITY, 1e7] {
            assert_eq!(
                with(bad),
                Err(ImpossibleWeights::OutOfRange(Criterion::CoreSystem))
            );
        }
        assert!(with(1e-300).is_ok());
    }

    #[test]
    fn a_member_is_in_it_from_the_day_it_joined_to_the_day_before_it_left() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let member = Member {
            ods_code: OdsCode::new("RTH").unwrap(),
            joined: at("2026-03-01T15:00:00Z"),
            departed: Some(at("2026-06-01T08:00:00Z")),
        };
        let days = ["2026-02-28", "2026-03-01", "2026-05-31", "2026-06-01"];
        let is_in = days.map(|day| member.is_in_on(day.parse().unwrap()));
        assert_eq!(is_in, [false, true, true, false]);
    }

    #[test]
    fn a_programme_runs_on_its_first_and_last_day() {
        let run = Run {
            starts: "2026-01-01".parse().ok(),
            ends: "2026-12-31".parse().ok(),
        };
        let holds = |run: Run, day: &str| run.holds_on(day.parse().unwrap());
        assert!(holds(run, "2026-01-01") && holds(run, "2026-12-31"));
        assert!(!holds(run, "2025-12-31") && !holds(run, "2027-01-01"));
        assert!(holds(Run::default(), "1900-01-01"));
    }

    #[test]
    fn what_does_not_apply_is_spread_in_proportion() {
        let weights = Weights::new([0.4, 0.3, 0.2, 0.1, 0.0, 0.0]).unwrap();
        let shares = weights.over(|c| c != Criterion::CoreSystem).unwrap();
        let expected = [0.0, 0.5, 1.0 / 3.0, 1.0 / 6.0, 0.0, 0.0];
        for (share, expected) in shares.iter().zip(expected) {
            assert!((share - expected).abs() < 1e-15);
        }
        assert_eq!(weights.over(|c| c == Criterion::Learning), None);
    }
}
