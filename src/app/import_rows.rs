//! What the rows of a file say, stated one after the other in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::app::import::{Progress, Tally, part};
use crate::app::vendors;
use crate::domain::core_system::CoreSystem;
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::import::{
    BoardWord, ImportKind, OrganisationWord, Placed, Remark, Remarks, Said,
};
use crate::domain::link::{LinkStanding, Membership, Network};
use crate::domain::provenance::{Provenance, Voice};
use crate::domain::version::Expected;
use crate::storage::attributes::AttributeKey;
use crate::storage::audit::{self, Entry};
use crate::storage::facts::Stated;
use crate::storage::import_organisations::{known, known_boards};
use crate::storage::{
    Connection, attributes, core_systems, import_successions, links, networks, topics, versions,
};

/// Refuses the rows that are of another organisation than the site's; whether there is one makes no difference.
pub(super) fn keep_own(said: &mut Said, site: OdsCode) {
    const WORDS: &str = "is not yours: a site's file is of itself alone";
    fn keep<T>(
        rows: &mut Vec<Placed<T>>,
        remarks: &mut Remarks,
        column: &str,
        is_own: impl Fn(&T) -> bool,
    ) {
        rows.retain(|placed| {
            let own = is_own(&placed.value);
            if !own {
                remarks.refuse(placed.row, Some(column), WORDS);
            }
            own
        });
    }
    let remarks = &mut said.remarks;
    keep(&mut said.systems, remarks, "ods_code", |system| {
        system.ods_code == site
    });
    keep(&mut said.attributes, remarks, "ods_code", |fact| {
        fact.ods_code == site
    });
    keep(&mut said.topics, remarks, "ods_code", |topic| {
        topic.ods_code == site
    });
    keep(&mut said.memberships, remarks, "ods_code", |member| {
        member.ods_code == site
    });
    keep(&mut said.links, remarks, "a_ods", |word| {
        let (a, b) = word.link.ends();
        a == site || b == site
    });
    keep(&mut said.organisations, remarks, "ods_code", |_| false);
    keep(&mut said.affiliations, remarks, "organization", |_| false);
    keep(&mut said.successions, remarks, "predecessor_ods", |_| false);
}

/// Puts the boards that affiliations name into what is said of organisations.
pub(super) fn add_affiliations(
    connection: &mut Connection,
    said: &Said,
    words: &mut Vec<Placed<OrganisationWord>>,
    remarks: &mut Remarks,
) -> Result<()> {
    if said.affiliations.is_empty() {
        return Ok(());
    }
    let (known, boards) = (known(connection)?, known_boards(connection)?);
    let mut places: HashMap<OdsCode, usize> = HashMap::new();
    for (at, word) in words.iter().enumerate() {
        places.entry(word.value.ods_code).or_insert(at);
    }
    for placed in &said.affiliations {
        let value = &placed.value;
        let Some(is_region) = boards.get(&value.board).copied() else {
            remarks.refuse(
                placed.row,
                Some("participatingOrganization"),
                format!("{} is no board or region that is recorded", value.board),
            );
            continue;
        };
        let board = Some(BoardWord {
            code: value.board.clone(),
            name: None,
        });
        let word = match places.get(&value.ods_code) {
            Some(&at) => words.get_mut(at),
            None if known.contains_key(&value.ods_code) => {
                places.insert(value.ods_code, words.len());
                words.push(Placed {
                    row: placed.row,
                    value: nothing_said(value.ods_code),
                });
                words.last_mut()
            }
            None => None,
        };
        match word {
            Some(word) if is_region => word.value.region = board,
            Some(word) => word.value.icb = board,
            None => remarks.refuse(
                placed.row,
                Some("organization"),
                format!("no organisation {} is recorded", value.ods_code),
            ),
        }
    }
    Ok(())
}

fn nothing_said(ods_code: OdsCode) -> OrganisationWord {
    OrganisationWord {
        ods_code,
        name: None,
        status: None,
        opened: None,
        care_settings: None,
        position: None,
        icb: None,
        region: None,
        provenance: Provenance {
            source: "FHIR OrganizationAffiliation".to_owned(),
            as_of: None,
            voice: Voice::Import,
        },
    }
}

/// States the successions of an ODS answer whose both sides are recorded; of others nothing can be.
pub(super) fn successions_among_known(
    connection: &mut Connection,
    said: &Said,
    tally: &mut Tally,
) -> Result<()> {
    if said.successions.is_empty() {
        return Ok(());
    }
    let known = known(connection)?;
    let rows: Vec<_> = said
        .successions
        .iter()
        .filter(|placed| {
            known.contains_key(&placed.value.predecessor)
                && known.contains_key(&placed.value.successor)
        })
        .cloned()
        .collect();
    successions(connection, &rows, &known, tally)
}

fn successions(
    connection: &mut Connection,
    rows: &[Placed<crate::domain::organisation::Succession>],
    known: &HashMap<OdsCode, bool>,
    tally: &mut Tally,
) -> Result<()> {
    let mut all = import_successions::all(connection)?;
    for Placed { row, value } in rows {
        let (from, to) = (value.predecessor, value.successor);
        if !is_known(known, from, *row, "predecessor_ods", tally)
            || !is_known(known, to, *row, "successor_ods", tally)
        {
            continue;
        }
        if import_successions::reaches(&all, to, from) {
            tally.remarks.refuse(
                *row,
                Some("successor_ods"),
                format!("{from} would come to succeed itself, with what is recorded"),
            );
            continue;
        }
        let stated = import_successions::state(connection, all.get(&(from, to)), value)?;
        all.insert((from, to), value.clone());
        tally.count(stated, *row, "successor_ods");
    }
    Ok(())
}

fn is_known(
    known: &HashMap<OdsCode, bool>,
    code: OdsCode,
    row: u64,
    column: &str,
    tally: &mut Tally,
) -> bool {
    let is_known = known.contains_key(&code);
    if !is_known {
        tally.remarks.refuse(
            row,
            Some(column),
            format!("no organisation {code} is recorded"),
        );
    }
    is_known
}

/// Whether facts may be stated of an organisation: it is recorded and open.
fn is_open(known: &HashMap<OdsCode, bool>, code: OdsCode, row: u64, tally: &mut Tally) -> bool {
    if !is_known(known, code, row, "ods_code", tally) {
        return false;
    }
    let is_open = known.get(&code).copied().unwrap_or_default();
    if !is_open {
        tally.remarks.refuse(
            row,
            Some("ods_code"),
            format!("{code} is closed; say it of its successor"),
        );
    }
    is_open
}

/// States every row of a table of facts.
pub(super) fn state_all(
    connection: &mut Connection,
    said: &Said,
    site: Option<OdsCode>,
    at: DateTime<Utc>,
    tally: &mut Tally,
    progress: &Progress,
) -> Result<()> {
    let known = known(connection)?;
    let mut touched = BTreeSet::new();
    systems_of(connection, said, &known, at, tally, progress, &mut touched)?;
    raise(connection, ImportKind::Systems, &mut touched)?;
    attributes_of(connection, said, &known, at, tally, progress, &mut touched)?;
    raise(connection, ImportKind::Attributes, &mut touched)?;
    topics_of(connection, said, &known, at, tally, progress, &mut touched)?;
    raise(connection, ImportKind::Topics, &mut touched)?;
    links_of(connection, said, &known, site, at, tally, progress)?;
    memberships_of(
        connection,
        said,
        &known,
        site,
        at,
        tally,
        progress,
        &mut touched,
    )?;
    raise(connection, ImportKind::Memberships, &mut touched)?;
    successions(connection, &said.successions, &known, tally)
}

/// Raises the version of a part of each profile that was touched.
fn raise(
    connection: &mut Connection,
    kind: ImportKind,
    touched: &mut BTreeSet<OdsCode>,
) -> Result<()> {
    let Some(part) = part(kind) else {
        return Ok(());
    };
    for code in std::mem::take(touched) {
        versions::raise(connection, code, part, &Expected::Any)?;
    }
    Ok(())
}

const fn is_stored(stated: Stated) -> bool {
    matches!(stated, Stated::Added | Stated::Changed)
}

fn systems_of(
    connection: &mut Connection,
    said: &Said,
    known: &HashMap<OdsCode, bool>,
    at: DateTime<Utc>,
    tally: &mut Tally,
    progress: &Progress,
    touched: &mut BTreeSet<OdsCode>,
) -> Result<()> {
    let vendors = vendors()?;
    let mut modules: BTreeMap<_, Vec<&Placed<CoreSystem>>> = BTreeMap::new();
    for placed in &said.systems {
        progress.add(2);
        if is_open(known, placed.value.ods_code, placed.row, tally) {
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
        let before = core_systems::shown(connection, code, module)?;
        let stated = core_systems::state(connection, code, module, &systems, Voice::Import, at)?;
        if is_stored(stated) {
            touched.insert(code);
            core_systems::note(connection, code, module, before)?;
        }
        for one in placed {
            tally.count(stated, one.row, "module");
        }
    }
    Ok(())
}

fn attributes_of(
    connection: &mut Connection,
    said: &Said,
    known: &HashMap<OdsCode, bool>,
    at: DateTime<Utc>,
    tally: &mut Tally,
    progress: &Progress,
    touched: &mut BTreeSet<OdsCode>,
) -> Result<()> {
    for Placed { row, value } in &said.attributes {
        progress.add(2);
        if !is_known(known, value.ods_code, *row, "ods_code", tally) {
            continue;
        }
        let key = AttributeKey::of(value.value);
        let before = attributes::shown(connection, value.ods_code, key)?;
        let stated = attributes::state(connection, value, at)?;
        if is_stored(stated) {
            touched.insert(value.ods_code);
            attributes::note(connection, value.ods_code, key, before)?;
        }
        tally.count(stated, *row, "attribute");
    }
    Ok(())
}

fn topics_of(
    connection: &mut Connection,
    said: &Said,
    known: &HashMap<OdsCode, bool>,
    at: DateTime<Utc>,
    tally: &mut Tally,
    progress: &Progress,
    touched: &mut BTreeSet<OdsCode>,
) -> Result<()> {
    for Placed { row, value } in &said.topics {
        progress.add(2);
        if !is_open(known, value.ods_code, *row, tally) {
            continue;
        }
        if topics::find(connection, &value.topic)?.is_none() {
            tally.remarks.refuse(
                *row,
                Some("topic"),
                format!("there is no topic {}", value.topic),
            );
            continue;
        }
        let before = topics::on(connection, value.ods_code, &value.topic)?;
        let stated = topics::state(connection, value, at)?;
        if is_stored(stated) {
            touched.insert(value.ods_code);
            let entry = Entry {
                kind: topics::KIND,
                id: value.topic.to_string(),
                ods_code: Some(value.ods_code),
                before: before.as_ref().map(topics::json_of),
                after: Some(topics::json_of(value)),
            };
            audit::note(connection, entry);
        }
        tally.count(stated, *row, "topic");
    }
    Ok(())
}

fn links_of(
    connection: &mut Connection,
    said: &Said,
    known: &HashMap<OdsCode, bool>,
    site: Option<OdsCode>,
    at: DateTime<Utc>,
    tally: &mut Tally,
    progress: &Progress,
) -> Result<()> {
    for Placed { row, value } in &said.links {
        progress.add(2);
        let ends = value.link.ends();
        let a = value.first;
        let b = if ends.0 == a { ends.1 } else { ends.0 };
        if !is_known(known, a, *row, "a_ods", tally) || !is_known(known, b, *row, "b_ods", tally) {
            continue;
        }
        let mut link = value.link.clone();
        // What one side says counts in full once the other agrees.
        if let Some(site) = site {
            link.standing = LinkStanding::Declared;
            link.declared_by = Some(site);
        }
        let id = link_id(&link);
        let declared_by = link.declared_by;
        let came = links::state(connection, id, link, at)?;
        if is_stored(came.stated) {
            let entry = Entry {
                kind: links::KIND,
                id: came.after.id.clone(),
                ods_code: Some(site.unwrap_or(a)),
                before: came.before.as_ref().map(links::audited),
                after: Some(links::audited(&came.after)),
            };
            audit::note(connection, entry);
        }
        if came.stated == Stated::Kept && came.after.link.declared_by != declared_by {
            const WORDS: &str = "another's word, which stays; confirm or dispute it";
            tally.remarks.push(Remark::kept(*row, Some("kind"), WORDS));
        } else {
            tally.count(came.stated, *row, "kind");
        }
    }
    Ok(())
}

/// The id of an imported link: a UUID (version 5) of what it says, so that the same file makes the same rows everywhere.
fn link_id(link: &crate::domain::link::Link) -> String {
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

#[expect(
    clippy::too_many_arguments,
    reason = "what every kind of row is stated with, and who owns the file"
)]
fn memberships_of(
    connection: &mut Connection,
    said: &Said,
    known: &HashMap<OdsCode, bool>,
    site: Option<OdsCode>,
    at: DateTime<Utc>,
    tally: &mut Tally,
    progress: &Progress,
    touched: &mut BTreeSet<OdsCode>,
) -> Result<()> {
    let mut present: HashMap<_, _> = networks::slugs(connection)?
        .into_iter()
        .map(|(slug, kind, _)| (slug, kind))
        .collect();
    for Placed { row, value } in &said.memberships {
        progress.add(2);
        if !is_known(known, value.ods_code, *row, "ods_code", tally) {
            continue;
        }
        let provenance = Provenance {
            source: value.source.clone(),
            as_of: None,
            voice: Voice::Import,
        };
        let given = value
            .code
            .as_ref()
            .filter(|code| present.get(*code) == Some(&value.kind));
        let slug = given.unwrap_or(&value.network);
        match present.get(slug) {
            Some(kind) if *kind != value.kind => {
                tally.remarks.refuse(
                    *row,
                    Some("group_kind"),
                    format!("the network {slug} is recorded as {kind}"),
                );
                continue;
            }
            Some(_) => {}
            None if site.is_some() => {
                tally.remarks.refuse(
                    *row,
                    Some("group_code"),
                    format!("there is no network {slug}; a programme admin makes networks"),
                );
                continue;
            }
            None => {
                let network = Network {
                    slug: value.network.clone(),
                    kind: value.kind,
                    name: value.name.clone(),
                    ended: value.ended,
                    members: Vec::new(),
                    departed: Vec::new(),
                    provenance: provenance.clone(),
                };
                networks::add(connection, &network)?;
                let entry = Entry {
                    kind: "networks",
                    id: network.slug.to_string(),
                    ods_code: None,
                    before: None,
                    after: Some(serde_json::json!({
                        "kind": network.kind.as_str(), "name": network.name,
                    })),
                };
                audit::note(connection, entry);
                present.insert(value.network.clone(), value.kind);
            }
        }
        let held = networks::of(connection, value.ods_code)?
            .into_iter()
            .map(|(_, held)| held)
            .find(|held| held.network == *slug);
        let membership = Membership {
            network: slug.clone(),
            ods_code: value.ods_code,
            joined: value
                .joined
                .or_else(|| held.as_ref().and_then(|held| held.joined)),
            departed: value.departed,
            provenance,
        };
        // Whoever says so: a member is a member.
        let stated = match &held {
            Some(held)
                if (held.joined, held.departed) == (membership.joined, membership.departed) =>
            {
                Stated::Unchanged
            }
            Some(_) | None => networks::state(connection, &membership, at)?,
        };
        if is_stored(stated) {
            touched.insert(value.ods_code);
            let entry = Entry {
                kind: networks::KIND,
                id: slug.to_string(),
                ods_code: Some(value.ods_code),
                before: held.as_ref().map(networks::json_of),
                after: Some(networks::json_of(&membership)),
            };
            audit::note(connection, entry);
        }
        tally.count(stated, *row, "group_code");
    }
    Ok(())
}
