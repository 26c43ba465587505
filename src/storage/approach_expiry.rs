//! Approaches that nobody answered in time, and those that soon will have waited too long.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::approach::{Approach, ApproachState};
use crate::domain::error::Result;
use crate::domain::event::{EventKind, Recipient};
use crate::domain::version::Version;
use crate::storage::approaches::{KIND, json_of, replace, with_topics};
use crate::storage::connection::Connection;
use crate::storage::failure::failed;
use crate::storage::rows::approach::ApproachRow;
use crate::storage::schema::approaches;
use crate::storage::told::{self, Happened};

/// Returns approaches that have expired and are still written down as open, the longest expired first, at most so many.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn due(connection: &mut Connection, now: DateTime<Utc>, limit: i64) -> Result<Vec<Approach>> {
    let rows = approaches::table
        .filter(approaches::state.eq(ApproachState::Sent.as_str()))
        .filter(approaches::expires_at.le(now.naive_utc()))
        .order((approaches::expires_at.asc(), approaches::sequence.asc()))
        .limit(limit)
        .load::<ApproachRow>(&mut connection.database)
        .map_err(failed("looking for expired approaches"))?;
    with_topics(connection, rows)
}

/// Writes down that an approach has expired: it ended when its time was over, whenever that is noticed. Tells both sites, but
/// a recipient that excludes the sender was never told of it. Does nothing to an approach that waits still or was answered,
/// and returns it as it then is.
///
/// # Errors
///
/// As [`due`].
pub fn expire(
    connection: &mut Connection,
    approach: &Approach,
    now: DateTime<Utc>,
) -> Result<Approach> {
    let state = approach.state_at(now);
    if state == approach.state {
        return Ok(approach.clone());
    }
    let expired = Approach {
        state,
        answered_at: Some(approach.expires_at),
        version: Version(approach.version.0 + 1),
        ..approach.clone()
    };
    replace(connection, &expired)?;
    let sites = [expired.from, expired.to];
    let words = (Some(json_of(approach)), json_of(&expired));
    told::note(connection, (KIND, &expired.id), sites, words);
    let happened = Happened::to_approach(EventKind::ApproachExpired, &expired, now);
    let recipient = told::recipient(connection, expired.to, expired.from)?;
    for recipient in [Recipient::Site(expired.from), recipient, Recipient::Admins] {
        happened.tell(connection, recipient)?;
    }
    Ok(expired)
}
