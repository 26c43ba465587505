//! `mergers.csv`, `relationships.csv` and `memberships.csv`: what joins organisations.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Known;
use crate::domain::dates::PartialDate;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::link::{Link, LinkKind, Network, NetworkKind};
use crate::domain::organisation::Succession;
use crate::domain::provenance::{Provenance, Voice};
use crate::intake::table::{Read, Row, filled, rows};

/// The month in which the Global Digital Exemplar programme ended.
pub(in crate::intake) const PROGRAMME_END: &str = "2021-03";

#[derive(Deserialize)]
struct MergerCells {
    predecessor_ods: String,
    successor_ods: String,
    date: String,
    kind: String,
    source: String,
}

/// Reads the successions, by predecessor, then successor.
pub(super) fn read_mergers(text: &str, known: &Known) -> Read<Vec<Succession>> {
    let mut found = BTreeMap::new();
    for row in rows::<MergerCells>("mergers.csv", text)? {
        let cells = &row.cells;
        let succession = Succession {
            predecessor: known.code(&row, "predecessor_ods", &cells.predecessor_ods)?,
            successor: known.code(&row, "successor_ods", &cells.successor_ods)?,
            date: row.parse("date", &cells.date)?,
            kind: row.parse("kind", &cells.kind)?,
            provenance: Provenance {
                source: cells.source.clone(),
                as_of: None,
                voice: Voice::Bundled,
            },
        };
        if succession.predecessor == succession.successor {
            return Err(row.fault("successor_ods", "an organisation does not succeed itself"));
        }
        if found
            .insert((succession.predecessor, succession.successor), succession)
            .is_some()
        {
            return Err(row.fault(
                "successor_ods",
                "the succession stands in an earlier row too",
            ));
        }
    }
    Ok(found.into_values().collect())
}

#[derive(Deserialize)]
struct RelationshipCells {
    a_ods: String,
    b_ods: String,
    kind: String,
    since: String,
    until: String,
    note: String,
    source: String,
}

/// Reads the links, by their ends, then as in the file. Those that were only proposed are left out.
pub(super) fn read_relationships(text: &str, known: &Known) -> Read<Vec<Link>> {
    let mut links = Vec::new();
    for row in rows::<RelationshipCells>("relationships.csv", text)? {
        let cells = &row.cells;
        let ends = (
            known.code(&row, "a_ods", &cells.a_ods)?,
            known.code(&row, "b_ods", &cells.b_ods)?,
        );
        let started = row.parse_some("since", &cells.since)?;
        let mut ended = row.parse_some("until", &cells.until)?;
        let Some(kind) = link_kind(&cells.kind) else {
            continue;
        };
        if is_exemplar_pair(&cells.kind) && ended.is_none() {
            ended = Some(row.parse("until", PROGRAMME_END)?);
        }
        let provenance = Provenance {
            source: cells.source.clone(),
            as_of: None,
            voice: Voice::Bundled,
        };
        let mut link = Link::published(ends, kind, started, ended, provenance)
            .map_err(|impossible| row.fault("kind", impossible))?;
        link.note = filled(&cells.note).map(str::to_owned);
        links.push(link);
    }
    links.sort_by_key(Link::ends);
    Ok(links)
}

/// Whether the file's kind is a pair of the Global Digital Exemplar programme.
pub(in crate::intake) fn is_exemplar_pair(kind: &str) -> bool {
    kind == "gde_fast_follower"
}

/// The kind of link that the file's kind stands for, by the first rule of DESIGN 3 that fits; `None` where it is not
/// loaded.
pub(in crate::intake) fn link_kind(kind: &str) -> Option<LinkKind> {
    let is_joint_procurement = kind
        .strip_prefix("joint_")
        .is_some_and(|rest| rest.ends_with("_procurement"));
    Some(match kind {
        "gde_fast_follower_proposed" => return None,
        _ if is_exemplar_pair(kind) => LinkKind::ProgrammePairing,
        "cancer_peer_pairing" => LinkKind::ProgrammePairing,
        _ if is_joint_procurement => LinkKind::JointProcurement,
        "joint_epr_programme"
        | "joint_epr_mou"
        | "epr_collaboration"
        | "shared_digital_function"
        | "it_services_provider" => LinkKind::JointProgramme,
        "shared_epr_instance" | "linked_epr" | "shared_maternity_system" => LinkKind::SharedSystem,
        _ if kind.starts_with("hospital_group") => LinkKind::HospitalGroup,
        _ if kind.contains("shared_ceo") || kind.contains("shared_chair") => {
            LinkKind::SharedLeadership
        }
        "provider_collaborative" => LinkKind::ProviderCollaborative,
        _ => LinkKind::Other,
    })
}

#[derive(Deserialize)]
struct MembershipCells {
    ods_code: String,
    group_kind: String,
    group_code: String,
    group_name: String,
    source: String,
}

/// A network while its rows are read.
struct Group {
    kind: NetworkKind,
    name: String,
    members: BTreeSet<OdsCode>,
    sources: Vec<String>,
}

/// Reads the networks, by slug, each with its members by code.
///
/// Groups that have neither code nor name are left out, as are the partnerships of boards, which count in
/// `geography`.
pub(super) fn read_memberships(text: &str, known: &Known) -> Read<Vec<Network>> {
    let mut groups: BTreeMap<Slug, Group> = BTreeMap::new();
    let mut ended = None;
    for row in rows::<MembershipCells>("memberships.csv", text)? {
        let cells = &row.cells;
        let member = known.code(&row, "ods_code", &cells.ods_code)?;
        let kind = match cells.group_kind.as_str() {
            "stp_2017" | "stp_2021" => continue,
            kind => row.parse("group_kind", kind)?,
        };
        let Some(slug) = slug(&row)? else { continue };
        let name = network_name(&row.cells.group_code, &row.cells.group_name);
        let group = groups.entry(slug).or_insert_with(|| Group {
            kind,
            name: name.clone(),
            members: BTreeSet::new(),
            sources: Vec::new(),
        });
        if group.kind != kind {
            return Err(row.fault("group_code", "a group of another kind has this code"));
        }
        if group.name != name {
            return Err(row.fault(
                "group_name",
                format_args!("the group is called {:?} in an earlier row", group.name),
            ));
        }
        group.members.insert(member);
        if !group.sources.contains(&cells.source) {
            group.sources.push(cells.source.clone());
        }
        if kind == NetworkKind::GdeExemplar {
            ended = Some(row.parse::<PartialDate>("group_kind", PROGRAMME_END)?);
        }
    }
    Ok(groups
        .into_iter()
        .map(|(slug, group)| Network {
            slug,
            kind: group.kind,
            name: group.name,
            ended: ended.filter(|_| group.kind == NetworkKind::GdeExemplar),
            members: group.members.into_iter().collect(),
            departed: Vec::new(),
            provenance: Provenance {
                source: group.sources.join("; "),
                as_of: None,
                voice: Voice::Bundled,
            },
        })
        .collect())
}

/// The slug of a group: its kind and its code, or its kind and its name where it has no code; in small letters.
fn slug(row: &Row<MembershipCells>) -> Read<Option<Slug>> {
    let cells = &row.cells;
    let (column, own) = match (filled(&cells.group_code), filled(&cells.group_name)) {
        (Some(code), _) => ("group_code", code),
        (None, Some(name)) => ("group_name", name),
        (None, None) => return Ok(None),
    };
    match group_slug(&cells.group_kind, own) {
        Some(slug) => row.parse(column, &slug).map(Some),
        None => Err(row.fault(column, "there is no letter or digit in it beside the kind")),
    }
}

/// The slug of a group of a kind, by its code or its name; `None` where that has no letter or digit beside the kind.
pub(in crate::intake) fn group_slug(kind: &str, own: &str) -> Option<String> {
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter_map(filled)
            .map(str::to_owned)
            .collect()
    };
    let kind = words(kind).join("-");
    // Some codes repeat a word of the kind: `gde_acute` of `gde_exemplar`.
    let own: Vec<String> = words(own)
        .into_iter()
        .skip_while(|word| kind.split('-').any(|part| part == word))
        .collect();
    (!own.is_empty()).then(|| format!("{kind}-{}", own.join("-")))
}

/// The name of a group, without what the file says about its own row: the day on which members were announced, whether the
/// list is whole, who leads it, how much money it brought.
pub(in crate::intake) fn network_name(code: &str, name: &str) -> String {
    let Some(name) = filled(name) else {
        return code.to_owned();
    };
    let end = [" (announced ", " (partial list)", "; lead ", ", up to "]
        .iter()
        .filter_map(|note| name.find(note))
        .min();
    name[..end.unwrap_or(name.len())].replace("Digital Aspirant wave", "Digital Aspirants, wave")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::OdsCode;

    fn known() -> Known {
        Known::active(&["RTH", "RHW", "RBA"])
    }

    #[test]
    fn the_first_rule_that_fits_gives_the_kind() {
        for (kind, expected) in [
            ("gde_fast_follower", Some(LinkKind::ProgrammePairing)),
            ("gde_fast_follower_proposed", None),
            ("cancer_peer_pairing", Some(LinkKind::ProgrammePairing)),
            ("joint_epr_procurement", Some(LinkKind::JointProcurement)),
            (
                "joint_maternity_procurement",
                Some(LinkKind::JointProcurement),
            ),
            ("joint_procurement", Some(LinkKind::Other)),
            ("joint_epr_programme", Some(LinkKind::JointProgramme)),
            ("joint_epr_mou", Some(LinkKind::JointProgramme)),
            ("epr_collaboration", Some(LinkKind::JointProgramme)),
            ("shared_digital_function", Some(LinkKind::JointProgramme)),
            ("it_services_provider", Some(LinkKind::JointProgramme)),
            ("shared_epr_instance", Some(LinkKind::SharedSystem)),
            ("linked_epr", Some(LinkKind::SharedSystem)),
            ("shared_maternity_system", Some(LinkKind::SharedSystem)),
            ("hospital_group", Some(LinkKind::HospitalGroup)),
            ("hospital_group_shared_ceo", Some(LinkKind::HospitalGroup)),
            ("shared_chair", Some(LinkKind::SharedLeadership)),
            ("interim_shared_ceo_2020", Some(LinkKind::SharedLeadership)),
            (
                "provider_collaborative",
                Some(LinkKind::ProviderCollaborative),
            ),
            ("provider_collaborative_2", Some(LinkKind::Other)),
            ("anything", Some(LinkKind::Other)),
        ] {
            assert_eq!(link_kind(kind), expected, "{kind}");
        }
    }

    #[test]
    fn a_relationship_that_cannot_be_is_named() {
        let header = "a_ods,b_ods,kind,since,until,note,source\n";
        let read = |row: &str| read_relationships(&format!("{header}{row}\n"), &known());
        let good = read("RTH,RHW,shared_chair,2020,2024-10,,x").unwrap();
        let ods = |text| OdsCode::new(text).unwrap();
        assert_eq!(good[0].ends(), (ods("RHW"), ods("RTH")));
        for (row, column) in [
            ("RTH,RTH,shared_chair,,,,x", "kind"),
            ("RTH,RHW,shared_chair,2021,2020,,x", "kind"),
            ("RTH,RXX,shared_chair,,,,x", "b_ods"),
            ("RT,RHW,shared_chair,,,,x", "a_ods"),
            ("RTH,RHW,shared_chair,once,,,x", "since"),
            ("RTH,RHW,shared_chair,,never,,x", "until"),
        ] {
            let fault = read(row).unwrap_err().to_string();
            assert!(
                fault.starts_with(&format!("relationships.csv, line 2, column {column}: ")),
                "{fault}"
            );
        }
    }

    #[test]
    fn a_group_is_one_network_under_one_name() {
        let header = "ods_code,group_kind,group_code,group_name,source\n";
        let read = |rows: &str| read_memberships(&format!("{header}{rows}"), &known());
        let networks = read(
            "RTH,gde_exemplar,gde_acute,Acute exemplar (announced 2016-09),a\n\
             RHW,gde_exemplar,gde_acute,Acute exemplar (announced 2017-03-31),b\n\
             RTH,gde_exemplar,gde_acute,Acute exemplar (announced 2016-09),a\n\
             RTH,stp_2021,QU9,A partnership,c\n\
             RTH,cancer_alliance,,,d\n\
             RBA,cancer_alliance,,Thames & Valley,d\n",
        )
        .unwrap();
        let summary: Vec<_> = networks
            .iter()
            .map(|n| {
                (
                    n.slug.as_str(),
                    n.name.as_str(),
                    n.members.len(),
                    n.ended.is_some(),
                    n.provenance.source.as_str(),
                )
            })
            .collect();
        assert_eq!(
            summary,
            [
                (
                    "cancer-alliance-thames-valley",
                    "Thames & Valley",
                    1,
                    false,
                    "d"
                ),
                ("gde-exemplar-acute", "Acute exemplar", 2, true, "a; b")
            ]
        );
        for (rows, column) in [
            ("RTH,choir,c,Choir,x\n", "group_kind"),
            ("RXX,cancer_alliance,N1,One,x\n", "ods_code"),
            ("RTH,cancer_alliance,-,One,x\n", "group_code"),
        ] {
            let fault = read(rows).unwrap_err().to_string();
            assert!(
                fault.starts_with(&format!("memberships.csv, line 2, column {column}: ")),
                "{fault}"
            );
        }
        assert!(read("RTH,cancer_alliance,N1,One,x\nRHW,cancer_alliance,N1,Two,x\n").is_err());
    }

    #[test]
    fn a_network_is_called_what_it_is_without_notes_on_the_data() {
        let header = "ods_code,group_kind,group_code,group_name,source\n";
        for (row, slug, name) in [
            (
                "digital_aspirant,wave2,\"Digital Aspirant wave 2, up to £6m (announced 2021-03-18)\"",
                "digital-aspirant-wave2",
                "Digital Aspirants, wave 2",
            ),
            (
                "digital_aspirant,wave1,Digital Aspirant wave 1 (partial list)",
                "digital-aspirant-wave1",
                "Digital Aspirants, wave 1",
            ),
            (
                "provider_collaborative,reach_out,Reach Out (West Midlands adult secure care); lead RXT",
                "provider-collaborative-reach-out",
                "Reach Out (West Midlands adult secure care)",
            ),
            (
                "cancer_alliance,N48,\"Somerset, Wiltshire and Avon Cancer Alliance\"",
                "cancer-alliance-n48",
                "Somerset, Wiltshire and Avon Cancer Alliance",
            ),
        ] {
            let networks = read_memberships(&format!("{header}RTH,{row},x\n"), &known()).unwrap();
            assert_eq!(
                (networks[0].slug.as_str(), networks[0].name.as_str()),
                (slug, name)
            );
        }
    }

    #[test]
    fn a_succession_stands_once_and_joins_two() {
        let header = "predecessor_ods,successor_ods,date,kind,source\n";
        let read = |rows: &str| read_mergers(&format!("{header}{rows}"), &known());
        let good = "RTH,RHW,2020-04-01,split,x\n";
        assert_eq!(read(good).unwrap().len(), 1);
        let bad = [
            &good.repeat(2),
            "RTH,RTH,2020,split,x\n",
            "RTH,RHW,,split,x\n",
            "RTH,RHW,2020,divorce,x\n",
        ];
        assert!(bad.iter().all(|rows| read(rows).is_err()));
    }
}
