//! What choices from lists reveal, corrected for the place in the list.
//!
//! A conditional logit (McFadden 1974): of those shown, the one with scores `x` at rank `r` is chosen in proportion to
//! `r^-eta exp(sum of beta_k x_k)`. The first factor is how likely it is to be noticed there, the position-based model of Joachims,
//! Swaminathan and Schnabel 2017; without it, whatever the list was ordered by would seem to be what sites want. `eta` is learnt
//! beside the others, since scores and places do not go quite together: the order is that of the mutual fit, which both sides' scores
//! and weights make, while a site chooses by its own.
//!
//! Start with [`report`], which makes rows of a programme's choices. Nothing else here knows whose they are.
//!
//! # References
//!
//! - McFadden 1974, *Conditional logit analysis of qualitative choice behavior*, in Zarembka (ed.), Frontiers in Econometrics, 105-142.
//! - Joachims, Swaminathan and Schnabel 2017, *Unbiased learning-to-rank with biased feedback*, WSDM '17:781 (propensities
//!   `r^-eta`, with `eta = 1` unless told otherwise).

pub mod held_out;
pub mod report;

use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};

use crate::engine::newton::{Concave, mode};
use crate::engine::outcomes::posterior::{PRIOR_SD, Posterior, Unlearnable};

/// The prior mean of `eta`: that of Joachims, Swaminathan and Schnabel 2017.
pub const PLACE_MEAN: f64 = 1.0;
/// Its standard deviation: 95 % of the prior lie between no effect of the place and twice that of the mean.
pub const PLACE_SD: f64 = 0.5;
/// The standard deviation of the prior of a coefficient, around 0: that of an outcome's (DESIGN 7), without its mean. That sites ought to want
/// what the weights say is no reason to believe that they do.
pub const COEFFICIENT_SD: f64 = PRIOR_SD;

/// Whether the place in the list is taken into account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// It is: what [`posterior`] is for.
    Count,
    /// It is not, to show what that would come to.
    AreIgnored,
}

/// Rows of one list, and which of them was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: usize,
    end: usize,
    chosen: usize,
    site: u32,
}

impl Span {
    fn rows(&self) -> Slice {
        Slice::from(self.start..self.end)
    }
}

/// Choices from lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// `(n_shown, 1 + n_criteria)`: minus the logarithm of the rank, then the scores.
    rows: Array2<f64>,
    spans: Vec<Span>,
}

impl Choices {
    /// None yet, of lists with scores on so many criteria.
    #[must_use]
    pub fn of_criteria(n_criteria: usize) -> Self {
        Self {
            rows: Array2::zeros((0, n_criteria + 1)),
            spans: Vec::new(),
        }
    }

    /// Adds the choice of a site, numbered by whoever asks.
    ///
    /// # Shapes and units
    ///
    /// - `scores`: `(n_shown, n_criteria)`, in the order of the list, each finite, in practice in `0..=1`
    /// - `ranks`: `n_shown`, from 1; one whom the site had chosen before is left out of a list, and its rank with it
    /// - `chosen`: a row of them, from 0
    ///
    /// # Errors
    ///
    /// [`Unlearnable::Shape`] where the columns are not the criteria, or no such row is shown; [`Unlearnable::NotFinite`].
    pub fn push(
        &mut self,
        site: u32,
        (scores, ranks): (ArrayView2<'_, f64>, &[usize]),
        chosen: usize,
    ) -> Result<(), Unlearnable> {
        let n = scores.nrows();
        if scores.ncols() != self.n_criteria() || ranks.len() != n || chosen >= n {
            return Err(Unlearnable::Shape);
        }
        if scores.iter().any(|score| !score.is_finite()) {
            return Err(Unlearnable::NotFinite);
        }
        let start = self.rows.nrows();
        let mut row = Array1::zeros(self.rows.ncols());
        for (scores, &rank) in scores.rows().into_iter().zip(ranks) {
            row[0] = -(rank.max(1) as f64).ln();
            for (cell, score) in row.iter_mut().skip(1).zip(scores) {
                *cell = *score;
            }
            self.rows
                .push_row(row.view())
                .map_err(|_shape| Unlearnable::Shape)?;
        }
        self.spans.push(Span {
            start,
            end: self.rows.nrows(),
            chosen: start + chosen,
            site,
        });
        Ok(())
    }

    /// How many choices there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.spans.len()
    }

    fn n_criteria(&self) -> usize {
        self.rows.ncols() - 1
    }

    /// The same choices as if nothing were known of those shown but their places.
    fn of_places_alone(&self) -> Self {
        Self {
            rows: self.rows.select(Axis(1), &[0]),
            spans: self.spans.clone(),
        }
    }

    /// For each row how likely it is to be the one that is chosen of its list.
    fn probabilities(&self, coefficients: &Array1<f64>) -> Array1<f64> {
        let mut p = self.rows.dot(coefficients);
        for span in &self.spans {
            let mut of = p.slice_axis_mut(Axis(0), span.rows());
            let most = of.fold(f64::NEG_INFINITY, |most, &v| most.max(v));
            of.mapv_inplace(|v| (v - most).exp());
            let sum = of.sum();
            of.mapv_inplace(|v| v / sum);
        }
        p
    }

    /// For each choice how unlikely it was, in nats.
    fn losses<'a>(&'a self, coefficients: &Array1<f64>) -> impl Iterator<Item = f64> + 'a {
        let utility = self.rows.dot(coefficients);
        self.spans.iter().map(move |span| {
            let of = utility.slice_axis(Axis(0), span.rows());
            let most = of.fold(f64::NEG_INFINITY, |most, &v| most.max(v));
            let sum: f64 = of.iter().map(|v| (v - most).exp()).sum();
            most + sum.ln() - utility[span.chosen]
        })
    }
}

struct Problem<'a> {
    choices: &'a Choices,
    mean: Array1<f64>,
    precision: Array1<f64>,
}

impl Concave for Problem<'_> {
    fn height(&self, at: &Array1<f64>) -> f64 {
        let off = at - &self.mean;
        let likelihood: f64 = self.choices.losses(at).sum();
        -likelihood - 0.5 * (&off * &off).dot(&self.precision)
    }

    fn slope(&self, at: &Array1<f64>) -> (Array1<f64>, Array2<f64>) {
        let Choices { rows, spans } = self.choices;
        let p = self.choices.probabilities(at);
        let weighted = rows * &p.insert_axis(Axis(1));
        let mut means = Array2::zeros((spans.len(), rows.ncols()));
        let mut gradient = -(at - &self.mean) * &self.precision;
        for (span, mut mean) in spans.iter().zip(means.rows_mut()) {
            mean.assign(&weighted.slice_axis(Axis(0), span.rows()).sum_axis(Axis(0)));
            gradient += &(&rows.row(span.chosen) - &mean);
        }
        let curvature =
            rows.t().dot(&weighted) - means.t().dot(&means) + Array2::from_diag(&self.precision);
        (gradient, curvature)
    }
}

/// Learns what choices reveal: first `eta`, then a coefficient for each criterion, by the mode of the posterior and the curvature
/// there. Priors: `eta ~ N(1, 0.5^2)`, `beta_k ~ N(0, 2.5^2)`. Where places are ignored, the first is its prior.
///
/// Cost: about ten steps of `n_shown * n_criteria^2`.
///
/// # Errors
///
/// [`Unlearnable::TooFew`] of fewer than two choices; [`Unlearnable::Unbounded`] where no mode is found, which the priors do
/// not allow.
pub fn posterior(choices: &Choices, places: Places) -> Result<Posterior, Unlearnable> {
    if choices.count() < 2 {
        return Err(Unlearnable::TooFew);
    }
    let n = choices.rows.ncols();
    let mut mean = Array1::zeros(n);
    mean[0] = PLACE_MEAN;
    let mut precision = Array1::from_elem(n, 1.0 / (COEFFICIENT_SD * COEFFICIENT_SD));
    precision[0] = 1.0 / (PLACE_SD * PLACE_SD);
    let placeless;
    let choices = match places {
        Places::Count => choices,
        Places::AreIgnored => {
            let mut without = choices.clone();
            without.rows.column_mut(0).fill(0.0);
            placeless = without;
            &placeless
        }
    };
    let start = mean.clone();
    let problem = Problem {
        choices,
        mean,
        precision,
    };
    let (mean, covariance) = mode(&problem, start).ok_or(Unlearnable::Unbounded)?;
    if mean.iter().chain(&covariance).all(|v| v.is_finite()) {
        Ok(Posterior { mean, covariance })
    } else {
        Err(Unlearnable::Unbounded)
    }
}

#[cfg(test)]
mod tests;
