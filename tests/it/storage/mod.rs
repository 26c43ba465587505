//! One suite for every database: each body runs on SQLite, and on PostgreSQL where a server is given.

mod audit;
mod between;
mod choices;
mod choosing;
mod deliveries;
mod export;
mod facts;
mod keys;
mod matches;
mod models;
mod near;
mod opening;
mod organisations;
mod outcomes;
mod partnerships;
mod programmes;
mod register;
mod relations;
mod succession;
mod waiting;
mod writing;

use alongside::domain::ids::OdsCode;
use alongside::intake::bundled;
use alongside::storage::{Storage, register as stored};

use crate::support::database::{TestDatabase, a_change};

/// Opens the database and stores the bundled data in it.
fn open_filled(database: &TestDatabase) -> Storage {
    let storage = database.open();
    let bundle = bundled::load().expect("the bundled data");
    storage
        .write_blocking(&a_change(), |c| {
            stored::insert(c, &bundle.register, &bundle.data_sets)
        })
        .expect("the bundled data is stored");
    storage
}

fn ods(text: &str) -> OdsCode {
    OdsCode::new(text).expect("a code")
}
