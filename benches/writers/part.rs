//! The parts of a profile that are written: two that touch different tables, each changed in several places by one request.

use alongside::domain::core_system::Module;
use alongside::domain::error::Result;
use alongside::domain::ids::OdsCode;
use alongside::domain::profile::Attribute;
use alongside::domain::version::ProfilePart;
use alongside::storage::{Connection, attributes, core_systems};
use serde_json::{Map, Value, json};

/// How many answers there are to a question on the ethos.
const N_ANSWERS: u64 = 5;

/// A part of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The systems of one module: a row of the module, of its history, of its version and of the audit.
    CoreSystems,
    /// The six answers on the ethos, all changed at once: six rows, six of the history.
    Ethos,
}

impl Part {
    pub(crate) const ALL: [Self; 2] = [Self::CoreSystems, Self::Ethos];

    /// Where it is read.
    pub(super) fn shown_at(self, code: OdsCode) -> String {
        match self {
            Self::CoreSystems => format!("/api/v1/organisations/{code}/core-systems"),
            Self::Ethos => self.stated_at(code),
        }
    }

    /// Where it is written.
    pub(super) fn stated_at(self, code: OdsCode) -> String {
        match self {
            Self::CoreSystems => format!("{}/{}", self.shown_at(code), Module::Epr),
            Self::Ethos => format!("/api/v1/organisations/{code}/ethos"),
        }
    }

    /// What a request says, by its id: never what the request before it of the same writer said.
    pub(super) fn body(self, id: &str) -> Value {
        match self {
            Self::CoreSystems => {
                let vendor = ["Epic", "Cerner"][usize::from(number_of(id).is_multiple_of(2))];
                json!({"systems": [{"vendor": vendor, "product": id, "status": "in_use"}]})
            }
            Self::Ethos => ethos_of(id),
        }
    }

    /// Whether this is what the audit shows after the request with this id, and nothing less.
    pub(super) fn is_said_by(self, id: &str, after: &Value) -> bool {
        match self {
            Self::CoreSystems => {
                let systems = after["systems"].as_array();
                systems.is_some_and(|all| all.len() == 1 && all[0]["product"] == id)
            }
            Self::Ethos => *after == ethos_of(id),
        }
    }

    /// What the audit calls a change of it.
    pub(super) const fn action(self) -> &'static str {
        match self {
            Self::CoreSystems => "state_core_systems",
            Self::Ethos => "put_ethos",
        }
    }

    /// The kind of its facts in the history.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::CoreSystems => "core_systems",
            Self::Ethos => attributes::ETHOS_KIND,
        }
    }

    /// How many words one change puts in the place of as many of the site's own.
    pub(super) const fn n_words(self) -> usize {
        match self {
            Self::CoreSystems => 1,
            Self::Ethos => Attribute::ETHOS.len(),
        }
    }

    /// What its version is counted under.
    pub(super) const fn versioned(self) -> ProfilePart {
        match self {
            Self::CoreSystems => ProfilePart::CoreSystems,
            Self::Ethos => ProfilePart::Ethos,
        }
    }

    /// What is stored of it, as the audit shows it.
    pub(super) fn stored(
        self,
        connection: &mut Connection,
        code: OdsCode,
    ) -> Result<Option<Value>> {
        match self {
            Self::CoreSystems => core_systems::shown(connection, code, Module::Epr),
            Self::Ethos => {
                let (_, facts) = attributes::ethos_of(connection, code)?;
                let answers: Map<String, Value> = facts
                    .iter()
                    .map(|fact| {
                        let name = fact.value.attribute().to_string();
                        (name, json!(fact.value.number()))
                    })
                    .collect();
                Ok(Some(answers)
                    .filter(|all| !all.is_empty())
                    .map(Value::Object))
            }
        }
    }
}

/// The number at the end of the id of a request.
fn number_of(id: &str) -> u64 {
    id.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap()
}

/// All six answers, the same one.
fn ethos_of(id: &str) -> Value {
    let answer = u32::try_from(number_of(id) % N_ANSWERS + 1).unwrap();
    let answers = Attribute::ETHOS.map(|attribute| {
        let name = attribute.as_str().to_owned();
        (name, json!(f64::from(answer)))
    });
    Value::Object(answers.into_iter().collect())
}
