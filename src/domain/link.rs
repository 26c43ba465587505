//! Prior relationships: links between two organisations, and networks of many.

use chrono::{DateTime, Utc};

use crate::domain::dates::PartialDate;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::named_enum;
use crate::domain::provenance::Provenance;
use crate::domain::version::Version;

named_enum!(
    /// What two organisations have or had to do with each other.
    LinkKind, "a kind of link" {
        /// They agreed to be partners.
        Partnership = "partnership",
        /// They share an instance of a system.
        SharedSystem = "shared_system",
        /// They belong to one group.
        HospitalGroup = "hospital_group",
        /// They share a chair or a chief executive.
        SharedLeadership = "shared_leadership",
        /// They run a programme together.
        JointProgramme = "joint_programme",
        /// A national programme paired them.
        ProgrammePairing = "programme_pairing",
        /// They bought together.
        JointProcurement = "joint_procurement",
        /// They belong to one provider collaborative.
        ProviderCollaborative = "provider_collaborative",
        /// Somebody of one works at the other for a time.
        Secondment = "secondment",
        /// Somebody moved from one to the other.
        StaffMove = "staff_move",
        /// They talked.
        Conversation = "conversation",
        /// One visited the other.
        SiteVisit = "site_visit",
        /// They are members of one network.
        SharedNetwork = "shared_network",
        /// Anything else.
        Other = "other",
    }
);

impl LinkKind {
    /// Whether it is a moment, which ends on the day it starts (DESIGN 4.6).
    #[must_use]
    pub const fn is_moment(self) -> bool {
        matches!(self, Self::StaffMove | Self::Conversation | Self::SiteVisit)
    }
}

named_enum!(
    /// Who stands behind a link.
    LinkStanding, "a standing of a link" {
        /// A published source; counts in full.
        Published = "published",
        /// One side says so; counts at half its strength.
        Declared = "declared",
        /// Both sides say so; counts in full.
        Confirmed = "confirmed",
        /// One side denies it; does not count.
        Disputed = "disputed",
    }
);

/// A relationship between two different organisations; it has no direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    ends: (OdsCode, OdsCode),
    kind: LinkKind,
    started: Option<PartialDate>,
    ended: Option<PartialDate>,
    /// Who stands behind it.
    pub standing: LinkStanding,
    /// A remark of the source.
    pub note: Option<String>,
    /// The side whose word it is, where it is one side's.
    pub declared_by: Option<OdsCode>,
    /// Where it can be read about.
    pub evidence: Option<String>,
    /// Where this is from.
    pub provenance: Provenance,
}

/// Why a link cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImpossibleLink {
    /// Both ends are the same organisation.
    #[error("a link joins two different organisations")]
    ToItself,
    /// It ends before it starts.
    #[error("a link cannot end before it starts")]
    EndsBeforeItStarts,
    /// A staff move, conversation or visit needs its date, from which it fades.
    #[error("a staff move, a conversation or a site visit needs a date")]
    MomentWithoutDate,
}

impl Link {
    /// Makes a link from a published source.
    ///
    /// # Errors
    ///
    /// [`ImpossibleLink`] where the ends are one, the end comes before the start, or a moment has no date.
    pub fn published(
        ends: (OdsCode, OdsCode),
        kind: LinkKind,
        started: Option<PartialDate>,
        ended: Option<PartialDate>,
        provenance: Provenance,
    ) -> Result<Self, ImpossibleLink> {
        if ends.0 == ends.1 {
            return Err(ImpossibleLink::ToItself);
        }
        if let (Some(started), Some(ended)) = (started, ended)
            && ended.last_day() < started.first_day()
        {
            return Err(ImpossibleLink::EndsBeforeItStarts);
        }
        if kind.is_moment() && started.is_none() {
            return Err(ImpossibleLink::MomentWithoutDate);
        }
        Ok(Self {
            ends: (ends.0.min(ends.1), ends.0.max(ends.1)),
            kind,
            started,
            ended,
            standing: LinkStanding::Published,
            note: None,
            declared_by: None,
            evidence: None,
            provenance,
        })
    }

    /// The same link, which ends on a day.
    ///
    /// # Errors
    ///
    /// [`ImpossibleLink::EndsBeforeItStarts`] where it starts later.
    pub fn ending(self, on: PartialDate) -> Result<Self, ImpossibleLink> {
        match self.started {
            Some(started) if on.last_day() < started.first_day() => {
                Err(ImpossibleLink::EndsBeforeItStarts)
            }
            Some(_) | None => Ok(Self {
                ended: Some(on),
                ..self
            }),
        }
    }

    /// The two organisations, the smaller code first.
    #[must_use]
    pub const fn ends(&self) -> (OdsCode, OdsCode) {
        self.ends
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> LinkKind {
        self.kind
    }

    /// When it started.
    #[must_use]
    pub const fn started(&self) -> Option<PartialDate> {
        self.started
    }

    /// When it ended; `None` while it lasts.
    #[must_use]
    pub const fn ended(&self) -> Option<PartialDate> {
        self.ended
    }
}

/// A link as it is kept, with what came of it since it was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRecord {
    /// Its id.
    pub id: String,
    /// Its place in the order in which links were recorded.
    pub sequence: i64,
    /// The link itself.
    pub link: Link,
    /// When the other side agreed or an end disputed it, the last time.
    pub answered_at: Option<DateTime<Utc>>,
    /// The end that disputes it.
    pub disputed_by: Option<OdsCode>,
    /// Why, in that end's words; for the two ends alone.
    pub dispute_reason: Option<String>,
    /// What it came of: the id of a partnership, or of the approach of a conversation. Such a link is not changed by itself.
    pub agreement: Option<String>,
    /// How often it was changed.
    pub version: Version,
}

impl LinkRecord {
    /// Whether an organisation is one of its ends.
    #[must_use]
    pub fn has_end(&self, code: OdsCode) -> bool {
        let (a, b) = self.link.ends();
        a == code || b == code
    }

    /// What an end's agreement makes of it: a side's word is then that of both, a publication stays one.
    #[must_use]
    pub const fn agreed(&self) -> LinkStanding {
        match self.link.declared_by {
            Some(_) => LinkStanding::Confirmed,
            None => LinkStanding::Published,
        }
    }
}

named_enum!(
    /// What kind of group mediates learning.
    NetworkKind, "a kind of network" {
        /// An NHS cancer alliance.
        CancerAlliance = "cancer_alliance",
        /// The Global Digital Exemplars of one care setting.
        GdeExemplar = "gde_exemplar",
        /// A wave of Digital Aspirants.
        DigitalAspirant = "digital_aspirant",
        /// A provider collaborative.
        ProviderCollaborative = "provider_collaborative",
        /// Organisations that explore joint IT.
        JointItExploration = "joint_it_exploration",
        /// A learning network.
        LearningNetwork = "learning_network",
        /// The users of one vendor.
        UserGroup = "user_group",
        /// A cohort of an academy.
        AcademyCohort = "academy_cohort",
    }
);

/// A group of organisations that mediates learning.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Its name in addresses.
    pub slug: Slug,
    /// What it is.
    pub kind: NetworkKind,
    /// What it is called.
    pub name: String,
    /// When it ended; `None` while it lasts.
    pub ended: Option<PartialDate>,
    /// Its members as recorded, closed organisations included; sorted, each once.
    pub members: Vec<OdsCode>,
    /// Who left, and when; sorted, each once.
    pub departed: Vec<(OdsCode, PartialDate)>,
    /// Where this is from.
    pub provenance: Provenance,
}

/// One organisation in one network.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    /// The network.
    pub network: Slug,
    /// Who.
    pub ods_code: OdsCode,
    /// Since when, where it is known.
    pub joined: Option<PartialDate>,
    /// When it left; `None` while it is a member.
    pub departed: Option<PartialDate>,
    /// Where this is from.
    pub provenance: Provenance,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provenance::Voice;

    fn link(
        a: &str,
        b: &str,
        kind: LinkKind,
        started: Option<&str>,
        ended: Option<&str>,
    ) -> Result<Link, ImpossibleLink> {
        let code = |c: &str| OdsCode::new(c).unwrap();
        let date = |d: &str| d.parse().unwrap();
        let provenance = Provenance {
            source: "a test".into(),
            as_of: None,
            voice: Voice::Bundled,
        };
        Link::published(
            (code(a), code(b)),
            kind,
            started.map(date),
            ended.map(date),
            provenance,
        )
    }

    #[test]
    fn impossible_links_do_not_exist() {
        assert_eq!(
            link("RTH", "RTH", LinkKind::Other, None, None),
            Err(ImpossibleLink::ToItself)
        );
        let backwards = link("RTH", "RHW", LinkKind::Other, Some("2020"), Some("2019"));
        assert_eq!(backwards, Err(ImpossibleLink::EndsBeforeItStarts));
        assert_eq!(
            link("RTH", "RHW", LinkKind::SiteVisit, None, None),
            Err(ImpossibleLink::MomentWithoutDate)
        );
    }

    #[test]
    fn a_link_does_not_end_before_it_starts() {
        let day = |text: &str| text.parse::<PartialDate>().unwrap();
        let visit = link("RTH", "RHW", LinkKind::Other, Some("2026-09-01"), None).unwrap();
        let ended = visit.clone().ending(day("2026-09-01")).unwrap();
        assert_eq!(ended.ended(), Some(day("2026-09-01")));
        assert_eq!(
            visit.ending(day("2026-08-31")),
            Err(ImpossibleLink::EndsBeforeItStarts)
        );
    }

    #[test]
    fn a_link_has_no_direction() {
        assert_eq!(
            link("RTH", "RHW", LinkKind::Other, None, None),
            link("RHW", "RTH", LinkKind::Other, None, None)
        );
    }
}
