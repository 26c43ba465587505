//! What closed organisations leave open, and how it goes to who follows them. Who that is, is not decided here.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, Utc};
use diesel::dsl::{exists, sql};
use diesel::expression::SqlLiteral;
use diesel::sql_types::Bool;
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::{Value, json};

use crate::domain::approach::{Approach, ApproachState};
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::organisation::Status;
use crate::domain::partnership::{Partnership, PartnershipState};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::approach::ApproachRow;
use crate::storage::rows::partnership::PartnershipRow;
use crate::storage::schema::{
    approaches, check_ins, closures_waiting, exclusions, organisations, partnership_reminders,
    partnerships,
};
use crate::storage::sealed::{self, Place};
use crate::storage::{approaches as kept_approaches, partnerships as kept_partnerships};

/// The kind of exclusions in the audit, and their table.
const EXCLUSIONS: &str = "exclusions";

/// The most codes of one statement; see `register::insert`.
const MAX_CODES: usize = 900;

fn approach_has_closed_end() -> SqlLiteral<Bool> {
    sql(
        "EXISTS (SELECT 1 FROM organisations o WHERE o.ods_code IN (approaches.a_code, approaches.b_code) \
         AND o.status = 'closed')",
    )
}

fn partnership_has_closed_end() -> SqlLiteral<Bool> {
    sql(
        "EXISTS (SELECT 1 FROM organisations o WHERE o.ods_code IN (partnerships.a_code, partnerships.b_code) \
         AND o.status = 'closed')",
    )
}

fn exclusion_has_closed_end() -> SqlLiteral<Bool> {
    sql(
        "EXISTS (SELECT 1 FROM organisations o WHERE o.ods_code IN (exclusions.ods_code, exclusions.excluded) \
         AND o.status = 'closed')",
    )
}

/// Whether a closed organisation leaves anything behind, or one waits to be told a successor; cheap.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be read.
pub fn is_anything_left(connection: &mut Connection) -> Result<bool> {
    const WHAT: &str = "looking for what closed organisations leave";
    let approaches = approaches::table
        .filter(approaches::state.eq(ApproachState::Sent.as_str()))
        .filter(approach_has_closed_end());
    let has_approaches: bool = diesel::select(exists(approaches))
        .get_result(&mut connection.database)
        .map_err(failed(WHAT))?;
    if has_approaches {
        return Ok(true);
    }
    let partnerships = partnerships::table
        .filter(partnerships::state.eq(PartnershipState::Active.as_str()))
        .filter(partnership_has_closed_end());
    let has_partnerships: bool = diesel::select(exists(partnerships))
        .get_result(&mut connection.database)
        .map_err(failed(WHAT))?;
    if has_partnerships {
        return Ok(true);
    }
    let exclusions = exclusions::table.filter(exclusion_has_closed_end());
    let has_exclusions: bool = diesel::select(exists(exclusions))
        .get_result(&mut connection.database)
        .map_err(failed(WHAT))?;
    Ok(has_exclusions || !waiting(connection)?.is_empty())
}

/// Returns the open approaches of closed organisations, in the order in which they were sent.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn open_approaches(connection: &mut Connection) -> Result<Vec<Approach>> {
    let rows = approaches::table
        .filter(approaches::state.eq(ApproachState::Sent.as_str()))
        .filter(approach_has_closed_end())
        .order(approaches::sequence.asc())
        .load::<ApproachRow>(&mut connection.database)
        .map_err(failed(
            "reading the open approaches of closed organisations",
        ))?;
    kept_approaches::with_topics(connection, rows)
}

/// Returns the active partnerships of closed organisations, in the order in which they were opened.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn active_partnerships(connection: &mut Connection) -> Result<Vec<Partnership>> {
    let rows = partnerships::table
        .filter(partnerships::state.eq(PartnershipState::Active.as_str()))
        .filter(partnership_has_closed_end())
        .order(partnerships::sequence.asc())
        .load::<PartnershipRow>(&mut connection.database)
        .map_err(failed("reading the partnerships of closed organisations"))?;
    kept_partnerships::with_topics(connection, rows)
}

/// Returns the exclusions by and of closed organisations: whose, and of whom.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn exclusions(connection: &mut Connection) -> Result<Vec<(OdsCode, OdsCode)>> {
    let rows: Vec<(String, String)> = exclusions::table
        .filter(exclusion_has_closed_end())
        .order((exclusions::ods_code.asc(), exclusions::excluded.asc()))
        .select((exclusions::ods_code, exclusions::excluded))
        .load(&mut connection.database)
        .map_err(failed("reading the exclusions of closed organisations"))?;
    rows.iter()
        .map(|(site, excluded)| {
            let key = [site.as_str(), excluded.as_str()];
            let row = Stored::new(EXCLUSIONS, &key);
            Ok((row.parse(site)?, row.parse(excluded)?))
        })
        .collect()
}

/// Which of these organisations are active.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn active_among(
    connection: &mut Connection,
    codes: &BTreeSet<OdsCode>,
) -> Result<BTreeSet<OdsCode>> {
    let texts: Vec<&str> = codes.iter().map(OdsCode::as_str).collect();
    let mut active = BTreeSet::new();
    for texts in texts.chunks(MAX_CODES) {
        let found: Vec<String> = organisations::table
            .filter(organisations::ods_code.eq_any(texts))
            .filter(organisations::status.eq(Status::Active.as_str()))
            .select(organisations::ods_code)
            .load(&mut connection.database)
            .map_err(failed("reading which organisations are active"))?;
        for text in found {
            active.insert(Stored::new("organisations", &[&text]).parse(&text)?);
        }
    }
    Ok(active)
}

/// Returns which closed organisations wait to be told a successor, and since when.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn waiting(connection: &mut Connection) -> Result<BTreeMap<OdsCode, DateTime<Utc>>> {
    let rows: Vec<(String, NaiveDateTime)> = closures_waiting::table
        .load(&mut connection.database)
        .map_err(failed("reading which closures wait"))?;
    rows.iter()
        .map(|(code, at)| {
            let code = Stored::new("closures_waiting", &[code]).parse(code)?;
            Ok((code, at.and_utc()))
        })
        .collect()
}

/// Keeps that a closed organisation waits to be told a successor from a moment on.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn begin_to_wait(connection: &mut Connection, code: OdsCode, at: DateTime<Utc>) -> Result<()> {
    let row = (
        closures_waiting::ods_code.eq(code.as_str()),
        closures_waiting::noticed_at.eq(at.naive_utc().trunc_subsecs(6)),
    );
    each_backend!(connection, c => diesel::insert_into(closures_waiting::table).values(row).execute(c))
        .map_err(failed("keeping that a closure waits"))?;
    Ok(())
}

/// Keeps that an organisation waits no more.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn stop_waiting(connection: &mut Connection, code: OdsCode) -> Result<()> {
    diesel::delete(closures_waiting::table.find(code.as_str()))
        .execute(&mut connection.database)
        .map_err(failed("keeping that a closure waits no more"))?;
    Ok(())
}

/// Puts a partnership with other ends in the place of the one with its id. What a side said stays the side's: its check-ins, and
/// of what it was reminded, go to who follows it.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn move_partnership(
    connection: &mut Connection,
    after: &Partnership,
    steps: &[(OdsCode, OdsCode)],
) -> Result<()> {
    kept_partnerships::replace(connection, after)?;
    for (from, to) in steps {
        let said = check_ins::table
            .filter(check_ins::partnership_id.eq(&after.id))
            .filter(check_ins::ods_code.eq(from.as_str()));
        diesel::update(said)
            .set(check_ins::ods_code.eq(to.as_str()))
            .execute(&mut connection.database)
            .map_err(failed("moving check-ins"))?;
        let reminded = partnership_reminders::table
            .filter(partnership_reminders::partnership_id.eq(&after.id))
            .filter(partnership_reminders::ods_code.eq(from.as_str()));
        diesel::update(reminded)
            .set(partnership_reminders::ods_code.eq(to.as_str()))
            .execute(&mut connection.database)
            .map_err(failed("moving reminders"))?;
    }
    Ok(())
}

/// Where the reason of an exclusion is sealed.
fn reason_place(id: &str) -> Place<'_> {
    Place {
        table: EXCLUSIONS,
        id,
        column: "reason",
    }
}

/// Puts exclusions in the place of one, its reason with each; where there is such a one already, that stays as it is.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn move_exclusion(
    connection: &mut Connection,
    (site, excluded): (OdsCode, OdsCode),
    followers: &[(OdsCode, OdsCode)],
) -> Result<()> {
    let old = exclusions::table.find((site.as_str(), excluded.as_str()));
    let row: Option<(Option<String>, NaiveDateTime)> = old
        .select((exclusions::sealed_reason, exclusions::created_at))
        .first(&mut connection.database)
        .optional()
        .map_err(failed("reading an exclusion"))?;
    let Some((sealed_reason, created_at)) = row else {
        return Ok(());
    };
    let id = format!("{site}/{excluded}");
    let reason = sealed::show(connection, reason_place(&id), sealed_reason.as_deref())?;
    diesel::delete(old)
        .execute(&mut connection.database)
        .map_err(failed("moving an exclusion"))?;
    note_exclusion(connection, (site, excluded), Change::Gone);
    for &(site, excluded) in followers {
        let new = exclusions::table.find((site.as_str(), excluded.as_str()));
        let is_there: bool = diesel::select(exists(new))
            .get_result(&mut connection.database)
            .map_err(failed("looking for an exclusion"))?;
        if is_there {
            continue;
        }
        let id = format!("{site}/{excluded}");
        let row = (
            exclusions::ods_code.eq(site.to_string()),
            exclusions::excluded.eq(excluded.to_string()),
            exclusions::sealed_reason.eq(sealed::hide(
                connection,
                reason_place(&id),
                reason.as_deref(),
            )?),
            exclusions::created_at.eq(created_at),
            exclusions::version.eq(1_i64),
        );
        each_backend!(connection, c => diesel::insert_into(exclusions::table).values(row).execute(c))
            .map_err(failed("moving an exclusion"))?;
        note_exclusion(connection, (site, excluded), Change::Made);
    }
    Ok(())
}

/// What became of an exclusion.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Made,
    Gone,
}

/// In the audit of whose it is alone.
fn note_exclusion(
    connection: &mut Connection,
    (site, excluded): (OdsCode, OdsCode),
    change: Change,
) {
    let shown: Value = json!({ "excluded": excluded.as_str() });
    let (before, after) = match change {
        Change::Made => (None, Some(shown)),
        Change::Gone => (Some(shown), None),
    };
    let entry = Entry {
        kind: EXCLUSIONS,
        id: excluded.to_string(),
        ods_code: Some(site),
        before,
        after,
    };
    audit::note(connection, entry);
}
