//! Whether probabilities come true: the share of successes among outcomes of about the same probability.

/// Bins of a calibration, of equal width.
pub const N_BINS: usize = 5;
/// Fewer outcomes than this in a bin are not told: one site's word could be read off them (DESIGN 6 keeps check-ins to the two).
pub const MIN_IN_BIN: usize = 5;

/// Outcomes of about the same probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Bin {
    /// The lowest probability of the bin.
    pub from: f64,
    /// The end of the bin; of the last it is in it.
    pub to: f64,
    /// How many there are, their mean probability and the share of them that succeeded; `None` for fewer than [`MIN_IN_BIN`],
    /// none included.
    pub found: Option<Found>,
}

/// What came of the outcomes of a bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// How many.
    pub n_outcomes: usize,
    /// Their mean probability, in `0..=1`.
    pub predicted: f64,
    /// The share of successes, in `0..=1`.
    pub observed: f64,
}

/// Sorts outcomes into [`N_BINS`] bins by probability; superfluous entries of the longer list are ignored.
///
/// # References
///
/// `DeGroot` and Fienberg, "The comparison and evaluation of forecasters", *The Statistician* 32, 1983, section 3.
#[must_use]
pub fn calibration(probabilities: &[f64], successes: &[bool]) -> Vec<Bin> {
    let mut counts = [(0_usize, 0.0, 0_usize); N_BINS];
    for (&probability, &success) in probabilities.iter().zip(successes) {
        let (n, sum, n_successes) = &mut counts[bin_of(probability)];
        *n += 1;
        *sum += probability;
        *n_successes += usize::from(success);
    }
    counts
        .iter()
        .enumerate()
        .map(|(at, &(n, sum, n_successes))| Bin {
            from: at as f64 / N_BINS as f64,
            to: (at + 1) as f64 / N_BINS as f64,
            found: (n >= MIN_IN_BIN).then(|| Found {
                n_outcomes: n,
                predicted: sum / n as f64,
                observed: n_successes as f64 / n as f64,
            }),
        })
        .collect()
}

/// What is not a number counts as 0, and nothing is beyond the last bin.
fn bin_of(probability: f64) -> usize {
    (1..N_BINS)
        .rev()
        .find(|&at| probability >= at as f64 / N_BINS as f64)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_their_lower_end_and_the_last_its_upper() {
        let at = [0.0, 0.19, 0.2, 0.799, 0.8, 1.0].map(bin_of);
        assert_eq!(at, [0, 0, 1, 3, 4, 4]);
    }

    #[test]
    fn a_bin_of_fewer_than_five_is_not_told() {
        let probabilities = [0.9, 0.9, 0.9, 0.9, 0.8, 0.1, 0.1, 0.1, 0.1];
        let successes = [true, true, true, false, false, true, false, false, false];
        let bins = calibration(&probabilities, &successes);
        assert_eq!(bins.len(), N_BINS);
        assert!(bins[..4].iter().all(|bin| bin.found.is_none()));
        let found = bins[4].found.unwrap();
        assert_eq!(found.n_outcomes, 5);
        assert!((found.predicted - 0.88).abs() < 1e-12 && (found.observed - 0.6).abs() < 1e-12);
    }

    #[test]
    fn without_outcomes_nothing_is_told() {
        assert!(calibration(&[], &[]).iter().all(|bin| bin.found.is_none()));
    }
}
