//! Partnerships of which both sides said how they go, stored past the operations that lead there: enough of them to learn from.

use alongside::domain::approach::SeenCriterion;
use alongside::domain::ids::{OdsCode, Slug};
use alongside::domain::interval::Interval;
use alongside::domain::partnership::{CheckIn, EndReason, PartnershipState, Usefulness};
use alongside::domain::programme::Criterion;
use alongside::storage::{Storage, check_ins};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::database::{TestDatabase, a_change};
use super::matches::{self, Made, code, id};
use super::service::{As, TestService};

/// Enough outcomes for the gate.
pub(crate) const ENOUGH: u32 = 220;

/// What makes a partnership succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    /// Core systems alone; every tenth goes the other way.
    CoreSystems,
    /// Nothing that was scored: every third fails.
    Nothing,
    /// They all do.
    Always,
}

/// Outcomes of a programme.
#[derive(Clone, Debug)]
pub(crate) struct Outcomes {
    programme: Slug,
    first: u32,
    n: u32,
    truth: Truth,
    known_at: DateTime<Utc>,
}

/// The scores of an outcome on the five criteria that always apply: multiples of irrational numbers, of which the whole part is left
/// out, so that they fill the cube evenly.
pub(super) fn scores(number: u32) -> [f64; 5] {
    [2.0, 3.0, 5.0, 7.0, 11.0].map(|prime: f64| (f64::from(number) * prime.sqrt()).fract())
}

/// Lets a match have been made with the scores of a number.
pub(super) fn score(made: &mut Made, number: u32) {
    let seen = made.approach.seen.as_mut().unwrap();
    let criteria = Criterion::ALL.iter().zip(scores(number));
    seen.programme.criteria = criteria
        .map(|(&criterion, score)| SeenCriterion {
            criterion,
            weight: 0.2,
            score: Interval::exactly(score),
        })
        .collect();
}

impl Outcomes {
    /// So many of the default programme, by core systems alone, known since 10 November 2026.
    pub(crate) fn of(n: u32) -> Self {
        Self {
            programme: "default".parse().unwrap(),
            first: 1,
            n,
            truth: Truth::CoreSystems,
            known_at: "2026-11-10T09:00:00Z".parse().unwrap(),
        }
    }

    /// Numbered, and so paired, from another number on.
    pub(crate) fn from(self, first: u32) -> Self {
        Self { first, ..self }
    }

    /// Of another programme.
    pub(crate) fn in_programme(self, slug: &str) -> Self {
        let programme = slug.parse().unwrap();
        Self { programme, ..self }
    }

    /// That come about otherwise.
    pub(crate) fn by(self, truth: Truth) -> Self {
        Self { truth, ..self }
    }

    /// Known since another moment.
    pub(crate) fn known_at(self, at: &str) -> Self {
        let known_at = at.parse().unwrap();
        Self { known_at, ..self }
    }

    fn is_success(&self, number: u32) -> bool {
        match self.truth {
            Truth::CoreSystems => (scores(number)[0] > 0.5) != number.is_multiple_of(10),
            Truth::Nothing => !number.is_multiple_of(3),
            Truth::Always => true,
        }
    }

    fn made(&self, number: u32, (from, to): (OdsCode, OdsCode)) -> Made {
        let agreed = self.known_at - TimeDelta::days(60);
        let made = matches::open(number, from.as_str(), to.as_str(), agreed);
        let mut made = made.partnered(number, agreed + TimeDelta::days(1));
        made.approach.programme = Some(self.programme.clone());
        score(&mut made, number);
        let partnership = made.partnership.as_mut().unwrap();
        // So that none of it takes up a place.
        partnership.state = PartnershipState::Ended;
        partnership.ended_at = Some(self.known_at);
        partnership.ended_by = Some(from);
        partnership.end_reason = Some(EndReason::GoalsMet);
        made
    }

    /// Stores them: each between two sites that no other number is between.
    pub(crate) fn store(&self, database: &TestDatabase, storage: &Storage) {
        let mut codes = database.texts("SELECT ods_code AS text FROM organisations");
        codes.sort_unstable();
        let codes: Vec<OdsCode> = codes.iter().take(80).map(|text| code(text)).collect();
        let pair = |number: u32| {
            let at = usize::try_from(number).unwrap();
            let all = codes.iter().enumerate();
            let pairs = all.flat_map(|(i, &a)| codes[i + 1..].iter().map(move |&b| (a, b)));
            pairs.clone().nth(at).unwrap()
        };
        let numbers = self.first..self.first + self.n;
        let all: Vec<Made> = numbers
            .clone()
            .map(|number| self.made(number, pair(number)))
            .collect();
        matches::store(storage, &all);
        let written = storage.write_blocking(&a_change(), |connection| {
            for (number, made) in numbers.zip(&all) {
                let (a, b) = made.partnership.as_ref().unwrap().ends;
                let useful = if self.is_success(number) {
                    [5, 4]
                } else {
                    [2, 4]
                };
                for (side, (by, usefulness)) in (0..).zip([a, b].into_iter().zip(useful)) {
                    let check_in = CheckIn {
                        id: id(2, 2 * number + side),
                        sequence: 0,
                        partnership_id: made.partnership.as_ref().unwrap().id.clone(),
                        ods_code: by,
                        made_at: self.known_at,
                        usefulness: Usefulness::new(usefulness).unwrap(),
                        learned: Vec::new(),
                        given: Vec::new(),
                        note: None,
                    };
                    check_ins::add(connection, check_in)?;
                }
            }
            Ok(())
        });
        written.unwrap();
    }
}

/// Stores outcomes of the default programme, or, for another organisation than RTH, of one of its own, for who asks an operation; returns
/// the id of a model of them, in use where it is to be rolled back, unless that is what is asked.
pub(crate) async fn prepare(service: &TestService, operation: &str, code: &str) -> Option<String> {
    const MODELS: &str = "/api/v1/admin/models";
    let (slug, first) = match code {
        "RTH" => ("default", 1),
        _ => (a_programme(service).await, 1_001),
    };
    let of = |from, n| Outcomes::of(n).in_programme(slug).from(from);
    let newer = of(first + ENOUGH, 12).known_at("2026-11-21T09:00:00Z");
    for outcomes in [of(first, ENOUGH), newer] {
        outcomes.store(&service.database, service.alongside.storage());
    }
    if operation == "create_model" {
        return None;
    }
    let body = json!({ "programme": slug, "asOf": "2026-11-20" });
    let made = service.post(As::Admin, MODELS, &body).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    if operation == "roll_back_model" {
        let path = format!("{MODELS}/{id}/activate");
        let body = json!({ "reason": "Better on held-out outcomes." });
        service.post(As::Admin, &path, &body).await.good();
    }
    Some(id)
}

/// Makes a programme of equal weights, and returns its slug.
async fn a_programme(service: &TestService) -> &'static str {
    let path = "/api/v1/admin/programmes";
    let body = json!({ "name": "Thames Valley 2027" });
    let made = service.post(As::Admin, path, &body).await;
    assert_eq!(made.status, 201, "{}", made.json());
    // It begins with those of the default programme, which may be a model's by now.
    let equal = Criterion::ALL.iter().map(|c| (c.to_string(), json!(0.2)));
    let body = json!({ "weights": Value::Object(equal.collect()) });
    let path = format!("{path}/thames-valley-2027/weights");
    service.put(As::Admin, &path, &body).await.good();
    "thames-valley-2027"
}
