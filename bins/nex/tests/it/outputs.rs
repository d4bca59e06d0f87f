//! What an environment consists of, for other programs.

use crate::stage::{Reference, Stage};

#[test]
fn outputs_are_those_of_the_environment_before_and_after_a_build() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let outputs = |stage: &Stage| -> serde_json::Value {
        let ended = stage.nex(&["outputs", &file, "--json"]).expect(0);
        serde_json::from_str(&ended.out).unwrap()
    };
    let before = outputs(&stage);
    assert_eq!(before["address"], serde_json::Value::Null);
    assert_eq!(before["buckets"], serde_json::json!([]));
    assert_eq!(before["url"], "https://gitlab.paywithnex.com");

    let built = stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    assert!(built.err.contains("What comes next:"), "{}", built.err);
    let after = outputs(&stage);
    assert_eq!(after["address"], stage.python("print(address())"));
    assert!(
        after["instance"].as_str().unwrap().starts_with("i-"),
        "{after}"
    );
    assert_eq!(after["root_password_secret"], "nex/gitlab/root-password");
    let secrets = after["secrets"].as_array().unwrap();
    assert!(
        secrets.contains(&after["runner_token_secret"]),
        "{secrets:?}"
    );
    // A run that builds nothing has nothing new to say.
    let again = stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    assert!(!again.err.contains("What comes next:"), "{}", again.err);
}
