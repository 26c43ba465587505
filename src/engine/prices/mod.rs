//! Prices that spread exposure: whoever is seen by more than it has room for costs a little, until few are (DESIGN 4.11).
//!
//! A price is taken off a candidate's place in the order, never off a fit. Prices are made once for a revision and a day, from the top tens of
//! all seekers; either side of each pair has the weights of its programme, which say nothing of what a site saved or whom it excludes.
//!
//! # References
//!
//! Walras 1874, *Éléments d'économie politique pure* (prices that rise with excess demand); DESIGN 4.11 (the step, the tolerance and the
//! rounds).

mod settle;

#[cfg(test)]
mod tests;

use chrono::NaiveDate;

use self::settle::{Demand, Settled, settle};
use crate::domain::capacity::AvailabilityState;
use crate::domain::load::TOP;
use crate::domain::price::{Exposed, Prices, Spreading};
use crate::engine::columns::{Row, index};
use crate::engine::load::{gini, in_degrees, reciprocity};
use crate::engine::snapshot::Snapshot;
use crate::engine::view::{Day, View};

/// How many of the highest prices are named.
const N_HIGHEST: usize = 10;

/// Makes the prices of a snapshot on a day. `O(n^2)` in memory and for each round.
#[must_use]
pub fn prices(snapshot: &Snapshot, as_of: NaiveDate) -> Prices {
    let day = Day::of_programmes(snapshot, as_of);
    let demand = demand(&day);
    let settled = settle(&demand);
    let mut highest: Vec<(Row, f64)> = (0..)
        .zip(settled.prices.iter().copied())
        .filter(|(_, price)| *price > 0.0)
        .collect();
    let n_priced = index(highest.len());
    highest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    highest.truncate(N_HIGHEST);
    Prices {
        revision: snapshot.revision(),
        as_of,
        spreading: spreading(&demand, &settled, n_priced),
        highest: highest
            .iter()
            .map(|&(row, price)| (snapshot.code(row), price))
            .collect(),
        by_row: settled.prices,
    }
}

/// Who would see whom, and how much room each has.
fn demand(day: &Day<'_>) -> Demand {
    let snapshot = day.snapshot;
    let rows = || 0..index(snapshot.n_organisations());
    let places = rows().map(|row| {
        let availability = snapshot.availability.of(row, day.as_of);
        match availability.state {
            AvailabilityState::Open | AvailabilityState::Undeclared => {
                Some(availability.remaining).filter(|&remaining| remaining > 0)
            }
            AvailabilityState::Full | AvailabilityState::Paused => None,
        }
    });
    let values = rows().map(|row| {
        let weights = day.programme(row).weights;
        match View::new(day, row, Some(weights)) {
            Ok(view) => {
                let (ranked, _) = view.top(snapshot.n_organisations(), |_| true);
                ranked.iter().map(|r| (r.row, r.worth)).collect()
            }
            Err(_nothing_applies) => Vec::new(),
        }
    });
    Demand::new(values.collect(), places.collect(), TOP)
}

fn spreading(demand: &Demand, settled: &Settled, n_priced: u32) -> Spreading {
    let none = vec![0.0; demand.places.len()];
    let without = exposed(demand, &none);
    let with = exposed(demand, &settled.prices);
    let both = without.mean_fit.zip(with.mean_fit);
    Spreading {
        without,
        with,
        fit_lost: both
            .filter(|(before, _)| *before > 0.0)
            .map(|(before, after)| (before - after) / before),
        rounds: settled.rounds,
        is_settled: settled.is_still,
        n_priced,
        highest_price: settled.prices.iter().copied().fold(0.0, f64::max),
    }
}

/// The top tens as they are shown under prices: with those who are full too.
fn exposed(demand: &Demand, prices: &[f64]) -> Exposed {
    let lists = demand.lists(prices, |_| true);
    let rows: Vec<Vec<Row>> = lists
        .iter()
        .map(|list| list.iter().map(|(row, _)| *row).collect())
        .collect();
    let degrees = in_degrees(demand.places.len(), &rows);
    let n_seen: u32 = degrees.iter().sum();
    let n = index(degrees.len());
    let fits: f64 = lists.iter().flatten().map(|(_, fit)| fit).sum();
    Exposed {
        highest_in_degree: degrees.iter().copied().max().unwrap_or(0),
        mean_in_degree: if n > 0 {
            f64::from(n_seen) / f64::from(n)
        } else {
            0.0
        },
        never_suggested: index(degrees.iter().filter(|&&degree| degree == 0).count()),
        in_degree_gini: gini(degrees.iter().copied().map(f64::from)),
        reciprocity: reciprocity(&rows),
        mean_fit: (n_seen > 0).then(|| fits / f64::from(n_seen)),
    }
}
