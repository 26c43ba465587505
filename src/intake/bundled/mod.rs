//! The open data inside the binary, so that a first run answers about real trusts with nothing to download.
//!
//! The files beside this one say in their README where each is from. They are mapped as DESIGN 3 says; systems of
//! closed organisations are not carried over, while links and memberships of closed ones stay as the source gives
//! them: who holds them today is for the engine to say.

mod data_sets;
mod maturity;
mod organisations;
pub(in crate::intake) mod relations;
pub(in crate::intake) mod systems;
mod vendors;

use std::collections::BTreeMap;

pub use self::vendors::vendors;

use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Revision, Slug};
use crate::domain::organisation::Status;
use crate::domain::programme::{Programme, Weights};
use crate::domain::provenance::DataSet;
use crate::domain::register::Register;
use crate::intake::table::{BadFile, Read, Row};

pub(in crate::intake) const ORGANISATIONS: &str = include_str!("organisations.csv");
pub(in crate::intake) const SYSTEMS: &str = include_str!("systems.csv");
pub(in crate::intake) const RELATIONSHIPS: &str = include_str!("relationships.csv");
pub(in crate::intake) const MEMBERSHIPS: &str = include_str!("memberships.csv");
pub(in crate::intake) const MERGERS: &str = include_str!("mergers.csv");
pub(in crate::intake) const DIGITAL_MATURITY: &str = include_str!("digital_maturity.csv");

/// The bundled data: what is recorded, and the publications it is from.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// Everything recorded, at revision 0 and with the equal weights of DESIGN 4.8.
    pub register: Register,
    /// The publications, by slug.
    pub data_sets: Vec<DataSet>,
}

/// Reads the bundled data.
///
/// # Errors
///
/// [`Error::Internal`] where a file is not as it should be, with file, line and column in the cause; the files are
/// part of the program, so this is a bug.
pub fn load() -> Result<Bundle> {
    read().map_err(|fault| Error::Internal("reading the bundled data", Box::new(fault)))
}

fn read() -> Read<Bundle> {
    let organisations = organisations::read(ORGANISATIONS)?;
    let known = Known::new(
        organisations
            .organisations
            .iter()
            .map(|o| (o.ods_code, o.status)),
    );
    let mut attributes = organisations.attributes;
    attributes.extend(maturity::read(DIGITAL_MATURITY, &known)?);
    attributes.sort_by_key(|fact| (fact.ods_code, fact.value.attribute(), fact.value.setting()));
    let mut data_sets = data_sets::all()?;
    data_sets.sort_by(|a, b| a.slug.cmp(&b.slug));
    Ok(Bundle {
        register: Register {
            revision: Revision(0),
            successions: relations::read_mergers(MERGERS, &known)?,
            core_systems: systems::read(SYSTEMS, &known)?,
            attributes,
            links: relations::read_relationships(RELATIONSHIPS, &known)?,
            networks: relations::read_memberships(MEMBERSHIPS, &known)?,
            hides_expertise: Vec::new(),
            saved_weights: Vec::new(),
            capacities: Vec::new(),
            taught: Vec::new(),
            topics: Vec::new(),
            topic_interests: Vec::new(),
            programme: Programme {
                slug: slug("the default programme", "default")?,
                name: "Default programme".to_owned(),
                weights: Weights::EQUAL,
                spread_load: false,
            },
            programmes: Vec::new(),
            organisations: organisations.organisations,
        },
        data_sets,
    })
}

/// A slug that is written in the code.
fn slug(what: &'static str, text: &str) -> Read<Slug> {
    let fault = |fault: crate::domain::ids::MalformedId| fault.to_string();
    Slug::new(text).map_err(|malformed| BadFile {
        file: what,
        line: None,
        column: None,
        fault: fault(malformed),
    })
}

/// The organisations that facts may be about.
struct Known(BTreeMap<OdsCode, Status>);

impl Known {
    fn new(organisations: impl Iterator<Item = (OdsCode, Status)>) -> Self {
        Self(organisations.collect())
    }

    /// The organisation that a cell names.
    fn code<T>(&self, row: &Row<T>, column: &str, cell: &str) -> Read<OdsCode> {
        let code = row.parse(column, cell)?;
        if self.0.contains_key(&code) {
            Ok(code)
        } else {
            Err(row.fault(
                column,
                format_args!("organisation {code} is not in organisations.csv"),
            ))
        }
    }

    fn is_active(&self, code: OdsCode) -> bool {
        self.0.get(&code).is_some_and(|status| status.is_active())
    }

    /// Open organisations of these codes, for tests.
    #[cfg(test)]
    fn active(codes: &[&str]) -> Self {
        Self::new(
            codes
                .iter()
                .map(|code| (OdsCode::new(code).unwrap(), Status::Active)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::link::LinkKind;
    use crate::domain::profile::Attribute;

    fn register() -> Register {
        load().unwrap().register
    }

    /// Counted in the source files by the reference, tests/reference/score.py, not with this code.
    #[test]
    fn nothing_is_lost_on_the_way() {
        let register = register();
        let n_active = register
            .organisations
            .iter()
            .filter(|o| o.status.is_active())
            .count();
        assert_eq!((register.organisations.len(), n_active), (275, 202));
        assert!(register.organisations.iter().all(|o| o.position.is_some()));
        assert_eq!(register.successions.len(), 69);
        assert_eq!(
            register.links.len(),
            31,
            "35 rows without the 4 proposed pairs"
        );
        let n_settings = register
            .attributes
            .iter()
            .filter(|f| f.value.attribute() == Attribute::DigitalMaturity);
        assert_eq!(n_settings.count(), 285);
        let n_of = |attribute| {
            register
                .attributes
                .iter()
                .filter(|f| f.value.attribute() == attribute)
                .count()
        };
        assert_eq!(n_of(Attribute::StaffFte), 201);
        assert_eq!(n_of(Attribute::Beds), 135);
        assert_eq!(n_of(Attribute::Teaching), 234);
        assert!(register.core_systems.iter().all(|s| {
            register
                .organisations
                .iter()
                .any(|o| o.ods_code == s.ods_code && o.status.is_active())
        }));
    }

    #[test]
    fn lists_are_in_the_order_of_a_register() {
        let register = register();
        assert!(register.organisations.is_sorted_by_key(|o| o.ods_code));
        assert!(
            register
                .successions
                .is_sorted_by_key(|s| (s.predecessor, s.successor))
        );
        assert!(
            register
                .core_systems
                .is_sorted_by_key(|s| (s.ods_code, s.module))
        );
        assert!(register.attributes.is_sorted_by_key(|f| (
            f.ods_code,
            f.value.attribute(),
            f.value.setting()
        )));
        assert!(
            register
                .links
                .is_sorted_by_key(crate::domain::link::Link::ends)
        );
        assert!(register.networks.is_sorted_by_key(|n| n.slug.clone()));
        assert!(register.networks.iter().all(|n| n.members.is_sorted()));
    }

    #[test]
    fn programme_pairings_end_with_the_programme_unless_they_ended_before() {
        let register = register();
        let ends: Vec<_> = register
            .links
            .iter()
            .filter(|link| link.kind() == LinkKind::ProgrammePairing)
            .map(|link| link.ended().map(|date| date.to_string()))
            .collect();
        assert_eq!(
            ends.iter()
                .filter(|end| end.as_deref() == Some("2021-03"))
                .count(),
            9
        );
        assert_eq!(
            ends.iter()
                .filter(|end| end.as_deref() == Some("2018-01"))
                .count(),
            1
        );
        assert_eq!(
            ends.iter().filter(|end| end.is_none()).count(),
            1,
            "the cancer peer pairing"
        );
    }

    #[test]
    fn every_slug_of_a_data_set_is_its_own() {
        let data_sets = load().unwrap().data_sets;
        assert!(data_sets.windows(2).all(|pair| pair[0].slug < pair[1].slug));
    }

    /// Words that the service never uses of a site, since sites resented them (DESIGN 1).
    #[test]
    fn no_text_that_is_shown_ranks_one_site_below_another() {
        let register = register();
        let mut texts: Vec<_> = register
            .links
            .iter()
            .filter_map(|link| link.note.as_deref())
            .collect();
        texts.extend(
            register
                .links
                .iter()
                .map(|link| link.provenance.source.as_str()),
        );
        texts.extend(
            register
                .core_systems
                .iter()
                .map(|system| system.provenance.source.as_str()),
        );
        texts.extend(
            register
                .networks
                .iter()
                .flat_map(|n| [n.name.as_str(), n.provenance.source.as_str()]),
        );
        texts.extend(
            register
                .successions
                .iter()
                .map(|succession| succession.provenance.source.as_str()),
        );
        let words = [["lea", "der"].concat(), ["foll", "ower"].concat()];
        let is_clean = |text: &&str| words.iter().all(|word| !text.to_lowercase().contains(word));
        assert_eq!(texts.iter().find(|text| !is_clean(text)), None);
    }
}
