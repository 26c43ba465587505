//! How much a site takes on: places, pauses, and what is left (DESIGN 6).

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::domain::named_enum;
use crate::domain::version::Version;

/// The places for partnerships of a site that declared none (DESIGN 6).
pub const UNDECLARED_PARTNERSHIP_PLACES: u32 = 3;

/// The most places that a site can declare.
pub const MAX_PLACES: u32 = 100;

/// How long an accepted conversation takes one of the places for conversations: a quarter of a year, after which whoever
/// talked has done so.
pub const CONVERSATION_TAKES: TimeDelta = TimeDelta::days(90);

/// What a site declared; `None` is undeclared: three partnerships, and conversations without a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Partnerships at one time.
    pub partnerships: Option<u32>,
    /// Conversations within [`CONVERSATION_TAKES`].
    pub conversations: Option<u32>,
}

impl Places {
    /// The places for partnerships that count.
    #[must_use]
    pub fn partnership_places(self) -> u32 {
        self.partnerships.unwrap_or(UNDECLARED_PARTNERSHIP_PLACES)
    }
}

/// How many of the places are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Active partnerships.
    pub partnerships: u32,
    /// Conversations accepted within [`CONVERSATION_TAKES`].
    pub conversations: u32,
}

named_enum!(
    /// Who paused a site.
    PausedBy, "who paused" {
        /// The site itself.
        Site = "site",
        /// A programme admin.
        Admin = "admin",
    }
);

/// A time in which a site cannot be approached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Who paused it.
    pub by: PausedBy,
    /// The last day; `None` is until further notice.
    pub until: Option<NaiveDate>,
    /// Why; admins always say.
    pub reason: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How often it was changed.
    pub version: Version,
}

impl Pause {
    /// Whether it holds on a day.
    #[must_use]
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.until.is_none_or(|until| day <= until)
    }
}

/// Everything that decides whether a site takes something on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// What it declared.
    pub places: Places,
    /// What is taken.
    pub taken: Taken,
    /// Its pauses, past ones included.
    pub pauses: Vec<Pause>,
    /// How often its places were declared; 0 before the first time.
    pub version: Version,
}

named_enum!(
    /// Whether a site can be approached for a partnership, as a suggestion shows it.
    AvailabilityState, "a state of availability" {
        /// It has places and said so.
        Open = "open",
        /// It said nothing of places, and has some.
        Undeclared = "undeclared",
        /// All its places are taken.
        Full = "full",
        /// It is paused.
        Paused = "paused",
    }
);

/// Whether a site can be approached for a partnership on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    /// In a word.
    pub state: AvailabilityState,
    /// The places that are left.
    pub remaining: u32,
    /// The last day of the pause, where it is paused and has one.
    pub paused_until: Option<NaiveDate>,
}

impl Capacity {
    /// The places for partnerships that are left; 0 where more are taken than there are.
    #[must_use]
    pub fn partnerships_left(&self) -> u32 {
        self.places
            .partnership_places()
            .saturating_sub(self.taken.partnerships)
    }

    /// The places for conversations that are left; `None` is without a bound.
    #[must_use]
    pub fn conversations_left(&self) -> Option<u32> {
        self.places
            .conversations
            .map(|places| places.saturating_sub(self.taken.conversations))
    }

    /// Whether it can be approached for a partnership on a day. A pause comes before a lack of places, and of two pauses the
    /// one that lasts longer counts.
    #[must_use]
    pub fn availability(&self, day: NaiveDate) -> Availability {
        let holding = self.pauses.iter().filter(|pause| pause.holds_on(day));
        // Until further notice is later than any day.
        let longest = holding
            .map(|pause| pause.until)
            .max_by_key(|until| until.unwrap_or(NaiveDate::MAX));
        let remaining = self.partnerships_left();
        let state = match (longest, remaining, self.places.partnerships) {
            (Some(_), ..) => AvailabilityState::Paused,
            (None, 0, _) => AvailabilityState::Full,
            (None, _, Some(_)) => AvailabilityState::Open,
            (None, _, None) => AvailabilityState::Undeclared,
        };
        Availability {
            state,
            remaining,
            paused_until: longest.flatten(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(until: Option<&str>) -> Pause {
        Pause {
            by: PausedBy::Site,
            until: until.map(|day| day.parse().unwrap()),
            reason: None,
            since: DateTime::UNIX_EPOCH,
            version: Version(1),
        }
    }

    #[test]
    fn undeclared_means_three() {
        let capacity = |taken| Capacity {
            taken: Taken {
                partnerships: taken,
                conversations: 0,
            },
            ..Capacity::default()
        };
        let day = "2026-11-26".parse().unwrap();
        let states = [0, 2, 3, 4].map(|taken| {
            let found = capacity(taken).availability(day);
            (found.state, found.remaining)
        });
        assert_eq!(
            states,
            [
                (AvailabilityState::Undeclared, 3),
                (AvailabilityState::Undeclared, 1),
                (AvailabilityState::Full, 0),
                (AvailabilityState::Full, 0),
            ]
        );
    }

    #[test]
    fn a_pause_holds_to_the_end_of_its_last_day_and_the_longest_counts() {
        let capacity = Capacity {
            pauses: vec![pause(Some("2026-12-01")), pause(Some("2026-12-24"))],
            ..Capacity::default()
        };
        let on = |day: &str| capacity.availability(day.parse().unwrap());
        assert_eq!(on("2026-11-26").paused_until, "2026-12-24".parse().ok());
        assert_eq!(on("2026-12-24").state, AvailabilityState::Paused);
        assert_eq!(on("2026-12-25").state, AvailabilityState::Undeclared);
        let for_ever = Capacity {
            pauses: vec![pause(Some("2026-12-01")), pause(None)],
            ..Capacity::default()
        };
        let found = for_ever.availability("2026-11-26".parse().unwrap());
        assert_eq!(
            (found.state, found.paused_until),
            (AvailabilityState::Paused, None)
        );
    }
}
