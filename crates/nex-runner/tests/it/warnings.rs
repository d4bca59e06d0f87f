//! The warnings of the reference's values on its own hosts, and that what is proposed mends them.

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
fn of_the_reference() {
    expect![[r#"
        warning memory-overcommitted docker.memory
          2 jobs of 6g may use 12288 MiB; the host has 8192 MiB, about 7168 MiB of it for jobs: when they use it, the kernel kills one of them
          hint: memory = "3584m", or concurrent = 1, or hosts with 13312 MiB
        warning cpus-overcommitted docker.cpus
          2 jobs of 1.5 CPUs may use 3 CPUs; the host has 2: they slow each other down
          hint: cpus = "1", or concurrent = 1, or hosts with 3 vCPUs
        info services-unlimited docker.service_memory
          memory = "6g" limits a job's own container only: its services have no limit
          hint: service_memory = "512m", if jobs start services
        warning jobs-have-root docker.volumes[1]
          jobs are privileged and have the host's /var/run/docker.sock: whoever writes a job is root on the host; and docker:dind services do not work beside the mounted socket
          hint: one of the two: the socket for `docker build` on the host, or privileged for docker:dind; and this fleet for trusted projects only
        warning private-images-shared docker.pull_policy
          an image that one job pulled is there for every later job on the host, without asking the registry whether that job may have it
          hint: pull_policy = ["always"]: layers that are there are not pulled again
        warning shutdown-timeout-default shutdown_timeout
          0 does not mean at once or for ever: gitlab-runner takes it for 30 s, and only for jobs that are being aborted
          hint: shutdown_timeout = 30 says what happens; stop_timeout is how long running jobs are waited for
        warning session-server-idle session_timeout
          [session_server] has no listen address, so session_timeout = 1800 does nothing
          hint: leave session_timeout out: hosts in private subnets can't be reached for a terminal
    "#]].assert_eq(&text(&reference(), HOST));
}

#[test]
fn the_defaults_fit_the_host_that_they_are_made_for() {
    expect![[r#"
        info services-unlimited docker.service_memory
          memory = "3g" limits a job's own container only: its services have no limit
          hint: service_memory = "512m", if jobs start services
    "#]]
    .assert_eq(&text(&Spec::default(), HOST));
}

#[test]
fn metrics_beyond_the_host_are_open_to_all() {
    let listening = |address: &str| Spec {
        listen_address: Some(address.to_owned()),
        ..Spec::default()
    };
    let codes =
        |spec: Spec| -> Vec<_> { spec.warnings(HOST).into_iter().map(|v| v.code).collect() };
    assert!(codes(listening(":9252")).contains(&"metrics-unauthenticated"));
    assert!(!codes(listening("127.0.0.1:9252")).contains(&"metrics-unauthenticated"));
}

proptest! {
    #[test]
    fn a_proposed_size_draws_no_warning_of_its_own(
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
            let mut mended = spec.clone();
            let remedy = finding.remedy.to_string();
            let Some(first) = remedy.split(", or ").next() else { continue };
            match first.split_once(" = ") {
                Some(("memory", value)) => mended.docker.memory = value.trim_matches('"').to_owned(),
                Some(("cpus", value)) => mended.docker.cpus = value.trim_matches('"').to_owned(),
                Some(("concurrent", value)) => mended.concurrent = value.parse().expect("a number"),
                _ => continue,
            }
            prop_assert!(mended.validate().is_empty());
            let left = mended.warnings(host);
            prop_assert!(left.iter().all(|v| v.code != finding.code), "{finding:?}");
        }
    }
}
