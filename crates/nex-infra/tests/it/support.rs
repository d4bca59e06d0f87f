//! The reference deployment as input.

use std::collections::BTreeSet;

use nex_infra::model::{Desired, Key, Kind, Observed};
use nex_infra::{Boot, DatabaseFacts, Facts, Images, Names, Spec, desired, diff, lint};
use nex_plan::{Linted, Paint};

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

pub(crate) fn facts() -> Facts {
    Facts {
        account: "123456789012".into(),
        partition: "aws".into(),
        region: "eu-west-3".into(),
        vpc: "vpc-1".into(),
        public_subnet: "subnet-1".into(),
        private_subnets: vec!["subnet-10".into(), "subnet-20".into()],
        nat_gateways: vec!["nat-1".into()],
        database: DatabaseFacts {
            host: "nex-staging.abc.eu-west-3.rds.amazonaws.com".into(),
            port: 5432,
            version: "16.4".into(),
            groups: vec!["sg-database".into()],
        },
        images: Images {
            server: "ami-1".into(),
            fleet: "ami-2".into(),
        },
    }
}

pub(crate) fn boot() -> Boot {
    Boot {
        server: "#!/bin/bash\necho server\n".into(),
        fleet: "#!/bin/bash\necho runner\n".into(),
        edge_networks: vec!["192.0.2.0/24".into(), "2001:db8::/32".into()],
        mail_password: true,
    }
}

/// What `spec` asks for on the ground of [`facts`].
pub(crate) fn wanted(spec: &Spec) -> Desired {
    desired(spec, &names(), &facts(), &boot())
}

/// The reference, built.
pub(crate) fn built() -> (Desired, Observed) {
    let desired = wanted(&spec());
    let observed = stored::all(&desired);
    (desired, observed)
}

/// The plan with its verdicts.
pub(crate) fn plan(desired: &Desired, observed: &Observed) -> Linted {
    let plan = diff("staging", desired, observed);
    let verdicts = lint(&plan, desired, observed);
    plan.linted(verdicts)
}

/// The plan as a user sees it.
pub(crate) fn text(desired: &Desired, observed: &Observed) -> String {
    plan(desired, observed).text(Paint::Plain)
}

/// The first key of a kind.
pub(crate) fn first(observed: &Observed, kind: Kind) -> Key {
    let found = observed.keys().find(|key| key.kind == kind);
    found.expect("one of each kind").clone()
}

/// The subjects of all verdicts: with them, nothing is refused.
pub(crate) fn subjects(linted: &Linted) -> BTreeSet<String> {
    linted.verdicts.iter().map(|v| v.subject.clone()).collect()
}
