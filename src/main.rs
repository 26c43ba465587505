//! Reads the command line, starts the logger and runs a command; everything else is in the library.

use std::process::ExitCode;

use alongside::cli::Cli;
use alongside::logging::{self, LogFormat};
use alongside::machine;
use chrono::{DateTime, Utc};

/// The library does not choose for others; the program does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    machine::use_small_pages();
    let cli = match Cli::from_arguments(std::env::args_os()) {
        Ok(cli) => cli,
        Err(stop) => return stop.tell(),
    };
    let prepared = match cli.prepare() {
        Ok(prepared) => prepared,
        Err(failure) => return failure.tell(LogFormat::Text, now()),
    };
    logging::start(prepared.log());
    let format = prepared.log().format;
    match prepared.run(now) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(format, now()),
    }
}

/// The command line's one clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line's one clock; everything else is given the time"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}
