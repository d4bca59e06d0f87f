//! The section about growth in `docs/bench.md`.

use std::fmt::Write as _;

use super::limits::{CALLS_BY_NAME, CPU_RATIO, DEPTH_BY_NAME, ZONE_SECONDS};
use super::{Added, DELAY_MS, Figures, Growth, RECORDS};
use crate::bench::figures::RUNS;
use crate::bench::page::GROWTH;

/// The text of the section.
pub(super) fn section(machine: &str, growth: &Growth, added: &[Added; 2]) -> String {
    let mut text = format!(
        "{GROWTH}
`cargo xtask bench growth` writes this section. It builds the reference deployment on a new sandbox, adds what other teams
may have in the same account and the same zone, and measures `nex plan staging --check` without changes after each addition.
{machine}.

Every call is delayed by {DELAY_MS} ms. The CPU time is that of the process in user and in system mode, the median of {RUNS} runs.
The chain is the shortest of the runs, because a slow answer of the sandbox makes a chain longer.
The figures have no run time: that of the sandbox grows with the resources.

| in the account and in the zone | calls | chain | CPU | memory |
|---|---|---|---|---|
"
    );
    let row = |text: &mut String, what: &str, figures: &Figures| {
        let Figures {
            calls,
            depth,
            cpu,
            peak_mb,
        } = figures;
        let cpu = cpu * 1000.0;
        let _ = writeln!(
            text,
            "| {what} | {calls} | {depth} | {cpu:.0} ms | {peak_mb:.0} MB |"
        );
    };
    let [account, names] = added;
    row(&mut text, "the reference deployment alone", &growth.alone);
    row(
        &mut text,
        &format!("and {}", list(account)),
        &growth.account,
    );
    row(&mut text, &format!("and {}", list(names)), &growth.names);
    let records = format!("and {RECORDS} records of others");
    row(&mut text, &records, &growth.records);
    let own = format!("and {RECORDS} records of nex: `nex dns plan --check`");
    row(&mut text, &own, &growth.own);
    let _ = write!(
        text,
        "
The resources are tagged `ManagedBy=nex`, and not with the deployment. Elastic IPs and snapshot policies are as many as the
quotas of an account allow.

nex filters what the first addition has by name or tag. The limits are not one call more, no longer chain, and {CPU_RATIO} times
the CPU time.

AWS can't filter roles, or log groups beyond a prefix. nex reads one page of each, and by name what that page leaves out, so
the number of calls depends only on what nex itself has. The limits are {CALLS_BY_NAME} more calls and {DEPTH_BY_NAME} more in the chain.

Cloudflare lists a zone in pages of 5,000 records. nex reads all of them, because a record of others may be in the way of one of
nex's own. The limit is one more call. For the last row the limit is {ZONE_SECONDS} s of CPU time, for all {} records.
",
        2 * RECORDS
    );
    text
}

/// What was added, as words.
fn list(added: &Added) -> String {
    let words = added.iter().map(|(kind, count)| format!("{count} {kind}"));
    words.collect::<Vec<_>>().join(", ")
}
