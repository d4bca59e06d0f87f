//! Records and settings of others in the zone: left alone, or taken over on request.

use expect_test::expect;

use crate::stage::{Reference, Stage, nex, replaced, run};

#[test]
fn changes_of_others_in_the_zone_are_shown_and_fixed_and_nothing_else() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage.python(
        "
record = next(r for r in cloudflare('zones/{zone}/dns_records') if r['name'].startswith('ssh-gitlab'))
cloudflare('zones/{zone}/dns_records/' + record['id'], 'PATCH', {'content': '198.51.100.99', 'proxied': True})
cloudflare('zones/{zone}/settings/ssl', 'PATCH', {'value': 'flexible'})
",
    );
    let plan = stage.nex(&["plan", &file, "--check"]).expect(3);
    let address = stage.python("print(address())");
    expect![[r#"
        ~ update  dns-record ssh-gitlab.paywithnex.com A
            content: "198.51.100.99" -> "ADDRESS"
            proxied: true -> false

        ~ update  zone-setting ssl
            value: "flexible" -> "strict"

        staging: 0 to create, 2 to update, 0 to replace, 0 to delete
    "#]]
    .assert_eq(&plan.out.replace(&address, "ADDRESS"));
    let alone = stage.nex(&["dns", "plan", &file, "--check"]).expect(3);
    assert_eq!(alone.out, plan.out);

    stage.sandbox.reset_calls();
    stage.nex(&["dns", "apply", &file, "--yes"]).expect(0);
    let calls = stage.sandbox.calls();
    let changed = calls.iter().filter(|call| call.mutating);
    let changed: Vec<&str> = changed.map(|call| call.operation.as_str()).collect();
    assert_eq!(changed, ["UpdateRecord", "ChangeSetting"]);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_record_of_others_at_our_name_is_refused_and_adopted_on_request() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let id = stage.python(
        "print(cloudflare('zones/{zone}/dns_records', 'POST', {'type': 'A', 'name': 'gitlab', 'content': '198.51.100.7', 'comment': 'by hand'})['id'])",
    );
    let refused = stage.nex(&["bootstrap", &file, "--yes"]).expect(5);
    let adopt = format!("nex adopt {file} dns-record {id}");
    assert!(refused.out.contains(&adopt), "{}", refused.out);
    assert!(
        refused
            .err
            .contains("dns-record gitlab.paywithnex.com A; nothing was changed"),
        "{}",
        refused.err
    );

    let adopted = stage
        .nex(&["adopt", &file, "dns-record", &id, "--yes"])
        .expect(0);
    expect![[r#"
        ~ update  dns-record gitlab.paywithnex.com A
            content: "198.51.100.7" -> (known after the server has its address)
            proxied: false -> true
            comment: "by hand; managed by nex (nex-staging)" -> "managed by nex (nex-staging)"

        staging: 0 to create, 1 to update, 0 to replace, 0 to delete
    "#]]
    .assert_eq(&adopted.out);
    let now = stage.python(
        "print([(r['content'], r['comment']) for r in cloudflare('zones/{zone}/dns_records') if r['name'].startswith('gitlab.')])",
    );
    assert_eq!(
        now, "[('198.51.100.7', 'by hand; managed by nex (nex-staging)')]",
        "adopting changes nothing but the mark"
    );
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_record_in_the_way_is_not_a_success_though_nothing_else_is_to_do() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    // Someone takes over the record that nex made.
    stage.python(
        "
record = next(r for r in cloudflare('zones/{zone}/dns_records') if r['name'].startswith('ssh-gitlab'))
cloudflare('zones/{zone}/dns_records/' + record['id'], 'PATCH', {'comment': 'mine now'})
",
    );
    let plan = stage.nex(&["plan", &file, "--check"]).expect(5);
    let last = "no changes, but staging does not match its spec: 1 refused";
    assert_eq!(plan.out.lines().last(), Some(last), "{}", plan.out);
    let refused = stage
        .nex(&["bootstrap", &file, "--yes", "--json", "-q"])
        .expect(5);
    let shown: serde_json::Value = serde_json::from_str(&refused.out).unwrap();
    assert_eq!(shown["verdicts"][0]["code"], "not-ours");
    assert!(
        refused.err.contains("refused for safety"),
        "{}",
        refused.err
    );

    let name = "dns-record ssh-gitlab.paywithnex.com A";
    stage.python("cloudflare('zones/{zone}/settings/ssl', 'PATCH', {'value': 'flexible'})");
    let allowance = format!("not-ours:{name}");
    let allowed = ["dns", "apply", &file, "--yes", "--allow", &allowance];
    let ended = stage.nex(&allowed).expect(0);
    let left = format!("left to its owner: {name}");
    assert!(ended.out.contains(&left), "{}", ended.out);
}

#[test]
fn a_record_of_workers_can_not_be_changed_and_nobody_is_told_to_adopt_it() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let id = stage.python(
        "
control = os.environ['AWS_ENDPOINT_URL'] + '/_sandbox/cloudflare/records'
record = {'type': 'AAAA', 'name': 'gitlab', 'content': '100::', 'proxied': True}
body = {'zone': call('zones')[0]['id'], 'record': record, 'meta': {'read_only': True, 'origin_worker_id': '0af1'}}
made = urllib.request.urlopen(urllib.request.Request(control, json.dumps(body).encode(), method='POST'))
print(json.load(made)['id'])
",
    );
    let refused = stage.nex(&["bootstrap", &file, "--yes"]).expect(5);
    let why = "AAAA 100:: (id ID) is read-only, so nobody can change it".replace("ID", &id);
    assert!(refused.out.contains(&why), "{}", refused.out);
    assert!(!refused.out.contains("nex adopt"), "{}", refused.out);
    stage
        .nex(&["adopt", &file, "dns-record", &id, "--yes"])
        .expect(1);
    let imported = stage.nex(&["dns", "import", &file]).expect(0);
    let skipped = "# skipped, and never touched: AAAA gitlab.paywithnex.com (read-only)";
    assert!(imported.out.contains(skipped), "{}", imported.out);
    assert!(!imported.err.contains(&id), "{}", imported.err);
    assert!(stage.sandbox.calls().iter().all(|call| !call.mutating));
}

#[test]
fn records_of_others_do_not_void_a_plan() {
    let reference = Reference::new();
    let (file, kept) = (reference.file(), reference.path("staging.plan"));
    let stage = Stage::built(&file);
    stage.python("cloudflare('zones/{zone}/settings/ssl', 'PATCH', {'value': 'full'})");
    stage.nex(&["plan", &file, "--out", &kept]).expect(0);
    stage.python(
        "cloudflare('zones/{zone}/dns_records', 'POST', {'type': 'TXT', 'name': 'shop', 'content': 'theirs'})",
    );
    stage.nex(&["bootstrap", &file, "--plan", &kept]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn settings_that_the_spec_does_not_name_stay_as_they_are() {
    let reference = Reference::with(|text| {
        let named =
            "ssl_automatic_mode = \"custom\"\nmin_tls_version = \"1.2\"\nalways_use_https = true\n";
        replaced(&text, named, "")
    });
    let file = reference.file();
    let stage = Stage::new();
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    let values = stage.python(
        "print([s['value'] for s in cloudflare('zones/{zone}/settings') if s['id'] in ('ssl', 'always_use_https')])",
    );
    assert_eq!(values, "['off', 'strict']");
}

#[test]
fn a_secret_that_nex_did_not_write_is_named_and_never_overwritten() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage.python(
        "boto3.client('secretsmanager').put_secret_value(SecretId='nex/gitlab/origin-certificate', SecretString='hunter2')",
    );
    let plan = stage.nex(&["plan", &file]).expect(0);
    assert!(
        plan.out.contains("update  origin-certificate"),
        "{}",
        plan.out
    );
    let ended = stage.nex(&["bootstrap", &file, "--yes"]).expect(1);
    let named = "failed to read the secret nex/gitlab/origin-certificate: the secret holds something that nex-dns did not write";
    assert!(
        ended.out.contains(named) && ended.out.contains("hint: find out who uses the secret"),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains("hunter2"), "{}", ended.out);
    assert!(!ended.err.contains("hunter2"), "{}", ended.err);
    stage.python(
        "boto3.client('secretsmanager').put_secret_value(SecretId='nex/gitlab/origin-certificate', SecretString='{}')",
    );
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_zone_that_is_imported_and_adopted_has_nothing_to_change() {
    let reference = Reference::new();
    let stage = Stage::built(&reference.file());
    let imported = stage.nex(&["dns", "import", &reference.file()]).expect(0);
    assert!(
        imported
            .out
            .contains("# skipped, and never touched: MX paywithnex.com"),
        "{}",
        imported.out
    );
    let ids: Vec<&str> = imported
        .err
        .lines()
        .filter_map(|line| line.split("dns-record ").nth(1))
        .collect();
    assert_eq!(ids.len(), 3, "{}", imported.err);
    let whole = Reference::with(|text| {
        let (before, _) = text.split_once("[dns]").unwrap();
        format!("{before}{}", imported.out)
    });
    let file = whole.file();
    nex_check(&file);
    for id in ids {
        stage
            .nex(&["adopt", &file, "dns-record", id, "--yes"])
            .expect(0);
    }
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

fn nex_check(file: &str) {
    run(nex().args(["check", file])).expect(0);
}
