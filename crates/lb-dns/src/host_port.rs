//! `name:port`, as it is given to a publisher.

use std::net::SocketAddr;

use crate::answer::unusable;
use crate::name;

/// A name, or an address that needs no lookup, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPort {
    pub(crate) host: Host,
    pub(crate) port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Name(String),
    /// With its zone, if it has one.
    Address(SocketAddr),
}

impl HostPort {
    /// Reads `web.example:80`, `10.0.0.7:80`, `[::1]:80`; otherwise tells the rule that is broken.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return check_address(address).map(|port| Self { host: Host::Address(address), port });
        }
        let (host, port) = text.rsplit_once(':').ok_or("it must be a name and a port, \"name:port\"")?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits).ok_or("its port must be a number up to 65535")?;
        name::check(host)?;
        check_port(port).map(|port| Self { host: Host::Name(host.to_owned()), port })
    }
}

fn check_address(address: SocketAddr) -> Result<u16, &'static str> {
    unusable(address.ip()).map_or(check_port(address.port()), Err)
}

fn check_port(port: u16) -> Result<u16, &'static str> {
    if port == 0 { Err("its port must not be 0") } else { Ok(port) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_with_a_port_are_read() {
        let name = |name: &str| Host::Name(name.into());
        let cases = [
            ("web.example:80", name("web.example"), 80),
            ("Web.Example.:8080", name("Web.Example."), 8080),
            ("10.0.0.7:1", Host::Address(([10, 0, 0, 7], 1).into()), 1),
            ("[::1]:65535", Host::Address((std::net::Ipv6Addr::LOCALHOST, 65535).into()), 65535),
        ];
        for (text, host, port) in cases {
            assert_eq!(HostPort::parse(text), Ok(HostPort { host, port }), "{text}");
        }
    }

    #[test]
    fn others_are_told_the_rule() {
        for text in [
            "",
            "web",
            "web:",
            "web:http",
            "web:0",
            "10.0.0.7:0",
            "web:65536",
            ":80",
            "::1:80:x",
            "a b:80",
            "web:+8",
        ] {
            assert!(HostPort::parse(text).is_err(), "{text}");
        }
    }
}
