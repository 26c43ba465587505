//! Links, networks, topics, blueprints and contacts, on both databases.

use alongside::domain::blueprint::{Blueprint, WebAddress};
use alongside::domain::contact::{Contact, EmailAddress, Person};
use alongside::domain::error::Error;
use alongside::domain::ids::Slug;
use alongside::domain::link::{Link, LinkKind, LinkStanding, Membership};
use alongside::domain::profile::{TopicInterest, TopicStage};
use alongside::domain::provenance::{Provenance, Voice};
use alongside::domain::version::{Expected, Version};
use alongside::storage::facts::Stated;
use alongside::storage::links::Answer;
use alongside::storage::{
    Connection, Outcome, Storage, blueprints, contacts, expertise, links, networks, register,
    topics,
};
use chrono::{DateTime, Utc};

use super::{ods, open_filled};
use crate::support::database::{a_change, on_every_database};

const ID: &str = "00000000-0000-4000-8000-000000000001";

fn at() -> DateTime<Utc> {
    a_change().at
}

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

fn word(voice: Voice) -> Provenance {
    Provenance {
        source: format!("the word of {voice}"),
        as_of: "2026-11-22".parse().ok(),
        voice,
    }
}

fn write<T>(
    storage: &Storage,
    work: impl FnOnce(&mut Connection) -> alongside::domain::error::Result<T>,
) -> T {
    storage
        .write_blocking(&a_change(), work)
        .expect("a change")
        .0
}

fn a_link(voice: Voice) -> Link {
    let ends = (ods("RTH"), ods("RHW"));
    let started = "2025-03".parse().ok();
    Link::published(ends, LinkKind::Secondment, started, None, word(voice)).expect("a link")
}

#[test]
fn a_link_is_kept_with_what_came_of_it() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let mut link = a_link(Voice::Site);
        link.standing = LinkStanding::Declared;
        link.declared_by = Some(ods("RTH"));
        link.evidence = Some("minutes".to_owned());
        let made = write(&storage, |c| links::add(c, ID.to_owned(), link));
        assert_eq!(made.version, Version(1));
        let dispute = Answer::Dispute(Some("no".to_owned()));
        let Outcome::Changed((before, after)) = write(&storage, |c| {
            links::answer(c, (ods("RHW"), ID), dispute, &Expected::Any, at())
        }) else {
            panic!("nothing changed");
        };
        assert_eq!(before, made);
        let kept = storage
            .read_blocking(|c| links::find(c, ods("RTH"), ID))
            .expect("the link");
        assert_eq!(kept, after);
        assert_eq!(
            (kept.link.standing, kept.disputed_by, kept.version),
            (LinkStanding::Disputed, Some(ods("RHW")), Version(2))
        );
        let scored = storage.read_blocking(register::load).expect("a register");
        assert!(scored.links.contains(&kept.link));
        let stale = storage.write_blocking(&a_change(), |c| {
            links::withdraw(
                c,
                (ods("RTH"), ID),
                &Expected::OneOf(vec![Version(1)]),
                at(),
            )
        });
        assert!(matches!(stale, Err(Error::Stale)));
    });
}

#[test]
fn an_import_neither_doubles_a_link_nor_unsays_what_its_sides_said() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let state = |link: Link, id: &str| {
            let id = id.to_owned();
            write(&storage, |c| links::state(c, id, link, at())).stated
        };
        assert_eq!(state(a_link(Voice::Import), ID), Stated::Added);
        let other = "00000000-0000-4000-8000-000000000002";
        assert_eq!(state(a_link(Voice::Import), other), Stated::Unchanged);
        write(&storage, |c| {
            links::answer(
                c,
                (ods("RHW"), ID),
                Answer::Dispute(None),
                &Expected::Any,
                at(),
            )
        });
        let mut noted = a_link(Voice::Import);
        noted.note = Some("a remark".to_owned());
        assert_eq!(state(noted, other), Stated::Changed);
        let kept = storage
            .read_blocking(|c| links::find(c, ods("RTH"), ID))
            .expect("the link");
        assert_eq!(
            (kept.link.standing, kept.link.note.as_deref()),
            (LinkStanding::Disputed, Some("a remark"))
        );
        assert_eq!(state(a_link(Voice::Bundled), other), Stated::Kept);
    });
}

#[test]
fn who_left_a_network_is_no_member_in_scoring() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let alliance = slug("cancer-alliance-n89");
        let on = "2026-11-22".parse().expect("a date");
        write(&storage, |c| {
            networks::leave(c, (ods("RTH"), &alliance), on, word(Voice::Site), at())
        });
        let loaded = storage.read_blocking(register::load).expect("a register");
        let network = loaded
            .networks
            .iter()
            .find(|network| network.slug == alliance)
            .expect("the network");
        assert!(!network.members.contains(&ods("RTH")));
        assert_eq!(network.departed, [(ods("RTH"), on)]);
        // An import that names it still does not unsay that.
        let said = Membership {
            network: alliance.clone(),
            ods_code: ods("RTH"),
            joined: None,
            departed: None,
            provenance: word(Voice::Import),
        };
        let stated = write(&storage, |c| networks::state(c, &said, at()));
        assert_eq!(stated, Stated::Kept);
        let (joined, ..) = write(&storage, |c| {
            networks::join(c, (ods("RTH"), &alliance), None, word(Voice::Site), at())
        });
        assert_eq!(joined, Stated::Changed);
    });
}

fn interest(stage: TopicStage, voice: Voice) -> TopicInterest {
    TopicInterest {
        ods_code: ods("RTH"),
        topic: slug("hepma"),
        need: None,
        stage: Some(stage),
        live_since: None,
        provenance: word(voice),
    }
}

#[test]
fn a_sites_word_on_a_topic_holds_until_it_is_withdrawn() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let state = |said: &TopicInterest| write(&storage, |c| topics::state(c, said, at()));
        let held = || {
            storage
                .read_blocking(|c| topics::on(c, ods("RTH"), &slug("hepma")))
                .expect("read")
        };
        let bundled = interest(TopicStage::Implementing, Voice::Bundled);
        let site = interest(TopicStage::Live, Voice::Site);
        let import = interest(TopicStage::Offered, Voice::Import);
        assert_eq!(state(&bundled), Stated::Added);
        assert_eq!(state(&site), Stated::Changed);
        assert_eq!(state(&site), Stated::Unchanged);
        assert_eq!(state(&import), Stated::Kept);
        assert_eq!(held(), Some(site));
        // The strongest of the others comes back.
        let topic = slug("hepma");
        write(&storage, |c| {
            topics::withdraw(c, (ods("RTH"), &topic), at())
        });
        assert_eq!(held(), Some(import));
        let not_its_own = storage.write_blocking(&a_change(), |c| {
            topics::withdraw(c, (ods("RTH"), &topic), at())
        });
        assert!(matches!(not_its_own, Err(Error::Missing { .. })));
    });
}

#[test]
fn a_blueprint_raises_what_scoring_reads_and_its_withdrawal_lowers_it() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let stages = || {
            let loaded = storage.read_blocking(register::load).expect("a register");
            let all = loaded.topic_interests.into_iter();
            all.map(|interest| interest.stage).collect::<Vec<_>>()
        };
        write(&storage, |c| {
            topics::state(c, &interest(TopicStage::Offered, Voice::Site), at())
        });
        let blueprint = Blueprint {
            id: ID.to_owned(),
            ods_code: ods("RTH"),
            topic: slug("hepma"),
            title: "How it was done".to_owned(),
            url: WebAddress::new("https://example.nhs.uk/").expect("an address"),
            contact_role: None,
            published: None,
            provenance: word(Voice::Site),
            version: Version(1),
        };
        write(&storage, |c| blueprints::add(c, &blueprint));
        assert_eq!(stages(), [Some(TopicStage::Blueprint)]);
        let found = storage
            .read_blocking(|c| blueprints::find(c, ods("RTH"), ID))
            .expect("the blueprint");
        assert_eq!(found, blueprint);
        write(&storage, |c| {
            blueprints::remove(c, (ods("RTH"), ID), &Expected::Any, at())
        });
        assert_eq!(stages(), [Some(TopicStage::Offered)]);
    });
}

#[test]
fn a_contact_is_read_as_it_was_written_and_not_from_another_row() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let contact = |id: &str, name: &str| Contact {
            id: id.to_owned(),
            ods_code: ods("RTH"),
            role: "Chief nurse".to_owned(),
            person: Person {
                name: name.to_owned(),
                email: EmailAddress::new("a@example.nhs.uk").expect("an address"),
                phone: None,
            },
            created_at: DateTime::<Utc>::from_timestamp(1_795_305_600, 0).expect("a time"),
            version: Version(1),
        };
        let other = "00000000-0000-4000-8000-000000000002";
        let (one, two) = (contact(ID, "Ünïcode Öne"), contact(other, "Two"));
        write(&storage, |c| {
            contacts::add(c, &one).and_then(|()| contacts::add(c, &two))
        });
        let found = storage.read_blocking(|c| contacts::of(c, ods("RTH")));
        assert_eq!(found.expect("the contacts"), [one, two]);
        // What was encrypted for one row is nothing in another.
        database.execute(&format!(
            "UPDATE contacts SET sealed = (SELECT sealed FROM contacts WHERE id = '{other}') WHERE id = '{ID}'"
        ));
        let moved = storage.read_blocking(|c| contacts::find(c, ods("RTH"), ID));
        let Err(Error::Internal(_, cause)) = moved else {
            panic!("it was read");
        };
        assert!(!cause.to_string().contains("Two"));
    });
}

#[test]
fn who_keeps_its_expertise_and_evidence_to_itself_is_left_out() {
    on_every_database(|database| {
        let storage = open_filled(database);
        write(&storage, |c| {
            topics::state(c, &interest(TopicStage::Live, Voice::Site), at())
        });
        let holders = |asker: Option<&str>| {
            let asker = asker.map(ods);
            let found = storage
                .read_blocking(|c| expertise::holders(c, &slug("hepma"), None, asker))
                .expect("who can show it");
            found.1.len()
        };
        let hiding = || {
            storage
                .read_blocking(|c| links::evidence_is_hidden(c, [ods("RTH"), ods("RHW")]))
                .expect("who hides evidence")
                .len()
        };
        assert_eq!((holders(None), hiding()), (1, 0));
        database.execute(
            "INSERT INTO visibility (ods_code, shows_expertise, shows_evidence) VALUES ('RTH', FALSE, FALSE)",
        );
        assert_eq!((holders(None), holders(Some("RHW"))), (0, 0));
        assert_eq!((holders(Some("RTH")), hiding()), (1, 1));
        database.execute("UPDATE organisations SET status = 'closed' WHERE ods_code = 'RTH'");
        assert_eq!(holders(Some("RTH")), 0);
    });
}
