//! Every action on a partnership, in every state, by everybody: only what the table allows passes.

use actix_web::http::header::AUTHORIZATION;
use actix_web::test::TestRequest;
use alongside::domain::ids::Revision;
use alongside::storage::revision;
use chrono::TimeDelta;
use serde_json::json;

use crate::support::agreed::Agreed;
use crate::support::service::{Answer, As, TestService};

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Show,
    Change,
    CheckIn,
    ListCheckIns,
    Contacts,
    End,
}

const ACTIONS: [Action; 6] = [
    Action::Show,
    Action::Change,
    Action::CheckIn,
    Action::ListCheckIns,
    Action::Contacts,
    Action::End,
];

/// What has become of the partnership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active,
    EndedNow,
    EndedLongAgo,
}

const STATES: [State; 3] = [State::Active, State::EndedNow, State::EndedLongAgo];

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    OneSide,
    OtherSide,
    ThirdSite,
    Admin,
    Viewer,
}

const ACTORS: [Actor; 5] = [
    Actor::OneSide,
    Actor::OtherSide,
    Actor::ThirdSite,
    Actor::Admin,
    Actor::Viewer,
];

/// The status and the type of what must come of it.
fn expected(action: Action, state: State, actor: Actor) -> (u16, &'static str) {
    const ENDED: (u16, &str) = (409, "/problems/partnership-ended");
    match (actor, action, state) {
        (Actor::Admin | Actor::Viewer, ..) => (403, "/problems/forbidden"),
        (Actor::ThirdSite, ..) => (404, "/problems/not-found"),
        (_, Action::Show | Action::ListCheckIns, _) => (200, ""),
        (_, Action::Change | Action::End, State::Active) => (200, ""),
        (_, Action::Change | Action::End, State::EndedNow | State::EndedLongAgo) => ENDED,
        (_, Action::CheckIn, State::Active | State::EndedNow) => (201, ""),
        (_, Action::CheckIn, State::EndedLongAgo) => ENDED,
        (_, Action::Contacts, State::Active | State::EndedNow) => (200, ""),
        (_, Action::Contacts, State::EndedLongAgo) => (409, "/problems/contacts-hidden"),
    }
}

impl Action {
    const fn writes(self) -> bool {
        matches!(self, Self::Change | Self::CheckIn | Self::End)
    }

    /// The request, on a partnership with an id.
    fn request(self, id: &str) -> TestRequest {
        let path = format!("/api/v1/partnerships/{id}");
        let with = |request: TestRequest, path: &str, body| {
            let request = request.uri(path).insert_header(("if-match", "*"));
            request.set_json(body)
        };
        match self {
            Self::Show => TestRequest::get().uri(&path),
            Self::ListCheckIns => TestRequest::get().uri(&format!("{path}/check-ins")),
            Self::Contacts => TestRequest::get().uri(&format!("{path}/contacts")),
            Self::Change => {
                let purpose = json!({ "goals": "Another.", "youLearn": [], "youGive": [] });
                with(TestRequest::put(), &path, purpose)
            }
            Self::CheckIn => {
                let path = format!("{path}/check-ins");
                with(TestRequest::post(), &path, json!({ "usefulness": 4 }))
            }
            Self::End => {
                let path = format!("{path}/end");
                with(TestRequest::post(), &path, json!({ "reason": "other" }))
            }
        }
    }
}

/// A service with a partnership in a state, and a key of a site that is not of it.
struct Scene {
    service: TestService,
    id: String,
    third: String,
}

impl Scene {
    async fn new(state: State) -> Self {
        let service = TestService::bundled();
        let agreed = Agreed::between("RTH", "RHW").since("2026-01-01");
        let agreed = match state {
            State::Active => agreed,
            State::EndedNow => agreed.ended("RTH", TimeDelta::zero()),
            State::EndedLongAgo => agreed.ended("RTH", TimeDelta::days(91)),
        };
        let id = agreed.open(&service).await;
        let key = json!({ "label": "A third site", "role": "site", "odsCode": "RJ7" });
        let key = service.post(As::Admin, "/api/v1/admin/keys", &key).await;
        let third = key.good()["key"].as_str().unwrap().to_owned();
        Self { service, id, third }
    }

    async fn ask(&self, action: Action, actor: Actor) -> Answer {
        let request = action.request(&self.id);
        let (caller, request) = match actor {
            Actor::OneSide => (As::Rth, request),
            Actor::OtherSide => (As::Rhw, request),
            Actor::Admin => (As::Admin, request),
            Actor::Viewer => (As::Viewer, request),
            Actor::ThirdSite => {
                let key = format!("Bearer {}", self.third);
                (As::Nobody, request.insert_header((AUTHORIZATION, key)))
            }
        };
        self.service.ask(caller, request).await
    }

    fn revision(&self) -> Revision {
        let storage = self.service.alongside.storage();
        storage.read_blocking(revision::current).unwrap()
    }
}

#[actix_web::test]
async fn only_what_the_table_allows_passes_and_what_is_refused_changes_nothing() {
    for state in STATES {
        let shared = Scene::new(state).await;
        for actor in ACTORS {
            for action in ACTIONS {
                let (status, reference) = expected(action, state, actor);
                let is_done = reference.is_empty() && action.writes();
                // What was done once is not there to be done again.
                let own = if is_done {
                    Some(Scene::new(state).await)
                } else {
                    None
                };
                let scene = own.as_ref().unwrap_or(&shared);
                let before = scene.revision();
                let answer = scene.ask(action, actor).await;
                let cell = format!("{action:?} {state:?} {actor:?}");
                if reference.is_empty() {
                    assert_eq!(answer.status, status, "{cell}");
                } else {
                    answer.problem(status, reference);
                }
                let raised = u64::from(is_done);
                assert_eq!(scene.revision(), Revision(before.0 + raised), "{cell}");
            }
        }
    }
}
