//! Who can show something on a topic, as far as each of them lets others see it.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::blueprint::Blueprint;
use crate::domain::core_system::CoreSystem;
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::profile::{Topic, TopicInterest, TopicStage};
use crate::storage::blueprints::BlueprintRow;
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::fact::{CoreSystemRow, TopicInterestRow};
use crate::storage::rows::searchable;
use crate::storage::schema::{
    blueprints, core_systems, organisation_topics, organisations, visibility,
};
use crate::storage::topics;

/// An active organisation that can show something on a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    /// Who.
    pub ods_code: OdsCode,
    /// Its name.
    pub name: String,
    /// What it can show: what it stated, or what its blueprints stand for.
    pub shown: TopicInterest,
    /// Its blueprints on the topic, by id.
    pub blueprints: Vec<Blueprint>,
    /// Its present systems that the question named; empty where it named none.
    pub systems: Vec<CoreSystem>,
}

/// Returns the topic and the active organisations that can show something on it, by code. Those that keep their expertise to
/// themselves are left out, but for the one that asks; where a system is named, so are those that do not run it.
///
/// # Errors
///
/// [`Error::Missing`] where there is no such topic; [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn holders(
    connection: &mut Connection,
    topic: &Slug,
    system: Option<&str>,
    asker: Option<OdsCode>,
) -> Result<(Topic, Vec<Holder>)> {
    let known = topics::find(connection, topic)?.ok_or_else(|| Error::Missing {
        what: "topic",
        id: topic.to_string(),
    })?;
    let mut accounts: BTreeMap<OdsCode, Vec<Blueprint>> = BTreeMap::new();
    for row in blueprints::table
        .filter(blueprints::topic.eq(topic.as_str()))
        .load::<BlueprintRow>(&mut connection.database)
        .map_err(failed("reading the blueprints on a topic"))?
    {
        let blueprint = row.into_domain()?;
        accounts
            .entry(blueprint.ods_code)
            .or_default()
            .push(blueprint);
    }
    for blueprints in accounts.values_mut() {
        blueprints.sort_by(|a, b| a.id.cmp(&b.id));
    }
    let mut interests = organisation_topics::table
        .filter(organisation_topics::topic.eq(topic.as_str()))
        .load::<TopicInterestRow>(&mut connection.database)
        .map_err(failed("reading who shows a topic"))?
        .into_iter()
        .map(TopicInterestRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    let published = accounts.values().flatten().map(|blueprint| {
        let provenance = blueprint.provenance.clone();
        (blueprint.ods_code, topic.clone(), provenance)
    });
    topics::with_blueprints(&mut interests, published);
    interests.retain(|interest| {
        interest
            .stage
            .is_some_and(|stage| stage != TopicStage::Nothing)
    });
    interests.sort_by_key(|interest| interest.ods_code);
    let hidden = keeping_to_themselves(connection)?;
    let names = active_names(connection, &interests)?;
    let mut running = match system {
        None => None,
        Some(text) => Some(systems_like(connection, text, &names)?),
    };
    let mut found = Vec::new();
    for shown in interests {
        let code = shown.ods_code;
        if hidden.contains(code.as_str()) && asker != Some(code) {
            continue;
        }
        let Some(name) = names.get(&code) else {
            continue;
        };
        let systems = match &mut running {
            None => Vec::new(),
            Some(running) => match running.remove(&code) {
                None => continue,
                Some(systems) => systems,
            },
        };
        found.push(Holder {
            ods_code: code,
            name: name.clone(),
            shown,
            blueprints: accounts.remove(&code).unwrap_or_default(),
            systems,
        });
    }
    Ok((known, found))
}

/// Whether an organisation shows others what it can show; it does unless it says otherwise.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where that cannot be read.
pub fn is_shown(connection: &mut Connection, code: OdsCode) -> Result<bool> {
    Ok(!keeping_to_themselves(connection)?.contains(code.as_str()))
}

fn keeping_to_themselves(connection: &mut Connection) -> Result<BTreeSet<String>> {
    let codes: Vec<String> = visibility::table
        .filter(visibility::shows_expertise.eq(false))
        .select(visibility::ods_code)
        .load(&mut connection.database)
        .map_err(failed("reading who shows expertise"))?;
    Ok(codes.into_iter().collect())
}

/// The most codes in one statement; each is one of its values, of which SQLite takes 32,766.
const MAX_CODES: usize = 10_000;

fn active_names(
    connection: &mut Connection,
    interests: &[TopicInterest],
) -> Result<BTreeMap<OdsCode, String>> {
    let mut names = BTreeMap::new();
    for interests in interests.chunks(MAX_CODES) {
        let codes = interests.iter().map(|interest| interest.ods_code.as_str());
        let rows: Vec<(String, String)> = organisations::table
            .filter(organisations::status.eq("active"))
            .filter(organisations::ods_code.eq_any(codes.collect::<Vec<_>>()))
            .select((organisations::ods_code, organisations::name))
            .load(&mut connection.database)
            .map_err(failed("reading the names of organisations"))?;
        for (code, name) in rows {
            let key = [code.as_str()];
            names.insert(Stored::new("organisations", &key).parse(&code)?, name);
        }
    }
    Ok(names)
}

/// The present systems whose vendor or product has a text in it, by organisation.
fn systems_like(
    connection: &mut Connection,
    text: &str,
    names: &BTreeMap<OdsCode, String>,
) -> Result<BTreeMap<OdsCode, Vec<CoreSystem>>> {
    let text = searchable(text);
    let is_like = |part: Option<&String>| part.is_some_and(|part| searchable(part).contains(&text));
    let mut found: BTreeMap<OdsCode, Vec<CoreSystem>> = BTreeMap::new();
    let codes: Vec<&str> = names.keys().map(OdsCode::as_str).collect();
    for codes in codes.chunks(MAX_CODES) {
        let rows = core_systems::table
            .filter(core_systems::ods_code.eq_any(codes))
            .order(core_systems::sequence.asc())
            .load::<CoreSystemRow>(&mut connection.database)
            .map_err(failed("reading who runs a system"))?;
        for row in rows {
            let system = row.into_domain()?;
            let named = is_like(system.vendor.as_ref()) || is_like(system.product.as_ref());
            if named && system.status.is_present() {
                found.entry(system.ods_code).or_default().push(system);
            }
        }
    }
    Ok(found)
}
