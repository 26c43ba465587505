//! The worker that tells webhooks and contacts of events: makes deliveries of new events, takes those that are due in hand, sends
//! them outside of any transaction, and writes down what came of them.
//!
//! Many replicas may run one each. A delivery is in the hands of one of them until a time, so that one that is killed loses it to
//! another, or to itself when it starts again: each event is told at least once.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;

use crate::app::Alongside;
use crate::app::cloud_event::{DEFAULT_SOURCE, cloud_event};
use crate::app::mail::{Letter, MailError, MailSettings, Mailer};
use crate::app::sending::{Message, Network, Sender};
use crate::domain::destination::Destinations;
use crate::domain::error::Result;
use crate::domain::event::{Event, Recipient};
use crate::domain::ids::OdsCode;
use crate::domain::webhook::{Attempt, AttemptError, Backoff, Webhook};
use crate::random::Random;
use crate::storage::deliveries::{self, Done, Slots, To, Until, Work};
use crate::storage::webhooks::host_of;
use crate::storage::{Change, Connection, Outcome, Touches, names};

/// How often the worker looks for something to do.
pub const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long it waits for others to be done once one is, so that they are written down together.
const GATHER_FOR: Duration = Duration::from_millis(25);

/// How long a delivery is in the hands of who took it: twice what it may take, the look-up of the name included.
const IN_HAND: TimeDelta = TimeDelta::seconds(45);

/// How long a letter is: a mail server may take its time for each of a dozen steps.
const LETTER_IN_HAND: TimeDelta = TimeDelta::minutes(5);

/// The most deliveries in hand at once.
const MAX_IN_HAND: usize = 64;

/// The most of them to one host.
const MAX_PER_HOST: usize = 16;

/// The most of them to the webhooks of one owner, so that nobody's slow receivers hold everybody's up.
const MAX_PER_OWNER: usize = 8;

/// The most messages to the mail server at once.
const MAX_MAILS: usize = 4;

/// How often events of long ago are looked for.
const FORGET_EVERY: TimeDelta = TimeDelta::hours(1);

/// The most events that are forgotten in one transaction.
const MAX_FORGOTTEN: i64 = 1_000;

/// Who changes what in the audit, which hears of the worker only where it disables a webhook.
const ACTOR: &str = "alongside";

/// How events are told.
#[derive(Clone, Debug)]
pub struct DeliverySettings {
    /// Where webhooks may be.
    pub destinations: Destinations,
    /// How long to wait between attempts.
    pub backoff: Backoff,
    /// How mail is sent; `None` where none is.
    pub mail: Option<MailSettings>,
    /// Where people find the service; `None` where nobody said.
    pub public_url: Option<String>,
}

impl DeliverySettings {
    /// To the public internet alone, and no mail.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            destinations: Destinations::default(),
            backoff: Backoff::default(),
            mail: None,
            public_url: None,
        }
    }
}

/// The worker of one replica.
pub struct Worker {
    alongside: Arc<Alongside>,
    sender: Arc<Sender>,
    mailer: Option<Arc<Mailer>>,
    backoff: Backoff,
    source: String,
    random: Random,
    in_hand: JoinSet<(Place, Done)>,
    per_host: HashMap<String, usize>,
    per_owner: HashMap<Recipient, usize>,
    last_served: String,
    done: Vec<Done>,
    forgot_at: Option<DateTime<Utc>>,
}

/// The place of mail among hosts: no host has a space in its name.
const MAIL: &str = "mail server";

/// What a delivery in hand takes a place of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    host: String,
    /// Whose webhook it is; `None` for mail.
    owner: Option<Recipient>,
}

/// Gives a place back.
fn lower<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(n) = counts.get_mut(key) {
        *n = n.saturating_sub(1);
        if *n == 0 {
            counts.remove(key);
        }
    }
}

impl Worker {
    /// Prepares to tell.
    ///
    /// # Errors
    ///
    /// [`MailError`] where the settings of mail are none to send with.
    pub fn new(
        alongside: Arc<Alongside>,
        settings: DeliverySettings,
        network: Network,
        random: Random,
    ) -> std::result::Result<Self, MailError> {
        let DeliverySettings {
            destinations,
            backoff,
            mail,
            public_url,
        } = settings;
        let mailer = mail.as_ref().map(Mailer::new).transpose()?;
        Ok(Self {
            alongside,
            sender: Arc::new(Sender::new(destinations, network)),
            mailer: mailer.map(Arc::new),
            backoff,
            source: public_url.unwrap_or_else(|| DEFAULT_SOURCE.to_owned()),
            random,
            in_hand: JoinSet::new(),
            per_host: HashMap::new(),
            per_owner: HashMap::new(),
            last_served: String::new(),
            done: Vec::new(),
            forgot_at: None,
        })
    }

    /// Waits until something is done, or until it is time to look again.
    pub async fn pause(&mut self) {
        if self.in_hand.is_empty() {
            tokio::time::sleep(LOOK_EVERY).await;
            return;
        }
        let first = tokio::time::timeout(LOOK_EVERY, self.in_hand.join_next()).await;
        if let Ok(Some(finished)) = first {
            self.keep(finished);
            tokio::time::sleep(GATHER_FOR).await;
        }
        while let Some(finished) = self.in_hand.try_join_next() {
            self.keep(finished);
        }
    }

    /// Waits until everything in hand is done.
    pub async fn settle(&mut self) {
        while let Some(finished) = self.in_hand.join_next().await {
            self.keep(finished);
        }
    }

    fn keep(&mut self, finished: std::result::Result<(Place, Done), tokio::task::JoinError>) {
        let (place, done) = match finished {
            Ok(finished) => finished,
            Err(panic) => {
                // Only where the runtime ends: a panic is an attempt that failed.
                log::error!("telling an event failed: {panic}");
                return;
            }
        };
        lower(&mut self.per_host, &place.host);
        if let Some(owner) = &place.owner {
            lower(&mut self.per_owner, owner);
        }
        self.done.push(done);
    }

    /// Writes down what is done, makes deliveries of new events, and takes in hand what is due. Returns whether anything was done or
    /// taken in hand.
    ///
    /// # Errors
    ///
    /// Those of the database; nothing is lost then, and the next turn goes on.
    pub async fn turn(&mut self, now: DateTime<Utc>) -> Result<bool> {
        let began = Instant::now();
        let can_mail = self.mailer.is_some();
        let look = move |connection: &mut Connection| deliveries::look(connection, now, can_mail);
        let found = self.alongside.storage().read(look).await?;
        self.alongside.told().there_is(found.last_event);
        if !found.is_work && self.done.is_empty() {
            self.forget(now).await?;
            return Ok(false);
        }
        let (done, backoff) = (self.done.clone(), self.backoff);
        let mut per_host = self.per_host.clone();
        let mut per_owner = self.per_owner.clone();
        let last_served = self.last_served.clone();
        let mut n_free = MAX_IN_HAND.saturating_sub(self.in_hand.len());
        let change = change("deliver_events", now);
        let work = move |connection: &mut Connection| {
            deliveries::record(connection, now, &done, backoff)?;
            let n_new = deliveries::fan_out(connection, now, can_mail)?;
            let mails = per_host.get(MAIL).copied().unwrap_or_default();
            let n_mails = if can_mail {
                MAX_MAILS.saturating_sub(mails)
            } else {
                0
            };
            let mut of_webhook = |hook: &Webhook| {
                let used = per_host.entry(host_of(&hook.url)).or_default();
                let its = per_owner.entry(hook.owner).or_default();
                let n = MAX_PER_HOST
                    .saturating_sub(*used)
                    .min(MAX_PER_OWNER.saturating_sub(*its))
                    .min(n_free);
                *used += n;
                *its += n;
                n_free -= n;
                n
            };
            let slots = Slots {
                of_webhook: &mut of_webhook,
                after: &last_served,
                mails: n_mails,
            };
            // From when they are taken: the turn to write may have been long in coming.
            let taken_at = now + TimeDelta::from_std(began.elapsed()).unwrap_or_default();
            let until = Until {
                webhooks: taken_at + IN_HAND,
                mails: taken_at + LETTER_IN_HAND,
            };
            let taken = deliveries::claim(connection, now, until, slots)?;
            let is_changed = !(done.is_empty() && taken.is_empty() && n_new == 0);
            Ok(if is_changed {
                Outcome::Changed(taken)
            } else {
                Outcome::Unchanged(taken)
            })
        };
        let taken = self.alongside.write_outcome(change, work).await?;
        let is_busy = !taken.is_empty() || !self.done.is_empty();
        self.done.clear();
        let webhooks = taken.iter().rev().find_map(|work| match &work.to {
            To::Webhook { id, .. } => Some(id.clone()),
            To::Mail(_) | To::Nobody => None,
        });
        if let Some(last) = webhooks {
            self.last_served = last;
        }
        self.send_all(taken, now).await?;
        Ok(is_busy)
    }

    /// Sends each on a blocking thread.
    async fn send_all(&mut self, taken: Vec<Work>, now: DateTime<Utc>) -> Result<()> {
        let names = self.names(&taken).await?;
        for work in taken {
            let place = match &work.to {
                To::Webhook { url, .. } => Place {
                    host: host_of(url),
                    owner: Some(work.event.event.recipient),
                },
                To::Mail(_) | To::Nobody => Place {
                    host: MAIL.to_owned(),
                    owner: None,
                },
            };
            let chance = self.random.bytes::<1>()?[0];
            *self.per_host.entry(place.host.clone()).or_default() += 1;
            if let Some(owner) = place.owner {
                *self.per_owner.entry(owner).or_default() += 1;
            }
            let (sender, mailer) = (Arc::clone(&self.sender), self.mailer.clone());
            let body = cloud_event(&work.event, &self.source).to_string();
            let letter = match (&mailer, &work.to) {
                (Some(mailer), To::Mail(_)) => letter(mailer, &work.event, &names),
                _ => None,
            };
            self.in_hand.spawn_blocking(move || {
                let send = || match (&work.to, mailer, letter) {
                    (To::Webhook { url, secrets, .. }, ..) => {
                        let message = Message {
                            id: &work.event.id,
                            at: now,
                            body: body.as_bytes(),
                            secrets,
                        };
                        sender.send(url, &message)
                    }
                    (To::Mail(address), Some(mailer), Some(letter)) => {
                        mailer.attempt(address, &letter)
                    }
                    (To::Mail(_) | To::Nobody, ..) => nobody(),
                };
                let attempt = attempted(send);
                let webhook = match work.to {
                    To::Webhook { id, .. } => Some(id),
                    To::Mail(_) | To::Nobody => None,
                };
                tell(&place.host, webhook.as_deref(), &work.event, &attempt);
                let id = work.id;
                let done = Done {
                    id,
                    webhook,
                    attempt,
                    chance,
                };
                (place, done)
            });
        }
        Ok(())
    }

    /// The names of the organisations that letters speak of.
    async fn names(&self, taken: &[Work]) -> Result<Names> {
        let codes: Vec<OdsCode> = taken
            .iter()
            .filter(|work| matches!(work.to, To::Mail(_)))
            .flat_map(|work| spoken_of(&work.event))
            .collect();
        if codes.is_empty() {
            return Ok(Names::new());
        }
        let read = move |connection: &mut Connection| names::of(connection, codes);
        self.alongside.storage().read(read).await
    }

    /// Forgets events of long ago, now and then.
    async fn forget(&mut self, now: DateTime<Utc>) -> Result<()> {
        let is_recent = self.forgot_at.is_some_and(|at| now - at < FORGET_EVERY);
        if is_recent {
            return Ok(());
        }
        let look = move |connection: &mut Connection| deliveries::has_forgettable(connection, now);
        if !self.alongside.storage().read(look).await? {
            self.forgot_at = Some(now);
            return Ok(());
        }
        let change = change("forget_events", now);
        let forget = move |connection: &mut Connection| {
            deliveries::forget(connection, now, MAX_FORGOTTEN).map(Outcome::Changed)
        };
        self.alongside.write_outcome(change, forget).await.map(drop)
    }
}

type Names = BTreeMap<OdsCode, String>;

/// The organisations that an event speaks of: whose it is first, then those whose codes its data holds.
fn spoken_of(event: &Event) -> Vec<OdsCode> {
    let mut codes = Vec::new();
    if let Recipient::Site(code) = event.event.recipient {
        codes.push(code);
    }
    let data = event.event.data.as_object().into_iter().flatten();
    for text in data.filter_map(|(_, value)| value.as_str()) {
        // Anything that has the form of a code may be one; who has no name is none.
        if let Ok(code) = OdsCode::new(text)
            && code.as_str() == text
            && !codes.contains(&code)
        {
            codes.push(code);
        }
    }
    codes
}

fn letter(mailer: &Mailer, event: &Event, names: &Names) -> Option<Letter> {
    let mut named = spoken_of(event)
        .into_iter()
        .filter_map(|code| Some((code, names.get(&code)?.as_str())));
    let site = named.next()?;
    Some(mailer.letter(event, site, named.next()))
}

/// What came of an attempt; a panic is one that failed, so that its place comes back and it is tried again later.
fn attempted(send: impl FnOnce() -> Attempt) -> Attempt {
    catch_unwind(AssertUnwindSafe(send)).unwrap_or_else(|_| {
        log::error!("telling an event ended in a panic");
        Attempt {
            error: Some(AttemptError::Internal),
            status: None,
            retry_after: None,
        }
    })
}

fn nobody() -> Attempt {
    Attempt {
        error: Some(AttemptError::NoRecipient),
        status: None,
        retry_after: None,
    }
}

/// One line in the log: ids and the host, never an address, and nothing of a person.
fn tell(host: &str, webhook: Option<&str>, event: &Event, attempt: &Attempt) {
    let (webhook, event_id) = (webhook.unwrap_or_default(), event.id.as_str());
    let status = attempt.status.unwrap_or_default();
    match attempt.error {
        None => log::debug!(host, webhook, event_id, status; "an event was told"),
        Some(error) => log::info!(
            host, webhook, event_id, status, error = error.as_str();
            "an event could not be told"
        ),
    }
}

fn change(action: &'static str, at: DateTime<Utc>) -> Change {
    Change {
        actor: ACTOR.to_owned(),
        action,
        detail: String::new(),
        at,
        request_id: String::new(),
        touches: Touches::Bookkeeping,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_attempt_that_failed() {
        let attempt = attempted(|| std::panic::resume_unwind(Box::new("in a test")));
        assert_eq!(attempt.error, Some(AttemptError::Internal));
    }

    #[test]
    fn a_place_that_is_given_back_is_free() {
        let mut counts = HashMap::from([("a", 2)]);
        lower(&mut counts, &"a");
        assert_eq!(counts.get("a"), Some(&1));
        lower(&mut counts, &"a");
        lower(&mut counts, &"a");
        assert!(counts.is_empty());
    }
}
