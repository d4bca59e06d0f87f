//! The layer rules, as pure functions of the dependency graph.

use super::graph::{Graph, Names, Trees};

/// The crates of one provider or kind of host each. They never depend on each other: `bins/nex`
/// passes values between them.
pub(crate) const PROVIDER_CRATES: [&str; 4] = ["nex-dns", "nex-gitlab", "nex-runner", "nex-infra"];
/// The dependencies that `nex-plan` may have.
const PLAN_DEPENDENCIES: [&str; 2] = ["serde", "thiserror"];
/// Packages without AWS code, even with their default features.
const NO_AWS: [&str; 1] = ["nex-dns"];
/// Packages that render and compare without network code if their default features are off.
const NO_NETWORK: [&str; 4] = ["nex-plan", "nex-gitlab", "nex-runner", "nex-infra"];
/// The package that must build and start at once, so it has no AWS SDK, async runtime or TLS.
/// It calls the sandbox's control API with `ureq`, a small blocking HTTP client.
const XTASK: &str = "xtask";

/// The packages whose transitive dependencies the rules restrict.
pub(super) fn restricted() -> Trees {
    Trees {
        default_features: NO_AWS.to_vec(),
        no_default_features: [&NO_NETWORK[..], &[XTASK]].concat(),
    }
}

/// Describes every violation of every rule.
pub(super) fn violations(graph: &Graph) -> Vec<String> {
    [
        missing_packages(graph),
        plan(graph),
        providers(graph),
        bins(graph),
        sandbox(graph),
        trees(graph),
    ]
    .concat()
}

/// A rule about a package that does not exist would never fail.
fn missing_packages(graph: &Graph) -> Vec<String> {
    let restricted = restricted();
    let mut missing: Vec<&str> = PROVIDER_CRATES
        .into_iter()
        .chain(restricted.default_features)
        .chain(restricted.no_default_features)
        .filter(|name| !graph.members.contains_key(*name))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    missing
        .iter()
        .map(|name| {
            format!("the workspace has no package {name}: update the rules if it was renamed")
        })
        .collect()
}

fn plan(graph: &Graph) -> Vec<String> {
    let plan = graph.members.get("nex-plan");
    plan.into_iter()
        .flat_map(|plan| &plan.normal)
        .filter(|name| !PLAN_DEPENDENCIES.contains(&name.as_str()))
        .map(|name| {
            format!("nex-plan depends on {name}: it may only depend on serde and thiserror")
        })
        .collect()
}

fn providers(graph: &Graph) -> Vec<String> {
    let crates = PROVIDER_CRATES
        .iter()
        .filter_map(|name| graph.members.get_key_value(*name));
    crates
        .flat_map(|(name, member)| {
            let others = member.all.iter();
            others
                .filter(|other| PROVIDER_CRATES.contains(&other.as_str()))
                .map(move |other| format!("{name} depends on {other}: only bins may use both"))
        })
        .collect()
}

fn bins(graph: &Graph) -> Vec<String> {
    let is_bin = |name: &str| graph.members.get(name).is_some_and(|one| one.is_bin);
    graph
        .members
        .iter()
        .flat_map(|(name, member)| {
            let bins = member.all.iter().filter(|other| is_bin(other));
            bins.map(move |bin| format!("{name} depends on {bin}: no package may depend on a bin"))
        })
        .collect()
}

fn sandbox(graph: &Graph) -> Vec<String> {
    graph
        .members
        .iter()
        .filter(|(_, member)| member.normal.contains("nex-sandbox"))
        .map(|(name, _)| format!("{name} depends on nex-sandbox: only tests may use it"))
        .collect()
}

fn trees(graph: &Graph) -> Vec<String> {
    let default = graph.default_features.iter().map(|(name, tree)| {
        let unwanted = matching(tree, is_aws);
        (name, unwanted, "with its default features")
    });
    let no_default = graph.no_default_features.iter().map(|(name, tree)| {
        let unwanted = if name == XTASK {
            matching(tree, |name| is_aws(name) || is_async_or_tls(name))
        } else {
            matching(tree, |name| is_aws(name) || is_network(name))
        };
        (name, unwanted, "without default features")
    });
    default
        .chain(no_default)
        .filter(|(_, unwanted, _)| !unwanted.is_empty())
        .map(|(name, unwanted, features)| {
            format!("{name} {features} depends on {}", unwanted.join(", "))
        })
        .collect()
}

fn matching(tree: &Names, unwanted: impl Fn(&str) -> bool) -> Vec<&str> {
    let names = tree.iter().map(String::as_str);
    names.filter(|name| unwanted(name)).collect()
}

fn is_aws(name: &str) -> bool {
    name.starts_with("aws-")
}

fn is_network(name: &str) -> bool {
    is_async_or_tls(name) || is_family(name, &["ureq"])
}

fn is_async_or_tls(name: &str) -> bool {
    const FAMILIES: [&str; 7] = [
        "axum", "hyper", "mio", "native", "reqwest", "rustls", "tokio",
    ];
    is_family(name, &FAMILIES)
}

/// Whether the first word of the package's name is one of these.
fn is_family(name: &str, families: &[&str]) -> bool {
    let first = name.split('-').next().unwrap_or(name);
    families.contains(&first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::graph::Member;

    /// A graph without violations.
    fn valid_graph() -> Graph {
        // Name, normal dependencies, dependencies of tests.
        let members = [
            ("nex-plan", vec!["serde", "thiserror"], vec!["serde_json"]),
            ("nex-dns", vec!["nex-plan"], vec![]),
            ("nex-gitlab", vec!["nex-plan"], vec![]),
            ("nex-runner", vec!["nex-plan"], vec![]),
            ("nex-infra", vec!["nex-plan", "tokio"], vec!["nex-sandbox"]),
            ("nex-sandbox", vec!["tokio"], vec![]),
            ("nex", PROVIDER_CRATES.to_vec(), vec!["nex-sandbox"]),
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
        let tree = |name: &str| (name.to_owned(), names(&["serde"]));
        let restricted = restricted();
        Graph {
            members: members.into_iter().map(member).collect(),
            default_features: restricted.default_features.into_iter().map(tree).collect(),
            no_default_features: restricted
                .no_default_features
                .into_iter()
                .map(tree)
                .collect(),
        }
    }

    fn names(names: &[&str]) -> Names {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Expects these violations after `change` to a valid graph.
    fn check(change: impl FnOnce(&mut Graph), expected: &[&str]) {
        let mut graph = valid_graph();
        change(&mut graph);
        assert_eq!(violations(&graph), expected);
    }

    /// Adds a normal dependency.
    fn depend(graph: &mut Graph, name: &str, on: &str) {
        let member = graph.members.entry(name.to_owned()).or_default();
        member.normal.insert(on.to_owned());
        member.all.insert(on.to_owned());
    }

    #[test]
    fn a_valid_graph_has_no_violations() {
        check(|_| (), &[]);
    }

    #[test]
    fn plan_depends_on_two_crates_only() {
        check(
            |graph| depend(graph, "nex-plan", "tokio"),
            &["nex-plan depends on tokio: it may only depend on serde and thiserror"],
        );
    }

    #[test]
    fn providers_do_not_depend_on_each_other() {
        check(
            |graph| depend(graph, "nex-runner", "nex-infra"),
            &["nex-runner depends on nex-infra: only bins may use both"],
        );
        let in_tests_only = |graph: &mut Graph| {
            let member = graph.members.entry("nex-infra".to_owned()).or_default();
            member.all.insert("nex-dns".to_owned());
        };
        check(
            in_tests_only,
            &["nex-infra depends on nex-dns: only bins may use both"],
        );
    }

    #[test]
    fn no_package_depends_on_a_bin() {
        check(
            |graph| depend(graph, "xtask", "nex"),
            &["xtask depends on nex: no package may depend on a bin"],
        );
    }

    #[test]
    fn the_product_does_not_contain_the_sandbox() {
        check(
            |graph| depend(graph, "nex", "nex-sandbox"),
            &["nex depends on nex-sandbox: only tests may use it"],
        );
    }

    #[test]
    fn dns_has_no_aws_code() {
        let add = |graph: &mut Graph| {
            let tree = names(&["aws-sdk-s3", "hyper"]);
            graph.default_features.insert("nex-dns".to_owned(), tree);
        };
        check(
            add,
            &["nex-dns with its default features depends on aws-sdk-s3"],
        );
    }

    /// Expects this violation if the package's tree without default features is `tree`.
    fn check_tree(package: &str, tree: &[&str], expected: &[&str]) {
        let replace = |graph: &mut Graph| {
            let tree = names(tree);
            graph.no_default_features.insert(package.to_owned(), tree);
        };
        let expected: Vec<String> = expected
            .iter()
            .map(|found| format!("{package} without default features depends on {found}"))
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(replace, &expected);
    }

    #[test]
    fn rendering_has_no_network_code() {
        for package in NO_NETWORK {
            let tree = ["aws-config", "hyper-util", "serde", "tokio", "ureq"];
            let expected = "aws-config, hyper-util, tokio, ureq";
            check_tree(package, &tree, &[expected]);
            check_tree(package, &["serde", "ureq-proto"], &["ureq-proto"]);
        }
    }

    #[test]
    fn xtask_has_a_blocking_http_client_at_most() {
        check_tree(XTASK, &["serde", "ureq", "ureq-proto"], &[]);
        let tree = ["aws-config", "hyper-util", "rustls", "tokio", "ureq"];
        let expected = "aws-config, hyper-util, rustls, tokio";
        check_tree(XTASK, &tree, &[expected]);
    }

    #[test]
    fn a_missing_package_is_a_violation() {
        check(
            |graph| drop(graph.members.remove("nex-runner")),
            &["the workspace has no package nex-runner: update the rules if it was renamed"],
        );
    }
}
