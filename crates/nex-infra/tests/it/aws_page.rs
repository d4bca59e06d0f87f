//! Checks that `docs/aws.md` holds the policies that the code makes. `UPDATE_EXPECT=1` updates the page.

use std::fmt::Write as _;
use std::path::Path;

use expect_test::expect_file;
use nex_infra::permissions::{MAX_POLICY_CHARACTERS, Permissions, Policy};
use nex_infra::policy::Scope;
use nex_infra::{Names, Spec};

const HEAD: &str = r#"# AWS: credentials and permissions

This page is made from the code by `UPDATE_EXPECT=1 cargo test -p nex-infra --test it aws_page`. The permissions come
from one table, [`permissions/table.rs`](../crates/nex-infra/src/permissions/table.rs), which lists every AWS operation
that nex calls. A test compares the table with the calls of a deployment's whole life in the sandbox. Nobody has used
these policies on a real account yet: if AWS refuses a call, the report names the call, the resource and AWS's message.

## Credentials

nex takes credentials as the AWS SDKs do: from the environment, a profile (`AWS_PROFILE`), `aws sso login`,
`credential_process`, a web identity (OIDC in CI), or the metadata of an instance or container. The Region comes from
`aws.region`. Set `aws.account`, so that nex refuses the credentials of any other account.

- Profiles with `mfa_serial` do not work, because the SDK never asks for a code. Use `aws sso login`, or a
  `credential_process` that asks.
- Profiles of `aws login` do not work either. Use `aws sso login`.
- Only the partition `aws` is supported: not China, GovCloud or the isolated Regions.

## Policies

| policy | allows | who gets it |
|---|---|---|
| `plan` | everything that reads, for `nex plan` and `nex check --deep` | CI with `nex plan --check`, and every operator |
| `change-compute` | changes of EC2, Auto Scaling and the snapshot policy | operators |
| `change-roles` | changes of IAM roles and instance profiles; passing these roles on | operators |
| `change-storage` | changes of S3, Secrets Manager and CloudWatch Logs | operators |
| `adopt` | tagging resources of EC2 that others made | operators, as long as they use `nex adopt` |

`nex bootstrap` and `nex destroy` need the first four. They are separate policies because IAM allows 6,144 characters
for one, without white space. A role may have ten of them.

Some limits are worth knowing before you hand these policies out:

- `plan` reads no secret's value, except that of an API token that `dns.token` keeps in Secrets Manager. Only a run that
  issues or stores an origin certificate reads the value of the certificate's secret, which holds the private key.
- `plan` lists roles of the account with their policies (`iam:GetAccountAuthorizationDetails`), because IAM can't filter.
  You can take that action away: nex then reads its roles by name, with about twenty more calls for a plan.
- EC2 can't limit who reads the user data in launch templates. nex puts no secret there; others might.
- `change-roles` writes the inline policies of three roles, and IAM does not restrict their content. Whoever may pass
  such a role to an instance can give the instance any permission. Treat its holder as an administrator of the account, or
  limit the three roles by a service control policy.
- `change-storage` writes the buckets' policies, so its holder can let himself read the objects, such as backups with
  GitLab's secrets in a bucket that nex creates.
- EC2's resources have random ids, so `change-compute` limits changes to resources with the tag `Deployment`. It lets
  an operator start instances that nex does not know, but not with another role and not with another deployment's tag.
- `adopt` puts the tag on any resource of EC2 and so hands it to `change-compute`. Detach it after the adoption.
- nex still reads a bucket that the spec no longer names, until it is deleted. Keep such a bucket in `plan` and in
  `change-storage` until then, or the next plan ends with "access denied".

### Attaching them

The documents below are those of the reference deployment. This prints them for another environment, and attaches
them to a role:

```sh
environment=environments/staging.toml  account=009001720821  role=nex-operator
for policy in plan change-compute change-roles change-storage; do
  cargo run -q -p nex-infra --no-default-features --example operator_policy -- "$environment" "$policy" > "$policy.json"
  aws iam create-policy --policy-name "nex-staging-$policy" --policy-document "file://$policy.json"
  aws iam attach-role-policy --role-name "$role" --policy-arn "arn:aws:iam::$account:policy/nex-staging-$policy"
done
```

After an update of nex, print them again:

```sh
aws iam create-policy-version --set-as-default --policy-document file://plan.json \
  --policy-arn "arn:aws:iam::$account:policy/nex-staging-plan"
```

IAM keeps five versions of a policy; `aws iam delete-policy-version` removes an old one. With IAM Identity Center, name
the policies in the permission set as customer managed policies.

## What stays outside

- **vCPU quotas.** `plan` reads and compares them; raising them is a request to AWS.
- **Service-linked roles.** AWS makes `AWSServiceRoleForAutoScaling` with the account's first Auto Scaling group, and
  Auto Scaling that for Spot. nex deletes neither.
- **Keys of your own.** The policies assume AWS's keys (`aws/ebs`, `aws/secretsmanager`, SSE-S3). If the account
  encrypts EBS volumes by default with a key of its own, operators and Auto Scaling's role need permission to use it.
- **What nex only looks up**: network, database, images, a shared backups bucket. The bucket's policy must allow
  `s3:ListBucket` if the bucket is another account's.
- **The roles of the machines.** nex creates them; `nex plan --full` shows their policies.
- **Service control policies** that require tags or forbid Regions apply to nex as to everybody.
"#;

/// An environment's file, as far as the policies depend on it.
struct Environment {
    names: Names,
    spec: Spec,
    scope: Scope,
}

fn staging() -> Environment {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("environments/staging.toml")).unwrap();
    let file: toml::Table = toml::from_str(&text).unwrap();
    let word = |key: &str| file[key].as_str().unwrap().to_owned();
    let spec: Spec = file["aws"].clone().try_into().unwrap();
    Environment {
        names: Names::new(word("prefix"), word("name")).with_paths(&spec.names),
        scope: Scope {
            partition: "aws".into(),
            region: spec.region.clone(),
            account: spec.account.clone().unwrap(),
        },
        spec,
    }
}

fn page() -> String {
    let Environment { names, spec, scope } = staging();
    let permissions = Permissions::new(&scope, &names, &spec);
    let permissions = permissions.with_certificate(names.secrets().origin_certificate);
    let mut out = HEAD.to_owned();
    for policy in Policy::ALL.iter().copied() {
        let document = permissions.document(policy);
        let size = document.to_string().chars().count();
        let _ = write!(
            out,
            "\n## {}-{}\n\n{size} of {MAX_POLICY_CHARACTERS} characters.\n\n| block | for |\n|---|---|\n",
            names.deployment(),
            policy.as_str(),
        );
        for target in permissions.targets(policy) {
            let _ = writeln!(out, "| `{}` | {} |", target.as_str(), target.note());
        }
        let json = serde_json::to_string_pretty(document.as_json()).unwrap();
        let _ = write!(out, "\n```json\n{json}\n```\n");
    }
    out
}

#[test]
fn the_page_holds_the_policies_of_the_reference() {
    expect_file!["../../../../docs/aws.md"].assert_eq(&page());
}
