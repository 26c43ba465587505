//! How a list was made, and whether that is so.

use std::collections::BTreeMap;

use super::Alongside;
use crate::domain::error::Result;
use crate::domain::firmness::Firmness;
use crate::domain::ids::OdsCode;
use crate::domain::interval::Interval;
use crate::domain::suggestion::SuggestionRequest;
use crate::domain::workings::{Place, Workings};
use crate::engine::workings::{outcome, workings};

/// How far two values of candidates may lie apart to count as equal in the order: rounding of a few sums, and a tie is told either way.
const SAME_WORTH: f64 = 1e-9;

/// Shares, scores and fits are shown with six decimals; what is read again may miss them by less than this.
const SAME_SHOWN: f64 = 1e-9;

/// By how much what is shown with six decimals may miss what it is of.
const HALF_A_MILLIONTH: f64 = 5e-7;

/// The first thing that does not follow from the inputs.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{what} of {ods_code} is said to be {said}; from the inputs it is {found}")]
pub struct Difference {
    /// Of whom.
    pub ods_code: OdsCode,
    /// Of what.
    pub what: &'static str,
    /// What the file says.
    pub said: String,
    /// What comes of its inputs.
    pub found: String,
}

impl Alongside {
    /// Tells how the list that a request asks for is made, on a thread of its own when it is its turn.
    ///
    /// # Errors
    ///
    /// Those of [`workings`]; [`Error::Internal`](crate::domain::error::Error::Internal) where the work breaks off.
    pub async fn workings(&self, request: SuggestionRequest) -> Result<Workings> {
        let (prices, held) = self
            .priced(request.seeker, request.as_of, request.spread_load)
            .await?;
        self.in_turn(move || {
            let basis = held.basis(&request);
            workings(&held.snapshot, &request, &basis.excluded, prices.as_deref())
        })
        .await
    }
}

/// Works a list out again from its inputs and compares it with what was answered, from the first place to the last.
///
/// # Errors
///
/// The first [`Difference`].
pub fn check(workings: &Workings) -> std::result::Result<(), Difference> {
    let found = outcome(&workings.inputs);
    let of_code: BTreeMap<OdsCode, &(Place, f64)> =
        found.iter().map(|pair| (pair.0.ods_code, pair)).collect();
    for (rank, (said, (first, worth))) in (1_usize..).zip(workings.answered.iter().zip(&found)) {
        let Some((found, own_worth)) = of_code.get(&said.ods_code) else {
            return different(said, "the place", rank, "none: it is no candidate");
        };
        if (own_worth - worth).abs() > SAME_WORTH {
            let there = format!("another: {} is at {rank}", first.ods_code);
            return different(said, "the place", rank, there);
        }
        fits(said, "the seeker's fit", said.your_fit, found.your_fit)?;
        fits(said, "the mutual fit", said.mutual_fit, found.mutual_fit)?;
        firmness(said, found.firmness)?;
    }
    Ok(())
}

fn different(
    said: &Place,
    what: &'static str,
    value: impl ToString,
    found: impl ToString,
) -> std::result::Result<(), Difference> {
    Err(Difference {
        ods_code: said.ods_code,
        what,
        said: value.to_string(),
        found: found.to_string(),
    })
}

/// Whether what was said, with six decimals, is what was found.
fn is_shown(said: f64, found: f64) -> bool {
    // Rounded either way where it lies between.
    (said - found).abs() < HALF_A_MILLIONTH + SAME_SHOWN
}

fn six_decimals(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

fn fits(
    place: &Place,
    what: &'static str,
    said: Interval,
    found: Interval,
) -> std::result::Result<(), Difference> {
    for part in [Interval::low, Interval::expected, Interval::high] {
        if !is_shown(part(said), part(found)) {
            return different(place, what, part(said), six_decimals(part(found)));
        }
    }
    Ok(())
}

fn firmness(place: &Place, found: Option<Firmness>) -> std::result::Result<(), Difference> {
    match (place.firmness, found) {
        (None, None) => Ok(()),
        (Some(said), Some(found)) => {
            for (what, said, found) in [
                ("the share of first places", said.first, found.first),
                (
                    "the share among the first three",
                    said.top_three,
                    found.top_three,
                ),
            ] {
                if !is_shown(said, found) {
                    return different(place, what, said, six_decimals(found));
                }
            }
            Ok(())
        }
        (Some(_), None) => different(place, "the firmness", "known", "none"),
        (None, Some(_)) => different(place, "the firmness", "none", "known"),
    }
}
