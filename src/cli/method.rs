//! `alongside method`: every formula, default and source.

use clap::Args;

use crate::app;
use crate::cli::failure::Failure;
use crate::cli::stdout::print;
use crate::http;

/// Prints how suggestions are made: every formula, default and source
///
/// The same that a running service gives at /api/v1/method, as JSON or as Markdown. No database is read.
#[derive(Args)]
#[command(after_help = "\
Examples:
  alongside method
  alongside method --markdown")]
pub struct Method {
    /// Prints Markdown, the section of the README
    #[arg(long)]
    markdown: bool,
}

impl Method {
    /// Prints it.
    ///
    /// # Errors
    ///
    /// [`Failure::Output`].
    pub fn run(&self) -> Result<(), Failure> {
        if self.markdown {
            return print(&app::method::markdown());
        }
        let mut json = http::method_json().map_err(Failure::Json)?;
        json.push('\n');
        print(&json)
    }
}
