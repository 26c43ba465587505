//! The topics that an approach, or its acceptance, is about.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::approach::{MAX_TOPICS, ProposedTopics};
use crate::domain::error::{Error, FieldError, Result};
use crate::domain::ids::Slug;
use crate::http::fields::Faults;
use crate::http::path::slug_schema;
use crate::http::question::closed;
use crate::storage::{Connection, topics};

/// What one side would learn and what it would give; a plain list is what it would learn.
#[derive(Debug, Default)]
pub(crate) struct GivenTopics {
    both: BothWays,
    is_list: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BothWays {
    learn: Vec<String>,
    give: Vec<String>,
}

impl<'de> Deserialize<'de> for GivenTopics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct TopicsVisitor;

        impl<'de> Visitor<'de> for TopicsVisitor {
            type Value = GivenTopics;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of lists, or a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                list: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let learn = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                let give = Vec::new();
                Ok(GivenTopics {
                    both: BothWays { learn, give },
                    is_list: true,
                })
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let both = BothWays::deserialize(MapAccessDeserializer::new(map))?;
                Ok(GivenTopics {
                    both,
                    is_list: false,
                })
            }
        }

        deserializer.deserialize_any(TopicsVisitor)
    }
}

/// Topics, with where each stands in the body.
#[derive(Debug, Default)]
pub(crate) struct ReadTopics {
    pub(crate) topics: ProposedTopics,
    places: Vec<(String, Slug)>,
}

impl GivenTopics {
    /// Reads the slugs: of each direction at most [`MAX_TOPICS`], each once.
    pub(crate) fn check(self, faults: &mut Faults) -> ReadTopics {
        let mut read = ReadTopics::default();
        let learn_at = if self.is_list {
            "/topics"
        } else {
            "/topics/learn"
        };
        read.topics.learn = read.slugs(self.both.learn, learn_at, faults);
        read.topics.give = read.slugs(self.both.give, "/topics/give", faults);
        read
    }
}

impl ReadTopics {
    fn slugs(&mut self, given: Vec<String>, at: &str, faults: &mut Faults) -> Vec<Slug> {
        if given.len() > MAX_TOPICS {
            faults.refuse(at, format!("names at most {MAX_TOPICS} topics"));
            return Vec::new();
        }
        let mut slugs: Vec<Slug> = Vec::with_capacity(given.len());
        for (place, text) in given.iter().enumerate() {
            let pointer = format!("{at}/{place}");
            match faults.read::<Slug>(&pointer, Some(text)) {
                None => {}
                Some(slug) if slugs.contains(&slug) => faults.refuse(pointer, "is named twice"),
                Some(slug) => {
                    self.places.push((pointer, slug.clone()));
                    slugs.push(slug);
                }
            }
        }
        slugs.sort_unstable();
        slugs
    }

    /// Checks that there is every topic that was named.
    pub(crate) fn require(&self, connection: &mut Connection) -> Result<()> {
        let mut missing = Vec::new();
        for (pointer, slug) in &self.places {
            if topics::find(connection, slug)?.is_none() {
                missing.push(FieldError::new(pointer, "is the slug of no topic"));
            }
        }
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(missing))
        }
    }
}

impl PartialSchema for GivenTopics {
    fn schema() -> RefOr<Schema> {
        let slugs = |words: &str| {
            ArrayBuilder::new()
                .items(slug_schema())
                .max_items(Some(MAX_TOPICS))
                .unique_items(true)
                .description(Some(words))
        };
        let both = closed()
            .property("learn", slugs("What this side would learn, by slug."))
            .property("give", slugs("What this side would give, by slug."));
        AnyOfBuilder::new()
            .description(Some(
                "What this side would learn and what it would give; a plain list is what it would learn.",
            ))
            .item(both)
            .item(slugs("What this side would learn, by slug."))
            .into()
    }
}

impl ToSchema for GivenTopics {
    fn name() -> std::borrow::Cow<'static, str> {
        "ProposeTopics".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (ReadTopics, Vec<FieldError>) {
        let given: GivenTopics = serde_json::from_str(json).unwrap();
        let mut faults = Faults::default();
        let read = given.check(&mut faults);
        (read, faults.0)
    }

    #[test]
    fn a_plain_list_is_what_a_side_would_learn() {
        let (list, _) = read(r#"["hepma", "benefits"]"#);
        let (object, _) = read(r#"{"learn": ["benefits", "hepma"]}"#);
        assert_eq!(list.topics, object.topics);
        assert_eq!(list.places[0].0, "/topics/0");
        assert_eq!(object.places[0].0, "/topics/learn/0");
    }

    #[test]
    fn faults_say_where_they_are() {
        let (_, faults) = read(r#"{"learn": ["hepma", "No slug"], "give": ["hepma", "hepma"]}"#);
        let at: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(at, ["/topics/learn/1", "/topics/give/1"]);
        let many = format!("{:?}", vec!["hepma"; MAX_TOPICS + 1]);
        assert_eq!(read(&many).1[0].pointer, "/topics");
        for other in [r#""hepma""#, "1", r#"{"teach": []}"#] {
            assert!(
                serde_json::from_str::<GivenTopics>(other).is_err(),
                "{other}"
            );
        }
    }
}
