//! What the give and receive balance of an organisation is counted from: one query for each table.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::approach::{ApproachKind, ApproachState};
use crate::domain::balance::{Balance, BalanceFacts, Passing};
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::partnership::{GivenTopic, PartnershipState};
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{
    approaches, check_in_topics, check_ins, partnership_topics, partnerships,
};

/// The most values in one statement, of which `SQLite` takes 32,766.
const MAX_VALUES: usize = 10_000;

/// A partnership of the organisation.
struct Held {
    state: PartnershipState,
    other: OdsCode,
}

/// A check-in of one of them.
struct Word {
    partnership_id: String,
    by: OdsCode,
}

/// Returns what an organisation gives to the others and what it has of them.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be read.
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<Balance> {
    let held = partnerships_of(connection, code)?;
    let words = words_of(connection, &held)?;
    let facts = BalanceFacts {
        partnerships: held.values().map(|held| held.state).collect(),
        n_conversations: n_conversations(connection, code)?,
        check_ins: words.values().map(|word| word.by).collect(),
        agreed: agreed(connection, &held)?,
        reported: reported(connection, code, (&held, &words))?,
    };
    Ok(Balance::of(code, &facts))
}

fn partnerships_of(connection: &mut Connection, code: OdsCode) -> Result<BTreeMap<String, Held>> {
    let found: Vec<(String, String, String, String)> = partnerships::table
        .filter(
            partnerships::a_code
                .eq(code.as_str())
                .or(partnerships::b_code.eq(code.as_str())),
        )
        .select((
            partnerships::id,
            partnerships::state,
            partnerships::a_code,
            partnerships::b_code,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading the partnerships of an organisation"))?;
    found
        .into_iter()
        .map(|(id, state, a, b)| {
            let key = [id.as_str()];
            let row = Stored::new("partnerships", &key);
            let (a, b): (OdsCode, OdsCode) = (row.parse(&a)?, row.parse(&b)?);
            let held = Held {
                state: row.parse(&state)?,
                other: if a == code { b } else { a },
            };
            Ok((id, held))
        })
        .collect()
}

fn n_conversations(connection: &mut Connection, code: OdsCode) -> Result<usize> {
    let n: i64 = approaches::table
        .filter(approaches::kind.eq(ApproachKind::Conversation.as_str()))
        .filter(approaches::state.eq(ApproachState::Accepted.as_str()))
        .filter(
            approaches::from_code
                .eq(code.as_str())
                .or(approaches::to_code.eq(code.as_str())),
        )
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("counting conversations"))?;
    Ok(usize::try_from(n).unwrap_or_default())
}

fn agreed(connection: &mut Connection, held: &BTreeMap<String, Held>) -> Result<BTreeSet<Passing>> {
    let mut agreed = BTreeSet::new();
    let ids: Vec<&String> = held.keys().collect();
    for ids in ids.chunks(MAX_VALUES) {
        let found: Vec<(String, String, String)> = partnership_topics::table
            .filter(partnership_topics::partnership_id.eq_any(ids))
            .select((
                partnership_topics::partnership_id,
                partnership_topics::giver,
                partnership_topics::topic,
            ))
            .load(&mut connection.database)
            .map_err(failed("reading what was agreed"))?;
        for (id, giver, topic) in found {
            let key = [id.as_str()];
            let row = Stored::new("partnership_topics", &key);
            let given = GivenTopic {
                giver: row.parse(&giver)?,
                topic: row.parse(&topic)?,
            };
            agreed.insert(Passing {
                partnership_id: id,
                given,
            });
        }
    }
    Ok(agreed)
}

fn words_of(
    connection: &mut Connection,
    held: &BTreeMap<String, Held>,
) -> Result<BTreeMap<String, Word>> {
    let mut words = BTreeMap::new();
    let ids: Vec<&String> = held.keys().collect();
    for ids in ids.chunks(MAX_VALUES) {
        let found: Vec<(String, String, String)> = check_ins::table
            .filter(check_ins::partnership_id.eq_any(ids))
            .select((
                check_ins::id,
                check_ins::partnership_id,
                check_ins::ods_code,
            ))
            .load(&mut connection.database)
            .map_err(failed("reading who checked in"))?;
        for (id, partnership_id, by) in found {
            let by = Stored::new("check_ins", &[&id]).parse(&by)?;
            words.insert(id, Word { partnership_id, by });
        }
    }
    Ok(words)
}

/// What the check-ins of either side say was given and learned.
fn reported(
    connection: &mut Connection,
    code: OdsCode,
    (held, words): (&BTreeMap<String, Held>, &BTreeMap<String, Word>),
) -> Result<BTreeSet<Passing>> {
    let mut reported = BTreeSet::new();
    let ids: Vec<&String> = words.keys().collect();
    for ids in ids.chunks(MAX_VALUES) {
        let found: Vec<(String, String, String)> = check_in_topics::table
            .filter(check_in_topics::check_in_id.eq_any(ids))
            .load(&mut connection.database)
            .map_err(failed("reading what was reported"))?;
        for (id, topic, direction) in found {
            let Some(word) = words.get(&id) else { continue };
            let Some(of) = held.get(&word.partnership_id) else {
                continue;
            };
            // What a side gave it gave to the other, and what it learned the other gave.
            let is_from_here = (word.by == code) == (direction == "given");
            let given = GivenTopic {
                giver: if is_from_here { code } else { of.other },
                topic: Stored::new("check_in_topics", &[&id]).parse(&topic)?,
            };
            reported.insert(Passing {
                partnership_id: word.partnership_id.clone(),
                given,
            });
        }
    }
    Ok(reported)
}
