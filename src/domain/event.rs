//! What happened, for those who want to be told: without personal data, by reference only.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::ids::OdsCode;
use crate::domain::named_enum;

named_enum!(
    /// What happened.
    EventKind, "a kind of event" {
        /// Another site approached this one.
        ApproachReceived = "approach.received",
        /// The other site accepted this one's approach.
        ApproachAccepted = "approach.accepted",
        /// The other site declined it.
        ApproachDeclined = "approach.declined",
        /// The other site took its approach back.
        ApproachWithdrawn = "approach.withdrawn",
        /// Nobody answered in time.
        ApproachExpired = "approach.expired",
        /// An approach still waits for this site's answer and expires soon.
        ApproachReminder = "approach.reminder",
        /// An approach moved to a successor.
        ApproachMoved = "approach.moved",
        /// An approach ended, since one of the two closed or merged.
        ApproachEnded = "approach.ended",
        /// A partnership opened.
        PartnershipOpened = "partnership.opened",
        /// A partnership was renewed.
        PartnershipRenewed = "partnership.renewed",
        /// Its goals, topics or dates were changed by the other side.
        PartnershipChanged = "partnership.changed",
        /// The other side checked in.
        PartnershipCheckedIn = "partnership.checked_in",
        /// This side has not checked in for long.
        CheckInDue = "partnership.check_in_due",
        /// A partnership nears its planned end.
        PartnershipEnding = "partnership.ending",
        /// A partnership ended.
        PartnershipEnded = "partnership.ended",
        /// A partnership moved to a successor.
        PartnershipMoved = "partnership.moved",
        /// A programme admin suggests a pair.
        SuggestionReceived = "suggestion.received",
        /// Both sites are interested in what a programme admin suggested.
        SuggestionMutual = "suggestion.mutual",
        /// A programme admin paused the site.
        SitePaused = "site.paused",
        /// A programme admin took the pause back.
        SiteResumed = "site.resumed",
        /// A test of a webhook or of e-mail.
        Test = "test",
    }
);

/// Who is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    /// A site.
    Site(OdsCode),
    /// The programme's admins.
    Admins,
    /// Nobody: written down all the same, so that the numbers of later events do not tell a site that the other side, which
    /// excludes it, was told nothing.
    Nobody,
}

/// Something that happened, as it is written down in the transaction in which it did.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// What.
    pub kind: EventKind,
    /// Who is to be told.
    pub recipient: Recipient,
    /// What it is about, as a path of the API: `/api/v1/approaches/ID`.
    pub subject: String,
    /// More, without personal data: codes, ids, states and days.
    pub data: Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// Something that happened, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number: later ones have larger numbers.
    pub sequence: i64,
    /// Its id, which no other event has.
    pub id: String,
    /// What happened.
    pub event: NewEvent,
}
