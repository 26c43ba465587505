//! How long the engine takes: one trust's suggestions on the bundled data, and on 100,000 synthetic organisations.
//!
//! `cargo bench --bench suggest`. Also prints the bytes that the snapshot takes for an organisation.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may stop and prints to a person"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[path = "../tests/it/support/synthetic.rs"]
mod synthetic;

use alongside::domain::exclusion::Excluded;
use alongside::domain::firmness::{Draws, FirmnessRequest};
use alongside::domain::ids::OdsCode;
use alongside::domain::register::Register;
use alongside::domain::suggestion::{Filters, Limit, SeenBy, SuggestionRequest};
use alongside::engine::answer::suggest;
use alongside::engine::snapshot::Snapshot;
use alongside::intake::bundled;
use criterion::{Criterion, criterion_group, criterion_main};

/// As many as the largest network of organisations that anybody spoke of.
const N_SYNTHETIC: usize = 100_000;
const SEED: u64 = 1;

fn request(seeker: OdsCode) -> SuggestionRequest {
    SuggestionRequest {
        seeker,
        seen_by: SeenBy::Site,
        weights: None,
        filters: Filters::default(),
        limit: Limit::DEFAULT,
        as_of: "2026-11-22".parse().unwrap(),
        firmness: FirmnessRequest::of(Draws::NONE),
        spread_load: None,
    }
}

/// Answers for each organisation in turn, so that no single one decides the figure.
fn bench_all(c: &mut Criterion, name: &str, snapshot: &Snapshot, step: usize) {
    let requests: Vec<SuggestionRequest> = snapshot
        .codes()
        .iter()
        .step_by(step)
        .map(|&s| request(s))
        .collect();
    let mut turn = requests.iter().cycle();
    c.bench_function(name, |b| {
        b.iter(|| suggest(snapshot, turn.next().unwrap(), &Excluded::default(), None));
    });
}

fn real() -> Register {
    let mut register = bundled::load().unwrap().register;
    register.sort();
    register
}

fn benches(c: &mut Criterion) {
    let real = real();
    let snapshot = Snapshot::new(&real);
    bench_all(c, "suggest ten of 201, explained", &snapshot, 1);
    c.bench_function("snapshot of 202", |b| b.iter(|| Snapshot::new(&real)));

    let many = synthetic::register(&real, N_SYNTHETIC, SEED);
    let snapshot = Snapshot::new(&many);
    println!(
        "snapshot: {} bytes an organisation",
        snapshot.heap_bytes() / snapshot.n_organisations()
    );
    drop(many);
    bench_all(c, "suggest ten of 99,999, explained", &snapshot, 997);
}

criterion_group!(suggest_benches, benches);
criterion_main!(suggest_benches);
