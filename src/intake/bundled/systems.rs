//! `systems.csv`: the core systems of active organisations, and what they are known not to have.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::Known;
use crate::domain::core_system::{CoreSystem, Module, SystemStatus};
use crate::domain::dates::PartialDate;
use crate::domain::ids::OdsCode;
use crate::domain::provenance::{Provenance, Voice};
use crate::intake::table::{Read, filled, rows};

#[derive(Deserialize)]
struct Cells {
    ods_code: String,
    module: String,
    vendor: String,
    product: String,
    version: String,
    status: String,
    live_date: String,
    end_date: String,
    as_of: String,
    source: String,
}

/// How the file writes that a system is nobody's product; two of those are not the same system.
pub(in crate::intake) const UNNAMED: &str = "In-house or generic";

/// Reads the systems, by organisation and module, then as in the file.
///
/// A system of which an absence is known since is left out, as is a row that names neither vendor nor product.
pub(super) fn read(text: &str, known: &Known) -> Read<Vec<CoreSystem>> {
    let mut systems = Vec::new();
    for row in rows::<Cells>("systems.csv", text)? {
        let cells = &row.cells;
        let ods_code = known.code(&row, "ods_code", &cells.ods_code)?;
        let status: SystemStatus = row.parse("status", &cells.status)?;
        let product_name = without_brackets(&cells.product);
        let is_named = !cells.vendor.is_empty() || !product_name.is_empty();
        let system = CoreSystem {
            ods_code,
            module: row.parse("module", &cells.module)?,
            vendor: match cells.vendor.as_str() {
                UNNAMED => None,
                "" => Some(product_name).filter(|name| !name.is_empty()),
                vendor => Some(vendor.to_owned()),
            },
            product: filled(&cells.product).map(str::to_owned),
            version: filled(&cells.version).map(str::to_owned),
            status,
            live: row.parse_some("live_date", &cells.live_date)?,
            ended: row.parse_some("end_date", &cells.end_date)?,
            provenance: Provenance {
                source: cells.source.clone(),
                as_of: row.parse_some("as_of", &cells.as_of)?,
                voice: Voice::Bundled,
            },
        };
        if known.is_active(ods_code) && (is_named || status.is_known_absence()) {
            systems.push(system);
        }
    }
    drop_before_absences(&mut systems, |system| system);
    systems.sort_by_key(|system| (system.ods_code, system.module));
    Ok(systems)
}

/// Leaves out the systems of which an absence in the same module is known since.
pub(in crate::intake) fn drop_before_absences<T>(
    systems: &mut Vec<T>,
    system: impl Fn(&T) -> &CoreSystem,
) {
    let absences = latest_absences(systems.iter().map(&system));
    systems.retain(|one| {
        let system = system(one);
        let absence = absences.get(&(system.ods_code, system.module));
        !(system.status.is_present() && absence.is_some_and(|&absence| day(system) < absence))
    });
}

/// For each organisation and module, the day of which an absence was last known.
fn latest_absences<'a>(
    systems: impl Iterator<Item = &'a CoreSystem>,
) -> HashMap<(OdsCode, Module), NaiveDate> {
    let mut latest = HashMap::new();
    for system in systems.filter(|system| system.status.is_known_absence()) {
        let date = latest
            .entry((system.ods_code, system.module))
            .or_insert(NaiveDate::MIN);
        *date = day(system).max(*date);
    }
    latest
}

/// The day that a fact speaks of: a partial date counts as its end, none as the oldest.
fn day(system: &CoreSystem) -> NaiveDate {
    system
        .provenance
        .as_of
        .map_or(NaiveDate::MIN, PartialDate::last_day)
}

/// A product as it is named: without what stands in brackets.
pub(in crate::intake) fn without_brackets(product: &str) -> String {
    let mut kept = String::new();
    let mut rest = product;
    while let Some(open) = rest.find(['(', '[']) {
        let close = if rest[open..].starts_with('(') {
            ')'
        } else {
            ']'
        };
        let Some(length) = rest[open..].find(close) else {
            let (bracket, after) = rest.split_at(open + 1);
            kept.push_str(bracket);
            rest = after;
            continue;
        };
        kept.push_str(&rest[..open]);
        kept.push(' ');
        rest = &rest[open + length + 1..];
    }
    kept.push_str(rest);
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Module, vendor, product, status and date of what is kept of these rows of RTH.
    fn kept(rows: &[&str]) -> Vec<(Option<String>, Option<String>, SystemStatus)> {
        read(&file(rows), &Known::active(&["RTH"]))
            .unwrap()
            .into_iter()
            .map(|system| (system.vendor, system.product, system.status))
            .collect()
    }

    fn file(rows: &[&str]) -> String {
        let mut text =
            "ods_code,module,vendor,product,status,as_of,version,live_date,end_date,source\n"
                .to_owned();
        for row in rows {
            text.push_str(&format!("RTH,{row},,,,a test\n"));
        }
        text
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn an_in_house_system_is_unnamed_and_keeps_its_product() {
        let found = kept(&["epr,In-house or generic,PICS,in_use,2024"]);
        assert_eq!(found, [(None, some("PICS"), SystemStatus::InUse)]);
    }

    #[test]
    fn a_row_without_vendor_is_named_by_its_product() {
        let found = kept(&["epr,,Windip (scanning),in_use,"]);
        assert_eq!(
            found,
            [(
                some("Windip"),
                some("Windip (scanning)"),
                SystemStatus::InUse
            )]
        );
    }

    #[test]
    fn a_row_that_names_nothing_is_not_loaded_unless_it_is_an_absence() {
        assert!(
            kept(&[
                "epr,,,in_use,2024",
                "epr,,(unknown),in_use,2024",
                "epr,,,replaced,2024"
            ])
            .is_empty()
        );
        assert_eq!(
            kept(&["epr,,,none,2024"]),
            [(None, None, SystemStatus::NoSystem)]
        );
    }

    #[test]
    fn a_system_from_before_a_known_absence_is_dropped() {
        for (system, absence, is_kept) in [
            ("2024-12-30", "2024", false),
            ("2024-12-31", "2024", true),
            ("2024", "2024-06", true),
            ("2024-06-30", "2024-06", true),
            ("2024-06-29", "2024-06", false),
            ("", "2024", false),
            ("", "", true),
        ] {
            let found = kept(&[
                &format!("epr,Epic,,in_use,{system}"),
                &format!("epr,,,none_procuring,{absence}"),
            ]);
            assert_eq!(
                found.len(),
                1 + usize::from(is_kept),
                "{system} and {absence}"
            );
        }
        let other_module = kept(&["pas,Epic,,in_use,2010", "epr,,,none,2024"]);
        assert_eq!(other_module.len(), 2);
    }

    #[test]
    fn systems_of_closed_organisations_are_not_loaded() {
        let code = OdsCode::new("RTH").unwrap();
        let closed = crate::domain::organisation::Status::Closed { on: None };
        let known = Known::new([(code, closed)].into_iter());
        assert_eq!(
            read(&file(&["epr,Epic,,in_use,2024"]), &known),
            Ok(Vec::new())
        );
    }

    #[test]
    fn a_bad_cell_is_named() {
        for (row, column) in [
            ("epic,Epic,,in_use,2024", "module"),
            ("epr,Epic,,running,2024", "status"),
            ("epr,Epic,,in_use,last year", "as_of"),
        ] {
            let fault = read(&file(&[row]), &Known::active(&["RTH"]))
                .unwrap_err()
                .to_string();
            assert!(
                fault.starts_with(&format!("systems.csv, line 2, column {column}: ")),
                "{fault}"
            );
        }
        let fault = read(&file(&["epr,Epic,,in_use,2024"]), &Known::active(&["RHW"])).unwrap_err();
        assert!(
            fault
                .to_string()
                .contains("column ods_code: organisation RTH is not in")
        );
    }

    #[test]
    fn brackets_and_what_they_hold_are_no_part_of_a_name() {
        for (text, name) in [
            ("Millennium (Cerner) [2018]", "Millennium"),
            ("(x)", ""),
            ("a(b)c", "a c"),
            ("a (b", "a (b"),
            ("a ] b", "a ] b"),
            ("  a   b ", "a b"),
        ] {
            assert_eq!(without_brackets(text), name, "{text:?}");
        }
    }
}
