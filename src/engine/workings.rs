//! How a list was made, and the same list worked out again from what went in.
//!
//! [`workings`] tells both; [`outcome`] needs nothing but the inputs. What a pair is worth to the other side is an input, because
//! it is made of that side's weights, which are its own. Firmness is therefore found twice: as the list shows it, with the other
//! sides' scores drawn one by one under their weights, and from the inputs, with each other side's fit drawn as one number.

use crate::domain::error::{Error, Result};
use crate::domain::exclusion::Excluded;
use crate::domain::firmness::{Draws, Firmness, MAX_COMPARED};
use crate::domain::interval::Interval;
use crate::domain::price::Prices;
use crate::domain::programme::Criterion;
use crate::domain::suggestion::{NamedOrganisation, SuggestionRequest};
use crate::domain::workings::{Candidate, Inputs, MAX_CANDIDATES, Place, Workings};
use crate::engine::answer::{Shows, active_row, chosen_weights, method};
use crate::engine::firmness::{self, Entrant, Field, Open};
use crate::engine::fit::{PerCriterion, fit, harmonic_mean};
use crate::engine::snapshot::Snapshot;
use crate::engine::view::{Assessment, Day, View};

/// Tells how the list that a request asks for is made: of all candidates, whatever its limit.
///
/// # Errors
///
/// As [`suggest`](super::answer::suggest); [`Error::Conflict`] where there are more than [`MAX_CANDIDATES`].
pub fn workings(
    snapshot: &Snapshot,
    request: &SuggestionRequest,
    excluded: &Excluded,
    prices: Option<&Prices>,
) -> Result<Workings> {
    let seeker = active_row(snapshot, request.seeker)?;
    if snapshot.n_organisations() > MAX_CANDIDATES {
        return Err(Error::Conflict {
            rule: "/problems/too-many-organisations",
            detail: format!("Workings are told for at most {MAX_CANDIDATES} active organisations."),
        });
    }
    let day = Day::seen_by(snapshot, request.as_of, request.seen_by);
    let chosen = chosen_weights(&day, seeker, request.weights, request.seen_by);
    let view = View::new(&day, seeker, Some(chosen.weights()))?.priced(prices);
    let shows = Shows::new(&view, &request.filters, excluded)?;
    let (ranked, _) = view.top(snapshot.n_organisations(), |row| shows.row(row));
    let assessments: Vec<Assessment> = ranked.iter().map(|r| view.assess(r.row)).collect();
    let compared = &assessments[..assessments.len().min(MAX_COMPARED)];
    let mut shown = firmness::firmness(&view, compared, &request.firmness);
    shown.resize(assessments.len(), None);
    let method = method(&view, chosen, request.firmness);
    let mut weights = PerCriterion::default();
    for &(criterion, weight) in &method.weights {
        weights[criterion.index()] = weight;
    }
    let named = |row| NamedOrganisation {
        ods_code: snapshot.code(row),
        name: snapshot.name(row).to_owned(),
    };
    // Rows are in the order of codes.
    let mut by_code: Vec<&Assessment> = assessments.iter().collect();
    by_code.sort_unstable_by_key(|assessment| assessment.row);
    let candidate = |assessment: &&Assessment| Candidate {
        organisation: named(assessment.row),
        scores: assessment.forward.scores,
        their_fit: assessment.their_fit,
        load_price: view.price(assessment.row),
    };
    let inputs = Inputs {
        weights,
        firmness: request.firmness,
        candidates: by_code.iter().map(candidate).collect(),
    };
    let firmness = firmness_of(&inputs, &order(&inputs));
    let of_code = |code| {
        let at = inputs
            .candidates
            .binary_search_by_key(&code, |c| c.organisation.ods_code);
        at.ok().and_then(|at| firmness[at])
    };
    let place = |assessment: &Assessment| {
        let ods_code = snapshot.code(assessment.row);
        Place {
            ods_code,
            your_fit: assessment.your_fit,
            mutual_fit: assessment.mutual_fit,
            firmness: of_code(ods_code),
        }
    };
    let answered = assessments.iter().map(place).collect();
    Ok(Workings {
        seeker: named(seeker),
        revision: snapshot.revision(),
        as_of: request.as_of,
        method,
        answered,
        shown,
        inputs,
    })
}

/// A candidate's fits, from the inputs alone.
#[derive(Clone, Copy, Debug)]
struct Worked {
    your_fit: Interval,
    mutual_fit: Interval,
    /// The expected mutual fit less the load price.
    worth: f64,
}

/// What comes of the inputs: every candidate in order, with what decides its place.
#[must_use]
pub fn outcome(inputs: &Inputs) -> Vec<(Place, f64)> {
    let order = order(inputs);
    let firmness = firmness_of(inputs, &order);
    let place = |(at, worked): &(usize, Worked)| {
        let place = Place {
            ods_code: inputs.candidates[*at].organisation.ods_code,
            your_fit: worked.your_fit,
            mutual_fit: worked.mutual_fit,
            firmness: firmness[*at],
        };
        (place, worked.worth)
    };
    order.iter().map(place).collect()
}

/// The weights over the criteria that can be asked of the seeker, which are those that have a score.
fn shares(inputs: &Inputs) -> PerCriterion {
    let mut shares = PerCriterion::default();
    let Some(any) = inputs.candidates.first() else {
        return shares;
    };
    let applies = |k: &usize| any.scores[*k].is_some();
    let sum: f64 = (0..Criterion::COUNT)
        .filter(applies)
        .map(|k| inputs.weights[k])
        .sum();
    if sum > 0.0 {
        for k in (0..Criterion::COUNT).filter(applies) {
            shares[k] = inputs.weights[k] / sum;
        }
    }
    shares
}

/// The candidates by worth, ties by code, each by its number in the inputs.
fn order(inputs: &Inputs) -> Vec<(usize, Worked)> {
    let shares = shares(inputs);
    let worked = |candidate: &Candidate| {
        let your_fit = fit(&shares, &candidate.scores);
        let mutual_fit = your_fit.zip(candidate.their_fit, harmonic_mean);
        Worked {
            your_fit,
            mutual_fit,
            worth: mutual_fit.expected() - candidate.load_price,
        }
    };
    let mut order: Vec<(usize, Worked)> =
        inputs.candidates.iter().map(worked).enumerate().collect();
    let code = |at: usize| inputs.candidates[at].organisation.ods_code;
    order.sort_by(|(a, one), (b, other)| {
        other
            .worth
            .total_cmp(&one.worth)
            .then_with(|| code(*a).cmp(&code(*b)))
    });
    order
}

/// How firm each candidate's place is, by its number in the inputs.
fn firmness_of(inputs: &Inputs, order: &[(usize, Worked)]) -> Vec<Option<Firmness>> {
    let mut found = vec![None; inputs.candidates.len()];
    if inputs.firmness.draws == Draws::NONE {
        return found;
    }
    let weights = shares(inputs);
    let mut compared: Vec<usize> = order.iter().take(MAX_COMPARED).map(|(at, _)| *at).collect();
    // By code, as ties go.
    compared.sort_unstable();
    let entrant = |&at: &usize| entrant(&inputs.candidates[at], &weights);
    let field = Field {
        entrants: compared.iter().map(entrant).collect(),
        weights,
    };
    let shares = field.firmness(&inputs.firmness, firmness::threads(&inputs.firmness));
    for (at, firmness) in compared.into_iter().zip(shares) {
        found[at] = Some(firmness);
    }
    found
}

/// A candidate as it enters the draws, the other side's fit as one number.
fn entrant(candidate: &Candidate, shares: &PerCriterion) -> Entrant {
    let mut known = PerCriterion::default();
    let mut open = Vec::new();
    for (k, score) in candidate.scores.iter().enumerate() {
        let Some(interval) = *score else { continue };
        if shares[k] > 0.0 && interval.width() > 0.0 {
            open.push(Open {
                interval,
                mine: Some(k),
                theirs: 0.0,
            });
        } else {
            known[k] = interval.expected();
        }
    }
    let theirs = candidate.their_fit;
    let is_open = theirs.width() > 0.0;
    if is_open {
        open.push(Open {
            interval: theirs,
            mine: None,
            theirs: 1.0,
        });
    }
    Entrant {
        known,
        their_known: Some(if is_open { 0.0 } else { theirs.expected() }),
        open,
        price: candidate.load_price,
    }
}
