//! The layer rules, as pure functions of the dependency graph.

use super::graph::Graph;
use crate::cargo::Features;

/// The crates of one provider or kind of host each. They never depend on each other: `bins/nex`
/// passes values between them.
pub(crate) const PROVIDER_CRATES: [&str; 4] = ["nex-dns", "nex-gitlab", "nex-runner", "nex-infra"];
/// The provider crates with a client: its feature `client` is the default and implies the feature
/// `engine`, which plans and applies through any client.
pub(crate) const ENGINE_CRATES: [&str; 2] = ["nex-dns", "nex-infra"];
/// What runs on hosts: between `nex-plan` and the crates of the hosts.
pub(crate) const HOST_CRATE: &str = "nex-host";
/// The crates of the kinds of host: the only provider crates that may depend on [`HOST_CRATE`].
const HOST_KINDS: [&str; 2] = ["nex-gitlab", "nex-runner"];
/// The dependencies that `nex-plan` may have.
const PLAN_DEPENDENCIES: [&str; 5] = ["anstyle", "event-listener", "serde", "strum", "thiserror"];
/// Packages without AWS code, even with their default features.
const NO_AWS: [&str; 1] = ["nex-dns"];
/// Packages that render and compare without network code if their default features are off.
const NO_NETWORK: [&str; 6] = [
    "nex-plan",
    HOST_CRATE,
    "nex-dns",
    "nex-gitlab",
    "nex-runner",
    "nex-infra",
];
/// The package that must build and start at once, so it has no AWS SDK, async runtime or TLS.
/// It calls the sandbox's control API with `ureq`, a small blocking HTTP client.
const XTASK: &str = "xtask";

/// The packages and features whose transitive dependencies the rules restrict.
pub(super) fn restricted() -> Vec<(&'static str, Features)> {
    let no_aws = NO_AWS.map(|name| (name, Features::Default));
    let no_network = NO_NETWORK.map(|name| (name, Features::None));
    let engines = ENGINE_CRATES.map(|name| (name, Features::Engine));
    let xtask = [(XTASK, Features::None)];
    [&no_aws[..], &no_network, &engines, &xtask].concat()
}

/// Describes every violation of every rule.
pub(super) fn violations(graph: &Graph) -> Vec<String> {
    [
        missing_packages(graph),
        plan(graph),
        host(graph),
        providers(graph),
        bins(graph),
        sandbox(graph),
        trees(graph),
    ]
    .concat()
}

/// A rule about a package that does not exist would never fail.
fn missing_packages(graph: &Graph) -> Vec<String> {
    let mut missing: Vec<&str> = PROVIDER_CRATES
        .into_iter()
        .chain(restricted().into_iter().map(|(name, _)| name))
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
            let allowed = PLAN_DEPENDENCIES.join(", ");
            format!("nex-plan depends on {name}: it may only depend on {allowed}")
        })
        .collect()
}

fn host(graph: &Graph) -> Vec<String> {
    let below = graph.members.get(HOST_CRATE).into_iter();
    let below = below
        .flat_map(|host| &host.normal)
        .filter(|name| graph.members.contains_key(*name) && *name != "nex-plan");
    let below = below.map(|name| {
        format!("{HOST_CRATE} depends on {name}: of the workspace it may only depend on nex-plan")
    });
    let others = PROVIDER_CRATES
        .iter()
        .filter(|name| !HOST_KINDS.contains(name));
    let others = others.filter(|name| {
        let member = graph.members.get(**name);
        member.is_some_and(|member| member.all.contains(HOST_CRATE))
    });
    let kinds = HOST_KINDS.join(" and ");
    let above = others.map(|name| {
        format!("{name} depends on {HOST_CRATE}: of the provider crates only {kinds} may")
    });
    below.chain(above).collect()
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
    graph
        .trees
        .iter()
        .filter_map(|((name, features), tree)| {
            let is_unwanted: fn(&str) -> bool = match features {
                Features::Default => is_aws,
                Features::None if name == XTASK => |name| is_aws(name) || is_async_or_tls(name),
                Features::None => |name| is_aws(name) || is_network(name),
                Features::Engine => is_client,
            };
            let names = tree.iter().map(String::as_str);
            let unwanted: Vec<&str> = names.filter(|name| is_unwanted(name)).collect();
            let with = describe(*features);
            let found = unwanted.join(", ");
            (!unwanted.is_empty()).then(|| format!("{name} {with} depends on {found}"))
        })
        .collect()
}

fn describe(features: Features) -> &'static str {
    match features {
        Features::Default => "with its default features",
        Features::None => "without default features",
        Features::Engine => "with only the feature engine",
    }
}

fn is_aws(name: &str) -> bool {
    name.starts_with("aws-")
}

/// Whether the package is an SDK or an HTTP client.
fn is_client(name: &str) -> bool {
    const FAMILIES: [&str; 4] = ["cloudflare", "hyper", "reqwest", "ureq"];
    name == "aws-config" || name.starts_with("aws-sdk-") || is_family(name, &FAMILIES)
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
    use crate::layers::graph::{Member, Names};

    /// A graph without violations.
    fn valid_graph() -> Graph {
        // Name, normal dependencies, dependencies of tests.
        let members = [
            ("nex-plan", PLAN_DEPENDENCIES.to_vec(), vec!["serde_json"]),
            ("nex-dns", vec!["nex-plan"], vec![]),
            ("nex-host", vec!["nex-plan", "serde"], vec!["proptest"]),
            ("nex-gitlab", vec!["nex-host", "nex-plan"], vec![]),
            ("nex-runner", vec!["nex-host", "nex-plan"], vec![]),
            ("nex-infra", vec!["nex-plan", "tokio"], vec!["nex-sandbox"]),
            ("nex-sandbox", vec!["tokio"], vec!["nex-host"]),
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
        let tree = |(name, features): (&str, _)| ((name.to_owned(), features), names(&["serde"]));
        Graph {
            members: members.into_iter().map(member).collect(),
            trees: restricted().into_iter().map(tree).collect(),
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
    fn plan_depends_on_few_crates() {
        check(
            |graph| depend(graph, "nex-plan", "tokio"),
            &[
                "nex-plan depends on tokio: it may only depend on anstyle, event-listener, serde, strum, thiserror",
            ],
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
    fn host_is_between_plan_and_the_kinds_of_host() {
        check(
            |graph| depend(graph, "nex-host", "nex-runner"),
            &["nex-host depends on nex-runner: of the workspace it may only depend on nex-plan"],
        );
        check(
            |graph| depend(graph, "nex-infra", "nex-host"),
            &[
                "nex-infra depends on nex-host: of the provider crates only nex-gitlab and nex-runner may",
            ],
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

    /// Expects these packages in a violation if this is the tree of a package.
    fn check_tree(package: &str, features: Features, tree: &[&str], found: &str) {
        let with = describe(features);
        let expected = format!("{package} {with} depends on {found}");
        let expected = if found.is_empty() {
            &[][..]
        } else {
            &[expected.as_str()]
        };
        let replace = |graph: &mut Graph| {
            let key = (package.to_owned(), features);
            let old = graph.trees.insert(key, names(tree));
            assert!(old.is_some(), "{package} {with} is not restricted");
        };
        check(replace, expected);
    }

    #[test]
    fn dns_has_no_aws_code() {
        let tree = ["aws-sdk-s3", "hyper"];
        check_tree("nex-dns", Features::Default, &tree, "aws-sdk-s3");
    }

    #[test]
    fn rendering_has_no_network_code() {
        for package in NO_NETWORK {
            let tree = ["aws-config", "hyper-util", "serde", "tokio", "ureq"];
            let found = "aws-config, hyper-util, tokio, ureq";
            check_tree(package, Features::None, &tree, found);
            let tree = ["serde", "ureq-proto"];
            check_tree(package, Features::None, &tree, "ureq-proto");
        }
    }

    #[test]
    fn an_engine_has_no_client() {
        for package in ENGINE_CRATES {
            let tree = [
                "aws-sdk-ec2",
                "cloudflare",
                "hyper-util",
                "reqwest",
                "serde",
            ];
            let found = "aws-sdk-ec2, cloudflare, hyper-util, reqwest";
            check_tree(package, Features::Engine, &tree, found);
            let tree = ["backon", "nex-plan", "tokio"];
            check_tree(package, Features::Engine, &tree, "");
        }
    }

    #[test]
    fn xtask_has_a_blocking_http_client_at_most() {
        let tree = ["serde", "ureq", "ureq-proto"];
        check_tree(XTASK, Features::None, &tree, "");
        let tree = ["aws-config", "hyper-util", "rustls", "tokio", "ureq"];
        let found = "aws-config, hyper-util, rustls, tokio";
        check_tree(XTASK, Features::None, &tree, found);
    }

    #[test]
    fn a_missing_package_is_a_violation() {
        check(
            |graph| drop(graph.members.remove("nex-runner")),
            &["the workspace has no package nex-runner: update the rules if it was renamed"],
        );
    }
}
