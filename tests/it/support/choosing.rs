//! Sites that choose each other: what a test needs to have there before it asks.

use actix_web::http::header::AUTHORIZATION;
use actix_web::test::TestRequest;
use alongside::app::approaches::{self, NewApproach};
use alongside::domain::approach::{Approach, ApproachKind, ProposedTopics};
use alongside::domain::error::Result;
use alongside::domain::event::{EventKind, Recipient};
use alongside::domain::ids::{OdsCode, Revision, Slug};
use alongside::storage::{Change, Connection, Touches, events, revision};
use serde_json::{Value, json};

use super::database::a_change;
use super::service::{Answer, As, TestService};

/// A code.
pub(crate) fn ods(code: &str) -> OdsCode {
    OdsCode::new(code).unwrap()
}

/// An approach between two sites with nothing but its kind.
pub(crate) fn plain(id: String, from: &str, to: &str, kind: ApproachKind) -> NewApproach {
    NewApproach {
        id,
        from: ods(from),
        to: ods(to),
        kind,
        message: None,
        topics: ProposedTopics::default(),
        proposed_start: None,
        proposed_end: None,
        renews: None,
        seen: None,
        choice: None,
        programme: None,
    }
}

impl TestService {
    /// Changes the database past the interface, at the present time.
    pub(crate) async fn written<T: Send + 'static>(
        &self,
        touches: Touches,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let change = Change {
            at: self.now(),
            touches,
            ..a_change()
        };
        Ok(self.alongside.write(change, work).await?.0)
    }

    /// Sends an approach for a site that has no key here.
    pub(crate) async fn sent(&self, new: NewApproach) -> Result<Approach> {
        let at = self.now();
        self.written(Touches::Nothing, move |c| approaches::send(c, new, at))
            .await
    }

    /// Lets another site send an approach to the caller, and returns its id.
    pub(crate) async fn receive(&self, caller: As) -> String {
        let number = if caller == As::Rhw { 2 } else { 1 };
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let code = caller.role().site().unwrap();
        let slug = |text| Slug::new(text).unwrap();
        let day = self.now().date_naive();
        let new = NewApproach {
            message: Some("You went live with the same record a year before us.".to_owned()),
            topics: ProposedTopics {
                learn: vec![slug("hepma")],
                give: vec![slug("benefits")],
            },
            proposed_start: "2027-01-04".parse().ok(),
            proposed_end: "2027-12-17".parse().ok(),
            seen: self.alongside.seen(ods("RJ7"), code, day).unwrap(),
            ..plain(id, "RJ7", code.as_str(), ApproachKind::Partnership)
        };
        self.sent(new).await.unwrap().id
    }

    /// Sends an approach as a caller, and returns its id.
    pub(crate) async fn approach(&self, caller: As, to: &str, kind: &str) -> String {
        let body = json!({ "to": to, "kind": kind });
        let sent = self.post(caller, "/api/v1/approaches", &body).await;
        assert_eq!(sent.status, 201, "{}", sent.json());
        sent.json()["id"].as_str().unwrap().to_owned()
    }

    /// Does something to an approach.
    pub(crate) async fn act(&self, caller: As, id: &str, action: &str, body: &Value) -> Answer {
        let path = format!("/api/v1/approaches/{id}/{action}");
        self.post(caller, &path, body).await
    }

    /// Makes a key of a site that has none here.
    pub(crate) async fn key_of(&self, code: &str) -> String {
        let body = json!({ "label": "A test", "role": "site", "odsCode": code });
        let made = self.post(As::Admin, "/api/v1/admin/keys", &body).await;
        assert_eq!(made.status, 201, "{}", made.json());
        made.json()["key"].as_str().unwrap().to_owned()
    }

    /// Asks with a key.
    pub(crate) async fn ask_with(&self, key: &str, request: TestRequest) -> Answer {
        let request = request.insert_header((AUTHORIZATION, format!("Bearer {key}")));
        self.ask(As::Nobody, request).await
    }

    /// The number of the last write.
    pub(crate) fn last_write(&self) -> Revision {
        let storage = self.alongside.storage();
        storage.read_blocking(revision::current).unwrap()
    }

    /// The kinds of the events that somebody was told of, in their order.
    pub(crate) fn told(&self, recipient: Recipient) -> Vec<EventKind> {
        let storage = self.alongside.storage();
        let events = storage.read_blocking(|c| events::after(c, recipient, 0, 1000));
        let events = events.unwrap().into_iter();
        events.map(|event| event.event.kind).collect()
    }
}
