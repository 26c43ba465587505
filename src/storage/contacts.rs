//! Contact people of organisations: the role in the clear, everything of the person encrypted.
//!
//! Nothing of a person goes into the history or the audit, which know a contact by id and role. Erasing one leaves nothing but
//! its id there.

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _,
};
use serde_json::{Value, json};

use crate::domain::contact::{Contact, EmailAddress, MAX_CONTACTS, Person, PhoneNumber};
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::version::{Expected, Version};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::idempotency;
use crate::storage::schema::{audit, contacts, idempotency_keys};
use crate::storage::seal::Seal;

/// The kind of these things in the audit.
pub const KIND: &str = "contacts";

#[derive(Queryable, Insertable)]
#[diesel(table_name = contacts, treat_none_as_default_value = false)]
struct ContactRow {
    id: String,
    ods_code: String,
    role: String,
    sealed: String,
    created_at: NaiveDateTime,
    version: i64,
}

/// Where what is personal of a contact is kept, which binds it there.
fn place(id: &str) -> String {
    format!("contacts/{id}")
}

impl ContactRow {
    fn new(contact: &Contact, seal: &Seal) -> Result<Self> {
        let key = [contact.id.as_str()];
        let row = Stored::new("contacts", &key);
        let person = json!({
            "name": contact.person.name,
            "email": contact.person.email.as_str(),
            "phone": contact.person.phone.as_ref().map(PhoneNumber::as_str),
        });
        Ok(Self {
            id: contact.id.clone(),
            ods_code: contact.ods_code.to_string(),
            role: contact.role.clone(),
            sealed: seal.hide(&place(&contact.id), &person.to_string())?,
            created_at: contact.created_at.naive_utc().trunc_subsecs(6),
            version: i64::try_from(contact.version.0).map_err(|fault| row.corrupt(fault))?,
        })
    }

    fn into_domain(self, seal: &Seal) -> Result<Contact> {
        let key = [self.id.as_str()];
        let row = Stored::new("contacts", &key);
        // No fault repeats what was encrypted: it may name a person.
        let unreadable = || row.corrupt("what it holds of a person cannot be read");
        let text = seal
            .show(&place(&self.id), &self.sealed)
            .ok_or_else(unreadable)?;
        let value: Value = serde_json::from_str(&text).map_err(|_personal| unreadable())?;
        let email = value["email"].as_str().unwrap_or_default();
        let phone = value["phone"].as_str().map(PhoneNumber::new).transpose();
        let person = Person {
            name: value["name"].as_str().ok_or_else(unreadable)?.to_owned(),
            email: EmailAddress::stored(email.to_owned()),
            phone: phone.map_err(|_personal| unreadable())?,
        };
        Ok(Contact {
            ods_code: row.parse(&self.ods_code)?,
            person,
            created_at: self.created_at.and_utc(),
            version: u64::try_from(self.version)
                .map(Version)
                .map_err(|fault| row.corrupt(fault))?,
            role: self.role.clone(),
            id: self.id.clone(),
        })
    }
}

fn seal(connection: &Connection) -> Result<std::sync::Arc<Seal>> {
    connection
        .seal
        .clone()
        .ok_or_else(|| Error::Internal("reading personal data", "the secret is not at hand".into()))
}

/// Returns an organisation's contacts, by id.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<Vec<Contact>> {
    let seal = seal(connection)?;
    let rows = contacts::table
        .filter(contacts::ods_code.eq(code.as_str()))
        .load::<ContactRow>(&mut connection.database)
        .map_err(failed("reading the contacts of an organisation"))?;
    let mut found = rows
        .into_iter()
        .map(|row| row.into_domain(&seal))
        .collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// Returns one of an organisation's contacts.
///
/// # Errors
///
/// [`Error::Missing`] where it has none of this id; those of [`of`].
pub fn find(connection: &mut Connection, code: OdsCode, id: &str) -> Result<Contact> {
    let seal = seal(connection)?;
    contacts::table
        .find(id)
        .filter(contacts::ods_code.eq(code.as_str()))
        .first::<ContactRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading a contact"))?
        .ok_or_else(|| Error::Missing {
            what: "contact",
            id: id.to_owned(),
        })?
        .into_domain(&seal)
}

/// Adds a contact.
///
/// # Errors
///
/// [`Error::Conflict`] where the organisation has [`MAX_CONTACTS`] already; those of [`of`].
pub fn add(connection: &mut Connection, contact: &Contact) -> Result<()> {
    let known: i64 = contacts::table
        .filter(contacts::ods_code.eq(contact.ods_code.as_str()))
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("counting contacts"))?;
    if usize::try_from(known).unwrap_or(usize::MAX) >= MAX_CONTACTS {
        return Err(Error::Conflict {
            rule: "/problems/too-many-contacts",
            detail: format!("There are {MAX_CONTACTS} contacts already; erase one first."),
        });
    }
    let seal = seal(connection)?;
    let row = ContactRow::new(contact, &seal)?;
    each_backend!(connection, c => diesel::insert_into(contacts::table).values(row).execute(c))
        .map_err(failed("adding a contact"))?;
    Ok(())
}

/// Says otherwise what a contact's role is and who it is; returns what it was and what it is. What it was is kept nowhere.
///
/// # Errors
///
/// [`Error::Stale`] where it is of another version than expected; those of [`find`].
pub fn replace(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    (role, person): (String, Person),
    expected: &Expected,
) -> Result<(Contact, Contact)> {
    let before = find(connection, code, id)?;
    if !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    let after = Contact {
        role,
        person,
        version: Version(before.version.0 + 1),
        ..before.clone()
    };
    let seal = seal(connection)?;
    let row = ContactRow::new(&after, &seal)?;
    diesel::update(contacts::table.find(id))
        .set((
            contacts::role.eq(row.role),
            contacts::sealed.eq(row.sealed),
            contacts::version.eq(row.version),
        ))
        .execute(&mut connection.database)
        .map_err(failed("changing a contact"))?;
    // Kept answers say who it was.
    idempotency::forget(connection, id)?;
    Ok((before, after))
}

/// Erases a contact, with the kept answers that show it, and returns what it was.
///
/// # Errors
///
/// As [`replace`].
pub fn erase(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    expected: &Expected,
) -> Result<Contact> {
    let before = find(connection, code, id)?;
    if !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    diesel::delete(contacts::table.find(id))
        .execute(&mut connection.database)
        .map_err(failed("erasing a contact"))?;
    idempotency::forget(connection, id)?;
    Ok(before)
}

/// One change of a contact, as the audit has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactChange {
    /// When.
    pub at: DateTime<Utc>,
    /// What was done.
    pub action: String,
    /// By whom: the id of a key or of an identity.
    pub actor: String,
}

/// Everything that is held of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The contact.
    pub contact: Contact,
    /// What was done to it, in order.
    pub changes: Vec<ContactChange>,
    /// How many answers that show it are kept, encrypted, for those who ask again within 24 hours.
    pub n_kept_answers: usize,
}

/// Returns everything that is held of a contact.
///
/// # Errors
///
/// As [`find`].
pub fn everything(connection: &mut Connection, code: OdsCode, id: &str) -> Result<Held> {
    let contact = find(connection, code, id)?;
    let changes: Vec<(NaiveDateTime, String, String)> = audit::table
        .filter(audit::ods_code.eq(code.as_str()))
        .filter(audit::subject_kind.eq(KIND))
        .filter(audit::subject_id.eq(id))
        .order(audit::sequence.asc())
        .select((audit::recorded_at, audit::action, audit::actor))
        .load(&mut connection.database)
        .map_err(failed("reading what was done to a contact"))?;
    let n_kept: i64 = idempotency_keys::table
        .filter(idempotency_keys::subject.eq(id))
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("counting kept answers"))?;
    Ok(Held {
        contact,
        changes: changes
            .into_iter()
            .map(|(at, action, actor)| ContactChange {
                at: at.and_utc(),
                action,
                actor,
            })
            .collect(),
        n_kept_answers: usize::try_from(n_kept).unwrap_or_default(),
    })
}

/// A contact as the audit keeps it: by id and role, nothing of the person.
#[must_use]
pub fn json_of(contact: &Contact) -> Value {
    json!({ "id": contact.id, "role": contact.role })
}
