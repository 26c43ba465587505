//! Who is paused by admins.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::capacity::{Pause, PausedBy};
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::version::Version;
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::pauses;

type PauseRow = (
    String,
    Option<NaiveDate>,
    Option<String>,
    NaiveDateTime,
    i64,
);

/// Returns the pauses by admins that hold on a day, by code.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn by_admins(connection: &mut Connection, day: NaiveDate) -> Result<Vec<(OdsCode, Pause)>> {
    let rows: Vec<PauseRow> = pauses::table
        .filter(pauses::paused_by.eq(PausedBy::Admin.as_str()))
        .filter(pauses::until.is_null().or(pauses::until.ge(day)))
        .select((
            pauses::ods_code,
            pauses::until,
            pauses::reason,
            pauses::since,
            pauses::version,
        ))
        .load(&mut connection.database)
        .map_err(failed("listing the sites that admins paused"))?;
    let mut found = rows
        .into_iter()
        .map(|(code, until, reason, since, version)| {
            let key = [code.as_str(), PausedBy::Admin.as_str()];
            let row = Stored::new("pauses", &key);
            let pause = Pause {
                by: PausedBy::Admin,
                until,
                reason,
                since: since.and_utc(),
                version: u64::try_from(version)
                    .map(Version)
                    .map_err(|fault| row.corrupt(fault))?,
            };
            Ok((row.parse(&code)?, pause))
        })
        .collect::<Result<Vec<_>>>()?;
    found.sort_by_key(|(code, _)| *code);
    Ok(found)
}
