//! Which hosts a request may name.
//!
//! A web page elsewhere could have the user's browser ask a service that only this machine can reach, by letting its own name
//! resolve to 127.0.0.1 once it is loaded (DNS rebinding): the browser then takes our answers for that page's own. The `Host`
//! header gives it away, since it names the page's host. A page has no key, but what is open to all it would read.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HOST;
use actix_web::middleware::Next;
use actix_web::web::Data;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::http::access::Peers;
use crate::http::problem::{Kind, Problem};

/// What a refused request is told.
pub(crate) const DETAIL: &str =
    "This service answers this machine only, as localhost, 127.0.0.1 or [::1].";

/// Which hosts a request may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// Any: the service is reached over a network, under names of its operator's.
    Any,
    /// Names and addresses of this machine's loopback interface.
    Loopback,
}

impl Hosts {
    /// The hosts of a service that listens here. A proxy on the same machine names the host that callers asked it for.
    pub(crate) fn of_listener(address: SocketAddr, peers: Peers) -> Self {
        match peers {
            Peers::Direct if address.ip().is_loopback() => Self::Loopback,
            Peers::Direct | Peers::BehindProxy => Self::Any,
        }
    }
}

/// Refuses a request that names another host than it may.
pub(crate) async fn check(
    hosts: Data<Hosts>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_known = match **hosts {
        Hosts::Any => true,
        // A browser always names its host; what does not is no browser.
        Hosts::Loopback => request
            .headers()
            .get_all(HOST)
            .all(|host| host.to_str().is_ok_and(is_loopback)),
    };
    if is_known {
        next.call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body)
    } else {
        Ok(request.error_response(Problem::new(Kind::MisdirectedHost, DETAIL)))
    }
}

/// Whether the value of a `Host` header, with or without a port, is this machine's own.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        Some(_) | None => (host, ""),
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let is_own = match bare {
        Some(address) => address.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback()),
        None => {
            name.eq_ignore_ascii_case("localhost")
                || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        }
    };
    is_port && is_own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for own in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:80",
            "127.1.2.3",
            "[::1]",
            "[::1]:8080",
        ] {
            assert!(is_loopback(own), "{own}");
        }
        for other in [
            "",
            "example.org",
            "localhost.example.org",
            "127.0.0.1.example.org:80",
            "10.0.0.1",
            "[::2]:80",
            "::1",
            "localhost:x",
            "localhost:80:80",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[test]
    fn a_service_on_a_network_takes_any_name() {
        let of = |address: &str, peers| Hosts::of_listener(address.parse().unwrap(), peers);
        assert_eq!(of("127.0.0.1:80", Peers::Direct), Hosts::Loopback);
        assert_eq!(of("[::1]:80", Peers::Direct), Hosts::Loopback);
        assert_eq!(of("0.0.0.0:80", Peers::Direct), Hosts::Any);
        assert_eq!(of("127.0.0.1:80", Peers::BehindProxy), Hosts::Any);
    }
}
