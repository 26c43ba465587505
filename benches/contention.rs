//! Many who write and many who read at once, on a service that really listens: nobody is told of a failure, the log names no
//! lock, and every write that was acknowledged is there afterwards.
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

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use alongside::app::{Alongside, BundledData};
use alongside::domain::api_key::{ApiKey, KeyRecord};
use alongside::domain::audit::AuditQuery;
use alongside::domain::caller::Role;
use alongside::domain::ids::OdsCode;
use alongside::domain::secret::MasterSecret;
use alongside::http::{Clock, HttpSettings, Limits, Peers, Ticks};
use alongside::storage::audit::{self, Entry};
use alongside::storage::{Change, DatabaseUrl, Storage, Touches, keys};
use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use serde_json::json;

const N_WRITERS: usize = 32;
const N_READERS: usize = 64;
const DEFAULT_SECONDS: u64 = 60;

/// What readers ask, in turn.
const QUESTIONS: [&str; 5] = [
    "/api/v1/organisations/RTH/suggestions",
    "/api/v1/organisations?limit=20",
    "/api/v1/organisations/RTH",
    "/api/v1/admin/audit?limit=20",
    "/_status",
];

fn now() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

/// Keeps what the log says from a warning on.
struct Kept(Mutex<Vec<String>>);

static LOG: Kept = Kept(Mutex::new(Vec::new()));

impl log::Log for Kept {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// As on a machine of one's own, without a limit on how often callers ask.
fn settings() -> HttpSettings {
    HttpSettings {
        workers: None,
        shutdown_timeout_s: 8,
        peers: Peers::Direct,
        limits: Arc::new(Limits::new(None, Ticks::monotonic())),
        identities: None,
        tls: None,
    }
}

fn change(action: &'static str, touches: Touches) -> Change {
    Change {
        actor: "key:bench".to_owned(),
        action,
        detail: String::new(),
        at: now(),
        request_id: String::new(),
        touches,
    }
}

fn admin_key() -> ApiKey {
    ApiKey::from_random([3; ApiKey::N_BYTES])
}

fn add_admin(storage: &Storage) {
    let key = admin_key();
    let record = KeyRecord::new(
        "00000000-0000-4000-8000-000000000001",
        &key,
        Role::ProgrammeAdmin,
        "bench",
        now(),
        "bench",
    );
    storage
        .write_blocking(&change("create_key", Touches::Callers), |connection| {
            keys::insert(connection, &record)
        })
        .unwrap();
}

/// One write, acknowledged or not: the one place to change for another way to write. `Scoring` makes the snapshot anew each
/// time, as a change of a core system does.
async fn write(alongside: &Alongside, id: String) -> bool {
    let entry = Entry {
        kind: "core_systems",
        id,
        ods_code: OdsCode::new("RTH").ok(),
        before: None,
        after: Some(json!({"vendor": "Epic"})),
    };
    let work = move |connection: &mut alongside::storage::Connection| {
        audit::note(connection, entry);
        Ok(())
    };
    alongside
        .write(change("write", Touches::Scoring), work)
        .await
        .inspect_err(|error| {
            log::error!(
                "a write failed: {error}: {:?}",
                std::error::Error::source(error)
            )
        })
        .is_ok()
}

fn serve(alongside: Arc<Alongside>) -> (String, ServerHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let clock = Clock::of(now);
            let server = alongside::http::serve(alongside, listener, settings(), clock).unwrap();
            tell.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    (url, told.recv().unwrap())
}

/// What came of all writers.
#[derive(Default)]
struct Written {
    acknowledged: Vec<String>,
    n_failed: usize,
    took: Vec<Duration>,
}

fn writers(alongside: &Alongside, stop: &AtomicBool) -> Written {
    let all = Mutex::new(Written::default());
    std::thread::scope(|scope| {
        for writer in 0..N_WRITERS {
            let all = &all;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .unwrap();
                let mut own = Written::default();
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let id = format!("{writer}-{number}");
                    let asked = Instant::now();
                    if runtime.block_on(write(alongside, id.clone())) {
                        own.acknowledged.push(id);
                    } else {
                        own.n_failed += 1;
                    }
                    own.took.push(asked.elapsed());
                }
                let mut all = all.lock().unwrap();
                all.acknowledged.append(&mut own.acknowledged);
                all.n_failed += own.n_failed;
                all.took.append(&mut own.took);
            });
        }
    });
    all.into_inner().unwrap()
}

/// Reads until told to stop; how many good answers there were, how many others, and how long each took.
fn readers(url: &str, stop: &AtomicBool) -> (usize, usize, Vec<Duration>) {
    let (n_good, n_bad) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let took = Mutex::new(Vec::new());
    let header = format!("Bearer {}", admin_key().reveal());
    std::thread::scope(|scope| {
        for reader in 0..N_READERS {
            let (n_good, n_bad, took, header) = (&n_good, &n_bad, &took, &header);
            scope.spawn(move || {
                let agent: ureq::Agent = ureq::Agent::config_builder()
                    .http_status_as_error(false)
                    .build()
                    .into();
                let mut own = Vec::new();
                for question in QUESTIONS.iter().cycle().skip(reader) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let asked = Instant::now();
                    let answer = agent
                        .get(format!("{url}{question}"))
                        .header("Authorization", header)
                        .call();
                    let is_good = match answer {
                        Ok(mut answer) => {
                            answer.status() == 200 && answer.body_mut().read_to_vec().is_ok()
                        }
                        Err(error) => {
                            log::error!("a reader failed: {error}");
                            false
                        }
                    };
                    own.push(asked.elapsed());
                    let counted = if is_good { n_good } else { n_bad };
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                took.lock().unwrap().append(&mut own);
            });
        }
    });
    (
        n_good.into_inner(),
        n_bad.into_inner(),
        took.into_inner().unwrap(),
    )
}

fn told(took: &mut [Duration]) -> String {
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 1000].as_secs_f64() * 1e3;
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
        at(500),
        at(990),
        at(1000)
    )
}

fn holds(url: &DatabaseUrl, seconds: u64) -> bool {
    LOG.0.lock().unwrap().clear();
    let secret = MasterSecret::new([7; MasterSecret::N_BYTES]);
    let storage = Storage::open(url, &secret).unwrap();
    let kind = storage.kind().as_str();
    drop(Alongside::open(storage.clone(), BundledData::Load, now()).unwrap());
    add_admin(&storage);
    let alongside = Arc::new(Alongside::open(storage.clone(), BundledData::Skip, now()).unwrap());
    let (address, handle) = serve(Arc::clone(&alongside));
    let stop = AtomicBool::new(false);
    let (mut written, (n_good, n_bad, mut read)) = std::thread::scope(|scope| {
        let writing = scope.spawn(|| writers(&alongside, &stop));
        let reading = scope.spawn(|| readers(&address, &stop));
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
        (writing.join().unwrap(), reading.join().unwrap())
    });
    drop(handle.stop(false));
    let mut present = HashSet::new();
    let mut before = None;
    loop {
        let query = AuditQuery {
            action: Some("write".to_owned()),
            ..AuditQuery::default()
        };
        let page = storage
            .read_blocking(|connection| audit::page(connection, &query, before, 10_000))
            .unwrap();
        before = page.items.last().map(|row| row.sequence);
        present.extend(page.items.into_iter().map(|row| row.subject_id));
        if !page.has_more {
            break;
        }
    }
    let n_lost = written
        .acknowledged
        .iter()
        .filter(|id| !present.contains(*id))
        .count();
    let report = storage
        .read_blocking(|connection| audit::verify(connection, &[]))
        .unwrap();
    let log = std::mem::take(&mut *LOG.0.lock().unwrap());
    println!(
        "{kind}, {seconds} s, {N_WRITERS} writers: {} writes acknowledged, {} failed, {n_lost} lost; {}",
        written.acknowledged.len(),
        written.n_failed,
        told(&mut written.took)
    );
    println!(
        "{kind}, {seconds} s, {N_READERS} readers: {n_good} good answers, {n_bad} others; {}",
        told(&mut read)
    );
    println!(
        "{kind}: {} lines of warning in the log; the audit is {}",
        log.len(),
        if report.is_whole() {
            "whole"
        } else {
            "NOT WHOLE"
        }
    );
    for line in log.iter().take(5) {
        println!("  {line}");
    }
    let holds = n_lost == 0
        && written.n_failed == 0
        && n_bad == 0
        && log.is_empty()
        && report.is_whole()
        && !written.acknowledged.is_empty();
    println!("{kind}: {}", if holds { "held" } else { "MISSED" });
    holds
}

/// The server to make a database on, and the address of the database.
fn on_server(server: &str) -> (String, DatabaseUrl) {
    let name = format!("alongside_contention_{}", std::process::id());
    let (place, _) = server.rsplit_once('/').unwrap();
    let url = DatabaseUrl::parse(&format!("{place}/{name}")).unwrap();
    (name, url)
}

fn main() {
    let seconds = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(DEFAULT_SECONDS);
    log::set_logger(&LOG).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    let folder = tempfile::tempdir().unwrap();
    let mut held = holds(
        &DatabaseUrl::sqlite_file(&folder.path().join("contention.sqlite3")),
        seconds,
    );
    if let Ok(server) = std::env::var("ALONGSIDE_TEST_POSTGRES") {
        let run = |sql: &str| {
            diesel::PgConnection::establish(&server)
                .unwrap()
                .batch_execute(sql)
                .unwrap();
        };
        let (name, url) = on_server(&server);
        run(&format!("CREATE DATABASE {name}"));
        held &= holds(&url, seconds);
        run(&format!("DROP DATABASE {name} WITH (FORCE)"));
    }
    if !held {
        std::process::exit(1);
    }
}
