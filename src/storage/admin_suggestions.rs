//! Pairs that programme admins suggest, and what each side said to them.

use std::collections::BTreeMap;

use chrono::{NaiveDateTime, SubsecRound as _};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    Queryable, RunQueryDsl as _,
};
use serde_json::{Value, json};

use crate::domain::admin_suggestion::{AdminSuggestion, AdminSuggestionState, SiteAnswer};
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::version::Version;
use crate::storage::connection::{Connection, each_backend};

use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{admin_suggestion_answers, admin_suggestions, exclusions};
use crate::storage::sealed::{self, Place};

/// The kind of these things in the audit.
pub const KIND: &str = "admin_suggestions";

/// The kind of the sites' answers in the audit, which are each site's own.
pub const ANSWER_KIND: &str = "admin_suggestion_answers";

/// What a suggestion is called where it is not there.
const WHAT: &str = "suggestion of the programme";

#[derive(Queryable)]
struct SuggestionRow {
    id: String,
    sequence: i64,
    a_code: String,
    b_code: String,
    state: String,
    sealed_reason: String,
    programme: Option<String>,
    created_at: NaiveDateTime,
    created_by: String,
    version: i64,
}

fn place(id: &str) -> Place<'_> {
    Place {
        table: "admin_suggestions",
        id,
        column: "sealed_reason",
    }
}

impl SuggestionRow {
    fn into_domain(self, connection: &Connection) -> Result<AdminSuggestion> {
        let key = [self.id.as_str()];
        let row = Stored::new("admin_suggestions", &key);
        let reason = sealed::show(connection, place(&self.id), Some(&self.sealed_reason))?;
        Ok(AdminSuggestion {
            sequence: self.sequence,
            ends: (row.parse(&self.a_code)?, row.parse(&self.b_code)?),
            state: row.parse(&self.state)?,
            reason: reason.unwrap_or_default(),
            programme: row.parse_some(self.programme.as_deref())?,
            created_at: self.created_at.and_utc(),
            created_by: self.created_by,
            version: u64::try_from(self.version)
                .map(Version)
                .map_err(|fault| row.corrupt(fault))?,
            id: self.id.clone(),
        })
    }
}

fn into_domain(connection: &Connection, rows: Vec<SuggestionRow>) -> Result<Vec<AdminSuggestion>> {
    rows.into_iter()
        .map(|row| row.into_domain(connection))
        .collect()
}

/// Returns suggestions, the newest first, after the place given, one more than asked for where more follow.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn page(
    connection: &mut Connection,
    after: Option<i64>,
    limit: usize,
) -> Result<Vec<AdminSuggestion>> {
    let rows = admin_suggestions::table
        .filter(admin_suggestions::sequence.lt(after.unwrap_or(i64::MAX)))
        .order(admin_suggestions::sequence.desc())
        .limit(one_more(limit))
        .load(&mut connection.database)
        .map_err(failed("listing the suggestions of the programme"))?;
    into_domain(connection, rows)
}

/// One more than asked for tells whether more follow.
fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1
}

/// The same of those for a site, without those with a site that it excludes.
///
/// # Errors
///
/// As [`page`].
pub fn page_of(
    connection: &mut Connection,
    code: OdsCode,
    after: Option<i64>,
    limit: usize,
) -> Result<Vec<AdminSuggestion>> {
    let excluded: Vec<String> = exclusions::table
        .filter(exclusions::ods_code.eq(code.as_str()))
        .select(exclusions::excluded)
        .load(&mut connection.database)
        .map_err(failed("reading whom a site excludes"))?;
    let (a, b) = (admin_suggestions::a_code, admin_suggestions::b_code);
    let rows = admin_suggestions::table
        .filter(
            a.eq(code.as_str())
                .and(b.ne_all(excluded.clone()))
                .or(b.eq(code.as_str()).and(a.ne_all(excluded))),
        )
        .filter(admin_suggestions::sequence.lt(after.unwrap_or(i64::MAX)))
        .order(admin_suggestions::sequence.desc())
        .limit(one_more(limit))
        .load(&mut connection.database)
        .map_err(failed("listing the suggestions for a site"))?;
    into_domain(connection, rows)
}

/// Returns a suggestion.
///
/// # Errors
///
/// [`Error::Missing`] where there is none of this id; those of [`page`].
pub fn find(connection: &mut Connection, id: &str) -> Result<AdminSuggestion> {
    let row: Option<SuggestionRow> = admin_suggestions::table
        .find(id)
        .first(&mut connection.database)
        .optional()
        .map_err(failed("reading a suggestion of the programme"))?;
    row.ok_or_else(|| missing(id))?.into_domain(connection)
}

fn missing(id: &str) -> Error {
    Error::Missing {
        what: WHAT,
        id: id.to_owned(),
    }
}

/// The same, for one of the two sites; to others, and to one that excludes the other, there is no such suggestion.
///
/// # Errors
///
/// As [`find`].
pub fn find_for(connection: &mut Connection, code: OdsCode, id: &str) -> Result<AdminSuggestion> {
    let suggestion = find(connection, id)?;
    let other = suggestion.other(code).ok_or_else(|| missing(id))?;
    if crate::storage::exclusions::excludes(connection, code, other)? {
        return Err(missing(id));
    }
    Ok(suggestion)
}

/// Returns the open suggestion of a pair.
///
/// # Errors
///
/// As [`page`].
pub fn open_of_pair(
    connection: &mut Connection,
    (one, other): (OdsCode, OdsCode),
) -> Result<Option<AdminSuggestion>> {
    let row: Option<SuggestionRow> = admin_suggestions::table
        .filter(admin_suggestions::a_code.eq(one.min(other).as_str()))
        .filter(admin_suggestions::b_code.eq(one.max(other).as_str()))
        .filter(admin_suggestions::state.eq(AdminSuggestionState::Open.as_str()))
        .first(&mut connection.database)
        .optional()
        .map_err(failed("looking for an open suggestion"))?;
    row.map(|row| row.into_domain(connection)).transpose()
}

/// Adds a suggestion at the end of the order in which they were made, whatever its `sequence` says, and returns it as it is kept.
///
/// # Errors
///
/// Those of [`page`].
pub fn add(connection: &mut Connection, suggestion: AdminSuggestion) -> Result<AdminSuggestion> {
    let last: Option<i64> = admin_suggestions::table
        .select(diesel::dsl::max(admin_suggestions::sequence))
        .first(&mut connection.database)
        .map_err(failed("reading the last suggestion"))?;
    let suggestion = AdminSuggestion {
        sequence: last.unwrap_or(0) + 1,
        ..suggestion
    };
    let sealed = sealed::hide(connection, place(&suggestion.id), Some(&suggestion.reason))?;
    let row = (
        admin_suggestions::id.eq(suggestion.id.clone()),
        admin_suggestions::sequence.eq(suggestion.sequence),
        admin_suggestions::a_code.eq(suggestion.ends.0.to_string()),
        admin_suggestions::b_code.eq(suggestion.ends.1.to_string()),
        admin_suggestions::state.eq(suggestion.state.as_str()),
        admin_suggestions::sealed_reason.eq(sealed.unwrap_or_default()),
        admin_suggestions::programme.eq(suggestion.programme.as_ref().map(ToString::to_string)),
        admin_suggestions::created_at.eq(suggestion.created_at.naive_utc().trunc_subsecs(6)),
        admin_suggestions::created_by.eq(suggestion.created_by.clone()),
        admin_suggestions::version.eq(number(suggestion.version)?),
    );
    each_backend!(connection, c => diesel::insert_into(admin_suggestions::table).values(row).execute(c))
        .map_err(failed("adding a suggestion of the programme"))?;
    Ok(suggestion)
}

fn number(version: Version) -> Result<i64> {
    i64::try_from(version.0).map_err(|fault| Error::Internal("raising a version", fault.into()))
}

/// Puts a suggestion into another state, and returns it as it is then.
///
/// # Errors
///
/// Those of [`page`].
pub fn set_state(
    connection: &mut Connection,
    suggestion: &AdminSuggestion,
    state: AdminSuggestionState,
) -> Result<AdminSuggestion> {
    let version = Version(suggestion.version.0 + 1);
    diesel::update(admin_suggestions::table.find(&suggestion.id))
        .set((
            admin_suggestions::state.eq(state.as_str()),
            admin_suggestions::version.eq(number(version)?),
        ))
        .execute(&mut connection.database)
        .map_err(failed("changing a suggestion of the programme"))?;
    Ok(AdminSuggestion {
        state,
        version,
        ..suggestion.clone()
    })
}

type AnswerRow = (String, bool, NaiveDateTime, i64);

/// Returns what a site said to each of these suggestions to which it said something.
///
/// # Errors
///
/// As [`page`].
pub fn answers_of(
    connection: &mut Connection,
    code: OdsCode,
    ids: &[&str],
) -> Result<BTreeMap<String, SiteAnswer>> {
    let rows: Vec<AnswerRow> = admin_suggestion_answers::table
        .filter(admin_suggestion_answers::ods_code.eq(code.as_str()))
        .filter(admin_suggestion_answers::suggestion_id.eq_any(ids))
        .select((
            admin_suggestion_answers::suggestion_id,
            admin_suggestion_answers::interested,
            admin_suggestion_answers::answered_at,
            admin_suggestion_answers::version,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading what a site said to suggestions"))?;
    rows.into_iter()
        .map(|(id, interested, answered_at, version)| {
            let key = [id.as_str(), code.as_str()];
            let row = Stored::new("admin_suggestion_answers", &key);
            let answer = SiteAnswer {
                interested,
                answered_at: answered_at.and_utc(),
                version: u64::try_from(version)
                    .map(Version)
                    .map_err(|fault| row.corrupt(fault))?,
            };
            Ok((id, answer))
        })
        .collect()
}

/// Returns what a site said to a suggestion.
///
/// # Errors
///
/// As [`page`].
pub fn answer_of(
    connection: &mut Connection,
    code: OdsCode,
    id: &str,
) -> Result<Option<SiteAnswer>> {
    Ok(answers_of(connection, code, &[id])?.remove(id))
}

/// Keeps what a site says to a suggestion, in the place of what it said before.
///
/// # Errors
///
/// Those of [`page`].
pub fn put_answer(
    connection: &mut Connection,
    code: OdsCode,
    id: &str,
    answer: SiteAnswer,
) -> Result<()> {
    let row = (
        admin_suggestion_answers::interested.eq(answer.interested),
        admin_suggestion_answers::answered_at.eq(answer.answered_at.naive_utc().trunc_subsecs(6)),
        admin_suggestion_answers::version.eq(number(answer.version)?),
    );
    let key = (
        admin_suggestion_answers::suggestion_id.eq(id),
        admin_suggestion_answers::ods_code.eq(code.as_str()),
    );
    each_backend!(connection, c => {
        diesel::insert_into(admin_suggestion_answers::table)
            .values((key, row))
            .on_conflict((
                admin_suggestion_answers::suggestion_id,
                admin_suggestion_answers::ods_code,
            ))
            .do_update()
            .set(row)
            .execute(c)
    })
    .map_err(failed("keeping what a site said to a suggestion"))?;
    Ok(())
}

/// A suggestion as the audit keeps it: without the admin's words, and without its version, from which a site could tell that the
/// other answered.
#[must_use]
pub fn json_of(suggestion: &AdminSuggestion) -> Value {
    json!({
        "between": [suggestion.ends.0.as_str(), suggestion.ends.1.as_str()],
        "state": suggestion.state.as_str(),
        "programme": suggestion.programme.as_ref().map(|slug| slug.as_str()),
    })
}
