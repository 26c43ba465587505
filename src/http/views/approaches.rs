//! Approaches, as each of the two sides sees them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::approach::{
    Approach, ApproachState, MAX_OPEN, OpenApproaches, ProposedTopics, Seen, SeenCriterion,
    WARN_OPEN,
};
use crate::domain::error::Result;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::partnership::{GivenTopic, Partnership};
use crate::http::pagination::PageLinks;
use crate::http::views::numbers::{IntervalView, Km, Share};
use crate::http::views::text::{
    ApproachKindName, ApproachReasonName, ApproachStateName, Code, CriterionName, FolderName,
    PartnershipStateName, Shown, WeightsFromName,
};
use crate::storage::{Connection, names};

/// An approach, seen by one of the two.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Approach)]
pub(crate) struct ApproachView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    /// Who invites.
    from: Code,
    /// Who is invited.
    to: Code,
    /// The other side, as the caller sees it.
    with: Code,
    /// The name of the other side.
    with_name: String,
    kind: ApproachKindName,
    /// What has become of it by now.
    state: ApproachStateName,
    /// Whether it waits for the caller's answer.
    awaits_you: bool,
    /// What the sender wrote; for the two sides alone.
    #[schema(required, max_length = 4000)]
    message: Option<String>,
    topics: ProposedTopicsView,
    /// From when, as proposed.
    #[schema(required)]
    proposed_start: Option<NaiveDate>,
    /// Until when, as proposed.
    #[schema(required)]
    proposed_end: Option<NaiveDate>,
    /// The partnership that is to go on, or to be taken up again.
    #[schema(required, max_length = 36)]
    renews: Option<String>,
    /// When it was sent.
    sent_at: DateTime<Utc>,
    /// When it expires, or would have.
    expires_at: DateTime<Utc>,
    /// When it was answered or withdrawn, or when it expired or ended; null while it is open.
    #[schema(required)]
    answered_at: Option<DateTime<Utc>>,
    /// Why it was declined or ended, where that was said.
    #[schema(required)]
    reason: Option<ApproachReasonName>,
    /// What was known of the pair when it was sent, from the caller's side; null where nothing could be scored.
    #[schema(required)]
    seen: Option<SeenView>,
    /// Where it was just sent: how many approaches of the caller are open now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    open_approaches: Option<OpenApproachesView>,
    /// How often it was changed.
    #[schema(minimum = 1)]
    version: u64,
}

/// What an approach is about, from its sender's side.
#[derive(Serialize, ToSchema)]
#[schema(as = ProposedTopics)]
struct ProposedTopicsView {
    /// What the sender would learn.
    #[schema(max_items = 20, value_type = Vec<String>)]
    learn: Vec<Shown<Slug>>,
    /// What the sender would give.
    #[schema(max_items = 20, value_type = Vec<String>)]
    give: Vec<Shown<Slug>>,
}

impl From<ProposedTopics> for ProposedTopicsView {
    fn from(topics: ProposedTopics) -> Self {
        Self {
            learn: topics.learn.into_iter().map(Shown).collect(),
            give: topics.give.into_iter().map(Shown).collect(),
        }
    }
}

/// What was known of a pair when an approach was sent. The sender sees it under the weights of its own suggestions; the recipient
/// under the programme's, without weights and scores of the sender.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Seen)]
struct SeenView {
    /// The number of the last write that was seen.
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    /// The version of the formulas.
    method_version: String,
    /// Whose weights the sender's side used; null for the recipient.
    #[schema(required)]
    weights_from: Option<WeightsFromName>,
    /// The reciprocal value of the pair.
    mutual_fit: IntervalView,
    /// The other side's value to the caller.
    your_fit: IntervalView,
    /// The caller's value to the other side.
    their_fit: IntervalView,
    /// The share of the sender's weights for which the recipient's facts were recorded; null for the recipient.
    #[schema(required)]
    coverage: Option<Share>,
    /// Each criterion that applied to the sender; empty for the recipient.
    #[schema(max_items = 6)]
    criteria: Vec<SeenCriterionView>,
    /// Between the head offices; null where a position was unknown.
    #[schema(required)]
    distance_km: Option<Km>,
}

/// One criterion of what was known.
#[derive(Serialize, ToSchema)]
#[schema(as = SeenCriterion)]
struct SeenCriterionView {
    criterion: CriterionName,
    /// Its share of the fit.
    weight: Share,
    score: IntervalView,
}

impl From<SeenCriterion> for SeenCriterionView {
    fn from(seen: SeenCriterion) -> Self {
        Self {
            criterion: CriterionName(seen.criterion),
            weight: Share(seen.weight),
            score: seen.score.into(),
        }
    }
}

impl SeenView {
    fn of_sender(seen: Seen) -> Self {
        Self {
            revision: seen.revision.0,
            as_of: seen.as_of,
            method_version: seen.method_version,
            weights_from: Some(WeightsFromName(seen.weights_from)),
            mutual_fit: seen.site.mutual_fit.into(),
            your_fit: seen.site.from_fit.into(),
            their_fit: seen.site.to_fit.into(),
            coverage: Some(Share(seen.site.coverage)),
            criteria: seen.site.criteria.into_iter().map(Into::into).collect(),
            distance_km: seen.distance_km.map(Km),
        }
    }

    fn of_recipient(seen: Seen) -> Self {
        Self {
            revision: seen.revision.0,
            as_of: seen.as_of,
            method_version: seen.method_version,
            weights_from: None,
            mutual_fit: seen.programme.mutual_fit.into(),
            your_fit: seen.programme.to_fit.into(),
            their_fit: seen.programme.from_fit.into(),
            coverage: None,
            criteria: Vec::new(),
            distance_km: seen.distance_km.map(Km),
        }
    }
}

/// The names of the sides of approaches.
pub(crate) struct Sides(BTreeMap<OdsCode, String>);

impl Sides {
    /// Reads the names of both sides of each.
    pub(crate) fn load(connection: &mut Connection, approaches: &[Approach]) -> Result<Self> {
        let codes = approaches.iter().flat_map(|one| [one.from, one.to]);
        names::of(connection, codes).map(Self)
    }

    fn name(&self, code: OdsCode) -> String {
        self.0.get(&code).cloned().unwrap_or_default()
    }

    /// An approach as one of the two sees it at a moment.
    pub(crate) fn view(
        &self,
        approach: Approach,
        here: OdsCode,
        now: DateTime<Utc>,
    ) -> ApproachView {
        let state = approach.state_at(now);
        let is_past = state == ApproachState::Expired;
        let is_sender = approach.from == here;
        let with = approach.other_than(here);
        let seen = approach.seen.map(|seen| {
            if is_sender {
                SeenView::of_sender(seen)
            } else {
                SeenView::of_recipient(seen)
            }
        });
        ApproachView {
            from: Code(approach.from),
            to: Code(approach.to),
            with: Code(with),
            with_name: self.name(with),
            kind: ApproachKindName(approach.kind),
            state: ApproachStateName(state),
            awaits_you: state == ApproachState::Sent && !is_sender,
            message: approach.message,
            topics: approach.topics.into(),
            proposed_start: approach.proposed_start,
            proposed_end: approach.proposed_end,
            renews: approach.renews,
            sent_at: approach.sent_at,
            expires_at: approach.expires_at,
            // An approach expires when its time is over, whether or not that was written down yet.
            answered_at: approach
                .answered_at
                .or_else(|| is_past.then_some(approach.expires_at)),
            reason: approach.reason.map(ApproachReasonName),
            seen,
            open_approaches: None,
            version: approach.version.0,
            id: approach.id,
        }
    }

    /// A partnership as one of the two sees it when it is agreed to.
    pub(crate) fn opened(&self, partnership: Partnership, here: OdsCode) -> OpenedView {
        let with = partnership.other_than(here);
        OpenedView {
            ods_code: Code(here),
            with: Code(with),
            with_name: self.name(with),
            approach: partnership.approach_id,
            state: PartnershipStateName(partnership.state),
            started_on: partnership.started_on,
            planned_end: partnership.planned_end,
            goals: partnership.goals,
            topics: partnership.topics.into_iter().map(Into::into).collect(),
            version: partnership.version.0,
            id: partnership.id,
        }
    }
}

impl ApproachView {
    /// The same, with how many approaches of the caller are open now.
    pub(crate) fn announcing(mut self, open: OpenApproaches) -> Self {
        self.open_approaches = Some(open.into());
        self
    }
}

/// How many approaches of a site are open, and how near it is to the limits.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenApproaches)]
pub(crate) struct OpenApproachesView {
    /// By the site.
    #[schema(minimum = 0)]
    sent: usize,
    /// To the site, those of excluded sites included.
    #[schema(minimum = 0)]
    received: usize,
    /// The most of each.
    #[schema(minimum = 1)]
    limit: usize,
    /// What is near its limit, and what follows from that; null where nothing is.
    #[schema(required, max_length = 300)]
    warning: Option<String>,
}

impl From<OpenApproaches> for OpenApproachesView {
    fn from(open: OpenApproaches) -> Self {
        let OpenApproaches { sent, received } = open;
        let mut words = Vec::new();
        if sent >= WARN_OPEN {
            words.push(format!(
                "You have {sent} open approaches of at most {MAX_OPEN}; with {MAX_OPEN}, no more can be sent."
            ));
        }
        if received >= WARN_OPEN {
            words.push(format!(
                "{received} open approaches of at most {MAX_OPEN} are for you to answer; with {MAX_OPEN}, nobody more can approach you."
            ));
        }
        Self {
            sent,
            received,
            limit: MAX_OPEN,
            warning: (!words.is_empty()).then(|| words.join(" ")),
        }
    }
}

/// A page of a site's approaches.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApproachPage)]
pub(crate) struct ApproachPageView {
    pub(crate) folder: FolderName,
    /// The newest first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<ApproachView>,
    pub(crate) open_approaches: OpenApproachesView,
    pub(crate) links: PageLinks,
}

/// A partnership that was just agreed to, seen by one of the two.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgreedPartnership)]
pub(crate) struct OpenedView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    /// The caller.
    ods_code: Code,
    /// The other side.
    with: Code,
    /// The name of the other side.
    with_name: String,
    /// The approach that was accepted.
    #[schema(max_length = 36)]
    approach: String,
    state: PartnershipStateName,
    /// Its first day.
    started_on: NaiveDate,
    /// Its last day, as agreed.
    #[schema(required)]
    planned_end: Option<NaiveDate>,
    /// What it is for; for the two sides alone.
    #[schema(required, max_length = 4000)]
    goals: Option<String>,
    /// What each side gives.
    #[schema(max_items = 80)]
    topics: Vec<AgreedTopicView>,
    /// How often it was changed.
    #[schema(minimum = 1)]
    version: u64,
}

/// A topic that one side gives to the other.
#[derive(Serialize, ToSchema)]
#[schema(as = AgreedTopic)]
struct AgreedTopicView {
    /// Who gives.
    giver: Code,
    /// What, by its slug.
    #[schema(value_type = String, max_length = 64)]
    topic: Shown<Slug>,
}

impl From<GivenTopic> for AgreedTopicView {
    fn from(given: GivenTopic) -> Self {
        Self {
            giver: Code(given.giver),
            topic: Shown(given.topic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_announced_before_they_bite() {
        let warning =
            |sent, received| OpenApproachesView::from(OpenApproaches { sent, received }).warning;
        assert_eq!(warning(7, 7), None);
        let sent = warning(8, 0).unwrap();
        assert!(sent.contains("8 open approaches of at most 10") && !sent.contains("for you"));
        let received = warning(0, 10).unwrap();
        assert!(received.starts_with("10 open approaches of at most 10 are for you"));
        assert!(warning(9, 9).unwrap().len() <= 300);
    }
}
