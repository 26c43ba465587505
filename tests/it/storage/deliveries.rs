//! Deliveries, on every database: made once, in one hand at a time, tried again, forgotten when they are old.

use alongside::domain::contact::{Contact, EmailAddress, Person};
use alongside::domain::event::{EventKind, NewEvent, Recipient};
use alongside::domain::version::{Expected, Version};
use alongside::domain::webhook::{Attempt, AttemptError, Backoff, Webhook, WebhookSecret};
use alongside::storage::deliveries::{self, Done, Slots, To, Until, Work};
use alongside::storage::{
    Change, Connection, Outcome, Storage, Touches, contacts, events, revision, webhooks,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{ods, open_filled};
use crate::support::database::{a_change, on_every_database};

const HOOK: &str = "00000000-0000-4000-8000-00000000000a";
const CONTACT: &str = "00000000-0000-4000-8000-00000000000c";

fn at() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

fn rth() -> Recipient {
    Recipient::Site(ods("RTH"))
}

fn write<T>(
    storage: &Storage,
    work: impl FnOnce(&mut Connection) -> alongside::domain::error::Result<T>,
) -> T {
    storage.write_blocking(&a_change(), work).unwrap().0
}

fn hook() -> Webhook {
    Webhook {
        id: HOOK.to_owned(),
        owner: rth(),
        url: "https://hooks.example.nhs.uk/x".to_owned(),
        events: vec![EventKind::ApproachReceived],
        description: None,
        disabled: None,
        failing_since: None,
        created_at: at(),
        version: Version(1),
    }
}

fn happened(storage: &Storage, kind: EventKind, at: DateTime<Utc>) {
    let event = NewEvent {
        kind,
        recipient: rth(),
        subject: "/api/v1/approaches/1".to_owned(),
        data: json!({}),
        at,
    };
    write(storage, |connection| events::emit(connection, &event));
}

fn claim(storage: &Storage, now: DateTime<Utc>) -> Vec<Work> {
    write(storage, |connection| {
        let mut of_webhook = |_: &Webhook| 10;
        let slots = Slots {
            of_webhook: &mut of_webhook,
            after: "",
            mails: 10,
        };
        let until = Until {
            webhooks: now + TimeDelta::seconds(45),
            mails: now + TimeDelta::minutes(5),
        };
        deliveries::claim(connection, now, until, slots)
    })
}

fn done(work: &Work, error: Option<AttemptError>) -> Done {
    Done {
        id: work.id.clone(),
        webhook: Some(HOOK.to_owned()),
        attempt: Attempt {
            error,
            status: None,
            retry_after: None,
        },
        chance: 128,
    }
}

fn record(storage: &Storage, now: DateTime<Utc>, done: Done) {
    write(storage, |connection| {
        deliveries::record(connection, now, &[done], Backoff::default())
    });
}

fn fan_out(storage: &Storage, can_mail: bool) -> usize {
    write(storage, |connection| {
        deliveries::fan_out(connection, at(), can_mail)
    })
}

fn with_a_hook(storage: &Storage) {
    let secret = WebhookSecret::from_random([9; 32]);
    write(storage, |connection| {
        webhooks::add(connection, &hook(), &secret)
    });
}

#[test]
fn a_delivery_is_made_once_and_in_one_hand_at_a_time() {
    on_every_database(|database| {
        let storage = open_filled(database);
        // From before the webhook was made, whatever its clock says.
        let later = at() + TimeDelta::seconds(1);
        happened(&storage, EventKind::ApproachReceived, later);
        with_a_hook(&storage);
        // Of a request that began before, or of a replica whose clock is behind.
        let earlier = at() - TimeDelta::seconds(1);
        happened(&storage, EventKind::ApproachReceived, earlier);
        happened(&storage, EventKind::ApproachExpired, at());
        assert_eq!((fan_out(&storage, false), fan_out(&storage, false)), (3, 0));
        let [work] = &claim(&storage, at())[..] else {
            panic!("not one delivery");
        };
        assert!(matches!(&work.to, To::Webhook { secrets, .. } if secrets.len() == 1));
        assert_eq!(work.event.event.kind, EventKind::ApproachReceived);
        assert_eq!(work.event.event.at, earlier);
        // Another replica, as long as it is in hand; and then one that takes over.
        assert!(claim(&storage, at() + TimeDelta::seconds(44)).is_empty());
        let late = at() + TimeDelta::seconds(46);
        assert_eq!(claim(&storage, late).len(), 1);
        record(&storage, late, done(work, None));
        // The first one comes back late: what was delivered stays so.
        record(&storage, late, done(work, Some(AttemptError::Timeout)));
        assert!(claim(&storage, late + TimeDelta::days(1)).is_empty());
        let look = |connection: &mut Connection| deliveries::look(connection, late, true);
        let found = storage.read_blocking(look).unwrap();
        assert!(!found.is_work && found.last_event == 3, "{found:?}");
    });
}

#[test]
fn a_delivery_that_fails_is_due_again_until_it_was_tried_to_the_end() {
    on_every_database(|database| {
        let storage = open_filled(database);
        with_a_hook(&storage);
        happened(&storage, EventKind::ApproachReceived, at());
        fan_out(&storage, false);
        let (mut now, mut n_tried) = (at(), 0);
        while let [work] = &claim(&storage, now)[..] {
            n_tried += 1;
            record(&storage, now, done(work, Some(AttemptError::Connection)));
            let page = storage
                .read_blocking(|connection| {
                    deliveries::page(connection, (rth(), HOOK), None, None, 10)
                })
                .unwrap();
            assert_eq!(page[0].1.attempts, n_tried);
            match page[0].1.next_attempt_at {
                None => break,
                Some(next) => {
                    assert!(claim(&storage, next - TimeDelta::milliseconds(1)).is_empty());
                    // A webhook that fails is left alone for a while too.
                    now = next.max(now + TimeDelta::seconds(60));
                }
            }
            let hook = |connection: &mut Connection| webhooks::find(connection, rth(), HOOK);
            if storage.read_blocking(hook).unwrap().disabled.is_some() {
                break;
            }
        }
        let found = storage
            .read_blocking(|connection| webhooks::find(connection, rth(), HOOK))
            .unwrap();
        assert_eq!(
            found.disabled.map(|reason| reason.as_str()),
            Some("failing")
        );
        assert!(n_tried >= 12, "{n_tried}");
    });
}

#[test]
fn contacts_are_written_to_of_what_their_site_wants_until_they_are_erased() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let contact = Contact {
            id: CONTACT.to_owned(),
            ods_code: ods("RTH"),
            role: "Chief pharmacist".to_owned(),
            person: Person {
                name: "Role".to_owned(),
                email: EmailAddress::new("role@example.nhs.uk").unwrap(),
                phone: None,
            },
            created_at: at(),
            version: Version(1),
        };
        write(&storage, |connection| contacts::add(connection, &contact));
        happened(&storage, EventKind::ApproachReceived, at());
        happened(&storage, EventKind::PartnershipChanged, at());
        fan_out(&storage, true);
        let [work] = &claim(&storage, at())[..] else {
            panic!("not one letter");
        };
        assert_eq!(work.to, To::Mail(contact.person.email.clone()));
        write(&storage, |connection| {
            contacts::erase(connection, (ods("RTH"), CONTACT), &Expected::Any)
        });
        // A mail server may be slow.
        assert!(claim(&storage, at() + TimeDelta::minutes(4)).is_empty());
        let [work] = &claim(&storage, at() + TimeDelta::minutes(6))[..] else {
            panic!("not one letter");
        };
        assert_eq!(work.to, To::Nobody);
    });
}

#[test]
fn events_of_long_ago_are_forgotten_but_what_waits_and_the_last_number() {
    on_every_database(|database| {
        let storage = open_filled(database);
        with_a_hook(&storage);
        for kind in [
            EventKind::ApproachExpired,
            EventKind::ApproachReceived,
            EventKind::ApproachExpired,
        ] {
            happened(&storage, kind, at());
        }
        let later = at() + TimeDelta::days(91);
        let forget = |now| {
            write(&storage, |connection| {
                deliveries::forget(connection, now, 100)
            })
        };
        // Nobody looked yet to whom they are to be told.
        assert_eq!(forget(later), 0);
        fan_out(&storage, false);
        assert_eq!(forget(at() + TimeDelta::days(89)), 0);
        assert_eq!(forget(later), 1);
        let [work] = &claim(&storage, later)[..] else {
            panic!("not one delivery");
        };
        record(&storage, later, done(work, None));
        assert_eq!((forget(later), forget(later)), (1, 0));
        let last = storage.read_blocking(events::last).unwrap();
        assert_eq!(last, 3);
    });
}

#[test]
fn bookkeeping_is_kept_but_leaves_no_revision_and_no_audit_row_until_a_webhook_is_disabled() {
    on_every_database(|database| {
        let storage = open_filled(database);
        with_a_hook(&storage);
        happened(&storage, EventKind::ApproachReceived, at());
        let left = || {
            let revision = storage.read_blocking(revision::current).unwrap();
            let rows = database.texts("SELECT CAST(count(*) AS TEXT) AS text FROM audit");
            (revision, rows)
        };
        let before = left();
        let change = Change {
            touches: Touches::Bookkeeping,
            ..a_change()
        };
        let (n_new, none) = storage
            .write_outcome_blocking(&change, |connection| {
                deliveries::fan_out(connection, at(), false).map(Outcome::Changed)
            })
            .unwrap();
        assert_eq!((n_new, none, left()), (1, None, before.clone()));
        let [work] = &claim(&storage, at())[..] else {
            panic!("what was written down is not kept");
        };
        let before = left();
        let mut gone = done(work, Some(AttemptError::Status));
        gone.attempt.status = Some(410);
        let (_, some) = storage
            .write_outcome_blocking(&change, |connection| {
                deliveries::record(connection, at(), &[gone], Backoff::default())
                    .map(Outcome::Changed)
            })
            .unwrap();
        assert!(some.is_some() && left() != before, "{some:?}");
        // Nothing is done where a revision is asked for.
        let refused = storage.write_blocking(&change, |_| Ok(()));
        assert!(refused.is_err());
    });
}

#[test]
fn the_webhooks_after_the_one_served_last_come_first() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let ids = ["a", "b", "c"].map(|end| format!("{}{end}", &HOOK[..35]));
        for id in &ids {
            let hook = Webhook {
                id: id.clone(),
                ..hook()
            };
            let secret = WebhookSecret::from_random([9; 32]);
            write(&storage, |connection| {
                webhooks::add(connection, &hook, &secret)
            });
        }
        happened(&storage, EventKind::ApproachReceived, at());
        fan_out(&storage, false);
        let until = Until {
            webhooks: at(),
            mails: at(),
        };
        for (after, order) in [("", [0, 1, 2]), (&ids[0], [1, 2, 0]), (&ids[2], [0, 1, 2])] {
            let mut asked = Vec::new();
            let mut of_webhook = |hook: &Webhook| {
                asked.push(hook.id.clone());
                0
            };
            let slots = Slots {
                of_webhook: &mut of_webhook,
                after,
                mails: 0,
            };
            storage
                .read_blocking(|connection| deliveries::claim(connection, at(), until, slots))
                .unwrap();
            assert_eq!(asked, order.map(|place: usize| ids[place].clone()));
        }
    });
}
