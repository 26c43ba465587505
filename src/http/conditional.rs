//! `If-Match`: a change names the version that its caller has seen.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest};
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::domain::version::{Expected, Version};
use crate::http::problem::{Kind, Problem};

/// The most tags that one header lists.
const MAX_TAGS: usize = 20;

/// The versions that the caller has seen. Absent is a 428.
pub(crate) struct IfMatch(pub(crate) Expected);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut tags = Vec::new();
        for value in request.headers().get_all(IF_MATCH) {
            let Ok(text) = value.to_str() else {
                return ready(Err(Problem::unreadable(
                    "/header/If-Match",
                    "is not a list of tags",
                )));
            };
            tags.extend(text.split(',').map(|tag| tag.trim().to_owned()));
        }
        ready(expected(&tags).map(Self))
    }
}

/// The versions that `If-Match` names; any where it is not given.
pub(crate) fn if_given(expected: Result<IfMatch, Problem>) -> Result<Expected, Problem> {
    match expected {
        Ok(IfMatch(expected)) => Ok(expected),
        Err(absent) if absent.kind == Kind::PreconditionRequired => Ok(Expected::Any),
        Err(unreadable) => Err(unreadable),
    }
}

/// Reads the tags of a header.
fn expected(tags: &[String]) -> Result<Expected, Problem> {
    if tags.is_empty() {
        return Err(Problem::new(
            Kind::PreconditionRequired,
            "A change has to name the version it was made from: send the ETag of the last answer in If-Match.",
        ));
    }
    if tags.len() > MAX_TAGS {
        return Err(Problem::unreadable(
            "/header/If-Match",
            "lists too many tags",
        ));
    }
    if tags.iter().any(|tag| tag == "*") {
        return Ok(Expected::Any);
    }
    // A tag that is none of ours is of no version: it matches nothing, and is no fault.
    Ok(Expected::OneOf(
        tags.iter().filter_map(|tag| version_of(tag)).collect(),
    ))
}

/// The version in a tag `"VERSION.HASH"`, be it that of a compressed answer. A weak tag matches nothing (RFC 9110, 13.1.1).
fn version_of(tag: &str) -> Option<Version> {
    let inner = tag.strip_prefix('"')?.strip_suffix('"')?;
    let (version, _) = inner.split_once('.')?;
    version.parse().ok().map(Version)
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let tag = ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(1000));
        vec![
            ParameterBuilder::new()
                .name("If-Match")
                .parameter_in(ParameterIn::Header)
                .required(Required::True)
                .description(Some(
                    "The `ETag` of the last answer: the change is made only if nothing changed since. `*` changes whatever there is.",
                ))
                .schema(Some(tag))
                .example(Some(json!("*")))
                .build(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tags: &[&str]) -> Result<Expected, Kind> {
        let tags: Vec<String> = tags.iter().map(|&tag| tag.to_owned()).collect();
        expected(&tags).map_err(|problem| problem.kind)
    }

    #[test]
    fn a_change_names_versions() {
        assert_eq!(of(&["\"3.ab\""]), Ok(Expected::OneOf(vec![Version(3)])));
        assert_eq!(
            of(&["\"3.ab-gzip\"", "\"4.cd\""]),
            Ok(Expected::OneOf(vec![Version(3), Version(4)]))
        );
        assert_eq!(of(&["*"]), Ok(Expected::Any));
        assert_eq!(
            of(&["W/\"3.ab\"", "x", "\"ab\""]),
            Ok(Expected::OneOf(Vec::new()))
        );
        assert_eq!(of(&[]), Err(Kind::PreconditionRequired));
    }
}
