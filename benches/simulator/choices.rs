//! Sites that choose from their lists by known coefficients, to ask whether learning from choices finds them: used by
//! `benches/learning.rs` and by a test.
//!
//! A site takes one of its list in proportion to `r^-eta exp(sum of beta_k x_k)`, with `x` the scores and `r` the rank of each.

use alongside::engine::choices::{
    COEFFICIENT_SD, Choices, PLACE_MEAN, PLACE_SD, Places, posterior,
};
use alongside::engine::outcomes::posterior::Posterior;
use alongside::engine::outcomes::weights::{intervals, shares};
use ndarray::{Array2, Axis};

use super::Draws;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng as _;

/// By what sites choose.
#[derive(Clone, Debug)]
pub(crate) enum Taste {
    /// `eta`, then a coefficient for each criterion.
    Fixed(Vec<f64>),
    /// Drawn anew for each run from the prior itself.
    Drawn,
}

impl Taste {
    fn coefficients(&self, n_criteria: usize, draws: &mut Draws) -> Vec<f64> {
        match self {
            Self::Fixed(coefficients) => coefficients.clone(),
            Self::Drawn => std::iter::once(PLACE_SD.mul_add(draws.normal(), PLACE_MEAN))
                .chain((0..n_criteria).map(|_| COEFFICIENT_SD * draws.normal()))
                .collect(),
        }
    }
}

/// What came of learning from choices once.
#[derive(Clone, Debug)]
pub(crate) struct ChoiceRun {
    /// Half the sum of the differences between the shares found and the true ones.
    pub(crate) distance: f64,
    /// The same where places are ignored.
    pub(crate) uncorrected: f64,
    /// Whether `eta` and each coefficient lie within 1.645 standard deviations of what was found: a 90 % interval.
    pub(crate) covered: Vec<bool>,
    /// For each share that lies inside 0 and 1 whether its stated interval holds it.
    pub(crate) shares_covered: Vec<bool>,
}

/// The standard normal distribution has 90 % within so many standard deviations.
const NORMAL_90: f64 = 1.645;

/// Learns once from `n` choices of `lists`, each `(n_shown, n_criteria)`, drawn by `seed`; `None` where nothing is learnt.
pub(crate) fn choose(
    lists: &[Array2<f64>],
    taste: &Taste,
    n: usize,
    seed: u64,
) -> Option<ChoiceRun> {
    let n_criteria = lists[0].ncols();
    let mut draws = Draws(Xoshiro256Plus::seed_from_u64(seed));
    let truth = taste.coefficients(n_criteria, &mut draws);
    let mut choices = Choices::of_criteria(n_criteria);
    // Whom a site took is left out of its list from then on, as the service does; a list of which half is taken is not chosen from.
    let ranks = |list: &Array2<f64>| (1..=list.nrows()).collect::<Vec<usize>>();
    let mut left: Vec<(Array2<f64>, Vec<usize>)> = lists
        .iter()
        .map(|list| (list.clone(), ranks(list)))
        .collect();
    for _ in 0..n {
        let site = draws.below(lists.len());
        let (list, ranks) = &mut left[site];
        if 2 * list.nrows() <= lists[site].nrows() {
            *list = lists[site].clone();
            *ranks = (1..=list.nrows()).collect();
        }
        let chosen = taken((list, ranks), &truth, draws.uniform());
        let number = u32::try_from(site).unwrap_or(u32::MAX);
        choices.push(number, (list.view(), ranks), chosen).ok()?;
        let rest: Vec<usize> = (0..list.nrows()).filter(|&row| row != chosen).collect();
        *list = list.select(Axis(0), &rest);
        ranks.remove(chosen);
    }
    let fit = |places| posterior(&choices, places).ok();
    let (with, without) = (fit(Places::Count)?, fit(Places::AreIgnored)?);
    let equal = vec![1.0 / n_criteria as f64; n_criteria];
    let true_shares = shares(&truth[1..], &equal);
    let of = |fit: &Posterior| apart(&shares(&fit.slopes(), &equal), &true_shares);
    let within = |at: usize| {
        let found = with.coefficient(at);
        (found.mean - truth[at]).abs() <= NORMAL_90 * found.standard_deviation
    };
    let stated = intervals(&with, &equal, seed);
    let stated = stated.iter().zip(&true_shares);
    Some(ChoiceRun {
        distance: of(&with),
        uncorrected: of(&without),
        covered: (0..truth.len()).map(within).collect(),
        shares_covered: stated
            .filter(|(_, share)| (0.001..0.999).contains(*share))
            .map(|((low, high), share)| (low..=high).contains(&share))
            .collect(),
    })
}

fn apart(one: &[f64], other: &[f64]) -> f64 {
    let all = one.iter().zip(other).map(|(a, b)| (a - b).abs());
    all.sum::<f64>() / 2.0
}

/// Which of a list is taken, by a number between 0 and 1.
fn taken((list, ranks): (&Array2<f64>, &[usize]), truth: &[f64], chance: f64) -> usize {
    let weight = |(at, scores): (usize, ndarray::ArrayView1<'_, f64>)| {
        let fit: f64 = scores.iter().zip(&truth[1..]).map(|(x, b)| x * b).sum();
        (ranks[at] as f64).powf(-truth[0]) * fit.exp()
    };
    let weights: Vec<f64> = list.rows().into_iter().enumerate().map(weight).collect();
    let mut left = chance * weights.iter().sum::<f64>();
    let at = weights.iter().position(|weight| {
        left -= weight;
        left < 0.0
    });
    at.unwrap_or(list.nrows() - 1)
}

/// The share of some answers that are yes.
pub(crate) fn share(of: impl Iterator<Item = bool>) -> f64 {
    let all: Vec<bool> = of.collect();
    all.iter().filter(|yes| **yes).count() as f64 / all.len() as f64
}
