//! Mergers and closures: what a closed organisation leaves open goes to the one that follows it (DESIGN 6).
//!
//! Called in the transaction of an import that closes organisations or says who follows whom, and by the job of
//! [`waiting`](super::waiting), which finds what an import of an earlier version left. Doing it twice does nothing more.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::app::partnerships as running;
use crate::domain::approach::{Approach, ApproachKind, ApproachReason, ApproachState};
use crate::domain::error::Result;
use crate::domain::event::{EventKind, Recipient};
use crate::domain::ids::OdsCode;
use crate::domain::organisation::Succession;
use crate::domain::partnership::{EndReason, GivenTopic, Partnership};
use crate::domain::version::Version;
use crate::engine::lineage::Lineage;
use crate::storage::told::{self, Happened};
use crate::storage::{
    Connection, approach_expiry, approaches, carry_over as left, exclusions, import_successions,
    partnerships,
};

/// How long what a closed organisation leaves open waits for somebody to say who follows it: as long as an approach does. The
/// file that closes it may come before the one that names its successor, and a closure may be a mistake.
pub const SUCCESSOR_AWAITED: TimeDelta = TimeDelta::days(28);

/// Two organisations.
type Pair = (OdsCode, OdsCode);

/// Who an organisation is today.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Today {
    /// Itself: it is active.
    Itself,
    /// The one that follows it.
    One(OdsCode),
    /// Nobody yet: it closed, and who follows it may still be said.
    Unsaid,
    /// Nobody, or several.
    Nobody,
}

/// What closed organisations leave, and who follows them.
struct Estate {
    approaches: Vec<Approach>,
    partnerships: Vec<Partnership>,
    /// Exclusions, and what comes in their place.
    exclusions: Vec<(Pair, Vec<Pair>)>,
    /// On whose shortlist who takes whose place.
    shortlisted: Vec<(OdsCode, Pair)>,
    today: BTreeMap<OdsCode, Today>,
    waiting: BTreeMap<OdsCode, DateTime<Utc>>,
}

impl Estate {
    fn read(connection: &mut Connection, now: DateTime<Utc>) -> Result<Self> {
        let approaches = left::open_approaches(connection)?;
        let partnerships = left::active_partnerships(connection)?;
        let exclusions = left::exclusions(connection)?;
        let on_lists = left::shortlisted(connection)?;
        let waiting = left::waiting(connection)?;
        let between = approaches.iter().map(|a| (a.from, a.to));
        let between = between.chain(partnerships.iter().map(|p| p.ends));
        let ends: BTreeSet<OdsCode> = between.flat_map(|(a, b)| [a, b]).collect();
        let successions: Vec<Succession> =
            import_successions::all(connection)?.into_values().collect();
        let mut codes = ends.clone();
        codes.extend(exclusions.iter().flat_map(|&(a, b)| [a, b]));
        codes.extend(on_lists.iter().map(|&(_, candidate)| candidate));
        codes.extend(
            successions
                .iter()
                .flat_map(|s| [s.predecessor, s.successor]),
        );
        let active = left::active_among(connection, &codes)?;
        let lineage = Lineage::new(&successions, |code| active.contains(&code));
        let today = ends.into_iter().map(|code| {
            let successors = lineage.today(code);
            let today = match successors.as_slice() {
                [one] if *one == code => Today::Itself,
                [one] => Today::One(*one),
                [] if is_awaited(waiting.get(&code), now) => Today::Unsaid,
                _ => Today::Nobody,
            };
            (code, today)
        });
        let today = today.collect();
        let mut shortlisted = Vec::new();
        for (site, candidate) in on_lists {
            // Where the successor is on the list already, or is the site itself, the note on the closed one stays with it.
            if let [successor] = *lineage.today(candidate)
                && successor != site
                && !left::is_shortlisted(connection, (site, successor))?
            {
                shortlisted.push((site, (candidate, successor)));
            }
        }
        let exclusions = exclusions.into_iter().map(|(site, excluded)| {
            let (sites, others) = (lineage.today(site), lineage.today(excluded));
            let pairs = sites
                .iter()
                .flat_map(|&site| others.iter().map(move |&other| (site, other)))
                .filter(|(site, other)| site != other);
            (
                (site, excluded),
                pairs.collect::<Vec<_>>(),
                sites.is_empty() || others.is_empty(),
            )
        });
        // Without anybody to go to they stay where they are.
        let exclusions = exclusions
            .filter(|(_, _, has_nobody)| !has_nobody)
            .map(|(old, new, _)| (old, new));
        Ok(Self {
            exclusions: exclusions.collect(),
            approaches,
            partnerships,
            shortlisted,
            today,
            waiting,
        })
    }

    /// The closed organisations that wait to be told a successor.
    fn unsaid(&self) -> BTreeSet<OdsCode> {
        let unsaid = self.today.iter();
        unsaid
            .filter(|(_, today)| **today == Today::Unsaid)
            .map(|(&code, _)| code)
            .collect()
    }

    /// Whether there is nothing to do.
    fn is_settled(&self) -> bool {
        let waiting: BTreeSet<OdsCode> = self.waiting.keys().copied().collect();
        let mut today = self.today.values();
        self.exclusions.is_empty()
            && self.shortlisted.is_empty()
            && waiting == self.unsaid()
            && today.all(|today| matches!(today, Today::Itself | Today::Unsaid))
    }

    /// Who two are today; `None` where one of them is nobody.
    fn ends_today(&self, (a, b): (OdsCode, OdsCode)) -> Option<(OdsCode, OdsCode)> {
        let today = |code: OdsCode| match self.today.get(&code) {
            Some(Today::One(successor)) => Some(*successor),
            Some(Today::Nobody) => None,
            Some(Today::Itself | Today::Unsaid) | None => Some(code),
        };
        Some((today(a)?, today(b)?))
    }

    /// An organisation and the one that follows it.
    fn with_successor(&self, code: OdsCode) -> Vec<OdsCode> {
        match self.today.get(&code) {
            Some(Today::One(successor)) => vec![code, *successor],
            Some(Today::Itself | Today::Unsaid | Today::Nobody) | None => vec![code],
        }
    }
}

/// Whether who follows a closed organisation may still be said, which was noticed then, or is only now.
fn is_awaited(noticed: Option<&DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    noticed.is_none_or(|&noticed| now < noticed + SUCCESSOR_AWAITED)
}

/// Whether [`carry_over`] would find anything to do at a moment; reads alone.
///
/// # Errors
///
/// Those of the database.
pub fn is_due(connection: &mut Connection, now: DateTime<Utc>) -> Result<bool> {
    Ok(left::is_anything_left(connection)? && !Estate::read(connection, now)?.is_settled())
}

/// Moves what closed organisations left open to those that follow them, ends what cannot be moved, and returns whether there
/// was any.
///
/// Where exactly one active organisation follows, it takes the place. What would join an organisation with itself ends as
/// merged; where there would be two of a pair, the older stays and the younger ends as a duplicate; where several follow, or
/// nobody was named for [`SUCCESSOR_AWAITED`], it ends as closed. Places are not counted: what was agreed stays. Whom a closed
/// organisation excluded, all that follow it exclude, and likewise who excluded it; on shortlists the one that follows takes the
/// place.
///
/// # Errors
///
/// Those of the database.
pub fn carry_over(connection: &mut Connection, now: DateTime<Utc>) -> Result<bool> {
    if !left::is_anything_left(connection)? {
        return Ok(false);
    }
    let estate = Estate::read(connection, now)?;
    if estate.is_settled() {
        return Ok(false);
    }
    let mut carrying = Carrying {
        connection,
        estate: &estate,
        now,
    };
    let partners = carrying.partnerships()?;
    carrying.approaches()?;
    for pair in partners {
        carrying.no_proposal_to_partners(pair)?;
    }
    // Last: who was told of an approach goes by the exclusions under which it was sent.
    for (old, new) in &estate.exclusions {
        left::move_exclusion(connection, *old, new)?;
    }
    for &(site, (candidate, successor)) in &estate.shortlisted {
        if !left::is_shortlisted(connection, (site, successor))? {
            left::replace_on_shortlist(connection, site, (candidate, successor))?;
        }
    }
    let unsaid = estate.unsaid();
    for code in unsaid
        .iter()
        .filter(|code| !estate.waiting.contains_key(code))
    {
        left::begin_to_wait(connection, *code, now)?;
    }
    for code in estate.waiting.keys().filter(|code| !unsaid.contains(code)) {
        left::stop_waiting(connection, *code)?;
    }
    Ok(true)
}

/// The work of one transaction.
struct Carrying<'a> {
    connection: &'a mut Connection,
    estate: &'a Estate,
    now: DateTime<Utc>,
}

impl Carrying<'_> {
    /// Moves or ends every partnership, and returns the pairs to which some moved.
    fn partnerships(&mut self) -> Result<Vec<(OdsCode, OdsCode)>> {
        let mut moved = Vec::new();
        let mut ended: BTreeSet<String> = BTreeSet::new();
        for partnership in &self.estate.partnerships {
            if ended.contains(&partnership.id) {
                continue;
            }
            let Some((a, b)) = self.estate.ends_today(partnership.ends) else {
                self.end_partnership(partnership, EndReason::OrganisationClosed)?;
                continue;
            };
            if a == b {
                self.end_partnership(partnership, EndReason::Merged)?;
                continue;
            }
            let ends = (a.min(b), a.max(b));
            if ends == partnership.ends {
                continue;
            }
            // Whichever is the younger ends first: there is one of a pair at any time.
            match partnerships::active_of_pair(self.connection, ends)? {
                Some(other) if other.sequence < partnership.sequence => {
                    self.end_partnership(partnership, EndReason::Duplicate)?;
                    continue;
                }
                Some(other) => {
                    self.end_partnership(&other, EndReason::Duplicate)?;
                    ended.insert(other.id);
                }
                None => {}
            }
            self.move_partnership(partnership, (a, b))?;
            moved.push(ends);
        }
        Ok(moved)
    }

    /// Ends a partnership, and tells also who follows its sides.
    fn end_partnership(&mut self, partnership: &Partnership, reason: EndReason) -> Result<()> {
        let after = running::end(self.connection, partnership, None, reason, self.now)?;
        let (a, b) = partnership.ends;
        let successors: Vec<OdsCode> = [a, b]
            .into_iter()
            .flat_map(|code| self.estate.with_successor(code))
            .filter(|code| !partnership.has_party(*code))
            .collect();
        note_partnership(self.connection, partnership, &after, successors.clone());
        Happened::to_partnership(EventKind::PartnershipEnded, &after, self.now)
            .tell_sites(self.connection, successors)
    }

    /// Puts those who follow in the places of the two, and tells them.
    fn move_partnership(
        &mut self,
        partnership: &Partnership,
        (a, b): (OdsCode, OdsCode),
    ) -> Result<()> {
        let (was_a, was_b) = partnership.ends;
        let steps = steps([(was_a, a), (was_b, b)]);
        let successor = |code: OdsCode| if code == was_a { a } else { b };
        let mut topics: Vec<GivenTopic> = partnership
            .topics
            .iter()
            .map(|given| GivenTopic {
                giver: successor(given.giver),
                topic: given.topic.clone(),
            })
            .collect();
        topics.sort_unstable();
        let after = Partnership {
            ends: (a.min(b), a.max(b)),
            topics,
            version: Version(partnership.version.0 + 1),
            ..partnership.clone()
        };
        left::move_partnership(self.connection, &after, &steps)?;
        note_partnership(self.connection, partnership, &after, [was_a, was_b, a, b]);
        let happened = Happened::to_partnership(EventKind::PartnershipMoved, &after, self.now)
            .with("moved", steps_json(&steps));
        happened.tell_sites(self.connection, [a, b])?;
        happened.tell_admins(self.connection)
    }

    /// Moves or ends every open approach.
    fn approaches(&mut self) -> Result<()> {
        let mut ended: BTreeSet<String> = BTreeSet::new();
        for approach in &self.estate.approaches {
            if ended.contains(&approach.id) {
                continue;
            }
            let Some(approach) = self.still_open(approach)? else {
                continue;
            };
            let Some((from, to)) = self.estate.ends_today((approach.from, approach.to)) else {
                self.end_approach(&approach, ApproachReason::OrganisationClosed)?;
                continue;
            };
            if from == to {
                self.end_approach(&approach, ApproachReason::Merged)?;
                continue;
            }
            if (from, to) == (approach.from, approach.to) {
                continue;
            }
            if self.proposes_what_is(&approach, (from, to))? {
                self.end_approach(&approach, ApproachReason::Duplicate)?;
                continue;
            }
            let other = approaches::open_of_pair(self.connection, (from, to))?;
            let other = match other {
                Some(other) => self.still_open(&other)?,
                None => None,
            };
            match other {
                Some(other) if other.sequence < approach.sequence => {
                    self.end_approach(&approach, ApproachReason::Duplicate)?;
                    continue;
                }
                Some(other) => {
                    self.end_approach(&other, ApproachReason::Duplicate)?;
                    ended.insert(other.id);
                }
                None => {}
            }
            self.move_approach(&approach, (from, to))?;
        }
        Ok(())
    }

    /// The approach, where it has not expired meanwhile; if it has, that is written down.
    fn still_open(&mut self, approach: &Approach) -> Result<Option<Approach>> {
        let approach = approach_expiry::expire(self.connection, approach, self.now)?;
        Ok((approach.state == ApproachState::Sent).then_some(approach))
    }

    /// Whether an approach proposes to two who are partners to become it, which nobody could accept.
    fn proposes_what_is(&mut self, approach: &Approach, pair: (OdsCode, OdsCode)) -> Result<bool> {
        if approach.kind != ApproachKind::Partnership {
            return Ok(false);
        }
        let partnership = partnerships::active_of_pair(self.connection, pair)?;
        Ok(partnership.is_some_and(|partnership| approach.renews != Some(partnership.id)))
    }

    /// Ends the open approach of two that became partners because a partnership moved to them.
    fn no_proposal_to_partners(&mut self, pair: (OdsCode, OdsCode)) -> Result<()> {
        let open = match approaches::open_of_pair(self.connection, pair)? {
            Some(open) => self.still_open(&open)?,
            None => None,
        };
        match open {
            Some(open) if self.proposes_what_is(&open, pair)? => {
                self.end_approach(&open, ApproachReason::Duplicate)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn end_approach(&mut self, approach: &Approach, reason: ApproachReason) -> Result<()> {
        let after = Approach {
            state: ApproachState::Ended,
            answered_at: Some(self.now),
            reason: Some(reason),
            version: Version(approach.version.0 + 1),
            ..approach.clone()
        };
        approaches::replace(self.connection, &after)?;
        let senders = self.estate.with_successor(approach.from);
        let recipients = self.estate.with_successor(approach.to);
        let happened = Happened::to_approach(EventKind::ApproachEnded, &after, self.now);
        self.tell_of_approach((approach, &after), &happened, (senders, recipients))
    }

    fn move_approach(&mut self, approach: &Approach, (from, to): (OdsCode, OdsCode)) -> Result<()> {
        let after = Approach {
            from,
            to,
            version: Version(approach.version.0 + 1),
            ..approach.clone()
        };
        approaches::replace(self.connection, &after)?;
        let steps = steps([(approach.from, from), (approach.to, to)]);
        let happened = Happened::to_approach(EventKind::ApproachMoved, &after, self.now)
            .with("moved", steps_json(&steps));
        self.tell_of_approach((approach, &after), &happened, (vec![from], vec![to]))
    }

    /// Tells both sides and the admins, and notes it for all whose approach it was or is. A recipient that excludes the sender,
    /// or who follows it, was never told of it and is told nothing.
    fn tell_of_approach(
        &mut self,
        (before, after): (&Approach, &Approach),
        happened: &Happened,
        (senders, recipients): (Vec<OdsCode>, Vec<OdsCode>),
    ) -> Result<()> {
        let sites = [before.from, before.to, after.from, after.to];
        let sites = sites.into_iter().chain(senders.iter().copied());
        let sites = sites.chain(recipients.iter().copied());
        let words = (
            Some(approaches::json_of(before)),
            approaches::json_of(after),
        );
        told::note(self.connection, (approaches::KIND, &after.id), sites, words);
        let hears_nothing = exclusions::excludes(self.connection, before.to, before.from)?
            || exclusions::excludes(self.connection, after.to, after.from)?;
        let senders: BTreeSet<OdsCode> = senders.into_iter().collect();
        let recipients: BTreeSet<OdsCode> = recipients
            .into_iter()
            .filter(|code| !senders.contains(code))
            .collect();
        happened.tell_sites(self.connection, senders)?;
        for recipient in recipients {
            let recipient = match hears_nothing {
                true => Recipient::Nobody,
                false => Recipient::Site(recipient),
            };
            happened.tell(self.connection, recipient)?;
        }
        happened.tell_admins(self.connection)
    }
}

fn note_partnership(
    connection: &mut Connection,
    before: &Partnership,
    after: &Partnership,
    sites: impl IntoIterator<Item = OdsCode>,
) {
    let words = (
        Some(partnerships::json_of(before)),
        partnerships::json_of(after),
    );
    told::note(connection, (partnerships::KIND, &after.id), sites, words);
}

/// Who took whose place.
fn steps(sides: [(OdsCode, OdsCode); 2]) -> Vec<(OdsCode, OdsCode)> {
    sides.into_iter().filter(|(was, is)| was != is).collect()
}

fn steps_json(steps: &[(OdsCode, OdsCode)]) -> Value {
    let shown = |(was, is): &(OdsCode, OdsCode)| json!({ "from": was.as_str(), "to": is.as_str() });
    steps.iter().map(shown).collect()
}
