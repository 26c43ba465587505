//! Places, pauses, and what is taken of the places.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _,
};
use serde_json::{Value, json};

use crate::domain::approach::{ApproachKind, ApproachState};
use crate::domain::capacity::{CONVERSATION_TAKES, Capacity, Pause, PausedBy, Places, Taken};
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::partnership::PartnershipState;
use crate::domain::version::{Expected, Version};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{approaches, capacities, partnerships as agreed, pauses};
use crate::storage::{Outcome, organisations, partnerships};

/// The kind of declared places in the audit.
pub const KIND: &str = "capacities";

/// The kind of pauses in the audit.
pub const PAUSE_KIND: &str = "pauses";

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
/// [`Error::Unavailable`] or
/// [`Error::Internal`] where it cannot be read.
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

/// Whether something gave a site capacity since a moment: it declared its places anew, or a partnership of it ended. Whether
/// a place is left is another question.
///
/// # Errors
///
/// As [`of`].
pub fn has_returned(
    connection: &mut Connection,
    code: OdsCode,
    since: DateTime<Utc>,
) -> Result<bool> {
    let n_declared: i64 = capacities::table
        .filter(capacities::ods_code.eq(code.as_str()))
        .filter(capacities::changed_at.gt(since.naive_utc()))
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("reading when places were declared"))?;
    let n_ended: i64 = agreed::table
        .filter(agreed::state.eq(PartnershipState::Ended.as_str()))
        .filter(agreed::ended_at.gt(since.naive_utc()))
        .filter(
            agreed::a_code
                .eq(code.as_str())
                .or(agreed::b_code.eq(code.as_str())),
        )
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("looking for partnerships that ended"))?;
    Ok(n_declared + n_ended > 0)
}

/// Declares the places of a site, from a version that it has seen, and returns the version then. The same number said again is
/// a word of another day, and counts as one; only a site that never declared any has nothing to take back.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Stale`] where the places are of another version than expected; those of [`of`].
pub fn declare(
    connection: &mut Connection,
    code: OdsCode,
    places: Places,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<Outcome<Version>> {
    organisations::require(connection, code)?;
    let before = of(connection, code, now)?;
    if !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    if before.version == Version(0) && places == Places::default() {
        return Ok(Outcome::Unchanged(before.version));
    }
    let version = Version(before.version.0 + 1);
    let row = (
        capacities::partnership_places.eq(places.partnerships.map(i64::from)),
        capacities::conversation_places.eq(places.conversations.map(i64::from)),
        capacities::changed_at.eq(now.naive_utc().trunc_subsecs(6)),
        capacities::version.eq(number(version)?),
    );
    each_backend!(connection, c => {
        diesel::insert_into(capacities::table)
            .values((capacities::ods_code.eq(code.as_str()), row))
            .on_conflict(capacities::ods_code)
            .do_update()
            .set(row)
            .execute(c)
    })
    .map_err(failed("declaring places"))?;
    let entry = Entry {
        kind: KIND,
        id: code.to_string(),
        ods_code: Some(code),
        before: (before.version > Version(0)).then(|| places_json(before.places)),
        after: Some(places_json(places)),
    };
    audit::note(connection, entry);
    Ok(Outcome::Changed(version))
}

fn number(version: Version) -> Result<i64> {
    i64::try_from(version.0).map_err(|fault| Error::Internal("raising a version", fault.into()))
}

fn places_json(places: Places) -> Value {
    json!({
        "partnershipPlaces": places.partnerships,
        "conversationPlaces": places.conversations,
    })
}

/// Pauses a site, or changes its pause, from a version that the caller has seen (0 before the first pause by this side), and
/// returns the pause as it is kept. Who pauses decides nothing about the other's pause: a site may be paused by both.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Stale`] where the pause is of another version than expected; those of [`of`].
pub fn pause(
    connection: &mut Connection,
    code: OdsCode,
    by: PausedBy,
    until: Option<NaiveDate>,
    reason: Option<&str>,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<Outcome<Pause>> {
    organisations::require(connection, code)?;
    let before = pause_by(connection, code, by)?;
    let seen = before.as_ref().map_or(Version(0), |pause| pause.version);
    if !expected.allows(seen) {
        return Err(Error::Stale);
    }
    let now = now.trunc_subsecs(6);
    let holding = before
        .as_ref()
        .filter(|pause| pause.holds_on(now.date_naive()));
    let after = Pause {
        by,
        until,
        reason: reason.map(str::to_owned),
        // Whoever only moves the end of a pause does not begin another.
        since: holding.map_or(now, |pause| pause.since),
        version: Version(seen.0 + 1),
    };
    if holding.is_some_and(|held| held.until == after.until && held.reason == after.reason) {
        return before.map(Outcome::Unchanged).ok_or(Error::Stale);
    }
    put_pause(connection, code, &after)?;
    note_pause(connection, code, before.as_ref(), &after);
    Ok(Outcome::Changed(after))
}

/// Takes a pause back, from a version that the caller has seen, and returns it as it was. What is kept is a pause that ended
/// the day before, so that its version never comes again; the reason that a site gave is forgotten.
///
/// # Errors
///
/// [`Error::Missing`] where the site is not paused by this side; those of [`pause`].
pub fn resume(
    connection: &mut Connection,
    code: OdsCode,
    by: PausedBy,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<Pause> {
    organisations::require(connection, code)?;
    let today = now.date_naive();
    let before = pause_by(connection, code, by)?
        .filter(|pause| pause.holds_on(today))
        .ok_or_else(|| Error::Missing {
            what: "pause",
            id: code.to_string(),
        })?;
    if !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    let after = Pause {
        until: today.pred_opt(),
        reason: match by {
            PausedBy::Site => None,
            PausedBy::Admin => before.reason.clone(),
        },
        version: Version(before.version.0 + 1),
        ..before.clone()
    };
    put_pause(connection, code, &after)?;
    note_pause(connection, code, Some(&before), &after);
    Ok(before)
}

/// The pause of a site by one side, a past one included.
///
/// # Errors
///
/// As [`of`].
pub fn pause_by(connection: &mut Connection, code: OdsCode, by: PausedBy) -> Result<Option<Pause>> {
    let pauses = pauses_of(connection, code)?;
    Ok(pauses.into_iter().find(|pause| pause.by == by))
}

fn put_pause(connection: &mut Connection, code: OdsCode, pause: &Pause) -> Result<()> {
    let row = (
        pauses::until.eq(pause.until),
        pauses::reason.eq(pause.reason.as_deref()),
        pauses::since.eq(pause.since.naive_utc()),
        pauses::version.eq(number(pause.version)?),
    );
    let key = (
        pauses::ods_code.eq(code.as_str()),
        pauses::paused_by.eq(pause.by.as_str()),
    );
    each_backend!(connection, c => {
        diesel::insert_into(pauses::table)
            .values((key, row))
            .on_conflict((pauses::ods_code, pauses::paused_by))
            .do_update()
            .set(row)
            .execute(c)
    })
    .map_err(failed("pausing a site"))?;
    Ok(())
}

/// Notes a change of a pause for the audit: whether there is a reason, not what it says.
fn note_pause(connection: &mut Connection, code: OdsCode, before: Option<&Pause>, after: &Pause) {
    let told = |pause: &Pause| {
        json!({
            "by": pause.by.as_str(),
            "until": pause.until,
            "hasReason": pause.reason.is_some(),
            "version": pause.version.0,
        })
    };
    let entry = Entry {
        kind: PAUSE_KIND,
        id: code.to_string(),
        ods_code: Some(code),
        before: before.map(told),
        after: Some(told(after)),
    };
    audit::note(connection, entry);
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
