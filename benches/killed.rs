//! A service that is killed while it writes: nothing acknowledged is lost, nothing is half done, the audit is whole, and the
//! program is ready again at once.
//!
//! `cargo bench --bench killed -- 50` kills at 50 moments, the default. The process that is killed is this program again, as
//! the child that writes with many threads and prints each write once it is acknowledged; the one that has to be ready again is
//! the real program.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may stop and prints to a person"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use alongside::app::{Alongside, BundledData};
use alongside::domain::audit::AuditQuery;
use alongside::secret_file;
use alongside::storage::audit::{self, Entry};
use alongside::storage::{Change, DatabaseUrl, Storage, Touches, revision};
use serde_json::json;

const DEFAULT_MOMENTS: u64 = 50;
const N_WRITERS: usize = 8;
const MAX_READY: Duration = Duration::from_secs(2);

/// How long after the first acknowledged write the child is killed, at most.
const MAX_MOMENT_MS: u64 = 250;

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): the same moments each time.
struct SplitMix64(u64);

impl SplitMix64 {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

fn open(database: &Path) -> Storage {
    let url = DatabaseUrl::sqlite_file(database);
    let secret = secret_file::read_or_make(&secret_file::default_path(&url)).unwrap();
    Storage::open(&url, &secret).unwrap()
}

/// The rows of one write.
const KINDS: [&str; 3] = ["core_systems", "attributes", "links"];

/// One write of three rows: the one place to change for another way to write.
async fn write(alongside: &Alongside, id: &str) {
    let id = id.to_owned();
    let change = Change {
        actor: "key:bench".to_owned(),
        action: "write",
        detail: String::new(),
        at: "2026-11-22T09:00:00Z".parse().unwrap(),
        request_id: id.clone(),
        touches: Touches::Scoring,
    };
    let work = move |connection: &mut alongside::storage::Connection| {
        for kind in KINDS {
            let entry = Entry {
                kind,
                id: id.clone(),
                ods_code: None,
                before: None,
                after: Some(json!({"vendor": "Epic"})),
            };
            audit::note(connection, entry);
        }
        Ok(())
    };
    alongside.write(change, work).await.unwrap();
}

/// Writes until it is killed, and prints the id of each write that was acknowledged.
fn child(database: &Path, run: &str) {
    let at = "2026-11-22T09:00:00Z".parse().unwrap();
    let alongside = Alongside::open(open(database), BundledData::Load, at).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..N_WRITERS {
            let alongside = &alongside;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .unwrap();
                for number in 0.. {
                    let id = format!("{run}-{writer}-{number}");
                    runtime.block_on(write(alongside, &id));
                    let mut out = std::io::stdout().lock();
                    out.write_all(format!("{id}\n").as_bytes()).unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

/// Kills a child that writes after so many milliseconds; what it acknowledged.
fn killed(database: &Path, run: u64, after_ms: u64) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", database.to_str().unwrap(), &run.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let reading = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
    std::thread::sleep(Duration::from_millis(after_ms));
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    let mut acknowledged = vec![first];
    acknowledged.extend(reading.join().unwrap());
    acknowledged
}

/// The real program on the database, killed when dropped.
struct Ready(Child);

impl Drop for Ready {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// How long the real program takes from its start until it answers.
fn time_to_ready(database: &Path) -> Duration {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_alongside"))
        .args(["serve", "--json", "--port", "0", "--database"])
        .arg(database)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let _ready = Ready(child);
    let url = serde_json::from_str::<serde_json::Value>(&line).unwrap();
    let answer = ureq::get(format!("{}/_status", url["url"].as_str().unwrap())).call();
    assert_eq!(answer.unwrap().status(), 200);
    started.elapsed()
}

/// Checks what a killed child left; how many of its writes are there though nobody was told.
fn check(database: &Path, run: u64, acknowledged: &[String]) -> usize {
    let storage = open(database);
    let (all, report, revision) = storage
        .read_blocking(|connection| {
            let page = audit::page(connection, &AuditQuery::default(), None, 1_000_000)?;
            let report = audit::verify(connection, &[])?;
            Ok((page.items, report, revision::current(connection)?))
        })
        .unwrap();
    assert!(report.is_whole(), "{:?}", report.findings);
    // The bundled data and the first key of the program are writes too.
    let revisions: HashSet<u64> = all.iter().map(|row| row.revision.0).collect();
    assert_eq!(
        revision.0,
        revisions.len() as u64,
        "as many revisions as writes"
    );
    let rows: Vec<_> = all.iter().filter(|row| row.action == "write").collect();
    let mut rows_of: HashMap<&str, (u64, usize)> = HashMap::new();
    for row in &rows {
        let (revision, n_rows) = rows_of
            .entry(&row.request_id)
            .or_insert((row.revision.0, 0));
        assert_eq!(*revision, row.revision.0, "a write has one revision");
        *n_rows += 1;
    }
    assert!(
        rows_of.values().all(|(_, n_rows)| *n_rows == KINDS.len()),
        "a write is half done"
    );
    for id in acknowledged {
        assert!(
            rows_of.contains_key(id.as_str()),
            "{id} was acknowledged and is lost"
        );
    }
    let own = format!("{run}-");
    let n_there = rows_of.keys().filter(|id| id.starts_with(&own)).count();
    n_there - acknowledged.len()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, database, run, ..] = arguments.as_slice()
        && word == "child"
    {
        child(Path::new(database), run);
        return;
    }
    let n_moments = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(DEFAULT_MOMENTS);
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("killed.sqlite3");
    let mut random = SplitMix64(1);
    let (mut n_acknowledged, mut n_untold) = (0, 0);
    let mut slowest = Duration::ZERO;
    for run in 1..=n_moments {
        let after_ms = random.below(MAX_MOMENT_MS);
        let acknowledged = killed(&database, run, after_ms);
        slowest = slowest.max(time_to_ready(&database));
        n_acknowledged += acknowledged.len();
        n_untold += check(&database, run, &acknowledged);
    }
    let holds = slowest <= MAX_READY;
    println!(
        "killed at {n_moments} moments: {n_acknowledged} writes acknowledged, none lost, none half done ({n_untold} more were made \
         that nobody was told of); the audit was whole each time"
    );
    println!(
        "ready again after at most {:.2} s (2 s at most: {})",
        slowest.as_secs_f64(),
        if holds { "held" } else { "MISSED" }
    );
    if !holds {
        std::process::exit(1);
    }
}
