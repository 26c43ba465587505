//! Approaches: invitations from one site to another, and what may become of them (DESIGN 6).
//!
//! An approach that nobody answered in time is expired from that moment on, whether or not the service has written it down
//! yet: ask [`Approach::state_at`], not the stored state.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::domain::ids::{OdsCode, Revision, Slug};
use crate::domain::interval::Interval;
use crate::domain::named_enum;
use crate::domain::programme::Criterion;
use crate::domain::suggestion::WeightsFrom;
use crate::domain::version::Version;

named_enum!(
    /// What is proposed.
    ApproachKind, "a kind of approach" {
        /// To talk, once.
        Conversation = "conversation",
        /// To be partners for a time.
        Partnership = "partnership",
    }
);

named_enum!(
    /// What has become of an approach; all but the first are final.
    ApproachState, "a state of an approach" {
        /// It waits for an answer.
        Sent = "sent",
        /// The recipient agreed.
        Accepted = "accepted",
        /// The recipient declined.
        Declined = "declined",
        /// The sender took it back.
        Withdrawn = "withdrawn",
        /// Nobody answered in time.
        Expired = "expired",
        /// One of the two closed or merged, so that there is nothing left to answer.
        Ended = "ended",
    }
);

named_enum!(
    /// What can be done to an approach.
    ApproachAction, "an answer to an approach" {
        /// The recipient agrees.
        Accept = "accept",
        /// The recipient declines.
        Decline = "decline",
        /// The sender takes it back.
        Withdraw = "withdraw",
    }
);

named_enum!(
    /// Where a site finds its approaches.
    Folder, "a folder" {
        /// Those to it, but for those in the last folder.
        Inbox = "inbox",
        /// Those by it.
        Outbox = "outbox",
        /// Those to it from sites that it excludes.
        Excluded = "excluded",
    }
);

named_enum!(
    /// Why an approach was declined, or why it ended.
    ApproachReason, "a reason" {
        /// No places left; lifts when capacity returns.
        NoCapacity = "no_capacity",
        /// Not now.
        Timing = "timing",
        /// Not a fit; cools off.
        NotAFit = "not_a_fit",
        /// Another partner was chosen.
        OtherPartner = "other_partner",
        /// The recipient keeps it to itself.
        PreferNotToSay = "prefer_not_to_say",
        /// The two became one.
        Merged = "merged",
        /// After a merger an older one of the same pair remains.
        Duplicate = "duplicate",
        /// One of the two closed and has no one successor.
        OrganisationClosed = "organisation_closed",
    }
);

impl ApproachReason {
    /// The reasons that a site gives when it declines; the others come of mergers.
    pub const OF_A_SITE: [Self; 5] = [
        Self::NoCapacity,
        Self::Timing,
        Self::NotAFit,
        Self::OtherPartner,
        Self::PreferNotToSay,
    ];

    /// Whether it is a site's reason to decline: for the two sites and programme admins alone (DESIGN 6).
    #[must_use]
    pub fn is_of_a_site(self) -> bool {
        Self::OF_A_SITE.contains(&self)
    }
}

/// How long an approach waits for its answer (DESIGN 6).
pub const EXPIRES_AFTER: TimeDelta = TimeDelta::days(28);

/// How long before it expires the recipient is reminded of an approach.
pub const REMINDED_BEFORE: TimeDelta = TimeDelta::days(7);

/// How long a sender waits before it approaches again who declined as not a fit (DESIGN 6).
pub const COOL_OFF: TimeDelta = TimeDelta::days(90);

/// The most open approaches to one site, and by one site (DESIGN 6).
pub const MAX_OPEN: usize = 10;

/// From how many open ones on a site is told of the limit, before it bites (DESIGN 6).
pub const WARN_OPEN: usize = 8;

/// The most approaches from one site to another in [`SENT_WITHIN`]: sent and taken back over and over they would write to
/// people each time.
pub const MAX_SENT: usize = 5;

/// The time for which [`MAX_SENT`] holds.
pub const SENT_WITHIN: TimeDelta = TimeDelta::days(1);

/// The longest message, in characters.
pub const MAX_MESSAGE_CHARS: usize = 4_000;

/// The most topics of one direction.
pub const MAX_TOPICS: usize = 20;

/// How many approaches of a site are open: sent, and not yet past their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenApproaches {
    /// By the site.
    pub sent: usize,
    /// To the site.
    pub received: usize,
}

/// The topics of an approach, from the sender's side; each sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProposedTopics {
    /// What the sender would learn.
    pub learn: Vec<Slug>,
    /// What the sender would give.
    pub give: Vec<Slug>,
}

/// One view of a pair: the sender's, or the programme's.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenFit {
    /// The reciprocal value of the pair.
    pub mutual_fit: Interval,
    /// The recipient's value to the sender.
    pub from_fit: Interval,
    /// The sender's value to the recipient.
    pub to_fit: Interval,
    /// The share of the weights for which facts were recorded, `0..=1`.
    pub coverage: f64,
    /// Each criterion that applied to the sender, with its weight, summing to 1, and the sender's score.
    pub criteria: Vec<SeenCriterion>,
}

/// One criterion of a view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeenCriterion {
    /// Which.
    pub criterion: Criterion,
    /// Its share of the fit, `0..=1`.
    pub weight: f64,
    /// The score.
    pub score: Interval,
}

/// What was known of a pair when an approach was made; it never changes afterwards (DESIGN 4.12).
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Of which data.
    pub revision: Revision,
    /// The day on which ages were counted.
    pub as_of: NaiveDate,
    /// The version of the formulas.
    pub method_version: String,
    /// Whose weights the sender's view used.
    pub weights_from: WeightsFrom,
    /// As the sender saw it; its weights are its own.
    pub site: SeenFit,
    /// Under the programme's weights, as staff see it.
    pub programme: SeenFit,
    /// Between the head offices, in km; `None` where a position is unknown.
    pub distance_km: Option<f64>,
}

/// An invitation from one site to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Approach {
    /// Its id.
    pub id: String,
    /// Its place in the order in which approaches were sent.
    pub sequence: i64,
    /// Who invites.
    pub from: OdsCode,
    /// Who is invited.
    pub to: OdsCode,
    /// To what.
    pub kind: ApproachKind,
    /// What was written down of what became of it; see [`state_at`](Self::state_at).
    pub state: ApproachState,
    /// What the sender wrote; for the two sites alone.
    pub message: Option<String>,
    /// What about.
    pub topics: ProposedTopics,
    /// From when, as proposed.
    pub proposed_start: Option<NaiveDate>,
    /// Until when, as proposed.
    pub proposed_end: Option<NaiveDate>,
    /// The partnership whose renewal is proposed.
    pub renews: Option<String>,
    /// The programme whose weights the board compares by.
    pub programme: Option<Slug>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When it was answered, withdrawn, or ended; `None` while it is open.
    pub answered_at: Option<DateTime<Utc>>,
    /// Why it was declined or ended.
    pub reason: Option<ApproachReason>,
    /// When the recipient was reminded last.
    pub reminded_at: Option<DateTime<Utc>>,
    /// What was known when it was sent; `None` where nothing could be scored.
    pub seen: Option<Seen>,
    /// How often it was changed.
    pub version: Version,
}

impl Approach {
    /// What has become of it at a moment.
    #[must_use]
    pub fn state_at(&self, now: DateTime<Utc>) -> ApproachState {
        match self.state {
            ApproachState::Sent if self.expires_at <= now => ApproachState::Expired,
            state => state,
        }
    }

    /// Whether an organisation is one of the two.
    #[must_use]
    pub fn has_party(&self, code: OdsCode) -> bool {
        self.from == code || self.to == code
    }

    /// The other of the two.
    #[must_use]
    pub fn other_than(&self, code: OdsCode) -> OdsCode {
        if self.from == code {
            self.to
        } else {
            self.from
        }
    }

    /// The two, the code that orders first first.
    #[must_use]
    pub fn pair(&self) -> (OdsCode, OdsCode) {
        (self.from.min(self.to), self.from.max(self.to))
    }
}

impl ApproachAction {
    /// Who may do it: whether it is for the sender.
    #[must_use]
    pub const fn is_senders(self) -> bool {
        match self {
            Self::Withdraw => true,
            Self::Accept | Self::Decline => false,
        }
    }
}

impl ApproachState {
    /// What an action makes of an approach in this state; `None` where the table has no such transition.
    #[must_use]
    pub const fn after(self, action: ApproachAction) -> Option<Self> {
        match (self, action) {
            (Self::Sent, ApproachAction::Accept) => Some(Self::Accepted),
            (Self::Sent, ApproachAction::Decline) => Some(Self::Declined),
            (Self::Sent, ApproachAction::Withdraw) => Some(Self::Withdrawn),
            (
                Self::Accepted | Self::Declined | Self::Withdrawn | Self::Expired | Self::Ended,
                ApproachAction::Accept | ApproachAction::Decline | ApproachAction::Withdraw,
            ) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_final() {
        for &state in ApproachState::ALL {
            for &action in ApproachAction::ALL {
                let after = state.after(action);
                assert_eq!(
                    after.is_some(),
                    state == ApproachState::Sent,
                    "{state} {action}"
                );
            }
        }
    }
}
