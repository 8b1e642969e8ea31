#[cfg(feature = "lookup")]
use std::net::IpAddr;

/// Which IP versions of a name's addresses are asked for, and which count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Families {
    /// Both are asked for, and all addresses count. A version that all servers are silent about, while they answer about
    /// the other, is left out for the next 20 refreshes.
    #[default]
    Both,
    /// IPv4 alone: only A records are asked for.
    V4,
    /// IPv6 alone: only AAAA records are asked for.
    V6,
    /// Both are asked for; of a name that has both, the IPv4 addresses count.
    PreferV4,
    /// Both are asked for; of a name that has both, the IPv6 addresses count.
    PreferV6,
}

#[cfg(feature = "lookup")]
impl Families {
    /// Drops the addresses that do not count beside others.
    pub(crate) fn prefer(self, addresses: &mut Vec<IpAddr>) {
        let preferred: fn(&IpAddr) -> bool = match self {
            Self::PreferV4 => IpAddr::is_ipv4,
            Self::PreferV6 => IpAddr::is_ipv6,
            Self::Both | Self::V4 | Self::V6 => return,
        };
        if addresses.iter().any(preferred) {
            addresses.retain(preferred);
        }
    }
}

#[cfg(all(test, feature = "lookup"))]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_version_counts_where_there_is_one() {
        let (v4, v6): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), std::net::Ipv6Addr::LOCALHOST.into());
        let cases = [
            (Families::Both, vec![v4, v6], vec![v4, v6]),
            (Families::PreferV4, vec![v4, v6], vec![v4]),
            (Families::PreferV6, vec![v4, v6], vec![v6]),
            (Families::PreferV4, vec![v6], vec![v6]),
            (Families::PreferV6, vec![v4], vec![v4]),
            (Families::PreferV6, vec![], vec![]),
        ];
        for (families, mut given, expected) in cases {
            families.prefer(&mut given);
            assert_eq!(given, expected, "{families:?}");
        }
    }
}
