//! Whether learnt weights would have predicted outcomes better than the weights in use: the gate of an activation.
//!
//! What an activation changes is the weights, so the two sides differ in the weights alone: each makes one score of a pair,
//! `sum of w_k x_k`, and both learn the base rate and the slope of that score from the same training outcomes under the
//! same prior. A model that only knows how often partnerships succeed gains nothing here.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::draws::Draws;
use super::posterior::{Posterior, Prior, Unlearnable, posterior};
use super::weights::{shares, shrunk};
use crate::domain::model::GateVerdict;

/// Outcomes of fewer pairs of sites than this never pass the gate, since each pair has one gain: of 40, in 6,660 simulated runs of one
/// outcome a pair, weights that did worse came to 4.6 standard errors of gain, since so few gains tell their own spread badly; 200 is
/// the next size that was asked about.
pub const MIN_PAIRS: usize = 200;
/// Standard errors by which the mean gain must lie above 0.
///
/// It is strict: folds share what they train on, which makes the standard error too small, and the gains of few outcomes have
/// a long tail. In some 14,000 simulated runs (seven truths, 200 and 1,000 outcomes each) the learnt weights that did worse on new
/// pairs came to at most 3.51; `benches/learning.rs` asks the same of other seeds.
pub const GATE_STANDARD_ERRORS: f64 = 4.0;
/// No probability is taken to be closer to 0 or 1 than this.
const CLIP: f64 = 1e-12;

/// The weights that learnt ones are held against, each summing to 1, one for each criterion.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Those that the prior is made of.
    pub prior: &'a [f64],
    /// Those in use, which an activation would replace. Where they were learnt of some of the outcomes they know more than they
    /// should of those held out, so that the gate is the stricter.
    pub in_use: &'a [f64],
}

impl<'a> Given<'a> {
    /// Weights in use that are the prior's too.
    #[must_use]
    pub const fn both(weights: &'a [f64]) -> Self {
        Self {
            prior: weights,
            in_use: weights,
        }
    }
}

/// The mean loss on held-out outcomes of learnt weights, of the prior's and of those in use.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Outcomes held out, each once.
    pub n_outcomes: usize,
    /// The pairs of sites that they are of.
    pub n_pairs: usize,
    /// Mean log-loss of the learnt weights, in nats.
    pub learnt: f64,
    /// Mean log-loss of the prior's weights, in nats.
    pub prior: f64,
    /// Mean log-loss of the weights in use, in nats.
    pub in_use: f64,
    /// Mean over pairs of the log-loss of the weights in use less that of the learnt weights.
    pub gain: f64,
    /// Standard error of `gain` over pairs; 0 where there is one pair.
    pub standard_error: f64,
    /// Mean squared error of the learnt probabilities (Brier 1950, *Monthly Weather Review* 78:1), in `0..=1`.
    pub brier: f64,
    /// The held-out probability of success under the learnt weights, in the order of the outcomes.
    pub probabilities: Vec<f64>,
}

impl Comparison {
    /// Whether the learnt weights did better beyond what chance explains: enough pairs of sites, and a gain of more than
    /// [`GATE_STANDARD_ERRORS`] standard errors. Weights that change nothing have no gain and do not pass.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.verdict() == GateVerdict::Passed
    }

    /// The same with the first reason against it.
    #[must_use]
    pub fn verdict(&self) -> GateVerdict {
        if self.n_pairs < MIN_PAIRS {
            GateVerdict::TooFewOutcomes
        } else if self.gain > GATE_STANDARD_ERRORS * self.standard_error && self.gain > 0.0 {
            GateVerdict::Passed
        } else if self.gain > 0.0 {
            GateVerdict::NotBeyondChance
        } else {
            GateVerdict::NoGain
        }
    }
}

/// Outcomes to compare on.
#[derive(Clone, Copy, Debug)]
pub struct Outcomes<'a> {
    /// `(n_outcomes, n_criteria)`.
    pub scores: ArrayView2<'a, f64>,
    /// `n_outcomes`.
    pub successes: &'a [bool],
    /// For each outcome which pair of sites it is of; a pair never stands on both sides of a fold.
    pub pairs: &'a [u32],
}

/// Compares learnt weights with `prior`, weights that sum to 1 and are in use, on `n_folds` folds dealt by `seed`.
///
/// # Errors
///
/// As [`compare_with`].
pub fn compare(
    outcomes: Outcomes<'_>,
    prior: &[f64],
    n_folds: usize,
    seed: u64,
) -> Result<Comparison, Unlearnable> {
    compare_with(outcomes, Given::both(prior), n_folds, seed)
}

/// Compares weights learnt under a prior with the prior's and with those in use, on `n_folds` folds dealt by `seed`.
///
/// Folds are stratified: pairs with a success and pairs without are shuffled and dealt out in turn.
///
/// # Errors
///
/// [`Unlearnable`], of all outcomes or of what a fold leaves for training; [`Unlearnable::TooFew`] also for fewer than two
/// folds or fewer pairs than folds.
pub fn compare_with(
    outcomes: Outcomes<'_>,
    given: Given<'_>,
    n_folds: usize,
    seed: u64,
) -> Result<Comparison, Unlearnable> {
    let Given { prior, in_use } = given;
    if in_use.len() != prior.len() || outcomes.pairs.len() != outcomes.successes.len() {
        return Err(Unlearnable::Shape);
    }
    // What is wrong with all outcomes is said of them, not of a fold.
    posterior(
        outcomes.scores,
        outcomes.successes,
        &Prior::of_shares(prior),
    )?;
    let folds = folds(outcomes, n_folds, seed)?;
    let n = outcomes.successes.len();
    let [mut learnt, mut base, mut used] = [vec![0.0; n], vec![0.0; n], vec![0.0; n]];
    for fold in 0..n_folds {
        let (train, test): (Vec<usize>, Vec<usize>) = (0..n).partition(|&row| folds[row] != fold);
        let (x, y) = taken(outcomes, &train);
        let fit = posterior(x.view(), &y, &Prior::of_shares(prior))?;
        let weights = shrunk(&shares(&fit.slopes(), prior), prior, train.len());
        for (weights, found) in [
            (weights.as_slice(), &mut learnt),
            (prior, &mut base),
            (in_use, &mut used),
        ] {
            let line = base_rate_and_slope(x.view(), &y, weights)?;
            for &row in &test {
                found[row] = line.probability([one_score(outcomes.scores, row, weights)]);
            }
        }
    }
    Ok(compared(outcomes, learnt, &base, &used))
}

/// Compares two sets of weights, each summing to 1, on outcomes that neither was learnt of: both learn base rate and slope from
/// `known`. Of the result, the figures of the prior are those of the weights in use.
///
/// # Errors
///
/// [`Unlearnable`], of `known`; [`Unlearnable::TooFew`] where there is no newer outcome; [`Unlearnable::Shape`] where anything
/// differs in number.
pub fn compare_on_newer(
    known: Outcomes<'_>,
    newer: Outcomes<'_>,
    (learnt, in_use): (&[f64], &[f64]),
) -> Result<Comparison, Unlearnable> {
    let n = newer.successes.len();
    if n == 0 {
        return Err(Unlearnable::TooFew);
    }
    let widths = [known.scores.ncols(), newer.scores.ncols(), in_use.len()];
    if widths != [learnt.len(); 3] || newer.scores.nrows() != n || newer.pairs.len() != n {
        return Err(Unlearnable::Shape);
    }
    let of = |weights: &[f64]| -> Result<Vec<f64>, Unlearnable> {
        let line = base_rate_and_slope(known.scores, known.successes, weights)?;
        let found = (0..n).map(|row| line.probability([one_score(newer.scores, row, weights)]));
        Ok(found.collect())
    };
    let used = of(in_use)?;
    Ok(compared(newer, of(learnt)?, &used, &used))
}

/// For each outcome its fold.
fn folds(outcomes: Outcomes<'_>, n_folds: usize, seed: u64) -> Result<Vec<usize>, Unlearnable> {
    let all: BTreeSet<u32> = outcomes.pairs.iter().copied().collect();
    if n_folds < 2 || all.len() < n_folds {
        return Err(Unlearnable::TooFew);
    }
    let rows = outcomes.pairs.iter().zip(outcomes.successes);
    let succeeded: BTreeSet<u32> = rows.filter(|(_, s)| **s).map(|(&pair, _)| pair).collect();
    let mut draws = Draws::seeded(seed);
    let (mut with, mut without): (Vec<u32>, Vec<u32>) =
        all.iter().partition(|pair| succeeded.contains(pair));
    draws.shuffle(&mut with);
    draws.shuffle(&mut without);
    let dealt: BTreeMap<u32, usize> = with
        .into_iter()
        .chain(without)
        .zip((0..n_folds).cycle())
        .collect();
    Ok(outcomes
        .pairs
        .iter()
        .map(|pair| dealt.get(pair).copied().unwrap_or(0))
        .collect())
}

fn taken(outcomes: Outcomes<'_>, rows: &[usize]) -> (Array2<f64>, Vec<bool>) {
    let y = rows.iter().map(|&row| outcomes.successes[row]).collect();
    (outcomes.scores.select(Axis(0), rows), y)
}

/// Fits the base rate and the slope of the one score that `weights`, summing to 1, make of each row of `x`.
///
/// # Errors
///
/// [`Unlearnable`], as [`posterior`].
pub fn base_rate_and_slope(
    x: ArrayView2<'_, f64>,
    y: &[bool],
    weights: &[f64],
) -> Result<Posterior, Unlearnable> {
    let score = x.dot(&Array1::from_iter(weights.iter().copied()));
    posterior(
        score.insert_axis(Axis(1)).view(),
        y,
        &Prior::of_shares(&[1.0]),
    )
}

fn one_score(scores: ArrayView2<'_, f64>, row: usize, weights: &[f64]) -> f64 {
    scores
        .row(row)
        .iter()
        .zip(weights)
        .map(|(x, w)| x * w)
        .sum()
}

fn log_loss(probability: f64, success: bool) -> f64 {
    let p = probability.clamp(CLIP, 1.0 - CLIP);
    if success { -p.ln() } else { -(1.0 - p).ln() }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn compared(outcomes: Outcomes<'_>, learnt: Vec<f64>, base: &[f64], used: &[f64]) -> Comparison {
    let losses = |found: &[f64]| -> Vec<f64> {
        found
            .iter()
            .zip(outcomes.successes)
            .map(|(&p, &s)| log_loss(p, s))
            .collect()
    };
    let (of_learnt, of_used) = (losses(&learnt), losses(used));
    let mut by_pair: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (row, pair) in outcomes.pairs.iter().enumerate() {
        by_pair
            .entry(*pair)
            .or_default()
            .push(of_used[row] - of_learnt[row]);
    }
    let gains: Vec<f64> = by_pair.values().map(|gains| mean(gains)).collect();
    let gain = mean(&gains);
    let squares: f64 = gains.iter().map(|g| (g - gain) * (g - gain)).sum();
    let n = gains.len() as f64;
    let errors = learnt.iter().zip(outcomes.successes);
    let squared: Vec<f64> = errors
        .map(|(p, &s)| (p - f64::from(u8::from(s))).powi(2))
        .collect();
    Comparison {
        n_outcomes: learnt.len(),
        n_pairs: gains.len(),
        learnt: mean(&of_learnt),
        prior: mean(&losses(base)),
        in_use: mean(&of_used),
        gain,
        standard_error: (squares / (n - 1.0).max(1.0) / n).sqrt(),
        brier: mean(&squared),
        probabilities: learnt,
    }
}

#[cfg(test)]
mod tests;
