//! The stable assignment of a programme's members, or of everybody, with reasons that a person can follow (DESIGN 6).

use chrono::NaiveDate;

use crate::domain::capacity::UNDECLARED_PARTNERSHIP_PLACES;
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::interval::Interval;
use crate::domain::programme::Criterion;
use crate::domain::what_if::{
    MAX_LISTED_PAIRS, MAX_ORGANISATIONS, Named, PairReason, Room, Unmatched, WhatIf, WhatIfPair,
    WhatIfRequest, WhyUnmatched,
};
use crate::engine::answer::active_row;
use crate::engine::assignment::{Pair, assign, blocking_pairs};
use crate::engine::columns::{Row, index};
use crate::engine::criteria::geography::distance_km;
use crate::engine::explain::Explanation;
use crate::engine::snapshot::Snapshot;
use crate::engine::view::{Assessment, Day, View};

/// How many criteria are named as the reasons of a pair.
const N_REASONS: usize = 3;

/// How many full candidates are named to whoever is in no pair.
const N_NAMED: usize = 3;

/// Works out the picture. Each pair is scored once, from the side of the smaller code: under the weights that the two saved, or
/// else those of their programmes, the mutual fit is the same from both sides. Acceptable is a pair with a mutual fit above 0
/// that may be suggested; exclusions are not known here, so that nothing of them shows.
///
/// `O(n^2 log n)` in the number of organisations, of which there are at most [`MAX_ORGANISATIONS`].
///
/// # Errors
///
/// [`Error::Invalid`] where there is no such programme, or where there are too many organisations.
pub fn what_if(snapshot: &Snapshot, request: &WhatIfRequest) -> Result<WhatIf> {
    let day = Day::new(snapshot, request.as_of);
    let rows = rows_of(&day, request)?;
    let rooms = rooms(snapshot, request);
    let places: Vec<u32> = rooms
        .iter()
        .map(|room| match room {
            Room::Places(places) => *places,
            Room::Paused => 0,
        })
        .collect();
    let mut pairs = acceptable_pairs(&day, &rows);
    let assigned = assign(&mut pairs, &places);
    let blocking = blocking_pairs(&pairs, &places, &assigned);
    let code = |row| snapshot.code(row);
    let n_listed = assigned.len().min(request.limit).min(MAX_LISTED_PAIRS);
    let listed = told(&day, &assigned[..n_listed]);
    let distances = assigned
        .iter()
        .filter_map(|pair| distance(snapshot, pair.rows));
    Ok(WhatIf {
        revision: snapshot.revision(),
        as_of: request.as_of,
        n_organisations: rows.len(),
        n_searched: pairs.len(),
        mean_fit: mean(assigned.iter().map(|pair| pair.fit)),
        mean_distance_km: mean(distances),
        n_pairs: assigned.len(),
        unmatched: unmatched(snapshot, &rows, (&pairs, &assigned), &rooms),
        pairs: listed,
        blocking_pairs: blocking
            .iter()
            .map(|pair| (code(pair.rows.0), code(pair.rows.1)))
            .collect(),
    })
}

/// Whether two active organisations may be suggested to each other on a day, whatever they think of each other.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`] and [`Error::OrganisationClosed`] of either; [`Error::NeverSuggested`] where they are one,
/// where one followed the other, and where they are partners.
pub fn may_be_suggested(
    snapshot: &Snapshot,
    (one, other): (OdsCode, OdsCode),
    as_of: NaiveDate,
) -> Result<()> {
    let (a, b) = (active_row(snapshot, one)?, active_row(snapshot, other)?);
    let refuse = |reason| {
        Err(Error::NeverSuggested {
            seeker: one,
            candidate: other,
            reason,
        })
    };
    if a == b {
        return refuse("an organisation is not suggested to itself");
    }
    if snapshot.are_related(a, b) {
        return refuse("one of the two took over from the other");
    }
    let day = Day::new(snapshot, as_of);
    let view = View::of_candidate(&day, a);
    if view.special(b).is_some_and(|s| s.is_current_partner) {
        return refuse("the two are partners already");
    }
    Ok(())
}

/// The rows in the picture, sorted.
fn rows_of(day: &Day<'_>, request: &WhatIfRequest) -> Result<Vec<Row>> {
    const POINTER: &str = "/query/programme";
    let snapshot = day.snapshot;
    let all = 0..index(snapshot.n_organisations());
    let rows: Vec<Row> = match &request.programme {
        None => all.collect(),
        Some(slug) if *slug == snapshot.programme().slug => {
            let default = snapshot.programme();
            all.filter(|&row| day.programme(row).slug == default.slug)
                .collect()
        }
        Some(slug) => {
            let number = snapshot
                .number_of_programme(slug)
                .ok_or_else(|| Error::invalid(POINTER, "is the slug of no programme"))?;
            let members = snapshot.joined_on(request.as_of);
            let mut rows: Vec<Row> = members
                .filter(|joined| joined.programme == number)
                .map(|joined| joined.row)
                .collect();
            rows.dedup();
            rows
        }
    };
    if rows.len() > MAX_ORGANISATIONS {
        let words = format!(
            "has to name a programme of at most {MAX_ORGANISATIONS} members: here are {}",
            rows.len()
        );
        return Err(Error::invalid(POINTER, words));
    }
    Ok(rows)
}

/// What every row of the snapshot can take on.
fn rooms(snapshot: &Snapshot, request: &WhatIfRequest) -> Vec<Room> {
    let room = |code| match request.capacity {
        Some(places) => Room::Places(places),
        None => request
            .rooms
            .get(code)
            .copied()
            .unwrap_or(Room::Places(UNDECLARED_PARTNERSHIP_PLACES)),
    };
    snapshot.codes().iter().map(room).collect()
}

/// Every pair of these rows that may be suggested and is worth something.
fn acceptable_pairs(day: &Day<'_>, rows: &[Row]) -> Vec<Pair> {
    let mut pairs = Vec::with_capacity(rows.len() * rows.len().saturating_sub(1) / 2);
    for (at, &row) in rows.iter().enumerate() {
        let view = View::of_candidate(day, row);
        for &other in &rows[at + 1..] {
            let prior = match view.special(other) {
                Some(special) if !special.is_suggested => continue,
                Some(special) => special.prior,
                None => 0.0,
            };
            let fit = view.mutual_from(other, prior, 0.0).unwrap_or(0.0);
            if fit > 0.0 {
                let rows = (row, other);
                pairs.push(Pair { rows, fit });
            }
        }
    }
    pairs
}

fn distance(snapshot: &Snapshot, (a, b): (Row, Row)) -> Option<f64> {
    let unit = |row: Row| &snapshot.units[row as usize];
    let is_known = snapshot.has_position(a) && snapshot.has_position(b);
    is_known.then(|| distance_km(unit(a), unit(b)))
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (n, sum) = numbers.fold((0_u32, 0.0), |(n, sum), number| (n + 1, sum + number));
    (n > 0).then(|| sum / f64::from(n))
}

fn named(snapshot: &Snapshot, row: Row) -> Named {
    Named {
        ods_code: snapshot.code(row),
        name: snapshot.name(row).to_owned(),
    }
}

/// The pairs as an answer tells them.
fn told(day: &Day<'_>, pairs: &[Pair]) -> Vec<WhatIfPair> {
    // One view for all the pairs of a row.
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by_key(|&at| pairs[at].rows);
    let mut told: Vec<(usize, WhatIfPair)> = Vec::with_capacity(pairs.len());
    let mut view: Option<View<'_>> = None;
    for at in order {
        let (row, other) = pairs[at].rows;
        let seen = match view.take() {
            Some(view) if view.seeker == row => view,
            Some(_) | None => View::of_candidate(day, row),
        };
        let assessment = seen.assess(other);
        let pair = WhatIfPair {
            between: [named(day.snapshot, row), named(day.snapshot, other)],
            mutual_fit: assessment.mutual_fit,
            distance_km: seen.distance_km(other),
            reasons: reasons(&seen, &assessment),
        };
        told.push((at, pair));
        view = Some(seen);
    }
    told.sort_by_key(|&(at, _)| at);
    told.into_iter().map(|(_, pair)| pair).collect()
}

/// What adds most to a pair's fit, from both sides together: a sentence that is true of both, or else the scores.
fn reasons(view: &View<'_>, assessment: &Assessment) -> Vec<PairReason> {
    let (mine, theirs) = (&assessment.forward, &assessment.backward);
    let score = |scores: &[Option<Interval>], at: usize| scores[at].map_or(0.0, Interval::expected);
    let worth = |criterion: Criterion| {
        let at = criterion.index();
        mine.shares[at] * score(&mine.scores, at) + theirs.shares[at] * score(&theirs.scores, at)
    };
    let mut criteria: Vec<Criterion> = Criterion::ALL.to_vec();
    criteria.retain(|&criterion| worth(criterion) > 0.0);
    // A stable sort: among equals the order of criteria stays.
    criteria.sort_by(|&a, &b| worth(b).total_cmp(&worth(a)));
    let mut explanation = Explanation::new(view, assessment);
    let reasons = criteria.into_iter().take(N_REASONS).map(|criterion| {
        let (sentences, _) = explanation.take(criterion);
        let of_both = sentences
            .into_iter()
            .find(|reason| reason.text.starts_with("Both "));
        let text = match of_both {
            Some(reason) => reason.text.into_owned(),
            None => {
                let at = criterion.index();
                format!(
                    "The score of {} is {:.2} for the one and {:.2} for the other.",
                    criterion.words(),
                    score(&mine.scores, at),
                    score(&theirs.scores, at)
                )
            }
        };
        PairReason { criterion, text }
    });
    reasons.collect()
}

/// Who of these rows is in no pair, and why.
fn unmatched(
    snapshot: &Snapshot,
    rows: &[Row],
    (pairs, assigned): (&[Pair], &[Pair]),
    rooms: &[Room],
) -> Vec<Unmatched> {
    let mut is_matched = vec![false; snapshot.n_organisations()];
    for pair in assigned {
        is_matched[pair.rows.0 as usize] = true;
        is_matched[pair.rows.1 as usize] = true;
    }
    // The acceptable candidates of those in no pair, the best first, since the pairs are in their order.
    let mut candidates: Vec<Vec<Row>> = vec![Vec::new(); snapshot.n_organisations()];
    for pair in pairs {
        let (a, b) = pair.rows;
        for (row, other) in [(a, b), (b, a)] {
            if !is_matched[row as usize] {
                candidates[row as usize].push(other);
            }
        }
    }
    let left_out = rows.iter().filter(|&&row| !is_matched[row as usize]);
    left_out
        .map(|&row| {
            let best = &candidates[row as usize];
            let (why, text) = match rooms[row as usize] {
                Room::Paused => (WhyUnmatched::Paused, "It is paused.".to_owned()),
                Room::Places(0) => (
                    WhyUnmatched::NoPlaces,
                    "It has no places for partnerships left.".to_owned(),
                ),
                Room::Places(_) if best.is_empty() => (
                    WhyUnmatched::NoAcceptableCandidate,
                    "There is nobody that may be suggested to it with a fit above 0.".to_owned(),
                ),
                Room::Places(_) => (WhyUnmatched::CandidatesFull, full(snapshot, best)),
            };
            Unmatched {
                organisation: named(snapshot, row),
                why,
                text,
            }
        })
        .collect()
}

/// Says that everybody it could have is full, the best of them by code.
fn full(snapshot: &Snapshot, best: &[Row]) -> String {
    let codes: Vec<String> = best
        .iter()
        .take(N_NAMED)
        .map(|&row| snapshot.code(row).to_string())
        .collect();
    let codes = codes.join(", ");
    match best.len() - best.len().min(N_NAMED) {
        0 => format!("All of its candidates are full: {codes}."),
        more => format!("All of its best candidates are full: {codes}, and so are {more} more."),
    }
}
