//! Contact people: for the site itself alone. Everything held of one can be exported, and erased.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::blueprint::MAX_ROLE_CHARS;
use crate::domain::contact::{Contact, EmailAddress, MAX_NAME_CHARS, Person, PhoneNumber};
use crate::domain::error::Result;
use crate::domain::ids::MalformedId;
use crate::domain::version::Version;
use crate::http::access::Rule;
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
use crate::http::views::contacts::{ContactView, ContactsView, ExportView};
use crate::http::views::text::Code;
use crate::random::Random;
use crate::storage::audit::{self, Entry};
use crate::storage::{Connection, Touches, contacts};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_contacts", Rule::Own).answers(r#"{"odsCode": "RTH", "items": []}"#),
    Operation::new("add_contact", Rule::Own)
        .takes(EXAMPLE)
        .answers(include_str!("examples/add_contact.json")),
    Operation::new("show_contact", Rule::Own).answers(include_str!("examples/show_contact.json")),
    Operation::new("change_contact", Rule::Own)
        .takes(EXAMPLE)
        .answers(include_str!("examples/change_contact.json")),
    Operation::new("erase_contact", Rule::Own),
    Operation::new("export_contact", Rule::Own)
        .answers(include_str!("examples/export_contact.json")),
];

const EXAMPLE: &str = r#"{"role": "Chief clinical information officer", "name": "A. N. Example", "email": "an.example@example.nhs.uk", "phone": "01632 960000"}"#;

/// A rough size of one contact, in bytes.
const CONTACT_BYTES: usize = 400;

/// A contact person.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AddContact)]
pub(crate) struct GivenContact {
    /// What the person does at the organisation. A role, never a name: it is not encrypted, and the audit keeps it.
    #[schema(max_length = 100)]
    role: String,
    /// The person's name.
    #[schema(max_length = 100)]
    name: String,
    /// The person's e-mail address at work.
    #[schema(max_length = 254)]
    email: String,
    /// The person's telephone number at work.
    #[schema(max_length = 30)]
    phone: Option<String>,
}

impl GivenContact {
    fn check(self) -> Result<(String, Person)> {
        let mut given = Faults::default();
        let role = given.text("/role", Some(self.role), MAX_ROLE_CHARS);
        let name = given.text("/name", Some(self.name), MAX_NAME_CHARS);
        let mut keep = |pointer, fault: MalformedId| given.refuse(pointer, fault.0);
        let email = EmailAddress::new(&self.email)
            .map_err(|fault| keep("/email", fault))
            .ok();
        let phone = self.phone.as_deref().map(PhoneNumber::new);
        let phone = phone.and_then(|phone| phone.map_err(|fault| keep("/phone", fault)).ok());
        given.finish()?;
        let person = Person {
            name: checked(name)?,
            email: checked(email)?,
            phone,
        };
        Ok((checked(role)?, person))
    }
}

/// Notes a change of a contact for the audit: its id and role, nothing of the person.
fn note(connection: &mut Connection, before: Option<&Contact>, after: Option<&Contact>) {
    let Some(either) = before.or(after) else {
        return;
    };
    let entry = Entry {
        kind: contacts::KIND,
        id: either.id.clone(),
        ods_code: Some(either.ods_code),
        before: before.map(contacts::json_of),
        after: after.map(contacts::json_of),
    };
    audit::note(connection, entry);
}

/// List contacts
///
/// Lists the site's contact people.
#[utoipa::path(
    tag = "contacts",
    params(Seeker),
    responses(
        (status = 200, description = "The contacts.", body = ContactsView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/contacts")]
pub(crate) async fn list_contacts(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let found = alongside
        .storage()
        .read(move |connection| contacts::of(connection, here))
        .await?;
    let capacity = CONTACT_BYTES * (found.len() + 1);
    let view = ContactsView {
        ods_code: Code(here),
        items: found.into_iter().map(Into::into).collect(),
    };
    answer::tagged(&request, &view, capacity)
}

/// Add a contact
///
/// Adds a contact person. Name, e-mail address and telephone number are kept encrypted; logs and the audit know the contact by
/// its id and role.
#[utoipa::path(
    tag = "contacts",
    params(Seeker, IdempotencyKey),
    request_body = GivenContact,
    responses(
        (status = 201, description = "The contact.", body = ContactView),
        ApiFailures, BodyFailures, NoSuchOrganisation, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/organisations/{odsCode}/contacts")]
pub(crate) async fn add_contact(
    code: Seeker,
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenContact>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let claim = key.claim(&changing, &body.1);
    let (role, person) = body.0.check()?;
    let contact = Contact {
        id: random.id()?,
        ods_code: here,
        role,
        person,
        created_at: changing.at,
        version: Version(1),
    };
    let change = changing.change("add_contact", Touches::Nothing);
    let (contact, is_new) = made_once(&alongside, change, claim, move |connection| {
        contacts::add(connection, &contact)?;
        note(connection, None, Some(&contact));
        kept(&contact.id.clone(), &ContactView::from(contact))
    })
    .await?;
    let location = format!("/api/v1/organisations/{here}/contacts/{}", contact.id);
    Ok(created(contact, &location, is_new))
}

/// Show a contact
///
/// Shows one of the site's contact people.
#[utoipa::path(
    tag = "contacts",
    params(Seeker, Id),
    responses(
        (status = 200, description = "The contact.", body = ContactView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/contacts/{id}")]
pub(crate) async fn show_contact(
    request: HttpRequest,
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let contact = alongside
        .storage()
        .read(move |connection| contacts::find(connection, here, &id.0))
        .await?;
    let version = contact.version;
    answer::versioned(
        &request,
        &ContactView::from(contact),
        version,
        CONTACT_BYTES,
    )
}

/// Change a contact
///
/// Says otherwise what a contact's role is and who it is. What it was is kept nowhere.
#[utoipa::path(
    tag = "contacts",
    params(Seeker, Id, IfMatch),
    request_body = GivenContact,
    responses(
        (status = 200, description = "The contact.", body = ContactView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/contacts/{id}")]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn change_contact(
    request: HttpRequest,
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenContact>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let said = body.0.check()?;
    let change = changing.change("change_contact", Touches::Nothing);
    let (contact, _) = alongside
        .write(change, move |connection| {
            let (before, after) = contacts::replace(connection, (here, &id.0), said, &expected.0)?;
            note(connection, Some(&before), Some(&after));
            Ok(after)
        })
        .await?;
    let version = contact.version;
    answer::versioned(
        &request,
        &ContactView::from(contact),
        version,
        CONTACT_BYTES,
    )
}

/// Erase a contact
///
/// Erases a contact person: everything of the person, the kept answers that show it included. The audit goes on to know that
/// there was a contact of this id and role.
#[utoipa::path(
    tag = "contacts",
    params(Seeker, Id, IfMatch),
    responses(
        (status = 204, description = "The contact is erased."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/contacts/{id}")]
pub(crate) async fn erase_contact(
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let change = changing.change("erase_contact", Touches::Nothing);
    alongside
        .write(change, move |connection| {
            let before = contacts::erase(connection, (here, &id.0), &expected.0)?;
            note(connection, Some(&before), None);
            Ok(())
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Export a contact
///
/// Gives everything that is held of a contact person, as a file to download.
#[utoipa::path(
    tag = "contacts",
    params(Seeker, Id),
    responses(
        (status = 200, description = "Everything that is held.", body = ExportView),
        ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/contacts/{id}/export")]
pub(crate) async fn export_contact(
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let file = format!("attachment; filename=\"contact-{}.json\"", id.0);
    let held = alongside
        .storage()
        .read(move |connection| contacts::everything(connection, here, &id.0))
        .await?;
    let mut response = answer::json(&ExportView::from(held), CONTACT_BYTES)?;
    let headers = response.headers_mut();
    if let Ok(file) = HeaderValue::from_str(&file) {
        headers.insert(CONTENT_DISPOSITION, file);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
