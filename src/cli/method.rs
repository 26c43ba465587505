//! `alongside method`: every formula, default and source.

use clap::Args;

use crate::app;
use crate::cli::failure::Failure;
use crate::cli::stdout::print;

/// Prints how suggestions are made: every formula, default and source
///
/// The same that a running service gives at /api/v1/method. No database is read.
#[derive(Args)]
#[command(after_help = "\
Examples:
  alongside method --markdown")]
pub struct Method {
    /// Prints Markdown, which is what there is so far [this is what is printed without it too]
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
        print(&app::method::markdown())
    }
}
