//! What every change needs: who makes it, when, for which request, and whether it was asked for before.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use chrono::{DateTime, SubsecRound as _, Utc};
use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::app::Alongside;
use crate::domain::caller::Caller;
use crate::domain::error::Error;
use crate::http::access::Asker;
use crate::http::answer::Tagged;
use crate::http::body::BodyHash;
use crate::http::clock::Clock;
use crate::http::problem::Problem;
use crate::storage::idempotency::{self, Claim, Created, Made};
use crate::storage::{Change, Connection, Outcome, Touches};

/// The id of a request, as the middleware keeps it for handlers.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// The header of a creation that may be asked for again.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The header of an answer that was given before.
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key, in characters.
const MAX_KEY_LEN: usize = 128;

/// Who changes something, when and for which request.
#[derive(Clone, Debug)]
pub(crate) struct Changing {
    /// Who.
    pub(crate) caller: Caller,
    /// When.
    pub(crate) at: DateTime<Utc>,
    request_id: String,
}

impl Changing {
    /// The change for the audit: what is done, in a word that never varies, and to what.
    pub(crate) fn change(&self, action: &'static str, touches: Touches) -> Change {
        Change {
            actor: self.caller.id.to_string(),
            action,
            detail: String::new(),
            at: self.at,
            request_id: self.request_id.clone(),
            touches,
        }
    }
}

impl FromRequest for Changing {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let Ok(Asker(caller)) = Asker::from_request(request, payload).into_inner() else {
            let cause = Error::Internal("looking for the caller", "the operation is open".into());
            return ready(Err(cause.into()));
        };
        let Some(clock) = request.app_data::<Data<Clock>>() else {
            let cause = Error::Internal("looking for the clock", "there is none".into());
            return ready(Err(cause.into()));
        };
        let request_id = request.extensions().get::<RequestId>().cloned();
        ready(Ok(Self {
            caller,
            // As it is stored: what is answered first is what is answered later.
            at: clock.now().trunc_subsecs(6),
            request_id: request_id.map(|id| id.0).unwrap_or_default(),
        }))
    }
}

/// The key by which a creation is known again, where the caller gave one.
pub(crate) struct IdempotencyKey {
    key_hash: Option<String>,
    target: String,
}

impl IdempotencyKey {
    /// What the storage needs to know the request again; `None` where no key was given.
    pub(crate) fn claim(&self, changing: &Changing, body: &BodyHash) -> Option<Claim> {
        let mut hash = Sha256::new();
        hash.update(self.target.as_bytes());
        hash.update([0]);
        hash.update(body.0);
        // One person may act for several sites: what was done for one is no answer for another.
        let role = changing.caller.role;
        hash.update(role.as_str());
        if let Some(site) = role.site() {
            hash.update([0]);
            hash.update(site.as_str());
        }
        Some(Claim {
            caller: changing.caller.id.clone(),
            key_hash: self.key_hash.clone()?,
            request_hash: HEXLOWER.encode(&hash.finalize()),
            at: changing.at,
        })
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(key(request.headers()).map(|key| Self {
            key_hash: key.map(|key| HEXLOWER.encode(&Sha256::digest(key))),
            target: format!("{} {}", request.method(), request.uri()),
        }))
    }
}

fn key(headers: &HeaderMap) -> Result<Option<&[u8]>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value.as_bytes();
    let is_key = (1..=MAX_KEY_LEN).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    if is_key && values.next().is_none() {
        Ok(Some(key))
    } else {
        Err(Problem::unreadable(
            "/header/Idempotency-Key",
            format!("is not one key of 1 to {MAX_KEY_LEN} visible ASCII characters"),
        ))
    }
}

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX_KEY_LEN))
            .pattern(Some("^[!-~]+$"));
        vec![
            ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(
                    "A key of the caller's choice: the same request with the same key, within 24 hours, makes nothing new and \
                     gets the first answer again, without what is shown only once.",
                ))
                .schema(Some(key))
                .example(Some(json!("5f1c9a52-1b7e-4a55-9f0e-6a9d9f0c1d2e")))
                .build(),
        ]
    }
}

/// Writes a view as the text to keep for who asks again.
pub(crate) fn kept(id: &str, view: &impl Serialize) -> Result<Created, Error> {
    let body = serde_json::to_string(view)
        .map_err(|error| Error::Internal("writing an answer", error.into()))?;
    Ok(Created::new(id.to_owned(), body))
}

/// Creates something in one write, unless the same was asked for before, and says whether it is new.
pub(crate) async fn made_once(
    alongside: &Alongside,
    change: Change,
    claim: Option<Claim>,
    create: impl FnOnce(&mut Connection) -> Result<Created, Error> + Send + 'static,
) -> Result<(Created, bool), Error> {
    let write = move |connection: &mut Connection| {
        idempotency::once(connection, claim.as_ref(), create).map(whether_new)
    };
    alongside.write_outcome(change, write).await
}

/// Says with what was created whether it is new.
pub(crate) fn whether_new(outcome: Outcome<Created>) -> Outcome<(Created, bool)> {
    match outcome {
        Outcome::Changed(created) => Outcome::Changed((created, true)),
        Outcome::Unchanged(created) => Outcome::Unchanged((created, false)),
    }
}

/// Answers with what was made and its tag: 201 and where it is for something new, 200 for what was there before; `is_new` is
/// false where the same request was answered before.
pub(crate) fn created(created: Created, location: &str, is_new: bool) -> HttpResponse {
    let tagged = Tagged::versioned(created.body, created.version);
    let mut response = match created.made {
        Made::New => HttpResponse::Created(),
        Made::Changed => HttpResponse::Ok(),
    };
    if created.made == Made::New
        && let Ok(location) = HeaderValue::from_str(location)
    {
        response.insert_header((LOCATION, location));
    }
    if let Ok(tag) = HeaderValue::from_str(tagged.tag()) {
        response.insert_header((ETAG, tag));
    }
    if !is_new {
        response.insert_header((IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true")));
    }
    response
        .content_type("application/json")
        .body(tagged.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(value).unwrap());
            key(&headers)
                .map(|key| key.map(<[u8]>::to_vec))
                .map_err(|problem| problem.kind)
        };
        assert_eq!(of("abc-1"), Ok(Some(b"abc-1".to_vec())));
        assert!(of("").is_err() && of("a b").is_err() && of(&"x".repeat(129)).is_err());
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn a_change_is_made_at_a_time_that_can_be_stored() {
        let clock = Clock::of(|| "2026-11-22T09:00:00.123456789Z".parse().unwrap());
        let request = actix_web::test::TestRequest::default()
            .app_data(Data::new(clock))
            .to_http_request();
        request.extensions_mut().insert(Asker(Caller {
            id: crate::domain::caller::CallerId::of_key("1"),
            role: crate::domain::caller::Role::ProgrammeAdmin,
        }));
        let changing = Changing::from_request(&request, &mut Payload::None).into_inner();
        let stored: DateTime<Utc> = "2026-11-22T09:00:00.123456Z".parse().unwrap();
        assert_eq!(changing.unwrap().at, stored);
    }
}
