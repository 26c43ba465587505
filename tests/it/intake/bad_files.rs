//! More than two hundred files with something wrong: each is refused with its row, its column and the reason, quickly, and
//! changes nothing.

use std::io::Write as _;
use std::time::{Duration, Instant};

use alongside::domain::import::ImportKind;
use alongside::intake::import as intake;
use alongside::storage::{register, revision};
use proptest::prelude::*;
use rust_xlsxwriter::{Format, Formula, Workbook};

use super::import;
use crate::support::database::{a_change, one_of_each};

/// How long a refusal may take, on a busy machine and without optimisation too.
const SOON: Duration = Duration::from_secs(2);

/// A file, and what has to be said of it: the row, the column, and words of the reason.
struct Bad {
    kind: ImportKind,
    bytes: Vec<u8>,
    row: u64,
    column: Option<&'static str>,
    word: &'static str,
}

fn bad(
    kind: ImportKind,
    bytes: impl Into<Vec<u8>>,
    row: u64,
    column: impl Into<Option<&'static str>>,
    word: &'static str,
) -> Bad {
    Bad {
        kind,
        bytes: bytes.into(),
        row,
        column: column.into(),
        word,
    }
}

/// A good file of each table, into which faults are put: its header and one row.
fn good(kind: ImportKind) -> (&'static str, &'static str) {
    match kind {
        ImportKind::Organisations => (
            "ods_code,name,status,opened,closed,care_setting,latitude,longitude,icb_code,icb_name,region_code,nhs_region,source,as_of",
            "RTH,OXFORD,active,2011-11-01,,acute;community,51.76,-1.22,QU9,BOB,Y59,South East,a source,2026-07",
        ),
        ImportKind::Systems => (
            "ods_code,module,vendor,product,version,status,live_date,end_date,as_of,source",
            "RTH,epr,Epic,Hyperspace,v1,in_use,2019,,2024-10-01,a source",
        ),
        ImportKind::Attributes => (
            "ods_code,attribute,care_setting,value,as_of,source",
            "RTH,digital_maturity,acute,3.5,2025,a source",
        ),
        ImportKind::Links => (
            "a_ods,b_ods,kind,since,until,note,source",
            "RTH,RHW,joint_programme,2019,2021,a note,a source",
        ),
        ImportKind::Memberships => (
            "ods_code,group_kind,group_code,group_name,source",
            "RTH,cancer_alliance,N99,A NETWORK,a source",
        ),
        ImportKind::Successions => (
            "predecessor_ods,successor_ods,date,kind,source",
            "RDD,RTH,2020-04-01,split,a source",
        ),
        ImportKind::Topics => (
            "ods_code,topic,need,stage,live_since,as_of,source",
            "RTH,hepma,wanted,live,2019,2026-11,a source",
        ),
        ImportKind::OdsEtr | ImportKind::OdsOrd | ImportKind::Fhir => ("", ""),
    }
}

const TABLES: [ImportKind; 7] = [
    ImportKind::Organisations,
    ImportKind::Systems,
    ImportKind::Attributes,
    ImportKind::Links,
    ImportKind::Memberships,
    ImportKind::Successions,
    ImportKind::Topics,
];

/// The good row with one cell changed, as a file.
fn with(kind: ImportKind, column: &str, cell: &str) -> String {
    let (header, row) = good(kind);
    let at = header.split(',').position(|name| name == column).unwrap();
    let mut cells: Vec<&str> = row.split(',').collect();
    cells[at] = cell;
    format!("{header}\n{}\n", cells.join(","))
}

/// Files whose one fault is one cell.
fn bad_cells() -> Vec<Bad> {
    let cells: &[(ImportKind, &'static str, &str, &'static str)] = &[
        (ImportKind::Organisations, "ods_code", "", "empty"),
        (ImportKind::Organisations, "ods_code", "R", "3 to 12"),
        (ImportKind::Organisations, "ods_code", "R-TH", "3 to 12"),
        (
            ImportKind::Organisations,
            "ods_code",
            "ABCDEFGHIJKLM",
            "3 to 12",
        ),
        (ImportKind::Organisations, "ods_code", "RTHé", "3 to 12"),
        (ImportKind::Organisations, "ods_code", "5.00E+01", "5E1"),
        (ImportKind::Organisations, "ods_code", "5E+01", "5E1"),
        (ImportKind::Organisations, "ods_code", "5e+01", "5E1"),
        (ImportKind::Organisations, "ods_code", "1.2E+10", "5E1"),
        (ImportKind::Organisations, "ods_code", "50", "5E1 into 50"),
        (ImportKind::Organisations, "ods_code", "7", "zeros"),
        (ImportKind::Organisations, "ods_code", "500", "5E2"),
        (ImportKind::Organisations, "ods_code", "5000000", "5E2"),
        (ImportKind::Organisations, "ods_code", "123.0", "number"),
        (ImportKind::Organisations, "ods_code", "01-Mar", "1MAR"),
        (ImportKind::Organisations, "ods_code", "2026-03-01", "1MAR"),
        (ImportKind::Organisations, "ods_code", "01/03/2026", "1MAR"),
        (ImportKind::Organisations, "ods_code", "Mar-01", "1MAR"),
        (ImportKind::Organisations, "ods_code", "=A1", "formula"),
        (ImportKind::Organisations, "ods_code", "@RTH", "formula"),
        (ImportKind::Organisations, "ods_code", "+RTH", "formula"),
        (ImportKind::Organisations, "ods_code", "#N/A", "calculation"),
        (
            ImportKind::Organisations,
            "ods_code",
            "#REF!",
            "calculation",
        ),
        (
            ImportKind::Organisations,
            "name",
            "=HYPERLINK(1)",
            "formula",
        ),
        (ImportKind::Organisations, "name", "@SUM(A1)", "formula"),
        (ImportKind::Organisations, "name", "-2+3", "formula"),
        (ImportKind::Organisations, "name", "#VALUE!", "calculation"),
        (ImportKind::Organisations, "name", "OX\u{7}FORD", "U+0007"),
        (
            ImportKind::Organisations,
            "name",
            "OX\u{202e}FORD",
            "U+202E",
        ),
        (
            ImportKind::Organisations,
            "name",
            "OX\u{200b}FORD",
            "U+200B",
        ),
        (
            ImportKind::Organisations,
            "name",
            "OX\u{fffd}FORD",
            "U+FFFD",
        ),
        (ImportKind::Organisations, "status", "open", "neither"),
        (ImportKind::Organisations, "status", "Active", "neither"),
        (
            ImportKind::Organisations,
            "closed",
            "2020-01-01",
            "active organisation",
        ),
        (ImportKind::Organisations, "opened", "2011-02-30", "no date"),
        (ImportKind::Organisations, "opened", "2011-13-01", "no date"),
        (ImportKind::Organisations, "opened", "2011-00-01", "no date"),
        (ImportKind::Organisations, "opened", "0011-01-01", "no date"),
        (ImportKind::Organisations, "opened", "9999-12-31", "no date"),
        (ImportKind::Organisations, "opened", "01/11/2011", "no date"),
        (ImportKind::Organisations, "opened", "1 Nov 2011", "no date"),
        (ImportKind::Organisations, "opened", "40848", "no date"),
        (ImportKind::Organisations, "opened", "2011-11", "no day"),
        (ImportKind::Organisations, "opened", "2011", "no day"),
        (ImportKind::Organisations, "opened", "2023-02-29", "no date"),
        (ImportKind::Organisations, "opened", "=TODAY()", "formula"),
        (
            ImportKind::Organisations,
            "care_setting",
            "dental",
            "care setting",
        ),
        (
            ImportKind::Organisations,
            "care_setting",
            "acute;dental",
            "care setting",
        ),
        (
            ImportKind::Organisations,
            "care_setting",
            "acute|community",
            "care setting",
        ),
        (
            ImportKind::Organisations,
            "latitude",
            "north",
            "not a number",
        ),
        (ImportKind::Organisations, "latitude", "NaN", "not a number"),
        (ImportKind::Organisations, "latitude", "inf", "not a number"),
        (
            ImportKind::Organisations,
            "latitude",
            "51°45'",
            "not a number",
        ),
        (ImportKind::Organisations, "latitude", "91", "no such place"),
        (ImportKind::Organisations, "latitude", "453000", "eastings"),
        (ImportKind::Organisations, "latitude", "=51", "formula"),
        (ImportKind::Organisations, "latitude", "", "empty"),
        (ImportKind::Organisations, "longitude", "", "empty"),
        (
            ImportKind::Organisations,
            "longitude",
            "west",
            "not a number",
        ),
        (ImportKind::Organisations, "longitude", "-", "not a number"),
        (ImportKind::Organisations, "longitude", "3.5", "sign"),
        (ImportKind::Organisations, "icb_code", "Q-9", "board"),
        (ImportKind::Organisations, "icb_code", "5.00E+01", "5E1"),
        (ImportKind::Organisations, "icb_code", "", "empty"),
        (ImportKind::Organisations, "icb_code", "50", "5E1 into 50"),
        (ImportKind::Organisations, "region_code", "y59", "capital"),
        (ImportKind::Organisations, "region_code", "", "empty"),
        (ImportKind::Organisations, "source", "=1+1", "formula"),
        (ImportKind::Organisations, "as_of", "July", "no date"),
        (ImportKind::Systems, "ods_code", "5E+01", "5E1"),
        (ImportKind::Systems, "ods_code", "ZZZ", "no organisation"),
        (ImportKind::Systems, "ods_code", "RDD", "closed"),
        (ImportKind::Systems, "module", "epic", "module"),
        (ImportKind::Systems, "module", "", "empty"),
        (ImportKind::Systems, "module", "EPR", "module"),
        (ImportKind::Systems, "status", "live", "status"),
        (ImportKind::Systems, "status", "", "empty"),
        (ImportKind::Systems, "status", "none", "no system"),
        (
            ImportKind::Systems,
            "vendor",
            "=cmd|' /C calc'!A0",
            "formula",
        ),
        (ImportKind::Systems, "vendor", "+44", "formula"),
        (ImportKind::Systems, "product", "@x", "formula"),
        (ImportKind::Systems, "version", "-x", "formula"),
        (ImportKind::Systems, "live_date", "soon", "no date"),
        (ImportKind::Systems, "live_date", "2019-99", "no date"),
        (ImportKind::Systems, "end_date", "2018", "before"),
        (ImportKind::Systems, "end_date", "never", "no date"),
        (ImportKind::Systems, "as_of", "2024-10-32", "no date"),
        (ImportKind::Systems, "source", "\u{1}x", "U+0001"),
        (ImportKind::Attributes, "ods_code", "ZZZ", "no organisation"),
        (ImportKind::Attributes, "ods_code", "1E+05", "5E1"),
        (
            ImportKind::Attributes,
            "attribute",
            "happiness",
            "attribute",
        ),
        (ImportKind::Attributes, "attribute", "", "empty"),
        (
            ImportKind::Attributes,
            "attribute",
            "ethos_pace",
            "only the site",
        ),
        (ImportKind::Attributes, "value", "many", "not a number"),
        (ImportKind::Attributes, "value", "1,5", "cells"),
        (ImportKind::Attributes, "value", "6", "1 to 5"),
        (ImportKind::Attributes, "value", "0", "1 to 5"),
        (ImportKind::Attributes, "value", "NaN", "not a number"),
        (ImportKind::Attributes, "value", "1e999", "not a number"),
        (ImportKind::Attributes, "value", "=3", "formula"),
        (ImportKind::Attributes, "care_setting", "", "care setting"),
        (
            ImportKind::Attributes,
            "care_setting",
            "dental",
            "care setting",
        ),
        (ImportKind::Attributes, "as_of", "yesterday", "no date"),
        (ImportKind::Links, "a_ods", "", "empty"),
        (ImportKind::Links, "a_ods", "ZZZ", "no organisation"),
        (ImportKind::Links, "b_ods", "ZZZ", "no organisation"),
        (ImportKind::Links, "b_ods", "RTH", "itself"),
        (ImportKind::Links, "b_ods", "5.00E+01", "5E1"),
        (ImportKind::Links, "kind", "", "empty"),
        (ImportKind::Links, "kind", "friendship", "kind of link"),
        (ImportKind::Links, "since", "long ago", "no date"),
        (ImportKind::Links, "until", "2018", "end before"),
        (ImportKind::Links, "until", "2021-02-30", "no date"),
        (ImportKind::Links, "note", "=1", "formula"),
        (
            ImportKind::Memberships,
            "ods_code",
            "ZZZ",
            "no organisation",
        ),
        (ImportKind::Memberships, "ods_code", "0", "too short"),
        (
            ImportKind::Memberships,
            "group_kind",
            "choir",
            "kind of network",
        ),
        (ImportKind::Memberships, "group_kind", "", "empty"),
        (
            ImportKind::Memberships,
            "group_code",
            "-",
            "name for a network",
        ),
        (ImportKind::Memberships, "group_code", "=N1", "formula"),
        (ImportKind::Memberships, "group_name", "@N1", "formula"),
        (
            ImportKind::Successions,
            "predecessor_ods",
            "ZZZ",
            "no organisation",
        ),
        (ImportKind::Successions, "predecessor_ods", "RTH", "itself"),
        (
            ImportKind::Successions,
            "successor_ods",
            "ZZZ",
            "no organisation",
        ),
        (ImportKind::Successions, "successor_ods", "", "empty"),
        (ImportKind::Successions, "date", "", "empty"),
        (ImportKind::Successions, "date", "2020-04-31", "no date"),
        (
            ImportKind::Successions,
            "kind",
            "takeover",
            "kind of succession",
        ),
        (ImportKind::Successions, "kind", "", "empty"),
        (ImportKind::Topics, "ods_code", "ZZZ", "no organisation"),
        (ImportKind::Topics, "ods_code", "RDD", "closed"),
        (ImportKind::Topics, "topic", "knitting", "no topic"),
        (ImportKind::Topics, "topic", "Hepma", "slug"),
        (ImportKind::Topics, "topic", "", "empty"),
        (ImportKind::Topics, "need", "please", "need"),
        (ImportKind::Topics, "stage", "nearly", "stage"),
        (ImportKind::Topics, "stage", "offered", "live"),
        (ImportKind::Topics, "live_since", "2019-1", "no date"),
    ];
    cells
        .iter()
        .map(|&(kind, column, cell, word)| {
            let named = match (column, word) {
                // Said of another column of the row, or of the row.
                ("value", "cells") => None,
                ("predecessor_ods", "itself") => Some("successor_ods"),
                ("longitude", "eastings") => Some("latitude"),
                ("stage", "live") => Some("live_since"),
                _ => Some(column),
            };
            bad(kind, with(kind, column, cell), 2, named, word)
        })
        .collect()
}

/// Files whose header or encoding is at fault, of each table.
fn bad_tables() -> Vec<Bad> {
    let mut files = Vec::new();
    for kind in TABLES {
        let (header, row) = good(kind);
        let first = header.split(',').next().unwrap();
        let file = format!("{header}\n{row}\n");
        let utf_16: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(file.encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        let latin: Vec<u8> = [
            format!("{header}\n").as_bytes(),
            row.replace("source", "sourc").as_bytes(),
            b"\xe9\n",
        ]
        .concat();
        let missing = format!(
            "{}\n{}\n",
            &header[first.len() + 1..],
            &row[row.find(',').unwrap() + 1..]
        );
        files.extend([
            bad(kind, "", 0, None, "empty"),
            bad(kind, " \n\n", 0, None, "empty"),
            bad(kind, format!("{header}\n"), 0, None, "no rows"),
            bad(kind, utf_16, 0, None, "UTF-16"),
            bad(kind, latin, 2, None, "Latin-1"),
            bad(kind, missing, 1, first, "lacks"),
            bad(
                kind,
                format!("{header},{first}\n{row},x\n"),
                1,
                first,
                "twice",
            ),
            bad(
                kind,
                format!("{header},favourite_colour\n{row},red\n"),
                1,
                "favourite_colour",
                "favourite_colour",
            ),
            bad(
                kind,
                format!("{}\n{}\n", header.replace(',', ";"), row),
                1,
                None,
                "separated by `;`",
            ),
            bad(
                kind,
                format!("{}\n{}\n", header.replace(',', "\t"), row),
                1,
                None,
                "tabs",
            ),
            bad(
                kind,
                format!("{header}\n{row},one,too,many\n"),
                2,
                None,
                "cells",
            ),
            bad(
                kind,
                format!("{}\n{row}\n", vec!["x"; 100_000].join(",")),
                1,
                None,
                "columns",
            ),
            bad(
                kind,
                format!("{header}\n\"{}\n", "x".repeat(3_000_000)),
                2,
                None,
                "quotation mark",
            ),
            bad(
                kind,
                format!("{header}\n{}\n", ",".repeat(100_000)),
                2,
                None,
                "columns",
            ),
        ]);
        // Memberships may be said twice: the published file says some once for each source.
        if kind != ImportKind::Memberships {
            files.push(bad(
                kind,
                format!("{header}\n{row}\n{row}\n"),
                3,
                duplicated(kind),
                "row",
            ));
        }
    }
    files
}

/// The column that a row is named by which stands twice.
fn duplicated(kind: ImportKind) -> &'static str {
    match kind {
        ImportKind::Systems => "module",
        ImportKind::Attributes => "attribute",
        ImportKind::Links => "kind",
        ImportKind::Successions => "successor_ods",
        ImportKind::Topics => "topic",
        _ => "ods_code",
    }
}

/// Rows that are at fault as a whole, or with what is recorded.
fn bad_rows() -> Vec<Bad> {
    let organisations = ImportKind::Organisations;
    let short =
        |row: &str| format!("ods_code,name,status,opened,closed,latitude,longitude\n{row}\n");
    let boards = "ods_code,name,icb_code,icb_name,region_code,nhs_region\n";
    vec![
        bad(
            organisations,
            short("RTH,OXFORD,active,,,-1.22,51.76"),
            2,
            "latitude",
            "exchanged",
        ),
        bad(
            organisations,
            short("RTH,OXFORD,active,,,0,0"),
            2,
            "latitude",
            "sea",
        ),
        bad(
            organisations,
            short("RTH,OXFORD,closed,2011-11-01,2010-01-01,,"),
            2,
            "closed",
            "before",
        ),
        bad(
            organisations,
            short("RTH,OXFORD,closed,,2199-01-01,,"),
            2,
            "closed",
            "yet to come",
        ),
        bad(
            organisations,
            short("RTH,OXFORD,closed,,1990-01-01,,"),
            2,
            "closed",
            "before",
        ),
        bad(
            organisations,
            short("ZZZ9,,active,,,,"),
            2,
            "name",
            "no organisation ZZZ9",
        ),
        bad(
            organisations,
            short(&format!("ZZZ9,{},active,,,,", "x".repeat(300))),
            2,
            "name",
            "longer",
        ),
        bad(
            organisations,
            short(&format!("ZZZ9,{},active,,,,", "x".repeat(900))),
            2,
            "name",
            "longer",
        ),
        bad(
            organisations,
            format!("{boards}ZZZ9,X,Y59,A BOARD,,\n"),
            2,
            "icb_code",
            "another sort",
        ),
        bad(
            organisations,
            format!("{boards}ZZZ9,X,ZZ1,A,,\nZZZ8,X,ZZ1,B,,\n"),
            3,
            "icb_code",
            "another name",
        ),
        bad(
            organisations,
            "name,status\nX,active\n",
            1,
            "ods_code",
            "lacks",
        ),
        bad(
            organisations,
            "1,2,3\n4,5,6\n",
            1,
            None,
            "first row is not the header",
        ),
        bad(
            organisations,
            "ods_code,,name\nRTH,,X\n",
            1,
            None,
            "no name",
        ),
        bad(
            ImportKind::Links,
            "a_ods,b_ods,kind\nRTH,RHW,site_visit\n",
            2,
            "since",
            "needs a date",
        ),
        bad(
            ImportKind::Successions,
            "predecessor_ods,successor_ods,date,kind\nRTH,RHW,2020,split\nRHW,RTH,2021,split\n",
            3,
            "successor_ods",
            "succeed itself",
        ),
        bad(
            ImportKind::Successions,
            "predecessor_ods,successor_ods,date,kind\nRAJ,RDD,2021,split\n",
            2,
            "successor_ods",
            "succeed itself",
        ),
        bad(
            ImportKind::Memberships,
            "ods_code,group_kind,group_code,group_name\nRTH,cancer_alliance,X1,One\nRHW,cancer_alliance,X1,Two\n",
            3,
            "group_name",
            "called",
        ),
        bad(
            ImportKind::Topics,
            "ods_code,topic,need,stage\nRTH,hepma,,\n",
            2,
            "need",
            "neither",
        ),
        bad(
            ImportKind::Attributes,
            "ods_code,attribute,value\nRTH,beds,-1\n",
            2,
            "value",
            "above 0",
        ),
        bad(
            ImportKind::Attributes,
            "ods_code,attribute,value\nRTH,urban_share,1.5\n",
            2,
            "value",
            "0 to 1",
        ),
        bad(
            ImportKind::Attributes,
            "ods_code,scheme,metric,care_setting,value\nRTH,X,,acute,1\n",
            2,
            "metric",
            "empty",
        ),
    ]
}

/// Files that are none of ours at all.
fn other_files() -> Vec<Bad> {
    let beginnings: [(&[u8], &'static str); 9] = [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
        (b"\x1f\x8b\x08\0\0", "gzip"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n", "picture"),
        (b"SQLite format 3\0", "database"),
        (b"<!DOCTYPE html>", "web page"),
        (b"<html>", "web page"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"\xff\xfe\0\0x\0\0\0", "UTF-32"),
    ];
    let mut files: Vec<Bad> = beginnings
        .iter()
        .map(|(bytes, word)| bad(ImportKind::Systems, *bytes, 0, None, word))
        .collect();
    files.push(bad(ImportKind::Systems, "{\"a\": 1}", 0, None, "JSON"));
    files
}

fn etr_files() -> Vec<Bad> {
    let etr = |code: &str, name: &str, opened: &str, closed: &str| {
        format!("{code},{name},Y62,QOP,A,B,,C,,M13 9WL,{opened},{closed},,,,,,,,,,0,,B\n")
    };
    let kind = ImportKind::OdsEtr;
    vec![
        bad(kind, "", 0, None, "empty"),
        bad(
            kind,
            etr("5E+01", "X", "20010101", ""),
            1,
            "organisation code",
            "5E1",
        ),
        bad(
            kind,
            etr("50", "X", "20010101", ""),
            1,
            "organisation code",
            "5E1",
        ),
        bad(
            kind,
            etr("", "X", "20010101", ""),
            1,
            "organisation code",
            "empty",
        ),
        bad(kind, etr("RTH", "", "20010101", ""), 1, "name", "empty"),
        bad(kind, etr("RTH", "=X", "20010101", ""), 1, "name", "formula"),
        bad(
            kind,
            etr("RTH", "X", "2001-01-01", ""),
            1,
            "open date",
            "date",
        ),
        bad(
            kind,
            etr("RTH", "X", "20010230", ""),
            1,
            "open date",
            "YYYYMMDD",
        ),
        bad(
            kind,
            etr("RTH", "X", "20011", ""),
            1,
            "open date",
            "YYYYMMDD",
        ),
        bad(
            kind,
            etr("RTH", "X", "20010101", "20000101"),
            1,
            "close date",
            "before",
        ),
        bad(
            kind,
            etr("RTH", "X", "20010101", "20.2E+06"),
            1,
            "close date",
            "5E1",
        ),
        bad(
            kind,
            format!(
                "{}{}",
                etr("RTH", "X", "20010101", ""),
                etr("RTH", "X", "20010101", "")
            ),
            2,
            "organisation code",
            "row 1",
        ),
        bad(kind, "RTH,X\n", 1, None, "cells"),
        bad(kind, format!("RTH{}\n", ",".repeat(40)), 1, None, "cells"),
        bad(kind, "ods_code,name\nRTH,X\n", 1, None, "no header"),
        bad(
            kind,
            "Organisation Code,Name\nRTH,X\n",
            1,
            None,
            "no header",
        ),
        bad(kind, b"RTH,caf\xe9\n".to_vec(), 1, None, "Latin-1"),
    ]
}

fn json_files() -> Vec<Bad> {
    let (ord, fhir) = (ImportKind::OdsOrd, ImportKind::Fhir);
    let organisation = |fields: &str| format!("{{\"resourceType\": \"Organization\", {fields}}}");
    let code = "\"identifier\": [{\"system\": \"https://fhir.nhs.uk/Id/ods-organization-code\", \"value\": \"RTH\"}]";
    let bundle =
        |entries: &str| format!("{{\"resourceType\": \"Bundle\", \"entry\": [{entries}]}}");
    let entry = |resource: &str| format!("{{\"resource\": {resource}}}");
    let full = |name: &str, status: &str, start: &str| {
        format!(
            "{{\"Organisation\": {{\"Name\": \"{name}\", \"Status\": \"{status}\", \"OrgId\": {{\"extension\": \"RTH\"}}, \"Date\": [{{\"Type\": \"Operational\", \"Start\": \"{start}\"}}]}}}}"
        )
    };
    let affiliation = |a: &str, b: &str| {
        format!(
            "{{\"resourceType\": \"OrganizationAffiliation\", \"active\": true, \"organization\": {{\"identifier\": {{\"value\": \"{a}\"}}}}, \"participatingOrganization\": {{\"identifier\": {{\"value\": \"{b}\"}}}}, \"code\": [{{\"coding\": [{{\"code\": \"RE5\"}}]}}]}}"
        )
    };
    vec![
        bad(fhir, "", 0, None, "empty"),
        bad(fhir, "[]", 0, None, "JSON"),
        bad(fhir, "ods_code,name\n", 0, None, "not a JSON object"),
        bad(fhir, "{", 0, None, "ends too early"),
        bad(fhir, "{\"resourceType\": }", 0, "resourceType", "not JSON"),
        bad(
            fhir,
            format!(
                "{{\"resourceType\": \"Bundle\", \"entry\": {}",
                "[".repeat(100_000)
            ),
            0,
            None,
            "deep",
        ),
        bad(
            fhir,
            format!("{{\"a\": {}", "[".repeat(100_000)),
            0,
            None,
            "deep",
        ),
        bad(
            fhir,
            format!("{{\"a\": {}", "{\"a\":".repeat(100_000)),
            0,
            None,
            "deep",
        ),
        bad(fhir, "{}", 0, None, "missing field"),
        bad(
            fhir,
            "{\"resourceType\": \"Patient\"}",
            1,
            "resourceType",
            "Patient",
        ),
        bad(fhir, "{\"resourceType\": 7}", 0, "resourceType", "form"),
        bad(fhir, "{\"resourceType\": \"Bundle\"}", 0, "entry", "empty"),
        bad(fhir, bundle(""), 0, "entry", "empty"),
        bad(
            fhir,
            bundle(&entry("{\"resourceType\": \"Location\"}")),
            1,
            "resourceType",
            "Location",
        ),
        bad(fhir, bundle("{}"), 1, None, "missing field"),
        bad(
            fhir,
            bundle(&format!(
                "{},{}",
                entry(&organisation(code)),
                entry(&organisation(code))
            )),
            2,
            "identifier",
            "earlier entry",
        ),
        bad(
            fhir,
            organisation("\"name\": \"X\""),
            1,
            "identifier",
            "ODS code",
        ),
        bad(
            fhir,
            organisation("\"identifier\": []"),
            1,
            "identifier",
            "ODS code",
        ),
        bad(
            fhir,
            organisation("\"identifier\": {}"),
            0,
            "identifier",
            "form",
        ),
        bad(
            fhir,
            organisation(&code.replace("RTH", "R!")),
            1,
            "identifier",
            "3 to 12",
        ),
        bad(
            fhir,
            organisation(&code.replace("RTH", "5.00E+01")),
            1,
            "identifier",
            "5E1",
        ),
        bad(
            fhir,
            organisation(&format!("{code}, \"name\": \"\"")),
            1,
            "name",
            "empty",
        ),
        bad(
            fhir,
            organisation(&format!("{code}, \"name\": \"{}\"", "x".repeat(1000))),
            1,
            "name",
            "longer",
        ),
        bad(
            fhir,
            organisation(&format!("{code}, \"name\": \"a\\u0000b\"")),
            1,
            "name",
            "control",
        ),
        bad(
            fhir,
            organisation(&format!("{code}, \"active\": \"yes\"")),
            0,
            "active",
            "form",
        ),
        bad(
            fhir,
            organisation(&format!("{code}, \"period\": {{\"start\": \"soon\"}}")),
            1,
            "period.start",
            "no day",
        ),
        bad(
            fhir,
            organisation(&format!(
                "{code}, \"period\": {{\"start\": \"2020-01-01\", \"end\": \"2019-01-01\"}}"
            )),
            1,
            "period.end",
            "before",
        ),
        bad(
            fhir,
            organisation(&code.replace("RTH", "ZZZ9")),
            1,
            "name",
            "no organisation",
        ),
        bad(
            fhir,
            affiliation("ZZZ9", "Y59"),
            1,
            "organization",
            "no organisation",
        ),
        bad(
            fhir,
            affiliation("RTH", "ZZZ9"),
            1,
            "participatingOrganization",
            "no board",
        ),
        bad(
            fhir,
            affiliation("RTH", "RTH"),
            1,
            "participatingOrganization",
            "itself",
        ),
        bad(
            fhir,
            affiliation("RTH", "Q-9"),
            1,
            "participatingOrganization",
            "board",
        ),
        bad(
            fhir,
            "{\"resourceType\": \"OrganizationAffiliation\"}",
            1,
            "organization",
            "missing",
        ),
        bad(
            fhir,
            "{\"resourceType\": \"Organization\", \"resourceType\": \"Organization\"}",
            0,
            None,
            "twice",
        ),
        bad(
            fhir,
            b"{\"resourceType\": \"\xe9\"}".to_vec(),
            1,
            None,
            "Latin-1",
        ),
        bad(
            fhir,
            include_bytes!("samples/fhir_r4_codesystem_lookup_parameters.json").to_vec(),
            1,
            "resourceType",
            "Parameters",
        ),
        bad(ord, "{}", 0, None, "neither"),
        bad(ord, "{\"Organisations\": []}", 0, "Organisations", "empty"),
        bad(
            ord,
            full("X", "Open", "2001-01-01"),
            1,
            "Status",
            "Active or Inactive",
        ),
        bad(ord, full("", "Active", "2001-01-01"), 1, "Name", "empty"),
        bad(
            ord,
            full("X", "Active", "2001-02-30"),
            1,
            "Date.Start",
            "no day",
        ),
        bad(
            ord,
            "{\"Organisation\": {}}",
            0,
            "Organisation",
            "missing field",
        ),
        bad(
            ord,
            "{\"Name\": \"X\", \"OrgId\": \"5.00E+01\", \"Status\": \"Active\"}",
            1,
            "OrgId",
            "5E1",
        ),
        bad(
            ord,
            "{\"Name\": \"X\", \"OrgId\": \"R\", \"Status\": \"Active\"}",
            1,
            "OrgId",
            "3 to 12",
        ),
    ]
}

fn workbook(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(["ods_code", "name", "opened", "latitude", "longitude"]) {
        sheet.write_string(0, column, name).unwrap();
    }
    fill(sheet);
    book.save_to_buffer().unwrap()
}

fn zipped(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn workbooks() -> Vec<Bad> {
    let kind = ImportKind::Organisations;
    let good = workbook(|sheet| {
        sheet.write_string(1, 0, "RTH").unwrap();
    });
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let day = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 3, 1).unwrap();
    let mut flipped = good.clone();
    let middle = flipped.len() / 3;
    flipped[middle] ^= 0xff;
    let two = {
        let mut book = Workbook::new();
        book.add_worksheet();
        book.add_worksheet();
        book.save_to_buffer().unwrap()
    };
    let many = {
        let mut book = Workbook::new();
        for _ in 0..30 {
            book.add_worksheet();
        }
        book.save_to_buffer().unwrap()
    };
    let zeros = vec![b' '; 300_000_000];
    vec![
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_number(1, 0, 50.0).unwrap();
            }),
            2,
            "ods_code",
            "5E1 into 50",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_number(1, 0, 123.0).unwrap();
            }),
            2,
            "ods_code",
            "number",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_datetime_with_format(1, 0, &day, &date).unwrap();
            }),
            2,
            "ods_code",
            "1MAR",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_formula(1, 0, Formula::new("=1+1")).unwrap();
            }),
            2,
            "ods_code",
            "formula",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_string(1, 0, "RTH").unwrap();
                sheet.write_formula(1, 1, Formula::new("=A1")).unwrap();
            }),
            2,
            "name",
            "formula",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_string(1, 0, "RTH").unwrap();
                sheet.write_number(1, 1, 7.0).unwrap();
            }),
            2,
            "name",
            "number",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_string(1, 0, "RTH").unwrap();
                sheet.write_boolean(1, 1, true).unwrap();
            }),
            2,
            "name",
            "TRUE",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_string(1, 0, "RTH").unwrap();
                sheet.write_number(1, 2, 40848.0).unwrap();
            }),
            2,
            "opened",
            "no date",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_string(1, 0, "RTH").unwrap();
                sheet.write_string(1, 3, "=1").unwrap();
            }),
            2,
            "latitude",
            "formula",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_string(1, 0, "RTH").unwrap();
                sheet.write_number(1, 3, -1.22).unwrap();
                sheet.write_number(1, 4, 51.7).unwrap();
            }),
            2,
            "latitude",
            "exchanged",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_string(1, 0, "RTH").unwrap();
                sheet.write_string(1, 9, "beyond").unwrap();
            }),
            2,
            None,
            "cells",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_string(0, 16_383, "beyond").unwrap();
            }),
            1,
            None,
            "columns",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_string(1_048_575, 0, "RTH").unwrap();
            }),
            1_048_576,
            None,
            "rows",
        ),
        bad(
            kind,
            workbook(|sheet| {
                sheet.write_string(1, 1, "x".repeat(30_000)).unwrap();
            }),
            2,
            None,
            "bytes",
        ),
        bad(kind, workbook(|_| {}), 0, None, "no rows"),
        bad(
            kind,
            Workbook::new()
                .save_to_buffer()
                .unwrap_or_else(|_| two.clone()),
            0,
            None,
            "",
        ),
        bad(kind, two, 0, None, "2 sheets"),
        bad(kind, many, 0, None, "30 sheets"),
        bad(kind, good[..good.len() / 2].to_vec(), 0, None, "damaged"),
        bad(kind, good[..100].to_vec(), 0, None, "damaged"),
        bad(kind, b"PK\x03\x04".to_vec(), 0, None, "damaged"),
        bad(kind, b"PK\x05\x06".to_vec(), 0, None, "damaged"),
        bad(
            kind,
            zipped(&[("hello.txt", b"hello".to_vec())]),
            0,
            None,
            "no workbook",
        ),
        bad(
            kind,
            zipped(&[("xl/workbook.xml", b"<workbook".to_vec())]),
            0,
            None,
            "damaged",
        ),
        bad(
            kind,
            zipped(&[
                ("xl/workbook.xml", b"x".to_vec()),
                ("xl/worksheets/sheet1.xml", zeros.clone()),
            ]),
            0,
            None,
            "zip bomb",
        ),
        bad(
            kind,
            zipped(&[
                ("xl/workbook.xml", b"x".to_vec()),
                ("xl/sharedStrings.xml", zeros[..100_000_000].to_vec()),
            ]),
            0,
            None,
            "zip bomb",
        ),
        bad(
            kind,
            zipped(
                &(0..600)
                    .map(|_| ("x", Vec::new()))
                    .enumerate()
                    .map(|(n, (_, v))| (&*Box::leak(format!("p{n}").into_boxed_str()), v))
                    .collect::<Vec<_>>(),
            ),
            0,
            None,
            "parts",
        ),
    ]
}

fn all() -> Vec<Bad> {
    let mut files = bad_cells();
    for more in [
        bad_tables(),
        bad_rows(),
        other_files(),
        etr_files(),
        json_files(),
        workbooks(),
    ] {
        files.extend(more);
    }
    files
}

#[test]
fn more_than_two_hundred_bad_files_are_refused_by_name_soon_and_change_nothing() {
    let files = all();
    assert!(files.len() >= 200, "{}", files.len());
    let mut wrong = Vec::new();
    for database in one_of_each() {
        let storage = database.open();
        let bundle = alongside::intake::bundled::load().unwrap();
        storage
            .write_blocking(&a_change(), |c| {
                register::insert(c, &bundle.register, &bundle.data_sets)
            })
            .unwrap();
        let before = storage
            .read_blocking(|c| Ok((revision::current(c)?, register::load(c)?)))
            .unwrap();
        let n_audited = database.texts("SELECT CAST(count(*) AS TEXT) AS text FROM audit");
        for (number, file) in files.iter().enumerate() {
            let started = Instant::now();
            let report = import(&storage, file.kind, &file.bytes);
            let took = started.elapsed();
            let is_named = report.remarks.iter().any(|remark| {
                remark.row == file.row
                    && remark.column.as_deref() == file.column
                    && remark.reason.contains(file.word)
            });
            let is_short = report
                .remarks
                .iter()
                .all(|remark| remark.reason.chars().count() < 700);
            if !is_named
                || !is_short
                || took > SOON
                || report.revision.is_some()
                || report.counts.refused == 0
            {
                let begin =
                    String::from_utf8_lossy(&file.bytes[..file.bytes.len().min(200)]).into_owned();
                wrong.push(format!(
                    "{number} {} {:?} {:?} {:?} in {took:?}: {:?} of {begin:?}",
                    file.kind,
                    file.row,
                    file.column,
                    file.word,
                    &report.remarks[..report.remarks.len().min(3)]
                ));
            }
        }
        let after = storage
            .read_blocking(|c| Ok((revision::current(c)?, register::load(c)?)))
            .unwrap();
        assert!(after == before, "something was changed");
        assert_eq!(
            database.texts("SELECT CAST(count(*) AS TEXT) AS text FROM audit"),
            n_audited
        );
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        files.len(),
        wrong.join("\n")
    );
}

#[test]
fn what_is_read_costs_bounded_memory_whatever_it_was_made_for() {
    // Above what the bounds in intake::import allow for a file of this size, below what a bomb would take.
    const MOST_BYTES: u64 = 512 * 1024 * 1024;
    for file in all() {
        let measured = allocation_counter::measure(|| {
            drop(intake::read(file.kind, &file.bytes));
        });
        assert!(
            measured.bytes_max < MOST_BYTES,
            "{} bytes for a file of {}",
            measured.bytes_max,
            file.bytes.len()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0_usize..1000) {
        for &kind in ImportKind::ALL {
            drop(intake::read(kind, &bytes));
            // And bytes put into what begins well.
            let (header, row) = good(kind);
            let mut file = format!("{header}\n{row}\n").into_bytes();
            let at = at % file.len();
            file.splice(at..at, bytes.iter().copied());
            drop(intake::read(kind, &file));
            let mut json = include_bytes!("samples/fhir_r4_organization_RR8.json").to_vec();
            json[at * 3 % 4000] = bytes.first().copied().unwrap_or_default();
            drop(intake::read(kind, &json));
        }
    }
}
