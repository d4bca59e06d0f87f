//! The networks that Cloudflare's proxies connect from.

use ipnet::{Ipv4Net, Ipv6Net};

/// The networks of Cloudflare's edge: an origin lets them in on ports 80 and 443, and its web server trusts them to
/// name a visitor's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeNetworks {
    /// The IPv4 networks, in Cloudflare's order.
    pub ipv4: Vec<Ipv4Net>,
    /// The IPv6 networks, in Cloudflare's order.
    pub ipv6: Vec<Ipv6Net>,
}

/// The month in which the built-in list was last changed.
pub const BUILT_IN_AS_OF: &str = "2021-04";

const IPV4: [&str; 15] = [
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
];

const IPV6: [&str; 7] = [
    "2400:cb00::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2405:b500::/32",
    "2405:8100::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
];

/// A copy of the list at <https://www.cloudflare.com/ips/>, for a program that can't reach Cloudflare.
pub fn built_in() -> EdgeNetworks {
    EdgeNetworks {
        ipv4: IPV4
            .iter()
            .map(|net| net.parse().expect("an IPv4 network"))
            .collect(),
        ipv6: IPV6
            .iter()
            .map(|net| net.parse().expect("an IPv6 network"))
            .collect(),
    }
}

impl EdgeNetworks {
    /// The networks in CIDR notation, IPv4 first.
    pub fn cidrs(&self) -> Vec<String> {
        let ipv4 = self.ipv4.iter().map(ToString::to_string);
        let ipv6 = self.ipv6.iter().map(ToString::to_string);
        ipv4.chain(ipv6).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::built_in;

    #[test]
    fn every_network_is_given_by_its_first_address_and_none_twice() {
        let edge = built_in();
        assert!(edge.ipv4.iter().all(|net| *net == net.trunc()));
        assert!(edge.ipv6.iter().all(|net| *net == net.trunc()));
        let (mut ipv4, mut ipv6) = (edge.ipv4.clone(), edge.ipv6.clone());
        ipv4.sort();
        ipv4.dedup();
        ipv6.sort();
        ipv6.dedup();
        assert_eq!((ipv4.len(), ipv6.len()), (15, 7));
    }
}
