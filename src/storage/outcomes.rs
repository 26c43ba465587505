//! The outcomes of a programme, read from partnerships, the approaches that they came of, and the check-ins of both sides.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::error::Result;
use crate::domain::ids::Slug;
use crate::domain::outcome::{PartnershipOutcome, is_success, scores_seen};
use crate::domain::partnership::Usefulness;
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::approach::read_seen;
use crate::storage::schema::{approaches, check_ins, partnerships};

/// The most values in one statement, of which `SQLite` takes 32,766.
const MAX_VALUES: usize = 10_000;

/// The id of a partnership, that of its approach, and its two ends.
type Head = (String, String, String, String);

/// What a side said last: when, and how useful it is.
type Said = (NaiveDateTime, i64);

/// Returns the outcomes of the partnerships that were proposed in a programme, in the order in which they were agreed: those with a
/// check-in from both sides, of which the last of each counts, and of whose approach the scores are stored.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn of_programme(
    connection: &mut Connection,
    programme: &Slug,
) -> Result<Vec<PartnershipOutcome>> {
    known(connection, programme, None)
}

/// Returns the outcomes as they were known at a time: of the check-ins made by then, that time included.
///
/// # Errors
///
/// As [`of_programme`].
pub fn known_by(
    connection: &mut Connection,
    programme: &Slug,
    at: DateTime<Utc>,
) -> Result<Vec<PartnershipOutcome>> {
    known(connection, programme, Some(at.naive_utc()))
}

fn known(
    connection: &mut Connection,
    programme: &Slug,
    by: Option<NaiveDateTime>,
) -> Result<Vec<PartnershipOutcome>> {
    let seen: BTreeMap<String, Option<String>> = approaches::table
        .filter(approaches::programme.eq(programme.as_str()))
        .filter(approaches::state.eq("accepted"))
        .select((approaches::id, approaches::seen))
        .load::<(String, Option<String>)>(&mut connection.database)
        .map_err(failed("reading the approaches of outcomes"))?
        .into_iter()
        .collect();
    let heads = heads(connection, &seen)?;
    let said = said(connection, &heads, by)?;
    let mut outcomes = Vec::new();
    for (id, approach_id, a, b) in heads {
        let words = |end: &str| said.get(&(id.clone(), end.to_owned())).copied();
        let Some((first, second)) = words(&a).zip(words(&b)) else {
            continue;
        };
        let Some(text) = seen.get(&approach_id).and_then(Option::as_deref) else {
            continue;
        };
        let key = [id.as_str()];
        let row = Stored::new("check_ins", &key);
        let useful = |(_, number): Said| {
            Usefulness::new(number)
                .ok_or_else(|| row.corrupt("how useful it is is not a number from 1 to 5"))
        };
        let key = [approach_id.as_str()];
        let seen = read_seen(&Stored::new("approaches", &key), text)?;
        outcomes.push(PartnershipOutcome {
            between: (row.parse(&a)?, row.parse(&b)?),
            known_at: first.0.max(second.0).and_utc(),
            is_success: is_success([useful(first)?, useful(second)?]),
            scores: scores_seen(&seen),
            method_version: seen.method_version,
            partnership_id: id.clone(),
        });
    }
    Ok(outcomes)
}

/// The partnerships of approaches, in the order in which they were agreed.
fn heads(
    connection: &mut Connection,
    approaches: &BTreeMap<String, Option<String>>,
) -> Result<Vec<Head>> {
    let ids: Vec<&str> = approaches.keys().map(String::as_str).collect();
    let mut heads: Vec<(i64, Head)> = Vec::new();
    for ids in ids.chunks(MAX_VALUES) {
        let found: Vec<(i64, String, String, String, String)> = partnerships::table
            .filter(partnerships::approach_id.eq_any(ids))
            .select((
                partnerships::sequence,
                partnerships::id,
                partnerships::approach_id,
                partnerships::a_code,
                partnerships::b_code,
            ))
            .load(&mut connection.database)
            .map_err(failed("reading the partnerships of outcomes"))?;
        heads.extend(
            found
                .into_iter()
                .map(|(at, id, of, a, b)| (at, (id, of, a, b))),
        );
    }
    heads.sort_unstable();
    Ok(heads.into_iter().map(|(_, head)| head).collect())
}

/// What each side of each partnership said last, by a time where one is given.
fn said(
    connection: &mut Connection,
    heads: &[Head],
    by: Option<NaiveDateTime>,
) -> Result<BTreeMap<(String, String), Said>> {
    let ids: Vec<&str> = heads.iter().map(|head| head.0.as_str()).collect();
    let mut last = BTreeMap::new();
    for ids in ids.chunks(MAX_VALUES) {
        let found: Vec<(String, String, NaiveDateTime, i64)> = check_ins::table
            .filter(check_ins::partnership_id.eq_any(ids))
            .order(check_ins::sequence.asc())
            .select((
                check_ins::partnership_id,
                check_ins::ods_code,
                check_ins::made_at,
                check_ins::usefulness,
            ))
            .load(&mut connection.database)
            .map_err(failed("reading the check-ins of outcomes"))?;
        // In the order in which they were made, so that the last stays.
        let in_time = found
            .into_iter()
            .filter(|(_, _, at, _)| by.is_none_or(|by| *at <= by));
        last.extend(in_time.map(|(id, side, at, n)| ((id, side), (at, n))));
    }
    Ok(last)
}
