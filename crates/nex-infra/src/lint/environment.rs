//! Rules about what the environment depends on: gateways, Cloudflare's networks, machines, quotas.

use std::collections::BTreeSet;

use nex_plan::{Finding, Plan, PlanEntry as _, Severity, Subject};

use crate::facts::{Facts, FleetState, Machines, Quotas};
use crate::ids::SubnetId;
use crate::inputs::EdgeNetworks;
use crate::model::{DesiredResource, Kind, Peer, Rule};
use crate::spec::Spec;
use crate::step::{Step, starts_instances};

pub(super) fn nat_gateway(spec: &Spec, facts: &Facts) -> Option<Finding> {
    (spec.fleet.is_some() && facts.nat_gateways.is_empty()).then(|| {
        Finding::warning(
            "no-nat-gateway",
            "aws.network.private_subnets",
            format!(
                "{} has no available NAT gateway: the runners can't reach the internet",
                facts.vpc
            ),
            "a NAT gateway with a route from the private subnets",
        )
    })
}

/// A fleet whose instances do not start.
pub(super) fn fleet(facts: &Facts) -> Option<Finding> {
    let FleetState::Failing(why) = &facts.fleet else {
        return None;
    };
    Some(Finding::warning(
        "fleet-without-instances",
        "aws.fleet",
        format!("no runner is in service, because Auto Scaling could not start one: {why}"),
        "fix the cause that AWS names, or name more instance types",
    ))
}

pub(super) fn edge_networks(spec: &Spec, networks: &EdgeNetworks) -> Option<Finding> {
    let EdgeNetworks::Unread { error, .. } = networks else {
        return None;
    };
    spec.uses_edge_networks().then(|| {
        Finding::warning(
            "edge-networks-unread",
            "aws.server.web_from",
            format!(
                "Cloudflare's list of networks could not be read: an existing security group keeps its rules for ports \
                 80 and 443, a new one gets an older list: {error}"
            ),
            "plan again once Cloudflare's API answers",
        )
    })
}

/// Instance types that a subnet's zone does not offer, or that can't run their image.
pub(super) fn machines(spec: &Spec, facts: &Facts) -> Vec<Finding> {
    let server = &spec.server;
    let types = std::slice::from_ref(&server.instance_type);
    let subnets = std::slice::from_ref(&facts.public_subnet);
    let image = server.image.as_ref();
    let mut findings = misfits("aws.server.instance_type", types, subnets, image, facts);
    if let Some(fleet) = &spec.fleet {
        let (types, image) = (&fleet.instance_types, fleet.image.as_ref());
        let subnets = &facts.private_subnets;
        findings.extend(misfits(
            "aws.fleet.instance_types",
            types,
            subnets,
            image,
            facts,
        ));
    }
    findings
}

fn misfits(
    field: &str,
    types: &[String],
    subnets: &[SubnetId],
    image: Option<&String>,
    facts: &Facts,
) -> Vec<Finding> {
    let deny = |code, message: String, remedy: &str| {
        Finding::new(Severity::Deny, code, Subject::field(field), message, remedy)
    };
    let machines = &facts.machines;
    let zones = subnets.iter().filter_map(|subnet| facts.zones.get(subnet));
    let zones: BTreeSet<&String> = zones.collect();
    let offers = |zone: &String| {
        let mut pairs = types.iter().map(|t| (zone.clone(), t.clone()));
        pairs.any(|pair| machines.offers.contains(&pair))
    };
    let closed = zones.into_iter().filter(|zone| !offers(zone)).map(|zone| {
        let types = types.join(", ");
        deny(
            "type-not-offered",
            format!("the zone {zone} does not offer {types}"),
            "name a type that the zone offers, or a subnet in another zone",
        )
    });
    // nex's default images are for x86-64.
    let image = image.and_then(|id| machines.images.get(id));
    let architecture = image.map_or("x86_64", |image| &image.architecture);
    let misfits = types.iter().filter(|name| {
        let machine = machines.types.get(*name);
        machine.is_some_and(|machine| !machine.architectures.contains(architecture))
    });
    let misfits = misfits.map(|name| {
        deny(
            "processor",
            format!("{name} can't run an image for {architecture}"),
            "name a type of that architecture, or an image of the type's",
        )
    });
    closed.chain(misfits).collect()
}

/// The default quota of a security group's rules, for each direction and each family of addresses (VPC user guide).
const RULES: usize = 60;

/// The groups with more rules than the default quota allows. The account's own quota is not read: it may be higher.
pub(super) fn rules(step: &Step) -> Vec<Finding> {
    let Some(DesiredResource::SecurityGroup(group)) = step.operation.new_resource() else {
        return vec![];
    };
    let families = [Family::Ipv4, Family::Ipv6];
    let lists = [("ingress", &group.ingress), ("egress", &group.egress)];
    let counted = lists.into_iter().flat_map(|(direction, rules)| {
        families.map(|family| {
            (
                direction,
                family,
                rules.iter().filter(|r| family.counts(r)).count(),
            )
        })
    });
    let over = counted.filter(|(.., count)| *count > RULES);
    over.map(|(direction, family, count)| {
        Finding::new(
            Severity::Warning,
            "rules-quota",
            step.id(),
            format!(
                "{count} rules for {family} ({direction}); the default quota is {RULES} for each direction and family, \
                 and EC2 refuses more than the account's quota"
            ),
            "fewer networks in server.ssh_from and server.web_from (a network of web_from takes two rules), or a higher \
             quota L-0EA8095F",
        )
    })
    .collect()
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
enum Family {
    #[strum(serialize = "IPv4")]
    Ipv4,
    #[strum(serialize = "IPv6")]
    Ipv6,
}

impl Family {
    /// Whether a rule counts for this family: a rule for a group counts for both.
    fn counts(self, rule: &Rule) -> bool {
        match &rule.peer {
            Peer::Cidr(cidr) => cidr.contains(':') == (self == Family::Ipv6),
            Peer::Group(_) | Peer::PrefixList(_) => true,
        }
    }
}

/// One of the account's vCPU quotas, and how much of the quota a plan needs.
struct Quota {
    what: &'static str,
    code: &'static str,
    wanted: u32,
    used: u32,
    limit: u32,
}

/// Whether the account's quotas allow the instances that `plan` would start.
pub(super) fn quotas(
    plan: &Plan<Step>,
    spec: &Spec,
    machines: &Machines,
    quotas: &Quotas,
) -> Vec<Finding> {
    let capacity = match quotas {
        Quotas::Read(capacity) => capacity,
        Quotas::Unread(why) => return vec![unread(why)],
        Quotas::NotNeeded if starts_instances(plan) => return vec![unread("nobody read them")],
        Quotas::NotNeeded => return vec![],
    };
    let Demand { on_demand, spot } = demand(plan, spec, machines);
    let quotas = [
        Quota {
            what: "on-demand",
            code: "L-1216C47A",
            wanted: on_demand,
            used: capacity.on_demand_used,
            limit: capacity.on_demand,
        },
        Quota {
            what: "Spot",
            code: "L-34B43A08",
            wanted: spot,
            used: capacity.spot_used,
            limit: capacity.spot,
        },
    ];
    quotas.iter().filter_map(exceeded).collect()
}

fn unread(why: &str) -> Finding {
    Finding::new(
        Severity::Warning,
        "quota-unread",
        Subject::Other("vCPUs".into()),
        format!("the account's quotas could not be read: instances may fail to start: {why}"),
        "look up the account's quotas L-1216C47A (on-demand) and L-34B43A08 (Spot)",
    )
}

fn exceeded(quota: &Quota) -> Option<Finding> {
    let Quota {
        what,
        code,
        wanted,
        used,
        limit,
    } = quota;
    let total = wanted + used;
    (*wanted > 0 && total > *limit).then(|| {
        Finding::new(
            Severity::Warning,
            "quota",
            Subject::Other(format!("{what} vCPUs")),
            format!("{used} are in use, the plan starts up to {wanted} more, the quota is {limit}"),
            format!("ask AWS to raise quota {code} to {total} or more"),
        )
    })
}

/// The vCPUs that a plan would start.
#[derive(Default)]
struct Demand {
    on_demand: u32,
    spot: u32,
}

fn demand(plan: &Plan<Step>, spec: &Spec, machines: &Machines) -> Demand {
    let creates = |kind: Kind| plan.steps().any(|step| step.creates(kind));
    let vcpus = |name: &str| machines.types.get(name).map_or(0, |machine| machine.vcpus);
    let mut demand = Demand::default();
    if creates(Kind::Instance) {
        demand.on_demand += vcpus(&spec.server.instance_type);
    }
    if let Some(fleet) = &spec.fleet
        && creates(Kind::AutoScalingGroup)
    {
        let types = fleet.instance_types.iter();
        let largest = types.map(|name| vcpus(name)).max().unwrap_or(0);
        let base = fleet.on_demand_base.min(fleet.max);
        let spot_instances = (fleet.max - base) * fleet.spot_percent / 100;
        demand.spot += spot_instances * largest;
        demand.on_demand += (fleet.max - spot_instances) * largest;
    }
    demand
}
