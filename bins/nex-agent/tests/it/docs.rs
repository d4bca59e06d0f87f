//! `docs/hosts.md` lists the steps as they are. `UPDATE_EXPECT=1` rewrites the page.

use std::fmt::Write as _;

use expect_test::expect_file;
use nex_agent::step::{Again, Step};
use nex_agent::steps;
use nex_host::Role;

const HEAD: &str = "\
# Hosts

What happens on the GitLab server and on the runners. This page is made from the code by the tests of `nex-agent`.

nex does not install this agent yet. Until it does, scripts in the user data set the hosts up (`nex render ENV
gitlab/user-data`, `runner/user-data`).

At its first boot a host runs a short script, its user data. The script fetches the agent and the host's bundle, checks
their SHA-256, and runs `nex-agent setup`. If that fails, the script writes the reason to the status bucket and tries
again until it succeeds.

The agent runs the steps below in their order. A step whose needs are not done waits; the others run. A step that fails
or exceeds its deadline is tried again every 5 minutes, so a host heals when the cause goes away. After each step, and
every 5 minutes, the host writes its status to `status/ARN-OF-THE-INSTANCE.json`. On the host itself:

| command | effect |
|---|---|
| `nex-agent status` | shows the steps; with `--json`, the whole status |
| `nex-agent converge` | tries the steps that are not done now |
| `nex-agent apply SHA256` | fetches another bundle, and runs what it changes |
| `nex-agent backup` | on the server: makes a backup, or goes on with an interrupted upload |
| `journalctl -u nex-agent` | the log of the later runs; that of the first one is in `/var/log/cloud-init-output.log` |
";

/// The table of a role's steps.
fn table(title: &str, role: Role) -> String {
    let mut out =
        format!("\n## {title}\n\n| step | deadline | needs | runs again |\n|---|---|---|---|\n");
    for step in steps::of(role) {
        let Step {
            name,
            deadline,
            needs,
            again,
            ..
        } = step;
        let minutes = deadline.as_secs().div_ceil(60);
        let needs: Vec<String> = needs.iter().map(|need| format!("`{need}`")).collect();
        let again = match again {
            Again::OnChange => "when the bundle changes it",
            Again::EveryRun => "every time",
        };
        let needs = needs.join(", ");
        let _ = writeln!(out, "| `{name}` | {minutes} min | {needs} | {again} |");
    }
    out
}

#[test]
fn the_page_lists_the_steps() {
    let server = table("Steps of the server", Role::Server);
    let runner = table("Steps of a runner", Role::Runner);
    let page = [HEAD, &server, &runner].concat();
    expect_file!["../../../../docs/hosts.md"].assert_eq(&page);
}

#[test]
fn every_need_is_an_earlier_step_and_the_status_has_room_for_all() {
    for role in [Role::Server, Role::Runner] {
        let mut earlier = vec![];
        for step in steps::of(role) {
            for need in step.needs {
                assert!(earlier.contains(need), "{role}: {} needs {need}", step.name);
            }
            assert!(
                !earlier.contains(&step.name),
                "{role}: {} is there twice",
                step.name
            );
            earlier.push(step.name);
        }
        // The bundle has an entry of its own.
        assert!(earlier.len() < 24);
    }
}
