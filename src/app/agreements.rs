//! Answering approaches. Accepting one is here, whole: the places of both sides are counted, the partnership opened and the link
//! recorded in the one transaction that the answer is given in (DESIGN 6).

use chrono::{DateTime, Utc};

use super::Alongside;
use super::approaches::{note, tell, what_both_take_on};
use crate::domain::approach::{
    Approach, ApproachAction, ApproachKind, ApproachReason, MAX_TOPICS, ProposedTopics,
};
use crate::domain::choosing::{Proposal, answered};
use crate::domain::dates::PartialDate;
use crate::domain::error::{Error, Result};
use crate::domain::event::EventKind;
use crate::domain::ids::OdsCode;
use crate::domain::link::{Link, LinkKind, LinkStanding};
use crate::domain::partnership::{GivenTopic, Partnership, PartnershipState};
use crate::domain::provenance::{Provenance, Voice};
use crate::domain::version::{Expected, Version};
use crate::random::Random;
use crate::storage::audit::{self, Entry};
use crate::storage::told::Happened;
use crate::storage::{Change, Connection, approaches, links, partnerships};

/// The source of a link that is an agreement.
const SOURCE: &str = "agreed on Alongside";

/// What the recipient adds when it accepts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acceptance {
    /// What it is for, in the recipient's words.
    pub goals: Option<String>,
    /// What else to learn and to give, from the recipient's side; topics that there are.
    pub topics: ProposedTopics,
}

/// The ids of what an acceptance may make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementIds {
    partnership: String,
    link: String,
}

impl AgreementIds {
    /// Two new ids.
    ///
    /// # Errors
    ///
    /// Those of [`Random::id`].
    pub fn new(random: &Random) -> Result<Self> {
        Ok(Self {
            partnership: random.id()?,
            link: random.id()?,
        })
    }
}

/// What was agreed to.
#[derive(Clone, Debug, PartialEq)]
pub enum Agreed {
    /// A partnership that is now open.
    Opened(Approach, Partnership),
    /// To go on with a partnership that lasts.
    Renewed(Approach, Partnership),
    /// To talk.
    Conversation(Approach),
}

impl Agreed {
    /// The approach that was accepted.
    #[must_use]
    pub const fn approach(&self) -> &Approach {
        match self {
            Self::Opened(approach, _)
            | Self::Renewed(approach, _)
            | Self::Conversation(approach) => approach,
        }
    }
}

impl Alongside {
    /// Accepts an approach for its recipient, as [`accept`], in a transaction of its own.
    ///
    /// # Errors
    ///
    /// Those of [`accept`] and of [`write`](Self::write).
    pub async fn accept_approach(
        &self,
        change: Change,
        place: (OdsCode, String),
        acceptance: Acceptance,
        expected: Expected,
        ids: AgreementIds,
    ) -> Result<Agreed> {
        let at = change.at;
        let accept = move |connection: &mut Connection| {
            let (site, id) = place;
            accept(connection, (site, &id), acceptance, &expected, ids, at)
        };
        Ok(self.write(change, accept).await?.0)
    }
}

/// Accepts an approach for its recipient: opens the partnership or goes on with it, and records the link. Nothing of it is done
/// where a side has no place left.
///
/// # Errors
///
/// Those of [`answerable`] and [`Circumstances::allow_agreement`](crate::domain::choosing::Circumstances::allow_agreement).
pub fn accept(
    connection: &mut Connection,
    place: (OdsCode, &str),
    acceptance: Acceptance,
    expected: &Expected,
    ids: AgreementIds,
    at: DateTime<Utc>,
) -> Result<Agreed> {
    let (before, after) = answerable(connection, place, ApproachAction::Accept, expected, at)?;
    let renewed = match &before.renews {
        None => None,
        Some(id) => Some(partnerships::find(connection, id)?),
    };
    let lasting =
        renewed.filter(|one| one.state == PartnershipState::Active && one.ends == before.pair());
    let proposal = Proposal {
        from: before.from,
        to: before.to,
        kind: before.kind,
        goes_on: lasting.is_some(),
    };
    what_both_take_on(connection, proposal, at)?.allow_agreement(proposal)?;
    approaches::replace(connection, &after)?;
    note(connection, Some(&before), &after);
    tell(
        connection,
        EventKind::ApproachAccepted,
        &after,
        after.from,
        at,
    )?;
    match (after.kind, lasting) {
        (ApproachKind::Conversation, _) => {
            let agreement = after.id.clone();
            record_link(connection, ids.link, &after, agreement, at)?;
            Ok(Agreed::Conversation(after))
        }
        (ApproachKind::Partnership, Some(lasting)) => {
            let renewed = renew(connection, &after, lasting, acceptance, at)?;
            Ok(Agreed::Renewed(after, renewed))
        }
        (ApproachKind::Partnership, None) => {
            let opened = open(connection, &after, acceptance, ids, at)?;
            Ok(Agreed::Opened(after, opened))
        }
    }
}

/// Declines an approach for its recipient, and returns it.
///
/// # Errors
///
/// Those of [`answerable`].
pub fn decline(
    connection: &mut Connection,
    place: (OdsCode, &str),
    reason: Option<ApproachReason>,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Approach> {
    let (before, after) = answerable(connection, place, ApproachAction::Decline, expected, at)?;
    let after = Approach { reason, ..after };
    approaches::replace(connection, &after)?;
    note(connection, Some(&before), &after);
    tell(
        connection,
        EventKind::ApproachDeclined,
        &after,
        after.from,
        at,
    )?;
    Ok(after)
}

/// Withdraws an approach for its sender, and returns it.
///
/// # Errors
///
/// Those of [`answerable`].
pub fn withdraw(
    connection: &mut Connection,
    place: (OdsCode, &str),
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Approach> {
    let (before, after) = answerable(connection, place, ApproachAction::Withdraw, expected, at)?;
    approaches::replace(connection, &after)?;
    note(connection, Some(&before), &after);
    tell(
        connection,
        EventKind::ApproachWithdrawn,
        &after,
        after.to,
        at,
    )?;
    Ok(after)
}

/// The approach of one of the two, as it is and as the action makes it; nothing is written yet.
///
/// # Errors
///
/// [`Error::Missing`] where the site is none of the two; [`Error::Stale`] where the approach is of another version than
/// expected; those of [`answered`].
fn answerable(
    connection: &mut Connection,
    (site, id): (OdsCode, &str),
    action: ApproachAction,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<(Approach, Approach)> {
    let before = approaches::find_for(connection, site, id)?;
    let state = answered(&before, site, action, at);
    if matches!(state, Ok(_) | Err(Error::Conflict { .. })) && !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    let after = Approach {
        state: state?,
        answered_at: Some(at),
        version: Version(before.version.0 + 1),
        ..before.clone()
    };
    Ok((before, after))
}

/// What each side gives by an approach and what its acceptance adds: what the sender would learn the recipient gives, and the
/// other way round. Sorted, each once.
fn topics_both_ways(approach: &Approach, added: &ProposedTopics) -> Vec<GivenTopic> {
    let (from, to) = (approach.from, approach.to);
    let given = [
        (to, &approach.topics.learn),
        (from, &approach.topics.give),
        (from, &added.learn),
        (to, &added.give),
    ];
    let given = given.into_iter().flat_map(|(giver, topics)| {
        topics
            .iter()
            .cloned()
            .map(move |topic| GivenTopic { giver, topic })
    });
    let mut topics: Vec<GivenTopic> = given.collect();
    topics.sort_unstable();
    topics.dedup();
    topics
}

/// Refuses more topics one way than a partnership can be given by hand.
fn not_too_many(topics: &[GivenTopic]) -> Result<()> {
    let n_of = |giver| topics.iter().filter(|topic| topic.giver == giver).count();
    if topics.iter().any(|topic| n_of(topic.giver) > MAX_TOPICS) {
        let words = format!("make, with what was proposed, more than {MAX_TOPICS} one way");
        return Err(Error::invalid("/topics", words));
    }
    Ok(())
}

/// Opens the partnership that was agreed to. Its first day is the one proposed, or that of the agreement where that is later.
fn open(
    connection: &mut Connection,
    approach: &Approach,
    acceptance: Acceptance,
    ids: AgreementIds,
    at: DateTime<Utc>,
) -> Result<Partnership> {
    let today = at.date_naive();
    let started_on = approach.proposed_start.map_or(today, |day| day.max(today));
    let topics = topics_both_ways(approach, &acceptance.topics);
    not_too_many(&topics)?;
    let link_id = record_link(connection, ids.link, approach, ids.partnership.clone(), at)?;
    let partnership = Partnership {
        id: ids.partnership,
        sequence: 0,
        approach_id: approach.id.clone(),
        ends: approach.pair(),
        state: PartnershipState::Active,
        started_on,
        planned_end: approach.proposed_end.filter(|end| *end >= started_on),
        topics,
        goals: acceptance.goals,
        ended_at: None,
        ended_by: None,
        end_reason: None,
        link_id: Some(link_id),
        reminded_at: None,
        version: Version(1),
    };
    let partnership = partnerships::add(connection, partnership)?;
    note_partnership(connection, None, &partnership);
    tell_of_partnership(connection, EventKind::PartnershipOpened, &partnership, at)?;
    Ok(partnership)
}

/// Goes on with a partnership: to the day proposed, where one was, and with the topics of both agreements.
fn renew(
    connection: &mut Connection,
    approach: &Approach,
    before: Partnership,
    acceptance: Acceptance,
    at: DateTime<Utc>,
) -> Result<Partnership> {
    let mut topics = before.topics.clone();
    topics.extend(topics_both_ways(approach, &acceptance.topics));
    topics.sort_unstable();
    topics.dedup();
    not_too_many(&topics)?;
    let after = Partnership {
        approach_id: approach.id.clone(),
        // What was proposed may be over by the day on which it is agreed to.
        planned_end: approach
            .proposed_end
            .filter(|end| *end >= before.started_on.max(at.date_naive()))
            .or(before.planned_end),
        goals: acceptance.goals.or_else(|| before.goals.clone()),
        topics,
        // What it was reminded of lies behind it.
        reminded_at: None,
        version: Version(before.version.0 + 1),
        ..before.clone()
    };
    partnerships::replace(connection, &after)?;
    note_partnership(connection, Some(&before), &after);
    tell_of_partnership(connection, EventKind::PartnershipRenewed, &after, at)?;
    Ok(after)
}

/// Records what was agreed as a prior relationship of the two, for both to count in full, and returns the id of the link.
fn record_link(
    connection: &mut Connection,
    id: String,
    approach: &Approach,
    agreement: String,
    at: DateTime<Utc>,
) -> Result<String> {
    let day = PartialDate::day(at.date_naive());
    let kind = match approach.kind {
        ApproachKind::Conversation => LinkKind::Conversation,
        ApproachKind::Partnership => LinkKind::Partnership,
    };
    let provenance = Provenance {
        source: SOURCE.to_owned(),
        as_of: day,
        voice: Voice::Site,
    };
    let mut link = Link::published(approach.pair(), kind, day, None, provenance)
        .map_err(|fault| Error::Internal("recording an agreement as a link", fault.into()))?;
    link.standing = LinkStanding::Confirmed;
    link.declared_by = Some(approach.from);
    let record = links::agree(connection, id, link, agreement)?;
    for code in [approach.from, approach.to] {
        let entry = Entry {
            kind: links::KIND,
            id: record.id.clone(),
            ods_code: Some(code),
            before: None,
            after: Some(links::audited(&record)),
        };
        audit::note(connection, entry);
    }
    Ok(record.id)
}

/// Notes a change of a partnership for the audit of each of the two.
fn note_partnership(
    connection: &mut Connection,
    before: Option<&Partnership>,
    after: &Partnership,
) {
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

/// Tells both sides and the admins what became of a partnership.
fn tell_of_partnership(
    connection: &mut Connection,
    kind: EventKind,
    partnership: &Partnership,
    at: DateTime<Utc>,
) -> Result<()> {
    let (one, other) = partnership.ends;
    let happened = Happened::to_partnership(kind, partnership, at)
        .with("approach", partnership.approach_id.as_str());
    happened.tell_sites(connection, [one, other])?;
    happened.tell_admins(connection)
}
