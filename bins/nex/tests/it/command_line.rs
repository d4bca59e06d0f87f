//! The command line itself.

use std::io::{BufRead as _, BufReader, Write as _};

use clap::CommandFactory as _;
use expect_test::expect_file;

use crate::stage::{Ended, Reference, Stage, nex, run};

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
fn without_a_terminal_nobody_is_asked_and_nothing_is_done() {
    let reference = crate::stage::Reference::new();
    let stage = crate::stage::Stage::new();
    let ended = stage.nex(&["bootstrap", &reference.file()]).expect(1);
    assert!(
        ended.err.contains("stdin is not a terminal: pass --yes"),
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

#[test]
fn what_can_not_be_written_is_an_error_and_a_reader_that_went_away_is_none() {
    for arguments in [&["schema"][..], &["check", "staging"]] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let mut command = nex();
        let output = command.args(arguments).stdout(full).output().unwrap();
        let ended = Ended::of(output).expect(1);
        assert!(
            ended.err.contains("failed to write to stdout"),
            "{}",
            ended.err
        );
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = nex().args(arguments).stdout(writer).output().unwrap();
        Ended::of(output).expect(0);
    }
}

/// A proxy that refuses every call, and the first lines of the calls.
fn proxy() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            let _ = BufReader::new(stream.try_clone().unwrap()).read_line(&mut line);
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    (url, lines)
}

#[test]
fn both_clouds_are_reached_through_the_proxy_and_a_sandbox_never_is() {
    let reference = Reference::new();
    let (url, lines) = proxy();
    let failed = run(nex()
        .args(["plan", &reference.file()])
        .env("HTTPS_PROXY", &url)
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example")
        .env("CLOUDFLARE_API_TOKEN", "example"))
    .expect(1);
    let seen: Vec<String> = lines.try_iter().collect();
    for host in ["ec2.eu-west-3.amazonaws.com:443", "api.cloudflare.com:443"] {
        let connect = format!("CONNECT {host}");
        assert!(
            seen.iter().any(|line| line.starts_with(&connect)),
            "{seen:#?}\n{}",
            failed.err
        );
    }
    let stage = Stage::new();
    run(stage
        .command(&["plan", &reference.file()])
        .env("HTTPS_PROXY", &url)
        .env("HTTP_PROXY", &url))
    .expect(0);
    assert_eq!(lines.try_iter().count(), 0);
}

#[test]
fn keys_and_secrets_travel_to_no_other_machine_in_clear_text() {
    let reference = Reference::new();
    let refused = run(nex()
        .args(["plan", &reference.file()])
        .env("AWS_ENDPOINT_URL", "http://192.0.2.2:4566")
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example")
        .env("CLOUDFLARE_BASE_URL", "http://127.0.0.1:9")
        .env("CLOUDFLARE_API_TOKEN", "example"))
    .expect(5);
    assert!(refused.err.contains("is not encrypted"), "{}", refused.err);
    // The address of one service alone, which only the SDK reads.
    let stage = Stage::new();
    let failed = run(stage
        .command(&["plan", &reference.file()])
        .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://192.0.2.2:4566"))
    .expect(1);
    assert!(failed.err.contains("is not encrypted"), "{}", failed.err);
}
