//! The rounds in which prices are found.

use std::cmp::Ordering;

use crate::domain::price::{MAX_ROUNDS, STEP, TOLERANCE};
use crate::engine::columns::Row;
use crate::engine::load::weight_of_rank;

/// Who would see whom, and how much room each has.
#[derive(Clone, Debug)]
pub(super) struct Demand {
    /// By seeker: the candidates with their mutual fit, the greatest first, of equals the first in the order of rows.
    values: Vec<Vec<(Row, f64)>>,
    /// By candidate: the places that are left; `None` for one that is full or paused, which takes no part.
    pub(super) places: Vec<Option<u32>>,
    /// How many each seeker sees.
    top: usize,
}

/// Where prices came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settled {
    /// By candidate, each 0 or more; 0 for those who take no part.
    pub(super) prices: Vec<f64>,
    pub(super) rounds: u32,
    /// Whether no price moved any more.
    pub(super) is_still: bool,
}

impl Demand {
    /// Puts the candidates of each seeker in the order in which they are looked at.
    pub(super) fn new(
        mut values: Vec<Vec<(Row, f64)>>,
        places: Vec<Option<u32>>,
        top: usize,
    ) -> Self {
        for values in &mut values {
            values.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        }
        Self {
            values,
            places,
            top,
        }
    }

    /// What each seeker sees under prices, of those who are `asked` for: the greatest value less price first, of equals the first in the
    /// order of rows; with the value itself.
    pub(super) fn lists(
        &self,
        prices: &[f64],
        asked: impl Fn(Row) -> bool,
    ) -> Vec<Vec<(Row, f64)>> {
        let list = |values: &Vec<(Row, f64)>| {
            // By worth, at most `top`.
            let mut list: Vec<(f64, Row, f64)> = Vec::with_capacity(self.top + 1);
            for &(row, value) in values {
                let is_full = list.len() == self.top;
                // No price is below 0: nobody after this one can be worth more.
                if is_full && list.last().is_none_or(|last| value < last.0) {
                    break;
                }
                if !asked(row) {
                    continue;
                }
                let worth = value - prices[row as usize];
                let stands_before = |one: &(f64, Row, f64)| {
                    one.0.total_cmp(&worth).then(row.cmp(&one.1)) == Ordering::Greater
                };
                let at = list.partition_point(stands_before);
                list.insert(at, (worth, row, value));
                list.truncate(self.top);
            }
            list.into_iter()
                .map(|(_, row, value)| (row, value))
                .collect()
        };
        self.values.iter().map(list).collect()
    }

    /// How much each candidate is seen under prices: the sum of the weights of its ranks.
    fn loads(&self, prices: &[f64]) -> Vec<f64> {
        let takes_part = |row: Row| self.places[row as usize].is_some();
        let mut loads = vec![0.0; self.places.len()];
        for list in self.lists(prices, takes_part) {
            for (rank, (row, _)) in (1..).zip(list) {
                loads[row as usize] += weight_of_rank(rank);
            }
        }
        loads
    }

    /// What each may be seen: its places, so scaled that all allowances add up to all loads; `None` for those who take no part.
    fn allowances(&self, loads: &[f64]) -> Vec<Option<f64>> {
        let all: f64 = self.places.iter().flatten().copied().map(f64::from).sum();
        let load: f64 = loads.iter().sum();
        let share = |places: u32| f64::from(places) * load / all;
        self.places.iter().map(|places| places.map(share)).collect()
    }
}

/// Raises the prices of those who are seen more than they have room for and lowers those of the others, round by round. The best of the
/// rounds is the one whose greatest load for its allowance is the least.
pub(super) fn settle(demand: &Demand) -> Settled {
    let mut prices = vec![0.0; demand.places.len()];
    let mut best = (f64::INFINITY, prices.clone());
    for round in 0..MAX_ROUNDS {
        let loads = demand.loads(&prices);
        let allowances = demand.allowances(&loads);
        let over = |(load, allowance): (&f64, &Option<f64>)| {
            allowance
                .filter(|&allowance| allowance > 0.0)
                .map(|allowance| load / allowance)
        };
        let most = loads
            .iter()
            .zip(&allowances)
            .filter_map(over)
            .fold(0.0, f64::max);
        if most < best.0 {
            best = (most, prices.clone());
        }
        let mut moved = 0.0_f64;
        for ((price, load), allowance) in prices.iter_mut().zip(&loads).zip(&allowances) {
            let Some(allowance) = allowance.filter(|&allowance| allowance > 0.0) else {
                continue;
            };
            let next = (*price + STEP * (load - allowance) / allowance).max(0.0);
            moved = moved.max((next - *price).abs());
            *price = next;
        }
        if moved <= TOLERANCE {
            return Settled {
                prices,
                rounds: round + 1,
                is_still: true,
            };
        }
    }
    Settled {
        prices: best.1,
        rounds: MAX_ROUNDS,
        is_still: false,
    }
}
