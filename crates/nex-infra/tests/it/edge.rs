//! Cloudflare's networks in the server's security group, especially when Cloudflare's list can't be read.

use nex_infra::model::{Kind, Observed, Owner, Protocol, ResourceState, Rule};
use nex_infra::{EdgeNetworks, Inputs, LintContext, Spec, desired, diff};

use crate::stored;
use crate::support::{facts, first, ground, inputs, names, quiet, spec, wanted};

fn unread() -> Inputs {
    Inputs {
        edge_networks: EdgeNetworks::Unread {
            built_in: vec!["198.51.100.0/24".into()],
            error: "no answer".into(),
        },
        ..inputs()
    }
}

/// The fields that a plan changes while the list is unread.
fn changes(spec: &Spec, observed: &Observed) -> Vec<String> {
    let desired = desired(spec, &names(), &facts(), &unread(), observed);
    let plan = diff("staging", &desired, observed);
    let groups = plan.steps().filter(|s| s.key.kind == Kind::SecurityGroup);
    groups
        .flat_map(|step| {
            step.fields
                .iter()
                .map(|f| format!("{}: {}", f.field, f.new))
        })
        .collect()
}

#[test]
fn a_list_that_could_not_be_read_changes_no_rule_of_an_existing_group() {
    let mut observed = stored::all(&wanted(&spec()));
    assert_eq!(changes(&spec(), &observed), Vec::<String>::new());

    // A rule for another port is still a drift, and SSH rules have nothing to do with Cloudflare.
    let key = first(&observed, Kind::SecurityGroup);
    let ResourceState::SecurityGroup(group) = &mut observed.get_mut(&key).unwrap().state else {
        panic!("a group");
    };
    group
        .ingress
        .insert(Rule::port(Protocol::Tcp, 8080, "0.0.0.0/0"));
    let ingress = changes(&spec(), &observed).join("\n");
    assert!(ingress.starts_with("ingress: "), "{ingress}");
    assert!(
        ingress.contains("192.0.2.0/24") && !ingress.contains("8080"),
        "{ingress}"
    );
    assert!(!ingress.contains("198.51.100.0/24"), "{ingress}");
}

#[test]
fn only_a_new_group_gets_the_built_in_list() {
    let fresh = changes(&spec(), &Observed::new()).join("\n");
    assert!(fresh.contains("tcp 443 198.51.100.0/24"), "{fresh}");

    // The rules of another owner's group are not kept.
    let mut observed = stored::all(&wanted(&spec()));
    let key = first(&observed, Kind::SecurityGroup);
    observed.get_mut(&key).unwrap().owner = Owner::Other;
    let desired = desired(&spec(), &names(), &facts(), &unread(), &observed);
    let built_in = desired[&key]
        .fields()
        .into_iter()
        .find(|f| f.name == "ingress");
    assert!(
        built_in
            .unwrap()
            .value
            .to_string()
            .contains("198.51.100.0/24")
    );
}

#[test]
fn a_spec_without_the_word_is_not_concerned() {
    let mut spec = spec();
    spec.server.web_from = vec!["10.0.0.0/8".into()];
    let observed = stored::all(&wanted(&crate::support::spec()));
    let ingress = changes(&spec, &observed).join("\n");
    assert!(ingress.contains("tcp 443 10.0.0.0/8"), "{ingress}");
    assert!(!ingress.contains("192.0.2.0/24"), "{ingress}");
}

#[test]
fn the_lint_reports_an_unread_list_where_the_spec_uses_it() {
    let codes = |spec: &Spec| -> Vec<String> {
        let observed = stored::all(&wanted(spec));
        let desired = desired(spec, &names(), &facts(), &unread(), &observed);
        let mut ground = ground();
        ground.edge_networks = unread().edge_networks;
        let context: LintContext<'_> = quiet(spec, &ground, &desired, &observed);
        let linted = diff("staging", &desired, &observed).lint(&context);
        let findings = linted.findings().iter();
        findings
            .map(|f| format!("{} {}", f.code, f.subject))
            .collect()
    };
    assert_eq!(codes(&spec()), ["edge-networks-unread aws.server.web_from"]);
    let mut other = spec();
    other.server.web_from = vec!["10.0.0.0/8".into()];
    assert_eq!(codes(&other), Vec::<String>::new());
}
