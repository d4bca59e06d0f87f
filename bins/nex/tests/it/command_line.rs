//! The command line itself.

use clap::CommandFactory as _;
use expect_test::expect_file;

use crate::stage::{nex, run};

/// Every command with the words that name it, in the order of the help: those with commands of their own too.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, words: &[String], found: &mut Vec<Vec<String>>) {
        for child in command.get_subcommands() {
            let words = [words, &[child.get_name().to_owned()]].concat();
            found.push(words.clone());
            walk(child, &words, found);
        }
    }
    let mut found = vec![];
    walk(&nex::cli::Cli::command(), &[], &mut found);
    found
}

fn help(words: &[String]) -> String {
    let ended = run(nex().args(words).arg("--help").env("COLUMNS", "100")).expect(0);
    let lines: Vec<&str> = ended.out.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

#[test]
fn the_reference_of_the_command_line_has_the_help_of_every_command() {
    let mut text = String::from(
        "# The command line\n\nGenerated from `nex --help`; `cargo xtask bless` generates the page again.\n",
    );
    for words in std::iter::once(vec![]).chain(commands()) {
        let title = [&["nex".to_owned()], &words[..]].concat().join(" ");
        text.push_str(&format!("\n## {title}\n```text\n{}\n```\n", help(&words)));
    }
    assert!(
        text.contains("\n## nex dns plan\n"),
        "commands of commands are listed"
    );
    expect_file!["../../../../docs/command-line.md"].assert_eq(&text);
}

#[test]
fn every_command_that_does_something_has_examples() {
    let commands = commands();
    let is_group = |words: &[String]| {
        let mut others = commands.iter();
        others.any(|other| other.len() > words.len() && other.starts_with(words))
    };
    for words in commands.iter().filter(|words| !is_group(words)) {
        assert!(help(words).contains("Example"), "{words:?}");
    }
}

#[test]
fn an_unknown_command_is_a_usage_error() {
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
fn without_a_terminal_nex_asks_nothing_and_changes_nothing() {
    let reference = crate::stage::Reference::new();
    let stage = crate::stage::Stage::new();
    let ended = stage.nex(&["bootstrap", &reference.file()]).expect(1);
    assert!(
        ended
            .err
            .contains("can't ask without a terminal, and --yes was not given"),
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
