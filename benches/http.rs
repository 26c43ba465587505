//! How the service answers under load: its suggestions against a static answer of the same size on the same server, one
//! answer among 100,000 synthetic organisations, and the memory of the demo.
//!
//! `cargo bench --bench http`; needs `wrk` beside it. Everything is measured in one run on one machine, so the ratio holds
//! where the machine is slow or noisy. Fails where a figure is missed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark may stop and prints to a person"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod service;
#[path = "../tests/it/support/synthetic.rs"]
mod synthetic;

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes};
use actix_web::{HttpResponse, HttpServer};
use alongside::app::{Alongside, BundledData};
use alongside::domain::api_key::{ApiKey, KeyRecord};
use alongside::domain::caller::Role;
use alongside::domain::secret::MasterSecret;
use alongside::http::{self, Clock};
use alongside::intake::bundled;
use alongside::random::Random;
use alongside::storage::{Change, DatabaseUrl, Storage, Touches, keys, register};
use chrono::{DateTime, Utc};

use self::service::Service;

/// The least share of the static answer's rate that suggestions must reach.
const MIN_RATIO: f64 = 0.25;
/// The least share of the rate without firmness that kept answers with it must reach.
const MIN_FIRM_RATIO: f64 = 0.8;
const MAX_P99_MS: f64 = 10.0;
const MAX_MANY_P50_MS: f64 = 25.0;
const MAX_DEMO_MIB: f64 = 80.0;
const N_SYNTHETIC: usize = 100_000;

/// How long and with how many connections `wrk` asks. The connections are few, so that a request's time is the service's and
/// not the queue's on a machine that `wrk` shares.
const SECONDS: u32 = 8;
const CONNECTIONS: u32 = 8;

/// Asks for one trust on another day each time, so that no answer is kept from before.
const EACH_ANEW: &str = r#"
local n = 0
request = function()
  n = n + 1
  local day = os.date("!%Y-%m-%d", n % 100000 * 86400)
  return wrk.format("GET", "/api/v1/organisations/RTH/suggestions?asOf=" .. day)
end
"#;

/// Asks for one synthetic organisation after the other.
const EACH_ORGANISATION: &str = r#"
local n = 0
request = function()
  n = n + 997
  return wrk.format("GET", string.format("/api/v1/organisations/Z%06d/suggestions", n % 100000))
end
"#;

fn now() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

/// The key of the one caller, an admin.
fn key() -> ApiKey {
    ApiKey::from_random([3; ApiKey::N_BYTES])
}

fn change(touches: Touches) -> Change {
    Change {
        actor: "bench".to_owned(),
        action: "load",
        detail: String::new(),
        at: now(),
        request_id: String::new(),
        touches,
    }
}

/// Opens a database that knows the key.
fn open(file: &std::path::Path) -> Storage {
    let secret = MasterSecret::new([7; MasterSecret::N_BYTES]);
    let storage = Storage::open(&DatabaseUrl::sqlite_file(file), &secret).unwrap();
    let record = KeyRecord::new(
        "00000000-0000-4000-8000-000000000001",
        &key(),
        Role::ProgrammeAdmin,
        "bench",
        now(),
        "bench",
    );
    storage
        .write_blocking(&change(Touches::Callers), |c| keys::insert(c, &record))
        .unwrap();
    storage
}

/// A service with one more path, `/static`, that answers with the given bytes through everything that surrounds an answer.
fn serve(alongside: Alongside, fixed: Bytes) -> (String, ServerHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let service =
                http::Service::new(Arc::new(alongside), Clock::of(now), Random::counted()).unwrap();
            let server = HttpServer::new(move || {
                let fixed = fixed.clone();
                let answer = move || {
                    let body = fixed.clone();
                    async move {
                        HttpResponse::Ok()
                            .content_type("application/json")
                            .body(body)
                    }
                };
                service.app().route("/static", web::get().to(answer))
            })
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
            tell.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    (url, told.recv().unwrap())
}

/// What `wrk` saw.
struct Load {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// Asks one address over and over, or, with a script, whatever the script says.
fn load(url: &str, connections: u32, script: Option<&str>) -> Load {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut wrk = Command::new("wrk");
    wrk.args([
        "-t1",
        &format!("-c{connections}"),
        &format!("-d{SECONDS}s"),
        "--latency",
        "-H",
        &format!("Authorization: Bearer {}", key().reveal()),
    ]);
    if let Some(script) = script {
        file.write_all(script.as_bytes()).unwrap();
        wrk.arg("-s").arg(file.path());
    }
    let output = wrk
        .arg(url)
        .output()
        .unwrap_or_else(|error| panic!("this needs wrk: {error}"));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        !text.contains("Non-2xx") && !text.contains("Socket errors"),
        "{text}"
    );
    let after = |word: &str| {
        let line = text
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with(word));
        line.and_then(|line| line.split_whitespace().nth(1))
            .unwrap_or_else(|| panic!("{text}"))
            .to_owned()
    };
    Load {
        per_second: after("Requests/sec:").parse().unwrap(),
        p50_ms: milliseconds(&after("50%")),
        p99_ms: milliseconds(&after("99%")),
    }
}

/// Reads "712.00us", "1.20ms" or "1.02s".
fn milliseconds(text: &str) -> f64 {
    let (number, factor) = if let Some(number) = text.strip_suffix("us") {
        (number, 1e-3)
    } else if let Some(number) = text.strip_suffix("ms") {
        (number, 1.0)
    } else {
        (text.trim_end_matches('s'), 1e3)
    };
    number.parse::<f64>().unwrap() * factor
}

fn get(url: &str, key: &str) -> Bytes {
    let request = ureq::get(url).header("Authorization", format!("Bearer {key}"));
    let mut response = request.call().unwrap();
    let body = response
        .body_mut()
        .with_config()
        .limit(64 << 20)
        .read_to_vec()
        .unwrap();
    body.into()
}

/// Says how a figure stands to its bar, and whether it holds.
fn verdict(what: &str, figure: f64, holds: bool, bar: &str) -> bool {
    println!(
        "{what}: {figure:.3} ({bar}: {})",
        if holds { "held" } else { "MISSED" }
    );
    holds
}

fn rates(folder: &std::path::Path) -> bool {
    let storage = open(&folder.join("real.sqlite3"));
    let path = "/api/v1/organisations/RTH/suggestions";
    let first = Alongside::open(storage.clone(), BundledData::Load, now()).unwrap();
    let (url, handle) = serve(first, Bytes::new());
    let answer = get(&format!("{url}{path}"), key().reveal());
    drop(handle.stop(false));
    println!("one answer: {} bytes", answer.len());
    let (url, handle) = serve(
        Alongside::open(storage, BundledData::Skip, now()).unwrap(),
        answer,
    );
    load(&format!("{url}{path}"), CONNECTIONS, None);
    let fixed = load(&format!("{url}/static"), CONNECTIONS, None);
    let suggestions = load(&format!("{url}{path}"), CONNECTIONS, None);
    // In turn with the same without firmness, so that whatever slows the machine slows both.
    let plain = load(&format!("{url}{path}?draws=0"), CONNECTIONS, None);
    let anew = load(&url, CONNECTIONS, Some(EACH_ANEW));
    drop(handle.stop(false));
    println!(
        "static: {:.0}/s; suggestions: {:.0}/s; suggestions that nobody asked for before: {:.0}/s, p99 {:.2} ms",
        fixed.per_second, suggestions.per_second, anew.per_second, anew.p99_ms
    );
    println!(
        "ratio where no answer is kept: {:.3}",
        anew.per_second / fixed.per_second
    );
    let firm = suggestions.per_second / plain.per_second;
    let firm_holds = verdict(
        "rate with firmness over that without",
        firm,
        firm >= MIN_FIRM_RATIO,
        "at least 0.8",
    );
    let ratio = suggestions.per_second / fixed.per_second;
    let ratio_holds = verdict(
        "ratio of the two rates",
        ratio,
        ratio >= MIN_RATIO,
        "at least 0.25",
    );
    let p99 = suggestions.p99_ms;
    verdict("p99 in ms", p99, p99 < MAX_P99_MS, "under 10") && ratio_holds && firm_holds
}

fn many(folder: &std::path::Path) -> bool {
    let storage = open(&folder.join("many.sqlite3"));
    let synthetic = synthetic::register(&bundled::load().unwrap().register, N_SYNTHETIC, 1);
    storage
        .write_blocking(&change(Touches::Scoring), |c| {
            register::insert(c, &synthetic, &[])
        })
        .unwrap();
    drop(synthetic);
    let (url, handle) = serve(
        Alongside::open(storage, BundledData::Skip, now()).unwrap(),
        Bytes::new(),
    );
    let one = load(&url, 1, Some(EACH_ORGANISATION));
    drop(handle.stop(false));
    let p50 = one.p50_ms;
    verdict(
        "p50 in ms among 100,000 organisations",
        p50,
        p50 <= MAX_MANY_P50_MS,
        "at most 25",
    )
}

fn memory(folder: &std::path::Path) -> bool {
    let demo = Service::start(&["demo"], &folder.join("demo.log"));
    let (url, key) = (&demo.url, demo.admin_key.as_ref().unwrap());
    for organisation in bundled::load()
        .unwrap()
        .register
        .organisations
        .iter()
        .filter(|o| o.status.is_active())
    {
        let path = format!(
            "{url}/api/v1/organisations/{}/suggestions?limit=50",
            organisation.ods_code
        );
        get(&path, key);
    }
    get(&format!("{url}/swagger-ui/"), key);
    get(&format!("{url}/api/v1/organisations?limit=200"), key);
    // The allocator gives freed memory back when it is next asked for some after a second.
    std::thread::sleep(Duration::from_secs(2));
    get(&format!("{url}/api/v1/organisations?limit=20"), key);
    let status = std::fs::read_to_string(format!("/proc/{}/status", demo.child.id())).unwrap();
    let resident = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let mib = resident
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<f64>()
        .unwrap()
        / 1024.0;
    verdict(
        "demo's resident memory in MiB",
        mib,
        mib < MAX_DEMO_MIB,
        "under 80",
    )
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let held = [
        rates(folder.path()),
        many(folder.path()),
        memory(folder.path()),
    ];
    if held.contains(&false) {
        std::process::exit(1);
    }
}
