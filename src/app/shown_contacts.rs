//! The contact people of the other side: shown after it agreed, and for a time after the end (DESIGN 6).

use chrono::{DateTime, Utc};

use crate::domain::approach::{ApproachKind, ApproachState};
use crate::domain::contact::Contact;
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::partnership::{CONTACTS_SHOWN_AFTER, Partnership};
use crate::storage::{Connection, approaches, contacts, partnership_pages, partnerships};

/// The contact people of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownContacts {
    /// Whose they are.
    pub ods_code: OdsCode,
    /// Until when they are shown; `None` while a partnership lasts.
    pub until: Option<DateTime<Utc>>,
    /// Who they are, by id.
    pub contacts: Vec<Contact>,
}

/// Returns those of the other side of a site's partnership.
///
/// # Errors
///
/// [`Error::Missing`] where the site is none of the two; [`Error::Conflict`] where they are no longer shown;
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn of_partnership(
    connection: &mut Connection,
    (site, id): (OdsCode, &str),
    now: DateTime<Utc>,
) -> Result<ShownContacts> {
    let partnership = partnerships::find_for(connection, site, id)?;
    of_agreed(connection, site, &partnership, now)
}

/// Returns those of the other side of a site's approach, once that was accepted: of a conversation for a time, of a partnership as
/// long as those of the partnership that came of it.
///
/// # Errors
///
/// As [`of_partnership`]; [`Error::Conflict`] too before the approach is accepted.
pub fn of_approach(
    connection: &mut Connection,
    (site, id): (OdsCode, &str),
    now: DateTime<Utc>,
) -> Result<ShownContacts> {
    let approach = approaches::find_for(connection, site, id)?;
    let Some(agreed_at) = approach
        .answered_at
        .filter(|_| approach.state == ApproachState::Accepted)
    else {
        return Err(hidden());
    };
    match approach.kind {
        ApproachKind::Conversation => {
            let until = agreed_at + CONTACTS_SHOWN_AFTER;
            if now >= until {
                return Err(hidden());
            }
            shown(connection, approach.other_than(site), Some(until))
        }
        ApproachKind::Partnership => {
            // A partnership that was renewed is that of its last approach.
            let partnership = match partnership_pages::of_approach(connection, &approach.id)? {
                Some(partnership) => Some(partnership),
                None => partnerships::active_of_pair(connection, approach.pair())?,
            };
            let partnership = partnership
                .filter(|partnership| partnership.has_party(site))
                .ok_or_else(hidden)?;
            of_agreed(connection, site, &partnership, now)
        }
    }
}

fn of_agreed(
    connection: &mut Connection,
    site: OdsCode,
    partnership: &Partnership,
    now: DateTime<Utc>,
) -> Result<ShownContacts> {
    if !partnership.shows_contacts(now) {
        return Err(hidden());
    }
    let until = partnership
        .ended_at
        .map(|ended| ended + CONTACTS_SHOWN_AFTER);
    shown(connection, partnership.other_than(site), until)
}

fn shown(
    connection: &mut Connection,
    code: OdsCode,
    until: Option<DateTime<Utc>>,
) -> Result<ShownContacts> {
    Ok(ShownContacts {
        ods_code: code,
        until,
        contacts: contacts::of(connection, code)?,
    })
}

/// The same words before acceptance and after the time is over, whatever became of the approach.
fn hidden() -> Error {
    Error::Conflict {
        rule: "/problems/contacts-hidden",
        detail: format!(
            "Each side sees the other's contact people once both agreed, and until {} days after the end of a partnership or after \
             a conversation was agreed to.",
            CONTACTS_SHOWN_AFTER.num_days()
        ),
    }
}
