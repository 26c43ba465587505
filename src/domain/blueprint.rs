//! Published accounts of doing something, which lead to whom to ask.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use crate::domain::dates::PartialDate;
use crate::domain::host::is_host_name;
use crate::domain::ids::{MalformedId, OdsCode, Slug};
use crate::domain::provenance::Provenance;
use crate::domain::version::Version;

/// The most blueprints that one organisation keeps here.
pub const MAX_BLUEPRINTS: usize = 200;

/// The longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 200;

/// The longest address, in bytes.
pub const MAX_ADDRESS_LEN: usize = 2000;

/// The longest role of a contact, in characters.
pub const MAX_ROLE_CHARS: usize = 100;

/// A published account of how an organisation did something.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub ods_code: OdsCode,
    /// What it is about.
    pub topic: Slug,
    /// What it is called.
    pub title: String,
    /// Where it can be read.
    pub url: WebAddress,
    /// The role, not the name, of whom to ask about it.
    pub contact_role: Option<String>,
    /// When it was published.
    pub published: Option<PartialDate>,
    /// Where this is from.
    pub provenance: Provenance,
    /// How often it was changed.
    pub version: Version,
}

/// An address on the web that is safe to offer as a link: `http` or `https`, a host, and no name or password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAddress(String);

impl WebAddress {
    /// Reads an address, trimmed: at most [`MAX_ADDRESS_LEN`] visible ASCII characters that RFC 3986 allows, with the scheme
    /// `http` or `https`, a host, perhaps a port, and no user information.
    ///
    /// # Errors
    ///
    /// [`MalformedId`] with the rule that the text breaks.
    pub fn new(text: &str) -> Result<Self, MalformedId> {
        const FORM: MalformedId = MalformedId(
            "must be an address that starts with http:// or https:// and has at most 2000 characters",
        );
        const HOST: MalformedId = MalformedId("must name a host");
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(FORM)?;
        let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let is_allowed = |c: char| {
            c.is_ascii_graphic()
                && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        };
        if !is_web || text.len() > MAX_ADDRESS_LEN || !text.chars().all(is_allowed) {
            return Err(FORM);
        }
        // A browser passes over slashes before the host, and so does the parser.
        if rest.starts_with('/') {
            return Err(HOST);
        }
        let address = Url::parse(text).map_err(|_malformed| HOST)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') || !address.username().is_empty() || address.password().is_some()
        {
            return Err(MalformedId("must not hold a user name or a password"));
        }
        let is_name = |host| !matches!(host, Host::Domain(name) if !is_host_name(name));
        if authority.contains('%') || !address.host().is_some_and(is_name) {
            return Err(HOST);
        }
        Ok(Self(text.to_owned()))
    }

    /// An address that was read before, whatever the rule was then.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for WebAddress {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_the_web_and_holds_no_secret() {
        for good in [
            "https://example.nhs.uk/blueprints/12?v=1#top",
            " http://localhost:8080 ",
            "HTTPS://[2001:db8::1]:443/x",
            "https://192.0.2.1",
        ] {
            assert!(WebAddress::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.nhs.uk",
            "javascript:alert(1)",
            "javascript://example.org/%0aalert(1)",
            "ftp://example.org",
            "https://",
            "https:///path",
            "https://user@example.org/",
            "https://user:secret@example.org/",
            "https://example.org:99999/",
            "https://exa mple.org/",
            "https://example.org/\"><script>",
            "https://[::1",
            "https://é.org",
            "https://./",
            "https://a..b/",
            "https://*.b/",
            "https://'a'/",
            "https://a;b/",
            "https://a&b=c/",
            "https://%2e/",
            "https://%61.uk/",
            "https://1.2.3.4.5/",
        ] {
            assert!(WebAddress::new(bad).is_err(), "{bad}");
        }
        let long = format!("https://example.org/{}", "x".repeat(MAX_ADDRESS_LEN));
        assert!(WebAddress::new(&long).is_err());
    }
}
