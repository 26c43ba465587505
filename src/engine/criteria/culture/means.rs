//! Ranges, and each row's mean similarity to the others, worked out once for a revision (DESIGN 4.1 and 4.5).

use super::{
    ACUTE_ONLY_BITS, CultureColumns, ETHOS_RANGE, FACT_BITS, IS_TEACHING, MATURITY_BITS,
    MATURITY_SHIFT, N_ETHOS, N_NUMBERS, N_SETTINGS, N_VALUES, TEACHING_BIT, settings_in,
};
use crate::engine::columns::index;
use crate::engine::criteria::MEAN_OF_NOBODY;
use crate::engine::criteria::similarity::{SimilaritySums, mean_of_others, percentile, similarity};

/// The range of a data attribute runs between the 5th and the 95th percentile over the active organisations, here in
/// twentieths (DESIGN 4.5).
pub(crate) const RANGE_TWENTIETHS: (usize, usize) = (1, 19);

impl CultureColumns {
    /// The sorted values of a column over the rows that have it.
    fn sorted(&self, column: usize, is_counted: impl Fn(u32) -> bool) -> Vec<f64> {
        let bit = 1 << (N_ETHOS + column);
        let mut values: Vec<f64> = self
            .known
            .iter()
            .zip(self.values.column(column))
            .filter(|(known, _)| *known & bit != 0 && is_counted(**known))
            .map(|(_, &value)| value)
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    }

    pub(super) fn fill_ranges_and_number_means(&mut self) {
        for column in 0..N_VALUES {
            let sorted = self.sorted(column, |_| true);
            self.ranges[column] =
                percentile(&sorted, RANGE_TWENTIETHS.1) - percentile(&sorted, RANGE_TWENTIETHS.0);
            if column >= N_NUMBERS {
                continue;
            }
            let sums = SimilaritySums::new(sorted, self.ranges[column]);
            for row in 0..self.known.len() {
                if self.known[row] & (1 << (N_ETHOS + column)) != 0 {
                    self.means[(row, column)] =
                        mean_of_others(sums.sum(self.values[(row, column)]), sums.n());
                }
            }
        }
    }

    /// Maturity is compared over the settings that both were scored in, so the rows fall into groups by the settings they were
    /// scored in, and within a group the mean of a pair is a mean over the same settings.
    pub(super) fn fill_maturity_means(&mut self) {
        let groups: std::collections::BTreeSet<u32> = self
            .known
            .iter()
            .map(|k| k & MATURITY_BITS)
            .filter(|&m| m != 0)
            .collect();
        let sums: Vec<(u32, f64, [Option<SimilaritySums>; N_SETTINGS])> = groups
            .into_iter()
            .map(|group| {
                let n = self
                    .known
                    .iter()
                    .filter(|&&k| k & MATURITY_BITS == group)
                    .count();
                let by_setting = std::array::from_fn(|setting| {
                    (group & (1 << (MATURITY_SHIFT + setting)) != 0).then(|| {
                        let column = N_NUMBERS + setting;
                        let sorted = self.sorted(column, |known| known & MATURITY_BITS == group);
                        SimilaritySums::new(sorted, self.ranges[column])
                    })
                });
                (group, f64::from(index(n)), by_setting)
            })
            .collect();
        for row in 0..self.known.len() {
            let mine = self.known[row] & MATURITY_BITS;
            let (mut sum, mut n) = (0.0, 0.0);
            for (group, n_group, by_setting) in &sums {
                let common = mine & group;
                if common == 0 {
                    continue;
                }
                let mut group_sum = 0.0;
                for setting in settings_in(common) {
                    if let Some(sums) = &by_setting[setting] {
                        group_sum += sums.sum(self.values[(row, N_NUMBERS + setting)]);
                    }
                }
                sum += group_sum / f64::from(common.count_ones());
                n += n_group;
            }
            if mine != 0 {
                self.means[(row, N_NUMBERS)] = mean_of_others(sum, n);
            }
        }
    }

    pub(super) fn fill_category_means(&mut self) {
        for attribute in 0..N_ETHOS {
            let mut counts = [0.0; 6];
            for answers in &self.ethos {
                counts[usize::from(answers[attribute])] += 1.0;
            }
            let n: f64 = counts[1..].iter().sum();
            for answer in 1..=5_u8 {
                let sum = (1..=5_u8).fold(0.0, |sum, other| {
                    let s = similarity(f64::from(answer), f64::from(other), ETHOS_RANGE);
                    sum + counts[usize::from(other)] * s
                });
                self.ethos_means[attribute][usize::from(answer)] = mean_of_others(sum, n);
            }
        }
        let count = |bits: u32| {
            let of_kind = self
                .known
                .iter()
                .filter(|&&k| k & (TEACHING_BIT | IS_TEACHING) == bits);
            f64::from(index(of_kind.count()))
        };
        let (no, yes) = (count(TEACHING_BIT), count(TEACHING_BIT | IS_TEACHING));
        self.teaching_means = [mean_of_others(no, no + yes), mean_of_others(yes, no + yes)];
    }

    /// Where all that a row has may fall away for some candidate, the mean over the candidates for which it does not stands in.
    pub(super) fn fill_fallbacks(&mut self) {
        /// Bounds the work: above it, every so many rows are taken, evenly spaced.
        const MAX_COMPARISONS: usize = 1 << 22;
        let n_rows = self.known.len();
        let rows: Vec<usize> = (0..n_rows)
            .filter(|&row| self.known[row] & FACT_BITS != 0)
            .filter(|&row| self.known[row] & FACT_BITS & !(ACUTE_ONLY_BITS | MATURITY_BITS) == 0)
            .collect();
        let step = (rows.len() * n_rows / MAX_COMPARISONS).max(1);
        self.fallbacks = rows
            .into_iter()
            .map(|row| {
                let mine = self.row(index(row));
                let others = (0..n_rows).step_by(step).filter(|&other| other != row);
                let (sum, n) = others
                    .filter_map(|other| self.compare(&mine, index(other)).forward())
                    .fold((0.0, 0.0), |(sum, n), s| (sum + s.expected, n + 1.0));
                let mean = if n > 0.0 { sum / n } else { MEAN_OF_NOBODY };
                (index(row), mean)
            })
            .collect();
    }
}
