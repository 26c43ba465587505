//! Rows of what joins organisations: links and networks.

use std::collections::HashMap;

use diesel::{Insertable, Queryable};

use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::link::{Link, Network};
use crate::storage::failure::Stored;
use crate::storage::rows::{ContentIds, as_of};
use crate::storage::schema::{links, network_members, networks};

#[derive(Queryable, Insertable)]
#[diesel(table_name = links, treat_none_as_default_value = false)]
pub(in crate::storage) struct LinkRow {
    id: String,
    pub(in crate::storage) sequence: i64,
    a_code: String,
    b_code: String,
    kind: String,
    started: Option<String>,
    ended: Option<String>,
    standing: String,
    note: Option<String>,
    source: String,
    as_of: Option<String>,
}

impl LinkRow {
    pub(in crate::storage) fn new(link: &Link, sequence: i64, ids: &mut ContentIds) -> Self {
        let (a, b) = link.ends();
        let mut row = Self {
            id: String::new(),
            sequence,
            a_code: a.to_string(),
            b_code: b.to_string(),
            kind: link.kind().to_string(),
            started: link.started().map(|date| date.to_string()),
            ended: link.ended().map(|date| date.to_string()),
            standing: link.standing.to_string(),
            note: link.note.clone(),
            source: link.provenance.source.clone(),
            as_of: as_of(&link.provenance),
        };
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        row.id = ids.next(&[
            &row.a_code,
            &row.b_code,
            &row.kind,
            &text(&row.started),
            &text(&row.ended),
            &row.standing,
            &text(&row.note),
            &row.source,
            &text(&row.as_of),
        ]);
        row
    }

    pub(in crate::storage) fn into_domain(self) -> Result<Link> {
        let key = [self.id.as_str()];
        let row = Stored::new("links", &key);
        let ends: (OdsCode, OdsCode) = (row.parse(&self.a_code)?, row.parse(&self.b_code)?);
        let mut link = Link::published(
            ends,
            row.parse(&self.kind)?,
            row.parse_some(self.started.as_deref())?,
            row.parse_some(self.ended.as_deref())?,
            row.provenance(self.source, self.as_of.as_deref())?,
        )
        .map_err(|fault| row.corrupt(fault))?;
        if link.ends() != ends {
            return Err(row.corrupt("its ends are in the wrong order"));
        }
        link.standing = row.parse(&self.standing)?;
        link.note = self.note;
        Ok(link)
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = networks, treat_none_as_default_value = false)]
pub(in crate::storage) struct NetworkRow {
    pub(in crate::storage) slug: String,
    kind: String,
    name: String,
    ended: Option<String>,
    source: String,
    as_of: Option<String>,
}

impl From<&Network> for NetworkRow {
    fn from(network: &Network) -> Self {
        Self {
            slug: network.slug.to_string(),
            kind: network.kind.to_string(),
            name: network.name.clone(),
            ended: network.ended.map(|date| date.to_string()),
            source: network.provenance.source.clone(),
            as_of: as_of(&network.provenance),
        }
    }
}

impl NetworkRow {
    fn into_domain(self, members: Vec<OdsCode>) -> Result<Network> {
        let key = [self.slug.as_str()];
        let row = Stored::new("networks", &key);
        Ok(Network {
            slug: row.parse(&self.slug)?,
            kind: row.parse(&self.kind)?,
            name: self.name,
            ended: row.parse_some(self.ended.as_deref())?,
            members,
            provenance: row.provenance(self.source, self.as_of.as_deref())?,
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = network_members, treat_none_as_default_value = false)]
pub(in crate::storage) struct MemberRow {
    pub(in crate::storage) network: String,
    pub(in crate::storage) ods_code: String,
}

/// Joins networks and their members: networks by slug, members by code.
pub(in crate::storage) fn joined(
    networks: Vec<NetworkRow>,
    members: Vec<MemberRow>,
) -> Result<Vec<Network>> {
    let mut by_network: HashMap<String, Vec<OdsCode>> = HashMap::new();
    for row in members {
        let code =
            Stored::new("network_members", &[&row.network, &row.ods_code]).parse(&row.ods_code)?;
        by_network.entry(row.network).or_default().push(code);
    }
    let mut joined = networks
        .into_iter()
        .map(|row| {
            let mut members = by_network.remove(&row.slug).unwrap_or_default();
            members.sort_unstable();
            row.into_domain(members)
        })
        .collect::<Result<Vec<_>>>()?;
    joined.sort_by(|a, b| a.slug.cmp(&b.slug));
    Ok(joined)
}
