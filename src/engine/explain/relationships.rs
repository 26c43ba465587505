//! What the two have had to do with each other, and what one seeks that the other can show.

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
        let text = match tie {
            Tie::Link(_) => format!("{}{}.", fact.kind.words(), span(fact)),
            Tie::Network(number) => format!(
                "Both belong to {}{}.",
                links.network_name(number),
                span(fact)
            ),
        };
        let provenance = Some(view.day.snapshot.provenance(fact.provenance));
        explanation.because(PRIOR, fact.kind.as_str(), text, provenance);
    }
    let is_complete = |row| links.is_complete(row, view.day.as_of);
    if !(is_complete(view.seeker) && is_complete(row)) {
        explanation.not_known(PRIOR, "links that nobody recorded".to_owned());
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
    for (topic, stage) in snapshot.learning.sought_and_shown(view.seeker, row) {
        let name = snapshot.topic_name(topic);
        match stage {
            Some(TopicStage::Nothing) => {
                explanation.because(
                    LEARNING,
                    "nothing_to_show",
                    format!("They have nothing to show on {name}."),
                    None,
                );
            }
            Some(stage) => {
                let text = format!("You want to learn about {name}; they {}.", showing(stage));
                explanation.because(LEARNING, "can_show", text.clone(), None);
                explanation.you_gain.push(text);
            }
            None => explanation.not_known(LEARNING, format!("what they can show on {name}")),
        }
    }
    for (topic, stage) in snapshot.learning.sought_and_shown(row, view.seeker) {
        if let Some(stage) = stage
            && stage != TopicStage::Nothing
        {
            let name = snapshot.topic_name(topic);
            explanation.they_gain.push(format!(
                "They want to learn about {name}; you {}.",
                showing(stage)
            ));
        }
    }
}

const fn showing(stage: TopicStage) -> &'static str {
    match stage {
        TopicStage::Blueprint => "have published how it was done",
        TopicStage::Live => "have it live",
        TopicStage::Offered => "offer to talk about it",
        TopicStage::Implementing => "are putting it in",
        TopicStage::Nothing => "have nothing to show",
    }
}
