//! Programmes: their names, their days and who is in them. Their weights are in [`programme_weights`](super::programme_weights).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::programme::{Member, Programme, ProgrammeRecord, Run};
use crate::domain::slugs;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::{Changing, IdempotencyKey, created, kept, made_once};
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::fields::{Faults, checked};
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, ConditionFailures, NoSuchThing, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination::{self, List, PageOf, cut};
use crate::http::parameters;
use crate::http::path::ProgrammeSlug;
use crate::http::problem::Problem;
use crate::http::views::programmes::{
    MemberPageView, MemberView, ProgrammePageView, ProgrammeRecordView,
};
use crate::storage::audit::{self, Entry};
use crate::storage::{Connection, Outcome, Touches, names, programmes};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_programmes", Rule::Staff)
        .answers(include_str!("examples/list_programmes.json")),
    Operation::new("create_programme", Rule::Admin)
        .takes(EXAMPLE)
        .answers(include_str!("examples/create_programme.json")),
    Operation::new("show_programme", Rule::Staff)
        .answers(include_str!("examples/show_programme.json")),
    Operation::new("change_programme", Rule::Admin)
        .takes(EXAMPLE)
        .answers(include_str!("examples/change_programme.json")),
    Operation::new("list_programme_members", Rule::Staff)
        .answers(include_str!("examples/list_programme_members.json")),
    Operation::new("add_programme_member", Rule::Admin)
        .answers(include_str!("examples/add_programme_member.json")),
    Operation::new("remove_programme_member", Rule::Admin),
];

const EXAMPLE: &str = r#"{"name": "Thames Valley 2027", "starts": "2026-11-01", "ends": "2028-03-31", "spreadLoad": false}"#;

/// A rough size of one programme or member, in bytes.
const PROGRAMME_BYTES: usize = 400;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 200;

/// The most programmes: all of them are read with every change of scoring.
const MAX_PROGRAMMES: usize = 500;

/// Every programme, by slug.
pub(crate) struct ProgrammeList;

impl List for ProgrammeList {
    type Place = Slug;
    const EXAMPLE: (&'static str, usize, &'static str) = ("/api/v1/admin/programmes", 5, "default");
}

/// Everybody who is or was in a programme, by code.
pub(crate) struct MemberList;

impl List for MemberList {
    type Place = OdsCode;
    const EXAMPLE: (&'static str, usize, &'static str) = (
        "/api/v1/admin/programmes/thames-valley-2027/members",
        5,
        "RTH",
    );
}

/// A programme.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = GiveProgramme)]
pub(crate) struct GivenProgramme {
    /// What it is called; the slug of a new one is made of it.
    #[schema(max_length = 200)]
    name: String,
    /// Its first day; left out, it has no beginning.
    #[schema(max_length = 10, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    starts: Option<String>,
    /// Its last day; left out, it has no end.
    #[schema(max_length = 10, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    ends: Option<String>,
    /// Whether its members' suggestions spread exposure by a price, unless a request says otherwise; left out, they do not.
    spread_load: Option<bool>,
}

impl GivenProgramme {
    fn check(self) -> Result<(String, Run, bool)> {
        let mut given = Faults::default();
        let name = given.text("/name", Some(self.name), MAX_NAME_CHARS);
        let mut day = |pointer, text: Option<String>| {
            text.and_then(|text| given.keep(pointer, parameters::as_of(&text)))
        };
        let run = Run {
            starts: day("/starts", self.starts),
            ends: day("/ends", self.ends),
        };
        if run
            .starts
            .zip(run.ends)
            .is_some_and(|(starts, ends)| ends < starts)
        {
            given.refuse("/ends", "is not before the first day");
        }
        given.finish()?;
        Ok((checked(name)?, run, self.spread_load.unwrap_or_default()))
    }
}

fn note(connection: &mut Connection, before: Option<&ProgrammeRecord>, after: &ProgrammeRecord) {
    let entry = Entry {
        kind: programmes::KIND,
        id: after.programme.slug.to_string(),
        ods_code: None,
        before: before.map(programmes::json_of),
        after: Some(programmes::json_of(after)),
    };
    audit::note(connection, entry);
}

/// List programmes
///
/// Lists the programmes by slug, a page at a time, with their days and weights.
#[utoipa::path(
    tag = "programmes",
    params(PageOf<ProgrammeList>),
    responses(
        (status = 200, description = "A page of programmes.", body = ProgrammePageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/admin/programmes")]
pub(crate) async fn list_programmes(
    request: HttpRequest,
    page: Params<PageOf<ProgrammeList>>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let page = page.0.0;
    let mut found = alongside.storage().read(programmes::all).await?;
    found.retain(|record| {
        page.after
            .as_ref()
            .is_none_or(|after| record.programme.slug > *after)
    });
    let last = cut(&mut found, page.limit).map(|record| record.programme.slug.clone());
    let links = page.links(&request, last);
    let header = links.header();
    let items: Vec<ProgrammeRecordView> = found.into_iter().map(Into::into).collect();
    let capacity = PROGRAMME_BYTES * (items.len() + 1);
    pagination::answer(&ProgrammePageView { items, links }, &header, capacity)
}

/// Open a programme
///
/// Adds a programme that sites can be put into. Its slug is made of its name, and its weights are at first those of the default
/// programme. It changes nobody's suggestions until it runs and has members.
#[utoipa::path(
    tag = "programmes",
    params(IdempotencyKey),
    request_body = GivenProgramme,
    responses(
        (status = 201, description = "The programme.", body = ProgrammeRecordView),
        ApiFailures, BodyFailures, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/admin/programmes")]
pub(crate) async fn create_programme(
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenProgramme>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let claim = key.claim(&changing, &body.1);
    let given = body.0.check()?;
    let (by, at) = (changing.caller.id.to_string(), changing.at);
    let change = changing.change("create_programme", Touches::Scoring);
    let (programme, is_new) = made_once(&alongside, change, claim, move |connection| {
        let record = opened(connection, given, (&by, at))?;
        note(connection, None, &record);
        let slug = record.programme.slug.to_string();
        kept(&slug, &ProgrammeRecordView::from(record))
    })
    .await?;
    let location = format!("/api/v1/admin/programmes/{}", programme.id);
    Ok(created(programme, &location, is_new))
}

fn opened(
    connection: &mut Connection,
    (name, run, spread_load): (String, Run, bool),
    (by, at): (&str, DateTime<Utc>),
) -> Result<ProgrammeRecord> {
    let known = programmes::all(connection)?;
    if known.len() >= MAX_PROGRAMMES {
        return Err(Error::Conflict {
            rule: "/problems/too-many-programmes",
            detail: format!("There are {MAX_PROGRAMMES} programmes already."),
        });
    }
    let is_taken = |slug: &Slug| known.iter().any(|other| other.programme.slug == *slug);
    let slug = slugs::of_name(&name, '-', is_taken).ok_or_else(|| {
        Error::invalid("/name", "has no letter A to Z or digit to make a slug of")
    })?;
    let programme = Programme {
        slug: slug.clone(),
        name,
        weights: programmes::default(connection)?.weights,
        spread_load,
    };
    programmes::add(connection, &programme, run, by, at)?;
    programmes::find(connection, Some(&slug))
}

/// Show a programme
///
/// Shows a programme with its days and its weights.
#[utoipa::path(
    tag = "programmes",
    params(ProgrammeSlug),
    responses(
        (status = 200, description = "The programme.", body = ProgrammeRecordView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/admin/programmes/{slug}")]
pub(crate) async fn show_programme(
    request: HttpRequest,
    slug: ProgrammeSlug,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let record = alongside
        .storage()
        .read(move |connection| programmes::find(connection, Some(&slug.0)))
        .await?;
    shown(&request, record)
}

fn shown(
    request: &HttpRequest,
    record: ProgrammeRecord,
) -> std::result::Result<HttpResponse, Problem> {
    let version = record.version;
    answer::versioned(
        request,
        &ProgrammeRecordView::from(record),
        version,
        PROGRAMME_BYTES,
    )
}

/// Change a programme
///
/// Names a programme anew and says anew when it runs and whether its members' suggestions spread exposure; days that are left out
/// are open, and `spreadLoad` left out is off. From its first day to its last its
/// weights count for its members. The default programme has no days: it is always there.
#[utoipa::path(
    tag = "programmes",
    params(ProgrammeSlug, IfMatch),
    request_body = GivenProgramme,
    responses(
        (status = 200, description = "The programme.", body = ProgrammeRecordView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[put("/admin/programmes/{slug}")]
pub(crate) async fn change_programme(
    request: HttpRequest,
    slug: ProgrammeSlug,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenProgramme>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let given = body.0.check()?;
    let change = changing.change("change_programme", Touches::Scoring);
    let record = alongside
        .write_outcome(change, move |connection| {
            let changed = programmes::change(connection, &slug.0, given, &expected.0)?;
            if let Outcome::Changed((before, after)) = &changed {
                note(connection, Some(before), after);
            }
            Ok(changed.map(|(_, after)| after))
        })
        .await?;
    shown(&request, record)
}

/// List a programme's members
///
/// Lists everybody who is or was in a programme, by code, a page at a time.
#[utoipa::path(
    tag = "programmes",
    params(ProgrammeSlug, PageOf<MemberList>),
    responses(
        (status = 200, description = "A page of members.", body = MemberPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[get("/admin/programmes/{slug}/members")]
pub(crate) async fn list_programme_members(
    request: HttpRequest,
    slug: ProgrammeSlug,
    page: Params<PageOf<MemberList>>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let page = page.0.0;
    let (after, limit) = (page.after, page.limit);
    let (items, last) = alongside
        .storage()
        .read(move |connection| {
            let mut found = programmes::members(connection, &slug.0)?;
            found.retain(|member| after.is_none_or(|after| member.ods_code > after));
            let last = cut(&mut found, limit).map(|member| member.ods_code);
            let mut names = names::of(connection, found.iter().map(|member| member.ods_code))?;
            let view = |member: Member| MemberView::new(member, names.remove(&member.ods_code));
            Ok((found.into_iter().map(view).collect::<Vec<_>>(), last))
        })
        .await?;
    let links = page.links(&request, last);
    let header = links.header();
    let capacity = PROGRAMME_BYTES * (items.len() + 1);
    pagination::answer(&MemberPageView { items, links }, &header, capacity)
}

/// Puts a member in or takes it out, and notes that for the audit, where the site sees it too.
fn note_member(connection: &mut Connection, slug: &Slug, before: Option<&Member>, after: &Member) {
    let entry = Entry {
        kind: programmes::MEMBER_KIND,
        id: slug.to_string(),
        ods_code: Some(after.ods_code),
        before: before.map(programmes::member_json),
        after: Some(programmes::member_json(after)),
    };
    audit::note(connection, entry);
}

/// Put a site into a programme
///
/// Says that an organisation is in a programme from now on; one that is in it already stays in it since when it was. A site's
/// programme is the one that it joined last of those that run, and its weights count where the site saved none of its own.
#[utoipa::path(
    tag = "programmes",
    params(ProgrammeSlug, Seeker),
    responses(
        (status = 200, description = "The member.", body = MemberView),
        ApiFailures, NoSuchThing, Clash, StorageFailures
    )
)]
#[put("/admin/programmes/{slug}/members/{odsCode}")]
pub(crate) async fn add_programme_member(
    slug: ProgrammeSlug,
    code: Seeker,
    _none: Params<NoParameters>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (code, at) = (code.0, changing.at);
    let change = changing.change("add_programme_member", Touches::Scoring);
    let view = alongside
        .write_outcome(change, move |connection| {
            let joined = programmes::join(connection, (&slug.0, code), at)?;
            if let Outcome::Changed((before, after)) = &joined {
                note_member(connection, &slug.0, before.as_ref(), after);
            }
            let name = names::of(connection, [code])?.remove(&code);
            Ok(joined.map(|(_, member)| MemberView::new(member, name)))
        })
        .await?;
    answer::json(&view, PROGRAMME_BYTES)
}

/// Take a site out of a programme
///
/// Says that an organisation is in a programme no longer; it stays there as a member of the past. What it agreed to stays.
#[utoipa::path(
    tag = "programmes",
    params(ProgrammeSlug, Seeker),
    responses(
        (status = 204, description = "It is in the programme no longer."),
        ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/admin/programmes/{slug}/members/{odsCode}")]
pub(crate) async fn remove_programme_member(
    slug: ProgrammeSlug,
    code: Seeker,
    _none: Params<NoParameters>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (code, at) = (code.0, changing.at);
    let change = changing.change("remove_programme_member", Touches::Scoring);
    alongside
        .write(change, move |connection| {
            let (before, after) = programmes::leave(connection, (&slug.0, code), at)?;
            note_member(connection, &slug.0, Some(&before), &after);
            Ok(())
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
