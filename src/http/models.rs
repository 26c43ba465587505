//! Models of what outcomes teach about weights: learnt, looked at in shadow, put to use and rolled back.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::app::Alongside;
use crate::app::models::{self as app, Asked, By};
use crate::domain::error::Error;
use crate::domain::model::{MAX_REASON_CHARS, Model};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::{Body, given};
use crate::http::changing::{Changing, IdempotencyKey, created, kept, made_once};
use crate::http::clock::Clock;
use crate::http::extract::{NoParameters, Parameters, Params, Query};
use crate::http::fields::{Faults, checked};
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, NoSuchThing, NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination::{self, List, PageOf, cut};
use crate::http::parameters::{AS_OF_WORDS, as_of, as_of_schema, in_query};
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::question::{closed, whole_seed};
use crate::http::suggestion_parameters::seed_schema;
use crate::http::views::models::{ModelHeadView, ModelPageView, ModelView};
use crate::http::views::shadow::ShadowView;
use crate::random::Random;
use crate::storage::{Change, Connection, Touches, models};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_models", Rule::Staff).answers(include_str!("examples/list_models.json")),
    Operation::new("create_model", Rule::Admin)
        .takes(r#"{"programme": "default", "seed": 1, "asOf": "2026-11-22"}"#)
        .answers(include_str!("examples/create_model.json")),
    Operation::new("show_model", Rule::Staff).answers(include_str!("examples/show_model.json")),
    Operation::new("activate_model", Rule::Admin)
        .takes(
            r#"{"reason": "Better on held-out outcomes; the board looked at the shadow on 20 November."}"#,
        )
        .answers(include_str!("examples/activate_model.json")),
    Operation::new("roll_back_model", Rule::Admin)
        .takes(r#"{"reason": "Three sites lost their nearest neighbour from the list."}"#)
        .answers(include_str!("examples/roll_back_model.json")),
    Operation::new("show_model_shadow", Rule::Staff)
        .answers(include_str!("examples/show_model_shadow.json")),
];

/// Where the models are.
const PATH: &str = "/api/v1/admin/models";

/// What a model is learnt by unless told otherwise.
const DEFAULT_SEED: u64 = 1;

/// A rough size of one model, in bytes.
const MODEL_BYTES: usize = 4_096;

/// A rough size of one model in a list, or of one region of a shadow, in bytes.
const HEAD_BYTES: usize = 320;

/// Every model, the newest first.
pub(crate) struct ModelList;

impl List for ModelList {
    type Place = i64;
    const EXAMPLE: (&'static str, usize, &'static str) = (PATH, 5, "2");
}

/// What a model is to be learnt from.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct GivenModel {
    #[serde(deserialize_with = "given")]
    programme: Option<String>,
    #[serde(deserialize_with = "given")]
    seed: Option<f64>,
    #[serde(deserialize_with = "given")]
    as_of: Option<String>,
}

impl GivenModel {
    fn check(self, today: NaiveDate) -> Result<Asked, Error> {
        let mut faults = Faults::default();
        let programme = faults.read("/programme", self.programme.as_deref());
        let seed = self
            .seed
            .and_then(|number| faults.keep("/seed", whole_seed(number)));
        let day = self
            .as_of
            .and_then(|day| faults.keep("/asOf", as_of(day.trim())));
        if day.is_some_and(|day| day > today) {
            faults.refuse("/asOf", "is not after today");
        }
        faults.finish()?;
        Ok(Asked {
            programme,
            seed: seed.unwrap_or(DEFAULT_SEED),
            as_of: day.unwrap_or(today),
        })
    }
}

impl PartialSchema for GivenModel {
    fn schema() -> RefOr<Schema> {
        let slug = ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(64))
            .pattern(Some("^[a-z0-9_-]{1,64}$"))
            .description(Some(
                "The slug of the programme whose outcomes count; the default one unless it is given.",
            ));
        let seed = seed_schema().description(Some(
            "What outcomes are dealt into folds by, and weights drawn by for their intervals; 1 unless it is given.",
        ));
        let day = as_of_schema().description(Some(
            "The last day of which outcomes count, not after today, which it is unless it is given.",
        ));
        closed()
            .description(Some("From what to learn. Every field is optional."))
            .property("programme", slug)
            .property("seed", seed)
            .property("asOf", day)
            .into()
    }
}

impl ToSchema for GivenModel {
    fn name() -> std::borrow::Cow<'static, str> {
        "LearnModel".into()
    }
}

/// Why a model is put to use or rolled back.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ModelReason)]
pub(crate) struct GivenReason {
    /// Why, for admins and viewers. It never names a person.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl GivenReason {
    fn check(self) -> Result<String, Error> {
        let mut faults = Faults::default();
        let reason = faults.text("/reason", Some(self.reason), MAX_REASON_CHARS);
        faults.finish()?;
        checked(reason)
    }
}

fn by(changing: &Changing) -> By {
    By {
        who: changing.caller.id.to_string(),
        at: changing.at,
    }
}

fn shown(request: &HttpRequest, model: Model) -> Result<HttpResponse, Problem> {
    let version = model.version;
    answer::versioned(request, &ModelView::from(model), version, MODEL_BYTES)
}

/// Changes what becomes of a model, and shows it.
async fn decide(
    request: &HttpRequest,
    alongside: &Alongside,
    change: Change,
    decide: impl FnOnce(&mut Connection) -> Result<Model, Error> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let (model, _) = alongside.write(change, decide).await?;
    shown(request, model)
}

/// List models
///
/// Lists what was learnt from outcomes, the newest first, a page at a time.
#[utoipa::path(
    tag = "programmes",
    params(PageOf<ModelList>),
    responses(
        (status = 200, description = "A page of models.", body = ModelPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/admin/models")]
pub(crate) async fn list_models(
    request: HttpRequest,
    page: Params<PageOf<ModelList>>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let page = page.0.0;
    let (after, limit) = (page.after, page.limit);
    let mut found = alongside
        .storage()
        .read(move |connection| models::page(connection, after, limit + 1))
        .await?;
    let last = cut(&mut found, limit).map(|model| model.sequence);
    let links = page.links(&request, last);
    let header = links.header();
    let items: Vec<ModelHeadView> = found.iter().map(Into::into).collect();
    let capacity = HEAD_BYTES * (items.len() + 1);
    pagination::answer(&ModelPageView { items, links }, &header, capacity)
}

/// Learn a model
///
/// Learns weights from the partnerships of a programme of which both sides said how they go, and keeps them as a candidate with
/// everything that tells whether they are any better than those in use. It changes no suggestion: only who activates it does.
#[utoipa::path(
    tag = "programmes",
    params(IdempotencyKey),
    request_body = GivenModel,
    responses(
        (status = 201, description = "The model.", body = ModelView),
        ApiFailures, BodyFailures, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/admin/models")]
pub(crate) async fn create_model(
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenModel>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let claim = key.claim(&changing, &body.1);
    let asked = body.0.check(changing.at.date_naive())?;
    let (id, by) = (random.id()?, by(&changing));
    let change = changing.change("create_model", Touches::Nothing);
    let (made, is_new) = made_once(&alongside, change, claim, move |connection| {
        let model = app::learn(connection, id.clone(), by, &asked)?;
        kept(&id, &ModelView::from(model))
    })
    .await?;
    let location = format!("{PATH}/{}", made.id);
    Ok(created(made, &location, is_new))
}

/// Show a model
///
/// Shows of which outcomes a model was learnt, what it says of each weight with its interval, how it does on outcomes that it was not
/// learnt of, whether it may be put to use and why not, and what has become of it. Bins of fewer than five outcomes are not told.
#[utoipa::path(
    tag = "programmes",
    params(Id),
    responses(
        (status = 200, description = "The model.", body = ModelView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/admin/models/{id}")]
pub(crate) async fn show_model(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let read = move |connection: &mut Connection| models::find(connection, &id.0);
    shown(&request, alongside.storage().read(read).await?)
}

/// Activate a model
///
/// Gives the programme the weights of a model, as their next version; another model that was in use is retired. It is refused where
/// the gate does not let the model through, and where the programme's weights were changed since it was learnt. Approaches and
/// partnerships keep the weights that they were made with.
#[utoipa::path(
    tag = "programmes",
    params(Id),
    request_body = GivenReason,
    responses(
        (status = 200, description = "The model, which is in use.", body = ModelView),
        ApiFailures, BodyFailures, Clash, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[post("/admin/models/{id}/activate")]
pub(crate) async fn activate_model(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    body: Body<GivenReason>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let change = changing.change("activate_model", Touches::Scoring);
    let decided = (body.0.check()?, by(&changing));
    decide(&request, &alongside, change, move |connection| {
        let (reason, by) = decided;
        app::activate(connection, &id.0, reason, &by)
    })
    .await
}

/// Roll a model back
///
/// Puts back the weights that a programme had before a model, as their next version. Where those were another model's, that one is in
/// use again. Only the model in use can be rolled back.
#[utoipa::path(
    tag = "programmes",
    params(Id),
    request_body = GivenReason,
    responses(
        (status = 200, description = "The model, which is no longer in use.", body = ModelView),
        ApiFailures, BodyFailures, Clash, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[post("/admin/models/{id}/roll-back")]
pub(crate) async fn roll_back_model(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    body: Body<GivenReason>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let change = changing.change("roll_back_model", Touches::Scoring);
    let decided = (body.0.check()?, by(&changing));
    decide(&request, &alongside, change, move |connection| {
        let (reason, by) = decided;
        app::roll_back(connection, &id.0, reason, &by)
    })
    .await
}

/// Of which day.
pub(crate) struct ShadowParameters {
    as_of: Option<NaiveDate>,
}

impl Parameters for ShadowParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            as_of: query.take("asOf", as_of),
        }
    }
}

impl IntoParams for ShadowParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_query(
            "asOf",
            AS_OF_WORDS,
            as_of_schema(),
            json!("2026-11-22"),
        )]
    }
}

/// Show a model in shadow
///
/// Shows a model beside the weights in use: how many of the top tens of the programme's sites would stay and by how many places they
/// would move, over all and by region, and how both do on outcomes that became known after the model was learnt. Of fewer than five
/// sites or outcomes no numbers are shown. Writes nothing.
#[utoipa::path(
    tag = "programmes",
    params(Id, ShadowParameters),
    responses(
        (status = 200, description = "What the model would change.", body = ShadowView),
        ApiFailures, Clash, NoSuchThing, StorageFailures
    )
)]
#[get("/admin/models/{id}/shadow")]
pub(crate) async fn show_model_shadow(
    id: Id,
    parameters: Params<ShadowParameters>,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let day = parameters.0.as_of.unwrap_or_else(|| clock.today());
    let found = alongside.shadow(id.0, day).await?;
    let capacity = MODEL_BYTES + HEAD_BYTES * (found.regions.len() + 1);
    answer::json(&ShadowView::from(found), capacity)
}
