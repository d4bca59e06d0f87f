//! Keeps one record: `keep_record ZONE NAME ADDRESS`, with the API token in `CLOUDFLARE_API_TOKEN`.
#![allow(clippy::print_stdout)]

use std::env;

use nex_dns::certificate::NoSecrets;
use nex_dns::spec::{Record, RecordType};
use nex_dns::{Client, Goal, Spec, ZoneManager};
use nex_plan::{Renderer, RunContext};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [zone, name, address] = &args[..] else {
        return Err("usage: keep_record ZONE NAME ADDRESS".into());
    };
    let mut client = Client::new(&env::var("CLOUDFLARE_API_TOKEN")?.into())?;
    if let Ok(base) = env::var("CLOUDFLARE_BASE_URL") {
        client = client.with_base_url(&base)?;
    }
    let mut spec = Spec::new(zone);
    spec.records.push(Record::new(RecordType::A, name));
    let manager = ZoneManager::new(client, NoSecrets, spec, "keep-record")?;
    let address = Some(address.parse()?);
    let goal = Goal::Spec { address };

    let plan = manager.read().await?.plan(&goal);
    print!("{}", Renderer::plain().linted(&plan));
    let approved = plan.approve(&[].into())?; // Nothing that needs to be allowed by name is allowed.
    let context = RunContext::detached();
    let report = manager.apply(&approved, &goal, context).await?;
    for failed in &report.failed {
        println!("failed: {}: {}", failed.id, failed.error);
    }
    let left = format!("not done: {} changes", report.remaining.entries.len());
    report.is_complete().then_some(()).ok_or(left.into())
}
