//! How much of the internet a list of networks covers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Networks that the internet does not route: RFC 1918, RFC 6598, RFC 4193, loopback and link-local.
const PRIVATE: [IpNet; 8] = [
    ipv4([10, 0], 8),
    ipv4([172, 16], 12),
    ipv4([192, 168], 16),
    ipv4([100, 64], 10),
    ipv4([127, 0], 8),
    ipv4([169, 254], 16),
    ipv6(0xfc00, 7),
    ipv6(0xfe80, 10),
];

const fn ipv4(start: [u8; 2], prefix_len: u8) -> IpNet {
    let address = Ipv4Addr::new(start[0], start[1], 0, 0);
    IpNet::new_assert(IpAddr::V4(address), prefix_len)
}

const fn ipv6(start: u16, prefix_len: u8) -> IpNet {
    let address = Ipv6Addr::new(start, 0, 0, 0, 0, 0, 0, 0);
    IpNet::new_assert(IpAddr::V6(address), prefix_len)
}

/// Networks of this size are as good as the whole internet: no organisation has more than a /8 of IPv4, and a /12 of IPv6
/// is what IANA gives to the registry of a continent.
const WORLD_IPV4: u8 = 8;
const WORLD_IPV6: u8 = 12;

/// Whether the networks together are as good as the whole internet. Words that are not networks do not count.
pub(super) fn cover_the_internet(list: &[String]) -> bool {
    let networks: Vec<IpNet> = list.iter().filter_map(|text| text.parse().ok()).collect();
    // The result has no overlaps.
    let networks = IpNet::aggregate(&networks);
    let (ipv4, ipv6): (Vec<IpNet>, Vec<IpNet>) =
        networks.into_iter().partition(|net| net.addr().is_ipv4());
    public_share(&ipv4) >= share(WORLD_IPV4) || public_share(&ipv6) >= share(WORLD_IPV6)
}

/// The share of these networks, without the private ones, in all addresses of their family.
fn public_share(networks: &[IpNet]) -> f64 {
    let public = |network: &IpNet| {
        if PRIVATE.iter().any(|private| private.contains(network)) {
            return 0.0;
        }
        let inside = PRIVATE.iter().filter(|private| network.contains(*private));
        let inside: f64 = inside.map(|private| share(private.prefix_len())).sum();
        share(network.prefix_len()) - inside
    };
    networks.iter().map(public).sum()
}

/// The share of a network in all addresses of its family: a power of two, so that sums are exact.
fn share(prefix_len: u8) -> f64 {
    0.5_f64.powi(prefix_len.into())
}

#[cfg(test)]
mod tests {
    use super::cover_the_internet;

    fn covers(list: &[&str]) -> bool {
        let list: Vec<String> = list.iter().map(|&text| text.to_owned()).collect();
        cover_the_internet(&list)
    }

    #[test]
    fn the_sum_of_the_networks_counts() {
        assert!(covers(&["0.0.0.0/0"]));
        assert!(covers(&["0.0.0.0/1", "128.0.0.0/1"]));
        assert!(covers(&["198.0.0.0/8"]));
        let quarters = ["52.0.0.0/10", "60.0.0.0/10", "70.0.0.0/10", "80.0.0.0/10"];
        assert!(covers(&quarters));
        assert!(!covers(&quarters[1..]));
        assert!(covers(&["::/0"]));
        assert!(covers(&["cloudflare", "2001:db8::/32", "2400::/12"]));
    }

    #[test]
    fn what_is_counted_twice_or_private_or_small_does_not_count() {
        assert!(!covers(&[]));
        assert!(!covers(&["cloudflare", "203.0.113.0/24", "2001:db8::/32"]));
        assert!(!covers(&["10.0.0.0/8", "172.16.0.0/12", "fc00::/7"]));
        let twice = ["52.0.0.0/10", "52.0.0.0/10", "52.0.0.0/11", "52.32.0.0/11"];
        assert!(!covers(&twice));
        assert!(!covers(&["10.0.0.0/8", "11.0.0.0/9"]));
        assert!(!covers(&["2a00::/13"]));
    }
}
