//! What would flip the order of two candidates.

use chrono::NaiveDate;

use crate::domain::ids::Revision;
use crate::domain::interval::Interval;
use crate::domain::programme::Criterion;
use crate::domain::suggestion::{Method, OrganisationCard};

/// One of two candidates, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Its place in the list, from 1.
    pub rank: u32,
    /// Who it is.
    pub organisation: OrganisationCard,
    /// The reciprocal value of the pair.
    pub mutual_fit: Interval,
}

impl From<(u32, OrganisationCard, Interval)> for Placed {
    fn from((rank, organisation, mutual_fit): (u32, OrganisationCard, Interval)) -> Self {
        Self {
            rank,
            organisation,
            mutual_fit,
        }
    }
}

/// A change of one weight at which the second stands before the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flip {
    /// Of which criterion.
    pub criterion: Criterion,
    /// Its share of the seeker's fit now, `0..=1`.
    pub weight: f64,
    /// By how much that changes, `-1..=1`; the others keep their proportions.
    pub change: f64,
    /// The same as it is said: no less, of as few digits as they take to flip the two for sure.
    pub said: f64,
}

impl Flip {
    /// The change in a sentence, in points of a hundred, so that so much flips for sure.
    #[must_use]
    pub fn words(&self, first: &str, second: &str) -> String {
        let points = format!("{:.10}", self.said.abs() * 100.0);
        let points = points.trim_end_matches('0').trim_end_matches('.');
        let unit = if points == "1" { "point" } else { "points" };
        let direction = if self.change < 0.0 { "less" } else { "more" };
        format!(
            "If {} mattered {points} {unit} of 100 {direction}, {second} would pass {first}.",
            self.criterion.words()
        )
    }
}

/// What would flip the order of two candidates.
#[derive(Clone, Debug, PartialEq)]
pub struct Flips {
    /// Who asked.
    pub seeker: OrganisationCard,
    /// Of which data.
    pub revision: Revision,
    /// The day on which ages were counted.
    pub as_of: NaiveDate,
    /// How it was made.
    pub method: Method,
    /// The one that stands first of the two.
    pub first: Placed,
    /// The other.
    pub second: Placed,
    /// One for each criterion that can flip them, the smallest change first.
    pub flips: Vec<Flip>,
    /// Criteria of which no weight flips them, the others in their proportions.
    pub never: Vec<Criterion>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_said_in_points_that_are_enough() {
        let flip = |said| Flip {
            criterion: Criterion::Geography,
            weight: 0.2,
            change: said,
            said,
        };
        for (said, words) in [
            (0.08, "8 points of 100 more"),
            (0.07, "7 points of 100 more"),
            (0.2, "20 points of 100 more"),
            (-0.01, "1 point of 100 less"),
            (-0.004, "0.4 points of 100 less"),
        ] {
            assert_eq!(
                flip(said).words("RHW", "RJ7"),
                format!("If geography mattered {words}, RJ7 would pass RHW.")
            );
        }
    }
}
