//! The networks that Cloudflare's proxies connect from.

use ipnet::{Ipv4Net, Ipv6Net};

/// Cloudflare's edge: what an origin lets in on 80 and 443, and whom its web server believes a visitor's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeNetworks {
    /// When the list was as it is here: `YEAR-MONTH` for the built-in copy, `now` for one that was just fetched.
    pub as_of: String,
    /// Cloudflare's tag of this state of the list; another tag is another list. The built-in copy has none.
    pub etag: Option<String>,
    /// The IPv4 networks, in Cloudflare's order.
    pub ipv4: Vec<Ipv4Net>,
    /// The IPv6 networks, in Cloudflare's order.
    pub ipv6: Vec<Ipv6Net>,
}

const AS_OF: &str = "2021-04";

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

/// The list at <https://www.cloudflare.com/ips/>, as it was when this crate was made.
pub fn built_in() -> EdgeNetworks {
    EdgeNetworks {
        as_of: AS_OF.to_owned(),
        etag: None,
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

/// The list that was fetched, or else the built-in copy with the reason for it.
pub fn or_built_in<E>(fetched: Result<EdgeNetworks, E>) -> (EdgeNetworks, Option<E>) {
    match fetched {
        Ok(networks) => (networks, None),
        Err(error) => (built_in(), Some(error)),
    }
}

impl EdgeNetworks {
    /// Whether both lists hold the same networks, in whatever order.
    pub fn same_networks(&self, other: &Self) -> bool {
        let sorted = |networks: &Self| {
            let (mut ipv4, mut ipv6) = (networks.ipv4.clone(), networks.ipv6.clone());
            ipv4.sort();
            ipv6.sort();
            (ipv4, ipv6)
        };
        sorted(self) == sorted(other)
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
