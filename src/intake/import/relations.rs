//! Tables of what joins organisations: links, memberships, mergers and splits.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::ids::{OdsCode, Slug};
use crate::domain::import::{ImportKind, LinkWord, MembershipWord, Placed, Remark, Said};
use crate::domain::link::{Link, LinkKind, NetworkKind};
use crate::domain::organisation::{Succession, SuccessionKind};
use crate::intake::bundled::relations::{
    PROGRAMME_END, group_slug, is_exemplar_pair, link_kind, network_name,
};
use crate::intake::import::cells;
use crate::intake::import::shown;

/// The pairs that were only proposed, which are passed over.
const PROPOSED: &str = "gde_fast_follower_proposed";

/// Reads a table of links, whose kinds are ours or those of `relationships.csv`.
pub(super) fn read_links(bytes: &[u8], said: &mut Said) -> Result<(), Remark> {
    let mut seen = HashMap::new();
    cells::each(ImportKind::Links, bytes, said, &mut |row, said| {
        let (a, b, word) = (row.code("a_ods"), row.code("b_ods"), row.text("kind"));
        let (since, until, note) = (row.date("since"), row.date("until"), row.text("note"));
        let provenance = row.provenance("source");
        let word = row.needed("kind", word)?;
        let (a, b, since, mut until) = (a?, b?, since?, until?);
        if word == PROPOSED {
            said.n_passed_over += 1;
            return Ok(());
        }
        let kind = match word.parse::<LinkKind>() {
            Ok(kind) => kind,
            Err(fault) => match link_kind(&word) {
                Some(kind) if kind != LinkKind::Other => kind,
                Some(_) | None => {
                    return Err(
                        row.refuse("kind", format_args!("{} cannot be: {fault}", shown(&word)))
                    );
                }
            },
        };
        if is_exemplar_pair(&word) && until.is_none() {
            until = PROGRAMME_END.parse().ok();
        }
        if a == b {
            return Err(row.refuse("b_ods", format_args!("{a} cannot be linked to itself")));
        }
        let mut value =
            Link::published((a, b), kind, since, until, provenance?).map_err(|impossible| {
                let column = if since.is_none() { "since" } else { "until" };
                row.refuse(column, impossible)
            })?;
        value.note = note?;
        // The note is no part of what is the same: of two such rows the later would overwrite the earlier.
        let key = (value.ends(), kind, since.map(|date| date.to_string()));
        if let Some(earlier) = seen.insert(key, row.number) {
            return Err(row.refuse("kind", format_args!("row {earlier} says the same")));
        }
        said.links.push(Placed {
            row: row.number,
            value: LinkWord {
                first: a,
                link: value,
            },
        });
        Ok(())
    })
}

/// Reads a table of memberships.
pub(super) fn read_memberships(bytes: &[u8], said: &mut Said) -> Result<(), Remark> {
    let mut networks: HashMap<Slug, (NetworkKind, String, u64)> = HashMap::new();
    let mut seen = HashSet::new();
    cells::each(ImportKind::Memberships, bytes, said, &mut |row, said| {
        let (code, word) = (row.code("ods_code"), row.text("group_kind"));
        let (group_code, group_name, source) = (
            row.text("group_code"),
            row.text("group_name"),
            row.text("source"),
        );
        let (joined, departed) = (row.date("since"), row.date("until"));
        let word = row.needed("group_kind", word)?;
        let (joined, departed) = (joined?, departed?);
        let (code, group_code, group_name) = (code?, group_code?, group_name?);
        let Some(own) = group_code.as_deref().or(group_name.as_deref()) else {
            said.n_passed_over += 1;
            return Ok(());
        };
        // The partnerships of boards count as places, not as networks.
        if matches!(word.as_str(), "stp_2017" | "stp_2021") {
            said.n_passed_over += 1;
            return Ok(());
        }
        let kind = word.parse::<NetworkKind>().map_err(|fault| {
            row.refuse(
                "group_kind",
                format_args!("{} cannot be: {fault}", shown(&word)),
            )
        })?;
        let column = if group_code.is_some() {
            "group_code"
        } else {
            "group_name"
        };
        let Some(network) = group_slug(&word, own).and_then(|slug| Slug::new(&slug).ok()) else {
            return Err(row.refuse(column, "makes no name for a network: it has no letter or digit beside the kind, or too many"));
        };
        let name = network_name(
            group_code.as_deref().unwrap_or_default(),
            group_name.as_deref().unwrap_or_default(),
        );
        match networks.get(&network) {
            Some((_, called, earlier)) if *called != name => {
                return Err(row.refuse(
                    "group_name",
                    format_args!("the network is called {} in row {earlier}", shown(called)),
                ));
            }
            Some((other, _, earlier)) if *other != kind => {
                return Err(row.refuse(
                    "group_kind",
                    format_args!("the network is of kind {other} in row {earlier}"),
                ));
            }
            Some(_) => {}
            None => {
                networks.insert(network.clone(), (kind, name.clone(), row.number));
            }
        }
        // The bundled file lists some twice, once for each source.
        if !seen.insert((code, network.clone())) {
            said.n_passed_over += 1;
            return Ok(());
        }
        if let (Some(joined), Some(departed)) = (joined, departed)
            && departed.last_day() < joined.first_day()
        {
            return Err(row.refuse("until", "is before `since`"));
        }
        let ended = (kind == NetworkKind::GdeExemplar)
            .then(|| PROGRAMME_END.parse().ok())
            .flatten();
        let value = MembershipWord {
            ods_code: code,
            network,
            kind,
            name,
            ended,
            code: group_code.and_then(|code| Slug::new(&code).ok()),
            joined,
            departed,
            source: source?.unwrap_or_else(|| "an imported file".to_owned()),
        };
        said.memberships.push(Placed {
            row: row.number,
            value,
        });
        Ok(())
    })
}

/// Reads a table of mergers and splits.
pub(super) fn read_successions(bytes: &[u8], said: &mut Said) -> Result<(), Remark> {
    let mut seen = HashMap::new();
    cells::each(ImportKind::Successions, bytes, said, &mut |row, said| {
        let (predecessor, successor) = (row.code("predecessor_ods"), row.code("successor_ods"));
        let (date, kind) = (row.date("date"), row.parse::<SuccessionKind>("kind"));
        let provenance = row.provenance("source");
        let (date, kind) = (row.needed("date", date), row.needed("kind", kind));
        let value = Succession {
            predecessor: predecessor?,
            successor: successor?,
            date: date?,
            kind: kind?,
            provenance: provenance?,
        };
        if value.predecessor == value.successor {
            return Err(row.refuse(
                "successor_ods",
                format_args!("{} cannot succeed itself", value.successor),
            ));
        }
        if let Some(earlier) = seen.insert((value.predecessor, value.successor), row.number) {
            return Err(row.refuse("successor_ods", format_args!("row {earlier} says the same")));
        }
        said.successions.push(Placed {
            row: row.number,
            value,
        });
        Ok(())
    })?;
    refuse_cycles(said);
    Ok(())
}

/// Refuses the rows by which an organisation would come to succeed itself.
fn refuse_cycles(said: &mut Said) {
    let mut next: BTreeMap<OdsCode, Vec<OdsCode>> = BTreeMap::new();
    let mut refused = HashSet::new();
    for placed in &said.successions {
        let (from, to) = (placed.value.predecessor, placed.value.successor);
        if reaches(&next, to, from) {
            let words = format!("{from} would come to succeed itself");
            said.remarks
                .refuse(placed.row, Some("successor_ods"), words);
            refused.insert(placed.row);
        } else {
            next.entry(from).or_default().push(to);
        }
    }
    said.successions
        .retain(|placed| !refused.contains(&placed.row));
}

/// Whether one leads to the other.
fn reaches(next: &BTreeMap<OdsCode, Vec<OdsCode>>, from: OdsCode, to: OdsCode) -> bool {
    let mut open = vec![from];
    let mut seen = HashSet::new();
    while let Some(code) = open.pop() {
        if code == to {
            return true;
        }
        if seen.insert(code) {
            open.extend(next.get(&code).into_iter().flatten());
        }
    }
    false
}
