//! `alongside serve`: the service on a database of one's own.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::sync::Arc;

use clap::Args;
use zeroize::Zeroizing;

use crate::app::delivery::DeliverySettings;
use crate::app::identity::Identities;
use crate::cli::Now;
use crate::cli::failure::Failure;
use crate::cli::flags::{DatabaseFlags, DeliveryFlags, IdentityFlags, ListenFlags, SecretFlags};
use crate::cli::stdout::print;
use crate::config::{Config, DEFAULT_PORT, DatabaseSetting, Flags, Listening, Setting};
use crate::domain::api_key::ApiKey;
use crate::domain::ids::OdsCode;
use crate::http::{CallerLimit, Clock, HttpSettings, Limits, Peers, Ticks};
use crate::startup::{self, FirstKey, Port, Service, Signals, StartError};
use crate::tls;

/// Runs the service until it is stopped
///
/// Opens the database, creates or updates its tables, fills it with the bundled open data where it is empty, and answers
/// until SIGINT (Ctrl-C) or SIGTERM, letting requests in progress finish. Without a database it makes the file
/// alongside.sqlite3 in the working directory.
///
/// The first start on a database makes a key of a programme admin and prints it, this once. Other machines can reach the
/// service once it has TLS (--tls-certificate, --tls-key) or a proxy that has it (--behind-proxy).
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args)]
#[command(after_help = "\
Examples:
  alongside serve
  alongside serve --database /var/lib/alongside/alongside.sqlite3 --port 8090
  DATABASE_URL=postgres://alongside:PASSWORD@db.example/alongside alongside serve --log-format json
  alongside serve --address 0.0.0.0 --tls-certificate site.pem --tls-key site.key --admin-key-file admin.key
  alongside serve --port 0 --json")]
pub struct Serve {
    #[command(flatten)]
    database: DatabaseFlags,
    /// Whether to fill an empty database with the bundled data: `load` or `skip` [env: ALONGSIDE_BUNDLED_DATA]
    /// [default: load]
    #[arg(long, value_name = "CHOICE")]
    bundled_data: Option<OsString>,
    #[command(flatten)]
    secret: SecretFlags,
    /// Writes the first key of a programme admin to this new file instead of printing it [env: ALONGSIDE_ADMIN_KEY_FILE]
    ///
    /// Only its owner may read the file. Nothing is written where a programme admin has a key already.
    #[arg(long, value_name = "FILE")]
    admin_key_file: Option<OsString>,
    #[command(flatten)]
    listen: ListenFlags,
    /// Prints exactly one line when ready: {"url":"http://127.0.0.1:PORT"}, with "adminKey" where it was just made
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    identity: IdentityFlags,
    #[command(flatten)]
    delivery: DeliveryFlags,
}

impl Serve {
    /// Adds the command's settings.
    #[must_use]
    pub fn flags(&self, flags: Flags) -> Flags {
        let flags = self
            .database
            .clone()
            .add_to(flags)
            .with(Setting::BundledData, self.bundled_data.clone())
            .with(Setting::AdminKeyFile, self.admin_key_file.clone());
        let flags = self.secret.clone().add_to(flags);
        let flags = self.identity.clone().add_to(flags);
        let flags = self.delivery.clone().add_to(flags);
        self.listen.clone().add_to(flags)
    }

    /// Runs the service until it is stopped.
    ///
    /// # Errors
    ///
    /// [`Failure::Config`], [`Failure::Start`] and [`Failure::Database`]; [`Failure::Output`] where nobody can be told
    /// that it is ready.
    pub fn run(&self, config: &Config, now: Now) -> Result<(), Failure> {
        let listening = config.listening()?;
        let port = Port::Exactly(config.port()?.unwrap_or(DEFAULT_PORT));
        let access = access_settings(config)?;
        let identity = config.identity()?;
        let delivery = config.delivery()?;
        let bundled = config.bundled_data()?;
        let database = config
            .database()?
            .unwrap_or_else(DatabaseSetting::default_file);

        let listener = startup::listen(listening.address, port)?;
        let mut settings = http_settings(access, &listening)?;
        settings.delivery = delivery;
        if let Some(identity) = identity {
            let identities = Identities::open(identity, now()).map_err(StartError::Identity)?;
            settings.identities = Some(Arc::new(identities));
        }
        let open = || {
            let secret = startup::secret(&database.url, config.secret_file())?;
            let alongside = startup::open(&database.url, &secret, bundled, now())?;
            let file = config.admin_key_file();
            let first = startup::first_admin_key(alongside.storage(), file, now())?;
            Ok((alongside, first))
        };
        let (alongside, first) =
            open().map_err(|error| Failure::of_database(error, database.clone()))?;
        startup::run(async {
            let signals = Signals::of_a_service()?;
            // The key that was just made has to be known when it is shown.
            alongside.refresh().await.map_err(StartError::Open)?;
            let service = startup::serve(alongside, listener, settings, Clock::of(now))?;
            print(&self.ready(&service, &listening, first))?;
            Ok(service.until(signals).await?)
        })
    }

    fn ready(
        &self,
        service: &Service,
        listening: &Listening,
        first: FirstKey,
    ) -> Zeroizing<String> {
        let url = service.url();
        if self.json {
            return ready_json(service, first, &[]);
        }
        let whom = if listening.address.is_loopback() && listening.peers == Peers::Direct {
            ", to programs on this machine only"
        } else {
            ""
        };
        let key = match first {
            FirstKey::Elsewhere => String::new(),
            FirstKey::Shown(key) => format!(
                "The first key of a programme admin, shown this once: {}\n",
                key.reveal()
            ),
            FirstKey::Written(path) => format!(
                "The first key of a programme admin is in {}.\n",
                path.display()
            ),
        };
        Zeroizing::new(format!(
            "Alongside answers on {url}{whom}.\n{key}\
             Try its operations at {url}/swagger-ui/. Stop it with Ctrl-C.\n"
        ))
    }
}

/// What is known of callers before the service listens.
pub(super) struct AccessSettings {
    workers: Option<NonZeroUsize>,
    limit: Option<CallerLimit>,
}

/// Reads how many threads answer and how often callers may ask.
pub(super) fn access_settings(config: &Config) -> Result<AccessSettings, Failure> {
    Ok(AccessSettings {
        workers: config.workers()?,
        limit: config.rate_limit()?,
    })
}

/// The settings of the web server.
pub(super) fn http_settings(
    access: AccessSettings,
    listening: &Listening,
) -> Result<HttpSettings, StartError> {
    let files = listening.tls.as_ref();
    let tls = files.map(|files| tls::server(&files.certificate, &files.key));
    Ok(HttpSettings {
        workers: access.workers,
        shutdown_timeout_s: startup::GRACE.as_secs(),
        peers: listening.peers,
        limits: Arc::new(Limits::new(access.limit, Ticks::monotonic())),
        identities: None,
        tls: tls.transpose()?,
        delivery: DeliverySettings::plain(),
    })
}

/// The line by which a program learns that the service is ready, where, and which keys were just made.
pub(super) fn ready_json(
    service: &Service,
    admin: FirstKey,
    sites: &[(OdsCode, ApiKey)],
) -> Zeroizing<String> {
    let mut ready = serde_json::json!({ "url": service.url() });
    if let FirstKey::Shown(key) = admin {
        ready["adminKey"] = key.reveal().into();
    }
    for (code, key) in sites {
        ready["siteKeys"][code.as_str()] = key.reveal().into();
    }
    Zeroizing::new(format!("{ready}\n"))
}
