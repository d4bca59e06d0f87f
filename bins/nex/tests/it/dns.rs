//! The zone at Cloudflare, in the whole flow and alone.

use std::time::Duration;

use expect_test::expect;
use nex_sandbox::{Fault, Loss, Rule};

use crate::stage::{Reference, Stage, nex, replaced, run};

/// Every record, each as Cloudflare shows it.
const RECORDS: &str = "
for r in sorted(cloudflare('zones/{zone}/dns_records'), key=lambda r: (r['name'], r['type'], r['content'])):
    print(json.dumps(r, sort_keys=True))
";

#[test]
fn after_a_bootstrap_names_settings_and_certificate_are_as_the_reference_has_them() {
    let reference = Reference::new();
    let stage = Stage::built(&reference.file());
    let zone = stage.python(
        "
for r in cloudflare('zones/{zone}/dns_records'):
    if 'nex' in (r['comment'] or ''):
        print(r['type'], r['name'], r['content'] == address(), r['proxied'], r['ttl'], r['comment'])
print(sorted((s['id'], s['value']) for s in cloudflare('zones/{zone}/settings')))
",
    );
    expect![[r#"
        A gitlab.paywithnex.com True True 1 managed by nex (staging)
        A registry.paywithnex.com True True 1 managed by nex (staging)
        A ssh-gitlab.paywithnex.com True False 1 managed by nex (staging)
        [('always_use_https', 'on'), ('min_tls_version', '1.2'), ('ssl', 'strict'), ('ssl_automatic_mode', 'custom'), ('tls_client_auth', 'off')]"#]]
    .assert_eq(&zone);
    let verified = stage.python(
        "
import subprocess, tempfile
root = urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/_sandbox/cloudflare/ca').read().decode()
bundle = json.loads(boto3.client('secretsmanager').get_secret_value(SecretId='nex/gitlab/origin-certificate')['SecretString'])
folder = tempfile.mkdtemp()
for name, text in (('root', root), ('leaf', bundle['certificate']), ('key', bundle['key'])):
    open(folder + '/' + name, 'w').write(text)
def openssl(*words): return subprocess.run(['openssl', *words], cwd=folder, check=True, capture_output=True, text=True).stdout
print(openssl('verify', '-CAfile', 'root', '-verify_hostname', 'gitlab.paywithnex.com', 'leaf').strip())
print(openssl('verify', '-CAfile', 'root', '-verify_hostname', 'registry.paywithnex.com', 'leaf').strip())
print(openssl('x509', '-in', 'leaf', '-noout', '-pubkey') == openssl('pkey', '-in', 'key', '-pubout'))
",
    );
    assert_eq!(verified, "leaf: OK\nleaf: OK\nTrue");
}

#[test]
fn what_others_changed_in_the_zone_is_shown_and_mended_and_nothing_else() {
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
    let adopt = format!("nex adopt ENV dns-record {id}");
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
            comment: "by hand" -> "managed by nex (staging)"

        staging: 0 to create, 1 to update, 0 to replace, 0 to delete
    "#]]
    .assert_eq(&adopted.out);
    let now = stage.python(
        "print([(r['content'], r['comment']) for r in cloudflare('zones/{zone}/dns_records') if r['name'].startswith('gitlab.')])",
    );
    assert_eq!(
        now, "[('198.51.100.7', 'by hand; managed by nex (staging)')]",
        "adopting changes nothing but the mark"
    );
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_destroy_takes_what_is_ours_and_leaves_the_rest_of_the_zone_as_it_was() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let before = stage.python(RECORDS);
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    assert_eq!(
        stage.python(RECORDS).lines().count(),
        before.lines().count() + 3
    );
    let refused = stage
        .nex(&["destroy", &file, "--confirm", "staging"])
        .expect(5);
    let mut arguments = vec!["destroy", &file, "--confirm", "staging"];
    for line in refused.out.lines() {
        if let Some(named) = line.split("--allow '").nth(1) {
            arguments.extend(["--allow", named.trim_end_matches('\'')]);
        }
    }
    stage.sandbox.reset_calls();
    stage.nex(&arguments).expect(0);
    assert_eq!(stage.python(RECORDS), before);
    let live = stage.python("print(cloudflare('certificates?zone_id={zone}'))");
    assert_eq!(live, "[]");
    // A name that still points at a released address would be anybody's.
    let calls = stage.sandbox.calls();
    let first = |operation: &str| calls.iter().position(|call| call.operation == operation);
    assert!(first("BatchRecords").unwrap() < first("ReleaseAddress").unwrap());
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn three_hundred_records_take_four_calls_to_plan() {
    let many = Reference::with(|text| {
        let records: String = (0..300)
            .map(|n| {
                format!("[[dns.records]]\ntype = \"A\"\nname = \"host-{n}\"\ncontent = \"198.51.100.1\"\n\n")
            })
            .collect();
        replaced(&text, "[dns.settings]", &format!("{records}[dns.settings]"))
    });
    let file = many.file();
    let stage = Stage::new();
    stage.python(
        "
control = os.environ['AWS_ENDPOINT_URL'] + '/_sandbox/cloudflare/config'
body = json.dumps({'record_quota': 3500}).encode()
urllib.request.urlopen(urllib.request.Request(control, body, method='PATCH'))
",
    );
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.sandbox.reset_calls();
    let plan = stage.nex(&["dns", "plan", &file, "--check"]).expect(0);
    assert!(plan.out.starts_with("no changes"), "{}", plan.out);
    let calls = stage.sandbox.calls();
    let cloudflare = calls.iter().filter(|call| call.service == "cloudflare");
    assert!(cloudflare.count() <= 4, "{calls:?}");
}

#[test]
fn a_new_certificate_leaves_the_old_one_valid_until_it_is_revoked_by_name() {
    let reference = Reference::new();
    let stage = Stage::built(&reference.file());
    let live = "print(len(cloudflare('certificates?zone_id={zone}')))";
    let changed = Reference::with(|text| {
        let one = "hostnames = [\"*.paywithnex.com\"]";
        let two = "hostnames = [\"*.paywithnex.com\", \"paywithnex.com\"]";
        replaced(&text, one, two)
    });
    let file = changed.file();
    let plan = stage.nex(&["plan", &file]).expect(0);
    expect![[r#"
        ± replace origin-certificate nex/gitlab/origin-certificate
            because hostnames: a certificate's names never change
            because the old one stays valid until it is revoked by name
            hostnames:
              + "paywithnex.com"

        staging: 0 to create, 0 to update, 1 to replace, 0 to delete
    "#]]
    .assert_eq(&plan.out);
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    assert_eq!(stage.python(live), "2");
    let plan = stage.nex(&["plan", &file, "--check"]).expect(0);
    assert!(
        plan.out.contains("info[certificate-unused]"),
        "{}",
        plan.out
    );

    let revoked = stage.nex(&["dns", "revoke", &file, "--yes"]).expect(0);
    assert!(revoked.out.contains("1 done, 0 failed"), "{}", revoked.out);
    let in_use = stage.python(
        "
bundle = json.loads(boto3.client('secretsmanager').get_secret_value(SecretId='nex/gitlab/origin-certificate')['SecretString'])
print([c['id'] for c in cloudflare('certificates?zone_id={zone}')] == [bundle['id']])
",
    );
    assert_eq!(in_use, "True");
    let again = stage.nex(&["dns", "revoke", &file, "--yes"]).expect(0);
    assert!(again.out.starts_with("no changes"), "{}", again.out);
}

#[test]
fn without_a_certificate_there_is_no_server_and_the_next_run_goes_on() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let rule = Rule::new(Fault::FailBefore {
        how: Loss::Code(1100),
    });
    stage.sandbox.add_rule(rule.operation("CreateCertificate"));
    let ended = stage.nex(&["bootstrap", &file, "--yes"]).expect(4);
    assert!(ended.out.contains("(1100)"), "{}", ended.out);
    let servers = "print(len([i for r in ec2.describe_instances()['Reservations'] for i in r['Instances'] if any(t['Value'] == 'nex-staging-gitlab' for t in i.get('Tags', []))]))";
    assert_eq!(stage.python(servers), "0");
    stage.sandbox.clear_rules();
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    let live = stage.python("print(len(cloudflare('certificates?zone_id={zone}')))");
    assert_eq!(live, "1");
}

#[test]
fn cloudflares_networks_are_those_that_nex_knows_when_nobody_answers() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let rule = Rule::new(Fault::FailBefore {
        how: Loss::Html(502),
    });
    stage.sandbox.add_rule(rule.operation("GetNetworks"));
    let plan = stage.nex(&["plan", &file, "--check"]).expect(0);
    assert!(
        plan.out.contains("warning[edge-networks-built-in]") && plan.out.contains("2021-04"),
        "{}",
        plan.out
    );
}

#[test]
fn a_zone_that_is_imported_and_adopted_has_nothing_to_change() {
    let reference = Reference::new();
    let stage = Stage::built(&reference.file());
    let imported = stage.nex(&["dns", "import", &reference.file()]).expect(0);
    assert!(
        imported
            .out
            .contains("# passed over, and never touched: MX paywithnex.com"),
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

#[test]
fn a_token_that_is_not_there_or_may_not_is_said_before_any_change() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let mut without = stage.command(&["bootstrap", &file, "--yes"]);
    let ended = run(without.env_remove("CLOUDFLARE_API_TOKEN")).expect(1);
    assert!(
        ended
            .err
            .contains("failed to get env:CLOUDFLARE_API_TOKEN, the API token for Cloudflare"),
        "{}",
        ended.err
    );
    let mut wrong = stage.command(&["bootstrap", &file, "--yes"]);
    let ended = run(wrong.env("CLOUDFLARE_API_TOKEN", "x".repeat(40))).expect(1);
    assert!(ended.err.contains("hint: "), "{}", ended.err);
    assert!(!ended.err.contains(&"x".repeat(40)), "{}", ended.err);
    assert!(stage.sandbox.calls().iter().all(|call| !call.mutating));
}

#[test]
fn a_rate_limit_is_waited_for() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let rule = Rule::new(Fault::Throttle).service("cloudflare").times(2);
    stage.sandbox.add_rule(rule);
    let began = std::time::Instant::now();
    let plan = stage.nex(&["dns", "plan", &file, "--check"]).expect(0);
    assert!(
        began.elapsed() >= Duration::from_secs(1),
        "Retry-After is 1 s"
    );
    assert!(plan.err.contains("the next try in"), "{}", plan.err);
}
