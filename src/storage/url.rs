//! Where the database is, in a form that can be shown.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::storage::server::ServerAddress;

/// Which database holds the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file beside the service; nothing to install.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl DatabaseKind {
    /// Its name in JSON and in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

/// Where the database is. What it prints, `Debug` included, holds no password and no parameter of the address.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Server(Box<ServerAddress>),
}

const ACCEPTED: &str =
    "a database is postgres://USER@HOST/NAME, sqlite://PATH or the path of a file";

/// Keywords that show a text to be meant for `libpq`.
const LIBPQ_KEYWORDS: [&str; 7] = [
    "host", "hostaddr", "port", "dbname", "user", "password", "service",
];

impl DatabaseUrl {
    /// Reads `postgres://` and `postgresql://` addresses, `sqlite://PATH` and plain paths.
    ///
    /// # Errors
    ///
    /// For an empty text, any other scheme, an address of a server that is not plain and a file that looks like one: says
    /// what is wrong, to follow the name of what was set, in words that are safe to show.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_ascii_lowercase()), rest),
            _ => (None, text),
        };
        match (scheme.as_deref(), rest.strip_prefix("//")) {
            (None, _) if text.is_empty() => Err(format!("is empty; {ACCEPTED}")),
            (None, _) if text.starts_with(':') => Err(format!(
                "asks for a database in memory, of which each connection would see its own; {ACCEPTED}"
            )),
            (None, _) => Self::path(text),
            (Some("postgres" | "postgresql"), Some(address)) => ServerAddress::parse(address)
                .map(|address| Self(Place::Server(Box::new(address))))
                .map_err(|wrong| format!("{wrong}; {ACCEPTED}")),
            (Some("sqlite"), Some("") | None) => Err(format!("names no file; {ACCEPTED}")),
            (Some("sqlite"), Some(path)) if path.contains('?') => Err(format!(
                "has parameters after ?, which are not supported for SQLite; {ACCEPTED}"
            )),
            (Some("sqlite"), Some(path)) => Self::path(path),
            // The scheme alone is repeated: what follows it may hold a password.
            (Some(other), _) => Err(format!("cannot begin with `{other}:`; {ACCEPTED}")),
        }
    }

    /// A file by its path, unless the path is how `libpq` writes a server, which may hold a password.
    fn path(text: &str) -> Result<Self, String> {
        let looks_like_keywords = text.split_whitespace().any(|word| {
            let (key, _) = word.split_once('=').unwrap_or_default();
            LIBPQ_KEYWORDS.contains(&key.to_ascii_lowercase().as_str())
        });
        if looks_like_keywords {
            return Err(format!(
                "looks like the keywords of a PostgreSQL server, which are written as a URL here; {ACCEPTED}"
            ));
        }
        Ok(Self::sqlite_file(Path::new(text)))
    }

    /// The database in this file.
    #[must_use]
    pub fn sqlite_file(path: &Path) -> Self {
        Self(Place::File(path.to_owned()))
    }

    /// Which database it is.
    #[must_use]
    pub const fn kind(&self) -> DatabaseKind {
        match self.0 {
            Place::File(_) => DatabaseKind::Sqlite,
            Place::Server(_) => DatabaseKind::Postgres,
        }
    }

    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Place::File(path) => Some(path),
            Place::Server(_) => None,
        }
    }

    /// The address as the server's client library wants it, secrets included; `None` for a file.
    pub(super) fn server(&self) -> Option<String> {
        match &self.0 {
            Place::File(_) => None,
            Place::Server(address) => Some(address.keywords()),
        }
    }
}

/// Whether the text before a colon is a scheme; one letter is a drive, and a path may hold a colon.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::File(path) => write!(f, "sqlite://{}", path.display()),
            Place::Server(address) => address.fmt(f),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> DatabaseUrl {
        DatabaseUrl::parse(text).unwrap()
    }

    #[test]
    fn the_scheme_chooses_the_database() {
        for text in [
            "postgres://db/alongside",
            "postgresql://u:p@db:5432/alongside",
            "POSTGRES://db",
        ] {
            assert_eq!(url(text).kind(), DatabaseKind::Postgres, "{text}");
        }
        for (text, path) in [
            ("sqlite://data/alongside.db", "data/alongside.db"),
            ("sqlite:///var/lib/alongside.db", "/var/lib/alongside.db"),
            ("./alongside.db", "./alongside.db"),
            ("C:\\alongside.db", "C:\\alongside.db"),
            ("./at 10:30.db", "./at 10:30.db"),
        ] {
            assert_eq!(url(text).file(), Some(Path::new(path)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_without_repeating_it() {
        for text in [
            "",
            " ",
            ":memory:",
            "sqlite:",
            "sqlite:file.db",
            "sqlite://",
            "sqlite://x.db?mode=ro",
            "mysql://root:hunter2@db/x",
            "postgres:hunter2",
            "file:x.db?hunter2",
            "postgres://u:hunter2",
            "postgres://u:hunter2/p@127.0.0.1:1/x",
            "host=db password=hunter2",
            "dbname=x host = db password = hunter2",
            "sqlite://host=db password=hunter2",
        ] {
            let words = DatabaseUrl::parse(text).unwrap_err();
            assert!(
                !words.contains("hunter2") && words.contains("sqlite://PATH"),
                "{text}: {words}"
            );
        }
    }

    #[test]
    fn what_is_shown_holds_no_password() {
        for (text, shown) in [
            ("postgres://u:hunter2@db:5432/x", "postgresql://u@db:5432/x"),
            (
                "postgres://u:hunter2%40@db/x?sslmode=require",
                "postgresql://u@db/x",
            ),
            ("postgres://u%40:hunter2@db", "postgresql://***@db/"),
            ("postgres://[::1]:5433/x", "postgresql://[::1]:5433/x"),
        ] {
            let url = url(text);
            assert_eq!(url.to_string(), shown, "{text}");
            assert!(!format!("{url:?}").contains("hunter2"));
        }
    }
}
