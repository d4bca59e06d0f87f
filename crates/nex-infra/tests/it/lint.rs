//! What a plan refuses or warns of because of what it would do.

use nex_infra::model::{Kind, ResourceState};
use nex_infra::{Spec, diff};
use nex_plan::{Action, Finding, Planned, Renderer};

use crate::support::{allowances, built, first, ground, plan, quiet, spec, wanted};

fn texts<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<String> {
    let text = |finding: &Finding| Renderer::plain().finding(finding);
    findings.into_iter().map(text).collect()
}

#[test]
fn a_running_server_gets_nex_s_profile_only_by_name() {
    let refusal = |profile: Option<&str>, running: bool| {
        let (desired, mut observed) = built();
        let key = first(&observed, Kind::Instance);
        let existing = observed.get_mut(&key).unwrap();
        existing.id = "i-1".to_owned();
        let ResourceState::Instance(instance) = &mut existing.state else {
            panic!("an instance");
        };
        instance.profile = profile.map(str::to_owned);
        instance.running = running;
        plan(&desired, &observed)
    };
    let none = refusal(None, true);
    expect_test::expect![[r#"
        refused[profile-attached] instance nex-staging-gitlab: i-1 runs without an instance profile; with the profile nex-staging-gitlab, what runs there gets the server's role: its secrets, the registry, the backups
          hint: change the spec back, or allow the change by name"#]]
    .assert_eq(&texts(none.denials()).join("\n"));
    let other = refusal(Some("theirs"), true);
    assert!(
        texts(other.denials())[0].contains("i-1 runs with the instance profile theirs"),
        "{:?}",
        texts(other.denials())
    );
    let allowed = allowances(&none);
    assert!(none.approve(&Default::default()).is_err());
    assert!(other.approve(&allowed).is_ok());
    // What does not run holds nothing yet, and what has the profile gets nothing new.
    assert_eq!(refusal(None, false).denials().count(), 0);
    let own = refusal(Some("nex-staging-gitlab"), true);
    assert_eq!(own.denials().count(), 0);
}

#[test]
fn an_address_leaves_another_instance_only_by_name() {
    let (desired, mut observed) = built();
    let server = first(&observed, Kind::Instance);
    observed.get_mut(&server).unwrap().id = "i-1".to_owned();
    let key = first(&observed, Kind::ElasticIpAssociation);
    let existing = observed.get_mut(&key).unwrap();
    existing.id = "eipassoc-1".to_owned();
    let ResourceState::ElasticIpAssociation(association) = &mut existing.state else {
        panic!("an association");
    };
    association.instance = "i-other".to_owned();
    let linted = plan(&desired, &observed);
    expect_test::expect![[r#"
        refused[address-moved] elastic-ip-association nex-staging-gitlab: the address serves i-other (eipassoc-1); it would move to i-1, and i-other could no longer be reached by it
          hint: change the spec back, or allow the change by name"#]]
    .assert_eq(&texts(linted.denials()).join("\n"));
    let allowed = allowances(&linted);
    assert!(linted.clone().approve(&Default::default()).is_err());
    assert!(linted.approve(&allowed).is_ok());
}

/// `count` networks that no other list has.
fn networks(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("198.51.{n}.0/24")).collect()
}

fn warnings(spec: &Spec) -> Vec<String> {
    let desired = wanted(spec);
    let observed = Default::default();
    let ground = ground();
    let linted =
        diff("staging", &desired, &observed).lint(&quiet(spec, &ground, &desired, &observed));
    let of_rules = linted.findings().iter().filter(|f| f.code == "rules-quota");
    texts(of_rules)
}

#[test]
fn more_rules_than_the_default_quota_cause_a_warning() {
    let mut spec = spec();
    spec.server.web_from = vec![];
    spec.server.ssh_from = networks(60);
    assert_eq!(warnings(&spec), [""; 0]);
    // Rules of the other family have a quota of their own.
    spec.server.ssh_from.push("2001:db8::/32".to_owned());
    assert_eq!(warnings(&spec), [""; 0]);
    spec.server.ssh_from = networks(61);
    let found = warnings(&spec).join("\n");
    let expected = "warning[rules-quota] security-group nex-staging-gitlab: 61 rules for IPv4 (ingress); the default quota is 60";
    assert!(found.starts_with(expected), "{found}");
    // A network may reach two ports.
    spec.server.ssh_from = vec![];
    spec.server.web_from = networks(31);
    assert_eq!(warnings(&spec).len(), 1);
}

#[test]
fn a_larger_volume_says_when_its_file_system_grows() {
    let (_, observed) = built();
    let mut larger = spec();
    larger.server.volume_gb = 300;
    let linted = plan(&wanted(&larger), &observed);
    let entries = &linted.plan().entries;
    let [Planned::Ready(step)] = &entries[..] else {
        panic!("one step");
    };
    assert_eq!(nex_plan::PlanEntry::action(step), Action::Update);
    assert!(step.reasons[0].contains("at the server's next boot"));
    // Another change of the volume has nothing to do with it.
    let (desired, mut observed) = built();
    let key = first(&observed, Kind::Volume);
    if let ResourceState::Volume(volume) = &mut observed.get_mut(&key).unwrap().state {
        volume.volume_type = "gp2".to_owned();
    }
    let linted = plan(&desired, &observed);
    assert!(linted.plan().steps().all(|step| step.reasons.is_empty()));
}
