//! Mergers and splits as a file says they are.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{QueryDsl as _, RunQueryDsl as _};
use serde_json::json;

use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::organisation::Succession;
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::facts::Stated;
use crate::storage::failure::failed;
use crate::storage::rows::organisation::SuccessionRow;
use crate::storage::schema::successions;

/// Every succession that is recorded, by predecessor and successor.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn all(connection: &mut Connection) -> Result<BTreeMap<(OdsCode, OdsCode), Succession>> {
    successions::table
        .load::<SuccessionRow>(&mut connection.database)
        .map_err(failed("reading the successions"))?
        .into_iter()
        .map(|row| row.into_domain().map(|s| ((s.predecessor, s.successor), s)))
        .collect()
}

/// Whether an organisation leads to another through the successions.
#[must_use]
pub fn reaches(all: &BTreeMap<(OdsCode, OdsCode), Succession>, from: OdsCode, to: OdsCode) -> bool {
    let mut open = vec![from];
    let mut seen = BTreeSet::new();
    while let Some(code) = open.pop() {
        if code == to {
            return true;
        }
        if seen.insert(code) {
            open.extend(
                all.keys()
                    .filter(|(predecessor, _)| *predecessor == code)
                    .map(|&(_, successor)| successor),
            );
        }
    }
    false
}

/// States a succession of two organisations that exist, with its audit row.
///
/// # Errors
///
/// As [`all`].
pub fn state(
    connection: &mut Connection,
    before: Option<&Succession>,
    said: &Succession,
) -> Result<Stated> {
    if before.is_some_and(|held| (held.date, held.kind) == (said.date, said.kind)) {
        return Ok(Stated::Unchanged);
    }
    diesel::delete(successions::table.find((said.predecessor.as_str(), said.successor.as_str())))
        .execute(&mut connection.database)
        .map_err(failed("replacing a succession"))?;
    let row = SuccessionRow::from(said);
    each_backend!(connection, c => diesel::insert_into(successions::table).values(row).execute(c))
        .map_err(failed("storing a succession"))?;
    let shown = |s: &Succession| json!({ "date": s.date.to_string(), "kind": s.kind.as_str(), "source": s.provenance.source });
    let entry = Entry {
        kind: "succession",
        id: format!("{}/{}", said.predecessor, said.successor),
        ods_code: Some(said.predecessor),
        before: before.map(shown),
        after: Some(shown(said)),
    };
    audit::note(connection, entry);
    Ok(if before.is_some() {
        Stated::Changed
    } else {
        Stated::Added
    })
}
