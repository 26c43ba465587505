//! People to ask: the one personal data that the service holds.

use std::fmt;

use chrono::{DateTime, Utc};

use email_address::Options;

use crate::domain::host::is_host_name;
use crate::domain::ids::{MalformedId, OdsCode};
use crate::domain::version::Version;

/// The most contacts that one organisation keeps here.
pub const MAX_CONTACTS: usize = 100;

/// The longest name of a person, in characters.
pub const MAX_NAME_CHARS: usize = 100;

/// The longest e-mail address, in characters (RFC 5321, 4.5.3.1.3, without the angle brackets).
pub const MAX_EMAIL_CHARS: usize = 254;

/// The longest telephone number, in characters.
pub const MAX_PHONE_CHARS: usize = 30;

/// A contact person of an organisation. Kept encrypted but for the role; `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its id: what logs, events and the audit know the person by.
    pub id: String,
    /// Whose contact it is.
    pub ods_code: OdsCode,
    /// What the person does there.
    pub role: String,
    /// Who it is.
    pub person: Person,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// How often it was changed.
    pub version: Version,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("id", &self.id)
            .field("ods_code", &self.ods_code)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Who a contact is. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The address at work.
    pub email: EmailAddress,
    /// The number at work.
    pub phone: Option<PhoneNumber>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(…)")
    }
}

/// An e-mail address: what stands on both sides of one `@`, the right side being a host name with a dot.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address, trimmed. Takes the addresses that people have (the dot-string and domain of RFC 5321, in ASCII), not
    /// every one that the grammar of mail allows.
    ///
    /// # Errors
    ///
    /// [`MalformedId`] for anything else; the words do not repeat it.
    pub fn new(text: &str) -> Result<Self, MalformedId> {
        const RULE: MalformedId =
            MalformedId("must be an e-mail address such as NAME@example.nhs.uk");
        let text = text.trim();
        let options = Options::default()
            .with_required_tld()
            .without_domain_literal()
            .without_display_text();
        let is_address = text.is_ascii()
            && !text.contains('"')
            && text.len() <= MAX_EMAIL_CHARS
            && email_address::EmailAddress::parse_with_options(text, options).is_ok()
            && text
                .rsplit_once('@')
                .is_some_and(|(_, host)| is_host_name(host));
        if is_address {
            Ok(Self(text.to_owned()))
        } else {
            Err(RULE)
        }
    }

    /// An address that was read before, whatever the rule was then.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

/// A telephone number: digits as people write them.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads a number, trimmed: 5 to 20 digits with spaces, `+`, `-`, `.`, brackets, and `x` before an extension.
    ///
    /// # Errors
    ///
    /// [`MalformedId`] for anything else; the words do not repeat it.
    pub fn new(text: &str) -> Result<Self, MalformedId> {
        const RULE: MalformedId =
            MalformedId("must be a telephone number: 5 to 20 digits, with spaces and + - . ( ) x");
        let text = text.trim();
        let n_digits = text.bytes().filter(u8::is_ascii_digit).count();
        let is_allowed = |b: u8| b.is_ascii_digit() || b" +-.()x".contains(&b);
        let is_number = text.len() <= MAX_PHONE_CHARS
            && (5..=20).contains(&n_digits)
            && text.bytes().all(is_allowed);
        if is_number {
            Ok(Self(text.to_owned()))
        } else {
            Err(RULE)
        }
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_and_a_host() {
        for good in ["a@b.uk", "first.o'last+x@trust-1.nhs.uk", " a@b.uk "] {
            assert!(EmailAddress::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@b.uk",
            "a@b",
            "a@@b.uk",
            "a b@c.uk",
            "a.@b.uk",
            "a@-b.uk",
            "a@b..uk",
            "a@b.uk\nBcc: c@d.uk",
            "é@b.uk",
            "a@b.uk?bcc=c%40d.uk",
            "a@b.uk?subject=x&body=y.uk",
            "a@b'c.uk",
            "a@b{c}d.uk",
            "a@b=c.uk",
            "a@b#c.uk",
            "a@b!c.uk",
            "a@b_c.uk",
        ] {
            assert!(EmailAddress::new(bad).is_err(), "{bad}");
        }
        assert!(EmailAddress::new(&format!("a@{}.uk", "b.".repeat(130))).is_err());
    }

    #[test]
    fn a_number_has_digits() {
        for good in ["01865 741166", "+44 (0)1865 741-166 x12"] {
            assert!(PhoneNumber::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "1234",
            "call me",
            "0123456789012345678901",
            "01865\n741166",
        ] {
            assert!(PhoneNumber::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_printed_for_debugging_shows_nobody() {
        let contact = Contact {
            id: "7".into(),
            ods_code: OdsCode::new("RTH").unwrap(),
            role: "Chief nurse".into(),
            person: Person {
                name: "Mary Seacole".into(),
                email: EmailAddress::new("mary@example.nhs.uk").unwrap(),
                phone: Some(PhoneNumber::new("01865 741166").unwrap()),
            },
            created_at: DateTime::UNIX_EPOCH,
            version: Version(1),
        };
        let told = format!("{contact:?} {:?}", contact.person);
        for personal in ["Mary", "mary", "741166"] {
            assert!(!told.contains(personal), "{told}");
        }
    }
}
