//! Rows of what joins organisations: links and networks.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{Insertable, Queryable};

use crate::domain::dates::PartialDate;
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::link::{Link, LinkRecord, Membership, Network};
use crate::domain::provenance::Provenance;
use crate::domain::version::Version;
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
    origin: String,
    declared_by: Option<String>,
    evidence: Option<String>,
    answered_at: Option<NaiveDateTime>,
    version: i64,
    disputed_by: Option<String>,
    dispute_reason: Option<String>,
    agreement: Option<String>,
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
            origin: link.provenance.voice.to_string(),
            declared_by: link.declared_by.map(|code| code.to_string()),
            evidence: link.evidence.clone(),
            answered_at: None,
            version: 1,
            disputed_by: None,
            dispute_reason: None,
            agreement: None,
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

    /// A link with its id and what came of it since it was declared.
    pub(in crate::storage) fn of_record(record: &LinkRecord) -> Result<Self> {
        let key = [record.id.as_str()];
        let version = i64::try_from(record.version.0)
            .map_err(|fault| Stored::new("links", &key).corrupt(fault))?;
        let row = Self::new(&record.link, record.sequence, &mut ContentIds::of("links"));
        let time = |at: DateTime<Utc>| at.naive_utc().trunc_subsecs(6);
        Ok(Self {
            id: record.id.clone(),
            answered_at: record.answered_at.map(time),
            version,
            disputed_by: record.disputed_by.map(|code| code.to_string()),
            dispute_reason: record.dispute_reason.clone(),
            agreement: record.agreement.clone(),
            ..row
        })
    }

    pub(in crate::storage) fn into_record(self) -> Result<LinkRecord> {
        let id = self.id.clone();
        let key = [id.as_str()];
        let row = Stored::new("links", &key);
        Ok(LinkRecord {
            id: id.clone(),
            sequence: self.sequence,
            answered_at: self.answered_at.map(|at| at.and_utc()),
            disputed_by: row.parse_some(self.disputed_by.as_deref())?,
            dispute_reason: self.dispute_reason.clone(),
            agreement: self.agreement.clone(),
            version: u64::try_from(self.version)
                .map(Version)
                .map_err(|fault| row.corrupt(fault))?,
            link: self.into_domain()?,
        })
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
            row.provenance(self.source, self.as_of.as_deref(), &self.origin)?,
        )
        .map_err(|fault| row.corrupt(fault))?;
        if link.ends() != ends {
            return Err(row.corrupt("its ends are in the wrong order"));
        }
        link.standing = row.parse(&self.standing)?;
        link.note = self.note;
        link.declared_by = row.parse_some(self.declared_by.as_deref())?;
        link.evidence = self.evidence;
        Ok(link)
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = networks, treat_none_as_default_value = false)]
pub(in crate::storage) struct NetworkRow {
    pub(in crate::storage) slug: String,
    pub(in crate::storage) kind: String,
    pub(in crate::storage) name: String,
    ended: Option<String>,
    source: String,
    as_of: Option<String>,
    origin: String,
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
            origin: network.provenance.voice.to_string(),
        }
    }
}

impl NetworkRow {
    fn into_domain(
        self,
        members: Vec<OdsCode>,
        departed: Vec<(OdsCode, PartialDate)>,
    ) -> Result<Network> {
        let key = [self.slug.as_str()];
        let row = Stored::new("networks", &key);
        Ok(Network {
            slug: row.parse(&self.slug)?,
            kind: row.parse(&self.kind)?,
            name: self.name,
            ended: row.parse_some(self.ended.as_deref())?,
            members,
            departed,
            provenance: row.provenance(self.source, self.as_of.as_deref(), &self.origin)?,
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = network_members, treat_none_as_default_value = false)]
pub(in crate::storage) struct MemberRow {
    pub(in crate::storage) network: String,
    pub(in crate::storage) ods_code: String,
    pub(in crate::storage) joined: Option<String>,
    pub(in crate::storage) departed: Option<String>,
    pub(in crate::storage) origin: String,
    pub(in crate::storage) source: Option<String>,
    pub(in crate::storage) as_of: Option<String>,
}

impl MemberRow {
    /// A member of a network whose members are its source's word.
    pub(in crate::storage) fn of(network: &Network, code: OdsCode) -> Self {
        Self {
            network: network.slug.to_string(),
            ods_code: code.to_string(),
            joined: None,
            departed: None,
            origin: network.provenance.voice.to_string(),
            source: None,
            as_of: None,
        }
    }
}

impl MemberRow {
    pub(in crate::storage) fn new(membership: &Membership) -> Self {
        Self {
            network: membership.network.to_string(),
            ods_code: membership.ods_code.to_string(),
            joined: membership.joined.map(|date| date.to_string()),
            departed: membership.departed.map(|date| date.to_string()),
            origin: membership.provenance.voice.to_string(),
            source: Some(membership.provenance.source.clone()),
            as_of: as_of(&membership.provenance),
        }
    }

    /// The membership; one that names no source of its own has that of the network.
    pub(in crate::storage) fn into_domain(self, network: &Network) -> Result<Membership> {
        let key = [self.network.as_str(), self.ods_code.as_str()];
        let row = Stored::new("network_members", &key);
        let provenance = match self.source {
            Some(source) => row.provenance(source, self.as_of.as_deref(), &self.origin)?,
            None => Provenance {
                voice: row.parse(&self.origin)?,
                ..network.provenance.clone()
            },
        };
        Ok(Membership {
            network: row.parse(&self.network)?,
            ods_code: row.parse(&self.ods_code)?,
            joined: row.parse_some(self.joined.as_deref())?,
            departed: row.parse_some(self.departed.as_deref())?,
            provenance,
        })
    }
}

/// Joins networks and their members: networks by slug, members by code.
pub(in crate::storage) fn joined(
    networks: Vec<NetworkRow>,
    members: Vec<MemberRow>,
) -> Result<Vec<Network>> {
    type Members = (Vec<OdsCode>, Vec<(OdsCode, PartialDate)>);
    let mut by_network: HashMap<String, Members> = HashMap::new();
    for row in members {
        let key = [row.network.as_str(), row.ods_code.as_str()];
        let stored = Stored::new("network_members", &key);
        let code = stored.parse(&row.ods_code)?;
        let departed = stored.parse_some(row.departed.as_deref())?;
        let (members, left) = by_network.entry(row.network).or_default();
        match departed {
            None => members.push(code),
            Some(on) => left.push((code, on)),
        }
    }
    let mut joined = networks
        .into_iter()
        .map(|row| {
            let (mut members, mut departed) = by_network.remove(&row.slug).unwrap_or_default();
            members.sort_unstable();
            departed.sort_unstable_by_key(|&(code, _)| code);
            row.into_domain(members, departed)
        })
        .collect::<Result<Vec<_>>>()?;
    joined.sort_by(|a, b| a.slug.cmp(&b.slug));
    Ok(joined)
}
