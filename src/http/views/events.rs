//! Events, as they are listed.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::pagination::PageLinks;

/// A `CloudEvent` 1.0 in its JSON form. The examples of the document have none: nothing happened in the bundled data.
#[derive(Serialize, ToSchema)]
#[schema(as = CloudEvent, value_type = Object)]
#[serde(transparent)]
pub(crate) struct CloudEventView(pub(crate) Value);

/// A page of events.
#[derive(Serialize, ToSchema)]
#[schema(as = EventPage)]
pub(crate) struct EventPageView {
    /// The oldest first, each as a `CloudEvent`.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<CloudEventView>,
    pub(crate) links: PageLinks,
}
