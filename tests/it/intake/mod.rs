//! Files that are handed in: what they say is stored, and what is wrong with them is named and changes nothing.

mod again;
mod bad_files;
mod importing;

use alongside::app::import::{self, Mode, Order, Progress, Refusals, Report};
use alongside::domain::import::ImportKind;
use alongside::storage::Storage;

use crate::support::database::a_change;

/// Imports all rows or none, as a programme admin.
fn import(storage: &Storage, kind: ImportKind, bytes: &[u8]) -> Report {
    import_as(storage, order(kind), bytes)
}

fn order(kind: ImportKind) -> Order {
    Order {
        kind,
        site: None,
        mode: Mode::Store,
        refusals: Refusals::RefuseAll,
    }
}

fn import_as(storage: &Storage, order: Order, bytes: &[u8]) -> Report {
    import::run(
        storage,
        &order,
        bytes,
        &a_change(),
        &Progress::default(),
        |_, _| Ok(()),
    )
    .unwrap()
}
