//! Programmes: when they run, who is in them, and every version of their weights.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _,
};
use serde_json::{Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::programme::{
    Criterion, JoinedProgramme, Member, Programme, ProgrammeRecord, Run, WeightVersion, Weights,
};
use crate::domain::version::{Expected, Version};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{
    programme_members, programme_weight_versions, programme_weights, programmes,
};
use crate::storage::{Outcome, organisations};

/// The kind of programmes in the audit.
pub const KIND: &str = "programmes";

/// The kind of their members in the audit.
pub const MEMBER_KIND: &str = "programme_members";

/// The kind of their weights in the audit.
pub const WEIGHTS_KIND: &str = "programme_weights";

/// The most members of one programme: as many as an answer about all pairs of them is made for.
pub const MAX_MEMBERS: usize = 2_000;

#[derive(Insertable)]
#[diesel(table_name = programme_weights)]
struct WeightRow<'a> {
    programme: &'a str,
    criterion: &'a str,
    weight: f64,
}

/// Slug, name, whether it is the default one, first and last day, whether load is spread, version.
type HeadRow = (
    String,
    String,
    bool,
    Option<NaiveDate>,
    Option<NaiveDate>,
    bool,
    i64,
);
type MemberRow = (String, String, NaiveDateTime, Option<NaiveDateTime>);
type VersionRow = (i64, String, f64, Option<NaiveDateTime>, Option<String>);

/// Returns the programme whose weights hold unless somebody says otherwise.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn default(connection: &mut Connection) -> Result<Programme> {
    let (slug, name, spread_load): (String, String, bool) = programmes::table
        .filter(programmes::is_default.eq(true))
        .select((programmes::slug, programmes::name, programmes::spread_load))
        .first(&mut connection.database)
        .map_err(failed("reading the default programme"))?;
    Ok(Programme {
        weights: weights_of(connection, &slug)?,
        slug: Stored::new("programmes", &[slug.as_str()]).parse(&slug)?,
        name,
        spread_load,
    })
}

/// The weights of a programme as they are.
fn weights_of(connection: &mut Connection, slug: &str) -> Result<Weights> {
    let stored: Vec<(String, f64)> = programme_weights::table
        .filter(programme_weights::programme.eq(slug))
        .select((programme_weights::criterion, programme_weights::weight))
        .load(&mut connection.database)
        .map_err(failed("reading the weights of a programme"))?;
    let key = [slug];
    weights_from(&Stored::new("programme_weights", &key), stored)
}

fn weights_from(row: &Stored<'_>, stored: Vec<(String, f64)>) -> Result<Weights> {
    let mut weights = [0.0; Criterion::COUNT];
    for (criterion, weight) in stored {
        weights[row.parse::<Criterion>(&criterion)?.index()] = weight;
    }
    Weights::new(weights).map_err(|fault| row.corrupt(fault))
}

/// Returns every programme, by slug.
///
/// # Errors
///
/// As [`default`].
pub fn all(connection: &mut Connection) -> Result<Vec<ProgrammeRecord>> {
    let mut rows: Vec<HeadRow> = programmes::table
        .load(&mut connection.database)
        .map_err(failed("listing the programmes"))?;
    // By bytes, whatever the collation of the database.
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.into_iter()
        .map(|row| record(connection, row))
        .collect()
}

/// Returns a programme; the default one where no slug is given.
///
/// # Errors
///
/// [`Error::Missing`] where there is none of this slug; those of [`default`].
pub fn find(connection: &mut Connection, slug: Option<&Slug>) -> Result<ProgrammeRecord> {
    let row: Option<HeadRow> = match slug {
        Some(slug) => programmes::table
            .find(slug.as_str())
            .first(&mut connection.database),
        None => programmes::table
            .filter(programmes::is_default.eq(true))
            .first(&mut connection.database),
    }
    .optional()
    .map_err(failed("reading a programme"))?;
    let row = row.ok_or_else(|| Error::Missing {
        what: "programme",
        id: slug.map_or_else(String::new, Slug::to_string),
    })?;
    record(connection, row)
}

fn record(connection: &mut Connection, row: HeadRow) -> Result<ProgrammeRecord> {
    let (slug, name, is_default, starts, ends, spread_load, version) = row;
    let key = [slug.as_str()];
    let stored = Stored::new("programmes", &key);
    let number = |n: i64| u64::try_from(n).map(Version);
    Ok(ProgrammeRecord {
        programme: Programme {
            slug: stored.parse(&slug)?,
            name,
            weights: weights_of(connection, &slug)?,
            spread_load,
        },
        is_default,
        run: Run { starts, ends },
        version: number(version).map_err(|fault| stored.corrupt(fault))?,
        weights_version: number(last_version(connection, &slug)?)
            .map_err(|fault| stored.corrupt(fault))?,
    })
}

fn last_version(connection: &mut Connection, slug: &str) -> Result<i64> {
    let last: Option<i64> = programme_weight_versions::table
        .filter(programme_weight_versions::programme.eq(slug))
        .select(diesel::dsl::max(programme_weight_versions::version))
        .first(&mut connection.database)
        .map_err(failed("reading the version of weights"))?;
    Ok(last.unwrap_or(0))
}

/// Makes this the default programme, with exactly these weights; one of the same slug is replaced.
///
/// # Errors
///
/// As [`default`].
pub fn set_default(connection: &mut Connection, programme: &Programme) -> Result<()> {
    let slug = programme.slug.as_str();
    each_backend!(connection, c => {
        diesel::update(programmes::table)
            .set(programmes::is_default.eq(false))
            .execute(c)
            .and_then(|_| diesel::delete(programmes::table.filter(programmes::slug.eq(slug))).execute(c))
            .and_then(|_| {
                diesel::insert_into(programmes::table)
                    .values((
                        programmes::slug.eq(slug),
                        programmes::name.eq(&programme.name),
                        programmes::is_default.eq(true),
                        programmes::spread_load.eq(programme.spread_load),
                    ))
                    .execute(c)
            })
    })
    .map_err(failed("setting the default programme"))?;
    put_weights(connection, programme, None)
}

/// Puts weights in the place of a programme's and keeps them as its next version; who gave them and when, where that is known.
fn put_weights(
    connection: &mut Connection,
    programme: &Programme,
    given: Option<(&str, DateTime<Utc>)>,
) -> Result<()> {
    let slug = programme.slug.as_str();
    let version = last_version(connection, slug)? + 1;
    let (by, at) = given.unzip();
    let at = at.map(|at| at.naive_utc().trunc_subsecs(6));
    let weighed = |&criterion: &Criterion| (criterion.as_str(), programme.weights.of(criterion));
    let weights: Vec<_> = Criterion::ALL
        .iter()
        .map(weighed)
        .map(|(criterion, weight)| WeightRow {
            programme: slug,
            criterion,
            weight,
        })
        .collect();
    let versions: Vec<_> = Criterion::ALL
        .iter()
        .map(weighed)
        .map(|(criterion, weight)| {
            (
                programme_weight_versions::programme.eq(slug),
                programme_weight_versions::version.eq(version),
                programme_weight_versions::criterion.eq(criterion),
                programme_weight_versions::weight.eq(weight),
                programme_weight_versions::changed_at.eq(at),
                programme_weight_versions::changed_by.eq(by),
            )
        })
        .collect();
    each_backend!(connection, c => {
        diesel::delete(programme_weights::table.filter(programme_weights::programme.eq(slug)))
            .execute(c)
            .and_then(|_| diesel::insert_into(programme_weights::table).values(&weights).execute(c))
            .and_then(|_| diesel::insert_into(programme_weight_versions::table).values(&versions).execute(c))
    })
    .map_err(failed("storing the weights of a programme"))?;
    Ok(())
}

/// Adds a programme that sites join; its weights are the first version of them.
///
/// # Errors
///
/// As [`default`].
pub fn add(
    connection: &mut Connection,
    programme: &Programme,
    run: Run,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    add_head(connection, programme, run)?;
    put_weights(connection, programme, Some((by, at)))
}

fn add_head(connection: &mut Connection, programme: &Programme, run: Run) -> Result<()> {
    let row = (
        programmes::slug.eq(programme.slug.as_str()),
        programmes::name.eq(&programme.name),
        programmes::is_default.eq(false),
        programmes::starts.eq(run.starts),
        programmes::ends.eq(run.ends),
        programmes::spread_load.eq(programme.spread_load),
    );
    each_backend!(connection, c => diesel::insert_into(programmes::table).values(row).execute(c))
        .map_err(failed("adding a programme"))?;
    Ok(())
}

/// Names a programme anew and says anew when it runs and whether it spreads exposure, from a version that the caller has seen; returns what it was and what it
/// is.
///
/// # Errors
///
/// [`Error::Stale`] where it is of another version than expected; [`Error::Invalid`] where the default one is given days; those of
/// [`find`].
pub fn change(
    connection: &mut Connection,
    slug: &Slug,
    (name, run, spread_load): (String, Run, bool),
    expected: &Expected,
) -> Result<Outcome<(ProgrammeRecord, ProgrammeRecord)>> {
    let before = find(connection, Some(slug))?;
    if !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    if before.is_default && run != Run::default() {
        return Err(Error::invalid(
            "/starts",
            "the default programme has no first and no last day",
        ));
    }
    let old = &before.programme;
    if old.name == name && before.run == run && old.spread_load == spread_load {
        return Ok(Outcome::Unchanged((before.clone(), before)));
    }
    let mut after = before.clone();
    (after.programme.name, after.run) = (name, run);
    after.programme.spread_load = spread_load;
    after.version = Version(before.version.0 + 1);
    let version = i64::try_from(after.version.0)
        .map_err(|fault| Error::Internal("raising a version", fault.into()))?;
    diesel::update(programmes::table.find(slug.as_str()))
        .set((
            programmes::name.eq(&after.programme.name),
            programmes::starts.eq(run.starts),
            programmes::ends.eq(run.ends),
            programmes::spread_load.eq(spread_load),
            programmes::version.eq(version),
        ))
        .execute(&mut connection.database)
        .map_err(failed("changing a programme"))?;
    Ok(Outcome::Changed((before, after)))
}

/// Gives a programme (the default one where no slug is given) other weights, from a version of them that the caller has seen;
/// returns what it was and what it is. Every version is kept, and what was made with an earlier one keeps what it saw.
///
/// # Errors
///
/// [`Error::Stale`] where they are of another version than expected; those of [`find`].
pub fn set_weights(
    connection: &mut Connection,
    slug: Option<&Slug>,
    weights: Weights,
    expected: &Expected,
    (by, at): (&str, DateTime<Utc>),
) -> Result<Outcome<(ProgrammeRecord, ProgrammeRecord)>> {
    let before = find(connection, slug)?;
    if !expected.allows(before.weights_version) {
        return Err(Error::Stale);
    }
    if before.programme.weights == weights {
        return Ok(Outcome::Unchanged((before.clone(), before)));
    }
    let mut after = before.clone();
    after.programme.weights = weights;
    after.weights_version = Version(before.weights_version.0 + 1);
    put_weights(connection, &after.programme, Some((by, at)))?;
    Ok(Outcome::Changed((before, after)))
}

/// Returns every version of a programme's weights, the newest first.
///
/// # Errors
///
/// Those of [`find`].
pub fn weight_versions(connection: &mut Connection, slug: &Slug) -> Result<Vec<WeightVersion>> {
    find(connection, Some(slug))?;
    let rows: Vec<VersionRow> = programme_weight_versions::table
        .filter(programme_weight_versions::programme.eq(slug.as_str()))
        .select((
            programme_weight_versions::version,
            programme_weight_versions::criterion,
            programme_weight_versions::weight,
            programme_weight_versions::changed_at,
            programme_weight_versions::changed_by,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading the versions of weights"))?;
    let key = [slug.as_str()];
    let stored = Stored::new("programme_weight_versions", &key);
    type Found = (Vec<(String, f64)>, Option<NaiveDateTime>, Option<String>);
    let mut by_version: BTreeMap<i64, Found> = BTreeMap::new();
    for (version, criterion, weight, at, by) in rows {
        let found = by_version.entry(version).or_default();
        found.0.push((criterion, weight));
        (found.1, found.2) = (at, by);
    }
    let versions = by_version.into_iter().rev();
    versions
        .map(|(version, (weights, at, by))| {
            Ok(WeightVersion {
                version: u64::try_from(version)
                    .map(Version)
                    .map_err(|fault| stored.corrupt(fault))?,
                weights: weights_from(&stored, weights)?,
                changed_at: at.map(|at| at.and_utc()),
                changed_by: by,
            })
        })
        .collect()
}

/// Returns everybody who is or was in a programme, by code.
///
/// # Errors
///
/// Those of [`find`].
pub fn members(connection: &mut Connection, slug: &Slug) -> Result<Vec<Member>> {
    find(connection, Some(slug))?;
    let rows: Vec<MemberRow> = programme_members::table
        .filter(programme_members::programme.eq(slug.as_str()))
        .load(&mut connection.database)
        .map_err(failed("reading the members of a programme"))?;
    let mut members = rows.into_iter().map(member).collect::<Result<Vec<_>>>()?;
    members.sort_by_key(|member| member.ods_code);
    Ok(members)
}

fn member((programme, code, joined, departed): MemberRow) -> Result<Member> {
    let key = [programme.as_str(), code.as_str()];
    Ok(Member {
        ods_code: Stored::new("programme_members", &key).parse(&code)?,
        joined: joined.and_utc(),
        departed: departed.map(|at| at.and_utc()),
    })
}

/// Puts an organisation into a programme, and returns what its membership was and what it is; it stays as it is where the
/// organisation is in it already.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Conflict`] for the default programme, which nobody joins, and where the programme
/// has [`MAX_MEMBERS`] already; those of [`find`].
pub fn join(
    connection: &mut Connection,
    (slug, code): (&Slug, OdsCode),
    at: DateTime<Utc>,
) -> Result<Outcome<(Option<Member>, Member)>> {
    organisations::require(connection, code)?;
    if find(connection, Some(slug))?.is_default {
        return Err(Error::Conflict {
            rule: "/problems/default-programme",
            detail: "Nobody joins the default programme: it is that of whoever is in no other."
                .to_owned(),
        });
    }
    let members = members(connection, slug)?;
    let before = members
        .iter()
        .find(|member| member.ods_code == code)
        .copied();
    if let Some(held) = before.filter(|held| held.departed.is_none()) {
        return Ok(Outcome::Unchanged((before, held)));
    }
    let present = members.iter().filter(|member| member.departed.is_none());
    if present.count() >= MAX_MEMBERS {
        return Err(Error::Conflict {
            rule: "/problems/too-many-members",
            detail: format!("A programme has at most {MAX_MEMBERS} members."),
        });
    }
    let after = Member {
        ods_code: code,
        joined: at,
        departed: None,
    };
    put_member(connection, slug, after)?;
    Ok(Outcome::Changed((before, after)))
}

/// Takes an organisation out of a programme, where it stays as a member of the past; returns what its membership was and what
/// it is.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Missing`] where it is not in it; those of [`find`].
pub fn leave(
    connection: &mut Connection,
    (slug, code): (&Slug, OdsCode),
    at: DateTime<Utc>,
) -> Result<(Member, Member)> {
    organisations::require(connection, code)?;
    let members = members(connection, slug)?;
    let before = members
        .into_iter()
        .find(|member| member.ods_code == code && member.departed.is_none())
        .ok_or_else(|| Error::Missing {
            what: "member of the programme",
            id: code.to_string(),
        })?;
    let after = Member {
        // A clock that was put back does not make an organisation leave before it came.
        departed: Some(at.max(before.joined)),
        ..before
    };
    put_member(connection, slug, after)?;
    Ok((before, after))
}

fn put_member(connection: &mut Connection, slug: &Slug, member: Member) -> Result<()> {
    let time = |at: DateTime<Utc>| at.naive_utc().trunc_subsecs(6);
    let key = (
        programme_members::programme.eq(slug.as_str()),
        programme_members::ods_code.eq(member.ods_code.as_str()),
    );
    let row = (
        programme_members::joined.eq(time(member.joined)),
        programme_members::departed.eq(member.departed.map(time)),
    );
    each_backend!(connection, c => {
        diesel::insert_into(programme_members::table)
            .values((key, row))
            .on_conflict((programme_members::programme, programme_members::ods_code))
            .do_update()
            .set(row)
            .execute(c)
    })
    .map_err(failed("keeping a member of a programme"))?;
    Ok(())
}

/// Returns the programmes that sites join, by slug, with their members: what scoring needs.
pub(super) fn joined(connection: &mut Connection) -> Result<Vec<JoinedProgramme>> {
    let rows: Vec<MemberRow> = programme_members::table
        .load(&mut connection.database)
        .map_err(failed("reading who is in which programme"))?;
    let mut by_programme: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for row in rows {
        let programme = row.0.clone();
        by_programme
            .entry(programme)
            .or_default()
            .push(member(row)?);
    }
    let programmes = all(connection)?.into_iter().filter(|p| !p.is_default);
    Ok(programmes
        .map(|record| JoinedProgramme {
            members: by_programme
                .remove(record.programme.slug.as_str())
                .unwrap_or_default(),
            programme: record.programme,
            run: record.run,
        })
        .collect())
}

/// Stores programmes that sites join, with their members, into a database that has none of their slugs.
pub(super) fn add_joined(
    connection: &mut Connection,
    programmes: &[JoinedProgramme],
) -> Result<()> {
    for joined in programmes {
        add_head(connection, &joined.programme, joined.run)?;
        put_weights(connection, &joined.programme, None)?;
        for &member in &joined.members {
            put_member(connection, &joined.programme.slug, member)?;
        }
    }
    Ok(())
}

/// A programme as the audit keeps it.
#[must_use]
pub fn json_of(record: &ProgrammeRecord) -> Value {
    json!({
        "name": record.programme.name,
        "starts": record.run.starts,
        "ends": record.run.ends,
        "spreadLoad": record.programme.spread_load,
        "version": record.version.0,
    })
}

/// The weights of a programme as the audit keeps them.
#[must_use]
pub fn weights_json(record: &ProgrammeRecord) -> Value {
    let weights = record.programme.weights;
    let named = |&criterion: &Criterion| (criterion.to_string(), json!(weights.of(criterion)));
    json!({
        "version": record.weights_version.0,
        "weights": Value::Object(Criterion::ALL.iter().map(named).collect()),
    })
}

/// A membership as the audit keeps it.
#[must_use]
pub fn member_json(member: &Member) -> Value {
    json!({ "joined": member.joined, "departed": member.departed })
}
