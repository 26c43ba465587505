//! What choices reveal: whom a site kept or approached of those in its list.

use chrono::{DateTime, NaiveDate, Utc};

use super::Alongside;
use super::models::{known_until, shares};
use crate::domain::choice::{
    Answered, Choice, ChoiceAct, ChoiceReport, MAX_CHOICES, N_SHOWN, NewChoice, ShownCandidate,
};
use crate::domain::error::{Error, Result};
use crate::domain::firmness::{Draws, FirmnessRequest};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::model::Each;
use crate::domain::programme::Criterion;
use crate::domain::suggestion::{
    Filters, Limit, METHOD_VERSION, SeenBy, Suggestion, SuggestionRequest, Suggestions,
};
use crate::engine::choices::report::{answered, chosen};
use crate::engine::outcomes::posterior::Unlearnable;
use crate::storage::{Connection, choices, programmes};

/// What folds and draws are dealt by: always the same, since each other one would tell something else of the same choices.
const SEED: u64 = 1;

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The choices in which programme; in the default one where none is given.
    pub programme: Option<Slug>,
    /// The last day of which choices count.
    pub as_of: NaiveDate,
}

impl Alongside {
    /// What a site's choice of a candidate says: the list that the site is given on that day unless it asks for another. `None` where it did
    /// the same to the same candidate before, and where there is no list or too many wait for theirs: the choice itself is not to fail
    /// for it, and is not kept as one.
    ///
    /// A list counts only where it is as staff see it, without the site's exclusions and saved weights, so that nothing of these is kept.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn choice(
        &self,
        act: ChoiceAct,
        (by, candidate): (OdsCode, OdsCode),
        at: DateTime<Utc>,
    ) -> Result<Option<NewChoice>> {
        let pair = (by, candidate);
        let is_kept = self
            .storage()
            .read(move |connection| choices::is_kept(connection, act, pair));
        if is_kept.await? {
            return Ok(None);
        }
        let request = |seen_by| SuggestionRequest {
            seeker: by,
            seen_by,
            weights: None,
            filters: Filters::default(),
            limit: Limit::DEFAULT,
            as_of: at.date_naive(),
            firmness: FirmnessRequest::of(Draws::NONE),
            spread_load: None,
        };
        let own = self.suggest_in_turn(&request(SeenBy::Site)).await;
        let staffs = self.suggest_in_turn(&request(SeenBy::Others)).await;
        let (own, staffs) = match (own, staffs) {
            (Ok((own, _)), Ok((staffs, _))) => (own, staffs),
            (Err(error), _) | (_, Err(error)) => {
                if matches!(error, Error::Internal(..) | Error::Busy) {
                    log::warn!(
                        "a choice is not kept, since its list cannot be worked out: {error}"
                    );
                }
                return Ok(None);
            }
        };
        Ok(Some(NewChoice {
            act,
            by,
            candidate,
            made_at: at,
            method_version: METHOD_VERSION.to_owned(),
            list: Some(shown(&own))
                .filter(|list| *list == shown(&staffs))
                .unwrap_or_default(),
            programme: own.method.programme,
        }))
    }

    /// Looks at the choices that sites made in a programme, up to yesterday: of today's some may be on their way to the database.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where there is no such programme; [`Error::Conflict`] where there are more than [`MAX_CHOICES`] of an act;
    /// [`Error::Busy`] where too many wait; those of the database.
    pub async fn choice_report(&self, asked: Asked, now: DateTime<Utc>) -> Result<ChoiceReport> {
        let storage = self.storage().clone();
        // Read once it is its turn: whoever waits holds no copy of everything.
        let work = move || {
            let material = storage.read_blocking(|connection| read(connection, &asked, now))?;
            report(material, asked.as_of)
        };
        self.analysis_in_turn(work).await
    }
}

fn shown(list: &Suggestions) -> Vec<(OdsCode, ShownCandidate)> {
    let ranked = (1..).zip(list.suggestions.iter().take(N_SHOWN));
    let candidate = |(rank, of): (usize, &Suggestion)| {
        let mut scores = [None; Criterion::COUNT];
        for criterion in &of.criteria {
            let score = criterion.score.map(|score| score.expected());
            scores[criterion.criterion.index()] = score;
        }
        (of.organisation.ods_code, ShownCandidate { rank, scores })
    };
    ranked.map(candidate).collect()
}

/// What a report is made of.
struct Material {
    programme: Slug,
    in_use: Each<f64>,
    shortlisted: Vec<Choice>,
    approached: Vec<Choice>,
    answers: Vec<Answered>,
}

fn read(connection: &mut Connection, asked: &Asked, now: DateTime<Utc>) -> Result<Material> {
    let record = programmes::find(connection, asked.programme.as_ref());
    let record = record.map_err(|error| match error {
        Error::Missing { .. } => Error::invalid("/query/programme", "is the slug of no programme"),
        other => other,
    })?;
    let programme = record.programme.slug.clone();
    let yesterday = now.date_naive().pred_opt().unwrap_or(NaiveDate::MIN);
    let until = known_until(asked.as_of.min(yesterday), now);
    let mut made = |act| {
        choices::made_by(connection, (&programme, act), until, MAX_CHOICES + 1).and_then(bounded)
    };
    let shortlisted = made(ChoiceAct::Shortlisted)?;
    let approached = made(ChoiceAct::Approached)?;
    let answers = choices::answered_by(connection, &programme, until, MAX_CHOICES + 1)?;
    Ok(Material {
        in_use: shares(record.programme.weights)?,
        shortlisted,
        approached,
        answers: bounded(answers)?,
        programme,
    })
}

/// Refuses more than can be looked at; to leave out some would change what was told before.
fn bounded<T>(all: Vec<T>) -> Result<Vec<T>> {
    if all.len() <= MAX_CHOICES {
        return Ok(all);
    }
    Err(Error::Conflict {
        rule: "/problems/too-many-choices",
        detail: format!("At most {MAX_CHOICES} choices are looked at; ask for an earlier day."),
    })
}

fn report(material: Material, as_of: NaiveDate) -> Result<ChoiceReport> {
    let Material {
        programme,
        in_use,
        shortlisted,
        approached,
        answers,
    } = material;
    let failed = |fault: Unlearnable| Error::Internal("looking at choices", Box::new(fault));
    let stage = |made: &[Choice]| chosen(made, &in_use, METHOD_VERSION, SEED).map_err(failed);
    Ok(ChoiceReport {
        shortlisted: stage(&shortlisted)?,
        approached: stage(&approached)?,
        accepted: answered(&answers).map_err(failed)?,
        programme,
        as_of,
        in_use,
    })
}
