//! The order of an apply: every step belongs to one stage, and stages run one after the other.

use nex_dns::step::ZoneStep;
use nex_infra::Buckets;
use nex_infra::model::Kind;
use nex_plan::{Action, PlanEntry as _, Planned};

use crate::plan::{Deferred, Step};

/// A part of an apply. The variants are in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::VariantArray)]
pub(crate) enum Stage {
    /// The bucket with the lock: from then on, no other run changes the deployment.
    LockBucket,
    /// AWS without the server: network, addresses, storage, secrets, the fleet.
    Foundations,
    /// Cloudflare: the certificate into its secret, then records and settings, then revocations.
    Zone,
    /// The server, which needs its certificate and its name, and every deletion at AWS: a name must not outlive its address.
    Server,
    /// The bucket with the lock, when the deployment is deleted.
    LastBucket,
}

/// The stage of an entry of a plan. A zone alone has no buckets.
pub(crate) fn stage(entry: &Planned<Step>, buckets: Option<&Buckets>) -> Stage {
    match entry {
        Planned::Ready(Step::Aws(step)) => {
            let is_named = buckets.is_some_and(|buckets| step.key.name == buckets.artifacts);
            let has_lock = step.key.kind == Kind::S3Bucket && is_named;
            match step.action() {
                Action::Create if has_lock => Stage::LockBucket,
                Action::Delete if has_lock => Stage::LastBucket,
                action => of_aws(step.key.kind, action),
            }
        }
        Planned::Ready(Step::Zone(_)) | Planned::Deferred(Deferred::Zone(_)) => Stage::Zone,
    }
}

fn of_aws(kind: Kind, action: Action) -> Stage {
    if action == Action::Delete {
        return Stage::Server;
    }
    match kind {
        Kind::Instance | Kind::Volume | Kind::ElasticIpAssociation => Stage::Server,
        Kind::SecurityGroup
        | Kind::DatabaseIngress
        | Kind::IamRole
        | Kind::InstanceProfile
        | Kind::S3Bucket
        | Kind::Secret
        | Kind::LogGroup
        | Kind::ElasticIp
        | Kind::SnapshotPolicy
        | Kind::LaunchTemplate
        | Kind::AutoScalingGroup
        | Kind::LifecycleHook
        | Kind::ScalingPolicy => Stage::Foundations,
    }
}

/// Whether a step starts a server, which waits for its certificate at its first start.
pub(crate) fn starts_server(entry: &Planned<Step>) -> bool {
    match entry {
        Planned::Ready(Step::Aws(step)) => {
            of_aws(step.key.kind, step.action()) == Stage::Server
                && matches!(step.action(), Action::Create | Action::Replace)
        }
        Planned::Ready(Step::Zone(_)) | Planned::Deferred(Deferred::Zone(_)) => false,
    }
}

/// Whether a step puts a certificate into its secret.
pub(crate) fn is_certificate(entry: &Planned<Step>) -> bool {
    match entry {
        Planned::Ready(Step::Zone(step)) => matches!(**step, ZoneStep::Certificate(_)),
        Planned::Ready(Step::Aws(_)) | Planned::Deferred(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use nex_dns::record::NewRecord;
    use nex_dns::spec::RecordType;
    use nex_dns::step::{RecordChange, RecordStep, ZoneStep};
    use strum::VariantArray as _;

    use super::*;

    /// The stages of all kinds at AWS for one action.
    fn kinds_in(stage: Stage, action: Action) -> Vec<&'static str> {
        let kinds = Kind::ALL.iter();
        let kinds = kinds.filter(|kind| of_aws(**kind, action) == stage);
        kinds.map(|kind| kind.as_str()).collect()
    }

    #[test]
    fn every_step_at_aws_has_exactly_one_stage() {
        for &action in Action::VARIANTS {
            let stages = Stage::VARIANTS.iter();
            let counted: usize = stages.map(|&stage| kinds_in(stage, action).len()).sum();
            assert_eq!(counted, Kind::ALL.len(), "{action}");
        }
        let last = ["instance", "volume", "elastic-ip-association"];
        for action in [Action::Create, Action::Update, Action::Replace] {
            assert_eq!(kinds_in(Stage::Server, action), last, "{action}");
            assert!(kinds_in(Stage::Zone, action).is_empty());
        }
        // A name must not outlive its address: everything at AWS is deleted after the zone's part.
        assert_eq!(
            kinds_in(Stage::Server, Action::Delete).len(),
            Kind::ALL.len()
        );
    }

    #[test]
    fn the_zone_comes_between_the_foundations_and_the_server() {
        assert_eq!(
            Stage::VARIANTS,
            [
                Stage::LockBucket,
                Stage::Foundations,
                Stage::Zone,
                Stage::Server,
                Stage::LastBucket
            ]
        );
        let record = ZoneStep::Record(RecordStep {
            label: "gitlab.example.com A".to_owned(),
            change: RecordChange::Create(NewRecord {
                name: "gitlab.example.com".to_owned(),
                kind: RecordType::A,
                content: "203.0.113.7".to_owned(),
                ttl: 1,
                proxied: false,
                comment: String::new(),
            }),
            reasons: vec![],
        });
        let entry = Planned::Ready(Step::from(record));
        let buckets = Buckets {
            registry: "registry".to_owned(),
            artifacts: "artifacts".to_owned(),
            backups: "backups".to_owned(),
            cache: "cache".to_owned(),
            shares_backups: false,
        };
        assert_eq!(stage(&entry, Some(&buckets)), Stage::Zone);
        assert!(!starts_server(&entry));
    }
}
