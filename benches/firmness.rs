//! How long it takes to find how firm ranks are, for one trust and its 201 candidates, both sides counted, on one core; against numpy
//! doing the same, and against `pymcdm` ranking draw by draw, in the same run.
//!
//! `cargo bench --bench firmness -- PYTHON`, where PYTHON has what `benches/peers/requirements.txt` names; without it the peers are
//! left out. Fails where a figure is missed.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may stop and prints to a person"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::hint::black_box;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::process::{Command, ExitCode};
use std::time::Instant;

use alongside::domain::firmness::{Draws, FirmnessRequest};
use alongside::domain::ids::OdsCode;
use alongside::domain::interval::Interval;
use alongside::engine::firmness::{Field, field_of};
use alongside::engine::snapshot::Snapshot;
use alongside::intake::bundled;
use serde_json::{Value, json};

/// At most so many milliseconds for so many draws.
const BARS: [(u32, f64); 2] = [(2_000, 16.0), (10_000, 80.0)];
/// At least so many times as fast as the peer.
const PEERS: [(&str, f64); 2] = [("numpy", 1.5), ("pymcdm", 50.0)];
/// The draws that peers make too; `pymcdm` fewer, whose time is per draw.
const PEER_DRAWS: u32 = 10_000;
/// Runs of which the middle one counts.
const N_RUNS: usize = 21;

fn request(draws: u32) -> FirmnessRequest {
    FirmnessRequest::of(Draws::new(draws.into()).unwrap())
}

/// The middle of several runs, in ms.
fn time(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..N_RUNS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[N_RUNS / 2]
}

fn time_of(field: &Field, draws: u32, threads: usize) -> f64 {
    let (request, threads) = (request(draws), NonZeroUsize::new(threads).unwrap());
    time(|| {
        black_box(field.firmness(black_box(&request), threads));
    })
}

/// The same with every score known, so that weights alone are drawn.
fn known(field: &Field) -> Field {
    let mut known = field.clone();
    for entrant in &mut known.entrants {
        for open in entrant.open.drain(..) {
            let expected = open.interval.expected();
            if let Some(k) = open.mine {
                entrant.known[k] = expected;
            }
            if let Some(theirs) = &mut entrant.their_known {
                *theirs += open.theirs * expected;
            }
        }
    }
    known
}

/// With one candidate, so that next to nothing is scored or counted.
fn weights_alone(field: &Field) -> Field {
    Field {
        entrants: known(field).entrants[..1].to_vec(),
        weights: field.weights,
    }
}

fn as_json(field: &Field) -> Value {
    let interval = |i: Interval| json!([i.low(), i.expected(), i.high()]);
    let entrants = field.entrants.iter().map(|entrant| {
        let open = entrant.open.iter().map(
            |open| json!({ "interval": interval(open.interval), "mine": open.mine, "theirs": open.theirs }),
        );
        json!({ "known": entrant.known, "theirKnown": entrant.their_known, "open": open.collect::<Vec<_>>() })
    });
    let shares = field.firmness(&request(PEER_DRAWS), NonZeroUsize::MIN);
    json!({
        "weights": field.weights,
        "draws": PEER_DRAWS,
        "entrants": entrants.collect::<Vec<_>>(),
        "first": shares.iter().map(|share| share.first).collect::<Vec<_>>(),
    })
}

/// Says how a figure stands to its bar, and whether it holds.
fn verdict(what: &str, figure: &str, holds: bool, bar: &str) -> bool {
    let word = if holds { "held" } else { "MISSED" };
    println!("{what}: {figure} ({bar}: {word})");
    holds
}

/// The peer's time for a draw in ms, and how far its shares of first places are from ours at most.
fn peer(python: &str, name: &str, input: &str) -> (f64, f64) {
    let script = format!("{}/benches/peers/firmness.py", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python).args([&script, name, input]).output();
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |key: &str| said[key].as_f64().unwrap();
    (number("msPerDraw"), number("apart"))
}

fn main() -> ExitCode {
    let register = bundled::load().unwrap().register;
    let snapshot = Snapshot::new(&register);
    let seeker = OdsCode::new("RTH").unwrap();
    let field = field_of(&snapshot, seeker, "2026-11-22".parse().unwrap()).unwrap();
    let n_open: usize = field
        .entrants
        .iter()
        .map(|entrant| entrant.open.len())
        .sum();
    println!(
        "{} candidates, {n_open} scores that are not known",
        field.entrants.len()
    );
    let mut held = true;
    for (draws, most) in BARS {
        let (one, two) = (time_of(&field, draws, 1), time_of(&field, draws, 2));
        let scored = time_of(&known(&field), draws, 1);
        let weights = time_of(&weights_alone(&field), draws, 1);
        held &= verdict(
            &format!("{draws} draws on one core"),
            &format!("{one:.2} ms"),
            one <= most,
            &format!("at most {most}"),
        );
        println!(
            "  drawing weights {:.0} %, drawing scores {:.0} %, scoring and counting {:.0} %; on two threads {two:.2} ms",
            weights / one * 100.0,
            (one - scored) / one * 100.0,
            (scored - weights) / one * 100.0
        );
    }
    // Cargo hands `--bench` on.
    let Some(python) = std::env::args()
        .skip(1)
        .find(|argument| argument != "--bench")
    else {
        println!("no PYTHON given: the peers are left out");
        return if held {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    };
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(as_json(&field).to_string().as_bytes())
        .unwrap();
    let input = file.path().to_str().unwrap();
    for (name, least) in PEERS {
        let (per_draw, apart) = peer(&python, name, input);
        // Ours again beside it, so that whatever slows the machine slows both.
        let ours = time_of(&field, PEER_DRAWS, 1) / f64::from(PEER_DRAWS);
        let ratio = per_draw / ours;
        held &= verdict(
            &format!("as fast as {name}"),
            &format!("{ratio:.1} times ({per_draw:.4} ms a draw against {ours:.4})"),
            ratio >= least,
            &format!("at least {least}"),
        );
        held &= verdict(
            &format!("shares of first places apart from those of {name}"),
            &format!("{apart:.4}"),
            apart <= 0.06,
            "at most 0.06",
        );
    }
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
