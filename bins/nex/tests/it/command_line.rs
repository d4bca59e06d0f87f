//! The command line itself.

use expect_test::expect_file;

use crate::stage::{nex, run};

const COMMANDS: [&str; 8] = [
    "check",
    "plan",
    "bootstrap",
    "adopt",
    "destroy",
    "render",
    "schema",
    "completions",
];

#[test]
fn the_reference_of_the_command_line_is_what_help_says() {
    let mut text = String::from(
        "# The command line\n\nMade from `nex --help`; `cargo xtask bless` makes it anew.\n",
    );
    let mut add = |title: String, arguments: &[&str]| {
        let ended = run(nex().args(arguments).env("COLUMNS", "100")).expect(0);
        let help: Vec<&str> = ended.out.lines().map(str::trim_end).collect();
        text.push_str(&format!(
            "\n## {title}\n```text\n{}\n```\n",
            help.join("\n").trim_end()
        ));
    };
    add("nex".into(), &["--help"]);
    for command in COMMANDS {
        add(format!("nex {command}"), &[command, "--help"]);
    }
    expect_file!["../../../../docs/command-line.md"].assert_eq(&text);
}

#[test]
fn every_command_has_examples() {
    for command in COMMANDS {
        let help = run(nex().args([command, "--help"])).expect(0).out;
        assert!(help.contains("Example"), "{command}");
    }
}

#[test]
fn a_word_that_is_no_command_is_a_usage_error() {
    run(nex().arg("destory")).expect(2);
}

#[test]
fn without_credentials_the_sandbox_is_named() {
    let ended = run(nex().args(["plan", "staging"])).expect(1);
    assert!(
        ended.err.contains("no AWS credentials were found"),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("--sandbox"), "{}", ended.err);
    assert_eq!(ended.out, "");
}

#[test]
fn without_a_terminal_nobody_is_asked_and_nothing_is_done() {
    let reference = crate::stage::Reference::new();
    let stage = crate::stage::Stage::new();
    let ended = stage.nex(&["bootstrap", &reference.file()]).expect(1);
    assert!(
        ended
            .err
            .contains("there is no terminal to ask on, and no --yes"),
        "{}",
        ended.err
    );
    assert!(stage.sandbox.calls().iter().all(|call| !call.mutating));
}

#[test]
fn another_account_s_credentials_are_refused() {
    let reference = crate::stage::Reference::with(|text| {
        crate::stage::replaced(&text, "009001720821", "111122223333")
    });
    let stage = crate::stage::Stage::new();
    let ended = stage.nex(&["plan", &reference.file()]).expect(1);
    assert!(
        ended
            .err
            .contains("account 009001720821, the spec is for 111122223333"),
        "{}",
        ended.err
    );
}

#[test]
fn files_are_rendered_without_a_cloud_where_they_need_none() {
    let config = run(nex().args(["render", "staging", "runner/config.toml"])).expect(0);
    assert!(config.out.contains("concurrent = 2"), "{}", config.out);
    let given = [
        "render",
        "staging",
        "gitlab/gitlab.rb",
        "--database-host",
        "db.example.com",
    ];
    let rb = run(nex().args(given)).expect(0);
    assert!(rb.out.contains("'db.example.com'"), "{}", rb.out);
    let list = run(nex().args(["render", "staging"])).expect(0);
    assert!(list.out.contains("gitlab/user-data\n"), "{}", list.out);
    let none = run(nex().args(["render", "staging", "runner/nothing"])).expect(1);
    assert!(none.err.contains("runner/config.toml"), "{}", none.err);
}
