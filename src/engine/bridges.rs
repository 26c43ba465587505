//! What stands between two organisations and could bring them together: networks that both are in, and third organisations
//! that have to do with both (DESIGN 1: "learning networks, user groups, academy cohorts mediate").
//!
//! A third organisation bridges as well as both its sides hold: with `r` of DESIGN 4.6 for each side, its strength is
//! `r_here * r_there`, so that one strong tie does not make up for one that is hardly there. A shared network is one
//! `shared_network` tie of the two themselves and bridges by that tie's value.

use chrono::NaiveDate;

use crate::domain::bridge::{Bridge, BridgeTie, Bridges, MAX_NETWORKS, MAX_TIES};
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::engine::columns::Row;
use crate::engine::criteria::prior_relationships::{Relation, Tie};
use crate::engine::snapshot::Snapshot;

/// The strength of a third organisation, `0..=1`: the product of what each side has to do with it.
#[must_use]
pub fn strength(r_here: f64, r_there: f64) -> f64 {
    r_here * r_there
}

/// Those who are related to both, each with its strength, best first and then in the order of rows. Both lists are by row.
/// Linear in their lengths, but for the sorting of what they share.
fn in_between(here: &[Relation], there: &[Relation]) -> Vec<(Row, f64)> {
    let mut found = Vec::new();
    let mut theirs = there.iter().peekable();
    for ours in here {
        while theirs.next_if(|other| other.other < ours.other).is_some() {}
        if let Some(other) = theirs.peek()
            && other.other == ours.other
        {
            found.push((ours.other, strength(ours.r, other.r)));
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    found
}

/// Finds what stands between two active organisations on a day: at most [`MAX_NETWORKS`] networks and `limit` organisations.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`] or [`Error::OrganisationClosed`] for either; [`Error::NeverSuggested`] where the two are one.
pub fn between(
    snapshot: &Snapshot,
    here: OdsCode,
    there: OdsCode,
    as_of: NaiveDate,
    limit: usize,
) -> Result<Bridges> {
    let (a, b) = (active_row(snapshot, here)?, active_row(snapshot, there)?);
    if a == b {
        return Err(Error::NeverSuggested {
            seeker: here,
            candidate: there,
            reason: "nothing stands between an organisation and itself",
        });
    }
    let mut networks: Vec<BridgeTie> = snapshot
        .links
        .ties(a, b, as_of)
        .into_iter()
        .filter(|(tie, _)| matches!(tie, Tie::Network(..)))
        .map(|(tie, value)| told(snapshot, tie, value))
        .collect();
    networks.sort_by(|x, y| {
        y.value
            .total_cmp(&x.value)
            .then_with(|| x.network.cmp(&y.network))
    });
    networks.truncate(MAX_NETWORKS);
    let relations = |row| snapshot.links.relations(row, as_of);
    let between: Vec<(Row, f64)> = in_between(&relations(a), &relations(b))
        .into_iter()
        .filter(|&(row, strength)| row != a && row != b && strength > 0.0)
        .collect();
    let ties = |row, other| {
        let ties = snapshot.links.ties(row, other, as_of).into_iter();
        let told = ties
            .take(MAX_TIES)
            .map(|(tie, value)| told(snapshot, tie, value));
        told.collect::<Vec<_>>()
    };
    Ok(Bridges {
        revision: snapshot.revision(),
        networks,
        n_organisations: between.len(),
        organisations: between
            .into_iter()
            .take(limit)
            .map(|(row, strength)| Bridge {
                ods_code: snapshot.code(row),
                name: snapshot.name(row).to_owned(),
                strength,
                here: ties(a, row),
                there: ties(b, row),
            })
            .collect(),
    })
}

fn told(snapshot: &Snapshot, tie: Tie, value: f64) -> BridgeTie {
    let fact = snapshot.links.fact(tie);
    let origin = snapshot.origin(fact.provenance);
    BridgeTie {
        kind: fact.kind,
        network: match tie {
            Tie::Network(number, ..) => Some(snapshot.links.network_name(number).to_owned()),
            Tie::Link(_) => None,
        },
        started: fact.started,
        ended: fact.ended,
        value,
        source: origin.source.to_string(),
        as_of: origin.as_of,
    }
}

fn active_row(snapshot: &Snapshot, code: OdsCode) -> Result<Row> {
    snapshot
        .row(code)
        .ok_or_else(|| match snapshot.closed(code) {
            Some(closed) => Error::OrganisationClosed {
                code,
                on: closed.on,
                successors: closed.successors.clone(),
            },
            None => Error::OrganisationNotFound(code),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::link::LinkKind;
    use crate::engine::test_register::{code, link, network, organisation, register, succession};

    const ROUNDING: f64 = 1e-12;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
    }

    /// AAA and BBB; CCC has strong ties to both, DDD one strong and one weak, EEE one alone; all but EEE are in one network.
    fn snapshot() -> Snapshot {
        let mut register = register(&["AAA", "BBB", "CCC", "DDD", "EEE", "OLD"].map(organisation));
        register.links = vec![
            link("AAA", "CCC", LinkKind::JointProgramme, None, None),
            link("BBB", "CCC", LinkKind::JointProcurement, None, None),
            link("AAA", "DDD", LinkKind::SharedSystem, None, None),
            link("AAA", "EEE", LinkKind::SharedSystem, None, None),
            link("AAA", "BBB", LinkKind::Other, None, None),
        ];
        register.networks = vec![network("n1", &["AAA", "BBB", "DDD"])];
        Snapshot::new(&register)
    }

    #[test]
    fn a_bridge_is_as_strong_as_both_its_sides() {
        let found = between(&snapshot(), code("AAA"), code("BBB"), day(), 10).unwrap();
        let told: Vec<(&str, f64)> = found
            .organisations
            .iter()
            .map(|bridge| (bridge.ods_code.as_str(), bridge.strength))
            .collect();
        let ddd = 1.0 - (1.0 - 0.9) * (1.0 - 0.1);
        let expected = [("CCC", 0.8 * 0.6), ("DDD", ddd * 0.1)];
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for ((who, strength), (other, known)) in told.iter().zip(expected) {
            assert!(
                *who == other && (strength - known).abs() < ROUNDING,
                "{told:?}"
            );
        }
        assert_eq!(found.n_organisations, 2);
        assert_eq!(found.networks.len(), 1);
        assert_eq!(found.networks[0].network.as_deref(), Some("Network n1"));
    }

    #[test]
    fn the_other_side_sees_the_same_bridges() {
        let (a, b) = (code("AAA"), code("BBB"));
        let here = between(&snapshot(), a, b, day(), 10).unwrap();
        let there = between(&snapshot(), b, a, day(), 10).unwrap();
        assert_eq!(here.networks, there.networks);
        for (ours, theirs) in here.organisations.iter().zip(&there.organisations) {
            assert_eq!(
                (ours.ods_code, &ours.here),
                (theirs.ods_code, &theirs.there)
            );
            assert!((ours.strength - theirs.strength).abs() < ROUNDING);
        }
    }

    #[test]
    fn a_short_list_is_the_beginning_of_a_long_one_and_says_how_many_there_are() {
        let long = between(&snapshot(), code("AAA"), code("BBB"), day(), 10).unwrap();
        let short = between(&snapshot(), code("AAA"), code("BBB"), day(), 1).unwrap();
        assert_eq!(short.organisations, long.organisations[..1]);
        assert_eq!(short.n_organisations, 2);
    }

    #[test]
    fn a_successor_bridges_with_the_links_of_whom_it_took_over() {
        let mut register = register(&[
            organisation("AAA"),
            organisation("BBB"),
            organisation("CCC"),
            organisation("OLD").closed(),
        ]);
        register.successions = vec![succession("OLD", "CCC")];
        register.links = vec![
            link("AAA", "OLD", LinkKind::JointProgramme, None, None),
            link("BBB", "OLD", LinkKind::JointProgramme, None, None),
        ];
        let snapshot = Snapshot::new(&register);
        let found = between(&snapshot, code("AAA"), code("BBB"), day(), 10).unwrap();
        assert_eq!(found.organisations[0].ods_code, code("CCC"));
        let closed = between(&snapshot, code("AAA"), code("OLD"), day(), 10);
        assert!(matches!(closed, Err(Error::OrganisationClosed { .. })));
    }

    #[test]
    fn nothing_stands_between_strangers_or_one_and_itself() {
        let found = between(&snapshot(), code("BBB"), code("EEE"), day(), 10).unwrap();
        assert!(found.networks.is_empty());
        assert_eq!(found.organisations.len(), 1, "AAA has to do with both");
        let strangers = between(&snapshot(), code("AAA"), code("OLD"), day(), 10).unwrap();
        assert!(strangers.organisations.is_empty() && strangers.networks.is_empty());
        let itself = between(&snapshot(), code("AAA"), code("AAA"), day(), 10);
        assert!(matches!(itself, Err(Error::NeverSuggested { .. })));
        let nobody = between(&snapshot(), code("AAA"), code("ZZZ"), day(), 10);
        assert!(matches!(nobody, Err(Error::OrganisationNotFound(_))));
    }
}
