//! Reads the parts of a request, each rule in one place: the query ([`Params`]) and the codes in the path
//! ([`Seeker`], [`Candidate`]). Bodies are in [`body`](super::body).
//!
//! What cannot be read is a 400, what can be read but breaks a rule a 422; a request that has both is a 400. All faults
//! of a query are told at once.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::domain::error::FieldError;
use crate::domain::ids::OdsCode;
use crate::http::problem::{Kind, Problem};

/// What is wrong with one value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not of the form that is asked for.
    Unreadable(String),
    /// It is, but breaks a rule.
    Rule(String),
}

impl Fault {
    /// The words for a person.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Unreadable(words) | Self::Rule(words) => words,
        }
    }
}

/// The parameters of a query, taken one by one; those that nobody takes are refused.
pub(crate) struct Query {
    /// Of which resource it is asked: the path, in letters of one case.
    path: String,
    left: Vec<(String, String)>,
    known: Vec<&'static str>,
    unreadable: Vec<FieldError>,
    broken: Vec<FieldError>,
}

impl Query {
    /// Splits a query string; names a parameter that is given twice, is empty or is not UTF-8.
    pub(crate) fn new(path: &str, query: &str) -> Self {
        let mut read = Self {
            path: path.to_ascii_uppercase(),
            left: Vec::new(),
            known: Vec::new(),
            unreadable: Vec::new(),
            broken: Vec::new(),
        };
        if query.is_empty() {
            return read;
        }
        let Ok(pairs) = serde_urlencoded::from_str::<Vec<(String, String)>>(query) else {
            read.unreadable
                .push(FieldError::new("/query", "is not a list of NAME=VALUE"));
            return read;
        };
        for (name, value) in pairs {
            let value = value.trim_matches(|c: char| c.is_ascii_whitespace());
            let fault = if name.contains(char::REPLACEMENT_CHARACTER)
                || value.contains(char::REPLACEMENT_CHARACTER)
            {
                Some("is not UTF-8")
            } else if value.is_empty() {
                Some("is empty; leave it out instead")
            } else if read.left.iter().any(|(other, _)| *other == name) {
                Some("is given twice")
            } else {
                None
            };
            match fault {
                Some(fault) => read
                    .unreadable
                    .push(FieldError::new(query_pointer(&name), fault)),
                None => read.left.push((name, value.to_owned())),
            }
        }
        read
    }

    /// Reads a parameter with `rule`; `None` where it is absent or at fault, which is remembered.
    pub(crate) fn take<T>(
        &mut self,
        name: &'static str,
        rule: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        self.known.push(name);
        let at = self.left.iter().position(|(other, _)| other == name)?;
        let (_, value) = self.left.swap_remove(at);
        rule(&value).map_err(|fault| self.refuse(name, fault)).ok()
    }

    /// The path that is asked, in letters of one case.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Whether the parameter is there and nobody took it yet.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(other, _)| other == name)
    }

    /// Whether nothing was at fault so far.
    pub(crate) fn is_faultless(&self) -> bool {
        self.unreadable.is_empty() && self.broken.is_empty()
    }

    /// Remembers what is wrong with a parameter.
    pub(crate) fn refuse(&mut self, name: &str, fault: Fault) {
        let pointer = query_pointer(name);
        match fault {
            Fault::Unreadable(words) => self.unreadable.push(FieldError::new(pointer, words)),
            Fault::Rule(words) => self.broken.push(FieldError::new(pointer, words)),
        }
    }

    /// Refuses a parameter that the request has to have.
    pub(crate) fn missing(&mut self, name: &str) {
        let pointer = query_pointer(name);
        let named = |errors: &[FieldError]| errors.iter().any(|error| error.pointer == pointer);
        if !named(&self.unreadable) && !named(&self.broken) {
            self.unreadable.push(FieldError::new(pointer, "is missing"));
        }
    }

    /// Refuses what was at fault and what nobody took.
    fn finish(mut self) -> Result<(), Problem> {
        let known = match self.known.as_slice() {
            [] => "none".to_owned(),
            known => known.join(", "),
        };
        for (name, _) in &self.left {
            self.unreadable.push(FieldError::new(
                query_pointer(name),
                format!("is not a parameter of this operation, which takes {known}"),
            ));
        }
        let kind = if !self.unreadable.is_empty() {
            Kind::Unreadable
        } else if !self.broken.is_empty() {
            Kind::Invalid
        } else {
            return Ok(());
        };
        self.unreadable.append(&mut self.broken);
        Err(Problem::of_fields(kind, self.unreadable))
    }
}

fn query_pointer(name: &str) -> String {
    format!("/query/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A set of parameters that an operation takes.
pub(crate) trait Parameters: Sized + 'static {
    /// Takes them from the query. The result counts only where the query had no fault.
    fn read(query: &mut Query) -> Self;
}

/// The parameters of the query.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: Parameters> FromRequest for Params<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut query = Query::new(request.path(), request.query_string());
        let parameters = T::read(&mut query);
        ready(query.finish().map(|()| Self(parameters)))
    }
}

/// For an operation that takes no parameters.
pub(crate) struct NoParameters;

impl Parameters for NoParameters {
    fn read(_: &mut Query) -> Self {
        Self
    }
}

/// The organisation that asks, or that is asked about: `{odsCode}` of the path.
pub(crate) struct Seeker(pub(crate) OdsCode);

impl FromRequest for Seeker {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(code_in_path(request, "odsCode").map(Self))
    }
}

/// The organisation that may be suggested: `{candidate}` of the path.
pub(crate) struct Candidate(pub(crate) OdsCode);

impl FromRequest for Candidate {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(code_in_path(request, "candidate").map(Self))
    }
}

fn code_in_path(request: &HttpRequest, name: &str) -> Result<OdsCode, Problem> {
    let text = request.match_info().get(name).unwrap_or_default();
    OdsCode::new(text)
        .map_err(|malformed| Problem::unreadable(format!("/path/{name}"), malformed.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Two(Option<u8>, Option<String>);

    impl Parameters for Two {
        fn read(query: &mut Query) -> Self {
            let number = query.take("n", |text| match text.parse::<u8>() {
                Ok(0) => Err(Fault::Rule("is at least 1".into())),
                Ok(n) => Ok(n),
                Err(_) => Err(Fault::Unreadable("is a whole number".into())),
            });
            Self(number, query.take("text", |text| Ok(text.to_owned())))
        }
    }

    fn read(query: &str) -> Result<Two, Problem> {
        let mut query = Query::new("/list", query);
        let two = Two::read(&mut query);
        query.finish().map(|()| two)
    }

    fn fails(query: &str, kind: Kind, told: &str) {
        let problem = read(query).map(|_| ()).unwrap_err();
        assert_eq!(problem.kind, kind, "{query}");
        assert!(
            format!("{problem:?}").contains(told),
            "{query}: {problem:?}"
        );
    }

    #[test]
    fn values_are_read_and_trimmed() {
        let two = read("text=a%20b+&n=7").unwrap();
        assert_eq!((two.0, two.1.as_deref()), (Some(7), Some("a b")));
        assert!(read("").unwrap().0.is_none());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        fails("n=x", Kind::Unreadable, "/query/n");
        fails("n=1&n=1", Kind::Unreadable, "is given twice");
        fails("n=", Kind::Unreadable, "is empty");
        fails("m=1", Kind::Unreadable, "/query/m");
        fails("m=1", Kind::Unreadable, "which takes n, text");
        fails("m/~=1", Kind::Unreadable, "/query/m~1~0");
        fails("text=%FF", Kind::Unreadable, "is not UTF-8");
    }

    #[test]
    fn a_broken_rule_is_another_status_than_an_unreadable_value() {
        fails("n=0", Kind::Invalid, "is at least 1");
        fails("n=0&m=1", Kind::Unreadable, "is at least 1");
    }
}
