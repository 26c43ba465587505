//! Models: learnt from the outcomes of a programme, put to use by an admin, rolled back.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::domain::error::{Error, Result};
use crate::domain::ids::Slug;
use crate::domain::model::{
    Activation, Basis, Each, GateVerdict, Learnt, MAX_OUTCOMES, Model, ModelState, Retirement,
    WhyRetired,
};
use crate::domain::outcome::PartnershipOutcome;
use crate::domain::programme::{ProgrammeRecord, Weights};
use crate::domain::suggestion::METHOD_VERSION;
use crate::domain::version::{Expected, Version};
use crate::engine::outcomes::held_out::{GATE_STANDARD_ERRORS, MIN_PAIRS};
use crate::engine::outcomes::model::N_FOLDS;
use crate::engine::outcomes::posterior::Unlearnable;
use crate::engine::outcomes::programme::{counted, learnt};
use crate::storage::audit::{self, Entry};
use crate::storage::{Connection, Outcome, models, outcomes, programmes, revision};

/// What a model is to be learnt from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whose outcomes; those of the default programme where none is given.
    pub programme: Option<Slug>,
    /// What the folds and the draws are dealt by.
    pub seed: u64,
    /// The last day of which outcomes count, not after today.
    pub as_of: NaiveDate,
}

/// Who does something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// The id of a caller.
    pub who: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Weights as shares of 1.
pub(super) fn shares(weights: Weights) -> Result<Each<f64>> {
    weights
        .over(|_| true)
        .ok_or_else(|| Error::Internal("reading weights", "all are 0".into()))
}

fn note(connection: &mut Connection, before: Option<&Model>, after: &Model) {
    let entry = Entry {
        kind: models::KIND,
        id: after.id.clone(),
        ods_code: None,
        before: before.map(models::json_of),
        after: Some(models::json_of(after)),
    };
    audit::note(connection, entry);
}

/// The end of a day, or now where that is earlier: what becomes known later is newer than the model.
pub(super) fn known_until(as_of: NaiveDate, now: DateTime<Utc>) -> DateTime<Utc> {
    let next = as_of.succ_opt().and_then(|day| day.and_hms_opt(0, 0, 0));
    next.map_or(now, |next| {
        now.min(next.and_utc() - TimeDelta::microseconds(1))
    })
}

/// Learns a model from the outcomes of a programme and keeps it as a candidate. It is worked out in the transaction of the
/// connection, so that nothing comes between it and its revision.
///
/// The prior is made of the weights that an admin gave by hand last: those in use, unless they are a model's, whose prior then counts
/// again. Otherwise the same outcomes would count twice.
///
/// # Errors
///
/// [`Error::Invalid`] where there is no such programme, or its outcomes are too few or of one kind; [`Error::Conflict`] where they are
/// too many; those of the database.
pub fn learn(connection: &mut Connection, id: String, by: By, asked: &Asked) -> Result<Model> {
    let programme = programmes::find(connection, asked.programme.as_ref());
    let programme = programme.map_err(|error| match error {
        Error::Missing { .. } => Error::invalid("/programme", "is the slug of no programme"),
        other => other,
    })?;
    let slug = programme.programme.slug.clone();
    let in_use = shares(programme.programme.weights)?;
    let active = active(connection, &programme)?;
    let prior = active.map_or(in_use, |model| model.basis.prior);
    let until = known_until(asked.as_of, by.at);
    let found = outcomes::known_by(connection, &slug, until)?;
    if found.len() > MAX_OUTCOMES {
        return Err(Error::Conflict {
            rule: "/problems/too-many-outcomes",
            detail: format!("Models are learnt of at most {MAX_OUTCOMES} outcomes."),
        });
    }
    let learnt = learnt(&found, (&prior, &in_use), METHOD_VERSION, asked.seed);
    let learnt = learnt.map_err(|why| unlearnable(why, &found, &prior))?;
    let model = Model {
        id,
        sequence: 0,
        made_at: by.at,
        made_by: by.who,
        basis: Basis {
            programme: slug,
            as_of: asked.as_of,
            known_until: until,
            revision: revision::current(connection)?,
            method_version: METHOD_VERSION.to_owned(),
            seed: asked.seed,
            prior,
            in_use,
            weights_version: programme.weights_version,
        },
        learnt,
        state: ModelState::Candidate,
        activation: None,
        retirement: None,
        version: Version(1),
    };
    let model = models::add(connection, model)?;
    note(connection, None, &model);
    Ok(model)
}

/// The model whose weights a programme has: an active one whose version is the present one.
fn active(connection: &mut Connection, programme: &ProgrammeRecord) -> Result<Option<Model>> {
    let found = models::active(connection, &programme.programme.slug)?;
    let holds = |a: &Activation| a.weights_version == programme.weights_version;
    Ok(found.filter(|model| model.activation.as_ref().is_some_and(holds)))
}

/// Says what is missing. How many of the outcomes are successes is not told: of few one could tell whose.
fn unlearnable(why: Unlearnable, found: &[PartnershipOutcome], prior: &Each<f64>) -> Error {
    let (n, n_pairs) = counted(found, prior);
    let what = "an outcome is a partnership proposed in the programme, with the scores of its approach, of which both sides said how \
                it goes";
    if n_pairs < N_FOLDS || why == Unlearnable::TooFew {
        let words = format!(
            "has {n} outcomes between {n_pairs} pairs of sites by then, and at least {N_FOLDS} pairs are needed ({what})"
        );
        return Error::invalid("/programme", words);
    }
    match why {
        Unlearnable::OneClass | Unlearnable::TooFew => Error::invalid(
            "/programme",
            format!(
                "has {n} outcomes by then, of which all, or all but those of one part in {N_FOLDS}, are of one kind: both successes and \
                 others are needed, between several pairs of sites"
            ),
        ),
        Unlearnable::NotFinite | Unlearnable::Shape | Unlearnable::Unbounded => {
            Error::Internal("learning from outcomes", Box::new(why))
        }
    }
}

fn clash(rule: &'static str, detail: impl Into<String>) -> Error {
    Error::Conflict {
        rule,
        detail: detail.into(),
    }
}

/// Why a model may not be put to use, as far as it says itself.
fn may_be_activated(model: &Model) -> Result<()> {
    match model.state {
        ModelState::Active => return Err(clash("/problems/model-active", "It is in use already.")),
        ModelState::Retired => {
            let words = "It was in use before; learn another from what is known now.";
            return Err(clash("/problems/model-retired", words));
        }
        ModelState::Candidate => {}
    }
    match gate_words(&model.learnt) {
        None => Ok(()),
        Some(words) => Err(clash("/problems/model-gate", words)),
    }
}

/// Why the gate does not let a model through, in words; `None` where it does.
#[must_use]
pub fn gate_words(learnt: &Learnt) -> Option<String> {
    let held_out = learnt.held_out;
    match learnt.gate {
        GateVerdict::Passed => None,
        GateVerdict::TooFewOutcomes => Some(format!(
            "It was learnt of outcomes of {} pairs of sites; of fewer than {MIN_PAIRS} nobody can tell whether its weights are better.",
            learnt.n_pairs
        )),
        GateVerdict::NoGain => Some(
            "On held-out outcomes its weights do no better than those in use when it was learnt."
                .to_owned(),
        ),
        GateVerdict::NotBeyondChance => Some(format!(
            "On held-out outcomes its weights do better by {:.1} standard errors; more than {GATE_STANDARD_ERRORS} are needed.",
            held_out.gain / held_out.standard_error
        )),
    }
}

/// Gives a programme other weights, from a version of them, and notes it.
fn set_weights(
    connection: &mut Connection,
    slug: &Slug,
    (weights, from): (Weights, Version),
    by: &By,
) -> Result<Version> {
    let expected = Expected::OneOf(vec![from]);
    let given = (by.who.as_str(), by.at);
    let changed = programmes::set_weights(connection, Some(slug), weights, &expected, given)?;
    let Outcome::Changed((before, after)) = changed else {
        let words = "The weights in use are the same already.";
        return Err(clash("/problems/model-active", words));
    };
    note_weights(connection, &before, &after);
    Ok(after.weights_version)
}

/// Notes that a programme was given other weights.
pub fn note_weights(
    connection: &mut Connection,
    before: &ProgrammeRecord,
    after: &ProgrammeRecord,
) {
    let entry = Entry {
        kind: programmes::WEIGHTS_KIND,
        id: after.programme.slug.to_string(),
        ods_code: None,
        before: Some(programmes::weights_json(before)),
        after: Some(programmes::weights_json(after)),
    };
    audit::note(connection, entry);
}

/// Puts a model to use: the programme is given its weights, as their next version. One that was in use before is retired.
///
/// # Errors
///
/// [`Error::Conflict`] where it is or was in use, where the gate does not let it through, and where the programme's weights are not
/// those that it was held against; those of [`models::find`].
pub fn activate(connection: &mut Connection, id: &str, reason: String, by: &By) -> Result<Model> {
    let before = models::find(connection, id)?;
    may_be_activated(&before)?;
    let slug = &before.basis.programme;
    let programme = programmes::find(connection, Some(slug))?;
    if programme.weights_version != before.basis.weights_version {
        let words = "The programme's weights were changed since it was learnt, so that the gate compared it with others than those in \
                     use; learn another.";
        return Err(clash("/problems/model-outdated", words));
    }
    if let Some(other) = models::active(connection, slug)? {
        retire(connection, other, (WhyRetired::Replaced, None), by)?;
    }
    let weights = before.learnt.published();
    let weights =
        weights.map_err(|fault| Error::Internal("putting a model to use", fault.into()))?;
    let version_before = programme.weights_version;
    let weights_version = set_weights(connection, slug, (weights, version_before), by)?;
    let after = Model {
        state: ModelState::Active,
        activation: Some(Activation {
            at: by.at,
            by: by.who.clone(),
            reason,
            weights_version,
            version_before,
        }),
        version: Version(before.version.0 + 1),
        ..before.clone()
    };
    models::replace(connection, &after)?;
    note(connection, Some(&before), &after);
    Ok(after)
}

fn retire(
    connection: &mut Connection,
    before: Model,
    (why, reason): (WhyRetired, Option<String>),
    by: &By,
) -> Result<Model> {
    let after = Model {
        state: ModelState::Retired,
        retirement: Some(Retirement {
            at: by.at,
            by: by.who.clone(),
            why,
            reason,
        }),
        version: Version(before.version.0 + 1),
        ..before.clone()
    };
    models::replace(connection, &after)?;
    note(connection, Some(&before), &after);
    Ok(after)
}

/// Puts back the weights that held before a model, as the next version of the programme's. Where those were another model's, that one
/// is in use again.
///
/// # Errors
///
/// [`Error::Conflict`] where it is not in use, or the weights are no longer its own; those of [`models::find`].
pub fn roll_back(connection: &mut Connection, id: &str, reason: String, by: &By) -> Result<Model> {
    let before = models::find(connection, id)?;
    let slug = before.basis.programme.clone();
    let programme = programmes::find(connection, Some(&slug))?;
    let is_active = before.state == ModelState::Active;
    let in_use = before
        .activation
        .clone()
        .filter(|a| is_active && a.weights_version == programme.weights_version);
    let Some(activation) = in_use else {
        let words = "It is not in use, so there is nothing to put back.";
        return Err(clash("/problems/model-not-active", words));
    };
    let earlier = programmes::weight_versions(connection, &slug)?
        .into_iter()
        .find(|version| version.version == activation.version_before)
        .ok_or_else(|| Error::Internal("rolling a model back", "its version is gone".into()))?;
    let rolled_back = (WhyRetired::RolledBack, Some(reason));
    let after = retire(connection, before, rolled_back, by)?;
    let from = (earlier.weights, activation.weights_version);
    let version = set_weights(connection, &slug, from, by)?;
    if let Some(other) = models::of_version(connection, &slug, activation.version_before)? {
        hold_again(connection, other, version)?;
    }
    Ok(after)
}

/// Says of a model that was replaced that its weights hold again, under another version.
fn hold_again(connection: &mut Connection, before: Model, version: Version) -> Result<()> {
    let after = Model {
        state: ModelState::Active,
        activation: before.activation.clone().map(|activation| Activation {
            weights_version: version,
            ..activation
        }),
        retirement: None,
        version: Version(before.version.0 + 1),
        ..before.clone()
    };
    models::replace(connection, &after)?;
    note(connection, Some(&before), &after);
    Ok(())
}

/// Retires the model in use of a programme that was given other weights by hand.
///
/// # Errors
///
/// Those of the database.
pub fn weights_changed(connection: &mut Connection, programme: &Slug, by: &By) -> Result<()> {
    if let Some(model) = models::active(connection, programme)? {
        retire(connection, model, (WhyRetired::WeightsChanged, None), by)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_ends_with_the_day_or_now() {
        let now: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
        let until = |day: &str| known_until(day.parse().unwrap(), now).to_rfc3339();
        assert_eq!(until("2026-11-22"), "2026-11-22T09:00:00+00:00");
        assert_eq!(until("2026-11-21"), "2026-11-21T23:59:59.999999+00:00");
        let last = known_until(NaiveDate::MAX, now);
        assert_eq!(last, now);
    }
}
