//! Who is told of what time and mergers do to approaches and partnerships, and in whose audit it stands.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::domain::approach::Approach;
use crate::domain::error::Result;
use crate::domain::event::{EventKind, NewEvent, Recipient};
use crate::domain::ids::OdsCode;
use crate::domain::partnership::Partnership;
use crate::storage::audit::{self, Entry};
use crate::storage::connection::Connection;
use crate::storage::{events, exclusions};

/// Something that happened to an approach or a partnership.
#[derive(Clone, Debug)]
pub struct Happened {
    kind: EventKind,
    subject: String,
    data: Value,
    at: DateTime<Utc>,
}

impl Happened {
    /// To an approach, as it is since.
    #[must_use]
    pub fn to_approach(kind: EventKind, approach: &Approach, at: DateTime<Utc>) -> Self {
        let mut data = json!({
            "approach": approach.id,
            "from": approach.from.as_str(),
            "to": approach.to.as_str(),
            "kind": approach.kind.as_str(),
            "state": approach.state.as_str(),
            "expiresAt": approach.expires_at,
        });
        if let Some(reason) = approach.reason {
            data["reason"] = reason.as_str().into();
        }
        Self {
            kind,
            subject: format!("/api/v1/approaches/{}", approach.id),
            data,
            at,
        }
    }

    /// To a partnership, as it is since.
    #[must_use]
    pub fn to_partnership(kind: EventKind, partnership: &Partnership, at: DateTime<Utc>) -> Self {
        let mut data = json!({
            "partnership": partnership.id,
            "between": [partnership.ends.0.as_str(), partnership.ends.1.as_str()],
            "state": partnership.state.as_str(),
            "startedOn": partnership.started_on,
            "plannedEnd": partnership.planned_end,
        });
        if let Some(reason) = partnership.end_reason {
            data["reason"] = reason.as_str().into();
        }
        Self {
            kind,
            subject: format!("/api/v1/partnerships/{}", partnership.id),
            data,
            at,
        }
    }

    /// Adds to what is told: codes, ids, states and days alone.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.data[field] = value.into();
        self
    }

    /// Writes it down for these sites, each once.
    ///
    /// # Errors
    ///
    /// Those of [`events::emit`].
    pub fn tell_sites(
        &self,
        connection: &mut Connection,
        sites: impl IntoIterator<Item = OdsCode>,
    ) -> Result<()> {
        let sites: BTreeSet<OdsCode> = sites.into_iter().collect();
        sites
            .into_iter()
            .try_for_each(|site| self.tell(connection, Recipient::Site(site)))
    }

    /// Writes it down for the programme's admins.
    ///
    /// # Errors
    ///
    /// Those of [`events::emit`].
    pub fn tell_admins(&self, connection: &mut Connection) -> Result<()> {
        self.tell(connection, Recipient::Admins)
    }

    /// Writes it down for one recipient.
    ///
    /// # Errors
    ///
    /// Those of [`events::emit`].
    pub fn tell(&self, connection: &mut Connection, recipient: Recipient) -> Result<()> {
        let event = NewEvent {
            kind: self.kind,
            recipient,
            subject: self.subject.clone(),
            data: self.data.clone(),
            at: self.at,
        };
        events::emit(connection, &event)
    }
}

/// Whom to tell of something that another site sent to a site: nobody, where the site excludes that one.
///
/// # Errors
///
/// Those of [`exclusions::excludes`].
pub fn recipient(connection: &mut Connection, to: OdsCode, from: OdsCode) -> Result<Recipient> {
    Ok(if exclusions::excludes(connection, to, from)? {
        Recipient::Nobody
    } else {
        Recipient::Site(to)
    })
}

/// Notes a change of a thing between sites in the audit of each of them.
pub fn note(
    connection: &mut Connection,
    (kind, id): (&'static str, &str),
    sites: impl IntoIterator<Item = OdsCode>,
    (before, after): (Option<Value>, Value),
) {
    let sites: BTreeSet<OdsCode> = sites.into_iter().collect();
    for site in sites {
        let entry = Entry {
            kind,
            id: id.to_owned(),
            ods_code: Some(site),
            before: before.clone(),
            after: Some(after.clone()),
        };
        audit::note(connection, entry);
    }
}
