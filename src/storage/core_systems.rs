//! The core systems of organisations, a module at a time: whoever speaks of a module gives the whole list of its systems.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::core_system::{CoreSystem, Module};
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::provenance::{Provenance, Voice};
use crate::domain::version::{Expected, ProfilePart, Version};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::facts::{self, PastFact, Slot, Stated, Withdrawn, Word};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::ContentIds;
use crate::storage::rows::fact::CoreSystemRow;
use crate::storage::schema::core_systems;
use crate::storage::{Outcome, organisations, versions};

/// The kind of these facts in the history and in the audit.
const KIND: &str = "core_systems";

/// The most rows of one statement; see `register::insert`.
const MAX_ROWS: usize = 900;

/// What is said of one module.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleRecord {
    /// Which module.
    pub module: Module,
    /// The word that holds: whose, and its systems in the order given; `None` where nothing is recorded.
    pub held: Option<(Voice, Vec<CoreSystem>)>,
    /// The words that it displaced and that still stand, in the order in which they were displaced.
    pub displaced: Vec<DisplacedSystems>,
}

/// A word on a module that a stronger one displaced.
#[derive(Clone, Debug, PartialEq)]
pub struct DisplacedSystems {
    /// Whose word it is.
    pub voice: Voice,
    /// What it says.
    pub systems: Vec<CoreSystem>,
    /// Since when it does not hold.
    pub displaced_at: DateTime<Utc>,
}

/// One system as the history and the audit keep it; the fields are those of the interface.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct SystemWord {
    vendor: Option<String>,
    product: Option<String>,
    version: Option<String>,
    status: String,
    live_on: Option<String>,
    ended_on: Option<String>,
    source: String,
    as_of: Option<String>,
}

impl From<&CoreSystem> for SystemWord {
    fn from(system: &CoreSystem) -> Self {
        Self {
            vendor: system.vendor.clone(),
            product: system.product.clone(),
            version: system.version.clone(),
            status: system.status.to_string(),
            live_on: system.live.map(|date| date.to_string()),
            ended_on: system.ended.map(|date| date.to_string()),
            source: system.provenance.source.clone(),
            as_of: system.provenance.as_of.map(|date| date.to_string()),
        }
    }
}

/// What is said of a module, as the history keeps it.
#[derive(Deserialize, Serialize)]
struct ModuleWord {
    systems: Vec<SystemWord>,
}

fn word_of(voice: Voice, systems: &[CoreSystem]) -> Result<Word> {
    let systems = systems.iter().map(Into::into).collect();
    let fact = serde_json::to_value(ModuleWord { systems })
        .map_err(|fault| Error::Internal("writing core systems", fault.into()))?;
    Ok(Word { voice, fact })
}

/// The word that holds on a module; `None` where nothing is recorded.
fn held_word(connection: &mut Connection, code: OdsCode, module: Module) -> Result<Option<Word>> {
    let systems = held(connection, code, module)?;
    let voice = systems.first().map(|system| system.provenance.voice);
    voice.map(|voice| word_of(voice, &systems)).transpose()
}

/// The systems that a word of the history speaks of.
fn systems_in(code: OdsCode, module: Module, past: &PastFact) -> Result<Vec<CoreSystem>> {
    let sequence = past.sequence.to_string();
    let key = [sequence.as_str()];
    let row = Stored::new("past_facts", &key);
    let word = ModuleWord::deserialize(&past.fact).map_err(|fault| row.corrupt(fault))?;
    word.systems
        .into_iter()
        .map(|system| {
            Ok(CoreSystem {
                ods_code: code,
                module,
                vendor: system.vendor,
                product: system.product,
                version: system.version,
                status: row.parse(&system.status)?,
                live: row.parse_some(system.live_on.as_deref())?,
                ended: row.parse_some(system.ended_on.as_deref())?,
                provenance: Provenance {
                    source: system.source,
                    as_of: row.parse_some(system.as_of.as_deref())?,
                    voice: past.voice,
                },
            })
        })
        .collect()
}

const fn slot(code: OdsCode, module: Module) -> Slot<'static> {
    Slot {
        ods_code: code,
        kind: KIND,
        key: module.as_str(),
    }
}

/// The systems of one module, in the order given.
fn held(connection: &mut Connection, code: OdsCode, module: Module) -> Result<Vec<CoreSystem>> {
    core_systems::table
        .filter(core_systems::ods_code.eq(code.as_str()))
        .filter(core_systems::module.eq(module.as_str()))
        .order(core_systems::sequence.asc())
        .load::<CoreSystemRow>(&mut connection.database)
        .map_err(failed("reading the core systems of a module"))?
        .into_iter()
        .map(CoreSystemRow::into_domain)
        .collect()
}

/// Puts these systems in the place of all of the module.
fn put(
    connection: &mut Connection,
    code: OdsCode,
    module: Module,
    systems: &[CoreSystem],
) -> Result<()> {
    diesel::delete(
        core_systems::table
            .filter(core_systems::ods_code.eq(code.as_str()))
            .filter(core_systems::module.eq(module.as_str())),
    )
    .execute(&mut connection.database)
    .map_err(failed("replacing core systems"))?;
    insert(connection, systems)
}

/// Stores the systems of a module of which nothing is recorded. Their order is kept by numbers that count within the module.
fn insert(connection: &mut Connection, systems: &[CoreSystem]) -> Result<()> {
    let mut ids = ContentIds::of(KIND);
    let rows: Vec<CoreSystemRow> = (1..)
        .zip(systems)
        .map(|(n, system)| CoreSystemRow::new(system, n, &mut ids))
        .collect();
    for rows in rows.chunks(MAX_ROWS) {
        each_backend!(connection, c => diesel::insert_into(core_systems::table).values(rows).execute(c))
            .map_err(failed("storing core systems"))?;
    }
    Ok(())
}

/// States all systems of a module of an organisation, or its known absence: the word holds unless a stronger one does, under
/// which it then stands. Whose and of which module they are is as the arguments say, whatever the systems say.
///
/// Call it only inside a writing transaction, for an organisation that exists. The version of the part and the audit are
/// left to the caller: [`change`] sees to both for a site, an import raises the version with [`Expected::Any`].
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where it cannot be stored.
pub fn state(
    connection: &mut Connection,
    code: OdsCode,
    module: Module,
    systems: &[CoreSystem],
    voice: Voice,
    at: DateTime<Utc>,
) -> Result<Stated> {
    let mut said = systems.to_vec();
    for system in &mut said {
        system.ods_code = code;
        system.module = module;
        system.provenance.voice = voice;
    }
    let held = held_word(connection, code, module)?;
    let word = word_of(voice, &said)?;
    let stated = facts::weigh(connection, slot(code, module), held.as_ref(), &word, at)?;
    match stated {
        Stated::Added => insert(connection, &said)?,
        Stated::Changed => put(connection, code, module, &said)?,
        Stated::Unchanged | Stated::Kept => {}
    }
    Ok(stated)
}

/// The word that holds on a module as the audit shows it; `None` where nothing is recorded.
///
/// # Errors
///
/// As [`state`].
pub fn shown(connection: &mut Connection, code: OdsCode, module: Module) -> Result<Option<Value>> {
    Ok(held_word(connection, code, module)?.map(Word::shown))
}

/// Notes in the audit what holds now, and what it was before.
///
/// # Errors
///
/// As [`state`].
pub fn note(
    connection: &mut Connection,
    code: OdsCode,
    module: Module,
    before: Option<Value>,
) -> Result<()> {
    let after = shown(connection, code, module)?;
    audit::note(
        connection,
        Entry {
            kind: KIND,
            id: format!("{code}/{module}"),
            ods_code: Some(code),
            before,
            after,
        },
    );
    Ok(())
}

/// Makes the site's word on a module, from a version that it has seen. Returns the version of its core systems then.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Stale`] where they are of another version; those of [`state`].
pub fn change(
    connection: &mut Connection,
    code: OdsCode,
    module: Module,
    systems: &[CoreSystem],
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Outcome<Version>> {
    let version = versions::expect(connection, code, ProfilePart::CoreSystems, expected)?;
    let before = shown(connection, code, module)?;
    match state(connection, code, module, systems, Voice::Site, at)? {
        Stated::Unchanged | Stated::Kept => Ok(Outcome::Unchanged(version)),
        Stated::Added | Stated::Changed => {
            note(connection, code, module, before)?;
            versions::raise(connection, code, ProfilePart::CoreSystems, expected)
                .map(Outcome::Changed)
        }
    }
}

/// Withdraws the site's word on a module; the strongest word that stands comes back.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Missing`] where the site said nothing of the module; [`Error::Stale`] where its
/// core systems are of another version; those of [`state`].
pub fn withdraw(
    connection: &mut Connection,
    code: OdsCode,
    module: Module,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Version> {
    versions::expect(connection, code, ProfilePart::CoreSystems, expected)?;
    let before = shown(connection, code, module)?;
    let held = held_word(connection, code, module)?;
    let back = match facts::withdraw(connection, slot(code, module), held.as_ref(), at)? {
        Withdrawn::NothingSaid => {
            return Err(Error::Missing {
                what: "word of the site on a module",
                id: module.to_string(),
            });
        }
        Withdrawn::Gone => Vec::new(),
        Withdrawn::Back(past) => systems_in(code, module, &past)?,
    };
    put(connection, code, module, &back)?;
    note(connection, code, module, before)?;
    versions::raise(connection, code, ProfilePart::CoreSystems, expected)
}

/// Returns what is said of every module of an organisation, in the order of [`Module::ALL`], and the version.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<(Version, Vec<ModuleRecord>)> {
    organisations::require(connection, code)?;
    let version = versions::of(connection, code, ProfilePart::CoreSystems)?;
    let systems = organisations::core_systems_of(connection, code)?;
    let past = facts::standing(connection, code, KIND)?;
    let records = Module::ALL.iter().map(|&module| {
        let systems: Vec<CoreSystem> = systems
            .iter()
            .filter(|system| system.module == module)
            .cloned()
            .collect();
        let displaced = past
            .iter()
            .filter(|past| past.key == module.as_str())
            .map(|past| {
                Ok(DisplacedSystems {
                    voice: past.voice,
                    systems: systems_in(code, module, past)?,
                    displaced_at: past.displaced_at,
                })
            });
        Ok(ModuleRecord {
            module,
            displaced: displaced.collect::<Result<_>>()?,
            held: systems
                .first()
                .map(|first| first.provenance.voice)
                .map(|voice| (voice, systems)),
        })
    });
    Ok((version, records.collect::<Result<_>>()?))
}
