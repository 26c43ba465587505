//! Who is to be reminded of what: an approach that soon expires, a partnership that nears its planned end, a word that is due.
//!
//! A reminder changes nothing that anybody sees or agreed to, so versions stay as they are. Each is given once: what was
//! reminded of is kept in the transaction that tells of it.

use chrono::{DateTime, Days, NaiveDate, SubsecRound as _, Utc};
use diesel::dsl::sql;
use diesel::sql_types::{Bool, Timestamp};
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::approach::{self, Approach, ApproachState};
use crate::domain::error::Result;
use crate::domain::event::EventKind;
use crate::domain::ids::OdsCode;
use crate::domain::partnership::{
    CHECK_IN_DUE_AFTER, ENDING_REMINDED_BEFORE, Partnership, PartnershipState,
};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::failed;
use crate::storage::rows::approach::ApproachRow;
use crate::storage::rows::partnership::PartnershipRow;
use crate::storage::schema::{approaches, check_ins, partnership_reminders, partnerships};
use crate::storage::told::{self, Happened};
use crate::storage::{approaches as kept_approaches, partnerships as kept_partnerships};

/// What a side of a partnership is reminded of, as it is kept.
const ENDING: &str = "ending";
const CHECK_IN_DUE: &str = "check_in_due";

/// A side of a partnership that has said nothing for long.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// The partnership.
    pub partnership: Partnership,
    /// Which of the two.
    pub side: OdsCode,
    /// The day of its last check-in; `None` where it never made one.
    pub last_check_in: Option<NaiveDate>,
}

/// Returns open approaches that expire soon and of which the recipient was not reminded, the most urgent first, at most so many.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn approaches_due(
    connection: &mut Connection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Approach>> {
    let soon = now + approach::REMINDED_BEFORE;
    let rows = approaches::table
        .filter(approaches::state.eq(ApproachState::Sent.as_str()))
        .filter(approaches::expires_at.gt(now.naive_utc()))
        .filter(approaches::expires_at.le(soon.naive_utc()))
        .filter(approaches::reminded_at.is_null())
        .order((approaches::expires_at.asc(), approaches::sequence.asc()))
        .limit(limit)
        .load::<ApproachRow>(&mut connection.database)
        .map_err(failed("looking for approaches that soon expire"))?;
    kept_approaches::with_topics(connection, rows)
}

/// Reminds the recipient of an approach. One that excludes the sender was never told of it and is told nothing, but what is
/// kept is the same.
///
/// # Errors
///
/// As [`approaches_due`].
pub fn remind_of_approach(
    connection: &mut Connection,
    approach: &Approach,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(approaches::table.find(&approach.id))
        .set(approaches::reminded_at.eq(now.naive_utc().trunc_subsecs(6)))
        .execute(&mut connection.database)
        .map_err(failed("keeping that a site was reminded"))?;
    let recipient = told::recipient(connection, approach.to, approach.from)?;
    Happened::to_approach(EventKind::ApproachReminder, approach, now).tell(connection, recipient)
}

/// Returns partnerships that near their planned end and whose sides were not reminded of that day, the most urgent first, at
/// most so many.
///
/// # Errors
///
/// As [`approaches_due`].
pub fn endings_due(
    connection: &mut Connection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Partnership>> {
    let soon = (now + ENDING_REMINDED_BEFORE).date_naive();
    let is_untold = sql::<Bool>(
        "NOT EXISTS (SELECT 1 FROM partnership_reminders r WHERE r.partnership_id = partnerships.id \
         AND r.kind = 'ending' AND r.about = partnerships.planned_end)",
    );
    let rows = partnerships::table
        .filter(partnerships::state.eq(PartnershipState::Active.as_str()))
        .filter(partnerships::planned_end.le(soon))
        .filter(is_untold)
        .order((
            partnerships::planned_end.asc(),
            partnerships::sequence.asc(),
        ))
        .limit(limit)
        .load::<PartnershipRow>(&mut connection.database)
        .map_err(failed("looking for partnerships that near their end"))?;
    kept_partnerships::with_topics(connection, rows)
}

/// Reminds both sides that a partnership nears its planned end; where they put that off they are reminded of the new day.
///
/// # Errors
///
/// As [`approaches_due`].
pub fn remind_of_ending(
    connection: &mut Connection,
    partnership: &Partnership,
    now: DateTime<Utc>,
) -> Result<()> {
    let sides = [partnership.ends.0, partnership.ends.1];
    let about = partnership.planned_end.unwrap_or(now.date_naive());
    for side in sides {
        keep(connection, (partnership, side), (ENDING, about), now)?;
    }
    Happened::to_partnership(EventKind::PartnershipEnding, partnership, now)
        .tell_sites(connection, sides)
}

/// Returns sides of active partnerships that neither checked in nor were reminded of it for [`CHECK_IN_DUE_AFTER`], counted from
/// the first day, in the order in which the partnerships were opened, at most so many of each end.
///
/// # Errors
///
/// As [`approaches_due`].
pub fn check_ins_due(
    connection: &mut Connection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Silence>> {
    let first = (
        "NOT EXISTS (SELECT 1 FROM check_ins c WHERE c.partnership_id = partnerships.id \
         AND c.ods_code = partnerships.a_code AND c.made_at > ",
        "NOT EXISTS (SELECT 1 FROM partnership_reminders r WHERE r.partnership_id = partnerships.id \
         AND r.kind = 'check_in_due' AND r.ods_code = partnerships.a_code AND r.reminded_at > ",
    );
    let second = (
        "NOT EXISTS (SELECT 1 FROM check_ins c WHERE c.partnership_id = partnerships.id \
         AND c.ods_code = partnerships.b_code AND c.made_at > ",
        "NOT EXISTS (SELECT 1 FROM partnership_reminders r WHERE r.partnership_id = partnerships.id \
         AND r.kind = 'check_in_due' AND r.ods_code = partnerships.b_code AND r.reminded_at > ",
    );
    let since = now - CHECK_IN_DUE_AFTER;
    let mut silent = |(no_word, no_reminder): (&str, &str)| {
        let no_word = sql::<Bool>(no_word)
            .bind::<Timestamp, _>(since.naive_utc())
            .sql(")");
        let no_reminder = sql::<Bool>(no_reminder)
            .bind::<Timestamp, _>(since.naive_utc())
            .sql(")");
        let rows = partnerships::table
            .filter(partnerships::state.eq(PartnershipState::Active.as_str()))
            .filter(partnerships::started_on.le(since.date_naive()))
            .filter(no_word)
            .filter(no_reminder)
            .order(partnerships::sequence.asc())
            .limit(limit)
            .load::<PartnershipRow>(&mut connection.database)
            .map_err(failed("looking for partnerships without a check-in"))?;
        kept_partnerships::with_topics(connection, rows)
    };
    let (first, second) = (silent(first)?, silent(second)?);
    let first = first.into_iter().map(|found| (found.ends.0, found));
    let second = second.into_iter().map(|found| (found.ends.1, found));
    let mut due = Vec::new();
    for (side, partnership) in first.chain(second) {
        due.push(Silence {
            last_check_in: last_check_in(connection, &partnership, side)?,
            partnership,
            side,
        });
    }
    Ok(due)
}

fn last_check_in(
    connection: &mut Connection,
    partnership: &Partnership,
    side: OdsCode,
) -> Result<Option<NaiveDate>> {
    let last: Option<chrono::NaiveDateTime> = check_ins::table
        .filter(check_ins::partnership_id.eq(&partnership.id))
        .filter(check_ins::ods_code.eq(side.as_str()))
        .select(diesel::dsl::max(check_ins::made_at))
        .first(&mut connection.database)
        .map_err(failed("reading the last check-in"))?;
    Ok(last.map(|at| at.date()))
}

/// Reminds a side that a word of it is due.
///
/// # Errors
///
/// As [`approaches_due`].
pub fn remind_to_check_in(
    connection: &mut Connection,
    silence: &Silence,
    now: DateTime<Utc>,
) -> Result<()> {
    let Silence {
        partnership,
        side,
        last_check_in,
    } = silence;
    let quiet_since = last_check_in
        .unwrap_or(partnership.started_on)
        .max(partnership.started_on);
    let after = Days::new(CHECK_IN_DUE_AFTER.num_days().unsigned_abs());
    let about = quiet_since
        .checked_add_days(after)
        .unwrap_or(now.date_naive());
    keep(connection, (partnership, *side), (CHECK_IN_DUE, about), now)?;
    Happened::to_partnership(EventKind::CheckInDue, partnership, now)
        .with("lastCheckIn", last_check_in.map(|day| day.to_string()))
        .tell_sites(connection, [*side])
}

/// Keeps of what a side was reminded.
fn keep(
    connection: &mut Connection,
    (partnership, side): (&Partnership, OdsCode),
    (kind, about): (&str, NaiveDate),
    now: DateTime<Utc>,
) -> Result<()> {
    let at = now.naive_utc().trunc_subsecs(6);
    let row = (
        partnership_reminders::partnership_id.eq(&partnership.id),
        partnership_reminders::ods_code.eq(side.as_str()),
        partnership_reminders::kind.eq(kind),
        partnership_reminders::about.eq(about),
        partnership_reminders::reminded_at.eq(at),
    );
    diesel::delete(partnership_reminders::table.find((&partnership.id, side.as_str(), kind)))
        .execute(&mut connection.database)
        .map_err(failed("keeping that a site was reminded"))?;
    each_backend!(connection, c => diesel::insert_into(partnership_reminders::table).values(row).execute(c))
        .map_err(failed("keeping that a site was reminded"))?;
    diesel::update(partnerships::table.find(&partnership.id))
        .set(partnerships::reminded_at.eq(at))
        .execute(&mut connection.database)
        .map_err(failed("keeping that a site was reminded"))?;
    Ok(())
}
