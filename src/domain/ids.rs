//! Identifiers: each its own type, so that one cannot stand where another is meant.

use std::fmt;
use std::str::FromStr;

/// Why a text is not the identifier it was given for; the words are safe to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedId(pub &'static str);

/// The longest ODS code, in bytes (ODS has used 3 to 5 for trusts; the register allows more for others).
pub const MAX_ODS_CODE_LEN: usize = 12;

/// The shortest ODS code, in bytes.
pub const MIN_ODS_CODE_LEN: usize = 3;

/// The code that the Organisation Data Service gives an organisation, for example `RTH`.
///
/// Held inline and padded with zero bytes, so that a column of codes is one block of memory and
/// codes order as their text does. The kind of organisation is never read from the code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OdsCode([u8; MAX_ODS_CODE_LEN]);

impl OdsCode {
    /// Reads a code: trimmed, upper-cased, then 3 to 12 of `A-Z` and `0-9`.
    ///
    /// # Errors
    ///
    /// [`MalformedId`] for anything else.
    pub fn new(text: &str) -> Result<Self, MalformedId> {
        const RULE: MalformedId =
            MalformedId("an ODS code is 3 to 12 characters, each a letter A to Z or a digit");
        let text = text.trim().as_bytes();
        if !(MIN_ODS_CODE_LEN..=MAX_ODS_CODE_LEN).contains(&text.len())
            || !text.iter().all(u8::is_ascii_alphanumeric)
        {
            return Err(RULE);
        }
        let mut code = [0; MAX_ODS_CODE_LEN];
        for (to, from) in code.iter_mut().zip(text) {
            *to = from.to_ascii_uppercase();
        }
        Ok(Self(code))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|&b| b == 0).unwrap_or(self.0.len());
        std::str::from_utf8(&self.0[..len]).unwrap_or_default()
    }
}

impl fmt::Display for OdsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for OdsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OdsCode({})", self.as_str())
    }
}

impl FromStr for OdsCode {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

/// Makes a text identifier: trimmed, 1 to `$max` characters of a fixed alphabet.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, max = $max:literal, accepts = $accepts:expr, rule = $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads the identifier from text, trimmed.
            ///
            /// # Errors
            ///
            /// [`MalformedId`] with the rule that the text breaks.
            pub fn new(text: &str) -> Result<Self, MalformedId> {
                let text = text.trim();
                let accepts: fn(char) -> bool = $accepts;
                if text.is_empty() || text.len() > $max || !text.chars().all(accepts) {
                    return Err(MalformedId($rule));
                }
                Ok(Self(text.to_owned()))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }
    };
}

text_id!(
    /// The code of a board or an NHS region, for example `QU9` or `Y59`.
    BoardCode, max = 12, accepts = |c| c.is_ascii_uppercase() || c.is_ascii_digit(),
    rule = "a board or region code is 1 to 12 characters, each a capital letter or a digit"
);
text_id!(
    /// The name in addresses of a network, a topic or a programme, for example `n89`.
    Slug, max = 64, accepts = |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_',
    rule = "a slug is 1 to 64 characters, each a small letter, a digit, `-` or `_`"
);

/// The number of the last write; every write raises it by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_trimmed_and_upper_cased() {
        assert_eq!(OdsCode::new(" rth ").unwrap().as_str(), "RTH");
        assert_eq!(OdsCode::new("k0n6a").unwrap().to_string(), "K0N6A");
        assert_eq!(
            OdsCode::new("ABCDEFGHIJKL").unwrap().as_str(),
            "ABCDEFGHIJKL"
        );
    }

    #[test]
    fn what_is_not_a_code_is_refused() {
        for text in [
            "",
            "RT",
            "R-H",
            "R TH",
            "ABCDEFGHIJKLM",
            "RTH\u{e9}",
            "ＲＴＨ",
        ] {
            assert!(OdsCode::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn codes_order_as_their_text_does() {
        let mut codes = ["RTHA", "RTH", "R0A", "K0N6A"].map(|c| OdsCode::new(c).unwrap());
        codes.sort_unstable();
        assert_eq!(
            codes.map(|c| c.to_string()),
            ["K0N6A", "R0A", "RTH", "RTHA"]
        );
    }

    #[test]
    fn a_slug_is_small_letters_digits_and_dashes() {
        assert!(Slug::new("gde_acute").is_ok());
        for text in ["", "N89", "a b", "é"] {
            assert!(Slug::new(text).is_err(), "{text:?}");
        }
    }
}
