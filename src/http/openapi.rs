//! The `OpenAPI` document: collected from the handlers, completed here with what every operation shares.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, OnceLock};

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use serde_json::Value;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ComponentsBuilder, ObjectBuilder, Ref, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ContactBuilder, ContentBuilder, Header, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder,
    RefOr, Response, ResponseBuilder, Schema, ServerBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};
use utoipa_actix_web::AppExt;

use crate::http::access::{Rule, Rules};
use crate::http::answer::Tagged;
use crate::http::examples;
use crate::http::fhir::{self, outcome::OperationOutcome};
use crate::http::problem::{PROBLEM_JSON, ProblemView};
use crate::http::{routes, swagger_ui};

/// What the paths of the API start with.
pub(crate) const API_PREFIX: &str = "/api/v1";

/// Where the document is served.
pub(crate) const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

const DESCRIPTION: &str = "Alongside suggests partner organisations to NHS sites. It scores every candidate on core-system match, \
geography, care setting, culture and prior relationships, explains each score to both sides, and lets sites choose each other.\n\n\
Failures are `application/problem+json` (RFC 9457). A request that cannot be read is a 400; one that can be read but breaks a \
rule is a 422. In a JSON body everything but broken JSON is a 422. Unknown parameters and fields are refused by name. \
`HEAD` is answered as `GET`; `X-Request-ID` is taken or made, and returned with every answer. Answers are compressed where \
`Accept-Encoding` asks for it. A service that listens on this machine alone takes no other `Host` than `localhost` and \
loopback addresses.";

const TAGS: &[(&str, &str)] = &[
    ("audit", "Who changed what, and when."),
    (
        "choices",
        "What a site chooses for itself alone: exclusions and the shortlist.",
    ),
    (
        "choosing",
        "What sites propose to each other and agree to, and how much each takes on.",
    ),
    ("contacts", "People to ask: for the site itself alone."),
    (
        "events",
        "What happened: as a list, as a stream, by webhooks and by e-mail.",
    ),
    ("exports", "Tables as files."),
    (
        "fhir",
        "Organisations and what joins them, as FHIR R4 (4.0.1) resources, to read.",
    ),
    (
        "imports",
        "Files that are handed in, and what came of their rows.",
    ),
    ("keys", "Who may call."),
    (
        "matches",
        "What programme admins see of all approaches and partnerships, and what they make of it; nothing here decides for a site.",
    ),
    ("method", "How suggestions are made, and of what data."),
    (
        "organisations",
        "Organisations, and what is recorded of them.",
    ),
    (
        "partnerships",
        "What two sites agreed to: what it is for, how it goes, whom to ask at the other side, and its end.",
    ),
    ("probes", "For what runs the service."),
    ("profile", "What a site says of itself."),
    (
        "programmes",
        "Programmes, their members and their weights, and what their admins suggest, try out and pause.",
    ),
    (
        "relations",
        "What joins organisations: links, networks, topics of learning, blueprints, and whom to ask.",
    ),
    (
        "suggestions",
        "Partners for a site, each with its explanation.",
    ),
];

/// Declares sets of failures that operations name in their `responses`.
macro_rules! failures {
    ($($(#[$doc:meta])* $set:ident: $($status:literal => $name:literal),+;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $set;

        impl IntoResponses for $set {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$(($status.to_owned(), Ref::from_response_name($name).into())),+])
            }
        }
    )+};
}

failures! {
    /// What any operation of the API may fail with.
    ApiFailures: "400" => "Unreadable", "405" => "MethodNotAllowed", "406" => "NotAcceptable", "414" => "UriTooLong", "421" => "Misdirected", "500" => "Internal";
    /// What a probe may fail with.
    ProbeFailures: "400" => "Unreadable", "405" => "MethodNotAllowed", "414" => "UriTooLong", "421" => "Misdirected", "500" => "Internal";
    /// What any operation below `/fhir` may fail with.
    FhirFailures: "400" => "FhirUnreadable", "405" => "FhirMethodNotAllowed", "406" => "FhirNotAcceptable", "414" => "FhirUriTooLong", "421" => "FhirMisdirected", "500" => "FhirInternal";
    /// There is no such resource.
    NoSuchResource: "404" => "FhirNotFound";
    /// What reading the database may fail with, below `/fhir`.
    FhirStorageFailures: "503" => "FhirUnavailable";
    /// What reading the database may fail with.
    StorageFailures: "503" => "Unavailable";
    /// The change was made from a version that is not the present one, or from none.
    ConditionFailures: "412" => "PreconditionFailed", "428" => "PreconditionRequired";
    /// The caller has no such thing.
    NoSuchThing: "404" => "NotFound";
    /// It clashes with what there is.
    Clash: "409" => "Conflict";
    /// No organisation has the code.
    NoSuchOrganisation: "404" => "OrganisationNotFound";
    /// The organisation cannot ask or be suggested.
    NotSuggestible: "409" => "NotSuggestible";
    /// Something that can be read breaks a rule.
    RuleBroken: "422" => "Invalid";
    /// What a body may fail with, besides what it says.
    BodyFailures: "408" => "Timeout", "413" => "BodyTooLarge", "415" => "UnsupportedMediaType";
    /// The client has the answer already.
    NotModified: "304" => "NotModified";
}

/// Returns the `OpenAPI` document of the service.
#[must_use]
pub fn openapi() -> OpenApi {
    let app = actix_web::App::new()
        .into_utoipa_app()
        .openapi(base())
        .configure(|entries| routes::operations(entries));
    let (_, mut document) = app.split_for_parts();
    for item in document.paths.paths.values_mut() {
        for operation in operations_of(item) {
            complete(operation);
        }
    }
    document
}

/// Returns the document as it is served and kept in `openapi/`: indented, with a newline at its end.
///
/// # Errors
///
/// Where the document cannot be written as JSON, which is a bug.
pub fn openapi_json() -> serde_json::Result<String> {
    written(&openapi())
}

fn written(document: &OpenApi) -> serde_json::Result<String> {
    document.to_pretty_json().map(|json| json + "\n")
}

/// The document of a running service: what it serves and what its paths are.
pub(crate) struct Document {
    json: Tagged,
    paths: Vec<(ResourceDef, String)>,
    rules: Rules,
}

impl Document {
    /// The document and the rules of its operations, which are the same for every service of this program: prepared once.
    ///
    /// # Errors
    ///
    /// Where the document cannot be written, and where an operation has no rule; both are bugs.
    pub(crate) fn shared() -> io::Result<Arc<Self>> {
        static DOCUMENT: OnceLock<Arc<Document>> = OnceLock::new();
        if let Some(document) = DOCUMENT.get() {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(Self::new()?);
        Ok(Arc::clone(DOCUMENT.get_or_init(|| document)))
    }

    fn new() -> io::Result<Self> {
        let mut document = openapi();
        let json = written(&document)?;
        let mut rules = Rules::default();
        for (template, item) in &mut document.paths.paths {
            for (method, operation) in methods_of(item) {
                let id = operation.operation_id.as_deref().unwrap_or_default();
                let rule = Rule::of(id)
                    .ok_or_else(|| io::Error::other(format!("no rule says who may call {id}")))?;
                rules.add(template, method, rule);
            }
        }
        let mut paths: Vec<_> = document
            .paths
            .paths
            .iter_mut()
            .map(|(template, item)| (ResourceDef::new(template.as_str()), allow(item)))
            .collect();
        paths.extend(
            swagger_ui::TEMPLATES
                .map(|template| (ResourceDef::new(template), "GET, HEAD".to_owned())),
        );
        Ok(Self {
            json: Tagged::new(json),
            paths,
            rules,
        })
    }

    /// Who may call which operation.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The document as it is served.
    pub(crate) fn tagged(&self) -> &Tagged {
        &self.json
    }

    /// The methods that a path takes, as in an `Allow` header; `None` where there is no such path.
    pub(crate) fn allow(&self, path: &str) -> Option<&str> {
        self.paths
            .iter()
            .find(|(template, _)| template.is_match(path))
            .map(|(_, allow)| allow.as_str())
    }
}

fn allow(item: &mut PathItem) -> String {
    let methods = [
        ("GET, HEAD", item.get.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
        ("PATCH", item.patch.is_some()),
        ("DELETE", item.delete.is_some()),
    ];
    methods
        .iter()
        .filter(|(_, taken)| *taken)
        .map(|(method, _)| *method)
        .collect::<Vec<_>>()
        .join(", ")
}

fn operations_of(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    methods_of(item).map(|(_, operation)| operation)
}

fn methods_of(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Adds whom the operation is for, and how it fails for others.
fn restrict(operation: &mut Operation, id: &str) {
    let Some(rule) = Rule::of(id) else { return };
    let Some(words) = rule.words() else {
        operation.security = Some(Vec::new());
        return;
    };
    let description = operation.description.get_or_insert_default();
    if !description.is_empty() {
        description.push_str("\n\n");
    }
    description.push_str(words);
    operation.security = Some(vec![SecurityRequirement::new(SCHEME, NO_SCOPES)]);
    let roles = serde_json::json!(rule.roles());
    operation
        .extensions
        .get_or_insert_default()
        .insert("x-roles".into(), roles);
    let mut failures = vec![("401", "Unauthenticated"), ("429", "TooManyRequests")];
    if rule != Rule::Anyone {
        failures.push(("403", "Forbidden"));
    }
    let is_fhir = operation
        .tags
        .as_ref()
        .is_some_and(|tags| tags.iter().any(|tag| tag == fhir::TAG));
    for (status, name) in failures {
        let name = if is_fhir {
            format!("Fhir{name}")
        } else {
            name.to_owned()
        };
        operation
            .responses
            .responses
            .insert(status.into(), Ref::from_response_name(name).into());
    }
}

/// The name of the way in which callers say who they are.
const SCHEME: &str = "bearer";

/// What a caller may do is settled by its role.
const NO_SCOPES: [&str; 0] = [];

/// What a caller is told of its rate.
const RATE_LIMIT_HEADERS: [&str; 3] = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

/// Adds what the answers of every operation share: headers, and the example of the good one.
fn complete(operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    restrict(operation, &id);
    let responses = &mut operation.responses.responses;
    let is_tagged = responses.contains_key("304");
    let is_limited = responses.contains_key("429");
    // A change answers with what there is then, and its tag.
    let is_changed = responses.contains_key("412");
    // Of two good answers the example is the one that says what was made.
    let is_made = responses.contains_key("201");
    for (status, response) in responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if response.headers.contains_key("Link") {
            response.headers.insert("Link".into(), header_ref("Link"));
        }
        response
            .headers
            .insert("X-Request-ID".into(), header_ref("X-Request-ID"));
        if is_limited {
            for name in RATE_LIMIT_HEADERS {
                response.headers.insert(name.into(), header_ref(name));
            }
        }
        if is_tagged || (is_changed && status == "200") || status == "201" {
            response.headers.insert("ETag".into(), header_ref("ETag"));
        }
        for (kind, content) in &mut response.content {
            // What is no text cannot be shown here.
            let is_shown = !(is_made && status == "200");
            if let RefOr::T(content) = content
                && is_shown
                && !kind.starts_with("application/vnd.")
            {
                content.example = examples::answer(&id);
            }
        }
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for content in body.content.values_mut() {
            if let RefOr::T(content) = content {
                content.example = examples::body(&id);
                without_null(&mut content.schema);
            }
        }
    }
}

/// A body that may be left out is an object all the same where it is sent: utoipa calls it that or null.
fn without_null(schema: &mut Option<RefOr<Schema>>) {
    if let Some(RefOr::T(Schema::OneOf(either))) = schema
        && let [one @ RefOr::Ref(_), RefOr::T(_)] = either.items.as_slice()
    {
        *schema = Some(one.clone());
    }
}

fn header_ref(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

fn base() -> OpenApi {
    let mut schemas = vec![(ProblemView::name().into_owned(), ProblemView::schema())];
    ProblemView::schemas(&mut schemas);
    schemas.push((
        OperationOutcome::name().into_owned(),
        OperationOutcome::schema(),
    ));
    OperationOutcome::schemas(&mut schemas);
    let components = schemas
        .into_iter()
        .fold(ComponentsBuilder::new(), |components, (name, schema)| {
            components.schema(name, schema)
        });
    let mut components = components.build();
    components.headers = headers();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A key of this service, or a token of the identity provider that it is set up for.",
        ))
        .build();
    components
        .security_schemes
        .insert(SCHEME.into(), SecurityScheme::Http(bearer).into());
    components.responses = responses();
    let info = InfoBuilder::new()
        .title("Alongside")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .contact(Some(
            ContactBuilder::new()
                .name(Some("The Alongside project"))
                .build(),
        ))
        .license(Some(
            LicenseBuilder::new()
                .name("MIT")
                .identifier(Some("MIT"))
                .build(),
        ));
    let tags = TAGS.iter().map(|&(name, words)| {
        TagBuilder::new()
            .name(name)
            .description(Some(words))
            .build()
    });
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new()
            .url("/")
            .description(Some("This service."))
            .build()]))
        .tags(Some(tags))
        .security(Some([]))
        .components(Some(components))
        .build()
}

fn headers() -> BTreeMap<String, RefOr<Header>> {
    let header = |words: &str, example: &str| {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .examples([example]);
        RefOr::T(
            HeaderBuilder::new()
                .schema(Some(text))
                .description(Some(words))
                .build(),
        )
    };
    BTreeMap::from([
        (
            "Allow".into(),
            header("The methods that the path takes.", "GET, HEAD"),
        ),
        (
            "ETag".into(),
            header(
                "The strong tag of the content, for `If-None-Match`.",
                "\"2c26b46b68ffc68ff99b453c1d304134\"",
            ),
        ),
        (
            "Link".into(),
            header(
                "The first and the next page (RFC 8288).",
                "</api/v1/organisations?limit=5>; rel=\"first\"",
            ),
        ),
        (
            "RateLimit-Limit".into(),
            header("How many requests the caller may make at once.", "100"),
        ),
        (
            "RateLimit-Remaining".into(),
            header("How many of them are left.", "99"),
        ),
        (
            "RateLimit-Reset".into(),
            header("In how many seconds all of them will be there again.", "1"),
        ),
        (
            "Retry-After".into(),
            header("After how many seconds to ask again.", "5"),
        ),
        (
            "X-Request-ID".into(),
            header(
                "The id of the request, taken from it or made.",
                "0199d3c47c6a7b52b3c8d2f3b1f6a001",
            ),
        ),
    ])
}

fn responses() -> BTreeMap<String, RefOr<Response>> {
    let problem = (PROBLEM_JSON, ProblemView::name());
    let outcome = (fhir::FHIR_JSON, OperationOutcome::name());
    let problems = examples::failures().into_iter().map(|it| (&problem, it));
    let outcomes = fhir::outcome::failures()
        .into_iter()
        .map(|it| (&outcome, it));
    let mut responses: BTreeMap<String, RefOr<Response>> = problems
        .chain(outcomes)
        .map(|((form, schema), (name, words, example))| {
            let schema = Ref::from_schema_name(schema.as_ref());
            let response = failure(name, words, form, schema, example);
            (name.to_owned(), response.into())
        })
        .collect();
    let mut not_modified =
        Response::new("The content is still what `If-None-Match` names; there is no body.");
    not_modified.headers = ["ETag", "X-Request-ID"]
        .map(|name| (name.into(), header_ref(name)))
        .into();
    responses.insert("NotModified".into(), not_modified.into());
    responses
}

fn failure(name: &str, words: &str, form: &str, schema: Ref, example: Value) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(schema))
        .example(Some(example))
        .build();
    let mut response = ResponseBuilder::new()
        .description(words)
        .content(form, content)
        .build();
    response
        .headers
        .insert("X-Request-ID".into(), header_ref("X-Request-ID"));
    if name.ends_with("MethodNotAllowed") {
        response.headers.insert("Allow".into(), header_ref("Allow"));
    }
    if name.ends_with("Unavailable") || name.ends_with("TooManyRequests") {
        response
            .headers
            .insert("Retry-After".into(), header_ref("Retry-After"));
    }
    if name == "TooManyRequests" {
        for name in RATE_LIMIT_HEADERS {
            response.headers.insert(name.into(), header_ref(name));
        }
    }
    response
}
