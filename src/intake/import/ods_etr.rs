//! The `etr` file of the Organisation Data Service: NHS trusts, comma-separated, without a header.

use chrono::NaiveDate;

use crate::domain::import::{BoardWord, OrganisationWord, Placed, Remark, Said};
use crate::domain::organisation::Status;
use crate::intake::import::cells::{Field, Header, Refused, Row};
use crate::intake::import::columns::{Column, Form, Need};
use crate::intake::import::organisations::Seen;
use crate::intake::import::rows::Raw;
use crate::intake::import::{delimited, rows, shown};

/// The columns up to the last one that is read, in their order.
const COLUMNS: [Column; 12] = [
    column("organisation code", Form::Code),
    column("name", Form::Text),
    column("national grouping", Form::Code),
    column("high level health geography", Form::Code),
    column("address line 1", Form::Text),
    column("address line 2", Form::Text),
    column("address line 3", Form::Text),
    column("address line 4", Form::Text),
    column("address line 5", Form::Text),
    column("postcode", Form::Text),
    column("open date", Form::Code),
    column("close date", Form::Code),
];

/// Columns of the file: 27 as published, fewer where somebody saved it again without the empty ones at the end.
const N_COLUMNS: std::ops::RangeInclusive<usize> = 12..=27;

const fn column(name: &'static str, form: Form) -> Column {
    Column {
        name,
        need: Need::Needed,
        form,
    }
}

/// Reads the file.
pub(super) fn read(bytes: &[u8], said: &mut Said) -> Result<(), Remark> {
    if bytes.starts_with(b"PK") || bytes.starts_with(b"{") {
        return rows::each(bytes, "etr", &mut |row, _| {
            Err(Remark::refused(
                row,
                None,
                "an etr file is comma-separated text, as the Organisation Data Service publishes it",
            ))
        });
    }
    let mut seen = Seen::default();
    let mut n_rows = 0;
    delimited::each(bytes, &mut |number, cells| {
        if n_rows == 0
            && matches!(cells.first(), Some(Raw::Text(first)) if first.contains('_') || first.eq_ignore_ascii_case("organisation code"))
        {
            return Err(Remark::refused(
                number,
                None,
                "an etr file has no header; a table with a header is imported as organisations",
            ));
        }
        n_rows += 1;
        let mut remarks = std::mem::take(&mut said.remarks);
        if N_COLUMNS.contains(&cells.len()) {
            let header = Header::fixed(&COLUMNS, cells.len());
            let mut row = Row {
                number,
                header: &header,
                cells,
                remarks,
            };
            if let Ok(value) = organisation(&mut row)
                && seen
                    .check(&mut row, "organisation code", value.ods_code)
                    .is_ok()
            {
                said.organisations.push(Placed { row: number, value });
            }
            remarks = row.remarks;
        } else {
            let words = format!(
                "the row has {} cells; an etr file has {} to {}",
                cells.len(),
                N_COLUMNS.start(),
                N_COLUMNS.end()
            );
            remarks.refuse(number, None, words);
        }
        said.remarks = remarks;
        said.n_rows = n_rows;
        Ok(())
    })
}

fn organisation(row: &mut Row<'_>) -> Result<OrganisationWord, Refused> {
    let (code, name) = (row.code("organisation code"), row.text("name"));
    let region = row.parse("national grouping");
    let icb = row.parse("high level health geography");
    let (opened, closed) = (day(row, "open date"), day(row, "close date"));
    let name = row.needed("name", name);
    let mut provenance = row.provenance("no such column")?;
    "ODS etr file".clone_into(&mut provenance.source);
    let board = |code| BoardWord { code, name: None };
    let (opened, closed) = (opened?, closed?);
    if let (Some(opened), Some(closed)) = (opened, closed)
        && closed < opened
    {
        return Err(row.refuse(
            "close date",
            format_args!("{closed} is before the open date, {opened}"),
        ));
    }
    Ok(OrganisationWord {
        ods_code: code?,
        name: Some(name?),
        // The file is of every trust: one without a close date is open.
        status: Some(closed.map_or(Status::Active, |on| Status::Closed { on: Some(on) })),
        opened,
        care_settings: None,
        position: None,
        icb: icb?.map(board),
        region: region?.map(board),
        provenance,
    })
}

/// A day of the form `YYYYMMDD`.
fn day(row: &mut Row<'_>, column: &'static str) -> Field<NaiveDate> {
    let Some(text) = row.text(column)? else {
        return Ok(None);
    };
    let day = (text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| NaiveDate::parse_from_str(&text, "%Y%m%d").ok())
        .flatten()
        .filter(|day| crate::domain::dates::PartialDate::day(*day).is_some());
    match day {
        Some(day) => Ok(Some(day)),
        None => Err(row.refuse(
            column,
            format_args!("{} is no day of the form YYYYMMDD", shown(&text)),
        )),
    }
}
