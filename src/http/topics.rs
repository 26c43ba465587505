//! Topics of learning, and what each organisation seeks and shows.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::caller::Role;
use crate::domain::dates::PartialDate;
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::profile::{Topic, TopicInterest, TopicStage};
use crate::domain::provenance::Provenance;
use crate::domain::slugs;
use crate::domain::version::ProfilePart;
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
use crate::http::path::TopicSlug;
use crate::http::problem::Problem;
use crate::http::views::learning::{InterestView, InterestsView, TopicView, TopicsView};
use crate::http::views::text::{Code, TopicNeedName, TopicStageName};
use crate::storage::audit::{self, Entry};
use crate::storage::facts::Stated;
use crate::storage::organisations;
use crate::storage::{Connection, Outcome, Touches, expertise, topics, versions};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_topics", Rule::Anyone).answers(include_str!("examples/list_topics.json")),
    Operation::new("create_topic", Rule::Admin)
        .takes(r#"{"name": "Bed management"}"#)
        .answers(r#"{"slug": "bed_management", "name": "Bed management"}"#),
    Operation::new("list_organisation_topics", Rule::Anyone)
        .answers(r#"{"odsCode": "RTH", "topics": []}"#),
    Operation::new("state_topic", Rule::Own)
        .takes(r#"{"need": null, "stage": "live", "liveSince": "2019-11"}"#)
        .answers(
            r#"{"topic": "hepma", "need": null, "stage": "live", "liveSince": "2019-11", "source": "the site's own word", "asOf": "2026-11-22"}"#,
        ),
    Operation::new("withdraw_topic", Rule::Own),
];

/// A rough size of a list of topics, in bytes.
const TOPICS_BYTES: usize = 4 * 1024;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 100;

/// List topics
///
/// Lists the subjects of learning that organisations can seek and show, by slug.
#[utoipa::path(
    tag = "relations",
    responses(
        (status = 200, description = "The topics.", body = TopicsView),
        NotModified, ApiFailures, StorageFailures
    )
)]
#[get("/topics")]
pub(crate) async fn list_topics(
    request: HttpRequest,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let found = alongside.storage().read(topics::all).await?;
    let items = found.into_iter().map(Into::into).collect();
    answer::tagged(&request, &TopicsView { items }, TOPICS_BYTES)
}

/// A topic to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateTopic)]
pub(crate) struct GivenTopic {
    /// Its name in sentences; its slug is made of it.
    #[schema(max_length = 100)]
    name: String,
}

/// Add a topic
///
/// Adds a subject of learning. Its slug is made of its name.
#[utoipa::path(
    tag = "relations",
    params(IdempotencyKey),
    request_body = GivenTopic,
    responses(
        (status = 201, description = "The topic.", body = TopicView),
        ApiFailures, BodyFailures, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/topics")]
pub(crate) async fn create_topic(
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenTopic>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let claim = key.claim(&changing, &body.1);
    let mut given = Faults::default();
    let name = given.text("/name", Some(body.0.name), MAX_NAME_CHARS);
    given.finish()?;
    let name = checked(name)?;
    let change = changing.change("create_topic", Touches::Scoring);
    let (topic, is_new) = made_once(&alongside, change, claim, move |connection| {
        let known = topics::all(connection)?;
        let is_taken = |slug: &Slug| known.iter().any(|topic| topic.slug == *slug);
        let slug = slugs::of_name(&name, '_', is_taken).ok_or_else(|| {
            Error::invalid("/name", "has no letter A to Z or digit to make a slug of")
        })?;
        let topic = Topic { slug, name };
        topics::add(connection, &topic)?;
        audit::note(
            connection,
            Entry {
                kind: "topics",
                id: topic.slug.to_string(),
                ods_code: None,
                before: None,
                after: Some(json!({ "name": topic.name })),
            },
        );
        kept(&topic.slug.to_string(), &TopicView::from(topic))
    })
    .await?;
    Ok(created(topic, "/api/v1/topics", is_new))
}

/// List what an organisation seeks and shows
///
/// Lists what an organisation stated on topics. What it seeks is shown to itself, programme admins and viewers; what it can show
/// to everybody, unless it keeps its expertise to itself.
#[utoipa::path(
    tag = "relations",
    params(Seeker),
    responses(
        (status = 200, description = "Its topics.", body = InterestsView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/topics")]
pub(crate) async fn list_organisation_topics(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let sees_all = match asker.0.role {
        Role::Site(code) => code == here,
        Role::ProgrammeAdmin | Role::Viewer => true,
    };
    let (mut found, version) = alongside
        .storage()
        .read(move |connection| {
            organisations::require(connection, here)?;
            let mut found = topics::of(connection, here)?;
            if !sees_all && !expertise::is_shown(connection, here)? {
                found.clear();
            }
            Ok((found, versions::of(connection, here, ProfilePart::Topics)?))
        })
        .await?;
    if !sees_all {
        found.retain(|interest| interest.stage.is_some());
        for interest in &mut found {
            interest.need = None;
        }
    }
    let view = InterestsView {
        ods_code: Code(here),
        topics: found.into_iter().map(Into::into).collect(),
    };
    answer::versioned(&request, &view, version, TOPICS_BYTES)
}

/// What an organisation seeks and shows on one topic.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = StateTopic)]
pub(crate) struct GivenInterest {
    /// How much it is sought; null where it is not.
    #[schema(value_type = Option<TopicNeedName>)]
    need: Option<String>,
    /// What can be shown; null where that is left open.
    #[schema(value_type = Option<TopicStageName>)]
    stage: Option<String>,
    /// Since when it is live, or from when it will be; with the stages `live` and `blueprint` alone.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    live_since: Option<String>,
}

impl GivenInterest {
    fn check(self, code: OdsCode, topic: Slug, today: NaiveDate) -> Result<TopicInterest> {
        let mut given = Faults::default();
        let need = given.read("/need", self.need.as_deref());
        let stage: Option<TopicStage> = given.read("/stage", self.stage.as_deref());
        let live_since = given.read("/liveSince", self.live_since.as_deref());
        if self.need.is_none() && self.stage.is_none() {
            given.refuse("", "says neither what is sought nor what can be shown");
        }
        let is_live = matches!(stage, Some(TopicStage::Live | TopicStage::Blueprint));
        if live_since.is_some() && !is_live {
            given.refuse(
                "/liveSince",
                "goes with the stages live and blueprint alone",
            );
        }
        given.finish()?;
        Ok(TopicInterest {
            ods_code: code,
            topic,
            need,
            stage,
            live_since,
            provenance: Provenance::own_word(PartialDate::day(today)),
        })
    }
}

/// Notes a change of what is sought and shown for the audit.
fn note(
    connection: &mut Connection,
    (code, topic): (OdsCode, &Slug),
    before: Option<&TopicInterest>,
    after: Option<&TopicInterest>,
) {
    audit::note(
        connection,
        Entry {
            kind: topics::KIND,
            id: topic.to_string(),
            ods_code: Some(code),
            before: before.map(topics::json_of),
            after: after.map(topics::json_of),
        },
    );
}

/// State what is sought and shown on a topic
///
/// Puts the site's own word on a topic in the place of all that holds. The version is that of all its topics.
#[utoipa::path(
    tag = "relations",
    params(Seeker, TopicSlug, IfMatch),
    request_body = GivenInterest,
    responses(
        (status = 200, description = "What holds on the topic.", body = InterestView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/topics/{topic}")]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn state_topic(
    request: HttpRequest,
    code: Seeker,
    topic: TopicSlug,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenInterest>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at) = (code.0, changing.at);
    let said = body.0.check(here, topic.0, at.date_naive())?;
    let change = changing.change("state_topic", Touches::Scoring);
    let (interest, version) = alongside
        .write_outcome(change, move |connection| {
            let current = versions::of(connection, here, ProfilePart::Topics)?;
            if !expected.0.allows(current) {
                return Err(Error::Stale);
            }
            let before = topics::on(connection, here, &said.topic)?;
            let stated = topics::state(connection, &said, at)?;
            if stated == Stated::Unchanged {
                return Ok(Outcome::Unchanged((before.unwrap_or(said), current)));
            }
            let version = versions::raise(connection, here, ProfilePart::Topics, &expected.0)?;
            note(
                connection,
                (here, &said.topic),
                before.as_ref(),
                Some(&said),
            );
            Ok(Outcome::Changed((said, version)))
        })
        .await?;
    answer::versioned(
        &request,
        &InterestView::from(interest),
        version,
        TOPICS_BYTES,
    )
}

/// Withdraw the word on a topic
///
/// Withdraws the site's own word on a topic; the strongest word of others that stands comes back.
#[utoipa::path(
    tag = "relations",
    params(Seeker, TopicSlug, IfMatch),
    responses(
        (status = 204, description = "The word is withdrawn."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/topics/{topic}")]
pub(crate) async fn withdraw_topic(
    code: Seeker,
    topic: TopicSlug,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at) = (code.0, changing.at);
    let change = changing.change("withdraw_topic", Touches::Scoring);
    alongside
        .write(change, move |connection| {
            versions::raise(connection, here, ProfilePart::Topics, &expected.0)?;
            let before = topics::withdraw(connection, (here, &topic.0), at)?;
            let after = topics::on(connection, here, &topic.0)?;
            note(connection, (here, &topic.0), Some(&before), after.as_ref());
            Ok(())
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
