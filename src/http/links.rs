//! Links between organisations: listing, declaring, changing and withdrawing them. The other side's answers are in
//! [`link_answers`](super::link_answers).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::dates::PartialDate;
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::link::{ImpossibleLink, Link, LinkKind, LinkRecord, LinkStanding};
use crate::domain::provenance::Provenance;
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
use crate::http::pagination::{self, List, PageOf};
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::links::{Around, LinkPageView, LinkRecordView};
use crate::http::views::text::{Code, LinkKindName};
use crate::random::Random;
use crate::storage::audit::{self, Entry};
use crate::storage::organisations;
use crate::storage::{Connection, Touches, links, names};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_links", Rule::Anyone).answers(include_str!("examples/list_links.json")),
    Operation::new("declare_link", Rule::Own)
        .takes(
            r#"{"with": "RHW", "kind": "site_visit", "started": "2026-05", "note": "A day on the wards, to see electronic prescribing at work."}"#,
        )
        .answers(include_str!("examples/declare_link.json")),
    Operation::new("show_link", Rule::Anyone).answers(include_str!("examples/show_link.json")),
    Operation::new("change_link", Rule::Own)
        .takes(
            r#"{"kind": "site_visit", "started": "2026-05-12", "evidence": "https://example.nhs.uk/visits/2026-05"}"#,
        )
        .answers(include_str!("examples/change_link.json")),
    Operation::new("withdraw_link", Rule::Own),
];

/// A rough size of one link, in bytes.
pub(crate) const LINK_BYTES: usize = 600;

const MAX_NOTE_CHARS: usize = 1000;
const MAX_EVIDENCE_CHARS: usize = 2000;

/// What a site says of a link.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = DeclareLink)]
pub(crate) struct GivenLink {
    /// The other end: an organisation that exists.
    #[schema(value_type = Code)]
    with: String,
    /// What it is. A partnership is made by accepting an approach and a shared network by joining one, so these two are refused.
    #[schema(value_type = LinkKindName)]
    kind: String,
    /// When it started; needed for a staff move, a conversation and a site visit, which are moments.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    started: Option<String>,
    /// When it ended; left out while it lasts.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    ended: Option<String>,
    /// Where it can be read about: an address, or words. It never names a person.
    #[schema(max_length = 2000)]
    evidence: Option<String>,
    /// A remark. It never names a person.
    #[schema(max_length = 1000)]
    note: Option<String>,
}

/// What a site says of a link that it declared; the other end stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChangeLink)]
pub(crate) struct GivenChange {
    /// What it is; not a partnership or a shared network.
    #[schema(value_type = LinkKindName)]
    kind: String,
    /// When it started; needed for a staff move, a conversation and a site visit.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    started: Option<String>,
    /// When it ended; left out while it lasts.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    ended: Option<String>,
    /// Where it can be read about: an address, or words. It never names a person.
    #[schema(max_length = 2000)]
    evidence: Option<String>,
    /// A remark. It never names a person.
    #[schema(max_length = 1000)]
    note: Option<String>,
}

/// What is said of a link, checked field by field.
struct Said {
    kind: LinkKind,
    started: Option<PartialDate>,
    ended: Option<PartialDate>,
    evidence: Option<String>,
    note: Option<String>,
}

impl GivenChange {
    fn check(self, given: &mut Faults) -> Option<Said> {
        let kind = given.read("/kind", Some(&self.kind));
        if matches!(kind, Some(LinkKind::Partnership)) {
            given.refuse("/kind", "is made by accepting an approach, not declared");
        }
        if matches!(kind, Some(LinkKind::SharedNetwork)) {
            given.refuse("/kind", "is made by joining a network, not declared");
        }
        let started = given.read("/started", self.started.as_deref());
        let ended = given.read("/ended", self.ended.as_deref());
        let evidence = given.text("/evidence", self.evidence, MAX_EVIDENCE_CHARS);
        let note = given.text("/note", self.note, MAX_NOTE_CHARS);
        Some(Said {
            kind: kind?,
            started,
            ended,
            evidence,
            note,
        })
    }
}

impl Said {
    fn into_link(self, here: OdsCode, there: OdsCode, today: NaiveDate) -> Result<Link> {
        let provenance = Provenance::own_word(PartialDate::day(today));
        let mut link = Link::published(
            (here, there),
            self.kind,
            self.started,
            self.ended,
            provenance,
        )
        .map_err(|impossible| {
            let pointer = match impossible {
                ImpossibleLink::ToItself => "/with",
                ImpossibleLink::EndsBeforeItStarts => "/ended",
                ImpossibleLink::MomentWithoutDate => "/started",
            };
            Error::invalid(pointer, impossible.to_string())
        })?;
        link.standing = LinkStanding::Declared;
        link.declared_by = Some(here);
        link.evidence = self.evidence;
        link.note = self.note;
        Ok(link)
    }
}

impl GivenLink {
    fn check(self, here: OdsCode, today: NaiveDate) -> Result<(OdsCode, Link)> {
        let mut given = Faults::default();
        let there = given.read("/with", Some(&self.with));
        let change = GivenChange {
            kind: self.kind,
            started: self.started,
            ended: self.ended,
            evidence: self.evidence,
            note: self.note,
        };
        let said = change.check(&mut given);
        given.finish()?;
        let there = checked(there)?;
        Ok((there, checked(said)?.into_link(here, there, today)?))
    }
}

/// Every link of an organisation.
pub(crate) struct LinkList;

impl List for LinkList {
    type Place = i64;
    const EXAMPLE: (&'static str, usize, &'static str) =
        ("/api/v1/organisations/RTH/links", 5, "12");
}

/// Notes a change of a link for the audit.
pub(crate) fn note(
    connection: &mut Connection,
    code: OdsCode,
    before: Option<&LinkRecord>,
    after: Option<&LinkRecord>,
) {
    let id = before.or(after).map(|record| record.id.clone());
    audit::note(
        connection,
        Entry {
            kind: links::KIND,
            id: id.unwrap_or_default(),
            ods_code: Some(code),
            before: before.map(links::audited),
            after: after.map(links::audited),
        },
    );
}

/// List links
///
/// Lists what an organisation has or had to do with others, a page at a time, in the order in which it was recorded: what
/// publications say, what it declared itself, and what others declared about it.
#[utoipa::path(
    tag = "relations",
    params(Seeker, PageOf<LinkList>),
    responses(
        (status = 200, description = "A page of links.", body = LinkPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, NoSuchOrganisation, RuleBroken, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/links")]
pub(crate) async fn list_links(
    request: HttpRequest,
    code: Seeker,
    parameters: Params<PageOf<LinkList>>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, page) = (code.0, parameters.0.0);
    let limit = page.limit;
    let after = page.after;
    let (records, has_more, around) = alongside
        .storage()
        .read(move |connection| {
            organisations::require(connection, here)?;
            let (records, has_more) = links::page(connection, here, after, limit)?;
            let around = Around::load(connection, &records)?;
            Ok((records, has_more, around))
        })
        .await?;
    let last = records.last().filter(|_| has_more);
    let links = page.links(&request, last.map(|record| record.sequence));
    let header = links.header();
    let site = asker.0.role.site();
    let items: Vec<LinkRecordView> = records
        .into_iter()
        .map(|record| around.view(record, here, site))
        .collect();
    let capacity = LINK_BYTES * (items.len() + 1);
    pagination::answer(&LinkPageView { items, links }, &header, capacity)
}

/// Declare a link
///
/// Declares what the organisation has or had to do with another. Until the other side confirms it, it counts at half its
/// strength; while it is disputed, not at all. Neither the note nor the evidence may name a person: both are kept in the
/// history and shown to others.
#[utoipa::path(
    tag = "relations",
    params(Seeker, IdempotencyKey),
    request_body = GivenLink,
    responses(
        (status = 201, description = "The link.", body = LinkRecordView),
        ApiFailures, BodyFailures, NoSuchOrganisation, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/organisations/{odsCode}/links")]
pub(crate) async fn declare_link(
    code: Seeker,
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenLink>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let claim = key.claim(&changing, &body.1);
    let (there, link) = body.0.check(here, changing.at.date_naive())?;
    let id = random.id()?;
    let site = changing.caller.role.site();
    let change = changing.change("declare_link", Touches::Scoring);
    let (link, is_new) = made_once(&alongside, change, claim, move |connection| {
        if names::of(connection, [there])?.is_empty() {
            return Err(Error::invalid("/with", "is the code of no organisation"));
        }
        let record = links::add(connection, id, link)?;
        note(connection, here, None, Some(&record));
        let around = Around::load(connection, std::slice::from_ref(&record))?;
        kept(&record.id.clone(), &around.view(record, here, site))
    })
    .await?;
    let location = format!("/api/v1/organisations/{here}/links/{}", link.id);
    Ok(created(link, &location, is_new))
}

/// Show a link
///
/// Shows one link of an organisation, seen from it.
#[utoipa::path(
    tag = "relations",
    params(Seeker, Id),
    responses(
        (status = 200, description = "The link.", body = LinkRecordView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/links/{id}")]
pub(crate) async fn show_link(
    request: HttpRequest,
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let (record, around) = alongside
        .storage()
        .read(move |connection| {
            let record = links::find(connection, here, &id.0)?;
            let around = Around::load(connection, std::slice::from_ref(&record))?;
            Ok((record, around))
        })
        .await?;
    let version = record.version;
    let view = around.view(record, here, asker.0.role.site());
    answer::versioned(&request, &view, version, LINK_BYTES)
}

/// Change a link
///
/// Puts other words in the place of what the site declared. A link that the other side had confirmed is declared again; one
/// that it disputes stays disputed until it confirms it. What was said before stays in the history.
#[utoipa::path(
    tag = "relations",
    params(Seeker, Id, IfMatch),
    request_body = GivenChange,
    responses(
        (status = 200, description = "The link.", body = LinkRecordView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, Clash, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/links/{id}")]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn change_link(
    request: HttpRequest,
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenChange>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at) = (code.0, changing.at);
    let mut given = Faults::default();
    let said = body.0.check(&mut given);
    given.finish()?;
    let said = checked(said)?;
    let change = changing.change("change_link", Touches::Scoring);
    let ((record, around), _) = alongside
        .write(change, move |connection| {
            let new = |before: &LinkRecord| {
                let (a, b) = before.link.ends();
                let there = if a == here { b } else { a };
                said.into_link(here, there, at.date_naive())
            };
            let (before, after) = links::change(connection, (here, &id.0), new, &expected.0, at)?;
            note(connection, here, Some(&before), Some(&after));
            let around = Around::load(connection, std::slice::from_ref(&after))?;
            Ok((after, around))
        })
        .await?;
    shown(&request, record, &around, here, &changing)
}

/// Answers with a link as it was changed.
pub(crate) fn shown(
    request: &HttpRequest,
    record: LinkRecord,
    around: &Around,
    here: OdsCode,
    changing: &Changing,
) -> std::result::Result<HttpResponse, Problem> {
    let version = record.version;
    let view = around.view(record, here, changing.caller.role.site());
    answer::versioned(request, &view, version, LINK_BYTES)
}

/// Withdraw a link
///
/// Withdraws a link that the site declared. It stays in the site's history.
#[utoipa::path(
    tag = "relations",
    params(Seeker, Id, IfMatch),
    responses(
        (status = 204, description = "The link is withdrawn."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/links/{id}")]
pub(crate) async fn withdraw_link(
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at) = (code.0, changing.at);
    let change = changing.change("withdraw_link", Touches::Scoring);
    alongside
        .write(change, move |connection| {
            let before = links::withdraw(connection, (here, &id.0), &expected.0, at)?;
            note(connection, here, Some(&before), None);
            Ok(())
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
