//! The reference deployment, hostile values, and helpers that run other tools.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use nex_gitlab::{Inputs, LogGroups, Secrets, Spec};
use proptest::prelude::*;

pub(crate) const REFERENCE: &str = r#"
version = "18.11.1"
url = "https://gitlab.paywithnex.com"
registry_url = "https://registry.paywithnex.com"
ssh_host = "ssh-gitlab.paywithnex.com"
admin_token = "doppler:paywithnex/stg/GITLAB_ADMIN_PAT"
admin_token_expires = "2027-03-18"

[mail]
host = "smtp-relay.brevo.com"
user = "ops@paywithnex.com"
password = "doppler:paywithnex/stg/BREVO_SMTP_KEY"
from = "gitlab@paywithnex.com"
reply_to = "noreply@paywithnex.com"
"#;

/// The networks that Cloudflare publishes.
const EDGE: [&str; 22] = [
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
    "2400:cb00::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2405:b500::/32",
    "2405:8100::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
];

pub(crate) fn reference_spec() -> Spec {
    toml::from_str(REFERENCE).expect("the reference is valid")
}

pub(crate) fn reference_inputs() -> Inputs {
    let text = str::to_owned;
    Inputs {
        environment: text("staging"),
        region: text("eu-west-3"),
        database_host: text("nex-staging.abc123.eu-west-3.rds.amazonaws.com"),
        database_port: 5432,
        registry_bucket: text("nex-staging-gitlab-registry"),
        backups_bucket: text("nex-staging-backups"),
        backups_prefix: text("gitlab/"),
        secrets: Secrets {
            database_password: text("nex/gitlab/database-password"),
            root_password: text("nex/gitlab/root-password"),
            mail_password: Some(text("nex/gitlab/mail-password")),
            origin_certificate: text("nex/gitlab/origin-certificate"),
        },
        edge_networks: EDGE.map(text).to_vec(),
        log_groups: LogGroups {
            rails: text("/nex/gitlab/rails"),
            nginx_access: text("/nex/gitlab/nginx-access"),
            nginx_error: text("/nex/gitlab/nginx-error"),
            system: text("/nex/gitlab/system"),
        },
    }
}

/// Text that could end a string, a comment or a here-document early.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "'",
        "\"",
        "\\",
        "#{exit 9}",
        "#$0",
        "#@a",
        "\n",
        "\r\n",
        "\r",
        "\nEOF\n",
        "\nEOF_\n",
        "$(exit 9)",
        "`exit 9`",
        "${HOME}",
        "\n__END__\n",
        "\n=begin\n",
        "\t",
        "\u{7f}",
        "\u{1b}",
        "\u{feff}",
        "é",
        "𝕏",
        "%",
        "*",
        " ",
        "!",
        "-n",
        ";exit 9;",
        "a",
        "{instance_id}",
    ]);
    prop_oneof![
        prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat()),
        any::<String>().prop_map(|text| text.replace('\0', "")),
    ]
}

/// A spec and inputs with hostile text in every text field.
pub(crate) fn hostile_deployment() -> impl Strategy<Value = (Spec, Inputs)> {
    prop::collection::vec(hostile(), 25).prop_map(|texts| {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().expect("enough texts");
        let (mut spec, mut inputs) = (reference_spec(), reference_inputs());
        let mail = spec.mail.as_mut().expect("the reference has mail");
        for field in [
            &mut spec.url,
            &mut spec.registry_url,
            &mut spec.ssh_host,
            &mut spec.database.name,
            &mut spec.database.user,
            &mut mail.host,
            &mut mail.user,
            &mut mail.from,
            mail.reply_to.get_or_insert_default(),
            &mut inputs.environment,
            &mut inputs.region,
            &mut inputs.database_host,
            &mut inputs.registry_bucket,
            &mut inputs.backups_bucket,
            &mut inputs.backups_prefix,
            &mut inputs.secrets.database_password,
            &mut inputs.secrets.root_password,
            inputs.secrets.mail_password.get_or_insert_default(),
            &mut inputs.secrets.origin_certificate,
            &mut inputs.log_groups.rails,
            &mut inputs.log_groups.nginx_access,
            &mut inputs.log_groups.nginx_error,
            &mut inputs.log_groups.system,
        ] {
            *field = next();
        }
        inputs.edge_networks = vec![next(), next()];
        (spec, inputs)
    })
}

/// Whether `tool` is installed. If not, the calling test skips itself. This function then prints the reason to the real
/// standard error, which libtest does not capture, and panics in CI, where no test may be skipped.
pub(crate) fn has_tool(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    if !installed {
        let ci = std::env::var("CI").as_deref() == Ok("true");
        assert!(!ci, "{tool} is not installed, and CI skips no test");
        let test = std::thread::current();
        let test = test.name().unwrap_or_default();
        // A failed write to standard error must not fail the test.
        let _ = writeln!(std::io::stderr(), "skipped {test}: {tool} is not installed");
    }
    installed
}

pub(crate) fn run(command: &mut Command) -> Output {
    command.output().expect("the command starts")
}

/// The command's standard output. If the command failed, panics with both outputs.
pub(crate) fn success(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out
}

pub(crate) fn write(path: &Path, content: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
    std::fs::write(path, content).expect("a file is written");
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
