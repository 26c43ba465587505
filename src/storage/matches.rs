//! Matches as programme admins list them: approaches, each with its partnership, the last check-ins and its review.
//!
//! Every filter is the database's to apply, so that a page costs what is on it and one count. What an approach says now and
//! what it said when it was written down differ once it has expired: the moment is part of every question.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, Utc};
use diesel::dsl::sql;
use diesel::sql_types::{Bool, Double, Timestamp};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _,
};

use crate::domain::approach::{Approach, ApproachReason, ApproachState, COOL_OFF};
use crate::domain::board::{
    FAR_KM, HistoryEntry, LOW_COVERAGE, LatestUsefulness, MatchFlag, MatchOrder, MatchPlace,
    MatchQuery, ONE_SIDED, OVER_ASKED, STALLED_APPROACH, STALLED_PARTNERSHIP, StoredMatch,
};
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::partnership::{Partnership, Usefulness};
use crate::storage::approaches::with_topics;
use crate::storage::audit::AuditRow;
use crate::storage::connection::{Backend, Connection};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::approach::ApproachRow;
use crate::storage::rows::partnership::PartnershipRow;
use crate::storage::schema::{api_keys, approaches, audit, check_ins, partnerships};
use crate::storage::{match_reviews as reviews, names, partnerships as kept_partnerships};

/// What a match is called where it is not there.
const WHAT: &str = "match";

/// The most ids in one statement; each is one of its values, of which SQLite takes 32,766.
const MAX_IDS: usize = 10_000;

type Selection<'a> = approaches::BoxedQuery<'a, Backend>;

/// A place in the order by fit: those without a fit order after all others.
fn fit_key() -> diesel::expression::SqlLiteral<Double> {
    sql::<Double>("coalesce(approaches.fit_expected, -1.0)")
}

/// Returns `limit` matches after a place, and whether more follow.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn page(
    connection: &mut Connection,
    query: &MatchQuery,
    after: Option<MatchPlace>,
    limit: usize,
    now: DateTime<Utc>,
) -> Result<(Vec<StoredMatch>, bool)> {
    let mut selected = filtered(connection, query, now)?;
    if let Some(MatchPlace { fit, sequence }) = after {
        selected = match query.order {
            MatchOrder::Newest => selected.filter(approaches::sequence.lt(sequence)),
            MatchOrder::Age => selected.filter(approaches::sequence.gt(sequence)),
            MatchOrder::Fit => selected.filter(
                fit_key()
                    .lt(fit)
                    .or(fit_key().eq(fit).and(approaches::sequence.lt(sequence))),
            ),
        };
    }
    selected = match query.order {
        MatchOrder::Newest => selected.order(approaches::sequence.desc()),
        MatchOrder::Age => selected.order(approaches::sequence.asc()),
        MatchOrder::Fit => selected.order((fit_key().desc(), approaches::sequence.desc())),
    };
    let mut rows = selected
        // One more than asked for tells whether more follow.
        .limit(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .load::<ApproachRow>(&mut connection.database)
        .map_err(failed("reading the matches"))?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let found = with_topics(connection, rows)?;
    Ok((with_the_rest(connection, found, now)?, has_more))
}

/// Counts the matches of a query.
///
/// # Errors
///
/// As [`page`].
pub fn count(connection: &mut Connection, query: &MatchQuery, now: DateTime<Utc>) -> Result<u64> {
    let n: i64 = filtered(connection, query, now)?
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("counting the matches"))?;
    Ok(u64::try_from(n).unwrap_or_default())
}

/// Returns one match by its id, that of the approach.
///
/// # Errors
///
/// [`Error::Missing`] where there is none; as [`page`].
pub fn find(connection: &mut Connection, id: &str, now: DateTime<Utc>) -> Result<StoredMatch> {
    let row = approaches::table
        .find(id)
        .first::<ApproachRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading a match"))?;
    let found = with_topics(connection, row.into_iter().collect())?;
    let found = with_the_rest(connection, found, now)?.pop();
    found.ok_or_else(|| missing(id))
}

/// Fails where there is no match of this id.
///
/// # Errors
///
/// [`Error::Missing`] where there is none; as [`page`].
pub fn require(connection: &mut Connection, id: &str) -> Result<()> {
    let n: i64 = approaches::table
        .find(id)
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("looking for a match"))?;
    if n == 0 { Err(missing(id)) } else { Ok(()) }
}

fn missing(id: &str) -> Error {
    Error::Missing {
        what: WHAT,
        id: id.to_owned(),
    }
}

/// The approaches for which every part of a query holds.
pub(super) fn filtered(
    connection: &mut Connection,
    query: &MatchQuery,
    now: DateTime<Utc>,
) -> Result<Selection<'static>> {
    let mut selected = approaches::table.into_boxed();
    if let Some(state) = query.state {
        selected = in_state(selected, state, now);
    }
    if let Some(state) = query.partnership {
        let with = sql::<Bool>(
            "approaches.id IN (SELECT p.approach_id FROM partnerships p WHERE p.state = ",
        )
        .bind::<diesel::sql_types::Text, _>(state.as_str())
        .sql(")");
        selected = selected.filter(with);
    }
    if let Some(kind) = query.kind {
        selected = selected.filter(approaches::kind.eq(kind.as_str()));
    }
    if let Some(programme) = &query.programme {
        selected = selected.filter(approaches::programme.eq(programme.to_string()));
    }
    if let Some(code) = query.ods_code {
        let code = code.to_string();
        selected = selected.filter(
            approaches::from_code
                .eq(code.clone())
                .or(approaches::to_code.eq(code)),
        );
    }
    for (column, board) in [("icb_code", &query.icb), ("region_code", &query.region)] {
        if let Some(board) = board {
            let members = format!("IN (SELECT ods_code FROM organisations WHERE {column} = ");
            let either = sql::<Bool>(&format!("(approaches.from_code {members}"))
                .bind::<diesel::sql_types::Text, _>(board.to_string())
                .sql(&format!(") OR approaches.to_code {members}"))
                .bind::<diesel::sql_types::Text, _>(board.to_string())
                .sql("))");
            selected = selected.filter(either);
        }
    }
    if let Some(flag) = query.flag {
        selected = flagged(connection, selected, flag, now)?;
    }
    if let Some(assignee) = &query.assignee {
        let assigned = sql::<Bool>(
            "approaches.id IN (SELECT approach_id FROM match_reviews WHERE assignee = ",
        )
        .bind::<diesel::sql_types::Text, _>(assignee.clone())
        .sql(")");
        selected = selected.filter(assigned);
    }
    if let Some(resolved) = query.resolved {
        let not = if resolved { "" } else { "NOT " };
        selected = selected.filter(sql::<Bool>(&format!(
            "{not}EXISTS (SELECT 1 FROM match_reviews r WHERE r.approach_id = approaches.id AND r.resolution IS NOT NULL)"
        )));
    }
    if let Some(from) = query.from {
        selected = selected.filter(approaches::sent_at.ge(from.and_time(NaiveTime::MIN)));
    }
    if let Some(after) = query
        .until
        .and_then(|day| day.checked_add_days(Days::new(1)))
    {
        selected = selected.filter(approaches::sent_at.lt(after.and_time(NaiveTime::MIN)));
    }
    Ok(selected)
}

/// Those that are in a state at a moment, be it written down or not.
fn in_state(
    selected: Selection<'static>,
    state: ApproachState,
    now: DateTime<Utc>,
) -> Selection<'static> {
    let now = now.naive_utc();
    let is_sent = approaches::state.eq(ApproachState::Sent.as_str());
    match state {
        ApproachState::Sent => selected.filter(is_sent.and(approaches::expires_at.gt(now))),
        ApproachState::Expired => selected.filter(
            approaches::state
                .eq(state.as_str())
                .or(is_sent.and(approaches::expires_at.le(now))),
        ),
        ApproachState::Accepted
        | ApproachState::Declined
        | ApproachState::Withdrawn
        | ApproachState::Ended => selected.filter(approaches::state.eq(state.as_str())),
    }
}

/// Those with a flag; the conditions are those of [`StoredMatch::flags`], which a test compares.
fn flagged(
    connection: &mut Connection,
    selected: Selection<'static>,
    flag: MatchFlag,
    now: DateTime<Utc>,
) -> Result<Selection<'static>> {
    let is_open = |selected| in_state(selected, ApproachState::Sent, now);
    Ok(match flag {
        MatchFlag::LowCoverage => selected.filter(approaches::coverage.lt(LOW_COVERAGE)),
        MatchFlag::OneSided => selected.filter(
            (approaches::from_fit - approaches::to_fit)
                .ge(ONE_SIDED)
                .or((approaches::to_fit - approaches::from_fit).ge(ONE_SIDED)),
        ),
        MatchFlag::Far => selected.filter(approaches::distance_km.gt(FAR_KM)),
        MatchFlag::OverAsked => {
            let asked = n_open_by_recipient(connection, now)?;
            let over: Vec<String> = asked
                .into_iter()
                .filter(|(_, n)| *n >= OVER_ASKED)
                .map(|(code, _)| code)
                .collect();
            is_open(selected).filter(approaches::to_code.eq_any(over))
        }
        MatchFlag::Stalled => {
            let waits = (now - STALLED_APPROACH).naive_utc();
            let latest = now - STALLED_PARTNERSHIP;
            let quiet = sql::<Bool>(
                "approaches.id IN (SELECT p.approach_id FROM partnerships p WHERE p.state = 'active' \
                 AND p.started_on < ",
            )
            .bind::<diesel::sql_types::Date, _>(latest.date_naive())
            .sql(" AND NOT EXISTS (SELECT 1 FROM check_ins c WHERE c.partnership_id = p.id AND c.made_at >= ")
            .bind::<Timestamp, _>(latest.naive_utc())
            .sql("))");
            selected.filter(
                approaches::state
                    .eq(ApproachState::Sent.as_str())
                    .and(approaches::expires_at.gt(now.naive_utc()))
                    .and(approaches::sent_at.lt(waits))
                    .or(quiet),
            )
        }
        MatchFlag::CooledOff => selected
            .filter(approaches::state.eq(ApproachState::Declined.as_str()))
            .filter(approaches::reason.eq(ApproachReason::NotAFit.as_str()))
            .filter(approaches::answered_at.gt((now - COOL_OFF).naive_utc())),
    })
}

/// How many approaches wait for each recipient's answer at a moment.
pub(super) fn n_open_by_recipient(
    connection: &mut Connection,
    now: DateTime<Utc>,
) -> Result<HashMap<String, u32>> {
    let rows: Vec<(String, i64)> = approaches::table
        .filter(approaches::state.eq(ApproachState::Sent.as_str()))
        .filter(approaches::expires_at.gt(now.naive_utc()))
        .group_by(approaches::to_code)
        .select((approaches::to_code, diesel::dsl::count_star()))
        .load(&mut connection.database)
        .map_err(failed("counting open approaches"))?;
    Ok(rows
        .into_iter()
        .map(|(code, n)| (code, u32::try_from(n).unwrap_or(u32::MAX)))
        .collect())
}

/// Adds to approaches what makes them matches, with one query for each sort of thing.
fn with_the_rest(
    connection: &mut Connection,
    found: Vec<Approach>,
    now: DateTime<Utc>,
) -> Result<Vec<StoredMatch>> {
    let ids: Vec<&str> = found.iter().map(|approach| approach.id.as_str()).collect();
    let mut partnerships = partnerships_of(connection, &ids)?;
    let mut reviews = reviews::of(connection, &ids)?;
    let names = names::of(connection, found.iter().flat_map(|a| [a.from, a.to]))?;
    let recipients = found.iter().map(|approach| approach.to);
    let open = n_open_to(connection, recipients, now)?;
    let kept: Vec<&str> = partnerships.values().map(|p| p.id.as_str()).collect();
    let words = last_words(connection, &kept)?;
    let name = |code: OdsCode| names.get(&code).cloned().unwrap_or_default();
    let matches = found.into_iter().map(|approach| {
        let partnership = partnerships.remove(&approach.id);
        let words = partnership.as_ref().and_then(|p| words.get(&p.id));
        let of = |code: OdsCode| words.and_then(|w| w.by_side.get(&code).copied());
        StoredMatch {
            from_name: name(approach.from),
            to_name: name(approach.to),
            usefulness: LatestUsefulness {
                from: of(approach.from),
                to: of(approach.to),
            },
            checked_in_at: words.map(|words| words.last_at.and_utc()),
            review: reviews.remove(&approach.id).unwrap_or_default(),
            open_to_recipient: open.get(&approach.to).copied().unwrap_or_default(),
            partnership,
            approach,
        }
    });
    Ok(matches.collect())
}

/// The partnerships that came of approaches, by approach.
fn partnerships_of(
    connection: &mut Connection,
    ids: &[&str],
) -> Result<BTreeMap<String, Partnership>> {
    let mut found = BTreeMap::new();
    for ids in ids.chunks(MAX_IDS) {
        let rows = partnerships::table
            .filter(partnerships::approach_id.eq_any(ids))
            .order(partnerships::sequence.asc())
            .load::<PartnershipRow>(&mut connection.database)
            .map_err(failed("reading the partnerships of matches"))?;
        for partnership in kept_partnerships::with_topics(connection, rows)? {
            found.insert(partnership.approach_id.clone(), partnership);
        }
    }
    Ok(found)
}

/// How many approaches wait for the answers of some recipients.
fn n_open_to(
    connection: &mut Connection,
    codes: impl Iterator<Item = OdsCode>,
    now: DateTime<Utc>,
) -> Result<HashMap<OdsCode, u32>> {
    let mut codes: Vec<OdsCode> = codes.collect();
    codes.sort_unstable();
    codes.dedup();
    let mut open = HashMap::new();
    for codes in codes.chunks(MAX_IDS) {
        let rows: Vec<(String, i64)> = approaches::table
            .filter(approaches::to_code.eq_any(codes.iter().map(OdsCode::as_str)))
            .filter(approaches::state.eq(ApproachState::Sent.as_str()))
            .filter(approaches::expires_at.gt(now.naive_utc()))
            .group_by(approaches::to_code)
            .select((approaches::to_code, diesel::dsl::count_star()))
            .load(&mut connection.database)
            .map_err(failed("counting open approaches"))?;
        for (code, n) in rows {
            let key = [code.as_str()];
            let code: OdsCode = Stored::new("approaches", &key).parse(&code)?;
            open.insert(code, u32::try_from(n).unwrap_or(u32::MAX));
        }
    }
    Ok(open)
}

/// What the sides of a partnership said last.
struct LastWords {
    by_side: HashMap<OdsCode, Usefulness>,
    last_at: NaiveDateTime,
}

/// The last check-ins of partnerships, by partnership.
fn last_words(connection: &mut Connection, ids: &[&str]) -> Result<HashMap<String, LastWords>> {
    let mut found: HashMap<String, LastWords> = HashMap::new();
    for ids in ids.chunks(MAX_IDS) {
        let rows: Vec<(String, String, NaiveDateTime, i64)> = check_ins::table
            .filter(check_ins::partnership_id.eq_any(ids))
            .order(check_ins::sequence.asc())
            .select((
                check_ins::partnership_id,
                check_ins::ods_code,
                check_ins::made_at,
                check_ins::usefulness,
            ))
            .load(&mut connection.database)
            .map_err(failed("reading the check-ins of matches"))?;
        for (id, code, made_at, usefulness) in rows {
            let key = [id.as_str()];
            let row = Stored::new("check_ins", &key);
            let code: OdsCode = row.parse(&code)?;
            let usefulness = Usefulness::new(usefulness)
                .ok_or_else(|| row.corrupt("its usefulness is not from 1 to 5"))?;
            let words = found.entry(id).or_insert_with(|| LastWords {
                by_side: HashMap::new(),
                last_at: made_at,
            });
            words.last_at = words.last_at.max(made_at);
            words.by_side.insert(code, usefulness);
        }
    }
    Ok(found)
}

/// Returns what happened to a match, the first first: what the audit keeps of its approach and its partnership, each change
/// once, though both sites have a row of it.
///
/// # Errors
///
/// As [`page`].
pub fn history(connection: &mut Connection, found: &StoredMatch) -> Result<Vec<HistoryEntry>> {
    let partnership = found.partnership.as_ref().map(|p| p.id.as_str());
    let subjects: Vec<&str> = [Some(found.approach.id.as_str()), partnership]
        .into_iter()
        .flatten()
        .collect();
    let rows = audit::table
        .filter(audit::subject_id.eq_any(subjects))
        .filter(audit::subject_kind.eq_any(["approaches", "partnerships"]))
        .order(audit::sequence.asc())
        .limit(MAX_HISTORY)
        .load::<AuditRow>(&mut connection.database)
        .map_err(failed("reading the history of a match"))?;
    let sides = sides_of(connection, &rows, &found.approach)?;
    let mut entries: Vec<(i64, HistoryEntry)> = Vec::new();
    for row in rows {
        let after: serde_json::Value = row
            .value_after
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let entry = HistoryEntry {
            side: row
                .actor
                .strip_prefix("key:")
                .and_then(|id| sides.get(id).copied()),
            action: row.action,
            at: row.recorded_at.and_utc(),
            is_partnership: row.subject_kind == "partnerships",
            state: after["state"].as_str().map(str::to_owned),
        };
        let change = (row.revision, entry);
        if entries.last() != Some(&change) && !entries.contains(&change) {
            entries.push(change);
        }
    }
    Ok(entries.into_iter().map(|(_, entry)| entry).collect())
}

/// The most rows of the audit that a history is made of: a partnership is renewed for years before it has as many.
const MAX_HISTORY: i64 = 1000;

/// Which of the two sides the keys belong to that changed something.
fn sides_of(
    connection: &mut Connection,
    rows: &[AuditRow],
    approach: &Approach,
) -> Result<HashMap<String, OdsCode>> {
    let ids: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.actor.strip_prefix("key:"))
        .collect();
    let keys: Vec<(String, Option<String>)> = api_keys::table
        .filter(api_keys::id.eq_any(ids))
        .select((api_keys::id, api_keys::ods_code))
        .load(&mut connection.database)
        .map_err(failed("reading the keys"))?;
    let side = |code: &str| {
        [approach.from, approach.to]
            .into_iter()
            .find(|side| side.as_str() == code)
    };
    Ok(keys
        .into_iter()
        .filter_map(|(id, code)| Some((id, side(&code?)?)))
        .collect())
}
