//! A tool of one's own that speaks nex's language: it plans the deletion of old snapshots, and a lint of its own
//! refuses to delete the last one.
//!
//! ```sh
//! cargo run -p nex-plan --example verdicts
//! ```
#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;

use nex_plan::{Action, Change, Level, Paint, Plan, ResourceId, Verdict};

fn main() {
    let mut plan = Plan::new("staging");
    for name in ["snap-2026-11-01", "snap-2026-11-02"] {
        plan.push(Change {
            action: Action::Delete,
            resource: ResourceId::new("snapshot", name),
            fields: vec![],
            reasons: vec!["it is older than 14 days".into()],
        });
    }
    let last = "snap-2026-11-02";
    let linted = plan.linted(vec![Verdict::new(
        Level::Refusal,
        "last-snapshot",
        last,
        "it is the only one that is left",
        format!("name it by --allow {last}"),
    )]);
    print!("{}", linted.text(Paint::Plain));

    let nothing_named = BTreeSet::new();
    match linted.clone().approve(&nothing_named) {
        Ok(_) => println!("approved"),
        Err(refused) => println!("{refused}"),
    }
    let named = BTreeSet::from([last.to_owned()]);
    println!("once named, approved: {}", linted.approve(&named).is_ok());
}
