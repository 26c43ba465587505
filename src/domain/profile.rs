//! What an organisation is like: context attributes, its ethos, and the topics it seeks and shows.

use crate::domain::dates::PartialDate;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::named_enum;
use crate::domain::organisation::CareSetting;
use crate::domain::provenance::Provenance;

named_enum!(
    /// A property in which two organisations may be alike (DESIGN 4.5).
    Attribute, "an attribute" {
        /// How openly it shares; the site's own answer.
        EthosSharing = "ethos_sharing",
        /// How far clinicians drive digital change; the site's own answer.
        EthosClinicalLeadership = "ethos_clinical_leadership",
        /// How far it standardises; the site's own answer.
        EthosStandardisation = "ethos_standardisation",
        /// Whether it builds or buys; the site's own answer.
        EthosBuildOrBuy = "ethos_build_or_buy",
        /// How fast it changes; the site's own answer.
        EthosPace = "ethos_pace",
        /// How closely it works with suppliers; the site's own answer.
        EthosSupplierPartnership = "ethos_supplier_partnership",
        /// Staff, full-time equivalents.
        StaffFte = "staff_fte",
        /// Mean IMD 2010 score of where its patients live; higher is more deprived.
        Deprivation = "deprivation",
        /// Digital maturity, 1 to 5, one score for each care setting.
        DigitalMaturity = "digital_maturity",
        /// Share of activity from urban areas, 0 to 1.
        UrbanShare = "urban_share",
        /// Catchment population, persons; acute only.
        Catchment = "catchment",
        /// General and acute beds; acute only.
        Beds = "beds",
        /// Whether it is a teaching hospital; acute only.
        Teaching = "teaching",
    }
);

impl Attribute {
    /// The six that only the site itself can answer.
    pub const ETHOS: [Self; 6] = [
        Self::EthosSharing,
        Self::EthosClinicalLeadership,
        Self::EthosStandardisation,
        Self::EthosBuildOrBuy,
        Self::EthosPace,
        Self::EthosSupplierPartnership,
    ];

    /// Whether only the site itself can answer it, and only the site may read the answer.
    #[must_use]
    pub const fn is_ethos(self) -> bool {
        self.index() < Self::ETHOS.len()
    }

    /// Whether it is asked of acute organisations alone.
    #[must_use]
    pub const fn is_acute_only(self) -> bool {
        matches!(self, Self::Catchment | Self::Beds | Self::Teaching)
    }

    /// The attribute's place in [`Attribute::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The attribute in a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::EthosSharing => "openness to sharing",
            Self::EthosClinicalLeadership => "clinical ownership of digital change",
            Self::EthosStandardisation => "standardisation",
            Self::EthosBuildOrBuy => "building or buying",
            Self::EthosPace => "pace of change",
            Self::EthosSupplierPartnership => "partnership with suppliers",
            Self::StaffFte => "number of staff",
            Self::Deprivation => "deprivation of patients",
            Self::DigitalMaturity => "digital maturity",
            Self::UrbanShare => "share of urban patients",
            Self::Catchment => "catchment population",
            Self::Beds => "number of beds",
            Self::Teaching => "teaching status",
        }
    }

    /// The question to ask an organisation about itself.
    #[must_use]
    pub const fn question(self) -> &'static str {
        match self {
            Self::EthosSharing => {
                "How openly do you share what you learn with others, from 1 (rarely) to 5 (always)?"
            }
            Self::EthosClinicalLeadership => {
                "How far do clinicians drive your digital change, from 1 (hardly) to 5 (throughout)?"
            }
            Self::EthosStandardisation => {
                "How far do you standardise across sites and specialties, from 1 (each its own way) to 5 (one way)?"
            }
            Self::EthosBuildOrBuy => {
                "Do you build or buy, from 1 (build our own) to 5 (buy and configure)?"
            }
            Self::EthosPace => "How fast do you change, from 1 (small steps) to 5 (big bang)?",
            Self::EthosSupplierPartnership => {
                "How closely do you work with your suppliers, from 1 (at arm's length) to 5 (as partners)?"
            }
            Self::StaffFte => "How many staff do you have, in full-time equivalents?",
            Self::Deprivation => {
                "What is the mean deprivation score (IMD) of the areas where your patients live?"
            }
            Self::DigitalMaturity => {
                "What are your scores in the Digital Maturity Assessment, for each care setting?"
            }
            Self::UrbanShare => "What share of your activity comes from urban areas?",
            Self::Catchment => "How many people live in your catchment?",
            Self::Beds => "How many general and acute beds do you have?",
            Self::Teaching => "Are you a teaching hospital?",
        }
    }
}

/// A value of an attribute that keeps the attribute's bounds; always finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttributeValue {
    attribute: Attribute,
    number: f64,
    setting: Option<CareSetting>,
}

impl AttributeValue {
    /// Accepts a number for the attribute: ethos a whole number 1 to 5; staff, catchment and beds above 0; deprivation 0 to
    /// 100; urban share 0 to 1; maturity 1 to 5 with its setting; teaching 0 (no) or 1 (yes). `None` otherwise.
    #[must_use]
    pub fn new(attribute: Attribute, number: f64, setting: Option<CareSetting>) -> Option<Self> {
        /// Above any staff, catchment or bed count of one organisation.
        const MOST: f64 = 1e9;
        let whole = number.fract().abs() < f64::EPSILON;
        let fits = match attribute {
            Attribute::EthosSharing
            | Attribute::EthosClinicalLeadership
            | Attribute::EthosStandardisation
            | Attribute::EthosBuildOrBuy
            | Attribute::EthosPace
            | Attribute::EthosSupplierPartnership => whole && (1.0..=5.0).contains(&number),
            Attribute::StaffFte | Attribute::Catchment | Attribute::Beds => {
                number > 0.0 && number <= MOST
            }
            Attribute::Deprivation => (0.0..=100.0).contains(&number),
            Attribute::DigitalMaturity => (1.0..=5.0).contains(&number),
            Attribute::UrbanShare => (0.0..=1.0).contains(&number),
            Attribute::Teaching => whole && (0.0..=1.0).contains(&number),
        };
        let has_setting = setting.is_some() == matches!(attribute, Attribute::DigitalMaturity);
        (fits && has_setting).then_some(Self {
            attribute,
            number,
            setting,
        })
    }

    /// Which attribute.
    #[must_use]
    pub const fn attribute(self) -> Attribute {
        self.attribute
    }

    /// The number, in the attribute's unit; 0 or 1 for teaching.
    #[must_use]
    pub const fn number(self) -> f64 {
        self.number
    }

    /// The care setting that a maturity score is for.
    #[must_use]
    pub const fn setting(self) -> Option<CareSetting> {
        self.setting
    }
}

/// An attribute of an organisation as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeFact {
    /// Whose it is.
    pub ods_code: OdsCode,
    /// What it is.
    pub value: AttributeValue,
    /// Where this is from.
    pub provenance: Provenance,
}

/// What other organisations see of a site beyond its scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visibility {
    /// Whether others find it among those who can show a topic.
    pub expertise: bool,
    /// Whether others see the evidence of the links that it declared.
    pub evidence: bool,
}

/// Everything, unless the site says otherwise.
impl Default for Visibility {
    fn default() -> Self {
        Self {
            expertise: true,
            evidence: true,
        }
    }
}

/// A subject of learning, for example electronic prescribing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name in sentences.
    pub name: String,
}

named_enum!(
    /// How much an organisation wants to learn about a topic.
    TopicNeed, "a need" {
        /// It would like to.
        Wanted = "wanted",
        /// It must soon; counts twice.
        Urgent = "urgent",
    }
);

named_enum!(
    /// What an organisation can show on a topic.
    TopicStage, "a stage" {
        /// It published how it did it.
        Blueprint = "blueprint",
        /// It runs it.
        Live = "live",
        /// It offers to talk about it.
        Offered = "offered",
        /// It is putting it in.
        Implementing = "implementing",
        /// It has nothing to show.
        Nothing = "nothing",
    }
);

/// What an organisation seeks and can show on one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicInterest {
    /// Whose it is.
    pub ods_code: OdsCode,
    /// The topic.
    pub topic: Slug,
    /// How much it is sought; `None` when it is not.
    pub need: Option<TopicNeed>,
    /// What can be shown; `None` when that is not known.
    pub stage: Option<TopicStage>,
    /// Since when it is live.
    pub live_since: Option<PartialDate>,
    /// Where this is from.
    pub provenance: Provenance,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_the_bounds_of_their_attribute() {
        let ok = |a, n| AttributeValue::new(a, n, None).is_some();
        assert!(
            ok(Attribute::EthosPace, 5.0)
                && !ok(Attribute::EthosPace, 2.5)
                && !ok(Attribute::EthosPace, 0.0)
        );
        assert!(
            ok(Attribute::StaffFte, 0.1)
                && !ok(Attribute::StaffFte, 0.0)
                && !ok(Attribute::StaffFte, f64::NAN)
        );
        assert!(ok(Attribute::UrbanShare, 1.0) && !ok(Attribute::UrbanShare, 1.01));
        assert!(!ok(Attribute::Beds, f64::INFINITY));
        assert!(!ok(Attribute::DigitalMaturity, 3.0));
        assert!(
            AttributeValue::new(Attribute::DigitalMaturity, 3.0, Some(CareSetting::Acute))
                .is_some()
        );
        assert!(AttributeValue::new(Attribute::Beds, 3.0, Some(CareSetting::Acute)).is_none());
    }

    #[test]
    fn the_ethos_attributes_are_the_first_six() {
        for &a in Attribute::ALL {
            assert_eq!(a.is_ethos(), a.as_str().starts_with("ethos_"));
        }
    }
}
