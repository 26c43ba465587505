//! Requests made from the document: each operation as its own examples ask for it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::agreed::{Agreed, conversation};
use super::matches;
use super::service::{Answer, As, TestService, now};
use super::{chosen, outcomes};

/// The document of the service.
pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&alongside::http::openapi_json().unwrap()).unwrap());

/// One operation of the document.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    pub(crate) id: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) operation: &'static Value,
}

/// Every operation, in the order of the document.
pub(crate) fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            calls.push(Call {
                id: operation["operationId"].as_str().unwrap(),
                method,
                path,
                operation,
            });
        }
    }
    calls
}

/// What to put in the place of examples, by the name of the parameter.
pub(crate) type Instead<'a> = BTreeMap<&'static str, &'a str>;

/// Where an entry of a shortlist is put, without which there is nothing to order.
const SHORTLIST_ENTRY: &str = "/api/v1/organisations/{odsCode}/shortlist/{candidate}";

/// Operations on approaches to the caller: another site sends it one first.
const ON_WHAT_WAS_RECEIVED: [&str; 3] = ["accept_approach", "decline_approach", "list_approaches"];

/// Operations of the other side of a link than the one that declared it.
const OF_THE_OTHER_SIDE: [&str; 2] = ["confirm_link", "dispute_link"];

/// The third site, with which the caller has agreed to whatever an operation is about.
const PARTNER: &str = "RJ7";

/// What has to be there before an operation can be asked.
enum Preparation {
    /// What another operation makes.
    Made(Call),
    /// A partnership of the caller.
    Partnership,
    /// A conversation that the caller had agreed to.
    Conversation,
}

impl Call {
    /// Whether the path names an organisation.
    pub(crate) fn names_an_organisation(&self) -> bool {
        self.path.contains("{odsCode}")
    }

    /// Whether the path names something with an id.
    pub(crate) fn names_an_id(&self) -> bool {
        self.path.contains("{id}")
    }

    fn parameters(&self) -> impl Iterator<Item = &'static Value> {
        self.operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
    }

    /// The address with the examples of its parameters; `optional` says which of the optional ones.
    pub(crate) fn address(&self, instead: &Instead<'_>, optional: impl Fn(&str) -> bool) -> String {
        let mut path = self.path.to_owned();
        let mut query = Vec::new();
        for parameter in self.parameters() {
            let name = parameter["name"].as_str().unwrap();
            let example = match instead.get(name) {
                Some(&other) => other.to_owned(),
                None => example(parameter),
            };
            match parameter["in"].as_str().unwrap() {
                "path" => path = path.replace(&format!("{{{name}}}"), &example),
                "query" if parameter["required"] == true || optional(name) => {
                    query.push((name, example));
                }
                _ => {}
            }
        }
        let query = serde_urlencoded::to_string(query).unwrap();
        if query.is_empty() {
            path
        } else {
            format!("{path}?{query}")
        }
    }

    /// The request as its examples ask for it: needed headers and the body with it.
    pub(crate) fn request(&self, address: &str) -> TestRequest {
        self.request_about(address, None)
    }

    /// The same, about an organisation that the address does not name.
    fn request_about(&self, address: &str, code: Option<&str>) -> TestRequest {
        let method = Method::from_bytes(self.method.to_uppercase().as_bytes()).unwrap();
        let mut request = TestRequest::default().method(method).uri(address);
        for parameter in self.parameters() {
            if parameter["in"] == "header" && parameter["required"] == true {
                let name = parameter["name"].as_str().unwrap();
                request = request.insert_header((name, example(parameter)));
            }
        }
        let contents = self.operation["requestBody"]["content"].as_object();
        if let Some((kind, content)) = contents.and_then(|contents| contents.iter().next()) {
            let body = match &content["example"] {
                Value::String(text) if kind != "application/json" => text.clone(),
                other => other.to_string(),
            };
            // A link has two ends, and no two of one pair and kind have the same start.
            let body = if address.contains("/RHW/") {
                body.replace("\"with\":\"RHW\"", "\"with\":\"RTH\"")
                    .replace("\"started\":\"2026-05", "\"started\":\"2026-06")
            } else {
                body
            };
            // No two of one pair are open at once.
            let body = if code == Some("RHW") {
                body.replace("[\"RTH\",\"RHW\"]", "[\"RJ7\",\"RHW\"]")
            } else {
                body
            };
            request = request
                .insert_header((CONTENT_TYPE, kind.as_str()))
                .set_payload(body);
        }
        request
    }

    /// Whom its examples are for.
    pub(crate) fn caller(&self) -> As {
        let roles: Vec<&str> = self.operation["x-roles"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|role| role.as_str().unwrap())
            .collect();
        if roles.is_empty() {
            As::Nobody
        } else if OF_THE_OTHER_SIDE.contains(&self.id) {
            As::Rhw
        } else if roles.contains(&"own_site") || roles.contains(&"site") {
            As::Rth
        } else {
            As::Admin
        }
    }

    /// What its examples have in the place of the document's.
    pub(crate) fn instead(&self) -> Instead<'static> {
        let mut instead = Instead::new();
        if OF_THE_OTHER_SIDE.contains(&self.id) {
            instead.insert("odsCode", "RHW");
        }
        instead
    }

    /// Whether it is about matches, which no admin can make: the tests store them.
    fn is_about_matches(&self) -> bool {
        self.path.starts_with("/api/v1/admin/matches")
    }

    /// Stores the match of an organisation, and returns its id.
    async fn store_match(&self, service: &TestService, instead: &Instead<'_>) -> String {
        let from = instead.get("odsCode").copied().unwrap_or("RTH");
        let (number, to) = if from == "RTH" {
            (1, "RHW")
        } else {
            (2, "RJ7")
        };
        let made = matches::open(number, from, to, now() - TimeDelta::days(3));
        let made = if from == "RTH" {
            made.partnered(number, now() - TimeDelta::days(1))
        } else {
            made
        };
        matches::store(service.alongside.storage(), std::slice::from_ref(&made));
        if self.id == "reopen_match" {
            let path = format!("/api/v1/admin/matches/{}/resolve", made.approach.id);
            let body = json!({ "resolution": "no_action", "reason": "Nothing to do." });
            service.post(As::Admin, &path, &body).await.good();
        }
        made.approach.id
    }

    /// Whether it is about models, which are learnt of outcomes: the tests store those.
    fn is_about_models(&self) -> bool {
        self.path.starts_with("/api/v1/admin/models")
    }

    /// Whether it is about choices: the tests store enough of them.
    fn is_about_choices(&self) -> bool {
        self.id == "show_choices"
    }

    /// What has to be there before it can be asked, where that is something.
    fn preparation(&self) -> Option<Preparation> {
        const PROGRAMMES: &str = "/api/v1/admin/programmes";
        const SUGGESTIONS: &str = "/api/v1/admin/suggestions";
        let member = format!("{}/{{odsCode}}", self.path);
        if self.path.starts_with("/api/v1/partnerships") || self.id == "show_balance" {
            return Some(Preparation::Partnership);
        }
        if self.id == "list_approach_contacts" {
            return Some(Preparation::Conversation);
        }
        let (path, method) = match self.path.split_once("/{id}") {
            // What admins suggest is there for the sites.
            Some((collection, _)) if collection.ends_with("/admin-suggestions") => {
                (SUGGESTIONS, "post")
            }
            Some((collection, _)) => (collection, "post"),
            None if self.method == "delete" => (self.path, "put"),
            None if self.method == "get" && self.path.ends_with("admin-suggestions") => {
                (SUGGESTIONS, "post")
            }
            None if self.method == "get" && self.path == SUGGESTIONS => (SUGGESTIONS, "post"),
            None if self.method == "get" && self.path.starts_with("/api/v1/admin/pauses") => {
                ("/api/v1/admin/pauses/{odsCode}", "put")
            }
            None if self.path.ends_with("{slug}/members") => (member.as_str(), "put"),
            None if self.path.starts_with(&format!("{PROGRAMMES}/{{slug}}")) => {
                (PROGRAMMES, "post")
            }
            // One of several things that have no ids of their own is there once it was put.
            None if self.method == "get" && self.path.ends_with('}') => (self.path, "put"),
            None if self.id == "order_shortlist" => (SHORTLIST_ENTRY, "put"),
            None if ON_WHAT_WAS_RECEIVED.contains(&self.id) => (self.path, "post"),
            None => return None,
        };
        calls()
            .into_iter()
            .find(|call| call.path == path && call.method == method)
            .map(Preparation::Made)
    }

    /// Whether something has to be there before it can be asked.
    pub(crate) fn is_prepared(&self) -> bool {
        let is_stored = self.is_about_matches() || self.is_about_models();
        is_stored || self.is_about_choices() || self.preparation().is_some()
    }

    /// Makes what has to be there, and returns its id where it has one.
    pub(crate) async fn prepare(
        &self,
        service: &TestService,
        caller: As,
        instead: &Instead<'_>,
    ) -> Option<String> {
        if self.is_about_matches() {
            return Some(self.store_match(service, instead).await);
        }
        if self.is_about_models() {
            let code = instead.get("odsCode").copied().unwrap_or("RTH");
            return outcomes::prepare(service, self.id, code).await;
        }
        if self.is_about_choices() {
            chosen::store(service).await;
            return None;
        }
        let site = match caller {
            As::Rhw => "RHW",
            _ => "RTH",
        };
        let preparation = match self.preparation()? {
            Preparation::Partnership => {
                return Some(Agreed::between(site, PARTNER).open(service).await);
            }
            Preparation::Conversation => {
                let ends = (site, PARTNER);
                return Some(conversation(service, ends, TimeDelta::days(1)).await);
            }
            Preparation::Made(call) => call,
        };
        if ON_WHAT_WAS_RECEIVED.contains(&self.id) {
            return Some(service.receive(caller).await);
        }
        // What has to be there before that.
        if preparation.preparation().is_some() {
            Box::pin(preparation.prepare(service, caller, instead)).await;
        }
        // What only admins make, an admin makes.
        let caller = match preparation.caller() {
            As::Admin => As::Admin,
            _ => caller,
        };
        let mut instead = instead.clone();
        if self.id == "order_shortlist" {
            // As the example of its order has it.
            instead.insert("candidate", "RJ7");
        }
        let instead = &instead;
        let address = preparation.address(instead, |_| false);
        let request = preparation.request_about(&address, instead.get("odsCode").copied());
        let answer = service.ask(caller, request).await;
        assert!(
            answer.status < 300,
            "{address}: {} {}",
            answer.status,
            answer.json()
        );
        let id = answer.json()["id"].as_str().map(str::to_owned);
        if let Some(id) = id.as_deref().filter(|_| preparation.id == "create_import") {
            // An import goes on after its answer.
            let jobs = preparation.path;
            loop {
                let job = service.get(caller, &format!("{jobs}/{id}")).await.json();
                if job["state"] != "queued" && job["state"] != "running" {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        id
    }

    /// Asks as its examples do, on a service that nobody wrote to.
    pub(crate) async fn ask_fresh(&self, optional: impl Fn(&str) -> bool) -> (String, Answer) {
        let service = TestService::bundled();
        if self.is_prepared() {
            let maker = if self.caller() == As::Rhw {
                As::Rth
            } else {
                self.caller()
            };
            self.prepare(&service, maker, &Instead::new()).await;
        }
        let address = self.address(&self.instead(), optional);
        let answer = service.ask(self.caller(), self.request(&address)).await;
        (address, answer)
    }

    /// Whether asking leaves everything as it is.
    pub(crate) fn only_reads(&self) -> bool {
        self.method == "get" || self.id == "make_suggestions"
    }
}

/// The example of a parameter as it stands in an address.
fn example(parameter: &Value) -> String {
    fn text(example: &Value) -> String {
        match example {
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
            other => other.to_string(),
        }
    }
    match &parameter["example"] {
        Value::Null => text(&parameter["schema"]["examples"][0]),
        example => text(example),
    }
}
