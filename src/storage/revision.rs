//! The number of the last write.

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::error::Result;
use crate::domain::ids::Revision;
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
        .first(&mut connection.0)
        .map_err(failed("reading the revision"))?;
    let number =
        u64::try_from(number).map_err(|fault| Stored::new("revision", &["1"]).corrupt(fault))?;
    Ok(Revision(number))
}

/// Raises the revision by one and returns it.
pub(super) fn raise(connection: &mut Connection) -> Result<Revision> {
    diesel::update(revision::table)
        .set(revision::number.eq(revision::number + 1))
        .execute(&mut connection.0)
        .map_err(failed("raising the revision"))?;
    current(connection)
}
