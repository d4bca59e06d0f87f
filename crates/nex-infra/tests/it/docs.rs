//! Writes `docs/resources.md` from the kinds themselves. `UPDATE_EXPECT=1` renews it.

use std::fmt::Write as _;

use expect_test::expect_file;
use nex_infra::model::{DesiredResource, Kind};
use nex_plan::UpdateBehavior;

use crate::support::wanted;

const HEAD: &str = "\
# The AWS resources

This page is made from the code by `UPDATE_EXPECT=1 cargo test -p nex-infra --test it docs`.

## Whose is what

nex changes what it made, or took over by `nex adopt`: what carries its tags. What has a name of ours without these tags
is reported and left as it is, with its parts. What the spec only points at (VPC, subnets, NAT gateway, the RDS
instance, the images, an existing backups bucket) is looked up and never made or changed; in the database's security
group nex has one rule, if the spec says that it may.

There is no state file. Names and tags find everything again:

| what | scheme | example |
|---|---|---|
| the server's parts | `PREFIX-ENVIRONMENT-gitlab` | `nex-staging-gitlab` |
| the fleet's parts | `PREFIX-ENVIRONMENT-gitlab-runner` | `nex-staging-gitlab-runner` |
| snapshots | `PREFIX-ENVIRONMENT-gitlab-snapshots` | `nex-staging-gitlab-snapshots` |
| buckets | `PREFIX-ENVIRONMENT-WHAT`, or as the spec names them | `nex-staging-gitlab-registry` |
| log groups | `/PREFIX/COMPONENT/WHAT` | `/nex/gitlab-runner/system` |
| secrets | `PREFIX/COMPONENT/WHAT` | `nex/gitlab/root-password` |

| tag | value |
|---|---|
| `ManagedBy` | `nex` |
| `Environment` | the environment's name |
| `Component` | `gitlab` or `gitlab-runner` |
| `Name` | the name, on what EC2, Auto Scaling and DLM make |
| `Snapshot` | the snapshot policy's name, on the volumes that it covers |

The spec may add tags for all of them. Tags that others put on a resource are left alone.

## What a change does

- **in place**: nothing stops.
- **restart**: the instance is stopped and started.
- **replacement**: a new one takes its place. Of what holds data (S3 buckets, secrets, Elastic IPs, the instance, its
  volume) nex replaces or deletes nothing unless `--allow` names it.
- **at creation only**: a difference later changes nothing; the reason says who decides then.
- **grows only**: a smaller value is left as it is, with a warning.
";

/// What a table of fields can't say of a kind.
fn note(kind: Kind) -> &'static str {
    match kind {
        Kind::SecurityGroup => "New rules come before old ones go.",
        Kind::DatabaseIngress => {
            "One rule in the database's group; the group itself is never touched."
        }
        Kind::IamRole => "All inline and attached policies are nex's: others are taken away.",
        Kind::InstanceProfile => "It holds one role.",
        Kind::S3Bucket => {
            "S3 encrypts every object (SSE-S3). nex's lifecycle rules replace all that are there. Objects are touched only when `destroy` is given the bucket's name."
        }
        Kind::Secret => "A value that is there is never read, shown or changed.",
        Kind::LogGroup => "Events are never touched.",
        Kind::ElasticIp => "The address stays when the server is replaced.",
        Kind::Instance => {
            "User data runs at the first boot: new user data changes nothing on a server that runs. Its volume outlives it."
        }
        Kind::Volume => {
            "The launch makes it. One that is left over when its server goes is reported, and kept until someone deletes it by hand."
        }
        Kind::ElasticIpAssociation => "Moved to the new instance when the server is replaced.",
        Kind::SnapshotPolicy => {
            "Snapshots are kept by age, so that a missed run keeps none longer. nex deletes none."
        }
        Kind::LaunchTemplate => {
            "A version can't be changed: a change of any field but the tags makes a new one, which becomes the default and is pinned in the group. Instances that run keep theirs."
        }
        Kind::AutoScalingGroup => {
            "The version of its template is pinned by number. Desired capacity is the scaling policy's once the group runs."
        }
        Kind::LifecycleHook => {
            "It holds an instance on scale-in and recycling; a Spot interruption does not wait for it."
        }
        Kind::ScalingPolicy => "Target tracking; CloudWatch alarms are Auto Scaling's own.",
    }
}

fn effect(behavior: &UpdateBehavior) -> String {
    match behavior {
        UpdateBehavior::NoInterruption => "in place".into(),
        UpdateBehavior::SomeInterruption => "restart".into(),
        UpdateBehavior::Replacement(why) => format!("replacement: {why}"),
        UpdateBehavior::CreateOnly(who) => format!("at creation only: {who}"),
        UpdateBehavior::GrowOnly => "grows only".into(),
    }
}

/// A resource of each kind, with a pinned image where there is one: another image is a replacement only then.
fn example(kind: Kind) -> DesiredResource {
    let desired = wanted(&crate::support::spec());
    let found = desired
        .into_values()
        .find(|resource| resource.key().kind == kind);
    found.expect("the reference has one of each kind")
}

fn page() -> String {
    let mut out = HEAD.to_owned();
    for kind in Kind::ALL.iter().copied() {
        let resource = example(kind);
        let _ = write!(out, "\n## {}\n\n{}\n", kind.as_str(), note(kind));
        if kind.is_stateful() {
            out += "It holds what can't be made again: refused unless named.\n";
        }
        let needs: Vec<&str> = resource
            .needs()
            .iter()
            .map(|need| need.kind.as_str())
            .collect();
        if !needs.is_empty() {
            let mut kinds = needs.clone();
            kinds.dedup();
            let _ = writeln!(out, "It needs: {}.", kinds.join(", "));
        }
        out += "\n| field | a change is made |\n|---|---|\n";
        for field in resource.fields() {
            let _ = writeln!(
                out,
                "| `{}` | {} |",
                field.name,
                pinned(&resource, field.name, &field.behavior)
            );
        }
    }
    out
}

/// An image follows another rule when the spec names it.
fn pinned(resource: &DesiredResource, field: &str, behavior: &UpdateBehavior) -> String {
    let newest = effect(behavior);
    if let (DesiredResource::Secret(_), "value") = (resource, field) {
        return "put in where it is missing: generated, from the reference in the spec, or later by whoever has it".into();
    }
    let mut named = resource.clone();
    match &mut named {
        DesiredResource::Instance(new) => new.instance.image.pinned = true,
        DesiredResource::LaunchTemplate(template) => template.image.pinned = true,
        _ => return newest,
    }
    let fields = named.fields();
    let named = fields
        .iter()
        .find(|f| f.name == field)
        .expect("the same fields");
    if named.behavior == *behavior {
        newest
    } else {
        format!(
            "{newest}; if the spec names it, {}",
            effect(&named.behavior)
        )
    }
}

#[test]
fn the_page_says_what_the_code_does() {
    expect_file!["../../../../docs/resources.md"].assert_eq(&page());
}
