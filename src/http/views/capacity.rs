//! How much a site takes on, as others and as itself see it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::approaches::OwnCapacity;
use crate::domain::capacity::{Capacity, Pause};
use crate::domain::ids::OdsCode;
use crate::http::views::approaches::OpenApproachesView;
use crate::http::views::text::{AvailabilityStateName, Code, PausedByName};

/// How much a site takes on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Capacity)]
pub(crate) struct CapacityView {
    ods_code: Code,
    state: AvailabilityStateName,
    /// How many partnerships more it takes on.
    #[schema(minimum = 0)]
    remaining: u32,
    /// The last day of its pause; null where it is not paused, or until further notice.
    #[schema(required)]
    paused_until: Option<NaiveDate>,
    /// For the site itself and staff: what that comes of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    own: Option<OwnView>,
}

/// What the availability of a site comes of.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OwnCapacity)]
struct OwnView {
    /// Partnerships at one time, as declared; null where nothing is, which means 3.
    #[schema(required, minimum = 0, maximum = 100)]
    partnership_places: Option<u32>,
    /// Conversations within 90 days, as declared; null where nothing is, which sets no bound.
    #[schema(required, minimum = 0, maximum = 100)]
    conversation_places: Option<u32>,
    /// Active partnerships.
    #[schema(minimum = 0)]
    partnerships_taken: u32,
    /// Conversations agreed to within 90 days.
    #[schema(minimum = 0)]
    conversations_taken: u32,
    /// How many conversations more it takes on; null without a bound.
    #[schema(required, minimum = 0)]
    conversations_remaining: Option<u32>,
    open_approaches: OpenApproachesView,
    /// The pauses that hold today: the site's own, and that of the programme's admins.
    #[schema(max_items = 2)]
    pauses: Vec<PauseView>,
}

/// A pause that holds.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Pause)]
struct PauseView {
    by: PausedByName,
    /// Its last day; null is until further notice.
    #[schema(required)]
    until: Option<NaiveDate>,
    /// Why.
    #[schema(required, max_length = 1000)]
    reason: Option<String>,
    /// Since when.
    since: DateTime<Utc>,
}

impl From<Pause> for PauseView {
    fn from(pause: Pause) -> Self {
        Self {
            by: PausedByName(pause.by),
            until: pause.until,
            reason: pause.reason,
            since: pause.since,
        }
    }
}

/// Who looks at a capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looker {
    /// The site itself, or staff.
    Inside,
    /// Another site.
    Outside,
}

impl CapacityView {
    /// How much an organisation takes on, on a day.
    pub(crate) fn new(code: OdsCode, own: OwnCapacity, day: NaiveDate, looker: Looker) -> Self {
        let availability = own.capacity.availability(day);
        Self {
            ods_code: Code(code),
            state: AvailabilityStateName(availability.state),
            remaining: availability.remaining,
            paused_until: availability.paused_until,
            own: (looker == Looker::Inside).then(|| OwnView::new(own, day)),
        }
    }
}

impl OwnView {
    fn new(own: OwnCapacity, day: NaiveDate) -> Self {
        let conversations_remaining = own.capacity.conversations_left();
        let Capacity {
            places,
            taken,
            pauses,
            ..
        } = own.capacity;
        let holding = pauses.into_iter().filter(|pause| pause.holds_on(day));
        Self {
            partnership_places: places.partnerships,
            conversation_places: places.conversations,
            partnerships_taken: taken.partnerships,
            conversations_taken: taken.conversations,
            conversations_remaining,
            open_approaches: own.open.into(),
            pauses: holding.map(Into::into).collect(),
        }
    }
}

/// The pause that a site made itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OwnPause)]
pub(crate) struct OwnPauseView {
    ods_code: Code,
    /// Whether it holds today.
    paused: bool,
    /// Its last day; null is until further notice, or that there is none.
    #[schema(required)]
    until: Option<NaiveDate>,
    /// Why, in the site's own words, for itself and staff.
    #[schema(required, max_length = 1000)]
    reason: Option<String>,
    /// Since when.
    #[schema(required)]
    since: Option<DateTime<Utc>>,
}

impl OwnPauseView {
    /// The pause of a site where it holds on a day.
    pub(crate) fn new(code: OdsCode, pause: Option<Pause>, day: NaiveDate) -> Self {
        let holding = pause.filter(|pause| pause.holds_on(day));
        let (until, reason, since) = match holding {
            None => (None, None, None),
            Some(pause) => (pause.until, pause.reason, Some(pause.since)),
        };
        Self {
            ods_code: Code(code),
            paused: since.is_some(),
            until,
            reason,
            since,
        }
    }
}
