//! The facts that the rows of a file say, stated one after the other in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::app::import::{Progress, Tally};
use crate::app::vendors;
use crate::domain::core_system::CoreSystem;
use crate::domain::error::Result;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::import::{LinkWord, MembershipWord, Placed, Remark, Said};
use crate::domain::link::{Link, LinkStanding, Membership, Network, NetworkKind};
use crate::domain::organisation::Succession;
use crate::domain::profile::{AttributeFact, TopicInterest};
use crate::domain::provenance::{Provenance, Voice};
use crate::domain::version::{Expected, ProfilePart};
use crate::storage::attributes::AttributeKey;
use crate::storage::audit::{self, Entry};
use crate::storage::facts::Stated;
use crate::storage::import_organisations;
use crate::storage::{
    Connection, attributes, core_systems, import_successions, links, networks, topics, versions,
};

/// What rows are stated with: in which transaction, for whom and when, and what came of those before.
pub(super) struct Stating<'a> {
    connection: &'a mut Connection,
    /// The organisations that are recorded, and whether each is open.
    known: HashMap<OdsCode, bool>,
    /// The site whose file it is; `None` for a programme admin's.
    site: Option<OdsCode>,
    at: DateTime<Utc>,
    tally: &'a mut Tally,
    progress: &'a Progress,
    /// Whose part of a profile changed since the last was raised.
    touched: BTreeSet<OdsCode>,
}

impl<'a> Stating<'a> {
    /// Begins with what is recorded.
    pub(super) fn new(
        connection: &'a mut Connection,
        site: Option<OdsCode>,
        at: DateTime<Utc>,
        tally: &'a mut Tally,
        progress: &'a Progress,
    ) -> Result<Self> {
        Ok(Self {
            known: import_organisations::known(connection)?,
            connection,
            site,
            at,
            tally,
            progress,
            touched: BTreeSet::new(),
        })
    }

    /// States every row of a table of facts.
    pub(super) fn all(mut self, said: &Said) -> Result<()> {
        self.systems(&said.systems)?;
        self.raise(ProfilePart::CoreSystems)?;
        self.attributes(&said.attributes)?;
        self.raise(ProfilePart::Attributes)?;
        self.topics(&said.topics)?;
        self.raise(ProfilePart::Topics)?;
        self.links(&said.links)?;
        self.memberships(&said.memberships)?;
        self.raise(ProfilePart::Networks)?;
        self.successions(&said.successions)
    }

    /// States the successions of an ODS answer whose both sides are recorded; of others nothing can be.
    pub(super) fn successions_among_known(mut self, said: &Said) -> Result<()> {
        let mut rows = said.successions.clone();
        rows.retain(|placed| {
            self.known.contains_key(&placed.value.predecessor)
                && self.known.contains_key(&placed.value.successor)
        });
        self.successions(&rows)
    }

    /// Raises the version of a part of each profile that was touched.
    fn raise(&mut self, part: ProfilePart) -> Result<()> {
        for code in std::mem::take(&mut self.touched) {
            versions::raise(self.connection, code, part, &Expected::Any)?;
        }
        Ok(())
    }

    fn is_known(&mut self, code: OdsCode, row: u64, column: &str) -> bool {
        let is_known = self.known.contains_key(&code);
        if !is_known {
            self.tally.remarks.refuse(
                row,
                Some(column),
                format!("no organisation {code} is recorded"),
            );
        }
        is_known
    }

    /// Whether facts may be stated of an organisation: it is recorded and open.
    fn is_open(&mut self, code: OdsCode, row: u64) -> bool {
        if !self.is_known(code, row, "ods_code") {
            return false;
        }
        let is_open = self.known.get(&code).copied().unwrap_or_default();
        if !is_open {
            self.tally.remarks.refuse(
                row,
                Some("ods_code"),
                format!("{code} is closed; say it of its successor"),
            );
        }
        is_open
    }

    fn systems(&mut self, rows: &[Placed<CoreSystem>]) -> Result<()> {
        let vendors = vendors()?;
        let mut modules: BTreeMap<_, Vec<&Placed<CoreSystem>>> = BTreeMap::new();
        for placed in rows {
            self.progress.add(2);
            if self.is_open(placed.value.ods_code, placed.row) {
                let key = (placed.value.ods_code, placed.value.module);
                modules.entry(key).or_default().push(placed);
            }
        }
        for ((code, module), placed) in modules {
            // What a file says of a module is all that it says of it, as when a site says it.
            let systems: Vec<CoreSystem> = placed
                .iter()
                .map(|placed| {
                    let mut system = placed.value.clone();
                    if let Some(name) = &system.vendor {
                        let read = vendors.read(name);
                        system.product = system.product.or(read.product);
                        system.vendor = read.vendor;
                    }
                    system
                })
                .collect();
            let before = core_systems::shown(self.connection, code, module)?;
            let stated = core_systems::state(
                self.connection,
                code,
                module,
                &systems,
                Voice::Import,
                self.at,
            )?;
            if is_stored(stated) {
                self.touched.insert(code);
                core_systems::note(self.connection, code, module, before)?;
            }
            for one in placed {
                self.tally.count(stated, one.row, "module");
            }
        }
        Ok(())
    }

    fn attributes(&mut self, rows: &[Placed<AttributeFact>]) -> Result<()> {
        for Placed { row, value } in rows {
            self.progress.add(2);
            if !self.is_known(value.ods_code, *row, "ods_code") {
                continue;
            }
            let key = AttributeKey::of(value.value);
            let before = attributes::shown(self.connection, value.ods_code, key)?;
            let stated = attributes::state(self.connection, value, self.at)?;
            if is_stored(stated) {
                self.touched.insert(value.ods_code);
                attributes::note(self.connection, value.ods_code, key, before)?;
            }
            self.tally.count(stated, *row, "attribute");
        }
        Ok(())
    }

    fn topics(&mut self, rows: &[Placed<TopicInterest>]) -> Result<()> {
        for Placed { row, value } in rows {
            self.progress.add(2);
            if !self.is_open(value.ods_code, *row) {
                continue;
            }
            if topics::find(self.connection, &value.topic)?.is_none() {
                self.tally.remarks.refuse(
                    *row,
                    Some("topic"),
                    format!("there is no topic {}", value.topic),
                );
                continue;
            }
            let before = topics::on(self.connection, value.ods_code, &value.topic)?;
            let stated = topics::state(self.connection, value, self.at)?;
            if is_stored(stated) {
                self.touched.insert(value.ods_code);
                let entry = Entry {
                    kind: topics::KIND,
                    id: value.topic.to_string(),
                    ods_code: Some(value.ods_code),
                    before: before.as_ref().map(topics::json_of),
                    after: Some(topics::json_of(value)),
                };
                audit::note(self.connection, entry);
            }
            self.tally.count(stated, *row, "topic");
        }
        Ok(())
    }

    fn links(&mut self, rows: &[Placed<LinkWord>]) -> Result<()> {
        for Placed { row, value } in rows {
            self.progress.add(2);
            let ends = value.link.ends();
            let a = value.first;
            let b = if ends.0 == a { ends.1 } else { ends.0 };
            if !self.is_known(a, *row, "a_ods") || !self.is_known(b, *row, "b_ods") {
                continue;
            }
            let mut link = value.link.clone();
            // What one side says counts in full once the other agrees.
            if let Some(site) = self.site {
                link.standing = LinkStanding::Declared;
                link.declared_by = Some(site);
            }
            let id = link_id(&link);
            let declared_by = link.declared_by;
            let came = links::state(self.connection, id, link, self.at)?;
            if is_stored(came.stated) {
                let entry = Entry {
                    kind: links::KIND,
                    id: came.after.id.clone(),
                    ods_code: Some(self.site.unwrap_or(a)),
                    before: came.before.as_ref().map(links::audited),
                    after: Some(links::audited(&came.after)),
                };
                audit::note(self.connection, entry);
            }
            if came.stated == Stated::Kept && came.after.link.declared_by != declared_by {
                const WORDS: &str = "another's word, which stays; confirm or dispute it";
                self.tally
                    .remarks
                    .push(Remark::kept(*row, Some("kind"), WORDS));
            } else {
                self.tally.count(came.stated, *row, "kind");
            }
        }
        Ok(())
    }

    fn memberships(&mut self, rows: &[Placed<MembershipWord>]) -> Result<()> {
        let mut present: HashMap<_, _> = networks::slugs(self.connection)?
            .into_iter()
            .map(|(slug, kind, _)| (slug, kind))
            .collect();
        for Placed { row, value } in rows {
            self.progress.add(2);
            if !self.is_known(value.ods_code, *row, "ods_code") {
                continue;
            }
            let Some(slug) = self.network(&mut present, value, *row)? else {
                continue;
            };
            let held = networks::of(self.connection, value.ods_code)?
                .into_iter()
                .map(|(_, held)| held)
                .find(|held| held.network == slug);
            let membership = Membership {
                network: slug.clone(),
                ods_code: value.ods_code,
                joined: value
                    .joined
                    .or_else(|| held.as_ref().and_then(|held| held.joined)),
                departed: value.departed,
                provenance: imported(&value.source),
            };
            // Whoever says so: a member is a member.
            let stated = match &held {
                Some(held)
                    if (held.joined, held.departed) == (membership.joined, membership.departed) =>
                {
                    Stated::Unchanged
                }
                Some(_) | None => networks::state(self.connection, &membership, self.at)?,
            };
            if is_stored(stated) {
                self.touched.insert(value.ods_code);
                let entry = Entry {
                    kind: networks::KIND,
                    id: slug.to_string(),
                    ods_code: Some(value.ods_code),
                    before: held.as_ref().map(networks::json_of),
                    after: Some(networks::json_of(&membership)),
                };
                audit::note(self.connection, entry);
            }
            self.tally.count(stated, *row, "group_code");
        }
        Ok(())
    }

    /// The slug of the network that a row names, which is made where it is an admin's file and there is none; `present` are
    /// those there are. `None` where the row is refused.
    fn network(
        &mut self,
        present: &mut HashMap<Slug, NetworkKind>,
        word: &MembershipWord,
        row: u64,
    ) -> Result<Option<Slug>> {
        let given = word
            .code
            .as_ref()
            .filter(|code| present.get(*code) == Some(&word.kind));
        let slug = given.unwrap_or(&word.network).clone();
        let refusal = match present.get(&slug) {
            Some(kind) if *kind == word.kind => return Ok(Some(slug)),
            Some(kind) => (
                "group_kind",
                format!("the network {slug} is recorded as {kind}"),
            ),
            None if self.site.is_some() => (
                "group_code",
                format!("there is no network {slug}; a programme admin makes networks"),
            ),
            None => {
                self.add_network(word)?;
                present.insert(slug.clone(), word.kind);
                return Ok(Some(slug));
            }
        };
        let (column, words) = refusal;
        self.tally.remarks.refuse(row, Some(column), words);
        Ok(None)
    }

    fn add_network(&mut self, word: &MembershipWord) -> Result<()> {
        let network = Network {
            slug: word.network.clone(),
            kind: word.kind,
            name: word.name.clone(),
            ended: word.ended,
            members: Vec::new(),
            departed: Vec::new(),
            provenance: imported(&word.source),
        };
        networks::add(self.connection, &network)?;
        let entry = Entry {
            kind: "networks",
            id: network.slug.to_string(),
            ods_code: None,
            before: None,
            after: Some(serde_json::json!({
                "kind": network.kind.as_str(), "name": network.name,
            })),
        };
        audit::note(self.connection, entry);
        Ok(())
    }

    fn successions(&mut self, rows: &[Placed<Succession>]) -> Result<()> {
        let mut all = import_successions::all(self.connection)?;
        for Placed { row, value } in rows {
            self.progress.add(2);
            let (from, to) = (value.predecessor, value.successor);
            if !self.is_known(from, *row, "predecessor_ods")
                || !self.is_known(to, *row, "successor_ods")
            {
                continue;
            }
            if import_successions::reaches(&all, to, from) {
                self.tally.remarks.refuse(
                    *row,
                    Some("successor_ods"),
                    format!("{from} would come to succeed itself, with what is recorded"),
                );
                continue;
            }
            let stated = import_successions::state(self.connection, all.get(&(from, to)), value)?;
            all.insert((from, to), value.clone());
            self.tally.count(stated, *row, "successor_ods");
        }
        Ok(())
    }
}

/// What is known of a word's origin where a file names its source.
fn imported(source: &str) -> Provenance {
    Provenance {
        source: source.to_owned(),
        as_of: None,
        voice: Voice::Import,
    }
}

const fn is_stored(stated: Stated) -> bool {
    matches!(stated, Stated::Added | Stated::Changed)
}

/// The id of an imported link: a UUID (version 5) of what it says, so that the same file makes the same rows everywhere.
fn link_id(link: &Link) -> String {
    let (a, b) = link.ends();
    let started = link
        .started()
        .map(|date| date.to_string())
        .unwrap_or_default();
    let text = format!(
        "urn:alongside:import:links:{a}:{b}:{}:{started}",
        link.kind()
    );
    Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes()).to_string()
}
