//! Draws and values of one block at a time. All draws of a block lie side by side, so that each step is one pass over them.

use ndarray::{Array2, ArrayView1, ArrayView2};
use rand_distr::{Distribution as _, Gamma};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore as _, SeedableRng as _};

use super::{Field, alphas};
use crate::domain::firmness::{FirmnessRequest, ScoreDraws};
use crate::domain::interval::Interval;
use crate::engine::fit::PerCriterion;

/// The draws of a block.
pub(super) const BLOCK: usize = 256;

/// Mixes the number of a block into the seed: the golden ratio of 2^64, as in `SplitMix64` (Steele, Lea and Flood 2014, OOPSLA:453).
const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;

/// Single precision is enough: a rank turns on it where two fits are within 1e-7 of each other, far below what draws can tell.
type Lane = [f32; BLOCK];

/// Draws of one block, made anew for each.
pub(super) struct Blocks<'a> {
    field: &'a Field,
    seed: u64,
    scores: ScoreDraws,
    criteria: Vec<usize>,
    /// By criterion in use; `None` where weights do not vary.
    gammas: Option<Vec<Gamma<f64>>>,
    /// `(n_criteria_in_use, BLOCK)`.
    weights: Array2<f32>,
    /// `(n_entrants, BLOCK)`.
    values: Array2<f32>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(field: &'a Field, request: &FirmnessRequest) -> Self {
        let alphas = alphas(field, request.weights);
        let gammas = alphas.iter().map(|&alpha| Gamma::new(alpha, 1.0));
        // A weight in use is above 0, and so is what it makes; one weight alone does not vary.
        let gammas: Option<Vec<_>> = gammas.collect::<Result<_, _>>().ok();
        Self::with(field, request, gammas.filter(|gammas| gammas.len() > 1))
    }

    /// Blocks in which the scores alone are drawn.
    pub(super) fn with_fixed_weights(field: &'a Field, request: &FirmnessRequest) -> Self {
        Self::with(field, request, None)
    }

    fn with(field: &'a Field, request: &FirmnessRequest, gammas: Option<Vec<Gamma<f64>>>) -> Self {
        let criteria = field.criteria();
        let mut weights = Array2::zeros((criteria.len(), BLOCK));
        for (mut lane, &k) in weights.rows_mut().into_iter().zip(&criteria) {
            lane.fill(single(field.weights[k]));
        }
        Self {
            field,
            seed: request.seed,
            scores: request.scores,
            criteria,
            gammas,
            weights,
            values: Array2::zeros((field.entrants.len(), BLOCK)),
        }
    }

    /// Draws a block and works out the value of every entrant in every draw of it.
    pub(super) fn draw(&mut self, number: u32) {
        let mixed = u64::from(number).wrapping_mul(GOLDEN_RATIO);
        let mut rng = Xoshiro256Plus::seed_from_u64(self.seed ^ mixed);
        self.draw_weights(&mut rng);
        self.value(&mut rng);
    }

    /// A Dirichlet distribution is made of gamma ones divided by their sum (Devroye 1986, *Non-Uniform Random Variate Generation*,
    /// XI.4).
    fn draw_weights(&mut self, rng: &mut Xoshiro256Plus) {
        let Some(gammas) = &self.gammas else { return };
        let mut drawn = vec![0.0; gammas.len()];
        for draw in 0..BLOCK {
            for (x, gamma) in drawn.iter_mut().zip(gammas) {
                *x = gamma.sample(rng);
            }
            let sum: f64 = drawn.iter().sum();
            for (k, x) in drawn.iter().enumerate() {
                // All gammas of tiny weights can be 0 at once; then the weights in use stand.
                let weight = if sum > 0.0 {
                    x / sum
                } else {
                    self.field.weights[self.criteria[k]]
                };
                self.weights[(k, draw)] = single(weight);
            }
        }
    }

    fn value(&mut self, rng: &mut Xoshiro256Plus) {
        let (mut mine, mut theirs, mut score) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let place_of = |criterion: usize| self.criteria.iter().position(|&k| k == criterion);
        for (entrant, mut values) in self.field.entrants.iter().zip(self.values.rows_mut()) {
            mine.fill(0.0);
            theirs.fill(single(entrant.their_known.unwrap_or_default()));
            for (lane, &k) in self.weights.rows().into_iter().zip(&self.criteria) {
                add_times(&mut mine, lane, single(entrant.known[k]));
            }
            for open in &entrant.open {
                draw_score(rng, open.interval, self.scores, &mut score);
                if let Some(place) = open.mine.and_then(place_of) {
                    add_product(&mut mine, self.weights.row(place), &score);
                }
                if open.theirs > 0.0 {
                    add_times(&mut theirs, ArrayView1::from(&score), single(open.theirs));
                }
            }
            let values = values.as_slice_mut().unwrap_or_default();
            match entrant.their_known {
                None => values.copy_from_slice(&mine),
                Some(_) => harmonic_means(&mine, &theirs, values),
            }
            if entrant.price > 0.0 {
                let price = single(entrant.price);
                values.iter_mut().for_each(|value| *value -= price);
            }
        }
    }

    /// `(n_entrants, BLOCK)`: who is worth what in which draw.
    pub(super) fn values(&self) -> ArrayView2<'_, f32> {
        self.values.view()
    }

    /// The weights of one draw, by criterion.
    pub(super) fn weights_of(&self, draw: usize) -> PerCriterion {
        let mut weights = PerCriterion::default();
        for (place, &k) in self.criteria.iter().enumerate() {
            weights[k] = f64::from(self.weights[(place, draw)]);
        }
        weights
    }
}

/// Weights and scores are shares; single precision holds them to within 6e-8.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounds a share to single precision"
)]
const fn single(share: f64) -> f32 {
    share as f32
}

fn add_times(sum: &mut Lane, lane: ArrayView1<'_, f32>, factor: f32) {
    for (sum, x) in sum.iter_mut().zip(lane.as_slice().unwrap_or_default()) {
        *sum += x * factor;
    }
}

fn add_product(sum: &mut Lane, lane: ArrayView1<'_, f32>, other: &Lane) {
    let lane = lane.as_slice().unwrap_or_default();
    for ((sum, x), y) in sum.iter_mut().zip(lane).zip(other) {
        *sum += x * y;
    }
}

fn harmonic_means(mine: &Lane, theirs: &Lane, values: &mut [f32]) {
    for ((value, p), q) in values.iter_mut().zip(mine).zip(theirs) {
        // Where both are 0 the quotient is none; where either is, the mean is 0 as the product is.
        *value = 2.0 * (p * q) / (p + q).max(f32::MIN_POSITIVE);
    }
}

/// Draws a score for each draw of a block.
fn draw_score(rng: &mut Xoshiro256Plus, interval: Interval, how: ScoreDraws, score: &mut Lane) {
    let (low, width) = (single(interval.low()), single(interval.width()));
    let mode = single((interval.expected() - interval.low()) / interval.width());
    // One after the other, since each follows from the one before; what is made of them is made side by side. Halves of 32 bits, as
    // wide as what is made of them: beside wider ones only half of each vector is filled, and what happens to stand in the other half can
    // make every step many times slower.
    let (mut upper, mut lower) = ([0_u32; BLOCK], [0_u32; BLOCK]);
    for (upper, lower) in upper.iter_mut().zip(&mut lower) {
        (*upper, *lower) = halves(rng.next_u64());
    }
    match how {
        ScoreDraws::Triangular => {
            for ((score, &upper), &lower) in score.iter_mut().zip(&upper).zip(&lower) {
                // Stein and Keblis 2009: between the smaller and the greater of two uniform numbers, as far as the mode is.
                let (u, v) = (uniform(upper), uniform(lower));
                let (least, most) = (u.min(v), u.max(v));
                *score = low + width * (least + mode * (most - least));
            }
        }
        ScoreDraws::Uniform => {
            for (score, &upper) in score.iter_mut().zip(&upper) {
                *score = low + width * uniform(upper);
            }
        }
    }
}

/// The highest 23 bits of a random number, and the 23 below them: the most random (Blackman and Vigna 2021, ACM Transactions on
/// Mathematical Software 47:36). What stands above them in the second does not count.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the bits above the fraction are cut off on purpose"
)]
const fn halves(bits: u64) -> (u32, u32) {
    ((bits >> 41) as u32, (bits >> 18) as u32)
}

/// A number in `0..1` of the last 23 bits, which become the fraction of a number in `1..2`.
const fn uniform(bits: u32) -> f32 {
    const ONE: u32 = 0x3f80_0000;
    const FRACTION: u32 = 0x007f_ffff;
    f32::from_bits(ONE | (bits & FRACTION)) - 1.0
}
