//! Another tool's use of the crate: lists what of an environment is there on AWS, and changes nothing.
//!
//! `cargo run -p nex-infra --example read -- SECTION.toml PREFIX ENVIRONMENT`

use std::io::Write;
use std::sync::Arc;

use nex_infra::aws::{Aws, Calls, Connect, Reader};
use nex_infra::{Names, Read as _, Spec};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, prefix, environment] = arguments.as_slice() else {
        return Err("wanted: SECTION.toml PREFIX ENVIRONMENT".into());
    };
    let spec: Spec = toml::from_str(&std::fs::read_to_string(path)?)?;
    let connect = Connect {
        region: spec.region.clone(),
        max_attempts: None,
        stand_in: None,
    };
    let aws = Arc::new(Aws::connect(&connect).await?);
    let reader = Reader::new(Arc::clone(&aws), &spec, &Names::new(prefix, environment));
    let world = reader.world().await?;
    let mut stdout = std::io::stdout().lock();
    for (key, existing) in &world.observed {
        let owner = existing.owner;
        writeln!(stdout, "{}  {}  {owner:?}", key.resource_id(), existing.id)?;
    }
    writeln!(stdout, "{} calls", Calls::of(aws.spans()).count)?;
    Ok(())
}
