//! The order of an apply: every step belongs to one stage, and stages run one after the other.

use nex_infra::model::Kind;
use nex_plan::{Action, PlanEntry as _, Planned};

use crate::plan::Step;

/// A part of an apply. The variants are in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::VariantArray)]
pub(crate) enum Stage {
    /// AWS without the server: network, addresses, storage, secrets, the fleet.
    Foundations,
    /// Cloudflare: the certificate into its secret, then records and settings, then revocations.
    Zone,
    /// The server, which needs its certificate and its name, and every deletion at AWS: a name must not outlive its address.
    Server,
}

/// The stage of an entry of a plan.
pub(crate) fn stage(entry: &Planned<Step>) -> Stage {
    match entry {
        Planned::Ready(Step::Aws(step)) => of_aws(step),
        Planned::Ready(Step::Zone(_)) | Planned::Deferred(_) => Stage::Zone,
    }
}

fn of_aws(step: &nex_infra::Step) -> Stage {
    if step.action() == Action::Delete {
        return Stage::Server;
    }
    match step.key.kind {
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
            stage(entry) == Stage::Server
                && matches!(step.action(), Action::Create | Action::Replace)
        }
        Planned::Ready(Step::Zone(_)) | Planned::Deferred(_) => false,
    }
}
