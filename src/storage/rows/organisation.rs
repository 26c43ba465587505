//! Rows of organisations, their boards, care settings and successions.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::{AsChangeset, Insertable, Queryable};

use crate::domain::error::Result;
use crate::domain::ids::{BoardCode, OdsCode};
use crate::domain::organisation::{
    Board, CareSetting, CareSettings, Organisation, Position, Status, Succession,
};
use crate::domain::provenance::{Provenance, Voice};
use crate::storage::failure::Stored;
use crate::storage::rows::{as_of, code_order, searchable};
use crate::storage::schema::{boards, organisation_care_settings, organisations, successions};

#[derive(Queryable, Insertable)]
#[diesel(table_name = boards, treat_none_as_default_value = false)]
pub(in crate::storage) struct BoardRow {
    pub(in crate::storage) code: String,
    pub(in crate::storage) kind: String,
    pub(in crate::storage) name: String,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = organisation_care_settings, treat_none_as_default_value = false)]
pub(in crate::storage) struct CareSettingRow {
    pub(in crate::storage) ods_code: String,
    pub(in crate::storage) care_setting: String,
}

impl CareSettingRow {
    pub(in crate::storage) fn setting(&self) -> Result<CareSetting> {
        Stored::new("organisation_care_settings", &[&self.ods_code]).parse(&self.care_setting)
    }
}

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = organisations, treat_none_as_default_value = false, treat_none_as_null = true, primary_key(ods_code))]
pub(in crate::storage) struct OrganisationRow {
    pub(in crate::storage) ods_code: String,
    code_order: i64,
    name: String,
    search_text: String,
    status: String,
    opened: Option<NaiveDate>,
    closed: Option<NaiveDate>,
    care_settings_source: Option<String>,
    care_settings_as_of: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    position_source: Option<String>,
    position_as_of: Option<String>,
    icb_code: Option<String>,
    region_code: Option<String>,
    links_complete_on: Option<NaiveDate>,
    source: String,
    as_of: Option<String>,
    origin: String,
    care_settings_origin: String,
    position_origin: String,
}

/// What a search looks in: name and code, apart so that no search spans both.
fn search_text(organisation: &Organisation) -> String {
    let code = organisation.ods_code.as_str().to_lowercase();
    format!("{}\n{code}", searchable(&organisation.name))
}

/// Whose word a fact is; where there is none, nobody's is displaced.
fn voice(provenance: Option<&Provenance>) -> String {
    provenance.map_or(Voice::Bundled, |p| p.voice).to_string()
}

impl From<&Organisation> for OrganisationRow {
    fn from(organisation: &Organisation) -> Self {
        let care = organisation.care_settings_provenance.as_ref();
        let place = organisation.position_provenance.as_ref();
        Self {
            ods_code: organisation.ods_code.to_string(),
            code_order: code_order(organisation.ods_code),
            name: organisation.name.clone(),
            search_text: search_text(organisation),
            status: organisation.status.as_str().to_owned(),
            opened: organisation.opened,
            closed: match organisation.status {
                Status::Active => None,
                Status::Closed { on } => on,
            },
            care_settings_source: care.map(|p| p.source.clone()),
            care_settings_as_of: care.and_then(as_of),
            latitude: organisation.position.map(Position::latitude),
            longitude: organisation.position.map(Position::longitude),
            position_source: place.map(|p| p.source.clone()),
            position_as_of: place.and_then(as_of),
            icb_code: organisation
                .icb
                .as_ref()
                .map(|board| board.code.to_string()),
            region_code: organisation
                .region
                .as_ref()
                .map(|board| board.code.to_string()),
            links_complete_on: organisation.links_complete_on,
            source: organisation.provenance.source.clone(),
            as_of: as_of(&organisation.provenance),
            origin: organisation.provenance.voice.to_string(),
            care_settings_origin: voice(care),
            position_origin: voice(place),
        }
    }
}

impl OrganisationRow {
    pub(in crate::storage) fn into_domain(
        self,
        boards: &HashMap<String, Board>,
        care_settings: CareSettings,
    ) -> Result<Organisation> {
        let key = [self.ods_code.as_str()];
        let row = Stored::new("organisations", &key);
        let board = |code: Option<String>| {
            code.map(|code| {
                boards
                    .get(&code)
                    .cloned()
                    .ok_or_else(|| row.corrupt(format_args!("no board {code}")))
            })
            .transpose()
        };
        let source = |source: Option<String>, as_of: Option<String>, origin: &str| {
            source
                .map(|source| row.provenance(source, as_of.as_deref(), origin))
                .transpose()
        };
        Ok(Organisation {
            ods_code: row.parse(&self.ods_code)?,
            name: self.name,
            status: match self.status.as_str() {
                "active" => Status::Active,
                "closed" => Status::Closed { on: self.closed },
                other => return Err(row.corrupt(format_args!("unknown status {other:?}"))),
            },
            opened: self.opened,
            care_settings,
            care_settings_provenance: source(
                self.care_settings_source,
                self.care_settings_as_of,
                &self.care_settings_origin,
            )?,
            position: match (self.latitude, self.longitude) {
                (None, None) => None,
                (latitude, longitude) => Some(
                    latitude
                        .zip(longitude)
                        .and_then(|(latitude, longitude)| Position::new(latitude, longitude))
                        .ok_or_else(|| row.corrupt("its position is not on the Earth"))?,
                ),
            },
            position_provenance: source(
                self.position_source,
                self.position_as_of,
                &self.position_origin,
            )?,
            icb: board(self.icb_code)?,
            region: board(self.region_code)?,
            links_complete_on: self.links_complete_on,
            provenance: row.provenance(self.source, self.as_of.as_deref(), &self.origin)?,
        })
    }
}

/// The boards by their code.
pub(in crate::storage) fn boards_by_code(rows: Vec<BoardRow>) -> Result<HashMap<String, Board>> {
    rows.into_iter()
        .map(|row| {
            let code: BoardCode = Stored::new("boards", &[&row.code]).parse(&row.code)?;
            Ok((
                row.code,
                Board {
                    code,
                    name: row.name,
                },
            ))
        })
        .collect()
}

/// The care settings by the code of the organisation.
pub(in crate::storage) fn settings_by_code(
    rows: Vec<CareSettingRow>,
) -> Result<HashMap<String, CareSettings>> {
    let mut found: HashMap<String, CareSettings> = HashMap::new();
    for row in rows {
        let setting = row.setting()?;
        let settings = found.entry(row.ods_code).or_default();
        *settings = settings.with(setting);
    }
    Ok(found)
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = successions, treat_none_as_default_value = false)]
pub(in crate::storage) struct SuccessionRow {
    predecessor: String,
    successor: String,
    kind: String,
    happened: String,
    source: String,
    as_of: Option<String>,
    origin: String,
}

impl From<&Succession> for SuccessionRow {
    fn from(succession: &Succession) -> Self {
        Self {
            predecessor: succession.predecessor.to_string(),
            successor: succession.successor.to_string(),
            kind: succession.kind.to_string(),
            happened: succession.date.to_string(),
            source: succession.provenance.source.clone(),
            as_of: as_of(&succession.provenance),
            origin: succession.provenance.voice.to_string(),
        }
    }
}

impl SuccessionRow {
    pub(in crate::storage) fn into_domain(self) -> Result<Succession> {
        let key = [self.predecessor.as_str(), self.successor.as_str()];
        let row = Stored::new("successions", &key);
        Ok(Succession {
            predecessor: row.parse::<OdsCode>(&self.predecessor)?,
            successor: row.parse(&self.successor)?,
            date: row.parse(&self.happened)?,
            kind: row.parse(&self.kind)?,
            provenance: row.provenance(self.source, self.as_of.as_deref(), &self.origin)?,
        })
    }
}
