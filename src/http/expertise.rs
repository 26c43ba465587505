//! Whom to ask about a topic.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::app::Alongside;
use crate::app::expertise::{ExpertiseQuestion, ask};
use crate::domain::caller::Role;
use crate::domain::error::Error;
use crate::domain::ids::{MalformedId, OdsCode, Slug};
use crate::domain::suggestion::Limit;
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::clock::Clock;
use crate::http::extract::{Fault, Parameters, Params, Query};
use crate::http::openapi::{ApiFailures, NoSuchThing, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::parameters::{
    AS_OF_WORDS, as_of, as_of_schema, code_schema, in_query, limit, limit_in_query, limit_schema,
    text, text_schema,
};
use crate::http::path::slug_schema;
use crate::http::problem::Problem;
use crate::http::views::learning::ExpertiseView;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("list_expertise", Rule::Anyone)
    .answers(include_str!("examples/list_expertise.json"))];

/// The most that are named, and how many unless told otherwise.
const MAX_EXPERTS: usize = 50;
const DEFAULT_EXPERTS: usize = 10;

/// A rough size of one of them, in bytes.
const EXPERT_BYTES: usize = 1200;

/// About what, for whom, how many and of when.
pub(crate) struct ExpertiseParameters {
    topic: Option<Slug>,
    system: Option<String>,
    seeker: Option<OdsCode>,
    limit: usize,
    as_of: Option<NaiveDate>,
}

impl Parameters for ExpertiseParameters {
    fn read(query: &mut Query) -> Self {
        let rule = |fault: MalformedId| Fault::Unreadable(fault.to_string());
        let topic = query.take("topic", |text| Slug::new(text).map_err(rule));
        if topic.is_none() {
            query.missing("topic");
        }
        Self {
            topic,
            system: query.take("system", text),
            seeker: query.take("for", |text| OdsCode::new(text).map_err(rule)),
            limit: query
                .take("limit", limit)
                .map_or(DEFAULT_EXPERTS, Limit::count),
            as_of: query.take("asOf", as_of),
        }
    }
}

impl IntoParams for ExpertiseParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut topic = in_query(
            "topic",
            "The slug of the topic.",
            slug_schema(),
            json!("hepma"),
        );
        topic.required = Required::True;
        vec![
            topic,
            in_query(
                "system",
                "Only those who run a system whose vendor or product has this text in it, in letters of either case.",
                text_schema(),
                json!("Oracle"),
            ),
            in_query(
                "for",
                "For programme admins and viewers: the organisation for which to ask. A site asks for itself, and may name itself alone.",
                code_schema(),
                json!("RTH"),
            ),
            limit_in_query(
                "How many to name.",
                limit_schema(MAX_EXPERTS, DEFAULT_EXPERTS),
                json!(5),
            ),
            in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22")),
        ]
    }
}

/// Find whom to ask
///
/// Answers "whom can I ask about this": active organisations that can show a topic, ranked by what they can show (a blueprint, or
/// live for a year or more, first), then by how well they and the one that asks suit each other, then by code. Those that keep
/// their expertise to themselves are left out. Where more than 200 can show the same, the fit is worked out for the first 200 by
/// code.
#[utoipa::path(
    tag = "relations",
    params(ExpertiseParameters),
    responses(
        (status = 200, description = "Whom to ask.", body = ExpertiseView),
        ApiFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[get("/expertise")]
pub(crate) async fn list_expertise(
    parameters: Params<ExpertiseParameters>,
    asker: Asker,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let ExpertiseParameters {
        topic,
        system,
        seeker,
        limit,
        as_of,
    } = parameters.0;
    let topic = topic.ok_or_else(|| Error::Internal("reading a query", "it was checked".into()))?;
    let seeker = match (asker.0.role, seeker) {
        (Role::Site(code), None) => Some(code),
        (Role::Site(code), Some(named)) if named != code => {
            return Err(Error::invalid("/query/for", "is not the site that asks").into());
        }
        (_, named) => named,
    };
    let question = ExpertiseQuestion {
        topic,
        system,
        seeker,
        asker: asker.0.role.site(),
        limit,
        as_of: as_of.unwrap_or_else(|| clock.today()),
    };
    let answer = ask(alongside.into_inner(), question).await?;
    let capacity = EXPERT_BYTES * (answer.experts.len() + 1);
    answer::json(&ExpertiseView::new(answer, seeker), capacity)
}
