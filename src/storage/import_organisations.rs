//! Organisations as a file says they are, many at once: compared with what is recorded, then stored in batches.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::{Value, json};

use crate::domain::error::Result;
use crate::domain::ids::{BoardCode, OdsCode};
use crate::domain::import::{BoardWord, OrganisationWord, Placed, Remark, Remarks};
use crate::domain::organisation::{Board, Organisation, Position, Status};
use crate::domain::provenance::Voice;
use crate::domain::version::{Expected, ProfilePart};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::particulars::{self, Particular, ParticularFact};
use crate::storage::rows::organisation::{
    BoardRow, CareSettingRow, OrganisationRow, boards_by_code, settings_by_code,
};
use crate::storage::schema::{boards, organisation_care_settings, organisations};
use crate::storage::versions;

/// The most rows of one statement; see `register::insert`.
const MAX_ROWS: usize = 900;

/// What would become of the organisations of a file.
#[derive(Debug, Default)]
pub struct Plan {
    added: Vec<Organisation>,
    changed: Vec<(Organisation, Organisation)>,
    boards: BTreeMap<BoardCode, (&'static str, String)>,
    kept: Vec<(OdsCode, ParticularFact)>,
    /// Rows that say what is recorded.
    pub n_unchanged: u64,
}

impl Plan {
    /// Organisations that were not known.
    #[must_use]
    pub fn n_added(&self) -> u64 {
        self.added.len() as u64
    }

    /// Organisations that were otherwise.
    #[must_use]
    pub fn n_changed(&self) -> u64 {
        self.changed.len() as u64
    }

    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.changes_the_register() && self.kept.is_empty()
    }

    /// Whether anything would change but words that come to stand beneath a site's own.
    #[must_use]
    pub fn changes_the_register(&self) -> bool {
        !(self.added.is_empty() && self.changed.is_empty() && self.boards.is_empty())
    }
}

/// The boards that are recorded, and those of the file.
struct Boards {
    present: HashMap<BoardCode, (String, String)>,
    said: BTreeMap<BoardCode, (&'static str, String)>,
}

impl Boards {
    fn load(connection: &mut Connection) -> Result<Self> {
        let rows = boards::table
            .load::<BoardRow>(&mut connection.database)
            .map_err(failed("reading the boards"))?;
        let present = rows.into_iter().map(|row| {
            let code = Stored::new("boards", &[&row.code]).parse(&row.code)?;
            Ok((code, (row.kind, row.name)))
        });
        Ok(Self {
            present: present.collect::<Result<_>>()?,
            said: BTreeMap::new(),
        })
    }

    /// The board that a row names; what is wrong with it otherwise.
    fn take(&mut self, word: &BoardWord, kind: &'static str) -> std::result::Result<Board, String> {
        let code = &word.code;
        let present = self.present.get(code);
        if present.is_some_and(|(other, _)| other != kind)
            || self.said.get(code).is_some_and(|(other, _)| *other != kind)
        {
            return Err(format!(
                "{code} is a board of another sort: an integrated care board is no region"
            ));
        }
        let name = match (&word.name, self.said.get(code), present) {
            (Some(name), Some((_, said)), _) if name != said => {
                return Err(format!("{code} has another name in an earlier row"));
            }
            (Some(name), ..) => name.clone(),
            (None, Some((_, said)), _) => said.clone(),
            (None, None, Some((_, present))) => present.clone(),
            // Until somebody says what it is called.
            (None, None, None) => code.to_string(),
        };
        if present.is_none_or(|(_, present)| *present != name) {
            self.said.insert(code.clone(), (kind, name.clone()));
        }
        Ok(Board {
            code: code.clone(),
            name,
        })
    }
}

/// Works out what would become of organisations; changes nothing. Rows that cannot be taken are in the remarks.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where what is recorded cannot be read.
pub fn plan(
    connection: &mut Connection,
    said: &[Placed<OrganisationWord>],
    today: NaiveDate,
    remarks: &mut Remarks,
    mut progress: impl FnMut(u64),
) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut boards = Boards::load(connection)?;
    for words in said.chunks(MAX_ROWS) {
        let codes: Vec<&str> = words
            .iter()
            .map(|placed| placed.value.ods_code.as_str())
            .collect();
        let mut present = present(connection, &codes)?;
        for placed in words {
            let word = &placed.value;
            let before = present.remove(&word.ods_code);
            match merged(
                placed,
                before.as_ref(),
                &mut boards,
                today,
                remarks,
                &mut plan.kept,
            ) {
                Err((column, words)) => remarks.refuse(placed.row, Some(column), words),
                Ok(after) => match before {
                    None => plan.added.push(after),
                    Some(before) if before == after => plan.n_unchanged += 1,
                    Some(before) => plan.changed.push((before, after)),
                },
            }
        }
        progress(words.len() as u64);
    }
    plan.boards = boards.said;
    Ok(plan)
}

/// The organisations with these codes.
fn present(connection: &mut Connection, codes: &[&str]) -> Result<HashMap<OdsCode, Organisation>> {
    let boards = boards::table
        .load::<BoardRow>(&mut connection.database)
        .map_err(failed("reading the boards"))?;
    let boards = boards_by_code(boards)?;
    let settings = organisation_care_settings::table
        .filter(organisation_care_settings::ods_code.eq_any(codes))
        .load::<CareSettingRow>(&mut connection.database)
        .map_err(failed("reading care settings"))?;
    let settings = settings_by_code(settings)?;
    let rows = organisations::table
        .filter(organisations::ods_code.eq_any(codes))
        .load::<OrganisationRow>(&mut connection.database)
        .map_err(failed("reading organisations"))?;
    rows.into_iter()
        .map(|row| {
            let own = settings.get(&row.ods_code).copied().unwrap_or_default();
            let organisation = row.into_domain(&boards, own)?;
            Ok((organisation.ods_code, organisation))
        })
        .collect()
}

type Fault = (&'static str, String);

/// The organisation as a row says it is; what the row leaves out stays.
fn merged(
    placed: &Placed<OrganisationWord>,
    before: Option<&Organisation>,
    boards: &mut Boards,
    today: NaiveDate,
    remarks: &mut Remarks,
    kept: &mut Vec<(OdsCode, ParticularFact)>,
) -> std::result::Result<Organisation, Fault> {
    let word = &placed.value;
    let mut after = match before {
        Some(before) => before.clone(),
        None => Organisation {
            ods_code: word.ods_code,
            name: word.name.clone().ok_or_else(|| {
                (
                    "name",
                    format!(
                        "is empty, and no organisation {} is recorded yet",
                        word.ods_code
                    ),
                )
            })?,
            status: Status::Active,
            opened: None,
            care_settings: Default::default(),
            care_settings_provenance: None,
            position: None,
            position_provenance: None,
            icb: None,
            region: None,
            links_complete_on: None,
            provenance: word.provenance.clone(),
        },
    };
    if let Some(name) = &word.name {
        after.name.clone_from(name);
    }
    after.status = match word.status {
        Some(Status::Closed { on: Some(on) }) if on > today => {
            return Err((
                "closed",
                format!("{on} is yet to come; hand the row in again after that day"),
            ));
        }
        // A row that only says closed does not take back the day that is known.
        Some(Status::Closed { on: None }) if !after.status.is_active() => after.status,
        Some(status) => status,
        None => after.status,
    };
    after.opened = word.opened.or(after.opened);
    if let (Some(opened), Status::Closed { on: Some(on) }) = (after.opened, after.status)
        && on < opened
    {
        return Err((
            "closed",
            format!("{on} is before the day of opening, {opened}"),
        ));
    }
    if let Some(icb) = &word.icb {
        after.icb = Some(
            boards
                .take(icb, "icb")
                .map_err(|words| ("icb_code", words))?,
        );
    }
    if let Some(region) = &word.region {
        after.region = Some(
            boards
                .take(region, "region")
                .map_err(|words| ("region_code", words))?,
        );
    }
    let of_site = |provenance: &Option<crate::domain::provenance::Provenance>| {
        provenance.as_ref().is_some_and(|p| p.voice == Voice::Site)
    };
    if let Some((settings, provenance)) = &word.care_settings
        && *settings != after.care_settings
    {
        if of_site(&after.care_settings_provenance) {
            remarks.push(Remark::kept(
                placed.row,
                Some("care_setting"),
                "the site's own word on its care settings stays",
            ));
            let value = Particular::CareSettings(*settings);
            let provenance = provenance.clone();
            kept.push((word.ods_code, ParticularFact { value, provenance }));
        } else {
            after.care_settings = *settings;
            after.care_settings_provenance = Some(provenance.clone());
        }
    }
    if let Some((position, provenance)) = &word.position
        && Some(*position) != after.position
    {
        if of_site(&after.position_provenance) {
            remarks.push(Remark::kept(
                placed.row,
                Some("latitude"),
                "the site's own word on where it is stays",
            ));
            let value = Particular::Position(*position);
            let provenance = provenance.clone();
            kept.push((word.ods_code, ParticularFact { value, provenance }));
        } else {
            after.position = Some(*position);
            after.position_provenance = Some(provenance.clone());
        }
    }
    // Whose word it is changes only with what it says.
    if before.is_none_or(|before| is_renamed(before, &after)) {
        after.provenance = word.provenance.clone();
    }
    Ok(after)
}

/// Whether what the register says of an organisation differs.
fn is_renamed(before: &Organisation, after: &Organisation) -> bool {
    (
        &before.name,
        before.status,
        before.opened,
        &before.icb,
        &before.region,
    ) != (
        &after.name,
        after.status,
        after.opened,
        &after.icb,
        &after.region,
    )
}

/// Stores what a plan says, in the transaction in which it still holds, with an audit row for each organisation.
///
/// # Errors
///
/// As [`plan`].
pub fn store(
    connection: &mut Connection,
    plan: &Plan,
    at: DateTime<Utc>,
    mut progress: impl FnMut(u64),
) -> Result<()> {
    for (code, fact) in &plan.kept {
        particulars::state(connection, *code, fact, at)?;
    }
    for (code, (kind, name)) in &plan.boards {
        let row = BoardRow {
            code: code.to_string(),
            kind: (*kind).to_owned(),
            name: name.clone(),
        };
        note_board(connection, &row)?;
        each_backend!(connection, c => diesel::insert_into(boards::table)
            .values(row)
            .on_conflict(boards::code)
            .do_update()
            .set(boards::name.eq(name))
            .execute(c))
        .map_err(failed("storing a board"))?;
    }
    for added in plan.added.chunks(MAX_ROWS) {
        let rows: Vec<OrganisationRow> = added.iter().map(OrganisationRow::from).collect();
        each_backend!(connection, c => diesel::insert_into(organisations::table).values(&rows).execute(c))
            .map_err(failed("storing organisations"))?;
        store_settings(connection, added.iter())?;
        for organisation in added {
            note(connection, None, organisation);
        }
        progress(added.len() as u64);
    }
    for changed in plan.changed.chunks(MAX_ROWS) {
        // First, while what is displaced is still there for the history to keep.
        for (before, after) in changed {
            displace(connection, before, after, at)?;
        }
        let reset = changed
            .iter()
            .filter(|(before, after)| before.care_settings != after.care_settings);
        let codes: Vec<&str> = reset
            .clone()
            .map(|(_, after)| after.ods_code.as_str())
            .collect();
        diesel::delete(
            organisation_care_settings::table
                .filter(organisation_care_settings::ods_code.eq_any(codes)),
        )
        .execute(&mut connection.database)
        .map_err(failed("storing care settings"))?;
        store_settings(connection, reset.map(|(_, after)| after))?;
        for (before, after) in changed {
            let row = OrganisationRow::from(after);
            diesel::update(organisations::table.find(after.ods_code.as_str()))
                .set(&row)
                .execute(&mut connection.database)
                .map_err(failed("storing an organisation"))?;
            note(connection, Some(before), after);
        }
        progress(changed.len() as u64);
    }
    Ok(())
}

/// Notes a board or a region in the audit, before it is stored.
fn note_board(connection: &mut Connection, row: &BoardRow) -> Result<()> {
    let shown = |row: &BoardRow| json!({ "kind": row.kind, "name": row.name });
    let before = boards::table
        .find(&row.code)
        .first::<BoardRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading a board"))?;
    let entry = Entry {
        kind: "boards",
        id: row.code.clone(),
        ods_code: None,
        before: before.as_ref().map(shown),
        after: Some(shown(row)),
    };
    audit::note(connection, entry);
    Ok(())
}

/// Keeps what an import displaces of the particulars in the history, as for every word.
fn displace(
    connection: &mut Connection,
    before: &Organisation,
    after: &Organisation,
    at: DateTime<Utc>,
) -> Result<()> {
    let mut said = Vec::new();
    if before.care_settings != after.care_settings && !before.care_settings.is_empty() {
        let value = Particular::CareSettings(after.care_settings);
        said.push((value, &after.care_settings_provenance));
    }
    if let (Some(was), Some(is)) = (before.position, after.position)
        && was != is
    {
        said.push((Particular::Position(is), &after.position_provenance));
    }
    for (value, provenance) in said {
        if let Some(provenance) = provenance.clone() {
            let fact = ParticularFact { value, provenance };
            particulars::state(connection, after.ods_code, &fact, at)?;
        }
    }
    if before.care_settings != after.care_settings || before.position != after.position {
        let expected = Expected::Any;
        versions::raise(
            connection,
            after.ods_code,
            ProfilePart::Particulars,
            &expected,
        )?;
    }
    Ok(())
}

fn store_settings<'a>(
    connection: &mut Connection,
    organisations: impl Iterator<Item = &'a Organisation>,
) -> Result<()> {
    let rows: Vec<CareSettingRow> = organisations
        .flat_map(|organisation| {
            organisation
                .care_settings
                .iter()
                .map(|setting| CareSettingRow {
                    ods_code: organisation.ods_code.to_string(),
                    care_setting: setting.to_string(),
                })
        })
        .collect();
    for rows in rows.chunks(MAX_ROWS) {
        each_backend!(connection, c => diesel::insert_into(organisation_care_settings::table).values(rows).execute(c))
            .map_err(failed("storing care settings"))?;
    }
    Ok(())
}

fn note(connection: &mut Connection, before: Option<&Organisation>, after: &Organisation) {
    let entry = Entry {
        kind: "organisation",
        id: after.ods_code.to_string(),
        ods_code: Some(after.ods_code),
        before: before.map(shown),
        after: Some(shown(after)),
    };
    audit::note(connection, entry);
}

/// The organisation as the audit shows it.
fn shown(organisation: &Organisation) -> Value {
    let closed = match organisation.status {
        Status::Active => None,
        Status::Closed { on } => on,
    };
    let settings: Vec<&str> = organisation
        .care_settings
        .iter()
        .map(|setting| setting.as_str())
        .collect();
    json!({
        "name": organisation.name,
        "status": organisation.status.as_str(),
        "opened": organisation.opened,
        "closed": closed,
        "careSettings": settings,
        "latitude": organisation.position.map(Position::latitude),
        "longitude": organisation.position.map(Position::longitude),
        "icb": organisation.icb.as_ref().map(|board| board.code.as_str()),
        "region": organisation.region.as_ref().map(|board| board.code.as_str()),
        "source": organisation.provenance.source,
        "origin": organisation.provenance.voice.as_str(),
    })
}

/// Every organisation that is recorded, and whether it is open.
///
/// # Errors
///
/// As [`plan`].
pub fn known(connection: &mut Connection) -> Result<HashMap<OdsCode, bool>> {
    let rows: Vec<(String, String)> = organisations::table
        .select((organisations::ods_code, organisations::status))
        .load(&mut connection.database)
        .map_err(failed("reading the codes of organisations"))?;
    rows.into_iter()
        .map(|(code, status)| {
            Ok((
                Stored::new("organisations", &[&code]).parse(&code)?,
                status == "active",
            ))
        })
        .collect()
}

/// The boards that are recorded, each with whether it is a region.
///
/// # Errors
///
/// As [`plan`].
pub fn known_boards(connection: &mut Connection) -> Result<HashMap<BoardCode, bool>> {
    let boards = Boards::load(connection)?;
    Ok(boards
        .present
        .into_iter()
        .map(|(code, (kind, _))| (code, kind == "region"))
        .collect())
}
