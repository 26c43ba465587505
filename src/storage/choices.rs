//! Choices of sites as they are kept, and the answers to approaches.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};
use serde::{Deserialize, Serialize};

use crate::domain::approach::{ApproachReason, ApproachState};
use crate::domain::choice::{Answered, Choice, ChoiceAct, NewChoice, ShownCandidate, ShownList};
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::outcome::scores_seen;
use crate::domain::programme::Criterion;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::approach::read_seen;
use crate::storage::schema::{approaches, choices};

#[derive(Queryable, Insertable)]
#[diesel(table_name = choices, treat_none_as_default_value = false)]
struct ChoiceRow {
    ods_code: String,
    act: String,
    candidate: String,
    programme: String,
    made_at: NaiveDateTime,
    method_version: String,
    shown: Option<String>,
    chosen: Option<i64>,
}

/// One that was shown, as it is kept: scores by the name of the criterion, of those that applied.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct KeptCandidate {
    rank: usize,
    scores: BTreeMap<String, f64>,
}

impl KeptCandidate {
    fn new(of: &ShownCandidate) -> Self {
        let scores = Criterion::ALL.iter().zip(of.scores);
        let applied = scores.filter_map(|(criterion, score)| Some((criterion.to_string(), score?)));
        Self {
            rank: of.rank,
            scores: applied.collect(),
        }
    }

    fn into_domain(self) -> ShownCandidate {
        let score = |criterion: &Criterion| self.scores.get(criterion.as_str()).copied();
        let mut scores = [None; Criterion::COUNT];
        for (found, criterion) in scores.iter_mut().zip(Criterion::ALL) {
            *found = score(criterion);
        }
        ShownCandidate {
            rank: self.rank,
            scores,
        }
    }
}

impl ChoiceRow {
    /// The row of a choice by a site that had done the same to others before: who was chosen already is not passed over.
    fn new(choice: &NewChoice, before: &BTreeSet<String>) -> Result<Self> {
        let left: Vec<&(OdsCode, ShownCandidate)> = choice
            .list
            .iter()
            .filter(|(code, _)| !before.contains(code.as_str()))
            .collect();
        let chosen = left.iter().position(|(code, _)| *code == choice.candidate);
        let kept = || -> Vec<KeptCandidate> {
            left.iter()
                .map(|(_, shown)| KeptCandidate::new(shown))
                .collect()
        };
        let shown = chosen.map(|_| serde_json::to_string(&kept())).transpose();
        let failed = |fault| Error::Internal("storing a choice", fault);
        Ok(Self {
            ods_code: choice.by.to_string(),
            act: choice.act.to_string(),
            candidate: choice.candidate.to_string(),
            programme: choice.programme.to_string(),
            made_at: choice.made_at.naive_utc().trunc_subsecs(6),
            method_version: choice.method_version.clone(),
            shown: shown.map_err(|fault| failed(fault.into()))?,
            chosen: chosen
                .map(i64::try_from)
                .transpose()
                .map_err(|fault| failed(fault.into()))?,
        })
    }

    fn into_domain(self) -> Result<Choice> {
        let key = [self.ods_code.as_str(), &self.act, &self.candidate];
        let row = Stored::new("choices", &key);
        let from = self.shown.as_deref().zip(self.chosen);
        let list = |(shown, chosen): (&str, i64)| -> Result<ShownList> {
            let kept: Vec<KeptCandidate> =
                serde_json::from_str(shown).map_err(|fault| row.corrupt(fault))?;
            let chosen = usize::try_from(chosen).map_err(|fault| row.corrupt(fault))?;
            if chosen >= kept.len() {
                return Err(row.corrupt("the one that was chosen is not in the list"));
            }
            Ok(ShownList {
                shown: kept.into_iter().map(KeptCandidate::into_domain).collect(),
                chosen,
            })
        };
        Ok(Choice {
            by: row.parse(&self.ods_code)?,
            from: from.map(list).transpose()?,
            method_version: self.method_version.clone(),
        })
    }
}

/// Those to whom a site did something before.
fn before(connection: &mut Connection, by: OdsCode, act: ChoiceAct) -> Result<BTreeSet<String>> {
    let found: Vec<String> = choices::table
        .filter(choices::ods_code.eq(by.as_str()))
        .filter(choices::act.eq(act.as_str()))
        .select(choices::candidate)
        .load(&mut connection.database)
        .map_err(failed("reading the choices of a site"))?;
    Ok(found.into_iter().collect())
}

/// Whether a site did something to a candidate before.
///
/// # Errors
///
/// As [`add`].
pub fn is_kept(
    connection: &mut Connection,
    act: ChoiceAct,
    (by, candidate): (OdsCode, OdsCode),
) -> Result<bool> {
    Ok(before(connection, by, act)?.contains(candidate.as_str()))
}

/// Keeps a choice, unless the site did the same to the same candidate before: what it does again says nothing new.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where it cannot be stored.
pub fn add(connection: &mut Connection, choice: &NewChoice) -> Result<()> {
    let before = before(connection, choice.by, choice.act)?;
    if before.contains(choice.candidate.as_str()) {
        return Ok(());
    }
    let row = ChoiceRow::new(choice, &before)?;
    each_backend!(connection, c => diesel::insert_into(choices::table).values(row).execute(c))
        .map_err(failed("keeping a choice"))?;
    Ok(())
}

/// Returns the choices of an act that were made in a programme by a time, in the order in which they were made: at most `limit`.
///
/// # Errors
///
/// As [`add`].
pub fn made_by(
    connection: &mut Connection,
    (programme, act): (&Slug, ChoiceAct),
    until: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Choice>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows: Vec<ChoiceRow> = choices::table
        .filter(choices::programme.eq(programme.as_str()))
        .filter(choices::act.eq(act.as_str()))
        .filter(choices::made_at.le(until.naive_utc()))
        .order((choices::made_at, choices::ods_code, choices::candidate))
        .limit(limit)
        .load(&mut connection.database)
        .map_err(failed("reading choices"))?;
    // By code in the order of its bytes, whatever the database sorts by.
    let key = |row: &ChoiceRow| (row.made_at, row.ods_code.clone(), row.candidate.clone());
    rows.sort_by_cached_key(key);
    rows.into_iter().map(ChoiceRow::into_domain).collect()
}

/// Whether a decline speaks of the recipient's own circumstances, not of the pair.
fn is_circumstance(reason: ApproachReason) -> bool {
    matches!(
        reason,
        ApproachReason::NoCapacity | ApproachReason::Timing | ApproachReason::OtherPartner
    )
}

/// What is read of an approach: its id, its recipient, its state, why, and what was seen of the pair.
type AnswerRow = (String, String, String, Option<String>, Option<String>);

/// Returns the approaches in a programme that were accepted or declined by a time, in the order in which they were: at most `limit`. Those of
/// which no scores are stored are left out.
///
/// # Errors
///
/// As [`add`].
pub fn answered_by(
    connection: &mut Connection,
    programme: &Slug,
    until: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Answered>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (accepted, declined) = (ApproachState::Accepted, ApproachState::Declined);
    let rows: Vec<AnswerRow> = approaches::table
        .filter(approaches::programme.eq(programme.as_str()))
        .filter(approaches::state.eq_any([accepted.as_str(), declined.as_str()]))
        .filter(approaches::answered_at.le(until.naive_utc()))
        .filter(approaches::seen.is_not_null())
        // Whoever goes on with a partner answers by how it went.
        .filter(approaches::renews.is_null())
        .order((approaches::answered_at.asc(), approaches::sequence.asc()))
        .limit(limit)
        .select((
            approaches::id,
            approaches::to_code,
            approaches::state,
            approaches::reason,
            approaches::seen,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading the answers to approaches"))?;
    let mut answers = Vec::with_capacity(rows.len());
    for (id, to, state, reason, seen) in rows {
        let key = [id.as_str()];
        let row = Stored::new("approaches", &key);
        let Some(seen) = seen else { continue };
        let reason: Option<ApproachReason> = row.parse_some(reason.as_deref())?;
        let is_accepted = row.parse::<ApproachState>(&state)? == accepted;
        answers.push(Answered {
            by: row.parse(&to)?,
            is_accepted: (!reason.is_some_and(is_circumstance)).then_some(is_accepted),
            scores: scores_seen(&read_seen(&row, &seen)?),
        });
    }
    Ok(answers)
}
