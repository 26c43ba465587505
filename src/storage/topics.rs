//! Topics of learning, and what each organisation seeks and shows on them.
//!
//! One topic of an organisation is one slot: need and stage are stated together, by one voice. A published blueprint raises
//! what can be shown to `blueprint`; that is derived when the register is loaded ([`with_blueprints`]) and stored nowhere
//! twice, so a blueprint that is withdrawn leaves the stage that was stated.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::{Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::profile::{Topic, TopicInterest, TopicStage};
use crate::domain::provenance::{Provenance, Voice};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::facts::{self, Slot, Stated, Withdrawn, Word};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::fact::{TopicInterestRow, TopicRow};
use crate::storage::schema::{organisation_topics, topics};

/// The kind of these facts in the history and in the audit.
pub const KIND: &str = "organisation_topics";

/// The most topics there are: more than anybody can tell apart, and few enough to list whole.
pub const MAX_TOPICS: usize = 500;

/// Returns every topic, by slug.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn all(connection: &mut Connection) -> Result<Vec<Topic>> {
    let mut found = topics::table
        .load::<TopicRow>(&mut connection.database)
        .map_err(failed("reading the topics"))?
        .into_iter()
        .map(TopicRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| a.slug.cmp(&b.slug));
    Ok(found)
}

/// Returns one topic; `None` where there is none of this slug.
///
/// # Errors
///
/// As [`all`].
pub fn find(connection: &mut Connection, topic: &Slug) -> Result<Option<Topic>> {
    topics::table
        .find(topic.as_str())
        .first::<TopicRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading a topic"))?
        .map(TopicRow::into_domain)
        .transpose()
}

/// Adds a topic.
///
/// # Errors
///
/// [`Error::Conflict`] where there are [`MAX_TOPICS`] already, or one of this slug or name; those of [`all`].
pub fn add(connection: &mut Connection, topic: &Topic) -> Result<()> {
    let known = all(connection)?;
    if known.len() >= MAX_TOPICS {
        return Err(Error::Conflict {
            rule: "/problems/too-many-topics",
            detail: format!("There are {MAX_TOPICS} topics already."),
        });
    }
    let is_same = |other: &&Topic| {
        other.slug == topic.slug || other.name.to_lowercase() == topic.name.to_lowercase()
    };
    if let Some(other) = known.iter().find(is_same) {
        return Err(Error::Conflict {
            rule: "/problems/topic-exists",
            detail: format!("The topic {} is there already: {}.", other.slug, other.name),
        });
    }
    let row = TopicRow::from(topic);
    each_backend!(connection, c => diesel::insert_into(topics::table).values(row).execute(c))
        .map_err(failed("adding a topic"))?;
    Ok(())
}

/// Returns what an organisation seeks and shows as it was stated, by topic.
///
/// # Errors
///
/// As [`all`].
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<Vec<TopicInterest>> {
    let mut found = organisation_topics::table
        .filter(organisation_topics::ods_code.eq(code.as_str()))
        .load::<TopicInterestRow>(&mut connection.database)
        .map_err(failed("reading the topics of an organisation"))?
        .into_iter()
        .map(TopicInterestRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| a.topic.cmp(&b.topic));
    Ok(found)
}

/// Returns what an organisation stated on one topic; `None` where it stated nothing.
///
/// # Errors
///
/// As [`all`].
pub fn on(
    connection: &mut Connection,
    code: OdsCode,
    topic: &Slug,
) -> Result<Option<TopicInterest>> {
    organisation_topics::table
        .find((code.as_str(), topic.as_str()))
        .first::<TopicInterestRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading a topic of an organisation"))?
        .map(TopicInterestRow::into_domain)
        .transpose()
}

/// States what an organisation seeks and shows on a topic. A stronger word stays; then this one stands behind it.
///
/// # Errors
///
/// [`Error::Missing`] where there is no such topic; those of [`all`].
pub fn state(
    connection: &mut Connection,
    said: &TopicInterest,
    at: DateTime<Utc>,
) -> Result<Stated> {
    if find(connection, &said.topic)?.is_none() {
        return Err(Error::Missing {
            what: "topic",
            id: said.topic.to_string(),
        });
    }
    let key = said.topic.to_string();
    let slot = slot(said.ods_code, &key);
    let before = on(connection, said.ods_code, &said.topic)?;
    if before
        .as_ref()
        .is_some_and(|held| says_the_same(held, said))
    {
        return Ok(Stated::Unchanged);
    }
    let held = before.as_ref().map(word_of);
    let stated = facts::weigh(connection, slot, held.as_ref(), &word_of(said), at)?;
    if matches!(stated, Stated::Added | Stated::Changed) {
        put(connection, said)?;
    }
    Ok(stated)
}

fn word_of(interest: &TopicInterest) -> Word {
    Word {
        voice: interest.provenance.voice,
        fact: json_of(interest),
    }
}

/// Withdraws the site's word on a topic and returns it; the strongest other word that stands holds again.
///
/// # Errors
///
/// [`Error::Missing`] where the word that holds is not the site's; those of [`all`].
pub fn withdraw(
    connection: &mut Connection,
    (code, topic): (OdsCode, &Slug),
    at: DateTime<Utc>,
) -> Result<TopicInterest> {
    let nothing_said = || Error::Missing {
        what: "word of its own on the topic",
        id: topic.to_string(),
    };
    let before = on(connection, code, topic)?.ok_or_else(nothing_said)?;
    let key = topic.to_string();
    let back = match facts::withdraw(connection, slot(code, &key), Some(&word_of(&before)), at)? {
        Withdrawn::NothingSaid => return Err(nothing_said()),
        Withdrawn::Gone => None,
        Withdrawn::Back(past) => Some(of_json(code, topic, past.voice, &past.fact)?),
    };
    diesel::delete(organisation_topics::table.find((code.as_str(), topic.as_str())))
        .execute(&mut connection.database)
        .map_err(failed("withdrawing a topic"))?;
    if let Some(again) = back {
        put(connection, &again)?;
    }
    Ok(before)
}

/// Raises what is shown on a topic to `blueprint` for every organisation that published one on it. Of several by one
/// organisation on one topic the first counts.
pub(super) fn with_blueprints(
    interests: &mut Vec<TopicInterest>,
    published: impl IntoIterator<Item = (OdsCode, Slug, Provenance)>,
) {
    let mut at: std::collections::BTreeMap<(OdsCode, Slug), usize> = interests
        .iter()
        .enumerate()
        .map(|(at, interest)| ((interest.ods_code, interest.topic.clone()), at))
        .collect();
    for (ods_code, topic, provenance) in published {
        match at.entry((ods_code, topic)) {
            std::collections::btree_map::Entry::Occupied(known) => {
                let interest = &mut interests[*known.get()];
                if interest.stage != Some(TopicStage::Blueprint) {
                    interest.stage = Some(TopicStage::Blueprint);
                    interest.provenance = provenance;
                }
            }
            std::collections::btree_map::Entry::Vacant(new) => {
                interests.push(TopicInterest {
                    ods_code,
                    topic: new.key().1.clone(),
                    need: None,
                    stage: Some(TopicStage::Blueprint),
                    live_since: None,
                    provenance,
                });
                new.insert(interests.len() - 1);
            }
        }
    }
}

const fn slot(ods_code: OdsCode, key: &str) -> Slot<'_> {
    Slot {
        ods_code,
        kind: KIND,
        key,
    }
}

fn says_the_same(held: &TopicInterest, said: &TopicInterest) -> bool {
    // The day on which a site says the same again is no news.
    let is_restated = held.provenance.voice == Voice::Site
        && said.provenance.voice == Voice::Site
        && held.provenance.source == said.provenance.source;
    let provenance_is_same = is_restated || held.provenance == said.provenance;
    provenance_is_same
        && (held.need, held.stage, held.live_since) == (said.need, said.stage, said.live_since)
}

fn put(connection: &mut Connection, said: &TopicInterest) -> Result<()> {
    diesel::delete(organisation_topics::table.find((said.ods_code.as_str(), said.topic.as_str())))
        .execute(&mut connection.database)
        .map_err(failed("replacing a topic"))?;
    let row = TopicInterestRow::from(said);
    each_backend!(connection, c => diesel::insert_into(organisation_topics::table).values(row).execute(c))
        .map_err(failed("storing a topic"))?;
    Ok(())
}

/// A statement as the history and the audit keep it.
#[must_use]
pub fn json_of(interest: &TopicInterest) -> Value {
    json!({
        "topic": interest.topic.as_str(),
        "need": interest.need.map(|need| need.as_str()),
        "stage": interest.stage.map(|stage| stage.as_str()),
        "liveSince": interest.live_since.map(|date| date.to_string()),
        "source": interest.provenance.source,
        "asOf": interest.provenance.as_of.map(|date| date.to_string()),
    })
}

fn of_json(code: OdsCode, topic: &Slug, voice: Voice, fact: &Value) -> Result<TopicInterest> {
    let key = [code.as_str(), KIND, topic.as_str()];
    let row = Stored::new("past_facts", &key);
    Ok(TopicInterest {
        ods_code: code,
        topic: topic.clone(),
        need: row.parse_some(fact["need"].as_str())?,
        stage: row.parse_some(fact["stage"].as_str())?,
        live_since: row.parse_some(fact["liveSince"].as_str())?,
        provenance: row.provenance(
            fact["source"].as_str().unwrap_or_default().to_owned(),
            fact["asOf"].as_str(),
            voice.as_str(),
        )?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interest(code: &str, stage: Option<TopicStage>) -> TopicInterest {
        TopicInterest {
            ods_code: OdsCode::new(code).unwrap(),
            topic: Slug::new("hepma").unwrap(),
            need: None,
            stage,
            live_since: None,
            provenance: Provenance::bundled("a list", None),
        }
    }

    #[test]
    fn a_blueprint_is_what_can_be_shown() {
        let mut interests = vec![interest("RTH", Some(TopicStage::Offered))];
        let by = |code: &str, source: &str| {
            (
                OdsCode::new(code).unwrap(),
                Slug::new("hepma").unwrap(),
                Provenance::bundled(source, None),
            )
        };
        with_blueprints(
            &mut interests,
            [by("RTH", "one"), by("RHW", "two"), by("RHW", "three")],
        );
        let told: Vec<_> = interests
            .iter()
            .map(|i| (i.ods_code.as_str(), i.stage, i.provenance.source.as_str()))
            .collect();
        let shown = Some(TopicStage::Blueprint);
        assert_eq!(told, [("RTH", shown, "one"), ("RHW", shown, "two")]);
    }
}
