//! Keeps one record: `keep_record ZONE NAME ADDRESS`, with the API token in `CLOUDFLARE_API_TOKEN`.
#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::env;

use nex_dns::{Client, Desired, Read as _, Record, RecordType, Spec, apply, diff, lint};
use nex_plan::{Paint, Watch};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [zone, name, address] = &args[..] else {
        return Err("usage: keep_record ZONE NAME ADDRESS".into());
    };
    let mut client = Client::new(&env::var("CLOUDFLARE_API_TOKEN")?.into())?;
    if let Ok(base) = env::var("CLOUDFLARE_BASE_URL") {
        client = client.at(&base)?;
    }
    let mut spec = Spec::new(zone);
    spec.records.push(Record::new(RecordType::A, name));
    let desired = Desired::of(&spec, "keep-record", Some(address.parse()?));
    let desired = desired.map_err(|problems| format!("{problems:?}"))?;

    let zone = client.zone(&desired.ask()).await?;
    let plan = diff(&desired, &zone).linted(lint(&desired, &zone));
    print!("{}", plan.text(Paint::Plain));
    let approved = plan.approve(&BTreeSet::new())?; // What a verdict refuses is not done.
    let outcome = apply(
        &approved,
        &desired,
        &client,
        &client.writer(),
        Watch::nobody(),
    )
    .await?;
    for failed in &outcome.failed {
        println!("failed: {}: {}", failed.resource, failed.error);
    }
    Ok(())
}
