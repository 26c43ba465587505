//! Which rows of the audit to list: its filters, and the places in its lists.

use chrono::{DateTime, Utc};
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use crate::domain::audit::AuditQuery;
use crate::domain::ids::OdsCode;
use crate::http::extract::{Fault, Parameters, Query};
use crate::http::pagination::{List, Page, page_parameters};
use crate::http::parameters::{in_query, text, text_schema};

/// A time of day, with its offset from UTC.
const TIME_PATTERN: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$";

/// The longest time, in characters.
const MAX_TIME_LEN: usize = 35;

fn code(text: &str) -> Result<OdsCode, Fault> {
    OdsCode::new(text).map_err(|malformed| Fault::Unreadable(malformed.to_string()))
}

/// Reads a time of day, with its offset from UTC.
pub(crate) fn time(text: &str) -> Result<DateTime<Utc>, Fault> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .filter(|_| text.len() <= MAX_TIME_LEN && !text.contains(' '))
        .map(|time| time.to_utc())
        .ok_or_else(|| Fault::Unreadable("is not a time such as 2026-11-22T09:00:00Z".into()))
}

/// Which rows of the whole audit to list.
pub(crate) struct AuditParameters {
    pub(crate) query: AuditQuery,
    pub(crate) page: Page<i64>,
}

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
        let page = Page::read(parameters, &query);
        Self { query, page }
    }
}

/// Every row of a site, the newest first.
pub(crate) struct OwnAuditList;

impl List for OwnAuditList {
    type Place = i64;
    const EXAMPLE: (&'static str, usize, &'static str) =
        ("/api/v1/organisations/RTH/audit", 1, "42");
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
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
        let question = AuditQuery::default();
        parameters.extend(page_parameters(1, ("/api/v1/admin/audit", &question), &42));
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
