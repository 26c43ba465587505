//! Who calls, and as what.

use std::fmt;
use std::sync::Arc;

use crate::domain::ids::OdsCode;

/// What a caller may do in general; what exactly is decided by operation (DESIGN 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// An organisation as a user of the service: it reads and changes what is its own.
    Site(OdsCode),
    /// Keeps the programme and its callers, and reviews; pairs nobody.
    ProgrammeAdmin,
    /// Sees what a programme admin sees, and changes nothing.
    Viewer,
}

impl Role {
    /// The name of the role in JSON, in the database and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Site(_) => "site",
            Self::ProgrammeAdmin => "programme_admin",
            Self::Viewer => "viewer",
        }
    }

    /// The organisation that a site is.
    #[must_use]
    pub const fn site(self) -> Option<OdsCode> {
        match self {
            Self::Site(code) => Some(code),
            Self::ProgrammeAdmin | Self::Viewer => None,
        }
    }
}

/// The id of a caller in the audit: of a key or of an identity, never a person's name. Cheap to clone, since every request
/// has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerId(Arc<str>);

impl CallerId {
    /// The caller that holds the key with this id.
    #[must_use]
    pub fn of_key(id: &str) -> Self {
        Self(format!("key:{id}").into())
    }

    /// The caller that an identity provider vouches for, by a digest of issuer and subject.
    #[must_use]
    pub fn of_identity(digest: &str) -> Self {
        Self(format!("oidc:{digest}").into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub id: CallerId,
    /// As what.
    pub role: Role,
}
