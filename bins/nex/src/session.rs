//! One environment with what reaches its clouds.

use std::sync::Arc;

use anyhow::Context;
use nex_infra::Names;
use nex_infra::aws::{Aws, Connect, Reader, Vault};
use nex_plan::Progress;

use crate::cloudflare::Cloudflare;
use crate::environment::Spec;
use crate::output::Output;
use crate::progress;
use crate::sandbox::Clouds;

/// An environment with its clients.
pub(crate) struct Session {
    pub(crate) spec: Spec,
    pub(crate) names: Names,
    pub(crate) aws: Arc<Aws>,
    pub(crate) reader: Reader,
    pub(crate) cloudflare: Cloudflare,
    /// Whether it is a sandbox instead of the real clouds.
    pub(crate) sandbox: bool,
    pub(crate) progress: Arc<dyn Progress>,
    pub(crate) output: Output,
}

impl Session {
    pub(crate) async fn open(
        spec: Spec,
        clouds: Option<Clouds>,
        output: Output,
    ) -> anyhow::Result<Self> {
        let aws = connect_aws(&spec, clouds.as_ref()).await?;
        let vault = Vault::new(Arc::clone(&aws));
        let progress = progress::renderer(output);
        let mut cloudflare = Cloudflare::connect(&spec, clouds.as_ref(), Some(vault)).await?;
        cloudflare.client = cloudflare.client.telling(Arc::clone(&progress));
        let names = spec.names();
        Ok(Self {
            reader: Reader::new(Arc::clone(&aws), &spec.aws, &names),
            names,
            spec,
            aws,
            cloudflare,
            sandbox: clouds.is_some(),
            progress,
            output,
        })
    }
}

/// Connects to AWS, or to the sandbox's.
pub(crate) async fn connect_aws(spec: &Spec, clouds: Option<&Clouds>) -> anyhow::Result<Arc<Aws>> {
    let attempts = std::env::var("AWS_MAX_ATTEMPTS").ok();
    let connect = Connect {
        region: spec.aws.region.clone(),
        max_attempts: attempts.and_then(|n| n.parse().ok()),
        stand_in: clouds.map(|clouds| clouds.aws.clone()),
    };
    let aws = Aws::connect(&connect).await;
    let aws = aws.with_context(|| format!("failed to connect to AWS for {}", spec.name))?;
    Ok(Arc::new(aws))
}
