//! Events as `CloudEvents` 1.0 in their JSON form, which webhooks and streams carry alike.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use crate::domain::event::Event;

/// The `source` of events where the service was not told its public address.
pub const DEFAULT_SOURCE: &str = "/alongside";

/// The media type of one event (`CloudEvents`, JSON event format, 3).
pub const MEDIA_TYPE: &str = "application/cloudevents+json";

/// An event as a `CloudEvent`. It names nobody: data holds codes, ids, states and days.
///
/// `sequence` is the extension of that name: as numbers, later events have larger ones, and none follows another by one.
#[must_use]
pub fn cloud_event(event: &Event, source: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": event.event.kind.as_str(),
        "subject": event.event.subject,
        "time": event.event.at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "datacontenttype": "application/json",
        "data": event.event.data,
        "sequence": event.sequence.to_string(),
    })
}
