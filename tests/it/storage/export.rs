//! Whole tables, and what joins organisations, as they are exported.

use alongside::domain::affiliation::{Affiliation, AffiliationId};
use alongside::domain::directory::{NamePart, OrganisationSearch};
use alongside::domain::error::Result;
use alongside::storage::{Connection, Storage, affiliations, export, organisation_search};

use super::{ods, open_filled};
use crate::support::database::on_every_database;

type Table<T> = fn(&mut Connection, &mut dyn FnMut(T) -> Result<()>) -> Result<()>;

/// Every row of a table, in its order.
fn all<T>(storage: &Storage, table: Table<T>) -> Vec<T> {
    storage
        .read_blocking(|connection| {
            let mut found = Vec::new();
            table(connection, &mut |row| {
                found.push(row);
                Ok(())
            })?;
            Ok(found)
        })
        .unwrap()
}

#[test]
fn every_table_is_read_whole_and_in_the_order_of_codes() {
    let register = alongside::intake::bundled::load().unwrap().register;
    on_every_database(|database| {
        let storage = open_filled(database);
        assert_eq!(all(&storage, export::organisations), register.organisations);
        assert_eq!(all(&storage, export::core_systems), register.core_systems);
        assert_eq!(all(&storage, export::attributes), register.attributes);
        assert_eq!(all(&storage, export::links), register.links);
        assert_eq!(all(&storage, export::successions), register.successions);
        let memberships = all(&storage, export::memberships);
        let n_members: usize = register.networks.iter().map(|n| n.members.len()).sum();
        assert_eq!(memberships.len(), n_members);
        assert!(memberships.is_sorted_by_key(|m| (m.ods_code, m.network.clone())));
    });
}

#[test]
fn ethos_disputed_links_and_hidden_expertise_are_marked_or_left_out() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let (attributes, links) = (
            all(&storage, export::attributes).len(),
            all(&storage, export::links).len(),
        );
        database.execute(
            "INSERT INTO attributes VALUES ('RTH', 'ethos_pace', '', 3, 'the site', NULL, 'site');
             UPDATE links SET standing = 'disputed' WHERE sequence = 1;
             INSERT INTO organisation_topics VALUES ('RHW', 'hepma', NULL, 'live', NULL, 'the site', NULL, 'site');
             INSERT INTO organisation_topics VALUES ('RTH', 'hepma', 'wanted', NULL, NULL, 'the site', NULL, 'site');
             INSERT INTO visibility VALUES ('RHW', FALSE, TRUE);",
        );
        assert_eq!(all(&storage, export::attributes).len(), attributes);
        assert_eq!(all(&storage, export::links).len(), links - 1);
        let topics: Vec<_> = all(&storage, export::topics)
            .into_iter()
            .map(|(interest, is_shown)| (interest.ods_code, is_shown))
            .collect();
        assert_eq!(topics, [(ods("RHW"), false), (ods("RTH"), true)]);
    });
}

#[test]
fn a_failure_of_the_reader_ends_the_reading() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let mut n_read = 0;
        let failed = storage.read_blocking(|connection| {
            export::organisations(connection, &mut |_| {
                n_read += 1;
                Err(alongside::domain::error::Error::Forbidden("enough"))
            })
        });
        assert!(failed.is_err() && n_read == 1);
    });
}

#[test]
fn affiliations_are_paged_in_one_order_and_found_by_id() {
    let register = alongside::intake::bundled::load().unwrap().register;
    let n_members: usize = register.networks.iter().map(|n| n.members.len()).sum();
    let n_expected = register.links.len() + register.successions.len() + n_members;
    on_every_database(|database| {
        let storage = open_filled(database);
        let (mut found, mut after): (Vec<AffiliationId>, Option<AffiliationId>) = (vec![], None);
        loop {
            let page = storage
                .read_blocking(|c| affiliations::page(c, after.as_ref(), 97))
                .unwrap();
            found.extend(page.iter().map(Affiliation::id));
            if page.len() < 97 {
                break;
            }
            after = found.last().cloned();
        }
        assert_eq!(found.len(), n_expected);
        assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
        for id in found.iter().step_by(50) {
            let one = storage
                .read_blocking(|c| affiliations::find(c, id))
                .unwrap();
            assert_eq!(one.unwrap().id(), *id);
        }
    });
}

#[test]
fn a_name_is_looked_for_in_the_name_alone() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let found = |name: NamePart| -> Vec<String> {
            let search = OrganisationSearch {
                name: Some(name),
                ..OrganisationSearch::default()
            };
            let page = storage
                .read_blocking(|c| organisation_search::page(c, &search, None, 500))
                .unwrap();
            assert_eq!(page.n_found, page.items.len() as u64);
            page.items
                .iter()
                .map(|organisation| organisation.ods_code.to_string())
                .collect()
        };
        assert!(found(NamePart::Start("Oxford Univ".into())).contains(&"RTH".to_owned()));
        assert!(found(NamePart::Start("University".into())).len() > 5);
        assert!(!found(NamePart::Start("University".into())).contains(&"RTH".to_owned()));
        assert!(found(NamePart::Anywhere("university".into())).contains(&"RTH".to_owned()));
        assert!(
            found(NamePart::Anywhere("rth".into()))
                .iter()
                .all(|code| code != "RTH")
        );
        assert!(found(NamePart::Start("%".into())).is_empty());
    });
}
