//! Check-ins as they are kept: each side's dated words on how a partnership goes. None is ever changed.

use std::collections::BTreeMap;

use chrono::{NaiveDateTime, SubsecRound as _};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};
use serde_json::{Value, json};

use crate::domain::error::Result;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::partnership::{CheckIn, Usefulness};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{check_in_topics, check_ins};
use crate::storage::sealed::{self, Place};

/// The kind of these things in the audit.
pub const KIND: &str = "check_ins";

/// The most values in one statement, of which `SQLite` takes 32,766.
const MAX_VALUES: usize = 10_000;

/// The directions of topics, as the table has them.
const LEARNED: &str = "learned";
const GIVEN: &str = "given";

#[derive(Queryable, Insertable)]
#[diesel(table_name = check_ins, treat_none_as_default_value = false)]
struct CheckInRow {
    id: String,
    sequence: i64,
    partnership_id: String,
    ods_code: String,
    made_at: NaiveDateTime,
    usefulness: i64,
    sealed_note: Option<String>,
}

/// What a side learned and what it gave.
#[derive(Default)]
struct Topics {
    learned: Vec<Slug>,
    given: Vec<Slug>,
}

fn note_place(id: &str) -> Place<'_> {
    Place {
        table: KIND,
        id,
        column: "note",
    }
}

impl CheckInRow {
    fn new(connection: &Connection, check_in: &CheckIn) -> Result<Self> {
        let note = check_in.note.as_deref();
        Ok(Self {
            id: check_in.id.clone(),
            sequence: check_in.sequence,
            partnership_id: check_in.partnership_id.clone(),
            ods_code: check_in.ods_code.to_string(),
            made_at: check_in.made_at.naive_utc().trunc_subsecs(6),
            usefulness: check_in.usefulness.get().into(),
            sealed_note: sealed::hide(connection, note_place(&check_in.id), note)?,
        })
    }

    fn into_domain(self, connection: &Connection, topics: Topics) -> Result<CheckIn> {
        let key = [self.id.as_str()];
        let row = Stored::new(KIND, &key);
        let usefulness = Usefulness::new(self.usefulness)
            .ok_or_else(|| row.corrupt("how useful it is is not a number from 1 to 5"))?;
        Ok(CheckIn {
            sequence: self.sequence,
            partnership_id: self.partnership_id,
            ods_code: row.parse(&self.ods_code)?,
            made_at: self.made_at.and_utc(),
            usefulness,
            learned: topics.learned,
            given: topics.given,
            note: sealed::show(
                connection,
                note_place(&self.id),
                self.sealed_note.as_deref(),
            )?,
            id: self.id.clone(),
        })
    }
}

/// The check-ins of rows, in their order, with one query for all their topics.
fn with_topics(connection: &mut Connection, rows: Vec<CheckInRow>) -> Result<Vec<CheckIn>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let mut topics: BTreeMap<String, Topics> = BTreeMap::new();
    for ids in ids.chunks(MAX_VALUES) {
        let found: Vec<(String, String, String)> = check_in_topics::table
            .filter(check_in_topics::check_in_id.eq_any(ids))
            .load(&mut connection.database)
            .map_err(failed("reading the topics of check-ins"))?;
        for (id, topic, direction) in found {
            let key = [id.as_str()];
            let topic: Slug = Stored::new("check_in_topics", &key).parse(&topic)?;
            let of = topics.entry(id).or_default();
            match direction.as_str() {
                LEARNED => of.learned.push(topic),
                _ => of.given.push(topic),
            }
        }
    }
    for of in topics.values_mut() {
        of.learned.sort_unstable();
        of.given.sort_unstable();
    }
    rows.into_iter()
        .map(|row| {
            let topics = topics.remove(&row.id).unwrap_or_default();
            row.into_domain(connection, topics)
        })
        .collect()
}

/// Returns every check-in of a partnership, in the order in which they were made.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn of(connection: &mut Connection, partnership_id: &str) -> Result<Vec<CheckIn>> {
    let rows = check_ins::table
        .filter(check_ins::partnership_id.eq(partnership_id))
        .order(check_ins::sequence.asc())
        .load::<CheckInRow>(&mut connection.database)
        .map_err(failed("reading the check-ins of a partnership"))?;
    with_topics(connection, rows)
}

/// Returns at most `limit` check-ins of a partnership, the newest first, from before a place on, and whether more follow.
///
/// # Errors
///
/// As [`of`].
pub fn page(
    connection: &mut Connection,
    partnership_id: &str,
    before: Option<i64>,
    limit: usize,
) -> Result<(Vec<CheckIn>, bool)> {
    let mut rows = check_ins::table
        .filter(check_ins::partnership_id.eq(partnership_id))
        .filter(check_ins::sequence.lt(before.unwrap_or(i64::MAX)))
        .order(check_ins::sequence.desc())
        // One more than asked for tells whether more follow.
        .limit(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .load::<CheckInRow>(&mut connection.database)
        .map_err(failed("listing the check-ins of a partnership"))?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Ok((with_topics(connection, rows)?, has_more))
}

/// Returns the last check-in of each side of each of these partnerships: those of one partnership together, by code.
///
/// # Errors
///
/// As [`of`].
pub fn latest(connection: &mut Connection, ids: &[&str]) -> Result<BTreeMap<String, Vec<CheckIn>>> {
    let mut sequences: Vec<i64> = Vec::new();
    for ids in ids.chunks(MAX_VALUES) {
        let found: Vec<Option<i64>> = check_ins::table
            .filter(check_ins::partnership_id.eq_any(ids))
            .group_by((check_ins::partnership_id, check_ins::ods_code))
            .select(diesel::dsl::max(check_ins::sequence))
            .load(&mut connection.database)
            .map_err(failed("looking for the last check-ins"))?;
        sequences.extend(found.into_iter().flatten());
    }
    let mut latest: BTreeMap<String, Vec<CheckIn>> = BTreeMap::new();
    for sequences in sequences.chunks(MAX_VALUES) {
        let rows = check_ins::table
            .filter(check_ins::sequence.eq_any(sequences))
            .load::<CheckInRow>(&mut connection.database)
            .map_err(failed("reading the last check-ins"))?;
        for check_in in with_topics(connection, rows)? {
            let of = latest.entry(check_in.partnership_id.clone()).or_default();
            of.push(check_in);
        }
    }
    for of in latest.values_mut() {
        of.sort_by_key(|check_in| check_in.ods_code);
    }
    Ok(latest)
}

/// Counts the check-ins of one side of a partnership.
///
/// # Errors
///
/// As [`of`].
pub fn n_by(connection: &mut Connection, partnership_id: &str, code: OdsCode) -> Result<usize> {
    let n: i64 = check_ins::table
        .filter(check_ins::partnership_id.eq(partnership_id))
        .filter(check_ins::ods_code.eq(code.as_str()))
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("counting the check-ins of a partnership"))?;
    Ok(usize::try_from(n).unwrap_or(usize::MAX))
}

/// Adds a check-in at the end of the order in which they were made, whatever its `sequence` says, and returns it as it is kept.
///
/// # Errors
///
/// As [`of`].
pub fn add(connection: &mut Connection, check_in: CheckIn) -> Result<CheckIn> {
    let last: Option<i64> = check_ins::table
        .select(diesel::dsl::max(check_ins::sequence))
        .first(&mut connection.database)
        .map_err(failed("reading the last check-in"))?;
    let check_in = CheckIn {
        sequence: last.unwrap_or(0) + 1,
        made_at: check_in.made_at.trunc_subsecs(6),
        ..check_in
    };
    let row = CheckInRow::new(connection, &check_in)?;
    each_backend!(connection, c => diesel::insert_into(check_ins::table).values(row).execute(c))
        .map_err(failed("adding a check-in"))?;
    let directions = [(LEARNED, &check_in.learned), (GIVEN, &check_in.given)];
    let topics: Vec<_> = directions
        .into_iter()
        .flat_map(|(direction, topics)| topics.iter().map(move |topic| (direction, topic)))
        .map(|(direction, topic)| {
            (
                check_in_topics::check_in_id.eq(check_in.id.clone()),
                check_in_topics::topic.eq(topic.as_str()),
                check_in_topics::direction.eq(direction),
            )
        })
        .collect();
    if !topics.is_empty() {
        each_backend!(connection, c => diesel::insert_into(check_in_topics::table).values(topics).execute(c))
            .map_err(failed("adding the topics of a check-in"))?;
    }
    Ok(check_in)
}

/// A check-in as the audit keeps it: without its note.
#[must_use]
pub fn json_of(check_in: &CheckIn) -> Value {
    let slugs = |topics: &[Slug]| topics.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "partnership": check_in.partnership_id,
        "by": check_in.ods_code.as_str(),
        "usefulness": check_in.usefulness.get(),
        "learned": slugs(&check_in.learned),
        "given": slugs(&check_in.given),
    })
}
