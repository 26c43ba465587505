//! The weights that sites save for themselves.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::{Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::programme::{Criterion, Weights};
use crate::domain::version::{Expected, ProfilePart, Version};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::saved_weights;
use crate::storage::{Outcome, organisations, versions};

/// Returns every site's saved weights, by ODS code.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
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

/// Returns the weights that a site saved, `None` where it saved none, and their version.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; those of [`saved`].
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<(Version, Option<Weights>)> {
    organisations::require(connection, code)?;
    let version = versions::of(connection, code, ProfilePart::Weights)?;
    Ok((version, held(connection, code)?))
}

fn held(connection: &mut Connection, code: OdsCode) -> Result<Option<Weights>> {
    let rows: Vec<(String, f64)> = saved_weights::table
        .filter(saved_weights::ods_code.eq(code.as_str()))
        .select((saved_weights::criterion, saved_weights::weight))
        .load(&mut connection.database)
        .map_err(failed("reading saved weights"))?;
    if rows.is_empty() {
        return Ok(None);
    }
    let key = [code.as_str()];
    let row = Stored::new("saved_weights", &key);
    let mut weights = [0.0; Criterion::COUNT];
    for (criterion, weight) in rows {
        weights[row.parse::<Criterion>(&criterion)?.index()] = weight;
    }
    let weights = Weights::new(weights).map_err(|fault| row.corrupt(fault))?;
    Ok(Some(weights))
}

/// Puts a site's weights in the place of those it saved before, from a version that it has seen; `None` forgets them. Returns
/// the version then.
///
/// The row of the audit is of the kind `weights`, which nobody but the site may be shown.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Stale`] where they are of another version; [`Error::Missing`] where there are none
/// to forget; those of [`saved`].
pub fn change(
    connection: &mut Connection,
    code: OdsCode,
    weights: Option<Weights>,
    expected: &Expected,
) -> Result<Outcome<Version>> {
    let version = versions::expect(connection, code, ProfilePart::Weights, expected)?;
    let before = held(connection, code)?;
    if before == weights {
        return match weights {
            Some(_) => Ok(Outcome::Unchanged(version)),
            None => Err(Error::Missing {
                what: "saved weights of the site",
                id: code.to_string(),
            }),
        };
    }
    diesel::delete(saved_weights::table.filter(saved_weights::ods_code.eq(code.as_str())))
        .execute(&mut connection.database)
        .map_err(failed("replacing saved weights"))?;
    let rows: Vec<_> = weights
        .iter()
        .flat_map(|weights| {
            Criterion::ALL.iter().map(move |&criterion| {
                (
                    saved_weights::ods_code.eq(code.to_string()),
                    saved_weights::criterion.eq(criterion.as_str()),
                    saved_weights::weight.eq(weights.of(criterion)),
                )
            })
        })
        .collect();
    each_backend!(connection, c => diesel::insert_into(saved_weights::table).values(&rows).execute(c))
        .map_err(failed("storing saved weights"))?;
    let shown = |weights: Option<Weights>| -> Option<Value> {
        let each = |weights: Weights| {
            let named =
                |&criterion: &Criterion| (criterion.to_string(), json!(weights.of(criterion)));
            Value::Object(Criterion::ALL.iter().map(named).collect())
        };
        weights.map(each)
    };
    audit::note(
        connection,
        Entry {
            kind: "weights",
            id: code.to_string(),
            ods_code: Some(code),
            before: shown(before),
            after: shown(weights),
        },
    );
    versions::raise(connection, code, ProfilePart::Weights, expected).map(Outcome::Changed)
}
