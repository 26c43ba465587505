//! Of which events each site is written to by e-mail.

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::json;

use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::notification::Notifications;
use crate::domain::version::{Expected, Version};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::notifications;
use crate::storage::webhooks::kinds_text;
use crate::storage::{Outcome, organisations};

/// The kind of these things in the audit.
pub const KIND: &str = "notifications";

/// Returns what an organisation is written to of, and how often it said so.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<(Version, Notifications)> {
    organisations::require(connection, code)?;
    stored(connection, code)
}

pub(super) fn stored(
    connection: &mut Connection,
    code: OdsCode,
) -> Result<(Version, Notifications)> {
    let found: Option<(String, i64)> = notifications::table
        .filter(notifications::ods_code.eq(code.as_str()))
        .select((notifications::email, notifications::version))
        .load(&mut connection.database)
        .map_err(failed("reading what a site is written to of"))?
        .pop();
    let Some((email, version)) = found else {
        return Ok((Version(0), Notifications::default()));
    };
    let key = [code.as_str()];
    let row = Stored::new(KIND, &key);
    let kinds = email.split(' ').filter(|kind| !kind.is_empty());
    let email = kinds.map(|kind| row.parse(kind)).collect::<Result<_>>()?;
    let version = u64::try_from(version).map_err(|fault| row.corrupt(fault))?;
    Ok((Version(version), Notifications { email }))
}

/// Says what an organisation is written to of.
///
/// # Errors
///
/// [`Error::Stale`] where it was said otherwise meanwhile; those of [`of`].
pub fn change(
    connection: &mut Connection,
    code: OdsCode,
    said: &Notifications,
    expected: &Expected,
) -> Result<Outcome<()>> {
    let (version, before) = of(connection, code)?;
    if !expected.allows(version) {
        return Err(Error::Stale);
    }
    if version.0 > 0 && before == *said {
        return Ok(Outcome::Unchanged(()));
    }
    let number = i64::try_from(version.0 + 1)
        .map_err(|fault| Stored::new(KIND, &[code.as_str()]).corrupt(fault))?;
    diesel::delete(notifications::table.find(code.as_str()))
        .execute(&mut connection.database)
        .map_err(failed("changing what a site is written to of"))?;
    let row = (
        notifications::ods_code.eq(code.as_str()),
        notifications::email.eq(kinds_text(&said.email)),
        notifications::version.eq(number),
    );
    each_backend!(connection, c => diesel::insert_into(notifications::table).values(row).execute(c))
        .map_err(failed("changing what a site is written to of"))?;
    let value = |of: &Notifications| {
        let kinds: Vec<_> = of.email.iter().map(|kind| kind.as_str()).collect();
        json!({ "email": kinds })
    };
    let entry = Entry {
        kind: KIND,
        id: code.to_string(),
        ods_code: Some(code),
        before: Some(value(&before)),
        after: Some(value(said)),
    };
    audit::note(connection, entry);
    Ok(Outcome::Changed(()))
}
