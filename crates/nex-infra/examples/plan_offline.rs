//! Another tool's use of the crate: what a section would create, without AWS and without its SDK.
//!
//! `cargo run -p nex-infra --no-default-features --example plan_offline [SECTION.toml]`

use std::io::Write;

use nex_infra::model::Observed;
use nex_infra::{Boot, DatabaseFacts, Facts, Images, Names, Spec, desired, diff, lint};
use nex_plan::Paint;

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
    let problems: Vec<String> = spec.problems().into_iter().map(|p| p.to_string()).collect();
    if !problems.is_empty() {
        return Err(problems.join("\n").into());
    }
    let names = Names::new("acme", "test");
    let desired = desired(&spec, &names, &facts(&spec), &boot());
    let observed = Observed::new();
    let plan = diff(names.environment(), &desired, &observed);
    let mut verdicts = lint(&plan, &desired, &observed);
    verdicts.extend(spec.hazards());
    let text = plan.linted(verdicts).text(Paint::Plain);
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// What a reader would look up; this tool makes it up.
fn facts(spec: &Spec) -> Facts {
    Facts {
        account: "123456789012".into(),
        partition: "aws".into(),
        region: spec.region.clone(),
        vpc: "vpc-example".into(),
        public_subnet: "subnet-public".into(),
        private_subnets: vec!["subnet-private".into()],
        nat_gateways: vec!["nat-example".into()],
        database: DatabaseFacts {
            host: "main.example.com".into(),
            port: 5432,
            version: "16.4".into(),
            groups: vec!["sg-database".into()],
        },
        images: Images {
            server: "ami-ubuntu".into(),
            fleet: "ami-amazon-linux".into(),
        },
    }
}

/// The scripts that another crate would render.
fn boot() -> Boot {
    Boot {
        server: "#!/bin/bash\n".into(),
        fleet: "#!/bin/bash\n".into(),
        edge_networks: vec!["192.0.2.0/24".into()],
        mail_password: false,
    }
}
