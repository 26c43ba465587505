//! The flags that several commands share. Each value is taken as typed; [`crate::config`] reads it, with the other layers.

use std::ffi::OsString;

use clap::Args;

use crate::config::{Flags, Setting};

/// The flags that every command takes.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Settings for every command")]
pub struct CommonFlags {
    /// Reads settings from this TOML file [env: ALONGSIDE_CONFIG]
    ///
    /// Its keys are database, bundled_data, address, port, workers, log and log_format, with the meaning of the flags of
    /// the same names. A flag wins over the environment, and the environment over the file.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<OsString>,

    /// What to log, for example `debug` or `warn,alongside=info` [env: ALONGSIDE_LOG]
    ///
    /// Comma-separated `LEVEL` or `MODULE=LEVEL`, the levels being off, error, warn, info, debug and trace. By default
    /// `serve` logs from info, the other commands from warn. The log goes to the standard error output.
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<OsString>,

    /// How a log line is written: `text` or `json` [env: ALONGSIDE_LOG_FORMAT] [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<OsString>,
}

impl CommonFlags {
    /// The settings given by these flags.
    #[must_use]
    pub fn into_flags(self) -> Flags {
        Flags::new(self.config)
            .with(Setting::Log, self.log)
            .with(Setting::LogFormat, self.log_format)
    }
}

/// The flags that say where to listen.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args, Clone, Default)]
pub struct ListenFlags {
    /// Listens on this address [env: ALONGSIDE_ADDRESS] [default: 127.0.0.1]
    ///
    /// Only this machine can be served until callers have keys, so the address must be a loopback one: 127.0.0.1 or ::1.
    #[arg(long, value_name = "ADDRESS")]
    address: Option<OsString>,

    /// Listens on this port; 0 picks a free one [env: ALONGSIDE_HTTP_PORT] [default: 8080]
    #[arg(long, value_name = "PORT")]
    port: Option<OsString>,

    /// Answers with this many threads [env: ALONGSIDE_WORKERS] [default: one for each core]
    #[arg(long, value_name = "NUMBER")]
    workers: Option<OsString>,
}

impl ListenFlags {
    /// Adds the settings given by these flags.
    #[must_use]
    pub fn add_to(self, flags: Flags) -> Flags {
        flags
            .with(Setting::Address, self.address)
            .with(Setting::Port, self.port)
            .with(Setting::Workers, self.workers)
    }
}

/// The flags that say where the data is.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args, Clone, Default)]
pub struct DatabaseFlags {
    /// Where the database is: a file for SQLite, or a postgres:// URL [env: DATABASE_URL]
    ///
    /// A password in the URL is seen by others in the list of processes: prefer the variable for one.
    #[arg(long, value_name = "URL")]
    database: Option<OsString>,
}

impl DatabaseFlags {
    /// Adds the settings given by these flags.
    #[must_use]
    pub fn add_to(self, flags: Flags) -> Flags {
        flags.with(Setting::Database, self.database)
    }
}
