//! `vendor_aliases.csv`: other names of the vendors in `systems.csv`.

use serde::Deserialize;

use super::SYSTEMS;
use crate::domain::error::{Error, Result};
use crate::domain::vendor::{Alias, Vendors};
use crate::intake::table::{Read, rows};

const VENDOR_ALIASES: &str = include_str!("vendor_aliases.csv");

#[derive(Deserialize)]
struct AliasCells {
    alias: String,
    vendor: String,
    relation: String,
}

#[derive(Deserialize)]
struct VendorCells {
    vendor: String,
}

/// Reads the vendors that are known: those of the bundled systems, and those that the bundled aliases stand for.
///
/// # Errors
///
/// [`Error::Internal`] where a file is not as it should be; the files are part of the program, so this is a bug.
pub fn vendors() -> Result<Vendors> {
    read().map_err(|fault| Error::Internal("reading the bundled vendors", Box::new(fault)))
}

fn read() -> Read<Vendors> {
    let names = rows::<VendorCells>("systems.csv", SYSTEMS)?
        .into_iter()
        .map(|row| row.cells.vendor)
        .filter(|name| !name.is_empty());
    let aliases = rows::<AliasCells>("vendor_aliases.csv", VENDOR_ALIASES)?
        .into_iter()
        .map(|row| Alias {
            alias: row.cells.alias,
            vendor: row.cells.vendor,
            is_product: row.cells.relation.starts_with("product"),
        });
    Ok(Vendors::new(names, aliases))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_of_the_bundled_systems_are_names_that_count() {
        let vendors = vendors().unwrap();
        for row in rows::<VendorCells>("systems.csv", SYSTEMS).unwrap() {
            let name = row.cells.vendor;
            let read = vendors.read(&name).vendor;
            let is_named = !name.is_empty() && name != "In-house or generic";
            assert_eq!(read, is_named.then_some(name));
        }
    }

    #[test]
    fn every_bundled_alias_stands_for_a_vendor() {
        let vendors = vendors().unwrap();
        let supplier = |text: &str| vendors.read(text);
        assert_eq!(
            supplier("Cerner").vendor.as_deref(),
            Some("Oracle Health (Cerner)")
        );
        let rio = supplier("RiO");
        assert_eq!(
            (rio.vendor.as_deref(), rio.product.as_deref()),
            (Some("The Access Group"), Some("RiO"))
        );
        let n_aliases: usize = vendors.list().iter().map(|v| v.aliases.len()).sum();
        assert_eq!(
            n_aliases, 13,
            "14 rows without Servelec, which is a vendor of its own"
        );
    }
}
