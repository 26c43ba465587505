//! The vendors that are known: read once, from what is bundled.

use std::sync::OnceLock;

use crate::domain::error::Result;
use crate::domain::vendor::Vendors;
use crate::intake::bundled;

/// Returns the vendors that are known.
///
/// # Errors
///
/// [`Error::Internal`](crate::domain::error::Error::Internal) where the bundled data cannot be read, which is a bug.
pub fn vendors() -> Result<&'static Vendors> {
    static VENDORS: OnceLock<Vendors> = OnceLock::new();
    if let Some(vendors) = VENDORS.get() {
        return Ok(vendors);
    }
    let read = bundled::vendors()?;
    Ok(VENDORS.get_or_init(|| read))
}
