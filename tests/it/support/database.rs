//! A database of its own for a test, gone when the test ends, however it ends.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use alongside::domain::secret::MasterSecret;
use alongside::storage::{Change, DatabaseKind, DatabaseUrl, Storage, Touches};
use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, RunQueryDsl as _, SqliteConnection};

use super::logs;

/// Holds the address of a PostgreSQL server on which the tests may make databases, for example
/// `postgres://postgres@127.0.0.1:5432/postgres`. Where it is not set, the storage tests run on SQLite alone.
const SERVER_VARIABLE: &str = "ALONGSIDE_TEST_POSTGRES";

/// A fresh database for one test.
pub(crate) struct TestDatabase {
    address: String,
    home: Home,
}

enum Home {
    /// The folder goes with the value.
    Folder {
        _folder: tempfile::TempDir,
    },
    Server {
        address: String,
        name: String,
    },
}

/// Runs one test body on a fresh SQLite database, and on a fresh PostgreSQL one where a server is given.
pub(crate) fn on_every_database(body: impl Fn(&TestDatabase)) {
    for database in one_of_each() {
        body(&database);
    }
}

/// A fresh SQLite database, and a fresh PostgreSQL one where a server is given.
pub(crate) fn one_of_each() -> Vec<TestDatabase> {
    let mut databases = vec![TestDatabase::sqlite()];
    databases.extend(server().map(|server| TestDatabase::postgres(&server)));
    databases
}

/// The address of the server to test with, if one is given.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no config.rs; this is their one reader of the environment"
)]
fn server() -> Option<String> {
    std::env::var(SERVER_VARIABLE).ok()
}

impl TestDatabase {
    /// A fresh SQLite database in a folder of its own.
    pub(crate) fn sqlite() -> Self {
        logs::keep();
        let folder = tempfile::tempdir().expect("a folder for a test");
        let path: PathBuf = folder.path().join("alongside.db");
        Self {
            address: path.to_str().expect("a path in UTF-8").to_owned(),
            home: Home::Folder { _folder: folder },
        }
    }

    fn postgres(server: &str) -> Self {
        logs::keep();
        static N_MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "alongside_test_{}_{}",
            std::process::id(),
            N_MADE.fetch_add(1, Ordering::Relaxed)
        );
        on_server(server, &format!("CREATE DATABASE {name}"));
        let (before, parameters) = server.split_at(server.find('?').unwrap_or(server.len()));
        let (scheme, rest) = before.split_once("://").expect("an address with a scheme");
        let host = rest.split('/').next().unwrap_or(rest);
        Self {
            address: format!("{scheme}://{host}/{name}{parameters}"),
            home: Home::Server {
                address: server.to_owned(),
                name,
            },
        }
    }

    /// Where it is on a server: what stands before the host, the host with its port, and what follows the slash.
    pub(crate) fn server(&self) -> Option<(String, String, String)> {
        let (scheme, rest) = self.address.split_once("://")?;
        let (place, name) = rest.split_once('/')?;
        let (user, host) = place.rsplit_once('@').unwrap_or(("", place));
        let user = if user.is_empty() {
            String::new()
        } else {
            format!("{user}@")
        };
        Some((
            format!("{scheme}://{user}"),
            host.to_owned(),
            name.to_owned(),
        ))
    }

    /// Where it is.
    pub(crate) fn url(&self) -> DatabaseUrl {
        DatabaseUrl::parse(&self.address).expect("an address of a database")
    }

    /// Opens it as the service does.
    pub(crate) fn open(&self) -> Storage {
        Storage::open(&self.url(), &secret()).expect("the database opens")
    }

    /// Runs SQL past the service.
    pub(crate) fn execute(&self, sql: &str) {
        self.try_execute(sql).expect("the statements run");
    }

    /// Runs SQL past the service, which may refuse it.
    pub(crate) fn try_execute(&self, sql: &str) -> diesel::QueryResult<()> {
        match self.url().kind() {
            DatabaseKind::Sqlite => SqliteConnection::establish(&self.address)
                .expect("a connection")
                .batch_execute(sql),
            DatabaseKind::Postgres => PgConnection::establish(&self.address)
                .expect("a connection")
                .batch_execute(sql),
        }
    }

    /// The texts that a query past the service returns, from a column called `text`.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        let rows: Vec<Text> = match self.url().kind() {
            DatabaseKind::Sqlite => diesel::sql_query(sql)
                .load(&mut SqliteConnection::establish(&self.address).expect("a connection")),
            DatabaseKind::Postgres => diesel::sql_query(sql)
                .load(&mut PgConnection::establish(&self.address).expect("a connection")),
        }
        .expect("the query runs");
        rows.into_iter().map(|row| row.text).collect()
    }
}

#[derive(diesel::QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the test failed on {}", self.url().kind().as_str());
        }
        if let Home::Server { address, name } = &self.home {
            // The service's connections may still be open; they are the test's own.
            on_server(address, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

fn on_server(address: &str, sql: &str) {
    PgConnection::establish(address)
        .unwrap_or_else(|error| {
            panic!("{SERVER_VARIABLE} is set, but the server cannot be used: {error}")
        })
        .batch_execute(sql)
        .expect("the server runs the statement");
}

/// The secret of every test's installation.
pub(crate) fn secret() -> MasterSecret {
    MasterSecret::new([7; MasterSecret::N_BYTES])
}

/// A change by nobody in particular, at a time that both databases can keep.
pub(crate) fn a_change() -> Change {
    Change {
        actor: "a test".to_owned(),
        action: "test",
        detail: String::new(),
        at: DateTime::<Utc>::from_timestamp(1_795_305_600, 123_456_789).expect("a time"),
        request_id: "a-request".to_owned(),
        touches: Touches::Everything,
    }
}
