//! What closed organisations leave open, and how it goes to who follows them. Who that is, is not decided here.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, Utc};
use diesel::dsl::{exists, sql};
use diesel::expression::SqlLiteral;
use diesel::sql_types::Bool;
use diesel::{ExpressionMethods as _, JoinOnDsl as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::approach::{Approach, ApproachState};
use crate::domain::error::Result;
use crate::domain::exclusion::Exclusion;
use crate::domain::ids::OdsCode;
use crate::domain::organisation::Status;
use crate::domain::partnership::{Partnership, PartnershipState};
use crate::domain::version::{Expected, Version};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::exclusions::ExclusionRow;
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::approach::ApproachRow;
use crate::storage::rows::partnership::PartnershipRow;
use crate::storage::schema::{
    approaches, check_ins, closures_waiting, exclusions, organisations, partnership_reminders,
    partnerships, shortlist_entries, successions,
};
use crate::storage::{
    approaches as kept_approaches, exclusions as kept_exclusions,
    partnerships as kept_partnerships, shortlist,
};

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

fn candidate_is_closed() -> SqlLiteral<Bool> {
    sql(
        "EXISTS (SELECT 1 FROM organisations o WHERE o.ods_code = shortlist_entries.candidate \
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
    if has_exclusions {
        return Ok(true);
    }
    let shortlisted = shortlist_entries::table.filter(candidate_is_closed());
    let has_shortlisted: bool = diesel::select(exists(shortlisted))
        .get_result(&mut connection.database)
        .map_err(failed(WHAT))?;
    Ok(has_shortlisted || !waiting(connection)?.is_empty())
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
    pairs("exclusions", &rows)
}

/// The codes of rows.
fn pairs(table: &'static str, rows: &[(String, String)]) -> Result<Vec<(OdsCode, OdsCode)>> {
    rows.iter()
        .map(|(site, other)| {
            let key = [site.as_str(), other.as_str()];
            let row = Stored::new(table, &key);
            Ok((row.parse(site)?, row.parse(other)?))
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

/// Returns an organisation and the closed ones that it followed, one after another: what was said of them holds for it.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn with_closed_predecessors(
    connection: &mut Connection,
    code: OdsCode,
) -> Result<Vec<OdsCode>> {
    let mut found = vec![code];
    let mut n_looked_at = 0;
    while n_looked_at < found.len() {
        let rows: Vec<String> = successions::table
            .inner_join(
                organisations::table.on(organisations::ods_code.eq(successions::predecessor)),
            )
            .filter(organisations::status.ne(Status::Active.as_str()))
            .filter(successions::successor.eq_any(found[n_looked_at..].iter().map(OdsCode::as_str)))
            .select(successions::predecessor)
            .load(&mut connection.database)
            .map_err(failed("reading whom an organisation followed"))?;
        n_looked_at = found.len();
        for text in &rows {
            let predecessor = Stored::new("successions", &[text]).parse(text)?;
            if !found.contains(&predecessor) {
                found.push(predecessor);
            }
        }
    }
    Ok(found)
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

/// Puts exclusions in the place of one, its reason with each; where there is such a one already, that stays as it is. How many a
/// site may have is no matter here: nobody is to lose one by a merger.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn move_exclusion(
    connection: &mut Connection,
    (site, excluded): (OdsCode, OdsCode),
    successors: &[(OdsCode, OdsCode)],
) -> Result<()> {
    let Some(before) = kept_exclusions::find(connection, (site, excluded))? else {
        return Ok(());
    };
    diesel::delete(exclusions::table.find((site.as_str(), excluded.as_str())))
        .execute(&mut connection.database)
        .map_err(failed("moving an exclusion"))?;
    kept_exclusions::note(connection, Some(&before), None);
    for &(ods_code, excluded) in successors {
        if kept_exclusions::find(connection, (ods_code, excluded))?.is_some() {
            continue;
        }
        let after = Exclusion {
            ods_code,
            excluded,
            version: Version(1),
            ..before.clone()
        };
        let row = ExclusionRow::new(connection, &after)?;
        each_backend!(connection, c => diesel::insert_into(exclusions::table).values(row).execute(c))
            .map_err(failed("moving an exclusion"))?;
        kept_exclusions::note(connection, None, Some(&after));
    }
    Ok(())
}

/// Returns who keeps a closed organisation on its shortlist, and which.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn shortlisted(connection: &mut Connection) -> Result<Vec<(OdsCode, OdsCode)>> {
    let rows: Vec<(String, String)> = shortlist_entries::table
        .filter(candidate_is_closed())
        .order((
            shortlist_entries::ods_code.asc(),
            shortlist_entries::place.asc(),
        ))
        .select((shortlist_entries::ods_code, shortlist_entries::candidate))
        .load(&mut connection.database)
        .map_err(failed("reading who is on shortlists"))?;
    pairs("shortlist_entries", &rows)
}

/// Whether an organisation is on a site's shortlist.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn is_shortlisted(
    connection: &mut Connection,
    (site, candidate): (OdsCode, OdsCode),
) -> Result<bool> {
    let entry = shortlist_entries::table.find((site.as_str(), candidate.as_str()));
    diesel::select(exists(entry))
        .get_result(&mut connection.database)
        .map_err(failed("reading who is on shortlists"))
}

/// Puts another organisation in the place of one on a site's shortlist, with the site's name for it and its note.
///
/// # Errors
///
/// As [`is_anything_left`].
pub fn replace_on_shortlist(
    connection: &mut Connection,
    site: OdsCode,
    (candidate, successor): (OdsCode, OdsCode),
) -> Result<()> {
    shortlist::change(connection, site, &Expected::Any, |list| {
        let entries = list.entries.iter_mut();
        for entry in entries.filter(|entry| entry.candidate == candidate) {
            entry.candidate = successor;
        }
        Ok(())
    })?;
    Ok(())
}
