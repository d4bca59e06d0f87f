//! octoDNS as the judge of what nex made of a zone.

#[path = "../../../../crates/nex-sandbox/tests/it/cloudflare/tools.rs"]
mod tools;

use std::fs;

use crate::stage::{Reference, Stage};

#[test]
fn octodns_finds_nothing_to_change_after_nex() {
    let Some(bin) = tools::bin() else {
        return;
    };
    let stage = Stage::new();
    let env = stage.sandbox.env();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("zones")).unwrap();
    let config =
        include_str!("../../../../crates/nex-sandbox/tests/it/cloudflare/scripts/octodns.yaml")
            .replace("BASE_URL", &env["CLOUDFLARE_BASE_URL"])
            .replace("TOKEN", &env["CLOUDFLARE_API_TOKEN"]);
    fs::write(folder.join("config.yaml"), config).unwrap();
    let dump = ["--output-dir=zones", "paywithnex.com.", "cloudflare"];
    tools::octodns(&bin, folder, "dump", &dump);

    let reference = Reference::new();
    let file = reference.file();
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);

    // What others had there, and the reference's three records as its authors would have written them for octoDNS.
    let zone = folder.join("zones/paywithnex.com.yaml");
    let address = stage.python("print(address())");
    let ours = include_str!("octodns.yaml").replace("ADDRESS", &address);
    fs::write(&zone, fs::read_to_string(&zone).unwrap() + &ours).unwrap();
    let plan = tools::octodns(&bin, folder, "sync", &["--doit"]);
    assert!(plan.contains("No changes were planned"), "{plan}");

    let other = ours.replace(&address, "198.51.100.1");
    let text = fs::read_to_string(&zone).unwrap();
    fs::write(&zone, text.replace(&ours, &other)).unwrap();
    let plan = tools::octodns(&bin, folder, "sync", &[]);
    assert!(plan.contains("Updates=3"), "the judge sees records: {plan}");
}
