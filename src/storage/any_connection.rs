//! Diesel's connection to whichever database was chosen.
//!
//! Alone in its module: what the derive writes does not compile beside another type called `Connection`.

use diesel::{MultiConnection, PgConnection, SqliteConnection};

/// A connection to one of the two databases.
#[derive(MultiConnection)]
pub(super) enum AnyConnection {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}
