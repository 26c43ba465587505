//! Tables of context attributes.

use std::collections::HashMap;

use crate::domain::import::{ImportKind, Placed, Remark, Said};
use crate::domain::organisation::CareSetting;
use crate::domain::profile::{Attribute, AttributeFact, AttributeValue};
use crate::intake::import::cells::{self, Refused, Row};
use crate::intake::import::shown;

/// The scheme and the metric of `digital_maturity.csv` that are recorded.
const MATURITY: (&str, &str) = ("NHSE_DMA_2025", "overall_comparable_domains");

/// Reads the table.
pub(super) fn read(bytes: &[u8], said: &mut Said) -> Result<(), Remark> {
    let mut seen = HashMap::new();
    cells::each(ImportKind::Attributes, bytes, said, &mut |row, said| {
        let Some(attribute) = attribute(row)? else {
            said.n_passed_over += 1;
            return Ok(());
        };
        let (code, number) = (row.code("ods_code"), row.number("value"));
        let (setting, provenance) = (
            row.parse::<CareSetting>("care_setting"),
            row.provenance("source"),
        );
        let (code, setting, provenance) = (code?, setting?, provenance?);
        // An empty cell says nothing.
        let Some(number) = number? else {
            said.n_passed_over += 1;
            return Ok(());
        };
        if setting.is_some() != (attribute == Attribute::DigitalMaturity) {
            return Err(row.refuse(
                "care_setting",
                "digital maturity has a care setting, and nothing else has",
            ));
        }
        let Some(value) = AttributeValue::new(attribute, number, setting) else {
            return Err(row.refuse(
                "value",
                format_args!("{number} is no value of {attribute}: {}", bounds(attribute)),
            ));
        };
        if let Some(earlier) = seen.insert((code, attribute, setting), row.number) {
            return Err(row.refuse(
                "attribute",
                format_args!("the attribute of this organisation stands in row {earlier} too"),
            ));
        }
        said.attributes.push(Placed {
            row: row.number,
            value: AttributeFact {
                ods_code: code,
                value,
                provenance,
            },
        });
        Ok(())
    })
}

/// The attribute that a row is of; `None` where it is of nothing that is recorded.
fn attribute(row: &mut Row<'_>) -> Result<Option<Attribute>, Refused> {
    let (named, scheme, metric) = (
        row.parse("attribute"),
        row.text("scheme"),
        row.text("metric"),
    );
    match (named?, scheme?, metric?) {
        (Some(attribute), None, None) => {
            if Attribute::is_ethos(attribute) {
                return Err(row.refuse(
                    "attribute",
                    "only the site itself answers this, and not by a file",
                ));
            }
            Ok(Some(attribute))
        }
        (Some(_), ..) => {
            Err(row.refuse("metric", "a row has an attribute, or a scheme and a metric"))
        }
        (None, Some(scheme), Some(metric)) => {
            Ok(((scheme.as_str(), metric.as_str()) == MATURITY)
                .then_some(Attribute::DigitalMaturity))
        }
        (None, Some(scheme), None) => Err(row.refuse(
            "metric",
            format_args!("is empty where the scheme is {}", shown(&scheme)),
        )),
        (None, None, _) => Err(row.refuse("attribute", "is empty")),
    }
}

const fn bounds(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::StaffFte | Attribute::Catchment | Attribute::Beds => "above 0",
        Attribute::Deprivation => "0 to 100",
        Attribute::UrbanShare => "0 to 1",
        Attribute::Teaching => "0 or 1",
        _ => "1 to 5",
    }
}
