//! Whether an approach can be sent, and whether one that was sent can be agreed to (DESIGN 6), each refusal in words for a
//! person. What has to be read for that is gathered by `app`.

use chrono::{DateTime, Utc};

use crate::domain::approach::{
    Approach, ApproachAction, ApproachKind, ApproachState, COOL_OFF, MAX_OPEN, MAX_SENT,
};
use crate::domain::capacity::{AvailabilityState, Capacity};
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;

/// What is proposed, as far as it decides whether it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Who invites.
    pub from: OdsCode,
    /// Who is invited.
    pub to: OdsCode,
    /// To what.
    pub kind: ApproachKind,
    /// Whether it is to go on with a partnership that lasts, which takes no place more.
    pub goes_on: bool,
}

/// What there is between the two, and what each of them takes on.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// The approach that is open between the two, in either direction.
    pub open: Option<Approach>,
    /// The id of the partnership that lasts between the two, unless it is the one to go on with.
    pub partnership: Option<String>,
    /// When the recipient last declined the sender as not a fit.
    pub declined_as_no_fit: Option<DateTime<Utc>>,
    /// When the recipient last declined the sender for want of capacity, unless it said or did something since that gives it
    /// capacity.
    pub declined_for_capacity: Option<DateTime<Utc>>,
    /// What the sender takes on.
    pub of_sender: Capacity,
    /// What the recipient takes on.
    pub of_recipient: Capacity,
    /// How many approaches the sender has sent that are open.
    pub n_open_by_sender: usize,
    /// How many approaches to the recipient are open.
    pub n_open_to_recipient: usize,
    /// How many the sender has sent to the recipient within [`SENT_WITHIN`](crate::domain::approach::SENT_WITHIN).
    pub n_sent_lately: usize,
}

fn conflict(rule: &'static str, detail: String) -> Error {
    Error::Conflict { rule, detail }
}

/// Refuses where a site has no place left for what is proposed.
fn has_place(code: OdsCode, capacity: &Capacity, kind: ApproachKind) -> Result<()> {
    let is_full = match kind {
        ApproachKind::Partnership => capacity.partnerships_left() == 0,
        ApproachKind::Conversation => capacity.conversations_left() == Some(0),
    };
    if is_full {
        let detail = format!("{code} has no place left for a {kind}.");
        return Err(conflict("/problems/site-full", detail));
    }
    Ok(())
}

fn already_partners(proposal: Proposal, partnership: &str) -> Error {
    let Proposal { from, to, .. } = proposal;
    conflict(
        "/problems/already-partners",
        format!(
            "{from} and {to} are partners already (partnership {partnership}); to go on with it, name it in renews."
        ),
    )
}

impl Circumstances {
    /// Whether an approach can be sent at a moment. What has been agreed or asked before is told first, then what the
    /// recipient takes on, then what the sender does: the reasons that last longest come first.
    ///
    /// # Errors
    ///
    /// [`Error::ApproachOpen`], or [`Error::Conflict`] with the rule that refuses it.
    pub fn allow(&self, proposal: Proposal, now: DateTime<Utc>) -> Result<()> {
        let Proposal { from, to, kind, .. } = proposal;
        if let Some(open) = &self.open {
            return Err(is_open(open));
        }
        if let Some(partnership) = &self.partnership {
            return Err(already_partners(proposal, partnership));
        }
        let cools_until = self.declined_as_no_fit.map(|declined| declined + COOL_OFF);
        if let Some(until) = cools_until.filter(|until| now < *until) {
            let day = until.date_naive();
            let detail = format!(
                "{to} declined an approach of {from} as not a fit, or an organisation did of which one of them took over; {from} can \
                 approach {to} again after {day}."
            );
            return Err(conflict("/problems/cooling-off", detail));
        }
        if self.declined_for_capacity.is_some() {
            let detail = format!(
                "{to} declined an approach of {from} for want of capacity; {from} can approach it again once {to} declares its \
                 places anew or a partnership of it ends, and a place is left."
            );
            return Err(conflict("/problems/no-capacity-yet", detail));
        }
        if self.n_sent_lately >= MAX_SENT {
            let detail = format!(
                "{from} has approached {to} {MAX_SENT} times within a day, the most it may; try again tomorrow."
            );
            return Err(conflict("/problems/too-soon", detail));
        }
        self.is_not_paused(to, now)?;
        if !proposal.goes_on {
            has_place(to, &self.of_recipient, kind)?;
        }
        if self.n_open_to_recipient >= MAX_OPEN {
            let detail = format!(
                "{MAX_OPEN} approaches to {to} are open, the most there may be; it has to answer some first."
            );
            return Err(conflict("/problems/inbox-full", detail));
        }
        if !proposal.goes_on {
            has_place(from, &self.of_sender, kind)?;
        }
        if self.n_open_by_sender >= MAX_OPEN {
            let detail = format!(
                "{MAX_OPEN} approaches of {from} are open, the most there may be; withdraw one, or wait for an answer."
            );
            return Err(conflict("/problems/too-many-open", detail));
        }
        Ok(())
    }

    fn is_not_paused(&self, to: OdsCode, now: DateTime<Utc>) -> Result<()> {
        let availability = self.of_recipient.availability(now.date_naive());
        if availability.state != AvailabilityState::Paused {
            return Ok(());
        }
        let detail = match availability.paused_until {
            Some(day) => format!(
                "{to} is paused up to and including {day}, and can be approached from the day after."
            ),
            None => format!("{to} is paused until further notice, and cannot be approached."),
        };
        Err(conflict("/problems/site-paused", detail))
    }

    /// Whether what was proposed can be agreed to: both sides have a place, the recipient first. What is paused answers all
    /// the same what is open.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] with the rule that refuses it.
    pub fn allow_agreement(&self, proposal: Proposal) -> Result<()> {
        if let Some(partnership) = &self.partnership
            && proposal.kind == ApproachKind::Partnership
        {
            return Err(already_partners(proposal, partnership));
        }
        if proposal.goes_on {
            return Ok(());
        }
        has_place(proposal.to, &self.of_recipient, proposal.kind)?;
        has_place(proposal.from, &self.of_sender, proposal.kind)
    }
}

fn is_open(open: &Approach) -> Error {
    let Approach { id, from, to, .. } = open;
    Error::ApproachOpen {
        approach: id.clone(),
        detail: format!(
            "Approach {id} from {from} to {to} of {} is open: {to} answers it, or {from} withdraws it, before there can be \
             another between the two.",
            open.sent_at.date_naive()
        ),
    }
}

/// What an action of one of the two makes of an approach at a moment.
///
/// # Errors
///
/// [`Error::Forbidden`] where it is the other side's to do; [`Error::Conflict`] where the approach is no longer open.
pub fn answered(
    approach: &Approach,
    actor: OdsCode,
    action: ApproachAction,
    now: DateTime<Utc>,
) -> Result<ApproachState> {
    let is_sender = approach.from == actor;
    match (action.is_senders(), is_sender) {
        (true, false) => {
            return Err(Error::Forbidden(
                "only the sender withdraws an approach; the recipient accepts or declines it",
            ));
        }
        (false, true) => {
            return Err(Error::Forbidden(
                "only the recipient accepts or declines an approach; the sender withdraws it",
            ));
        }
        (true, true) | (false, false) => {}
    }
    let state = approach.state_at(now);
    state.after(action).ok_or_else(|| {
        let words = match state {
            ApproachState::Sent => "is open",
            ApproachState::Accepted => "was accepted",
            ApproachState::Declined => "was declined",
            ApproachState::Withdrawn => "was withdrawn",
            ApproachState::Expired => "expired",
            ApproachState::Ended => "ended",
        };
        conflict(
            "/problems/approach-answered",
            format!("The approach {words} (state {state}), which is final."),
        )
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::approach::ProposedTopics;
    use crate::domain::capacity::{Pause, PausedBy, Places, Taken};
    use crate::domain::version::Version;

    fn code(text: &str) -> OdsCode {
        OdsCode::new(text).unwrap()
    }

    fn now() -> DateTime<Utc> {
        "2026-11-26T09:00:00Z".parse().unwrap()
    }

    const PARTNERSHIP: ApproachKind = ApproachKind::Partnership;

    fn proposal(kind: ApproachKind, goes_on: bool) -> Proposal {
        Proposal {
            from: code("RTH"),
            to: code("RHW"),
            kind,
            goes_on,
        }
    }

    fn approach() -> Approach {
        Approach {
            id: "00000000-0000-4000-8000-000000000001".into(),
            sequence: 1,
            from: code("RTH"),
            to: code("RHW"),
            kind: PARTNERSHIP,
            state: ApproachState::Sent,
            message: None,
            topics: ProposedTopics::default(),
            proposed_start: None,
            proposed_end: None,
            renews: None,
            programme: None,
            sent_at: now() - TimeDelta::days(1),
            expires_at: now() + TimeDelta::days(27),
            answered_at: None,
            reason: None,
            reminded_at: None,
            seen: None,
            version: Version(1),
        }
    }

    fn with_places(partnerships: u32, conversations: u32) -> Capacity {
        Capacity {
            places: Places {
                partnerships: Some(partnerships),
                conversations: Some(conversations),
            },
            taken: Taken {
                partnerships: 1,
                conversations: 1,
            },
            ..Capacity::default()
        }
    }

    fn paused(until: &str) -> Capacity {
        Capacity {
            pauses: vec![Pause {
                by: PausedBy::Site,
                until: until.parse().ok(),
                reason: None,
                since: now(),
                version: Version(1),
            }],
            ..Capacity::default()
        }
    }

    /// The rule that refuses, and its words.
    fn refusal(outcome: Result<()>) -> Option<(&'static str, String)> {
        match outcome {
            Ok(()) => None,
            Err(Error::Conflict { rule, detail }) => Some((rule, detail)),
            Err(other) => panic!("{other}"),
        }
    }

    fn rule(circumstances: &Circumstances, proposal: Proposal) -> Option<&'static str> {
        refusal(circumstances.allow(proposal, now())).map(|(rule, _)| rule)
    }

    #[test]
    fn each_circumstance_has_its_refusal() {
        let empty = Circumstances::default;
        assert_eq!(rule(&empty(), proposal(PARTNERSHIP, false)), None);
        let cases: [(Circumstances, &str); 8] = [
            (
                Circumstances {
                    partnership: Some("an id".into()),
                    ..empty()
                },
                "/problems/already-partners",
            ),
            (
                Circumstances {
                    declined_as_no_fit: Some(now() - TimeDelta::days(89)),
                    ..empty()
                },
                "/problems/cooling-off",
            ),
            (
                Circumstances {
                    declined_for_capacity: Some(now() - TimeDelta::days(400)),
                    ..empty()
                },
                "/problems/no-capacity-yet",
            ),
            (
                Circumstances {
                    of_recipient: paused("2026-11-26"),
                    ..empty()
                },
                "/problems/site-paused",
            ),
            (
                Circumstances {
                    of_recipient: with_places(1, 5),
                    ..empty()
                },
                "/problems/site-full",
            ),
            (
                Circumstances {
                    of_sender: with_places(1, 5),
                    ..empty()
                },
                "/problems/site-full",
            ),
            (
                Circumstances {
                    n_open_by_sender: 10,
                    ..empty()
                },
                "/problems/too-many-open",
            ),
            (
                Circumstances {
                    n_open_to_recipient: 10,
                    ..empty()
                },
                "/problems/inbox-full",
            ),
        ];
        for (circumstances, expected) in cases {
            assert_eq!(
                rule(&circumstances, proposal(PARTNERSHIP, false)),
                Some(expected)
            );
        }
    }

    #[test]
    fn an_open_approach_is_pointed_to_before_anything_else() {
        let circumstances = Circumstances {
            open: Some(approach()),
            partnership: Some("an id".into()),
            ..Circumstances::default()
        };
        let refused = circumstances.allow(proposal(PARTNERSHIP, false), now());
        let Err(Error::ApproachOpen {
            approach: id,
            detail,
        }) = refused
        else {
            panic!("{refused:?}");
        };
        assert_eq!(id, approach().id);
        assert!(detail.contains(&id) && detail.contains("2026-11-25"));
    }

    #[test]
    fn a_cool_off_ends_after_ninety_days_and_says_when() {
        let declined = |days| Circumstances {
            declined_as_no_fit: Some(now() - TimeDelta::days(days)),
            ..Circumstances::default()
        };
        let told = refusal(declined(30).allow(proposal(PARTNERSHIP, false), now()));
        // 60 days after 26 November.
        assert!(told.unwrap().1.contains("2027-01-25"));
        assert_eq!(rule(&declined(90), proposal(PARTNERSHIP, false)), None);
    }

    #[test]
    fn a_conversation_takes_a_place_for_conversations_alone() {
        let talks = proposal(ApproachKind::Conversation, false);
        let no_partnerships = Circumstances {
            of_recipient: with_places(0, 2),
            ..Circumstances::default()
        };
        assert_eq!(rule(&no_partnerships, talks), None);
        let no_talks = Circumstances {
            of_recipient: with_places(5, 1),
            ..Circumstances::default()
        };
        assert_eq!(rule(&no_talks, talks), Some("/problems/site-full"));
        assert_eq!(rule(&no_talks, proposal(PARTNERSHIP, false)), None);
    }

    #[test]
    fn going_on_with_a_partnership_takes_no_place_but_waits_for_a_pause() {
        let full = Circumstances {
            of_sender: with_places(1, 0),
            of_recipient: with_places(1, 0),
            ..Circumstances::default()
        };
        assert_eq!(rule(&full, proposal(PARTNERSHIP, true)), None);
        assert!(
            full.allow_agreement(proposal(PARTNERSHIP, true)).is_ok()
                && full.allow_agreement(proposal(PARTNERSHIP, false)).is_err()
        );
        let pausing = Circumstances {
            of_recipient: paused("none"),
            ..Circumstances::default()
        };
        let told = refusal(pausing.allow(proposal(PARTNERSHIP, true), now()));
        assert!(told.unwrap().1.contains("until further notice"));
        assert!(
            pausing
                .allow_agreement(proposal(PARTNERSHIP, false))
                .is_ok()
        );
    }

    #[test]
    fn an_agreement_takes_a_place_of_both_and_says_whose_is_missing() {
        let words = |of_sender, of_recipient| {
            let circumstances = Circumstances {
                of_sender,
                of_recipient,
                ..Circumstances::default()
            };
            refusal(circumstances.allow_agreement(proposal(PARTNERSHIP, false)))
                .map(|(_, words)| words)
        };
        let none_left = |code: &str| Some(format!("{code} has no place left for a partnership."));
        assert_eq!(words(with_places(2, 0), with_places(2, 0)), None);
        assert_eq!(
            words(with_places(2, 0), with_places(1, 0)),
            none_left("RHW")
        );
        assert_eq!(
            words(with_places(1, 0), with_places(2, 0)),
            none_left("RTH")
        );
    }

    #[test]
    fn each_side_does_what_is_its_own_while_the_approach_is_open() {
        let (from, to) = (code("RTH"), code("RHW"));
        for &state in ApproachState::ALL {
            for &action in ApproachAction::ALL {
                for actor in [from, to] {
                    let approach = Approach {
                        state,
                        ..approach()
                    };
                    let is_own = action.is_senders() == (actor == from);
                    match answered(&approach, actor, action, now()) {
                        Ok(after) => {
                            assert!(is_own && state == ApproachState::Sent);
                            assert_eq!(state.after(action), Some(after));
                        }
                        Err(Error::Forbidden(_)) => assert!(!is_own),
                        Err(Error::Conflict { rule, detail }) => {
                            assert!(is_own && state != ApproachState::Sent);
                            assert_eq!(rule, "/problems/approach-answered");
                            assert!(detail.contains(state.as_str()), "{detail}");
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_past_its_time_is_no_longer_answered() {
        let approach = Approach {
            expires_at: now(),
            ..approach()
        };
        let late = answered(&approach, code("RHW"), ApproachAction::Accept, now());
        let told = late.unwrap_err().to_string();
        assert!(told.contains("expired"), "{told}");
    }
}
