//! Opening a database: one look whether it is one, then its tables brought up to date, then the pool.

use std::time::Duration;

use diesel::migration::MigrationVersion;
use diesel::r2d2::{NopErrorHandler, Pool};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::domain::error::{Error, Result};
use crate::storage::connection::{Access, Backend, Connection, ConnectionSource, MAX_WAIT_SECONDS};
use crate::storage::failure::Unusable;
use crate::storage::url::DatabaseUrl;

/// The steps from an empty database to the tables of this version.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The most connections that one process holds. A few readers beside the one writer are enough, since scoring reads
/// the snapshot; many replicas share one PostgreSQL server, whose default limit is 100.
const MAX_CONNECTIONS: u32 = 10;

/// Opens the database, brings its tables up to date and returns the pool of its connections.
///
/// The first connection is made here and not by the pool, which would try again and again and tell the log each time.
pub(super) fn open(url: &DatabaseUrl) -> Result<Pool<ConnectionSource>> {
    let source = ConnectionSource(url.clone());
    let mut connection = source.open()?;
    bring_up_to_date(&mut connection, url)?;
    drop(connection);
    Ok(Pool::builder()
        .max_size(MAX_CONNECTIONS)
        .min_idle(Some(0))
        .connection_timeout(Duration::from_secs(MAX_WAIT_SECONDS))
        // A failure reaches the caller, who logs it once.
        .error_handler(Box::new(NopErrorHandler))
        .build_unchecked(source))
}

/// Runs the migrations that are missing, all in one transaction that no other writer can enter.
fn bring_up_to_date(connection: &mut Connection, url: &DatabaseUrl) -> Result<()> {
    let not_migrated =
        |reason: &dyn std::fmt::Display| Error::from(Unusable::not_migrated(url, reason));
    connection.in_transaction(Access::Write, |connection| {
        let applied = connection
            .0
            .applied_migrations()
            .map_err(|error| not_migrated(&error))?;
        if let Some(migration) = applied.iter().find(|version| !is_known(version)) {
            let migration = migration.to_string();
            return Err(Unusable::NewerSchema {
                database: url.clone(),
                migration,
            }
            .into());
        }
        connection
            .0
            .run_pending_migrations(MIGRATIONS)
            .map_err(|error| not_migrated(&error))?;
        Ok(())
    })
}

/// Whether this version of the service has the migration.
fn is_known(version: &MigrationVersion<'_>) -> bool {
    use diesel::migration::{Migration, MigrationSource};
    let known: Vec<Box<dyn Migration<Backend>>> = MIGRATIONS.migrations().unwrap_or_default();
    known
        .iter()
        .any(|migration| migration.name().version() == *version)
}

/// Takes every table away again, the last migration first; for those who test the way down.
///
/// # Errors
///
/// [`Error::Unavailable`] where the database cannot be opened or a step fails.
pub fn revert_migrations(url: &DatabaseUrl) -> Result<()> {
    let mut connection = ConnectionSource(url.clone()).open()?;
    connection.in_transaction(Access::Write, |connection| {
        connection
            .0
            .revert_all_migrations(MIGRATIONS)
            .map_err(|error| Unusable::not_migrated(url, error))?;
        Ok(())
    })
}
