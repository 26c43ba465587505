//! The similarity of two numbers, and its mean over many, which culture is made of.
//!
//! # References
//!
//! Gower, *A general coefficient of similarity and some of its properties*, Biometrics 27:857, 1971.

use crate::engine::columns::index;

/// The similarity of two numbers: `1 - min(1, |x - y| / range)`; where the range is 0, whether they are equal.
pub(super) fn similarity(x: f64, y: f64, range: f64) -> f64 {
    let difference = (x - y).abs();
    if range > 0.0 {
        1.0 - (difference / range).min(1.0)
    } else if difference > 0.0 {
        0.0
    } else {
        1.0
    }
}

/// The mean over all but oneself, given the sum over all; oneself counts 1, for one is like oneself.
pub(super) fn mean_of_others(sum: f64, n: f64) -> f64 {
    if n > 1.0 {
        ((sum - 1.0) / (n - 1.0)).clamp(0.0, 1.0)
    } else {
        super::MEAN_OF_NOBODY
    }
}

/// The value below which so many twentieths of the sorted values lie, linear between order statistics; 0 for none.
///
/// # References
///
/// Hyndman and Fan, *Sample Quantiles in Statistical Packages*, The American Statistician 50:361, 1996, definition 7.
pub(super) fn percentile(sorted: &[f64], twentieths: usize) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let (below, rest) = (last * twentieths / 20, last * twentieths % 20);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * f64::from(index(rest)) / 20.0
}

/// Sums of similarities of any number to many, in logarithmic time.
pub(super) struct SimilaritySums {
    sorted: Vec<f64>,
    /// `prefix[i]` is the sum of the first `i` values.
    prefix: Vec<f64>,
    range: f64,
}

impl SimilaritySums {
    pub(super) fn new(sorted: Vec<f64>, range: f64) -> Self {
        let mut prefix = Vec::with_capacity(sorted.len() + 1);
        prefix.push(0.0);
        for value in &sorted {
            prefix.push(prefix[prefix.len() - 1] + value);
        }
        Self {
            sorted,
            prefix,
            range,
        }
    }

    pub(super) fn n(&self) -> f64 {
        f64::from(index(self.sorted.len()))
    }

    /// `sum over y of 1 - min(1, |x - y| / range)`.
    pub(super) fn sum(&self, x: f64) -> f64 {
        let before = |limit: f64| self.sorted.partition_point(|&y| y < limit);
        let upto = |limit: f64| self.sorted.partition_point(|&y| y <= limit);
        let count = |from: usize, to: usize| f64::from(index(to - from));
        if self.range <= 0.0 {
            return count(before(x), upto(x));
        }
        let (first, middle, last) = (before(x - self.range), before(x), upto(x + self.range));
        let below = x * count(first, middle) - (self.prefix[middle] - self.prefix[first]);
        let above = (self.prefix[last] - self.prefix[middle]) - x * count(middle, last);
        count(first, last) - (below + above) / self.range
    }
}
