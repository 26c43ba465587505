//! The ODS ORD interface 2-0-0: one organisation in full, or the items of a search.

use serde::Deserialize;

use crate::domain::ids::BoardCode;
use crate::domain::import::{BoardWord, OrganisationWord, Placed, Remark, Said};
use crate::domain::organisation::{Status, Succession, SuccessionKind};
use crate::domain::provenance::{Provenance, Voice};
use crate::intake::import::json;

/// The relation "is located in the geography of".
const IN_GEOGRAPHY_OF: &str = "RE5";
/// The primary roles of integrated care boards (once: strategic partnerships) and of regions.
const BOARD_ROLES: [&str; 2] = ["RO261", "RO318"];
const REGION_ROLE: &str = "RO209";

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Organisation")]
    organisation: Option<Full>,
    #[serde(rename = "Organisations")]
    organisations: Option<Vec<Item>>,
    #[serde(flatten)]
    item: Option<Item>,
}

/// An item of a search.
#[derive(Deserialize)]
struct Item {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "OrgId")]
    code: String,
    #[serde(rename = "Status")]
    status: String,
    #[serde(rename = "LastChangeDate")]
    changed: Option<String>,
}

#[derive(Deserialize)]
struct Full {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Date", default)]
    dates: Vec<Span>,
    #[serde(rename = "OrgId")]
    id: Id,
    #[serde(rename = "Status")]
    status: String,
    #[serde(rename = "LastChangeDate")]
    changed: Option<String>,
    #[serde(rename = "Rels", default)]
    relations: Relations,
    #[serde(rename = "Succs", default)]
    successions: Successions,
}

#[derive(Deserialize)]
struct Span {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Start")]
    start: Option<String>,
    #[serde(rename = "End")]
    end: Option<String>,
}

#[derive(Deserialize)]
struct Id {
    extension: String,
}

#[derive(Default, Deserialize)]
struct Relations {
    #[serde(rename = "Rel", default)]
    list: Vec<Relation>,
}

#[derive(Deserialize)]
struct Relation {
    id: String,
    #[serde(rename = "Status")]
    status: String,
    #[serde(rename = "Target")]
    target: Target,
}

#[derive(Default, Deserialize)]
struct Successions {
    #[serde(rename = "Succ", default)]
    list: Vec<Passing>,
}

#[derive(Deserialize)]
struct Passing {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Date", default)]
    dates: Vec<Span>,
    #[serde(rename = "Target")]
    target: Target,
}

#[derive(Deserialize)]
struct Target {
    #[serde(rename = "OrgId")]
    id: Id,
    #[serde(rename = "PrimaryRoleId")]
    role: Option<Role>,
}

#[derive(Deserialize)]
struct Role {
    id: String,
}

/// Reads the file.
pub(super) fn read(bytes: &[u8], said: &mut Said) -> Result<(), Remark> {
    let answer: Answer = json::parse(bytes)?;
    match (answer.organisation, answer.organisations, answer.item) {
        (Some(full), None, None) => {
            said.n_rows = 1;
            if let Err((column, words)) = take(&full, said) {
                said.remarks.refuse(1, Some(column), words);
                said.organisations.clear();
                said.successions.clear();
            }
        }
        (None, Some(items), None) => items.iter().for_each(|item| take_item(item, said)),
        (None, None, Some(item)) => take_item(&item, said),
        _ => {
            let words = "the file is no answer of the ODS ORD interface: it has neither an Organisation nor Organisations";
            return Err(Remark::refused(0, None, words));
        }
    }
    if said.n_rows == 0 {
        return Err(Remark::refused(0, Some("Organisations"), "is empty"));
    }
    Ok(())
}

type Fault = (&'static str, String);

fn take_item(item: &Item, said: &mut Said) {
    said.n_rows += 1;
    let row = said.n_rows;
    match word(
        &item.code,
        &item.name,
        &item.status,
        None,
        item.changed.as_deref(),
    ) {
        Ok(value)
            if said
                .organisations
                .iter()
                .any(|o| o.value.ods_code == value.ods_code) =>
        {
            let words = format!("{} stands in an earlier entry too", value.ods_code);
            said.remarks.refuse(row, Some("OrgId"), words);
        }
        Ok(value) => said.organisations.push(Placed { row, value }),
        Err((column, words)) => said.remarks.refuse(row, Some(column), words),
    }
}

fn word(
    code: &str,
    name: &str,
    status: &str,
    span: Option<&Span>,
    changed: Option<&str>,
) -> Result<OrganisationWord, Fault> {
    let day = |text: Option<&String>| text.map(|text| json::day(text)).transpose();
    let (opened, closed) = match span {
        Some(span) => (day(span.start.as_ref()), day(span.end.as_ref())),
        None => (Ok(None), Ok(None)),
    };
    let (opened, closed) = (
        opened.map_err(|w| ("Date.Start", w))?,
        closed.map_err(|w| ("Date.End", w))?,
    );
    if let (Some(opened), Some(closed)) = (opened, closed)
        && closed < opened
    {
        return Err((
            "Date.End",
            format!("{closed} is before the start, {opened}"),
        ));
    }
    let as_of = changed
        .map(json::day)
        .transpose()
        .map_err(|w| ("LastChangeDate", w))?;
    Ok(OrganisationWord {
        ods_code: json::code_of_register(code).map_err(|w| ("OrgId", w))?,
        name: Some(json::name(name).map_err(|w| ("Name", w))?),
        status: Some(match status {
            "Active" => Status::Active,
            "Inactive" => Status::Closed { on: closed },
            other => {
                return Err((
                    "Status",
                    json::refused(other, "a status is Active or Inactive"),
                ));
            }
        }),
        opened,
        care_settings: None,
        position: None,
        icb: None,
        region: None,
        provenance: Provenance {
            source: "ODS ORD interface".to_owned(),
            as_of: as_of.and_then(crate::domain::dates::PartialDate::day),
            voice: Voice::Import,
        },
    })
}

/// The operational dates, or whichever there are.
fn operational(dates: &[Span]) -> Option<&Span> {
    dates
        .iter()
        .find(|span| span.kind == "Operational")
        .or(dates.first())
}

fn take(full: &Full, said: &mut Said) -> Result<(), Fault> {
    let span = operational(&full.dates);
    let mut value = word(
        &full.id.extension,
        &full.name,
        &full.status,
        span,
        full.changed.as_deref(),
    )?;
    for relation in &full.relations.list {
        if relation.id != IN_GEOGRAPHY_OF || relation.status != "Active" {
            continue;
        }
        let code = BoardCode::new(&relation.target.id.extension).map_err(|fault| {
            (
                "Rels.Rel.Target",
                json::refused(&relation.target.id.extension, fault),
            )
        })?;
        let board = Some(BoardWord { code, name: None });
        match relation.target.role.as_ref().map(|role| role.id.as_str()) {
            Some(role) if BOARD_ROLES.contains(&role) => value.icb = board,
            Some(REGION_ROLE) => value.region = board,
            Some(_) | None => {}
        }
    }
    for passing in &full.successions.list {
        let other =
            json::code(&passing.target.id.extension).map_err(|w| ("Succs.Succ.Target", w))?;
        let (predecessor, successor) = match passing.kind.as_str() {
            "Predecessor" => (other, value.ods_code),
            "Successor" => (value.ods_code, other),
            kind => {
                return Err((
                    "Succs.Succ.Type",
                    json::refused(kind, "it is Predecessor or Successor"),
                ));
            }
        };
        if predecessor == successor {
            return Err((
                "Succs.Succ.Target",
                format!("{successor} cannot succeed itself"),
            ));
        }
        let start = passing.dates.first().and_then(|span| span.start.as_deref());
        let start = start.ok_or_else(|| ("Succs.Succ.Date", "is missing".to_owned()))?;
        let date = start
            .parse()
            .map_err(|fault| ("Succs.Succ.Date", json::refused(start, fault)))?;
        let provenance = value.provenance.clone();
        said.successions.push(Placed {
            row: 1,
            value: Succession {
                predecessor,
                successor,
                date,
                kind: SuccessionKind::Merger,
                provenance,
            },
        });
    }
    said.organisations.push(Placed { row: 1, value });
    Ok(())
}
