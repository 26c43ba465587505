//! What an admin's pause of a site, and its end, are told of.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use crate::domain::capacity::{Pause, PausedBy};
use crate::domain::error::Result;
use crate::domain::event::{EventKind, NewEvent, Recipient};
use crate::domain::ids::OdsCode;
use crate::domain::version::Expected;
use crate::storage::{Connection, Outcome, capacity, events};

fn tell(
    connection: &mut Connection,
    kind: EventKind,
    code: OdsCode,
    data: Value,
    at: DateTime<Utc>,
) -> Result<()> {
    let event = NewEvent {
        kind,
        recipient: Recipient::Site(code),
        subject: format!("/api/v1/organisations/{code}/capacity"),
        data,
        at,
    };
    events::emit(connection, &event)
}

/// Pauses a site for an admin, or changes the admin's pause, and tells the site.
///
/// # Errors
///
/// Those of [`capacity::pause`].
pub fn pause(
    connection: &mut Connection,
    code: OdsCode,
    (until, reason): (Option<NaiveDate>, String),
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Outcome<Pause>> {
    let by = PausedBy::Admin;
    let paused = capacity::pause(connection, code, by, until, Some(&reason), expected, at)?;
    if let Outcome::Changed(pause) = &paused {
        let data = json!({ "odsCode": code.as_str(), "until": pause.until });
        tell(connection, EventKind::SitePaused, code, data, at)?;
    }
    Ok(paused)
}

/// Takes an admin's pause of a site back, and tells the site.
///
/// # Errors
///
/// Those of [`capacity::resume`].
pub fn resume(
    connection: &mut Connection,
    code: OdsCode,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<()> {
    capacity::resume(connection, code, PausedBy::Admin, expected, at)?;
    let data = json!({ "odsCode": code.as_str() });
    tell(connection, EventKind::SiteResumed, code, data, at)
}
