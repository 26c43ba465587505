//! Networks, and who is in them since when.
//!
//! Who left stays a member of the past. What a site says of its own membership displaces what a publication says.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::{Value, json};

use crate::domain::dates::PartialDate;
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::link::{Membership, Network, NetworkKind};
use crate::domain::provenance::Provenance;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::facts::{self, Slot, Stated, Word};
use crate::storage::failure::failed;
use crate::storage::rows::relation::{MemberRow, NetworkRow, joined};
use crate::storage::rows::searchable;
use crate::storage::schema::{network_members, networks};

/// The kind of memberships in the history and in the audit.
pub const KIND: &str = "network_members";

/// Which networks to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkQuery {
    /// Only those of this kind.
    pub kind: Option<NetworkKind>,
    /// Only those whose name or slug has this text in it, whatever the case.
    pub text: Option<String>,
}

/// A network with everybody who is or was in it, by code.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkRecord {
    /// The network.
    pub network: Network,
    /// Its members, those who left included.
    pub memberships: Vec<Membership>,
}

/// Returns networks by slug, after the one given, with their members, and whether more follow.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn page(
    connection: &mut Connection,
    query: &NetworkQuery,
    after: Option<&Slug>,
    limit: usize,
) -> Result<(Vec<Network>, bool)> {
    let rows = networks::table
        .load::<NetworkRow>(&mut connection.database)
        .map_err(failed("listing the networks"))?;
    let text = query.text.as_deref().map(searchable);
    let mut rows: Vec<NetworkRow> = rows
        .into_iter()
        .filter(|row| query.kind.is_none_or(|kind| row.kind == kind.as_str()))
        .filter(|row| {
            text.as_ref().is_none_or(|text| {
                searchable(&row.name).contains(text) || row.slug.contains(text.as_str())
            })
        })
        .filter(|row| after.is_none_or(|after| row.slug.as_str() > after.as_str()))
        .collect();
    // By bytes, whatever the collation of the database.
    rows.sort_by(|a, b| a.slug.cmp(&b.slug));
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let slugs: Vec<&str> = rows.iter().map(|row| row.slug.as_str()).collect();
    let members = network_members::table
        .filter(network_members::network.eq_any(slugs))
        .load::<MemberRow>(&mut connection.database)
        .map_err(failed("reading the members of networks"))?;
    Ok((joined(rows, members)?, has_more))
}

/// Returns a network with everybody who is or was in it.
///
/// # Errors
///
/// [`Error::Missing`] where there is none of this slug; those of [`page`].
pub fn find(connection: &mut Connection, slug: &Slug) -> Result<NetworkRecord> {
    let network = head(connection, slug)?;
    let rows = network_members::table
        .filter(network_members::network.eq(slug.as_str()))
        .load::<MemberRow>(&mut connection.database)
        .map_err(failed("reading the members of a network"))?;
    let mut memberships = rows
        .into_iter()
        .map(|row| row.into_domain(&network))
        .collect::<Result<Vec<_>>>()?;
    memberships.sort_by_key(|membership| membership.ods_code);
    Ok(NetworkRecord {
        network,
        memberships,
    })
}

/// A network without its members.
fn head(connection: &mut Connection, slug: &Slug) -> Result<Network> {
    let row = networks::table
        .find(slug.as_str())
        .first::<NetworkRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading a network"))?;
    let network = match row {
        Some(row) => joined(vec![row], Vec::new())?.pop(),
        None => None,
    };
    network.ok_or_else(|| Error::Missing {
        what: "network",
        id: slug.to_string(),
    })
}

/// Returns an organisation's memberships, those that ended included, each with its network, by slug.
///
/// # Errors
///
/// As [`page`].
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<Vec<(Network, Membership)>> {
    let rows = network_members::table
        .filter(network_members::ods_code.eq(code.as_str()))
        .load::<MemberRow>(&mut connection.database)
        .map_err(failed("reading the memberships of an organisation"))?;
    let slugs: Vec<&str> = rows.iter().map(|row| row.network.as_str()).collect();
    let networks = networks::table
        .filter(networks::slug.eq_any(slugs))
        .load::<NetworkRow>(&mut connection.database)
        .map_err(failed("reading the networks of an organisation"))?;
    let mut found = Vec::with_capacity(rows.len());
    let mut rows = rows;
    for network in joined(networks, Vec::new())? {
        let at = rows
            .iter()
            .position(|row| row.network == network.slug.as_str());
        if let Some(at) = at {
            let membership = rows.swap_remove(at).into_domain(&network)?;
            found.push((network, membership));
        }
    }
    Ok(found)
}

/// Returns the slug, the kind and the name of every network, by slug.
///
/// # Errors
///
/// As [`page`].
pub fn slugs(connection: &mut Connection) -> Result<Vec<(Slug, NetworkKind, String)>> {
    let rows = networks::table
        .load::<NetworkRow>(&mut connection.database)
        .map_err(failed("reading the networks"))?;
    let heads = joined(rows, Vec::new())?.into_iter();
    Ok(heads
        .map(|network| (network.slug, network.kind, network.name))
        .collect())
}

/// Adds a network, without members.
///
/// # Errors
///
/// Those of [`page`].
pub fn add(connection: &mut Connection, network: &Network) -> Result<()> {
    let row = NetworkRow::from(network);
    each_backend!(connection, c => diesel::insert_into(networks::table).values(row).execute(c))
        .map_err(failed("adding a network"))?;
    Ok(())
}

/// Says that an organisation is a member of a network, since a date where one is given. Joining again begins a new membership.
///
/// # Errors
///
/// [`Error::Missing`] where there is no such network; [`Error::Conflict`] where it ended; those of [`page`].
pub fn join(
    connection: &mut Connection,
    (code, slug): (OdsCode, &Slug),
    since: Option<PartialDate>,
    provenance: Provenance,
    at: DateTime<Utc>,
) -> Result<(Stated, Option<Membership>, Membership)> {
    let network = head(connection, slug)?;
    let held = held(connection, &network, code)?;
    if let Some(member) = &held
        && member.departed.is_none()
        && (since.is_none() || since == member.joined)
    {
        return Ok((Stated::Unchanged, held.clone(), member.clone()));
    }
    if let Some(ended) = network.ended {
        return Err(Error::Conflict {
            rule: "/problems/network-ended",
            detail: format!("{} ended {ended}; nobody joins it any more.", network.name),
        });
    }
    let said = Membership {
        network: slug.clone(),
        ods_code: code,
        joined: since,
        departed: None,
        provenance,
    };
    let stated = state(connection, &said, at)?;
    Ok((stated, held, said))
}

/// Says that an organisation left a network on a day; it stays in it as a member of the past. Returns what the membership was
/// and what it is.
///
/// # Errors
///
/// [`Error::Missing`] where it is no member or there is no such network; those of [`page`].
pub fn leave(
    connection: &mut Connection,
    (code, slug): (OdsCode, &Slug),
    on: PartialDate,
    provenance: Provenance,
    at: DateTime<Utc>,
) -> Result<(Membership, Membership)> {
    let network = head(connection, slug)?;
    let member = held(connection, &network, code)?.filter(|held| held.departed.is_none());
    let before = member.ok_or_else(|| Error::Missing {
        what: "membership of the network",
        id: slug.to_string(),
    })?;
    let after = Membership {
        departed: Some(on),
        provenance,
        ..before.clone()
    };
    state(connection, &after, at)?;
    Ok((before, after))
}

fn held(
    connection: &mut Connection,
    network: &Network,
    code: OdsCode,
) -> Result<Option<Membership>> {
    network_members::table
        .find((network.slug.as_str(), code.as_str()))
        .first::<MemberRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading a membership"))?
        .map(|row| row.into_domain(network))
        .transpose()
}

/// States a membership. A stronger word stays; then this one stands behind it.
///
/// # Errors
///
/// [`Error::Missing`] where there is no such network; those of [`page`].
pub fn state(connection: &mut Connection, said: &Membership, at: DateTime<Utc>) -> Result<Stated> {
    let network = head(connection, &said.network)?;
    let slot = Slot {
        ods_code: said.ods_code,
        kind: KIND,
        key: said.network.as_str(),
    };
    let before = held(connection, &network, said.ods_code)?;
    let held = before.as_ref().map(word_of);
    let stated = facts::weigh(connection, slot, held.as_ref(), &word_of(said), at)?;
    if matches!(stated, Stated::Unchanged | Stated::Kept) {
        return Ok(stated);
    }
    diesel::delete(network_members::table.find((said.network.as_str(), said.ods_code.as_str())))
        .execute(&mut connection.database)
        .map_err(failed("replacing a membership"))?;
    let row = MemberRow::new(said);
    each_backend!(connection, c => diesel::insert_into(network_members::table).values(row).execute(c))
        .map_err(failed("storing a membership"))?;
    Ok(stated)
}

fn word_of(membership: &Membership) -> Word {
    Word {
        voice: membership.provenance.voice,
        fact: json_of(membership),
    }
}

/// A membership as the history and the audit keep it.
#[must_use]
pub fn json_of(membership: &Membership) -> Value {
    json!({
        "network": membership.network.as_str(),
        "since": membership.joined.map(|date| date.to_string()),
        "until": membership.departed.map(|date| date.to_string()),
        "source": membership.provenance.source,
        "asOf": membership.provenance.as_of.map(|date| date.to_string()),
    })
}
