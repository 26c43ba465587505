//! How one system stands to another: by vendor, product and version (DESIGN 4.2).
//!
//! Names are compared without case and brackets, and by number: [`Numbering`] gives equal names equal numbers.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::core_system::CoreSystem;
use crate::engine::columns::{Interner, index};

/// A system reduced to what a comparison needs; equal numbers mean equal names.
///
/// Versions are numbered in their order, so a greater number is a newer version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ComparedSystem {
    /// `None` is an unnamed system, which is like no other.
    pub(super) vendor: Option<u32>,
    pub(super) product: Option<u32>,
    pub(super) version: Option<u32>,
}

/// How one system of the seeker stands to one of the candidate in the same module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemMatch {
    /// Same product; the candidate's version is the same or newer.
    SameProductCurrent,
    /// Same product; the candidate's version is older.
    SameProductOlder,
    /// Same product; a version is unknown.
    SameProduct,
    /// Same vendor; a product is unknown.
    SameVendor,
    /// Same vendor, different products.
    OtherProduct,
    /// Different vendors, or a system without a name.
    Different,
}

impl ComparedSystem {
    /// Whether the product is known.
    pub(crate) const fn has_product(self) -> bool {
        self.product.is_some()
    }

    /// Whether the version is known and can be compared.
    pub(crate) const fn has_version(self) -> bool {
        self.version.is_some()
    }

    /// Whether it has a name.
    pub(crate) const fn is_named(self) -> bool {
        self.vendor.is_some()
    }

    /// Which version is newer, where both are known.
    pub(crate) fn compare_versions(self, other: Self) -> Option<std::cmp::Ordering> {
        Some(self.version?.cmp(&other.version?))
    }
}

impl SystemMatch {
    /// The value as `[low, expected, high]`.
    ///
    /// # References
    ///
    /// The table of DESIGN 4.2.
    #[must_use]
    pub const fn value(self) -> [f64; 3] {
        match self {
            Self::SameProductCurrent => [1.0, 1.0, 1.0],
            Self::SameProductOlder => [0.8, 0.8, 0.8],
            Self::SameProduct => [0.8, 0.9, 1.0],
            Self::SameVendor => [0.2, 0.8, 1.0],
            Self::OtherProduct => [0.2, 0.2, 0.2],
            Self::Different => [0.0, 0.0, 0.0],
        }
    }
}

/// Compares the seeker's system with the candidate's.
pub(crate) fn compare(mine: ComparedSystem, theirs: ComparedSystem) -> SystemMatch {
    match (mine.vendor, theirs.vendor) {
        (Some(a), Some(b)) if a == b => {}
        _ => return SystemMatch::Different,
    }
    match (mine.product, theirs.product) {
        (None, _) | (_, None) => SystemMatch::SameVendor,
        (Some(a), Some(b)) if a != b => SystemMatch::OtherProduct,
        (Some(_), Some(_)) => match (mine.version, theirs.version) {
            (Some(a), Some(b)) if b >= a => SystemMatch::SameProductCurrent,
            (Some(_), Some(_)) => SystemMatch::SameProductOlder,
            _ => SystemMatch::SameProduct,
        },
    }
}

/// The best of all pairs of systems, for low, expected and high each; zeros where there is no pair.
pub(super) fn best_match(mine: &[ComparedSystem], theirs: &[ComparedSystem]) -> [f64; 3] {
    let mut best = [0.0_f64; 3];
    for &m in mine {
        for &t in theirs {
            for (best, value) in best.iter_mut().zip(compare(m, t).value()) {
                *best = best.max(value);
            }
        }
    }
    best
}

/// A product's name as compared: without what stands in brackets, in small letters, single-spaced; `None` where nothing is
/// left.
fn compared_product(product: &str) -> Option<String> {
    let mut depth = 0_u32;
    let outside: String = product
        .chars()
        .filter(|&c| {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect();
    compared_name(&outside)
}

/// A name in small letters, single-spaced; `None` where nothing is left.
pub(crate) fn compared_name(name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// A version as dotted numbers, trailing zeros aside (1.2 and 1.2.0 are one version); `None` where it is not one.
fn compared_version(version: &str) -> Option<Vec<u64>> {
    let mut numbers: Vec<u64> = version
        .trim()
        .split('.')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

/// Gives vendors, products and versions their numbers.
#[derive(Debug)]
pub(crate) struct Numbering {
    pub(super) vendors: Interner<String>,
    products: Interner<String>,
    versions: BTreeMap<Vec<u64>, u32>,
}

impl Numbering {
    /// Puts all versions in their order; vendors and products get their numbers as they come.
    pub(crate) fn new<'a>(systems: impl Iterator<Item = &'a CoreSystem>) -> Self {
        let versions: BTreeSet<Vec<u64>> = systems
            .filter_map(|s| s.version.as_deref().and_then(compared_version))
            .collect();
        Self {
            vendors: Interner::new(),
            products: Interner::new(),
            versions: versions
                .into_iter()
                .enumerate()
                .map(|(i, version)| (version, index(i)))
                .collect(),
        }
    }

    /// Reduces a system to what a comparison needs.
    pub(crate) fn number(&mut self, system: &CoreSystem) -> ComparedSystem {
        let vendor = system.vendor.as_deref().and_then(compared_name);
        let product = system.product.as_deref().and_then(compared_product);
        let version = system.version.as_deref().and_then(compared_version);
        ComparedSystem {
            vendor: vendor.map(|v| self.vendors.number(&v)),
            product: product.map(|p| self.products.number(&p)),
            version: version.and_then(|v| self.versions.get(&v).copied()),
        }
    }
}
