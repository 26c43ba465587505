//! Many who write and many who read at once, over HTTP, from the real program: nobody is told of a failure, the log names no
//! lock and warns of nothing, and every write that was acknowledged is there afterwards, once and whole.
//!
//! `cargo bench --bench contention -- 60` for 60 s, the default, on SQLite, and on PostgreSQL where `ALONGSIDE_TEST_POSTGRES`
//! names a server.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark may stop, prints to a person and reads its one variable itself"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod database;
mod service;
mod writers;

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alongside::domain::ids::OdsCode;
use alongside::intake::bundled;

use self::database::OwnDatabase;
use self::writers::{Installation, Part, Writer, Written, agent, bearer, complaints, stored};

const N_WRITERS: usize = 32;

/// How many of the writers have keys of one site and write the same part of it, so that they are in each other's way.
const N_SHARING: usize = 4;

const N_READERS: usize = 64;
const DEFAULT_SECONDS: u64 = 60;

/// How many failures of a kind are printed: one for each writer, so that one among them that is of another sort is seen.
const N_SHOWN: usize = 40;

/// What readers ask, in turn.
const QUESTIONS: [&str; 5] = [
    "/api/v1/organisations/RTH/suggestions",
    "/api/v1/organisations?limit=20",
    "/api/v1/organisations/RTH",
    "/api/v1/admin/audit?limit=20",
    "/_status",
];

/// The sites of the writers, one for each but for those that share the first.
fn sites() -> Vec<OdsCode> {
    let register = bundled::load().unwrap().register;
    let mut codes = register
        .organisations
        .iter()
        .filter(|organisation| organisation.status.is_active())
        .map(|organisation| organisation.ods_code);
    let shared = codes.next().unwrap();
    let mut sites = vec![shared; N_SHARING];
    sites.extend(codes.take(N_WRITERS - N_SHARING));
    assert_eq!(sites.len(), N_WRITERS);
    sites
}

/// What came of all writers, or of all readers.
#[derive(Default)]
struct Outcome {
    /// How long each took that went well.
    took: Vec<Duration>,
    /// How many were refused since another had changed the part meanwhile.
    n_stale: usize,
    /// What went wrong.
    failures: Vec<String>,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.n_stale += other.n_stale;
        self.failures.extend(other.failures);
    }
}

/// Writes until told to stop. Only who shares a part may find it changed, and then tries again from what there is.
fn write(writer: &mut Writer, is_sharing: bool, url: &str, stop: &AtomicBool) -> Outcome {
    let mut own = Outcome::default();
    while !stop.load(Ordering::Relaxed) {
        let asked = Instant::now();
        match writer.write(url) {
            Ok(Written::Acknowledged) => own.took.push(asked.elapsed()),
            Ok(Written::Stale) if is_sharing => own.n_stale += 1,
            Ok(Written::Stale) => {
                let words = format!("{}: another changed what one alone changes", writer.code);
                own.failures.push(words);
            }
            Err(failure) => own.failures.push(failure.to_string()),
        }
    }
    own
}

/// Reads until told to stop.
fn read(first: usize, url: &str, admin_key: &str, stop: &AtomicBool) -> Outcome {
    let agent = agent();
    let mut own = Outcome::default();
    for question in QUESTIONS.iter().cycle().skip(first) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let asked = Instant::now();
        let answer = agent
            .get(format!("{url}{question}"))
            .header("Authorization", bearer(admin_key))
            .call();
        let read = answer.and_then(|mut answer| {
            let body = answer.body_mut().read_to_string()?;
            Ok((answer.status().as_u16(), body))
        });
        match read {
            Ok((200, _)) => own.took.push(asked.elapsed()),
            other => own.failures.push(format!("{question}: {other:?}")),
        }
    }
    own
}

/// Lets all write and read for some time; what came of the writers and of the readers.
fn contend(writers: &mut [Writer], url: &str, admin_key: &str, seconds: u64) -> (Outcome, Outcome) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stop = &stop;
        let writing: Vec<_> = writers
            .iter_mut()
            .enumerate()
            .map(|(n, writer)| scope.spawn(move || write(writer, n < N_SHARING, url, stop)))
            .collect();
        let reading: Vec<_> = (0..N_READERS)
            .map(|n| scope.spawn(move || read(n, url, admin_key, stop)))
            .collect();
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
        let (mut written, mut read) = (Outcome::default(), Outcome::default());
        writing
            .into_iter()
            .for_each(|one| written.add(one.join().unwrap()));
        reading
            .into_iter()
            .for_each(|one| read.add(one.join().unwrap()));
        (written, read)
    })
}

fn told(took: &mut [Duration]) -> String {
    took.sort_unstable();
    let at = |share: usize| {
        let place = took.len().saturating_sub(1) * share / 1000;
        took.get(place)
            .map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    };
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
        at(500),
        at(990),
        at(1000)
    )
}

/// Prints what there is of something that there should be nothing of; whether there is nothing.
fn is_nothing(what: &str, found: &[String]) -> bool {
    println!("{}: {what}", found.len());
    for line in found.iter().take(N_SHOWN) {
        println!("  {line}");
    }
    found.is_empty()
}

fn holds(kind: &str, database: &str, folder: &Path, seconds: u64) -> bool {
    let installation = Installation {
        database: database.to_owned(),
        secret: folder.join(format!("{kind}.secret")),
    };
    let log = folder.join(format!("{kind}.log"));
    let mut service = installation.start(&log);
    let admin_key = service.admin_key.clone().unwrap();
    let mut writers: Vec<Writer> = sites()
        .into_iter()
        .enumerate()
        .map(|(n, code)| {
            // Those that share write the first part.
            let part = Part::ALL[n.saturating_sub(N_SHARING) % Part::ALL.len()];
            Writer::new(&service, &admin_key, code, part)
        })
        .collect();
    let (mut written, mut read) = contend(&mut writers, &service.url, &admin_key, seconds);
    for writer in &mut writers {
        written.failures.extend(
            writer
                .look(&service.url)
                .err()
                .map(|failure| failure.to_string()),
        );
    }
    let end = service.stop();
    let stored = stored::look(&installation, &writers);
    let n_acknowledged: usize = writers.iter().map(|writer| writer.acknowledged.len()).sum();

    println!("{kind}, {seconds} s, the real program over HTTP");
    println!(
        "{N_WRITERS} writers: {n_acknowledged} writes acknowledged; {}; {} more tries of the {N_SHARING} of one site found a \
         newer version (412) and were made again",
        told(&mut written.took),
        written.n_stale
    );
    println!(
        "{N_READERS} readers: {} good answers; {}",
        read.took.len(),
        told(&mut read.took)
    );
    let is_ended_well = end.is_some_and(|end| end.success());
    println!(
        "{} changes are stored; told to stop, the program ended {}",
        stored.n_made,
        if is_ended_well { "well" } else { "BADLY" }
    );
    let held = [
        is_nothing("other answers to writers", &written.failures),
        is_nothing("other answers to readers", &read.failures),
        is_nothing("warnings or words of locks in the log", &complaints(&log)),
        is_nothing(
            "faults of what is stored: writes lost or half done, versions, history, audit",
            &stored.faults,
        ),
        is_ended_well,
        n_acknowledged > 0 && stored.n_made == n_acknowledged,
        // Without it nobody was in anybody's way.
        written.n_stale > 0,
    ];
    let holds = !held.contains(&false);
    println!("{kind}: {}", if holds { "held" } else { "MISSED" });
    holds
}

fn main() -> ExitCode {
    let seconds = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(DEFAULT_SECONDS);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("contention.sqlite3");
    let mut held = holds("sqlite", file.to_str().unwrap(), folder.path(), seconds);
    if let Ok(server) = std::env::var("ALONGSIDE_TEST_POSTGRES") {
        let own = OwnDatabase::new(server, "contention");
        held &= holds("postgresql", &own.url(), folder.path(), seconds);
    }
    ExitCode::from(u8::from(!held))
}
