//! What joins organisations as `OrganizationAffiliation`, in the form of ODS: `organization` is the one of which something is
//! said, `participatingOrganization` the other.
//!
//! | ours | `organization` | the other side | `code` |
//! | --- | --- | --- | --- |
//! | link, which has no direction | the smaller code | `participatingOrganization` | its kind |
//! | membership | the member | `network`, by identifier | the kind of network |
//! | succession | the predecessor | `participatingOrganization`: the successor | its kind |
//!
//! So who looks for all links of an organisation asks twice: by `primary-organization` and by `participating-organization`.
//! Disputed links are left out. `active` is as of today, in UTC.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::app::Alongside;
use crate::domain::affiliation::{Affiliation, AffiliationId};
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::ids::OdsCode;
use crate::domain::link::NetworkKind;
use crate::domain::organisation::SuccessionKind;
use crate::http::clock::Clock;
use crate::http::extract::{Fault, Parameters, Params, Query};
use crate::http::fhir::bundle::{
    AFTER, Bundle, Resource, codes, count_parameter, take_count, values, values_parameter,
};
use crate::http::fhir::organizations::FormParameter;
use crate::http::fhir::types::{CodeableConcept, Extension, Identifier, Period, Reference};
use crate::http::fhir::{answered, form};
use crate::http::openapi::{FhirFailures, FhirStorageFailures, NoSuchResource, NotModified};
use crate::http::parameters::in_query;
use crate::http::problem::Problem;
use crate::storage::{Connection, affiliations};

/// The form of an id.
const ID_PATTERN: &str = "^(link|member|succession)-[A-Z0-9]{3,12}-[A-Za-z0-9-]{1,40}$";

/// The longest id of FHIR, in characters.
const MAX_ID_LEN: usize = 64;

/// What joins an organisation to another or to a network (FHIR R4 `OrganizationAffiliation`).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FhirOrganizationAffiliation)]
pub(crate) struct OrganizationAffiliation {
    /// What this is: `OrganizationAffiliation`.
    #[schema(pattern = "^OrganizationAffiliation$", max_length = 23)]
    resource_type: &'static str,
    /// Its id.
    #[schema(pattern = "^[A-Za-z0-9.-]{1,64}$", max_length = 64)]
    id: String,
    /// Where this is from; of a link also who stands behind it.
    #[schema(max_items = 2)]
    extension: Vec<Extension>,
    /// Whether it lasts today.
    active: bool,
    /// When it began and ended; absent where neither is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    period: Option<Period>,
    organization: Reference,
    /// The other organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    participating_organization: Option<Reference>,
    /// The network that it is a member of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1)]
    network: Vec<Reference>,
    /// What joins them.
    #[schema(max_items = 1)]
    code: Vec<CodeableConcept>,
}

impl OrganizationAffiliation {
    /// Its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    fn new(affiliation: Affiliation, today: NaiveDate) -> Self {
        let (start, end) = affiliation.period();
        let resource = Self {
            resource_type: "OrganizationAffiliation",
            id: affiliation.id().to_string(),
            extension: Vec::new(),
            active: affiliation.is_active(today),
            period: Period::of(start, end),
            organization: Reference::organisation(affiliation.primary()),
            participating_organization: affiliation.participating().map(Reference::organisation),
            network: Vec::new(),
            code: Vec::new(),
        };
        match affiliation {
            Affiliation::Link { link, .. } => {
                let (kind, standing) = (link.kind().as_str(), link.standing.as_str());
                Self {
                    code: vec![coded("urn:alongside:link-kind", kind)],
                    extension: vec![
                        Extension::provenance(link.provenance),
                        Extension::code("urn:alongside:link-standing", standing),
                    ],
                    ..resource
                }
            }
            Affiliation::Membership(membership) => {
                let network = Identifier {
                    purpose: None,
                    system: "urn:alongside:network",
                    value: membership.network.to_string(),
                };
                let kind: NetworkKind = membership.kind;
                Self {
                    code: vec![coded("urn:alongside:network-kind", kind.as_str())],
                    network: vec![Reference::elsewhere(network, membership.name)],
                    extension: vec![Extension::provenance(membership.provenance)],
                    ..resource
                }
            }
            Affiliation::Succession(succession) => {
                let kind: SuccessionKind = succession.kind;
                Self {
                    code: vec![coded("urn:alongside:succession-kind", kind.as_str())],
                    extension: vec![Extension::provenance(succession.provenance)],
                    ..resource
                }
            }
        }
    }
}

/// A word of ours, in words.
fn coded(system: &'static str, word: &str) -> CodeableConcept {
    CodeableConcept::of(system, word, &word.replace('_', " "))
}

/// The id of the path.
pub(crate) struct IdOfAffiliation;

impl IntoParams for IdOfAffiliation {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let id = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(ID_PATTERN))
            .max_length(Some(MAX_ID_LEN));
        vec![
            ParameterBuilder::new()
                .name("affiliationId")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some("The id of the affiliation."))
                .schema(Some(id))
                .example(Some(json!("succession-RW6-R0A")))
                .build(),
        ]
    }
}

/// Read an affiliation as FHIR
///
/// Reads one link, membership or succession as an `OrganizationAffiliation` of FHIR R4.
#[utoipa::path(
    tag = "fhir",
    params(IdOfAffiliation, FormParameter),
    responses(
        (status = 200, description = "The affiliation.", body = OrganizationAffiliation, content_type = "application/fhir+json"),
        NotModified, FhirFailures, NoSuchResource, FhirStorageFailures
    )
)]
#[get("/OrganizationAffiliation/{affiliationId}")]
pub(crate) async fn read_fhir_affiliation(
    request: HttpRequest,
    _form: Params<FormParameter>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let text = request
        .match_info()
        .get("affiliationId")
        .unwrap_or_default();
    let missing = || Error::Missing {
        what: "OrganizationAffiliation",
        id: text.to_owned(),
    };
    // What is no id of ours is still a good id of FHIR; there is no such resource.
    let id: AffiliationId = text.parse().map_err(|_malformed| missing())?;
    let found = alongside
        .storage()
        .read(move |connection| affiliations::find(connection, &id))
        .await?
        .ok_or_else(missing)?;
    let today = clock.now().date_naive();
    answered(&request, &OrganizationAffiliation::new(found, today), 1)
}

/// What to search for.
pub(crate) struct SearchParameters {
    ids: Option<Vec<AffiliationId>>,
    primary: Option<Vec<OdsCode>>,
    participating: Option<Vec<OdsCode>>,
    count: usize,
    after: Option<AffiliationId>,
}

impl Parameters for SearchParameters {
    fn read(query: &mut Query) -> Self {
        form::take(query);
        // What is no id of ours is the id of nothing.
        let ids = query.take("_id", |text| {
            let ids = values(text)?.into_iter().filter_map(|id| id.parse().ok());
            Ok(ids.collect())
        });
        let primary = query.take("primary-organization", references);
        let participating = query.take("participating-organization", references);
        let after = query.take(AFTER, |text| {
            text.parse()
                .map_err(|malformed: crate::domain::ids::MalformedId| {
                    Fault::Unreadable(malformed.to_string())
                })
        });
        Self {
            ids,
            primary,
            participating,
            count: take_count(query),
            after,
        }
    }
}

/// Reads references to organisations: `Organization/CODE` or the bare code.
fn references(text: &str) -> Result<Vec<OdsCode>, Fault> {
    let ids = values(text)?
        .into_iter()
        .map(|value| value.strip_prefix("Organization/").unwrap_or(value));
    Ok(codes(ids))
}

impl IntoParams for SearchParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let id = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(ID_PATTERN))
            .max_length(Some(MAX_ID_LEN));
        vec![
            values_parameter(
                "_id",
                "Only those with one of these ids.",
                "succession-RW6-R0A",
            ),
            values_parameter(
                "primary-organization",
                "Only those of one of these organisations: `Organization/CODE`, or the bare code.",
                "Organization/RW6",
            ),
            values_parameter(
                "participating-organization",
                "Only those that join others to one of these organisations: `Organization/CODE`, or the bare code.",
                "Organization/R0A",
            ),
            count_parameter(),
            in_query(
                AFTER,
                "After which id the page begins: taken from the link `next`.",
                id,
                json!("link-RW6-0"),
            ),
            form::parameter(),
        ]
    }
}

/// What a search found.
struct Found {
    affiliations: Vec<Affiliation>,
    has_more: bool,
    /// How many there are on all pages, where they were counted.
    total: Option<u64>,
}

impl SearchParameters {
    fn run(&self, connection: &mut Connection) -> DomainResult<Found> {
        let counted = match (&self.ids, &self.primary, &self.participating) {
            (Some(ids), ..) => {
                let codes: Vec<OdsCode> = ids.iter().map(AffiliationId::primary).collect();
                Some(affiliations::of_primaries(connection, &codes)?)
            }
            (None, Some(codes), _) => Some(affiliations::of_primaries(connection, codes)?),
            (None, None, Some(codes)) => Some(affiliations::of_participants(connection, codes)?),
            (None, None, None) => None,
        };
        let Some(mut found) = counted else {
            // One more than asked for tells whether more follow.
            let mut page = affiliations::page(connection, self.after.as_ref(), self.count + 1)?;
            let has_more = page.len() > self.count;
            page.truncate(self.count);
            return Ok(Found {
                affiliations: page,
                has_more,
                total: None,
            });
        };
        found.retain(|one| self.takes(one));
        let total = Some(found.len() as u64);
        let is_later =
            |one: &Affiliation| self.after.as_ref().is_none_or(|after| one.id() > *after);
        let mut page: Vec<Affiliation> = found.into_iter().filter(is_later).collect();
        let has_more = page.len() > self.count;
        page.truncate(self.count);
        Ok(Found {
            affiliations: page,
            has_more,
            total,
        })
    }

    fn takes(&self, one: &Affiliation) -> bool {
        let other = one.participating();
        let has = |codes: &Option<Vec<OdsCode>>, code: Option<OdsCode>| {
            let is_in = |codes: &Vec<OdsCode>| code.is_some_and(|code| codes.contains(&code));
            codes.as_ref().is_none_or(is_in)
        };
        self.ids.as_ref().is_none_or(|ids| ids.contains(&one.id()))
            && has(&self.primary, Some(one.primary()))
            && has(&self.participating, other)
    }
}

/// Search affiliations as FHIR
///
/// Searches links, memberships of networks and successions by id and by the organisations that they join; every parameter that
/// is given has to hold, and of several values with commas between, one. `organization` is the one with the smaller code of a
/// link, the member of a network, the predecessor of a successor; a network is no resource, and named in `network`. Disputed links
/// are left out. Pages are by the code of `organization`, then by id. Parameters that the search does not know are refused by name.
#[utoipa::path(
    tag = "fhir",
    params(SearchParameters),
    responses(
        (status = 200, description = "A page of what was found.", body = Bundle, content_type = "application/fhir+json"),
        NotModified, FhirFailures, FhirStorageFailures
    )
)]
#[get("/OrganizationAffiliation")]
pub(crate) async fn search_fhir_affiliations(
    request: HttpRequest,
    parameters: Params<SearchParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let found = alongside
        .storage()
        .read(move |connection| parameters.0.run(connection))
        .await?;
    let today = clock.now().date_naive();
    let resource = |one| {
        let resource = OrganizationAffiliation::new(one, today);
        Resource::OrganizationAffiliation(Box::new(resource))
    };
    let resources: Vec<Resource> = found.affiliations.into_iter().map(resource).collect();
    let n_resources = resources.len();
    let bundle = Bundle::new(&request, found.total, resources, found.has_more);
    answered(&request, &bundle, n_resources)
}
