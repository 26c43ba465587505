//! Versions of what can be changed, and which of them a change was made from.

use crate::domain::named_enum;

/// How often something was changed; 0 before the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// The versions from which a change may be made: what the caller has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// One of these.
    OneOf(Vec<Version>),
    /// Whatever there is.
    Any,
}

impl Expected {
    /// Whether a change may be made from this version.
    #[must_use]
    pub fn allows(&self, current: Version) -> bool {
        match self {
            Self::OneOf(versions) => versions.contains(&current),
            Self::Any => true,
        }
    }
}

named_enum!(
    /// A part of an organisation's profile that is read and changed as a whole.
    ProfilePart, "a part of a profile" {
        /// Care settings and position.
        Particulars = "particulars",
        /// Its core systems.
        CoreSystems = "core_systems",
        /// Its answers on its ethos.
        Ethos = "ethos",
        /// Its context attributes.
        Attributes = "attributes",
        /// What it seeks and shows.
        Topics = "topics",
        /// Its memberships.
        Networks = "networks",
        /// Its word that its list of links is complete.
        Links = "links",
        /// Its saved weights.
        Weights = "weights",
        /// What others see of it.
        Visibility = "visibility",
    }
);
