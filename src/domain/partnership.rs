//! Partnerships: what two sites agreed to, without direction or rank, and their words on how it goes.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::domain::ids::{OdsCode, Slug};
use crate::domain::named_enum;
use crate::domain::version::Version;

named_enum!(
    /// What has become of a partnership.
    PartnershipState, "a state of a partnership" {
        /// It lasts.
        Active = "active",
        /// It ended.
        Ended = "ended",
    }
);

named_enum!(
    /// Why a partnership ended.
    EndReason, "a reason to end" {
        /// What was to be learnt was learnt.
        GoalsMet = "goals_met",
        /// Its time was over.
        PlannedEnd = "planned_end",
        /// It was of no more use.
        NoLongerUseful = "no_longer_useful",
        /// A side has no more room for it.
        NoCapacity = "no_capacity",
        /// Anything else.
        Other = "other",
        /// The two became one.
        Merged = "merged",
        /// After a merger an older one of the same pair remains.
        Duplicate = "duplicate",
        /// One of the two closed and has no one successor.
        OrganisationClosed = "organisation_closed",
    }
);

impl EndReason {
    /// The reasons that a site gives when it ends a partnership; the others come of mergers.
    pub const OF_A_SITE: [Self; 5] = [
        Self::GoalsMet,
        Self::PlannedEnd,
        Self::NoLongerUseful,
        Self::NoCapacity,
        Self::Other,
    ];
}

/// How long after the end, or after a conversation was agreed to, each side still sees the other's contact people (DESIGN 6).
pub const CONTACTS_SHOWN_AFTER: TimeDelta = TimeDelta::days(90);

/// How long after the end a side may still say how it went.
pub const CHECK_IN_TAKEN_AFTER: TimeDelta = TimeDelta::days(90);

/// How long before its planned end the two are reminded of it.
pub const ENDING_REMINDED_BEFORE: TimeDelta = TimeDelta::days(28);

/// The most check-ins of one side of a partnership: one a week for seven years.
pub const MAX_CHECK_INS: usize = 400;

/// How long without a word of a side before it is reminded to check in.
pub const CHECK_IN_DUE_AFTER: TimeDelta = TimeDelta::days(90);

/// The longest statement of goals, in characters.
pub const MAX_GOALS_CHARS: usize = 4_000;

/// The most topics of one direction.
pub const MAX_TOPICS: usize = 20;

/// The longest note of a check-in, in characters.
pub const MAX_NOTE_CHARS: usize = 2_000;

/// A topic that one of the two gives to the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GivenTopic {
    /// Who gives.
    pub giver: OdsCode,
    /// What.
    pub topic: Slug,
}

/// What two sites agreed to.
#[derive(Clone, Debug, PartialEq)]
pub struct Partnership {
    /// Its id.
    pub id: String,
    /// Its place in the order in which partnerships were opened.
    pub sequence: i64,
    /// The approach that was accepted, or the last one that renewed it.
    pub approach_id: String,
    /// The two, the code that orders first first.
    pub ends: (OdsCode, OdsCode),
    /// Whether it lasts.
    pub state: PartnershipState,
    /// Its first day.
    pub started_on: NaiveDate,
    /// Its last day, as agreed.
    pub planned_end: Option<NaiveDate>,
    /// What it is for, in the words of the two; for them alone.
    pub goals: Option<String>,
    /// What each gives; sorted, each once.
    pub topics: Vec<GivenTopic>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Which side ended it; `None` while it lasts and where a merger did.
    pub ended_by: Option<OdsCode>,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// The link that it is among the prior relationships of the two.
    pub link_id: Option<String>,
    /// When the two were reminded of its planned end or of checking in last.
    pub reminded_at: Option<DateTime<Utc>>,
    /// How often it was changed.
    pub version: Version,
}

impl Partnership {
    /// Whether an organisation is one of the two.
    #[must_use]
    pub fn has_party(&self, code: OdsCode) -> bool {
        self.ends.0 == code || self.ends.1 == code
    }

    /// The other of the two.
    #[must_use]
    pub fn other_than(&self, code: OdsCode) -> OdsCode {
        if self.ends.0 == code {
            self.ends.1
        } else {
            self.ends.0
        }
    }

    /// Whether each side sees the other's contact people at a moment.
    #[must_use]
    pub fn shows_contacts(&self, now: DateTime<Utc>) -> bool {
        self.ended_at
            .is_none_or(|ended| now < ended + CONTACTS_SHOWN_AFTER)
    }

    /// Whether a side may say how it goes, or went, at a moment.
    #[must_use]
    pub fn takes_check_ins(&self, now: DateTime<Utc>) -> bool {
        self.ended_at
            .is_none_or(|ended| now <= ended + CHECK_IN_TAKEN_AFTER)
    }

    /// What one of the two gives to the other, sorted.
    pub fn given_by(&self, code: OdsCode) -> impl Iterator<Item = &Slug> {
        self.topics
            .iter()
            .filter(move |given| given.giver == code)
            .map(|given| &given.topic)
    }
}

/// How useful a partnership is to a side, 1 to 5; 4 and more is a success (DESIGN 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usefulness(u8);

impl Usefulness {
    /// Accepts `1..=5`; `None` for anything else.
    #[must_use]
    pub fn new(number: i64) -> Option<Self> {
        u8::try_from(number)
            .ok()
            .filter(|number| (1..=5).contains(number))
            .map(Self)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A side's dated word on how a partnership goes.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckIn {
    /// Its id.
    pub id: String,
    /// Its place in the order in which check-ins were made.
    pub sequence: i64,
    /// Of which partnership.
    pub partnership_id: String,
    /// Whose word it is.
    pub ods_code: OdsCode,
    /// When.
    pub made_at: DateTime<Utc>,
    /// How useful it is to this side.
    pub usefulness: Usefulness,
    /// What this side learned; sorted, each once.
    pub learned: Vec<Slug>,
    /// What this side gave; sorted, each once.
    pub given: Vec<Slug>,
    /// A remark for the two sides alone.
    pub note: Option<String>,
}
