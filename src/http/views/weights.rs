//! Weights by criterion: as shares of one, and as they were given.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Ref, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::programme::{Criterion, MAX_WEIGHT, Weights};
use crate::http::views::numbers::Share;

/// Weights that add up to 1.
pub(crate) struct WeightShares(pub(crate) Vec<(Criterion, f64)>);

impl Serialize for WeightShares {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (criterion, weight) in &self.0 {
            map.serialize_entry(criterion.as_str(), &Share(*weight))?;
        }
        map.end()
    }
}

impl PartialSchema for WeightShares {
    fn schema() -> RefOr<Schema> {
        let weights =
            ObjectBuilder::new().description(Some("What each criterion counts, as a share of one, for every criterion and before anything is spread: where a criterion \
             cannot be asked of a side, its share is spread over the others. Under the programme's weights `learning` is 0 \
             unless the seeker named a topic, and the others share what it would count."));
        let share = Ref::from_schema_name("Share");
        Criterion::ALL
            .iter()
            .fold(weights, |weights, criterion| {
                weights.property(criterion.as_str(), share.clone())
            })
            .into()
    }
}

impl ToSchema for WeightShares {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Share".into(), Share::schema()));
    }
}

/// Weights as they were given.
pub(crate) struct WeightsView(pub(crate) Weights);

impl Serialize for WeightsView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            Criterion::ALL
                .iter()
                .map(|&criterion| (criterion.as_str(), self.0.of(criterion))),
        )
    }
}

impl PartialSchema for WeightsView {
    fn schema() -> RefOr<Schema> {
        let number = || {
            ObjectBuilder::new()
                .schema_type(Type::Number)
                .minimum(Some(0.0))
                .maximum(Some(MAX_WEIGHT))
        };
        let weights =
            ObjectBuilder::new().description(Some("What each criterion counts, by ratio."));
        let weights = Criterion::ALL.iter().fold(weights, |weights, criterion| {
            weights
                .property(criterion.as_str(), number())
                .required(criterion.as_str())
        });
        weights.into()
    }
}

impl ToSchema for WeightsView {
    fn name() -> std::borrow::Cow<'static, str> {
        "Weights".into()
    }
}
