//! Whom sites exclude, for each site alone: nothing that anybody else reads may say it.
//!
//! Who is excluded stands in the clear, since scoring skips them; the reason is encrypted. The audit has a site's exclusions as
//! one thing that is the site's: the id of the row names the site, and whom it is about stands in the values, which only the
//! site is shown.

use chrono::{NaiveDateTime, SubsecRound as _};
use diesel::{
    AsChangeset, ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _,
    Queryable, RunQueryDsl as _,
};
use serde_json::{Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::exclusion::{Exclusion, Exclusions, MAX_EXCLUSIONS};
use crate::domain::ids::OdsCode;
use crate::domain::version::{Expected, Version};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::exclusions;
use crate::storage::sealed::{self, Place};
use crate::storage::{Outcome, organisations};

/// The kind of these things in the audit.
pub const KIND: &str = "exclusions";

/// The table, in the places of sealed texts.
const TABLE: &str = "exclusions";

/// What an exclusion is called where it is not there.
const WHAT: &str = "exclusion";

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = exclusions, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct ExclusionRow {
    ods_code: String,
    excluded: String,
    sealed_reason: Option<String>,
    created_at: NaiveDateTime,
    version: i64,
}

/// The id under which a reason is encrypted.
fn id(ods_code: &str, excluded: &str) -> String {
    format!("{ods_code}/{excluded}")
}

fn reason_place(id: &str) -> Place<'_> {
    Place {
        table: TABLE,
        id,
        column: "reason",
    }
}

impl ExclusionRow {
    pub(super) fn new(connection: &Connection, exclusion: &Exclusion) -> Result<Self> {
        let (ods_code, excluded) = (
            exclusion.ods_code.to_string(),
            exclusion.excluded.to_string(),
        );
        let id = id(&ods_code, &excluded);
        let key = [id.as_str()];
        let row = Stored::new(TABLE, &key);
        let reason = exclusion.reason.as_deref();
        Ok(Self {
            sealed_reason: sealed::hide(connection, reason_place(&id), reason)?,
            created_at: exclusion.created_at.naive_utc().trunc_subsecs(6),
            version: i64::try_from(exclusion.version.0).map_err(|fault| row.corrupt(fault))?,
            ods_code,
            excluded,
        })
    }

    fn into_domain(self, connection: &Connection) -> Result<Exclusion> {
        let id = id(&self.ods_code, &self.excluded);
        let key = [id.as_str()];
        let row = Stored::new(TABLE, &key);
        let reason = self.sealed_reason.as_deref();
        Ok(Exclusion {
            ods_code: row.parse(&self.ods_code)?,
            excluded: row.parse(&self.excluded)?,
            reason: sealed::show(connection, reason_place(&id), reason)?,
            created_at: self.created_at.and_utc(),
            version: u64::try_from(self.version)
                .map(Version)
                .map_err(|fault| row.corrupt(fault))?,
        })
    }
}

/// Returns whom every site excludes, without reasons.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn all(connection: &mut Connection) -> Result<Exclusions> {
    let rows: Vec<(String, String)> = exclusions::table
        .select((exclusions::ods_code, exclusions::excluded))
        .load(&mut connection.database)
        .map_err(failed("reading the exclusions"))?;
    let pairs = rows.into_iter().map(|(site, excluded)| {
        let key = [site.as_str(), excluded.as_str()];
        let row = Stored::new(TABLE, &key);
        Ok((row.parse(&site)?, row.parse(&excluded)?))
    });
    pairs.collect()
}

/// Returns a site's exclusions, by code.
///
/// # Errors
///
/// As [`all`].
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<Vec<Exclusion>> {
    let rows = exclusions::table
        .filter(exclusions::ods_code.eq(code.as_str()))
        .load::<ExclusionRow>(&mut connection.database)
        .map_err(failed("reading the exclusions of a site"))?;
    let mut found = rows
        .into_iter()
        .map(|row| row.into_domain(connection))
        .collect::<Result<Vec<_>>>()?;
    found.sort_by_key(|exclusion| exclusion.excluded);
    Ok(found)
}

/// Returns one of a site's exclusions; `None` where it does not exclude the organisation.
///
/// # Errors
///
/// As [`all`].
pub fn find(
    connection: &mut Connection,
    (code, excluded): (OdsCode, OdsCode),
) -> Result<Option<Exclusion>> {
    exclusions::table
        .find((code.as_str(), excluded.as_str()))
        .first::<ExclusionRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading an exclusion"))?
        .map(|row| row.into_domain(connection))
        .transpose()
}

/// The same, where it has to be there.
///
/// # Errors
///
/// [`Error::Missing`] where the site does not exclude the organisation; those of [`all`].
pub fn require(
    connection: &mut Connection,
    (code, excluded): (OdsCode, OdsCode),
) -> Result<Exclusion> {
    find(connection, (code, excluded))?.ok_or_else(|| Error::Missing {
        what: WHAT,
        id: excluded.to_string(),
    })
}

/// Excludes an organisation, or says another reason, from a version that the site has seen: 0 where it excludes it not yet.
/// Returns the exclusion as it is kept.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Invalid`] where a site excludes itself; [`Error::Stale`] where it is of another
/// version; [`Error::Conflict`] where the site excludes [`MAX_EXCLUSIONS`] already; those of [`all`].
pub fn put(
    connection: &mut Connection,
    said: Exclusion,
    expected: &Expected,
) -> Result<Outcome<Exclusion>> {
    if said.ods_code == said.excluded {
        return Err(Error::invalid(
            "/path/candidate",
            "is the site itself, which is never suggested to itself",
        ));
    }
    // Of a closed one its successors are what may be suggested.
    organisations::require_active(connection, said.excluded)?;
    let before = find(connection, (said.ods_code, said.excluded))?;
    let version = before.as_ref().map_or(Version(0), |before| before.version);
    if !expected.allows(version) {
        return Err(Error::Stale);
    }
    let after = match &before {
        Some(before) if before.reason == said.reason => {
            return Ok(Outcome::Unchanged(before.clone()));
        }
        Some(before) => Exclusion {
            created_at: before.created_at,
            version: Version(version.0 + 1),
            ..said
        },
        None => {
            room_for_one(connection, said.ods_code)?;
            Exclusion {
                version: Version(1),
                ..said
            }
        }
    };
    let row = ExclusionRow::new(connection, &after)?;
    if before.is_some() {
        let key = (after.ods_code.as_str(), after.excluded.as_str());
        diesel::update(exclusions::table.find(key))
            .set(row)
            .execute(&mut connection.database)
            .map_err(failed("changing an exclusion"))?;
    } else {
        each_backend!(connection, c => diesel::insert_into(exclusions::table).values(row).execute(c))
            .map_err(failed("adding an exclusion"))?;
    }
    note(connection, before.as_ref(), Some(&after));
    Ok(Outcome::Changed(after))
}

fn room_for_one(connection: &mut Connection, code: OdsCode) -> Result<()> {
    let known: i64 = exclusions::table
        .filter(exclusions::ods_code.eq(code.as_str()))
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("counting exclusions"))?;
    if usize::try_from(known).unwrap_or(usize::MAX) >= MAX_EXCLUSIONS {
        return Err(Error::Conflict {
            rule: "/problems/too-many-exclusions",
            detail: format!("There are {MAX_EXCLUSIONS} exclusions already; withdraw one first."),
        });
    }
    Ok(())
}

/// Withdraws an exclusion.
///
/// # Errors
///
/// [`Error::Stale`] where it is of another version than expected; those of [`require`].
pub fn withdraw(
    connection: &mut Connection,
    (code, excluded): (OdsCode, OdsCode),
    expected: &Expected,
) -> Result<()> {
    let before = require(connection, (code, excluded))?;
    if !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    diesel::delete(exclusions::table.find((code.as_str(), excluded.as_str())))
        .execute(&mut connection.database)
        .map_err(failed("withdrawing an exclusion"))?;
    note(connection, Some(&before), None);
    Ok(())
}

/// Whether a site excludes another, of which only itself may learn.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn excludes(connection: &mut Connection, code: OdsCode, other: OdsCode) -> Result<bool> {
    let found = exclusions::table.find((code.as_str(), other.as_str()));
    diesel::select(diesel::dsl::exists(found))
        .get_result(&mut connection.database)
        .map_err(failed("looking for an exclusion"))
}

pub(super) fn note(
    connection: &mut Connection,
    before: Option<&Exclusion>,
    after: Option<&Exclusion>,
) {
    let Some(either) = before.or(after) else {
        return;
    };
    let entry = Entry {
        kind: KIND,
        id: either.ods_code.to_string(),
        ods_code: Some(either.ods_code),
        before: before.map(json_of),
        after: after.map(json_of),
    };
    audit::note(connection, entry);
}

/// An exclusion as the audit keeps it: without the reason.
fn json_of(exclusion: &Exclusion) -> Value {
    json!({
        "excluded": exclusion.excluded.as_str(),
        "hasReason": exclusion.reason.is_some(),
        "version": exclusion.version.0,
    })
}
