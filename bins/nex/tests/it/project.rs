//! Where an environment's file is found, what its relative paths count from, and which sections it may leave out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::stage::{Reference, Stage, nex, replaced, run};

/// A project whose environment has its API token in a file, and a folder deep inside of it.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new(stage: &Stage) -> Self {
        let reference = Reference::with(|text| {
            let token = "token = \"env:CLOUDFLARE_API_TOKEN\"";
            replaced(&text, token, "token = \"file:secrets/cloudflare\"")
        });
        let folder = tempfile::tempdir().unwrap();
        for name in ["environments", "secrets", "services/api"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let token = &stage.sandbox.env()["CLOUDFLARE_API_TOKEN"];
        std::fs::write(folder.path().join("secrets/cloudflare"), token).unwrap();
        std::fs::copy(
            reference.file(),
            folder.path().join("environments/staging.toml"),
        )
        .unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }
}

#[track_caller]
fn head(stage: &Stage, folder: &Path, arguments: &[&str]) -> String {
    let mut command = stage.command(arguments);
    command
        .current_dir(folder)
        .env_remove("CLOUDFLARE_API_TOKEN");
    let ended = run(&mut command).expect(0);
    ended.err.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_token_s_file_counts_from_the_project_wherever_nex_runs() {
    let stage = Stage::new();
    let project = Project::new(&stage);
    for (folder, file) in [
        ("", "staging"),
        ("services/api", "staging"),
        ("environments", "staging.toml"),
        ("services", "../environments/staging.toml"),
    ] {
        head(&stage, &project.path(folder), &["dns", "plan", file]);
    }
}

#[test]
fn a_plan_names_the_file_that_was_found_the_account_and_the_region() {
    let stage = Stage::new();
    let project = Project::new(&stage);
    let file = project.path("environments/staging.toml");
    let inside = project.path("services/api");
    let zone = format!("staging ({}): zone paywithnex.com", file.display());
    assert_eq!(head(&stage, &inside, &["dns", "plan", "staging"]), zone);
    let all = format!(
        "staging ({}): AWS account 009001720821, eu-west-3; zone paywithnex.com",
        file.display()
    );
    assert_eq!(head(&stage, &inside, &["plan", "staging"]), all);
    let from_above = head(&stage, &project.path(""), &["dns", "plan", "staging"]);
    assert!(
        from_above.starts_with("staging (environments/staging.toml): "),
        "{from_above}"
    );
}

/// A zone alone, with a record of its own.
const ZONE: &str = "
name = \"staging\"

[dns]
zone = \"paywithnex.com\"

[[dns.records]]
type = \"A\"
name = \"status\"
content = \"203.0.113.7\"
";

fn file(text: &str) -> Reference {
    Reference::with(|_| text.to_owned())
}

#[test]
fn a_zone_alone_is_built_and_destroyed_without_aws() {
    let zone = file(ZONE);
    let path = zone.file();
    let stage = Stage::new();
    let check = stage.nex(&["check", &path]).expect(0);
    assert!(check.out.contains("valid"), "{}", check.out);
    stage.sandbox.reset_calls();
    let plan = stage.nex(&["plan", &path, "--check"]).expect(3);
    let counts = "staging: 1 to create, 0 to update, 0 to replace, 0 to delete";
    assert!(plan.out.contains(counts), "{}", plan.out);
    stage.nex(&["bootstrap", &path, "--yes"]).expect(0);
    stage.nex(&["plan", &path, "--check"]).expect(0);
    let destroy = ["destroy", &path, "--confirm", "staging"];
    stage.nex(&destroy).expect(0);
    stage.nex(&["plan", &path, "--check"]).expect(3);
    let calls = stage.sandbox.calls().into_iter();
    let at_aws: Vec<String> = calls
        .filter(|call| call.service != "cloudflare")
        .map(|call| call.operation)
        .collect();
    assert_eq!(at_aws, [""; 0]);
    for arguments in [
        &["outputs", &path][..],
        &["render", &path],
        &["adopt", &path, "iam-role", "x", "--yes"],
    ] {
        let ended = stage.nex(arguments).expect(1);
        assert!(ended.err.contains("is a zone alone"), "{}", ended.err);
    }
}

#[test]
fn a_zone_alone_has_no_server_to_point_at_and_no_place_for_certificates() {
    let wrong = ZONE.replace("content = \"203.0.113.7\"", "proxied = true")
        + "[[dns.certificates]]\nhostnames = [\"*.paywithnex.com\"]\nsecret = \"nex/staging/gitlab/origin-certificate\"\n";
    let ended = run(nex().args(["check", &file(&wrong).file()])).expect(1);
    for field in ["dns.records[0]: ", "dns.certificates: "] {
        assert!(ended.err.contains(field), "{}", ended.err);
    }
    let half = format!(
        "{ZONE}[gitlab]\nurl = \"https://gitlab.paywithnex.com\"\nregistry_url = \"https://registry.paywithnex.com\"\nssh_host = \"ssh.paywithnex.com\"\n"
    );
    let ended = run(nex().args(["check", &file(&half).file()])).expect(1);
    assert!(ended.err.contains("aws: is missing"), "{}", ended.err);
}

#[test]
fn a_server_without_a_fleet_is_planned() {
    let reference = Reference::with(|text| {
        let (before, rest) = text.split_once("[aws.fleet]").unwrap();
        let (_, after) = rest.split_once("\n[").unwrap();
        format!("{before}[{after}")
    });
    let path = reference.file();
    let stage = Stage::new();
    stage.nex(&["check", &path]).expect(0);
    let plan = stage.nex(&["plan", &path, "--check"]).expect(3);
    assert!(
        plan.out.contains("instance nex-staging-gitlab"),
        "{}",
        plan.out
    );
    assert!(!plan.out.contains("auto-scaling-group"), "{}", plan.out);
}

/// The reference without its zone.
fn without_zone(change: impl FnOnce(String) -> String) -> Reference {
    Reference::with(|text| {
        let (rest, _) = text.split_once("[dns]").unwrap();
        change(rest.to_owned())
    })
}

/// What was asked at Cloudflare.
fn calls_at_cloudflare(stage: &Stage) -> BTreeSet<String> {
    let calls = stage.sandbox.calls().into_iter();
    let calls = calls.filter(|call| call.service == "cloudflare");
    calls.map(|call| call.operation).collect()
}

#[test]
fn an_environment_without_a_zone_is_built_and_destroyed_without_a_token() {
    let reference = without_zone(|text| text);
    let path = reference.file();
    let stage = Stage::new();
    let without_token = |arguments: &[&str]| {
        let mut command = stage.command(arguments);
        run(command.env_remove("CLOUDFLARE_API_TOKEN"))
    };
    let check = without_token(&["check", &path]).expect(0);
    for said in [
        "gitlab.url: the environment has no [dns], so nex issues no certificate",
        "in the secret nex/gitlab/origin-certificate",
        "aws.server.web_from: the server lets in Cloudflare's proxies only",
    ] {
        assert!(check.out.contains(said), "{}", check.out);
    }
    stage.sandbox.reset_calls();
    let plan = without_token(&["plan", &path, "--check"]).expect(3);
    let head = format!("staging ({path}): AWS account 009001720821, eu-west-3\n");
    assert!(plan.err.starts_with(&head), "{}", plan.err);
    let built = without_token(&["bootstrap", &path, "--yes"]).expect(0);
    let address = stage.python("print(address())");
    for said in [
        "--secret-id nex/gitlab/origin-certificate --secret-string".to_owned(),
        format!("and ssh-gitlab.paywithnex.com, at {address}"),
    ] {
        assert!(built.err.contains(&said), "{}", built.err);
    }
    without_token(&["plan", &path, "--check"]).expect(0);
    let outputs = without_token(&["outputs", &path]).expect(0);
    assert!(outputs.out.contains(&address), "{}", outputs.out);
    let rendered = without_token(&["render", &path, "gitlab/gitlab.rb"]).expect(0);
    assert!(rendered.out.contains("real_ip_trusted"), "{}", rendered.out);
    let adopt = [
        "adopt",
        &path,
        "iam-role",
        "nex-staging-gitlab-runner",
        "--yes",
    ];
    let adopted = without_token(&adopt).expect(0);
    assert!(adopted.err.contains("already"), "{}", adopted.err);
    stage.destroy(&path);
    without_token(&["plan", &path, "--check"]).expect(3);
    // Cloudflare's public list of its networks needs no token.
    assert_eq!(
        calls_at_cloudflare(&stage),
        BTreeSet::from(["GetNetworks".to_owned()])
    );
}

#[test]
fn commands_about_a_zone_say_that_there_is_none() {
    let reference = without_zone(|text| text);
    let path = reference.file();
    let stage = Stage::new();
    stage.sandbox.reset_calls();
    for arguments in [
        &["dns", "plan", &path][..],
        &["dns", "apply", &path, "--yes"],
        &["dns", "destroy", &path, "--confirm", "staging"],
        &["dns", "import", &path],
        &["dns", "revoke", &path, "--yes"],
        &["adopt", &path, "dns-record", "0123", "--yes"],
    ] {
        let ended = stage.nex(arguments).expect(1);
        let why = "staging has no zone: its file has no section [dns]";
        assert!(ended.err.contains(why), "{}", ended.err);
    }
    assert!(stage.sandbox.calls().is_empty());
}

#[test]
fn a_server_that_no_proxy_reaches_trusts_none_and_needs_no_list() {
    let reference = without_zone(|text| {
        let cloudflare = "web_from = [\"cloudflare\"]";
        replaced(&text, cloudflare, "web_from = [\"203.0.113.0/24\"]")
    });
    let path = reference.file();
    let stage = Stage::new();
    let check = stage.nex(&["check", &path]).expect(0);
    assert!(!check.out.contains("proxied-by-others"), "{}", check.out);
    stage.sandbox.reset_calls();
    stage.nex(&["plan", &path, "--check"]).expect(3);
    for arguments in [
        &["render", &path, "gitlab/gitlab.rb"][..],
        &[
            "render",
            &path,
            "gitlab/gitlab.rb",
            "--database-host",
            "db.internal",
        ],
    ] {
        let rendered = stage.nex(arguments).expect(0);
        assert!(!rendered.out.contains("real_ip"), "{}", rendered.out);
    }
    assert!(calls_at_cloudflare(&stage).is_empty());
}

#[test]
fn a_file_that_asks_for_nothing_is_refused() {
    let ended = run(nex().args(["check", &file("name = \"staging\"\n").file()])).expect(1);
    assert!(ended.err.contains("dns: is missing"), "{}", ended.err);
    assert!(ended.err.contains("or [aws] and [gitlab]"), "{}", ended.err);
}
