//! What decides whether each site can be approached, and who learned what from it: read whole, for scoring.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::capacity::{Capacity, Pause};
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::partnership::PartnershipState;
use crate::domain::register::Taught;
use crate::domain::version::Version;
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{capacities, partnership_topics, partnerships, pauses};

/// What limits sites, by code.
type Capacities = Vec<(OdsCode, Capacity)>;

type PlacesRow = (String, Option<i64>);
type PauseRow = (String, String, Option<NaiveDate>, NaiveDateTime, i64);
type PairRow = (String, String, String, String);

/// Returns what decides whether sites can be approached for a partnership, and who taught whom what, each by code.
///
/// Only sites of which there is something to say are in it. Nobody's reason for a pause is read, and no conversations are
/// counted: neither is told in a suggestion.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub(super) fn all(connection: &mut Connection) -> Result<(Capacities, Vec<Taught>)> {
    let mut found: BTreeMap<OdsCode, Capacity> = BTreeMap::new();
    for (code, places) in places(connection)? {
        found.entry(code).or_default().places.partnerships = Some(places);
    }
    for (code, pause) in all_pauses(connection)? {
        found.entry(code).or_default().pauses.push(pause);
    }
    let mut ends: BTreeMap<String, (OdsCode, OdsCode)> = BTreeMap::new();
    for (id, a, b, state) in pairs(connection)? {
        let key = [id.as_str()];
        let row = Stored::new("partnerships", &key);
        let (a, b): (OdsCode, OdsCode) = (row.parse(&a)?, row.parse(&b)?);
        if row.parse::<PartnershipState>(&state)? == PartnershipState::Active {
            for code in [a, b] {
                found.entry(code).or_default().taken.partnerships += 1;
            }
        }
        ends.insert(id, (a, b));
    }
    let taught = taught(connection, &ends)?;
    Ok((found.into_iter().collect(), taught))
}

fn places(connection: &mut Connection) -> Result<Vec<(OdsCode, u32)>> {
    let rows: Vec<PlacesRow> = capacities::table
        .select((capacities::ods_code, capacities::partnership_places))
        .load(&mut connection.database)
        .map_err(failed("reading the places of sites"))?;
    let declared = rows
        .into_iter()
        .filter_map(|(code, places)| Some((code, places?)));
    declared
        .map(|(code, places)| {
            let key = [code.as_str()];
            let row = Stored::new("capacities", &key);
            let places = u32::try_from(places).map_err(|fault| row.corrupt(fault))?;
            Ok((row.parse(&code)?, places))
        })
        .collect()
}

fn all_pauses(connection: &mut Connection) -> Result<Vec<(OdsCode, Pause)>> {
    let rows: Vec<PauseRow> = pauses::table
        .order((pauses::ods_code.asc(), pauses::paused_by.asc()))
        .select((
            pauses::ods_code,
            pauses::paused_by,
            pauses::until,
            pauses::since,
            pauses::version,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading the pauses of sites"))?;
    rows.into_iter()
        .map(|(code, by, until, since, version)| {
            let key = [code.as_str(), by.as_str()];
            let row = Stored::new("pauses", &key);
            let pause = Pause {
                by: row.parse(&by)?,
                until,
                reason: None,
                since: since.and_utc(),
                version: u64::try_from(version)
                    .map(Version)
                    .map_err(|fault| row.corrupt(fault))?,
            };
            Ok((row.parse(&code)?, pause))
        })
        .collect()
}

fn pairs(connection: &mut Connection) -> Result<Vec<PairRow>> {
    partnerships::table
        .select((
            partnerships::id,
            partnerships::a_code,
            partnerships::b_code,
            partnerships::state,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading who is partnered with whom"))
}

fn taught(
    connection: &mut Connection,
    ends: &BTreeMap<String, (OdsCode, OdsCode)>,
) -> Result<Vec<Taught>> {
    let rows: Vec<(String, String, String)> = partnership_topics::table
        .select((
            partnership_topics::partnership_id,
            partnership_topics::giver,
            partnership_topics::topic,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading the topics of partnerships"))?;
    let mut taught = Vec::with_capacity(rows.len());
    for (id, giver, topic) in rows {
        let key = [id.as_str()];
        let row = Stored::new("partnership_topics", &key);
        let giver: OdsCode = row.parse(&giver)?;
        let Some(&(a, b)) = ends.get(&id) else {
            continue;
        };
        // Whoever is not one of the two today gave it before a merger.
        if giver == a || giver == b {
            taught.push(Taught {
                giver,
                receiver: if giver == a { b } else { a },
                topic: row.parse(&topic)?,
            });
        }
    }
    taught.sort();
    taught.dedup();
    Ok(taught)
}
