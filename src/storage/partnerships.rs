//! Partnerships as they are kept, with the topics that each side gives.

use std::collections::BTreeMap;

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _,
};
use serde_json::{Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::partnership::{GivenTopic, Partnership, PartnershipState};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::partnership::PartnershipRow;
use crate::storage::schema::{partnership_topics, partnerships};

/// The kind of these things in the audit.
pub const KIND: &str = "partnerships";

/// What a partnership is called where it is not there.
const WHAT: &str = "partnership";

/// Returns a partnership.
///
/// # Errors
///
/// [`Error::Missing`] where there is none of this id; [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn find(connection: &mut Connection, id: &str) -> Result<Partnership> {
    let row = partnerships::table
        .find(id)
        .first::<PartnershipRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading a partnership"))?;
    let row = row.ok_or_else(|| missing(id))?;
    let found = with_topics(connection, vec![row])?.pop();
    found.ok_or_else(|| missing(id))
}

/// The same, for one of the two sites; to others there is no such partnership.
///
/// # Errors
///
/// As [`find`].
pub fn find_for(connection: &mut Connection, code: OdsCode, id: &str) -> Result<Partnership> {
    let partnership = find(connection, id)?;
    if partnership.has_party(code) {
        Ok(partnership)
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

/// The partnerships of rows, in their order, with one query for all their topics.
pub(super) fn with_topics(
    connection: &mut Connection,
    rows: Vec<PartnershipRow>,
) -> Result<Vec<Partnership>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let found: Vec<(String, String, String)> = partnership_topics::table
        .filter(partnership_topics::partnership_id.eq_any(ids))
        .select((
            partnership_topics::partnership_id,
            partnership_topics::giver,
            partnership_topics::topic,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading the topics of partnerships"))?;
    let mut topics: BTreeMap<String, Vec<GivenTopic>> = BTreeMap::new();
    for (id, giver, topic) in found {
        let key = [id.as_str()];
        let row = Stored::new("partnership_topics", &key);
        let given = GivenTopic {
            giver: row.parse(&giver)?,
            topic: row.parse(&topic)?,
        };
        topics.entry(id).or_default().push(given);
    }
    for given in topics.values_mut() {
        given.sort_unstable();
    }
    rows.into_iter()
        .map(|row| {
            let topics = topics.remove(&row.id).unwrap_or_default();
            row.into_domain(connection, topics)
        })
        .collect()
}

/// Returns the active partnership of a pair.
///
/// # Errors
///
/// As [`find`].
pub fn active_of_pair(
    connection: &mut Connection,
    (one, other): (OdsCode, OdsCode),
) -> Result<Option<Partnership>> {
    let row = partnerships::table
        .filter(partnerships::a_code.eq(one.min(other).as_str()))
        .filter(partnerships::b_code.eq(one.max(other).as_str()))
        .filter(partnerships::state.eq(PartnershipState::Active.as_str()))
        .first::<PartnershipRow>(&mut connection.database)
        .optional()
        .map_err(failed("looking for an active partnership"))?;
    Ok(with_topics(connection, row.into_iter().collect())?.pop())
}

/// Counts the active partnerships of a site.
///
/// # Errors
///
/// As [`find`].
pub fn n_active(connection: &mut Connection, code: OdsCode) -> Result<u32> {
    let n: i64 = partnerships::table
        .filter(partnerships::state.eq(PartnershipState::Active.as_str()))
        .filter(
            partnerships::a_code
                .eq(code.as_str())
                .or(partnerships::b_code.eq(code.as_str())),
        )
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("counting partnerships"))?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Adds a partnership at the end of the order in which they were opened, whatever its `sequence` says, and returns it as it is
/// kept.
///
/// # Errors
///
/// Those of [`find`].
pub fn add(connection: &mut Connection, partnership: Partnership) -> Result<Partnership> {
    let last: Option<i64> = partnerships::table
        .select(diesel::dsl::max(partnerships::sequence))
        .first(&mut connection.database)
        .map_err(failed("reading the last partnership"))?;
    let partnership = Partnership {
        sequence: last.unwrap_or(0) + 1,
        ..partnership
    };
    let row = PartnershipRow::new(connection, &partnership)?;
    each_backend!(connection, c => diesel::insert_into(partnerships::table).values(row).execute(c))
        .map_err(failed("adding a partnership"))?;
    add_topics(connection, &partnership)?;
    Ok(partnership)
}

/// Puts a partnership in the place of the one with its id, its topics with it.
///
/// # Errors
///
/// Those of [`find`].
pub fn replace(connection: &mut Connection, partnership: &Partnership) -> Result<()> {
    let row = PartnershipRow::new(connection, partnership)?;
    diesel::update(partnerships::table.find(&partnership.id))
        .set(row)
        .execute(&mut connection.database)
        .map_err(failed("changing a partnership"))?;
    let topics =
        partnership_topics::table.filter(partnership_topics::partnership_id.eq(&partnership.id));
    diesel::delete(topics)
        .execute(&mut connection.database)
        .map_err(failed("changing the topics of a partnership"))?;
    add_topics(connection, partnership)
}

fn add_topics(connection: &mut Connection, partnership: &Partnership) -> Result<()> {
    let topics: Vec<_> = partnership
        .topics
        .iter()
        .map(|given| {
            (
                partnership_topics::partnership_id.eq(partnership.id.clone()),
                partnership_topics::giver.eq(given.giver.to_string()),
                partnership_topics::topic.eq(given.topic.as_str()),
            )
        })
        .collect();
    if !topics.is_empty() {
        each_backend!(connection, c => diesel::insert_into(partnership_topics::table).values(topics).execute(c))
            .map_err(failed("adding the topics of a partnership"))?;
    }
    Ok(())
}

/// A partnership as the audit keeps it: without what the two wrote.
#[must_use]
pub fn json_of(partnership: &Partnership) -> Value {
    let topics: Vec<Value> = partnership
        .topics
        .iter()
        .map(|given| json!({ "giver": given.giver.as_str(), "topic": given.topic.as_str() }))
        .collect();
    json!({
        "between": [partnership.ends.0.as_str(), partnership.ends.1.as_str()],
        "approach": partnership.approach_id,
        "state": partnership.state.as_str(),
        "startedOn": partnership.started_on,
        "plannedEnd": partnership.planned_end,
        "topics": topics,
        "endedAt": partnership.ended_at,
        "endedBy": partnership.ended_by.map(|code| code.to_string()),
        "endReason": partnership.end_reason.map(|reason| reason.as_str()),
        "version": partnership.version.0,
    })
}
