//! Whether a site can be approached.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::capacity::{Availability, AvailabilityState};
use crate::http::views::text::AvailabilityStateName;

/// Whether a site can be approached for a partnership.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Availability)]
pub(crate) struct AvailabilityView {
    state: AvailabilityStateName,
    /// How many places it has left, a pause aside; null where it has not said how many it has.
    #[schema(required, minimum = 0)]
    remaining: Option<u32>,
    /// Where it is paused, the last day of that; null where it is not, and where it is paused until further notice.
    #[schema(required)]
    paused_until: Option<NaiveDate>,
}

impl From<Availability> for AvailabilityView {
    fn from(availability: Availability) -> Self {
        let is_said = availability.state != AvailabilityState::Undeclared;
        Self {
            state: AvailabilityStateName(availability.state),
            remaining: is_said.then_some(availability.remaining),
            paused_until: availability.paused_until,
        }
    }
}
