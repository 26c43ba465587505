//! Looking organisations up.

use std::fmt::{self, Display};
use std::str::FromStr;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::app::Alongside;
use crate::domain::directory::{After, Near, OrganisationQuery, StatusFilter};
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::domain::organisation::Position;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::extract::{Fault, NoParameters, Parameters, Params, Query, Seeker};
use crate::http::openapi::{
    ApiFailures, NoSuchOrganisation, NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination::{self, Page, PageLinks, of_another_question, page_parameters};
use crate::http::parameters::{
    board, board_schema, care_setting, care_setting_schema, in_query, text, text_schema, within_km,
    within_km_schema,
};
use crate::http::problem::Problem;
use crate::http::views::organisation::{ListedView, RecordView};
use crate::storage::organisations;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_organisations", Rule::Anyone)
        .answers(include_str!("examples/list_organisations.json")),
    Operation::new("show_organisation", Rule::Anyone)
        .answers(include_str!("examples/show_organisation.json")),
];

/// The radius around `near` unless told otherwise, in km.
const DEFAULT_WITHIN_KM: f64 = 50.0;

/// A latitude and a longitude in degrees with a comma between.
const NEAR_PATTERN: &str = "^-?(90(\\.0{1,9})?|[1-8]?[0-9](\\.[0-9]{1,9})?),-?(180(\\.0{1,9})?|(1[0-7][0-9]|[1-9]?[0-9])(\\.[0-9]{1,9})?)$";

/// A rough size of one row of a page, in bytes.
const ROW_BYTES: usize = 900;

/// A rough size of one organisation with its facts, in bytes.
const RECORD_BYTES: usize = 8 * 1024;

/// Which organisations to list, and which page.
pub(crate) struct ListParameters {
    query: OrganisationQuery,
    page: Page<Row>,
}

/// The place of an organisation in the list: its code and, in a list by distance, the bits of the distance.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row(After);

impl Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.ods_code)?;
        match self.0.distance_km {
            Some(km) => write!(f, " {:016x}", (km + 0.0).to_bits()),
            None => Ok(()),
        }
    }
}

impl FromStr for Row {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (code, bits) = match text.split_once(' ') {
            Some((code, bits)) => (code, Some(bits)),
            None => (text, None),
        };
        let distance = |bits| {
            let km = f64::from_bits(u64::from_str_radix(bits, 16).map_err(|_no_bits| ())?);
            let is_distance = (0.0..MAX_DISTANCE_KM).contains(&km) && km.is_sign_positive();
            is_distance.then_some(km).ok_or(())
        };
        Ok(Self(After {
            ods_code: OdsCode::new(code).map_err(|_no_code| ())?,
            distance_km: bits.map(distance).transpose()?,
        }))
    }
}

/// Above any distance on Earth, in km.
const MAX_DISTANCE_KM: f64 = 32_768.0;

impl Parameters for ListParameters {
    fn read(query: &mut Query) -> Self {
        if query.has("withinKm") && !query.has("near") {
            let words = "says how far from near, which is not given";
            query.refuse("withinKm", Fault::Rule(words.into()));
        }
        let within_km = query
            .take("withinKm", within_km)
            .unwrap_or(DEFAULT_WITHIN_KM);
        let near = query
            .take("near", near)
            .map(|centre| Near { centre, within_km });
        let organisations = OrganisationQuery {
            text: query.take("q", text),
            care_setting: query.take("careSetting", care_setting),
            icb: query.take("icb", board),
            region: query.take("region", board),
            vendor: query.take("vendor", text),
            near,
            status: query.take("status", status).unwrap_or_default(),
        };
        let page: Page<Row> = Page::read(query, &organisations);
        if let Some(Row(after)) = &page.after
            && query.is_faultless()
            && after.distance_km.is_some() != near.is_some()
        {
            query.refuse("cursor", of_another_question());
        }
        Self {
            query: organisations,
            page,
        }
    }
}

/// Reads a point of the form of [`NEAR_PATTERN`].
fn near(text: &str) -> Result<Position, Fault> {
    let pair = text
        .split_once(',')
        .and_then(|(latitude, longitude)| Some((degrees(latitude)?, degrees(longitude)?)));
    let (latitude, longitude) =
        pair.ok_or_else(|| Fault::Unreadable("is not LATITUDE,LONGITUDE in degrees".into()))?;
    Position::new(latitude, longitude).ok_or_else(|| {
        Fault::Rule("is a latitude from -90 to 90 and a longitude from -180 to 180".into())
    })
}

/// Reads degrees: a sign perhaps, up to three digits without leading zeros, and perhaps up to nine decimals.
fn degrees(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = match unsigned.split_once('.') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (unsigned, None),
    };
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let has_form = digits(whole, 3)
        && (whole == "0" || !whole.starts_with('0'))
        && decimals.is_none_or(|decimals| digits(decimals, 9));
    has_form.then(|| text.parse().ok()).flatten()
}

fn status(text: &str) -> Result<StatusFilter, Fault> {
    match text {
        "active" => Ok(StatusFilter::Active),
        "closed" => Ok(StatusFilter::Closed),
        "any" => Ok(StatusFilter::Any),
        _ => Err(Fault::Rule("is one of: active, closed, any".into())),
    }
}

impl IntoParams for ListParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let string = || ObjectBuilder::new().schema_type(Type::String);
        let near = string().pattern(Some(NEAR_PATTERN)).max_length(Some(28));
        let status = string().enum_values(Some(["active", "closed", "any"]));
        let [limit, cursor] = page_parameters(
            5,
            ("/api/v1/organisations", &OrganisationQuery::default()),
            &"G6V2S",
        );
        vec![
            in_query(
                "q",
                "Part of the name or of the ODS code, in letters of either case.",
                text_schema(),
                json!("university"),
            ),
            in_query(
                "careSetting",
                "Only those that give this care.",
                care_setting_schema(),
                json!("acute"),
            ),
            in_query(
                "icb",
                "Only those in the integrated care board with this code, in letters of either case.",
                board_schema(),
                json!("S0E4D"),
            ),
            in_query(
                "region",
                "Only those in the NHS region with this code, in letters of either case.",
                board_schema(),
                json!("Y59"),
            ),
            in_query(
                "vendor",
                "Only those with a present core system of this vendor, in letters of either case.",
                text_schema(),
                json!("Oracle Health (Cerner)"),
            ),
            in_query(
                "near",
                "Only those whose head office is near this point, `latitude,longitude` in degrees; the list is then ordered by distance.",
                near,
                json!("51.76386,-1.21977"),
            ),
            in_query(
                "withinKm",
                "How far from `near`, in km; 50 by default. Without `near` it is refused.",
                within_km_schema(),
                json!(100),
            ),
            in_query(
                "status",
                "Whether to list open organisations, closed ones or both; open ones by default.",
                status,
                json!("active"),
            ),
            limit,
            cursor,
        ]
    }
}

/// A page of organisations.
#[derive(Serialize, ToSchema)]
#[schema(as = OrganisationPage)]
pub(crate) struct PageView {
    /// By ODS code; where `near` is given, by distance and then by code.
    #[schema(max_items = 200)]
    items: Vec<ListedView>,
    links: PageLinks,
}

/// List organisations
///
/// Lists organisations by ODS code, or by distance from a point, a page at a time. Every parameter that is given has to hold.
#[utoipa::path(
    tag = "organisations",
    params(ListParameters),
    responses(
        (status = 200, description = "A page of organisations.", body = PageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/organisations")]
pub(crate) async fn list_organisations(
    request: HttpRequest,
    parameters: Params<ListParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let ListParameters { query, page: asked } = parameters.0;
    let (after, limit) = (asked.after.map(|row| row.0), asked.limit);
    let storage = alongside.storage();
    let page = storage
        .read(move |connection| organisations::page(connection, &query, after, limit))
        .await?;
    let last = page.items.last().filter(|_| page.has_more);
    let last = last.map(|last| {
        Row(After {
            distance_km: last.distance_km,
            ods_code: last.organisation.ods_code,
        })
    });
    let links = asked.links(&request, last);
    let header = links.header();
    let items: Vec<ListedView> = page.items.into_iter().map(Into::into).collect();
    let capacity = ROW_BYTES * (items.len() + 1);
    pagination::answer(&PageView { items, links }, &header, capacity)
}

/// Show an organisation
///
/// Shows one organisation, open or closed, with everything recorded of it: its core systems, attributes, links, networks
/// and successions, each with its source and date. A site's answers on its ethos are its own and are not shown.
#[utoipa::path(
    tag = "organisations",
    params(Seeker),
    responses(
        (status = 200, description = "The organisation.", body = RecordView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}")]
pub(crate) async fn show_organisation(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let found = alongside
        .storage()
        .read(move |connection| organisations::find(connection, code))
        .await?;
    let record = found.ok_or(Error::OrganisationNotFound(code))?;
    answer::tagged(&request, &RecordView::from(record), RECORD_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_latitude_and_a_longitude() {
        assert_eq!(near("51.5,-0.12"), Ok(Position::new(51.5, -0.12).unwrap()));
        for unreadable in ["51.5", "a,b", "NaN,0", "51.5,-0.12,3"] {
            assert!(
                matches!(near(unreadable), Err(Fault::Unreadable(_))),
                "{unreadable}"
            );
        }
        assert!(matches!(near("91,0"), Err(Fault::Rule(_))));
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        for text in ["RTH", "RTH 3ff0000000000000", "RTH 0000000000000000"] {
            let row: Row = text.parse().unwrap();
            assert_eq!(row.to_string(), text);
        }
        // A negative distance, one beyond the Earth, none, no code.
        for text in [
            "RTH bff0000000000000",
            "RTH 40e0000000000000",
            "RTH 7ff8000000000000",
            "RTH ",
            "R",
        ] {
            assert!(text.parse::<Row>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_point_has_the_documented_form() {
        for good in [
            "0,0",
            "-90.0,180.000000000",
            "51.76386,-1.21977",
            "89.999999999,-179.5",
        ] {
            assert!(near(good).is_ok(), "{good}");
        }
        for bad in [
            "+51,0",
            "051,0",
            "51.,0",
            ".5,0",
            "5e1,0",
            "51, 0",
            "1.1234567891,0",
            "inf,0",
        ] {
            assert!(matches!(near(bad), Err(Fault::Unreadable(_))), "{bad}");
        }
        assert!(matches!(near("90.1,0"), Err(Fault::Rule(_))));
    }
}
