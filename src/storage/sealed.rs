//! Texts that people write to each other or for themselves: encrypted, since they may name somebody.

use crate::domain::error::{Error, Result};
use crate::storage::connection::Connection;

/// Where a text is kept, which binds it there: a table, the row's id and the column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) table: &'static str,
    pub(super) id: &'a str,
    pub(super) column: &'static str,
}

impl Place<'_> {
    fn text(self) -> String {
        format!("{}/{}/{}", self.table, self.id, self.column)
    }
}

/// Encrypts a text for its place; `None` stays `None`.
pub(super) fn hide(
    connection: &Connection,
    place: Place<'_>,
    text: Option<&str>,
) -> Result<Option<String>> {
    let seal = connection
        .seal
        .clone()
        .ok_or_else(|| Error::Internal("sealing a text", "the secret is not at hand".into()))?;
    text.map(|text| seal.hide(&place.text(), text)).transpose()
}

/// Decrypts what [`hide`] made for the same place.
pub(super) fn show(
    connection: &Connection,
    place: Place<'_>,
    sealed: Option<&str>,
) -> Result<Option<String>> {
    let seal = connection
        .seal
        .clone()
        .ok_or_else(|| Error::Internal("opening a text", "the secret is not at hand".into()))?;
    let open = |sealed: &str| {
        seal.show(&place.text(), sealed)
            .ok_or_else(|| Error::Internal("opening a text", "it cannot be decrypted".into()))
    };
    sealed.map(open).transpose()
}
