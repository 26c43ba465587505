//! Where a fact comes from and of when.

use crate::domain::dates::PartialDate;
use crate::domain::ids::Slug;
use crate::domain::named_enum;

named_enum!(
    /// Whose word a fact is; a later one displaces an earlier one of the same slot.
    Voice, "an origin" {
        /// Open data that comes with the service.
        Bundled = "bundled",
        /// A file that a programme admin or a site imported.
        Import = "import",
        /// The site's own.
        Site = "site",
    }
);

/// The source of a fact and the date it speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Provenance {
    /// The source in words: a publication, a page, a release.
    pub source: String,
    /// The date the fact speaks of; `None` where the source gives none.
    pub as_of: Option<PartialDate>,
    /// Whose word it is.
    pub voice: Voice,
}

impl Provenance {
    /// Bundled open data of this source and date.
    #[must_use]
    pub fn bundled(source: impl Into<String>, as_of: Option<PartialDate>) -> Self {
        Self {
            source: source.into(),
            as_of,
            voice: Voice::Bundled,
        }
    }
}

impl Provenance {
    /// The site's own word, of this date.
    #[must_use]
    pub fn own_word(as_of: Option<PartialDate>) -> Self {
        Self {
            source: "the site's own word".to_owned(),
            as_of,
            voice: Voice::Site,
        }
    }
}

/// A published data set that facts were taken from, with the notice its licence asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    /// Its name in addresses.
    pub slug: Slug,
    /// What it is called.
    pub title: String,
    /// Who publishes it.
    pub publisher: String,
    /// The licence in words.
    pub licence: String,
    /// The notice to keep with the data.
    pub attribution: String,
    /// What the service takes from it.
    pub used_for: String,
    /// The date the copy speaks of.
    pub as_of: Option<PartialDate>,
}
