//! Approaches as they are kept. The rules of who may do what and when are `app`'s and the domain's; here is what the database
//! must hold: one open approach of a pair.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::{Value, json};

use crate::domain::approach::{Approach, ApproachState, ProposedTopics};
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::approach::ApproachRow;
use crate::storage::schema::{approach_topics, approaches};

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

/// An approach as the audit keeps it: without what the two wrote to each other.
#[must_use]
pub fn json_of(approach: &Approach) -> Value {
    json!({
        "from": approach.from.as_str(),
        "to": approach.to.as_str(),
        "kind": approach.kind.as_str(),
        "state": approach.state.as_str(),
        "reason": approach.reason.map(|reason| reason.as_str()),
        "expiresAt": approach.expires_at,
        "version": approach.version.0,
    })
}
