//! "Not with": whom a site does not want to be suggested. For the site alone: the other side sees what it would see without
//! it (DESIGN 6).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::ids::OdsCode;
use crate::domain::version::Version;

/// The most that one site excludes: more than twice the trusts there are.
pub const MAX_EXCLUSIONS: usize = 500;

/// The longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 1_000;

/// One exclusion, as its site sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// Whose it is.
    pub ods_code: OdsCode,
    /// Whom it excludes.
    pub excluded: OdsCode,
    /// Why, in words to oneself.
    pub reason: Option<String>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// How often it was changed.
    pub version: Version,
}

/// Whom one site excludes; cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Excluded(Arc<[OdsCode]>);

impl Excluded {
    /// Whether it excludes an organisation.
    #[must_use]
    pub fn contains(&self, code: OdsCode) -> bool {
        self.0.binary_search(&code).is_ok()
    }

    /// Whether it excludes nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whom it excludes, sorted.
    pub fn iter(&self) -> impl Iterator<Item = OdsCode> {
        self.0.iter().copied()
    }
}

impl FromIterator<OdsCode> for Excluded {
    fn from_iter<I: IntoIterator<Item = OdsCode>>(codes: I) -> Self {
        let mut codes: Vec<OdsCode> = codes.into_iter().collect();
        codes.sort_unstable();
        codes.dedup();
        Self(codes.into())
    }
}

/// Whom every site excludes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusions(BTreeMap<OdsCode, Excluded>);

impl Exclusions {
    /// Whom a site excludes.
    #[must_use]
    pub fn of(&self, site: OdsCode) -> Excluded {
        self.0.get(&site).cloned().unwrap_or_default()
    }
}

impl FromIterator<(OdsCode, OdsCode)> for Exclusions {
    /// Collects pairs of a site and whom it excludes.
    fn from_iter<I: IntoIterator<Item = (OdsCode, OdsCode)>>(pairs: I) -> Self {
        let mut by_site: BTreeMap<OdsCode, Vec<OdsCode>> = BTreeMap::new();
        for (site, excluded) in pairs {
            by_site.entry(site).or_default().push(excluded);
        }
        let sites = by_site.into_iter();
        Self(
            sites
                .map(|(site, codes)| (site, codes.into_iter().collect()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_site_has_its_own_and_the_order_makes_no_difference() {
        let code = |text: &str| OdsCode::new(text).unwrap();
        let pairs = [("RTH", "RJ7"), ("RHW", "RTH"), ("RTH", "RHW")];
        let pairs = pairs.map(|(site, other)| (code(site), code(other)));
        let exclusions: Exclusions = pairs.into_iter().collect();
        assert_eq!(exclusions, pairs.into_iter().rev().collect());
        let of_oxford = exclusions.of(code("RTH"));
        assert!(of_oxford.contains(code("RHW")) && !of_oxford.contains(code("RTH")));
        assert!(exclusions.of(code("RJ7")).is_empty());
    }
}
