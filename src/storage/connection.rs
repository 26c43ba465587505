//! One connection to either database, how it is made and how its transactions begin.

use std::path::Path;
use std::sync::Arc;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::{Connection as _, PgConnection, SqliteConnection};

use crate::domain::error::{Error, Result};
use crate::storage::any_connection::AnyConnection;
use crate::storage::audit::Entry;
use crate::storage::failure::{Unusable, failed};
use crate::storage::seal::Seal;
use crate::storage::url::DatabaseUrl;

/// The queries that run on both databases.
pub(super) type Backend = <AnyConnection as diesel::Connection>::Backend;

/// A connection inside a transaction, as [`Storage`](super::Storage) hands it to its closures.
pub struct Connection {
    pub(super) database: AnyConnection,
    /// What seals audit rows and personal data; absent where the service's secret is not at hand, which only reads.
    pub(super) seal: Option<Arc<Seal>>,
    /// What the transaction changed so far, for the audit.
    pub(super) entries: Vec<Entry>,
}

impl Connection {
    fn new(database: AnyConnection) -> Self {
        Self {
            database,
            seal: None,
            entries: Vec::new(),
        }
    }
}

/// Runs an expression on the connection of the chosen database: inserting many rows at once is the one thing that
/// diesel offers on each database but not on [`AnyConnection`].
macro_rules! each_backend {
    ($connection:expr, $c:ident => $body:expr) => {
        match &mut $connection.database {
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
        self.in_transaction_kept(access, work, |_| true)
    }

    /// The same, but rolled back too where what came of the work is not to be kept.
    pub(super) fn in_transaction_kept<T>(
        &mut self,
        access: Access,
        work: impl FnOnce(&mut Self) -> Result<T>,
        is_kept: impl FnOnce(&T) -> bool,
    ) -> Result<T> {
        self.begin(access)
            .map_err(failed("beginning a transaction"))?;
        self.entries.clear();
        let outcome = work(self);
        if outcome.as_ref().is_ok_and(is_kept) {
            each_backend!(self, c => AnsiTransactionManager::commit_transaction(c))
                .map_err(failed("committing a transaction"))?;
        } else if let Err(rollback) =
            each_backend!(self, c => AnsiTransactionManager::rollback_transaction(c))
        {
            log::warn!("a transaction could not be rolled back: {rollback}");
        }
        outcome
    }

    /// Begins as the access asks. A writer holds the only write lock from its first statement, on both databases, so
    /// that what it reads is what it changes: on SQLite a transaction that only asks for the lock once it writes
    /// fails at once when another wrote since, whatever `busy_timeout` says.
    fn begin(&mut self, access: Access) -> diesel::QueryResult<()> {
        match (&mut self.database, access) {
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
                let lock = format!(
                    "SET LOCAL statement_timeout TO '{MAX_WRITE_STATEMENT_SECONDS}s'; {WRITER_LOCK}"
                );
                c.batch_execute(&lock).inspect_err(|_| {
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

/// The longest time in seconds for one statement of a PostgreSQL server that reads: a whole table takes about one.
const MAX_READ_STATEMENT_SECONDS: u64 = 10;

/// The same for a statement that writes, many rows at once as it may be.
const MAX_WRITE_STATEMENT_SECONDS: u64 = 120;

/// What connections of a source are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reading and writing; a file that is missing is made.
    Serving,
    /// Reading alone; nothing is made or changed, the settings of a file included.
    Reading,
}

/// Makes connections to one database, chosen by its address alone.
#[derive(Clone, Debug)]
pub(super) struct ConnectionSource {
    pub(super) url: DatabaseUrl,
    pub(super) purpose: Purpose,
    pub(super) seal: Option<Arc<Seal>>,
}

impl ConnectionSource {
    /// Connects and sets the connection up.
    pub(super) fn open(&self) -> std::result::Result<Connection, Unusable> {
        let mut connection = match (self.url.file(), self.purpose) {
            (Some(path), Purpose::Serving) => self.open_file(path),
            (Some(path), Purpose::Reading) => self.open_file_to_read(path),
            (None, _) => self.open_server(),
        }?;
        connection.seal.clone_from(&self.seal);
        Ok(connection)
    }

    /// The path as text, where there can be a file.
    fn text_of<'a>(&self, path: &'a Path) -> std::result::Result<&'a str, Unusable> {
        if path.is_dir() {
            return Err(Unusable::Directory(self.url.clone()));
        }
        path.to_str()
            .ok_or_else(|| Unusable::unreadable(&self.url, "its name is not UTF-8"))
    }

    /// Opens a file that is there without changing it: one that may not be written, too, and one in a folder that may not.
    fn open_file_to_read(&self, path: &Path) -> std::result::Result<Connection, Unusable> {
        let text = self.text_of(path)?;
        if !path.exists() {
            return Err(Unusable::Missing(self.url.clone()));
        }
        let open = |parameters: &str| -> std::result::Result<SqliteConnection, String> {
            let mut connection = SqliteConnection::establish(&file_uri(text, parameters))
                .map_err(|error| error.to_string())?;
            // The file is first read by the last statement.
            connection
                .batch_execute(&format!(
                    "PRAGMA busy_timeout = {}; PRAGMA query_only = ON; SELECT count(*) FROM sqlite_master;",
                    MAX_WAIT_SECONDS * 1000
                ))
                .map_err(|error| error.to_string())?;
            Ok(connection)
        };
        let log_of_writes = Path::new(&format!("{text}-wal")).metadata();
        let opened = match open("mode=ro") {
            // Without a log of writes beside it, and no leave to make one, what is in the file is all there is.
            Err(words) if !is_no_database(&words) && log_of_writes.map_or(0, |m| m.len()) == 0 => {
                open("mode=ro&immutable=1")
            }
            opened => opened,
        };
        let connection = opened.map_err(|words| self.unreadable(words))?;
        Ok(Connection::new(AnyConnection::Sqlite(connection)))
    }

    fn unreadable(&self, words: impl std::fmt::Display) -> Unusable {
        if is_no_database(&words.to_string()) {
            Unusable::NotADatabase(self.url.clone())
        } else {
            Unusable::unreadable(&self.url, words)
        }
    }

    fn open_file(&self, path: &Path) -> std::result::Result<Connection, Unusable> {
        let text = self.text_of(path)?;
        // Diesel reads a text that begins with a scheme as an address; a path that begins with its folder is a path.
        let text = if path.is_relative() {
            format!("./{text}")
        } else {
            text.to_owned()
        };
        let mut connection = SqliteConnection::establish(&text)
            .map_err(|error| Unusable::unreadable(&self.url, error))?;
        // First of all how long to wait, since the statements after it may have to; then in DESIGN 9's words. What is
        // deleted is overwritten, so that an erased contact is gone from the file too.
        connection
            .batch_execute(&format!(
                "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
                MAX_WAIT_SECONDS * 1000
            ))
            .map_err(|error| self.unreadable(error))?;
        Ok(Connection::new(AnyConnection::Sqlite(connection)))
    }

    fn open_server(&self) -> std::result::Result<Connection, Unusable> {
        let address = self.url.server().unwrap_or_default();
        let mut connection = PgConnection::establish(&address)
            .map_err(|error| Unusable::unreachable(&self.url, error))?;
        connection
            .batch_execute(&format!(
                "SET TIME ZONE 'UTC'; SET client_min_messages TO WARNING; SET lock_timeout TO '{MAX_WAIT_SECONDS}s'; \
                 SET statement_timeout TO '{MAX_READ_STATEMENT_SECONDS}s'"
            ))
            .map_err(|error| Unusable::unreachable(&self.url, error))?;
        Ok(Connection::new(AnyConnection::Postgres(connection)))
    }
}

/// The address by which SQLite opens a path with parameters.
fn file_uri(path: &str, parameters: &str) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri + "?" + parameters
}

/// Whether SQLite says that a file is none of its own.
fn is_no_database(words: &str) -> bool {
    words.contains("not a database")
}

impl ManageConnection for ConnectionSource {
    type Connection = Connection;
    type Error = Unusable;

    fn connect(&self) -> std::result::Result<Connection, Unusable> {
        self.open()
    }

    fn is_valid(&self, connection: &mut Connection) -> std::result::Result<(), Unusable> {
        match &mut connection.database {
            // A file does not hang up.
            AnyConnection::Sqlite(_) => Ok(()),
            AnyConnection::Postgres(c) => c
                .ping()
                .map_err(|error| Unusable::unreachable(&self.url, error)),
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
