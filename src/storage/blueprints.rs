//! Blueprints: published accounts of doing something, by the organisations that did it.

use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _,
};
use serde_json::{Value, json};

use crate::domain::blueprint::{Blueprint, MAX_BLUEPRINTS, WebAddress};
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::provenance::Provenance;
use crate::domain::version::{Expected, Version};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::facts::{self, DisplacedBy, Slot};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::as_of;
use crate::storage::schema::blueprints;

/// The kind of these facts in the history and in the audit.
pub const KIND: &str = "blueprints";

#[derive(Queryable, Insertable)]
#[diesel(table_name = blueprints, treat_none_as_default_value = false)]
pub(super) struct BlueprintRow {
    id: String,
    ods_code: String,
    topic: String,
    title: String,
    url: String,
    contact_role: Option<String>,
    published: Option<String>,
    origin: String,
    source: String,
    as_of: Option<String>,
    version: i64,
}

impl BlueprintRow {
    fn new(blueprint: &Blueprint) -> Result<Self> {
        let key = [blueprint.id.as_str()];
        let row = Stored::new("blueprints", &key);
        Ok(Self {
            id: blueprint.id.clone(),
            ods_code: blueprint.ods_code.to_string(),
            topic: blueprint.topic.to_string(),
            title: blueprint.title.clone(),
            url: blueprint.url.to_string(),
            contact_role: blueprint.contact_role.clone(),
            published: blueprint.published.map(|date| date.to_string()),
            origin: blueprint.provenance.voice.to_string(),
            source: blueprint.provenance.source.clone(),
            as_of: as_of(&blueprint.provenance),
            version: i64::try_from(blueprint.version.0).map_err(|fault| row.corrupt(fault))?,
        })
    }

    pub(super) fn into_domain(self) -> Result<Blueprint> {
        let key = [self.id.as_str()];
        let row = Stored::new("blueprints", &key);
        Ok(Blueprint {
            ods_code: row.parse(&self.ods_code)?,
            topic: row.parse(&self.topic)?,
            title: self.title,
            url: WebAddress::stored(self.url),
            contact_role: self.contact_role,
            published: row.parse_some(self.published.as_deref())?,
            provenance: row.provenance(self.source, self.as_of.as_deref(), &self.origin)?,
            version: u64::try_from(self.version)
                .map(Version)
                .map_err(|fault| row.corrupt(fault))?,
            id: self.id.clone(),
        })
    }
}

/// Returns an organisation's blueprints, by topic and id.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<Vec<Blueprint>> {
    let rows = blueprints::table
        .filter(blueprints::ods_code.eq(code.as_str()))
        .load::<BlueprintRow>(&mut connection.database)
        .map_err(failed("reading the blueprints of an organisation"))?;
    let mut found = rows
        .into_iter()
        .map(BlueprintRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| (&a.topic, &a.id).cmp(&(&b.topic, &b.id)));
    Ok(found)
}

/// Returns one of an organisation's blueprints.
///
/// # Errors
///
/// [`Error::Missing`] where it has none of this id; those of [`of`].
pub fn find(connection: &mut Connection, code: OdsCode, id: &str) -> Result<Blueprint> {
    blueprints::table
        .find(id)
        .filter(blueprints::ods_code.eq(code.as_str()))
        .first::<BlueprintRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading a blueprint"))?
        .ok_or_else(|| Error::Missing {
            what: "blueprint",
            id: id.to_owned(),
        })?
        .into_domain()
}

/// Whose blueprint is about what, and where that is from, in the order in which they are listed: what scoring needs.
///
/// # Errors
///
/// As [`of`].
pub(super) fn published(connection: &mut Connection) -> Result<Vec<(OdsCode, Slug, Provenance)>> {
    let rows = blueprints::table
        .load::<BlueprintRow>(&mut connection.database)
        .map_err(failed("reading the blueprints"))?;
    let mut found = rows
        .into_iter()
        .map(BlueprintRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| (a.ods_code, &a.topic, &a.id).cmp(&(b.ods_code, &b.topic, &b.id)));
    let facts = found
        .into_iter()
        .map(|blueprint| (blueprint.ods_code, blueprint.topic, blueprint.provenance));
    Ok(facts.collect())
}

/// Adds a blueprint.
///
/// # Errors
///
/// [`Error::Conflict`] where the organisation has [`MAX_BLUEPRINTS`] already, or one of the same topic and address; those of
/// [`of`].
pub fn add(connection: &mut Connection, blueprint: &Blueprint) -> Result<()> {
    let known = of(connection, blueprint.ods_code)?;
    if known.len() >= MAX_BLUEPRINTS {
        return Err(Error::Conflict {
            rule: "/problems/too-many-blueprints",
            detail: format!("There are {MAX_BLUEPRINTS} blueprints already; delete one first."),
        });
    }
    no_twin(&known, blueprint)?;
    let row = BlueprintRow::new(blueprint)?;
    each_backend!(connection, c => diesel::insert_into(blueprints::table).values(row).execute(c))
        .map_err(failed("adding a blueprint"))?;
    Ok(())
}

fn no_twin(known: &[Blueprint], blueprint: &Blueprint) -> Result<()> {
    let twin = known.iter().find(|other| {
        other.id != blueprint.id && other.topic == blueprint.topic && other.url == blueprint.url
    });
    match twin {
        None => Ok(()),
        Some(twin) => Err(Error::Conflict {
            rule: "/problems/blueprint-exists",
            detail: format!(
                "Blueprint {} has the same topic and the same address.",
                twin.id
            ),
        }),
    }
}

/// Puts a blueprint in the place of the one with its id, which is kept in the history, and returns both: what it was, and
/// what it is with its new version.
///
/// # Errors
///
/// [`Error::Stale`] where it is of another version than expected; [`Error::Conflict`] as in [`add`]; those of [`find`].
pub fn replace(
    connection: &mut Connection,
    mut blueprint: Blueprint,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<(Blueprint, Blueprint)> {
    let before = taken_out(connection, (blueprint.ods_code, &blueprint.id), expected, {
        DisplacedAt(DisplacedBy::Word(blueprint.provenance.voice), at)
    })?;
    let known = of(connection, blueprint.ods_code)?;
    no_twin(&known, &blueprint)?;
    blueprint.version = Version(before.version.0 + 1);
    let row = BlueprintRow::new(&blueprint)?;
    each_backend!(connection, c => diesel::insert_into(blueprints::table).values(row).execute(c))
        .map_err(failed("replacing a blueprint"))?;
    Ok((before, blueprint))
}

/// Removes a blueprint, which is kept in the history, and returns it.
///
/// # Errors
///
/// As [`replace`].
pub fn remove(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Blueprint> {
    let displaced = DisplacedAt(DisplacedBy::Withdrawal, at);
    taken_out(connection, (code, id), expected, displaced)
}

struct DisplacedAt(DisplacedBy, DateTime<Utc>);

fn taken_out(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    expected: &Expected,
    DisplacedAt(by, at): DisplacedAt,
) -> Result<Blueprint> {
    let before = find(connection, code, id)?;
    if !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    let slot = Slot {
        ods_code: code,
        kind: KIND,
        key: id,
    };
    let voice = before.provenance.voice;
    facts::remember(connection, slot, voice, &json_of(&before), by, at)?;
    diesel::delete(blueprints::table.find(id))
        .execute(&mut connection.database)
        .map_err(failed("removing a blueprint"))?;
    Ok(before)
}

/// A blueprint as the history and the audit keep it.
#[must_use]
pub fn json_of(blueprint: &Blueprint) -> Value {
    json!({
        "id": blueprint.id,
        "topic": blueprint.topic.as_str(),
        "title": blueprint.title,
        "url": blueprint.url.as_str(),
        "contactRole": blueprint.contact_role,
        "publishedOn": blueprint.published.map(|date| date.to_string()),
        "source": blueprint.provenance.source,
        "asOf": blueprint.provenance.as_of.map(|date| date.to_string()),
    })
}
