//! The highest point of a concave function by Newton's method, with the curvature there.

use ndarray::{Array1, Array2};

/// Newton's method converges quadratically: where it takes more steps than this there is no finite mode.
const MAX_STEPS: usize = 100;
/// A step below this, relative to the size of the coefficients, ends the search.
const TOLERANCE: f64 = 1e-10;
/// What sums of thousands of logarithms may be off by, relative to their size.
const ROUNDING: f64 = 1e-12;
/// How often a step that overshoots is halved.
const MAX_HALVINGS: usize = 40;

/// A concave function of some coefficients, as the logarithm of a posterior density is.
pub(super) trait Concave {
    /// Its value, up to a constant.
    fn height(&self, at: &Array1<f64>) -> f64;

    /// The gradient, `(n,)`, and the negative Hessian, `(n, n)`.
    fn slope(&self, at: &Array1<f64>) -> (Array1<f64>, Array2<f64>);
}

/// Returns where a function is highest, and the inverse of the negative Hessian there, by steps from `at`; `None` where it has no
/// finite highest point that can be told apart from its surroundings.
pub(super) fn mode(of: &impl Concave, mut at: Array1<f64>) -> Option<(Array1<f64>, Array2<f64>)> {
    for _ in 0..MAX_STEPS {
        let (gradient, curvature) = of.slope(&at);
        let inverse = inverse(&curvature)?;
        let step = inverse.dot(&gradient);
        if largest(&step) <= TOLERANCE * (1.0 + largest(&at)) {
            return Some((at, inverse));
        }
        at = stepped(of, &at, &step);
    }
    None
}

/// The step, halved until it does not go down.
fn stepped(of: &impl Concave, at: &Array1<f64>, step: &Array1<f64>) -> Array1<f64> {
    let height = of.height(at);
    // Close to the mode a step changes less than sums are rounded by, and is right all the same.
    let least = height - ROUNDING * (1.0 + height.abs());
    let mut factor = 1.0;
    for _ in 0..MAX_HALVINGS {
        let next = at + &(step * factor);
        if of.height(&next) >= least {
            return next;
        }
        factor /= 2.0;
    }
    at + &(step * factor)
}

/// The size of the largest value.
pub(super) fn largest(values: &Array1<f64>) -> f64 {
    values.iter().fold(0.0, |most, value| value.abs().max(most))
}

/// The lower triangle `L` with `L L' = matrix`; `None` where the matrix is not positive definite.
pub(super) fn cholesky(matrix: &Array2<f64>) -> Option<Array2<f64>> {
    let mut lower = Array2::zeros(matrix.raw_dim());
    for i in 0..matrix.nrows() {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| lower[[i, k]] * lower[[j, k]]).sum();
            let rest = matrix[[i, j]] - sum;
            lower[[i, j]] = if i != j {
                rest / lower[[j, j]]
            } else if rest > f64::EPSILON * matrix[[i, i]].abs() {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(lower)
}

fn inverse(matrix: &Array2<f64>) -> Option<Array2<f64>> {
    let lower = cholesky(matrix)?;
    let n = matrix.nrows();
    let mut solved = Array2::<f64>::eye(n);
    for i in 0..n {
        for column in 0..n {
            let sum: f64 = (0..i).map(|k| lower[[i, k]] * solved[[k, column]]).sum();
            solved[[i, column]] = (solved[[i, column]] - sum) / lower[[i, i]];
        }
    }
    Some(solved.t().dot(&solved))
}
