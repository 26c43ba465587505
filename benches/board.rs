//! How long the programme admin's views take over 10,000 matches: pages of the board under its filters and orders, a match in
//! full, the pipeline, load and coverage; over the handlers, without a network between.
//!
//! `cargo bench --bench board`; on PostgreSQL too where `ALONGSIDE_TEST_POSTGRES` names a server. Fails where a figure is missed.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark may stop and prints to a person"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[path = "../tests/it/support"]
#[expect(dead_code, reason = "the tests use what is not used here")]
mod support {
    pub(crate) mod database;
    pub(crate) mod logs;
    pub(crate) mod matches;
}

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header::AUTHORIZATION;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use alongside::app::{Alongside, BundledData};
use alongside::domain::api_key::{ApiKey, KeyRecord};
use alongside::domain::caller::Role;
use alongside::domain::ids::OdsCode;
use alongside::http::{Clock, Service};
use alongside::intake::bundled;
use alongside::random::Random;
use alongside::storage::{Change, Touches, keys};
use chrono::{DateTime, Utc};

use self::support::database::{TestDatabase, one_of_each};
use self::support::matches::{Made, check_ins_sql, id, many, store};

const N_MATCHES: u32 = 10_000;
const N_ASKED: usize = 100;
const MAX_P95_MS: f64 = 100.0;

fn now() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

/// A service on a database with the bundled trusts and as many matches among them.
fn filled(database: &TestDatabase, key: &ApiKey) -> Alongside {
    let storage = database.open();
    let alongside = Alongside::open(storage.clone(), BundledData::Load, now()).unwrap();
    let record = KeyRecord::new(
        "00000000-0000-4000-8000-000000000001",
        key,
        Role::ProgrammeAdmin,
        "bench",
        now(),
        "bench",
    );
    let change = Change {
        actor: "bench".to_owned(),
        action: "load",
        detail: String::new(),
        at: now(),
        request_id: String::new(),
        touches: Touches::Callers,
    };
    storage
        .write_blocking(&change, |c| keys::insert(c, &record))
        .unwrap();
    drop(alongside);
    let register = bundled::load().unwrap().register;
    let codes: Vec<OdsCode> = register
        .organisations
        .iter()
        .filter(|o| o.status.is_active())
        .map(|o| o.ods_code)
        .collect();
    let all: Vec<Made> = many(&codes, N_MATCHES, 1, now());
    store(&storage, &all);
    database.execute(&check_ins_sql(&all));
    Alongside::open(storage, BundledData::Skip, now()).unwrap()
}

/// What to ask, `{n}` being another number each time.
fn questions() -> Vec<(&'static str, String)> {
    let board = |query: &str| format!("/api/v1/admin/matches?{query}");
    vec![
        ("a page of the board", board("limit=50")),
        ("a page of 200", board("limit=200")),
        ("by fit", board("order=fit&limit=200")),
        ("by age", board("order=age&limit=50")),
        ("declined", board("state=declined&limit=50")),
        ("expired", board("state=expired&order=fit&limit=50")),
        ("active partnerships", board("partnership=active&limit=50")),
        ("stalled", board("flag=stalled&limit=50")),
        ("over-asked", board("flag=over_asked&limit=50")),
        ("one-sided", board("flag=one_sided&order=fit&limit=50")),
        ("of a region", board("region=Y59&limit=50")),
        ("of an organisation", board("odsCode=RTH&limit=50")),
        ("not resolved", board("resolved=false&limit=50")),
        (
            "some days",
            board("from=2026-08-01&until=2026-08-31&limit=50"),
        ),
        (
            "a match",
            format!("/api/v1/admin/matches/{}", id(0, 0)).replace("000000000000", "{n}"),
        ),
        ("the pipeline", "/api/v1/admin/pipeline?limit=50".to_owned()),
        ("load and coverage", "/api/v1/admin/load".to_owned()),
    ]
}

async fn measured(database: &TestDatabase) -> bool {
    let key = ApiKey::from_random([3; ApiKey::N_BYTES]);
    let alongside = Arc::new(filled(database, &key));
    let service = Service::new(alongside, Clock::of(now), Random::counted()).unwrap();
    let app = init_service(service.app()).await;
    let mut holds = true;
    for (what, path) in questions() {
        let mut times = Vec::with_capacity(N_ASKED);
        // The first is not counted: it fills the caches that every later one finds.
        for n in 0..=N_ASKED {
            let path = path.replace("{n}", &format!("{:012}", 1 + n * 97));
            let request = TestRequest::get()
                .uri(&path)
                .insert_header((AUTHORIZATION, format!("Bearer {}", key.reveal())))
                .to_request();
            let begun = Instant::now();
            let response = call_service(&app, request).await;
            let status = response.status();
            let body = read_body(response).await;
            let took = begun.elapsed().as_secs_f64() * 1e3;
            assert!(status.is_success(), "{path}: {status} {body:?}");
            if n > 0 {
                times.push(took);
            } else if what.starts_with("load") {
                println!("  the first load and coverage of a snapshot: {took:.1} ms");
            }
        }
        times.sort_unstable_by(f64::total_cmp);
        let (p50, p95) = (times[N_ASKED / 2], times[N_ASKED * 95 / 100]);
        let is_held = p95 < MAX_P95_MS;
        holds &= is_held;
        println!(
            "  {what}: p50 {p50:.1} ms, p95 {p95:.1} ms ({})",
            if is_held { "held" } else { "MISSED" }
        );
    }
    holds
}

fn main() {
    // What `cargo test --benches` asks for has nothing to measure.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut holds = true;
    for database in one_of_each() {
        println!(
            "{}: {N_MATCHES} matches, p95 under {MAX_P95_MS} ms",
            database.url().kind().as_str()
        );
        holds &= actix_web::rt::System::new().block_on(measured(&database));
    }
    if !holds {
        std::process::exit(1);
    }
}
