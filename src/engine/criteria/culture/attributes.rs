//! One attribute at a time, for the explanation.

use super::{
    CultureColumns, CultureRow, ETHOS_RANGE, IS_TEACHING, MATURITY_BITS, N_ETHOS, N_NUMBERS,
    NOT_ACUTE, NUMBERS, TEACHING_BIT,
};
use crate::domain::organisation::CareSetting;
use crate::domain::profile::Attribute;
use crate::engine::columns::Row;
use crate::engine::criteria::similarity::similarity;

/// How one attribute of a pair compares, for the explanation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum AttributePair {
    /// Both have it.
    Compared(f64),
    /// The first has it, the second lacks it.
    Unknown,
    /// The first lacks it, or it cannot be compared.
    LeftOut,
}

impl CultureColumns {
    /// How one attribute of a row, taken out, compares with another row's.
    pub(crate) fn attribute_pair(
        &self,
        row: &CultureRow<'_>,
        other: Row,
        attribute: Attribute,
    ) -> AttributePair {
        let at = other as usize;
        let (my_bits, their_bits) = (row.known, self.known[at]);
        if attribute == Attribute::DigitalMaturity {
            return match (
                my_bits & MATURITY_BITS != 0,
                their_bits & MATURITY_BITS != 0,
            ) {
                (true, true) => self
                    .maturity_similarity(row, at)
                    .map_or(AttributePair::LeftOut, AttributePair::Compared),
                (true, false) => AttributePair::Unknown,
                (false, _) => AttributePair::LeftOut,
            };
        }
        if attribute.is_acute_only() && (my_bits | their_bits) & NOT_ACUTE != 0 {
            return AttributePair::LeftOut;
        }
        let number = NUMBERS.iter().position(|&a| a == attribute);
        let bit = match number {
            _ if attribute == Attribute::Teaching => TEACHING_BIT,
            Some(column) => 1 << (N_ETHOS + column),
            None => 1 << attribute.index(),
        };
        if my_bits & bit == 0 {
            return AttributePair::LeftOut;
        }
        if their_bits & bit == 0 {
            return AttributePair::Unknown;
        }
        AttributePair::Compared(match number {
            Some(column) => similarity(
                row.values[column],
                self.values[(at, column)],
                self.ranges[column],
            ),
            None if attribute == Attribute::Teaching => {
                if (my_bits ^ their_bits) & IS_TEACHING == 0 {
                    1.0
                } else {
                    0.0
                }
            }
            None => {
                let (x, y) = (
                    row.ethos[attribute.index()],
                    self.ethos[at][attribute.index()],
                );
                similarity(f64::from(x), f64::from(y), ETHOS_RANGE)
            }
        })
    }

    /// A row's value of an attribute in the attribute's unit; `None` where it is unknown.
    pub(crate) fn value(
        &self,
        row: Row,
        attribute: Attribute,
        setting: Option<CareSetting>,
    ) -> Option<f64> {
        let at = row as usize;
        let column = match setting {
            Some(setting) => N_NUMBERS + setting as usize,
            None => NUMBERS.iter().position(|&a| a == attribute)?,
        };
        let value = self.values[(at, column)];
        let is_known = self.known[at] & (1 << (N_ETHOS + column)) != 0;
        let is_logarithm = matches!(
            attribute,
            Attribute::StaffFte | Attribute::Catchment | Attribute::Beds
        );
        is_known.then(|| {
            if is_logarithm {
                10_f64.powf(value)
            } else {
                value
            }
        })
    }

    /// Whether a row is a teaching hospital; `None` where that is unknown.
    pub(crate) fn is_teaching(&self, row: Row) -> Option<bool> {
        let known = self.known[row as usize];
        (known & TEACHING_BIT != 0).then_some(known & IS_TEACHING != 0)
    }

    /// Whether an organisation is known not to be acute.
    pub(crate) fn is_known_not_acute(&self, row: Row) -> bool {
        self.known[row as usize] & NOT_ACUTE != 0
    }

    /// What is recorded of a row in a context attribute, transformed: of maturity the mean of its scores, of teaching 0 or 1.
    /// `None` where nothing is, and for the ethos.
    pub(crate) fn context(&self, row: Row, attribute: Attribute) -> Option<f64> {
        let at = row as usize;
        let known = self.known[at];
        if attribute == Attribute::Teaching {
            let is_teaching = if known & IS_TEACHING != 0 { 1.0 } else { 0.0 };
            return (known & TEACHING_BIT != 0).then_some(is_teaching);
        }
        if attribute == Attribute::DigitalMaturity {
            let scored = known & MATURITY_BITS;
            let sum = super::settings_in(scored).fold(0.0, |sum, setting| {
                sum + self.values[(at, N_NUMBERS + setting)]
            });
            return (scored != 0).then(|| sum / f64::from(scored.count_ones()));
        }
        let column = NUMBERS.iter().position(|&number| number == attribute)?;
        let is_known = known & (1 << (N_ETHOS + column)) != 0;
        is_known.then(|| self.values[(at, column)])
    }

    /// Whether a row has an attribute, or cannot have it because it is known not to be acute.
    pub(crate) fn has_or_cannot_have(&self, row: Row, attribute: Attribute) -> bool {
        if attribute.is_acute_only() && self.known[row as usize] & NOT_ACUTE != 0 {
            return true;
        }
        !matches!(
            self.attribute_pair(&self.row(row), row, attribute),
            AttributePair::LeftOut
        )
    }
}
