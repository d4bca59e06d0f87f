//! How another tool uses the crate: it reads a TOML section and prints one of the server's files.
//!
//! `cargo run -p nex-gitlab --example gitlab_rb -- gitlab.rb` prints that file; without an argument, the example lists
//! the names of all files.

use std::io::Write;

use nex_gitlab::{Inputs, LogGroups, Secrets, Spec};

const SECTION: &str = r#"
url = "https://gitlab.example.com"
registry_url = "https://registry.example.com"
ssh_host = "ssh-gitlab.example.com"

[mail]
host = "smtp.example.com"
user = "gitlab@example.com"
password = "env:SMTP_PASSWORD"
from = "gitlab@example.com"
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let spec: Spec = toml::from_str(SECTION)?;
    spec.validate().into_result()?;
    let files = nex_gitlab::files(&spec, &inputs());
    let text = match std::env::args().nth(1) {
        Some(name) => files.get(name.as_str()).ok_or("no such file")?.clone(),
        None => files.keys().map(|name| format!("{name}\n")).collect(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// What this tool knows about the server's surroundings.
fn inputs() -> Inputs {
    Inputs {
        environment: "example".into(),
        region: "eu-west-3".into(),
        database_host: "example.abc.eu-west-3.rds.amazonaws.com".into(),
        database_port: 5432,
        registry_bucket: "example-registry".into(),
        backups_bucket: "example-backups".into(),
        backups_prefix: "gitlab/".into(),
        secrets: Secrets {
            database_password: "example/gitlab/database-password".into(),
            root_password: "example/gitlab/root-password".into(),
            mail_password: Some("example/gitlab/mail-password".into()),
            origin_certificate: "example/gitlab/origin-certificate".into(),
        },
        edge_networks: vec!["192.0.2.0/24".into()],
        log_groups: LogGroups {
            rails: "/example/gitlab/rails".into(),
            nginx_access: "/example/gitlab/nginx-access".into(),
            nginx_error: "/example/gitlab/nginx-error".into(),
            system: "/example/gitlab/system".into(),
        },
    }
}
