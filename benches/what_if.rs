//! How long a stable assignment of the bundled trusts takes, with two places each, and whether it is stable.
//!
//! `cargo bench --bench what_if`. Fails where the whole answer takes 200 ms or more, where a pair blocks it, where anybody has
//! more than two partners, or where a trust is in no pair without a reason. Blocking pairs are looked for here by other means
//! than the engine's own: from the suggestions of each trust.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may stop and prints to a person"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use alongside::domain::exclusion::Excluded;
use alongside::domain::firmness::{Draws, FirmnessRequest};
use alongside::domain::ids::OdsCode;
use alongside::domain::suggestion::{Filters, Limit, SeenBy, SuggestionRequest};
use alongside::domain::what_if::{MAX_LISTED_PAIRS, WhatIf, WhatIfRequest};
use alongside::engine::answer::suggest;
use alongside::engine::snapshot::Snapshot;
use alongside::engine::what_if::what_if;
use alongside::intake::bundled;

/// The longest that the answer may take (issue 4, Shows).
const AT_MOST: Duration = Duration::from_millis(200);

/// How many times it is made, each on a snapshot that nobody asked anything.
const N_TIMES: usize = 20;

/// The places of each.
const PLACES: u32 = 2;

/// Rounding of a few dozen operations on numbers of size 1: the list of suggestions and the assignment score alike.
const ROUNDING: f64 = 1e-9;

/// What each trust holds: the fits and the others.
type Held = BTreeMap<OdsCode, Vec<(f64, OdsCode)>>;

fn held(found: &WhatIf) -> Held {
    let mut held = Held::new();
    for pair in &found.pairs {
        let (fit, [a, b]) = (pair.mutual_fit.expected(), &pair.between);
        held.entry(a.ods_code).or_default().push((fit, b.ods_code));
        held.entry(b.ods_code).or_default().push((fit, a.ods_code));
    }
    held
}

/// Whether a trust would rather have a pair of this fit than what it holds.
fn would_rather(held: &Held, code: OdsCode, fit: f64) -> bool {
    let holds = held.get(&code).map_or(&[][..], Vec::as_slice);
    holds.len() < PLACES as usize || holds.iter().any(|&(other, _)| fit > other + ROUNDING)
}

/// How many of the suggested pairs would block.
fn n_blocking(snapshot: &Snapshot, request: &WhatIfRequest, held: &Held) -> usize {
    let mut n = 0;
    for &seeker in snapshot.codes() {
        let asked = SuggestionRequest {
            seeker,
            seen_by: SeenBy::Site,
            weights: None,
            filters: Filters::default(),
            limit: Limit::new(50).unwrap(),
            as_of: request.as_of,
            firmness: FirmnessRequest::of(Draws::NONE),
            spread_load: None,
        };
        for suggestion in suggest(snapshot, &asked, &Excluded::default(), None)
            .unwrap()
            .suggestions
        {
            let (other, fit) = (
                suggestion.organisation.ods_code,
                suggestion.mutual_fit.expected(),
            );
            let is_held = held
                .get(&seeker)
                .is_some_and(|holds| holds.iter().any(|(_, code)| *code == other));
            let blocks =
                !is_held && would_rather(held, seeker, fit) && would_rather(held, other, fit);
            n += usize::from(blocks);
        }
    }
    n
}

fn main() -> ExitCode {
    let mut register = bundled::load().unwrap().register;
    register.sort();
    let request = WhatIfRequest {
        programme: None,
        as_of: "2026-11-22".parse().unwrap(),
        capacity: Some(PLACES),
        limit: MAX_LISTED_PAIRS,
        rooms: BTreeMap::new(),
    };
    let mut times = Vec::with_capacity(N_TIMES);
    for _ in 0..N_TIMES {
        let snapshot = Snapshot::new(&register);
        let start = Instant::now();
        let found = what_if(&snapshot, &request).unwrap();
        times.push(start.elapsed());
        drop(found);
    }
    times.sort_unstable();
    let longest = times.last().copied().unwrap_or_default();
    let snapshot = Snapshot::new(&register);
    let found = what_if(&snapshot, &request).unwrap();
    let held = held(&found);
    let blocking = n_blocking(&snapshot, &request, &held);
    let most = held.values().map(Vec::len).max().unwrap_or_default();
    let unexplained = found.unmatched.iter().filter(|u| u.text.is_empty());
    let unexplained =
        unexplained.count() + snapshot.n_organisations() - held.len() - found.unmatched.len();
    println!(
        "what-if of {} trusts, {PLACES} places each: median {:?}, longest {longest:?} of {N_TIMES}; {} pairs, mean R {:.3}, {} in \
         none; {} pairs searched, {} block, {blocking} by the other search",
        found.n_organisations,
        times[N_TIMES / 2],
        found.n_pairs,
        found.mean_fit.unwrap_or_default(),
        found.unmatched.len(),
        found.n_searched,
        found.blocking_pairs.len(),
    );
    let is_good = longest < AT_MOST
        && found.blocking_pairs.is_empty()
        && blocking == 0
        && most <= PLACES as usize
        && unexplained == 0;
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
