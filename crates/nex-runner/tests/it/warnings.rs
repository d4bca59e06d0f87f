//! The warnings about the reference, and a check that the proposed values resolve them.

use expect_test::expect;
use nex_runner::{HostSize, Spec};
use proptest::prelude::*;

use crate::fixtures::{HOST, reference};

fn text(spec: &Spec, host: HostSize) -> String {
    let findings = spec.warnings(host);
    let lines = findings.iter().map(|v| {
        format!(
            "{} {} {}\n  {}\n  hint: {}\n",
            v.severity, v.code, v.subject, v.message, v.remedy
        )
    });
    lines.collect()
}

#[test]
fn warnings_of_the_reference() {
    expect![[r#"
        warning memory-overcommitted docker.memory
          2 jobs with 6g each may use 12288 MiB, but the host has 8192 MiB, of which about 7168 MiB are for jobs; if the jobs use more, the kernel kills one of them
          hint: memory = "3584m", or concurrent = 1, or hosts with 13312 MiB
        warning cpus-overcommitted docker.cpus
          2 jobs with 1.5 CPUs each may use 3 CPUs, but the host has 2; the jobs slow each other down
          hint: cpus = "1", or concurrent = 1, or hosts with 3 vCPUs
        info services-unlimited docker.service_memory
          memory = "6g" limits only a job's own container; its services have no limit
          hint: service_memory = "512m", if jobs start services
        warning jobs-have-root docker.volumes[1]
          jobs are privileged and can use the host's /var/run/docker.sock: anyone who can write a job is root on the host; also, docker:dind services do not work next to the mounted socket
          hint: keep one of the two: the socket for `docker build` on the host, or privileged for docker:dind; use this fleet for trusted projects only
        warning private-images-shared docker.pull_policy
          a job can use any image that an earlier job pulled to the host; the registry does not check the job's permission
          hint: pull_policy = ["always"]; the host does not download layers that it already has
        warning shutdown-timeout-default shutdown_timeout
          0 means neither immediately nor forever: gitlab-runner uses 30 s, and only for jobs that are being aborted
          hint: shutdown_timeout = 30 makes the value explicit; stop_timeout is how long a stop waits for running jobs
        warning session-server-idle session_timeout
          [session_server] has no listen address, so session_timeout = 1800 has no effect
          hint: remove session_timeout: GitLab cannot open a terminal on hosts in private subnets
    "#]].assert_eq(&text(&reference(), HOST));
}

#[test]
fn the_defaults_fit_the_reference_host() {
    expect![[r#"
        info services-unlimited docker.service_memory
          memory = "3g" limits only a job's own container; its services have no limit
          hint: service_memory = "512m", if jobs start services
    "#]]
    .assert_eq(&text(&Spec::default(), HOST));
}

#[test]
fn metrics_on_all_interfaces_draw_a_warning() {
    let listening = |address: &str| Spec {
        listen_address: Some(address.to_owned()),
        ..Spec::default()
    };
    let codes =
        |spec: Spec| -> Vec<_> { spec.warnings(HOST).into_iter().map(|v| v.code).collect() };
    assert!(codes(listening(":9252")).contains(&"metrics-unauthenticated"));
    assert!(!codes(listening("127.0.0.1:9252")).contains(&"metrics-unauthenticated"));
}

#[test]
fn each_volume_of_a_path_of_the_host_has_its_warning() {
    let mut spec = Spec::default();
    spec.docker.volumes = [
        "/cache",
        "/srv/cache:/cache",
        "//var/run/docker.sock:/var/run/docker.sock",
        "/:/host",
        "/home:/home",
    ]
    .map(str::to_owned)
    .into();
    let found = |spec: &Spec| -> Vec<String> {
        let findings = spec.warnings(HOST).into_iter();
        let about_jobs = findings.filter(|f| f.severity == nex_plan::Severity::Warning);
        about_jobs
            .map(|f| format!("{} {}", f.code, f.subject))
            .collect()
    };
    let of_volumes = [
        "jobs-have-root docker.volumes[2]",
        "jobs-have-root docker.volumes[3]",
        "host-path-mounted docker.volumes[4]",
    ];
    assert_eq!(found(&spec), of_volumes);
    spec.docker.privileged = true;
    assert_eq!(found(&spec), of_volumes);
    spec.docker.volumes.clear();
    assert_eq!(found(&spec), ["jobs-have-root docker.privileged"]);
}

proptest! {
    #[test]
    fn a_proposed_value_resolves_its_warning(
        concurrent in 1u32..8,
        memory in 128u32..32_768,
        cpus in 1u32..80,
        vcpus in 1u32..16,
        gib in 2u64..32,
    ) {
        let host = HostSize { vcpus, memory_mib: gib * 1024 };
        let mut spec = Spec { concurrent, ..Spec::default() };
        spec.docker.memory = format!("{memory}m");
        spec.docker.cpus = format!("{}.{}", cpus / 10, cpus % 10);
        for finding in spec.warnings(host) {
            let mut fixed = spec.clone();
            let remedy = finding.remedy.to_string();
            let Some(first) = remedy.split(", or ").next() else { continue };
            match first.split_once(" = ") {
                Some(("memory", value)) => fixed.docker.memory = value.trim_matches('"').to_owned(),
                Some(("cpus", value)) => fixed.docker.cpus = value.trim_matches('"').to_owned(),
                Some(("concurrent", value)) => fixed.concurrent = value.parse().expect("a number"),
                _ => continue,
            }
            prop_assert!(fixed.validate().is_empty());
            let left = fixed.warnings(host);
            prop_assert!(left.iter().all(|v| v.code != finding.code), "{finding:?}");
        }
    }
}
