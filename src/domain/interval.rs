//! A score that says how sure it is.

/// A score with its bounds: `0 <= low <= expected <= high <= 1`, all finite.
///
/// Where a fact is missing the bounds open instead of the score sinking (DESIGN 4.1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    low: f64,
    expected: f64,
    high: f64,
}

impl Interval {
    /// Certainly nothing.
    pub const ZERO: Self = Self::exactly_const(0.0);
    /// Certainly all.
    pub const ONE: Self = Self::exactly_const(1.0);

    const fn exactly_const(value: f64) -> Self {
        Self {
            low: value,
            expected: value,
            high: value,
        }
    }

    /// Makes an interval, holding each number to `0..=1` and to its order; not-a-number counts as 0.
    ///
    /// Sums of shares can miss a bound by a rounding error, which this takes away.
    #[must_use]
    pub fn new(low: f64, expected: f64, high: f64) -> Self {
        let unit = |x: f64| if x > 0.0 { x.min(1.0) } else { 0.0 };
        let expected = unit(expected);
        Self {
            low: unit(low).min(expected),
            expected,
            high: unit(high).max(expected),
        }
    }

    /// A score that is known.
    #[must_use]
    pub fn exactly(value: f64) -> Self {
        Self::new(value, value, value)
    }

    /// A score of which nothing is known but the mean over the others (DESIGN 4.1).
    #[must_use]
    pub fn unknown(mean: f64) -> Self {
        Self::new(0.0, mean, 1.0)
    }

    /// The least it can be.
    #[must_use]
    pub const fn low(self) -> f64 {
        self.low
    }

    /// What to expect.
    #[must_use]
    pub const fn expected(self) -> f64 {
        self.expected
    }

    /// The most it can be.
    #[must_use]
    pub const fn high(self) -> f64 {
        self.high
    }

    /// `high - low`.
    #[must_use]
    pub fn width(self) -> f64 {
        self.high - self.low
    }

    /// The same function of each of the three; `f` must not decrease.
    #[must_use]
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self::new(f(self.low), f(self.expected), f(self.high))
    }

    /// The same function of each of the three of two intervals; `f` must not decrease in either.
    #[must_use]
    pub fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self::new(
            f(self.low, other.low),
            f(self.expected, other.expected),
            f(self.high, other.high),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_comes_in_the_order_holds(low in any::<f64>(), expected in any::<f64>(), high in any::<f64>()) {
            let i = Interval::new(low, expected, high);
            prop_assert!(0.0 <= i.low() && i.low() <= i.expected());
            prop_assert!(i.expected() <= i.high() && i.high() <= 1.0);
        }
    }

    #[test]
    fn an_unknown_score_spans_everything() {
        let unknown = Interval::unknown(0.3);
        assert_eq!(
            (unknown.low(), unknown.expected(), unknown.high()),
            (0.0, 0.3, 1.0)
        );
        assert!((unknown.width() - 1.0).abs() < f64::EPSILON);
    }
}
