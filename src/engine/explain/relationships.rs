//! What the two have had to do with each other, and what one seeks that the other can show.

use crate::domain::link::{LinkKind, LinkStanding};
use crate::domain::profile::TopicStage;
use crate::domain::programme::Criterion;
use crate::engine::columns::Row;
use crate::engine::criteria::prior_relationships::{LinkFact, Tie};
use crate::engine::explain::Explanation;
use crate::engine::view::View;

/// Names each link and shared network, strongest first.
pub(super) fn explain_prior(explanation: &mut Explanation, view: &View<'_>, row: Row) {
    const PRIOR: Criterion = Criterion::PriorRelationships;
    let links = &view.day.snapshot.links;
    for (tie, _) in links.ties(view.seeker, row, view.day.as_of) {
        let fact = links.fact(tie);
        let is_over = fact.is_over(view.day.as_of);
        let text = match tie {
            Tie::Link(_) => format!(
                "{}{}{}.",
                told(fact.kind, is_over),
                span(&fact),
                standing(&fact)
            ),
            Tie::Network(number, _) => {
                let belong = if is_over { "belonged" } else { "belong" };
                format!(
                    "Both {belong} to {}{}.",
                    links.network_name(number),
                    span(&fact)
                )
            }
        };
        explanation.because(
            PRIOR,
            fact.kind.as_str(),
            text,
            Some(view.day.snapshot.origin(fact.provenance)),
        );
    }
    let is_complete = |row| links.is_complete(row, view.day.as_of);
    if !(is_complete(view.seeker) && is_complete(row)) {
        explanation.not_known(PRIOR, "links that nobody recorded");
    }
}

/// A link as the start of a sentence, in the present or the past.
const fn told(kind: LinkKind, is_over: bool) -> &'static str {
    match (kind, is_over) {
        (LinkKind::Partnership, false) => "You are partners",
        (LinkKind::Partnership, true) => "You were partners",
        (LinkKind::SharedSystem, false) => "You share one instance of a system",
        (LinkKind::SharedSystem, true) => "You shared one instance of a system",
        (LinkKind::HospitalGroup, false) => "You belong to one hospital group",
        (LinkKind::HospitalGroup, true) => "You belonged to one hospital group",
        (LinkKind::SharedLeadership, false) => "You share a chair or a chief executive",
        (LinkKind::SharedLeadership, true) => "You shared a chair or a chief executive",
        (LinkKind::JointProgramme, false) => "You run a programme together",
        (LinkKind::JointProgramme, true) => "You ran a programme together",
        (LinkKind::ProgrammePairing, _) => "A national programme paired you",
        (LinkKind::JointProcurement, false) => "You buy together",
        (LinkKind::JointProcurement, true) => "You bought together",
        (LinkKind::ProviderCollaborative, false) => "You belong to one provider collaborative",
        (LinkKind::ProviderCollaborative, true) => "You belonged to one provider collaborative",
        (LinkKind::Secondment, false) => "Somebody from one of you is seconded to the other",
        (LinkKind::Secondment, true) => "Somebody from one of you was seconded to the other",
        (LinkKind::StaffMove, _) => "Somebody moved from one of you to the other",
        (LinkKind::Conversation, _) => "You talked",
        (LinkKind::SiteVisit, _) => "One of you visited the other",
        (LinkKind::SharedNetwork, false) => "You belong to one network",
        (LinkKind::SharedNetwork, true) => "You belonged to one network",
        (LinkKind::Other, false) => "You have to do with each other",
        (LinkKind::Other, true) => "You had to do with each other",
    }
}

/// Whether only one side says so; such a link counts half.
const fn standing(fact: &LinkFact) -> &'static str {
    match fact.standing {
        LinkStanding::Declared => ", declared by one side and not yet confirmed by the other",
        LinkStanding::Published | LinkStanding::Confirmed | LinkStanding::Disputed => "",
    }
}

/// ", since X, until Y", as far as it is known.
fn span(fact: &LinkFact) -> String {
    match (fact.started, fact.ended) {
        (Some(started), _) if fact.kind.is_moment() => format!(", {started}"),
        (Some(started), Some(ended)) => format!(", from {started} to {ended}"),
        (Some(started), None) => format!(", since {started}"),
        (None, Some(ended)) => format!(", until {ended}"),
        (None, None) => String::new(),
    }
}

/// Says of each topic that the seeker seeks what the candidate can show, and the other way round.
pub(super) fn explain_learning(explanation: &mut Explanation, view: &View<'_>, row: Row) {
    const LEARNING: Criterion = Criterion::Learning;
    let snapshot = view.day.snapshot;
    for (topic, shown) in snapshot.learning.sought_and_shown(view.seeker, row) {
        let name = snapshot.topic_name(topic);
        let Some(shown) = shown else {
            explanation.not_known(LEARNING, format!("what they can show on {name}"));
            continue;
        };
        let origin = Some(snapshot.origin(shown.origin));
        let text = format!(
            "You want to learn about {name}; they {}.",
            showing(shown.stage)
        );
        if shown.stage == TopicStage::Nothing {
            explanation.because(LEARNING, "nothing_to_show", text, origin);
        } else {
            explanation.because(LEARNING, "can_show", text.clone(), origin);
            explanation.you_gain.push(text);
        }
    }
    for (topic, shown) in snapshot.learning.sought_and_shown(row, view.seeker) {
        if let Some(shown) = shown.filter(|shown| shown.stage != TopicStage::Nothing) {
            let name = snapshot.topic_name(topic);
            explanation.they_gain.push(format!(
                "They want to learn about {name}; you {}.",
                showing(shown.stage)
            ));
        }
    }
}

/// What a stage lets an organisation show; true from its start on, whatever the day.
const fn showing(stage: TopicStage) -> &'static str {
    match stage {
        TopicStage::Blueprint => "have published how it was done",
        TopicStage::Live => "have taken it live",
        TopicStage::Offered => "offer to talk about it",
        TopicStage::Implementing => "are putting it in",
        TopicStage::Nothing => "have nothing to show",
    }
}
