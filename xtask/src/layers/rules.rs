//! The rules, and what breaks them: a pure function of the graph.

use super::graph::{Graph, Names};

/// The four that never know each other: what one needs of another, `bins/nex` carries across.
pub(crate) const SIDES: [&str; 4] = ["nex-dns", "nex-gitlab", "nex-runner", "nex-infra"];
/// What the shared vocabulary may stand on.
const UNDER_PLAN: [&str; 2] = ["serde", "thiserror"];
/// Packages whose default features bring no AWS along.
pub(super) const WHOLE: [&str; 1] = ["nex-dns"];
/// Packages that render and compare without any network code, once their default features are off.
pub(super) const BARE: [&str; 5] = ["nex-plan", "nex-gitlab", "nex-runner", "nex-infra", "xtask"];

/// Every breach of every rule, in words.
pub(super) fn violations(graph: &Graph) -> Vec<String> {
    [
        absent(graph),
        under_plan(graph),
        sides(graph),
        bins(graph),
        emulator(graph),
        trees(graph),
    ]
    .concat()
}

/// A rule about a package that is not there guards nothing.
fn absent(graph: &Graph) -> Vec<String> {
    let named = SIDES.iter().chain(&WHOLE).chain(&BARE);
    let mut gone: Vec<&str> = named
        .copied()
        .filter(|name| !graph.members.contains_key(*name))
        .collect();
    gone.sort_unstable();
    gone.dedup();
    let say = |name: &&str| format!("there is no {name}: was it renamed?");
    gone.iter().map(say).collect()
}

fn under_plan(graph: &Graph) -> Vec<String> {
    let plan = graph.members.get("nex-plan");
    let depends = plan.into_iter().flat_map(|plan| &plan.normal);
    depends
        .filter(|name| !UNDER_PLAN.contains(&name.as_str()))
        .map(|name| format!("nex-plan depends on {name}: it stands on serde and thiserror only"))
        .collect()
}

fn sides(graph: &Graph) -> Vec<String> {
    let of = |side: &&str| graph.members.get_key_value(*side);
    let pairs = SIDES.iter().filter_map(of).flat_map(|(side, member)| {
        let others = member.all.iter();
        let others = others.filter(|name| SIDES.contains(&name.as_str()));
        others.map(move |other| (side, other))
    });
    pairs
        .map(|(side, other)| format!("{side} depends on {other}: only bins may know both"))
        .collect()
}

fn bins(graph: &Graph) -> Vec<String> {
    let is_bin = |name: &str| graph.members.get(name).is_some_and(|one| one.is_bin);
    let edges = graph.members.iter().flat_map(|(name, member)| {
        let below = member.all.iter().filter(|below| is_bin(below));
        below.map(move |bin| (name, bin))
    });
    edges
        .map(|(name, bin)| format!("{name} depends on {bin}: nothing stands on a bin"))
        .collect()
}

fn emulator(graph: &Graph) -> Vec<String> {
    let users = graph.members.iter();
    let users = users.filter(|(_, member)| member.normal.contains("nex-sandbox"));
    users
        .map(|(name, _)| format!("{name} depends on nex-sandbox: it is for tests"))
        .collect()
}

fn trees(graph: &Graph) -> Vec<String> {
    let whole = graph.whole.iter().map(|(name, tree)| {
        let found = among(tree, is_aws);
        (name, found, "with its default features")
    });
    let bare = graph.bare.iter().map(|(name, tree)| {
        let found = among(tree, |name| is_aws(name) || is_network(name));
        (name, found, "without default features")
    });
    whole
        .chain(bare)
        .filter(|(_, found, _)| !found.is_empty())
        .map(|(name, found, how)| format!("{name} {how} brings {} along", found.join(", ")))
        .collect()
}

fn among(tree: &Names, unwanted: impl Fn(&str) -> bool) -> Vec<&str> {
    let names = tree.iter().map(String::as_str);
    names.filter(|name| unwanted(name)).collect()
}

fn is_aws(name: &str) -> bool {
    name.starts_with("aws-")
}

fn is_network(name: &str) -> bool {
    let first = name.split('-').next().unwrap_or(name);
    ["tokio", "hyper", "mio", "reqwest", "ureq", "rustls", "axum"].contains(&first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::graph::Member;

    /// A graph as it should be, from (package, normal, only for tests).
    fn good() -> Graph {
        let members = [
            ("nex-plan", vec!["serde", "thiserror"], vec!["serde_json"]),
            ("nex-dns", vec!["nex-plan"], vec![]),
            ("nex-gitlab", vec!["nex-plan"], vec![]),
            ("nex-runner", vec!["nex-plan"], vec![]),
            ("nex-infra", vec!["nex-plan", "tokio"], vec!["nex-sandbox"]),
            ("nex-sandbox", vec!["tokio"], vec![]),
            ("nex", SIDES.to_vec(), vec!["nex-sandbox"]),
            ("xtask", vec!["clap"], vec![]),
        ];
        let member = |(name, normal, tests): (&str, Vec<&str>, Vec<&str>)| {
            let member = Member {
                is_bin: name == "nex",
                normal: names(&normal),
                all: names(&[normal, tests].concat()),
            };
            (name.to_owned(), member)
        };
        let tree = |name: &&str| ((*name).to_owned(), names(&["serde"]));
        Graph {
            members: members.into_iter().map(member).collect(),
            whole: WHOLE.iter().map(tree).collect(),
            bare: BARE.iter().map(tree).collect(),
        }
    }

    fn names(names: &[&str]) -> Names {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The only violation must be `expected`, once `change` has spoilt a good graph.
    fn check(change: impl FnOnce(&mut Graph), expected: &str) {
        let mut graph = good();
        change(&mut graph);
        assert_eq!(violations(&graph), [expected]);
    }

    /// Lets `name` depend on `on`.
    fn depend(graph: &mut Graph, name: &str, on: &str) {
        let member = graph.members.entry(name.to_owned()).or_default();
        member.normal.insert(on.to_owned());
        member.all.insert(on.to_owned());
    }

    #[test]
    fn a_good_graph_breaks_no_rule() {
        assert_eq!(violations(&good()), [""; 0]);
    }

    #[test]
    fn the_vocabulary_stands_on_two_crates() {
        check(
            |graph| depend(graph, "nex-plan", "tokio"),
            "nex-plan depends on tokio: it stands on serde and thiserror only",
        );
    }

    #[test]
    fn the_sides_do_not_know_each_other() {
        check(
            |graph| depend(graph, "nex-runner", "nex-infra"),
            "nex-runner depends on nex-infra: only bins may know both",
        );
        let in_tests_only = |graph: &mut Graph| {
            let member = graph.members.entry("nex-infra".to_owned()).or_default();
            member.all.insert("nex-dns".to_owned());
        };
        check(
            in_tests_only,
            "nex-infra depends on nex-dns: only bins may know both",
        );
    }

    #[test]
    fn nothing_stands_on_a_bin() {
        check(
            |graph| depend(graph, "xtask", "nex"),
            "xtask depends on nex: nothing stands on a bin",
        );
    }

    #[test]
    fn the_product_holds_no_emulator() {
        check(
            |graph| depend(graph, "nex", "nex-sandbox"),
            "nex depends on nex-sandbox: it is for tests",
        );
    }

    #[test]
    fn no_aws_in_the_dns_side() {
        let spoil = |graph: &mut Graph| {
            let tree = names(&["aws-sdk-s3", "hyper"]);
            graph.whole.insert("nex-dns".to_owned(), tree);
        };
        check(
            spoil,
            "nex-dns with its default features brings aws-sdk-s3 along",
        );
    }

    #[test]
    fn no_network_code_where_nothing_is_called() {
        for name in BARE {
            let spoil = |graph: &mut Graph| {
                let tree = names(&["aws-config", "hyper-util", "serde", "tokio"]);
                graph.bare.insert(name.to_owned(), tree);
            };
            let expected = format!(
                "{name} without default features brings aws-config, hyper-util, tokio along"
            );
            check(spoil, &expected);
        }
    }

    #[test]
    fn a_rule_about_nothing_is_a_breach() {
        check(
            |graph| drop(graph.members.remove("nex-runner")),
            "there is no nex-runner: was it renamed?",
        );
    }
}
