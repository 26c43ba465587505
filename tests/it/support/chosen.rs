//! Choices of many sites, stored past the operations that lead there: enough of them to be told of.

use alongside::domain::approach::{ApproachKind, ApproachReason, ApproachState};
use alongside::domain::choice::ChoiceAct;
use alongside::domain::firmness::{Draws, FirmnessRequest};
use alongside::domain::ids::OdsCode;
use alongside::domain::programme::Criterion;
use alongside::domain::suggestion::{Filters, Limit, SeenBy, Suggestion, SuggestionRequest};
use alongside::storage::choices;
use chrono::TimeDelta;

use super::database::a_change;
use super::matches::{self, Made, code};
use super::outcomes::{self, scores};
use super::service::{TestService, now};

/// How many sites choose.
pub(crate) const N_SITES: usize = 60;

/// How many of them approach one that is not in their list.
pub(crate) const N_OTHERWISE: usize = 5;

/// How many approaches are answered.
pub(crate) const N_ANSWERS: u32 = 90;

/// What a suggestion scores on a criterion, 0 where that does not apply.
fn score(of: &Suggestion, criterion: Criterion) -> f64 {
    let found = of.criteria.iter().find(|c| c.criterion == criterion);
    found
        .and_then(|c| c.score)
        .map_or(0.0, |score| score.expected())
}

/// Whom a site takes of a list: the nearest, but for a place further down it has to be so much nearer.
fn taken(list: &[Suggestion]) -> &Suggestion {
    let value = |at: usize| score(&list[at], Criterion::Geography) - 0.04 * at as f64;
    let best = (0..list.len()).max_by(|&a, &b| value(a).total_cmp(&value(b)));
    &list[best.unwrap()]
}

/// Stores the choices of [`N_SITES`] sites on the day, each of one that it keeps and approaches; [`N_OTHERWISE`] of them approach one
/// that is not in the list.
pub(crate) async fn choices_of_lists(service: &TestService) {
    let mut codes = service
        .database
        .texts("SELECT ods_code AS text FROM organisations");
    codes.sort_unstable();
    let mut all = Vec::new();
    let mut n_sites = 0;
    for (number, site) in (0..).zip(codes.iter().map(|text| code(text))) {
        let at = now() - TimeDelta::hours(300 - number);
        let request = SuggestionRequest {
            seeker: site,
            seen_by: SeenBy::Site,
            weights: None,
            filters: Filters::default(),
            limit: Limit::new(30).unwrap(),
            as_of: at.date_naive(),
            firmness: FirmnessRequest::of(Draws::NONE),
            spread_load: None,
        };
        let Ok(list) = service.alongside.suggest(&request) else {
            continue;
        };
        let list = list.suggestions;
        let kept = taken(&list[..10]).organisation.ods_code;
        let approached = match n_sites < N_OTHERWISE {
            true => list[20].organisation.ods_code,
            false => kept,
        };
        for (act, candidate) in [
            (ChoiceAct::Shortlisted, kept),
            (ChoiceAct::Approached, approached),
        ] {
            let choice = service.alongside.choice(act, (site, candidate), at).await;
            all.extend(choice.unwrap());
        }
        n_sites += 1;
        if n_sites == N_SITES {
            break;
        }
    }
    let stored = service
        .alongside
        .storage()
        .write_blocking(&a_change(), |connection| {
            all.iter()
                .try_for_each(|choice| choices::add(connection, choice))
        });
    stored.unwrap();
}

/// Stores [`N_ANSWERS`] answers to approaches: every fifth declined at a bad time, the others by the core systems.
pub(crate) fn answers(service: &TestService) {
    let mut codes = service
        .database
        .texts("SELECT ods_code AS text FROM organisations");
    codes.sort_unstable();
    let codes: Vec<OdsCode> = codes.iter().map(|text| code(text)).collect();
    let made = |number: u32| -> Made {
        let at = now() - TimeDelta::hours(i64::from(200 - number));
        let place = usize::try_from(number).unwrap();
        let (from, to) = (codes[place], codes[150 + place % 12]);
        let mut made = matches::open(5_000 + number, from.as_str(), to.as_str(), at);
        made.approach.kind = ApproachKind::Conversation;
        outcomes::score(&mut made, number);
        let later = at + TimeDelta::hours(1);
        if number.is_multiple_of(5) {
            let reason = Some(ApproachReason::Timing);
            made.answered(ApproachState::Declined, later, reason)
        } else if scores(number)[0] > 0.4 {
            made.answered(ApproachState::Accepted, later, None)
        } else {
            let reason = Some(ApproachReason::NotAFit);
            made.answered(ApproachState::Declined, later, reason)
        }
    };
    let all: Vec<Made> = (1..=N_ANSWERS).map(made).collect();
    matches::store(service.alongside.storage(), &all);
}

/// Stores both, unless they are there already.
pub(crate) async fn store(service: &TestService) {
    if !service.texts("SELECT act AS text FROM choices").is_empty() {
        return;
    }
    choices_of_lists(service).await;
    answers(service);
}
