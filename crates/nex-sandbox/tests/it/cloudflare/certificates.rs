//! The Origin CA: `openssl` trusts its certificates, and it refuses invalid requests.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::tools::missing;
use super::{Api, column, text};

/// Runs `openssl` in `folder` and returns its output, or `None` if `openssl` is not installed.
fn openssl(folder: &Path, args: &[&str]) -> Option<String> {
    let output = match Command::new("openssl")
        .args(args)
        .current_dir(folder)
        .output()
    {
        Ok(output) => output,
        Err(error) => {
            missing(&format!("openssl did not start: {error}"));
            return None;
        }
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {args:?}: {errors}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A certificate request with an elliptic curve key, and one with an RSA key.
fn requests(folder: &Path) -> Option<(String, String)> {
    let request = |key: &[&str]| {
        let new = ["req", "-new", "-nodes", "-subj", "/CN=ignored", "-newkey"];
        openssl(folder, &[&new, key].concat())
    };
    let curve = "ec_paramgen_curve:P-256";
    let ecc = request(&["ec", "-pkeyopt", curve, "-keyout", "ecc.key"])?;
    let rsa = request(&["rsa:2048", "-keyout", "rsa.key"])?;
    Some((ecc, rsa))
}

fn issue(api: &Api, csr: &str, kind: &str) -> super::Reply {
    let body = json!({ "csr": csr, "hostnames": ["*.paywithnex.com", "paywithnex.com"],
        "request_type": kind, "requested_validity": 5475 });
    api.call("POST", "certificates", &body)
}

#[test]
fn openssl_trusts_the_certificates() {
    let api = Api::start();
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let Some((ecc, rsa)) = requests(folder) else {
        return;
    };
    let root = api.control("GET", "cloudflare/ca", &Value::Null).text;
    fs::write(folder.join("root.pem"), root).expect("a file");
    for (csr, kind, key) in [
        (&ecc, "origin-ecc", "ecc.key"),
        (&rsa, "origin-rsa", "rsa.key"),
    ] {
        let issued = issue(&api, csr, kind);
        assert_eq!(issued.status, 200, "{}", issued.text);
        let pem = text(&issued.body["result"]["certificate"]);
        fs::write(folder.join("leaf.pem"), pem).expect("a file");
        let run = |args: &[&str]| openssl(folder, args).expect("openssl");
        for host in ["gitlab.paywithnex.com", "paywithnex.com"] {
            let verify = [
                "verify",
                "-x509_strict",
                "-CAfile",
                "root.pem",
                "-purpose",
                "sslserver",
            ];
            let host = ["-verify_hostname", host, "leaf.pem"];
            assert_eq!(run(&[&verify[..], &host[..]].concat()), "leaf.pem: OK\n");
        }
        let of_certificate = run(&["x509", "-in", "leaf.pem", "-noout", "-pubkey"]);
        assert_eq!(of_certificate, run(&["pkey", "-in", key, "-pubout"]));
        let shown = run(&["x509", "-in", "leaf.pem", "-noout", "-text"]);
        assert!(
            shown.contains("DNS:*.paywithnex.com, DNS:paywithnex.com"),
            "{shown}"
        );
        assert!(
            !shown.contains("ignored"),
            "only the key of the request is used"
        );
    }
}

#[test]
fn certificates_are_listed_returned_and_revoked() {
    let api = Api::start();
    let folder = tempfile::tempdir().expect("a folder");
    let Some((ecc, _)) = requests(folder.path()) else {
        return;
    };
    let issued = &issue(&api, &ecc, "origin-ecc").body["result"];
    let id = text(&issued["id"]);
    assert_eq!(issued["requested_validity"], 5475);
    let (list, path) = (
        format!("certificates?zone_id={}", api.zone),
        format!("certificates/{id}"),
    );
    assert_eq!(api.get("certificates").refusal(), (400, 1012, 0));
    assert_eq!(column(&api.get(&list).body["result"], "id"), [id.as_str()]);
    assert_eq!(&api.get(&path).body["result"], issued);

    let rfc3339 = text(&issued["expires_on"]);
    assert!(rfc3339.contains('T') && rfc3339.ends_with('Z'), "{rfc3339}");
    api.control("PATCH", "cloudflare/config", &json!({ "expires_on": "go" }));
    let go = text(&api.get(&path).body["result"]["expires_on"]);
    assert_eq!(go, rfc3339.replace('T', " ").replace('Z', " +0000 UTC"));

    let other = json!({ "name": "example.net" });
    let other = text(&api.control("POST", "cloudflare/zones", &other).body["id"]);
    let elsewhere = api.get(&format!("certificates?zone_id={other}")).body;
    assert_eq!(elsewhere["result"], json!([]));

    let revoked = api.call("DELETE", &path, &Value::Null).body;
    assert_eq!(revoked["result"]["id"], json!(id));
    assert_eq!(api.get(&list).body["result"], json!([]));
    assert!(api.get(&path).body["result"]["revoked_at"].is_string());
    assert_eq!(
        api.call("DELETE", &path, &Value::Null).refusal(),
        (404, 7003, 0)
    );
}

/// The request with a changed signature, which is at the end of the text.
fn forged(csr: &str) -> String {
    let mut lines: Vec<String> = csr.lines().map(str::to_owned).collect();
    let last = lines.len() - 2;
    let changed = if lines[last].starts_with('A') {
        "B"
    } else {
        "A"
    };
    lines[last].replace_range(..1, changed);
    lines.join("\n")
}

#[test]
fn invalid_requests_are_refused() {
    let api = Api::start();
    let folder = tempfile::tempdir().expect("a folder");
    let Some((ecc, rsa)) = requests(folder.path()) else {
        return;
    };
    for (fields, code) in [
        (json!({ "csr": "nonsense" }), 1009),
        (json!({ "csr": rsa }), 1009),
        (json!({ "csr": forged(&ecc) }), 1009),
        (json!({ "request_type": "origin-dsa" }), 1009),
        (json!({ "requested_validity": 8 }), 1009),
        (json!({ "hostnames": [] }), 1009),
        (json!({ "hostnames": ["example.org"] }), 1010),
        (json!({ "hostnames": ["paywithnex.com.example.org"] }), 1010),
        (json!({ "hostnames": ["a.*.paywithnex.com"] }), 1010),
    ] {
        let mut body = json!({ "csr": ecc, "hostnames": ["paywithnex.com"],
            "request_type": "origin-ecc", "requested_validity": 7 });
        for (key, value) in fields.as_object().expect("fields") {
            body[key] = value.clone();
        }
        let refused = api.call("POST", "certificates", &body);
        assert_eq!(
            refused.refusal(),
            (400, code, 0),
            "{fields}: {}",
            refused.text
        );
    }
    let list = api.get(&format!("certificates?zone_id={}", api.zone)).body;
    assert_eq!(list["result"], json!([]));
}
