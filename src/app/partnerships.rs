//! What becomes of a partnership after it was opened: its two sides put its goals and topics down, say how it goes, and end it.
//!
//! Each is done within one transaction, with what it brings about: the link that the partnership is among the prior relationships
//! of the two, an audit row for each side, and events for the other side and the programme's admins.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::event::{EventKind, NewEvent, Recipient};
use crate::domain::ids::OdsCode;
use crate::domain::partnership::{EndReason, Partnership, PartnershipState};
use crate::domain::version::Version;
use crate::storage::audit::{self, Entry};
use crate::storage::{Connection, events, links, partnerships};

/// Ends a partnership and its link, tells the other side (both, where no side ended it) and the admins, and returns what it is.
///
/// `by` is the side that ends it; `None` where a merger or a closure does.
///
/// # Errors
///
/// [`Error::Conflict`] where it ended before; [`Error::Unavailable`] or [`Error::Internal`] where it cannot be changed.
pub fn end(
    connection: &mut Connection,
    partnership: &Partnership,
    by: Option<OdsCode>,
    reason: EndReason,
    at: DateTime<Utc>,
) -> Result<Partnership> {
    require_active(partnership)?;
    let link_id = match &partnership.link_id {
        Some(id) => end_link(connection, id, at)?,
        None => None,
    };
    let after = Partnership {
        state: PartnershipState::Ended,
        ended_at: Some(at),
        ended_by: by,
        end_reason: Some(reason),
        link_id,
        version: Version(partnership.version.0 + 1),
        ..partnership.clone()
    };
    partnerships::replace(connection, &after)?;
    note(connection, Some(partnership), &after);
    let more = json!({
        "endedBy": by.map(|code| code.to_string()),
        "reason": reason.as_str(),
    });
    tell(
        connection,
        EventKind::PartnershipEnded,
        &after,
        by,
        &more,
        at,
    )?;
    Ok(after)
}

/// Ends the link of a partnership, and returns its id where there still is one: none is left of what never began.
fn end_link(connection: &mut Connection, id: &str, at: DateTime<Utc>) -> Result<Option<String>> {
    let (before, after) = links::end_agreed(connection, id, at)?;
    if after.as_ref() != Some(&before) {
        let (a, b) = before.link.ends();
        for code in [a, b] {
            let entry = Entry {
                kind: links::KIND,
                id: before.id.clone(),
                ods_code: Some(code),
                before: Some(links::audited(&before)),
                after: after.as_ref().map(links::audited),
            };
            audit::note(connection, entry);
        }
    }
    Ok(after.map(|link| link.id))
}

/// Refuses what is done to partnerships that last alone.
fn require_active(partnership: &Partnership) -> Result<()> {
    match partnership.ended_at {
        None => Ok(()),
        Some(ended) => Err(has_ended(ended)),
    }
}

fn has_ended(at: DateTime<Utc>) -> Error {
    Error::Conflict {
        rule: "/problems/partnership-ended",
        detail: format!("The partnership ended on {}.", at.date_naive()),
    }
}

/// Notes a change of a partnership in the audit of each of its sides.
pub(super) fn note(connection: &mut Connection, before: Option<&Partnership>, after: &Partnership) {
    for code in [after.ends.0, after.ends.1] {
        let entry = Entry {
            kind: partnerships::KIND,
            id: after.id.clone(),
            ods_code: Some(code),
            before: before.map(partnerships::json_of),
            after: Some(partnerships::json_of(after)),
        };
        audit::note(connection, entry);
    }
}

/// Tells those who did not do it themselves, and the admins, what happened to a partnership. `more` is an object of codes, ids,
/// states and days.
pub(super) fn tell(
    connection: &mut Connection,
    kind: EventKind,
    partnership: &Partnership,
    by: Option<OdsCode>,
    more: &Value,
    at: DateTime<Utc>,
) -> Result<()> {
    let (a, b) = partnership.ends;
    let sides = [a, b].into_iter().filter(|&code| Some(code) != by);
    let recipients = sides.map(Recipient::Site).chain([Recipient::Admins]);
    for recipient in recipients {
        let mut data = json!({
            "partnership": partnership.id,
            "between": [a.as_str(), b.as_str()],
            "state": partnership.state.as_str(),
        });
        if let (Some(data), Some(more)) = (data.as_object_mut(), more.as_object()) {
            data.extend(more.clone());
        }
        let event = NewEvent {
            kind,
            recipient,
            subject: format!("/api/v1/partnerships/{}", partnership.id),
            data,
            at,
        };
        events::emit(connection, &event)?;
    }
    Ok(())
}
