//! The order of a build: network and addresses, the certificate into its secret, records and settings, the server.

use std::sync::Arc;

use nex_infra::aws::Writer;
use nex_infra::model::{Desired, Kind};
use nex_infra::{Run, World, converge};
use nex_plan::{Action, Approved, Change};

use super::tally::{Tally, is_aws};
use super::zone;
use crate::cloudflare::{self, View};
use crate::picture::Picture;
use crate::session::Session;

/// A build under way.
struct Build<'a> {
    session: &'a Session,
    approved: &'a Approved,
    desired: Desired,
    view: View,
    world: World,
    writer: Arc<Writer>,
    run: Run<'a>,
    tally: Tally,
}

/// Does what `approved` says, which was made of `picture`.
pub(super) async fn build(
    session: &Session,
    picture: Picture,
    approved: &Approved,
    writer: Arc<Writer>,
    run: Run<'_>,
) -> anyhow::Result<Tally> {
    let Picture {
        world,
        desired,
        view,
        linted: _,
    } = picture;
    let build = Build {
        tally: Tally::of(approved),
        session,
        approved,
        desired,
        view,
        world,
        writer,
        run,
    };
    build.all().await
}

/// What comes last: the machine that needs its certificate and its name, and what nothing may need any more.
fn is_last(change: &Change) -> bool {
    let of_server = matches!(
        Kind::parse(&change.resource.kind),
        Some(Kind::Instance | Kind::Volume | Kind::ElasticIpAssociation)
    );
    is_aws(change) && (of_server || change.action == Action::Delete)
}

impl Build<'_> {
    async fn all(mut self) -> anyhow::Result<Tally> {
        self.aws(|change| is_aws(change) && !is_last(change)).await;
        if self.goes_on() {
            self.certificates().await;
        }
        if self.goes_on() {
            self.records().await?;
        }
        if self.goes_on() {
            let has_certificate = self.has_certificate();
            self.aws(|change| is_last(change) && (has_certificate || !makes_server(change)))
                .await;
        }
        self.tally.skip_unbegun(self.approved, self.run.watch);
        Ok(self.tally)
    }

    /// A stage goes on past failures: only what needs what failed is left out.
    fn goes_on(&self) -> bool {
        !self.run.watch.stop.is_stopped() && self.tally.unread.is_none()
    }

    async fn aws(&mut self, which: impl Fn(&Change) -> bool) {
        let part = self.approved.only(which);
        if part.plan().is_empty() {
            return;
        }
        let reader = &self.session.reader;
        let writer = Arc::clone(&self.writer);
        let ended = converge(part, &self.desired, &self.world, reader, writer, self.run).await;
        if let Some(world) = self.tally.aws(ended) {
            self.world = world;
        }
    }

    async fn certificates(&mut self) {
        let Session {
            cloudflare, spec, ..
        } = self.session;
        let of = (self.approved, &self.view);
        zone::certificates(cloudflare, spec, of, self.run.watch, &mut self.tally).await;
    }

    async fn records(&mut self) -> anyhow::Result<()> {
        let Session {
            cloudflare, spec, ..
        } = self.session;
        let desired = cloudflare::desired(spec, self.world.address())?;
        let (watch, tally) = (self.run.watch, &mut self.tally);
        zone::records(cloudflare, &desired, self.approved, watch, tally).await;
        Ok(())
    }

    /// A server without a certificate would wait for it at its first start.
    fn has_certificate(&self) -> bool {
        !self
            .tally
            .failed
            .iter()
            .any(|f| f.resource.kind == nex_dns::certificate::CERTIFICATE)
    }
}

fn makes_server(change: &Change) -> bool {
    change.action != Action::Delete && change.action != Action::Update
}
