//! Whole tables, some organisations at a time, so that a hundred thousand never stand in memory together.
//!
//! Everything is in the order of ODS codes, whose order is the service's own, so that the same content comes in the same
//! order from either database.

use std::collections::HashSet;

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::affiliation::Membership;
use crate::domain::core_system::CoreSystem;
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::link::Link;
use crate::domain::organisation::{Organisation, Succession};
use crate::domain::profile::{AttributeFact, TopicInterest};
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::code_order;
use crate::storage::rows::fact::{AttributeRow, CoreSystemRow, TopicInterestRow};
use crate::storage::rows::organisation::OrganisationRow;
use crate::storage::schema::{
    attributes, core_systems, organisation_topics, organisations, visibility,
};
use crate::storage::{affiliations, organisations as listed};

/// How many organisations are read at a time.
const BATCH: i64 = 500;

/// What is done with each row of a table.
type Each<'a, T> = &'a mut dyn FnMut(T) -> Result<()>;

/// The next codes after one, in their order; empty after the last.
pub(super) fn codes_from(
    connection: &mut Connection,
    after: Option<OdsCode>,
) -> Result<Vec<OdsCode>> {
    let codes: Vec<String> = organisations::table
        .filter(organisations::code_order.gt(after.map_or(-1, code_order)))
        .order(organisations::code_order.asc())
        .select(organisations::ods_code)
        .limit(BATCH)
        .load(&mut connection.database)
        .map_err(failed("reading the codes of organisations"))?;
    codes
        .iter()
        .map(|code| Stored::new("organisations", &[code]).parse(code))
        .collect()
}

/// Does something with the codes of every organisation, some at a time.
fn in_batches(
    connection: &mut Connection,
    mut work: impl FnMut(&mut Connection, &[String]) -> Result<()>,
) -> Result<()> {
    let mut last = None;
    loop {
        let codes = codes_from(connection, last)?;
        let Some(&highest) = codes.last() else {
            return Ok(());
        };
        let codes: Vec<String> = codes.iter().map(OdsCode::to_string).collect();
        work(connection, &codes)?;
        last = Some(highest);
    }
}

/// Reads every organisation, closed ones too.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read; those of `each`.
pub fn organisations(connection: &mut Connection, each: Each<'_, Organisation>) -> Result<()> {
    in_batches(connection, |connection, codes| {
        let rows = organisations::table
            .filter(organisations::ods_code.eq_any(codes))
            .load::<OrganisationRow>(&mut connection.database)
            .map_err(failed("reading organisations"))?;
        let mut found = listed::completed(connection, rows)?;
        found.sort_by_key(|organisation| organisation.ods_code);
        found.into_iter().try_for_each(&mut *each)
    })
}

/// Reads every core system, by code, then module, then as stored.
///
/// # Errors
///
/// As [`organisations`].
pub fn core_systems(connection: &mut Connection, each: Each<'_, CoreSystem>) -> Result<()> {
    in_batches(connection, |connection, codes| {
        let mut rows = core_systems::table
            .filter(core_systems::ods_code.eq_any(codes))
            .load::<CoreSystemRow>(&mut connection.database)
            .map_err(failed("reading core systems"))?;
        rows.sort_by_key(|row| row.sequence);
        let mut found = in_domain(rows, CoreSystemRow::into_domain)?;
        found.sort_by_key(|system| (system.ods_code, system.module));
        found.into_iter().try_for_each(&mut *each)
    })
}

/// Reads every attribute but those of the ethos, which are the site's own: by code, then attribute, then setting.
///
/// # Errors
///
/// As [`organisations`].
pub fn attributes(connection: &mut Connection, each: Each<'_, AttributeFact>) -> Result<()> {
    in_batches(connection, |connection, codes| {
        let rows = attributes::table
            .filter(attributes::ods_code.eq_any(codes))
            .load::<AttributeRow>(&mut connection.database)
            .map_err(failed("reading attributes"))?;
        let mut found = in_domain(rows, AttributeRow::into_domain)?;
        found.retain(|fact| !fact.value.attribute().is_ethos());
        found.sort_by_key(|fact| (fact.ods_code, fact.value.attribute(), fact.value.setting()));
        found.into_iter().try_for_each(&mut *each)
    })
}

/// Reads every link that is not disputed, by its ends, then as stored.
///
/// # Errors
///
/// As [`organisations`].
pub fn links(connection: &mut Connection, each: Each<'_, Link>) -> Result<()> {
    in_batches(connection, |connection, codes| {
        let found = affiliations::links_from(connection, codes)?;
        found
            .into_iter()
            .map(|(_, link)| link)
            .try_for_each(&mut *each)
    })
}

/// Reads every membership, past ones too: by code, then network.
///
/// # Errors
///
/// As [`organisations`].
pub fn memberships(connection: &mut Connection, each: Each<'_, Membership>) -> Result<()> {
    in_batches(connection, |connection, codes| {
        let found = affiliations::memberships_of(connection, codes)?;
        found.into_iter().try_for_each(&mut *each)
    })
}

/// Reads every succession, by predecessor, then successor.
///
/// # Errors
///
/// As [`organisations`].
pub fn successions(connection: &mut Connection, each: Each<'_, Succession>) -> Result<()> {
    in_batches(connection, |connection, codes| {
        let found = affiliations::successions_from(connection, codes)?;
        found.into_iter().try_for_each(&mut *each)
    })
}

/// Reads what every organisation seeks and shows, by code, then topic; with it, whether the organisation lets other sites
/// see what it can show.
///
/// # Errors
///
/// As [`organisations`].
pub fn topics(connection: &mut Connection, each: Each<'_, (TopicInterest, bool)>) -> Result<()> {
    in_batches(connection, |connection, codes| {
        let rows = organisation_topics::table
            .filter(organisation_topics::ods_code.eq_any(codes))
            .load::<TopicInterestRow>(&mut connection.database)
            .map_err(failed("reading what organisations seek and show"))?;
        let hidden: Vec<String> = visibility::table
            .filter(visibility::ods_code.eq_any(codes))
            .filter(visibility::shows_expertise.eq(false))
            .select(visibility::ods_code)
            .load(&mut connection.database)
            .map_err(failed("reading what organisations let others see"))?;
        let hidden: HashSet<String> = hidden.into_iter().collect();
        let mut found = in_domain(rows, TopicInterestRow::into_domain)?;
        found.sort_by(|a, b| (a.ods_code, &a.topic).cmp(&(b.ods_code, &b.topic)));
        found.into_iter().try_for_each(|interest| {
            let is_shown = !hidden.contains(interest.ods_code.as_str());
            each((interest, is_shown))
        })
    })
}

fn in_domain<R, D>(rows: Vec<R>, into_domain: impl FnMut(R) -> Result<D>) -> Result<Vec<D>> {
    rows.into_iter().map(into_domain).collect()
}
