//! `digital_maturity.csv`: how far each organisation is, by care setting.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Known;
use crate::domain::profile::{Attribute, AttributeFact, AttributeValue};
use crate::domain::provenance::{Provenance, Voice};
use crate::intake::table::{Read, rows};

#[derive(Deserialize)]
struct MaturityCells {
    ods_code: String,
    scheme: String,
    care_setting: String,
    metric: String,
    value: String,
    as_of: String,
    source: String,
}

/// Reads the overall scores of the Digital Maturity Assessment 2025, one for each organisation and care setting.
pub(super) fn read(text: &str, known: &Known) -> Read<Vec<AttributeFact>> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for row in rows::<MaturityCells>("digital_maturity.csv", text)? {
        let cells = &row.cells;
        if (cells.scheme.as_str(), cells.metric.as_str())
            != ("NHSE_DMA_2025", "overall_comparable_domains")
        {
            continue;
        }
        let ods_code = known.code(&row, "ods_code", &cells.ods_code)?;
        let setting = row.parse("care_setting", &cells.care_setting)?;
        if !seen.insert((ods_code, setting)) {
            return Err(row.fault(
                "care_setting",
                "the organisation has a score for this setting in an earlier row",
            ));
        }
        let Some(number) = row.parse_some("value", &cells.value)? else {
            continue;
        };
        let value = AttributeValue::new(Attribute::DigitalMaturity, number, Some(setting))
            .ok_or_else(|| row.fault("value", "a score is from 1 to 5"))?;
        let provenance = Provenance {
            source: cells.source.clone(),
            as_of: row.parse_some("as_of", &cells.as_of)?,
            voice: Voice::Bundled,
        };
        found.push(AttributeFact {
            ods_code,
            value,
            provenance,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maturity_scores_are_read_for_known_organisations_only() {
        let header = "ods_code,scheme,care_setting,metric,value,scale,as_of,note,source\n";
        let known = Known::active(&["RTH"]);
        let read = |row: &str| super::read(&format!("{header}{row}"), &known);
        assert!(
            read("RTH,HIMSS_EMRAM,acute,stage,9,0-7,2020,,x\n")
                .unwrap()
                .is_empty()
        );
        let of_rth = |rest: &str| {
            format!("RTH,NHSE_DMA_2025,acute,overall_comparable_domains,{rest},1-5,2025,,x\n")
        };
        assert_eq!(
            read(&of_rth("2.5")).unwrap()[0].value.number().to_bits(),
            2.5_f64.to_bits()
        );
        for bad in [
            of_rth("5.5"),
            of_rth("2").replace("RTH", "RHW"),
            of_rth("2").repeat(2),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }
}
