//! Everything that is recorded, at one revision, as the engine reads it.

use crate::domain::capacity::Capacity;
use crate::domain::core_system::CoreSystem;
use crate::domain::ids::{OdsCode, Revision, Slug};
use crate::domain::link::{Link, Network};
use crate::domain::organisation::{Organisation, Succession};
use crate::domain::profile::{AttributeFact, Topic, TopicInterest};
use crate::domain::programme::{JoinedProgramme, Programme, Weights};

/// In a partnership, active or ended, one side gave a topic to the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taught {
    /// Who gave it.
    pub giver: OdsCode,
    /// Who received it.
    pub receiver: OdsCode,
    /// What.
    pub topic: Slug,
}

/// The whole content of the database that scoring needs.
///
/// Facts name organisations that exist; each list is sorted by its key, so that the same content is the same value
/// whichever database it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Register {
    /// The number of the last write that touched any of it.
    pub revision: Revision,
    /// Active and closed, by ODS code.
    pub organisations: Vec<Organisation>,
    /// By predecessor, then successor.
    pub successions: Vec<Succession>,
    /// By ODS code, then module, then as stored.
    pub core_systems: Vec<CoreSystem>,
    /// By ODS code, then attribute, then setting.
    pub attributes: Vec<AttributeFact>,
    /// By ends, then as stored.
    pub links: Vec<Link>,
    /// By slug.
    pub networks: Vec<Network>,
    /// By slug.
    pub topics: Vec<Topic>,
    /// By ODS code, then topic.
    pub topic_interests: Vec<TopicInterest>,
    /// Who keeps what it can show from other sites; sorted.
    pub hides_expertise: Vec<OdsCode>,
    /// The weights that sites saved for themselves, by ODS code.
    pub saved_weights: Vec<(OdsCode, Weights)>,
    /// What decides whether a site can be approached for a partnership, by ODS code; who is not in it declared no places, has
    /// no partner and is not paused. Reasons of pauses and conversations are left out.
    pub capacities: Vec<(OdsCode, Capacity)>,
    /// What sites gave each other in partnerships; sorted, each once.
    pub taught: Vec<Taught>,
    /// The programme whose weights hold unless somebody says otherwise.
    pub programme: Programme,
    /// The programmes that sites join, by slug; the default one is not among them.
    pub programmes: Vec<JoinedProgramme>,
}

impl Register {
    /// Puts every list in the order that its field promises; facts of one key keep their order.
    pub fn sort(&mut self) {
        self.organisations.sort_by_key(|o| o.ods_code);
        self.successions
            .sort_by_key(|s| (s.predecessor, s.successor));
        self.core_systems.sort_by_key(|s| (s.ods_code, s.module));
        self.attributes
            .sort_by_key(|a| (a.ods_code, a.value.attribute(), a.value.setting()));
        self.links.sort_by_key(Link::ends);
        self.networks.sort_by(|a, b| a.slug.cmp(&b.slug));
        self.topics.sort_by(|a, b| a.slug.cmp(&b.slug));
        self.hides_expertise.sort_unstable();
        self.saved_weights.sort_by_key(|&(code, _)| code);
        self.capacities.sort_by_key(|&(code, _)| code);
        self.taught.sort();
        self.programmes
            .sort_by(|a, b| a.programme.slug.cmp(&b.programme.slug));
        for joined in &mut self.programmes {
            joined.members.sort_by_key(|member| member.ods_code);
        }
        self.topic_interests
            .sort_by(|a, b| (a.ods_code, &a.topic).cmp(&(b.ods_code, &b.topic)));
    }
}
