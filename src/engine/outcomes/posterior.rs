//! Logistic regression with normal priors, by Newton's method; its spread by Laplace's approximation.
//!
//! `linfa-logistic` 0.8 knows one prior only: `alpha` draws every coefficient to 0, and there is neither a prior mean nor an
//! offset by which one could be written; rows that stand for the prior exactly do not exist either, since its linear term is
//! the loss of no outcome. So the mode is found here. With a prior mean of 0, and the intercept as a column of ones, the
//! two ask for the same mode: a test holds them against each other, on the bioassay and on drawn outcomes.

use ndarray::{Array1, Array2, ArrayView2};

use crate::domain::model::Coefficient;
use crate::engine::newton::{Concave, mode};

/// The prior mean of the intercept (DESIGN 7).
pub const INTERCEPT_MEAN: f64 = -2.5;
/// The standard deviation of every prior (DESIGN 7).
pub const PRIOR_SD: f64 = 2.5;
/// The prior mean of a coefficient is this times the criterion's weight (DESIGN 7).
pub const SLOPE_MEAN: f64 = 5.0;
/// A linear predictor of this size is a probability of 0 or 1 to the last bit: the mode has run away.
const RUNAWAY: f64 = 35.0;

/// Why nothing can be learnt from some outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unlearnable {
    /// Fewer than two outcomes, or too few pairs for the folds asked for.
    #[error("there are too few outcomes to learn from")]
    TooFew,
    /// All outcomes are successes, or none is (also where that holds of what a fold leaves for training).
    #[error("all outcomes are of one kind, so nothing tells success from failure")]
    OneClass,
    /// A score is not a finite number.
    #[error("a score is not a finite number")]
    NotFinite,
    /// Rows, outcomes, criteria and prior disagree in number.
    #[error("scores, outcomes and prior differ in number")]
    Shape,
    /// No finite coefficients are best: a flat prior on separated or collinear scores.
    #[error("the outcomes are separated or the criteria collinear, and the prior is flat")]
    Unbounded,
}

/// Independent normal priors: the intercept first, then one for each criterion.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    mean: Array1<f64>,
    precision: f64,
}

impl Prior {
    /// `N(-2.5, 2.5^2)` on the intercept, `N(5 w_k, 2.5^2)` on the coefficients, for weights `w` that sum to 1 (DESIGN 7).
    #[must_use]
    pub fn of_shares(shares: &[f64]) -> Self {
        let slopes = shares.iter().map(|share| SLOPE_MEAN * share);
        Self {
            mean: std::iter::once(INTERCEPT_MEAN).chain(slopes).collect(),
            precision: 1.0 / (PRIOR_SD * PRIOR_SD),
        }
    }

    /// `N(0, 2.5^2)` on the intercept and `n_criteria` coefficients: none is expected to matter more than another, nor to help.
    #[must_use]
    pub fn around_zero(n_criteria: usize) -> Self {
        Self {
            mean: Array1::zeros(n_criteria + 1),
            precision: 1.0 / (PRIOR_SD * PRIOR_SD),
        }
    }

    /// Says nothing about the intercept and `n_criteria` coefficients: the mode is that of maximum likelihood.
    #[must_use]
    pub fn flat(n_criteria: usize) -> Self {
        Self {
            mean: Array1::zeros(n_criteria + 1),
            precision: 0.0,
        }
    }
}

/// The posterior by Laplace's approximation: a normal around the mode.
///
/// # References
///
/// Gelman et al., *Bayesian Data Analysis*, 3rd ed., section 4.1.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// The mode: the intercept, then the coefficients, `(n_criteria + 1,)`.
    pub mean: Array1<f64>,
    /// The inverse of the negative Hessian there, `(n_criteria + 1, n_criteria + 1)`.
    pub covariance: Array2<f64>,
}

impl Posterior {
    /// The coefficients without the first, the intercept.
    #[must_use]
    pub fn slopes(&self) -> Vec<f64> {
        self.mean.iter().skip(1).copied().collect()
    }

    /// The coefficient at a place, 0 the intercept, with its spread.
    #[must_use]
    pub fn coefficient(&self, at: usize) -> Coefficient {
        Coefficient {
            mean: self.mean[at],
            standard_deviation: self.covariance[[at, at]].max(0.0).sqrt(),
        }
    }

    /// The probability of success at the mode for one row of scores, in `0..=1`; superfluous scores are ignored.
    #[must_use]
    pub fn probability(&self, scores: impl IntoIterator<Item = f64>) -> f64 {
        let row = std::iter::once(1.0).chain(scores);
        logistic(row.zip(&self.mean).map(|(x, b)| x * b).sum())
    }
}

/// Fits `P(success) = 1/(1 + exp(-(alpha + sum of beta_k x_k)))`.
///
/// # Shapes and units
///
/// - `scores`: `(n_outcomes, n_criteria)`, each finite, in practice in `0..=1`
/// - `successes`: `n_outcomes`
///
/// Cost: about ten steps of `n_outcomes * n_criteria^2`.
///
/// # Errors
///
/// [`Unlearnable`], by the first reason that holds.
pub fn posterior(
    scores: ArrayView2<'_, f64>,
    successes: &[bool],
    prior: &Prior,
) -> Result<Posterior, Unlearnable> {
    check(scores, successes, prior)?;
    let shape = (scores.nrows(), scores.ncols() + 1);
    let rows = Array2::from_shape_fn(shape, |(row, column)| match column {
        0 => 1.0,
        _ => scores[[row, column - 1]],
    });
    let problem = Problem {
        rows,
        successes,
        prior,
    };
    let (mean, covariance) = mode(&problem, prior.mean.clone()).ok_or(Unlearnable::Unbounded)?;
    problem.settled(mean, covariance)
}

fn check(
    scores: ArrayView2<'_, f64>,
    successes: &[bool],
    prior: &Prior,
) -> Result<(), Unlearnable> {
    if scores.nrows() != successes.len() || prior.mean.len() != scores.ncols() + 1 {
        return Err(Unlearnable::Shape);
    }
    if successes.len() < 2 {
        return Err(Unlearnable::TooFew);
    }
    if scores.iter().any(|score| !score.is_finite()) {
        return Err(Unlearnable::NotFinite);
    }
    if successes.iter().all(|&s| s) || successes.iter().all(|&s| !s) {
        return Err(Unlearnable::OneClass);
    }
    Ok(())
}

struct Problem<'a> {
    rows: Array2<f64>,
    successes: &'a [bool],
    prior: &'a Prior,
}

impl Concave for Problem<'_> {
    fn height(&self, at: &Array1<f64>) -> f64 {
        let off = at - &self.prior.mean;
        let likelihood: f64 = self
            .rows
            .dot(at)
            .iter()
            .zip(self.successes)
            .map(|(&eta, &success)| -log_one_plus_exp(if success { -eta } else { eta }))
            .sum();
        likelihood - 0.5 * self.prior.precision * off.dot(&off)
    }

    fn slope(&self, at: &Array1<f64>) -> (Array1<f64>, Array2<f64>) {
        let p = self.rows.dot(at).mapv(logistic);
        let y = Array1::from_iter(self.successes.iter().map(|&s| f64::from(u8::from(s))));
        let off = at - &self.prior.mean;
        let gradient = self.rows.t().dot(&(y - &p)) - off * self.prior.precision;
        let spread = p.mapv(|p| p * (1.0 - p)).insert_axis(ndarray::Axis(1));
        let curvature = self.rows.t().dot(&(&self.rows * &spread))
            + Array2::<f64>::eye(at.len()) * self.prior.precision;
        (gradient, curvature)
    }
}

impl Problem<'_> {
    fn settled(
        &self,
        mean: Array1<f64>,
        covariance: Array2<f64>,
    ) -> Result<Posterior, Unlearnable> {
        // Without a prior, separation ends where probabilities cannot come closer to 0 and 1, not in a mode.
        let runaway = self.prior.precision <= 0.0
            && self.rows.dot(&mean).iter().any(|eta| eta.abs() > RUNAWAY);
        if runaway || !covariance.iter().chain(&mean).all(|v| v.is_finite()) {
            return Err(Unlearnable::Unbounded);
        }
        Ok(Posterior { mean, covariance })
    }
}

fn logistic(eta: f64) -> f64 {
    1.0 / (1.0 + (-eta).exp())
}

/// `ln(1 + exp(x))` without overflow.
fn log_one_plus_exp(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::newton::largest;
    use ndarray::array;
    use proptest::prelude::*;

    /// The published values have five decimals.
    const PUBLISHED: f64 = 5.1e-6;

    /// Gelman et al., *Bayesian Data Analysis*, 3rd ed., table 3.1: five animals at each of four doses.
    fn bioassay() -> (Array2<f64>, Vec<bool>) {
        let doses = [(-0.86, 0), (-0.30, 1), (-0.05, 3), (0.73, 5)];
        let rows = doses
            .iter()
            .flat_map(|&(dose, deaths)| (0..5).map(move |i| (dose, i < deaths)));
        let (x, y): (Vec<f64>, Vec<bool>) = rows.unzip();
        (Array2::from_shape_vec((x.len(), 1), x).unwrap(), y)
    }

    fn assert_near(found: &Array1<f64>, expected: &[f64]) {
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() < PUBLISHED, "{found} is not {expected:?}");
        }
    }

    /// DESIGN 11.
    #[test]
    fn the_bioassay_with_a_flat_prior() {
        let (x, y) = bioassay();
        let fit = posterior(x.view(), &y, &Prior::flat(1)).unwrap();
        assert_near(&fit.mean, &[0.84658, 7.74882]);
    }

    /// DESIGN 11.
    #[test]
    fn the_bioassay_with_normal_priors() {
        let (x, y) = bioassay();
        let fit = posterior(x.view(), &y, &Prior::around_zero(1)).unwrap();
        assert_near(&fit.mean, &[0.19026, 3.54051]);
    }

    /// The mode under `N(0, 2.5^2)` on all coefficients, by `linfa-logistic`: its loss is
    /// `-sum ln sigma(y eta) + alpha/2 |beta|^2`, so `alpha = 1/2.5^2`, and a column of ones is the intercept.
    fn by_linfa(x: &Array2<f64>, y: &[bool]) -> Array1<f64> {
        use linfa::prelude::{Dataset, Fit as _};
        let ones = Array2::ones((x.nrows(), 1));
        let rows = ndarray::concatenate![ndarray::Axis(1), ones, *x];
        let data = Dataset::new(rows, Array1::from_iter(y.iter().copied()));
        let fit = linfa_logistic::LogisticRegression::default()
            .with_intercept(false)
            .alpha(1.0 / (PRIOR_SD * PRIOR_SD))
            .gradient_tolerance(1e-10)
            .max_iterations(10_000)
            .fit(&data)
            .unwrap();
        // Which of the two classes counts as success is linfa's choice.
        if fit.labels().pos.class {
            fit.params().clone()
        } else {
            -fit.params()
        }
    }

    #[test]
    fn linfa_finds_the_same_mode_where_it_knows_the_prior() {
        // Steps of L-BFGS end some digits before those of Newton.
        const SAME: f64 = 1e-6;
        let drawn = |seed| {
            let mut draws = crate::engine::outcomes::draws::Draws::seeded(seed);
            let x = Array2::from_shape_simple_fn((200, 4), || draws.uniform());
            let y = x
                .rows()
                .into_iter()
                .map(|row| draws.uniform() < row[0] * 0.8 + row[1] * 0.2);
            let y = y.collect();
            (x, y)
        };
        for (x, y) in [bioassay(), drawn(1), drawn(2)] {
            let fit = posterior(x.view(), &y, &Prior::around_zero(x.ncols())).unwrap();
            let theirs = by_linfa(&x, &y);
            assert!(
                largest(&(&fit.mean - &theirs)) < SAME,
                "{} {theirs}",
                fit.mean
            );
        }
    }

    #[test]
    fn what_cannot_be_learnt_from_says_why() {
        let x = array![[0.0], [1.0]];
        let prior = Prior::of_shares(&[1.0]);
        let why =
            |x: &Array2<f64>, y: &[bool], prior: &Prior| posterior(x.view(), y, prior).unwrap_err();
        assert_eq!(why(&array![[0.5]], &[true], &prior), Unlearnable::TooFew);
        assert_eq!(why(&x, &[true, true], &prior), Unlearnable::OneClass);
        assert_eq!(why(&x, &[true], &prior), Unlearnable::Shape);
        assert_eq!(
            why(&array![[f64::NAN], [1.0]], &[true, false], &prior),
            Unlearnable::NotFinite
        );
        assert_eq!(
            why(&x, &[false, true], &Prior::flat(1)),
            Unlearnable::Unbounded
        );
        let twice = array![[0.0, 0.0], [1.0, 1.0], [0.4, 0.4], [0.6, 0.6]];
        assert_eq!(
            why(&twice, &[false, true, true, false], &Prior::flat(2)),
            Unlearnable::Unbounded
        );
    }

    #[test]
    fn the_prior_bounds_what_separation_and_collinearity_leave_open() {
        let twice = array![[0.0, 0.0, 0.5], [1.0, 1.0, 0.5]];
        let fit = posterior(
            twice.view(),
            &[false, true],
            &Prior::of_shares(&[0.3, 0.3, 0.4]),
        )
        .unwrap();
        assert!((fit.mean[1] - fit.mean[2]).abs() < 1e-9);
        assert!(
            fit.mean
                .iter()
                .chain(&fit.covariance)
                .all(|v| v.is_finite())
        );
    }

    proptest! {
        #[test]
        fn finite_and_the_same_in_any_order(
            rows in prop::collection::vec((prop::array::uniform3(0.0_f64..=1.0), any::<bool>()), 2..40),
        ) {
            let fit = |rows: &[([f64; 3], bool)]| {
                let x = Array2::from_shape_fn((rows.len(), 3), |(i, k)| rows[i].0[k]);
                let y: Vec<bool> = rows.iter().map(|row| row.1).collect();
                posterior(x.view(), &y, &Prior::of_shares(&[0.2, 0.3, 0.5]))
            };
            let reversed: Vec<_> = rows.iter().rev().copied().collect();
            match (fit(&rows), fit(&reversed)) {
                (Ok(a), Ok(b)) => {
                    prop_assert!(a.mean.iter().chain(&a.covariance).all(|v| v.is_finite()));
                    prop_assert!(largest(&(a.mean - b.mean)) < 1e-8);
                }
                (a, b) => prop_assert_eq!(a, b),
            }
        }
    }
}
