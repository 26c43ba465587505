//! What joins one organisation to another or to a network, each with an id by which it can be asked for.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::domain::dates::PartialDate;
use crate::domain::ids::{MalformedId, OdsCode, Slug};
use crate::domain::link::{Link, NetworkKind};
use crate::domain::organisation::Succession;
use crate::domain::provenance::Provenance;

/// An organisation is or was a member of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    /// Who.
    pub ods_code: OdsCode,
    /// Of which network.
    pub network: Slug,
    /// What the network is.
    pub kind: NetworkKind,
    /// What it is called.
    pub name: String,
    /// When the network ended; `None` while it lasts.
    pub ended: Option<PartialDate>,
    /// When the member joined, where it is known.
    pub joined: Option<PartialDate>,
    /// When it left; `None` while it is a member.
    pub departed: Option<PartialDate>,
    /// Where this is from.
    pub provenance: Provenance,
}

/// Anything that joins an organisation to another or to a network. One organisation of it is the primary one: it has no
/// meaning where the relation has no direction.
#[derive(Clone, Debug, PartialEq)]
pub enum Affiliation {
    /// A link; the organisation with the smaller code is the primary one.
    Link {
        /// The id of the link itself, 36 characters.
        id: String,
        /// The link.
        link: Link,
    },
    /// A membership; the member is the primary one.
    Membership(Membership),
    /// A succession; the predecessor is the primary one.
    Succession(Succession),
}

impl Affiliation {
    /// The organisation of which something is said.
    #[must_use]
    pub const fn primary(&self) -> OdsCode {
        match self {
            Self::Link { link, .. } => link.ends().0,
            Self::Membership(membership) => membership.ods_code,
            Self::Succession(succession) => succession.predecessor,
        }
    }

    /// The other organisation; `None` where the other is a network.
    #[must_use]
    pub const fn participating(&self) -> Option<OdsCode> {
        match self {
            Self::Link { link, .. } => Some(link.ends().1),
            Self::Membership(_) => None,
            Self::Succession(succession) => Some(succession.successor),
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> AffiliationId {
        let primary = self.primary();
        let text = match self {
            Self::Link { id, .. } => format!("link-{primary}-{id}"),
            // A slug may be longer than an id, and has characters that an id has not.
            Self::Membership(membership) => {
                let slug = membership.network.as_str();
                let name = format!("urn:alongside:network:{slug}");
                let hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
                format!("member-{primary}-{}", hash.simple())
            }
            Self::Succession(succession) => {
                format!("succession-{primary}-{}", succession.successor)
            }
        };
        AffiliationId { primary, text }
    }

    /// When it began and when it ended, where that is known. What lasts a moment ends as it begins.
    #[must_use]
    pub fn period(&self) -> (Option<PartialDate>, Option<PartialDate>) {
        match self {
            Self::Link { link, .. } if link.kind().is_moment() => (link.started(), link.started()),
            Self::Link { link, .. } => (link.started(), link.ended()),
            Self::Membership(membership) => {
                (membership.joined, membership.departed.or(membership.ended))
            }
            Self::Succession(succession) => (Some(succession.date), None),
        }
    }

    /// Whether it lasts on a day; what has no known end does.
    #[must_use]
    pub fn is_active(&self, on: NaiveDate) -> bool {
        self.period().1.is_none_or(|end| end.last_day() >= on)
    }
}

/// The id of an affiliation: what it is, its primary organisation and what it is joined to. At most 64 characters, each a
/// letter, a digit or `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AffiliationId {
    primary: OdsCode,
    text: String,
}

impl AffiliationId {
    /// The organisation of which something is said.
    #[must_use]
    pub const fn primary(&self) -> OdsCode {
        self.primary
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for AffiliationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for AffiliationId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const RULE: MalformedId = MalformedId(
            "an id of an affiliation is link-, member- or succession-, then an ODS code, then what it is joined to",
        );
        let mut parts = text.splitn(3, '-');
        let (Some(kind), Some(code), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(RULE);
        };
        let primary = OdsCode::new(code).map_err(|_malformed| RULE)?;
        let has_form = matches!(kind, "link" | "member" | "succession")
            && primary.as_str() == code
            && text.len() <= 64
            && !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if has_form {
            Ok(Self {
                primary,
                text: text.to_owned(),
            })
        } else {
            Err(RULE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn membership() -> Membership {
        Membership {
            ods_code: OdsCode::new("ABCDEFGHIJKL").unwrap(),
            network: Slug::new(&"a_".repeat(32)).unwrap(),
            kind: NetworkKind::LearningNetwork,
            name: "A network".into(),
            ended: None,
            joined: None,
            departed: "2024-02".parse().ok(),
            provenance: Provenance::bundled("a test", None),
        }
    }

    #[test]
    fn an_id_is_short_and_read_as_it_was_written() {
        let id = Affiliation::Membership(membership()).id();
        assert!(id.as_str().len() <= 64, "{id}");
        assert_eq!(id.as_str().parse(), Ok(id));
        assert!("succession-RW6-R0A".parse::<AffiliationId>().is_ok());
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in [
            "",
            "link",
            "link-RTH",
            "link-RTH-",
            "link-rth-1",
            "friend-RTH-1",
            "link-RTH-a_b",
            &format!("link-RTH-{}", "x".repeat(64)),
        ] {
            assert!(text.parse::<AffiliationId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_member_is_one_until_the_last_day() {
        let left = Affiliation::Membership(membership());
        let on = |day: &str| left.is_active(day.parse().unwrap());
        assert!(on("2024-02-29") && !on("2024-03-01"));
    }
}
