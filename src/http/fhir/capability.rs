//! What the interface can do, as `CapabilityStatement`.

use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::extract::Params;
use crate::http::fhir::organizations::FormParameter;
use crate::http::fhir::{FHIR_JSON, PREFIX, answered, server};
use crate::http::openapi::{FhirFailures, NotModified};
use crate::http::problem::Problem;

/// The day on which what is stated here changed last.
const STATED_ON: &str = "2026-11-22";

/// The version of FHIR.
const FHIR_VERSION: &str = "4.0.1";

/// What the interface can do (FHIR R4 `CapabilityStatement`).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FhirCapabilityStatement)]
pub(crate) struct CapabilityStatement {
    /// What this is: `CapabilityStatement`.
    #[schema(pattern = "^CapabilityStatement$", max_length = 19)]
    resource_type: &'static str,
    /// Its name for programs.
    #[schema(max_length = 50)]
    name: &'static str,
    /// Whether it holds: `active`.
    #[schema(max_length = 10)]
    status: &'static str,
    /// The day on which it changed last.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", max_length = 10)]
    date: &'static str,
    /// Of what it is stated: a service that runs, `instance`.
    #[schema(max_length = 10)]
    kind: &'static str,
    software: Software,
    implementation: Implementation,
    /// The version of FHIR.
    #[schema(max_length = 10)]
    fhir_version: &'static str,
    /// The forms of answers.
    #[schema(max_items = 2)]
    format: [&'static str; 2],
    /// The one interface.
    #[schema(max_items = 1)]
    rest: [Rest; 1],
}

/// The program.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirSoftware)]
struct Software {
    /// Its name.
    #[schema(max_length = 50)]
    name: &'static str,
    /// Its version.
    #[schema(max_length = 50)]
    version: &'static str,
}

/// The service that runs.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirImplementation)]
struct Implementation {
    /// What it is.
    #[schema(max_length = 200)]
    description: &'static str,
    /// Where it is.
    #[schema(max_length = 400)]
    url: String,
}

/// An interface.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirRest)]
struct Rest {
    /// Which side: `server`.
    #[schema(max_length = 10)]
    mode: &'static str,
    security: Security,
    /// The resources that can be read.
    #[schema(max_items = 2)]
    resource: [ResourceCapability; 2],
}

/// How callers say who they are.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirSecurity)]
struct Security {
    /// In words.
    #[schema(max_length = 200)]
    description: &'static str,
}

/// What can be done with a kind of resource.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FhirResourceCapability)]
struct ResourceCapability {
    /// Which.
    #[serde(rename = "type")]
    #[schema(max_length = 30)]
    kind: &'static str,
    /// What each stands for.
    #[schema(max_length = 500)]
    documentation: &'static str,
    /// What can be done.
    #[schema(max_items = 2)]
    interaction: [Interaction; 2],
    /// Whether versions are kept: `no-version`.
    #[schema(max_length = 20)]
    versioning: &'static str,
    /// Which conditions a reading may have: `not-match`, that is `If-None-Match`.
    #[schema(max_length = 20)]
    conditional_read: &'static str,
    /// What can be searched by.
    #[schema(max_items = 10)]
    search_param: Vec<SearchParam>,
}

/// Something that can be done.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirInteraction)]
struct Interaction {
    /// What.
    #[schema(max_length = 20)]
    code: &'static str,
}

/// Something that can be searched by.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirSearchParam)]
struct SearchParam {
    /// Its name.
    #[schema(max_length = 30)]
    name: &'static str,
    /// What its values are.
    #[serde(rename = "type")]
    #[schema(max_length = 20)]
    kind: &'static str,
    /// How it is matched.
    #[schema(max_length = 200)]
    documentation: &'static str,
}

impl CapabilityStatement {
    fn new(server: &str) -> Self {
        let organizations = resource(
            "Organization",
            "An organisation, open or closed; its id is its ODS code.",
            &[
                ("_id", "token", "One of these ids."),
                (
                    "identifier",
                    "token",
                    "One of these ODS codes, bare or with their system.",
                ),
                (
                    "name",
                    "string",
                    "The beginning of the name; with :contains any part of it.",
                ),
                ("active", "token", "true or false."),
            ],
        );
        let affiliations = resource(
            "OrganizationAffiliation",
            "A link between two organisations (organization is the one with the smaller code), a membership of a network \
             (organization is the member) or a succession (organization is the predecessor).",
            &[
                ("_id", "token", "One of these ids."),
                (
                    "primary-organization",
                    "reference",
                    "One of these is organization.",
                ),
                (
                    "participating-organization",
                    "reference",
                    "One of these is participatingOrganization.",
                ),
            ],
        );
        Self {
            resource_type: "CapabilityStatement",
            name: "Alongside",
            status: "active",
            date: STATED_ON,
            kind: "instance",
            software: Software {
                name: "Alongside",
                version: env!("CARGO_PKG_VERSION"),
            },
            implementation: Implementation {
                description: "Organisations that look for partners, and what joins them; to read.",
                url: format!("{server}{PREFIX}"),
            },
            fhir_version: FHIR_VERSION,
            format: [FHIR_JSON, "json"],
            rest: [Rest {
                mode: "server",
                security: Security {
                    description: "Send a key of the service: Authorization: Bearer KEY. This statement needs none.",
                },
                resource: [organizations, affiliations],
            }],
        }
    }
}

fn resource(
    kind: &'static str,
    documentation: &'static str,
    parameters: &[(&'static str, &'static str, &'static str)],
) -> ResourceCapability {
    ResourceCapability {
        kind,
        documentation,
        interaction: ["read", "search-type"].map(|code| Interaction { code }),
        versioning: "no-version",
        conditional_read: "not-match",
        search_param: parameters
            .iter()
            .map(|&(name, kind, documentation)| SearchParam {
                name,
                kind,
                documentation,
            })
            .collect(),
    }
}

/// Show what the FHIR interface can do
///
/// Shows the `CapabilityStatement` of the interface: the resources that can be read, and what they can be searched by.
#[utoipa::path(
    tag = "fhir",
    params(FormParameter),
    responses(
        (status = 200, description = "The statement.", body = CapabilityStatement, content_type = "application/fhir+json"),
        NotModified, FhirFailures
    )
)]
#[get("/metadata")]
pub(crate) async fn show_fhir_capabilities(
    request: HttpRequest,
    _form: Params<FormParameter>,
) -> Result<HttpResponse, Problem> {
    let statement = CapabilityStatement::new(&server(&request));
    answered(&request, &statement, 1)
}
