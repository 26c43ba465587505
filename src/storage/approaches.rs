//! Approaches as they are kept. The rules of who may do what and when are `app`'s and the domain's; here is what the database
//! must hold: one open approach of a pair.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _,
};
use serde_json::{Value, json};

use crate::domain::approach::{
    Approach, ApproachKind, ApproachReason, ApproachState, Folder, OpenApproaches, ProposedTopics,
};
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::storage::connection::{Backend, Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::approach::ApproachRow;
use crate::storage::schema::{approach_topics, approaches, exclusions};

/// The kind of these things in the audit.
pub const KIND: &str = "approaches";

/// What an approach is called where it is not there.
const WHAT: &str = "approach";

/// Returns an approach.
///
/// # Errors
///
/// [`Error::Missing`] where there is none of this id; [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn find(connection: &mut Connection, id: &str) -> Result<Approach> {
    let row = approaches::table
        .find(id)
        .first::<ApproachRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading an approach"))?;
    let row = row.ok_or_else(|| missing(id))?;
    let found = with_topics(connection, vec![row])?.pop();
    found.ok_or_else(|| missing(id))
}

/// The same, for one of the two sites; to others there is no such approach.
///
/// # Errors
///
/// As [`find`].
pub fn find_for(connection: &mut Connection, code: OdsCode, id: &str) -> Result<Approach> {
    let approach = find(connection, id)?;
    if approach.has_party(code) {
        Ok(approach)
    } else {
        Err(missing(id))
    }
}

fn missing(id: &str) -> Error {
    Error::Missing {
        what: WHAT,
        id: id.to_owned(),
    }
}

/// The approaches of rows, in their order, with one query for all their topics.
pub(super) fn with_topics(
    connection: &mut Connection,
    rows: Vec<ApproachRow>,
) -> Result<Vec<Approach>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let mut topics: BTreeMap<String, ProposedTopics> = BTreeMap::new();
    let found: Vec<(String, String, String)> = approach_topics::table
        .filter(approach_topics::approach_id.eq_any(ids))
        .select((
            approach_topics::approach_id,
            approach_topics::topic,
            approach_topics::direction,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading the topics of approaches"))?;
    for (id, topic, direction) in found {
        let key = [id.as_str()];
        let topic: Slug = Stored::new("approach_topics", &key).parse(&topic)?;
        let of = topics.entry(id).or_default();
        match direction.as_str() {
            "learn" => of.learn.push(topic),
            _ => of.give.push(topic),
        }
    }
    for of in topics.values_mut() {
        of.learn.sort_unstable();
        of.give.sort_unstable();
    }
    rows.into_iter()
        .map(|row| {
            let topics = topics.remove(&row.id).unwrap_or_default();
            row.into_domain(connection, topics)
        })
        .collect()
}

/// Returns the approach of a pair that is written down as open; whether it has expired meanwhile is for the caller to see.
///
/// # Errors
///
/// As [`find`].
pub fn open_of_pair(
    connection: &mut Connection,
    (one, other): (OdsCode, OdsCode),
) -> Result<Option<Approach>> {
    let row = approaches::table
        .filter(approaches::a_code.eq(one.min(other).as_str()))
        .filter(approaches::b_code.eq(one.max(other).as_str()))
        .filter(approaches::state.eq(ApproachState::Sent.as_str()))
        .first::<ApproachRow>(&mut connection.database)
        .optional()
        .map_err(failed("looking for an open approach"))?;
    Ok(with_topics(connection, row.into_iter().collect())?.pop())
}

/// Which of a site's approaches to list; everything that is given has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApproachQuery {
    /// Which of its folders.
    pub folder: Folder,
    /// What has become of them by now.
    pub state: Option<ApproachState>,
    /// To what.
    pub kind: Option<ApproachKind>,
    /// With whom.
    pub with: Option<OdsCode>,
}

/// Returns approaches of a site, the newest first, those before the place given, and whether older ones follow.
///
/// # Errors
///
/// As [`find`].
pub fn page(
    connection: &mut Connection,
    code: OdsCode,
    query: ApproachQuery,
    now: DateTime<Utc>,
    (before, limit): (Option<i64>, usize),
) -> Result<(Vec<Approach>, bool)> {
    let mut selected = in_folder(code, query.folder);
    if let Some(state) = query.state {
        selected = in_state(selected, state, now);
    }
    if let Some(kind) = query.kind {
        selected = selected.filter(approaches::kind.eq(kind.as_str()));
    }
    if let Some(with) = query.with {
        let is_other_end = approaches::from_code
            .eq(with.to_string())
            .or(approaches::to_code.eq(with.to_string()));
        selected = selected.filter(is_other_end);
    }
    let mut rows: Vec<ApproachRow> = selected
        .filter(approaches::sequence.lt(before.unwrap_or(i64::MAX)))
        .order(approaches::sequence.desc())
        // One more than asked for tells whether more follow.
        .limit(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .load(&mut connection.database)
        .map_err(failed("listing approaches"))?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Ok((with_topics(connection, rows)?, has_more))
}

type Selection = approaches::BoxedQuery<'static, Backend>;

/// The approaches of a folder: what comes from an excluded site is in a folder of its own (DESIGN 6).
fn in_folder(code: OdsCode, folder: Folder) -> Selection {
    let selected = approaches::table.into_boxed();
    let received = approaches::to_code.eq(code.to_string());
    let excluded = exclusions::table
        .filter(exclusions::ods_code.eq(code.to_string()))
        .select(exclusions::excluded);
    match folder {
        Folder::Outbox => selected.filter(approaches::from_code.eq(code.to_string())),
        Folder::Inbox => selected
            .filter(received)
            .filter(diesel::dsl::not(approaches::from_code.eq_any(excluded))),
        Folder::Excluded => selected
            .filter(received)
            .filter(approaches::from_code.eq_any(excluded)),
    }
}

/// Those in a state by now, whatever is written down of those whose time is over.
fn in_state(selected: Selection, state: ApproachState, now: DateTime<Utc>) -> Selection {
    let is_written = approaches::state.eq(state.as_str());
    let was_sent = approaches::state.eq(ApproachState::Sent.as_str());
    match state {
        ApproachState::Sent => selected
            .filter(is_written)
            .filter(approaches::expires_at.gt(now.naive_utc())),
        ApproachState::Expired => {
            selected.filter(is_written.or(was_sent.and(approaches::expires_at.le(now.naive_utc()))))
        }
        ApproachState::Accepted
        | ApproachState::Declined
        | ApproachState::Withdrawn
        | ApproachState::Ended => selected.filter(is_written),
    }
}

/// Counts the approaches by a site and to it that are open by now.
///
/// # Errors
///
/// As [`find`].
pub fn n_open(
    connection: &mut Connection,
    code: OdsCode,
    now: DateTime<Utc>,
) -> Result<OpenApproaches> {
    let mut count = |is_side: Selection| -> Result<usize> {
        let n: i64 = in_state(is_side, ApproachState::Sent, now)
            .count()
            .get_result(&mut connection.database)
            .map_err(failed("counting open approaches"))?;
        Ok(usize::try_from(n).unwrap_or(usize::MAX))
    };
    let table = || approaches::table.into_boxed();
    Ok(OpenApproaches {
        sent: count(table().filter(approaches::from_code.eq(code.to_string())))?,
        received: count(table().filter(approaches::to_code.eq(code.to_string())))?,
    })
}

/// When one of some sites last declined one of some others for a reason; `None` where none ever did.
///
/// # Errors
///
/// As [`find`].
pub fn declined_at(
    connection: &mut Connection,
    (from, to): (&[OdsCode], &[OdsCode]),
    reason: ApproachReason,
) -> Result<Option<DateTime<Utc>>> {
    let at: Option<NaiveDateTime> = approaches::table
        .filter(approaches::from_code.eq_any(from.iter().map(OdsCode::as_str)))
        .filter(approaches::to_code.eq_any(to.iter().map(OdsCode::as_str)))
        .filter(approaches::state.eq(ApproachState::Declined.as_str()))
        .filter(approaches::reason.eq(reason.as_str()))
        .select(diesel::dsl::max(approaches::answered_at))
        .first(&mut connection.database)
        .map_err(failed("looking for a declined approach"))?;
    Ok(at.map(|at| at.and_utc()))
}

/// Counts the approaches of one site to another that were sent after a moment.
///
/// # Errors
///
/// As [`find`].
pub fn n_sent_since(
    connection: &mut Connection,
    (from, to): (OdsCode, OdsCode),
    since: DateTime<Utc>,
) -> Result<usize> {
    let n: i64 = approaches::table
        .filter(approaches::from_code.eq(from.as_str()))
        .filter(approaches::to_code.eq(to.as_str()))
        .filter(approaches::sent_at.gt(since.naive_utc()))
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("counting approaches"))?;
    Ok(usize::try_from(n).unwrap_or(usize::MAX))
}

/// Adds an approach at the end of the order in which they were sent, whatever its `sequence` says, and returns it as it is kept.
///
/// # Errors
///
/// Those of [`find`].
pub fn add(connection: &mut Connection, approach: Approach) -> Result<Approach> {
    let last: Option<i64> = approaches::table
        .select(diesel::dsl::max(approaches::sequence))
        .first(&mut connection.database)
        .map_err(failed("reading the last approach"))?;
    let approach = Approach {
        sequence: last.unwrap_or(0) + 1,
        ..approach
    };
    let row = ApproachRow::new(connection, &approach)?;
    each_backend!(connection, c => diesel::insert_into(approaches::table).values(row).execute(c))
        .map_err(failed("adding an approach"))?;
    let directions = [
        ("learn", &approach.topics.learn),
        ("give", &approach.topics.give),
    ];
    let topics: Vec<_> = directions
        .into_iter()
        .flat_map(|(direction, topics)| topics.iter().map(move |topic| (direction, topic)))
        .map(|(direction, topic)| {
            (
                approach_topics::approach_id.eq(approach.id.clone()),
                approach_topics::topic.eq(topic.as_str()),
                approach_topics::direction.eq(direction),
            )
        })
        .collect();
    if !topics.is_empty() {
        each_backend!(connection, c => diesel::insert_into(approach_topics::table).values(topics).execute(c))
            .map_err(failed("adding the topics of an approach"))?;
    }
    Ok(approach)
}

/// Puts an approach in the place of the one with its id; its topics never change.
///
/// # Errors
///
/// Those of [`find`].
pub fn replace(connection: &mut Connection, approach: &Approach) -> Result<()> {
    let row = ApproachRow::new(connection, approach)?;
    diesel::update(approaches::table.find(&approach.id))
        .set(row)
        .execute(&mut connection.database)
        .map_err(failed("changing an approach"))?;
    Ok(())
}

/// An approach as the audit keeps it: without what the two wrote to each other, and why one was declined, which viewers of the
/// audit do not see (DESIGN 6).
#[must_use]
pub fn json_of(approach: &Approach) -> Value {
    let reason = approach.reason.filter(|reason| !reason.is_of_a_site());
    json!({
        "from": approach.from.as_str(),
        "to": approach.to.as_str(),
        "kind": approach.kind.as_str(),
        "state": approach.state.as_str(),
        "reason": reason.map(ApproachReason::as_str),
        "expiresAt": approach.expires_at,
        "version": approach.version.0,
    })
}
