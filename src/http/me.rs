//! Who the caller is, as the service sees it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::ids::OdsCode;
use crate::http::access::{Access, Asker, Rule, bearer, is_token};
use crate::http::answer;
use crate::http::clock::Clock;
use crate::http::extract::{NoParameters, Params};
use crate::http::openapi::ApiFailures;
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::text::Code;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] =
    &[Operation::new("show_me", Rule::Anyone).answers(include_str!("examples/show_me.json"))];

/// A rough size of the answer, in bytes.
const ME_BYTES: usize = 512;

/// The caller.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Me)]
struct MeView {
    /// The id of the caller in the audit: `key:` and the id of the key, or `oidc:` and a digest of issuer and subject.
    #[schema(max_length = 80, pattern = "^(key|oidc):[0-9a-f-]+$")]
    id: String,
    /// How the caller is known.
    known_by: KnownBy,
    /// What the caller may do.
    #[schema(value_type = String, pattern = "^(site|programme_admin|viewer)$", max_length = 15)]
    role: &'static str,
    /// The organisation that a site is; null for others.
    #[schema(required)]
    ods_code: Option<Code>,
    /// The beginning of the key; null for a token.
    #[schema(required, max_length = 20, pattern = "^als_[a-z2-7]{8}$")]
    key_prefix: Option<String>,
    /// From when on the key or the token is not taken; null is never.
    #[schema(required)]
    expires_at: Option<DateTime<Utc>>,
    /// How often the caller may ask; null where that is not bounded.
    #[schema(required)]
    limits: Option<LimitsView>,
}

/// How a caller is known.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum KnownBy {
    /// By a key of this service.
    Key,
    /// By a token of the identity provider.
    Token,
}

/// How often a caller may ask.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallerLimits)]
struct LimitsView {
    /// Requests in a minute.
    #[schema(minimum = 1, maximum = 1_000_000)]
    requests_per_minute: u32,
    /// How many of them may come at once.
    #[schema(minimum = 1, maximum = 100)]
    burst: u32,
}

/// Show who calls
///
/// Shows what the service takes the caller for: its role, its organisation, how long its key or token is good, and how often
/// it may ask.
#[utoipa::path(
    tag = "keys",
    responses(
        (status = 200, description = "The caller.", body = MeView),
        ApiFailures
    )
)]
#[get("/me")]
pub(crate) async fn show_me(
    request: HttpRequest,
    asker: Asker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
    access: Data<Access>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let sent = bearer(request.headers())?;
    let token = access
        .identities
        .as_ref()
        .filter(|_| is_token(sent))
        .and_then(|identities| identities.verify(sent, clock.now()).ok());
    let callers = alongside.callers();
    let key = callers.record(sent);
    let limit = access
        .limits
        .as_ref()
        .and_then(|limits| limits.of_callers());
    let caller = asker.0;
    let view = MeView {
        id: caller.id.to_string(),
        known_by: match token {
            Some(_) => KnownBy::Token,
            None => KnownBy::Key,
        },
        role: caller.role.as_str(),
        ods_code: caller.role.site().map(|code: OdsCode| Code(code)),
        key_prefix: key.map(|key| key.prefix.clone()),
        expires_at: match token {
            Some(identity) => Some(identity.expires_at),
            None => key.and_then(|key| key.expires_at),
        },
        limits: limit.map(|limit| LimitsView {
            requests_per_minute: limit.per_minute.get(),
            burst: limit.burst().get(),
        }),
    };
    answer::json(&view, ME_BYTES)
}
