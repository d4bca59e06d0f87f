//! `gitlab.rb`: the file from which Omnibus configures GitLab.

use std::fmt;

use crate::inputs::Inputs;
use crate::quote::ruby;
use crate::spec::{Mail, Spec};

/// A ruby literal or expression.
enum Ruby {
    Text(String),
    Number(u64),
    Bool(bool),
    List(Vec<String>),
    Hash(Vec<(&'static str, Ruby)>),
    /// A fixed ruby expression, never built from a value of the spec.
    Code(&'static str),
}

impl fmt::Display for Ruby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ruby::Text(text) => f.write_str(&ruby(text)),
            Ruby::Number(number) => write!(f, "{number}"),
            Ruby::Bool(value) => write!(f, "{value}"),
            Ruby::List(items) => {
                let items: Vec<String> = items.iter().map(|item| ruby(item)).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Ruby::Hash(items) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|(key, value)| format!("{} => {value}", ruby(key)))
                    .collect();
                write!(f, "{{ {} }}", items.join(", "))
            }
            Ruby::Code(code) => f.write_str(code),
        }
    }
}

impl From<&str> for Ruby {
    fn from(text: &str) -> Self {
        Ruby::Text(text.to_owned())
    }
}

impl From<&String> for Ruby {
    fn from(text: &String) -> Self {
        Ruby::Text(text.clone())
    }
}

impl From<bool> for Ruby {
    fn from(value: bool) -> Self {
        Ruby::Bool(value)
    }
}

impl From<u32> for Ruby {
    fn from(value: u32) -> Self {
        Ruby::Number(value.into())
    }
}

/// The text of the file as it grows.
struct Writer(String);

impl Writer {
    fn line(&mut self, line: impl fmt::Display) {
        self.0.push_str(&line.to_string());
        self.0.push('\n');
    }

    fn section(&mut self, comment: &str) {
        self.line(format_args!("\n# {comment}"));
    }

    fn set(&mut self, group: &str, key: &str, value: impl Into<Ruby>) {
        self.line(format_args!("{group}['{key}'] = {}", value.into()));
    }

    fn rails(&mut self, key: &str, value: impl Into<Ruby>) {
        self.set("gitlab_rails", key, value);
    }
}

/// The server's `/etc/gitlab/gitlab.rb`. Omnibus reads the secrets from root-only files when it evaluates this file.
///
/// The nginx settings use the old names, which every version accepts; versions before 19.2 do not know the new names.
/// The file leaves out Puma and Sidekiq, because Omnibus sizes both for the machine.
pub fn gitlab_rb(spec: &Spec, inputs: &Inputs) -> String {
    let mut out = Writer(String::new());
    out.line("# Written by nex from the environment's spec. Edit the spec, not this file.");
    names(&mut out, spec);
    nginx(&mut out, &inputs.edge_networks);
    database(&mut out, spec, inputs);
    registry(&mut out, inputs);
    backups(&mut out, spec, inputs);
    if let Some(mail) = &spec.mail {
        self::mail(&mut out, mail, spec.hosts().web);
    }
    out.0
}

fn names(out: &mut Writer, spec: &Spec) {
    out.line(format_args!("external_url {}", ruby(&spec.url)));
    out.line(format_args!(
        "registry_external_url {}",
        ruby(&spec.registry_url)
    ));
    out.rails("gitlab_ssh_host", &spec.ssh_host);
    out.rails(
        "initial_root_password",
        Ruby::Code("File.read('/etc/gitlab/secrets.d/root_password').chomp"),
    );
    out.section(
        "The first reconfigure runs within cloud-init, before multi-user.target is reached.",
    );
    out.set("package", "systemd_after", "basic.target");
}

fn nginx(out: &mut Writer, edge_networks: &[String]) {
    out.section("One origin certificate serves both hosts.");
    out.set("letsencrypt", "enable", false);
    for group in ["nginx", "registry_nginx"] {
        out.set(group, "ssl_certificate", "/etc/gitlab/ssl/origin.crt");
        out.set(group, "ssl_certificate_key", "/etc/gitlab/ssl/origin.key");
        out.set(group, "redirect_http_to_https", true);
    }
    if edge_networks.is_empty() {
        return;
    }
    out.section(
        "nginx takes the visitor's address from the proxy, and trusts only the proxy's networks.",
    );
    let networks = Ruby::List(edge_networks.to_vec());
    out.line(format_args!("edge_networks = {networks}"));
    for group in ["nginx", "registry_nginx"] {
        out.set(
            group,
            "real_ip_trusted_addresses",
            Ruby::Code("edge_networks"),
        );
        out.set(group, "real_ip_header", "CF-Connecting-IP");
        out.set(group, "real_ip_recursive", "on");
    }
}

fn database(out: &mut Writer, spec: &Spec, inputs: &Inputs) {
    out.section("PostgreSQL is external; Redis is the bundled one.");
    out.set("postgresql", "enable", false);
    out.rails("db_adapter", "postgresql");
    out.rails("db_encoding", "unicode");
    out.rails("db_host", &inputs.database_host);
    out.rails("db_port", u32::from(inputs.database_port));
    out.rails("db_database", &spec.database.name);
    out.rails("db_username", &spec.database.user);
    out.rails(
        "db_password",
        Ruby::Code("File.read('/etc/gitlab/secrets.d/database_password').chomp"),
    );
    out.rails("db_sslmode", spec.database.sslmode.to_string().as_str());
    out.rails("db_sslrootcert", "/etc/gitlab/rds-ca-bundle.pem");
}

fn registry(out: &mut Writer, inputs: &Inputs) {
    out.section("The registry keeps its layers in S3 and authenticates with the instance's role.");
    out.set(
        "registry",
        "storage",
        Ruby::Hash(vec![(
            "s3_v2",
            Ruby::Hash(vec![
                ("bucket", (&inputs.registry_bucket).into()),
                ("region", (&inputs.region).into()),
            ]),
        )]),
    );
    out.section(
        "The metadata database needs its own role and database, and cannot be turned off again.",
    );
    out.set(
        "registry",
        "database",
        Ruby::Hash(vec![("enabled", false.into())]),
    );
}

fn backups(out: &mut Writer, spec: &Spec, inputs: &Inputs) {
    const DAY_SECONDS: u64 = 24 * 60 * 60;
    out.section(
        "Backups go to S3 with the instance's role; the keep time applies to the local disk only.",
    );
    out.rails(
        "backup_keep_time",
        Ruby::Number(u64::from(spec.backups.keep_local_days) * DAY_SECONDS),
    );
    out.rails(
        "backup_upload_connection",
        Ruby::Hash(vec![
            ("provider", "AWS".into()),
            ("region", (&inputs.region).into()),
            ("use_iam_profile", true.into()),
        ]),
    );
    out.rails("backup_upload_remote_directory", &inputs.backups_bucket);
}

fn mail(out: &mut Writer, mail: &Mail, web_host: &str) {
    /// The port with implicit TLS; on other ports the connection starts in plain text and upgrades with STARTTLS.
    const TLS_PORT: u16 = 465;
    let tls = mail.port == TLS_PORT;
    out.section("Mail.");
    out.rails("smtp_enable", true);
    out.rails("smtp_address", &mail.host);
    out.rails("smtp_port", u32::from(mail.port));
    out.rails("smtp_user_name", &mail.user);
    out.rails(
        "smtp_password",
        Ruby::Code("File.read('/etc/gitlab/secrets.d/mail_password').chomp"),
    );
    out.rails("smtp_domain", web_host);
    out.rails("smtp_authentication", "login");
    out.rails("smtp_enable_starttls_auto", !tls);
    out.rails("smtp_tls", tls);
    out.rails("smtp_openssl_verify_mode", "peer");
    out.rails("gitlab_email_from", &mail.from);
    out.rails(
        "gitlab_email_reply_to",
        mail.reply_to.as_ref().unwrap_or(&mail.from),
    );
}
