//! A database on a server for one benchmark, dropped at its end.

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;

/// A database of one's own on a server, dropped with this.
pub(crate) struct OwnDatabase {
    server: String,
    name: String,
}

impl OwnDatabase {
    /// Makes one, named by what it is for.
    pub(crate) fn new(server: String, purpose: &str) -> Self {
        let name = format!("alongside_{purpose}_{}", std::process::id());
        let own = Self { server, name };
        own.run(&format!("CREATE DATABASE {}", own.name)).unwrap();
        own
    }

    fn run(&self, sql: &str) -> Result<(), Box<dyn std::error::Error>> {
        Ok(diesel::PgConnection::establish(&self.server)?.batch_execute(sql)?)
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        let (place, _) = self.server.rsplit_once('/').unwrap();
        format!("{place}/{}", self.name)
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        if let Err(error) = self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)) {
            println!("{} is left behind: {error}", self.name);
        }
    }
}
