//! Models: what outcomes taught about the weights of a programme, and what became of it.

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::{Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::ids::Slug;
use crate::domain::model::{Model, ModelState};
use crate::domain::version::Version;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::failed;
use crate::storage::rows::model::ModelRow;
use crate::storage::schema::models;

/// The kind of these things in the audit.
pub const KIND: &str = "models";

/// Returns a model.
///
/// # Errors
///
/// [`Error::Missing`] where there is none of this id; [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn find(connection: &mut Connection, id: &str) -> Result<Model> {
    let row: Option<ModelRow> = models::table
        .find(id)
        .first(&mut connection.database)
        .optional()
        .map_err(failed("reading a model"))?;
    let missing = || Error::Missing {
        what: "model",
        id: id.to_owned(),
    };
    row.ok_or_else(missing)?.into_domain()
}

/// Returns at most `limit` models, the newest first: all, or those made before the one at a place.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn page(connection: &mut Connection, after: Option<i64>, limit: usize) -> Result<Vec<Model>> {
    let rows: Vec<ModelRow> = models::table
        .filter(models::sequence.lt(after.unwrap_or(i64::MAX)))
        .order(models::sequence.desc())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(&mut connection.database)
        .map_err(failed("listing the models"))?;
    rows.into_iter().map(ModelRow::into_domain).collect()
}

/// Returns the model whose weights a programme has, where it has those of one.
///
/// # Errors
///
/// As [`page`].
pub fn active(connection: &mut Connection, programme: &Slug) -> Result<Option<Model>> {
    let row: Option<ModelRow> = models::table
        .filter(models::programme.eq(programme.as_str()))
        .filter(models::state.eq(ModelState::Active.as_str()))
        .first(&mut connection.database)
        .optional()
        .map_err(failed("reading the model in use"))?;
    row.map(ModelRow::into_domain).transpose()
}

/// Returns the model that gave a programme a version of its weights, where one did.
///
/// # Errors
///
/// As [`page`].
pub fn of_version(
    connection: &mut Connection,
    programme: &Slug,
    version: Version,
) -> Result<Option<Model>> {
    let number = i64::try_from(version.0)
        .map_err(|fault| Error::Internal("reading a model", fault.into()))?;
    let row: Option<ModelRow> = models::table
        .filter(models::programme.eq(programme.as_str()))
        .filter(models::activated_version.eq(number))
        .first(&mut connection.database)
        .optional()
        .map_err(failed("reading the model of a version"))?;
    row.map(ModelRow::into_domain).transpose()
}

/// Keeps a model at the end of the order in which they were made, whatever its `sequence` says, and returns it as it is kept.
///
/// # Errors
///
/// As [`find`].
pub fn add(connection: &mut Connection, model: Model) -> Result<Model> {
    let last: Option<i64> = models::table
        .select(diesel::dsl::max(models::sequence))
        .first(&mut connection.database)
        .map_err(failed("reading the last model"))?;
    let model = Model {
        sequence: last.unwrap_or(0) + 1,
        ..model
    };
    let row = ModelRow::new(&model)?;
    each_backend!(connection, c => diesel::insert_into(models::table).values(row).execute(c))
        .map_err(failed("keeping a model"))?;
    find(connection, &model.id)
}

/// Puts a model in the place of the one with its id: of one that is kept only the state changes.
///
/// # Errors
///
/// As [`find`].
pub fn replace(connection: &mut Connection, model: &Model) -> Result<()> {
    let row = ModelRow::new(model)?;
    diesel::update(models::table.find(&model.id))
        .set(row)
        .execute(&mut connection.database)
        .map_err(failed("changing a model"))?;
    Ok(())
}

/// A model as the audit keeps it: from what it was learnt, what it says of the weights, and its state; of reasons whether there is
/// one, not what it says.
#[must_use]
pub fn json_of(model: &Model) -> Value {
    let weights = model.learnt.weights.map(|share| share.weight);
    json!({
        "programme": model.basis.programme.as_str(),
        "revision": model.basis.revision.0,
        "methodVersion": model.basis.method_version,
        "asOf": model.basis.as_of.to_string(),
        "seed": model.basis.seed,
        "outcomeCount": model.learnt.n_outcomes,
        "gate": model.learnt.gate.as_str(),
        "weights": weights,
        "state": model.state.as_str(),
        "weightsVersion": model.activation.as_ref().map(|a| a.weights_version.0),
        "retiredBy": model.retirement.as_ref().map(|r| r.why.as_str()),
        "hasReason": model.activation.is_some(),
    })
}
