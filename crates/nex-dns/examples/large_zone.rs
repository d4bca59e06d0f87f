//! Plans a zone with many records, half of them someone else's, and prints how long each part takes:
//! `cargo run --release -p nex-dns --no-default-features --example large_zone 5000`.
#![allow(clippy::print_stdout)]

use std::env;
use std::time::Instant;

use nex_dns::import::import;
use nex_dns::spec::{Record, RecordType};
use nex_dns::zone::{ObservedRecord, Zone};
use nex_dns::{Goal, RecordId, Spec, ZoneSnapshot, mark};
use time::OffsetDateTime;

const DEPLOYMENT: &str = "nex-staging";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: usize = env::args().nth(1).map_or(Ok(5_000), |text| text.parse())?;
    let mut spec = Spec::new("example.com");
    spec.records = (0..count).map(asked).collect();
    let own = (0..count).map(|n| observed(n, "own", Some(mark(DEPLOYMENT))));
    let others = (0..count).map(|n| observed(n, "other", None));
    let zone = Zone {
        name: "example.com".to_owned(),
        records: own.chain(others).collect(),
        ..Zone::default()
    };

    let started = Instant::now();
    import(&spec, DEPLOYMENT, &zone);
    println!("import: {:.0?}", started.elapsed());

    let started = Instant::now();
    let now = OffsetDateTime::UNIX_EPOCH;
    let snapshot = ZoneSnapshot::new(&spec, DEPLOYMENT, zone, Default::default(), now)?;
    println!("check of the spec: {:.0?}", started.elapsed());

    let started = Instant::now();
    let linted = snapshot.plan(&Goal::Spec { address: None });
    let counts = linted.plan().counts();
    println!(
        "plan of {} updates, {} creations, {} findings: {:.0?}",
        counts.update,
        counts.create,
        linted.findings().len(),
        started.elapsed()
    );
    Ok(())
}

fn asked(n: usize) -> Record {
    Record {
        content: Some(address(n)),
        ..Record::new(RecordType::A, format!("own{n}"))
    }
}

/// A record of the zone; every tenth has another address than the spec.
fn observed(n: usize, name: &str, comment: Option<String>) -> ObservedRecord {
    ObservedRecord {
        id: RecordId::new(format!("{name}{n}")),
        kind: "A".to_owned(),
        name: format!("{name}{n}.example.com"),
        content: address(if n.is_multiple_of(10) { n + 1 } else { n }),
        ttl: 1,
        proxied: false,
        comment,
        read_only: false,
    }
}

fn address(n: usize) -> String {
    format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255)
}
