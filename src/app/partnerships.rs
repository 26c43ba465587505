//! What becomes of a partnership after it was opened: its two sides put its goals and topics down, say how it goes, and end it.
//!
//! Each is done within one transaction, with what it brings about: the link that the partnership is among the prior relationships
//! of the two, an audit row for each side, and events for the other side and the programme's admins.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::domain::error::{Error, FieldError, Result};
use crate::domain::event::{EventKind, NewEvent, Recipient};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::partnership::{
    CheckIn, EndReason, GivenTopic, MAX_CHECK_INS, Partnership, PartnershipState, Usefulness,
};
use crate::domain::version::{Expected, Version};
use crate::storage::audit::{self, Entry};
use crate::storage::{Connection, Outcome, check_ins, events, links, partnerships, topics};

/// What a partnership is for, from one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// In the words of the two.
    pub goals: Option<String>,
    /// What this side learns of the other; sorted, each once.
    pub learn: Vec<Slug>,
    /// What it gives to the other; sorted, each once.
    pub give: Vec<Slug>,
}

/// Puts down what a partnership is for, in the words of one side, tells the other, and returns what it is.
///
/// # Errors
///
/// [`Error::Missing`] where the organisation is none of the two; [`Error::Stale`] where it is of another version than expected;
/// [`Error::Conflict`] where it ended; [`Error::Invalid`] where a topic is none; [`Error::Unavailable`] or [`Error::Internal`]
/// where it cannot be changed.
pub fn change(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    purpose: Purpose,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Outcome<Partnership>> {
    let before = seen(connection, (code, id), expected)?;
    require_active(&before)?;
    require_topics(
        connection,
        &[("/youLearn", &purpose.learn), ("/youGive", &purpose.give)],
    )?;
    let mut after = before.clone();
    after.goals = purpose.goals;
    let gives = |giver: OdsCode, topics: Vec<Slug>| {
        topics
            .into_iter()
            .map(move |topic| GivenTopic { giver, topic })
    };
    let learned = gives(before.other_than(code), purpose.learn);
    after.topics = gives(code, purpose.give).chain(learned).collect();
    after.topics.sort_unstable();
    if after == before {
        return Ok(Outcome::Unchanged(after));
    }
    after.version = Version(before.version.0 + 1);
    partnerships::replace(connection, &after)?;
    note(connection, Some(&before), &after);
    let kind = EventKind::PartnershipChanged;
    let more = json!({ "by": code.as_str() });
    tell(connection, kind, &after, Some(code), &more, at)?;
    Ok(Outcome::Changed(after))
}

/// Ends a partnership for one of its sides, as [`end`] does.
///
/// # Errors
///
/// [`Error::Missing`] where the organisation is none of the two; [`Error::Stale`] where it is of another version than expected;
/// those of [`end`].
pub fn end_for(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    reason: EndReason,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Partnership> {
    let partnership = seen(connection, (code, id), expected)?;
    end(connection, &partnership, Some(code), reason, at)
}

/// A partnership of a side, of a version that it has seen.
fn seen(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    expected: &Expected,
) -> Result<Partnership> {
    let partnership = partnerships::find_for(connection, code, id)?;
    if expected.allows(partnership.version) {
        Ok(partnership)
    } else {
        Err(Error::Stale)
    }
}

/// What a side says of how a partnership goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidAtCheckIn {
    /// How useful it is.
    pub usefulness: Usefulness,
    /// What it learned; sorted, each once.
    pub learned: Vec<Slug>,
    /// What it gave; sorted, each once.
    pub given: Vec<Slug>,
    /// A remark for the two sides alone.
    pub note: Option<String>,
}

/// Keeps what a side says of how a partnership goes, under an id of its own, tells the other, and returns it.
///
/// # Errors
///
/// [`Error::Missing`] where the organisation is none of the two; [`Error::Conflict`] where the partnership ended too long ago, or
/// the side checked in [`MAX_CHECK_INS`] times;
/// [`Error::Invalid`] where a topic is none; [`Error::Unavailable`] or [`Error::Internal`] where it cannot be kept.
pub fn check_in(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    (check_in_id, said): (String, SaidAtCheckIn),
    at: DateTime<Utc>,
) -> Result<CheckIn> {
    let partnership = partnerships::find_for(connection, code, id)?;
    if let Some(ended) = partnership.ended_at
        && !partnership.takes_check_ins(at)
    {
        return Err(has_ended(ended));
    }
    if check_ins::n_by(connection, id, code)? >= MAX_CHECK_INS {
        return Err(Error::Conflict {
            rule: "/problems/too-many-check-ins",
            detail: format!("A side of a partnership checks in at most {MAX_CHECK_INS} times."),
        });
    }
    require_topics(
        connection,
        &[("/learned", &said.learned), ("/given", &said.given)],
    )?;
    let check_in = CheckIn {
        id: check_in_id,
        sequence: 0,
        partnership_id: partnership.id.clone(),
        ods_code: code,
        made_at: at,
        usefulness: said.usefulness,
        learned: said.learned,
        given: said.given,
        note: said.note,
    };
    let check_in = check_ins::add(connection, check_in)?;
    for side in [partnership.ends.0, partnership.ends.1] {
        let entry = Entry {
            kind: check_ins::KIND,
            id: check_in.id.clone(),
            ods_code: Some(side),
            before: None,
            after: Some(check_ins::json_of(&check_in)),
        };
        audit::note(connection, entry);
    }
    let more = json!({ "by": code.as_str(), "checkIn": check_in.id });
    let kind = EventKind::PartnershipCheckedIn;
    tell(connection, kind, &partnership, Some(code), &more, at)?;
    Ok(check_in)
}

/// Refuses topics that there are not, each under the field that names it.
fn require_topics(connection: &mut Connection, given: &[(&str, &[Slug])]) -> Result<()> {
    if given.iter().all(|(_, topics)| topics.is_empty()) {
        return Ok(());
    }
    let known = topics::all(connection)?;
    let mut faults = Vec::new();
    for (pointer, topics) in given {
        for topic in *topics {
            if !known.iter().any(|known| known.slug == *topic) {
                let words = format!("names no topic with {topic}");
                faults.push(FieldError::new(*pointer, words));
            }
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// Ends a partnership and its link, tells the other side (both, where no side ended it) and the admins, and returns what it is.
///
/// `by` is the side that ends it; `None` where a merger or a closure does.
///
/// # Errors
///
/// [`Error::Conflict`] where it ended before; [`Error::Unavailable`] or [`Error::Internal`] where it cannot be changed.
pub fn end(
    connection: &mut Connection,
    partnership: &Partnership,
    by: Option<OdsCode>,
    reason: EndReason,
    at: DateTime<Utc>,
) -> Result<Partnership> {
    require_active(partnership)?;
    let link_id = match &partnership.link_id {
        Some(id) => end_link(connection, id, at)?,
        None => None,
    };
    let after = Partnership {
        state: PartnershipState::Ended,
        ended_at: Some(at),
        ended_by: by,
        end_reason: Some(reason),
        link_id,
        version: Version(partnership.version.0 + 1),
        ..partnership.clone()
    };
    partnerships::replace(connection, &after)?;
    note(connection, Some(partnership), &after);
    let more = json!({
        "by": by.map(|code| code.to_string()),
        "reason": reason.as_str(),
    });
    tell(
        connection,
        EventKind::PartnershipEnded,
        &after,
        by,
        &more,
        at,
    )?;
    Ok(after)
}

/// Ends the link of a partnership, and returns its id where there still is one: none is left of what never began.
fn end_link(connection: &mut Connection, id: &str, at: DateTime<Utc>) -> Result<Option<String>> {
    let (before, after) = match links::end_agreed(connection, id, at) {
        // What is gone already has no end to come.
        Err(Error::Missing { .. }) => return Ok(None),
        outcome => outcome?,
    };
    if after.as_ref() != Some(&before) {
        let (a, b) = before.link.ends();
        for code in [a, b] {
            let entry = Entry {
                kind: links::KIND,
                id: before.id.clone(),
                ods_code: Some(code),
                before: Some(links::audited(&before)),
                after: after.as_ref().map(links::audited),
            };
            audit::note(connection, entry);
        }
    }
    Ok(after.map(|link| link.id))
}

/// Refuses what is done to partnerships that last alone.
fn require_active(partnership: &Partnership) -> Result<()> {
    match partnership.ended_at {
        None => Ok(()),
        Some(ended) => Err(has_ended(ended)),
    }
}

fn has_ended(at: DateTime<Utc>) -> Error {
    Error::Conflict {
        rule: "/problems/partnership-ended",
        detail: format!("The partnership ended on {}.", at.date_naive()),
    }
}

/// Notes a change of a partnership in the audit of each of its sides.
pub(super) fn note(connection: &mut Connection, before: Option<&Partnership>, after: &Partnership) {
    for code in [after.ends.0, after.ends.1] {
        let entry = Entry {
            kind: partnerships::KIND,
            id: after.id.clone(),
            ods_code: Some(code),
            before: before.map(partnerships::json_of),
            after: Some(partnerships::json_of(after)),
        };
        audit::note(connection, entry);
    }
}

/// Tells those who did not do it themselves, and the admins, what happened to a partnership. `more` is an object of codes, ids,
/// states and days.
pub(super) fn tell(
    connection: &mut Connection,
    kind: EventKind,
    partnership: &Partnership,
    by: Option<OdsCode>,
    more: &Value,
    at: DateTime<Utc>,
) -> Result<()> {
    let (a, b) = partnership.ends;
    let sides = [a, b].into_iter().filter(|&code| Some(code) != by);
    let recipients = sides.map(Recipient::Site).chain([Recipient::Admins]);
    for recipient in recipients {
        let mut data = json!({
            "partnership": partnership.id,
            "between": [a.as_str(), b.as_str()],
            "state": partnership.state.as_str(),
        });
        if let (Some(data), Some(more)) = (data.as_object_mut(), more.as_object()) {
            data.extend(more.clone());
        }
        let event = NewEvent {
            kind,
            recipient,
            subject: format!("/api/v1/partnerships/{}", partnership.id),
            data,
            at,
        };
        events::emit(connection, &event)?;
    }
    Ok(())
}
