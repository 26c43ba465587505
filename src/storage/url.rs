//! Where the database is, in a form that can be shown.

use std::fmt;
use std::path::{Path, PathBuf};

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
    Server(String),
}

const ACCEPTED: &str =
    "a database is postgres://USER@HOST/NAME, sqlite://PATH or the path of a file";

impl DatabaseUrl {
    /// Reads `postgres://` and `postgresql://` addresses, `sqlite://PATH` and plain paths.
    ///
    /// # Errors
    ///
    /// For an empty text and any other scheme, with words that are safe to show.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_ascii_lowercase()), rest),
            _ => (None, text),
        };
        match scheme.as_deref() {
            None if text.is_empty() => {
                Err(format!("the address of the database is empty; {ACCEPTED}"))
            }
            None if text.starts_with(':') => Err(format!(
                "a database in memory is not supported, since each connection would see its own; {ACCEPTED}"
            )),
            None => Ok(Self::sqlite_file(Path::new(text))),
            Some("postgres" | "postgresql") if rest.starts_with("//") => {
                Ok(Self(Place::Server(format!("postgresql:{rest}"))))
            }
            Some("sqlite") => match rest.strip_prefix("//") {
                Some("") | None => Err(format!(
                    "the address of the database names no file; {ACCEPTED}"
                )),
                Some(path) if path.contains('?') => Err(format!(
                    "parameters after `?` are not supported for SQLite; {ACCEPTED}"
                )),
                Some(path) => Ok(Self::sqlite_file(Path::new(path))),
            },
            // The scheme alone is repeated: what follows it may hold a password.
            Some(other) => Err(format!(
                "a database address cannot begin with `{other}:`; {ACCEPTED}"
            )),
        }
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

    /// The address as the server's client library wants it, secrets included, with at most `seconds` to connect
    /// unless the address says otherwise; `None` for a file.
    pub(super) fn server_address(&self, seconds: u64) -> Option<String> {
        let Place::Server(address) = &self.0 else {
            return None;
        };
        let address = address.trim_end_matches(['?', '&']);
        if address.contains("connect_timeout=") {
            return Some(address.to_owned());
        }
        let joined_by = if address.contains('?') { '&' } else { '?' };
        Some(format!("{address}{joined_by}connect_timeout={seconds}"))
    }

    /// The text without the address and the passwords in it, which a library may have repeated.
    pub(super) fn redact(&self, text: &str) -> String {
        let Place::Server(address) = &self.0 else {
            return text.to_owned();
        };
        let mut redacted = text.replace(address.as_str(), "***");
        for secret in secrets(address) {
            redacted = redacted.replace(&secret, "***");
        }
        redacted
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

/// Every text in the address that may be a password, as written and decoded, the longest first.
fn secrets(address: &str) -> Vec<String> {
    let mut found = Vec::new();
    let after_scheme = address.split_once("://").map_or("", |(_, rest)| rest);
    if let Some((user, _)) = after_scheme.rsplit_once('@')
        && let Some((_, password)) = user.split_once(':')
    {
        found.push(password.to_owned());
    }
    for parameter in address.split(['?', '&', '#']) {
        if let Some((name, value)) = parameter.split_once('=')
            && name.contains("password")
        {
            found.push(value.to_owned());
        }
    }
    let decoded: Vec<_> = found.iter().map(|secret| percent_decoded(secret)).collect();
    found.extend(decoded);
    found.retain(|secret| !secret.is_empty());
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    found
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let coded = (byte == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(coded.unwrap_or(byte));
        rest = if coded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = match &self.0 {
            Place::File(path) => return write!(f, "sqlite://{}", path.display()),
            Place::Server(address) => address,
        };
        let rest = address.split_once("://").map_or("", |(_, rest)| rest);
        let (user, server) = match rest.rsplit_once('@') {
            Some((user, server)) => (Some(user.split(':').next().unwrap_or_default()), server),
            None => (None, rest),
        };
        // Only what is plainly a name is shown: an address that is written wrongly may carry its password anywhere.
        let is_plain = |text: &str| {
            text.chars()
                .all(|c| c.is_alphanumeric() || "._-".contains(c))
        };
        let server = server.split(['?', '&', '#']).next().unwrap_or_default();
        let (host, name) = server.split_once('/').unwrap_or((server, ""));
        let (host, port) = host.rsplit_once(':').unwrap_or((host, ""));
        let shown = |text| if is_plain(text) { text } else { "***" };
        f.write_str("postgresql://")?;
        if let Some(user) = user {
            write!(f, "{}@", shown(user))?;
        }
        f.write_str(shown(host))?;
        if !port.is_empty() {
            let is_number = port.bytes().all(|b| b.is_ascii_digit());
            write!(f, ":{}", if is_number { port } else { "***" })?;
        }
        write!(f, "/{}", shown(name))
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
            ("postgres://u:a/hunter2@db/x", "postgresql://u@db/x"),
            ("postgres://u:hunter2?@db/x", "postgresql://u@db/x"),
            ("postgres://u:hun@ter2@db/x", "postgresql://u@db/x"),
            (
                "postgres://db/x?password=hunter2&user=a",
                "postgresql://db/x",
            ),
            (
                "postgres://db/x?password=hunter2&user=a@b",
                "postgresql://***@b/",
            ),
            ("postgres://u:hunter2", "postgresql://u:***/"),
            ("postgres://", "postgresql:///"),
        ] {
            let url = url(text);
            assert_eq!(url.to_string(), shown, "{text}");
            assert!(!format!("{url:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_librarys_words_lose_every_form_of_the_password() {
        let url = url("postgres://u:hunter%32@db/x?sslpassword=opensesame");
        let words = url.redact("bad: hunter2, hunter%32, opensesame, postgresql://u:hunter%32@db/x?sslpassword=opensesame");
        assert_eq!(words, "bad: ***, ***, ***, ***");
    }

    #[test]
    fn the_time_to_connect_is_bounded_unless_the_address_bounds_it() {
        let with = |text| url(text).server_address(5).unwrap();
        assert_eq!(
            with("postgres://db/x"),
            "postgresql://db/x?connect_timeout=5"
        );
        assert_eq!(
            with("postgres://db/x?"),
            "postgresql://db/x?connect_timeout=5"
        );
        assert_eq!(
            with("postgres://db/x?sslmode=require"),
            "postgresql://db/x?sslmode=require&connect_timeout=5"
        );
        assert_eq!(
            with("postgres://db/x?connect_timeout=9"),
            "postgresql://db/x?connect_timeout=9"
        );
        assert_eq!(
            DatabaseUrl::sqlite_file(Path::new("x")).server_address(5),
            None
        );
    }
}
