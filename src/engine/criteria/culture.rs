//! How alike two organisations are in context and ethos (DESIGN 4.5).
//!
//! A weighted Gower similarity with its missing values kept open. All values of a row lie side by side; which of them are
//! known is one word of bits, so a pair is compared without a branch for each missing value.
//!
//! # References
//!
//! Gower, *A general coefficient of similarity and some of its properties*, Biometrics 27:857, 1971.

mod attributes;
mod means;

use ndarray::{Array2, ArrayView1};

pub(crate) use self::attributes::AttributePair;
pub(crate) use self::means::RANGE_TWENTIETHS;

use crate::domain::organisation::{CareSetting, CareSettings};
use crate::domain::profile::{Attribute, AttributeFact};
use crate::engine::columns::Row;
use crate::engine::criteria::similarity::similarity;

/// How much an attribute counts, indexed as [`Attribute::ALL`] (DESIGN 4.5).
pub const ATTRIBUTE_WEIGHTS: [f64; Attribute::ALL.len()] = [
    1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5,
];

/// The range of an ethos answer, 1 to 5.
pub(crate) const ETHOS_RANGE: f64 = 4.0;
const N_ATTRIBUTES: usize = Attribute::ALL.len();
const N_ETHOS: usize = Attribute::ETHOS.len();
const N_SETTINGS: usize = CareSetting::ALL.len();

/// The attributes that are one number compared by distance, in the order of their columns.
const NUMBERS: [Attribute; 5] = [
    Attribute::StaffFte,
    Attribute::Deprivation,
    Attribute::UrbanShare,
    Attribute::Catchment,
    Attribute::Beds,
];
const N_NUMBERS: usize = NUMBERS.len();
/// Columns of values: the numbers, then maturity for each care setting.
const N_VALUES: usize = N_NUMBERS + N_SETTINGS;
/// Columns of means that are kept for each row: the numbers, then maturity.
const N_MEANS: usize = N_NUMBERS + 1;

/// Bits of what is known: ethos, then the value columns, then teaching and its answer.
const NUMBER_BITS: u32 = ((1 << N_NUMBERS) - 1) << N_ETHOS;
const ETHOS_BITS: u32 = (1 << N_ETHOS) - 1;
const MATURITY_SHIFT: usize = N_ETHOS + N_NUMBERS;
const MATURITY_BITS: u32 = ((1 << N_SETTINGS) - 1) << MATURITY_SHIFT;
const TEACHING_BIT: u32 = 1 << (MATURITY_SHIFT + N_SETTINGS);
const IS_TEACHING: u32 = TEACHING_BIT << 1;
/// Set where an organisation is known not to be acute.
const NOT_ACUTE: u32 = TEACHING_BIT << 2;
/// The bits of attributes that are asked of acute organisations alone: catchment, beds, teaching.
const ACUTE_ONLY_BITS: u32 = 0b11 << (N_ETHOS + 3) | TEACHING_BIT;
/// Everything that is a fact.
const FACT_BITS: u32 = ETHOS_BITS | NUMBER_BITS | MATURITY_BITS | TEACHING_BIT;

/// What two rows share and lack, from which both directions of the criterion follow.
///
/// `shared` is over what both have; `mine_only` over what the first has and the second lacks, valued at the first's mean over
/// the others, and `theirs_only` the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Comparison {
    /// Weighted similarity over what both have.
    pub(crate) shared: f64,
    /// The weight of what both have.
    pub(crate) shared_weight: f64,
    /// Weighted expectation over what only the first has.
    pub(crate) mine_only: f64,
    /// The weight of what only the first has.
    pub(crate) mine_only_weight: f64,
    /// Weighted expectation over what only the second has.
    pub(crate) theirs_only: f64,
    /// The weight of what only the second has.
    pub(crate) theirs_only_weight: f64,
}

/// One direction of a comparison as `[low, expected, high]` and the recorded share; `None` where nothing can be compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Similarity {
    pub(crate) low: f64,
    pub(crate) expected: f64,
    pub(crate) high: f64,
    /// The share of the criterion's own weight for which the other's fact is recorded.
    pub(crate) known: f64,
}

impl Comparison {
    /// The first row's view of the second; `None` where nothing is left for the pair.
    pub(crate) fn forward(&self) -> Option<Similarity> {
        one_direction(
            self.shared,
            self.shared_weight,
            self.mine_only,
            self.mine_only_weight,
        )
    }

    /// The second row's view of the first.
    pub(crate) fn backward(&self) -> Option<Similarity> {
        one_direction(
            self.shared,
            self.shared_weight,
            self.theirs_only,
            self.theirs_only_weight,
        )
    }
}

fn one_direction(
    shared: f64,
    shared_weight: f64,
    only: f64,
    only_weight: f64,
) -> Option<Similarity> {
    let weight = shared_weight + only_weight;
    (weight > 0.0).then(|| Similarity {
        low: shared / weight,
        expected: (shared + only) / weight,
        high: (shared + only_weight) / weight,
        known: shared_weight / weight,
    })
}

/// The attributes of all active organisations.
#[derive(Debug)]
pub(crate) struct CultureColumns {
    /// What is known of each row.
    known: Vec<u32>,
    /// Ethos answers, 1 to 5; 0 where unknown.
    ethos: Vec<[u8; N_ETHOS]>,
    /// Transformed values, `(n_rows, N_VALUES)`; 0 where unknown.
    values: Array2<f64>,
    /// Each row's mean similarity to the others, `(n_rows, N_MEANS)`; 0 where the row lacks the attribute.
    means: Array2<f64>,
    /// The range of each value column.
    ranges: [f64; N_VALUES],
    /// For each ethos attribute and answer, the mean similarity to the others.
    ethos_means: [[f64; 6]; N_ETHOS],
    /// For the answers no and yes, the mean similarity to the others.
    teaching_means: [f64; 2],
    /// Rows for which a candidate may leave nothing to compare, with the mean that then stands in; sorted.
    fallbacks: Vec<(Row, f64)>,
}

/// A row taken out for comparing with many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CultureRow<'a> {
    known: u32,
    ethos: &'a [u8; N_ETHOS],
    values: ArrayView1<'a, f64>,
    means: [f64; N_ATTRIBUTES],
}

/// Whether an attribute is compared by its logarithm to the base 10 (DESIGN 4.5).
pub(crate) const fn is_compared_by_logarithm(attribute: Attribute) -> bool {
    match attribute {
        Attribute::StaffFte | Attribute::Catchment | Attribute::Beds => true,
        Attribute::EthosSharing
        | Attribute::EthosClinicalLeadership
        | Attribute::EthosStandardisation
        | Attribute::EthosBuildOrBuy
        | Attribute::EthosPace
        | Attribute::EthosSupplierPartnership
        | Attribute::Deprivation
        | Attribute::DigitalMaturity
        | Attribute::UrbanShare
        | Attribute::Teaching => false,
    }
}

/// The transform of an attribute's number (DESIGN 4.5).
fn transformed(attribute: Attribute, number: f64) -> f64 {
    if is_compared_by_logarithm(attribute) {
        number.log10()
    } else {
        number
    }
}

impl CultureColumns {
    /// Fills the columns; the slices give each row's care settings and attributes.
    pub(crate) fn new(settings: &[CareSettings], attributes: &[&[AttributeFact]]) -> Self {
        let n_rows = settings.len();
        let mut columns = Self {
            known: vec![0; n_rows],
            ethos: vec![[0; N_ETHOS]; n_rows],
            values: Array2::zeros((n_rows, N_VALUES)),
            means: Array2::zeros((n_rows, N_MEANS)),
            ranges: [0.0; N_VALUES],
            ethos_means: [[0.0; 6]; N_ETHOS],
            teaching_means: [0.0; 2],
            fallbacks: Vec::new(),
        };
        for (row, (settings, attributes)) in settings.iter().zip(attributes).enumerate() {
            for fact in *attributes {
                columns.set(row, fact);
            }
            if !settings.is_empty() && !settings.contains(CareSetting::Acute) {
                columns.known[row] =
                    (columns.known[row] & !(ACUTE_ONLY_BITS | IS_TEACHING)) | NOT_ACUTE;
            }
        }
        columns.fill_ranges_and_number_means();
        columns.fill_maturity_means();
        columns.fill_category_means();
        columns.fill_fallbacks();
        columns
    }

    fn set(&mut self, row: usize, fact: &AttributeFact) {
        let (attribute, number) = (fact.value.attribute(), fact.value.number());
        let column = match (attribute, fact.value.setting()) {
            (Attribute::Teaching, _) => {
                self.known[row] |= TEACHING_BIT | if number > 0.0 { IS_TEACHING } else { 0 };
                return;
            }
            (attribute, _) if attribute.is_ethos() => {
                self.known[row] |= 1 << attribute.index();
                // An ethos answer is a whole number from 1 to 5 by its type.
                self.ethos[row][attribute.index()] = (1..=5_u8)
                    .find(|&answer| f64::from(answer) >= number)
                    .unwrap_or(5);
                return;
            }
            (_, Some(setting)) => N_NUMBERS + setting as usize,
            (attribute, None) => match NUMBERS.iter().position(|&a| a == attribute) {
                Some(column) => column,
                None => return,
            },
        };
        self.known[row] |= 1 << (N_ETHOS + column);
        self.values[(row, column)] = transformed(attribute, number);
    }

    /// Whether the criterion can be asked of a row: it has an attribute.
    pub(crate) fn is_applicable(&self, row: Row) -> bool {
        self.known[row as usize] & FACT_BITS != 0
    }

    /// Takes a row out for comparing with many.
    pub(crate) fn row(&self, row: Row) -> CultureRow<'_> {
        let at = row as usize;
        let known = self.known[at];
        let mut means = [0.0; N_ATTRIBUTES];
        for (attribute, mean) in means.iter_mut().enumerate().take(N_ETHOS) {
            *mean = self.ethos_means[attribute][usize::from(self.ethos[at][attribute])];
        }
        for (column, attribute) in NUMBERS.iter().enumerate() {
            means[attribute.index()] = self.means[(at, column)];
        }
        means[Attribute::DigitalMaturity.index()] = self.means[(at, N_NUMBERS)];
        means[Attribute::Teaching.index()] =
            self.teaching_means[usize::from(known & IS_TEACHING != 0)];
        CultureRow {
            known,
            ethos: &self.ethos[at],
            values: self.values.row(at),
            means,
        }
    }

    /// Compares a row with another.
    pub(crate) fn compare(&self, mine: &CultureRow<'_>, other: Row) -> Comparison {
        let at = other as usize;
        let theirs = self.known[at];
        // What cannot be compared falls away on both sides.
        let blocked = if (mine.known | theirs) & NOT_ACUTE == 0 {
            0
        } else {
            ACUTE_ONLY_BITS
        };
        let (my_facts, their_facts) = (mine.known & !blocked, theirs & !blocked);
        let both = my_facts & their_facts;
        let mut pair = Comparison::default();
        for column in bits(both & NUMBER_BITS, N_ETHOS) {
            let weight = ATTRIBUTE_WEIGHTS[NUMBERS[column].index()];
            pair.shared += weight
                * similarity(
                    mine.values[column],
                    self.values[(at, column)],
                    self.ranges[column],
                );
            pair.shared_weight += weight;
        }
        for attribute in bits(both & ETHOS_BITS, 0) {
            let weight = ATTRIBUTE_WEIGHTS[attribute];
            let (x, y) = (mine.ethos[attribute], self.ethos[at][attribute]);
            pair.shared += weight * similarity(f64::from(x), f64::from(y), ETHOS_RANGE);
            pair.shared_weight += weight;
        }
        if both & TEACHING_BIT != 0 {
            let weight = ATTRIBUTE_WEIGHTS[Attribute::Teaching.index()];
            pair.shared += if (mine.known ^ theirs) & IS_TEACHING == 0 {
                weight
            } else {
                0.0
            };
            pair.shared_weight += weight;
        }
        self.compare_maturity(mine, at, &mut pair);
        for attribute in single_attributes(my_facts & !their_facts) {
            pair.mine_only += ATTRIBUTE_WEIGHTS[attribute] * mine.means[attribute];
            pair.mine_only_weight += ATTRIBUTE_WEIGHTS[attribute];
        }
        for attribute in single_attributes(their_facts & !my_facts) {
            pair.theirs_only += ATTRIBUTE_WEIGHTS[attribute] * self.mean(at, attribute);
            pair.theirs_only_weight += ATTRIBUTE_WEIGHTS[attribute];
        }
        pair
    }

    /// Compares a row with another as if the first had one attribute more, which it lacks, and this said what one expects of
    /// the others.
    pub(crate) fn compare_if_known(
        &self,
        mine: &CultureRow<'_>,
        other: Row,
        attribute: Attribute,
    ) -> Comparison {
        let mut pair = self.compare(mine, other);
        let (at, weight) = (other as usize, ATTRIBUTE_WEIGHTS[attribute.index()]);
        let theirs = self.known[at];
        if attribute.is_acute_only() && (mine.known | theirs) & NOT_ACUTE != 0 {
            return pair;
        }
        let (they_have, expected) = if attribute == Attribute::DigitalMaturity {
            (theirs & MATURITY_BITS != 0, self.means[(at, N_NUMBERS)])
        } else {
            let has = single_attributes(theirs & FACT_BITS).any(|a| a == attribute.index());
            (has, self.mean(at, attribute.index()))
        };
        if they_have {
            pair.theirs_only -= weight * expected;
            pair.theirs_only_weight -= weight;
            pair.shared += weight * expected;
            pair.shared_weight += weight;
        } else {
            pair.mine_only += weight * super::MEAN_OF_NOBODY;
            pair.mine_only_weight += weight;
        }
        pair
    }

    fn compare_maturity(&self, mine: &CultureRow<'_>, at: usize, pair: &mut Comparison) {
        const MATURITY: usize = Attribute::DigitalMaturity as usize;
        let weight = ATTRIBUTE_WEIGHTS[MATURITY];
        let (my_settings, their_settings) =
            (mine.known & MATURITY_BITS, self.known[at] & MATURITY_BITS);
        match (my_settings != 0, their_settings != 0) {
            (true, true) => {
                if let Some(similarity) = self.maturity_similarity(mine, at) {
                    pair.shared += weight * similarity;
                    pair.shared_weight += weight;
                }
            }
            (true, false) => {
                pair.mine_only += weight * mine.means[MATURITY];
                pair.mine_only_weight += weight;
            }
            (false, true) => {
                pair.theirs_only += weight * self.means[(at, N_NUMBERS)];
                pair.theirs_only_weight += weight;
            }
            (false, false) => {}
        }
    }

    /// The mean similarity over the settings both were scored in; `None` where there is none.
    fn maturity_similarity(&self, mine: &CultureRow<'_>, at: usize) -> Option<f64> {
        let common = mine.known & self.known[at] & MATURITY_BITS;
        let sum = settings_in(common).fold(0.0, |sum, setting| {
            let column = N_NUMBERS + setting;
            sum + similarity(
                mine.values[column],
                self.values[(at, column)],
                self.ranges[column],
            )
        });
        (common != 0).then(|| sum / f64::from(common.count_ones()))
    }

    /// A row's mean similarity to the others in one attribute other than maturity, which it has.
    fn mean(&self, at: usize, attribute: usize) -> f64 {
        if attribute < N_ETHOS {
            self.ethos_means[attribute][usize::from(self.ethos[at][attribute])]
        } else if attribute == Attribute::Teaching.index() {
            self.teaching_means[usize::from(self.known[at] & IS_TEACHING != 0)]
        } else {
            NUMBERS
                .iter()
                .position(|a| a.index() == attribute)
                .map_or(0.0, |column| self.means[(at, column)])
        }
    }

    /// What to expect for a row where nothing is left to compare with a candidate.
    pub(crate) fn fallback(&self, row: Row) -> f64 {
        self.fallbacks
            .binary_search_by_key(&row, |&(row, _)| row)
            .map_or(super::MEAN_OF_NOBODY, |at| self.fallbacks[at].1)
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.known.capacity() * size_of::<u32>()
            + self.ethos.capacity() * N_ETHOS
            + (self.values.len() + self.means.len()) * size_of::<f64>()
            + self.fallbacks.capacity() * size_of::<(Row, f64)>()
    }
}

/// The positions of the set bits, counted from `first`.
fn bits(mut word: u32, first: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let bit = word.trailing_zeros() as usize;
            word &= word - 1;
            bit - first
        })
    })
}

/// The settings whose maturity bits are set.
fn settings_in(word: u32) -> impl Iterator<Item = usize> {
    bits(word, MATURITY_SHIFT)
}

/// The attributes, maturity aside, whose bits are set, as positions in [`Attribute::ALL`].
fn single_attributes(word: u32) -> impl Iterator<Item = usize> {
    let numbers = bits(word & NUMBER_BITS, N_ETHOS).map(|column| NUMBERS[column].index());
    let teaching = (word & TEACHING_BIT != 0).then_some(Attribute::Teaching.index());
    bits(word & ETHOS_BITS, 0).chain(numbers).chain(teaching)
}

#[cfg(test)]
mod tests;
