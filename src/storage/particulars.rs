//! The care settings of an organisation and the position of its head office: two facts that open data and the site itself
//! may speak of, each apart from the other.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::organisation::{CareSetting, CareSettings, Position};
use crate::domain::provenance::Provenance;
use crate::domain::version::{Expected, ProfilePart, Version};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::facts::{self, PastFact, Slot, Stated, Withdrawn, Word};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::as_of;
use crate::storage::rows::organisation::CareSettingRow;
use crate::storage::schema::{organisation_care_settings, organisations};
use crate::storage::{Outcome, versions};

/// The kind of these facts in the history and in the audit.
const KIND: &str = "particulars";

/// The slot of the care settings.
const CARE_SETTINGS: &str = "care_settings";

/// The slot of the position.
const POSITION: &str = "position";

/// One of the particulars, with its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Particular {
    /// The care that it gives; not empty.
    CareSettings(CareSettings),
    /// Where its head office is.
    Position(Position),
}

/// Something said of one particular.
#[derive(Clone, Debug, PartialEq)]
pub struct ParticularFact {
    /// What is said.
    pub value: Particular,
    /// Whose word it is, from where and of when.
    pub provenance: Provenance,
}

/// A word on a particular that a stronger one displaced.
#[derive(Clone, Debug, PartialEq)]
pub struct DisplacedParticular {
    /// What it says.
    pub fact: ParticularFact,
    /// Since when it does not hold.
    pub displaced_at: DateTime<Utc>,
}

/// What is said of the particulars of an organisation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Particulars {
    /// The word that holds on its care settings; `None` where nothing is recorded.
    pub care_settings: Option<ParticularFact>,
    /// The word that holds on its position; `None` where nothing is recorded.
    pub position: Option<ParticularFact>,
    /// The words that were displaced and still stand, of either, in the order in which they were displaced.
    pub displaced: Vec<DisplacedParticular>,
}

/// A particular as the history and the audit keep it; the fields are those of the interface.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParticularWord {
    #[serde(skip_serializing_if = "Option::is_none")]
    care_settings: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    longitude: Option<f64>,
    source: String,
    as_of: Option<String>,
}

impl Particular {
    const fn key(self) -> &'static str {
        match self {
            Self::CareSettings(_) => CARE_SETTINGS,
            Self::Position(_) => POSITION,
        }
    }
}

fn word_of(fact: &ParticularFact) -> Result<Word> {
    let (care_settings, position) = match fact.value {
        Particular::CareSettings(settings) => (Some(settings), None),
        Particular::Position(position) => (None, Some(position)),
    };
    let word = ParticularWord {
        care_settings: care_settings.map(|settings| {
            let names = settings.iter().map(|setting| setting.to_string());
            names.collect()
        }),
        latitude: position.map(Position::latitude),
        longitude: position.map(Position::longitude),
        source: fact.provenance.source.clone(),
        as_of: as_of(&fact.provenance),
    };
    let fact_as_json = serde_json::to_value(word)
        .map_err(|fault| Error::Internal("writing particulars", fault.into()))?;
    Ok(Word {
        voice: fact.provenance.voice,
        fact: fact_as_json,
    })
}

fn fact_in(past: &PastFact) -> Result<ParticularFact> {
    let sequence = past.sequence.to_string();
    let key = [sequence.as_str()];
    let row = Stored::new("past_facts", &key);
    let word = ParticularWord::deserialize(&past.fact).map_err(|fault| row.corrupt(fault))?;
    let value = match (word.care_settings, word.latitude.zip(word.longitude)) {
        (Some(names), None) => {
            let settings = names.iter().map(|name| row.parse::<CareSetting>(name));
            Particular::CareSettings(settings.collect::<Result<_>>()?)
        }
        (None, Some((latitude, longitude))) => Position::new(latitude, longitude)
            .map(Particular::Position)
            .ok_or_else(|| row.corrupt("its position is not on the Earth"))?,
        (Some(_), Some(_)) | (None, None) => {
            return Err(row.corrupt("it says neither care settings nor a position"));
        }
    };
    Ok(ParticularFact {
        value,
        provenance: Provenance {
            source: word.source,
            as_of: row.parse_some(word.as_of.as_deref())?,
            voice: past.voice,
        },
    })
}

/// The word that holds on one of the particulars.
fn held(connection: &mut Connection, code: OdsCode, key: &str) -> Result<Option<ParticularFact>> {
    if key == POSITION {
        held_position(connection, code)
    } else {
        held_care_settings(connection, code)
    }
}

/// Where a word comes from: source, date and origin, as the row of the organisation has them.
type ProvenanceColumns = (Option<String>, Option<String>, String);

fn provenance_in(code: OdsCode, columns: ProvenanceColumns) -> Result<Option<Provenance>> {
    let key = [code.as_str()];
    let row = Stored::new("organisations", &key);
    let (source, as_of, origin) = columns;
    source
        .map(|source| row.provenance(source, as_of.as_deref(), &origin))
        .transpose()
}

fn held_position(connection: &mut Connection, code: OdsCode) -> Result<Option<ParticularFact>> {
    let (latitude, longitude, columns): (Option<f64>, Option<f64>, ProvenanceColumns) =
        organisations::table
            .find(code.as_str())
            .select((
                organisations::latitude,
                organisations::longitude,
                (
                    organisations::position_source,
                    organisations::position_as_of,
                    organisations::position_origin,
                ),
            ))
            .first(&mut connection.database)
            .optional()
            .map_err(failed("reading a position"))?
            .ok_or(Error::OrganisationNotFound(code))?;
    let provenance = provenance_in(code, columns)?;
    let Some(((latitude, longitude), provenance)) = latitude.zip(longitude).zip(provenance) else {
        return Ok(None);
    };
    let key = [code.as_str()];
    let position = Position::new(latitude, longitude).ok_or_else(|| {
        Stored::new("organisations", &key).corrupt("its position is not on the Earth")
    })?;
    Ok(Some(ParticularFact {
        value: Particular::Position(position),
        provenance,
    }))
}

fn held_care_settings(
    connection: &mut Connection,
    code: OdsCode,
) -> Result<Option<ParticularFact>> {
    let columns: ProvenanceColumns = organisations::table
        .find(code.as_str())
        .select((
            organisations::care_settings_source,
            organisations::care_settings_as_of,
            organisations::care_settings_origin,
        ))
        .first(&mut connection.database)
        .optional()
        .map_err(failed("reading where care settings come from"))?
        .ok_or(Error::OrganisationNotFound(code))?;
    let settings = organisation_care_settings::table
        .filter(organisation_care_settings::ods_code.eq(code.as_str()))
        .load::<CareSettingRow>(&mut connection.database)
        .map_err(failed("reading care settings"))?
        .iter()
        .map(CareSettingRow::setting)
        .collect::<Result<CareSettings>>()?;
    let provenance = provenance_in(code, columns)?.filter(|_| !settings.is_empty());
    Ok(provenance.map(|provenance| ParticularFact {
        value: Particular::CareSettings(settings),
        provenance,
    }))
}

/// Puts a word in the place of the one that holds, or takes that away.
fn put(
    connection: &mut Connection,
    code: OdsCode,
    key: &str,
    fact: Option<&ParticularFact>,
) -> Result<()> {
    let source = fact.map(|fact| fact.provenance.source.clone());
    let date = fact.and_then(|fact| as_of(&fact.provenance));
    let origin = fact.map_or("bundled", |fact| fact.provenance.voice.as_str());
    let row = organisations::table.find(code.as_str());
    if key == POSITION {
        let position = match fact.map(|fact| fact.value) {
            Some(Particular::Position(position)) => Some(position),
            Some(Particular::CareSettings(_)) | None => None,
        };
        diesel::update(row)
            .set((
                organisations::latitude.eq(position.map(Position::latitude)),
                organisations::longitude.eq(position.map(Position::longitude)),
                organisations::position_source.eq(source),
                organisations::position_as_of.eq(date),
                organisations::position_origin.eq(origin),
            ))
            .execute(&mut connection.database)
            .map_err(failed("storing a position"))?;
        return Ok(());
    }
    diesel::update(row)
        .set((
            organisations::care_settings_source.eq(source),
            organisations::care_settings_as_of.eq(date),
            organisations::care_settings_origin.eq(origin),
        ))
        .execute(&mut connection.database)
        .map_err(failed("storing care settings"))?;
    diesel::delete(
        organisation_care_settings::table
            .filter(organisation_care_settings::ods_code.eq(code.as_str())),
    )
    .execute(&mut connection.database)
    .map_err(failed("replacing care settings"))?;
    let settings = match fact.map(|fact| fact.value) {
        Some(Particular::CareSettings(settings)) => settings,
        Some(Particular::Position(_)) | None => CareSettings::default(),
    };
    let rows: Vec<CareSettingRow> = settings
        .iter()
        .map(|setting| CareSettingRow {
            ods_code: code.to_string(),
            care_setting: setting.to_string(),
        })
        .collect();
    each_backend!(connection, c => {
        diesel::insert_into(organisation_care_settings::table).values(&rows).execute(c)
    })
    .map_err(failed("storing care settings"))?;
    Ok(())
}

/// States the care settings or the position of an organisation in the voice of the fact's provenance: the word holds unless a
/// stronger one does, under which it then stands.
///
/// Call it only inside a writing transaction. The version of the part and the audit are left to the caller, as for
/// [`core_systems::state`](super::core_systems::state).
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Unavailable`] or [`Error::Internal`] where it cannot be stored.
pub fn state(
    connection: &mut Connection,
    code: OdsCode,
    fact: &ParticularFact,
    at: DateTime<Utc>,
) -> Result<Stated> {
    let key = fact.value.key();
    let before = held(connection, code, key)?;
    let held = before.as_ref().map(word_of).transpose()?;
    let said = word_of(fact)?;
    let stated = facts::weigh(connection, slot(code, key), held.as_ref(), &said, at)?;
    if matches!(stated, Stated::Added | Stated::Changed) {
        put(connection, code, key, Some(fact))?;
    }
    Ok(stated)
}

const fn slot(code: OdsCode, key: &'static str) -> Slot<'static> {
    Slot {
        ods_code: code,
        kind: KIND,
        key,
    }
}

/// Takes back the site's word on one of the particulars, where it holds; returns whether it did.
fn take_back(
    connection: &mut Connection,
    code: OdsCode,
    key: &'static str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let before = held(connection, code, key)?;
    let held = before.as_ref().map(word_of).transpose()?;
    let back = match facts::withdraw(connection, slot(code, key), held.as_ref(), at)? {
        Withdrawn::NothingSaid => return Ok(false),
        Withdrawn::Gone => None,
        Withdrawn::Back(past) => Some(fact_in(&past)?),
    };
    put(connection, code, key, back.as_ref())?;
    Ok(true)
}

/// The particulars that hold as the audit shows them.
fn shown(connection: &mut Connection, code: OdsCode) -> Result<Value> {
    let mut all = json!({});
    for key in [CARE_SETTINGS, POSITION] {
        if let Some(fact) = held(connection, code, key)? {
            all[key] = word_of(&fact)?.shown();
        }
    }
    Ok(all)
}

fn finish(
    connection: &mut Connection,
    code: OdsCode,
    before: Value,
    expected: &Expected,
) -> Result<Version> {
    let after = shown(connection, code)?;
    audit::note(
        connection,
        Entry {
            kind: KIND,
            id: code.to_string(),
            ods_code: Some(code),
            before: Some(before),
            after: Some(after),
        },
    );
    versions::raise(connection, code, ProfilePart::Particulars, expected)
}

/// Puts the site's word on its particulars in the place of all that it said of them, from a version that it has seen: what it
/// leaves out is withdrawn. Returns the version then.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Stale`] where they are of another version; those of [`state`].
pub fn change(
    connection: &mut Connection,
    code: OdsCode,
    said: &[ParticularFact],
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Outcome<Version>> {
    let version = versions::expect(connection, code, ProfilePart::Particulars, expected)?;
    let before = shown(connection, code)?;
    let mut is_changed = false;
    for key in [CARE_SETTINGS, POSITION] {
        is_changed |= match said.iter().find(|fact| fact.value.key() == key) {
            Some(fact) => matches!(
                state(connection, code, fact, at)?,
                Stated::Added | Stated::Changed
            ),
            None => take_back(connection, code, key, at)?,
        };
    }
    if is_changed {
        finish(connection, code, before, expected).map(Outcome::Changed)
    } else {
        Ok(Outcome::Unchanged(version))
    }
}

/// Withdraws the site's word on its particulars; the strongest words that stand come back.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Missing`] where the site said nothing of them; [`Error::Stale`] where they are of
/// another version; those of [`state`].
pub fn withdraw(
    connection: &mut Connection,
    code: OdsCode,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Version> {
    versions::expect(connection, code, ProfilePart::Particulars, expected)?;
    let before = shown(connection, code)?;
    let care_settings = take_back(connection, code, CARE_SETTINGS, at)?;
    let position = take_back(connection, code, POSITION, at)?;
    if !care_settings && !position {
        return Err(Error::Missing {
            what: "word of the site on its particulars",
            id: code.to_string(),
        });
    }
    finish(connection, code, before, expected)
}

/// Returns what is said of the particulars of an organisation, and their version.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<(Version, Particulars)> {
    let care_settings = held_care_settings(connection, code)?;
    let position = held_position(connection, code)?;
    let version = versions::of(connection, code, ProfilePart::Particulars)?;
    let displaced = facts::standing(connection, code, KIND)?
        .iter()
        .map(|past| {
            Ok(DisplacedParticular {
                fact: fact_in(past)?,
                displaced_at: past.displaced_at,
            })
        })
        .collect::<Result<_>>()?;
    Ok((
        version,
        Particulars {
            care_settings,
            position,
            displaced,
        },
    ))
}
