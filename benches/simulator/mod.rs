//! Partnerships that succeed by known weights, to ask whether learning finds them: used by `benches/learning.rs` and by a test.
//!
//! A pair's scores are drawn from a pool; it succeeds with probability `1/(1 + exp(-(alpha + sum of beta_k x_k)))`. Learning is
//! the service's own: [`compare`] is the gate, [`posterior`] and [`weights`] make what would be published. How well weights do is
//! asked of all pairs of the pool, with the true probabilities in the place of drawn outcomes: the expected log-loss on new
//! outcomes of the same kind, in which no chance of the asking is left.

pub(crate) mod choices;

use alongside::engine::outcomes::held_out::{Outcomes, base_rate_and_slope, compare};
use alongside::engine::outcomes::model::N_FOLDS;
use alongside::engine::outcomes::posterior::{
    INTERCEPT_MEAN, PRIOR_SD, Posterior, Prior, SLOPE_MEAN, posterior,
};
use alongside::engine::outcomes::weights::{shares, weights};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand_distr::{Distribution as _, Open01, StandardNormal};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore as _, SeedableRng as _};

/// What makes partnerships succeed.
#[derive(Clone, Debug)]
pub(crate) enum Truth {
    /// The intercept, then a slope for each criterion.
    Fixed(Vec<f64>),
    /// Drawn anew for each run from the prior itself.
    Drawn,
}

impl Truth {
    /// Weights on a scale: slopes of `slope` times the weights, and an intercept that makes a score of one half an even chance.
    pub(crate) fn of_weights(slope: f64, weights: &[f64]) -> Self {
        let slopes = weights.iter().map(|w| slope * w);
        Self::Fixed(std::iter::once(-slope / 2.0).chain(slopes).collect())
    }

    fn coefficients(&self, prior: &[f64], draws: &mut Draws) -> Vec<f64> {
        match self {
            Self::Fixed(coefficients) => coefficients.clone(),
            Self::Drawn => std::iter::once(INTERCEPT_MEAN)
                .chain(prior.iter().map(|share| SLOPE_MEAN * share))
                .map(|mean| PRIOR_SD.mul_add(draws.normal(), mean))
                .collect(),
        }
    }
}

/// Numbers drawn from a seed.
struct Draws(Xoshiro256Plus);

impl Draws {
    fn uniform(&mut self) -> f64 {
        Open01.sample(&mut self.0)
    }

    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.0.next_u64() % n as u64).unwrap_or(0)
    }
}

/// What came of learning once.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// By how much the expected log-loss of the learnt weights on all pairs is below that of the prior's, in nats.
    pub(crate) gain: f64,
    /// Whether the gate lets the learnt weights through.
    pub(crate) passes: bool,
    /// The gain on held-out outcomes in standard errors, of which the gate asks for many.
    pub(crate) margin: f64,
    /// For each criterion whether the stated interval of its weight holds the true one.
    pub(crate) covered: Vec<bool>,
    /// For each criterion whether the true weight lies inside 0 and 1, where an interval can miss on both sides.
    pub(crate) is_interior: Vec<bool>,
    /// Half the sum of the differences between the published weights and the true ones.
    pub(crate) distance: f64,
}

/// Learns once from `n` outcomes drawn by `seed`; `None` where they are of one kind, from which nothing is learnt.
pub(crate) fn run(
    pool: ArrayView2<'_, f64>,
    prior: &[f64],
    truth: &Truth,
    n: usize,
    seed: u64,
) -> Option<Run> {
    let mut draws = Draws(Xoshiro256Plus::seed_from_u64(seed));
    let truth = truth.coefficients(prior, &mut draws);
    let scores = drawn(pool, n, &mut draws);
    let successes: Vec<bool> = chances(scores.view(), &truth)
        .iter()
        .map(|&chance| draws.uniform() < chance)
        .collect();
    let pairs: Vec<u32> = (0_u32..).take(n).collect();
    let outcomes = Outcomes {
        scores: scores.view(),
        successes: &successes,
        pairs: &pairs,
    };
    let gate = compare(outcomes, prior, N_FOLDS, seed).ok()?;
    let fit = posterior(scores.view(), &successes, &Prior::of_shares(prior)).ok()?;
    let learnt = weights(&fit, prior, n, seed);
    let published: Vec<f64> = learnt.iter().map(|w| w.weight).collect();
    let true_weights = shares(&truth[1..], prior);
    let chances = chances(pool, &truth);
    let loss = |weights: &[f64]| -> Option<f64> {
        let line = base_rate_and_slope(scores.view(), &successes, weights).ok()?;
        Some(expected_loss(&line, pool, weights, &chances))
    };
    let apart = published
        .iter()
        .zip(&true_weights)
        .map(|(a, b)| (a - b).abs());
    Some(Run {
        gain: loss(prior)? - loss(&published)?,
        passes: gate.passes(),
        margin: gate.gain / gate.standard_error,
        covered: learnt
            .iter()
            .zip(&true_weights)
            .map(|(w, t)| (w.low..=w.high).contains(t))
            .collect(),
        is_interior: true_weights
            .iter()
            .map(|t| (0.001..0.999).contains(t))
            .collect(),
        distance: apart.sum::<f64>() / 2.0,
    })
}

fn drawn(pool: ArrayView2<'_, f64>, n: usize, draws: &mut Draws) -> Array2<f64> {
    let rows: Vec<usize> = (0..n).map(|_| draws.below(pool.nrows())).collect();
    pool.select(Axis(0), &rows)
}

fn chances(scores: ArrayView2<'_, f64>, truth: &[f64]) -> Vec<f64> {
    let slopes = Array1::from_iter(truth[1..].iter().copied());
    let logits = scores.dot(&slopes) + truth[0];
    logits
        .iter()
        .map(|eta| 1.0 / (1.0 + (-eta).exp()))
        .collect()
}

/// The mean over pairs of what the log-loss is expected to be, in nats.
fn expected_loss(
    line: &Posterior,
    scores: ArrayView2<'_, f64>,
    weights: &[f64],
    chances: &[f64],
) -> f64 {
    let one = scores.dot(&Array1::from_iter(weights.iter().copied()));
    let losses = one.iter().zip(chances).map(|(&score, &chance)| {
        let p = line.probability([score]).clamp(1e-12, 1.0 - 1e-12);
        -(chance * p.ln() + (1.0 - chance) * (1.0 - p).ln())
    });
    losses.sum::<f64>() / chances.len() as f64
}

/// What came of many runs.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// Runs from which something was learnt.
    pub(crate) n_runs: usize,
    /// The share of them in which the learnt weights do better on all pairs.
    pub(crate) better: f64,
    /// The share of them that the gate lets through.
    pub(crate) passed: f64,
    /// How many the gate let through although the learnt weights do worse.
    pub(crate) passed_though_worse: usize,
    /// The most standard errors of held-out gain that learnt weights had which do worse; minus infinity where none do.
    pub(crate) margin_of_worse: f64,
    /// The share of stated 90 % intervals that hold the true weight.
    pub(crate) coverage: f64,
    /// The same of true weights inside 0 and 1; NaN where there is none.
    pub(crate) coverage_interior: f64,
    /// The mean gain, in nats.
    pub(crate) gain: f64,
    /// The mean distance of published from true weights.
    pub(crate) distance: f64,
}

/// Counts what came of runs.
pub(crate) fn tally(runs: &[Run]) -> Tally {
    let n = runs.len() as f64;
    let share =
        |holds: &dyn Fn(&Run) -> bool| runs.iter().filter(|run| holds(run)).count() as f64 / n;
    let intervals = || {
        runs.iter()
            .flat_map(|run| run.covered.iter().zip(&run.is_interior))
    };
    let of = |covered: usize, all: usize| covered as f64 / all as f64;
    Tally {
        n_runs: runs.len(),
        better: share(&|run| run.gain > 0.0),
        passed: share(&|run| run.passes),
        passed_though_worse: runs
            .iter()
            .filter(|run| run.passes && run.gain < 0.0)
            .count(),
        margin_of_worse: runs
            .iter()
            .filter(|run| run.gain < 0.0)
            .fold(f64::NEG_INFINITY, |most, run| most.max(run.margin)),
        coverage: of(
            intervals().filter(|(c, _)| **c).count(),
            intervals().count(),
        ),
        coverage_interior: of(
            intervals().filter(|(c, i)| **c && **i).count(),
            intervals().filter(|(_, i)| **i).count(),
        ),
        gain: runs.iter().map(|run| run.gain).sum::<f64>() / n,
        distance: runs.iter().map(|run| run.distance).sum::<f64>() / n,
    }
}
