//! Clients of other projects: octoDNS and Cloudflare's Python package.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::Api;
use super::tools::{bin, octodns};

#[test]
fn octodns_finds_no_changes_after_a_dump_or_a_sync() {
    let Some(bin) = bin() else {
        return;
    };
    let api = Api::start();
    api.created(&json!({ "type": "CNAME", "name": "alias", "content": "www.paywithnex.com" }));
    api.created(&json!({ "type": "SRV", "name": "_sip._tcp",
        "data": { "priority": 10, "weight": 5, "port": 443, "target": "sip.example.net" } }));
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::create_dir(folder.join("zones")).expect("a folder");
    let config = include_str!("scripts/octodns.yaml")
        .replace("BASE_URL", api.sandbox.url())
        .replace("TOKEN", &api.token);
    fs::write(folder.join("config.yaml"), config).expect("a file");

    let dump = ["--output-dir=zones", "paywithnex.com.", "cloudflare"];
    octodns(&bin, folder, "dump", &dump);
    let zone = folder.join("zones/paywithnex.com.yaml");
    let dumped = fs::read_to_string(&zone).expect("a zone");
    assert!(
        dumped.contains("v=spf1") && dumped.contains("letsencrypt.org"),
        "{dumped}"
    );
    let before = api.snapshot();
    let plan = octodns(&bin, folder, "sync", &["--doit"]);
    assert!(plan.contains("No changes were planned"), "{plan}");
    assert_eq!(api.snapshot(), before, "the sync changed nothing");

    let wanted = format!("{dumped}{}", include_str!("scripts/more.yaml"));
    fs::write(&zone, wanted).expect("a file");
    let plan = octodns(&bin, folder, "sync", &["--doit"]);
    assert!(plan.contains("Creates=7"), "{plan}");
    let made = api
        .get(&format!("{}?name=registry.paywithnex.com", api.records()))
        .body;
    assert_eq!(made["result"][0]["proxied"], true);
    let again = octodns(&bin, folder, "sync", &["--doit"]);
    assert!(again.contains("No changes were planned"), "{again}");

    fs::write(&zone, dumped).expect("a file");
    octodns(&bin, folder, "sync", &["--doit", "--force"]);
    let again = octodns(&bin, folder, "sync", &["--doit"]);
    assert!(again.contains("No changes were planned"), "{again}");
}

#[test]
fn cloudflares_package_works_with_the_emulator() {
    let Some(bin) = bin() else {
        return;
    };
    let api = Api::start();
    let output = Command::new(bin.join("python"))
        .args(["-c", include_str!("scripts/package.py")])
        .envs(api.sandbox.env())
        .env("CONTROL", api.sandbox.endpoint())
        .output()
        .expect("python");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
