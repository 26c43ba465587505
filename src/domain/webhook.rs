//! Webhooks: addresses that are told of events, and how often each is tried.

use chrono::{DateTime, TimeDelta, Utc};
use zeroize::Zeroizing;

use crate::domain::event::{EventKind, Recipient};
use crate::domain::named_enum;
use crate::domain::version::Version;

/// The most webhooks of one owner.
pub const MAX_WEBHOOKS: usize = 10;

/// The longest description, in characters.
pub const MAX_DESCRIPTION_CHARS: usize = 200;

/// The most secrets of one webhook at once, so that it can be rotated again before the last rotation is over.
pub const MAX_SECRETS: usize = 5;

/// How many random bytes a secret has (Standard Webhooks asks for 24 to 64).
pub const SECRET_BYTES: usize = 32;

/// How long an old secret signs beside the new one unless told otherwise.
pub const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// The longest that it may.
pub const MAX_OVERLAP: TimeDelta = TimeDelta::days(30);

/// How long a webhook may fail without one success before it is disabled.
pub const FAILS_AT_MOST: TimeDelta = TimeDelta::days(5);

/// How long events are kept once everybody was told.
pub const KEPT: TimeDelta = TimeDelta::days(90);

/// How long to wait after each failed attempt, in seconds: 5.9 days in all. After the last one is the end.
const WAITS_S: [i64; 13] = [
    5, 30, 120, 600, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400, 86_400, 86_400, 86_400,
];

/// The first of them, to which a setting for tests scales the others.
pub const FIRST_WAIT_MS: u32 = 5_000;

/// The longest that a receiver may ask us to wait.
const MAX_ASKED_WAIT: TimeDelta = TimeDelta::hours(24);

/// The longest that a webhook that fails is left alone as a whole, in units of the first wait.
const MAX_HOLD_STEPS: u32 = 12;

named_enum!(
    /// Why a webhook is disabled.
    DisabledReason, "a reason" {
        /// Its owner said so.
        Owner = "owner",
        /// The receiver answered 410: it is gone for good.
        Gone = "gone",
        /// It failed for days.
        Failing = "failing",
    }
);

/// An address that is told of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// Whose it is, and whose events it tells.
    pub owner: Recipient,
    /// Where to send to.
    pub url: String,
    /// Of which events; empty is of all.
    pub events: Vec<EventKind>,
    /// What it is for, in the words of its owner.
    pub description: Option<String>,
    /// Why nothing is sent; `None` where it is.
    pub disabled: Option<DisabledReason>,
    /// Since when nothing was delivered though it was tried; `None` where all is well.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// How often its owner changed it.
    pub version: Version,
}

impl Webhook {
    /// Whether it is told of a kind of event.
    #[must_use]
    pub fn takes(&self, kind: EventKind) -> bool {
        self.events.is_empty() || self.events.contains(&kind)
    }
}

/// What is known of a secret without the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRecord {
    /// Its number, from 1; the one with the largest is the newest.
    pub number: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it signs; `None` for the newest.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a webhook signs with: random bytes, written as `whsec_` and base64. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Zeroizing<String>);

impl WebhookSecret {
    /// What every secret begins with (Standard Webhooks).
    pub const PREFIX: &'static str = "whsec_";

    /// Takes random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; SECRET_BYTES]) -> Self {
        let text = data_encoding::BASE64.encode(&bytes);
        Self(Zeroizing::new(format!("{}{text}", Self::PREFIX)))
    }

    /// A secret that was kept.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret as its owner is shown it, once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The bytes of the key; `None` where it is not a secret.
    #[must_use]
    pub fn key(&self) -> Option<Zeroizing<Vec<u8>>> {
        let text = self.0.strip_prefix(Self::PREFIX)?;
        let bytes = data_encoding::BASE64.decode(text.as_bytes()).ok()?;
        Some(Zeroizing::new(bytes))
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

named_enum!(
    /// What became of a delivery.
    DeliveryState, "a state of a delivery" {
        /// It waits for its next attempt.
        Pending = "pending",
        /// The receiver took it.
        Delivered = "delivered",
        /// It was tried to the end.
        Failed = "failed",
    }
);

named_enum!(
    /// Why an attempt did not deliver.
    AttemptError, "an error" {
        /// The receiver answered, but not with a status of 200 to 299.
        Status = "status",
        /// It answered with a redirect, which is not followed.
        Redirect = "redirect",
        /// It did not answer in time.
        Timeout = "timeout",
        /// Its name is not known.
        Name = "name",
        /// Its address is not one to send to.
        Address = "address",
        /// Nobody listens there, or the connection broke.
        Connection = "connection",
        /// The connection is not protected as it has to be.
        Tls = "tls",
        /// What it answered is not HTTP, or not SMTP.
        Protocol = "protocol",
        /// There is nobody to write to any longer.
        NoRecipient = "no_recipient",
        /// We failed ourselves.
        Internal = "internal",
    }
);

/// One event on its way to one webhook, or to one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// The event's id.
    pub event_id: String,
    /// What happened.
    pub kind: EventKind,
    /// What has become of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it is tried next; `None` where it is not.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it was tried last.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// The status that was answered last, where one was.
    pub status: Option<u16>,
    /// Why the last attempt did not deliver.
    pub error: Option<AttemptError>,
}

/// What came of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Why it did not deliver; `None` where it did.
    pub error: Option<AttemptError>,
    /// The status, where one was answered.
    pub status: Option<u16>,
    /// How long the receiver asks us to wait, where it does.
    pub retry_after: Option<TimeDelta>,
}

/// The status of a receiver that is gone for good.
const GONE: u16 = 410;

impl Attempt {
    /// Whether the receiver asks never to be told again.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.status == Some(GONE)
    }
}

/// How long to wait between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait, in milliseconds, to which the others are scaled.
    pub first_ms: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first_ms: FIRST_WAIT_MS,
        }
    }
}

impl Backoff {
    fn scaled(self, wait: TimeDelta) -> TimeDelta {
        let milliseconds = wait.num_milliseconds() * i64::from(self.first_ms);
        TimeDelta::milliseconds(milliseconds / i64::from(FIRST_WAIT_MS))
    }

    /// How long to wait after the attempt of a number, from 1; `None` after the last. `chance` is anything from 0 to 255, which
    /// spreads the waits from three quarters to five quarters, so that what failed together is not tried together.
    #[must_use]
    pub fn wait(self, attempts: u32, asked: Option<TimeDelta>, chance: u8) -> Option<TimeDelta> {
        let at = usize::try_from(attempts.saturating_sub(1)).ok()?;
        let wait = self.scaled(TimeDelta::seconds(*WAITS_S.get(at)?));
        let spread = wait * (384 + i32::from(chance)) / 512;
        let asked = asked.map(|asked| asked.clamp(TimeDelta::zero(), MAX_ASKED_WAIT));
        Some(spread.max(asked.unwrap_or_default()))
    }

    /// How long a webhook is left alone as a whole after so many failures in a row, so that thousands of events are not all
    /// tried against a receiver that is away.
    #[must_use]
    pub fn hold(self, failures: u32, asked: Option<TimeDelta>) -> TimeDelta {
        let steps = 1_i32 << failures.saturating_sub(1).min(MAX_HOLD_STEPS.ilog2() + 1);
        let steps = steps.min(i32::try_from(MAX_HOLD_STEPS).unwrap_or(i32::MAX));
        let hold = self.scaled(TimeDelta::milliseconds(FIRST_WAIT_MS.into())) / 5 * steps;
        let asked = asked.map(|asked| asked.clamp(TimeDelta::zero(), MAX_ASKED_WAIT));
        hold.max(asked.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_for_days_and_then_end() {
        let backoff = Backoff::default();
        let wait = |attempts| backoff.wait(attempts, None, 128);
        assert_eq!(wait(1), Some(TimeDelta::seconds(5)));
        assert_eq!(wait(2), Some(TimeDelta::seconds(30)));
        assert_eq!(wait(14), None);
        let total: TimeDelta = (1..14).filter_map(wait).sum();
        assert!(
            total > FAILS_AT_MOST && total < TimeDelta::days(6),
            "{total}"
        );
        let spread = |chance| backoff.wait(1, None, chance).unwrap().num_milliseconds();
        assert_eq!((spread(0), spread(255)), (3_750, 6_240));
    }

    #[test]
    fn what_a_receiver_asks_for_is_honoured_for_a_day_at_most() {
        let backoff = Backoff::default();
        let asked = |seconds| backoff.wait(1, Some(TimeDelta::seconds(seconds)), 128);
        assert_eq!(asked(1), Some(TimeDelta::seconds(5)));
        assert_eq!(asked(100), Some(TimeDelta::seconds(100)));
        assert_eq!(asked(1_000_000), Some(TimeDelta::days(1)));
        assert_eq!(asked(-5), Some(TimeDelta::seconds(5)));
    }

    #[test]
    fn a_webhook_that_fails_is_left_alone_for_longer_and_longer() {
        let hold = |failures| Backoff::default().hold(failures, None).num_seconds();
        assert_eq!([1, 2, 3, 4, 5, 50].map(hold), [1, 2, 4, 8, 12, 12]);
        let fast = Backoff { first_ms: 50 };
        assert_eq!(fast.hold(1, None), TimeDelta::milliseconds(10));
        assert_eq!(fast.wait(1, None, 128), Some(TimeDelta::milliseconds(50)));
    }

    #[test]
    fn a_secret_is_read_again_and_not_shown_by_chance() {
        let secret = WebhookSecret::from_random([7; SECRET_BYTES]);
        assert!(secret.reveal().starts_with("whsec_"));
        assert_eq!(secret.key().unwrap().as_slice(), [7; SECRET_BYTES]);
        assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
        assert_eq!(WebhookSecret::stored("x".into()).key(), None);
    }
}
