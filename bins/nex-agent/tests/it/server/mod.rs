//! The set-up of the GitLab server, with real keys and certificates.

mod backup;
mod machine;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use nex_host::State;

use self::machine::{CERTIFICATE, DATABASE, Issued, PASSWORD, RB};
pub(crate) use self::machine::{KEYS, Server};
use crate::machine::{files_with, result};

#[tokio::test]
async fn a_server_is_set_up_and_its_secrets_are_in_their_files_only() {
    let server = Server::new();
    let machine = &server.machine;
    let issued = Issued::new();
    server.put(CERTIFICATE, &issued.secret());
    let status = server.run().await;
    assert_eq!(status.state(), State::Done, "{status:?}");
    let end = status.certificate_ends_at.map(|end| end.to_string());
    // The end that rcgen gives a certificate.
    assert_eq!(end.as_deref(), Some("4096-01-01T00:00:00Z"));

    let calls = machine.calls();
    let is_shown = |call: &&String| {
        ["apt", "sshd", "systemctl", "dpkg-query", "gitlab-ctl"]
            .iter()
            .any(|name| call.starts_with(name))
    };
    let calls: Vec<_> = calls.iter().filter(is_shown).collect();
    let apt = "apt-get -q -y -o DPkg::Lock::Timeout=600";
    assert_eq!(
        calls,
        [
            "sshd -t",
            "systemctl reload ssh",
            &format!("{apt} update"),
            &format!("{apt} install ca-certificates curl gnupg gpgv openssl"),
            "dpkg-query -W -f ${db:Status-Status} gitlab-ce",
            &format!("{apt} update"),
            &format!("{apt} install gitlab-ce=18.11.1-ce.0"),
            "apt-mark hold gitlab-ce",
            "gitlab-ctl status nginx",
            "gitlab-ctl reconfigure",
            "systemctl daemon-reload",
            "systemctl enable --now nex-gitlab-backup.timer",
        ]
    );
    let rb = machine.read(RB);
    assert!(
        rb.contains("external_url 'https://gitlab.example.com'"),
        "{rb}"
    );
    assert_eq!(
        machine.read("/etc/apt/sources.list.d/gitlab-ce.list"),
        "deb [signed-by=/usr/share/keyrings/nex-gitlab-ce.asc] \
         https://packages.gitlab.com/gitlab/gitlab-ce/ubuntu/jammy jammy main\n"
    );
    assert!(
        machine
            .read("/etc/ssh/sshd_config.d/10-nex.conf")
            .contains("PasswordAuthentication no\n")
    );

    let path = |path: &str| machine.root.path(path).display().to_string();
    assert_eq!(
        files_with(machine, PASSWORD),
        [path("/etc/gitlab/secrets.d/database_password")]
    );
    let key = path("/etc/gitlab/ssl/origin.key");
    let line = issued.key.lines().nth(1).expect("a line");
    assert_eq!(files_with(machine, line), std::slice::from_ref(&key));
    let mode = fs::metadata(key).expect("a file").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(
        machine.read("/etc/gitlab/ssl/origin.crt"),
        issued.certificate
    );
}

#[tokio::test]
async fn an_installed_gitlab_is_never_upgraded() {
    let server = Server::new();
    fs::write(server.machine.path("installed"), "installed").expect("written");
    assert_eq!(server.run().await.state(), State::Done);
    let calls = server.machine.calls();
    assert!(
        !calls.iter().any(|call| call.contains("gitlab-ce=")),
        "{calls:?}"
    );
    assert!(calls.contains(&"apt-mark hold gitlab-ce".to_owned()));
}

#[tokio::test]
async fn a_configuration_without_health_goes_back_to_the_older_one() {
    let mut server = Server::new();
    server.run().await;
    let older = server.machine.read(RB);
    server.machine.calls();
    server.configure("# broken\n");
    let status = server.run().await;
    let text = result(&status, "configure");
    assert!(text.starts_with("health-check-failed: "), "{text}");
    assert!(
        text.ends_with("; the older configuration is back"),
        "{text}"
    );
    assert_eq!(server.machine.read(RB), older);
    let calls = server.machine.calls();
    assert_eq!(
        calls
            .iter()
            .filter(|call| *call == "gitlab-ctl reconfigure")
            .count(),
        2
    );
}

#[tokio::test]
async fn a_way_back_survives_an_interrupted_run() {
    let mut server = Server::new();
    server.run().await;
    let older = server.machine.read(RB);
    server.configure("# broken\n");
    // The machine went down after it had written the file.
    let broken = format!("{older}# broken\n");
    fs::write(server.machine.root.path(RB), broken).expect("written");
    let status = server.run().await;
    let text = result(&status, "configure");
    assert!(
        text.ends_with("; the older configuration is back"),
        "{text}"
    );
    assert_eq!(server.machine.read(RB), older);
}

#[tokio::test]
async fn a_first_configuration_without_health_stays_and_is_tried_again() {
    let mut server = Server::new();
    server.configure("# broken\n");
    let status = server.run().await;
    let text = result(&status, "configure");
    assert!(
        text.starts_with("health-check-failed: ") && !text.contains("older"),
        "{text}"
    );
    assert_eq!(result(&status, "ready"), "waiting");
    let mut files = server.contents.files.iter_mut();
    let file = files
        .find(|file| file.path.as_str() == "/etc/nex/gitlab.rb")
        .expect("a file");
    file.content = file.content.replace("# broken\n", "");
    assert_eq!(server.run().await.state(), State::Done);
}

#[tokio::test]
async fn a_gitlab_that_is_down_is_in_the_status_and_nothing_is_reconfigured() {
    let server = Server::new();
    server.run().await;
    server.machine.calls();
    let down = server.machine.root.path("/down");
    fs::write(&down, "").expect("written");
    let status = server.run().await;
    assert!(result(&status, "ready").starts_with("health-check-failed: "));
    assert!(
        !server
            .machine
            .calls()
            .contains(&"gitlab-ctl reconfigure".to_owned())
    );
    fs::remove_file(down).expect("removed");
    assert_eq!(server.run().await.state(), State::Done);
}

#[tokio::test]
async fn a_certificate_comes_later_and_a_replaced_one_reaches_nginx() {
    let server = Server::new();
    let first = Issued::new();
    server.put(
        CERTIFICATE,
        &serde_json::json!({"key": first.key}).to_string(),
    );
    let status = server.run().await;
    assert_eq!(
        result(&status, "certificate"),
        "no-secret: the secret nex/certificate has no certificate yet"
    );
    assert_eq!(result(&status, "configure"), "waiting");
    server.put(CERTIFICATE, &first.secret());
    assert_eq!(server.run().await.state(), State::Done);

    fs::write(server.machine.root.path("/nginx"), "").expect("written");
    server.machine.calls();
    let second = Issued::new();
    server.put(CERTIFICATE, &second.secret());
    server.run().await;
    assert_eq!(
        server.machine.read("/etc/gitlab/ssl/origin.crt"),
        second.certificate
    );
    let calls = server.machine.calls();
    assert!(
        calls.contains(&"gitlab-ctl hup nginx".to_owned()),
        "{calls:?}"
    );
    server.run().await;
    assert!(
        !server
            .machine
            .calls()
            .contains(&"gitlab-ctl hup nginx".to_owned())
    );

    // The key of another certificate: nginx keeps the present one.
    let wrong = Issued {
        key: first.key,
        certificate: Issued::new().certificate,
    };
    server.put(CERTIFICATE, &wrong.secret());
    let status = server.run().await;
    assert_eq!(
        result(&status, "certificate"),
        "other: the origin certificate and its key do not match"
    );
    assert_eq!(
        server.machine.read("/etc/gitlab/ssl/origin.crt"),
        second.certificate
    );
    let line = wrong.key.lines().nth(1).expect("a line");
    assert!(files_with(&server.machine, line).is_empty());
}

#[tokio::test]
async fn a_database_that_refuses_the_password_is_waited_for() {
    let server = Server::new();
    server.put(DATABASE, "another");
    let status = server.run().await;
    let text = result(&status, "database");
    assert!(
        text.starts_with("access-denied: ") && text.contains("password authentication failed"),
        "{text}"
    );
    assert_eq!(result(&status, "configure"), "waiting");
    assert_eq!(result(&status, "certificate"), "done");
}

#[tokio::test]
async fn a_log_agent_with_a_wrong_signature_is_not_installed() {
    let server = Server::new();
    server
        .machine
        .program("gpgv", "echo 'gpgv: BAD signature from \"x\"' >&2; exit 1");
    let status = server.run().await;
    let text = result(&status, "log-agent");
    assert!(text.contains("BAD signature"), "{text}");
    assert!(
        !server
            .machine
            .calls()
            .iter()
            .any(|call| call.starts_with("dpkg -i"))
    );
    // GitLab does not need it.
    assert_eq!(result(&status, "ready"), "done");
}
