//! `alongside suggest`: one answer in the terminal.

use std::path::PathBuf;

use chrono::{Datelike as _, NaiveDate};
use clap::Args;

use crate::app::Alongside;
use crate::cli::failure::Failure;
use crate::cli::flags::DatabaseFlags;
use crate::cli::stdout::print;
use crate::cli::{Now, answer, reproduce};
use crate::config::{Config, Flags};
use crate::domain::dates::PartialDate;
use crate::domain::firmness::{Draws, FirmnessRequest};
use crate::domain::ids::{MalformedId, OdsCode};
use crate::domain::programme::{Criterion, ImpossibleWeights, MAX_WEIGHT, Weights};
use crate::domain::suggestion::{AS_OF_YEARS, Filters, Limit, SeenBy, SuggestionRequest};
use crate::http;
use crate::startup::{self, TemporaryDatabase};

/// Prints partners for one organisation, with reasons
///
/// Reads the configured database and changes nothing in it; without one, the bundled open data in a temporary database. Prints a table of at most
/// 100 columns, the reasons of the first three, and what to ask next; with --json, the answer that the service gives.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args)]
#[command(after_help = "\
Examples:
  alongside suggest RTH
  alongside suggest RTH --limit 3 --weights core_system=0.6,geography=0.4
  alongside suggest K0N6A --as-of 2026-04-01 --json
  alongside suggest --from RTH-workings.json")]
pub struct Suggest {
    /// The ODS code of the organisation that seeks partners, for example RTH
    #[arg(value_name = "ODS", value_parser = OdsCode::new, required_unless_present = "from")]
    seeker: Option<OdsCode>,

    /// Works a list out again from a file of its workings, which /api/v1/organisations/{odsCode}/suggestions/workings gives, and
    /// fails where anything in it does not follow from its inputs; reads no database
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeker", "weights", "as_of", "spread_load", "json"])]
    from: Option<PathBuf>,

    /// How many to print, 1 to 50
    #[arg(long, value_name = "NUMBER", default_value = "10", value_parser = limit, allow_negative_numbers = true)]
    limit: Limit,

    /// How much each criterion counts, as CRITERION=NUMBER with commas between; what is left out counts nothing
    ///
    /// The criteria are core_system, geography, care_setting, culture, prior_relationships and learning. Only the ratios
    /// matter. Without this the weights of the programme hold.
    #[arg(long, value_name = "WEIGHTS", value_parser = weights)]
    weights: Option<Weights>,

    /// The day on which ages are counted, as YYYY-MM-DD [default: today, UTC]
    #[arg(long, value_name = "DATE", value_parser = day)]
    as_of: Option<NaiveDate>,

    /// How often weights and unknown scores are drawn to find how firm the ranks are, 0 to 100000; 0 leaves that out
    #[arg(long, value_name = "NUMBER", default_value = "2000", value_parser = draws, allow_negative_numbers = true)]
    draws: Draws,

    /// The seed of those draws
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    seed: u32,

    /// Takes a price off the places of candidates who are seen by more than they have room for; the fits stay [default: as the
    /// programme says]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    spread_load: Option<bool>,

    /// Prints JSON, the same as the service answers
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: DatabaseFlags,
}

impl Suggest {
    /// Adds the command's settings.
    #[must_use]
    pub fn flags(&self, flags: Flags) -> Flags {
        self.database.clone().add_to(flags)
    }

    /// Prints the answer.
    ///
    /// # Errors
    ///
    /// [`Failure::Answer`] where the question has no answer; those of [`reproduce::run`]; [`Failure::Config`],
    /// [`Failure::Database`], [`Failure::Start`] and [`Failure::Output`].
    pub fn run(&self, config: &Config, now: Now) -> Result<(), Failure> {
        if let Some(file) = &self.from {
            return reproduce::run(file, self.limit);
        }
        // The command line is refused without a code or a file.
        let Some(seeker) = self.seeker else {
            return Ok(());
        };
        let request = SuggestionRequest {
            seeker,
            seen_by: SeenBy::Site,
            weights: self.weights,
            filters: Filters::default(),
            limit: self.limit,
            as_of: self.as_of.unwrap_or_else(|| now().date_naive()),
            firmness: FirmnessRequest {
                seed: self.seed.into(),
                ..FirmnessRequest::of(self.draws)
            },
            spread_load: self.spread_load,
        };
        match config.database()? {
            Some(database) => {
                let alongside = startup::open_to_read(&database.url, now())
                    .map_err(|error| Failure::of_database(error, database))?;
                self.answer(&alongside, &request, now)
            }
            None => {
                let database = TemporaryDatabase::open(now())?;
                let outcome = self.answer(database.alongside(), &request, now);
                database.remove();
                outcome
            }
        }
    }

    fn answer(
        &self,
        alongside: &Alongside,
        request: &SuggestionRequest,
        now: Now,
    ) -> Result<(), Failure> {
        let suggestions = alongside.suggest(request).map_err(Failure::Answer)?;
        if !self.json {
            return print(&answer::full(&suggestions));
        }
        let mut json = http::suggestions_json(suggestions, now()).map_err(Failure::Json)?;
        json.push('\n');
        print(&json)
    }
}

fn limit(text: &str) -> Result<Limit, MalformedId> {
    // What is no number is refused in the same words as a number out of range.
    Limit::new(text.trim().parse().unwrap_or(0))
}

fn draws(text: &str) -> Result<Draws, MalformedId> {
    Draws::new(text.trim().parse().unwrap_or(-1))
}

/// Why a text is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day is YYYY-MM-DD, from {}-01-01 to {}-12-31", AS_OF_YEARS.start(), AS_OF_YEARS.end())]
pub(super) struct MalformedDay;

pub(super) fn day(text: &str) -> Result<NaiveDate, MalformedDay> {
    let Ok(date) = text.trim().parse::<PartialDate>() else {
        return Err(MalformedDay);
    };
    // A month or a year is a span, and ages are counted on a day.
    let day = date.first_day();
    if date.to_string().len() == "YYYY-MM-DD".len() && AS_OF_YEARS.contains(&day.year()) {
        Ok(day)
    } else {
        Err(MalformedDay)
    }
}

/// Why a text is no weights.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum MalformedWeights {
    #[error("{0:?} is not CRITERION=NUMBER")]
    NoPair(String),
    #[error("there is no criterion {0:?}; the criteria are {criteria}", criteria = criteria())]
    UnknownCriterion(String),
    #[error("{0} is given twice")]
    Twice(Criterion),
    #[error("the weight of {0} is a number from 0 to {MAX_WEIGHT}, not {1:?}")]
    NoWeight(Criterion, String),
    #[error("all weights are zero; give at least one criterion a weight above 0")]
    AllZero,
}

fn criteria() -> String {
    let names: Vec<_> = Criterion::ALL.iter().map(|c| c.as_str()).collect();
    names.join(", ")
}

pub(super) fn weights(text: &str) -> Result<Weights, MalformedWeights> {
    let mut given: [Option<(f64, &str)>; Criterion::COUNT] = [None; Criterion::COUNT];
    for pair in text.split(',') {
        let Some((name, number)) = pair.split_once('=') else {
            return Err(MalformedWeights::NoPair(pair.to_owned()));
        };
        let (name, number) = (name.trim(), number.trim());
        let Ok(criterion) = name.parse::<Criterion>() else {
            return Err(MalformedWeights::UnknownCriterion(name.to_owned()));
        };
        let Ok(weight) = number.parse::<f64>() else {
            return Err(MalformedWeights::NoWeight(criterion, number.to_owned()));
        };
        let place = &mut given[criterion.index()];
        if place.is_some() {
            return Err(MalformedWeights::Twice(criterion));
        }
        *place = Some((weight, number));
    }
    Weights::new(given.map(|given| given.map_or(0.0, |(weight, _)| weight))).map_err(|error| {
        match error {
            ImpossibleWeights::OutOfRange(criterion) => {
                let number = given[criterion.index()].map_or("", |(_, number)| number);
                MalformedWeights::NoWeight(criterion, number.to_owned())
            }
            ImpossibleWeights::AllZero => MalformedWeights::AllZero,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_are_left_out_count_nothing() {
        let read = weights("core_system=0.4, geography = 0.3").unwrap();
        assert_eq!(Weights::new([0.4, 0.3, 0.0, 0.0, 0.0, 0.0]), Ok(read));
    }

    #[test]
    fn weights_that_mean_nothing_are_refused_by_criterion() {
        for (text, expected) in [
            (
                "geography=-1",
                "the weight of geography is a number from 0 to 1000000, not \"-1\"",
            ),
            ("geography=NaN", "the weight of geography"),
            ("culture=inf", "the weight of culture"),
            ("culture=", "the weight of culture"),
            ("culture=much", "not \"much\""),
            ("geografy=1", "there is no criterion \"geografy\""),
            ("geography=1,geography=2", "geography is given twice"),
            ("geography", "\"geography\" is not CRITERION=NUMBER"),
            ("geography=1,", "\"\" is not CRITERION=NUMBER"),
            ("", "\"\" is not"),
            ("geography=0,culture=0", "all weights are zero"),
        ] {
            let refused = weights(text).unwrap_err().to_string();
            assert!(refused.contains(expected), "{text}: {refused}");
        }
    }

    #[test]
    fn ages_are_counted_on_a_day_that_exists() {
        assert_eq!(day("2026-11-22").unwrap().to_string(), "2026-11-22");
        for text in [
            "",
            "2026",
            "2026-11",
            "2026-02-30",
            "22/11/2026",
            "1066-10-14",
            "1899-12-31",
            "2201-01-01",
        ] {
            assert_eq!(day(text), Err(MalformedDay), "{text}");
        }
    }

    #[test]
    fn a_limit_keeps_its_bounds() {
        assert_eq!(limit("50").unwrap().count(), 50);
        for text in ["0", "51", "-1", "ten", "", "1.5"] {
            assert!(limit(text).is_err(), "{text}");
        }
    }
}
