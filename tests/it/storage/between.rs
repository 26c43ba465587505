//! What stands between two sites, made in the shortest way for tests of what becomes of it.

use std::sync::atomic::{AtomicU32, Ordering};

use alongside::app::import::{self, Mode, Order, Progress, Refusals};
use alongside::domain::approach::{
    Approach, ApproachKind, ApproachState, EXPIRES_AFTER, ProposedTopics,
};
use alongside::domain::event::{Event, Recipient};
use alongside::domain::ids::OdsCode;
use alongside::domain::import::{ImportKind, ImportState};
use alongside::domain::partnership::{Partnership, PartnershipState};
use alongside::domain::version::Version;
use alongside::storage::{Change, Connection, Storage, approaches, events, partnerships, revision};
use chrono::{DateTime, Utc};

use super::ods;
use crate::support::database::a_change;

/// A change at a moment.
pub(super) fn change_at(at: DateTime<Utc>) -> Change {
    Change { at, ..a_change() }
}

pub(super) fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// An id that no other call returns.
pub(super) fn an_id() -> String {
    static N_MADE: AtomicU32 = AtomicU32::new(1);
    let n = N_MADE.fetch_add(1, Ordering::Relaxed);
    format!("{n:08x}-0000-4000-8000-000000000000")
}

pub(super) fn write<T>(
    storage: &Storage,
    work: impl FnOnce(&mut Connection) -> alongside::domain::error::Result<T>,
) -> T {
    let written = storage.write_blocking(&a_change(), work);
    written.expect("a change").0
}

pub(super) fn read<T>(
    storage: &Storage,
    work: impl FnOnce(&mut Connection) -> alongside::domain::error::Result<T>,
) -> T {
    storage.read_blocking(work).expect("what is kept")
}

/// An open approach between two codes.
pub(super) fn an_approach((from, to): (OdsCode, OdsCode), sent_at: DateTime<Utc>) -> Approach {
    Approach {
        id: an_id(),
        sequence: 0,
        from,
        to,
        kind: ApproachKind::Conversation,
        state: ApproachState::Sent,
        message: Some("shall we talk".to_owned()),
        topics: ProposedTopics::default(),
        proposed_start: None,
        proposed_end: None,
        renews: None,
        programme: None,
        sent_at,
        expires_at: sent_at + EXPIRES_AFTER,
        answered_at: None,
        reason: None,
        reminded_at: None,
        seen: None,
        version: Version(1),
    }
}

/// Sends an approach.
pub(super) fn send(storage: &Storage, from: &str, to: &str, sent_at: DateTime<Utc>) -> Approach {
    let approach = an_approach((ods(from), ods(to)), sent_at);
    write(storage, |c| approaches::add(c, approach))
}

/// Opens a partnership that comes of an approach.
pub(super) fn partner(storage: &Storage, a: &str, b: &str, at: DateTime<Utc>) -> Partnership {
    let (a, b) = (ods(a), ods(b));
    let approach = Approach {
        kind: ApproachKind::Partnership,
        state: ApproachState::Accepted,
        answered_at: Some(at),
        ..an_approach((a, b), at)
    };
    let partnership = Partnership {
        id: an_id(),
        sequence: 0,
        approach_id: approach.id.clone(),
        ends: (a.min(b), a.max(b)),
        state: PartnershipState::Active,
        started_on: at.date_naive(),
        planned_end: None,
        goals: Some("to learn".to_owned()),
        topics: Vec::new(),
        ended_at: None,
        ended_by: None,
        end_reason: None,
        link_id: None,
        reminded_at: None,
        version: Version(1),
    };
    write(storage, |c| {
        approaches::add(c, approach)?;
        partnerships::add(c, partnership)
    })
}

pub(super) fn approach(storage: &Storage, id: &str) -> Approach {
    read(storage, |c| approaches::find(c, id))
}

pub(super) fn partnership(storage: &Storage, id: &str) -> Partnership {
    read(storage, |c| partnerships::find(c, id))
}

pub(super) fn revision_of(storage: &Storage) -> u64 {
    read(storage, revision::current).0
}

/// What a site was told, or the admins where no code is given.
pub(super) fn told(storage: &Storage, site: Option<&str>) -> Vec<Event> {
    let recipient = site.map_or(Recipient::Admins, |code| Recipient::Site(ods(code)));
    read(storage, |c| events::after(c, recipient, 0, i64::MAX))
}

/// The kinds of what a site was told, in order.
pub(super) fn kinds_told(storage: &Storage, site: Option<&str>) -> Vec<&'static str> {
    let told = told(storage, site);
    told.iter().map(|event| event.event.kind.as_str()).collect()
}

/// Imports a file at a moment, every row of it.
pub(super) fn import_at(storage: &Storage, kind: ImportKind, text: &str, at: DateTime<Utc>) {
    let order = Order {
        kind,
        site: None,
        mode: Mode::Store,
        refusals: Refusals::RefuseAll,
    };
    let (change, progress) = (change_at(at), Progress::default());
    let report = import::run(
        storage,
        &order,
        text.as_bytes(),
        &change,
        &progress,
        |_, _| Ok(()),
    )
    .expect("an import");
    assert_eq!(report.state, ImportState::Done, "{:?}", report.remarks);
}

/// Says by files that one follows another and that it closed.
pub(super) fn merge_by_files(storage: &Storage, from: &str, into: &str, at: DateTime<Utc>) {
    let succession = format!(
        "predecessor_ods,successor_ods,date,kind\n{from},{into},2026-11-01,merger_or_succession\n"
    );
    import_at(storage, ImportKind::Successions, &succession, at);
    close_by_file(storage, from, at);
}

/// Says by a file that an organisation closed.
pub(super) fn close_by_file(storage: &Storage, code: &str, at: DateTime<Utc>) {
    let closed = format!("ods_code,status\n{code},closed\n");
    import_at(storage, ImportKind::Organisations, &closed, at);
}
