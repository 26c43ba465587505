//! What the two run, who is ahead with it, and what that gives each.

use std::cmp::Ordering;

use crate::domain::core_system::{Module, SystemStatus};
use crate::domain::dates::PartialDate;
use crate::domain::programme::Criterion;
use crate::engine::columns::Row;
use crate::engine::criteria::system_match::{SystemMatch, compare};
use crate::engine::explain::Explanation;
use crate::engine::snapshot::{Snapshot, SystemFact, SystemName};
use crate::engine::view::View;

const CORE: Criterion = Criterion::CoreSystem;

/// Says for each module of the seeker how the candidate stands to it, then what each side gains.
pub(super) fn explain(explanation: &mut Explanation, view: &View<'_>, row: Row) {
    let snapshot = view.day.snapshot;
    let (mine, theirs) = (snapshot.systems(view.seeker), snapshot.systems(row));
    for &module in Module::ALL {
        match (Standing::of(mine, module), Standing::of(theirs, module)) {
            (Standing::Runs, Standing::Runs) => {
                if let Some(pair) = best_pair(snapshot, mine, theirs, module) {
                    explain_pair(explanation, snapshot, module, &pair);
                }
            }
            (Standing::Runs, Standing::Absent(fact)) => {
                let origin = snapshot.system_origin(fact);
                let text = absence_sentence(module.words(), fact.status, origin.as_of);
                explanation.because(CORE, "no_system", text, Some(origin));
                if let Some(system) = live_and_named(snapshot, mine, module) {
                    let gain =
                        adoption_gain(("You run", "they were"), &system, module, fact.status);
                    explanation.they_gain.push(gain);
                }
            }
            (Standing::Runs, Standing::Unknown) => explanation.not_known(CORE, module.words()),
            (Standing::Absent(fact), Standing::Runs) => {
                if let Some(system) = live_and_named(snapshot, theirs, module) {
                    let gain =
                        adoption_gain(("They run", "you were"), &system, module, fact.status);
                    explanation.you_gain.push(gain);
                }
            }
            (Standing::Absent(_) | Standing::Unknown, _) => {}
        }
    }
}

/// What is recorded of a module.
enum Standing<'a> {
    Runs,
    Absent(&'a SystemFact),
    Unknown,
}

impl<'a> Standing<'a> {
    fn of(systems: &'a [SystemFact], module: Module) -> Self {
        let of_module = || systems.iter().filter(|s| s.module == module);
        if of_module().any(|s| s.status.is_present()) {
            Self::Runs
        } else {
            of_module()
                .find(|s| s.status.is_known_absence())
                .map_or(Self::Unknown, Self::Absent)
        }
    }
}

/// A system of each that compare best, and how.
struct Pair<'a> {
    mine: &'a SystemFact,
    theirs: &'a SystemFact,
    my_name: &'a SystemName,
    their_name: &'a SystemName,
    matched: SystemMatch,
}

impl Pair<'_> {
    const fn is_same_product(&self) -> bool {
        matches!(
            self.matched,
            SystemMatch::SameProductCurrent
                | SystemMatch::SameProductOlder
                | SystemMatch::SameProduct
        )
    }

    fn are_both_live(&self) -> bool {
        self.mine.status == SystemStatus::InUse && self.theirs.status == SystemStatus::InUse
    }

    fn vendor(&self) -> &str {
        self.their_name.vendor.as_deref().unwrap_or_default()
    }
}

/// The pair of systems with the best expected value; among equals those that are live, then the first.
fn best_pair<'a>(
    snapshot: &'a Snapshot,
    mine: &'a [SystemFact],
    theirs: &'a [SystemFact],
    module: Module,
) -> Option<Pair<'a>> {
    /// Less than any difference between values of the table.
    const FOR_BEING_LIVE: f64 = 0.01;
    let present = |s: &&SystemFact| s.module == module && s.status.is_present();
    let mut best: Option<(f64, Pair<'a>)> = None;
    for my_system in mine.iter().filter(present) {
        for their_system in theirs.iter().filter(present) {
            let (my_name, their_name) = (
                snapshot.system_name(my_system),
                snapshot.system_name(their_system),
            );
            let matched = compare(my_name.compared, their_name.compared);
            let live = [my_system, their_system]
                .into_iter()
                .filter(|s| s.status == SystemStatus::InUse);
            let value = live.fold(matched.value()[1], |value, _| value + FOR_BEING_LIVE);
            if best.as_ref().is_none_or(|(so_far, _)| value > *so_far) {
                let pair = Pair {
                    mine: my_system,
                    theirs: their_system,
                    my_name,
                    their_name,
                    matched,
                };
                best = Some((value, pair));
            }
        }
    }
    best.map(|(_, pair)| pair)
}

fn explain_pair(
    explanation: &mut Explanation,
    snapshot: &Snapshot,
    module: Module,
    pair: &Pair<'_>,
) {
    let origin = Some(snapshot.system_origin(pair.theirs));
    let words = module.words();
    let (code, text) = match pair.matched {
        SystemMatch::SameProductCurrent => (
            "same_product_current_version",
            shared_sentence(&full_name(pair.their_name), words, pair),
        ),
        SystemMatch::SameProductOlder => (
            "same_product_older_version",
            shared_sentence(&full_name(pair.their_name), words, pair),
        ),
        SystemMatch::SameProduct => (
            "same_product",
            shared_sentence(&full_name(pair.their_name), words, pair),
        ),
        SystemMatch::SameVendor => ("same_vendor", shared_sentence(pair.vendor(), words, pair)),
        SystemMatch::OtherProduct => {
            let (mine, theirs) = (bare_product(pair.my_name), bare_product(pair.their_name));
            let (vendor, you, they) = (pair.vendor(), doing(pair.mine), doing(pair.theirs));
            let text = format!(
                "Both get their {words} from {vendor}, but different products: you {you} {mine}, they {they} {theirs}."
            );
            ("other_product", text)
        }
        SystemMatch::Different => {
            let named = pair.my_name.compared.is_named() && pair.their_name.compared.is_named();
            let (mine, theirs) = (any_name(pair.my_name), any_name(pair.their_name));
            let text = format!("Your {words} is {mine}; theirs is {theirs}.");
            if named {
                ("other_vendor", text)
            } else {
                let why = " Without a supplier's name the two cannot be compared, so this counts nothing.";
                ("unnamed_system", text + why)
            }
        }
    };
    explanation.because(CORE, code, text, origin);
    if pair.matched == SystemMatch::SameVendor && !pair.their_name.compared.has_product() {
        explanation.not_known(CORE, format!("product of the {words}"));
    }
    if pair.matched == SystemMatch::SameProduct && !pair.their_name.compared.has_version() {
        explanation.not_known(CORE, format!("version of the {words}"));
    }
    explain_who_is_ahead(explanation, words, pair);
}

/// "Both run X as their record", or who runs it and who is on the way to it.
fn shared_sentence(name: &str, words: &str, pair: &Pair<'_>) -> String {
    match (on_the_way(pair.mine), on_the_way(pair.theirs)) {
        (None, None) => format!("Both run {name} as their {words}."),
        (None, Some(theirs)) => format!("You run {name} as your {words}; they have {theirs} it."),
        (Some(mine), None) => format!("They run {name} as their {words}; you have {mine} it."),
        (Some(mine), Some(theirs)) if mine == theirs => {
            format!("Both have {mine} {name} as their {words}.")
        }
        (Some(mine), Some(theirs)) => {
            format!("You have {mine} {name} as your {words}; they have {theirs} it.")
        }
    }
}

/// How far somebody is with a system that is not live.
const fn on_the_way(system: &SystemFact) -> Option<&'static str> {
    match system.status {
        SystemStatus::Contracted => Some("signed for"),
        SystemStatus::Selected => Some("chosen"),
        SystemStatus::InUse
        | SystemStatus::Replaced
        | SystemStatus::NoSystem
        | SystemStatus::NoneProcuring => None,
    }
}

/// What somebody does with a system: "run", "have signed for", "have chosen".
const fn doing(system: &SystemFact) -> &'static str {
    match system.status {
        SystemStatus::Contracted => "have signed for",
        SystemStatus::Selected => "have chosen",
        SystemStatus::InUse
        | SystemStatus::Replaced
        | SystemStatus::NoSystem
        | SystemStatus::NoneProcuring => "run",
    }
}

/// Who is live and since when, and who has the newer version, and so who can learn what from whom.
fn explain_who_is_ahead(explanation: &mut Explanation, words: &str, pair: &Pair<'_>) {
    let name = match pair.matched {
        SystemMatch::OtherProduct | SystemMatch::Different => return,
        SystemMatch::SameVendor => pair.vendor().to_owned(),
        SystemMatch::SameProductCurrent
        | SystemMatch::SameProductOlder
        | SystemMatch::SameProduct => full_name(pair.their_name),
    };
    let since = |system: &SystemFact| system.live.map(|d| d.year());
    let behind = |who: &str, are: &str, have: &str, system: &SystemFact| match system.status {
        SystemStatus::Selected => format!("{who} {have} chosen it"),
        _ => format!("{who} {are} still implementing it"),
    };
    match (
        pair.mine.status == SystemStatus::InUse,
        pair.theirs.status == SystemStatus::InUse,
    ) {
        (false, true) => {
            let you = behind("you", "are", "have", pair.mine);
            explanation.you_gain.push(match since(pair.theirs) {
                Some(year) => {
                    format!("They went live with {name} as their {words} in {year}; {you}.")
                }
                None => format!("They already run {name} as their {words}; {you}."),
            });
        }
        (true, false) => {
            let they = behind("they", "are", "have", pair.theirs);
            explanation.they_gain.push(match since(pair.mine) {
                Some(year) => {
                    format!("You went live with {name} as your {words} in {year}; {they}.")
                }
                None => format!("You already run {name} as your {words}; {they}."),
            });
        }
        (true, true) => {
            match (since(pair.mine), since(pair.theirs)) {
                (Some(mine), Some(theirs)) if theirs < mine => explanation.you_gain.push(format!(
                    "They went live with {name} as their {words} in {theirs}, you in {mine}."
                )),
                (Some(mine), Some(theirs)) if mine < theirs => explanation.they_gain.push(format!(
                    "You went live with {name} as your {words} in {mine}, they in {theirs}."
                )),
                _ => {}
            }
            let carries = if pair.is_same_product() {
                format!(
                    "Both are live with {name} as the {words}: configurations and lessons carry over."
                )
            } else {
                format!(
                    "Both have a live {words} from {name}: if it is the same product, configurations and lessons carry over."
                )
            };
            explanation.you_gain.push(carries.clone());
            explanation.they_gain.push(carries);
        }
        (false, false) => {
            let together = format!(
                "Neither is live with {name} as the {words} yet: you can prepare for it together."
            );
            explanation.you_gain.push(together.clone());
            explanation.they_gain.push(together);
        }
    }
    explain_versions(explanation, &name, pair);
}

/// Who runs the newer version of one product, where both run it.
fn explain_versions(explanation: &mut Explanation, name: &str, pair: &Pair<'_>) {
    let (Some(mine), Some(theirs)) = (&pair.my_name.version, &pair.their_name.version) else {
        return;
    };
    if !(pair.is_same_product() && pair.are_both_live()) {
        return;
    }
    match pair
        .their_name
        .compared
        .compare_versions(pair.my_name.compared)
    {
        Some(Ordering::Greater) => explanation.you_gain.push(format!(
            "They run version {theirs} of {name}; you run version {mine}."
        )),
        Some(Ordering::Less) => explanation.they_gain.push(format!(
            "You run version {mine} of {name}; they run version {theirs}."
        )),
        Some(Ordering::Equal) | None => {}
    }
}

/// A live system with a name, in words.
fn live_and_named(snapshot: &Snapshot, systems: &[SystemFact], module: Module) -> Option<String> {
    let live = systems
        .iter()
        .filter(|s| s.module == module && s.status == SystemStatus::InUse);
    live.map(|s| snapshot.system_name(s))
        .find(|name| name.compared.is_named())
        .map(full_name)
}

/// That the candidate has no system, of when that is known.
fn absence_sentence(words: &str, status: SystemStatus, as_of: Option<PartialDate>) -> String {
    let buying = if status == SystemStatus::NoneProcuring {
        " and were buying one"
    } else {
        ""
    };
    match as_of {
        Some(date) => format!("As of {date} they had no {words}{buying}."),
        None => format!("They had no {words}{buying} when last recorded."),
    }
}

/// What somebody without a system gains from somebody who runs one.
fn adoption_gain(
    (who_runs, who_is): (&str, &str),
    system: &str,
    module: Module,
    status: SystemStatus,
) -> String {
    let doing = if status == SystemStatus::NoneProcuring {
        "buying one"
    } else {
        "without one"
    };
    format!(
        "{who_runs} {system} as the {}; {who_is} {doing}.",
        module.words()
    )
}

/// Vendor and product together, without saying the vendor twice.
fn full_name(name: &SystemName) -> String {
    match (&name.vendor, &name.product) {
        (Some(vendor), Some(product)) if product.starts_with(vendor.as_str()) => product.clone(),
        (Some(vendor), Some(product)) => format!("{vendor} {product}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "an unnamed system".to_owned(),
    }
}

fn bare_product(name: &SystemName) -> &str {
    name.product.as_deref().unwrap_or("an unnamed product")
}

/// A system's name, or that it has none.
fn any_name(name: &SystemName) -> String {
    if name.compared.is_named() {
        return full_name(name);
    }
    match &name.product {
        Some(product) => format!("{product}, built in-house or generic"),
        None => "built in-house or generic".to_owned(),
    }
}

#[cfg(test)]
mod tests;
