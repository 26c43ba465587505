//! Names of organisations.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::organisations;

/// Returns the names of those of these organisations that exist, open or closed.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn of(
    connection: &mut Connection,
    codes: impl IntoIterator<Item = OdsCode>,
) -> Result<BTreeMap<OdsCode, String>> {
    let mut codes: Vec<String> = codes.into_iter().map(|code| code.to_string()).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut names = BTreeMap::new();
    for codes in codes.chunks(MAX_CODES) {
        let rows: Vec<(String, String)> = organisations::table
            .filter(organisations::ods_code.eq_any(codes))
            .select((organisations::ods_code, organisations::name))
            .load(&mut connection.database)
            .map_err(failed("reading the names of organisations"))?;
        for (code, name) in rows {
            let key = [code.as_str()];
            names.insert(Stored::new("organisations", &key).parse(&code)?, name);
        }
    }
    Ok(names)
}

/// The most codes in one statement; each is one of its values, of which SQLite takes 32,766.
const MAX_CODES: usize = 10_000;
