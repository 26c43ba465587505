//! What a search answers: a page of resources with the links to itself and to the next one.

use actix_web::HttpRequest;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::domain::ids::OdsCode;
use crate::http::extract::{Fault, Query};
use crate::http::fhir::affiliations::OrganizationAffiliation;
use crate::http::fhir::organizations::Organization;
use crate::http::fhir::{ODS_SYSTEM, PREFIX, server};
use crate::http::parameters::{in_query, limit_schema, whole};

/// The most resources on one page.
pub(crate) const MAX_COUNT: usize = 200;

/// The resources on a page unless told otherwise.
const DEFAULT_COUNT: usize = 50;

/// The most values of one parameter, of which any may hold.
const MAX_VALUES: usize = 10;

/// The longest value of a parameter that names resources, in characters: ten tokens with their system. Percent-encoded, one that
/// is too long still fits an address.
const MAX_VALUE_LEN: usize = 600;

/// A page of what a search found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FhirBundle)]
pub(crate) struct Bundle {
    /// What this is: `Bundle`.
    #[schema(pattern = "^Bundle$", max_length = 6)]
    resource_type: &'static str,
    /// What sort of bundle: `searchset`.
    #[serde(rename = "type")]
    #[schema(pattern = "^searchset$", max_length = 9)]
    kind: &'static str,
    /// How many were found on all pages, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 1_000_000_000)]
    total: Option<u64>,
    /// This page, and the next where there is one.
    #[schema(max_items = 2)]
    link: Vec<BundleLink>,
    /// What was found; absent where nothing was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 200)]
    entry: Vec<Entry>,
}

/// A page of a search.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirBundleLink)]
struct BundleLink {
    /// Which page: `self` or `next`.
    #[schema(max_length = 4)]
    relation: &'static str,
    /// Its address.
    #[schema(max_length = 10_000)]
    url: String,
}

/// One resource that was found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FhirBundleEntry)]
struct Entry {
    /// Its address.
    #[schema(max_length = 400)]
    full_url: String,
    resource: Resource,
    search: Search,
}

/// Any resource that a search finds.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = FhirResource)]
pub(crate) enum Resource {
    /// An organisation.
    Organization(Box<Organization>),
    /// What joins two.
    OrganizationAffiliation(Box<OrganizationAffiliation>),
}

impl Resource {
    fn address(&self) -> (&'static str, &str) {
        match self {
            Self::Organization(it) => ("Organization", it.id()),
            Self::OrganizationAffiliation(it) => ("OrganizationAffiliation", it.id()),
        }
    }
}

/// Why a resource is in the bundle.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirBundleSearch)]
struct Search {
    /// Why: `match`, it is what was searched for.
    #[schema(pattern = "^match$", max_length = 5)]
    mode: &'static str,
}

impl Bundle {
    /// The page that a request asked for.
    pub(crate) fn new(
        request: &HttpRequest,
        total: Option<u64>,
        resources: Vec<Resource>,
        has_more: bool,
    ) -> Self {
        let server = server(request);
        let here = format!("{server}{}", request.path());
        let mut link = vec![BundleLink {
            relation: "self",
            url: match request.query_string() {
                "" => here.clone(),
                query => format!("{here}?{query}"),
            },
        }];
        if let Some(last) = resources.last().filter(|_| has_more) {
            let mut pairs: Vec<(String, String)> =
                serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
            pairs.retain(|(name, _)| name != AFTER);
            pairs.push((AFTER.to_owned(), last.address().1.to_owned()));
            let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
            link.push(BundleLink {
                relation: "next",
                url: format!("{here}?{query}"),
            });
        }
        let entry = resources
            .into_iter()
            .map(|resource| {
                let (kind, id) = resource.address();
                Entry {
                    full_url: format!("{server}{PREFIX}/{kind}/{id}"),
                    resource,
                    search: Search { mode: "match" },
                }
            })
            .collect();
        Self {
            resource_type: "Bundle",
            kind: "searchset",
            total,
            link,
            entry,
        }
    }
}

/// The parameter after whose resource a page begins.
pub(crate) const AFTER: &str = "_after";

/// Reads how many resources a page has.
pub(crate) fn take_count(query: &mut Query) -> usize {
    let read = |text: &str| {
        let number = whole(text)?;
        usize::try_from(number)
            .ok()
            .filter(|number| (1..=MAX_COUNT).contains(number))
            .ok_or_else(|| Fault::Unreadable(format!("is a whole number from 1 to {MAX_COUNT}")))
    };
    query.take("_count", read).unwrap_or(DEFAULT_COUNT)
}

/// Describes how many resources a page has.
pub(crate) fn count_parameter() -> Parameter {
    in_query(
        "_count",
        "How many resources a page has at most.",
        limit_schema(MAX_COUNT, DEFAULT_COUNT),
        json!(5),
    )
}

/// Describes a parameter with several values, any of which may hold.
pub(crate) fn values_parameter(name: &str, words: &str, example: &str) -> Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MAX_VALUE_LEN))
        .pattern(Some("^[!-+\\-.-~]+(,[!-+\\-.-~]+){0,9}$"));
    in_query(name, words, text, json!(example))
}

/// The values of a parameter: with commas between, any of which may hold.
pub(crate) fn values(text: &str) -> Result<Vec<&str>, Fault> {
    let values: Vec<&str> = text.split(',').collect();
    if text.len() > MAX_VALUE_LEN || values.len() > MAX_VALUES {
        Err(Fault::Unreadable(format!(
            "has at most {MAX_VALUES} values in {MAX_VALUE_LEN} characters"
        )))
    } else if text.chars().any(char::is_control) {
        Err(Fault::Unreadable("has no control characters".into()))
    } else {
        Ok(values)
    }
}

/// The ODS codes among values; what is no code is the code of nobody.
pub(crate) fn codes<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<OdsCode> {
    values
        .into_iter()
        .filter_map(|value| OdsCode::new(value).ok())
        .collect()
}

/// The code that a token of an identifier names: a bare one, or one of the system of ODS codes.
pub(crate) fn identified(token: &str) -> Option<&str> {
    match token.split_once('|') {
        None => Some(token),
        Some((system, value)) if system == ODS_SYSTEM => Some(value),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_bare_or_of_the_system_of_ods_codes() {
        assert_eq!(identified("RTH"), Some("RTH"));
        assert_eq!(
            identified("https://fhir.nhs.uk/Id/ods-organization-code|RTH"),
            Some("RTH")
        );
        assert_eq!(identified("https://example.org|RTH"), None);
        assert_eq!(identified("|RTH"), None);
    }

    #[test]
    fn values_are_bounded() {
        assert_eq!(values("a,b"), Ok(vec!["a", "b"]));
        assert!(values(&"a,".repeat(10)).is_err());
        assert!(values(&"a".repeat(MAX_VALUE_LEN + 1)).is_err());
        assert_eq!(codes(["rth", "?"]), [OdsCode::new("RTH").unwrap()]);
    }
}
