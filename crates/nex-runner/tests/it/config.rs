//! A TOML parser reads back the values of the spec and the inputs from `config.toml`.

use expect_test::expect;
use proptest::prelude::*;
use toml::{Table, Value};

use crate::fixtures::{inputs, reference, valid};

#[test]
fn the_reference_renders_as_the_snapshot() {
    expect![[r#"
        concurrent = 2
        check_interval = 0
        shutdown_timeout = 0

        [session_server]
        session_timeout = 1800

        [[runners]]
        name = "nex-aws-runner-{hostname}"
        url = "https://gitlab.paywithnex.com"
        token = "{token}"
        executor = "docker"

        [runners.docker]
        image = "node:20-alpine"
        privileged = true
        pull_policy = ["if-not-present"]
        volumes = ["/cache", "/var/run/docker.sock:/var/run/docker.sock"]
        memory = "6g"
        cpus = "1.5"

        [runners.cache]
        Type = "s3"
        Shared = true

        [runners.cache.s3]
        AuthenticationType = "iam"
        BucketName = "nex-staging-gitlab-runner-cache"
        BucketLocation = "eu-west-3"
    "#]]
    .assert_eq(&nex_runner::config_toml(&reference(), &inputs()));
}

proptest! {
    #[test]
    fn every_value_is_read_back((spec, inputs) in valid()) {
        let text = nex_runner::config_toml(&spec, &inputs);
        let read: Table = text.parse().expect("valid TOML");
        let docker = &spec.docker;
        let strings = |list: &[String]| Value::from(list.to_vec());
        let policies: Vec<_> = docker
            .pull_policy
            .iter()
            .map(|policy| Value::try_from(policy).expect("a string"))
            .collect();

        let mut expected_docker = Table::from_iter([
            ("image".to_owned(), Value::from(docker.image.clone())),
            ("privileged".to_owned(), docker.privileged.into()),
            ("pull_policy".to_owned(), policies.into()),
            ("volumes".to_owned(), strings(&docker.volumes)),
            ("memory".to_owned(), docker.memory.clone().into()),
            ("cpus".to_owned(), docker.cpus.clone().into()),
        ]);
        let limits = [("service_memory", &docker.service_memory), ("service_cpus", &docker.service_cpus)];
        for (key, value) in limits {
            expected_docker.extend(value.clone().map(|value| (key.to_owned(), value.into())));
        }
        let s3 = Table::from_iter([
            ("AuthenticationType".to_owned(), Value::from("iam")),
            ("BucketName".to_owned(), inputs.cache_bucket.clone().into()),
            ("BucketLocation".to_owned(), inputs.region.clone().into()),
        ]);
        let cache = Table::from_iter([
            ("Type".to_owned(), Value::from("s3")),
            ("Shared".to_owned(), spec.cache.shared.into()),
            ("s3".to_owned(), s3.into()),
        ]);
        let runner = Table::from_iter([
            ("name".to_owned(), Value::from(spec.name.clone())),
            ("url".to_owned(), inputs.gitlab_url.clone().into()),
            ("token".to_owned(), nex_runner::TOKEN.into()),
            ("executor".to_owned(), "docker".into()),
            ("docker".to_owned(), expected_docker.into()),
            ("cache".to_owned(), cache.into()),
        ]);
        let mut expected = Table::from_iter([
            ("concurrent".to_owned(), Value::from(spec.concurrent)),
            ("check_interval".to_owned(), spec.check_interval.into()),
            ("shutdown_timeout".to_owned(), spec.shutdown_timeout.into()),
            ("runners".to_owned(), vec![runner].into()),
        ]);
        if let Some(seconds) = spec.session_timeout {
            let server = Table::from_iter([("session_timeout".to_owned(), Value::from(seconds))]);
            expected.insert("session_server".to_owned(), server.into());
        }
        expected.extend(spec.listen_address.clone().map(|a| ("listen_address".to_owned(), a.into())));
        prop_assert_eq!(read, expected);
    }

    /// The host finds the token and the name by their lines, so no value may produce such a line.
    #[test]
    fn the_token_and_the_name_have_one_line_each((spec, inputs) in valid()) {
        let text = nex_runner::config_toml(&spec, &inputs);
        prop_assert_eq!(text.lines().filter(|line| *line == "token = \"{token}\"").count(), 1);
        prop_assert_eq!(text.lines().filter(|line| line.starts_with("name = ")).count(), 1);
    }
}
