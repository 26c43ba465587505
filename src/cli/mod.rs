//! The command line: one file for each command, each a set of flags and a function that runs them.
//!
//! [`Cli`] is what was typed. What a command prints goes through [`stdout`], what it failed of through [`failure`], and
//! how an answer looks in a terminal is in [`answer`] and [`columns`].

pub mod answer;
pub mod audit;
pub mod columns;
pub mod demo;
pub mod evaluate;
pub mod failure;
pub mod flags;
pub mod health;
pub mod import;
pub mod keys;
pub mod method;
pub mod openapi;
pub mod reproduce;
pub mod serve;
pub mod stdout;
pub mod suggest;
pub mod test_email;

use std::ffi::OsString;

use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};

use crate::cli::failure::{Failure, Stop};
use crate::cli::flags::CommonFlags;
use crate::config::Config;
use crate::logging::{LogFilter, LogSettings};

/// The clock that `main` passes in.
pub type Now = fn() -> DateTime<Utc>;

/// Suggests partner organisations to NHS sites and explains every score to both sides.
///
/// Settings come from flags, from the environment and from a TOML file, in this order of precedence.
#[derive(Parser)]
#[command(
    name = "alongside",
    version,
    arg_required_else_help = true,
    after_help = "\
Examples:
  alongside demo                                try it: real trusts, nothing to set up
  alongside suggest RTH                         partners for one organisation, in the terminal
  alongside evaluate                            how high historical partners stand
  alongside serve --database alongside.sqlite3  the service
  alongside keys create --role site --ods-code RTH --label Oxford
                                                a key for a site

Exit codes:
  0  it worked
  1  it failed; the reason is on the standard error output
  2  the command line, the environment or the settings file is wrong"
)]
pub struct Cli {
    #[command(flatten)]
    common: CommonFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Demo),
    Serve(Box<serve::Serve>),
    Import(import::Import),
    Suggest(suggest::Suggest),
    Evaluate(evaluate::Evaluate),
    Keys(keys::Keys),
    Audit(audit::Audit),
    Openapi(openapi::Openapi),
    Method(method::Method),
    Health(health::Health),
    TestEmail(test_email::TestEmail),
}

impl Cli {
    /// Reads the command line, the program's name first.
    ///
    /// # Errors
    ///
    /// [`Stop`] where it is wrong, and where it asks for help or for the version.
    pub fn from_arguments(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Stop> {
        Self::try_parse_from(arguments).map_err(Stop::new)
    }

    /// Reads the settings that go with it.
    ///
    /// # Errors
    ///
    /// [`Failure::Config`] for a setting that is refused.
    pub fn prepare(self) -> Result<Prepared, Failure> {
        let Self { common, command } = self;
        let flags = common.into_flags();
        let (flags, filter) = match &command {
            Command::Demo(demo) => (demo.flags(flags), LogFilter::command()),
            Command::Serve(serve) => (serve.flags(flags), LogFilter::service()),
            Command::Import(import) => (import.flags(flags), LogFilter::command()),
            Command::Suggest(suggest) => (suggest.flags(flags), LogFilter::command()),
            Command::Evaluate(evaluate) => (evaluate.flags(flags), LogFilter::command()),
            Command::Keys(keys) => (keys.flags(flags), LogFilter::command()),
            Command::Audit(audit) => (audit.flags(flags), LogFilter::command()),
            Command::Openapi(_) | Command::Method(_) => (flags, LogFilter::command()),
            Command::Health(_) => (flags, LogFilter::command()),
            Command::TestEmail(test) => (test.flags(flags), LogFilter::command()),
        };
        let config = Config::read(flags)?;
        let log = config.log(filter)?;
        Ok(Prepared {
            command,
            config,
            log,
        })
    }
}

/// A command with its settings.
pub struct Prepared {
    command: Command,
    config: Config,
    log: LogSettings,
}

impl Prepared {
    /// What to log and how.
    #[must_use]
    pub fn log(&self) -> &LogSettings {
        &self.log
    }

    /// Runs the command to its end.
    ///
    /// # Errors
    ///
    /// [`Failure`], for a person to read.
    pub fn run(self, now: Now) -> Result<(), Failure> {
        self.config.warn_of_unknown_variables();
        match self.command {
            Command::Demo(demo) => demo.run(&self.config, now),
            Command::Serve(serve) => serve.run(&self.config, now),
            Command::Import(import) => import.run(&self.config, now),
            Command::Suggest(suggest) => suggest.run(&self.config, now),
            Command::Evaluate(evaluate) => evaluate.run(&self.config, now),
            Command::Keys(keys) => keys.run(&self.config, now),
            Command::Audit(audit) => audit.run(&self.config, now),
            Command::Openapi(openapi) => openapi.run(),
            Command::Method(method) => method.run(),
            Command::Health(health) => health.run(&self.config),
            Command::TestEmail(test) => test.run(&self.config),
        }
    }
}
