//! The nouns of the service and their rules. Knows nothing of HTTP, SQL or files.
//!
//! Start with [`organisation`], then what is known of one ([`core_system`], [`profile`], [`link`]),
//! then what is asked and answered ([`suggestion`]), and what sites make of it ([`approach`], [`partnership`], [`capacity`]). [`register`] is everything together, as the
//! engine reads it.

pub mod admin_suggestion;
pub mod affiliation;
pub mod api_key;
pub mod approach;
pub mod audit;
pub mod balance;
pub mod blueprint;
pub mod board;
pub mod bridge;
pub mod caller;
pub mod capacity;
pub mod choice;
pub mod choosing;
pub mod completeness;
pub mod contact;
pub mod core_system;
pub mod dates;
pub mod destination;
pub mod directory;
pub mod error;
pub mod evaluation;
pub mod event;
pub mod exclusion;
pub mod firmness;
pub mod flip;
pub mod host;
pub mod ids;
pub mod import;
pub mod interval;
pub mod link;
pub mod load;
pub mod model;
pub mod notification;
pub mod organisation;
pub mod outcome;
pub mod partnership;
pub mod peer_group;
pub mod pipeline;
pub mod price;
pub mod profile;
pub mod programme;
pub mod provenance;
pub mod register;
pub mod secret;
pub mod shortlist;
pub mod slugs;
pub mod spreadsheet;
pub mod standing;
pub mod suggestion;
pub mod vendor;
pub mod version;
pub mod webhook;
pub mod what_if;
pub mod workings;

/// Declares an enum whose values have one fixed name each in JSON, in the database and on the command line.
macro_rules! named_enum {
    ($(#[$doc:meta])* $name:ident, $what:literal {
        $(#[$fdoc:meta])* $first:ident = $first_text:literal
        $(, $(#[$vdoc:meta])* $variant:ident = $text:literal)* $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[$fdoc])* $first $(, $(#[$vdoc])* $variant)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[Self::$first $(, Self::$variant)*];

            /// The value's name in JSON, in the database and on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { Self::$first => $first_text $(, Self::$variant => $text)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::ids::MalformedId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $first_text => Ok(Self::$first),
                    $($text => Ok(Self::$variant),)*
                    _ => Err($crate::domain::ids::MalformedId(concat!($what, " is one of: ", $first_text $(, ", ", $text)*))),
                }
            }
        }
    };
}
pub(crate) use named_enum;
