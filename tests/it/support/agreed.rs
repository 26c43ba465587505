//! What two sites agreed to, made past the operations that lead there: a partnership with its link, a conversation.

use alongside::domain::approach::{
    Approach, ApproachKind, ApproachState, EXPIRES_AFTER, ProposedTopics,
};
use alongside::domain::dates::PartialDate;
use alongside::domain::error::{Error, Result};
use alongside::domain::ids::OdsCode;
use alongside::domain::link::{Link, LinkKind, LinkStanding};
use alongside::domain::partnership::{EndReason, GivenTopic, Partnership, PartnershipState};
use alongside::domain::provenance::Provenance;
use alongside::domain::version::Version;
use alongside::storage::{Change, Connection, Touches, approaches, links, partnerships};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::database::{TestDatabase, a_change};
use super::service::{TestService, now};

/// What two sites agreed to. Both are good codes of the bundled data.
#[derive(Clone)]
pub(crate) struct Agreed {
    ends: (OdsCode, OdsCode),
    started_on: NaiveDate,
    planned_end: Option<NaiveDate>,
    goals: Option<String>,
    topics: Vec<GivenTopic>,
    ended: Option<(DateTime<Utc>, OdsCode)>,
}

fn code(text: &str) -> OdsCode {
    OdsCode::new(text).unwrap()
}

/// The id with a number that [`Random::counted`](alongside::random::Random::counted) gives too.
fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// The first of these ids under which nothing is found.
fn free_id<T>(mut find: impl FnMut(&str) -> Result<T>) -> String {
    let is_free = |id: &String| matches!(find(id), Err(Error::Missing { .. }));
    (1..).map(id).find(is_free).unwrap()
}

impl Agreed {
    /// A partnership that lasts since September 2026.
    pub(crate) fn between(a: &str, b: &str) -> Self {
        let (a, b) = (code(a), code(b));
        Self {
            ends: (a.min(b), a.max(b)),
            started_on: "2026-09-01".parse().unwrap(),
            planned_end: "2027-08-31".parse().ok(),
            goals: Some("Electronic prescribing on every ward.".to_owned()),
            topics: vec![GivenTopic {
                giver: b,
                topic: "hepma".parse().unwrap(),
            }],
            ended: None,
        }
    }

    /// From another day on.
    pub(crate) fn since(mut self, day: &str) -> Self {
        self.started_on = day.parse().unwrap();
        self.planned_end = None;
        self
    }

    /// With nothing agreed as to topics.
    pub(crate) fn without_topics(mut self) -> Self {
        self.topics.clear();
        self
    }

    /// With a topic that one of the two gives.
    pub(crate) fn giving(mut self, giver: &str, topic: &str) -> Self {
        self.topics.push(GivenTopic {
            giver: code(giver),
            topic: topic.parse().unwrap(),
        });
        self.topics.sort_unstable();
        self
    }

    /// That a side ended so long before the tests take place.
    pub(crate) fn ended(mut self, by: &str, ago: TimeDelta) -> Self {
        self.ended = Some((now() - ago, code(by)));
        self
    }

    /// Writes it down with the approach that it came of and its link, which is of the database from then on.
    pub(crate) fn add(&self, connection: &mut Connection) -> Result<Partnership> {
        let (a, b) = self.ends;
        let kind = ApproachKind::Partnership;
        let approach = accepted(connection, (a, b), kind, self.answered_at())?;
        let link_id = approach.id.replace("-8000-", "-9000-");
        let partnership = Partnership {
            id: free_id(|id| partnerships::find(connection, id)),
            sequence: 0,
            approach_id: approach.id,
            ends: self.ends,
            state: match self.ended {
                None => PartnershipState::Active,
                Some(_) => PartnershipState::Ended,
            },
            started_on: self.started_on,
            planned_end: self.planned_end,
            goals: self.goals.clone(),
            topics: self.topics.clone(),
            ended_at: self.ended.map(|(at, _)| at),
            ended_by: self.ended.map(|(_, by)| by),
            end_reason: self.ended.map(|_| EndReason::Other),
            link_id: Some(link_id.clone()),
            reminded_at: None,
            version: Version(1),
        };
        let partnership = partnerships::add(connection, partnership)?;
        links::add(connection, link_id, self.link())?;
        Ok(partnership)
    }

    fn answered_at(&self) -> DateTime<Utc> {
        self.started_on.and_hms_opt(9, 0, 0).unwrap().and_utc()
    }

    fn link(&self) -> Link {
        let day = |date| PartialDate::day(date);
        let ended = self.ended.and_then(|(at, _)| day(at.date_naive()));
        let mut link = Link::published(
            self.ends,
            LinkKind::Partnership,
            day(self.started_on),
            ended,
            Provenance::own_word(day(self.started_on)),
        )
        .unwrap();
        link.standing = LinkStanding::Confirmed;
        link
    }

    /// Writes it down in a database, and returns it.
    pub(crate) fn store(&self, database: &TestDatabase) -> Partnership {
        let write = |connection: &mut Connection| self.add(connection);
        let change = a_change();
        let partnership = database.open().write_blocking(&change, write).unwrap().0;
        mark(database, &partnership);
        partnership
    }

    /// Writes it down for a service, which sees it at once, and returns its id.
    pub(crate) async fn open(&self, service: &TestService) -> String {
        let partnership = self.store(&service.database);
        service.alongside.refresh().await.unwrap();
        partnership.id
    }
}

/// Says of a link what it came of.
fn mark(database: &TestDatabase, partnership: &Partnership) {
    database.execute(&format!(
        "UPDATE links SET agreement = '{}' WHERE id = '{}'",
        partnership.id,
        partnership.link_id.as_deref().unwrap()
    ));
}

/// An approach that the second of the two accepted.
fn accepted(
    connection: &mut Connection,
    (from, to): (OdsCode, OdsCode),
    kind: ApproachKind,
    at: DateTime<Utc>,
) -> Result<Approach> {
    let approach = Approach {
        id: free_id(|id| approaches::find(connection, id)),
        sequence: 0,
        from,
        to,
        kind,
        state: ApproachState::Accepted,
        message: None,
        topics: ProposedTopics::default(),
        proposed_start: None,
        proposed_end: None,
        renews: None,
        programme: None,
        sent_at: at - TimeDelta::days(1),
        expires_at: at - TimeDelta::days(1) + EXPIRES_AFTER,
        answered_at: Some(at),
        reason: None,
        reminded_at: None,
        seen: None,
        version: Version(2),
    };
    approaches::add(connection, approach)
}

/// Writes down a conversation that the second of the two agreed to so long before the tests take place; returns its approach's id.
pub(crate) async fn conversation(
    service: &TestService,
    (from, to): (&str, &str),
    ago: TimeDelta,
) -> String {
    let ends = (code(from), code(to));
    let change = Change {
        touches: Touches::Nothing,
        ..a_change()
    };
    let write = move |connection: &mut Connection| {
        let kind = ApproachKind::Conversation;
        accepted(connection, ends, kind, now() - ago)
    };
    let (approach, _) = service.alongside.write(change, write).await.unwrap();
    approach.id
}
