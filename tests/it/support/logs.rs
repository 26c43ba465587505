//! What all tests of a run log, kept in one file for whoever searches it for what no log may hold.
//!
//! The file is `logs/<process>.log` in the folder of the tests' temporary files; those of finished runs stay until somebody
//! removes them.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;

use alongside::logging::{self, LogFilter, LogFormat, LogSettings};

static FILE: LazyLock<File> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("logs");
    fs::create_dir_all(&folder).unwrap();
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(format!("{}.log", std::process::id())))
        .unwrap();
    let settings = LogSettings {
        filter: LogFilter::parse("debug,actix_http=off").unwrap(),
        format: LogFormat::Json,
    };
    logging::start_to_file(&settings, file.try_clone().unwrap());
    file
});

/// Keeps what this process logs from now on, more of it than a service does.
pub(crate) fn keep() {
    LazyLock::force(&FILE);
}

/// Keeps what a program said that a test ran.
pub(crate) fn keep_said(text: &str) {
    (&*FILE).write_all(text.as_bytes()).unwrap();
}
