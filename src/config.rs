//! The settings of a run, and the only reader of the environment.
//!
//! A setting can be given three ways: a flag wins over a variable of the environment, which wins over the settings
//! file; where none gives it, the default holds. [`Setting`] is the table of names. Every layer is read as text and
//! goes through the same checks, and what is refused is named the way it was given. An empty value is refused in any
//! layer, also where another layer would win: it is a mistake that would otherwise pass unnoticed. What a value means is
//! checked by the commands that use it, so that a `DATABASE_URL` meant for another program does not stop the demo.
//!
//! A database URL can hold a password. No message here repeats one.

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::app::BundledData;
use crate::domain::named_enum;
use crate::logging::{LogFilter, LogFormat, LogSettings};
use crate::storage::DatabaseUrl;

/// The port to listen on unless told otherwise.
pub const DEFAULT_PORT: u16 = 8080;

/// The address to listen on unless told otherwise.
pub const DEFAULT_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The database file of `serve` unless told otherwise, in the working directory.
pub const DEFAULT_DATABASE: &str = "alongside.sqlite3";

/// The most worker threads that make sense on any machine today; more is a slip of the finger.
const MAX_WORKERS: usize = 1024;

/// The variable that names the settings file.
const CONFIG_VARIABLE: &str = "ALONGSIDE_CONFIG";

named_enum!(
    /// Something that can be set; the name is its key in the settings file.
    Setting, "a setting" {
        /// Where the database is.
        Database = "database",
        /// Whether an empty database is filled with the bundled open data.
        BundledData = "bundled_data",
        /// The address to listen on.
        Address = "address",
        /// The port to listen on.
        Port = "port",
        /// How many threads answer requests.
        Workers = "workers",
        /// What to log.
        Log = "log",
        /// How a log line is written.
        LogFormat = "log_format",
    }
);

impl Setting {
    /// The setting's flag on the command line.
    #[must_use]
    pub fn flag(self) -> String {
        format!("--{}", self.as_str().replace('_', "-"))
    }

    /// The setting's variable in the environment.
    ///
    /// The port is not `ALONGSIDE_PORT`: Kubernetes sets that for a service called `alongside`, to something else.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Database => "DATABASE_URL",
            Self::BundledData => "ALONGSIDE_BUNDLED_DATA",
            Self::Address => "ALONGSIDE_ADDRESS",
            Self::Port => "ALONGSIDE_HTTP_PORT",
            Self::Workers => "ALONGSIDE_WORKERS",
            Self::Log => "ALONGSIDE_LOG",
            Self::LogFormat => "ALONGSIDE_LOG_FORMAT",
        }
    }
}

/// The settings that the command line gives, as typed.
#[derive(Clone, Default)]
pub struct Flags {
    config: Option<OsString>,
    given: Vec<(Setting, OsString)>,
}

impl Flags {
    /// Starts with the settings file, where one is named.
    #[must_use]
    pub fn new(config: Option<OsString>) -> Self {
        Self {
            config,
            given: Vec::new(),
        }
    }

    /// Adds one setting, where it is given.
    #[must_use]
    pub fn with(mut self, setting: Setting, value: Option<OsString>) -> Self {
        self.given.extend(value.map(|value| (setting, value)));
        self
    }
}

/// Where a value was given, in the words of whoever gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag(String),
    /// A variable of the environment.
    Variable(&'static str),
    /// A key of the settings file.
    File(Setting, PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Variable(variable) => f.write_str(variable),
            Self::File(key, path) => write!(f, "{key} in {}", path.display()),
        }
    }
}

/// A setting that was refused. Says which, where and why; never a database URL.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is nothing in it.
    #[error("{0} is empty; give it a value or leave it out")]
    Empty(Origin),
    /// It is not text.
    #[error("{0} is not UTF-8 text")]
    NotText(Origin),
    /// It breaks a rule, which follows its name.
    #[error("{0} {1}")]
    Refused(Origin, String),
    /// The settings file is not there or may not be read.
    #[error("cannot read the settings file {}", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The settings file is not TOML.
    #[error("line {line} of the settings file {} is not TOML: {message}", .path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser said, without the text of the line.
        message: String,
    },
    /// The settings file has a key that means nothing.
    #[error("unknown key {key:?} in the settings file {}; the keys are {}", .path.display(), keys())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
}

fn keys() -> String {
    let keys: Vec<_> = Setting::ALL.iter().map(|s| s.as_str()).collect();
    keys.join(", ")
}

/// A value and where it was given.
#[derive(Clone)]
struct Given {
    text: String,
    origin: Origin,
}

impl Given {
    fn new(text: String, origin: Origin) -> Result<Self, ConfigError> {
        if text.trim().is_empty() {
            return Err(ConfigError::Empty(origin));
        }
        Ok(Self { text, origin })
    }

    fn from_os(text: OsString, origin: Origin) -> Result<Self, ConfigError> {
        match text.into_string() {
            Ok(text) => Self::new(text, origin),
            Err(_) => Err(ConfigError::NotText(origin)),
        }
    }

    fn refused(&self, rule: impl Into<String>) -> ConfigError {
        ConfigError::Refused(self.origin.clone(), rule.into())
    }
}

/// A database and where it was given, for the words of a failure.
#[derive(Clone, Debug)]
pub struct DatabaseSetting {
    /// Where the database is.
    pub url: DatabaseUrl,
    /// Where that was given; `None` for the default.
    pub origin: Option<Origin>,
}

impl DatabaseSetting {
    /// [`DEFAULT_DATABASE`].
    #[must_use]
    pub fn default_file() -> Self {
        Self {
            url: DatabaseUrl::sqlite_file(Path::new(DEFAULT_DATABASE)),
            origin: None,
        }
    }
}

/// The settings of a run: for each the value of the layer that wins.
#[derive(Clone)]
pub struct Config {
    /// By setting; the position is that of [`Setting::ALL`].
    values: Vec<Option<Given>>,
}

impl Config {
    /// Reads the environment and the settings file, below the flags.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an empty value in any layer and for a settings file that cannot be read, is not TOML or has an
    /// unknown key.
    pub fn read(flags: Flags) -> Result<Self, ConfigError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the environment is read"
        )]
        let variable = |name: &str| std::env::var_os(name);
        Self::from_layers(flags, variable)
    }

    fn from_layers(
        flags: Flags,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        let file = match (flags.config, variable(CONFIG_VARIABLE)) {
            (Some(path), _) => Some((path, Origin::Flag("--config".to_owned()))),
            (None, Some(path)) => Some((path, Origin::Variable(CONFIG_VARIABLE))),
            (None, None) => None,
        };
        let mut values = vec![None; Setting::ALL.len()];
        if let Some((path, origin)) = file {
            if path.is_empty() {
                return Err(ConfigError::Empty(origin));
            }
            for (setting, given) in settings_file(Path::new(&path))? {
                values[setting as usize] = Some(given);
            }
        }
        for &setting in Setting::ALL {
            if let Some(value) = variable(setting.variable()) {
                let given = Given::from_os(value, Origin::Variable(setting.variable()))?;
                values[setting as usize] = Some(given);
            }
        }
        for (setting, value) in flags.given {
            let given = Given::from_os(value, Origin::Flag(setting.flag()))?;
            values[setting as usize] = Some(given);
        }
        Ok(Self { values })
    }

    fn given(&self, setting: Setting) -> Option<&Given> {
        self.values[setting as usize].as_ref()
    }

    /// The database, where one was given.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Refused`] with the words of [`DatabaseUrl::parse`].
    pub fn database(&self) -> Result<Option<DatabaseSetting>, ConfigError> {
        let Some(given) = self.given(Setting::Database) else {
            return Ok(None);
        };
        match DatabaseUrl::parse(&given.text) {
            Ok(url) => Ok(Some(DatabaseSetting {
                url,
                origin: Some(given.origin.clone()),
            })),
            Err(rule) => Err(given.refused(format!("is no database: {rule}"))),
        }
    }

    /// Whether an empty database is filled with the bundled data; it is unless told otherwise.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Refused`] for another word than `load` or `skip`.
    pub fn bundled_data(&self) -> Result<BundledData, ConfigError> {
        let Some(given) = self.given(Setting::BundledData) else {
            return Ok(BundledData::Load);
        };
        match given.text.as_str() {
            "load" => Ok(BundledData::Load),
            "skip" => Ok(BundledData::Skip),
            other => Err(given.refused(format!("is load or skip, not {other:?}"))),
        }
    }

    /// The address to listen on; a loopback one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Refused`] for what is no address, and for an address that other machines can reach.
    pub fn address(&self) -> Result<IpAddr, ConfigError> {
        let Some(given) = self.given(Setting::Address) else {
            return Ok(DEFAULT_ADDRESS);
        };
        let Ok(address) = given.text.trim().parse::<IpAddr>() else {
            let text = &given.text;
            return Err(given.refused(format!(
                "is an IP address such as 127.0.0.1 or ::1, not {text:?}"
            )));
        };
        if !address.is_loopback() {
            return Err(given.refused(format!(
                "must be a loopback address such as 127.0.0.1 or ::1, not {address}: callers have no keys yet, so \
                 whoever reached the address could read and change everything"
            )));
        }
        Ok(address)
    }

    /// The port, where one was asked for; 0 asks for any that is free.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Refused`] for what is no port.
    pub fn port(&self) -> Result<Option<u16>, ConfigError> {
        let Some(given) = self.given(Setting::Port) else {
            return Ok(None);
        };
        match given.text.trim().parse() {
            Ok(port) => Ok(Some(port)),
            Err(_) => Err(given.refused(format!(
                "is a port from 0 to {}, not {:?}",
                u16::MAX,
                given.text
            ))),
        }
    }

    /// How many threads answer requests, where that was asked for.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Refused`] for anything but a number from 1 to 1024.
    pub fn workers(&self) -> Result<Option<NonZeroUsize>, ConfigError> {
        let Some(given) = self.given(Setting::Workers) else {
            return Ok(None);
        };
        match given.text.trim().parse::<NonZeroUsize>() {
            Ok(workers) if workers.get() <= MAX_WORKERS => Ok(Some(workers)),
            Ok(_) | Err(_) => Err(given.refused(format!(
                "is a number from 1 to {MAX_WORKERS}, not {:?}",
                given.text
            ))),
        }
    }

    /// What to log and how; `default` is the command's filter unless told otherwise.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Refused`] for a filter or a format that cannot be read.
    pub fn log(&self, default: LogFilter) -> Result<LogSettings, ConfigError> {
        let filter = match self.given(Setting::Log) {
            None => default,
            Some(given) => match LogFilter::parse(&given.text) {
                Ok(filter) => filter,
                Err(error) => {
                    return Err(given.refused(format!("is no log filter: {error}")));
                }
            },
        };
        let format = match self.given(Setting::LogFormat) {
            None => LogFormat::Text,
            Some(given) => match given.text.as_str() {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                other => return Err(given.refused(format!("is text or json, not {other:?}"))),
            },
        };
        Ok(LogSettings { filter, format })
    }
}

/// Reads the settings file: each known key with its value as text.
fn settings_file(path: &Path) -> Result<Vec<(Setting, Given)>, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable(path.to_owned(), error))?;
    // The parser's own display quotes the line, which may be the one with the password.
    let table: toml::Table = toml::from_str(&text).map_err(|error| ConfigError::NotToml {
        path: path.to_owned(),
        line: line_of(&text, error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let mut settings = Vec::new();
    for (key, value) in table {
        let Some(&setting) = Setting::ALL.iter().find(|s| s.as_str() == key) else {
            return Err(ConfigError::UnknownKey {
                path: path.to_owned(),
                key,
            });
        };
        let origin = Origin::File(setting, path.to_owned());
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => {
                let rule = "is text in quotes or a whole number".to_owned();
                return Err(ConfigError::Refused(origin, rule));
            }
        };
        settings.push((setting, Given::new(text, origin)?));
    }
    Ok(settings)
}

/// The line, from 1, that a byte of a text is on.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|&b| b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(given: &[(Setting, &str)]) -> Flags {
        given
            .iter()
            .fold(Flags::default(), |flags, (setting, value)| {
                flags.with(*setting, Some(value.into()))
            })
    }

    fn config(
        given: &[(Setting, &str)],
        environment: &[(&str, &str)],
    ) -> Result<Config, ConfigError> {
        Config::from_layers(flags(given), |name| {
            environment
                .iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| value.into())
        })
    }

    fn file(text: &str) -> (tempfile::TempDir, String) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("alongside.toml");
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        (directory, path)
    }

    fn words<T>(result: Result<T, ConfigError>) -> String {
        match result {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_flag_wins_over_the_environment_which_wins_over_the_file() {
        let (_directory, path) = file("port = 1001\nworkers = \"3\"\naddress = \"::1\"\n");
        let environment = [
            ("ALONGSIDE_CONFIG", path.as_str()),
            ("ALONGSIDE_HTTP_PORT", "1002"),
            ("ALONGSIDE_WORKERS", "4"),
        ];
        let config = config(&[(Setting::Port, "1003")], &environment).unwrap();
        assert_eq!(config.port().unwrap(), Some(1003));
        assert_eq!(config.workers().unwrap().map(NonZeroUsize::get), Some(4));
        assert_eq!(config.address().unwrap().to_string(), "::1");
    }

    #[test]
    fn nothing_given_means_the_defaults() {
        let config = config(&[], &[]).unwrap();
        assert_eq!(config.port().unwrap(), None);
        assert_eq!(config.address().unwrap(), DEFAULT_ADDRESS);
        assert_eq!(config.bundled_data().unwrap(), BundledData::Load);
        assert!(config.database().unwrap().is_none() && config.workers().unwrap().is_none());
    }

    #[test]
    fn an_empty_value_is_refused_by_name_in_every_layer_even_where_another_wins() {
        for &setting in Setting::ALL {
            for empty in ["", " ", "\t"] {
                assert!(words(config(&[(setting, empty)], &[])).starts_with(&setting.flag()));
                let refused = words(config(&[(setting, "1")], &[(setting.variable(), empty)]));
                assert!(refused.starts_with(setting.variable()), "{refused}");
                let (_directory, path) = file(&format!("{setting} = '{empty}'\n"));
                let refused = words(config(&[(setting, "1")], &[("ALONGSIDE_CONFIG", &path)]));
                assert!(
                    refused.starts_with(&format!("{setting} in {path} is empty")),
                    "{refused}"
                );
            }
        }
        assert!(words(config(&[], &[("ALONGSIDE_CONFIG", "")])).starts_with("ALONGSIDE_CONFIG"));
    }

    #[test]
    fn the_settings_file_refuses_what_it_does_not_know() {
        for (text, expected) in [
            ("prot = 1\n", "unknown key \"prot\""),
            ("[port]\nx = 1\n", "port in"),
            ("workers = 1.5\n", "workers in"),
            ("port = 1\nport = 2\n", "line 2"),
            ("\n\nport =\n", "line 3"),
        ] {
            let (_directory, path) = file(text);
            let refused = words(config(&[], &[("ALONGSIDE_CONFIG", &path)]));
            assert!(refused.contains(expected), "{refused}");
        }
        let refused = words(config(&[], &[("ALONGSIDE_CONFIG", "no/such/file.toml")]));
        assert_eq!(refused, "cannot read the settings file no/such/file.toml");
    }

    #[test]
    fn a_broken_settings_file_does_not_show_the_password_on_its_line() {
        let (_directory, path) = file("database = \"postgres://u:hunter2@h/d\n");
        let refused = words(config(&[], &[("ALONGSIDE_CONFIG", &path)]));
        assert!(
            refused.contains("line 1") && !refused.contains("hunter2"),
            "{refused}"
        );
    }

    #[test]
    fn only_a_loopback_address_is_accepted() {
        let address = |text: &str| config(&[(Setting::Address, text)], &[]).unwrap().address();
        for text in ["127.0.0.1", "127.1.2.3", "::1"] {
            assert!(address(text).is_ok(), "{text}");
        }
        for text in ["0.0.0.0", "::", "10.0.0.1", "::ffff:10.0.0.1"] {
            let refused = words(address(text));
            assert!(
                refused.contains("--address must be a loopback address"),
                "{refused}"
            );
        }
        assert!(words(address("localhost")).contains("\"localhost\""));
    }

    #[test]
    fn values_that_mean_nothing_are_refused_by_name() {
        let with = |setting, text| config(&[], &[(Setting::variable(setting), text)]).unwrap();
        for text in ["-1", "65536", "http", "80.0"] {
            let refused = words(with(Setting::Port, text).port());
            assert!(
                refused.starts_with("ALONGSIDE_HTTP_PORT is a port"),
                "{refused}"
            );
        }
        for text in ["0", "1025", "many"] {
            let refused = words(with(Setting::Workers, text).workers());
            assert!(refused.starts_with("ALONGSIDE_WORKERS is a"), "{refused}");
        }
        let refused = words(with(Setting::BundledData, "yes").bundled_data());
        assert!(
            refused.starts_with("ALONGSIDE_BUNDLED_DATA is load or skip"),
            "{refused}"
        );
        let quiet = || LogFilter::parse("off").unwrap();
        let refused = words(with(Setting::Log, "alongside=loud").log(quiet()));
        assert!(
            refused.starts_with("ALONGSIDE_LOG is no log filter"),
            "{refused}"
        );
        let refused = words(with(Setting::LogFormat, "xml").log(quiet()));
        assert!(
            refused.starts_with("ALONGSIDE_LOG_FORMAT is text or json"),
            "{refused}"
        );
    }
}
