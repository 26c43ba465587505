//! `alongside serve`: the service on a database of one's own.

use std::ffi::OsString;

use clap::Args;

use crate::cli::Now;
use crate::cli::failure::Failure;
use crate::cli::flags::{DatabaseFlags, ListenFlags};
use crate::cli::stdout::print;
use crate::config::{Config, DEFAULT_PORT, DatabaseSetting, Flags, Setting};
use crate::http::{Clock, HttpSettings};
use crate::secret_file;
use crate::startup::{self, Port, Service, Signals, StartError};

/// Runs the service until it is stopped
///
/// Opens the database, creates or updates its tables, fills it with the bundled open data where it is empty, and answers
/// until SIGINT (Ctrl-C) or SIGTERM, letting requests in progress finish. Without a database it makes the file
/// alongside.sqlite3 in the working directory.
///
/// Only programs on this machine can reach it until callers have keys.
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
  alongside serve --port 0 --json")]
pub struct Serve {
    #[command(flatten)]
    database: DatabaseFlags,
    /// Whether to fill an empty database with the bundled data: `load` or `skip` [env: ALONGSIDE_BUNDLED_DATA]
    /// [default: load]
    #[arg(long, value_name = "CHOICE")]
    bundled_data: Option<OsString>,
    #[command(flatten)]
    listen: ListenFlags,
    /// Prints exactly one line when ready: {"url":"http://127.0.0.1:PORT"}
    #[arg(long)]
    json: bool,
}

impl Serve {
    /// Adds the command's settings.
    #[must_use]
    pub fn flags(&self, flags: Flags) -> Flags {
        let flags = self
            .database
            .clone()
            .add_to(flags)
            .with(Setting::BundledData, self.bundled_data.clone());
        self.listen.clone().add_to(flags)
    }

    /// Runs the service until it is stopped.
    ///
    /// # Errors
    ///
    /// [`Failure::Config`], [`Failure::Start`] and [`Failure::Database`]; [`Failure::Output`] where nobody can be told
    /// that it is ready.
    pub fn run(&self, config: &Config, now: Now) -> Result<(), Failure> {
        let address = config.address()?;
        let port = Port::Exactly(config.port()?.unwrap_or(DEFAULT_PORT));
        let settings = http_settings(config)?;
        let bundled = config.bundled_data()?;
        let database = config
            .database()?
            .unwrap_or_else(DatabaseSetting::default_file);

        let listener = startup::listen(address, port)?;
        let secret = secret_file::read_or_make(&secret_file::default_path(&database.url))
            .map_err(StartError::Secret)?;
        let alongside = startup::open(&database.url, &secret, bundled, now())
            .map_err(|error| Failure::of_database(error, database))?;
        startup::run(async {
            let signals = Signals::of_a_service()?;
            let service = startup::serve(alongside, listener, settings, Clock::of(now))?;
            print(&self.ready(&service))?;
            Ok(service.until(signals).await?)
        })
    }

    fn ready(&self, service: &Service) -> String {
        if self.json {
            return ready_json(service);
        }
        format!(
            "Alongside answers on {0}, to programs on this machine only until callers have keys.\n\
             Try its operations at {0}/swagger-ui/. Stop it with Ctrl-C.\n",
            service.url()
        )
    }
}

/// The settings of the web server.
pub(super) fn http_settings(config: &Config) -> Result<HttpSettings, Failure> {
    Ok(HttpSettings {
        workers: config.workers()?,
        shutdown_timeout_s: startup::GRACE.as_secs(),
    })
}

/// The line by which a program learns that the service is ready, and where.
pub(super) fn ready_json(service: &Service) -> String {
    format!("{}\n", serde_json::json!({ "url": service.url() }))
}
