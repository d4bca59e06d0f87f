//! Another program that uses the crate: prints an IAM policy for the people who run nex, without AWS.
//!
//! `cargo run -p nex-infra --no-default-features --example operator_policy -- ENVIRONMENT.toml POLICY`
//!
//! POLICY is `plan`, `change-compute`, `change-roles`, `change-storage` or `adopt`. docs/aws.md explains them.

use std::io::Write;

use nex_infra::permissions::{Permissions, Policy};
use nex_infra::{Names, Spec, policy::Scope};

const USAGE: &str = "usage: operator_policy ENVIRONMENT.toml POLICY";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, policy] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let policy = Policy::ALL.iter().find(|p| p.as_str() == policy);
    let policy = *policy.ok_or(USAGE)?;

    let file: toml::Table = toml::from_str(&std::fs::read_to_string(path)?)?;
    let text = |key: &str| file.get(key).and_then(|value| value.as_str());
    let spec: Spec = file
        .get("aws")
        .ok_or("no section aws")?
        .clone()
        .try_into()?;
    let names = Names::new(
        text("prefix").unwrap_or("nex"),
        text("name").ok_or("no name")?,
    );
    let names = names.with_paths(&spec.names);
    let scope = Scope {
        partition: "aws".into(),
        region: spec.region.clone(),
        account: spec.account.clone().ok_or("set aws.account")?,
    };

    let mut permissions = Permissions::new(&scope, &names, &spec);
    let dns = file.get("dns").and_then(|dns| dns.as_table());
    let token = dns.and_then(|dns| dns.get("token")?.as_str());
    if let Some(name) = token.and_then(|t| t.strip_prefix("aws-secretsmanager:")) {
        permissions = permissions.with_api_token(name);
    }
    if dns.is_some_and(|dns| dns.contains_key("certificates")) {
        permissions = permissions.with_certificate(names.secrets().origin_certificate);
    }
    let document = serde_json::to_string_pretty(permissions.document(policy).as_json())?;
    writeln!(std::io::stdout(), "{document}")?;
    Ok(())
}
