//! Bundles.

use std::error::Error as _;

use nex_host::{
    BUNDLE_LIMIT, Bundle, BundleError, Cause, Digest, Part, Reason, Refusal, Role, SecretTarget,
};
use proptest::prelude::*;

use crate::support::{file, runner, secret, secret_file, server};

/// Opens a document on a runner that was told to apply it.
fn open(document: &str) -> Result<Bundle, Refusal> {
    let bytes = document.as_bytes();
    Bundle::open(bytes, Digest::of(bytes), Role::Runner)
}

fn document() -> String {
    let bundle = Bundle::new(runner()).expect("a bundle");
    String::from_utf8(bundle.bytes().to_vec()).expect("UTF-8")
}

/// A change of the format needs another number: hosts with an older agent would misread it.
#[test]
fn the_format_is_what_older_agents_read() {
    let agent = r#"{"build":"BUILD","sha256":"PROGRAM","bytes":7}"#
        .replace("BUILD", &Digest::of(b"sources").to_string())
        .replace("PROGRAM", &Digest::of(b"program").to_string());
    let key = r#"{"url":"https://packages.gitlab.com/gpgkey/gpg.key","fingerprint":"F6403F6544A38863DAA0B6E03F01618A51312F3F"}"#;
    let expected = format!(
        concat!(
            r#"{{"format":1,"agent":{},"settings":{{"runner":{{"version":"19.4.0","#,
            r#""repository":"https://packages.gitlab.com/runner","keys":[{}]}}}},"#,
            r#""files":[{{"path":"/etc/a","mode":"0644","owner":"root:root","content":"a\n"}},"#,
            r#"{{"path":"/etc/b","mode":"0644","owner":"root:root","content":"b\n"}}],"#,
            r#""secrets":[{{"name":"nex/token","target":"runner-token"}}]}}"#
        ),
        agent, key
    );
    assert_eq!(document(), expected);
}

#[test]
fn the_order_of_files_and_secrets_does_not_matter() {
    for contents in [runner(), server()] {
        let mut other = contents.clone();
        other.files.reverse();
        other.secrets.reverse();
        let [one, other] =
            [contents, other].map(|contents| Bundle::new(contents).expect("a bundle"));
        assert_eq!(one, other);
        assert_eq!(
            one.artifact().key.as_str(),
            format!("hosts/bundle/{}.json", other.digest())
        );
    }
}

#[test]
fn any_difference_makes_another_bundle() {
    let mut other = runner();
    other.files[0].content.push(' ');
    let [one, other] = [runner(), other].map(|contents| Bundle::new(contents).expect("a bundle"));
    assert_ne!(one.digest(), other.digest());
}

#[test]
fn a_host_opens_the_bundle_of_its_role() {
    let bundle = Bundle::new(server()).expect("a bundle");
    let opened = Bundle::open(bundle.bytes(), bundle.digest(), Role::Server).expect("a bundle");
    assert_eq!(opened, bundle);
    let refusal = Bundle::open(bundle.bytes(), bundle.digest(), Role::Runner).expect_err("refused");
    assert_eq!(
        refusal.to_string(),
        "the bundle is for a server, and this host is a runner"
    );
}

#[test]
fn a_changed_document_is_refused() {
    let bundle = Bundle::new(runner()).expect("a bundle");
    let changed = document().replace("19.4.0", "19.4.1");
    let refusal =
        Bundle::open(changed.as_bytes(), bundle.digest(), Role::Runner).expect_err("refused");
    assert!(matches!(refusal, Refusal::HashMismatch { .. }), "{refusal}");
    assert_eq!(Reason::from(&refusal).cause, Cause::HashMismatch);
}

#[test]
fn a_newer_format_is_refused_by_its_number_whatever_else_it_has() {
    let refusal = open(r#"{"format":2,"files":"elsewhere"}"#).expect_err("refused");
    assert!(
        matches!(refusal, Refusal::UnknownFormat { found: 2 }),
        "{refusal}"
    );
    let reason = Reason::from(&refusal);
    assert_eq!(reason.cause, Cause::BundleRefused);
    assert_eq!(
        reason.text.as_str(),
        "the bundle has the format 2; this agent knows only the format 1"
    );
}

#[test]
fn fields_that_the_agent_does_not_know_are_named() {
    let newer = document()
        .replace(r#""version":"19.4.0""#, r#""version":"19.4.0","proxy":"x""#)
        .replace(r#""path":"/etc/b""#, r#""path":"/etc/b","acl":[]"#)
        .replace(r#""format":1"#, r#""format":1,"mounts":[]"#);
    let Err(Refusal::UnknownFields(fields)) = open(&newer) else {
        panic!("not refused for its fields");
    };
    assert_eq!(fields, ["mounts", "settings.proxy", "files.1.acl"]);
}

#[test]
fn values_that_the_agent_does_not_know_are_refused_with_the_value() {
    for (old, new, named) in [
        (r#"{"runner":"#, r#"{"mirror":"#, "mirror"),
        ("runner-token", "deploy-key", "deploy-key"),
        ("0644", "4755", "four octal digits"),
        ("/etc/a", "/etc/../a", "an absolute path"),
        (r#""bytes":7"#, r#""bytes":"7""#, "invalid type"),
    ] {
        let changed = document().replace(old, new);
        let refusal = open(&changed).expect_err("refused");
        let source = refusal.source().expect("a source").to_string();
        assert!(matches!(refusal, Refusal::Malformed(_)), "{refusal}");
        assert!(source.contains(named), "{source}");
    }
    assert!(matches!(open("no JSON"), Err(Refusal::Malformed(_))));
    assert!(matches!(
        open(&format!("{} {{}}", document())),
        Err(Refusal::Malformed(_))
    ));
}

#[test]
fn a_document_that_nex_does_not_write_is_refused() {
    let spaced = document().replacen(':', ": ", 1);
    assert!(matches!(open(&spaced), Err(Refusal::NotCanonical)));
    let twice = document().replace("/etc/a", "/etc/b");
    assert!(matches!(open(&twice), Err(Refusal::Invalid(_))));
    let large = format!("{}{}", document(), " ".repeat(BUNDLE_LIMIT));
    assert!(matches!(open(&large), Err(Refusal::TooLarge { .. })));
}

#[test]
fn all_problems_are_reported_at_once() {
    let mut contents = runner();
    contents.files = ["/etc/a", "/etc/a", "/etc/a/b", "/etc/ab"]
        .map(|path| file(path, ""))
        .to_vec();
    contents.secrets = vec![
        secret("nex/token", SecretTarget::RunnerToken),
        secret("nex/other", SecretTarget::RunnerToken),
        secret("nex/certificate", SecretTarget::OriginCertificate),
        secret_file("nex/db", "/etc/ab"),
    ];
    let Err(BundleError::Problems(problems)) = Bundle::new(contents) else {
        panic!("no problems");
    };
    let problems: Vec<String> = problems.into_iter().map(|one| one.to_string()).collect();
    assert_eq!(
        problems,
        [
            "files[1].path: `/etc/a` is also the path of files[0].path; allowed: a path for each file",
            "secrets[3].target.file.path: `/etc/ab` is also the path of files[3].path; allowed: a path for each file",
            "files[0].path: `/etc/a` is a folder in the path `/etc/a/b`; allowed: a path outside of other files",
            "secrets[1].target: another secret has the same target; allowed: one secret for each target",
            "secrets[2].target: a runner does not have this target; allowed: this target in the bundle of a server",
        ]
    );
}

#[test]
fn a_bundle_over_the_limit_names_what_takes_most_of_it() {
    let mut contents = runner();
    let room = BUNDLE_LIMIT - document().len();
    contents.files[0].content.push_str(&"x".repeat(room));
    assert!(Bundle::new(contents.clone()).is_ok(), "exactly the limit");
    contents.files[0].content.push('x');
    let error = Bundle::new(contents).expect_err("too large");
    let BundleError::TooLarge { bytes, largest, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*bytes, BUNDLE_LIMIT + 1);
    assert_eq!(*largest, Part::File("/etc/b".parse().expect("a path")));
    let text = error.to_string();
    assert!(
        text.starts_with(
            "the bundle has 262145 bytes, 1 more than the limit of 262144; the file /etc/b has "
        ),
        "{text}"
    );
}

proptest! {
    #[test]
    fn every_file_comes_back(contents in prop::collection::vec(any::<String>(), 0..5), version in any::<String>()) {
        let mut wanted = runner();
        let files = contents.iter().enumerate();
        wanted.files = files.map(|(n, content)| file(&format!("/etc/{n}"), content)).collect();
        wanted.secrets.clear();
        if let nex_host::Settings::Runner(settings) = &mut wanted.settings {
            settings.version = version;
        }
        let bundle = Bundle::new(wanted.clone()).expect("a bundle");
        let opened = Bundle::open(bundle.bytes(), bundle.digest(), Role::Runner).expect("a bundle");
        prop_assert_eq!(opened.contents(), &wanted);
    }
}
