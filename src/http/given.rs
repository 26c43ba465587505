//! What bodies and paths of this service's smaller resources have in common: fields that are read one by one, all faults
//! together, and the names of things in paths; also pages of lists that are ordered by a text.

use std::fmt::Display;
use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::domain::dates::PartialDate;
use crate::domain::error::{Error, FieldError};
use crate::domain::ids::Slug;
use crate::domain::provenance::{Provenance, Voice};
use crate::http::extract::{Fault, Query};
use crate::http::parameters::{in_query, limit_in_query, limit_schema, whole};
use crate::http::problem::Problem;
use crate::random::is_id;
use crate::storage::Outcome;
use crate::storage::idempotency::Created;

/// The fields of a body, with what is wrong with them. No words repeat what was sent.
#[derive(Default)]
pub(crate) struct Given(Vec<FieldError>);

impl Given {
    /// Remembers what is wrong with a field.
    pub(crate) fn refuse(&mut self, pointer: &str, words: impl Into<String>) {
        self.0.push(FieldError::new(pointer, words));
    }

    /// Reads text on one line: trimmed, 1 to `max` characters, none of them a control character. `None` where there is none.
    pub(crate) fn text(
        &mut self,
        pointer: &str,
        given: Option<String>,
        max: usize,
    ) -> Option<String> {
        let given = given?;
        let text = given.trim();
        if text.is_empty() {
            self.refuse(pointer, "is empty");
        } else if text.chars().count() > max {
            self.refuse(pointer, format!("has at most {max} characters"));
        } else if text.chars().any(char::is_control) {
            self.refuse(pointer, "has no control characters");
        } else {
            return Some(text.to_owned());
        }
        None
    }

    /// Reads a value of a type that says itself what is wrong. `None` where there is none.
    pub(crate) fn read<T: FromStr<Err: Display>>(
        &mut self,
        pointer: &str,
        given: Option<&str>,
    ) -> Option<T> {
        match given?.trim().parse() {
            Ok(value) => Some(value),
            Err(fault) => {
                self.refuse(pointer, fault.to_string());
                None
            }
        }
    }

    /// Reads a date that is not after today.
    pub(crate) fn past_date(
        &mut self,
        pointer: &str,
        given: Option<&str>,
        today: NaiveDate,
    ) -> Option<PartialDate> {
        let date: PartialDate = self.read(pointer, given)?;
        if date.first_day() > today {
            self.refuse(pointer, "is not after today");
            return None;
        }
        Some(date)
    }

    /// Refuses the body where anything is wrong with it.
    pub(crate) fn finish(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}

/// What a field that was checked holds; that it holds nothing is a bug, since its absence was refused.
pub(crate) fn checked<T>(value: Option<T>) -> Result<T, Error> {
    value
        .ok_or_else(|| Error::Internal("reading a body", "a field that was checked is gone".into()))
}

/// A site's own word of a day.
pub(crate) fn said_today(today: NaiveDate) -> Provenance {
    Provenance {
        source: "the site's own word".to_owned(),
        as_of: PartialDate::day(today),
        voice: Voice::Site,
    }
}

/// Writes a view as the text to keep for who asks again.
pub(crate) fn kept(id: &str, view: &impl Serialize) -> Result<Created, Error> {
    Ok(Created {
        id: id.to_owned(),
        body: serde_json::to_string(view)
            .map_err(|error| Error::Internal("writing an answer", error.into()))?,
    })
}

/// Says with what was created whether it is new.
pub(crate) fn whether_new(outcome: Outcome<Created>) -> Outcome<(Created, bool)> {
    match outcome {
        Outcome::Changed(created) => Outcome::Changed((created, true)),
        Outcome::Unchanged(created) => Outcome::Unchanged((created, false)),
    }
}

/// `{id}` of the path.
pub(crate) struct Id(pub(crate) String);

impl FromRequest for Id {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().get("id").unwrap_or_default();
        ready(if is_id(text) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Problem::unreadable("/path/id", "is not an id: a UUID"))
        })
    }
}

impl IntoParams for Id {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = string(36).pattern(Some(
            "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        ));
        let example = "00000000-0000-4000-8000-000000000001";
        vec![in_path("id", "The id.", schema, example)]
    }
}

/// `{topic}` of the path.
pub(crate) struct TopicSlug(pub(crate) Slug);

/// `{slug}` of the path: a network.
pub(crate) struct NetworkSlug(pub(crate) Slug);

fn slug_in_path(request: &HttpRequest, name: &str) -> Result<Slug, Problem> {
    let text = request.match_info().get(name).unwrap_or_default();
    Slug::new(text)
        .map_err(|malformed| Problem::unreadable(format!("/path/{name}"), malformed.to_string()))
}

impl FromRequest for TopicSlug {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(slug_in_path(request, "topic").map(Self))
    }
}

impl FromRequest for NetworkSlug {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(slug_in_path(request, "slug").map(Self))
    }
}

impl IntoParams for TopicSlug {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_path(
            "topic",
            "The slug of the topic.",
            slug_schema(),
            "hepma",
        )]
    }
}

impl IntoParams for NetworkSlug {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let example = "digital-aspirant-wave1";
        vec![in_path(
            "slug",
            "The slug of the network.",
            slug_schema(),
            example,
        )]
    }
}

/// Describes a slug.
pub(crate) fn slug_schema() -> ObjectBuilder {
    string(64)
        .min_length(Some(1))
        .pattern(Some("^[a-z0-9_-]{1,64}$"))
}

fn string(max_len: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(max_len))
}

fn in_path(name: &str, words: &str, schema: ObjectBuilder, example: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(words))
        .schema(Some(schema))
        .example(Some(json!(example)))
        .build()
}

/// The most rows on one page.
const MAX_PAGE: usize = 200;

/// The rows on a page unless told otherwise.
const DEFAULT_PAGE: usize = 50;

/// What every cursor of these lists starts with: the version of its form.
const CURSOR_VERSION: &str = "k1";

/// The digits of the hash of the question.
const QUESTION_LEN: usize = 8;

/// The longest text that a list is ordered by, in bytes.
const MAX_KEY_LEN: usize = 64;

/// Which page of a list that is ordered by a text.
pub(crate) struct Page {
    /// How many rows.
    pub(crate) limit: usize,
    /// The text of the last row before it.
    pub(crate) after: Option<String>,
    question: String,
}

impl Page {
    /// Takes `limit` and `cursor`; `question` is whatever decides which rows there are.
    pub(crate) fn read(query: &mut Query, question: &str) -> Self {
        let digest = Sha256::digest(question);
        let hash = digest.iter().take(QUESTION_LEN / 2);
        let question: String = hash.map(|byte| format!("{byte:02x}")).collect();
        let limit = query.take("limit", page_size).unwrap_or(DEFAULT_PAGE);
        let after = query.take("cursor", |text| place(text, &question));
        Self {
            limit,
            after,
            question,
        }
    }

    /// Writes the place after a row.
    pub(crate) fn cursor(&self, key: &str) -> String {
        let mut cursor = format!("{CURSOR_VERSION}{}", self.question);
        for byte in key.bytes() {
            cursor += &format!("{byte:02x}");
        }
        cursor
    }

    /// Describes the two parameters.
    pub(crate) fn parameters() -> [Parameter; 2] {
        let cursor = string(2 + QUESTION_LEN + 2 * MAX_KEY_LEN)
            .pattern(Some("^k1[0-9a-f]{8}([0-9a-f]{2}){1,64}$"));
        [
            limit_in_query(
                "How many to list on a page.",
                limit_schema(MAX_PAGE, DEFAULT_PAGE),
                json!(5),
            ),
            in_query(
                "cursor",
                "Where the page begins: taken from `links.next` of the page before, for the same question.",
                cursor,
                json!("k1c12b6c147365"),
            ),
        ]
    }
}

fn page_size(text: &str) -> Result<usize, Fault> {
    let number = whole(text)?;
    usize::try_from(number)
        .ok()
        .filter(|number| (1..=MAX_PAGE).contains(number))
        .ok_or_else(|| Fault::Rule(format!("is a whole number from 1 to {MAX_PAGE}")))
}

fn place(text: &str, question: &str) -> Result<String, Fault> {
    let unknown = || Fault::Unreadable("is not a cursor that this service gave".into());
    let rest = text.strip_prefix(CURSOR_VERSION).ok_or_else(unknown)?;
    let (asked, key) = rest.split_at_checked(QUESTION_LEN).ok_or_else(unknown)?;
    let bytes: Option<Vec<u8>> = (0..key.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(key.get(at..at + 2)?, 16).ok())
        .collect();
    let key = bytes
        .filter(|bytes| (1..=MAX_KEY_LEN).contains(&bytes.len()))
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(unknown)?;
    if asked == question {
        Ok(key)
    } else {
        let words = "belongs to another question; ask its own again, or start without it";
        Err(Fault::Unreadable(words.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_together_and_repeat_nothing() {
        let mut given = Given::default();
        assert_eq!(
            given.text("/name", Some(" A  ".into()), 5).as_deref(),
            Some("A")
        );
        assert_eq!(given.text("/name", None, 5), None);
        for text in ["", "  ", "secret", "a\nb", "a\u{85}b"] {
            assert_eq!(given.text("/name", Some(text.into()), 5), None);
        }
        let Err(Error::Invalid(faults)) = given.finish() else {
            panic!("nothing was refused");
        };
        assert_eq!(faults.len(), 5);
        assert!(!format!("{faults:?}").contains("secret"));
    }

    #[test]
    fn a_cursor_is_a_place_in_one_list() {
        let page = |question: &str, cursor: Option<&str>| {
            let text = cursor.map(|cursor| format!("cursor={cursor}"));
            let mut query = Query::new(&text.unwrap_or_default());
            let page = Page::read(&mut query, question);
            (query.is_faultless(), page)
        };
        let cursor = page("links", None).1.cursor("12");
        let (is_good, read) = page("links", Some(&cursor));
        assert!(is_good && read.after.as_deref() == Some("12") && read.limit == DEFAULT_PAGE);
        assert!(!page("networks", Some(&cursor)).0);
        for bad in ["k1", "x", "k10123abcd", "k10123abcd3", "k10123abcdzz"] {
            assert!(!page("links", Some(bad)).0, "{bad}");
        }
    }
}
