//! The zone of a link-local address: `fe80::1%eth0` (RFC 4007, section 11).

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use resolv_conf::ScopedIp;

const PORT: u16 = 53;

/// A name server's address, or why it cannot be asked.
pub(super) fn server(address: &ScopedIp) -> Result<SocketAddr, String> {
    match address {
        ScopedIp::V4(ip) => Ok(SocketAddr::new(IpAddr::V4(*ip), PORT)),
        ScopedIp::V6(ip, None) => Ok(SocketAddrV6::new(*ip, PORT, 0, 0).into()),
        ScopedIp::V6(ip, Some(zone)) => match index(zone) {
            Some(scope) => Ok(SocketAddrV6::new(*ip, PORT, 0, scope).into()),
            None => Err(format!("name server {ip}%{zone}: there is no interface {zone:?}")),
        },
    }
}

/// The number of an interface. Its name is looked up where Linux tells it; other systems need the number.
fn index(zone: &str) -> Option<u32> {
    if let Ok(index) = zone.parse() {
        return Some(index);
    }
    if zone.is_empty() || zone.contains(['/', '\0']) || zone.starts_with('.') {
        return None;
    }
    std::fs::read_to_string(format!("/sys/class/net/{zone}/ifindex")).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Result<u32, String> {
        let parsed: ScopedIp = text.parse().expect("an address");
        server(&parsed).map(|server| match server {
            SocketAddr::V6(server) => server.scope_id(),
            SocketAddr::V4(_) => panic!("{server} is IPv4"),
        })
    }

    #[test]
    fn case_26_the_zone_of_a_link_local_name_server_is_kept() {
        assert_eq!(scope("fe80::1%7"), Ok(7));
        assert_eq!(scope("fe80::1"), Ok(0));
        if std::path::Path::new("/sys/class/net/lo/ifindex").exists() {
            assert_ne!(scope("fe80::1%lo"), Ok(0));
        }
    }

    #[test]
    fn case_26_an_interface_that_is_not_there_is_named() {
        let error = scope("fe80::1%nonesuch0").expect_err("there is no such interface");
        assert!(error.contains("fe80::1%nonesuch0"), "{error}");
    }
}
