//! How alike the care is that two organisations give (DESIGN 4.4).

use crate::domain::interval::Interval;
use crate::domain::organisation::{CareSetting, CareSettings};

/// How much of what one setting learns is of use in another, symmetric, `0..=1`.
///
/// # References
///
/// The table of DESIGN 4.4.
#[must_use]
pub fn affinity(a: CareSetting, b: CareSetting) -> f64 {
    use CareSetting::{Acute, Ambulance, Community, MentalHealth, Specialist};
    /// Between settings that the table does not name.
    const OTHER: f64 = 0.2;
    match (a.min(b), a.max(b)) {
        (a, b) if a == b => 1.0,
        (Acute, Specialist) => 0.7,
        (Acute, Community) | (MentalHealth, Community) => 0.6,
        (Acute, MentalHealth | Ambulance) => 0.4,
        (Community, Ambulance) | (Specialist, Community | MentalHealth) => 0.3,
        _ => OTHER,
    }
}

/// The best affinity of one setting to any of `theirs`, with the setting that has it; `None` where none is recorded.
#[must_use]
pub fn best_affinity(setting: CareSetting, theirs: CareSettings) -> Option<(CareSetting, f64)> {
    let affinities = theirs.iter().map(|t| (t, affinity(setting, t)));
    affinities.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// The mean over `mine` of the best affinity to one of `theirs`; `None` where either is not recorded.
#[must_use]
pub fn known_score(mine: CareSettings, theirs: CareSettings) -> Option<f64> {
    if mine.is_empty() || theirs.is_empty() {
        return None;
    }
    let (sum, n) = mine.iter().fold((0.0, 0.0), |(sum, n), setting| {
        (
            sum + best_affinity(setting, theirs).map_or(0.0, |(_, a)| a),
            n + 1.0,
        )
    });
    Some(sum / n)
}

/// The score of every set of settings to every other, taken over the active organisations.
#[derive(Debug)]
pub(crate) struct CareSettingTable {
    scores: Vec<Interval>,
}

impl CareSettingTable {
    /// Fills the table; `counts[s]` is how many active organisations have the set of index `s`.
    pub(crate) fn new(counts: &[f64; CareSettings::N_SETS]) -> Self {
        let mut scores = Vec::with_capacity(CareSettings::N_SETS * CareSettings::N_SETS);
        for mine in CareSettings::every() {
            let mean = mean_over_others(mine, counts);
            for theirs in CareSettings::every() {
                scores.push(match known_score(mine, theirs) {
                    Some(score) => Interval::exactly(score),
                    None if mine.is_empty() => Interval::ZERO,
                    None => Interval::unknown(mean),
                });
            }
        }
        Self { scores }
    }

    /// The score of a seeker with `mine`; means nothing where `mine` is empty, for then the criterion does not apply.
    pub(crate) fn score(&self, mine: CareSettings, theirs: CareSettings) -> Interval {
        self.scores[mine.index() * CareSettings::N_SETS + theirs.index()]
    }
}

/// What to expect of an organisation whose settings are not recorded: the mean over the others (DESIGN 4.1).
fn mean_over_others(mine: CareSettings, counts: &[f64; CareSettings::N_SETS]) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for theirs in CareSettings::every() {
        // The seeker is one of those who have its set of settings, and is not among the others.
        let others = counts[theirs.index()] - if theirs == mine { 1.0 } else { 0.0 };
        if let Some(score) = known_score(mine, theirs)
            && others > 0.0
        {
            sum += score * others;
            n += others;
        }
    }
    if n > 0.0 {
        sum / n
    } else {
        super::MEAN_OF_NOBODY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUNDING: f64 = 1e-12;

    fn set(settings: &[CareSetting]) -> CareSettings {
        settings.iter().copied().collect()
    }

    #[test]
    fn affinity_is_symmetric_and_whole_only_to_itself() {
        for &a in CareSetting::ALL {
            for &b in CareSetting::ALL {
                assert!((affinity(a, b) - affinity(b, a)).abs() < ROUNDING);
                assert_eq!((affinity(a, b) - 1.0).abs() < ROUNDING, a == b);
            }
        }
    }

    #[test]
    fn the_worked_table_holds() {
        use CareSetting::{Acute, Ambulance, Community, MentalHealth, Specialist};
        let cases: [(&[CareSetting], &[CareSetting], f64); 7] = [
            (&[Acute], &[Acute, Community], 1.0),
            (&[Acute, Community], &[Acute], 0.8),
            (&[MentalHealth, Community], &[Acute], 0.5),
            (&[Ambulance], &[MentalHealth], 0.2),
            (&[Specialist], &[MentalHealth, Acute], 0.7),
            (&[Specialist], &[Ambulance], 0.2),
            (&[Community], &[Ambulance], 0.3),
        ];
        for (mine, theirs, expected) in cases {
            let score = known_score(set(mine), set(theirs)).unwrap();
            assert!(
                (score - expected).abs() < ROUNDING,
                "{mine:?} {theirs:?}: {score}"
            );
        }
    }

    #[test]
    fn an_unrecorded_candidate_spans_everything_around_the_mean_of_the_others() {
        let acute = set(&[CareSetting::Acute]);
        let mut counts = [0.0; CareSettings::N_SETS];
        counts[acute.index()] = 2.0;
        counts[set(&[CareSetting::MentalHealth]).index()] = 1.0;
        let score = CareSettingTable::new(&counts).score(acute, CareSettings::default());
        assert!((score.expected() - 0.7).abs() < ROUNDING);
        assert!((score.width() - 1.0).abs() < ROUNDING);
    }

    #[test]
    fn with_nobody_to_take_a_mean_over_a_half_is_expected() {
        let acute = set(&[CareSetting::Acute]);
        let mut counts = [0.0; CareSettings::N_SETS];
        counts[acute.index()] = 1.0;
        let score = CareSettingTable::new(&counts).score(acute, CareSettings::default());
        assert!((score.expected() - 0.5).abs() < ROUNDING);
    }
}
