//! The types of FHIR R4 that the answers take. What is not known is left out, as FHIR asks.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::dates::PartialDate;
use crate::domain::ids::OdsCode;
use crate::domain::provenance::Provenance;
use crate::http::fhir::ODS_SYSTEM;
use crate::http::views::text::PartialDateText;

/// Whose word a fact is and of when: the extension's name.
const PROVENANCE: &str = "urn:alongside:provenance";

/// A code of a code system.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirCoding)]
pub(crate) struct Coding {
    /// The code system.
    #[schema(max_length = 200)]
    pub(crate) system: &'static str,
    /// The code.
    #[schema(max_length = 64)]
    pub(crate) code: String,
    /// The code in words.
    #[schema(max_length = 1000)]
    pub(crate) display: String,
}

/// A concept, by codes.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirCodeableConcept)]
pub(crate) struct CodeableConcept {
    /// One code.
    #[schema(min_items = 1, max_items = 1)]
    pub(crate) coding: Vec<Coding>,
}

impl CodeableConcept {
    /// The concept that one code stands for.
    pub(crate) fn of(system: &'static str, code: &str, display: &str) -> Self {
        Self {
            coding: vec![Coding {
                system,
                code: code.to_owned(),
                display: display.to_owned(),
            }],
        }
    }
}

/// An identifier of an organisation or a network.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirIdentifier)]
pub(crate) struct Identifier {
    /// What it is for.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 20)]
    pub(crate) purpose: Option<&'static str>,
    /// Which identifiers it is one of.
    #[schema(max_length = 200)]
    pub(crate) system: &'static str,
    /// The identifier.
    #[schema(max_length = 64)]
    pub(crate) value: String,
}

impl Identifier {
    /// An ODS code.
    pub(crate) fn ods(code: OdsCode) -> Self {
        Self {
            purpose: None,
            system: ODS_SYSTEM,
            value: code.to_string(),
        }
    }
}

/// A time between two days, each as exact as its source.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirPeriod)]
pub(crate) struct Period {
    /// Its first day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    start: Option<PartialDateText>,
    /// Its last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    end: Option<PartialDateText>,
}

impl Period {
    /// A period of which at least one end is known; FHIR has no empty ones.
    pub(crate) fn of(start: Option<PartialDate>, end: Option<PartialDate>) -> Option<Self> {
        (start.is_some() || end.is_some()).then(|| Self {
            start: start.map(PartialDateText),
            end: end.map(PartialDateText),
        })
    }
}

/// A reference to an organisation, or to a network, which is no resource here.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirReference)]
pub(crate) struct Reference {
    /// Where the resource is, relative to the interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 100)]
    reference: Option<String>,
    /// What it is.
    #[serde(rename = "type")]
    #[schema(max_length = 20)]
    kind: &'static str,
    identifier: Identifier,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 1000)]
    display: Option<String>,
}

impl Reference {
    /// A reference to an organisation of ours.
    pub(crate) fn organisation(code: OdsCode) -> Self {
        Self {
            reference: Some(format!("Organization/{code}")),
            kind: "Organization",
            identifier: Identifier::ods(code),
            display: None,
        }
    }

    /// A reference to an organisation that is no resource here, by its identifier.
    pub(crate) fn elsewhere(identifier: Identifier, display: String) -> Self {
        Self {
            reference: None,
            kind: "Organization",
            identifier,
            display: Some(display),
        }
    }
}

/// What FHIR has no field for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FhirExtension)]
pub(crate) struct Extension {
    /// Its name.
    #[schema(max_length = 200)]
    url: &'static str,
    /// Its parts, where it has some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 2)]
    extension: Vec<ExtensionPart>,
    /// Its value, where that is a period.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    value_period: Option<Period>,
    /// Its value, where that is a code of a system.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    value_coding: Option<Coding>,
    /// Its value, where that is a word of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 20)]
    value_code: Option<&'static str>,
}

/// A part of an extension.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FhirExtensionPart)]
pub(crate) struct ExtensionPart {
    /// Its name within the extension.
    #[schema(max_length = 20)]
    url: &'static str,
    /// Its value, where that is a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 10_000)]
    value_string: Option<String>,
    /// Its value, where that is a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    value_date: Option<PartialDateText>,
    /// Its value, where that is a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = -180, maximum = 180)]
    value_decimal: Option<f64>,
}

impl Extension {
    fn named(url: &'static str) -> Self {
        Self {
            url,
            extension: Vec::new(),
            value_period: None,
            value_coding: None,
            value_code: None,
        }
    }

    /// An extension that is a period.
    pub(crate) fn period(url: &'static str, period: Period) -> Self {
        Self {
            value_period: Some(period),
            ..Self::named(url)
        }
    }

    /// An extension that is a code of a system.
    pub(crate) fn coding(url: &'static str, coding: Coding) -> Self {
        Self {
            value_coding: Some(coding),
            ..Self::named(url)
        }
    }

    /// An extension that is a word of ours.
    pub(crate) fn code(url: &'static str, code: &'static str) -> Self {
        Self {
            value_code: Some(code),
            ..Self::named(url)
        }
    }

    /// A place on the Earth, by FHIR's own extension.
    pub(crate) fn geolocation(latitude: f64, longitude: f64) -> Self {
        let part = |url, degrees| ExtensionPart {
            value_decimal: Some(degrees),
            ..ExtensionPart::named(url)
        };
        Self {
            extension: vec![part("latitude", latitude), part("longitude", longitude)],
            ..Self::named("http://hl7.org/fhir/StructureDefinition/geolocation")
        }
    }

    /// Where a fact is from, and of when.
    pub(crate) fn provenance(provenance: Provenance) -> Self {
        let mut extension = vec![ExtensionPart {
            value_string: Some(provenance.source),
            ..ExtensionPart::named("source")
        }];
        if let Some(date) = provenance.as_of {
            extension.push(ExtensionPart {
                value_date: Some(PartialDateText(date)),
                ..ExtensionPart::named("asOf")
            });
        }
        Self {
            extension,
            ..Self::named(PROVENANCE)
        }
    }
}

impl ExtensionPart {
    fn named(url: &'static str) -> Self {
        Self {
            url,
            value_string: None,
            value_date: None,
            value_decimal: None,
        }
    }
}
