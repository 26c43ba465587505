//! Groups of organisations that are alike in context: size, patients, digital maturity.

use crate::domain::ids::{OdsCode, Revision};
use crate::domain::load::MIN_GROUP;
use crate::domain::profile::Attribute;
use crate::domain::suggestion::{Fact, OrganisationCard};

/// The attributes that groups are made from: the context of DESIGN 4.5, without the ethos answers, which are a site's own.
pub const CONTEXT: [Attribute; 7] = [
    Attribute::StaffFte,
    Attribute::Deprivation,
    Attribute::DigitalMaturity,
    Attribute::UrbanShare,
    Attribute::Catchment,
    Attribute::Beds,
    Attribute::Teaching,
];

/// The share of what [`CONTEXT`] asks of an organisation that has to be recorded for it to be put into a group: with less, most of
/// what places it would be the mean of the others.
pub const MIN_SHARE_KNOWN: f64 = 0.5;

/// How many groups are tried.
pub const N_GROUPS: std::ops::RangeInclusive<usize> = 2..=8;

/// The most points of a picture, spread evenly over the codes.
pub const MAX_POINTS: usize = 2000;

/// How far a group's mean is from that of all, in standard deviations, to be said in words: a medium effect (Cohen 1988,
/// *Statistical Power Analysis for the Behavioral Sciences*, 2nd ed.).
pub const NOTABLE: f64 = 0.5;

/// A group's place in the order of groups, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupNumber(pub u8);

impl GroupNumber {
    /// Its name: A, B and so on.
    #[must_use]
    pub fn label(self) -> char {
        char::from(b'A'.saturating_add(self.0.min(25)))
    }
}

/// What a group is like in one attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupMean {
    /// Which attribute.
    pub attribute: Attribute,
    /// The mean over those of whom it is recorded, in the attribute's unit; geometric for staff, catchment and beds, whose
    /// logarithm is compared.
    pub mean: f64,
    /// How far that is from the mean of all, in their standard deviations.
    pub deviations: f64,
}

/// A group, with what may be shown of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerGroup {
    /// Which.
    pub number: GroupNumber,
    /// How many organisations are in it; five or more.
    pub size: u32,
    /// What it is like, where it is recorded of five or more.
    pub means: Vec<GroupMean>,
}

impl PeerGroup {
    /// Whether it is so small that it tells of single organisations: there are no such groups.
    #[must_use]
    pub const fn is_small(&self) -> bool {
        self.size < MIN_GROUP
    }

    /// What sets it apart, the most first, at most three things.
    #[must_use]
    pub fn traits(&self) -> Vec<&'static str> {
        let mut notable: Vec<&GroupMean> = self
            .means
            .iter()
            .filter(|mean| mean.deviations.abs() >= NOTABLE)
            .collect();
        notable.sort_by(|a, b| b.deviations.abs().total_cmp(&a.deviations.abs()));
        notable
            .iter()
            .take(3)
            .filter_map(|mean| words(mean.attribute, mean.deviations > 0.0))
            .collect()
    }
}

/// What is said of those whose mean is above or below that of all; nothing of what no group is made from.
#[must_use]
pub const fn words(attribute: Attribute, is_above: bool) -> Option<&'static str> {
    let words = match (attribute, is_above) {
        (Attribute::StaffFte, true) => "more staff",
        (Attribute::StaffFte, false) => "fewer staff",
        (Attribute::Deprivation, true) => "patients from more deprived areas",
        (Attribute::Deprivation, false) => "patients from less deprived areas",
        (Attribute::DigitalMaturity, true) => "higher digital maturity scores",
        (Attribute::DigitalMaturity, false) => "lower digital maturity scores",
        (Attribute::UrbanShare, true) => "more urban patients",
        (Attribute::UrbanShare, false) => "more rural patients",
        (Attribute::Catchment, true) => "larger catchments",
        (Attribute::Catchment, false) => "smaller catchments",
        (Attribute::Beds, true) => "more beds",
        (Attribute::Beds, false) => "fewer beds",
        (Attribute::Teaching, true) => "more teaching hospitals",
        (Attribute::Teaching, false) => "fewer teaching hospitals",
        (
            Attribute::EthosSharing
            | Attribute::EthosClinicalLeadership
            | Attribute::EthosStandardisation
            | Attribute::EthosBuildOrBuy
            | Attribute::EthosPace
            | Attribute::EthosSupplierPartnership,
            _,
        ) => return None,
    };
    Some(words)
}

/// How a number of groups did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// How many groups.
    pub n_groups: usize,
    /// The mean silhouette, `-1..=1` (Rousseeuw 1987, Journal of Computational and Applied Mathematics 20:53).
    pub silhouette: f64,
    /// The size of the smallest group.
    pub smallest: u32,
}

/// How much an attribute counts on the two axes of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loading {
    /// Which attribute.
    pub attribute: Attribute,
    /// On the first and the second principal component, `-1..=1`.
    pub on: [f64; 2],
}

/// An organisation in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Who.
    pub ods_code: OdsCode,
    /// In which group.
    pub group: GroupNumber,
    /// Where, on the first and the second principal component.
    pub at: [f64; 2],
}

/// All groups, as staff see them.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerGroups {
    /// Of which data.
    pub revision: Revision,
    /// The seed of the random starts.
    pub seed: u64,
    /// How many active organisations there are.
    pub n_organisations: usize,
    /// How many of them are in a group; of the others too little is recorded.
    pub n_grouped: usize,
    /// From how many the groups were found; the others joined the nearest.
    pub n_fitted: usize,
    /// The numbers of groups that were tried.
    pub tried: Vec<Tried>,
    /// The groups, in their order; empty where too little is recorded to make any.
    pub groups: Vec<PeerGroup>,
    /// The share of the variance that each axis of the picture holds, `0..=1`.
    pub explained: [f64; 2],
    /// What the axes are made of.
    pub loadings: Vec<Loading>,
    /// Those in the picture, by code; of groups of fewer than five nobody.
    pub points: Vec<Point>,
}

/// A site's group and who else is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Peers {
    /// Of which data.
    pub revision: Revision,
    /// Whose.
    pub site: OrganisationCard,
    /// The group; `None` where too little is recorded of the site, or of all.
    pub group: Option<PeerGroup>,
    /// Which facts of [`CONTEXT`] are missing of the site and can be said of it.
    pub missing: Vec<Fact>,
    /// The others in the group, the most alike first.
    pub peers: Vec<Peer>,
}

/// One that is in a site's group.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// Who.
    pub organisation: OrganisationCard,
    /// How far apart the two are in context: the Euclidean distance of the standardised attributes, from 0.
    pub distance: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sets_a_group_apart_is_said_the_most_first_and_no_more_than_three_things() {
        let mean = |attribute, deviations| GroupMean {
            attribute,
            mean: 1.0,
            deviations,
        };
        let group = PeerGroup {
            number: GroupNumber(1),
            size: 9,
            means: vec![
                mean(Attribute::StaffFte, 0.6),
                mean(Attribute::Deprivation, -1.4),
                mean(Attribute::UrbanShare, 0.49),
                mean(Attribute::Beds, 0.9),
                mean(Attribute::Teaching, 0.7),
            ],
        };
        let words = [
            "patients from less deprived areas",
            "more beds",
            "more teaching hospitals",
        ];
        assert_eq!(group.traits(), words);
        assert_eq!(group.number.label(), 'B');
    }

    #[test]
    fn there_are_words_for_all_that_groups_are_made_from_and_for_nothing_else() {
        for &attribute in Attribute::ALL {
            let has_words = words(attribute, true).is_some() && words(attribute, false).is_some();
            assert_eq!(has_words, CONTEXT.contains(&attribute), "{attribute}");
        }
    }
}
