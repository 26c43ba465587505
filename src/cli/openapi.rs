//! `alongside openapi`: the description of the interface.

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::stdout::print;
use crate::http;

/// Prints the OpenAPI document of the service
///
/// The same that a running service gives at /api/v1/openapi.json. No database is read.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args)]
#[command(after_help = "\
Examples:
  alongside openapi
  alongside openapi > openapi.json")]
pub struct Openapi {}

impl Openapi {
    /// Prints the document, to the byte as the service gives it.
    ///
    /// # Errors
    ///
    /// [`Failure::Output`].
    pub fn run(&self) -> Result<(), Failure> {
        print(&http::openapi_json().map_err(Failure::Json)?)
    }
}
