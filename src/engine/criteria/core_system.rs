//! How far two organisations run the same core systems, module by module (DESIGN 4.2).
//!
//! Systems are compared by numbers: [`Portfolios`] gives each distinct set of systems one, so that a scan over many
//! organisations scores each distinct set once and then looks up.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::core_system::{CoreSystem, Module};
use crate::domain::interval::Interval;
use crate::engine::columns::{Interner, index};

/// How much a module counts, indexed as [`Module::ALL`].
///
/// # References
///
/// DESIGN 4.2.
pub const IMPORTANCE: [f64; Module::ALL.len()] =
    [1.0, 0.5, 0.4, 0.2, 0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1];

/// A match counts as one, for the mean of 4.2, from this expected value on.
const MATCH_FROM: f64 = 0.5;

/// A system reduced to what a comparison needs; equal numbers mean equal names.
///
/// Versions are numbered in their order, so a greater number is a newer version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ComparedSystem {
    /// `None` is an unnamed system, which is like no other.
    vendor: Option<u32>,
    product: Option<u32>,
    version: Option<u32>,
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
fn best_match(mine: &[ComparedSystem], theirs: &[ComparedSystem]) -> [f64; 3] {
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
fn compared_name(name: &str) -> Option<String> {
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
    vendors: Interner<String>,
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

/// One module of a portfolio: its systems, or a known absence where there are none.
#[derive(Clone, Debug)]
struct Entry {
    module: Module,
    systems: Box<[ComparedSystem]>,
    /// Whether any system has a name.
    is_named: bool,
    /// What to expect of a candidate whose module is unknown: `m` of DESIGN 4.2.
    mean: f64,
}

/// A distinct set of systems over all modules.
#[derive(Clone, Debug, Default)]
struct Portfolio {
    /// In the order of modules.
    entries: Box<[Entry]>,
    /// Whether the criterion can be asked of an organisation with this portfolio.
    is_applicable: bool,
    /// The vendors of its systems, sorted.
    vendors: Box<[u32]>,
}

/// The key under which equal portfolios are one: modules in order, systems sorted, an empty list for a known absence.
type PortfolioKey = Vec<(Module, Vec<ComparedSystem>)>;

/// Every distinct set of systems among the active organisations.
#[derive(Debug)]
pub(crate) struct Portfolios {
    portfolios: Vec<Portfolio>,
    vendors: Vec<String>,
}

impl Portfolios {
    /// Reads the systems of each active organisation and numbers the distinct sets; returns them with the number of each
    /// organisation's set.
    pub(crate) fn new(systems_of: &[&[CoreSystem]], numbering: &mut Numbering) -> (Self, Vec<u32>) {
        let mut keys: Interner<PortfolioKey> = Interner::new();
        let number_of: Vec<u32> = systems_of
            .iter()
            .map(|systems| {
                let mut modules: BTreeMap<Module, BTreeSet<ComparedSystem>> = BTreeMap::new();
                for system in *systems {
                    if system.status.is_present() {
                        modules
                            .entry(system.module)
                            .or_default()
                            .insert(numbering.number(system));
                    } else if system.status.is_known_absence() {
                        modules.entry(system.module).or_default();
                    }
                }
                let key = modules
                    .into_iter()
                    .map(|(m, s)| (m, s.into_iter().collect()))
                    .collect();
                keys.number(&key)
            })
            .collect();
        let portfolios = number_portfolios(keys.into_values(), &number_of);
        (
            Self {
                portfolios,
                vendors: numbering.vendors.values().to_vec(),
            },
            number_of,
        )
    }

    /// How many distinct sets there are.
    pub(crate) fn len(&self) -> usize {
        self.portfolios.len()
    }

    /// Whether the criterion can be asked of an organisation with this set: it names a system.
    pub(crate) fn is_applicable(&self, portfolio: u32) -> bool {
        self.portfolios[portfolio as usize].is_applicable
    }

    /// The number of a vendor, whatever the case of its letters; `None` where nobody runs its systems.
    pub(crate) fn vendor(&self, name: &str) -> Option<u32> {
        let name = compared_name(name)?;
        self.vendors.iter().position(|v| *v == name).map(index)
    }

    /// Whether a set holds a system of a vendor.
    pub(crate) fn has_vendor(&self, portfolio: u32, vendor: u32) -> bool {
        self.portfolios[portfolio as usize]
            .vendors
            .binary_search(&vendor)
            .is_ok()
    }

    /// The score of a seeker with set `mine` for a candidate with set `theirs`; zero, and without meaning, where the
    /// criterion does not apply to the seeker.
    pub(crate) fn score(&self, mine: u32, theirs: u32) -> Interval {
        let [low, expected, high] = self.sums(mine, theirs, |entry, theirs| match theirs {
            Some(theirs) => best_match(&entry.systems, &theirs.systems),
            None if entry.is_named => [0.0, entry.mean, 1.0],
            None => [0.0; 3],
        });
        Interval::new(low, expected, high)
    }

    /// The share of the seeker's modules, by importance, for which the candidate's fact is recorded.
    pub(crate) fn known_share(&self, mine: u32, theirs: u32) -> f64 {
        self.sums(mine, theirs, |_, theirs| {
            if theirs.is_some() { [1.0; 3] } else { [0.0; 3] }
        })[0]
    }

    /// The modules that the seeker runs and of which nothing is recorded of the candidate, with the share of the score each
    /// carries.
    pub(crate) fn unknown_modules(
        &self,
        mine: u32,
        theirs: u32,
    ) -> impl Iterator<Item = (Module, f64)> {
        let mine = &self.portfolios[mine as usize];
        let theirs = &self.portfolios[theirs as usize];
        let total: f64 = mine
            .run_entries()
            .map(|e| IMPORTANCE[e.module.index()])
            .sum();
        mine.run_entries()
            .filter(|e| e.is_named && !theirs.entries.iter().any(|t| t.module == e.module))
            .map(move |e| (e.module, IMPORTANCE[e.module.index()] / total))
    }

    /// `sum u_f c_f / sum u_f` over the seeker's modules, where `value` gives `c_f`.
    fn sums(
        &self,
        mine: u32,
        theirs: u32,
        value: impl Fn(&Entry, Option<&Entry>) -> [f64; 3],
    ) -> [f64; 3] {
        let theirs = &self.portfolios[theirs as usize].entries;
        let mut position = 0;
        let (mut sums, mut total) = ([0.0; 3], 0.0);
        for entry in self.portfolios[mine as usize].run_entries() {
            while position < theirs.len() && theirs[position].module < entry.module {
                position += 1;
            }
            let their_entry = theirs.get(position).filter(|t| t.module == entry.module);
            let importance = IMPORTANCE[entry.module.index()];
            for (sum, value) in sums.iter_mut().zip(value(entry, their_entry)) {
                *sum += importance * value;
            }
            total += importance;
        }
        if total > 0.0 {
            sums.map(|sum| sum / total)
        } else {
            sums
        }
    }

    /// Bytes on the heap, about.
    pub(crate) fn heap_bytes(&self) -> usize {
        let entries = self.portfolios.iter().flat_map(|p| p.entries.iter());
        self.portfolios.capacity() * size_of::<Portfolio>()
            + entries
                .map(|e| size_of::<Entry>() + size_of_val(&*e.systems))
                .sum::<usize>()
            + self
                .portfolios
                .iter()
                .map(|p| size_of_val(&*p.vendors))
                .sum::<usize>()
            + self
                .vendors
                .iter()
                .map(|v| size_of::<String>() + v.capacity())
                .sum::<usize>()
    }
}

impl Portfolio {
    /// The modules in which it has a system.
    fn run_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|e| !e.systems.is_empty())
    }
}

/// Builds the portfolios with the means that stand in for unknown modules.
fn number_portfolios(keys: Vec<PortfolioKey>, number_of: &[u32]) -> Vec<Portfolio> {
    let mut counts = vec![0.0; keys.len()];
    for &number in number_of {
        counts[number as usize] += 1.0;
    }
    // How many organisations have each distinct list of systems in a module.
    let mut lists: BTreeMap<(Module, &[ComparedSystem]), f64> = BTreeMap::new();
    for (key, count) in keys.iter().zip(&counts) {
        for (module, systems) in key {
            *lists.entry((*module, systems)).or_insert(0.0) += count;
        }
    }
    let means: BTreeMap<(Module, &[ComparedSystem]), f64> = lists
        .keys()
        .map(|&list| (list, mean_match(list, &lists)))
        .collect();
    keys.iter()
        .map(|key| {
            let entries: Box<[Entry]> = key
                .iter()
                .map(|(module, systems)| Entry {
                    module: *module,
                    systems: systems.as_slice().into(),
                    is_named: systems.iter().any(|s| s.vendor.is_some()),
                    mean: means[&(*module, systems.as_slice())],
                })
                .collect();
            let vendors: BTreeSet<u32> = entries
                .iter()
                .flat_map(|e| e.systems.iter())
                .filter_map(|s| s.vendor)
                .collect();
            Portfolio {
                is_applicable: entries.iter().any(|e| e.is_named),
                vendors: vendors.into_iter().collect(),
                entries,
            }
        })
        .collect()
}

/// `m` of DESIGN 4.2: among the organisations other than one of those with this list for which the module is known, the share
/// whose best expected match with it is a match.
fn mean_match(
    (module, mine): (Module, &[ComparedSystem]),
    lists: &BTreeMap<(Module, &[ComparedSystem]), f64>,
) -> f64 {
    let is_match = |theirs: &[ComparedSystem]| best_match(mine, theirs)[1] >= MATCH_FROM;
    let (mut matches, mut known) = (0.0, 0.0);
    let first: (Module, &[ComparedSystem]) = (module, &[]);
    for ((_, theirs), count) in lists.range(first..).take_while(|((m, _), _)| *m == module) {
        let others = if *theirs == mine { count - 1.0 } else { *count };
        known += others;
        if is_match(theirs) {
            matches += others;
        }
    }
    if known > 0.0 {
        matches / known
    } else {
        super::MEAN_OF_NOBODY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::core_system::SystemStatus;
    use crate::domain::ids::OdsCode;
    use crate::domain::provenance::Provenance;

    const ROUNDING: f64 = 1e-12;

    fn system(module: Module, vendor: &str, product: &str, version: &str) -> CoreSystem {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        CoreSystem {
            ods_code: OdsCode::new("RTH").unwrap(),
            module,
            vendor: named(vendor),
            product: named(product),
            version: named(version),
            status: SystemStatus::InUse,
            live: None,
            ended: None,
            provenance: Provenance {
                source: "a test".into(),
                as_of: None,
            },
        }
    }

    fn portfolios(systems_of: &[&[CoreSystem]]) -> (Portfolios, Vec<u32>) {
        let mut numbering = Numbering::new(systems_of.iter().flat_map(|s| s.iter()));
        Portfolios::new(systems_of, &mut numbering)
    }

    fn epr(vendor: &str, product: &str, version: &str) -> CoreSystem {
        system(Module::Epr, vendor, product, version)
    }

    fn absent(module: Module) -> CoreSystem {
        CoreSystem {
            status: SystemStatus::NoSystem,
            ..system(module, "", "", "")
        }
    }

    /// The score of a seeker with the first list for a candidate with the second.
    fn score(mine: &[CoreSystem], theirs: &[CoreSystem]) -> (f64, f64, f64) {
        let (portfolios, numbers) = portfolios(&[mine, theirs]);
        let i = portfolios.score(numbers[0], numbers[1]);
        (i.low(), i.expected(), i.high())
    }

    #[test]
    fn the_table_of_the_design_holds() {
        let cases = [
            (
                epr("Epic", "Hyperspace", "1.2"),
                epr("EPIC", "hyperspace", "1.2.0"),
                (1.0, 1.0, 1.0),
            ),
            (
                epr("Epic", "Hyperspace", "1.9"),
                epr("Epic", "Hyperspace", "1.10"),
                (1.0, 1.0, 1.0),
            ),
            (
                epr("Epic", "Hyperspace", "1.10"),
                epr("Epic", "Hyperspace", "1.9"),
                (0.8, 0.8, 0.8),
            ),
            (
                epr("Epic", "Hyperspace", "1.10"),
                epr("Epic", "Hyperspace", ""),
                (0.8, 0.9, 1.0),
            ),
            (
                epr("Epic", "Hyperspace", "R2023b"),
                epr("Epic", "Hyperspace", "R2023b"),
                (0.8, 0.9, 1.0),
            ),
            (
                epr("Epic", "Hyperspace (local name X)", ""),
                epr("Epic", " Hyperspace", ""),
                (0.8, 0.9, 1.0),
            ),
            (
                epr("Epic", "", ""),
                epr("Epic", "Hyperspace", ""),
                (0.2, 0.8, 1.0),
            ),
            (
                epr("Epic", "(local name X)", ""),
                epr("Epic", "Hyperspace", ""),
                (0.2, 0.8, 1.0),
            ),
            (
                epr("Epic", "Other", ""),
                epr("Epic", "Hyperspace", ""),
                (0.2, 0.2, 0.2),
            ),
            (epr("Epic", "", ""), epr("TPP", "", ""), (0.0, 0.0, 0.0)),
            (epr("Epic", "", ""), epr("", "", ""), (0.0, 0.0, 0.0)),
            (epr("Epic", "", ""), absent(Module::Epr), (0.0, 0.0, 0.0)),
        ];
        for (mine, theirs, expected) in cases {
            assert_eq!(
                score(std::slice::from_ref(&mine), std::slice::from_ref(&theirs)),
                expected,
                "{mine:?} {theirs:?}"
            );
        }
    }

    #[test]
    fn modules_count_by_their_importance() {
        let mine = [
            epr("Epic", "", ""),
            system(Module::Hepma, "Better", "Meds", ""),
        ];
        let theirs = [
            epr("Epic", "", ""),
            system(Module::Hepma, "WellSky", "EPMA", ""),
        ];
        let (low, expected, high) = score(&mine, &theirs);
        assert!((low - 0.2 / 1.5).abs() < ROUNDING);
        assert!((expected - 0.8 / 1.5).abs() < ROUNDING);
        assert!((high - 1.0 / 1.5).abs() < ROUNDING);
    }

    #[test]
    fn of_several_systems_the_best_pair_counts_for_each_bound() {
        let mine = [epr("Epic", "", ""), epr("TPP", "SystmOne", "")];
        let theirs = [epr("Epic", "Hyperspace", ""), epr("TPP", "SystmOne", "")];
        assert_eq!(score(&mine, &theirs), (0.8, 0.9, 1.0));
    }

    #[test]
    fn an_unknown_module_is_expected_to_match_as_often_as_the_others_do() {
        let epic = [epr("Epic", "", "")];
        let tpp = [epr("TPP", "", "")];
        let none = [absent(Module::Epr)];
        let (portfolios, numbers) = portfolios(&[&epic, &epic, &tpp, &none, &[]]);
        let unknown = portfolios.score(numbers[0], numbers[4]);
        // Of the three others that are known, one runs Epic; the known absence counts among them.
        assert!((unknown.expected() - 1.0 / 3.0).abs() < ROUNDING);
        assert!((unknown.width() - 1.0).abs() < ROUNDING);
        assert!(portfolios.known_share(numbers[0], numbers[4]).abs() < ROUNDING);
        assert!((portfolios.known_share(numbers[0], numbers[3]) - 1.0).abs() < ROUNDING);
        assert_eq!(
            portfolios.unknown_modules(numbers[0], numbers[4]).count(),
            1
        );
    }

    #[test]
    fn with_nobody_to_take_a_mean_over_a_half_is_expected() {
        let (portfolios, numbers) = portfolios(&[&[epr("Epic", "", "")], &[]]);
        assert!((portfolios.score(numbers[0], numbers[1]).expected() - 0.5).abs() < ROUNDING);
    }

    #[test]
    fn an_unnamed_system_is_like_no_other_and_alone_does_not_apply() {
        let unnamed = [epr("", "PICS", "")];
        let both = [epr("", "", ""), system(Module::Pas, "TPP", "", "")];
        let (portfolios, numbers) = portfolios(&[&unnamed, &both, &[], &[absent(Module::Epr)]]);
        assert!(!portfolios.is_applicable(numbers[0]));
        assert!(portfolios.is_applicable(numbers[1]));
        assert!(!portfolios.is_applicable(numbers[2]) && !portfolios.is_applicable(numbers[3]));
        // The unnamed record counts nothing, whatever the candidate runs; the named module is unknown.
        let score = portfolios.score(numbers[1], numbers[2]);
        assert!((score.high() - 0.4 / 1.4).abs() < ROUNDING);
        assert!(score.low().abs() < ROUNDING);
    }

    #[test]
    fn a_replaced_system_is_neither_a_system_nor_an_absence() {
        let replaced = [CoreSystem {
            status: SystemStatus::Replaced,
            ..epr("Epic", "", "")
        }];
        let (portfolios, numbers) = portfolios(&[&replaced, &[]]);
        assert_eq!(numbers, [0, 0]);
        assert!(!portfolios.is_applicable(0));
        assert_eq!(portfolios.vendor("Epic"), None);
    }

    #[test]
    fn vendors_are_found_whatever_the_case() {
        let (portfolios, numbers) = portfolios(&[&[epr("Epic", "", "")], &[epr("TPP", "", "")]]);
        let epic = portfolios.vendor(" epic ").unwrap();
        assert!(
            portfolios.has_vendor(numbers[0], epic) && !portfolios.has_vendor(numbers[1], epic)
        );
    }
}
