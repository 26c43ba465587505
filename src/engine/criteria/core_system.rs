//! How far two organisations run the same core systems, module by module (DESIGN 4.2).
//!
//! Systems are compared by numbers: [`Portfolios`] gives each distinct set of systems one, and each distinct list of one
//! module. A scan compares lists, of which there are few, and adds up what a set is made of.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::core_system::{CoreSystem, Module};
use crate::domain::interval::Interval;
use crate::engine::columns::{Interner, Lists, index};
use crate::engine::criteria::system_match::{ComparedSystem, Numbering, best_match, compared_name};

/// How much a module counts, indexed as [`Module::ALL`].
///
/// # References
///
/// DESIGN 4.2.
pub const IMPORTANCE: [f64; Module::ALL.len()] =
    [1.0, 0.5, 0.4, 0.2, 0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1];

/// A match counts as one, for the mean of 4.2, from this expected value on.
pub(crate) const MATCH_FROM: f64 = 0.5;

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

/// The key under which equal lists are one: systems sorted, none for a known absence.
type ListKey = (Module, Vec<ComparedSystem>);

/// Every distinct set of systems among the active organisations.
///
/// Lists of one module are numbered first, then the sets of lists: where products and versions vary, there are far fewer
/// lists than sets, and lists are what is compared.
#[derive(Debug)]
pub(crate) struct Portfolios {
    lists: Vec<SystemList>,
    /// The numbers of each set's lists, in the order of modules.
    lists_of: Lists<u32>,
    vendors: Vec<String>,
}

/// One list against the seeker's of the same module, times the module's importance.
#[derive(Clone, Copy, Debug)]
struct Compared {
    module: Module,
    /// The expected value to the seeker.
    forward: f64,
    /// The expected value of the seeker's to whoever has the list.
    backward: f64,
    /// The module's importance where the list has a system, else 0.
    importance: f64,
}

/// A seeker's set of systems against every list there is.
#[derive(Debug)]
pub(crate) struct CoreView<'a> {
    portfolios: &'a Portfolios,
    /// By list.
    compared: Vec<Compared>,
    /// The seeker's modules with a system, each with what it adds where the other's is unknown.
    my_run: Vec<(Module, f64)>,
    my_importance: f64,
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
        let keys = keys.into_values();
        let lists_of = (0..)
            .zip(&keys)
            .flat_map(|(portfolio, key)| key.iter().map(move |&list| (portfolio, list)))
            .collect();
        let vendors = numbering.vendors.values().to_vec();
        (
            Self {
                lists_of: Lists::from_sorted(keys.len(), lists_of),
                lists,
                vendors,
            },
            number_of,
        )
    }

    fn lists_of(&self, portfolio: u32) -> impl Iterator<Item = &SystemList> {
        self.lists_of
            .of(portfolio)
            .iter()
            .map(|&number| &self.lists[number as usize])
    }

    /// The importance of the modules in which a set has a system, together.
    fn importance(&self, portfolio: u32) -> f64 {
        self.run_lists(portfolio)
            .fold(0.0, |sum, list| sum + list.importance())
    }

    /// The lists of the modules in which a set has a system.
    fn run_lists(&self, portfolio: u32) -> impl Iterator<Item = &SystemList> {
        self.lists_of(portfolio).filter(|list| list.is_run())
    }

    /// Whether the criterion can be asked of an organisation with this set: it names a system.
    pub(crate) fn is_applicable(&self, portfolio: u32) -> bool {
        self.lists_of(portfolio).any(|list| list.is_named)
    }

    /// The number of a vendor, whatever the case of its letters; `None` where nobody runs its systems.
    pub(crate) fn vendor(&self, name: &str) -> Option<u32> {
        let name = compared_name(name)?;
        self.vendors.iter().position(|v| *v == name).map(index)
    }

    /// Whether a set holds a system of a vendor.
    pub(crate) fn has_vendor(&self, portfolio: u32, vendor: u32) -> bool {
        self.lists_of(portfolio)
            .any(|list| list.systems.iter().any(|s| s.vendor == Some(vendor)))
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
        let importance = self.importance(mine);
        let [low, expected, high] = sums.map(|sum| share_of(sum, importance));
        Interval::new(low, expected, high)
    }

    /// Compares a seeker's set with every list there is; each once, whatever the number of sets it is in.
    pub(crate) fn view(&self, mine: u32) -> CoreView<'_> {
        let mut my_lists: [Option<&SystemList>; Module::ALL.len()] = [None; Module::ALL.len()];
        for list in self.lists_of(mine) {
            my_lists[list.module.index()] = Some(list);
        }
        let compared = self.lists.iter().map(|theirs| {
            let my_list = my_lists[theirs.module.index()];
            let forward = my_list
                .filter(|m| m.is_run())
                .map_or(0.0, |m| m.met_by(Some(theirs))[1]);
            let (backward, importance) = if theirs.is_run() {
                (theirs.met_by(my_list)[1], theirs.importance())
            } else {
                (0.0, 0.0)
            };
            Compared {
                module: theirs.module,
                forward: theirs.importance() * forward,
                backward: theirs.importance() * backward,
                importance,
            }
        });
        CoreView {
            portfolios: self,
            compared: compared.collect(),
            my_run: self
                .run_lists(mine)
                .map(|list| (list.module, list.importance() * list.met_by(None)[1]))
                .collect(),
            my_importance: self.importance(mine),
        }
    }

    /// Whether a module is known in a set: a system, or that there is none.
    pub(crate) fn is_known(&self, portfolio: u32, module: Module) -> bool {
        self.lists_of(portfolio).any(|list| list.module == module)
    }

    /// The scores of `mine` for `theirs` and the other way round if `mine` had a system in a module that is unknown in it, as
    /// like others' as theirs is.
    pub(crate) fn score_if_known(
        &self,
        mine: u32,
        theirs: u32,
        module: Module,
    ) -> (Interval, Interval) {
        let their_list = self.lists_of(theirs).find(|list| list.module == module);
        let (weight, importance) = (IMPORTANCE[module.index()], self.importance(mine));
        let expected = their_list.map(|list| if list.is_named { list.mean } else { 0.0 });
        let added = expected.map_or(Interval::unknown(super::MEAN_OF_NOBODY), Interval::exactly);
        let forward = self.score(mine, theirs).zip(added, |before, added| {
            share_of(before * importance + weight * added, importance + weight)
        });
        let mut backward = self.score(theirs, mine);
        if let (Some(list), Some(expected)) = (their_list, expected)
            && list.is_named
        {
            // What was open between nothing and all closes to what was expected of it.
            let part = share_of(weight, self.importance(theirs));
            backward = Interval::new(
                backward.low() + part * expected,
                backward.expected(),
                backward.high() - part * (1.0 - expected),
            );
        }
        (forward, backward)
    }

    /// The share of the seeker's modules, by importance, for which the candidate's fact is recorded.
    pub(crate) fn known_share(&self, mine: u32, theirs: u32) -> f64 {
        let is_known = |list: &&SystemList| self.lists_of(theirs).any(|t| t.module == list.module);
        let known = self
            .run_lists(mine)
            .filter(is_known)
            .fold(0.0, |sum, list| sum + list.importance());
        share_of(known, self.importance(mine))
    }

    /// The modules that the seeker runs and of which something is missing on the candidate's side (the system, its product or
    /// its version), with the part of the score's width that each carries.
    pub(crate) fn open_modules(
        &self,
        mine: u32,
        theirs: u32,
    ) -> impl Iterator<Item = (Module, f64)> {
        let importance = self.importance(mine);
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
            + self.lists_of.heap_bytes()
            + self
                .vendors
                .iter()
                .map(|v| size_of::<String>() + v.capacity())
                .sum::<usize>()
    }
}

impl CoreView<'_> {
    /// The expected scores of the seeker for a set, and of the set for the seeker.
    ///
    /// The sums run over the modules of whoever seeks, in their order, as in [`Portfolios::score`], so that both ends of a
    /// pair get the same bits.
    pub(crate) fn expected(&self, theirs: u32) -> (f64, f64) {
        let numbers = self.portfolios.lists_of.of(theirs);
        let mut known = numbers
            .iter()
            .map(|&n| &self.compared[n as usize])
            .peekable();
        let mut forward = 0.0;
        for &(module, if_unknown) in &self.my_run {
            while known.next_if(|list| list.module < module).is_some() {}
            let known = known.peek().filter(|list| list.module == module);
            forward += known.map_or(if_unknown, |list| list.forward);
        }
        let (mut backward, mut importance) = (0.0, 0.0);
        for &number in numbers {
            let compared = &self.compared[number as usize];
            backward += compared.backward;
            importance += compared.importance;
        }
        (
            share_of(forward, self.my_importance),
            share_of(backward, importance),
        )
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
mod tests;
