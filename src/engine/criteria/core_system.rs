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

/// The systems of one module, as several organisations may have them; a known absence where there are none.
#[derive(Clone, Debug)]
struct SystemList {
    module: Module,
    systems: Box<[ComparedSystem]>,
    /// Whether any system has a name.
    is_named: bool,
    /// What to expect of a candidate whose module is unknown: `m` of DESIGN 4.2.
    mean: f64,
}

impl SystemList {
    /// Whether there is a system, and not a known absence.
    fn is_run(&self) -> bool {
        !self.systems.is_empty()
    }

    /// How this list, the seeker's, is met by the candidate's of the same module, or by an unknown one, as
    /// `[low, expected, high]`.
    fn met_by(&self, theirs: Option<&Self>) -> [f64; 3] {
        match theirs {
            Some(theirs) => best_match(&self.systems, &theirs.systems),
            None if self.is_named => [0.0, self.mean, 1.0],
            None => [0.0; 3],
        }
    }

    fn importance(&self) -> f64 {
        IMPORTANCE[self.module.index()]
    }
}

/// A distinct set of systems over all modules.
#[derive(Clone, Debug, Default)]
struct Portfolio {
    /// The numbers of its lists, in the order of modules.
    lists: Box<[u32]>,
    /// The importance of the modules in which it has a system, together.
    importance: f64,
    /// Whether the criterion can be asked of an organisation with this portfolio.
    is_applicable: bool,
    /// The vendors of its systems, sorted.
    vendors: Box<[u32]>,
}

/// The key under which equal lists are one: systems sorted, none for a known absence.
type ListKey = (Module, Vec<ComparedSystem>);

/// Every distinct set of systems among the active organisations.
///
/// Lists of one module are numbered first, then the sets of lists: where products and versions vary, there are far fewer
/// lists than sets, and lists are what is compared.
#[derive(Debug)]
pub(crate) struct Portfolios {
    lists: Vec<SystemList>,
    portfolios: Vec<Portfolio>,
    vendors: Vec<String>,
}

impl Portfolios {
    /// Reads the systems of each active organisation and numbers the distinct sets; returns them with the number of each
    /// organisation's set.
    pub(crate) fn new(systems_of: &[&[CoreSystem]], numbering: &mut Numbering) -> (Self, Vec<u32>) {
        let mut list_keys: Interner<ListKey> = Interner::new();
        let mut keys: Interner<Vec<u32>> = Interner::new();
        let mut counts: Vec<f64> = Vec::new();
        let mut number_of = Vec::with_capacity(systems_of.len());
        for systems in systems_of {
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
            let lists = modules.into_iter().map(|(module, systems)| {
                let number = list_keys.number(&(module, systems.into_iter().collect()));
                counts.resize(list_keys.values().len(), 0.0);
                counts[number as usize] += 1.0;
                number
            });
            let key: Vec<u32> = lists.collect();
            number_of.push(keys.number(&key));
        }
        let lists = tell_lists(list_keys.into_values(), &counts);
        let portfolios = keys
            .into_values()
            .into_iter()
            .map(|key| Portfolio::new(key, &lists))
            .collect();
        let vendors = numbering.vendors.values().to_vec();
        (
            Self {
                lists,
                portfolios,
                vendors,
            },
            number_of,
        )
    }

    fn lists_of(&self, portfolio: u32) -> impl Iterator<Item = &SystemList> {
        self.portfolios[portfolio as usize]
            .lists
            .iter()
            .map(|&number| &self.lists[number as usize])
    }

    /// The lists of the modules in which a set has a system.
    fn run_lists(&self, portfolio: u32) -> impl Iterator<Item = &SystemList> {
        self.lists_of(portfolio).filter(|list| list.is_run())
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
        let mut sums = [0.0; 3];
        for list in self.run_lists(mine) {
            let met = list.met_by(self.lists_of(theirs).find(|t| t.module == list.module));
            for (sum, value) in sums.iter_mut().zip(met) {
                *sum += list.importance() * value;
            }
        }
        let importance = self.portfolios[mine as usize].importance;
        let [low, expected, high] = sums.map(|sum| share_of(sum, importance));
        Interval::new(low, expected, high)
    }

    /// The expected scores of a seeker with set `mine` for every set, and of every set for it, by the number of the set.
    ///
    /// Each list is compared once, whatever the number of sets it is in. The sums run over the modules of whoever seeks, in
    /// their order, as in [`score`](Self::score), so that both ends of a pair get the same bits.
    pub(crate) fn expected_scores(&self, mine: u32) -> Vec<(f64, f64)> {
        let mut my_lists: [Option<&SystemList>; Module::ALL.len()] = [None; Module::ALL.len()];
        for list in self.lists_of(mine) {
            my_lists[list.module.index()] = Some(list);
        }
        let compared: Vec<(f64, f64)> = self
            .lists
            .iter()
            .map(|theirs| {
                let my_list = my_lists[theirs.module.index()];
                let forward = my_list
                    .filter(|m| m.is_run())
                    .map_or(0.0, |m| m.met_by(Some(theirs))[1]);
                let backward = if theirs.is_run() {
                    theirs.met_by(my_list)[1]
                } else {
                    0.0
                };
                (
                    theirs.importance() * forward,
                    theirs.importance() * backward,
                )
            })
            .collect();
        let my_run: Vec<(Module, f64)> = self
            .run_lists(mine)
            .map(|list| (list.module, list.importance() * list.met_by(None)[1]))
            .collect();
        let my_importance = self.portfolios[mine as usize].importance;
        self.portfolios
            .iter()
            .map(|theirs| {
                let mut lists = theirs.lists.iter().map(|&n| n as usize).peekable();
                let mut forward = 0.0;
                for &(module, if_unknown) in &my_run {
                    while lists.next_if(|&n| self.lists[n].module < module).is_some() {}
                    let known = lists.peek().filter(|&&n| self.lists[n].module == module);
                    forward += known.map_or(if_unknown, |&n| compared[n].0);
                }
                let backward = theirs
                    .lists
                    .iter()
                    .fold(0.0, |sum, &n| sum + compared[n as usize].1);
                (
                    share_of(forward, my_importance),
                    share_of(backward, theirs.importance),
                )
            })
            .collect()
    }

    /// The share of the seeker's modules, by importance, for which the candidate's fact is recorded.
    pub(crate) fn known_share(&self, mine: u32, theirs: u32) -> f64 {
        let is_known = |list: &&SystemList| self.lists_of(theirs).any(|t| t.module == list.module);
        let known = self
            .run_lists(mine)
            .filter(is_known)
            .fold(0.0, |sum, list| sum + list.importance());
        share_of(known, self.portfolios[mine as usize].importance)
    }

    /// The modules that the seeker runs and of which something is missing on the candidate's side (the system, its product or
    /// its version), with the part of the score's width that each carries.
    pub(crate) fn open_modules(
        &self,
        mine: u32,
        theirs: u32,
    ) -> impl Iterator<Item = (Module, f64)> {
        let importance = self.portfolios[mine as usize].importance;
        self.run_lists(mine).filter_map(move |list| {
            let their_list = self.lists_of(theirs).find(|t| t.module == list.module);
            let is_whole = |s: &ComparedSystem| s.product.is_some() && s.version.is_some();
            let [low, _, high] = list.met_by(their_list);
            let is_missing = their_list.is_none_or(|t| !t.systems.iter().all(is_whole));
            (is_missing && high > low).then(|| {
                (
                    list.module,
                    share_of(list.importance() * (high - low), importance),
                )
            })
        })
    }

    /// Bytes on the heap, about.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.lists
            .iter()
            .map(|l| size_of::<SystemList>() + size_of_val(&*l.systems))
            .sum::<usize>()
            + self.portfolios.capacity() * size_of::<Portfolio>()
            + self
                .portfolios
                .iter()
                .map(|p| size_of_val(&*p.lists) + size_of_val(&*p.vendors))
                .sum::<usize>()
            + self
                .vendors
                .iter()
                .map(|v| size_of::<String>() + v.capacity())
                .sum::<usize>()
    }
}

impl Portfolio {
    fn new(numbers: Vec<u32>, lists: &[SystemList]) -> Self {
        let of_it = || numbers.iter().map(|&number| &lists[number as usize]);
        let vendors: BTreeSet<u32> = of_it()
            .flat_map(|l| l.systems.iter())
            .filter_map(|s| s.vendor)
            .collect();
        Self {
            importance: of_it()
                .filter(|l| l.is_run())
                .fold(0.0, |sum, l| sum + l.importance()),
            is_applicable: of_it().any(|l| l.is_named),
            vendors: vendors.into_iter().collect(),
            lists: numbers.into_boxed_slice(),
        }
    }
}

/// `part / whole`; 0 where the whole is nothing.
fn share_of(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Builds the lists with the means that stand in for unknown modules; `counts` is how many organisations have each list.
///
/// Whether two lists match does not depend on versions, so lists that differ in versions alone are counted together, and
/// only lists with a vendor in common are compared.
fn tell_lists(keys: Vec<ListKey>, counts: &[f64]) -> Vec<SystemList> {
    let mut versionless: Interner<ListKey> = Interner::new();
    let number_of: Vec<u32> = keys
        .iter()
        .map(|(module, systems)| {
            let mut systems: Vec<ComparedSystem> = systems
                .iter()
                .map(|&s| ComparedSystem { version: None, ..s })
                .collect();
            systems.dedup();
            versionless.number(&(*module, systems))
        })
        .collect();
    let versionless = versionless.into_values();
    let mut having = vec![0.0; versionless.len()];
    for (&number, count) in number_of.iter().zip(counts) {
        having[number as usize] += count;
    }
    let mut known: BTreeMap<Module, f64> = BTreeMap::new();
    let mut of_vendor: BTreeMap<(Module, u32), Vec<usize>> = BTreeMap::new();
    for (number, (module, systems)) in versionless.iter().enumerate() {
        *known.entry(*module).or_insert(0.0) += having[number];
        for vendor in systems
            .iter()
            .filter_map(|s| s.vendor)
            .collect::<BTreeSet<u32>>()
        {
            of_vendor.entry((*module, vendor)).or_default().push(number);
        }
    }
    let means: Vec<f64> = versionless
        .iter()
        .map(|(module, mine)| {
            let vendors: BTreeSet<u32> = mine.iter().filter_map(|s| s.vendor).collect();
            let candidates: BTreeSet<usize> = vendors
                .iter()
                .flat_map(|&v| of_vendor.get(&(*module, v)).into_iter().flatten().copied())
                .collect();
            let is_match = |theirs: &[ComparedSystem]| best_match(mine, theirs)[1] >= MATCH_FROM;
            let matching = candidates
                .into_iter()
                .filter(|&number| is_match(&versionless[number].1));
            let matches = matching.fold(0.0, |sum, number| sum + having[number]);
            // Whoever has this list is not among the others; a list with a name matches itself.
            let (others, matches) = (
                known[module] - 1.0,
                if vendors.is_empty() {
                    0.0
                } else {
                    matches - 1.0
                },
            );
            if others > 0.0 {
                matches / others
            } else {
                super::MEAN_OF_NOBODY
            }
        })
        .collect();
    keys.into_iter()
        .zip(number_of)
        .map(|((module, systems), number)| SystemList {
            module,
            is_named: systems.iter().any(|s| s.vendor.is_some()),
            mean: means[number as usize],
            systems: systems.into_boxed_slice(),
        })
        .collect()
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
        let open: Vec<(Module, f64)> = portfolios.open_modules(numbers[0], numbers[4]).collect();
        assert_eq!(open, [(Module::Epr, 1.0)]);
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
