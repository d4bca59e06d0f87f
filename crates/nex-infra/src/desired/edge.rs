//! The rules of the server's security group for web traffic.

use std::collections::BTreeSet;

use super::DesiredBuilder;
use crate::inputs::EdgeNetworks;
use crate::model::{Key, Kind, Owner, PortRange, Protocol, ResourceState, Rule};
use crate::spec::CLOUDFLARE;

/// HTTP and HTTPS.
const WEB_PORTS: [u16; 2] = [80, 443];

impl DesiredBuilder<'_> {
    /// The rules for ports 80 and 443. A list that could not be read changes no rule of an existing group.
    pub(super) fn web_rules(&self) -> BTreeSet<Rule> {
        let edge = &self.inputs.edge_networks;
        let is_unread = matches!(edge, EdgeNetworks::Unread { .. });
        if is_unread
            && self.spec.uses_edge_networks()
            && let Some(existing) = self.existing_ingress()
        {
            return existing.iter().filter(|r| is_web(r)).cloned().collect();
        }
        let networks = self.spec.server.web_from.iter().flat_map(|from| {
            if from == CLOUDFLARE {
                edge.cidrs()
            } else {
                std::slice::from_ref(from)
            }
        });
        let rules = networks
            .flat_map(|network| WEB_PORTS.map(|port| Rule::port(Protocol::Tcp, port, network)));
        rules.collect()
    }

    /// The ingress rules of the server's security group, if nex owns one.
    fn existing_ingress(&self) -> Option<&BTreeSet<Rule>> {
        let key = Key::new(Kind::SecurityGroup, self.names.server());
        let existing = self.observed.get(&key);
        match &existing.filter(|e| e.owner == Owner::Nex)?.state {
            ResourceState::SecurityGroup(group) => Some(&group.ingress),
            _ => None,
        }
    }
}

fn is_web(rule: &Rule) -> bool {
    let ports = WEB_PORTS.map(|port| Some(PortRange::one(port)));
    rule.protocol == Protocol::Tcp && ports.contains(&rule.ports)
}
