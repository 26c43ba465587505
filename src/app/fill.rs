//! Fills an empty database with the bundled open data.

use chrono::{DateTime, Utc};

use crate::domain::error::Result;
use crate::intake::bundled;
use crate::storage::{self, Change, Storage, Touches};

/// Loads the bundled data where no organisation is recorded yet; does nothing elsewhere.
///
/// # Errors
///
/// Those of the database, and where the bundled data cannot be read.
pub(super) fn with_bundled_data(storage: &Storage, now: DateTime<Utc>) -> Result<()> {
    // A look before the bundled data is read, which is for nothing wherever there is something already.
    if !storage.read_blocking(storage::register::is_empty)? {
        return Ok(());
    }
    let bundle = bundled::load()?;
    let change = Change {
        actor: "alongside".to_owned(),
        action: "load_bundled_data",
        detail: format!("{} organisations", bundle.register.organisations.len()),
        at: now,
        request_id: String::new(),
        touches: Touches::Everything,
    };
    // Of several replicas that start on one empty database one fills it; the others find it filled.
    storage.write_if_needed(&change, |connection| {
        if !storage::register::is_empty(connection)? {
            return Ok(None);
        }
        storage::register::insert(connection, &bundle.register, &bundle.data_sets).map(Some)
    })?;
    Ok(())
}
