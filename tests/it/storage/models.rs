//! Models of what outcomes teach, on both databases.

use alongside::app::models::{Asked, By, activate, learn, roll_back};
use alongside::domain::error::Error;
use alongside::domain::ids::Slug;
use alongside::domain::model::{Each, GateVerdict, Model, ModelState, WhyRetired};
use alongside::domain::programme::{Criterion, Weights};
use alongside::domain::version::Version;
use alongside::storage::{Storage, models, outcomes, programmes};
use chrono::{DateTime, TimeDelta, Utc};

use super::open_filled;
use crate::support::database::{a_change, on_every_database};
use crate::support::outcomes::{ENOUGH, Outcomes, Truth};

fn by(minutes: i64) -> By {
    let nine: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().expect("a time");
    By {
        who: "key:1".to_owned(),
        at: nine + TimeDelta::minutes(minutes),
    }
}

fn id(number: u32) -> String {
    format!("80000000-0000-4000-8000-{number:012}")
}

fn asked() -> Asked {
    Asked {
        programme: None,
        seed: 1,
        as_of: "2026-11-22".parse().expect("a day"),
    }
}

fn learnt(storage: &Storage, number: u32, asked: &Asked) -> Result<Model, Error> {
    let minutes = i64::from(number);
    let written = storage.write_blocking(&a_change(), |c| learn(c, id(number), by(minutes), asked));
    written.map(|(model, _)| model)
}

fn put_to_use(storage: &Storage, number: u32) -> Result<Model, Error> {
    let words = "It does better.".to_owned();
    let written = storage.write_blocking(&a_change(), |c| activate(c, &id(number), words, &by(60)));
    written.map(|(model, _)| model)
}

fn put_back(storage: &Storage, number: u32) -> Result<Model, Error> {
    let words = "It does not.".to_owned();
    let written =
        storage.write_blocking(&a_change(), |c| roll_back(c, &id(number), words, &by(120)));
    written.map(|(model, _)| model)
}

fn found(storage: &Storage, number: u32) -> Model {
    let read = storage.read_blocking(|c| models::find(c, &id(number)));
    read.expect("a model")
}

/// The weights of the default programme with their version.
fn in_use(storage: &Storage) -> (Weights, Version) {
    let read = storage.read_blocking(|c| programmes::find(c, None));
    let record = read.expect("the default programme");
    (record.programme.weights, record.weights_version)
}

#[track_caller]
fn assert_rule(outcome: Result<Model, Error>, wanted: &str) {
    match outcome {
        Err(Error::Conflict { rule, .. }) => assert_eq!(rule, wanted),
        other => panic!("{wanted}: {other:?}"),
    }
}

#[test]
fn a_model_is_kept_as_it_was_learnt_and_either_database_learns_the_same() {
    let mut of_each = Vec::new();
    on_every_database_collecting(&mut of_each, |storage| {
        let model = learnt(storage, 1, &asked()).expect("a model");
        assert_eq!(found(storage, 1), model);
        assert_eq!((model.sequence, model.state), (1, ModelState::Candidate));
        assert_eq!(model.learnt.gate, GateVerdict::Passed);
        assert_eq!(model.learnt.n_outcomes, ENOUGH as usize);
        assert_eq!(model.learnt.findings.never_applied, [Criterion::Learning]);
        // The same again is the same but for what names it.
        let again = learnt(storage, 2, &asked()).expect("a model");
        assert_eq!(again.learnt, model.learnt);
        let other = Asked { seed: 2, ..asked() };
        let other = learnt(storage, 3, &other).expect("a model");
        assert_ne!(other.learnt.held_out, model.learnt.held_out);
        let page = |after, limit| -> Vec<i64> {
            let read = storage.read_blocking(|c| models::page(c, after, limit));
            read.expect("a page").iter().map(|m| m.sequence).collect()
        };
        assert_eq!((page(None, 2), page(Some(2), 5)), (vec![3, 2], vec![1]));
        model.learnt
    });
    assert!(of_each.windows(2).all(|pair| pair[0] == pair[1]));
}

/// Runs a body on every database that holds enough outcomes, and keeps what it returns.
fn on_every_database_collecting<T>(kept: &mut Vec<T>, body: impl Fn(&Storage) -> T) {
    let kept = std::cell::RefCell::new(kept);
    on_every_database(|database| {
        let storage = open_filled(database);
        Outcomes::of(ENOUGH).store(database, &storage);
        kept.borrow_mut().push(body(&storage));
    });
}

#[test]
fn an_activation_is_the_next_version_of_the_weights_and_a_roll_back_the_one_after() {
    on_every_database(|database| {
        let storage = open_filled(database);
        Outcomes::of(ENOUGH).store(database, &storage);
        let (weights, version) = in_use(&storage);
        learnt(&storage, 1, &asked()).expect("a model");
        assert_eq!(in_use(&storage), (weights, version), "nothing by itself");
        assert_rule(put_back(&storage, 1), "/problems/model-not-active");
        let active = put_to_use(&storage, 1).expect("in use");
        let published = active.learnt.published().expect("weights");
        assert_eq!(in_use(&storage), (published, Version(version.0 + 1)));
        assert_eq!(found(&storage, 1), active);
        assert_rule(put_to_use(&storage, 1), "/problems/model-active");
        // Learnt while a model is in use: its prior counts again, so that no outcome counts twice; and there is nothing to gain.
        let second = learnt(&storage, 2, &asked()).expect("a model");
        let bits = |weights: Each<f64>| weights.map(f64::to_bits);
        let (prior, used) = (second.basis.prior, second.basis.in_use);
        assert_eq!(bits(prior), bits(active.basis.prior));
        assert_ne!(bits(used), bits(prior));
        assert_eq!(second.learnt.weights, active.learnt.weights);
        assert_ne!(second.learnt.gate, GateVerdict::Passed);
        assert_rule(put_to_use(&storage, 2), "/problems/model-gate");
        let retired = put_back(&storage, 1).expect("rolled back");
        assert_eq!(retired.state, ModelState::Retired);
        let why = retired.retirement.expect("how").why;
        assert_eq!(why, WhyRetired::RolledBack);
        assert_eq!(in_use(&storage), (weights, Version(version.0 + 2)));
        assert_rule(put_back(&storage, 1), "/problems/model-not-active");
        assert_rule(put_to_use(&storage, 1), "/problems/model-retired");
        let entries = "SELECT subject_kind AS text FROM audit WHERE subject_kind IN ('models', 'programme_weights') ORDER BY sequence";
        let kinds = [
            "models",
            "programme_weights",
            "models",
            "models",
            "models",
            "programme_weights",
        ];
        assert_eq!(database.texts(entries), kinds);
    });
}

#[test]
fn a_model_that_was_replaced_is_in_use_again_once_its_successor_is_rolled_back() {
    on_every_database(|database| {
        let storage = open_filled(database);
        Outcomes::of(ENOUGH).store(database, &storage);
        learnt(&storage, 1, &asked()).expect("a model");
        learnt(&storage, 2, &asked()).expect("a model");
        let first = put_to_use(&storage, 1).expect("in use");
        assert_rule(put_to_use(&storage, 2), "/problems/model-outdated");
        // A gate that would let it through, held against the weights in use: what it takes to replace one.
        let (_, version) = in_use(&storage);
        let written = storage.write_blocking(&a_change(), |c| {
            let mut second = models::find(c, &id(2))?;
            second.basis.weights_version = version;
            second.learnt.weights.swap(0, 1);
            models::replace(c, &second)
        });
        written.expect("a change");
        put_to_use(&storage, 2).expect("in use");
        let why = found(&storage, 1).retirement.map(|r| r.why);
        assert_eq!(why, Some(WhyRetired::Replaced));
        put_back(&storage, 2).expect("rolled back");
        let again = found(&storage, 1);
        assert_eq!((again.state, again.retirement), (ModelState::Active, None));
        assert_eq!(
            in_use(&storage).0,
            first.learnt.published().expect("weights")
        );
        assert_eq!(
            again.activation.expect("how").weights_version,
            in_use(&storage).1
        );
        put_back(&storage, 1).expect("rolled back");
        assert_eq!(in_use(&storage).0, Weights::EQUAL);
    });
}

#[test]
fn only_what_was_known_by_the_day_is_learnt_of() {
    on_every_database(|database| {
        let storage = open_filled(database);
        Outcomes::of(60).store(database, &storage);
        let later = Outcomes::of(40).from(61).known_at("2026-11-20T09:00:00Z");
        later.store(database, &storage);
        let n_by = |day: &str| {
            let asked = Asked {
                as_of: day.parse().expect("a day"),
                ..asked()
            };
            let number = day[8..].parse().expect("a number");
            learnt(&storage, number, &asked).map(|model| model.learnt.n_outcomes)
        };
        assert_eq!(n_by("2026-11-19").expect("a model"), 60);
        assert_eq!(n_by("2026-11-20").expect("a model"), 100);
        assert!(matches!(n_by("2026-11-09"), Err(Error::Invalid(_))));
        // A word that was said later than the day does not count, and the one before it does.
        let slug: Slug = "default".parse().expect("a slug");
        let known = |at: &str| {
            let at = at.parse().expect("a time");
            let read = storage.read_blocking(|c| outcomes::known_by(c, &slug, at));
            read.expect("outcomes").len()
        };
        assert_eq!(known("2026-11-20T08:59:59Z"), 60);
        assert_eq!(known("2026-11-20T09:00:00Z"), 100);
    });
}

#[test]
fn what_is_missing_is_named() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let words = |number| match learnt(&storage, number, &asked()) {
            Err(Error::Invalid(faults)) => faults[0].clone(),
            other => panic!("{other:?}"),
        };
        Outcomes::of(4).by(Truth::Always).store(database, &storage);
        let few = words(1);
        assert_eq!(few.pointer, "/programme");
        assert!(few.detail.contains("4 outcomes between 4 pairs"), "{few:?}");
        let more = Outcomes::of(50).from(5).by(Truth::Always);
        more.store(database, &storage);
        let alike = words(2);
        assert!(alike.detail.contains("of one kind"), "{alike:?}");
        assert_eq!(
            storage
                .read_blocking(|c| models::page(c, None, 5))
                .expect("a page"),
            []
        );
    });
}
