//! Small registers for the engine's tests: each builder gives a valid thing, and a test states what matters.

use crate::domain::core_system::{CoreSystem, Module, SystemStatus};
use crate::domain::ids::{BoardCode, OdsCode, Revision, Slug};
use crate::domain::link::{Link, LinkKind, Network, NetworkKind};
use crate::domain::organisation::{
    Board, CareSetting, Organisation, Position, Status, Succession, SuccessionKind,
};
use crate::domain::profile::{
    Attribute, AttributeFact, AttributeValue, Topic, TopicInterest, TopicNeed, TopicStage,
};
use crate::domain::programme::{JoinedProgramme, Member, Programme, Run, Weights};
use crate::domain::provenance::{Provenance, Voice};
use crate::domain::register::Register;

pub(crate) fn code(text: &str) -> OdsCode {
    OdsCode::new(text).unwrap()
}

pub(crate) fn provenance() -> Provenance {
    Provenance {
        source: "a test".to_owned(),
        as_of: "2024-10-01".parse().ok(),
        voice: Voice::Bundled,
    }
}

/// An organisation under construction, with its facts.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    pub(crate) organisation: Organisation,
    pub(crate) systems: Vec<CoreSystem>,
    pub(crate) attributes: Vec<AttributeFact>,
    pub(crate) interests: Vec<TopicInterest>,
}

/// An active organisation of which nothing else is known.
pub(crate) fn organisation(ods_code: &str) -> Built {
    Built {
        organisation: Organisation {
            ods_code: code(ods_code),
            name: format!("{ods_code} TRUST"),
            status: Status::Active,
            opened: None,
            care_settings: [].into_iter().collect(),
            care_settings_provenance: None,
            position: None,
            position_provenance: None,
            icb: None,
            region: None,
            links_complete_on: None,
            provenance: provenance(),
        },
        systems: Vec::new(),
        attributes: Vec::new(),
        interests: Vec::new(),
    }
}

impl Built {
    pub(crate) fn at(mut self, latitude: f64, longitude: f64) -> Self {
        self.organisation.position = Position::new(latitude, longitude);
        self
    }

    pub(crate) fn giving(mut self, settings: &[CareSetting]) -> Self {
        self.organisation.care_settings = settings.iter().copied().collect();
        self
    }

    pub(crate) fn in_boards(mut self, icb: &str, region: &str) -> Self {
        let board = |c: &str| {
            Some(Board {
                code: BoardCode::new(c).ok()?,
                name: format!("BOARD {c}"),
            })
        };
        self.organisation.icb = board(icb);
        self.organisation.region = board(region);
        self
    }

    pub(crate) fn running(self, module: Module, vendor: &str, product: &str) -> Self {
        self.with_system(module, vendor, product, "", SystemStatus::InUse, None)
    }

    pub(crate) fn with_system(
        mut self,
        module: Module,
        vendor: &str,
        product: &str,
        version: &str,
        status: SystemStatus,
        live: Option<&str>,
    ) -> Self {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.systems.push(CoreSystem {
            ods_code: self.organisation.ods_code,
            module,
            vendor: named(vendor),
            product: named(product),
            version: named(version),
            status,
            live: live.map(|d| d.parse().unwrap()),
            ended: None,
            provenance: provenance(),
        });
        self
    }

    pub(crate) fn with(self, attribute: Attribute, number: f64) -> Self {
        self.with_value(AttributeValue::new(attribute, number, None).unwrap())
    }

    pub(crate) fn with_maturity(self, setting: CareSetting, number: f64) -> Self {
        self.with_value(
            AttributeValue::new(Attribute::DigitalMaturity, number, Some(setting)).unwrap(),
        )
    }

    pub(crate) fn with_value(mut self, value: AttributeValue) -> Self {
        let fact = AttributeFact {
            ods_code: self.organisation.ods_code,
            value,
            provenance: provenance(),
        };
        self.attributes.push(fact);
        self
    }

    pub(crate) fn on_topic(
        mut self,
        topic: &str,
        need: Option<TopicNeed>,
        stage: Option<TopicStage>,
    ) -> Self {
        self.interests.push(TopicInterest {
            ods_code: self.organisation.ods_code,
            topic: Slug::new(topic).unwrap(),
            need,
            stage,
            live_since: None,
            provenance: provenance(),
        });
        self
    }

    pub(crate) fn closed(mut self) -> Self {
        self.organisation.status = Status::Closed { on: None };
        self
    }
}

/// Puts organisations into a register with equal weights.
pub(crate) fn register(built: &[Built]) -> Register {
    let topics: std::collections::BTreeSet<Slug> = built
        .iter()
        .flat_map(|b| b.interests.iter().map(|i| i.topic.clone()))
        .collect();
    let mut register = Register {
        revision: Revision(1),
        organisations: built.iter().map(|b| b.organisation.clone()).collect(),
        successions: Vec::new(),
        core_systems: built.iter().flat_map(|b| b.systems.clone()).collect(),
        attributes: built.iter().flat_map(|b| b.attributes.clone()).collect(),
        links: Vec::new(),
        networks: Vec::new(),
        hides_expertise: Vec::new(),
        saved_weights: Vec::new(),
        capacities: Vec::new(),
        taught: Vec::new(),
        topics: topics
            .into_iter()
            .map(|slug| Topic {
                name: slug.to_string(),
                slug,
            })
            .collect(),
        topic_interests: built.iter().flat_map(|b| b.interests.clone()).collect(),
        programme: Programme {
            slug: Slug::new("default").unwrap(),
            name: "Default".to_owned(),
            weights: Weights::EQUAL,
            spread_load: false,
        },
        programmes: Vec::new(),
    };
    register.sort();
    register
}

pub(crate) fn link(
    a: &str,
    b: &str,
    kind: LinkKind,
    started: Option<&str>,
    ended: Option<&str>,
) -> Link {
    let date = |d: &str| d.parse().unwrap();
    Link::published(
        (code(a), code(b)),
        kind,
        started.map(date),
        ended.map(date),
        provenance(),
    )
    .unwrap()
}

pub(crate) fn network(slug: &str, members: &[&str]) -> Network {
    Network {
        slug: Slug::new(slug).unwrap(),
        kind: NetworkKind::LearningNetwork,
        name: format!("Network {slug}"),
        ended: None,
        members: members.iter().map(|m| code(m)).collect(),
        departed: Vec::new(),
        provenance: provenance(),
    }
}

/// A programme without end that these joined on a day.
pub(crate) fn programme(
    slug: &str,
    weights: Weights,
    joined: &str,
    members: &[&str],
) -> JoinedProgramme {
    let joined = format!("{joined}T12:00:00Z").parse().unwrap();
    JoinedProgramme {
        programme: Programme {
            slug: Slug::new(slug).unwrap(),
            name: format!("Programme {slug}"),
            weights,
            spread_load: false,
        },
        run: Run::default(),
        members: members
            .iter()
            .map(|member| Member {
                ods_code: code(member),
                joined,
                departed: None,
            })
            .collect(),
    }
}

pub(crate) fn succession(predecessor: &str, successor: &str) -> Succession {
    Succession {
        predecessor: code(predecessor),
        successor: code(successor),
        date: "2020-04-01".parse().unwrap(),
        kind: SuccessionKind::Merger,
        provenance: provenance(),
    }
}
