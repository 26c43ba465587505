//! Opening a database: one look whether it is one, then its tables brought up to date, then the pool.

use std::sync::Arc;
use std::time::Duration;

use diesel::RunQueryDsl as _;
use diesel::migration::{Migration, MigrationSource};
use diesel::r2d2::{NopErrorHandler, Pool};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::domain::error::{Error, Result};
use crate::storage::any_connection::AnyConnection;
use crate::storage::audit;
use crate::storage::connection::{
    Access, Backend, Connection, ConnectionSource, MAX_WAIT_SECONDS, Purpose, each_backend,
};
use crate::storage::failure::{Unusable, failed};
use crate::storage::seal::Seal;
use crate::storage::url::{DatabaseKind, DatabaseUrl};

/// The steps from an empty database to the tables of this version that are one text for both databases. A new folder alone
/// is not noticed by the compiler's driver: touch this file with it.
const PORTABLE: EmbeddedMigrations = embed_migrations!("migrations/portable");
/// The steps that SQLite has a text of its own for; the other database has one under the same version.
const OF_SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
/// The same for PostgreSQL.
const OF_POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// All steps for a database; diesel orders them by version.
struct Migrations(DatabaseKind);

impl MigrationSource<Backend> for Migrations {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Backend>>>> {
        let own = match self.0 {
            DatabaseKind::Sqlite => OF_SQLITE,
            DatabaseKind::Postgres => OF_POSTGRES,
        };
        let mut all = MigrationSource::<Backend>::migrations(&PORTABLE)?;
        all.extend(MigrationSource::<Backend>::migrations(&own)?);
        Ok(all)
    }
}

/// The most connections that one process holds. A few readers beside the one writer are enough, since scoring reads
/// the snapshot; many replicas share one PostgreSQL server, whose default limit is 100.
const MAX_CONNECTIONS: u32 = 10;

/// Opens the database, brings its tables up to date and returns the pool of its connections.
///
/// The first connection is made here and not by the pool, which would try again and again and tell the log each time.
pub(super) fn open(url: &DatabaseUrl, seal: Arc<Seal>) -> Result<Pool<ConnectionSource>> {
    leave_others_alone(url)?;
    let source = ConnectionSource {
        url: url.clone(),
        purpose: Purpose::Serving,
        seal: Some(seal),
    };
    let mut connection = source.open()?;
    bring_up_to_date(&mut connection, url)?;
    drop(connection);
    Ok(pool(source))
}

/// Opens a database that is up to date and returns the pool of its connections; changes nothing.
pub(super) fn open_to_read(url: &DatabaseUrl) -> Result<Pool<ConnectionSource>> {
    let source = ConnectionSource {
        url: url.clone(),
        purpose: Purpose::Reading,
        seal: None,
    };
    let contents = source.open()?.in_transaction(Access::Read, contents)?;
    let applied = match contents {
        Contents::Nothing => return Err(Unusable::NoTables(url.clone()).into()),
        Contents::Foreign => return Err(Unusable::Foreign(url.clone()).into()),
        Contents::Ours(applied) => applied,
    };
    let known = known_versions();
    if let Some(migration) = applied.iter().find(|version| !known.contains(version)) {
        let migration = migration.clone();
        return Err(Unusable::NewerSchema {
            database: url.clone(),
            migration,
        }
        .into());
    }
    if applied.len() < known.len() {
        return Err(Unusable::OlderSchema(url.clone()).into());
    }
    Ok(pool(source))
}

/// Whether the database was begun with a secret, without which it cannot be opened again; changes nothing. One that is not
/// there yet was not.
pub(super) fn is_sealed(url: &DatabaseUrl) -> Result<bool> {
    if url
        .file()
        .is_some_and(|path| !path.metadata().is_ok_and(|m| m.is_file() && m.len() > 0))
    {
        return Ok(false);
    }
    let source = ConnectionSource {
        url: url.clone(),
        purpose: Purpose::Reading,
        seal: None,
    };
    source.open()?.in_transaction(Access::Read, |connection| {
        let has_chain = tables(connection)?.iter().any(|name| name == "audit_chain");
        Ok(has_chain && audit::beginning(connection)?.is_some())
    })
}

fn pool(source: ConnectionSource) -> Pool<ConnectionSource> {
    Pool::builder()
        .max_size(MAX_CONNECTIONS)
        .min_idle(Some(0))
        .connection_timeout(Duration::from_secs(MAX_WAIT_SECONDS))
        // A failure reaches the caller, who logs it once.
        .error_handler(Box::new(NopErrorHandler))
        .build_unchecked(source)
}

/// Refuses a file with another program's tables before its settings are changed, which are kept in the file.
fn leave_others_alone(url: &DatabaseUrl) -> Result<()> {
    let is_filled =
        |path: &std::path::Path| path.metadata().is_ok_and(|m| m.is_file() && m.len() > 0);
    if !url.file().is_some_and(is_filled) {
        return Ok(());
    }
    let source = ConnectionSource {
        url: url.clone(),
        purpose: Purpose::Reading,
        seal: None,
    };
    match source.open()?.in_transaction(Access::Read, contents)? {
        Contents::Foreign => Err(Unusable::Foreign(url.clone()).into()),
        Contents::Nothing | Contents::Ours(_) => Ok(()),
    }
}

/// Whose tables there are.
enum Contents {
    /// None.
    Nothing,
    /// Another program's.
    Foreign,
    /// Ours, with the versions of the migrations that made them.
    Ours(Vec<String>),
}

/// Where diesel keeps which migrations were applied.
const APPLIED: &str = "__diesel_schema_migrations";

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

/// The names that a query returns.
fn names(connection: &mut Connection, sql: &str) -> Result<Vec<String>> {
    let rows = each_backend!(connection, c => diesel::sql_query(sql).load::<Name>(c))
        .map_err(failed("looking for tables"))?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// The tables there are, without making diesel's own.
fn tables(connection: &mut Connection) -> Result<Vec<String>> {
    let sql = match connection.database {
        AnyConnection::Sqlite(_) => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        }
        AnyConnection::Postgres(_) => {
            "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables \
             WHERE table_schema = current_schema()"
        }
    };
    names(connection, sql)
}

/// Whose tables there are.
fn contents(connection: &mut Connection) -> Result<Contents> {
    let tables = tables(connection)?;
    if tables.is_empty() {
        return Ok(Contents::Nothing);
    }
    if !tables.iter().any(|table| table == APPLIED) {
        return Ok(Contents::Foreign);
    }
    let applied = names(
        connection,
        &format!("SELECT version AS name FROM {APPLIED} ORDER BY version"),
    )?;
    let known = known_versions();
    Ok(match applied.first() {
        Some(_) if applied.iter().any(|version| known.contains(version)) => Contents::Ours(applied),
        // All migrations were reverted.
        None if tables.len() == 1 => Contents::Nothing,
        Some(_) | None => Contents::Foreign,
    })
}

/// Runs the migrations that are missing, all in one transaction that no other writer can enter.
fn bring_up_to_date(connection: &mut Connection, url: &DatabaseUrl) -> Result<()> {
    let known = known_versions();
    let not_migrated =
        |reason: &dyn std::fmt::Display| Error::from(Unusable::not_migrated(url, reason));
    connection.in_transaction(Access::Write, |connection| {
        let applied = connection
            .database
            .applied_migrations()
            .map_err(|error| not_migrated(&error))?;
        if let Some(migration) = applied
            .iter()
            .map(ToString::to_string)
            .find(|version| !known.contains(version))
        {
            return Err(Unusable::NewerSchema {
                database: url.clone(),
                migration,
            }
            .into());
        }
        connection
            .database
            .run_pending_migrations(Migrations(url.kind()))
            .map_err(|error| not_migrated(&error))?;
        audit::begin_or_check(connection, url)
    })
}

/// The versions of the migrations that this version of the service has.
fn known_versions() -> Vec<String> {
    // Both databases have the same versions.
    let known = Migrations(DatabaseKind::Sqlite)
        .migrations()
        .unwrap_or_default();
    known
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect()
}

/// Takes every table away again, the last migration first; for those who test the way down.
///
/// # Errors
///
/// [`Error::Unavailable`] where the database cannot be opened or a step fails.
pub fn revert_migrations(url: &DatabaseUrl) -> Result<()> {
    let mut connection = ConnectionSource {
        url: url.clone(),
        purpose: Purpose::Serving,
        seal: None,
    }
    .open()?;
    connection.in_transaction(Access::Write, |connection| {
        connection
            .database
            .revert_all_migrations(Migrations(url.kind()))
            .map_err(|error| Unusable::not_migrated(url, error))?;
        Ok(())
    })
}
