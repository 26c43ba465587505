//! Tables of organisations.

use std::collections::HashMap;

use crate::domain::ids::OdsCode;
use crate::domain::import::{BoardWord, ImportKind, OrganisationWord, Placed, Remark, Said};
use crate::domain::organisation::{CareSettings, Position, Status};
use crate::domain::provenance::{Provenance, Voice};
use crate::intake::import::cells::{self, Field, Refused, Row};
use crate::intake::import::shown;

/// Where British and Irish places are, in degrees: latitudes and longitudes.
const ISLES: (std::ops::RangeInclusive<f64>, std::ops::RangeInclusive<f64>) =
    (49.0..=61.5, -11.0..=2.5);

/// Reads the table.
pub(super) fn read(bytes: &[u8], said: &mut Said) -> Result<(), Remark> {
    let mut seen = Seen::default();
    cells::each(ImportKind::Organisations, bytes, said, &mut |row, said| {
        let value = organisation(row)?;
        seen.check(row, "ods_code", value.ods_code)?;
        said.organisations.push(Placed {
            row: row.number,
            value,
        });
        Ok(())
    })
}

/// The rows in which codes stand.
#[derive(Default)]
pub(super) struct Seen(HashMap<OdsCode, u64>);

impl Seen {
    /// Refuses a row whose code stands in an earlier one.
    pub(super) fn check(
        &mut self,
        row: &mut Row<'_>,
        column: &'static str,
        code: OdsCode,
    ) -> Result<(), Refused> {
        match self.0.insert(code, row.number) {
            None => Ok(()),
            Some(earlier) => {
                self.0.insert(code, earlier);
                Err(row.refuse(column, format_args!("{code} stands in row {earlier} too")))
            }
        }
    }
}

fn organisation(row: &mut Row<'_>) -> Result<OrganisationWord, Refused> {
    let ods_code = row.code("ods_code");
    let name = name(row);
    let dates = dates(row);
    let care_settings = care_settings(row);
    let position = position(row);
    let icb = board(row, "icb_code", "icb_name");
    let region = board(row, "region_code", "nhs_region");
    let provenance = row.provenance("source");
    let care_source = row.text("care_setting_source");
    let geo_source = row.text("geo_source");
    let (status, opened) = dates?;
    let provenance = provenance?;
    let sourced = |source: Option<String>| Provenance {
        source: source.unwrap_or_else(|| provenance.source.clone()),
        as_of: provenance.as_of,
        voice: Voice::Import,
    };
    Ok(OrganisationWord {
        ods_code: ods_code?,
        name: name?,
        status,
        opened,
        care_settings: care_settings?
            .map(|settings| (settings, care_source))
            .map(|(s, source)| Ok((s, sourced(source?))))
            .transpose()?,
        position: position?
            .map(|position| (position, geo_source))
            .map(|(p, source)| Ok((p, sourced(source?))))
            .transpose()?,
        icb: icb?,
        region: region?,
        provenance,
    })
}

fn name(row: &mut Row<'_>) -> Field<String> {
    /// Above the longest name of the register.
    const MAX_NAME_CHARS: usize = 200;
    let name = row.text("name")?;
    if name
        .as_ref()
        .is_some_and(|name| name.chars().count() > MAX_NAME_CHARS)
    {
        return Err(row.refuse(
            "name",
            format_args!("is longer than {MAX_NAME_CHARS} characters"),
        ));
    }
    Ok(name)
}

fn dates(row: &mut Row<'_>) -> Result<(Option<Status>, Option<chrono::NaiveDate>), Refused> {
    let (word, opened, closed) = (row.text("status"), row.day("opened"), row.day("closed"));
    let (word, opened, closed) = (word?, opened?, closed?);
    if let (Some(opened), Some(closed)) = (opened, closed)
        && closed < opened
    {
        return Err(row.refuse(
            "closed",
            format_args!("{closed} is before the day of opening, {opened}"),
        ));
    }
    let status = match (word.as_deref(), closed) {
        (None, None) => None,
        (Some("active"), None) => Some(Status::Active),
        (Some("active"), Some(_)) => {
            return Err(row.refuse("closed", "an active organisation has no day of closing"));
        }
        (Some("closed") | None, on) => Some(Status::Closed { on }),
        (Some(other), _) => {
            return Err(row.refuse(
                "status",
                format_args!("{} is neither active nor closed", shown(other)),
            ));
        }
    };
    Ok((status, opened))
}

fn care_settings(row: &mut Row<'_>) -> Field<CareSettings> {
    let Some(text) = row.text("care_setting")? else {
        return Ok(None);
    };
    let mut settings = CareSettings::default();
    for part in text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        match part.parse() {
            Ok(setting) => settings = settings.with(setting),
            Err(fault) => {
                return Err(row.refuse(
                    "care_setting",
                    format_args!("{} cannot be: {fault}", shown(part)),
                ));
            }
        }
    }
    Ok(Some(settings).filter(|settings| !settings.is_empty()))
}

fn position(row: &mut Row<'_>) -> Field<Position> {
    let (latitude, longitude) = (row.number("latitude"), row.number("longitude"));
    let (latitude, longitude) = match (latitude?, longitude?) {
        (None, None) => return Ok(None),
        (Some(latitude), Some(longitude)) => (latitude, longitude),
        (Some(_), None) => {
            return Err(row.refuse("longitude", "is empty where the latitude is not"));
        }
        (None, Some(_)) => {
            return Err(row.refuse("latitude", "is empty where the longitude is not"));
        }
    };
    let is_in =
        |latitude: f64, longitude: f64| ISLES.0.contains(&latitude) && ISLES.1.contains(&longitude);
    if !is_in(latitude, longitude) && is_in(longitude, latitude) {
        return Err(row.refuse("latitude", "latitude and longitude are exchanged"));
    }
    if latitude.abs() < 1e-6 && longitude.abs() < 1e-6 {
        return Err(row.refuse(
            "latitude",
            "0, 0 is a place in the sea, not that of an organisation; leave both empty",
        ));
    }
    if latitude.abs() > 180.0 || longitude.abs() > 360.0 {
        return Err(row.refuse(
            "latitude",
            "is not in degrees; eastings and northings are not read",
        ));
    }
    if is_in(latitude, -longitude) && longitude > 2.5 {
        return Err(row.refuse(
            "longitude",
            "has lost its sign: the place would be outside the British Isles",
        ));
    }
    Position::new(latitude, longitude)
        .map(Some)
        .ok_or_else(|| row.refuse("latitude", "no such place is on the Earth"))
}

fn board(row: &mut Row<'_>, code: &'static str, name: &'static str) -> Field<BoardWord> {
    let (word, named) = (row.parse(code), row.text(name));
    match (word?, named?) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(row.refuse(code, "is empty where its name is not")),
        (Some(code), name) => Ok(Some(BoardWord { code, name })),
    }
}
