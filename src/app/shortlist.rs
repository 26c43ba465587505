//! A shortlist with what its site has to know of each candidate today.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Alongside;
use crate::domain::capacity::Availability;
use crate::domain::choice::ChoiceAct;
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::shortlist::{Entry, Shortlist};
use crate::domain::suggestion::NamedOrganisation;
use crate::domain::version::{Expected, Version};
use crate::storage::{self, Change};

/// An entry with who the candidate is.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownEntry {
    /// The entry.
    pub entry: Entry,
    /// The candidate's name.
    pub name: String,
    /// What of it there is today.
    pub today: CandidateToday,
}

/// What of a candidate there is today.
#[derive(Clone, Debug, PartialEq)]
pub enum CandidateToday {
    /// It is active, and can be approached or not; `None` while what is in memory is behind the database.
    Active(Option<Availability>),
    /// It is closed: who carries its history.
    Closed(Vec<NamedOrganisation>),
}

/// A shortlist with who its candidates are.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownShortlist {
    /// In the site's order.
    pub entries: Vec<KnownEntry>,
    /// How often the list was changed.
    pub version: Version,
}

/// Shows a site's shortlist on a day.
///
/// # Errors
///
/// Those of [`storage::shortlist::of`].
pub async fn show(alongside: &Alongside, code: OdsCode, day: NaiveDate) -> Result<KnownShortlist> {
    let read = alongside
        .storage()
        .read(move |connection| storage::shortlist::of(connection, code));
    known(alongside, read.await?, day).await
}

/// Changes a site's shortlist and shows what it is then.
///
/// # Errors
///
/// Those of [`storage::shortlist::change`] and of the work.
pub async fn change(
    alongside: &Alongside,
    change: Change,
    (code, expected): (OdsCode, Expected),
    work: impl FnOnce(&mut Shortlist) -> Result<()> + Send + 'static,
) -> Result<KnownShortlist> {
    let day = change.at.date_naive();
    let changed = alongside.write_outcome(change, move |connection| {
        storage::shortlist::change(connection, code, &expected, work)
    });
    known(alongside, changed.await?, day).await
}

/// Puts a candidate on a site's shortlist, or its entry elsewhere, and shows what the list is then. With a candidate that is new
/// to it, the choice is kept.
///
/// # Errors
///
/// Those of [`Shortlist::put`] and of [`storage::shortlist::change`];
/// [`Error::OrganisationNotFound`](crate::domain::error::Error) where there is no such candidate.
pub async fn put(
    alongside: &Alongside,
    change: Change,
    (code, expected): (OdsCode, Expected),
    (entry, position): (Entry, Option<usize>),
) -> Result<KnownShortlist> {
    let (candidate, at) = (entry.candidate, change.at);
    let pair = (code, candidate);
    let choice = alongside.choice(ChoiceAct::Shortlisted, pair, at).await?;
    let changed = alongside.write_outcome(change, move |connection| {
        storage::organisations::require(connection, candidate)?;
        let mut is_new = false;
        let changed = storage::shortlist::change(connection, code, &expected, |list| {
            is_new = list.entry(candidate).is_none();
            list.put(entry, position)
        })?;
        if let Some(choice) = choice.filter(|_| is_new) {
            storage::choices::add(connection, &choice)?;
        }
        Ok(changed)
    });
    known(alongside, changed.await?, at.date_naive()).await
}

/// Adds to a shortlist who its candidates are on a day.
async fn known(
    alongside: &Alongside,
    shortlist: Shortlist,
    day: NaiveDate,
) -> Result<KnownShortlist> {
    let snapshot = alongside.snapshot();
    let successors = |code| {
        snapshot
            .closed(code)
            .map(|closed| closed.successors.clone())
    };
    let order = shortlist.order();
    let codes: Vec<OdsCode> = order
        .iter()
        .flat_map(|&code| successors(code).unwrap_or_default())
        .chain(order.iter().copied())
        .collect();
    let names = alongside
        .storage()
        .read(move |connection| storage::names::of(connection, codes))
        .await?;
    let entries = shortlist.entries.into_iter().map(|entry| {
        let code = entry.candidate;
        KnownEntry {
            name: named(&names, code).name,
            today: match successors(code) {
                None => CandidateToday::Active(snapshot.availability(code, day)),
                Some(codes) => CandidateToday::Closed(
                    codes.into_iter().map(|code| named(&names, code)).collect(),
                ),
            },
            entry,
        }
    });
    Ok(KnownShortlist {
        entries: entries.collect(),
        version: shortlist.version,
    })
}

fn named(names: &BTreeMap<OdsCode, String>, ods_code: OdsCode) -> NamedOrganisation {
    NamedOrganisation {
        ods_code,
        name: names.get(&ods_code).cloned().unwrap_or_default(),
    }
}
