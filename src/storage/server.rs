//! The address of a PostgreSQL server, read strictly here: its client library repeats what it cannot read, and what it
//! cannot read may hold the password.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;

/// A server's address in its parts. It has no `Debug`, since one part is the password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ServerAddress {
    user: Option<String>,
    password: Option<String>,
    /// A name, an address, or the directory of a socket; `None` where the parameter `host` gives the directory.
    host: Option<String>,
    port: Option<u16>,
    database: Option<String>,
    parameters: Vec<(&'static str, String)>,
}

/// Which values a parameter takes.
enum Values {
    Any,
    Number,
    OneOf(&'static [&'static str]),
}

/// The parameters after `?` that are passed on; none of them is a secret.
const PARAMETERS: [(&str, Values); 15] = [
    ("application_name", Values::Any),
    (
        "channel_binding",
        Values::OneOf(&["disable", "prefer", "require"]),
    ),
    ("connect_timeout", Values::Number),
    ("host", Values::Any),
    ("keepalives", Values::Number),
    ("keepalives_count", Values::Number),
    ("keepalives_idle", Values::Number),
    ("keepalives_interval", Values::Number),
    ("options", Values::Any),
    ("sslcert", Values::Any),
    ("sslkey", Values::Any),
    (
        "sslmode",
        Values::OneOf(&[
            "disable",
            "allow",
            "prefer",
            "require",
            "verify-ca",
            "verify-full",
        ]),
    ),
    ("sslrootcert", Values::Any),
    (
        "target_session_attrs",
        Values::OneOf(&[
            "any",
            "read-write",
            "read-only",
            "primary",
            "standby",
            "prefer-standby",
        ]),
    ),
    ("tcp_user_timeout", Values::Number),
];

/// What holds unless the address says otherwise, so that a server that is gone is noticed: seconds to connect; seconds
/// of silence after which the system asks whether the other end is there, how often and how many times; milliseconds
/// that sent data may stay unconfirmed.
const DEFAULTS: [(&str, &str); 5] = [
    ("connect_timeout", "5"),
    ("keepalives_idle", "30"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "15000"),
];

impl ServerAddress {
    /// Reads what follows `postgres://`.
    ///
    /// # Errors
    ///
    /// Says what is wrong, in words that hold nothing of the text.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains('#') {
            return Err("has a #, which an address must hold as %23");
        }
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let (server, database) = place.split_once('/').unwrap_or((place, ""));
        if database.contains(['/', '@', ':']) {
            return Err(
                "has a second / or another sign in the name of the database; in a user name, a password or a \
                 name write / as %2F, @ as %40 and : as %3A",
            );
        }
        let (credentials, server) = match server.rsplit_once('@') {
            Some((credentials, server)) => (Some(credentials), server),
            None => (None, server),
        };
        let (user, password) = match credentials.map(|c| c.split_once(':').unwrap_or((c, ""))) {
            Some((user, password)) => (decoded_some(user)?, decoded_some(password)?),
            None => (None, None),
        };
        if credentials.is_some_and(|c| c.contains('@')) {
            return Err("has a second @; in a user name or a password write it as %40");
        }
        let (host, port) = host_and_port(server)?;
        let parameters = parameters(query)?;
        let names_directory = parameters.iter().any(|(key, _)| *key == "host");
        match (&host, names_directory) {
            (None, false) => return Err("names no host"),
            (Some(_), true) => return Err("names a host twice"),
            (None, true) | (Some(_), false) => {}
        }
        Ok(Self {
            user,
            password,
            host,
            port,
            database: decoded_some(database)?,
            parameters,
        })
    }

    /// The address as the server's client library reads it without a doubt: keywords and quoted values.
    pub(super) fn keywords(&self) -> String {
        let mut pairs: Vec<(&str, Cow<'_, str>)> = Vec::new();
        let mut put = |key, value: Option<&str>| {
            pairs.extend(value.map(|value| (key, Cow::Owned(value.to_owned()))));
        };
        put("host", self.host.as_deref());
        put("port", self.port.map(|port| port.to_string()).as_deref());
        put("user", self.user.as_deref());
        put("password", self.password.as_deref());
        put("dbname", self.database.as_deref());
        for (key, value) in DEFAULTS {
            put(key, Some(value));
        }
        // Of a keyword that stands twice the last counts.
        for (key, value) in &self.parameters {
            put(key, Some(value));
        }
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| format!("{key}='{}'", quoted(value)))
            .collect();
        pairs.join(" ")
    }
}

fn host_and_port(server: &str) -> Result<(Option<String>, Option<u16>), &'static str> {
    let (host, port) = if let Some(rest) = server.strip_prefix('[') {
        let (host, port) = rest
            .split_once(']')
            .filter(|(host, _)| host.parse::<Ipv6Addr>().is_ok())
            .ok_or("has a host in brackets that is no IPv6 address")?;
        let port = match port.strip_prefix(':') {
            Some(port) => Some(port),
            None if port.is_empty() => None,
            None => return Err("has something between its host and its port"),
        };
        (host.to_owned(), port)
    } else {
        let (host, port) = match server.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        };
        let host = decoded(host)?;
        let is_name = host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !is_name && !host.starts_with('/') {
            return Err("has a host that is neither a name nor an address");
        }
        (host, port)
    };
    let port = match port {
        None => None,
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => Some(
            port.parse()
                .ok()
                .filter(|&port: &u16| port > 0)
                .ok_or("has a port that is not from 1 to 65535")?,
        ),
        Some(_) => return Err("has a port that is no number"),
    };
    Ok((Some(host).filter(|host| !host.is_empty()), port))
}

fn parameters(query: &str) -> Result<Vec<(&'static str, String)>, &'static str> {
    let mut found = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair
            .split_once('=')
            .ok_or("has something after ? that is not NAME=VALUE")?;
        let (key, values) = PARAMETERS.iter().find(|(known, _)| *known == key).ok_or(
            "has a parameter after ? that is not known; the user and the password stand before the host",
        )?;
        let value = decoded(value)?;
        let fits = match values {
            Values::Any => true,
            Values::Number => value.parse::<u32>().is_ok(),
            Values::OneOf(names) => names.contains(&value.as_str()),
        };
        if !fits || (*key == "host" && !value.starts_with('/')) {
            return Err("has a parameter after ? with a value that it cannot have");
        }
        found.push((*key, value));
    }
    Ok(found)
}

fn decoded_some(text: &str) -> Result<Option<String>, &'static str> {
    Ok(Some(decoded(text)?).filter(|text| !text.is_empty()))
}

/// The text with `%XX` as the byte it stands for.
fn decoded(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = tail
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let coded = digits
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .ok_or("has a % that no two hexadecimal digits follow; write it as %25")?;
        bytes.push(coded);
        rest = &tail[2..];
    }
    let text = String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains(char::is_control));
    text.ok_or("has bytes that are no text")
}

/// Without the password and the parameters.
impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name with unusual signs may be part of a password that was written in the wrong place.
        let shown = |text: &str| {
            let is_plain = |c: char| c.is_alphanumeric() || "._-/".contains(c);
            if text.chars().all(is_plain) {
                text.to_owned()
            } else {
                "***".to_owned()
            }
        };
        f.write_str("postgresql://")?;
        if let Some(user) = &self.user {
            write!(f, "{}@", shown(user))?;
        }
        match &self.host {
            Some(host) if host.parse::<Ipv6Addr>().is_ok() => write!(f, "[{host}]")?,
            Some(host) => f.write_str(&shown(host))?,
            None => {}
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(
            f,
            "/{}",
            shown(self.database.as_deref().unwrap_or_default())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_library_gets_quoted_keywords_with_bounded_waits() {
        let address = ServerAddress::parse("u:it's%5C%40@db:5433/x%20y?sslmode=require")
            .ok()
            .unwrap();
        assert_eq!(
            address.keywords(),
            "host='db' port='5433' user='u' password='it\\'s\\\\@' dbname='x y' connect_timeout='5' \
             keepalives_idle='30' keepalives_interval='5' keepalives_count='3' tcp_user_timeout='15000' \
             sslmode='require'"
        );
        let own = ServerAddress::parse("[::1]/?connect_timeout=9")
            .ok()
            .unwrap()
            .keywords();
        assert!(
            own.starts_with("host='::1' ") && own.ends_with(" connect_timeout='9'"),
            "{own}"
        );
        for socket in ["%2Frun%2Fpostgresql/x", "/x?host=/run/postgresql"] {
            let words = ServerAddress::parse(socket).ok().unwrap().keywords();
            assert!(words.contains("host='/run/postgresql'"), "{words}");
        }
    }

    #[test]
    fn what_could_be_a_password_in_a_wrong_place_is_refused_without_repeating_it() {
        for text in [
            "u:S3CRET/p@127.0.0.1:1/x",
            "u:1234/S3CRET@127.0.0.1:1/x",
            "u:1234/S3CRET@db",
            "u:S3CRET",
            "u:S3CRET/x",
            "u:S3CRET?@db/x",
            "u:S3CRET#@db/x",
            "u:S3@CRET@db/x",
            "u:S3CRET%zz@db/x",
            "u:S3CRET%00@db/x",
            "db?S3CRET",
            "db/x?S3CRET=1",
            "db/x?password=S3CRET",
            "db/x?sslmode=S3CRET",
            "db/x?connect_timeout=S3CRET",
            "db/x?host=S3CRET",
            "db:0/S3CRET",
            "[S3CRET]/x",
            "[::1]S3CRET/x",
            "a,S3CRET/x",
            "",
            "/S3CRET",
            "u:S3CRET@/x",
            "u:S3CRET@db/x?host=/run",
        ] {
            let words = ServerAddress::parse(text).err().unwrap_or_default();
            assert!(
                !words.is_empty() && !words.contains("S3"),
                "{text}: {words}"
            );
        }
    }
}
