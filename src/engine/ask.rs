//! What to find out next (DESIGN 4.10): what the seeker could say of itself, then what its best candidates could.

use crate::domain::core_system::Module;
use crate::domain::organisation::CareSetting;
use crate::domain::profile::Attribute;
use crate::domain::programme::{Criterion, Weights};
use crate::domain::suggestion::{Ask, Fact};
use crate::engine::columns::Row;
use crate::engine::criteria::culture::{ATTRIBUTE_WEIGHTS, AttributePair};
use crate::engine::fit::PerCriterion;
use crate::engine::snapshot::Snapshot;
use crate::engine::view::{Assessment, View};

/// How many facts an answer asks for.
pub(crate) const N_ASKED: usize = 3;

/// The fact that would make a criterion apply to an organisation to which it does not.
const fn fact_for(criterion: Criterion) -> Option<Fact> {
    match criterion {
        Criterion::CoreSystem => Some(Fact::CoreSystem(Module::Epr)),
        Criterion::Geography => Some(Fact::Position),
        Criterion::CareSetting => Some(Fact::CareSettings),
        Criterion::Culture => Some(Fact::Attribute(Attribute::EthosSharing)),
        Criterion::PriorRelationships => None,
        Criterion::Learning => Some(Fact::Topics),
    }
}

/// What to supply where no weighted criterion applies to a seeker, by weight.
pub(crate) fn facts_that_would_apply(
    snapshot: &Snapshot,
    seeker: Row,
    weights: Weights,
) -> Vec<Fact> {
    let applicable = snapshot.class(seeker).applicable;
    let mut criteria: Vec<Criterion> = Criterion::ALL
        .iter()
        .copied()
        .filter(|&c| weights.of(c) > 0.0 && !applicable.contains(c))
        .collect();
    criteria.sort_by(|&a, &b| weights.of(b).total_cmp(&weights.of(a)));
    criteria.into_iter().filter_map(fact_for).collect()
}

/// The facts that would say most, at most [`N_ASKED`]: the seeker's own by weight, then its candidates' by the width of the
/// interval they carry times the weight.
///
/// `weights` are those in use before anything is spread, summing to 1.
pub(crate) fn ask_next(view: &View<'_>, weights: &PerCriterion, shown: &[Assessment]) -> Vec<Ask> {
    let mut asks = own_facts(view, weights);
    asks.truncate(N_ASKED);
    if asks.len() < N_ASKED {
        let mut theirs: Vec<Ask> = shown
            .iter()
            .flat_map(|a| candidate_facts(view, a))
            .collect();
        theirs.sort_by(|a, b| b.effect.total_cmp(&a.effect));
        theirs.truncate(N_ASKED - asks.len());
        asks.extend(theirs);
    }
    asks
}

fn own_facts(view: &View<'_>, weights: &PerCriterion) -> Vec<Ask> {
    let snapshot = view.day.snapshot;
    let applicable = snapshot.class(view.seeker).applicable;
    let ask = |fact, effect| Ask {
        ods_code: snapshot.code(view.seeker),
        fact,
        effect,
        question: own_question(fact),
    };
    let mut asks: Vec<Ask> = Criterion::ALL
        .iter()
        .filter(|&&c| weights[c.index()] > 0.0 && !applicable.contains(c))
        .filter_map(|&c| Some(ask(fact_for(c)?, weights[c.index()])))
        .collect();
    let culture = weights[Criterion::Culture.index()];
    if culture > 0.0 && applicable.contains(Criterion::Culture) {
        let settings = snapshot.class(view.seeker).settings;
        let can_be_asked = |attribute: Attribute| {
            !attribute.is_acute_only()
                || settings.is_empty()
                || settings.contains(CareSetting::Acute)
        };
        let all = Attribute::ALL.iter().copied().filter(|&a| can_be_asked(a));
        let total: f64 = all.clone().map(|a| ATTRIBUTE_WEIGHTS[a.index()]).sum();
        asks.extend(
            all.filter(|&a| !snapshot.culture.has_or_cannot_have(view.seeker, a))
                .map(|a| {
                    ask(
                        Fact::Attribute(a),
                        culture * ATTRIBUTE_WEIGHTS[a.index()] / total,
                    )
                }),
        );
    }
    // A stable sort: among equals the order of criteria and attributes stays.
    asks.sort_by(|a, b| b.effect.total_cmp(&a.effect));
    asks
}

fn candidate_facts(view: &View<'_>, assessment: &Assessment) -> Vec<Ask> {
    let snapshot = view.day.snapshot;
    let row = assessment.row;
    let share = |criterion: Criterion| assessment.forward.shares[criterion.index()];
    let width = |criterion: Criterion| {
        assessment.forward.scores[criterion.index()].map_or(0.0, |i| i.width())
    };
    let mut facts: Vec<(Fact, f64)> = Vec::new();
    let (mine, theirs) = (snapshot.class(view.seeker), snapshot.class(row));
    for (module, part) in snapshot
        .portfolios
        .open_modules(mine.portfolio, theirs.portfolio)
    {
        facts.push((
            Fact::CoreSystem(module),
            share(Criterion::CoreSystem) * part,
        ));
    }
    if !snapshot.has_position(row) {
        facts.push((
            Fact::Position,
            share(Criterion::Geography) * view.width_of_position(assessment),
        ));
    }
    if theirs.settings.is_empty() {
        facts.push((Fact::CareSettings, share(Criterion::CareSetting)));
    }
    let pairs: Vec<(Attribute, AttributePair)> = Attribute::ALL
        .iter()
        .map(|&a| (a, snapshot.culture.attribute_pair(&view.culture, row, a)))
        .filter(|(_, pair)| *pair != AttributePair::LeftOut)
        .collect();
    let total: f64 = pairs
        .iter()
        .map(|(a, _)| ATTRIBUTE_WEIGHTS[a.index()])
        .sum();
    for (attribute, _) in pairs
        .iter()
        .filter(|(_, pair)| *pair == AttributePair::Unknown)
    {
        let part = ATTRIBUTE_WEIGHTS[attribute.index()] / total;
        facts.push((
            Fact::Attribute(*attribute),
            share(Criterion::Culture) * part,
        ));
    }
    if !snapshot.links.is_complete(row, view.day.as_of) {
        let width = width(Criterion::PriorRelationships);
        facts.push((Fact::Links, share(Criterion::PriorRelationships) * width));
    }
    facts.push((
        Fact::Topics,
        share(Criterion::Learning) * width(Criterion::Learning),
    ));
    facts
        .into_iter()
        .filter(|&(_, effect)| effect > 0.0)
        .map(|(fact, effect)| Ask {
            ods_code: snapshot.code(row),
            fact,
            effect,
            question: their_question(fact, snapshot.name(row)),
        })
        .collect()
}

pub(crate) fn own_question(fact: Fact) -> String {
    match fact {
        Fact::CoreSystem(module) => {
            format!(
                "Which {} do you run (supplier, product and version), and since when?",
                module.words()
            )
        }
        Fact::Position => {
            "Where is your head office, in degrees of latitude and longitude?".to_owned()
        }
        Fact::CareSettings => {
            "Which care do you give: acute, specialist, mental health, community, ambulance?"
                .to_owned()
        }
        Fact::Attribute(attribute) => attribute.question().to_owned(),
        Fact::Links => {
            "With which organisations have you worked before, and is that list complete?".to_owned()
        }
        Fact::Topics => {
            "Which topics do you want to learn about, and which can you show?".to_owned()
        }
    }
}

fn their_question(fact: Fact, name: &str) -> String {
    match fact {
        Fact::CoreSystem(module) => format!(
            "Which {} does {name} run: which product, and which version?",
            module.words()
        ),
        Fact::Position => format!("Where is the head office of {name}?"),
        Fact::CareSettings => format!("Which care does {name} give?"),
        Fact::Attribute(attribute) => format!("What does {name} say of its {}?", attribute.words()),
        Fact::Links => format!("With whom has {name} worked before, and is its list complete?"),
        Fact::Topics => format!("What can {name} show on the topics you seek?"),
    }
}
