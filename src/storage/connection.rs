//! One connection to either database, how it is made and how its transactions begin.

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::{Connection as _, PgConnection, SqliteConnection};

use crate::domain::error::{Error, Result};
use crate::storage::any_connection::AnyConnection;
use crate::storage::failure::{Unusable, failed};
use crate::storage::url::{DatabaseKind, DatabaseUrl};

/// The queries that run on both databases.
pub(super) type Backend = <AnyConnection as diesel::Connection>::Backend;

/// A connection inside a transaction, as [`Storage`](super::Storage) hands it to its closures.
pub struct Connection(pub(super) AnyConnection);

/// Runs an expression on the connection of the chosen database: inserting many rows at once is the one thing that
/// diesel offers on each database but not on [`AnyConnection`].
macro_rules! each_backend {
    ($connection:expr, $c:ident => $body:expr) => {
        match &mut $connection.0 {
            $crate::storage::any_connection::AnyConnection::Postgres($c) => $body,
            $crate::storage::any_connection::AnyConnection::Sqlite($c) => $body,
        }
    };
}
pub(super) use each_backend;

/// What a transaction may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Read one state of the database, whatever others write meanwhile.
    Read,
    /// Write, alone.
    Write,
}

/// Held by the one writer of a PostgreSQL database, be it a replica that migrates it; any fixed number will do.
const WRITER_LOCK: &str = "SELECT pg_advisory_xact_lock(4703919738795935814)";

impl Connection {
    /// Runs the work in one transaction, which ends with it: committed when it succeeds, else rolled back.
    pub(super) fn in_transaction<T>(
        &mut self,
        access: Access,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.begin(access)
            .map_err(failed("beginning a transaction"))?;
        match work(self) {
            Ok(value) => {
                each_backend!(self, c => AnsiTransactionManager::commit_transaction(c))
                    .map_err(failed("committing a transaction"))?;
                Ok(value)
            }
            Err(error) => {
                if let Err(rollback) =
                    each_backend!(self, c => AnsiTransactionManager::rollback_transaction(c))
                {
                    log::warn!("a transaction could not be rolled back: {rollback}");
                }
                Err(error)
            }
        }
    }

    /// Begins as the access asks. A writer holds the only write lock from its first statement, on both databases, so
    /// that what it reads is what it changes: on SQLite a transaction that only asks for the lock once it writes
    /// fails at once when another wrote since, whatever `busy_timeout` says.
    fn begin(&mut self, access: Access) -> diesel::QueryResult<()> {
        match (&mut self.0, access) {
            (AnyConnection::Sqlite(c), Access::Read) => {
                AnsiTransactionManager::begin_transaction_sql(c, "BEGIN")
            }
            (AnyConnection::Sqlite(c), Access::Write) => {
                AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")
            }
            (AnyConnection::Postgres(c), Access::Read) => {
                let sql = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                AnsiTransactionManager::begin_transaction_sql(c, sql)
            }
            (AnyConnection::Postgres(c), Access::Write) => {
                AnsiTransactionManager::begin_transaction_sql(c, "BEGIN")?;
                c.batch_execute(WRITER_LOCK).inspect_err(|_| {
                    if let Err(rollback) = AnsiTransactionManager::rollback_transaction(c) {
                        log::warn!("a transaction could not be rolled back: {rollback}");
                    }
                })
            }
        }
    }
}

/// The longest wait in seconds for a PostgreSQL server to answer, for a connection of the pool to become free, and
/// for another writer of a SQLite file to finish.
pub(super) const MAX_WAIT_SECONDS: u64 = 5;

/// Makes connections to one database, chosen by its address alone.
#[derive(Debug)]
pub(super) struct ConnectionSource(pub(super) DatabaseUrl);

impl ConnectionSource {
    /// Connects and sets the connection up.
    pub(super) fn open(&self) -> std::result::Result<Connection, Unusable> {
        match self.0.kind() {
            DatabaseKind::Sqlite => self.open_file(),
            DatabaseKind::Postgres => self.open_server(),
        }
    }

    fn open_file(&self) -> std::result::Result<Connection, Unusable> {
        let path = self.0.file().unwrap_or(std::path::Path::new(""));
        if path.is_dir() {
            return Err(Unusable::Directory(self.0.clone()));
        }
        let Some(text) = path.to_str() else {
            return Err(Unusable::unreadable(&self.0, "its name is not UTF-8"));
        };
        // Diesel reads a text that begins with a scheme as an address; a path that begins with its folder is a path.
        let text = if path.is_relative() {
            format!("./{text}")
        } else {
            text.to_owned()
        };
        let mut connection = SqliteConnection::establish(&text)
            .map_err(|error| Unusable::unreadable(&self.0, error))?;
        // First of all how long to wait, since the statements after it may have to; then in DESIGN 9's words.
        connection
            .batch_execute(&format!(
                "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON;",
                MAX_WAIT_SECONDS * 1000
            ))
            .map_err(|error| {
                if error.to_string().contains("not a database") {
                    Unusable::NotADatabase(self.0.clone())
                } else {
                    Unusable::unreadable(&self.0, error)
                }
            })?;
        Ok(Connection(AnyConnection::Sqlite(connection)))
    }

    fn open_server(&self) -> std::result::Result<Connection, Unusable> {
        let address = self.0.server_address(MAX_WAIT_SECONDS).unwrap_or_default();
        let mut connection = PgConnection::establish(&address)
            .map_err(|error| Unusable::unreachable(&self.0, error))?;
        connection
            .batch_execute(&format!(
                "SET TIME ZONE 'UTC'; SET client_min_messages TO WARNING; SET lock_timeout TO '{MAX_WAIT_SECONDS}s'"
            ))
            .map_err(|error| Unusable::unreachable(&self.0, error))?;
        Ok(Connection(AnyConnection::Postgres(connection)))
    }
}

impl ManageConnection for ConnectionSource {
    type Connection = Connection;
    type Error = Unusable;

    fn connect(&self) -> std::result::Result<Connection, Unusable> {
        self.open()
    }

    fn is_valid(&self, connection: &mut Connection) -> std::result::Result<(), Unusable> {
        match &mut connection.0 {
            // A file does not hang up.
            AnyConnection::Sqlite(_) => Ok(()),
            AnyConnection::Postgres(c) => c
                .ping()
                .map_err(|error| Unusable::unreachable(&self.0, error)),
        }
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        // A panic may have left a transaction open.
        std::thread::panicking() || each_backend!(connection, c => c.is_broken())
    }
}

/// The failure to get a connection in time.
pub(super) fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unavailable("waiting for a connection", Box::new(error))
}
