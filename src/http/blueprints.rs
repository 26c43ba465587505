//! Blueprints: published accounts that lead to whom to ask.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::blueprint::{Blueprint, MAX_ROLE_CHARS, MAX_TITLE_CHARS};
use crate::domain::dates::PartialDate;
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::provenance::Provenance;
use crate::domain::version::Version;
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::{Changing, IdempotencyKey, created, kept, made_once};
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::fields::{Faults, checked};
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, ConditionFailures, NoSuchOrganisation, NoSuchThing,
    NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::learning::{BlueprintView, BlueprintsView};
use crate::http::views::text::Code;
use crate::random::Random;
use crate::storage::audit::{self, Entry};
use crate::storage::organisations;
use crate::storage::{Connection, Touches, blueprints, expertise, topics};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_blueprints", Rule::Anyone).answers(r#"{"odsCode": "RTH", "items": []}"#),
    Operation::new("publish_blueprint", Rule::Own)
        .takes(EXAMPLE)
        .answers(include_str!("examples/publish_blueprint.json")),
    Operation::new("show_blueprint", Rule::Anyone)
        .answers(include_str!("examples/show_blueprint.json")),
    Operation::new("change_blueprint", Rule::Own)
        .takes(EXAMPLE)
        .answers(include_str!("examples/change_blueprint.json")),
    Operation::new("withdraw_blueprint", Rule::Own),
];

const EXAMPLE: &str = r#"{"topic": "hepma", "title": "Electronic prescribing in nine months", "url": "https://example.nhs.uk/blueprints/hepma", "contactRole": "Chief pharmacist", "publishedOn": "2020-02"}"#;

/// A rough size of one blueprint, in bytes.
const BLUEPRINT_BYTES: usize = 500;

/// A blueprint.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublishBlueprint)]
pub(crate) struct GivenBlueprint {
    /// The slug of the topic.
    #[schema(max_length = 64, pattern = "^[a-z0-9_-]{1,64}$")]
    topic: String,
    /// What it is called.
    #[schema(max_length = 200)]
    title: String,
    /// Where it can be read: an address with http or https, without user name and password.
    #[schema(max_length = 2000)]
    url: String,
    /// The role of whom to ask about it. A role, never a name.
    #[schema(max_length = 100)]
    contact_role: Option<String>,
    /// When it was published, not after today.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    published_on: Option<String>,
}

impl GivenBlueprint {
    fn check(self, id: String, code: OdsCode, today: NaiveDate) -> Result<Blueprint> {
        let mut given = Faults::default();
        let topic = given.read("/topic", Some(&self.topic));
        let title = given.text("/title", Some(self.title), MAX_TITLE_CHARS);
        let url = given.read("/url", Some(&self.url));
        let contact_role = given.text("/contactRole", self.contact_role, MAX_ROLE_CHARS);
        let published = given.past_date("/publishedOn", self.published_on.as_deref(), today);
        given.finish()?;
        Ok(Blueprint {
            id,
            ods_code: code,
            topic: checked(topic)?,
            title: checked(title)?,
            url: checked(url)?,
            contact_role,
            published,
            provenance: Provenance::own_word(PartialDate::day(today)),
            version: Version(1),
        })
    }
}

fn topic_exists(connection: &mut Connection, blueprint: &Blueprint) -> Result<()> {
    match topics::find(connection, &blueprint.topic)? {
        Some(_) => Ok(()),
        None => Err(Error::invalid("/topic", "is the slug of no topic")),
    }
}

/// Notes a change of a blueprint for the audit.
fn note(connection: &mut Connection, before: Option<&Blueprint>, after: Option<&Blueprint>) {
    let Some(either) = before.or(after) else {
        return;
    };
    let entry = Entry {
        kind: blueprints::KIND,
        id: either.id.clone(),
        ods_code: Some(either.ods_code),
        before: before.map(blueprints::json_of),
        after: after.map(blueprints::json_of),
    };
    audit::note(connection, entry);
}

/// List blueprints
///
/// Lists an organisation's published accounts, by topic; none where it keeps its expertise to itself.
#[utoipa::path(
    tag = "relations",
    params(Seeker),
    responses(
        (status = 200, description = "Its blueprints.", body = BlueprintsView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/blueprints")]
pub(crate) async fn list_blueprints(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let is_other = asker.0.role.site().is_some_and(|site| site != here);
    let found = alongside
        .storage()
        .read(move |connection| {
            organisations::require(connection, here)?;
            if is_other && !expertise::is_shown(connection, here)? {
                return Ok(Vec::new());
            }
            blueprints::of(connection, here)
        })
        .await?;
    let capacity = BLUEPRINT_BYTES * (found.len() + 1);
    let view = BlueprintsView {
        ods_code: Code(here),
        items: found.into_iter().map(Into::into).collect(),
    };
    answer::tagged(&request, &view, capacity)
}

/// Publish a blueprint
///
/// Adds an account that the organisation published. Having one on a topic counts as showing it in full, whatever stage is stated.
#[utoipa::path(
    tag = "relations",
    params(Seeker, IdempotencyKey),
    request_body = GivenBlueprint,
    responses(
        (status = 201, description = "The blueprint.", body = BlueprintView),
        ApiFailures, BodyFailures, NoSuchOrganisation, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/organisations/{odsCode}/blueprints")]
pub(crate) async fn publish_blueprint(
    code: Seeker,
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenBlueprint>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let claim = key.claim(&changing, &body.1);
    let blueprint = body.0.check(random.id()?, here, changing.at.date_naive())?;
    let change = changing.change("publish_blueprint", Touches::Scoring);
    let (blueprint, is_new) = made_once(&alongside, change, claim, move |connection| {
        topic_exists(connection, &blueprint)?;
        blueprints::add(connection, &blueprint)?;
        note(connection, None, Some(&blueprint));
        kept(&blueprint.id.clone(), &BlueprintView::from(blueprint))
    })
    .await?;
    let location = format!("/api/v1/organisations/{here}/blueprints/{}", blueprint.id);
    Ok(created(blueprint, &location, is_new))
}

/// Show a blueprint
///
/// Shows one of an organisation's published accounts.
#[utoipa::path(
    tag = "relations",
    params(Seeker, Id),
    responses(
        (status = 200, description = "The blueprint.", body = BlueprintView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/blueprints/{id}")]
pub(crate) async fn show_blueprint(
    request: HttpRequest,
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let is_other = asker.0.role.site().is_some_and(|site| site != here);
    let blueprint = alongside
        .storage()
        .read(move |connection| {
            if is_other && !expertise::is_shown(connection, here)? {
                return Err(Error::Missing {
                    what: "blueprint",
                    id: id.0,
                });
            }
            blueprints::find(connection, here, &id.0)
        })
        .await?;
    let version = blueprint.version;
    answer::versioned(
        &request,
        &BlueprintView::from(blueprint),
        version,
        BLUEPRINT_BYTES,
    )
}

/// Change a blueprint
///
/// Says otherwise what a blueprint is; what was said before stays in the history.
#[utoipa::path(
    tag = "relations",
    params(Seeker, Id, IfMatch),
    request_body = GivenBlueprint,
    responses(
        (status = 200, description = "The blueprint.", body = BlueprintView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, Clash, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/blueprints/{id}")]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn change_blueprint(
    request: HttpRequest,
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenBlueprint>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let at = changing.at;
    let said = body.0.check(id.0, code.0, at.date_naive())?;
    let change = changing.change("change_blueprint", Touches::Scoring);
    let (blueprint, _) = alongside
        .write(change, move |connection| {
            topic_exists(connection, &said)?;
            let (before, after) = blueprints::replace(connection, said, &expected.0, at)?;
            note(connection, Some(&before), Some(&after));
            Ok(after)
        })
        .await?;
    let version = blueprint.version;
    answer::versioned(
        &request,
        &BlueprintView::from(blueprint),
        version,
        BLUEPRINT_BYTES,
    )
}

/// Withdraw a blueprint
///
/// Takes a blueprint off the list; it stays in the organisation's history.
#[utoipa::path(
    tag = "relations",
    params(Seeker, Id, IfMatch),
    responses(
        (status = 204, description = "The blueprint is withdrawn."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/blueprints/{id}")]
pub(crate) async fn withdraw_blueprint(
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at) = (code.0, changing.at);
    let change = changing.change("withdraw_blueprint", Touches::Scoring);
    alongside
        .write(change, move |connection| {
            let before = blueprints::remove(connection, (here, &id.0), &expected.0, at)?;
            note(connection, Some(&before), None);
            Ok(())
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
