//! What an organisation is like: context attributes, and the answers on its ethos, which are the site's own.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::organisation::CareSetting;
use crate::domain::profile::{Attribute, AttributeFact, AttributeValue};
use crate::domain::provenance::Provenance;
use crate::domain::version::{Expected, ProfilePart, Version};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::facts::{self, PastFact, Slot, Stated, Withdrawn, Word};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::fact::AttributeRow;
use crate::storage::schema::attributes;
use crate::storage::{Outcome, organisations, versions};

/// The kind of context attributes in the history and in the audit.
const KIND: &str = "attributes";

/// The kind of answers on the ethos, which only the site itself reads.
pub const ETHOS_KIND: &str = "ethos";

/// One value that holds, and the words that it displaced and that still stand.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeRecord {
    /// The value that holds.
    pub fact: AttributeFact,
    /// The words under it, in the order in which they were displaced.
    pub displaced: Vec<DisplacedAttribute>,
}

/// A value that a stronger word displaced.
#[derive(Clone, Debug, PartialEq)]
pub struct DisplacedAttribute {
    /// What it says, and whose word it is.
    pub fact: AttributeFact,
    /// Since when it does not hold.
    pub displaced_at: DateTime<Utc>,
}

/// A value as the history and the audit keep it; the fields are those of the interface.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct AttributeWord {
    attribute: String,
    value: f64,
    care_setting: Option<String>,
    source: String,
    as_of: Option<String>,
}

fn word_of(fact: &AttributeFact) -> Result<Word> {
    let word = AttributeWord {
        attribute: fact.value.attribute().to_string(),
        value: fact.value.number(),
        care_setting: fact.value.setting().map(|setting| setting.to_string()),
        source: fact.provenance.source.clone(),
        as_of: fact.provenance.as_of.map(|date| date.to_string()),
    };
    let fact_as_json = serde_json::to_value(word)
        .map_err(|fault| Error::Internal("writing an attribute", fault.into()))?;
    Ok(Word {
        voice: fact.provenance.voice,
        fact: fact_as_json,
    })
}

fn fact_in(code: OdsCode, past: &PastFact) -> Result<AttributeFact> {
    let sequence = past.sequence.to_string();
    let key = [sequence.as_str()];
    let row = Stored::new("past_facts", &key);
    let word = AttributeWord::deserialize(&past.fact).map_err(|fault| row.corrupt(fault))?;
    let value = AttributeValue::new(
        row.parse(&word.attribute)?,
        word.value,
        row.parse_some(word.care_setting.as_deref())?,
    )
    .ok_or_else(|| row.corrupt(format_args!("{} is no value of it", word.value)))?;
    Ok(AttributeFact {
        ods_code: code,
        value,
        provenance: Provenance {
            source: word.source,
            as_of: row.parse_some(word.as_of.as_deref())?,
            voice: past.voice,
        },
    })
}

/// One attribute, and the care setting that its value is for where it has one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeKey {
    /// Which attribute.
    pub attribute: Attribute,
    /// For which care; `None` for the whole organisation.
    pub setting: Option<CareSetting>,
}

impl AttributeKey {
    /// The slot of a value.
    #[must_use]
    pub fn of(value: AttributeValue) -> Self {
        Self {
            attribute: value.attribute(),
            setting: value.setting(),
        }
    }

    /// The slots that the key stands for.
    fn each(self) -> Vec<Self> {
        match (self.attribute, self.setting) {
            (Attribute::DigitalMaturity, None) => CareSetting::ALL
                .iter()
                .map(|&setting| Self {
                    setting: Some(setting),
                    ..self
                })
                .collect(),
            _ => vec![self],
        }
    }

    const fn kind(self) -> &'static str {
        if self.attribute.is_ethos() {
            ETHOS_KIND
        } else {
            KIND
        }
    }

    /// The key of the slot: `digital_maturity/acute`.
    fn text(self) -> String {
        match self.setting {
            Some(setting) => format!("{}/{setting}", self.attribute),
            None => self.attribute.to_string(),
        }
    }
}

fn held(
    connection: &mut Connection,
    code: OdsCode,
    key: AttributeKey,
) -> Result<Option<AttributeFact>> {
    attributes::table
        .filter(attributes::ods_code.eq(code.as_str()))
        .filter(attributes::attribute.eq(key.attribute.as_str()))
        .filter(attributes::care_setting.eq(key.setting.map_or("", CareSetting::as_str)))
        .load::<AttributeRow>(&mut connection.database)
        .map_err(failed("reading an attribute"))?
        .pop()
        .map(AttributeRow::into_domain)
        .transpose()
}

/// Puts a value in the place of what is held, or takes that away.
fn put(
    connection: &mut Connection,
    code: OdsCode,
    key: AttributeKey,
    fact: Option<&AttributeFact>,
) -> Result<()> {
    diesel::delete(
        attributes::table
            .filter(attributes::ods_code.eq(code.as_str()))
            .filter(attributes::attribute.eq(key.attribute.as_str()))
            .filter(attributes::care_setting.eq(key.setting.map_or("", CareSetting::as_str))),
    )
    .execute(&mut connection.database)
    .map_err(failed("replacing an attribute"))?;
    fact.map_or(Ok(()), |fact| insert(connection, fact))
}

/// Stores a value of which nothing is recorded.
fn insert(connection: &mut Connection, fact: &AttributeFact) -> Result<()> {
    let row = AttributeRow::from(fact);
    each_backend!(connection, c => diesel::insert_into(attributes::table).values(row).execute(c))
        .map_err(failed("storing an attribute"))?;
    Ok(())
}

/// States one attribute of an organisation in the voice of its provenance: the word holds unless a stronger one does, under
/// which it then stands.
///
/// Call it only inside a writing transaction, for an organisation that exists. The version of the part and the audit are
/// left to the caller, as for [`core_systems::state`](super::core_systems::state).
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where it cannot be stored.
pub fn state(
    connection: &mut Connection,
    fact: &AttributeFact,
    at: DateTime<Utc>,
) -> Result<Stated> {
    let (code, key) = (fact.ods_code, AttributeKey::of(fact.value));
    let before = held(connection, code, key)?;
    let held = before.as_ref().map(word_of).transpose()?;
    let said = word_of(fact)?;
    let (kind, text) = (key.kind(), key.text());
    let slot = Slot {
        ods_code: code,
        kind,
        key: &text,
    };
    let stated = facts::weigh(connection, slot, held.as_ref(), &said, at)?;
    match stated {
        Stated::Added => insert(connection, fact)?,
        Stated::Changed => put(connection, code, key, Some(fact))?,
        Stated::Unchanged | Stated::Kept => {}
    }
    Ok(stated)
}

/// Takes back the site's word of one attribute, where it holds; returns whether it did.
fn take_back(
    connection: &mut Connection,
    code: OdsCode,
    key: AttributeKey,
    at: DateTime<Utc>,
) -> Result<bool> {
    let before = held(connection, code, key)?;
    let held = before.as_ref().map(word_of).transpose()?;
    let text = key.text();
    let slot = Slot {
        ods_code: code,
        kind: key.kind(),
        key: &text,
    };
    let back = match facts::withdraw(connection, slot, held.as_ref(), at)? {
        Withdrawn::NothingSaid => return Ok(false),
        Withdrawn::Gone => None,
        Withdrawn::Back(past) => Some(fact_in(code, &past)?),
    };
    put(connection, code, key, back.as_ref())?;
    Ok(true)
}

/// The value that holds as the audit shows it; `None` where nothing is recorded.
///
/// # Errors
///
/// As [`state`].
pub fn shown(
    connection: &mut Connection,
    code: OdsCode,
    key: AttributeKey,
) -> Result<Option<Value>> {
    let held = held(connection, code, key)?;
    held.map(|fact| word_of(&fact).map(Word::shown)).transpose()
}

/// Notes in the audit what holds now, and what it was before.
///
/// # Errors
///
/// As [`state`].
pub fn note(
    connection: &mut Connection,
    code: OdsCode,
    key: AttributeKey,
    before: Option<Value>,
) -> Result<()> {
    let after = shown(connection, code, key)?;
    audit::note(
        connection,
        Entry {
            kind: KIND,
            id: format!("{code}/{}", key.text()),
            ods_code: Some(code),
            before,
            after,
        },
    );
    Ok(())
}

/// Makes the site's word on a context attribute, from a version that it has seen. Returns the version of its attributes then.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Stale`] where they are of another version; those of [`state`].
pub fn change(
    connection: &mut Connection,
    fact: &AttributeFact,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Outcome<Version>> {
    let (code, key) = (fact.ods_code, AttributeKey::of(fact.value));
    let version = versions::expect(connection, code, ProfilePart::Attributes, expected)?;
    let before = shown(connection, code, key)?;
    match state(connection, fact, at)? {
        Stated::Unchanged | Stated::Kept => Ok(Outcome::Unchanged(version)),
        Stated::Added | Stated::Changed => {
            note(connection, code, key, before)?;
            versions::raise(connection, code, ProfilePart::Attributes, expected)
                .map(Outcome::Changed)
        }
    }
}

/// Withdraws the site's word on a context attribute; the strongest word that stands comes back. A key of the digital maturity
/// without a care setting stands for all of them.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Missing`] where the site said nothing of it; [`Error::Stale`] where its
/// attributes are of another version; those of [`state`].
pub fn withdraw(
    connection: &mut Connection,
    code: OdsCode,
    key: AttributeKey,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Version> {
    versions::expect(connection, code, ProfilePart::Attributes, expected)?;
    let mut is_said = false;
    for one in key.each() {
        let before = shown(connection, code, one)?;
        if take_back(connection, code, one, at)? {
            note(connection, code, one, before)?;
            is_said = true;
        }
    }
    if !is_said {
        return Err(Error::Missing {
            what: "word of the site on an attribute",
            id: key.text(),
        });
    }
    versions::raise(connection, code, ProfilePart::Attributes, expected)
}

/// Returns the context attributes of an organisation, in the order of [`Attribute::ALL`] and then by care setting, and their
/// version. Answers on the ethos are not among them.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<(Version, Vec<AttributeRecord>)> {
    organisations::require(connection, code)?;
    let version = versions::of(connection, code, ProfilePart::Attributes)?;
    let past = facts::standing(connection, code, KIND)?;
    let facts = organisations::attributes_of(connection, code)?;
    let records = facts
        .into_iter()
        .filter(|fact| !fact.value.attribute().is_ethos())
        .map(|fact| {
            let key = AttributeKey::of(fact.value).text();
            let displaced = past.iter().filter(|past| past.key == key).map(|past| {
                Ok(DisplacedAttribute {
                    fact: fact_in(code, past)?,
                    displaced_at: past.displaced_at,
                })
            });
            Ok(AttributeRecord {
                displaced: displaced.collect::<Result<_>>()?,
                fact,
            })
        });
    Ok((version, records.collect::<Result<_>>()?))
}

/// Returns a site's answers on its ethos, in the order of [`Attribute::ETHOS`], and their version.
///
/// # Errors
///
/// As [`of`].
pub fn ethos_of(
    connection: &mut Connection,
    code: OdsCode,
) -> Result<(Version, Vec<AttributeFact>)> {
    organisations::require(connection, code)?;
    let version = versions::of(connection, code, ProfilePart::Ethos)?;
    let mut facts = organisations::attributes_of(connection, code)?;
    facts.retain(|fact| fact.value.attribute().is_ethos());
    Ok((version, facts))
}

/// Puts a site's answers on its ethos in the place of all it gave before, from a version that it has seen; an answer that
/// stays the same keeps its date. Returns the version then.
///
/// The row of the audit is of the kind [`ETHOS_KIND`], which nobody but the site may be shown.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; [`Error::Stale`] where they are of another version; those of [`state`].
pub fn change_ethos(
    connection: &mut Connection,
    code: OdsCode,
    answers: &[AttributeFact],
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Outcome<Version>> {
    let version = versions::expect(connection, code, ProfilePart::Ethos, expected)?;
    let (_, before) = ethos_of(connection, code)?;
    let mut is_changed = false;
    for attribute in Attribute::ETHOS {
        let is_it = |fact: &&AttributeFact| fact.value.attribute() == attribute;
        let (was, is) = (before.iter().find(is_it), answers.iter().find(is_it));
        let value = |fact: Option<&AttributeFact>| fact.map(|fact| fact.value);
        if value(was) == value(is) {
            continue;
        }
        match is {
            Some(fact) => {
                state(connection, fact, at)?;
            }
            None => {
                let setting = None;
                take_back(connection, code, AttributeKey { attribute, setting }, at)?;
            }
        }
        is_changed = true;
    }
    if !is_changed {
        return Ok(Outcome::Unchanged(version));
    }
    let shown = |facts: &[AttributeFact]| -> Value {
        let answer = |fact: &AttributeFact| {
            let name = fact.value.attribute().as_str().to_owned();
            (name, json!(fact.value.number()))
        };
        Value::Object(facts.iter().map(answer).collect())
    };
    let (_, after) = ethos_of(connection, code)?;
    audit::note(
        connection,
        Entry {
            kind: ETHOS_KIND,
            id: code.to_string(),
            ods_code: Some(code),
            before: Some(shown(&before)),
            after: Some(shown(&after)),
        },
    );
    versions::raise(connection, code, ProfilePart::Ethos, expected).map(Outcome::Changed)
}
