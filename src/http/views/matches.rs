//! Matches as programme admins and viewers see them: never what the two sites wrote to each other.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::approach::{ApproachKind, ApproachReason, ApproachState, Seen};
use crate::domain::board::{
    Comment, HistoryEntry, MatchFlag, PairFit, Resolution, Review, ScoredMatch,
};
use crate::domain::ids::OdsCode;
use crate::domain::partnership::{EndReason, Partnership, PartnershipState, Usefulness};
use crate::http::pagination::PageLinks;
use crate::http::views::numbers::{IntervalView, Km, Share};
use crate::http::views::text::{Code, named};

named! {
    KindName(ApproachKind) as "ApproachKind": "What is proposed.";
    StateName(ApproachState) as "ApproachState": "What has become of an approach.";
    ReasonName(ApproachReason) as "ApproachReason": "Why an approach was declined, or why it ended.";
    PartnershipStateName(PartnershipState) as "PartnershipState": "Whether a partnership lasts.";
    EndReasonName(EndReason) as "EndReason": "Why a partnership ended.";
    FlagName(MatchFlag) as "MatchFlag": "What to watch in a match.";
    ResolutionName(Resolution) as "Resolution": "What came of a review.";
}

/// A page of the board.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MatchPage)]
pub(crate) struct MatchPageView {
    /// In the order asked for.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<MatchView>,
    /// How many there are on all pages.
    #[schema(minimum = 0)]
    pub(crate) total: u64,
    /// The data that the scores as they are now come from.
    #[schema(minimum = 0)]
    pub(crate) revision: u64,
    pub(crate) links: PageLinks,
}

/// A match: an approach, with its partnership where there is one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Match)]
pub(crate) struct MatchView {
    /// Its id, that of the approach.
    #[schema(max_length = 36)]
    id: String,
    kind: KindName,
    state: StateName,
    /// Who sent it.
    from: SideView,
    /// Whom it was sent to.
    to: SideView,
    /// The programme it was made in: its slug.
    #[schema(required, max_length = 64)]
    programme: Option<String>,
    /// When it was sent.
    sent_at: DateTime<Utc>,
    /// When it expires, or would have.
    expires_at: DateTime<Utc>,
    /// When it was answered, withdrawn or ended.
    #[schema(required)]
    answered_at: Option<DateTime<Utc>>,
    /// Whole days since it was sent.
    #[schema(minimum = 0)]
    age_days: i64,
    /// What the sender would learn and give.
    topics: TopicsView,
    /// Why it was declined, where the recipient says so, or why it ended.
    #[schema(required)]
    reason: Option<ReasonName>,
    /// The partnership that came of it; after a renewal it belongs to the match that renewed it.
    #[schema(required)]
    partnership: Option<MatchedPartnershipView>,
    /// The scores when it was sent, under the programme's weights; null where nothing could be scored.
    #[schema(required)]
    then: Option<ThenView>,
    /// The scores today, under the programme's weights; null where the two are not suggested to each other any more.
    #[schema(required)]
    now: Option<NowView>,
    /// What to watch.
    #[schema(max_items = 6)]
    flags: Vec<FlagName>,
    /// The last word of each side on the partnership, 1 to 5.
    usefulness: UsefulnessView,
    review: ReviewView,
}

/// One of the two.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MatchSide)]
struct SideView {
    ods_code: Code,
    /// Its name as the register writes it.
    #[schema(max_length = 200)]
    name: String,
}

/// What an approach is about, from the sender's side.
#[derive(Serialize, ToSchema)]
#[schema(as = MatchTopics)]
struct TopicsView {
    /// What the sender would learn.
    #[schema(max_items = 20)]
    learn: Vec<String>,
    /// What the sender would give.
    #[schema(max_items = 20)]
    give: Vec<String>,
}

/// A partnership in short.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MatchedPartnership)]
struct MatchedPartnershipView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    state: PartnershipStateName,
    /// Its first day.
    started_on: NaiveDate,
    /// Its last day, as agreed.
    #[schema(required)]
    planned_end: Option<NaiveDate>,
    /// When it ended.
    #[schema(required)]
    ended_at: Option<DateTime<Utc>>,
    /// Why it ended.
    #[schema(required)]
    end_reason: Option<EndReasonName>,
}

impl From<&Partnership> for MatchedPartnershipView {
    fn from(partnership: &Partnership) -> Self {
        Self {
            id: partnership.id.clone(),
            state: PartnershipStateName(partnership.state),
            started_on: partnership.started_on,
            planned_end: partnership.planned_end,
            ended_at: partnership.ended_at,
            end_reason: partnership.end_reason.map(EndReasonName),
        }
    }
}

/// The scores when it was sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MatchThen)]
struct ThenView {
    /// Of which data.
    #[schema(minimum = 0)]
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    /// The version of the formulas.
    #[schema(max_length = 20)]
    method_version: String,
    #[serde(flatten)]
    scores: NowView,
}

/// The scores of a pair.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MatchScores)]
struct NowView {
    /// The reciprocal value of the pair.
    mutual_fit: IntervalView,
    /// The recipient's value to the sender.
    from_fit: IntervalView,
    /// The sender's value to the recipient.
    to_fit: IntervalView,
    /// The share of the weights for which facts are recorded.
    coverage: Share,
    /// Between the head offices; null where a position is unknown.
    #[schema(required)]
    distance_km: Option<Km>,
}

impl From<&Seen> for ThenView {
    fn from(seen: &Seen) -> Self {
        let fit = &seen.programme;
        Self {
            revision: seen.revision.0,
            as_of: seen.as_of,
            method_version: seen.method_version.clone(),
            scores: NowView {
                mutual_fit: fit.mutual_fit.into(),
                from_fit: fit.from_fit.into(),
                to_fit: fit.to_fit.into(),
                coverage: Share(fit.coverage),
                distance_km: seen.distance_km.map(Km),
            },
        }
    }
}

impl From<PairFit> for NowView {
    fn from(fit: PairFit) -> Self {
        Self {
            mutual_fit: fit.mutual_fit.into(),
            from_fit: fit.from_fit.into(),
            to_fit: fit.to_fit.into(),
            coverage: Share(fit.coverage),
            distance_km: fit.distance_km.map(Km),
        }
    }
}

/// The last word of each side on a partnership; null where a side gave none.
#[derive(Serialize, ToSchema)]
#[schema(as = LatestUsefulness)]
struct UsefulnessView {
    /// The sender's.
    #[schema(required, minimum = 1, maximum = 5)]
    from: Option<u8>,
    /// The recipient's.
    #[schema(required, minimum = 1, maximum = 5)]
    to: Option<u8>,
}

/// What programme admins made of a match.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MatchReview)]
pub(crate) struct ReviewView {
    /// Whose it is to look after: the id of an admin's key.
    #[schema(required, max_length = 36)]
    assignee: Option<String>,
    /// What came of it; null while it is not resolved.
    #[schema(required)]
    resolution: Option<ResolutionName>,
    /// Why; for admins and viewers.
    #[schema(required, max_length = 1000)]
    resolution_reason: Option<String>,
    /// Who resolved it.
    #[schema(required, max_length = 200)]
    resolved_by: Option<String>,
    /// When it was resolved.
    #[schema(required)]
    resolved_at: Option<DateTime<Utc>>,
    /// How many comments there are.
    #[schema(minimum = 0)]
    comments: u32,
}

impl From<Review> for ReviewView {
    fn from(review: Review) -> Self {
        let resolved = review.resolved;
        Self {
            assignee: review.assignee,
            resolution: resolved.as_ref().map(|r| ResolutionName(r.resolution)),
            resolved_at: resolved.as_ref().map(|r| r.at),
            resolved_by: resolved.as_ref().map(|r| r.by.clone()),
            resolution_reason: resolved.map(|r| r.reason),
            comments: review.n_comments,
        }
    }
}

impl MatchView {
    /// A match as it stands at a moment.
    pub(crate) fn new(scored: ScoredMatch, now: DateTime<Utc>) -> Self {
        let ScoredMatch {
            found,
            now: present,
        } = scored;
        let flags = found.flags(now).into_iter().map(FlagName).collect();
        let approach = found.approach;
        let state = StateName(approach.state_at(now));
        let side = |ods_code: OdsCode, name| SideView {
            ods_code: Code(ods_code),
            name,
        };
        let words = |topics: Vec<crate::domain::ids::Slug>| {
            topics.iter().map(ToString::to_string).collect()
        };
        Self {
            kind: KindName(approach.kind),
            state,
            from: side(approach.from, found.from_name),
            to: side(approach.to, found.to_name),
            programme: approach.programme.as_ref().map(ToString::to_string),
            sent_at: approach.sent_at,
            expires_at: approach.expires_at,
            answered_at: approach.answered_at,
            age_days: (now - approach.sent_at).num_days().max(0),
            topics: TopicsView {
                learn: words(approach.topics.learn),
                give: words(approach.topics.give),
            },
            reason: approach.reason.map(ReasonName),
            partnership: found.partnership.as_ref().map(Into::into),
            then: approach.seen.as_ref().map(Into::into),
            now: present.map(Into::into),
            flags,
            usefulness: UsefulnessView {
                from: found.usefulness.from.map(Usefulness::get),
                to: found.usefulness.to.map(Usefulness::get),
            },
            review: found.review.into(),
            id: approach.id,
        }
    }
}

/// Something that happened to a match.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MatchEvent)]
struct HistoryView {
    /// What was done, in a word that never varies.
    #[schema(max_length = 100)]
    action: String,
    /// When.
    at: DateTime<Utc>,
    /// Which of the two sides did it, by its key; null where the service or somebody else did.
    #[schema(required)]
    side: Option<Code>,
    /// Whether it is the partnership that was changed, not the approach.
    is_partnership: bool,
    /// The state that it had afterwards.
    #[schema(required, max_length = 20)]
    state: Option<String>,
}

/// What an admin wrote under a match.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MatchComment)]
pub(crate) struct CommentView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    /// Who wrote it: a caller's id.
    #[schema(max_length = 200)]
    author: String,
    /// When.
    made_at: DateTime<Utc>,
    /// What; for admins and viewers.
    #[schema(max_length = 2000)]
    text: String,
}

impl From<Comment> for CommentView {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id,
            author: comment.author,
            made_at: comment.made_at,
            text: comment.text,
        }
    }
}

/// A page of comments.
#[derive(Serialize, ToSchema)]
#[schema(as = MatchCommentPage)]
pub(crate) struct CommentPageView {
    /// The first first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<CommentView>,
    pub(crate) links: PageLinks,
}

/// A match in full.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MatchInFull)]
pub(crate) struct MatchInFullView {
    #[serde(flatten)]
    item: MatchView,
    /// What happened to it, the first first, from the audit.
    #[schema(max_items = 1000)]
    history: Vec<HistoryView>,
    /// The first comments; `comments` below the match lists all.
    #[schema(max_items = 50)]
    first_comments: Vec<CommentView>,
}

impl MatchInFullView {
    /// A match as it stands at a moment.
    pub(crate) fn new(
        scored: ScoredMatch,
        history: Vec<HistoryEntry>,
        comments: Vec<Comment>,
        now: DateTime<Utc>,
    ) -> Self {
        let history = history.into_iter().map(|entry| HistoryView {
            action: entry.action,
            at: entry.at,
            side: entry.side.map(Code),
            is_partnership: entry.is_partnership,
            state: entry.state,
        });
        Self {
            item: MatchView::new(scored, now),
            history: history.collect(),
            first_comments: comments.into_iter().map(Into::into).collect(),
        }
    }
}
