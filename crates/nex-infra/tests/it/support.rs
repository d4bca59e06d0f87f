//! The reference deployment as the input of tests.

use std::collections::{BTreeMap, BTreeSet};

use nex_infra::model::{Desired, Key, Kind, Observed};
use nex_infra::{
    Capacity, DatabaseFacts, EdgeNetworks, Facts, FleetState, ImageId, Images, Inputs, LintContext,
    MachineType, Machines, Names, Quotas, SecurityGroupId, Spec, Step, SubnetId, UserData, VpcId,
    desired, diff,
};
use nex_plan::{Allowance, Finding, Linted, Renderer};

use crate::stored;

/// The section `[aws]` of the reference, as a file would hold it.
pub(crate) const SECTION: &str = r#"
region = "eu-west-3"
account = "123456789012"

[network]
vpc = "tag:Name=nex-staging"
public_subnet = "10.0.1.0/24"
private_subnets = ["10.0.10.0/24", "10.0.20.0/24"]

[database]
instance = "nex-staging"
allow_ingress = true

[server]
ssh_from = ["203.0.113.0/24"]

[fleet]
"#;

pub(crate) fn spec() -> Spec {
    toml::from_str(SECTION).expect("a valid section")
}

pub(crate) fn names() -> Names {
    Names::new("nex", "staging")
}

fn burstable(vcpus: u32) -> MachineType {
    MachineType {
        vcpus,
        memory_mib: 4096 * vcpus,
        architectures: ["x86_64".to_owned()].into(),
        is_burstable: true,
    }
}

pub(crate) fn facts() -> Facts {
    Facts {
        account: "123456789012".into(),
        partition: "aws".into(),
        region: "eu-west-3".into(),
        vpc: VpcId::new("vpc-1"),
        public_subnet: SubnetId::new("subnet-1"),
        private_subnets: ["subnet-10", "subnet-20"].map(SubnetId::new).into(),
        nat_gateways: vec!["nat-1".into()],
        database: DatabaseFacts {
            host: "nex-staging.abc.eu-west-3.rds.amazonaws.com".into(),
            port: 5432,
            version: "16.4".into(),
            groups: vec![SecurityGroupId::new("sg-database")],
        },
        images: Images {
            server: ImageId::new("ami-1"),
            fleet: ImageId::new("ami-2"),
        },
        zones: BTreeMap::new(),
        fleet: FleetState::Empty,
        deleted_secrets: BTreeMap::new(),
        machines: Machines {
            types: [("t3a.xlarge", 4), ("t3a.large", 2), ("t3.large", 2)]
                .map(|(name, vcpus)| (name.to_owned(), burstable(vcpus)))
                .into(),
            ..Machines::default()
        },
    }
}

pub(crate) fn inputs() -> Inputs {
    Inputs {
        user_data: UserData {
            server: "#!/bin/bash\necho server\n".into(),
            fleet: "#!/bin/bash\necho runner\n".into(),
        },
        edge_networks: EdgeNetworks::Known(vec!["192.0.2.0/24".into(), "2001:db8::/32".into()]),
        mail_password: true,
        rotate: BTreeSet::new(),
    }
}

/// The resources that `spec` asks for, with the [`facts`] and the [`inputs`].
pub(crate) fn wanted(spec: &Spec) -> Desired {
    desired(spec, &names(), &facts(), &inputs(), &Observed::new())
}

/// The reference, built.
pub(crate) fn built() -> (Desired, Observed) {
    let desired = wanted(&spec());
    let observed = stored::all(&desired);
    (desired, observed)
}

/// A lint context that causes no findings of its own: only the plan and the resources cause findings.
pub(crate) fn quiet<'a>(
    spec: &'a Spec,
    ground: &'a Ground,
    desired: &'a Desired,
    observed: &'a Observed,
) -> LintContext<'a> {
    LintContext::Build {
        spec,
        facts: &ground.facts,
        desired,
        observed,
        quotas: &ground.quotas,
        edge_networks: &ground.edge_networks,
    }
}

/// The context of a lint, apart from the resources.
pub(crate) struct Ground {
    pub(crate) facts: Facts,
    pub(crate) quotas: Quotas,
    pub(crate) edge_networks: EdgeNetworks,
}

/// The quotas of an account with room for everything.
pub(crate) fn ground() -> Ground {
    Ground {
        facts: facts(),
        quotas: Quotas::Read(Capacity {
            on_demand: 10_000,
            spot: 10_000,
            on_demand_used: 0,
            spot_used: 0,
        }),
        edge_networks: inputs().edge_networks,
    }
}

/// The plan with its findings.
pub(crate) fn plan(desired: &Desired, observed: &Observed) -> Linted<Step> {
    let plan = diff("staging", desired, observed);
    plan.lint(&quiet(&spec(), &ground(), desired, observed))
}

/// The plan as a user sees it.
pub(crate) fn text(desired: &Desired, observed: &Observed) -> String {
    Renderer::plain().linted(&plan(desired, observed))
}

/// The first key of a kind.
pub(crate) fn first(observed: &Observed, kind: Kind) -> Key {
    let found = observed.keys().find(|key| key.kind == kind);
    found.expect("one of each kind").clone()
}

/// What allows all findings.
pub(crate) fn allowances(linted: &Linted<Step>) -> BTreeSet<Allowance> {
    linted.findings().iter().map(Finding::allowance).collect()
}
