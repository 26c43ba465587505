//! Tables of core systems.

use std::collections::HashSet;

use crate::domain::core_system::{CoreSystem, SystemStatus};
use crate::domain::import::{ImportKind, Placed, Remark, Said};
use crate::intake::bundled::systems::{UNNAMED, drop_before_absences, without_brackets};
use crate::intake::import::cells;

/// Reads the table. What is older than a known absence in the same module is passed over, as it is in the bundled data.
pub(super) fn read(bytes: &[u8], said: &mut Said) -> Result<(), Remark> {
    let mut seen = HashSet::new();
    cells::each(ImportKind::Systems, bytes, said, &mut |row, said| {
        let (code, module, status) = (
            row.code("ods_code"),
            row.parse("module"),
            row.parse::<SystemStatus>("status"),
        );
        let (vendor, product, version) =
            (row.text("vendor"), row.text("product"), row.text("version"));
        let (live, ended, provenance) = (
            row.date("live_date"),
            row.date("end_date"),
            row.provenance("source"),
        );
        let (module, status) = (row.needed("module", module), row.needed("status", status));
        let (code, module, status, vendor, product) = (code?, module?, status?, vendor?, product?);
        let (live, ended) = (live?, ended?);
        if let (Some(live), Some(ended)) = (live, ended)
            && ended.last_day() < live.first_day()
        {
            return Err(row.refuse(
                "end_date",
                format_args!("{ended} is before the system went live, {live}"),
            ));
        }
        let product_name = product.as_deref().map(without_brackets).unwrap_or_default();
        if vendor.is_none() && product_name.is_empty() && !status.is_known_absence() {
            said.n_passed_over += 1;
            return Ok(());
        }
        if status.is_known_absence() && (vendor.is_some() || product.is_some()) {
            return Err(row.refuse(
                "status",
                format_args!("{status} says that there is no system, yet the row names one"),
            ));
        }
        let value = CoreSystem {
            ods_code: code,
            module,
            vendor: match vendor.as_deref() {
                Some(UNNAMED) => None,
                None => Some(product_name).filter(|name| !name.is_empty()),
                Some(vendor) => Some(vendor.to_owned()),
            },
            product,
            version: version?,
            status,
            live,
            ended,
            provenance: provenance?,
        };
        let key = (
            code,
            module,
            value.vendor.clone(),
            value.product.clone(),
            status,
            value.provenance.as_of,
        );
        if !seen.insert(key) {
            return Err(row.refuse("module", "an earlier row says the same"));
        }
        said.systems.push(Placed {
            row: row.number,
            value,
        });
        Ok(())
    })?;
    let n_before = said.systems.len();
    drop_before_absences(&mut said.systems, |placed| &placed.value);
    said.n_passed_over += (n_before - said.systems.len()) as u64;
    Ok(())
}
