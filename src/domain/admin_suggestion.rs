//! Pairs that a programme admin suggests to both sites: each says for itself whether it is interested, and neither is told of
//! the other's word before both are (DESIGN 6).

use chrono::{DateTime, Utc};

use crate::domain::ids::{OdsCode, Slug};
use crate::domain::named_enum;
use crate::domain::version::Version;

named_enum!(
    /// What has become of a suggestion.
    AdminSuggestionState, "a state of a suggestion" {
        /// Somebody's word is still awaited.
        Open = "open",
        /// Both are interested: either may approach the other.
        Mutual = "mutual",
        /// Both answered, and not both are interested.
        Declined = "declined",
        /// An admin took it back.
        Withdrawn = "withdrawn",
    }
);

/// The longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 1_000;

/// A suggestion.
#[derive(Clone, Debug, PartialEq)]
pub struct AdminSuggestion {
    /// Its id.
    pub id: String,
    /// Its number: later ones have larger numbers.
    pub sequence: i64,
    /// The two sites, by code.
    pub ends: (OdsCode, OdsCode),
    /// What has become of it.
    pub state: AdminSuggestionState,
    /// Why, in the admin's words to the two.
    pub reason: String,
    /// The programme for which it was made.
    pub programme: Option<Slug>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The id of the caller who made it.
    pub created_by: String,
    /// How often its state changed.
    pub version: Version,
}

/// What one side said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteAnswer {
    /// Whether it is interested.
    pub interested: bool,
    /// When it said so.
    pub answered_at: DateTime<Utc>,
    /// How often it said something.
    pub version: Version,
}

impl AdminSuggestion {
    /// The other of the two sites; `None` for who is neither.
    #[must_use]
    pub fn other(&self, code: OdsCode) -> Option<OdsCode> {
        match self.ends {
            (a, b) if a == code => Some(b),
            (a, b) if b == code => Some(a),
            _ => None,
        }
    }

    /// What a site sees of the state: its own word, until both are interested.
    #[must_use]
    pub fn state_seen_with(&self, own: Option<SiteAnswer>) -> AdminSuggestionState {
        match self.state {
            AdminSuggestionState::Open | AdminSuggestionState::Declined => {
                if own.is_some_and(|answer| !answer.interested) {
                    AdminSuggestionState::Declined
                } else {
                    AdminSuggestionState::Open
                }
            }
            state @ (AdminSuggestionState::Mutual | AdminSuggestionState::Withdrawn) => state,
        }
    }

    /// What the answers of both make of the state. Only once both answered does it say that one is not interested, so that an
    /// admin cannot tell which; and while one excludes the other nothing comes of it.
    #[must_use]
    pub fn state_after(
        &self,
        answers: [Option<SiteAnswer>; 2],
        is_excluded: bool,
    ) -> AdminSuggestionState {
        match answers.map(|answer| answer.map(|answer| answer.interested)) {
            // As if one were not interested: to stay open when both have answered would tell an admin why.
            [Some(true), Some(true)] if is_excluded => AdminSuggestionState::Declined,
            [Some(true), Some(true)] => AdminSuggestionState::Mutual,
            [Some(_), Some(_)] => AdminSuggestionState::Declined,
            [None, _] | [_, None] => self.state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggestion(state: AdminSuggestionState) -> AdminSuggestion {
        AdminSuggestion {
            id: String::new(),
            sequence: 1,
            ends: (OdsCode::new("RHW").unwrap(), OdsCode::new("RTH").unwrap()),
            state,
            reason: "Both start with it next year.".to_owned(),
            programme: None,
            created_at: DateTime::UNIX_EPOCH,
            created_by: "key:1".to_owned(),
            version: Version(1),
        }
    }

    fn says(interested: bool) -> Option<SiteAnswer> {
        Some(SiteAnswer {
            interested,
            answered_at: DateTime::UNIX_EPOCH,
            version: Version(1),
        })
    }

    #[test]
    fn nothing_tells_a_side_what_the_other_said_before_both_are_interested() {
        use AdminSuggestionState::{Declined, Mutual, Open, Withdrawn};
        for own in [None, says(true), says(false)] {
            // Whether the other said nothing, yes or no.
            let seen = [Open, Declined].map(|state| suggestion(state).state_seen_with(own));
            assert_eq!(seen[0], seen[1]);
            assert_eq!(seen[0] == Declined, own == says(false));
        }
        assert_eq!(suggestion(Mutual).state_seen_with(says(true)), Mutual);
        assert_eq!(suggestion(Withdrawn).state_seen_with(None), Withdrawn);
    }

    #[test]
    fn both_have_to_be_interested_and_a_no_is_told_once_both_answered() {
        use AdminSuggestionState::{Declined, Mutual, Open};
        let open = suggestion(Open);
        for (answers, state) in [
            ([None, None], Open),
            ([says(true), None], Open),
            ([None, says(false)], Open),
            ([says(true), says(false)], Declined),
            ([says(false), says(true)], Declined),
            ([says(false), says(false)], Declined),
            ([says(true), says(true)], Mutual),
        ] {
            assert_eq!(open.state_after(answers, false), state);
        }
        assert_eq!(open.state_after([says(true), says(true)], true), Declined);
    }
}
