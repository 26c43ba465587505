//! Numbers as answers show them: rounded, and never a negative zero.

use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::interval::Interval;

/// A score, weight, fit or other share in `0..=1`, shown with six decimals (DESIGN 5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

/// A distance in km, shown with one decimal (DESIGN 5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Km(pub(crate) f64);

/// A number from 0, shown with six decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Amount(pub(crate) f64);

/// A number of either sign, shown with six decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Signed(pub(crate) f64);

/// Rounds a share, a score or a price as answers show it.
pub(crate) fn shown(number: f64) -> f64 {
    rounded(number, 1e6)
}

/// Rounds to the nearest of `per_unit` parts of one; adding zero turns -0.0 into 0.0.
fn rounded(number: f64, per_unit: f64) -> f64 {
    (number * per_unit).round() / per_unit + 0.0
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(rounded(self.0, 1e6))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(rounded(self.0, 1e6))
    }
}

impl Serialize for Signed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(rounded(self.0, 1e6))
    }
}

impl PartialSchema for Signed {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("A number of either sign, rounded to six decimals."))
            .into()
    }
}

impl ToSchema for Signed {
    fn name() -> std::borrow::Cow<'static, str> {
        "SignedNumber".into()
    }
}

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("A number, rounded to six decimals."))
            .minimum(Some(0.0))
            .into()
    }
}

impl ToSchema for Amount {
    fn name() -> std::borrow::Cow<'static, str> {
        "Rounded".into()
    }
}

impl Serialize for Km {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(rounded(self.0, 10.0))
    }
}

impl PartialSchema for Share {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("A share from 0 to 1, rounded to six decimals."))
            .minimum(Some(0.0))
            .maximum(Some(1.0))
            .into()
    }
}

impl ToSchema for Share {}

impl PartialSchema for Km {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("A distance in km, rounded to one decimal."))
            .minimum(Some(0.0))
            .into()
    }
}

impl ToSchema for Km {}

/// A score with its bounds: `low` where every unknown fact is against it, `high` where every one is for it.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Interval)]
pub(crate) struct IntervalView {
    low: Share,
    expected: Share,
    high: Share,
}

impl From<Interval> for IntervalView {
    fn from(interval: Interval) -> Self {
        Self {
            low: Share(interval.low()),
            expected: Share(interval.expected()),
            high: Share(interval.high()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_six_decimals_and_distances_one() {
        assert_eq!(
            serde_json::to_string(&Share(1.0 / 3.0)).unwrap(),
            "0.333333"
        );
        assert_eq!(serde_json::to_string(&Share(0.2)).unwrap(), "0.2");
        assert_eq!(serde_json::to_string(&Km(39.1999)).unwrap(), "39.2");
    }

    #[test]
    fn a_negative_zero_is_shown_as_zero() {
        assert_eq!(serde_json::to_string(&Share(-0.0)).unwrap(), "0.0");
        assert_eq!(serde_json::to_string(&Share(-1e-9)).unwrap(), "0.0");
    }
}
