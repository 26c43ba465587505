//! The versions of the parts of a profile, so that nobody changes what they have not seen.

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::version::{Expected, ProfilePart, Version};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::organisations;
use crate::storage::schema::profile_versions;

/// Returns the version of a part; 0 before its first change.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn of(connection: &mut Connection, code: OdsCode, part: ProfilePart) -> Result<Version> {
    let found: Option<i64> = profile_versions::table
        .filter(profile_versions::ods_code.eq(code.as_str()))
        .filter(profile_versions::part.eq(part.as_str()))
        .select(profile_versions::version)
        .load(&mut connection.database)
        .map_err(failed("reading a version"))?
        .pop();
    match found {
        None => Ok(Version(0)),
        Some(number) => {
            let key = [code.as_str(), part.as_str()];
            let stored = Stored::new("profile_versions", &key);
            u64::try_from(number)
                .map(Version)
                .map_err(|fault| stored.corrupt(fault))
        }
    }
}

/// Returns the version of a part of an organisation that exists, where it is one that the caller has seen.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Stale`] where the part is of another version than expected; those of [`of`].
pub fn expect(
    connection: &mut Connection,
    code: OdsCode,
    part: ProfilePart,
    expected: &Expected,
) -> Result<Version> {
    organisations::require(connection, code)?;
    let current = of(connection, code, part)?;
    if expected.allows(current) {
        Ok(current)
    } else {
        Err(Error::Stale)
    }
}

/// Raises the version of a part that the caller has seen, and returns the new one.
///
/// # Errors
///
/// [`Error::Stale`] where the part is of another version than expected; those of [`of`].
pub fn raise(
    connection: &mut Connection,
    code: OdsCode,
    part: ProfilePart,
    expected: &Expected,
) -> Result<Version> {
    let current = of(connection, code, part)?;
    if !expected.allows(current) {
        return Err(Error::Stale);
    }
    let number = i64::try_from(current.0 + 1)
        .map_err(|fault| Error::Internal("raising a version", fault.into()))?;
    let row = (
        profile_versions::ods_code.eq(code.as_str()),
        profile_versions::part.eq(part.as_str()),
        profile_versions::version.eq(number),
    );
    each_backend!(connection, c => {
        diesel::insert_into(profile_versions::table)
            .values(row)
            .on_conflict((profile_versions::ods_code, profile_versions::part))
            .do_update()
            .set(profile_versions::version.eq(number))
            .execute(c)
    })
    .map_err(failed("raising a version"))?;
    Ok(Version(current.0 + 1))
}
