//! The number of the last write.

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::error::Result;
use crate::domain::ids::Revision;
use crate::storage::Touches;
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::revision;

/// Returns the number of the last write; 0 before the first.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be read.
pub fn current(connection: &mut Connection) -> Result<Revision> {
    let number: i64 = revision::table
        .select(revision::number)
        .first(&mut connection.database)
        .map_err(failed("reading the revision"))?;
    let number =
        u64::try_from(number).map_err(|fault| Stored::new("revision", &["1"]).corrupt(fault))?;
    Ok(Revision(number))
}

/// The numbers of the last writes that touched what is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    /// What scoring reads.
    pub scoring: Revision,
    /// Who may call.
    pub callers: Revision,
    /// Whom sites exclude.
    pub choices: Revision,
}

/// Returns the numbers of the last writes that touched what is kept in memory.
///
/// # Errors
///
/// As [`current`].
pub fn touched(connection: &mut Connection) -> Result<Touched> {
    let (scoring, callers, choices): (i64, i64, i64) = revision::table
        .select((revision::scoring, revision::callers, revision::choices))
        .first(&mut connection.database)
        .map_err(failed("reading the revision"))?;
    let read = |number: i64| {
        u64::try_from(number)
            .map(Revision)
            .map_err(|fault| Stored::new("revision", &["1"]).corrupt(fault))
    };
    Ok(Touched {
        scoring: read(scoring)?,
        callers: read(callers)?,
        choices: read(choices)?,
    })
}

/// Raises the revision by one and returns it.
pub(super) fn raise(connection: &mut Connection, touches: Touches) -> Result<Revision> {
    diesel::update(revision::table)
        .set(revision::number.eq(revision::number + 1))
        .execute(&mut connection.database)
        .map_err(failed("raising the revision"))?;
    if matches!(touches, Touches::Scoring | Touches::Everything) {
        diesel::update(revision::table)
            .set(revision::scoring.eq(revision::number))
            .execute(&mut connection.database)
            .map_err(failed("raising the revision of scoring"))?;
    }
    if matches!(touches, Touches::Callers | Touches::Everything) {
        diesel::update(revision::table)
            .set(revision::callers.eq(revision::number))
            .execute(&mut connection.database)
            .map_err(failed("raising the revision of callers"))?;
    }
    if matches!(touches, Touches::Choices | Touches::Everything) {
        diesel::update(revision::table)
            .set(revision::choices.eq(revision::number))
            .execute(&mut connection.database)
            .map_err(failed("raising the revision of choices"))?;
    }
    current(connection)
}
