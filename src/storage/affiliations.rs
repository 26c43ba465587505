//! What joins organisations to others and to networks, by the organisation of which it is said.
//!
//! Links that one side denies are left out: they count for nothing.

use std::collections::HashMap;

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::affiliation::{Affiliation, AffiliationId, Membership};
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::link::{Link, LinkStanding, Network};
use crate::domain::organisation::Succession;
use crate::domain::provenance::Provenance;
use crate::storage::connection::Connection;
use crate::storage::export::codes_from;
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::organisation::SuccessionRow;
use crate::storage::rows::relation::{LinkRow, MemberRow, NetworkRow, joined};
use crate::storage::schema::{links, network_members, networks, successions};

/// Returns what is said of these organisations, by their code, then by id.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be read.
pub fn of_primaries(connection: &mut Connection, codes: &[OdsCode]) -> Result<Vec<Affiliation>> {
    let codes: Vec<String> = codes.iter().map(OdsCode::to_string).collect();
    let mut found = linked(links_from(connection, &codes)?);
    let memberships = memberships_of(connection, &codes)?;
    found.extend(memberships.into_iter().map(Affiliation::Membership));
    let successions = successions_from(connection, &codes)?;
    found.extend(successions.into_iter().map(Affiliation::Succession));
    Ok(in_order(found))
}

/// Returns what joins other organisations to these, by the code of the other, then by id.
///
/// # Errors
///
/// As [`of_primaries`].
pub fn of_participants(connection: &mut Connection, codes: &[OdsCode]) -> Result<Vec<Affiliation>> {
    let codes: Vec<String> = codes.iter().map(OdsCode::to_string).collect();
    let rows = links::table
        .filter(links::b_code.eq_any(&codes))
        .select((links::id, links::all_columns))
        .load::<(String, LinkRow)>(&mut connection.database)
        .map_err(failed("reading the links to organisations"))?;
    let mut found = linked(links_in_order(rows)?);
    let rows = successions::table
        .filter(successions::successor.eq_any(&codes))
        .load::<SuccessionRow>(&mut connection.database)
        .map_err(failed("reading what organisations took over"))?;
    let successions = successions_in_order(rows)?;
    found.extend(successions.into_iter().map(Affiliation::Succession));
    Ok(in_order(found))
}

/// Returns up to `limit` of what is said of any organisation, after the one given, in the order of [`of_primaries`].
///
/// # Errors
///
/// As [`of_primaries`].
pub fn page(
    connection: &mut Connection,
    after: Option<&AffiliationId>,
    limit: usize,
) -> Result<Vec<Affiliation>> {
    let mut found = Vec::new();
    let mut last = None;
    let mut codes = match after {
        // More may be said of the one that the last page ended with.
        Some(id) => vec![id.primary()],
        None => codes_from(connection, None)?,
    };
    while !codes.is_empty() && found.len() < limit {
        let of_these = of_primaries(connection, &codes)?;
        let is_later = |one: &Affiliation| after.is_none_or(|after| one.id() > *after);
        found.extend(of_these.into_iter().filter(is_later));
        last = codes.pop().or(last);
        codes = codes_from(connection, last)?;
    }
    found.truncate(limit);
    Ok(found)
}

/// Returns one of them; `None` where there is none of this id.
///
/// # Errors
///
/// As [`of_primaries`].
pub fn find(connection: &mut Connection, id: &AffiliationId) -> Result<Option<Affiliation>> {
    let of_primary = of_primaries(connection, &[id.primary()])?;
    Ok(of_primary.into_iter().find(|one| one.id() == *id))
}

fn linked(links: Vec<(String, Link)>) -> Vec<Affiliation> {
    links
        .into_iter()
        .map(|(id, link)| Affiliation::Link { id, link })
        .collect()
}

fn in_order(mut found: Vec<Affiliation>) -> Vec<Affiliation> {
    found.sort_by_cached_key(Affiliation::id);
    found
}

/// The links whose first end is one of these, with their ids: by ends, then as stored.
pub(super) fn links_from(
    connection: &mut Connection,
    codes: &[String],
) -> Result<Vec<(String, Link)>> {
    let rows = links::table
        .filter(links::a_code.eq_any(codes))
        .select((links::id, links::all_columns))
        .load::<(String, LinkRow)>(&mut connection.database)
        .map_err(failed("reading the links of organisations"))?;
    links_in_order(rows)
}

fn links_in_order(mut rows: Vec<(String, LinkRow)>) -> Result<Vec<(String, Link)>> {
    rows.sort_by_key(|(_, row)| row.sequence);
    let mut found = rows
        .into_iter()
        .map(|(id, row)| Ok((id, row.into_domain()?)))
        .collect::<Result<Vec<_>>>()?;
    found.retain(|(_, link)| link.standing != LinkStanding::Disputed);
    found.sort_by_key(|(_, link)| link.ends());
    Ok(found)
}

/// The memberships of these, past ones too: by code, then by network.
pub(super) fn memberships_of(
    connection: &mut Connection,
    codes: &[String],
) -> Result<Vec<Membership>> {
    let members = network_members::table
        .filter(network_members::ods_code.eq_any(codes))
        .load::<MemberRow>(&mut connection.database)
        .map_err(failed("reading the memberships of organisations"))?;
    let mut slugs: Vec<&str> = members.iter().map(|row| row.network.as_str()).collect();
    slugs.sort_unstable();
    slugs.dedup();
    let rows = networks::table
        .filter(networks::slug.eq_any(slugs))
        .load::<NetworkRow>(&mut connection.database)
        .map_err(failed("reading the networks of organisations"))?;
    let networks: HashMap<String, Network> = joined(rows, Vec::new())?
        .into_iter()
        .map(|network| (network.slug.to_string(), network))
        .collect();
    let mut found = members
        .into_iter()
        .map(|row| membership(row, &networks))
        .collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| (a.ods_code, &a.network).cmp(&(b.ods_code, &b.network)));
    Ok(found)
}

fn membership(row: MemberRow, networks: &HashMap<String, Network>) -> Result<Membership> {
    let key = [row.network.as_str(), row.ods_code.as_str()];
    let stored = Stored::new("network_members", &key);
    let network = networks
        .get(&row.network)
        .ok_or_else(|| stored.corrupt("there is no such network"))?;
    let provenance: Provenance = match row.source {
        Some(source) => stored.provenance(source, row.as_of.as_deref(), &row.origin)?,
        // Who says nothing of its own has its network's source.
        None => network.provenance.clone(),
    };
    Ok(Membership {
        ods_code: stored.parse(&row.ods_code)?,
        network: network.slug.clone(),
        kind: network.kind,
        name: network.name.clone(),
        ended: network.ended,
        joined: stored.parse_some(row.joined.as_deref())?,
        departed: stored.parse_some(row.departed.as_deref())?,
        provenance,
    })
}

/// The successions of which these are predecessors: by predecessor, then successor.
pub(super) fn successions_from(
    connection: &mut Connection,
    codes: &[String],
) -> Result<Vec<Succession>> {
    let rows = successions::table
        .filter(successions::predecessor.eq_any(codes))
        .load::<SuccessionRow>(&mut connection.database)
        .map_err(failed("reading what took organisations over"))?;
    successions_in_order(rows)
}

fn successions_in_order(rows: Vec<SuccessionRow>) -> Result<Vec<Succession>> {
    let mut found = rows
        .into_iter()
        .map(SuccessionRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    found.sort_by_key(|succession| (succession.predecessor, succession.successor));
    Ok(found)
}
