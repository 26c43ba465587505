//! Contact people, for the organisation whose contacts they are, and for the other side of what both agreed to.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::shown_contacts::ShownContacts;
use crate::domain::contact::{Contact, PhoneNumber};
use crate::http::views::text::Code;
use crate::storage::contacts::{ContactChange, Held};

/// A contact person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Contact)]
pub(crate) struct ContactView {
    /// Its id: what logs and the audit know the person by.
    #[schema(max_length = 36)]
    id: String,
    ods_code: Code,
    /// What the person does there.
    #[schema(max_length = 100)]
    role: String,
    /// The person's name.
    #[schema(max_length = 100)]
    name: String,
    /// The person's e-mail address at work.
    #[schema(max_length = 254)]
    email: String,
    /// The person's telephone number at work.
    #[schema(required, max_length = 30)]
    phone: Option<String>,
    /// When it was recorded, in UTC.
    created_at: DateTime<Utc>,
    /// How often it was changed.
    #[schema(minimum = 1)]
    version: u64,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        let person = contact.person;
        Self {
            id: contact.id,
            ods_code: Code(contact.ods_code),
            role: contact.role,
            name: person.name,
            email: person.email.as_str().to_owned(),
            phone: person
                .phone
                .as_ref()
                .map(PhoneNumber::as_str)
                .map(str::to_owned),
            created_at: contact.created_at,
            version: contact.version.0,
        }
    }
}

/// An organisation's contacts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Contacts)]
pub(crate) struct ContactsView {
    pub(crate) ods_code: Code,
    /// By id.
    #[schema(max_items = 100)]
    pub(crate) items: Vec<ContactView>,
}

/// Everything that is held of a person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContactExport)]
pub(crate) struct ExportView {
    contact: ContactView,
    /// What was done to it, in order: all that the audit holds of the person besides the role.
    #[schema(max_items = 100_000)]
    changes: Vec<ChangeView>,
    /// How many answers that show it are kept, encrypted and for 24 hours, for who asks again to make it.
    #[schema(minimum = 0)]
    kept_answers: usize,
}

/// One thing that was done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContactChange)]
struct ChangeView {
    /// When, in UTC.
    at: DateTime<Utc>,
    /// What.
    action: String,
    /// By whom: the id of a key or of an identity.
    actor: String,
}

impl From<ContactChange> for ChangeView {
    fn from(change: ContactChange) -> Self {
        Self {
            at: change.at,
            action: change.action,
            actor: change.actor,
        }
    }
}

impl From<Held> for ExportView {
    fn from(held: Held) -> Self {
        Self {
            contact: held.contact.into(),
            changes: held.changes.into_iter().map(Into::into).collect(),
            kept_answers: held.n_kept_answers,
        }
    }
}

/// A contact person of the other side.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SharedContact)]
struct SharedContactView {
    /// What the person does there.
    #[schema(max_length = 100)]
    role: String,
    /// The person's name.
    #[schema(max_length = 100)]
    name: String,
    /// The person's e-mail address at work.
    #[schema(max_length = 254)]
    email: String,
    /// The person's telephone number at work.
    #[schema(required, max_length = 30)]
    phone: Option<String>,
}

impl From<Contact> for SharedContactView {
    fn from(contact: Contact) -> Self {
        let view = ContactView::from(contact);
        Self {
            role: view.role,
            name: view.name,
            email: view.email,
            phone: view.phone,
        }
    }
}

/// The contact people of the other side.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SharedContacts)]
pub(crate) struct SharedContactsView {
    /// Whose they are.
    ods_code: Code,
    /// From when on they are no longer shown, in UTC; null while a partnership lasts.
    #[schema(required)]
    shown_until: Option<DateTime<Utc>>,
    /// Who they are.
    #[schema(max_items = 100)]
    items: Vec<SharedContactView>,
}

impl From<ShownContacts> for SharedContactsView {
    fn from(shown: ShownContacts) -> Self {
        Self {
            ods_code: Code(shown.ods_code),
            shown_until: shown.until,
            items: shown.contacts.into_iter().map(Into::into).collect(),
        }
    }
}
