//! Who may do what: one rule for each operation, checked before anything of a request but its head is read.
//!
//! An operation without a rule is refused to everybody, and the document cannot be made, so that nobody forgets one.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER, X_FORWARDED_FOR,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};

use crate::app::Alongside;
use crate::app::identity::{Identities, TokenFault};
use crate::domain::caller::{Caller, Role};
use crate::domain::error::Error as DomainError;
use crate::domain::ids::OdsCode;
use crate::http::clock::Clock;
use crate::http::limits::{Limits, Spent, whole_seconds};
use crate::http::openapi::Document;
use crate::http::operation::Operation;
use crate::http::problem::{Kind, NOT_FOUND_DETAIL, Problem};

/// Who may call an operation. "Own" is the organisation that `odsCode` in the path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Anybody, without a key.
    Open,
    /// Whoever has a key.
    Anyone,
    /// The site itself.
    Own,
    /// The site itself; programme admins and viewers for every site.
    OwnOrStaff,
    /// The site itself; programme admins for every site.
    OwnOrAdmin,
    /// Sites, each for what is its own.
    Site,
    /// Sites, each for what is its own, and programme admins.
    SiteOrAdmin,
    /// Programme admins and viewers.
    Staff,
    /// Programme admins.
    Admin,
}

impl Rule {
    /// The rule of an operation; `None` where nobody gave it one.
    pub(crate) fn of(operation: &str) -> Option<Self> {
        Operation::find(operation).map(|operation| operation.rule)
    }

    /// Whom the operation is for, as the document says it; `None` where anybody may.
    pub(crate) const fn words(self) -> Option<&'static str> {
        match self {
            Self::Open => None,
            Self::Anyone => Some("For every caller."),
            Self::Own => Some("For the site itself; nobody else reads or changes this."),
            Self::OwnOrStaff => Some("For the site itself, programme admins and viewers."),
            Self::OwnOrAdmin => Some("For the site itself and programme admins."),
            Self::Site => Some("For sites, each for what is its own; nobody acts for a site."),
            Self::SiteOrAdmin => {
                Some("For sites, each for what is its own, and for programme admins.")
            }
            Self::Staff => Some("For programme admins and viewers."),
            Self::Admin => Some("For programme admins."),
        }
    }

    /// The roles that may call the operation, as the document lists them.
    pub(crate) const fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Open => &[],
            Self::Anyone => &["site", "programme_admin", "viewer"],
            Self::Own => &["own_site"],
            Self::OwnOrStaff => &["own_site", "programme_admin", "viewer"],
            Self::OwnOrAdmin => &["own_site", "programme_admin"],
            Self::Site => &["site"],
            Self::SiteOrAdmin => &["site", "programme_admin"],
            Self::Staff => &["programme_admin", "viewer"],
            Self::Admin => &["programme_admin"],
        }
    }

    /// Whether an operation of a method is for organisations that are open alone. A closed one still reads what is its own, keeps
    /// its facts and takes away, but what it had open with others is its successor's.
    fn is_for_the_open(self, method: &Method) -> bool {
        self == Self::Site && !matches!(*method, Method::GET | Method::HEAD | Method::DELETE)
    }

    /// Whether a role may call the operation on an organisation, where the path names one.
    fn check(self, role: Role, named: Option<&str>) -> Result<(), Problem> {
        let own = |code: OdsCode| match named.map(OdsCode::new) {
            None => Err(DomainError::Internal(
                "finding the organisation",
                "the path names none".into(),
            )
            .into()),
            // In the handlers' words, which say the same to everybody.
            Some(Err(malformed)) => {
                Err(Problem::unreadable("/path/odsCode", malformed.to_string()))
            }
            Some(Ok(named)) if named == code => Ok(()),
            // Whether the organisation exists makes no difference.
            Some(Ok(named)) => Err(DomainError::NotYours(named).into()),
        };
        match (self, role) {
            (Self::Open | Self::Anyone, _)
            | (Self::Site, Role::Site(_))
            | (Self::SiteOrAdmin, Role::Site(_) | Role::ProgrammeAdmin)
            | (Self::OwnOrStaff | Self::Staff, Role::ProgrammeAdmin | Role::Viewer)
            | (Self::OwnOrAdmin | Self::Admin, Role::ProgrammeAdmin) => Ok(()),
            (Self::Own | Self::OwnOrStaff | Self::OwnOrAdmin, Role::Site(code)) => own(code),
            (Self::Site, Role::ProgrammeAdmin | Role::Viewer) => {
                Err(DomainError::Forbidden("this is for sites alone").into())
            }
            (Self::Own, Role::ProgrammeAdmin | Role::Viewer) => {
                Err(DomainError::Forbidden("this is for the site itself alone").into())
            }
            (Self::Staff, Role::Site(_)) => {
                Err(DomainError::Forbidden("this is for programme admins and viewers").into())
            }
            (Self::OwnOrAdmin | Self::SiteOrAdmin, Role::Viewer) => {
                Err(DomainError::Forbidden("a viewer does not do this").into())
            }
            (Self::Admin, Role::Site(_) | Role::Viewer) => {
                Err(DomainError::Forbidden("this is for programme admins").into())
            }
        }
    }
}

/// The rules by path template and method.
#[derive(Debug, Default)]
pub(crate) struct Rules(HashMap<String, Vec<(Method, Rule)>>);

impl Rules {
    /// Adds the rule of an operation.
    pub(crate) fn add(&mut self, template: &str, method: Method, rule: Rule) {
        self.0
            .entry(template.to_owned())
            .or_default()
            .push((method, rule));
    }

    /// The rule of a request; `None` where the path takes no such method.
    fn of(&self, template: &str, method: &Method) -> Option<Rule> {
        let rules = self.0.get(template)?;
        rules
            .iter()
            .find(|(taken, _)| taken == method)
            .map(|(_, rule)| *rule)
    }
}

/// How callers are known, and how often they may ask.
#[derive(Clone, Default)]
pub(crate) struct Access {
    /// Whom tokens are verified with; `None` where there are no tokens.
    pub(crate) identities: Option<Arc<Identities>>,
    /// The bounds; `None` where there are none.
    pub(crate) limits: Option<Arc<Limits>>,
    /// Where requests come from.
    pub(crate) peers: Peers,
}

/// Where requests come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Peers {
    /// From callers themselves.
    #[default]
    Direct,
    /// From a proxy, which says in `X-Forwarded-For` from whom it has each.
    BehindProxy,
}

/// Why a request is not let through, and what its caller is told of its bucket.
struct Refusal {
    problem: Problem,
    spent: Option<Spent>,
    wait: Option<Duration>,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            spent: None,
            wait: None,
        }
    }
}

/// Lets a request through whose caller may make it, and keeps the caller for the handler.
pub(crate) async fn check(
    document: Data<Document>,
    access: Data<Access>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match admit(&document, &access, &request).await {
        Ok(spent) => {
            let mut response = next.call(request).await?.map_into_boxed_body();
            if let Some(spent) = spent {
                spent.write(response.headers_mut());
            }
            Ok(response)
        }
        Err(Refusal {
            problem,
            spent,
            wait,
        }) => {
            let mut response = request.error_response(problem);
            let headers = response.headers_mut();
            if let Some(spent) = spent {
                spent.write(headers);
            }
            if let Some(wait) = wait {
                headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
            }
            Ok(response)
        }
    }
}

/// The mark of a request that [`check`] let through by a rule.
#[derive(Clone, Copy, Debug)]
struct Admitted;

/// Stands before the handlers of a scope: whatever was not let through by a rule is answered as a path that is none of ours,
/// so that no way of writing a path leads past the rules.
pub(crate) async fn admitted(
    document: Data<Document>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.extensions().contains::<Admitted>() {
        return next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body);
    }
    let problem = not_ours(&document, request.request());
    Ok(request.error_response(problem))
}

/// What is told of a path or a method that no operation takes.
pub(crate) fn not_ours(document: &Document, request: &HttpRequest) -> Problem {
    match document.allow(request.match_info().as_str()) {
        Some(allow) => Problem::method_not_allowed(allow.to_owned()),
        None => Problem::new(Kind::NotFound, NOT_FOUND_DETAIL),
    }
}

async fn admit(
    document: &Document,
    access: &Access,
    request: &ServiceRequest,
) -> Result<Option<Spent>, Refusal> {
    // As the router sees it, which decodes: a letter may be written with a percent sign.
    let path = request.match_info().as_str().to_owned();
    // A path or a method that is none of ours is answered so to everybody; `admitted` sees to it that no handler runs.
    let Some(template) = request.resource_map().match_pattern(&path) else {
        return Ok(None);
    };
    let Some(rule) = document.rules().of(&template, request.method()) else {
        return Ok(None);
    };
    if rule == Rule::Open {
        request.extensions_mut().insert(Admitted);
        return Ok(None);
    }
    let caller = match authenticate(access, request).await {
        Ok(caller) => caller,
        Err(problem) => return Err(failure(access, request, problem)),
    };
    let spent = access
        .limits
        .as_ref()
        .and_then(|limits| limits.spend(&caller.id));
    let refuse = |problem, wait| Refusal {
        problem,
        spent,
        wait,
    };
    if let Some(spent) = spent
        && let Some(wait) = spent.wait()
    {
        let (most, seconds) = (spent.limit().per_minute, whole_seconds(wait));
        let words = format!("At most {most} requests a minute; ask again in {seconds} s.");
        let problem = Problem::new(Kind::TooManyRequests, words);
        return Err(refuse(problem, Some(wait)));
    }
    rule.check(caller.role, named_organisation(&template, &path))
        .and_then(|()| match caller.role.site() {
            Some(code) if rule.is_for_the_open(request.method()) => still_open(request, code),
            Some(_) | None => Ok(()),
        })
        .map_err(|problem| refuse(problem, None))?;
    request.extensions_mut().insert(Admitted);
    request.extensions_mut().insert(Asker(caller));
    Ok(spent)
}

/// Refuses a site that closed.
fn still_open(request: &ServiceRequest, code: OdsCode) -> Result<(), Problem> {
    match request.app_data::<Data<Alongside>>() {
        Some(alongside) if alongside.is_closed(code) => {
            let words = "a closed organisation makes no agreements; the one that follows it does";
            Err(DomainError::Forbidden(words).into())
        }
        Some(_) | None => Ok(()),
    }
}

/// Counts a key or a token that is not good against the address it came from. A request with neither guesses nothing.
fn failure(access: &Access, request: &ServiceRequest, problem: Problem) -> Refusal {
    let limits = access
        .limits
        .as_ref()
        .filter(|_| problem.kind == Kind::InvalidKey);
    let wait = limits
        .zip(peer(access.peers, request.request()))
        .and_then(|(limits, address)| limits.fail(address));
    match wait {
        None => problem.into(),
        Some(wait) => {
            let seconds = whole_seconds(wait);
            let words = format!(
                "Too many keys from this address were not good; send another in {seconds} s."
            );
            Refusal {
                problem: Problem::new(Kind::TooManyRequests, words),
                spent: None,
                wait: Some(wait),
            }
        }
    }
}

/// The address a request came from. Of what proxies say only the last word is ours to trust: the rest is what the caller said.
fn peer(peers: Peers, request: &HttpRequest) -> Option<IpAddr> {
    let forwarded = match peers {
        Peers::Direct => None,
        Peers::BehindProxy => request.headers().get_all(X_FORWARDED_FOR).last(),
    };
    forwarded
        .and_then(|value| value.to_str().ok())
        .and_then(|hops| hops.rsplit(',').next())
        .and_then(|hop| address(hop.trim()))
        .or_else(|| request.peer_addr().map(|peer| peer.ip()))
}

/// An address as proxies write it: with or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    hop.parse()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|peer| peer.ip()))
}

/// The text in the place of `{odsCode}` in a path as the router sees it.
fn named_organisation<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    let place = template.split('/').position(|part| part == "{odsCode}")?;
    path.split('/').nth(place)
}

async fn authenticate(access: &Access, request: &ServiceRequest) -> Result<Caller, Problem> {
    let (Some(alongside), Some(clock)) = (
        request.app_data::<Data<Alongside>>(),
        request.app_data::<Data<Clock>>(),
    ) else {
        return Err(
            DomainError::Internal("looking for the callers", "there are none".into()).into(),
        );
    };
    let sent = bearer(request.headers())?;
    let now = clock.now();
    match &access.identities {
        Some(identities) if is_token(sent) => identities
            .find(sent, now)
            .await
            .map(|identity| identity.caller)
            // A site that nobody recorded has nothing to read or to change.
            .and_then(|caller| match caller.role.site() {
                Some(code) if !alongside.knows(code) => Err(TokenFault::NoRole),
                _ => Ok(caller),
            })
            .map_err(of_token),
        Some(_) | None => alongside.callers().find(sent, now).ok_or_else(|| {
            Problem::new(Kind::InvalidKey, "The key is unknown, expired or revoked.")
        }),
    }
}

/// Whether what was sent has the form of a token: three parts with dots between. No key has a dot.
pub(crate) fn is_token(sent: &str) -> bool {
    sent.contains('.')
}

fn of_token(fault: TokenFault) -> Problem {
    match fault {
        TokenFault::UnknownKey => {
            log::debug!("a token was refused: no key that is known signed it")
        }
        TokenFault::Bad(why) => log::debug!("a token was refused: {why}"),
        TokenFault::NoRole => {
            return DomainError::Forbidden("the token gives no role of this service").into();
        }
    }
    Problem::new(
        Kind::InvalidKey,
        "The token is expired, not for this service, or not from its identity provider.",
    )
}

/// The key or token that a request carries.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut sent = headers.get_all(AUTHORIZATION);
    let (Some(value), None) = (sent.next(), sent.next()) else {
        return Err(Problem::new(
            Kind::Unauthenticated,
            "Send a key in one header: Authorization: Bearer KEY.",
        ));
    };
    let key = value.to_str().ok().and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| key.trim_matches(' '))
    });
    key.ok_or_else(|| {
        Problem::new(
            Kind::Unauthenticated,
            "The header has to be Authorization: Bearer KEY.",
        )
    })
}

/// Who calls, for handlers: the request was let through for them.
#[derive(Clone, Debug)]
pub(crate) struct Asker(pub(crate) Caller);

impl FromRequest for Asker {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asker = request.extensions().get::<Self>().cloned();
        ready(asker.ok_or_else(|| {
            DomainError::Internal("looking for the caller", "the operation is open".into()).into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::BundledData;
    use crate::domain::secret::MasterSecret;
    use crate::storage::{DatabaseUrl, Storage};
    use chrono::DateTime;

    #[test]
    fn nobody_acts_for_another_site() {
        let rth = Role::Site(OdsCode::new("RTH").unwrap());
        for rule in [Rule::Own, Rule::OwnOrStaff, Rule::OwnOrAdmin] {
            assert!(rule.check(rth, Some("rth")).is_ok());
            let other = rule.check(rth, Some("RHW")).unwrap_err();
            assert_eq!(other.kind, Kind::OrganisationNotFound);
        }
        assert!(Rule::Own.check(Role::ProgrammeAdmin, Some("RTH")).is_err());
        assert!(Rule::OwnOrAdmin.check(Role::Viewer, Some("RTH")).is_err());
        assert!(Rule::Admin.check(rth, None).is_err());
        assert!(Rule::Staff.check(Role::Viewer, None).is_ok());
    }

    #[test]
    fn what_a_site_agrees_to_with_others_is_for_the_open_alone() {
        for method in [Method::POST, Method::PUT, Method::PATCH] {
            assert!(Rule::Site.is_for_the_open(&method));
            assert!(!Rule::Own.is_for_the_open(&method));
        }
        for method in [Method::GET, Method::HEAD, Method::DELETE] {
            assert!(!Rule::Site.is_for_the_open(&method));
        }
    }

    #[actix_web::test]
    async fn a_closed_organisation_agrees_to_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite_file(&folder.path().join("a.db"));
        let secret = MasterSecret::new([7; MasterSecret::N_BYTES]);
        let storage = Storage::open(&url, &secret).unwrap();
        let alongside = Alongside::open(storage, BundledData::Load, DateTime::UNIX_EPOCH).unwrap();
        let request = actix_web::test::TestRequest::post()
            .app_data(Data::new(alongside))
            .to_srv_request();
        let code = |text: &str| OdsCode::new(text).unwrap();
        assert!(still_open(&request, code("RTH")).is_ok());
        let refused = still_open(&request, code("RW6")).unwrap_err();
        assert_eq!(refused.kind, Kind::Forbidden);
    }

    #[test]
    fn the_organisation_is_where_the_template_says() {
        let template = "/api/v1/organisations/{odsCode}/links/{id}";
        assert_eq!(
            named_organisation(template, "/api/v1/organisations/RTH/links/1"),
            Some("RTH")
        );
        assert_eq!(
            named_organisation("/api/v1/networks", "/api/v1/networks"),
            None
        );
    }

    #[test]
    fn of_what_proxies_say_the_last_word_counts() {
        let of = |peers, forwarded: &[&str]| {
            let mut request = actix_web::test::TestRequest::default()
                .peer_addr("192.0.2.1:1000".parse().unwrap());
            for value in forwarded {
                request = request.append_header((X_FORWARDED_FOR, *value));
            }
            peer(peers, &request.to_http_request()).unwrap().to_string()
        };
        let spoofed = ["203.0.113.9", "203.0.113.8, 198.51.100.7"];
        assert_eq!(of(Peers::Direct, &spoofed), "192.0.2.1");
        assert_eq!(of(Peers::BehindProxy, &spoofed), "198.51.100.7");
        assert_eq!(
            of(Peers::BehindProxy, &["[2001:db8::1]:443"]),
            "2001:db8::1"
        );
        for silent in [&[][..], &["unknown"], &[""]] {
            assert_eq!(of(Peers::BehindProxy, silent), "192.0.2.1");
        }
    }
}
