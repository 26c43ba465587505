//! Networks: listing, founding, joining and leaving them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use serde::Deserialize;
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::app::Alongside;
use crate::domain::dates::PartialDate;
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::link::{Membership, Network, NetworkKind};
use crate::domain::provenance::{Provenance, Voice};
use crate::domain::slugs;
use crate::domain::version::{ProfilePart, Version};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::{Changing, IdempotencyKey, created, kept, made_once};
use crate::http::conditional::IfMatch;
use crate::http::extract::{Fault, NoParameters, Parameters, Params, Query, Seeker};
use crate::http::fields::{Faults, checked};
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, ConditionFailures, NoSuchOrganisation, NoSuchThing,
    NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination::{self, Page, page_parameters};
use crate::http::parameters::{in_query, text, text_schema};
use crate::http::path::NetworkSlug;
use crate::http::problem::Problem;
use crate::http::views::networks::{
    ListedNetworkView, MembershipView, MembershipsView, NetworkPageView, NetworkRecordView,
};
use crate::http::views::text::{Code, NetworkKindName};
use crate::storage::audit::{self, Entry};
use crate::storage::facts::Stated;
use crate::storage::networks::{self, NetworkQuery};
use crate::storage::organisations;
use crate::storage::{Connection, Outcome, Touches, names, versions};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_networks", Rule::Anyone)
        .answers(include_str!("examples/list_networks.json")),
    Operation::new("create_network", Rule::Admin)
        .takes(r#"{"kind": "user_group", "name": "Thames Valley prescribing users"}"#)
        .answers(include_str!("examples/create_network.json")),
    Operation::new("show_network", Rule::Anyone)
        .answers(include_str!("examples/show_network.json")),
    Operation::new("list_memberships", Rule::Anyone)
        .answers(include_str!("examples/list_memberships.json")),
    Operation::new("join_network", Rule::Own)
        .takes(r#"{"since": "2026-03"}"#)
        .answers(include_str!("examples/join_network.json")),
    Operation::new("leave_network", Rule::Own),
];

/// A rough size of one network or membership, in bytes.
const NETWORK_BYTES: usize = 400;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 200;

/// Which networks to list, and which page.
pub(crate) struct NetworkParameters {
    query: NetworkQuery,
    page: Page<Slug>,
}

impl Parameters for NetworkParameters {
    fn read(query: &mut Query) -> Self {
        let networks = NetworkQuery {
            kind: query.take("kind", |text| {
                text.parse()
                    .map_err(|malformed: crate::domain::ids::MalformedId| {
                        Fault::Rule(malformed.to_string())
                    })
            }),
            text: query.take("q", text),
        };
        Self {
            page: Page::read(query, &networks),
            query: networks,
        }
    }
}

impl IntoParams for NetworkParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let kinds = NetworkKind::ALL.iter().map(|kind| kind.as_str());
        let kind = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(kinds));
        let mut parameters = vec![
            in_query(
                "kind",
                "Only those of this kind.",
                kind,
                json!("cancer_alliance"),
            ),
            in_query(
                "q",
                "Part of the name or of the slug, in letters of either case.",
                text_schema(),
                json!("thames"),
            ),
        ];
        let question = ("/api/v1/networks", &NetworkQuery::default());
        parameters.extend(page_parameters(5, question, &"digital-aspirant-wave1"));
        parameters
    }
}

/// List networks
///
/// Lists the groups that mediate learning, by slug, a page at a time: cancer alliances, user groups, academy cohorts and others.
#[utoipa::path(
    tag = "relations",
    params(NetworkParameters),
    responses(
        (status = 200, description = "A page of networks.", body = NetworkPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/networks")]
pub(crate) async fn list_networks(
    request: HttpRequest,
    parameters: Params<NetworkParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let NetworkParameters { query, page } = parameters.0;
    let (after, limit) = (page.after.clone(), page.limit);
    let (found, has_more) = alongside
        .storage()
        .read(move |connection| networks::page(connection, &query, after.as_ref(), limit))
        .await?;
    let last = found.last().filter(|_| has_more);
    let links = page.links(&request, last.map(|network| network.slug.clone()));
    let header = links.header();
    let items: Vec<ListedNetworkView> = found.into_iter().map(Into::into).collect();
    let capacity = NETWORK_BYTES * (items.len() + 1);
    pagination::answer(&NetworkPageView { items, links }, &header, capacity)
}

/// A network to found.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateNetwork)]
pub(crate) struct GivenNetwork {
    #[schema(value_type = NetworkKindName)]
    kind: String,
    /// What it is called; its slug is made of it.
    #[schema(max_length = 200)]
    name: String,
}

/// Found a network
///
/// Adds a network that sites can join. Its slug is made of its name.
#[utoipa::path(
    tag = "relations",
    params(IdempotencyKey),
    request_body = GivenNetwork,
    responses(
        (status = 201, description = "The network.", body = NetworkRecordView),
        ApiFailures, BodyFailures, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/networks")]
pub(crate) async fn create_network(
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenNetwork>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let claim = key.claim(&changing, &body.1);
    let mut given = Faults::default();
    let kind = given.read("/kind", Some(&body.0.kind));
    let name = given.text("/name", Some(body.0.name), MAX_NAME_CHARS);
    given.finish()?;
    let (kind, name) = (checked(kind)?, checked(name)?);
    let today = changing.at.date_naive();
    let change = changing.change("create_network", Touches::Scoring);
    let (network, is_new) = made_once(&alongside, change, claim, move |connection| {
        let network = founded(connection, kind, name, PartialDate::day(today))?;
        networks::add(connection, &network)?;
        audit::note(
            connection,
            Entry {
                kind: "networks",
                id: network.slug.to_string(),
                ods_code: None,
                before: None,
                after: Some(json!({ "kind": kind.as_str(), "name": network.name })),
            },
        );
        let record = networks::find(connection, &network.slug)?;
        let id = network.slug.to_string();
        kept(&id, &NetworkRecordView::new(record, &Default::default()))
    })
    .await?;
    let location = format!("/api/v1/networks/{}", network.id);
    Ok(created(network, &location, is_new))
}

fn founded(
    connection: &mut Connection,
    kind: NetworkKind,
    name: String,
    as_of: Option<PartialDate>,
) -> Result<Network> {
    let known = networks::slugs(connection)?;
    let is_same = |other: &str| other.to_lowercase() == name.to_lowercase();
    if let Some((slug, ..)) = known
        .iter()
        .find(|(_, other, called)| *other == kind && is_same(called))
    {
        return Err(Error::Conflict {
            rule: "/problems/network-exists",
            detail: format!("The network {slug} is of the same kind and has the same name."),
        });
    }
    let is_taken = |slug: &_| known.iter().any(|(other, ..)| other == slug);
    let slug = slugs::of_name(&name, '-', is_taken).ok_or_else(|| {
        Error::invalid("/name", "has no letter A to Z or digit to make a slug of")
    })?;
    Ok(Network {
        slug,
        kind,
        name,
        ended: None,
        members: Vec::new(),
        departed: Vec::new(),
        provenance: Provenance {
            source: "the programme".to_owned(),
            as_of,
            voice: Voice::Import,
        },
    })
}

/// Show a network
///
/// Shows a network with everybody who is or was in it, and since when.
#[utoipa::path(
    tag = "relations",
    params(NetworkSlug),
    responses(
        (status = 200, description = "The network.", body = NetworkRecordView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/networks/{slug}")]
pub(crate) async fn show_network(
    request: HttpRequest,
    slug: NetworkSlug,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (record, names) = alongside
        .storage()
        .read(move |connection| {
            let record = networks::find(connection, &slug.0)?;
            let codes = record.memberships.iter().map(|member| member.ods_code);
            let names = names::of(connection, codes)?;
            Ok((record, names))
        })
        .await?;
    let capacity = NETWORK_BYTES * (record.memberships.len() + 1);
    // What a network is called never changes; who is in it is the members' to say.
    answer::versioned(
        &request,
        &NetworkRecordView::new(record, &names),
        Version(1),
        capacity,
    )
}

/// List an organisation's networks
///
/// Lists the networks that an organisation is or was in, by slug, with since when and until when.
#[utoipa::path(
    tag = "relations",
    params(Seeker),
    responses(
        (status = 200, description = "Its networks.", body = MembershipsView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/networks")]
pub(crate) async fn list_memberships(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let (found, version) = alongside
        .storage()
        .read(move |connection| {
            organisations::require(connection, here)?;
            let found = networks::of(connection, here)?;
            Ok((
                found,
                versions::of(connection, here, ProfilePart::Networks)?,
            ))
        })
        .await?;
    let view = MembershipsView {
        ods_code: Code(here),
        networks: found.into_iter().map(Into::into).collect(),
    };
    let capacity = NETWORK_BYTES * (view.networks.len() + 1);
    answer::versioned(&request, &view, version, capacity)
}

/// A membership.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = JoinNetwork)]
pub(crate) struct GivenMembership {
    /// Since when, not after today; left out where it is not known.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    since: Option<String>,
}

/// Notes a change of a membership for the audit.
fn note(connection: &mut Connection, before: Option<&Membership>, after: &Membership) {
    audit::note(
        connection,
        Entry {
            kind: networks::KIND,
            id: after.network.to_string(),
            ods_code: Some(after.ods_code),
            before: before.map(networks::json_of),
            after: Some(networks::json_of(after)),
        },
    );
}

/// Join a network
///
/// Says that the organisation is in a network, since a date where it is given. Joining again after leaving begins a new
/// membership; the former one stays in the history. The version is that of all its networks.
#[utoipa::path(
    tag = "relations",
    params(Seeker, NetworkSlug, IfMatch),
    request_body = GivenMembership,
    responses(
        (status = 200, description = "The membership.", body = MembershipView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, Clash, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/networks/{slug}")]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn join_network(
    request: HttpRequest,
    code: Seeker,
    slug: NetworkSlug,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenMembership>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at) = (code.0, changing.at);
    let today = at.date_naive();
    let mut given = Faults::default();
    let since = given.past_date("/since", body.0.since.as_deref(), today);
    given.finish()?;
    let change = changing.change("join_network", Touches::Scoring);
    let (membership, version) = alongside
        .write_outcome(change, move |connection| {
            let current = versions::of(connection, here, ProfilePart::Networks)?;
            if !expected.0.allows(current) {
                return Err(Error::Stale);
            }
            let word = Provenance::own_word(PartialDate::day(today));
            let (stated, before, after) =
                networks::join(connection, (here, &slug.0), since, word, at)?;
            if matches!(stated, Stated::Unchanged | Stated::Kept) {
                let shown = shown(connection, here, &after)?;
                return Ok(Outcome::Unchanged((shown, current)));
            }
            let version = versions::raise(connection, here, ProfilePart::Networks, &expected.0)?;
            note(connection, before.as_ref(), &after);
            Ok(Outcome::Changed((
                shown(connection, here, &after)?,
                version,
            )))
        })
        .await?;
    answer::versioned(&request, &membership, version, NETWORK_BYTES)
}

fn shown(
    connection: &mut Connection,
    here: OdsCode,
    membership: &Membership,
) -> Result<MembershipView> {
    let found = networks::of(connection, here)?
        .into_iter()
        .find(|(network, _)| network.slug == membership.network);
    found
        .map(Into::into)
        .ok_or_else(|| Error::Internal("reading a membership", "it is not there any more".into()))
}

/// Leave a network
///
/// Says that the organisation left a network today. It stays there as a member of the past, whoever said that it was one.
#[utoipa::path(
    tag = "relations",
    params(Seeker, NetworkSlug, IfMatch),
    responses(
        (status = 204, description = "The organisation left."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/networks/{slug}")]
pub(crate) async fn leave_network(
    code: Seeker,
    slug: NetworkSlug,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at) = (code.0, changing.at);
    let today = at.date_naive();
    let on = PartialDate::day(today)
        .ok_or_else(|| Error::Internal("leaving a network", "the clock is wrong".into()))?;
    let change = changing.change("leave_network", Touches::Scoring);
    alongside
        .write(change, move |connection| {
            versions::raise(connection, here, ProfilePart::Networks, &expected.0)?;
            let word = Provenance::own_word(PartialDate::day(today));
            let (before, after) = networks::leave(connection, (here, &slug.0), on, word, at)?;
            note(connection, Some(&before), &after);
            Ok(())
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
