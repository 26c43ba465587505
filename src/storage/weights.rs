//! The weights that sites save for themselves.

use std::collections::BTreeMap;

use diesel::RunQueryDsl as _;

use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::programme::{Criterion, Weights};
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::saved_weights;

/// Returns every site's saved weights, by ODS code.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn saved(connection: &mut Connection) -> Result<Vec<(OdsCode, Weights)>> {
    let rows: Vec<(String, String, f64)> = saved_weights::table
        .load(&mut connection.database)
        .map_err(failed("reading the saved weights"))?;
    let mut found: BTreeMap<OdsCode, [f64; Criterion::COUNT]> = BTreeMap::new();
    for (code, criterion, weight) in rows {
        let key = [code.as_str(), criterion.as_str()];
        let row = Stored::new("saved_weights", &key);
        let weights = found.entry(row.parse(&code)?).or_default();
        weights[row.parse::<Criterion>(&criterion)?.index()] = weight;
    }
    found
        .into_iter()
        .map(|(code, weights)| {
            let key = [code.as_str()];
            let row = Stored::new("saved_weights", &key);
            let weights = Weights::new(weights).map_err(|fault| row.corrupt(fault))?;
            Ok((code, weights))
        })
        .collect()
}
