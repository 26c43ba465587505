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

/// Says of each topic that the seeker seeks what the candidate can show, unless the candidate keeps that to itself. What the
/// candidate seeks is never told: a site's needs are its own.
pub(super) fn explain_learning(explanation: &mut Explanation, view: &View<'_>, row: Row) {
    const LEARNING: Criterion = Criterion::Learning;
    let snapshot = view.day.snapshot;
    if snapshot.hides_expertise(row) {
        return;
    }
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

#[cfg(test)]
mod tests {
    use crate::domain::exclusion::Excluded;
    use crate::domain::profile::{TopicNeed, TopicStage};
    use crate::domain::programme::Criterion;
    use crate::domain::suggestion::{CriterionScore, PairQuestion, SeenBy, Suggestion};
    use crate::engine::answer::pairs;
    use crate::engine::snapshot::Snapshot;
    use crate::engine::test_register::{code, organisation, register};

    /// What AAA, which seeks two topics and shows a third, is told of BBB, which shows one and seeks the third.
    fn told(hides_expertise: bool) -> Suggestion {
        let seeker = organisation("AAA")
            .on_topic("hepma", Some(TopicNeed::Urgent), None)
            .on_topic("imaging", Some(TopicNeed::Wanted), None)
            .on_topic("theatres", None, Some(TopicStage::Live));
        let candidate = organisation("BBB")
            .on_topic("hepma", None, Some(TopicStage::Live))
            .on_topic("theatres", Some(TopicNeed::Urgent), None);
        let mut register = register(&[seeker, candidate]);
        if hides_expertise {
            register.hides_expertise.push(code("BBB"));
        }
        let day = "2026-11-22".parse().unwrap();
        let snapshot = Snapshot::new(&register);
        let answer = pairs(
            &snapshot,
            PairQuestion::plain(code("AAA"), SeenBy::Site, day),
            &[code("BBB")],
            &Excluded::default(),
            None,
        );
        answer.unwrap().candidates.remove(0)
    }

    fn learning(suggestion: &Suggestion) -> &CriterionScore {
        &suggestion.criteria[Criterion::Learning.index()]
    }

    #[test]
    fn what_a_candidate_can_show_is_told_unless_it_keeps_that_to_itself() {
        let (open, hidden) = (told(false), told(true));
        let line = "You want to learn about hepma; they have taken it live.";
        assert_eq!(open.you_gain, [line]);
        assert_eq!(learning(&open).reasons[0].text, line);
        assert_eq!(learning(&open).unknown, ["what they can show on imaging"]);
        assert!(hidden.you_gain.is_empty());
        assert!(learning(&hidden).reasons.is_empty() && learning(&hidden).unknown.is_empty());
        assert_eq!(learning(&hidden).score, learning(&open).score);
        assert_eq!(hidden.mutual_fit, open.mutual_fit);
    }

    #[test]
    fn what_a_candidate_seeks_is_counted_and_never_told() {
        let suggestion = told(false);
        assert!(learning(&suggestion).their_score.unwrap().expected() > 0.0);
        assert!(
            suggestion.they_gain.is_empty(),
            "{:?}",
            suggestion.they_gain
        );
    }
}
