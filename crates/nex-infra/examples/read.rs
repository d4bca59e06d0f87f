//! Another program that uses the crate: lists the resources of an environment on AWS, and changes nothing.
//!
//! `cargo run -p nex-infra --example read -- SECTION.toml PREFIX ENVIRONMENT`

use std::io::Write;
use std::sync::Arc;

use nex_infra::aws::{Aws, ConnectOptions, Reader};
use nex_infra::{CloudReader as _, Names, Spec};
use nex_plan::CallLog;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, prefix, environment] = arguments.as_slice() else {
        return Err("usage: read SECTION.toml PREFIX ENVIRONMENT".into());
    };
    let spec: Spec = toml::from_str(&std::fs::read_to_string(path)?)?;
    let options = ConnectOptions {
        region: spec.region.clone(),
        account: spec.account.clone(),
        max_attempts: None,
        endpoint: None,
        calls: CallLog::default(),
    };
    let aws = Arc::new(Aws::connect(&options).await?);
    let reader = Reader::new(Arc::clone(&aws), &spec, &Names::new(prefix, environment));
    let snapshot = reader.snapshot().await?;
    let mut stdout = std::io::stdout().lock();
    for (key, existing) in &snapshot.observed {
        let owner = &existing.owner;
        writeln!(stdout, "{key}  {}  {owner:?}", existing.id)?;
    }
    writeln!(stdout, "{} calls", aws.calls().stats().count)?;
    Ok(())
}
