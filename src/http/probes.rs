//! What runs the service asks of it: whether it lives, whether it can work, what it counted.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::rt::time::timeout;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::error::Error;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::extract::{NoParameters, Params};
use crate::http::openapi::{ProbeFailures, StorageFailures};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::telemetry::Telemetry;
use crate::storage::{DatabaseKind, revision};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("ping", Rule::Open).answers(include_str!("examples/ping.json")),
    Operation::new("status", Rule::Open).answers(include_str!("examples/status.json")),
    Operation::new("metrics", Rule::Open).answers(
        r##""# TYPE alongside_snapshot_revision gauge\nalongside_snapshot_revision 1\n""##,
    ),
];

/// How long the database may take to answer the probe.
const DATABASE_DEADLINE: Duration = Duration::from_secs(2);

/// A rough size of these answers, in bytes.
const PROBE_BYTES: usize = 256;

/// The service lives.
#[derive(Serialize, ToSchema)]
#[schema(as = Ping)]
struct PingView {
    status: Health,
}

/// All is well; anything else is a failure with a status of its own.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Health {
    /// All is well.
    Ok,
}

/// Say that the service lives
///
/// Answers without asking anything behind it, for a supervisor that restarts what hangs.
#[utoipa::path(
    tag = "probes",
    responses((status = 200, description = "The service lives.", body = PingView), ProbeFailures)
)]
#[get("/_ping")]
pub(crate) async fn ping(_none: Params<NoParameters>) -> Result<HttpResponse, Problem> {
    fresh(answer::json(&PingView { status: Health::Ok }, PROBE_BYTES))
}

/// Whether the service can work.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceStatus)]
struct StatusView {
    status: Health,
    /// The version of the service.
    version: &'static str,
    database: DatabaseView,
    snapshot: SnapshotView,
}

/// The database behind the service.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DatabaseStatus)]
struct DatabaseView {
    kind: DatabaseKindView,
    /// Always true: a database that cannot be reached is a 503.
    reachable: bool,
    /// The number of the last write.
    revision: u64,
    /// The number of the last write that touched what scoring reads; the snapshot is up to date once it holds it.
    scoring_revision: u64,
}

/// Which database it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DatabaseKind)]
enum DatabaseKindView {
    /// A file.
    Sqlite,
    /// A server.
    Postgresql,
}

impl From<DatabaseKind> for DatabaseKindView {
    fn from(kind: DatabaseKind) -> Self {
        match kind {
            DatabaseKind::Sqlite => Self::Sqlite,
            DatabaseKind::Postgres => Self::Postgresql,
        }
    }
}

/// What scoring reads.
#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotStatus)]
struct SnapshotView {
    /// The number of the last write it holds.
    revision: u64,
    /// How many open organisations it holds.
    organisations: usize,
}

/// Say whether the service can work
///
/// Asks the database, which has 2 s to answer, for a balancer that sends requests only where they can be answered.
#[utoipa::path(
    tag = "probes",
    responses(
        (status = 200, description = "The service can work.", body = StatusView),
        ProbeFailures, StorageFailures
    )
)]
#[get("/_status")]
pub(crate) async fn status(
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let storage = alongside.storage();
    // A database that hangs must not hang the probe with it.
    let read = storage.read(|connection| {
        Ok((
            revision::current(connection)?,
            revision::touched(connection)?,
        ))
    });
    let (revision, touched) = timeout(DATABASE_DEADLINE, read)
        .await
        .map_err(|elapsed| Error::Unavailable("asking for the revision", elapsed.into()))??;
    let view = StatusView {
        status: Health::Ok,
        version: env!("CARGO_PKG_VERSION"),
        database: DatabaseView {
            kind: storage.kind().into(),
            reachable: true,
            revision: revision.0,
            scoring_revision: touched.scoring.0,
        },
        snapshot: SnapshotView {
            revision: alongside.revision().0,
            organisations: alongside.n_organisations(),
        },
    };
    fresh(answer::json(&view, PROBE_BYTES))
}

/// Show what the service counted
///
/// Shows requests by operation, method and status, their durations, those being answered, and the revision that scoring
/// reads, in the text format of Prometheus.
#[utoipa::path(
    tag = "probes",
    responses(
        (status = 200, description = "The counters.", body = String, content_type = "text/plain"),
        ProbeFailures
    )
)]
#[get("/metrics")]
pub(crate) async fn metrics(
    _none: Params<NoParameters>,
    telemetry: Data<Telemetry>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let text = telemetry.render(alongside.revision().0);
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"));
    fresh(Ok(response.body(text)))
}

/// Keeps anything between from answering with what was true before.
fn fresh(answer: Result<HttpResponse, Problem>) -> Result<HttpResponse, Problem> {
    answer.map(|mut response| {
        response.headers_mut().insert(
            CACHE_CONTROL,
            actix_web::http::header::HeaderValue::from_static("no-store"),
        );
        response
    })
}
