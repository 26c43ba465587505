//! Whether the time of an answer tells who excludes whom: the suggestions of one site where every other excludes it, and where
//! every other excludes somebody else.
//!
//! `cargo bench --bench exclusions`. Exits with 1 where the medians differ by more than a tenth, three times in a row.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may stop and prints to a person"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use alongside::app::Alongside;
use alongside::domain::exclusion::Exclusion;
use alongside::domain::firmness::{Draws, FirmnessRequest};
use alongside::domain::ids::OdsCode;
use alongside::domain::suggestion::{Filters, Limit, SeenBy, SuggestionRequest};
use alongside::domain::version::{Expected, Version};
use alongside::startup::TemporaryDatabase;
use alongside::storage::{Change, Touches, exclusions, register};
use chrono::{DateTime, Utc};

/// How many answers each median is of.
const N_ANSWERS: usize = 5_001;

/// By how much the medians may differ (issue 4).
const MOST: f64 = 0.1;

/// A machine that does something else meanwhile gets so many chances.
const N_TRIES: usize = 3;

fn code(text: &str) -> OdsCode {
    OdsCode::new(text).unwrap()
}

fn at() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

/// A service in which every site but the two excludes one of them.
fn world(excluded: OdsCode, other: OdsCode) -> TemporaryDatabase {
    let database = TemporaryDatabase::open(at()).unwrap();
    let alongside = database.alongside();
    let change = Change {
        actor: "a benchmark".into(),
        action: "put_exclusion",
        detail: String::new(),
        at: at(),
        request_id: String::new(),
        touches: Touches::Choices,
    };
    let (sites, _) = alongside
        .storage()
        .write_blocking(&change, |connection| {
            let sites: Vec<OdsCode> = register::load(connection)?
                .organisations
                .iter()
                .filter(|o| o.status.is_active())
                .map(|o| o.ods_code)
                .filter(|&code| code != excluded && code != other)
                .collect();
            for &ods_code in &sites {
                let said = Exclusion {
                    ods_code,
                    excluded,
                    reason: None,
                    created_at: at(),
                    version: Version(0),
                };
                exclusions::put(connection, said, &Expected::Any)?;
            }
            Ok(sites.len())
        })
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(alongside.refresh()).unwrap();
    println!("{sites} sites exclude {excluded}");
    database
}

fn time(alongside: &Alongside, request: &SuggestionRequest) -> Duration {
    let start = Instant::now();
    let answer = alongside.suggest(request).unwrap();
    let time = start.elapsed();
    assert!(!answer.suggestions.is_empty());
    time
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() -> ExitCode {
    let (site, other) = (code("RTH"), code("RJ7"));
    let worlds = [world(site, other), world(other, site)];
    let request = SuggestionRequest {
        seeker: site,
        seen_by: SeenBy::Site,
        weights: None,
        filters: Filters::default(),
        limit: Limit::DEFAULT,
        as_of: at().date_naive(),
        firmness: FirmnessRequest::of(Draws::NONE),
        spread_load: None,
    };
    let is_alike = (0..N_TRIES).any(|_| {
        // In turn, so that whatever slows the machine slows both.
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for _ in 0..N_ANSWERS {
            with.push(time(worlds[0].alongside(), &request));
            without.push(time(worlds[1].alongside(), &request));
        }
        let (with, without) = (median(with), median(without));
        let ratio = with.as_secs_f64() / without.as_secs_f64();
        println!("excluded by all {with:?}, by nobody {without:?}: {ratio:.3}");
        (ratio - 1.0).abs() <= MOST
    });
    for world in worlds {
        world.remove();
    }
    if is_alike {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
