//! The zone at Cloudflare, in the whole flow and alone.

use std::time::Duration;

use expect_test::expect;
use nex_sandbox::{Fault, Loss, Rule};

use crate::stage::{Reference, Stage, replaced, run};

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
        A gitlab.paywithnex.com True True 1 managed by nex (nex-staging)
        A registry.paywithnex.com True True 1 managed by nex (nex-staging)
        A ssh-gitlab.paywithnex.com True False 1 managed by nex (nex-staging)
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
fn an_import_makes_no_call_to_aws_and_a_plan_checks_the_account() {
    let other = Reference::with(|text| replaced(&text, "\"009001720821\"", "\"111122223333\""));
    let file = other.file();
    let stage = Stage::new();
    let mut import = stage.command(&["dns", "import", &file]);
    run(import.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")).expect(0);
    for command in ["plan", "revoke"] {
        let refused = stage.nex(&["dns", command, &file]).expect(1);
        assert!(refused.err.contains("111122223333"), "{}", refused.err);
        assert!(
            refused.err.contains("hint: set AWS_PROFILE"),
            "{}",
            refused.err
        );
    }
}

#[test]
fn a_destroy_deletes_what_is_ours_and_leaves_the_rest_of_the_zone_as_it_was() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let before = stage.python(RECORDS);
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    assert_eq!(
        stage.python(RECORDS).lines().count(),
        before.lines().count() + 3
    );
    stage.sandbox.reset_calls();
    stage.destroy(&file);
    assert_eq!(stage.python(RECORDS), before);
    let live = stage.python("print(cloudflare('certificates?zone_id={zone}'))");
    assert_eq!(live, "[]");
    // A name that points at a released address may come to point at the server of someone else.
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
              + paywithnex.com

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
    let why = "not begun: instance nex-staging-gitlab\n  because it needs origin-certificate nex/gitlab/origin-certificate";
    assert!(ended.out.contains(why), "{}", ended.out);
    let servers = "print(len([i for r in ec2.describe_instances()['Reservations'] for i in r['Instances'] if any(t['Value'] == 'nex-staging-gitlab' for t in i.get('Tags', []))]))";
    assert_eq!(stage.python(servers), "0");
    stage.sandbox.clear_rules();
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    let live = stage.python("print(len(cloudflare('certificates?zone_id={zone}')))");
    assert_eq!(live, "1");
}

#[test]
fn cloudflares_networks_stay_as_they_are_when_the_list_can_not_be_read() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let rule = Rule::new(Fault::FailBefore {
        how: Loss::Html(502),
    });
    stage.sandbox.add_rule(rule.operation("GetNetworks"));
    let plan = stage.nex(&["plan", &file, "--check"]).expect(0);
    assert!(
        plan.out.contains("warning[edge-networks-unread]"),
        "{}",
        plan.out
    );
}

#[test]
fn a_missing_or_wrong_token_is_an_error_before_any_change() {
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

#[test]
fn a_destroy_of_the_zone_alone_takes_the_records_and_leaves_certificate_and_settings() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let state = "
names = [r['name'] for r in cloudflare('zones/{zone}/dns_records') if 'managed by nex' in (r['comment'] or '')]
ssl = next(s['value'] for s in cloudflare('zones/{zone}/settings') if s['id'] == 'ssl')
print(len(names), len(cloudflare('certificates?zone_id={zone}')), ssl)
";
    stage.sandbox.reset_calls();
    let ended = stage.nex(&["dns", "destroy", &file, "--confirm", "staging"]);
    ended.expect(0);
    assert_eq!(stage.python(state), "0 1 strict");
    let calls = stage.sandbox.calls();
    let aws = calls.iter().filter(|call| call.service != "cloudflare");
    assert!(aws.clone().all(|call| !call.mutating), "{calls:?}");
    stage.nex(&["dns", "apply", &file, "--yes"]).expect(0);
    assert_eq!(stage.python(state), "3 1 strict");
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_zone_with_an_internationalised_name_is_found_in_both_forms() {
    let stage = Stage::new();
    let control = "
control = os.environ['AWS_ENDPOINT_URL'] + '/_sandbox/cloudflare/zones'
body = json.dumps({'name': 'bücher.example'}).encode()
urllib.request.urlopen(urllib.request.Request(control, body, method='POST'))
";
    stage.python(control);
    for name in ["bücher.example", "xn--bcher-kva.example"] {
        let reference = Reference::with(|text| {
            let text = text.replace("paywithnex.com", "xn--bcher-kva.example");
            let zone = "zone = \"xn--bcher-kva.example\"";
            let text = replaced(&text, zone, &format!("zone = \"{name}\""));
            let record = "[[dns.records]]\ntype = \"A\"\nname = \"größe\"\ncontent = \"192.0.2.1\"\n\n[dns.settings]";
            replaced(&text, "[dns.settings]", record)
        });
        let file = reference.file();
        let plan = stage.nex(&["dns", "plan", &file]).expect(0);
        let record = "dns-record xn--gre-6ka8i.xn--bcher-kva.example A";
        assert!(plan.out.contains(record), "{}", plan.out);
        stage.nex(&["dns", "import", &file]).expect(0);
    }
}

#[test]
fn a_name_that_is_delegated_during_the_apply_is_named_and_the_rest_is_done() {
    let stage = Stage::built(&Reference::new().file());
    let more = Reference::with(|text| {
        let records: String = ["host-a", "host-b", "host-c"]
            .map(|name| format!("[[dns.records]]\ntype = \"A\"\nname = \"{name}\"\ncontent = \"198.51.100.1\"\n\n"))
            .concat();
        replaced(&text, "[dns.settings]", &format!("{records}[dns.settings]"))
    });
    let slow = Rule::new(Fault::Delay { ms: 2000 }).operation("BatchRecords");
    stage.sandbox.add_rule(slow.times(1));
    stage.sandbox.reset_calls();
    let script = "
import subprocess, time
run = subprocess.Popen(['NEX', 'dns', 'apply', 'FILE', '--yes'], stdout=subprocess.PIPE, text=True)
calls = os.environ['AWS_ENDPOINT_URL'] + '/_sandbox/calls'
while not any(call['operation'] == 'BatchRecords' for call in json.load(urllib.request.urlopen(calls))):
    time.sleep(0.02)
record = {'type': 'NS', 'name': 'host-b', 'content': 'ns.example.org'}
cloudflare('zones/{zone}/dns_records', 'POST', record)
print(run.communicate()[0], run.returncode)
print(sorted(r['name'] for r in cloudflare('zones/{zone}/dns_records') if r['content'] == '198.51.100.1'))
";
    let script = script.replace("NEX", env!("CARGO_BIN_EXE_nex"));
    let shown = stage.python(&script.replace("FILE", &more.file()));
    let failed = "dns-record host-b.paywithnex.com A";
    assert!(
        shown.contains(failed) && shown.contains("(81056)"),
        "{shown}"
    );
    let end = "4\n['host-a.paywithnex.com', 'host-c.paywithnex.com']";
    assert!(shown.ends_with(end), "{shown}");
}
