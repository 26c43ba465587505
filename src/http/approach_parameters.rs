//! Which approaches to list.

use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::domain::approach::{ApproachKind, ApproachState, Folder};
use crate::domain::ids::{MalformedId, OdsCode};
use crate::http::extract::{Fault, Parameters, Query};
use crate::http::pagination::{Page, page_parameters};
use crate::http::parameters::{code_schema, in_query};
use crate::storage::approaches::ApproachQuery;

/// Which approaches of the caller to list.
pub(crate) struct ApproachParameters {
    pub(crate) query: ApproachQuery,
    pub(crate) page: Page<i64>,
}

/// What is listed unless told otherwise.
const DEFAULT: ApproachQuery = ApproachQuery {
    folder: Folder::Inbox,
    state: None,
    kind: None,
    with: None,
};

fn named<T: std::str::FromStr<Err = MalformedId>>(text: &str) -> Result<T, Fault> {
    text.parse()
        .map_err(|malformed: MalformedId| Fault::Rule(malformed.to_string()))
}

fn code(text: &str) -> Result<OdsCode, Fault> {
    OdsCode::new(text).map_err(|malformed| Fault::Unreadable(malformed.to_string()))
}

impl Parameters for ApproachParameters {
    fn read(parameters: &mut Query) -> Self {
        let query = ApproachQuery {
            folder: parameters.take("folder", named).unwrap_or(DEFAULT.folder),
            state: parameters.take("state", named),
            kind: parameters.take("kind", named),
            with: parameters.take("with", code),
        };
        let page = Page::read(parameters, &query);
        Self { query, page }
    }
}

impl IntoParams for ApproachParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let string = || ObjectBuilder::new().schema_type(Type::String);
        let folders = string()
            .enum_values(Some(Folder::ALL.iter().map(|folder| folder.as_str())))
            .default(Some(json!(DEFAULT.folder.as_str())));
        let states = string().enum_values(Some(ApproachState::ALL.iter().map(|one| one.as_str())));
        let kinds = string().enum_values(Some(ApproachKind::ALL.iter().map(|one| one.as_str())));
        let mut parameters = vec![
            in_query(
                "folder",
                "`inbox`: approaches to the caller; `outbox`: approaches by it; `excluded`: approaches to it from sites that it \
                 excludes, which are in no other folder.",
                folders,
                json!("inbox"),
            ),
            in_query(
                "state",
                "Only those of which this has become by now.",
                states,
                json!("sent"),
            ),
            in_query(
                "kind",
                "Only those of this kind.",
                kinds,
                json!("partnership"),
            ),
            in_query(
                "with",
                "Only those with this organisation.",
                code_schema(),
                json!("RJ7"),
            ),
        ];
        parameters.extend(page_parameters(20, ("/api/v1/approaches", &DEFAULT), &42));
        parameters
    }
}
