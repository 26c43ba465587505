//! Where the service may send what a caller asks it to send: never into the network that it stands in.
//!
//! A caller chooses the address of a webhook, and the service connects to it from inside. So the address of a host is checked
//! after its name was looked up, every one of them, and the connection is made to exactly what was checked: a name that leads
//! elsewhere a moment later (rebinding) leads nowhere.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use url::{Host, Url};

use crate::domain::host::is_host_name;

/// The longest address, in bytes.
pub const MAX_URL_LEN: usize = 2000;

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix_len: u8,
}

/// Why a text is no range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is an address or a range such as 10.0.0.0/8 or fd00::/8, without bits after its length")]
pub struct MalformedNetwork;

impl Network {
    /// Whether an address is in the range.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let bits = u32::from(first) ^ u32::from(address);
                bits.checked_shr(32 - u32::from(self.prefix_len))
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let bits = u128::from(first) ^ u128::from(address);
                bits.checked_shr(128 - u32::from(self.prefix_len))
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = MalformedNetwork;

    fn from_str(text: &str) -> Result<Self, MalformedNetwork> {
        let (address, len) = match text.trim().split_once('/') {
            Some((address, len)) => (address, Some(len)),
            None => (text.trim(), None),
        };
        let first: IpAddr = address.parse().map_err(|_malformed| MalformedNetwork)?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let prefix_len = match len {
            None => most,
            Some(len) => len
                .parse()
                .ok()
                .filter(|len| *len <= most)
                .ok_or(MalformedNetwork)?,
        };
        let has_bits_after = match first {
            IpAddr::V4(first) => u32::from(first).checked_shl(prefix_len.into()).unwrap_or(0) != 0,
            IpAddr::V6(first) => {
                u128::from(first)
                    .checked_shl(prefix_len.into())
                    .unwrap_or(0)
                    != 0
            }
        };
        if has_bits_after {
            return Err(MalformedNetwork);
        }
        Ok(Self { first, prefix_len })
    }
}

/// A range of IPv4 that is not the public internet: its first address and the length of its prefix.
type Range4 = ([u8; 4], u8);

/// What is not the public internet in IPv4: the special-purpose registry of IANA (RFC 6890 and later) without what is global
/// there, multicast, and the one public address that a cloud answers on from inside its machines alone.
const NOT_PUBLIC_V4: [Range4; 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // Multicast and everything above it, broadcast included.
    ([224, 0, 0, 0], 3),
    // Azure's own services for the machine that asks.
    ([168, 63, 129, 16], 32),
];

/// What is not the public internet within `2000::/3`: protocol assignments with Teredo, ORCHID and benchmarking; documentation,
/// twice.
const NOT_PUBLIC_V6: [([u16; 2], u8); 3] = [
    ([0x2001, 0x0000], 23),
    ([0x2001, 0x0db8], 32),
    ([0x3fff, 0x0000], 20),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC_V4.iter().any(|&(first, prefix_len)| {
        let range = Network {
            first: Ipv4Addr::from(first).into(),
            prefix_len,
        };
        range.contains(address.into())
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Global unicast is all that IANA gives out; whatever lies elsewhere is of this machine, of this network, or of nobody.
    let is_global_unicast = address.segments()[0] & 0xe000 == 0x2000;
    is_global_unicast
        && !NOT_PUBLIC_V6.iter().any(|&([a, b], prefix_len)| {
            let range = Network {
                first: Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0).into(),
                prefix_len,
            };
            range.contains(address.into())
        })
}

/// The IPv4 address that an IPv6 address stands for: mapped (`::ffff:0:0/96`), translated (`64:ff9b::/96`) or tunnelled
/// (`2002::/16`).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| {
        let [one, two] = high.to_be_bytes();
        let [three, four] = low.to_be_bytes();
        Ipv4Addr::new(one, two, three, four)
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(v4(g, h)),
        (0x2002, ..) => Some(v4(b, c)),
        _ => None,
    }
}

/// Whether an address is one of the public internet, whatever form it is written in.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => {
            embedded(address).map_or_else(|| is_public_v6(address), is_public_v4)
        }
    }
}

/// Why nothing is sent to an address. Safe to show: it repeats nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no address of the web.
    #[error(
        "must be an address such as https://HOST/PATH of at most 2000 visible ASCII characters"
    )]
    Form,
    /// It is not protected.
    #[error("must start with https://")]
    Scheme,
    /// It holds a name or a password, which would be shown with it.
    #[error("must not hold a user name or a password")]
    Credentials,
    /// It names no host.
    #[error("must name a host")]
    Host,
    /// It is of this machine, of its network, or of no network.
    #[error("must lead to the public internet, not to this machine or its network")]
    Address,
}

/// Where the service may send to beside the public internet; by default nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destinations {
    /// Ranges that are allowed though they are not public.
    pub allowed: Vec<Network>,
    /// Whether a connection may go unprotected.
    pub allows_http: bool,
}

/// An address that may be sent to, once its host was looked up and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    url: Url,
}

impl Destination {
    /// The host as it is looked up, and the port.
    #[must_use]
    pub fn host_and_port(&self) -> (String, u16) {
        let host = match self.url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => String::new(),
        };
        (host, self.url.port_or_known_default().unwrap_or_default())
    }

    /// The address, normalised: a host in decimal or hexadecimal digits is written as every other.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.url.as_str())
    }
}

impl Destinations {
    /// Whether an address may be connected to.
    ///
    /// # Errors
    ///
    /// [`Refused::Address`].
    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        let meant = match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
        };
        let is_allowed = || self.allowed.iter().any(|range| range.contains(meant));
        if is_public(address) || is_allowed() {
            Ok(())
        } else {
            Err(Refused::Address)
        }
    }

    /// Whether every address that a name leads to may be connected to; one that may not spoils all.
    ///
    /// # Errors
    ///
    /// [`Refused::Address`], also where there is none.
    pub fn check_all(&self, addresses: &[IpAddr]) -> Result<(), Refused> {
        if addresses.is_empty() {
            return Err(Refused::Address);
        }
        addresses
            .iter()
            .try_for_each(|&address| self.check(address))
    }

    /// Reads where to send. A host that is an address, in whatever digits, is checked here; a name is when it was looked up.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub fn read(&self, text: &str) -> Result<Destination, Refused> {
        let text = text.trim();
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\');
        if text.is_empty() || text.len() > MAX_URL_LEN || !text.chars().all(is_plain) {
            return Err(Refused::Form);
        }
        let url = Url::parse(text).map_err(|_malformed| Refused::Form)?;
        match url.scheme() {
            "https" => {}
            "http" if self.allows_http => {}
            "http" => return Err(Refused::Scheme),
            _ => return Err(Refused::Form),
        }
        let rest = text.split_once("://").ok_or(Refused::Form)?.1;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(Refused::Credentials);
        }
        if url.fragment().is_some() {
            return Err(Refused::Form);
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(address.into())?,
            Some(Host::Ipv6(address)) => self.check(address.into())?,
            Some(Host::Domain(name)) => self.check_name(name)?,
            None => return Err(Refused::Host),
        }
        if authority.is_empty() || url.port_or_known_default().is_none_or(|port| port == 0) {
            return Err(Refused::Host);
        }
        Ok(Destination { url })
    }

    /// Refuses names that can only be of this machine (RFC 6761), before anybody is asked for them.
    fn check_name(&self, name: &str) -> Result<(), Refused> {
        let name = name.strip_suffix('.').unwrap_or(name);
        if !is_host_name(name) {
            return Err(Refused::Host);
        }
        let is_local = name == "localhost" || name.ends_with(".localhost");
        if is_local && self.check(Ipv4Addr::LOCALHOST.into()).is_err() {
            return Err(Refused::Address);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "destination_tests.rs"]
mod tests;
