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
        /// Where the installation's secret is kept.
        SecretFile = "secret_file",
        /// Where the first key of a programme admin is written.
        AdminKeyFile = "admin_key_file",
        /// The certificate of the service.
        TlsCertificate = "tls_certificate",
        /// Its key.
        TlsKey = "tls_key",
        /// Whether a proxy stands before the service and protects the connection.
        BehindProxy = "behind_proxy",
        /// How many requests a caller may make in a minute.
        RateLimit = "rate_limit",
        /// Who issues tokens.
        OidcIssuer = "oidc_issuer",
        /// Whom tokens are for.
        OidcAudience = "oidc_audience",
        /// Where the keys are that sign tokens.
        OidcJwks = "oidc_jwks",
        /// The certificates to trust when those are fetched.
        OidcCaFile = "oidc_ca_file",
        /// The claim of roles.
        OidcRoleClaim = "oidc_role_claim",
        /// The claim of a site's ODS code.
        OidcOdsClaim = "oidc_ods_claim",
        /// What the identity provider calls a site.
        OidcSiteRole = "oidc_site_role",
        /// What it calls a programme admin.
        OidcAdminRole = "oidc_admin_role",
        /// What it calls a viewer.
        OidcViewerRole = "oidc_viewer_role",
        /// How far the clocks may be apart, in seconds.
        OidcLeeway = "oidc_leeway_seconds",
        /// Where people find the service.
        PublicUrl = "public_url",
        /// Addresses that webhooks may be at though they are not public.
        WebhookAllow = "webhook_allow",
        /// Whether webhooks may be at addresses without protection.
        WebhookAllowHttp = "webhook_allow_http",
        /// How long to wait before a delivery is tried again for the first time, for tests.
        WebhookRetryMs = "webhook_retry_ms",
        /// The mail server.
        SmtpUrl = "smtp_url",
        /// Whom mail is from.
        MailFrom = "mail_from",
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
            Self::SecretFile => "ALONGSIDE_SECRET_FILE",
            Self::AdminKeyFile => "ALONGSIDE_ADMIN_KEY_FILE",
            Self::TlsCertificate => "ALONGSIDE_TLS_CERTIFICATE",
            Self::TlsKey => "ALONGSIDE_TLS_KEY",
            Self::BehindProxy => "ALONGSIDE_BEHIND_PROXY",
            Self::RateLimit => "ALONGSIDE_RATE_LIMIT",
            Self::OidcIssuer => "ALONGSIDE_OIDC_ISSUER",
            Self::OidcAudience => "ALONGSIDE_OIDC_AUDIENCE",
            Self::OidcJwks => "ALONGSIDE_OIDC_JWKS",
            Self::OidcCaFile => "ALONGSIDE_OIDC_CA_FILE",
            Self::OidcRoleClaim => "ALONGSIDE_OIDC_ROLE_CLAIM",
            Self::OidcOdsClaim => "ALONGSIDE_OIDC_ODS_CLAIM",
            Self::OidcSiteRole => "ALONGSIDE_OIDC_SITE_ROLE",
            Self::OidcAdminRole => "ALONGSIDE_OIDC_ADMIN_ROLE",
            Self::OidcViewerRole => "ALONGSIDE_OIDC_VIEWER_ROLE",
            Self::OidcLeeway => "ALONGSIDE_OIDC_LEEWAY_SECONDS",
            Self::PublicUrl => "ALONGSIDE_PUBLIC_URL",
            Self::WebhookAllow => "ALONGSIDE_WEBHOOK_ALLOW",
            Self::WebhookAllowHttp => "ALONGSIDE_WEBHOOK_ALLOW_HTTP",
            Self::WebhookRetryMs => "ALONGSIDE_WEBHOOK_RETRY_MS",
            Self::SmtpUrl => "ALONGSIDE_SMTP_URL",
            Self::MailFrom => "ALONGSIDE_MAIL_FROM",
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
    /// It does nothing without another, which is missing.
    #[error("{0} needs {1}, which is not given")]
    Lacks(Origin, String),
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
    /// The variables that look like ours and mean nothing, in order.
    unknown_variables: Vec<String>,
}

/// What the names of our variables begin with, but for `DATABASE_URL`.
const VARIABLE_PREFIX: &str = "ALONGSIDE_";

/// The names that look like a setting and are none, in order.
///
/// Kubernetes sets some for each service beside ours: `X_SERVICE_HOST`, `X_PORT`, `X_PORT_80_TCP` and more. Ours for tests
/// are left out too.
fn unknown_variables(names: impl IntoIterator<Item = OsString>) -> Vec<String> {
    let mut names: Vec<String> = names
        .into_iter()
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with(VARIABLE_PREFIX))
        .collect();
    names.sort_unstable();
    let is_of_kubernetes = |name: &String| {
        name == "ALONGSIDE_PORT"
            || name.contains("_SERVICE_")
            || ["_TCP", "_UDP"].iter().any(|part| name.contains(part))
            || name
                .strip_suffix("_PORT")
                .is_some_and(|service| names.contains(&format!("{service}_SERVICE_HOST")))
    };
    let is_known = |name: &String| {
        name == CONFIG_VARIABLE
            || name.starts_with("ALONGSIDE_TEST_")
            || Setting::ALL
                .iter()
                .any(|setting| setting.variable() == name)
    };
    names
        .iter()
        .filter(|name| !is_known(name) && !is_of_kubernetes(name))
        .cloned()
        .collect()
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
        let config = Self::from_layers(flags, variable)?;
        Ok(Self {
            unknown_variables: unknown_variables(std::env::vars_os().map(|(name, _)| name)),
            ..config
        })
    }

    /// Tells the log of each variable that looks like a setting and is none: by its name, since its value may be a secret.
    pub fn warn_of_unknown_variables(&self) {
        for name in &self.unknown_variables {
            log::warn!("the variable {name} is not known and changes nothing");
        }
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
        Ok(Self {
            values,
            unknown_variables: Vec::new(),
        })
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
            Err(rule) => Err(given.refused(rule)),
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
            toml::Value::Boolean(choice) => choice.to_string(),
            toml::Value::Float(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => {
                let rule = "is text in quotes, a whole number, true or false".to_owned();
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

/// The settings that say whom the service listens to.
#[path = "config_access.rs"]
mod access;
pub use access::{Listening, TlsFiles};

/// The settings that say where it sends to.
#[path = "config_outbound.rs"]
mod outbound;

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
