//! gitlab-runner's `config.toml`. The keys are gitlab-runner's own; its `lint` command refuses unknown keys.

use serde::Serialize;

use crate::inputs::Inputs;
use crate::spec::{PullPolicy, Spec};

/// The placeholder for the host's name. The host replaces it in the line of the runner's name only.
pub const HOSTNAME: &str = "{hostname}";

/// The placeholder for the runner's token. The host replaces it at boot, in the line `token = "{token}"` only.
pub const TOKEN: &str = "{token}";

#[derive(Serialize)]
struct Config<'a> {
    concurrent: u32,
    check_interval: u32,
    shutdown_timeout: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    listen_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_server: Option<SessionServer>,
    runners: [Runner<'a>; 1],
}

#[derive(Serialize)]
struct SessionServer {
    session_timeout: u32,
}

#[derive(Serialize)]
struct Runner<'a> {
    name: &'a str,
    url: &'a str,
    token: &'static str,
    executor: &'static str,
    docker: Docker<'a>,
    cache: Cache<'a>,
}

#[derive(Serialize)]
struct Docker<'a> {
    image: &'a str,
    privileged: bool,
    pull_policy: &'a [PullPolicy],
    volumes: &'a [String],
    memory: &'a str,
    cpus: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_memory: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_cpus: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Cache<'a> {
    #[serde(rename = "Type")]
    kind: &'static str,
    shared: bool,
    #[serde(rename = "s3")]
    s3: S3<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct S3<'a> {
    authentication_type: &'static str,
    bucket_name: &'a str,
    bucket_location: &'a str,
}

/// The template of `config.toml`. The host replaces [`HOSTNAME`] and [`TOKEN`] at boot.
pub fn config_toml(spec: &Spec, inputs: &Inputs) -> String {
    let docker = &spec.docker;
    let config = Config {
        concurrent: spec.concurrent,
        check_interval: spec.check_interval,
        shutdown_timeout: spec.shutdown_timeout,
        listen_address: spec.listen_address.as_deref(),
        session_server: spec
            .session_timeout
            .map(|session_timeout| SessionServer { session_timeout }),
        runners: [Runner {
            name: &spec.name,
            url: &inputs.gitlab_url,
            token: TOKEN,
            executor: "docker",
            docker: Docker {
                image: &docker.image,
                privileged: docker.privileged,
                pull_policy: &docker.pull_policy,
                volumes: &docker.volumes,
                memory: &docker.memory,
                cpus: &docker.cpus,
                service_memory: docker.service_memory.as_deref(),
                service_cpus: docker.service_cpus.as_deref(),
            },
            cache: Cache {
                kind: "s3",
                shared: spec.cache.shared,
                s3: S3 {
                    // Explicit, because gitlab-runner's default is `iam` only while no server address is set.
                    authentication_type: "iam",
                    bucket_name: &inputs.cache_bucket,
                    bucket_location: &inputs.region,
                },
            },
        }],
    };
    let text = toml::to_string(&config).expect("strings, numbers and booleans serialize to TOML");
    format!("{}\n", text.trim_end())
}
