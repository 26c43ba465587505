//! Which events a site is written to of by e-mail.

use std::collections::BTreeSet;

use crate::domain::event::EventKind;

/// The kinds that a site is written to of unless it says otherwise: what waits for its answer, and what answers it.
pub const MAILED_BY_DEFAULT: [EventKind; 6] = [
    EventKind::ApproachReceived,
    EventKind::ApproachReminder,
    EventKind::ApproachAccepted,
    EventKind::ApproachDeclined,
    EventKind::PartnershipEnded,
    EventKind::SuggestionReceived,
];

/// What a site is written to of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notifications {
    /// The kinds of events.
    pub email: BTreeSet<EventKind>,
}

impl Default for Notifications {
    fn default() -> Self {
        Self {
            email: MAILED_BY_DEFAULT.into(),
        }
    }
}

/// Whether a site can be written to of a kind at all: of a test it is not.
#[must_use]
pub fn can_be_mailed(kind: EventKind) -> bool {
    kind != EventKind::Test
}
