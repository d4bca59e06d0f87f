//! Checks that `docs/resources.md` matches the kinds. `UPDATE_EXPECT=1` updates the page.

use std::fmt::Write as _;

use expect_test::expect_file;
use nex_infra::model::{DesiredResource, Kind};
use nex_plan::UpdateBehavior;

use crate::support::wanted;

const HEAD: &str = "\
# The AWS resources

This page is made from the code by `UPDATE_EXPECT=1 cargo test -p nex-infra --test it docs`.

## What nex owns

nex changes the resources that carry its tags: those that it created, and those that `nex adopt` took over. A resource
that has a name of the environment but not the tags belongs to someone else. nex reports it, and leaves it and its parts
as they are. What the spec only refers to (VPC, subnets, NAT gateway, the RDS instance, the images, an existing backups
bucket) is looked up, never created or changed. In the database's security group nex manages one rule, if the spec
allows it.

There is no state file. Names and tags find every resource again:

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
| `Name` | the resource's name, on resources of EC2, Auto Scaling and DLM |
| `Snapshot` | the snapshot policy's name, on the volumes that the policy covers |

The spec can add tags for all resources. nex does not touch tags that others add.

## What a change does

- **in place**: nothing stops.
- **restart**: the instance stops and starts.
- **replacement**: a new resource takes the place of the old one. nex replaces or deletes a resource that holds data (S3
  buckets, secrets, Elastic IPs, the instance, its volume) only if `--allow` names it.
- **at creation only**: a later difference changes nothing; the reason says who decides then.
- **grows only**: if the spec asks for less, nex leaves the value as it is, with a warning.
";

/// A note for each kind: what the table of its fields does not say.
fn note(kind: Kind) -> &'static str {
    match kind {
        Kind::SecurityGroup => "nex adds new rules before it removes old ones.",
        Kind::DatabaseIngress => {
            "One rule in the database's security group. nex never changes the group itself."
        }
        Kind::IamRole => "All inline and attached policies belong to nex: nex removes others.",
        Kind::InstanceProfile => "It holds one role.",
        Kind::S3Bucket => {
            "S3 encrypts every object (SSE-S3). nex's lifecycle rules replace all existing ones. nex deletes objects only if `--allow` names the bucket; otherwise S3 refuses to delete a bucket with objects."
        }
        Kind::Secret => {
            "nex never reads, shows or changes an existing value, except that of an origin certificate."
        }
        Kind::LogGroup => "nex never touches the events.",
        Kind::ElasticIp => "The address stays the same if the server is replaced.",
        Kind::Instance => {
            "User data runs at the first boot, so new user data changes nothing on an existing server. The volume outlives the instance. A running instance gets the profile, and with it the server's role, only if `--allow` names `profile-attached`: an adopted server has none of nex's."
        }
        Kind::Volume => {
            "The launch of the instance creates the volume. If the server is gone, nex reports the volume and keeps it until someone deletes it by hand. A larger volume needs no restart; its file system grows at the next boot, by cloud-init's growpart."
        }
        Kind::ElasticIpAssociation => {
            "The association moves to the new instance if the server is replaced. nex takes an address away from another instance only if `--allow` names `address-moved`."
        }
        Kind::SnapshotPolicy => {
            "Snapshots are kept by age, so a missed run keeps no snapshot longer. nex itself deletes no snapshot."
        }
        Kind::LaunchTemplate => {
            "A version can't be changed. A change of any field except the tags makes a new version, which becomes the default and is pinned in the group. Running instances keep their version."
        }
        Kind::AutoScalingGroup => {
            "The group pins the version of its template by number. Once the group runs, the scaling policy decides on the desired capacity."
        }
        Kind::LifecycleHook => {
            "The hook holds an instance on scale-in and recycling. A Spot interruption does not wait for it."
        }
        Kind::ScalingPolicy => {
            "Target tracking. Auto Scaling itself manages the CloudWatch alarms."
        }
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

/// A resource of each kind. Images are pinned, because only then another image is a replacement.
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
            out += "nex can't restore its contents or address, so nex replaces or deletes the resource only if the operator names it.\n";
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

/// An image has another rule if the spec names the image.
fn pinned(resource: &DesiredResource, field: &str, behavior: &UpdateBehavior) -> String {
    let newest = effect(behavior);
    if let (DesiredResource::Secret(_), "value") = (resource, field) {
        return "set if it is missing: generated, copied from the reference in the spec, or stored later by another step or a person".into();
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
