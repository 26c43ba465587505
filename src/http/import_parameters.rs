//! What is asked of imports: what to do with a file, which page of a list, which template.

use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::domain::import::ImportKind;
use crate::http::extract::{Fault, Parameters, Query};
use crate::http::pagination::{List, Made};
use crate::http::parameters::in_query;

/// What to do with a file.
pub(crate) struct ImportParameters {
    pub(crate) kind: Option<ImportKind>,
    pub(crate) is_dry_run: bool,
    pub(crate) is_partial: bool,
}

impl Parameters for ImportParameters {
    fn read(query: &mut Query) -> Self {
        let kind = query.take("kind", kind);
        if kind.is_none() {
            query.missing("kind");
        }
        Self {
            kind,
            is_dry_run: query.take("dryRun", truth).unwrap_or_default(),
            is_partial: query.take("partial", truth).unwrap_or_default(),
        }
    }
}

fn kind(text: &str) -> Result<ImportKind, Fault> {
    text.parse()
        .map_err(|fault: crate::domain::ids::MalformedId| Fault::Rule(fault.to_string()))
}

fn truth(text: &str) -> Result<bool, Fault> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::Unreadable("is true or false".into())),
    }
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn kinds(only_tables: bool) -> ObjectBuilder {
    let kinds = ImportKind::ALL
        .iter()
        .filter(|kind| !only_tables || kind.is_table());
    string().enum_values(Some(kinds.map(|kind| kind.as_str())))
}

impl IntoParams for ImportParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let truth = || string().enum_values(Some(["true", "false"]));
        vec![
            ParameterBuilder::new()
                .name("kind")
                .parameter_in(ParameterIn::Query)
                .required(Required::True)
                .description(Some("What the file is of. A site may hand in `systems`, `attributes`, `links`, `memberships` and `topics`, of itself alone."))
                .schema(Some(kinds(false)))
                .example(Some(json!("topics")))
                .build(),
            in_query("dryRun", "Whether to say only what would come of it, and change nothing.", truth(), json!("true")),
            in_query("partial", "Whether to take good rows where others are refused; by default all are taken or none.", truth(), json!("true")),
        ]
    }
}

/// Every import that the caller may see, the last first.
pub(crate) struct ImportList;

impl List for ImportList {
    type Place = Made;
    const EXAMPLE: (&'static str, usize, &'static str) = (
        "/api/v1/imports",
        50,
        "1795305600000000 00000000-0000-4000-8000-000000000001",
    );
}

/// Every remark on an import, by its number.
pub(crate) struct RemarkList;

impl List for RemarkList {
    type Place = i64;
    const EXAMPLE: (&'static str, usize, &'static str) = (
        "/api/v1/imports/00000000-0000-4000-8000-000000000001/remarks",
        50,
        "5",
    );
}

/// Which template, and in which form.
pub(crate) struct TemplateParameters {
    pub(crate) is_workbook: bool,
}

impl Parameters for TemplateParameters {
    fn read(query: &mut Query) -> Self {
        let is_workbook = query.take("format", |text| match text {
            "csv" => Ok(false),
            "xlsx" => Ok(true),
            _ => Err(Fault::Rule("is one of: csv, xlsx".into())),
        });
        Self {
            is_workbook: is_workbook.unwrap_or_default(),
        }
    }
}

impl IntoParams for TemplateParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let format = string().enum_values(Some(["csv", "xlsx"]));
        vec![
            ParameterBuilder::new()
                .name("kind")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some("What the table is of."))
                .schema(Some(kinds(true)))
                .example(Some(json!("systems")))
                .build(),
            in_query(
                "format",
                "CSV, which is the default, or a workbook whose cells are formatted as text.",
                format,
                json!("csv"),
            ),
        ]
    }
}
