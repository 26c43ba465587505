//! `organisations.csv`: who there is and what each is like.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::domain::dates::PartialDate;
use crate::domain::ids::OdsCode;
use crate::domain::organisation::{Board, CareSettings, Organisation, Position, Status};
use crate::domain::profile::{Attribute, AttributeFact, AttributeValue};
use crate::domain::provenance::{Provenance, Voice};
use crate::intake::table::{Read, Row, filled, rows};

#[derive(Deserialize)]
struct Cells {
    ods_code: String,
    name: String,
    status: String,
    care_setting: String,
    care_setting_source: String,
    eric_type_year: String,
    acute_teaching: String,
    latitude: String,
    longitude: String,
    geo_source: String,
    icb_code: String,
    icb_name: String,
    region_code: String,
    nhs_region: String,
    opened: String,
    closed: String,
    general_acute_beds: String,
    beds_month: String,
    catchment_all_admissions_2022: String,
    staff_fte_est: String,
    staff_fte_est_basis: String,
    imd2010_score_patients_2019_20: String,
    urban_share_2019_20: String,
    source: String,
}

/// What the file holds.
pub(super) struct Organisations {
    pub(super) organisations: Vec<Organisation>,
    pub(super) attributes: Vec<AttributeFact>,
}

/// The dates that the words of a source stand for: the first that the source begins with. The README of the files
/// says what each source is.
const SOURCE_DATES: [(&str, &str); 8] = [
    ("ODS etr file, July 2026", "2026-07"),
    ("ODS/DSPT organisation table, Feb 2022", "2022-02"),
    ("NSPL May 2025", "2025-05"),
    ("NHSE DMA 2025", "2025"),
    ("ERIC 2016/17", "2017-03-31"),
    ("ERIC 2013/14", "2014-03-31"),
    ("NHSE EPR FOI Oct 2024", "2024-10-01"),
    ("June 2018 HCHS", "2018-06"),
];

/// The end of the year that the peer finder's measures are for.
const END_OF_2019_20: &str = "2020-03-31";

/// Reads the organisations, by code, and their attributes, in no particular order.
pub(super) fn read(text: &str) -> Read<Organisations> {
    let mut found = Organisations {
        organisations: Vec::new(),
        attributes: Vec::new(),
    };
    let mut codes = BTreeSet::new();
    for row in rows::<Cells>("organisations.csv", text)? {
        let organisation = organisation(&row)?;
        if !codes.insert(organisation.ods_code) {
            return Err(row.fault("ods_code", "the code stands in an earlier row too"));
        }
        attributes(&row, organisation.ods_code, &mut found.attributes)?;
        found.organisations.push(organisation);
    }
    found
        .organisations
        .sort_by_key(|organisation| organisation.ods_code);
    Ok(found)
}

fn organisation(row: &Row<Cells>) -> Read<Organisation> {
    let cells = &row.cells;
    if cells.name.is_empty() {
        return Err(row.fault("name", "an organisation has a name"));
    }
    let status = match (
        cells.status.as_str(),
        row.parse_some("closed", &cells.closed)?,
    ) {
        ("active", None) => Status::Active,
        ("active", Some(_)) => {
            return Err(row.fault("closed", "an active organisation has no day of closing"));
        }
        ("closed", on) => Status::Closed { on },
        _ => return Err(row.fault("status", "a status is `active` or `closed`")),
    };
    let care_settings = cells
        .care_setting
        .split(';')
        .filter_map(filled)
        .map(|setting| row.parse("care_setting", setting))
        .collect::<Read<CareSettings>>()?;
    let position = match (
        row.parse_some("latitude", &cells.latitude)?,
        row.parse_some("longitude", &cells.longitude)?,
    ) {
        (None, None) => None,
        (Some(latitude), Some(longitude)) => Some(
            Position::new(latitude, longitude)
                .ok_or_else(|| row.fault("latitude", "no such place on the Earth"))?,
        ),
        _ => return Err(row.fault("longitude", "latitude and longitude go together")),
    };
    let sourced = |column, source: &str| {
        Ok(Provenance {
            source: source.to_owned(),
            as_of: Some(source_date(row, column, source)?),
            voice: Voice::Bundled,
        })
    };
    Ok(Organisation {
        ods_code: row.parse("ods_code", &cells.ods_code)?,
        name: cells.name.clone(),
        status,
        opened: row.parse_some("opened", &cells.opened)?,
        care_settings,
        care_settings_provenance: (!care_settings.is_empty())
            .then(|| sourced("care_setting_source", &cells.care_setting_source))
            .transpose()?,
        position,
        position_provenance: position
            .map(|_| sourced("geo_source", &cells.geo_source))
            .transpose()?,
        icb: board(
            row,
            ("icb_code", &cells.icb_code),
            ("icb_name", &cells.icb_name),
        )?,
        region: board(
            row,
            ("region_code", &cells.region_code),
            ("nhs_region", &cells.nhs_region),
        )?,
        links_complete_on: None,
        provenance: sourced("source", &cells.source)?,
    })
}

fn board(row: &Row<Cells>, code: (&str, &str), name: (&str, &str)) -> Read<Option<Board>> {
    let Some(code) = row.parse_some(code.0, code.1)? else {
        return Ok(None);
    };
    match filled(name.1) {
        Some(name) => Ok(Some(Board {
            code,
            name: name.to_owned(),
        })),
        None => Err(row.fault(name.0, "a board has a name")),
    }
}

fn source_date(row: &Row<Cells>, column: &str, source: &str) -> Read<PartialDate> {
    let known = SOURCE_DATES
        .iter()
        .find(|(words, _)| source.starts_with(words));
    let (_, date) =
        known.ok_or_else(|| row.fault(column, format_args!("{source:?}: of an unknown date")))?;
    row.parse(column, date)
}

fn attributes(row: &Row<Cells>, ods_code: OdsCode, found: &mut Vec<AttributeFact>) -> Read<()> {
    const PEER_FINDER: &str = "NHS England trust peer finder, 2019/20 (nhsengland/NHSE-Methods-Euclidean-distance-estimation)";
    let cells = &row.cells;
    let mut add =
        |attribute, column, number: Option<f64>, source: String, as_of: Option<PartialDate>| {
            let Some(number) = number else { return Ok(()) };
            let value = AttributeValue::new(attribute, number, None).ok_or_else(|| {
                row.fault(column, format_args!("{number} is no value of {attribute}"))
            })?;
            found.push(AttributeFact {
                ods_code,
                value,
                provenance: Provenance {
                    source,
                    as_of,
                    voice: Voice::Bundled,
                },
            });
            Ok(())
        };

    let number = |column, cell: &str| row.parse_some::<f64>(column, cell);
    let end_of_2019_20 = || row.parse("staff_fte_est_basis", END_OF_2019_20).map(Some);
    if let Some(basis) = filled(&cells.staff_fte_est_basis) {
        let as_of = if basis.starts_with("2019/20 peer-finder") {
            end_of_2019_20()?
        } else {
            Some(source_date(row, "staff_fte_est_basis", basis)?)
        };
        let staff = number("staff_fte_est", &cells.staff_fte_est)?;
        add(
            Attribute::StaffFte,
            "staff_fte_est",
            staff,
            basis.to_owned(),
            as_of,
        )?;
    } else if filled(&cells.staff_fte_est).is_some() {
        return Err(row.fault("staff_fte_est_basis", "an estimate has a basis"));
    }
    for (attribute, column, cell) in [
        (
            Attribute::Deprivation,
            "imd2010_score_patients_2019_20",
            &cells.imd2010_score_patients_2019_20,
        ),
        (
            Attribute::UrbanShare,
            "urban_share_2019_20",
            &cells.urban_share_2019_20,
        ),
    ] {
        add(
            attribute,
            column,
            number(column, cell)?,
            PEER_FINDER.to_owned(),
            end_of_2019_20()?,
        )?;
    }
    add(
        Attribute::Catchment,
        "catchment_all_admissions_2022",
        number("catchment_all_admissions_2022", &cells.catchment_all_admissions_2022)?,
        "OHID NHS hospital trust catchment populations, all admissions, 2022 (regulate-tech/nhstech)".to_owned(),
        Some(row.parse("catchment_all_admissions_2022", "2022")?),
    )?;
    add(
        Attribute::Beds,
        "general_acute_beds",
        number("general_acute_beds", &cells.general_acute_beds)?,
        "NHS England general and acute beds available (humaniverse/healthyr)".to_owned(),
        row.parse_some("beds_month", &cells.beds_month)?,
    )?;
    let teaching = match cells.acute_teaching.as_str() {
        "" => return Ok(()),
        "yes" => 1.0,
        "no" => 0.0,
        _ => return Err(row.fault("acute_teaching", "the cell is `yes`, `no` or empty")),
    };
    let source = format!("ERIC {} organisation type", cells.eric_type_year);
    let as_of = source_date(row, "eric_type_year", &source)?;
    add(
        Attribute::Teaching,
        "acute_teaching",
        Some(teaching),
        source,
        Some(as_of),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first organisation of the bundled file with one cell changed.
    fn fault_with(column: &str, cell: &str) -> String {
        let mut reader = csv::Reader::from_reader(super::super::ORGANISATIONS.as_bytes());
        let headers = reader.headers().unwrap().clone();
        let manchester = reader
            .records()
            .flatten()
            .find(|record| &record[0] == "R0A")
            .unwrap();
        let changed: csv::StringRecord = headers
            .iter()
            .zip(&manchester)
            .map(|(name, old)| if name == column { cell } else { old })
            .collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&headers).unwrap();
        writer.write_record(&changed).unwrap();
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        read(&text)
            .err()
            .map_or_else(String::new, |fault| fault.to_string())
    }

    #[test]
    fn a_bad_cell_is_named() {
        assert_eq!(fault_with("status", "active"), "", "the row itself is good");
        for (column, cell) in [
            ("ods_code", "R"),
            ("name", ""),
            ("status", "open"),
            ("closed", "2024-01-01"),
            ("opened", "soon"),
            ("care_setting", "acute;dental"),
            ("care_setting_source", "a rumour"),
            ("latitude", "91"),
            ("longitude", ""),
            ("geo_source", ""),
            ("icb_code", "q!"),
            ("icb_name", ""),
            ("source", "a friend"),
            ("acute_teaching", "maybe"),
            ("staff_fte_est", "-1"),
            ("staff_fte_est_basis", ""),
            ("imd2010_score_patients_2019_20", "101"),
            ("urban_share_2019_20", "NaN"),
            ("catchment_all_admissions_2022", "0"),
            ("general_acute_beds", "many"),
            ("beds_month", "2025-13"),
        ] {
            let fault = fault_with(column, cell);
            let expected = format!("organisations.csv, line 2, column {column}: ");
            assert!(
                fault.starts_with(&expected),
                "{column} = {cell:?}: {fault:?}"
            );
        }
    }

    #[test]
    fn an_organisation_stands_in_the_file_once() {
        let (header, rest) = super::super::ORGANISATIONS.split_once('\n').unwrap();
        let first = rest.lines().next().unwrap();
        let fault = read(&format!("{header}\n{first}\n{first}\n"))
            .err()
            .unwrap();
        assert!(
            fault
                .to_string()
                .starts_with("organisations.csv, line 3, column ods_code")
        );
    }
}
