//! Which rows of a file may be taken, and what affiliations add to what is said of organisations.

use std::collections::HashMap;

use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::import::{BoardWord, OrganisationWord, Placed, Remarks, Said};
use crate::domain::provenance::{Provenance, Voice};
use crate::storage::Connection;
use crate::storage::import_organisations::{known, known_boards};

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
