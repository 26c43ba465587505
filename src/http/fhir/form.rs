//! The form of answers: JSON alone, as `_format` or else `Accept` asks for it.

use actix_web::dev::ServiceRequest;
use serde_json::json;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::http::accept::takes;
use crate::http::extract::{Fault, Query};
use crate::http::fhir::FHIR_JSON;
use crate::http::parameters::in_query;
use crate::http::problem::{Kind, Problem};

/// What `_format` may be. In a query a `+` stands for a space; clients send it plain all the same.
const FORMATS: [&str; 5] = [
    "json",
    "application/json",
    "text/json",
    FHIR_JSON,
    "application/fhir json",
];

/// What a refused request is told.
pub(crate) const DETAIL: &str =
    "The answer is application/fhir+json; _format or else Accept has to allow it.";

/// What is refused because it asks for a form that no answer has.
pub(crate) fn refusal(request: &ServiceRequest) -> Option<Problem> {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
    let mut formats = pairs.iter().filter(|(name, _)| name == "_format");
    let headers = request.headers();
    let is_acceptable = match formats.next() {
        Some((_, format)) => FORMATS.contains(&format.trim()),
        None => takes(headers, FHIR_JSON) || takes(headers, "application/json"),
    };
    (!is_acceptable).then(|| Problem::new(Kind::NotAcceptable, DETAIL))
}

/// Takes the parameter, which was looked at before.
pub(crate) fn take(query: &mut Query) {
    query.take("_format", |_| Ok::<(), Fault>(()));
}

/// Describes the parameter.
pub(crate) fn parameter() -> Parameter {
    let formats = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(FORMATS.iter().take(4).copied()));
    in_query(
        "_format",
        "The form of the answer, in the place of `Accept`; JSON is the only one.",
        formats,
        json!("json"),
    )
}
