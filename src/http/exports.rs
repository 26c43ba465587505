//! Tables as files.

use std::future::{Ready, ready};

use actix_web::body::SizedStream;
use actix_web::dev::Payload;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderValue,
};
use actix_web::web::{self, Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse, get};
use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::app::Alongside;
use crate::app::export::{ExportFile, ExportFormat, ExportTable};
use crate::domain::error::Error;
use crate::http::accept::takes;
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::extract::{Fault, NoParameters, Parameters, Params, Query};
use crate::http::openapi::{
    ApiFailures, Clash, NoSuchThing, NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::parameters::in_query;
use crate::http::problem::{Kind, Problem};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("export_table", Rule::Anyone).answers(
        r#""predecessor_ods,successor_ods,date,kind,source\r\nR1C,RW1,2024-10-01,merger_or_succession,htn.co.uk 27 Nov 2023 (Project Fusion); closing date ODS etr\r\n""#,
    ),
    Operation::new("list_exports", Rule::Anyone)
        .answers(include_str!("examples/list_exports.json")),
];

/// Below this path answers are files; each says itself what it can be.
const FILES: &str = "/api/v1/exports/";

/// Whether what is at a path is a file, whatever its form: one of the tables, or a list of the programme admins'.
pub(crate) fn is_file(path: &str) -> bool {
    path.starts_with(FILES) || (path.starts_with("/api/v1/admin/") && path.ends_with("/export"))
}

/// A rough size of the list, in bytes.
const LIST_BYTES: usize = 2048;

const CSV: &str = "text/csv";

pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The media type of a format, without parameters.
const fn media_type(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Csv => CSV,
        ExportFormat::Xlsx => XLSX,
    }
}

/// The tables that can be exported.
#[derive(Serialize, ToSchema)]
#[schema(as = Exports)]
struct ExportsView {
    /// In the order in which they can be imported.
    #[schema(max_items = 7)]
    items: Vec<ExportView>,
}

/// One table.
#[derive(Serialize, ToSchema)]
#[schema(as = Export)]
struct ExportView {
    /// Its name in addresses.
    #[schema(max_length = 20)]
    table: &'static str,
    /// What it holds.
    #[schema(max_length = 200)]
    description: &'static str,
    /// The names of its columns, in order; those of the files that are imported.
    #[schema(max_items = 20)]
    columns: &'static [&'static str],
    /// The addresses of the files.
    links: ExportLinks,
}

/// Where the files of a table are.
#[derive(Serialize, ToSchema)]
struct ExportLinks {
    /// As comma-separated values.
    #[schema(max_length = 100)]
    csv: String,
    /// As a workbook.
    #[schema(max_length = 100)]
    xlsx: String,
}

impl From<ExportTable> for ExportView {
    fn from(table: ExportTable) -> Self {
        let link = |format: ExportFormat| format!("{FILES}{table}?format={format}");
        Self {
            table: table.as_str(),
            description: table.words(),
            columns: table.columns(),
            links: ExportLinks {
                csv: link(ExportFormat::Csv),
                xlsx: link(ExportFormat::Xlsx),
            },
        }
    }
}

/// List the exports
///
/// Lists the tables that can be had as files, each with its columns.
#[utoipa::path(
    tag = "exports",
    responses(
        (status = 200, description = "The tables.", body = ExportsView),
        NotModified, ApiFailures
    )
)]
#[get("/exports")]
pub(crate) async fn list_exports(
    request: HttpRequest,
    _none: Params<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = ExportsView {
        items: ExportTable::ALL.iter().copied().map(Into::into).collect(),
    };
    answer::tagged(&request, &view, LIST_BYTES)
}

/// The bytes of a workbook, for the document.
pub(crate) struct Workbook;

impl PartialSchema for Workbook {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A workbook of Office Open XML with one sheet."))
            .content_media_type(XLSX)
            .into()
    }
}

impl ToSchema for Workbook {}

/// The table of the path.
pub(crate) struct Table(ExportTable);

impl FromRequest for Table {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = request.match_info().get("table").unwrap_or_default();
        let table = name.parse().map(Self).map_err(|_unknown| {
            Problem::from(Error::Missing {
                what: "export",
                id: name.to_owned(),
            })
        });
        ready(table)
    }
}

impl IntoParams for Table {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let names = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(ExportTable::ALL.iter().map(|table| table.as_str())));
        vec![
            ParameterBuilder::new()
                .name("table")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some("Which table."))
                .schema(Some(names))
                .example(Some(json!("successions")))
                .build(),
        ]
    }
}

/// In which form to give a table.
pub(crate) struct ExportParameters {
    format: ExportFormat,
}

impl Parameters for ExportParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            format: take_format(query),
        }
    }
}

/// Reads the form of a file, CSV unless told otherwise.
pub(crate) fn take_format(query: &mut Query) -> ExportFormat {
    let format = query.take("format", |text| {
        text.parse::<ExportFormat>()
            .map_err(|malformed| Fault::Rule(malformed.to_string()))
    });
    format.unwrap_or(ExportFormat::Csv)
}

/// Describes the form of a file.
pub(crate) fn format_parameter() -> Parameter {
    let formats = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(ExportFormat::ALL.iter().map(|format| format.as_str())));
    in_query(
        "format",
        "`csv` (RFC 4180, UTF-8; the default) or `xlsx`.",
        formats,
        json!("csv"),
    )
}

impl IntoParams for ExportParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![format_parameter()]
    }
}

/// Export a table
///
/// Gives a whole table as a file, in one state of the database, with the columns that can be imported; the same content is
/// always the same bytes. Codes are texts. A text that a spreadsheet would take for a formula, one that begins with `=`, `+`,
/// `-`, `@`, a tab or a carriage return, has an apostrophe before it in CSV, which the import takes away; in a workbook every
/// text is marked as one. Answers on ethos, evidence of links, disputed links, and what a site keeps from others are not in it.
#[utoipa::path(
    tag = "exports",
    params(Table, ExportParameters),
    responses(
        (status = 200, description = "The table.",
         content(
            (String = "text/csv"),
            (Workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
         ),
         headers(("Content-Disposition" = String, description = "The name of the file."))),
        NotModified, ApiFailures, RuleBroken, NoSuchThing, Clash, StorageFailures
    )
)]
#[get("/exports/{table}")]
pub(crate) async fn export_table(
    request: HttpRequest,
    table: Table,
    parameters: Params<ExportParameters>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (table, format) = (table.0, parameters.0.format);
    check_form(&request, format)?;
    let file = alongside.export(table, format, asker.0.role).await?;
    Ok(as_file(&request, table.as_str(), format, file))
}

/// Refuses a format that `Accept` does not allow.
pub(crate) fn check_form(request: &HttpRequest, format: ExportFormat) -> Result<(), Problem> {
    if takes(request.headers(), media_type(format)) {
        return Ok(());
    }
    let detail = format!(
        "The file is {}; Accept has to allow it.",
        media_type(format)
    );
    Err(Problem::new(Kind::NotAcceptable, detail))
}

/// Answers with a file under its tag, or 304 where the client has it already.
pub(crate) fn as_file(
    request: &HttpRequest,
    table: &str,
    format: ExportFormat,
    file: ExportFile,
) -> HttpResponse {
    let tag = format!("\"{}\"", file.digest());
    let known = answer::known(request.headers(), &tag);
    let mut response = match known {
        Some(_) => HttpResponse::NotModified().finish(),
        None => HttpResponse::Ok().body(SizedStream::new(file.len(), pieces(file))),
    };
    let is_file = known.is_none();
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(known.as_deref().unwrap_or(&tag)) {
        headers.insert(ETAG, tag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if is_file {
        let kind = match format {
            ExportFormat::Csv => "text/csv; charset=utf-8; header=present",
            ExportFormat::Xlsx => XLSX,
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let name = format!("attachment; filename=\"alongside-{table}.{format}\"");
        if let Ok(name) = HeaderValue::from_str(&name) {
            headers.insert(CONTENT_DISPOSITION, name);
        }
    }
    response
}

/// The file piece by piece, each read once the one before is sent. Where one cannot be read the connection breaks, since its
/// length was promised.
fn pieces(file: ExportFile) -> impl stream::Stream<Item = Result<Bytes, actix_web::Error>> {
    stream::try_unfold(file, |mut file| async move {
        let read = web::block(move || file.next_piece().map(|piece| (piece, file))).await?;
        let (piece, file) = read.map_err(Problem::from)?;
        Ok((!piece.is_empty()).then(|| (Bytes::from(piece), file)))
    })
}
