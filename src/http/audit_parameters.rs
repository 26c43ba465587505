//! Which rows of the audit to list: its filters, and the places in its lists.

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use crate::domain::audit::{AuditPage, AuditQuery};
use crate::domain::ids::OdsCode;
use crate::http::extract::{Fault, Parameters, Query};
use crate::http::pagination::PageLinks;
use crate::http::parameters::{in_query, limit_in_query, limit_schema, text, text_schema, whole};

/// The most rows on one page.
const MAX_PAGE: usize = 200;

/// The rows on a page unless told otherwise.
const DEFAULT_PAGE: usize = 50;

/// What every cursor of the audit starts with: the version of its form.
const CURSOR_VERSION: &str = "a1";

/// The digits of the hash of the question in a cursor.
const QUESTION_LEN: usize = 8;

/// The digits of the number of a row in a cursor.
const SEQUENCE_LEN: usize = 16;

/// The form of a cursor: the hash of the question, then the number of a row.
const CURSOR_PATTERN: &str = "^a1[0-9a-f]{8}[0-7][0-9a-f]{15}$";

/// A time of day, with its offset from UTC.
const TIME_PATTERN: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$";

const EXAMPLE_CURSOR: &str = "a10123abcd000000000000002a";

/// The longest time, in characters.
const MAX_TIME_LEN: usize = 35;

/// A place in the list that a question gives.
struct Place {
    question: String,
    before: i64,
}

impl Place {
    fn question_of(query: &AuditQuery) -> String {
        let digest = Sha256::digest(format!("{query:?}"));
        let bytes = digest.iter().take(QUESTION_LEN / 2);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    fn write(&self) -> String {
        format!("{CURSOR_VERSION}{}{:016x}", self.question, self.before)
    }

    fn read(text: &str) -> Result<Self, Fault> {
        let place = || {
            let rest = text.strip_prefix(CURSOR_VERSION)?;
            let has_form = rest.len() == QUESTION_LEN + SEQUENCE_LEN
                && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            let (question, sequence) = has_form.then(|| rest.split_at(QUESTION_LEN))?;
            Some(Self {
                question: question.to_owned(),
                before: i64::from_str_radix(sequence, 16).ok()?,
            })
        };
        place().ok_or_else(|| Fault::Unreadable("is not a cursor that this service gave".into()))
    }
}

/// Which rows of the audit to list, and which page.
pub(crate) struct Asked {
    pub(crate) query: AuditQuery,
    pub(crate) before: Option<i64>,
    pub(crate) limit: usize,
}

impl Asked {
    /// Reads the page; the cursor belongs to the question.
    fn read(parameters: &mut Query, query: AuditQuery) -> Self {
        let limit = parameters.take("limit", page_size).unwrap_or(DEFAULT_PAGE);
        let place = parameters.take("cursor", Place::read);
        if let Some(place) = &place
            && parameters.is_faultless()
            && place.question != Place::question_of(&query)
        {
            let words = "belongs to another question; ask its own again, or start without it";
            parameters.refuse("cursor", Fault::Unreadable(words.into()));
        }
        Self {
            query,
            before: place.map(|place| place.before),
            limit,
        }
    }

    /// The links of the page that was asked for.
    pub(crate) fn links(&self, request: &HttpRequest, page: &AuditPage) -> PageLinks {
        let last = page.items.last().filter(|_| page.has_more);
        let next = last.map(|last| {
            let question = Place::question_of(&self.query);
            let before = last.sequence;
            Place { question, before }.write()
        });
        PageLinks::new(request, next)
    }
}

fn page_size(text: &str) -> Result<usize, Fault> {
    let number = whole(text)?;
    usize::try_from(number)
        .ok()
        .filter(|number| (1..=MAX_PAGE).contains(number))
        .ok_or_else(|| Fault::Rule(format!("is a whole number from 1 to {MAX_PAGE}")))
}

fn code(text: &str) -> Result<OdsCode, Fault> {
    OdsCode::new(text).map_err(|malformed| Fault::Unreadable(malformed.to_string()))
}

fn time(text: &str) -> Result<DateTime<Utc>, Fault> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .filter(|_| text.len() <= MAX_TIME_LEN && !text.contains(' '))
        .map(|time| time.to_utc())
        .ok_or_else(|| Fault::Unreadable("is not a time such as 2026-11-22T09:00:00Z".into()))
}

/// Which rows of the whole audit to list.
pub(crate) struct AuditParameters(pub(crate) Asked);

impl Parameters for AuditParameters {
    fn read(parameters: &mut Query) -> Self {
        let query = AuditQuery {
            actor: parameters.take("actor", text),
            action: parameters.take("action", text),
            ods_code: parameters.take("odsCode", code),
            subject_kind: parameters.take("subjectKind", text),
            subject_id: parameters.take("subjectId", text),
            request_id: parameters.take("requestId", text),
            since: parameters.take("since", time),
            until: parameters.take("until", time),
        };
        Self(Asked::read(parameters, query))
    }
}

/// Which of a site's rows to list.
pub(crate) struct OwnAuditParameters(pub(crate) Asked);

impl Parameters for OwnAuditParameters {
    fn read(parameters: &mut Query) -> Self {
        Self(Asked::read(parameters, AuditQuery::default()))
    }
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn page_parameters() -> [Parameter; 2] {
    let cursor = string()
        .pattern(Some(CURSOR_PATTERN))
        .max_length(Some(EXAMPLE_CURSOR.len()));
    [
        limit_in_query(
            "How many rows to list on a page.",
            limit_schema(MAX_PAGE, DEFAULT_PAGE),
            json!(1),
        ),
        in_query(
            "cursor",
            "Where the page begins: taken from `links.next` of the page before, for the same question.",
            cursor,
            json!(EXAMPLE_CURSOR),
        ),
    ]
}

impl IntoParams for AuditParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let code = string()
            .pattern(Some("^[A-Za-z0-9]{3,12}$"))
            .max_length(Some(12));
        let time = || {
            string()
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                .pattern(Some(TIME_PATTERN))
                .max_length(Some(MAX_TIME_LEN))
        };
        let text =
            |name, words, example: &str| in_query(name, words, text_schema(), json!(example));
        let mut parameters = vec![
            text(
                "actor",
                "Only what this actor did: `key:ID`, `oidc:DIGEST`, `alongside` or `command line`.",
                "alongside",
            ),
            text(
                "action",
                "Only what was done in this word.",
                "load_bundled_data",
            ),
            in_query(
                "odsCode",
                "Only what is this organisation's.",
                code,
                json!("RTH"),
            ),
            text("subjectKind", "Only things of this sort.", "core_systems"),
            text("subjectId", "Only the thing with this id.", "epr"),
            text(
                "requestId",
                "Only what this request changed.",
                "0199d3c47c6a7b52b3c8d2f3b1f6a001",
            ),
            in_query(
                "since",
                "Only what was recorded then or later.",
                time(),
                json!("2026-11-22T00:00:00Z"),
            ),
            in_query(
                "until",
                "Only what was recorded before then.",
                time(),
                json!("2026-11-23T00:00:00Z"),
            ),
        ];
        parameters.extend(page_parameters());
        parameters
    }
}

impl IntoParams for OwnAuditParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        page_parameters().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for before in [1, 42, i64::MAX] {
            let question = Place::question_of(&AuditQuery::default());
            let text = Place { question, before }.write();
            let read = Place::read(&text).map(|place| place.before);
            assert_eq!((read, text.len()), (Ok(before), EXAMPLE_CURSOR.len()));
        }
        for broken in [
            "",
            "a1",
            "a10123abcd",
            "a10123abcdf00000000000002a",
            "a10123abcd0+0000000000002a",
        ] {
            assert!(Place::read(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_time_has_its_offset() {
        assert!(
            time("2026-11-22T09:00:00Z").is_ok() && time("2026-11-22T09:00:00.5+01:00").is_ok()
        );
        for broken in [
            "2026-11-22",
            "2026-11-22T09:00:00",
            "yesterday",
            "2026-11-22 09:00:00Z",
        ] {
            assert!(time(broken).is_err(), "{broken}");
        }
    }
}
