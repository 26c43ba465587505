//! Sites that write over HTTP, one change after the other, and remember what they were told of each.
//!
//! Every change has its own request id, changes facts, and can be known again by what it says. What the database has to hold
//! afterwards is in [`stored`].

mod complaints;
mod part;
pub(crate) mod stored;

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alongside::domain::ids::OdsCode;
use serde_json::{Value, json};
use ureq::http::Response;
use ureq::{Agent, Body};

pub(crate) use self::complaints::complaints;
pub(crate) use self::part::Part;
use crate::service::Service;

/// The longest time for one answer: longer than the service lets a writer wait for its turn.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(60);

/// A database and its secret: what there is of a service while no program runs.
pub(crate) struct Installation {
    /// The database, as the program takes it.
    pub(crate) database: String,
    /// Where the secret is, or will be.
    pub(crate) secret: PathBuf,
}

impl Installation {
    /// Starts the program on it.
    pub(crate) fn start(&self, log: &Path) -> Service {
        let mut command: Vec<OsString> = ["serve", "--database"].map(Into::into).into();
        command.push(self.database.clone().into());
        command.push("--secret-file".into());
        command.push(self.secret.clone().into());
        Service::start(&command, log)
    }
}

/// Asks over HTTP: every answer is an answer, whatever its status, and none is waited for without end.
pub(crate) fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(MAX_ANSWER_TIME))
        // The program is on this machine, whatever the environment says of others.
        .proxy(None)
        .build()
        .into()
}

/// The header that shows a key.
pub(crate) fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

/// Why a writer cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The connection broke or could not be made: nobody knows whether the change was made.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// Anything else.
    #[error("{0}")]
    Unexpected(String),
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        let words = error.to_string();
        match error {
            ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::Protocol(_) => {
                Self::Broken(words)
            }
            _ => Self::Unexpected(words),
        }
    }
}

/// What came of one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It was acknowledged.
    Acknowledged,
    /// Somebody else changed the part meanwhile, so it was refused (412).
    Stale,
}

/// A site that states a part of its profile again and again, with a key of its own.
pub(crate) struct Writer {
    /// Whose facts.
    pub(crate) code: OdsCode,
    /// Which of them.
    pub(crate) part: Part,
    /// The requests that were acknowledged.
    pub(crate) acknowledged: HashSet<String>,
    /// The requests of which nobody said whether they were done.
    pub(crate) untold: HashSet<String>,
    /// The tag of the version that the site saw last; `None` where it has to look again.
    pub(crate) tag: Option<String>,
    /// The beginning of the ids of its requests.
    name: String,
    n_asked: u64,
    agent: Agent,
    authorization: String,
}

impl Writer {
    /// Makes a key for a site and the writer that uses it.
    pub(crate) fn new(service: &Service, admin_key: &str, code: OdsCode, part: Part) -> Self {
        let agent = agent();
        let body = json!({"label": "bench", "role": "site", "odsCode": code.as_str()});
        let mut answer = agent
            .post(format!("{}/api/v1/admin/keys", service.url))
            .header("Authorization", bearer(admin_key))
            .header("Content-Type", "application/json")
            .send(body.to_string())
            .unwrap();
        let made = answer.body_mut().read_to_string().unwrap();
        assert_eq!(answer.status(), 201, "{made}");
        let made: Value = serde_json::from_str(&made).unwrap();
        let text = |name: &str| made[name].as_str().unwrap();
        Self {
            code,
            part,
            acknowledged: HashSet::new(),
            untold: HashSet::new(),
            tag: None,
            // The id of the key tells writers apart, also those of one part.
            name: format!("{code}-{}", text("id")),
            n_asked: 0,
            agent,
            authorization: bearer(text("key")),
        }
    }

    /// Reads the part and keeps the tag of its version.
    pub(crate) fn look(&mut self, url: &str) -> Result<String, Failure> {
        let mut answer = self
            .agent
            .get(format!("{url}{}", self.part.shown_at(self.code)))
            .header("Authorization", &self.authorization)
            .call()?;
        let body = answer.body_mut().read_to_string()?;
        let tag = tag_of(&answer).filter(|_| answer.status() == 200);
        let tag = tag.ok_or_else(|| unexpected("looking", &answer, &body))?;
        self.tag = Some(tag.clone());
        Ok(tag)
    }

    /// Makes one change, from the version seen last.
    pub(crate) fn write(&mut self, url: &str) -> Result<Written, Failure> {
        let tag = match self.tag.take() {
            Some(tag) => tag,
            None => self.look(url)?,
        };
        self.n_asked += 1;
        let id = format!("{}-{}", self.name, self.n_asked);
        let sent = self
            .agent
            .put(format!("{url}{}", self.part.stated_at(self.code)))
            .header("Authorization", &self.authorization)
            .header("Content-Type", "application/json")
            .header("If-Match", &tag)
            .header("X-Request-Id", &id)
            .send(self.part.body(&id).to_string());
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(error) => {
                self.untold.insert(id);
                return Err(error.into());
            }
        };
        // The status alone acknowledges, also where the rest of the answer does not come.
        match answer.status().as_u16() {
            200 => {
                self.acknowledged.insert(id);
                self.tag = tag_of(&answer);
                answer.body_mut().read_to_vec()?;
                Ok(Written::Acknowledged)
            }
            412 => {
                self.tag = None;
                answer.body_mut().read_to_vec()?;
                Ok(Written::Stale)
            }
            _ => {
                self.untold.insert(id);
                let body = answer.body_mut().read_to_string()?;
                Err(unexpected("writing", &answer, &body))
            }
        }
    }

    /// The version in the tag seen last: how often the part was changed.
    pub(crate) fn version_seen(&self) -> Option<u64> {
        let (version, _) = self.tag.as_ref()?.strip_prefix('"')?.split_once('.')?;
        version.parse().ok()
    }
}

fn tag_of(answer: &Response<Body>) -> Option<String> {
    let tag = answer.headers().get("etag")?;
    tag.to_str().ok().map(str::to_owned)
}

fn unexpected(what: &str, answer: &Response<Body>, body: &str) -> Failure {
    Failure::Unexpected(format!("{what} was answered {}: {body}", answer.status()))
}
