//! Who may do what: one rule for each operation, checked before anything of a request but its head is read.
//!
//! An operation without a rule is refused to everybody, and the document cannot be made, so that nobody forgets one.

use std::collections::HashMap;
use std::future::{Ready, ready};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};

use crate::app::Alongside;
use crate::domain::caller::{Caller, Role};
use crate::domain::error::Error as DomainError;
use crate::domain::ids::OdsCode;
use crate::http::clock::Clock;
use crate::http::openapi::Document;
use crate::http::operation::Operation;
use crate::http::problem::{Kind, Problem};

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
            Self::SiteOrAdmin => &["site", "programme_admin"],
            Self::Staff => &["programme_admin", "viewer"],
            Self::Admin => &["programme_admin"],
        }
    }

    /// Whether a role may call the operation on an organisation, where the path names one.
    fn check(self, role: Role, named: Option<&str>) -> Result<(), Problem> {
        let own = |code: OdsCode| match named.map(OdsCode::new) {
            // What is no code is for the handler to refuse, as it does for everybody.
            None | Some(Err(_)) => Ok(()),
            Some(Ok(named)) if named == code => Ok(()),
            // Whether the organisation exists makes no difference.
            Some(Ok(named)) => Err(DomainError::NotYours(named).into()),
        };
        match (self, role) {
            (Self::Open | Self::Anyone, _)
            | (Self::SiteOrAdmin, Role::Site(_) | Role::ProgrammeAdmin)
            | (Self::OwnOrStaff | Self::Staff, Role::ProgrammeAdmin | Role::Viewer)
            | (Self::OwnOrAdmin | Self::Admin, Role::ProgrammeAdmin) => Ok(()),
            (Self::Own | Self::OwnOrStaff | Self::OwnOrAdmin, Role::Site(code)) => own(code),
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

/// Lets a request through whose caller may make it, and keeps the caller for the handler.
pub(crate) async fn check(
    document: Data<Document>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match admit(&document, &request) {
        Ok(()) => next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body),
        Err(problem) => Ok(request.error_response(problem)),
    }
}

fn admit(document: &Document, request: &ServiceRequest) -> Result<(), Problem> {
    // A path or a method that is none of ours is answered so to everybody.
    let Some(template) = request.match_pattern() else {
        return Ok(());
    };
    let Some(rule) = document.rules().of(&template, request.method()) else {
        return Ok(());
    };
    if rule == Rule::Open {
        return Ok(());
    }
    let caller = authenticate(request)?;
    rule.check(caller.role, named_organisation(&template, request.path()))?;
    request.extensions_mut().insert(Asker(caller));
    Ok(())
}

/// The text in the place of `{odsCode}`, decoded as far as a code can be.
fn named_organisation<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    let place = template.split('/').position(|part| part == "{odsCode}")?;
    path.split('/').nth(place)
}

fn authenticate(request: &ServiceRequest) -> Result<Caller, Problem> {
    let (Some(alongside), Some(clock)) = (
        request.app_data::<Data<Alongside>>(),
        request.app_data::<Data<Clock>>(),
    ) else {
        return Err(
            DomainError::Internal("looking for the callers", "there are none".into()).into(),
        );
    };
    let mut sent = request.headers().get_all(AUTHORIZATION);
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
    let Some(key) = key else {
        return Err(Problem::new(
            Kind::Unauthenticated,
            "The header has to be Authorization: Bearer KEY.",
        ));
    };
    alongside
        .callers()
        .find(key, clock.now())
        .ok_or_else(|| Problem::new(Kind::InvalidKey, "The key is unknown, expired or revoked."))
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
}
