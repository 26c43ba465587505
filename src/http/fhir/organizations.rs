//! Organisations as `Organization`, in the form of ODS where we know what it says.
//!
//! `id` and the official identifier are the ODS code, `active` says whether it is open, the first and last days are FHIR's own
//! extension `organization-period`, the head office is FHIR's own `geolocation` of an address of which nothing else is
//! recorded, and `type` lists the care settings. Board and region are extensions of ours, as is where all this is from.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::app::Alongside;
use crate::domain::dates::PartialDate;
use crate::domain::directory::{NamePart, OrganisationSearch};
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::domain::organisation::{Board, Organisation, Status};
use crate::http::extract::{Fault, Parameters, Params, Query, Seeker};
use crate::http::fhir::bundle::{
    AFTER, Bundle, Resource, codes, count_parameter, identified, take_count, values,
    values_parameter,
};
use crate::http::fhir::types::{CodeableConcept, Coding, Extension, Identifier, Period};
use crate::http::fhir::{CARE_SETTING_SYSTEM, ODS_SYSTEM, answered, form};
use crate::http::openapi::{FhirFailures, FhirStorageFailures, NoSuchResource, NotModified};
use crate::http::parameters::{in_query, text, text_schema};
use crate::http::problem::Problem;
use crate::storage::organisation_search;

/// An organisation (FHIR R4 `Organization`).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FhirOrganization)]
pub(crate) struct Organization {
    /// What this is: `Organization`.
    #[schema(pattern = "^Organization$", max_length = 12)]
    resource_type: &'static str,
    /// Its ODS code.
    #[schema(pattern = "^[A-Z0-9]{3,12}$", max_length = 12)]
    id: String,
    /// Where this is from, its first and last days, its integrated care board and its NHS region, as far as they are known.
    #[schema(max_items = 4)]
    extension: Vec<Extension>,
    /// Its ODS code.
    #[schema(max_items = 1)]
    identifier: Vec<Identifier>,
    /// Whether it is open.
    active: bool,
    /// The care it gives; absent where nothing is recorded.
    #[serde(rename = "type", skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 5)]
    kinds: Vec<CodeableConcept>,
    /// Its name as the register writes it.
    #[schema(max_length = 1000)]
    name: String,
    /// The place of its head office; absent where it is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1)]
    address: Vec<Address>,
}

impl Organization {
    /// Its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

/// An address of which only the place is known.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirAddress)]
struct Address {
    /// The place.
    #[schema(max_items = 1)]
    extension: Vec<Extension>,
}

impl From<Organisation> for Organization {
    fn from(organisation: Organisation) -> Self {
        let closed = match organisation.status {
            Status::Active => None,
            Status::Closed { on } => on,
        };
        let day = |day: Option<chrono::NaiveDate>| day.and_then(PartialDate::day);
        let period = Period::of(day(organisation.opened), day(closed)).map(|period| {
            let url = "http://hl7.org/fhir/StructureDefinition/organization-period";
            Extension::period(url, period)
        });
        let board = |url, board: Option<Board>| {
            board.map(|board| {
                let coding = Coding {
                    system: ODS_SYSTEM,
                    code: board.code.to_string(),
                    display: board.name,
                };
                Extension::coding(url, coding)
            })
        };
        let address = organisation.position.map(|at| Address {
            extension: vec![Extension::geolocation(at.latitude(), at.longitude())],
        });
        Self {
            resource_type: "Organization",
            id: organisation.ods_code.to_string(),
            extension: std::iter::once(Extension::provenance(organisation.provenance))
                .chain(period)
                .chain(board(
                    "urn:alongside:integrated-care-board",
                    organisation.icb,
                ))
                .chain(board("urn:alongside:nhs-region", organisation.region))
                .collect(),
            identifier: vec![Identifier {
                purpose: Some("official"),
                ..Identifier::ods(organisation.ods_code)
            }],
            active: organisation.status.is_active(),
            kinds: organisation
                .care_settings
                .iter()
                .map(|setting| {
                    CodeableConcept::of(CARE_SETTING_SYSTEM, setting.as_str(), setting.words())
                })
                .collect(),
            name: organisation.name,
            address: address.into_iter().collect(),
        }
    }
}

/// Read an organisation as FHIR
///
/// Reads one organisation, open or closed, as an `Organization` of FHIR R4.
#[utoipa::path(
    tag = "fhir",
    params(Seeker, FormParameter),
    responses(
        (status = 200, description = "The organisation.", body = Organization, content_type = "application/fhir+json"),
        NotModified, FhirFailures, NoSuchResource, FhirStorageFailures
    )
)]
#[get("/Organization/{odsCode}")]
pub(crate) async fn read_fhir_organization(
    request: HttpRequest,
    _form: Params<FormParameter>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let id = request.match_info().get("odsCode").unwrap_or_default();
    let missing = || Error::Missing {
        what: "Organization",
        id: id.to_owned(),
    };
    // What is no code of ours is still a good id of FHIR; there is no such resource.
    let code = OdsCode::new(id).map_err(|_malformed| missing())?;
    let search = OrganisationSearch {
        codes: Some(vec![code]),
        ..OrganisationSearch::default()
    };
    let page = alongside
        .storage()
        .read(move |connection| organisation_search::page(connection, &search, None, 1))
        .await?;
    let found = page.items.into_iter().next().ok_or_else(missing)?;
    answered(&request, &Organization::from(found), 1)
}

/// The form of the answer, where nothing else is asked.
pub(crate) struct FormParameter;

impl Parameters for FormParameter {
    fn read(query: &mut Query) -> Self {
        form::take(query);
        Self
    }
}

impl IntoParams for FormParameter {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![form::parameter()]
    }
}

/// What to search for.
pub(crate) struct SearchParameters {
    search: OrganisationSearch,
    count: usize,
    after: Option<OdsCode>,
}

impl Parameters for SearchParameters {
    fn read(query: &mut Query) -> Self {
        form::take(query);
        let by_id = query.take("_id", |text| Ok(codes(values(text)?)));
        let by_identifier = query.take("identifier", |text| {
            Ok(codes(values(text)?.into_iter().filter_map(identified)))
        });
        let codes = match (by_id, by_identifier) {
            (Some(some), Some(others)) => {
                Some(some.into_iter().filter(|c| others.contains(c)).collect())
            }
            (some, others) => some.or(others),
        };
        let words = |words: &str| text(words).map_err(|fault| Fault::Unreadable(fault.words()));
        let start = query.take("name", words).map(NamePart::Start);
        let part = query.take("name:contains", words).map(NamePart::Anywhere);
        if start.is_some() && part.is_some() {
            let words = "cannot be given together with name";
            query.refuse("name:contains", Fault::Unreadable(words.into()));
        }
        let is_active = query.take("active", |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Fault::Unreadable("is true or false".into())),
        });
        let after = query.take(AFTER, |text| {
            OdsCode::new(text).map_err(|malformed| Fault::Unreadable(malformed.to_string()))
        });
        Self {
            search: OrganisationSearch {
                codes,
                name: start.or(part),
                is_active,
            },
            count: take_count(query),
            after,
        }
    }
}

impl IntoParams for SearchParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let string = || ObjectBuilder::new().schema_type(Type::String);
        vec![
            values_parameter(
                "_id",
                "Only those with one of these ids, which are ODS codes.",
                "RTH",
            ),
            values_parameter(
                "identifier",
                "Only those with one of these identifiers: `https://fhir.nhs.uk/Id/ods-organization-code|CODE`, or the bare code.",
                "https://fhir.nhs.uk/Id/ods-organization-code|RTH",
            ),
            in_query(
                "name",
                "Only those whose name begins so, in letters of either case.",
                text_schema(),
                json!("oxford"),
            ),
            in_query(
                "active",
                "Only those that are open, or only those that are closed.",
                string().enum_values(Some(["true", "false"])),
                json!("true"),
            ),
            count_parameter(),
            in_query(
                AFTER,
                "After which id the page begins: taken from the link `next`.",
                string()
                    .pattern(Some("^[A-Za-z0-9]{3,12}$"))
                    .max_length(Some(12)),
                json!("R0A"),
            ),
            form::parameter(),
        ]
    }
}

/// Search organisations as FHIR
///
/// Searches organisations, open and closed, by id, identifier, name and status; every parameter that is given has to hold, and
/// of several values with commas between, one. `name:contains`, in the place of `name`, looks anywhere in the name. Pages are by
/// ODS code. Parameters that the search does not know are refused by name.
#[utoipa::path(
    tag = "fhir",
    params(SearchParameters),
    responses(
        (status = 200, description = "A page of what was found.", body = Bundle, content_type = "application/fhir+json"),
        NotModified, FhirFailures, FhirStorageFailures
    )
)]
#[get("/Organization")]
pub(crate) async fn search_fhir_organizations(
    request: HttpRequest,
    parameters: Params<SearchParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let SearchParameters {
        search,
        count,
        after,
    } = parameters.0;
    let page = alongside
        .storage()
        .read(move |connection| organisation_search::page(connection, &search, after, count))
        .await?;
    let resources: Vec<Resource> = page
        .items
        .into_iter()
        .map(|organisation| Resource::Organization(Box::new(organisation.into())))
        .collect();
    let n_resources = resources.len();
    let bundle = Bundle::new(&request, Some(page.n_found), resources, page.has_more);
    answered(&request, &bundle, n_resources)
}
