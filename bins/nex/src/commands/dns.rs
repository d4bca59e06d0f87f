//! `nex dns import`: the zone as it is, as a section of an environment's file.

use anyhow::Context as _;
use nex_dns::import;
use nex_dns::name::canonical_zone;
use nex_dns::ports::ZoneReader as _;

use crate::context::Context;
use crate::exit::Exit;

pub(crate) async fn import(context: &Context) -> anyhow::Result<Exit> {
    let spec = context.dns()?;
    let name = canonical_zone(&spec.zone)?;
    let zone = context
        .cloudflare()
        .await?
        .zone(&import::query(&name))
        .await;
    let zone = zone.with_context(|| format!("failed to read the zone {name}"))?;
    let imported = import::import(spec, context.names.deployment(), &zone);
    if context.output.json {
        context.output.json(&imported.spec)?;
    } else {
        context.output.data(&imported.to_toml("dns")?)?;
    }
    for id in &imported.to_adopt {
        let record = zone.records.iter().find(|record| record.id == *id);
        let record = record.map_or_else(String::new, |r| format!("{} {}", r.name, r.kind));
        context.output.note(&format!(
            "nex did not make {record}; to let nex manage the record: {}",
            context.command("adopt", &["dns-record", id.as_str()])
        ));
    }
    Ok(Exit::Fine)
}
