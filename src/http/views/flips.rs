//! What would flip the order of two candidates.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::flip::{Flip, Flips, Placed};
use crate::http::views::numbers::{IntervalView, Share};
use crate::http::views::suggestion::{CardView, MethodUsedView, SeekerView};
use crate::http::views::text::CriterionName;

/// A change of a weight, rounded to six decimals.
pub(crate) struct WeightChange(pub(crate) f64);

impl Serialize for WeightChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Share(self.0).serialize(serializer)
    }
}

impl PartialSchema for WeightChange {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some(
                "A change of a weight, from -1 to 1, rounded to six decimals.",
            ))
            .minimum(Some(-1.0))
            .maximum(Some(1.0))
            .into()
    }
}

impl ToSchema for WeightChange {}

/// One of the two, and where it stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PlacedCandidate)]
struct PlacedView {
    /// Its place in the list, from 1.
    #[schema(minimum = 1)]
    rank: u32,
    organisation: CardView,
    mutual_fit: IntervalView,
}

impl From<Placed> for PlacedView {
    fn from(placed: Placed) -> Self {
        Self {
            rank: placed.rank,
            organisation: placed.organisation.into(),
            mutual_fit: placed.mutual_fit.into(),
        }
    }
}

/// A change of one weight at which the second stands before the first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Flip)]
struct FlipView {
    criterion: CriterionName,
    /// What it weighs now.
    weight: Share,
    /// By how much that changes, the others in their proportions.
    change: WeightChange,
    /// The same in words, in points of a hundred, rounded up to so few digits that so much flips the two.
    #[schema(max_length = 500)]
    text: String,
}

/// What would flip the order of two candidates.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Flips)]
pub(crate) struct FlipsView {
    seeker: SeekerView,
    /// The number of the last write that the answer saw.
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    method: MethodUsedView,
    /// The one that stands first of the two.
    first: PlacedView,
    /// The other.
    second: PlacedView,
    /// One for each criterion whose weight can flip them, the smallest change first.
    #[schema(max_items = 6)]
    flips: Vec<FlipView>,
    /// Criteria of which no weight flips them while the others keep their proportions.
    #[schema(max_items = 6)]
    never: Vec<CriterionName>,
}

impl From<Flips> for FlipsView {
    fn from(found: Flips) -> Self {
        let names = [&found.first, &found.second].map(|one| one.organisation.name.clone());
        let view = |flip: &Flip| FlipView {
            criterion: CriterionName(flip.criterion),
            weight: Share(flip.weight),
            change: WeightChange(flip.change),
            text: flip.words(&names[0], &names[1]),
        };
        Self {
            seeker: found.seeker.into(),
            revision: found.revision.0,
            as_of: found.as_of,
            method: found.method.into(),
            flips: found.flips.iter().map(view).collect(),
            never: found.never.into_iter().map(CriterionName).collect(),
            first: found.first.into(),
            second: found.second.into(),
        }
    }
}
