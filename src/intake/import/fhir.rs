//! FHIR R4: `Organization` and `OrganizationAffiliation`, in a Bundle or alone.

use std::collections::HashSet;

use serde::Deserialize;

use crate::domain::ids::{BoardCode, OdsCode};
use crate::domain::import::{AffiliationWord, OrganisationWord, Placed, Remark, Said};
use crate::domain::organisation::Status;
use crate::domain::provenance::{Provenance, Voice};
use crate::intake::import::json;

/// The system of the identifiers that are ODS codes.
const ODS_SYSTEM: &str = "https://fhir.nhs.uk/Id/ods-organization-code";
/// The ends of the addresses of the extensions that are read.
const ROLE: &str = "Extension-England-OrganisationRole";
const TYPED_PERIOD: &str = "Extension-England-TypedPeriod";
/// The relation "is located in the geography of".
const IN_GEOGRAPHY_OF: &str = "RE5";

/// What a resource is; read first, since the fields of others have other forms.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    resource_type: String,
}

#[derive(Deserialize)]
struct Kinds {
    entry: Option<Vec<KindEntry>>,
}

#[derive(Deserialize)]
struct KindEntry {
    resource: Kind,
}

#[derive(Deserialize)]
struct Bundle {
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    resource: Resource,
}

/// Either of the two.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource_type: String,
    active: Option<bool>,
    name: Option<String>,
    #[serde(default)]
    identifier: Vec<Identifier>,
    #[serde(default)]
    extension: Vec<Extension>,
    period: Option<Period>,
    meta: Option<Meta>,
    organization: Option<Reference>,
    participating_organization: Option<Reference>,
    #[serde(default)]
    code: Vec<Concept>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    last_updated: Option<String>,
}

#[derive(Deserialize)]
struct Identifier {
    system: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    identifier: Option<Identifier>,
    reference: Option<String>,
}

#[derive(Deserialize)]
struct Concept {
    #[serde(default)]
    coding: Vec<Coding>,
}

#[derive(Deserialize)]
struct Coding {
    code: Option<String>,
}

#[derive(Deserialize)]
struct Period {
    start: Option<String>,
    end: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extension {
    url: String,
    #[serde(default)]
    extension: Vec<Extension>,
    value_coding: Option<Coding>,
    value_period: Option<Period>,
}

type Fault = (&'static str, String);

/// Reads the file.
pub(super) fn read(bytes: &[u8], said: &mut Said) -> Result<(), Remark> {
    let kind: Kind = json::parse(bytes)?;
    let resources = if kind.resource_type == "Bundle" {
        let kinds: Kinds = json::parse(bytes)?;
        let Some(entries) = kinds.entry.filter(|entries| !entries.is_empty()) else {
            return Err(Remark::refused(0, Some("entry"), "the bundle is empty"));
        };
        for (row, entry) in (1..).zip(&entries) {
            check(row, &entry.resource.resource_type)?;
        }
        let bundle: Bundle = json::parse(bytes)?;
        bundle
            .entry
            .into_iter()
            .map(|entry| entry.resource)
            .collect()
    } else {
        check(1, &kind.resource_type)?;
        vec![json::parse(bytes)?]
    };
    let mut seen = HashSet::new();
    for (row, resource) in (1..).zip(&resources) {
        said.n_rows = row;
        let taken = if resource.resource_type == "Organization" {
            organisation(resource).and_then(|value| {
                if !seen.insert(value.ods_code) {
                    return Err((
                        "identifier",
                        format!("{} stands in an earlier entry too", value.ods_code),
                    ));
                }
                said.organisations.push(Placed { row, value });
                Ok(())
            })
        } else {
            affiliation(resource).map(|value| match value {
                Some(value) => said.affiliations.push(Placed { row, value }),
                None => said.n_passed_over += 1,
            })
        };
        if let Err((column, words)) = taken {
            said.remarks.refuse(row, Some(column), words);
        }
    }
    Ok(())
}

fn check(row: u64, kind: &str) -> Result<(), Remark> {
    if matches!(kind, "Organization" | "OrganizationAffiliation") {
        return Ok(());
    }
    let words = json::refused(
        kind,
        "a resource is an Organization or an OrganizationAffiliation",
    );
    Err(Remark::refused(row, Some("resourceType"), words))
}

/// The code among the identifiers.
fn code(identifiers: &[Identifier]) -> Result<OdsCode, Fault> {
    let mut ods = identifiers
        .iter()
        .filter(|identifier| identifier.system.as_deref() == Some(ODS_SYSTEM));
    let found = ods
        .next()
        .and_then(|identifier| identifier.value.as_deref());
    let value = found.ok_or_else(|| {
        (
            "identifier",
            format!("none is an ODS code, of the system {ODS_SYSTEM}"),
        )
    })?;
    if ods.next().is_some() {
        return Err(("identifier", "two are ODS codes".to_owned()));
    }
    json::code_of_register(value).map_err(|words| ("identifier", words))
}

/// The first and the last day of the organisation's role: the operational ones, or else the legal ones.
fn period(extensions: &[Extension]) -> Option<&Period> {
    let is = |extension: &&Extension, end: &str| extension.url.ends_with(end);
    let typed = |list: &'_ [Extension]| list.iter().filter(|e| is(e, TYPED_PERIOD)).count();
    let holder = extensions
        .iter()
        .find(|e| is(e, ROLE) && typed(&e.extension) > 0);
    let list = holder.map_or(extensions, |role| role.extension.as_slice());
    let of_type = |wanted: &str| {
        list.iter().filter(|e| is(e, TYPED_PERIOD)).find(|e| {
            let kind = e
                .extension
                .iter()
                .find_map(|part| part.value_coding.as_ref()?.code.as_deref());
            kind == Some(wanted)
        })
    };
    let chosen = of_type("Operational").or_else(|| of_type("Legal"))?;
    chosen
        .extension
        .iter()
        .find_map(|part| part.value_period.as_ref())
}

fn organisation(resource: &Resource) -> Result<OrganisationWord, Fault> {
    let ods_code = code(&resource.identifier)?;
    let name = resource
        .name
        .as_deref()
        .map(json::name)
        .transpose()
        .map_err(|words| ("name", words))?;
    let period = period(&resource.extension).or(resource.period.as_ref());
    let day = |text: Option<&String>| text.map(|text| json::day(text)).transpose();
    let opened =
        day(period.and_then(|p| p.start.as_ref())).map_err(|words| ("period.start", words))?;
    let closed = day(period.and_then(|p| p.end.as_ref())).map_err(|words| ("period.end", words))?;
    if let (Some(opened), Some(closed)) = (opened, closed)
        && closed < opened
    {
        return Err((
            "period.end",
            format!("{closed} is before the start, {opened}"),
        ));
    }
    let changed = resource
        .meta
        .as_ref()
        .and_then(|meta| meta.last_updated.as_deref());
    let as_of = changed
        .map(json::day)
        .transpose()
        .map_err(|words| ("meta.lastUpdated", words))?;
    Ok(OrganisationWord {
        ods_code,
        name,
        status: resource.active.map(|active| match active {
            true => Status::Active,
            false => Status::Closed { on: closed },
        }),
        opened,
        care_settings: None,
        position: None,
        icb: None,
        region: None,
        provenance: Provenance {
            source: "FHIR Organization".to_owned(),
            as_of: as_of.and_then(crate::domain::dates::PartialDate::day),
            voice: Voice::Import,
        },
    })
}

/// What an affiliation says that is recorded: in which board an organisation is today.
fn affiliation(resource: &Resource) -> Result<Option<AffiliationWord>, Fault> {
    let ods_code =
        referred(resource.organization.as_ref()).map_err(|words| ("organization", words))?;
    let board = referred(resource.participating_organization.as_ref())
        .map_err(|words| ("participatingOrganization", words))?;
    let ods_code = json::code_of_register(ods_code).map_err(|words| ("organization", words))?;
    let fault = |fault| ("participatingOrganization", json::refused(board, fault));
    let board = BoardCode::new(&board.to_ascii_uppercase()).map_err(fault)?;
    if ods_code.as_str() == board.as_str() {
        return Err((
            "participatingOrganization",
            format!("{ods_code} cannot be affiliated to itself"),
        ));
    }
    let codes = resource
        .code
        .iter()
        .flat_map(|concept| &concept.coding)
        .filter_map(|coding| coding.code.as_deref());
    let is_place = codes.into_iter().any(|code| code == IN_GEOGRAPHY_OF);
    let has_ended = resource.active == Some(false);
    Ok((is_place && !has_ended).then_some(AffiliationWord { ods_code, board }))
}

/// The code of the organisation that a reference is of.
fn referred(reference: Option<&Reference>) -> Result<&str, String> {
    let reference = reference.ok_or("is missing")?;
    let of_identifier = reference
        .identifier
        .as_ref()
        .and_then(|identifier| identifier.value.as_deref());
    let of_address = || {
        reference
            .reference
            .as_deref()?
            .strip_prefix("Organization/")
    };
    of_identifier
        .or_else(of_address)
        .ok_or_else(|| "names no organisation".to_owned())
}
