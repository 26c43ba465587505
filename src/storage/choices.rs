//! Choices of sites as they are kept, and the answers to approaches.

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};

use crate::domain::approach::{ApproachReason, ApproachState};
use crate::domain::choice::{Answered, Choice, ChoiceAct, ShownList};
use crate::domain::error::{Error, Result};
use crate::domain::ids::Slug;
use crate::domain::model::Each;
use crate::domain::outcome::scores_seen;
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

impl ChoiceRow {
    fn new(choice: &Choice) -> Result<Self> {
        let failed = |fault: Box<dyn std::error::Error + Send + Sync>| {
            Error::Internal("storing a choice", fault)
        };
        let from = choice.from.as_ref();
        let shown = from.map(|list| serde_json::to_string(&list.scores));
        let chosen = from.map(|list| i64::try_from(list.chosen));
        Ok(Self {
            ods_code: choice.by.to_string(),
            act: choice.act.to_string(),
            candidate: choice.candidate.to_string(),
            programme: choice.programme.to_string(),
            made_at: choice.made_at.naive_utc().trunc_subsecs(6),
            method_version: choice.method_version.clone(),
            shown: shown.transpose().map_err(|fault| failed(fault.into()))?,
            chosen: chosen.transpose().map_err(|fault| failed(fault.into()))?,
        })
    }

    fn into_domain(self) -> Result<Choice> {
        let key = [self.ods_code.as_str(), &self.act, &self.candidate];
        let row = Stored::new("choices", &key);
        let from = self.shown.as_deref().zip(self.chosen);
        let list = |(shown, chosen): (&str, i64)| -> Result<ShownList> {
            let scores: Vec<Each<Option<f64>>> =
                serde_json::from_str(shown).map_err(|fault| row.corrupt(fault))?;
            let chosen = usize::try_from(chosen).map_err(|fault| row.corrupt(fault))?;
            if chosen >= scores.len() {
                return Err(row.corrupt("the one that was chosen is not in the list"));
            }
            Ok(ShownList { scores, chosen })
        };
        Ok(Choice {
            act: row.parse(&self.act)?,
            by: row.parse(&self.ods_code)?,
            candidate: row.parse(&self.candidate)?,
            programme: row.parse(&self.programme)?,
            made_at: self.made_at.and_utc(),
            from: from.map(list).transpose()?,
            method_version: self.method_version.clone(),
        })
    }
}

/// Keeps a choice, unless the site did the same to the same candidate before: what it does again says nothing new.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where it cannot be stored.
pub fn add(connection: &mut Connection, choice: &Choice) -> Result<()> {
    let row = ChoiceRow::new(choice)?;
    each_backend!(connection, c => {
        diesel::insert_into(choices::table).values(row).on_conflict_do_nothing().execute(c)
    })
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
    let rows: Vec<ChoiceRow> = choices::table
        .filter(choices::programme.eq(programme.as_str()))
        .filter(choices::act.eq(act.as_str()))
        .filter(choices::made_at.le(until.naive_utc()))
        .order((choices::made_at, choices::ods_code, choices::candidate))
        .limit(limit)
        .load(&mut connection.database)
        .map_err(failed("reading choices"))?;
    let read: Result<Vec<Choice>> = rows.into_iter().map(ChoiceRow::into_domain).collect();
    let mut read = read?;
    // By code in the order of its bytes, whatever the database sorts by.
    read.sort_by_key(|choice| (choice.made_at, choice.by, choice.candidate));
    Ok(read)
}

/// Whether a decline speaks of the recipient's own circumstances, not of the pair.
fn is_circumstance(reason: ApproachReason) -> bool {
    matches!(
        reason,
        ApproachReason::NoCapacity | ApproachReason::Timing | ApproachReason::OtherPartner
    )
}

/// What is read of an approach: its recipient, its state, when it was answered, why, and what was seen of the pair.
type AnswerRow = (
    String,
    String,
    String,
    Option<NaiveDateTime>,
    Option<String>,
    Option<String>,
);

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
        .order((approaches::answered_at.asc(), approaches::sequence.asc()))
        .limit(limit)
        .select((
            approaches::id,
            approaches::to_code,
            approaches::state,
            approaches::answered_at,
            approaches::reason,
            approaches::seen,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading the answers to approaches"))?;
    let mut answers = Vec::with_capacity(rows.len());
    for (id, to, state, answered_at, reason, seen) in rows {
        let key = [id.as_str()];
        let row = Stored::new("approaches", &key);
        let Some((answered_at, seen)) = answered_at.zip(seen) else {
            continue;
        };
        let reason: Option<ApproachReason> = row.parse_some(reason.as_deref())?;
        let is_accepted = row.parse::<ApproachState>(&state)? == accepted;
        answers.push(Answered {
            by: row.parse(&to)?,
            answered_at: answered_at.and_utc(),
            is_accepted: (!reason.is_some_and(is_circumstance)).then_some(is_accepted),
            scores: scores_seen(&read_seen(&row, &seen)?),
        });
    }
    Ok(answers)
}
