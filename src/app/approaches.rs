//! Sending approaches: what is seen of the pair, what refuses it, and who is told.

use chrono::{DateTime, NaiveDate, Utc};

use super::Alongside;
use crate::domain::approach::{
    Approach, ApproachKind, ApproachReason, ApproachState, EXPIRES_AFTER, OpenApproaches,
    ProposedTopics, SENT_WITHIN, Seen, SeenCriterion, SeenFit,
};
use crate::domain::capacity::Capacity;
use crate::domain::choice::NewChoice;
use crate::domain::choosing::{Circumstances, Proposal};
use crate::domain::error::{Error, Result};
use crate::domain::event::{EventKind, Recipient};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::partnership::{Partnership, PartnershipState};
use crate::domain::suggestion::{METHOD_VERSION, PairAnswer, PairQuestion, SeenBy, Suggestion};
use crate::domain::version::Version;
use crate::engine::answer;
use crate::storage::told::{self, Happened};
use crate::storage::{
    Connection, approach_expiry, approaches, capacity, carry_over, choices, organisations,
    partnerships, programmes,
};

/// An approach as its sender makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewApproach {
    /// Its id.
    pub id: String,
    /// Who invites.
    pub from: OdsCode,
    /// Who is invited.
    pub to: OdsCode,
    /// To what.
    pub kind: ApproachKind,
    /// What the sender writes.
    pub message: Option<String>,
    /// What about; topics that there are.
    pub topics: ProposedTopics,
    /// From when.
    pub proposed_start: Option<NaiveDate>,
    /// Until when.
    pub proposed_end: Option<NaiveDate>,
    /// The partnership to go on with.
    pub renews: Option<String>,
    /// What is known of the pair.
    pub seen: Option<Seen>,
    /// What its being chosen says; `None` where there was no list to choose from.
    pub choice: Option<NewChoice>,
    /// The programme of the one who invites; the default one where none is given.
    pub programme: Option<Slug>,
}

impl Alongside {
    /// What is known of a pair on a day: as the one sees it, and under the programme's weights. `None` where no criterion can be
    /// asked of the one.
    ///
    /// # Errors
    ///
    /// [`Error::OrganisationNotFound`] and [`Error::OrganisationClosed`] for either; [`Error::NeverSuggested`] where the two are
    /// one, or one took over from the other.
    pub fn seen(&self, from: OdsCode, to: OdsCode, as_of: NaiveDate) -> Result<Option<Seen>> {
        let view = |seen_by| match self.pair(PairQuestion::plain(from, seen_by, as_of), to) {
            Ok(answer) => Ok(Some(answer)),
            Err(Error::NothingApplies { .. }) => Ok(None),
            Err(other) => Err(other),
        };
        let views = view(SeenBy::Site)?.zip(view(SeenBy::Others)?);
        Ok(views.and_then(|(site, programme)| seen(site, &programme)))
    }

    /// The programme whose weights an organisation's suggestions have on a day unless somebody says otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::OrganisationNotFound`] and [`Error::OrganisationClosed`].
    pub fn programme_of(&self, code: OdsCode, as_of: NaiveDate) -> Result<Slug> {
        answer::programme_of(&self.snapshot(), code, as_of)
    }
}

fn seen(site: PairAnswer, programme: &PairAnswer) -> Option<Seen> {
    let (own, others) = (site.candidates.first()?, programme.candidates.first()?);
    Some(Seen {
        revision: site.revision,
        as_of: site.as_of,
        method_version: METHOD_VERSION.to_owned(),
        weights_from: site.method.weights_from,
        distance_km: own.distance_km,
        site: seen_fit(own),
        programme: seen_fit(others),
    })
}

fn seen_fit(of: &Suggestion) -> SeenFit {
    let criteria = of.criteria.iter().filter_map(|criterion| {
        Some(SeenCriterion {
            criterion: criterion.criterion,
            weight: criterion.weight,
            score: criterion.score?,
        })
    });
    SeenFit {
        mutual_fit: of.mutual_fit,
        from_fit: of.your_fit,
        to_fit: of.their_fit,
        coverage: of.coverage,
        criteria: criteria.collect(),
    }
}

/// Sends an approach, and returns it as it is kept. One of the pair whose time is over is written down as expired first.
///
/// # Errors
///
/// [`Error::Invalid`] where it renews no partnership of the two, or as a conversation; those of [`Circumstances::allow`] and of
/// the database.
pub fn send(connection: &mut Connection, new: NewApproach, at: DateTime<Utc>) -> Result<Approach> {
    let (from, to) = (new.from, new.to);
    let renewed = match &new.renews {
        None => None,
        Some(id) => Some(renewable(connection, &new, id)?),
    };
    let open = approaches::open_of_pair(connection, (from, to))?;
    let open = match open {
        Some(past) if past.state_at(at) == ApproachState::Expired => {
            approach_expiry::expire(connection, &past, at)?;
            None
        }
        other => other,
    };
    let proposal = Proposal {
        from,
        to,
        kind: new.kind,
        goes_on: renewed.is_some_and(|one| one.state == PartnershipState::Active),
    };
    circumstances(connection, proposal, open, at)?.allow(proposal, at)?;
    let approach = Approach {
        id: new.id,
        sequence: 0,
        from,
        to,
        kind: new.kind,
        state: ApproachState::Sent,
        message: new.message,
        topics: new.topics,
        proposed_start: new.proposed_start,
        proposed_end: new.proposed_end,
        renews: new.renews,
        programme: Some(match new.programme {
            Some(programme) => programme,
            None => programmes::default(connection)?.slug,
        }),
        sent_at: at,
        expires_at: at + EXPIRES_AFTER,
        answered_at: None,
        reason: None,
        reminded_at: None,
        seen: new.seen,
        version: Version(1),
    };
    let approach = approaches::add(connection, approach)?;
    if let Some(choice) = &new.choice {
        choices::add(connection, choice)?;
    }
    note(connection, None, &approach);
    tell(connection, EventKind::ApproachReceived, &approach, to, at)?;
    Ok(approach)
}

/// The partnership that an approach proposes to go on with, or to take up again.
fn renewable(connection: &mut Connection, new: &NewApproach, id: &str) -> Result<Partnership> {
    if new.kind != ApproachKind::Partnership {
        let words = "renews a partnership, which an approach of kind partnership does";
        return Err(Error::invalid("/renews", words));
    }
    match partnerships::find_for(connection, new.from, id) {
        Ok(found) if found.has_party(new.to) => Ok(found),
        Ok(_) | Err(Error::Missing { .. }) => Err(Error::invalid(
            "/renews",
            "is the id of no partnership of the two",
        )),
        Err(other) => Err(other),
    }
}

/// Reads what decides whether an approach can be sent; `open` is the one that is open between the two.
fn circumstances(
    connection: &mut Connection,
    proposal: Proposal,
    open: Option<Approach>,
    at: DateTime<Utc>,
) -> Result<Circumstances> {
    let pair = (proposal.from, proposal.to);
    // A decline as not a fit holds for who takes over; for want of places it speaks of the places of one organisation.
    let senders = carry_over::with_closed_predecessors(connection, proposal.from)?;
    let recipients = carry_over::with_closed_predecessors(connection, proposal.to)?;
    let declined_as_no_fit =
        approaches::declined_at(connection, (&senders, &recipients), ApproachReason::NotAFit)?;
    let alone = (&[proposal.from][..], &[proposal.to][..]);
    let mut declined_for_capacity =
        approaches::declined_at(connection, alone, ApproachReason::NoCapacity)?;
    if let Some(declined) = declined_for_capacity
        && capacity::has_returned(connection, proposal.to, declined)?
    {
        declined_for_capacity = None;
    }
    Ok(Circumstances {
        open,
        declined_as_no_fit,
        declined_for_capacity,
        n_open_by_sender: approaches::n_open(connection, proposal.from, at)?.sent,
        n_sent_lately: approaches::n_sent_since(connection, pair, at - SENT_WITHIN)?,
        n_open_to_recipient: approaches::n_open(connection, proposal.to, at)?.received,
        ..what_both_take_on(connection, proposal, at)?
    })
}

/// Reads what decides whether an approach can be agreed to.
pub(super) fn what_both_take_on(
    connection: &mut Connection,
    proposal: Proposal,
    at: DateTime<Utc>,
) -> Result<Circumstances> {
    // The snapshot may be a moment behind another replica's import.
    organisations::require_active(connection, proposal.from)?;
    organisations::require_active(connection, proposal.to)?;
    let lasting = match proposal.goes_on {
        true => None,
        false => partnerships::active_of_pair(connection, (proposal.from, proposal.to))?,
    };
    Ok(Circumstances {
        partnership: lasting.map(|partnership| partnership.id),
        of_sender: capacity::of(connection, proposal.from, at)?,
        of_recipient: capacity::of(connection, proposal.to, at)?,
        ..Circumstances::default()
    })
}

/// Notes a change of an approach for the audit of each of the two.
pub(super) fn note(connection: &mut Connection, before: Option<&Approach>, after: &Approach) {
    let words = (before.map(approaches::json_of), approaches::json_of(after));
    let sites = [after.from, after.to];
    told::note(connection, (approaches::KIND, &after.id), sites, words);
}

/// Tells one of the two and the admins what the other did to an approach. A recipient that excludes the sender is told nothing,
/// of which the sender learns nothing.
pub(super) fn tell(
    connection: &mut Connection,
    kind: EventKind,
    approach: &Approach,
    side: OdsCode,
    at: DateTime<Utc>,
) -> Result<()> {
    let side = if side == approach.to {
        told::recipient(connection, approach.to, approach.from)?
    } else {
        Recipient::Site(side)
    };
    let happened = Happened::to_approach(kind, approach, at);
    happened.tell(connection, side)?;
    happened.tell_admins(connection)
}

/// What a site sees of how much it takes on.
#[derive(Clone, Debug)]
pub struct OwnCapacity {
    /// Its places, what is taken, its pauses.
    pub capacity: Capacity,
    /// Its open approaches.
    pub open: OpenApproaches,
}

/// Reads how much an organisation takes on.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`]; those of the database.
pub fn capacity_of(
    connection: &mut Connection,
    code: OdsCode,
    at: DateTime<Utc>,
) -> Result<OwnCapacity> {
    organisations::require(connection, code)?;
    Ok(OwnCapacity {
        capacity: capacity::of(connection, code, at)?,
        open: approaches::n_open(connection, code, at)?,
    })
}
