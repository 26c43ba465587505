//! Templates of the tables: the header, and one row of the bundled data where it has one.

use crate::domain::import::ImportKind;
use crate::intake::bundled;
use crate::intake::import::columns::{Need, columns};

/// The header of a table, and one example row where the bundled data has any; `None` for what is no table.
#[must_use]
pub fn template(kind: ImportKind) -> Option<Vec<Vec<String>>> {
    let file = match kind {
        ImportKind::Organisations => bundled::ORGANISATIONS,
        ImportKind::Systems => bundled::SYSTEMS,
        ImportKind::Attributes => bundled::DIGITAL_MATURITY,
        ImportKind::Links => bundled::RELATIONSHIPS,
        ImportKind::Memberships => bundled::MEMBERSHIPS,
        ImportKind::Successions => bundled::MERGERS,
        // Nothing bundled says what organisations seek.
        ImportKind::Topics => "ods_code,topic,need,stage,live_since,as_of,source\n",
        ImportKind::OdsEtr | ImportKind::OdsOrd | ImportKind::Fhir => return None,
    };
    // `scheme` and `metric` are for the published file alone.
    let read = columns(kind)
        .iter()
        .filter(|c| c.need != Need::PassedOver && !matches!(c.name, "scheme" | "metric"));
    let header: Vec<String> = read.map(|column| column.name.to_owned()).collect();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(file.as_bytes());
    let names = reader.headers().ok()?.clone();
    // The row that says most shows most.
    let row = reader
        .records()
        .filter_map(Result::ok)
        .max_by_key(|row| row.iter().filter(|cell| !cell.is_empty()).count());
    let Some(row) = row else {
        return Some(vec![header]);
    };
    let cell = |name: &String| match (kind, name.as_str()) {
        (ImportKind::Attributes, "attribute") => "digital_maturity".to_owned(),
        _ => names
            .iter()
            .position(|other| other == name)
            .and_then(|at| row.get(at))
            .unwrap_or_default()
            .to_owned(),
    };
    let example = header.iter().map(cell).collect();
    Some(vec![header, example])
}
