//! Which partnerships to list, and the places in lists of them and of their check-ins.

use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::domain::ids::OdsCode;
use crate::domain::partnership::PartnershipState;
use crate::http::extract::{Fault, Parameters, Query};
use crate::http::pagination::{List, Page, page_parameters};
use crate::http::parameters::{code_schema, in_query};
use crate::storage::partnership_pages::PartnershipQuery;

/// Which of a site's partnerships to list.
pub(crate) struct PartnershipParameters {
    pub(crate) query: PartnershipQuery,
    pub(crate) page: Page<i64>,
}

impl Parameters for PartnershipParameters {
    fn read(parameters: &mut Query) -> Self {
        let query = PartnershipQuery {
            state: parameters.take("state", |text| {
                text.parse()
                    .map_err(|malformed: <PartnershipState as std::str::FromStr>::Err| {
                        Fault::Rule(malformed.to_string())
                    })
            }),
            with: parameters.take("with", |text| {
                OdsCode::new(text).map_err(|malformed| Fault::Unreadable(malformed.to_string()))
            }),
        };
        let page = Page::read(parameters, &query);
        Self { query, page }
    }
}

impl IntoParams for PartnershipParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let states = PartnershipState::ALL.iter().map(|state| state.as_str());
        let mut parameters = vec![
            in_query(
                "state",
                "Only those in this state.",
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some(states)),
                json!(PartnershipState::Active.as_str()),
            ),
            in_query(
                "with",
                "Only those with this organisation.",
                code_schema(),
                json!("RJ7"),
            ),
        ];
        let question = PartnershipQuery::default();
        let path = "/api/v1/partnerships";
        parameters.extend(page_parameters(1, (path, &question), &42));
        parameters
    }
}

/// Every check-in of a partnership, the newest first.
pub(crate) struct CheckInList;

impl List for CheckInList {
    type Place = i64;
    const EXAMPLE: (&'static str, usize, &'static str) = (
        "/api/v1/partnerships/00000000-0000-4000-8000-000000000001/check-ins",
        1,
        "42",
    );
}
