//! What choices reveal: whom a site kept or approached of those in its list.

use chrono::{DateTime, NaiveDate, Utc};

use super::Alongside;
use super::models::{known_until, shares};
use crate::domain::choice::{Choice, ChoiceAct, ChoiceReport, MAX_CHOICES, N_SHOWN, ShownList};
use crate::domain::error::{Error, Result};
use crate::domain::firmness::{Draws, FirmnessRequest};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::model::Each;
use crate::domain::programme::Criterion;
use crate::domain::suggestion::{
    Filters, Limit, METHOD_VERSION, SeenBy, Suggestion, SuggestionRequest, Suggestions,
};
use crate::engine::choices::report::{answered, chosen};
use crate::storage::{Connection, choices, programmes};

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The choices in which programme; in the default one where none is given.
    pub programme: Option<Slug>,
    /// The last day of which choices count.
    pub as_of: NaiveDate,
    /// What folds and draws are dealt by.
    pub seed: u64,
}

impl Alongside {
    /// What a site's choice of a candidate says: the list that the site is given on that day unless it asks for another, and where in it the
    /// candidate stands. `None` where there is no list, for which the choice itself is not to fail.
    pub async fn choice(
        &self,
        act: ChoiceAct,
        (by, candidate): (OdsCode, OdsCode),
        at: DateTime<Utc>,
    ) -> Option<Choice> {
        let request = SuggestionRequest {
            seeker: by,
            seen_by: SeenBy::Site,
            weights: None,
            filters: Filters::default(),
            limit: Limit::DEFAULT,
            as_of: at.date_naive(),
            firmness: FirmnessRequest::of(Draws::NONE),
            spread_load: None,
        };
        match self.suggest_in_turn(&request).await {
            Ok((list, _)) => Some(Choice {
                act,
                by,
                candidate,
                made_at: at,
                method_version: METHOD_VERSION.to_owned(),
                from: shown(&list, candidate),
                programme: list.method.programme,
            }),
            Err(error) => {
                if matches!(error, Error::Internal(..)) {
                    log::warn!("a choice goes without the list that it was made from: {error}");
                }
                None
            }
        }
    }

    /// Looks at the choices that sites made in a programme.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where there is no such programme; [`Error::Busy`] where too many wait; those of the database.
    pub async fn choice_report(&self, asked: Asked, now: DateTime<Utc>) -> Result<ChoiceReport> {
        let storage = self.storage().clone();
        let work =
            move || storage.read_blocking(|connection| report(connection, asked.clone(), now));
        self.analysis_in_turn(work).await
    }
}

fn shown(list: &Suggestions, candidate: OdsCode) -> Option<ShownList> {
    let shown = || list.suggestions.iter().take(N_SHOWN);
    let chosen = shown().position(|one| one.organisation.ods_code == candidate)?;
    let scores = shown().map(scores).collect();
    Some(ShownList { scores, chosen })
}

fn scores(of: &Suggestion) -> Each<Option<f64>> {
    let mut scores = [None; Criterion::COUNT];
    for criterion in &of.criteria {
        let score = criterion.score.map(|score| score.expected());
        scores[criterion.criterion.index()] = score;
    }
    scores
}

fn report(connection: &mut Connection, asked: Asked, now: DateTime<Utc>) -> Result<ChoiceReport> {
    let Asked {
        programme,
        as_of,
        seed,
    } = asked;
    let record = programmes::find(connection, programme.as_ref());
    let record = record.map_err(|error| match error {
        Error::Missing { .. } => Error::invalid("/query/programme", "is the slug of no programme"),
        other => other,
    })?;
    let slug = record.programme.slug.clone();
    let in_use = shares(record.programme.weights)?;
    let until = known_until(as_of, now);
    let mut stage = |act| -> Result<_> {
        let made = choices::made_by(connection, (&slug, act), until, MAX_CHOICES)?;
        Ok(chosen(&made, &in_use, METHOD_VERSION, seed))
    };
    let shortlisted = stage(ChoiceAct::Shortlisted)?;
    let approached = stage(ChoiceAct::Approached)?;
    let answers = choices::answered_by(connection, &slug, until, MAX_CHOICES)?;
    Ok(ChoiceReport {
        as_of,
        seed,
        in_use,
        shortlisted,
        approached,
        accepted: answered(&answers),
        programme: slug,
    })
}
