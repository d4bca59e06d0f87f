//! Another program that uses the crate: shows what a section would create, without AWS and without the SDK.
//!
//! `cargo run -p nex-infra --no-default-features --example plan_offline [SECTION.toml]`

use std::io::Write;

use nex_infra::model::Observed;
use nex_infra::{
    DatabaseFacts, EdgeNetworks, Facts, FleetState, ImageId, Images, Inputs, LintContext, Names,
    Quotas, SecurityGroupId, Spec, SubnetId, UserData, VpcId, desired, diff,
};
use nex_plan::Renderer;

const SECTION: &str = r#"
region = "eu-west-3"

[network]
vpc = "tag:Name=main"
public_subnet = "10.0.1.0/24"
private_subnets = ["10.0.10.0/24"]

[database]
instance = "main"

[server]
ssh_from = ["203.0.113.0/24"]

[fleet]
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let section = match std::env::args().nth(1) {
        Some(path) => std::fs::read_to_string(path)?,
        None => SECTION.to_owned(),
    };
    let spec: Spec = toml::from_str(&section)?;
    spec.validate().into_result()?;
    let names = Names::new("acme", "test");
    let (facts, inputs, observed) = (facts(&spec), inputs(), Observed::new());
    let desired = desired(&spec, &names, &facts, &inputs, &observed);
    let plan = diff(names.environment(), &desired, &observed);
    let linted = plan.lint(&LintContext::Build {
        spec: &spec,
        facts: &facts,
        desired: &desired,
        observed: &observed,
        quotas: &Quotas::NotNeeded,
        edge_networks: &inputs.edge_networks,
    });
    let text = Renderer::plain().linted(&linted.with(spec.warnings()));
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// The facts that a reader would look up. This program makes them up.
fn facts(spec: &Spec) -> Facts {
    Facts {
        account: "123456789012".into(),
        partition: "aws".into(),
        region: spec.region.clone(),
        vpc: VpcId::new("vpc-example"),
        public_subnet: SubnetId::new("subnet-public"),
        private_subnets: vec![SubnetId::new("subnet-private")],
        nat_gateways: vec!["nat-example".into()],
        database: DatabaseFacts {
            host: "main.example.com".into(),
            port: 5432,
            version: "16.4".into(),
            groups: vec![SecurityGroupId::new("sg-database")],
        },
        images: Images {
            server: ImageId::new("ami-ubuntu"),
            fleet: ImageId::new("ami-amazon-linux"),
        },
        zones: Default::default(),
        machines: Default::default(),
        fleet: FleetState::Empty,
        deleted_secrets: Default::default(),
    }
}

/// The inputs that other crates would render and read.
fn inputs() -> Inputs {
    Inputs {
        user_data: UserData {
            server: "#!/bin/bash\n".into(),
            fleet: "#!/bin/bash\n".into(),
        },
        edge_networks: EdgeNetworks::Known(vec!["192.0.2.0/24".into()]),
        mail_password: false,
        rotate: Default::default(),
    }
}
