//! Which addresses a store may have: only those of the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks that no store lives in, with the reason. From the IANA special-purpose registries; the cloud's metadata services are
/// link-local or unique-local and therefore covered, and are named so that nobody removes them unawares.
const REFUSED: &[(&str, &str)] = &[
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local, cloud metadata"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "AMT"),
    ("192.88.99.0/24", "6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "AS112"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, broadcast"),
    ("::/96", "unspecified, loopback, v4-compatible"),
    ("64:ff9b::/96", "NAT64"),
    ("64:ff9b:1::/48", "local NAT64"),
    ("100::/64", "discard"),
    ("100:0:0:1::/64", "dummy"),
    ("2001::/23", "protocol assignments, Teredo, benchmarking, ORCHID"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "AS112"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local, cloud metadata"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
];

/// The networks of [`REFUSED`], parsed once.
#[derive(Clone)]
pub(super) struct Filter {
    refused: std::sync::Arc<[ipnet::IpNet]>,
    loopback: bool,
}

impl Filter {
    /// A filter that also lets loopback addresses pass where `loopback` says so.
    pub(super) fn new(loopback: bool) -> Self {
        let refused = REFUSED
            .iter()
            .map(|(network, _)| {
                #[expect(clippy::expect_used, reason = "constants, parsed in a test too")]
                network.parse().expect("a network")
            })
            .collect();
        Self { refused, loopback }
    }

    /// Whether a connection to `address` may be opened.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        let address = match address {
            // A v4 address in v6 clothes is judged as what it is.
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
            IpAddr::V4(_) => address,
        };
        if self.loopback && (address == IpAddr::V4(Ipv4Addr::LOCALHOST) || address == IpAddr::V6(Ipv6Addr::LOCALHOST)) {
            return true;
        }
        !self.refused.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refused_network_is_refused_at_both_its_ends() {
        let filter = Filter::new(false);
        for (network, why) in REFUSED {
            let network: ipnet::IpNet = network.parse().unwrap();
            assert!(!filter.allows(network.network()), "{network} {why}");
            assert!(!filter.allows(network.broadcast()), "{network} {why}");
        }
    }

    #[test]
    fn neighbours_of_the_refused_networks_are_allowed() {
        let filter = Filter::new(false);
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1",
            "2a00::1",
            "2003::",
            "2400::",
        ] {
            assert!(filter.allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn disguises_are_seen_through() {
        for loopback in [false, true] {
            let filter = Filter::new(loopback);
            for address in [
                "::ffff:10.0.0.1",
                "::ffff:169.254.169.254",
                "::10.0.0.1",
                "64:ff9b::a00:1",
                "2002:a00:1::",
                "fd00:ec2::254",
                "fe80::1",
                "127.0.0.2",
            ] {
                assert!(!filter.allows(address.parse().unwrap()), "{address}");
            }
            for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
                assert_eq!(filter.allows(address.parse().unwrap()), loopback, "{address}");
            }
        }
    }
}
