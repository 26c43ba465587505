//! Which matches, and which organisations of the pipeline, to list.

use std::str::FromStr;

use chrono::NaiveDate;
use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::app::export::ExportFormat;
use crate::domain::approach::{ApproachKind, ApproachState};
use crate::domain::board::{MatchFlag, MatchOrder, MatchPlace, MatchQuery};
use crate::domain::ids::{MalformedId, OdsCode, Slug};
use crate::domain::partnership::PartnershipState;
use crate::domain::pipeline::{PipelineQuery, Stage, Why};
use crate::http::exports::{format_parameter, take_format};
use crate::http::extract::{Fault, Parameters, Query};
use crate::http::pagination::{List, Page, PageOf, page_parameters};
use crate::http::parameters::{
    AS_OF_WORDS, as_of, as_of_schema, board, board_schema, code_schema, in_query,
};
use crate::http::path::slug_schema;
use crate::random::is_id;

/// Where the board is.
pub(crate) const PATH: &str = "/api/v1/admin/matches";

/// Where the pipeline is.
const PIPELINE_PATH: &str = "/api/v1/admin/pipeline";

/// An id that stands for one in examples.
const EXAMPLE_ID: &str = "00000000-0000-4000-8000-000000000001";

fn named<T: FromStr<Err = MalformedId>>(text: &str) -> Result<T, Fault> {
    text.parse()
        .map_err(|malformed: MalformedId| Fault::Rule(malformed.to_string()))
}

fn code(text: &str) -> Result<OdsCode, Fault> {
    OdsCode::new(text).map_err(|malformed| Fault::Unreadable(malformed.to_string()))
}

pub(crate) fn slug(text: &str) -> Result<Slug, Fault> {
    Slug::new(text).map_err(|malformed| Fault::Unreadable(malformed.to_string()))
}

fn id(text: &str) -> Result<String, Fault> {
    if is_id(text) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(Fault::Unreadable("is not an id: a UUID".into()))
    }
}

fn yes_or_no(text: &str) -> Result<bool, Fault> {
    text.parse()
        .map_err(|_neither| Fault::Unreadable("is true or false".into()))
}

fn match_query(parameters: &mut Query) -> MatchQuery {
    MatchQuery {
        state: parameters.take("state", named),
        partnership: parameters.take("partnership", named),
        kind: parameters.take("kind", named),
        programme: parameters.take("programme", slug),
        ods_code: parameters.take("odsCode", code),
        region: parameters.take("region", board),
        icb: parameters.take("icb", board),
        flag: parameters.take("flag", named),
        assignee: parameters.take("assignee", id),
        resolved: parameters.take("resolved", yes_or_no),
        from: parameters.take("from", as_of),
        until: parameters.take("until", as_of),
        order: parameters.take("order", named).unwrap_or_default(),
    }
}

fn names(all: impl Iterator<Item = &'static str>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(all.collect::<Vec<_>>()))
}

fn match_filters() -> Vec<Parameter> {
    let states = names(ApproachState::ALL.iter().map(|state| state.as_str()));
    let partnerships = names(PartnershipState::ALL.iter().map(|state| state.as_str()));
    let kinds = names(ApproachKind::ALL.iter().map(|kind| kind.as_str()));
    let flags = names(MatchFlag::ALL.iter().map(|flag| flag.as_str()));
    let orders = names(MatchOrder::ALL.iter().map(|order| order.as_str()));
    let id = ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(36))
        .pattern(Some(
            "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        ));
    let yes_or_no = names(["true", "false"].into_iter());
    let describe = |name: &str, words: &str, schema: ObjectBuilder, example: Value| {
        in_query(name, words, schema, example)
    };
    vec![
        describe(
            "state",
            "Only approaches that are in this state now.",
            states,
            json!("sent"),
        ),
        describe(
            "partnership",
            "Only matches with a partnership in this state.",
            partnerships,
            json!("active"),
        ),
        describe(
            "kind",
            "Only approaches of this kind.",
            kinds,
            json!("partnership"),
        ),
        describe(
            "programme",
            "Only what was made in this programme: its slug.",
            slug_schema(),
            json!("default"),
        ),
        describe(
            "odsCode",
            "Only matches with this organisation on either side.",
            code_schema(),
            json!("RTH"),
        ),
        describe(
            "region",
            "Only matches with an organisation of this NHS region, by its code, on either side.",
            board_schema(),
            json!("Y59"),
        ),
        describe(
            "icb",
            "Only matches with an organisation of this integrated care board, by its code, on either side.",
            board_schema(),
            json!("QU9"),
        ),
        describe(
            "flag",
            "Only matches with this flag.",
            flags,
            json!("low_coverage"),
        ),
        describe(
            "assignee",
            "Only matches that are this admin's to look after: the id of a key.",
            id,
            json!(EXAMPLE_ID),
        ),
        describe(
            "resolved",
            "Only matches that were resolved, or that were not.",
            yes_or_no,
            json!("false"),
        ),
        describe(
            "from",
            "Only what was sent on this day or later.",
            as_of_schema(),
            json!("2026-11-01"),
        ),
        describe(
            "until",
            "Only what was sent on this day or earlier.",
            as_of_schema(),
            json!("2026-11-22"),
        ),
        describe(
            "order",
            "`newest` first (the default), `age` (the oldest first), or `fit` (the greatest mutual fit then first; those without one last).",
            orders,
            json!("fit"),
        ),
    ]
}

/// Which page of the board.
pub(crate) struct MatchParameters {
    pub(crate) query: MatchQuery,
    pub(crate) page: Page<MatchPlace>,
}

impl Parameters for MatchParameters {
    fn read(parameters: &mut Query) -> Self {
        let query = match_query(parameters);
        let page = Page::read(parameters, &query);
        Self { query, page }
    }
}

impl IntoParams for MatchParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = match_filters();
        let place = MatchPlace {
            fit: 0.5,
            sequence: 42,
        };
        let question = MatchQuery::default();
        parameters.extend(page_parameters(5, (PATH, &question), &place));
        parameters
    }
}

/// Which matches to write into a file, and in which form.
pub(crate) struct MatchExportParameters {
    pub(crate) query: MatchQuery,
    pub(crate) format: ExportFormat,
}

impl Parameters for MatchExportParameters {
    fn read(parameters: &mut Query) -> Self {
        Self {
            query: match_query(parameters),
            format: take_format(parameters),
        }
    }
}

impl IntoParams for MatchExportParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = match_filters();
        parameters.push(format_parameter());
        parameters
    }
}

/// The comments under a match.
pub(crate) struct CommentList;

impl List for CommentList {
    type Place = i64;
    const EXAMPLE: (&'static str, usize, &'static str) = (
        "/api/v1/admin/matches/00000000-0000-4000-8000-000000000001/comments",
        5,
        "1",
    );
}

/// Which page of them.
pub(crate) type CommentPage = PageOf<CommentList>;

pub(crate) fn programme_parameter() -> Parameter {
    in_query(
        "programme",
        "Only what was made in this programme counts: its slug.",
        slug_schema(),
        json!("default"),
    )
}

fn day_parameter() -> Parameter {
    in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22"))
}

/// Which page of the pipeline.
pub(crate) struct PipelineParameters {
    pub(crate) query: PipelineQuery,
    pub(crate) as_of: Option<NaiveDate>,
    pub(crate) page: Page<OdsCode>,
}

impl Parameters for PipelineParameters {
    fn read(parameters: &mut Query) -> Self {
        let query = PipelineQuery {
            stage: parameters.take("stage", named),
            why: parameters.take("why", named),
            region: parameters.take("region", board),
            icb: parameters.take("icb", board),
            programme: parameters.take("programme", slug),
        };
        let as_of = parameters.take("asOf", as_of);
        let page = Page::read(parameters, &(&query, as_of));
        Self { query, as_of, page }
    }
}

impl IntoParams for PipelineParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let stages = names(Stage::ALL.iter().map(|stage| stage.as_str()));
        let reasons = names(Why::ALL.iter().map(|why| why.as_str()));
        let mut parameters = vec![
            in_query(
                "stage",
                "Only organisations at this stage.",
                stages,
                json!("none"),
            ),
            in_query(
                "why",
                "Only organisations that have no partner for this reason.",
                reasons,
                json!("never_suggested"),
            ),
            in_query(
                "region",
                "Only organisations of this NHS region, by its code.",
                board_schema(),
                json!("Y59"),
            ),
            in_query(
                "icb",
                "Only organisations of this integrated care board, by its code.",
                board_schema(),
                json!("QU9"),
            ),
            programme_parameter(),
            day_parameter(),
        ];
        let question = (&PipelineQuery::default(), None::<NaiveDate>);
        parameters.extend(page_parameters(5, (PIPELINE_PATH, &question), &"RTH"));
        parameters
    }
}

/// The form and the day of a file.
pub(crate) struct DayExportParameters {
    pub(crate) as_of: Option<NaiveDate>,
    pub(crate) format: ExportFormat,
}

impl Parameters for DayExportParameters {
    fn read(parameters: &mut Query) -> Self {
        Self {
            as_of: parameters.take("asOf", as_of),
            format: take_format(parameters),
        }
    }
}

impl IntoParams for DayExportParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![day_parameter(), format_parameter()]
    }
}

/// The form, the day and the programme of a file.
pub(crate) struct PipelineExportParameters {
    pub(crate) programme: Option<Slug>,
    pub(crate) day: DayExportParameters,
}

impl Parameters for PipelineExportParameters {
    fn read(parameters: &mut Query) -> Self {
        Self {
            programme: parameters.take("programme", slug),
            day: DayExportParameters::read(parameters),
        }
    }
}

impl IntoParams for PipelineExportParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![programme_parameter(), day_parameter(), format_parameter()]
    }
}
