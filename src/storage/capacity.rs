//! Places, pauses, and what is taken of the places.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _,
};

use crate::domain::approach::{ApproachKind, ApproachState};
use crate::domain::capacity::{CONVERSATION_TAKES, Capacity, Pause, Places, Taken};
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::version::Version;
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::partnerships;
use crate::storage::schema::{approaches, capacities, pauses};

type PlacesRow = (Option<i64>, Option<i64>, i64);
type PauseRow = (
    String,
    Option<NaiveDate>,
    Option<String>,
    NaiveDateTime,
    i64,
);

/// Returns everything that decides whether a site takes something on at a moment.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be read.
pub fn of(connection: &mut Connection, code: OdsCode, now: DateTime<Utc>) -> Result<Capacity> {
    let key = [code.as_str()];
    let stored = Stored::new("capacities", &key);
    let row: Option<PlacesRow> = capacities::table
        .find(code.as_str())
        .select((
            capacities::partnership_places,
            capacities::conversation_places,
            capacities::version,
        ))
        .first(&mut connection.database)
        .optional()
        .map_err(failed("reading the places of a site"))?;
    let places = |n: Option<i64>| {
        n.map(u32::try_from)
            .transpose()
            .map_err(|fault| stored.corrupt(fault))
    };
    let (partnership_places, conversation_places, version) = row.unwrap_or_default();
    Ok(Capacity {
        places: Places {
            partnerships: places(partnership_places)?,
            conversations: places(conversation_places)?,
        },
        taken: Taken {
            partnerships: partnerships::n_active(connection, code)?,
            conversations: n_conversations(connection, code, now)?,
        },
        pauses: pauses_of(connection, code)?,
        version: u64::try_from(version)
            .map(Version)
            .map_err(|fault| stored.corrupt(fault))?,
    })
}

/// Counts the conversations of a site that still take a place.
fn n_conversations(connection: &mut Connection, code: OdsCode, now: DateTime<Utc>) -> Result<u32> {
    let n: i64 = approaches::table
        .filter(approaches::kind.eq(ApproachKind::Conversation.as_str()))
        .filter(approaches::state.eq(ApproachState::Accepted.as_str()))
        .filter(approaches::answered_at.gt((now - CONVERSATION_TAKES).naive_utc()))
        .filter(
            approaches::from_code
                .eq(code.as_str())
                .or(approaches::to_code.eq(code.as_str())),
        )
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("counting conversations"))?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}

fn pauses_of(connection: &mut Connection, code: OdsCode) -> Result<Vec<Pause>> {
    let rows: Vec<PauseRow> = pauses::table
        .filter(pauses::ods_code.eq(code.as_str()))
        .order(pauses::paused_by.asc())
        .select((
            pauses::paused_by,
            pauses::until,
            pauses::reason,
            pauses::since,
            pauses::version,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading the pauses of a site"))?;
    rows.into_iter()
        .map(|(by, until, reason, since, version)| {
            let key = [code.as_str(), by.as_str()];
            let row = Stored::new("pauses", &key);
            Ok(Pause {
                by: row.parse(&by)?,
                until,
                reason,
                since: since.and_utc(),
                version: u64::try_from(version)
                    .map(Version)
                    .map_err(|fault| row.corrupt(fault))?,
            })
        })
        .collect()
}
