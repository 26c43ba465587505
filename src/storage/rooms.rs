//! What every site can take on: places that are left, and pauses; one query for each table.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::capacity::{Capacity, Places, Taken};
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::partnership::PartnershipState;
use crate::domain::what_if::Room;
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{capacities, partnerships, pauses};

/// Returns what is left on a day to each site that declared places, has partners or is paused; the others have the places of
/// the undeclared.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be read.
pub fn all(connection: &mut Connection, day: NaiveDate) -> Result<BTreeMap<OdsCode, Room>> {
    let declared: Vec<(String, Option<i64>)> = capacities::table
        .select((capacities::ods_code, capacities::partnership_places))
        .load(&mut connection.database)
        .map_err(failed("reading the places of all sites"))?;
    let partners: Vec<(String, String)> = partnerships::table
        .filter(partnerships::state.eq(PartnershipState::Active.as_str()))
        .select((partnerships::a_code, partnerships::b_code))
        .load(&mut connection.database)
        .map_err(failed("reading the active partnerships"))?;
    let paused: Vec<String> = pauses::table
        .filter(pauses::until.is_null().or(pauses::until.ge(day)))
        .select(pauses::ods_code)
        .load(&mut connection.database)
        .map_err(failed("reading who is paused"))?;
    let mut capacities: BTreeMap<OdsCode, Capacity> = BTreeMap::new();
    for (code, places) in declared {
        let key = [code.as_str()];
        let row = Stored::new("capacities", &key);
        let partnerships = places
            .map(u32::try_from)
            .transpose()
            .map_err(|fault| row.corrupt(fault))?;
        let capacity = capacities.entry(row.parse(&code)?).or_default();
        capacity.places = Places {
            partnerships,
            ..capacity.places
        };
    }
    for (a, b) in partners {
        let key = [a.as_str(), b.as_str()];
        let row = Stored::new("partnerships", &key);
        for code in key {
            let capacity = capacities.entry(row.parse(code)?).or_default();
            capacity.taken = Taken {
                partnerships: capacity.taken.partnerships + 1,
                ..capacity.taken
            };
        }
    }
    let mut rooms: BTreeMap<OdsCode, Room> = capacities
        .into_iter()
        .map(|(code, capacity)| (code, Room::Places(capacity.partnerships_left())))
        .collect();
    for code in paused {
        let key = [code.as_str()];
        rooms.insert(Stored::new("pauses", &key).parse(&code)?, Room::Paused);
    }
    Ok(rooms)
}
