//! What is counted of blocks: who is on top, or every rank and every pair.

use ndarray::{Array2, ArrayView1, ArrayView2};

use super::Count;
use super::block::{BLOCK, Blocks};
use crate::domain::firmness::{Draws, Firmness};
use crate::engine::columns::index;
use crate::engine::fit::PerCriterion;

/// How often each entrant is first, and among the first three.
pub(super) struct Counts {
    first: Vec<u32>,
    top_three: Vec<u32>,
}

/// The three best of each draw so far, by value and by number.
struct Podium {
    values: [[f32; BLOCK]; 3],
    who: [[u32; BLOCK]; 3],
}

impl Podium {
    /// Of a block; who comes first in the order stays before those of the same value.
    fn of(values: ArrayView2<'_, f32>) -> Self {
        let mut podium = Self {
            values: [[f32::NEG_INFINITY; BLOCK]; 3],
            who: [[u32::MAX; BLOCK]; 3],
        };
        for (number, lane) in (0_u32..).zip(values.rows()) {
            podium.offer(number, lane);
        }
        podium
    }

    /// Without a branch, so that many draws are compared at once.
    fn offer(&mut self, number: u32, lane: ArrayView1<'_, f32>) {
        let [first, second, third] = &mut self.values;
        let [who_first, who_second, who_third] = &mut self.who;
        let lane = lane.as_slice().unwrap_or_default();
        for (draw, &value) in lane.iter().enumerate().take(BLOCK) {
            let (a, b, c) = (first[draw], second[draw], third[draw]);
            let (who_a, who_b, who_c) = (who_first[draw], who_second[draw], who_third[draw]);
            let (over_a, over_b, over_c) = (value > a, value > b, value > c);
            let either = |yes: bool, x: f32, y: f32| if yes { x } else { y };
            let who = |yes: bool, x: u32, y: u32| if yes { x } else { y };
            first[draw] = either(over_a, value, a);
            who_first[draw] = who(over_a, number, who_a);
            second[draw] = either(over_a, a, either(over_b, value, b));
            who_second[draw] = who(over_a, who_a, who(over_b, number, who_b));
            third[draw] = either(over_b, b, either(over_c, value, c));
            who_third[draw] = who(over_b, who_b, who(over_c, number, who_c));
        }
    }
}

impl Counts {
    /// How often an entrant is first.
    pub(super) fn n_first(&self, at: usize) -> u32 {
        self.first[at]
    }

    pub(super) fn shares(&self, draws: Draws) -> Vec<Firmness> {
        let draws = f64::from(draws.count());
        let share = |n: u32| f64::from(n) / draws;
        let both = self.first.iter().zip(&self.top_three);
        both.map(|(&first, &top_three)| Firmness {
            first: share(first),
            top_three: share(top_three),
        })
        .collect()
    }
}

impl Count for Counts {
    fn new(n_entrants: usize) -> Self {
        Self {
            first: vec![0; n_entrants],
            top_three: vec![0; n_entrants],
        }
    }

    fn count(&mut self, blocks: &Blocks<'_>, n_draws: usize) {
        let podium = Podium::of(blocks.values());
        for (place, who) in podium.who.iter().enumerate() {
            for &who in &who[..n_draws] {
                // With fewer than three entrants some places stay empty.
                let Some(counted) = self.top_three.get_mut(who as usize) else {
                    continue;
                };
                *counted += 1;
                if place == 0 {
                    self.first[who as usize] += 1;
                }
            }
        }
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.first.iter_mut().zip(&other.first) {
            *mine += theirs;
        }
        for (mine, theirs) in self.top_three.iter_mut().zip(&other.top_three) {
            *mine += theirs;
        }
    }
}

/// Every rank, every pair, and the weights with which each is first.
pub(super) struct Tables {
    /// `(n, n)`: how often the one of the row has the rank of the column.
    ranks: Array2<u32>,
    /// `(n, n)`: how often the one of the row stands before that of the column.
    wins: Array2<u32>,
    /// By entrant: the sum of the weights of the draws in which it is first.
    weights: Vec<PerCriterion>,
}

impl Tables {
    pub(super) fn rank_shares(&self, at: usize, draws: f64) -> Vec<f64> {
        let ranks = self.ranks.row(at);
        ranks.iter().map(|&n| f64::from(n) / draws).collect()
    }

    pub(super) fn wins(&self, at: usize, other: usize, draws: f64) -> f64 {
        f64::from(self.wins[(at, other)]) / draws
    }

    /// The mean of the weights with which an entrant is first; `None` where it never is.
    pub(super) fn central_weights(&self, at: usize) -> Option<PerCriterion> {
        let sum: f64 = self.weights[at].iter().sum();
        (sum > 0.0).then(|| self.weights[at].map(|weight| weight / sum))
    }
}

impl Count for Tables {
    fn new(n_entrants: usize) -> Self {
        Self {
            ranks: Array2::zeros((n_entrants, n_entrants)),
            wins: Array2::zeros((n_entrants, n_entrants)),
            weights: vec![PerCriterion::default(); n_entrants],
        }
    }

    fn count(&mut self, blocks: &Blocks<'_>, n_draws: usize) {
        let values = blocks.values();
        let n = values.nrows();
        // A rank is one more than how many stand before: counted, not sorted.
        let mut before = Array2::<u32>::zeros((n, BLOCK));
        for one in 0..n {
            for other in one + 1..n {
                let (mine, theirs) = (values.row(one), values.row(other));
                let mut won = 0;
                for draw in 0..n_draws {
                    // Of the same value the first in the order stands before.
                    let wins = u32::from(mine[draw] >= theirs[draw]);
                    won += wins;
                    before[(other, draw)] += wins;
                    before[(one, draw)] += 1 - wins;
                }
                self.wins[(one, other)] += won;
                self.wins[(other, one)] += index(n_draws) - won;
            }
        }
        for (at, ranks) in before.rows().into_iter().enumerate() {
            for (draw, &rank) in ranks.iter().enumerate().take(n_draws) {
                self.ranks[(at, rank as usize)] += 1;
                if rank == 0 {
                    let drawn = blocks.weights_of(draw);
                    for (sum, weight) in self.weights[at].iter_mut().zip(drawn) {
                        *sum += weight;
                    }
                }
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.ranks += &other.ranks;
        self.wins += &other.wins;
        for (mine, theirs) in self.weights.iter_mut().zip(&other.weights) {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                *mine += theirs;
            }
        }
    }
}
