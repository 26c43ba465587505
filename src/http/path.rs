//! What a path names besides organisations: things by their id or slug.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::domain::ids::Slug;
use crate::http::problem::Problem;
use crate::random::is_id;

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

/// `{slug}` of the path: a programme.
pub(crate) struct ProgrammeSlug(pub(crate) Slug);

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

impl FromRequest for ProgrammeSlug {
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

impl IntoParams for ProgrammeSlug {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let example = "thames-valley-2027";
        vec![in_path(
            "slug",
            "The slug of the programme.",
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
