//! How long it takes to verify an audit of a million rows on SQLite.
//!
//! `cargo bench --bench audit`. Fails where it takes longer than it may, or where anything is found.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may stop and prints to a person"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::time::Instant;

use alongside::domain::ids::OdsCode;
use alongside::domain::secret::MasterSecret;
use alongside::storage::audit::{self, Entry};
use alongside::storage::{Change, DatabaseUrl, Storage, Touches};
use serde_json::json;

const N_WRITES: u32 = 1_000;
const ROWS_OF_A_WRITE: u32 = 1_000;
const MAX_SECONDS: f64 = 10.0;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::sqlite_file(&folder.path().join("audit.sqlite3"));
    let secret = MasterSecret::new([7; MasterSecret::N_BYTES]);
    let storage = Storage::open(&url, &secret).unwrap();
    let change = Change {
        actor: "key:0199d3c4-7c6a-7b52-b3c8-d2f3b1f6a001".to_owned(),
        action: "put_core_systems",
        detail: String::new(),
        at: "2026-11-22T09:00:00Z".parse().unwrap(),
        request_id: "0199d3c47c6a7b52b3c8d2f3b1f6a001".to_owned(),
        touches: Touches::Nothing,
    };
    let value = |n: u32| json!({"module": "epr", "vendor": "Oracle Health (Cerner)", "product": "Millennium", "year": n});
    let code = OdsCode::new("RTH").unwrap();
    let started = Instant::now();
    for write in 0..N_WRITES {
        storage
            .write_blocking(&change, |connection| {
                for row in 0..ROWS_OF_A_WRITE {
                    let entry = Entry {
                        kind: "core_systems",
                        id: format!("{write}-{row}"),
                        ods_code: Some(code),
                        before: Some(value(row)),
                        after: Some(value(row + 1)),
                    };
                    audit::note(connection, entry);
                }
                Ok(())
            })
            .unwrap();
    }
    println!("writing: {:.1} s", started.elapsed().as_secs_f64());
    drop(storage);
    let storage = Storage::open_to_verify(&url, &secret).unwrap();
    let checkpoint = storage
        .read_blocking(|connection| audit::checkpoint(connection, change.at))
        .unwrap()
        .unwrap();
    let started = Instant::now();
    let report = storage
        .read_blocking(|connection| audit::verify(connection, &[checkpoint]))
        .unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let holds = seconds <= MAX_SECONDS
        && report.is_whole()
        && report.n_rows == u64::from(N_WRITES * ROWS_OF_A_WRITE);
    println!(
        "verifying {} rows: {seconds:.2} s, {} findings (at most {MAX_SECONDS} s and none: {})",
        report.n_rows,
        report.n_findings,
        if holds { "held" } else { "MISSED" }
    );
    if !holds {
        std::process::exit(1);
    }
}
