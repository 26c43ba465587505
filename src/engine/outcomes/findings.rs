//! What the scores of some outcomes cannot tell apart, so that a model can say so.

use ndarray::{ArrayView1, ArrayView2};

/// A correlation of this size leaves two criteria indistinguishable.
pub const COLLINEAR: f64 = 0.999;
/// Scores that differ by no more than this are the same: they are shown to six decimals.
pub const SAME: f64 = 1e-6;

/// Columns by their position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Criteria on which all outcomes score the same: their weight is the prior's word alone.
    pub constant: Vec<usize>,
    /// Pairs of criteria that only move together, the same way or opposite ways: of their coefficients only the sum, or the
    /// difference, is learnt.
    pub collinear: Vec<(usize, usize)>,
}

/// Looks at `scores`, `(n_outcomes, n_criteria)`; for no or one outcome every criterion is constant.
#[must_use]
pub fn findings(scores: ArrayView2<'_, f64>) -> Findings {
    let constant: Vec<usize> = (0..scores.ncols())
        .filter(|&k| is_constant(scores.column(k)))
        .collect();
    let varying: Vec<usize> = (0..scores.ncols())
        .filter(|k| !constant.contains(k))
        .collect();
    let mut collinear = Vec::new();
    for (at, &a) in varying.iter().enumerate() {
        for &b in varying.iter().skip(at + 1) {
            if correlation(scores.column(a), scores.column(b)).abs() >= COLLINEAR {
                collinear.push((a, b));
            }
        }
    }
    Findings {
        constant,
        collinear,
    }
}

fn is_constant(column: ArrayView1<'_, f64>) -> bool {
    let low = column.iter().copied().fold(f64::INFINITY, f64::min);
    let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - low <= SAME
}

/// Pearson's correlation of two columns that vary.
fn correlation(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    let a = &a - a.mean().unwrap_or(0.0);
    let b = &b - b.mean().unwrap_or(0.0);
    a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn constant_and_collinear_criteria_are_named() {
        let scores = array![
            [0.1, 0.5, 0.9, 0.3],
            [0.4, 0.5, 0.6, 0.9],
            [0.2, 0.5, 0.8, 0.1]
        ];
        let found = findings(scores.view());
        assert_eq!(
            found,
            Findings {
                constant: vec![1],
                collinear: vec![(0, 2)]
            }
        );
    }

    #[test]
    fn without_outcomes_everything_is_constant() {
        assert_eq!(findings(Array2::zeros((0, 2)).view()).constant, [0, 1]);
    }
}
