//! `nex adopt`: takes over what is there, by giving it nex's tags.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, bail};
use nex_dns::{Adoption, RECORD, Write as _};
use nex_infra::aws::Writer;
use nex_infra::model::{Desired, Existing, Kind, Observed, Owner};
use nex_infra::{Ids, Write as _};
use nex_plan::{Action, Change, Plan};

use super::{ask, plan};
use crate::Exit;
use crate::cloudflare::View;
use crate::picture::Picture;
use crate::session::Session;

pub(super) async fn run(
    mut session: Session,
    kind: &str,
    id: &str,
    yes: bool,
) -> anyhow::Result<Exit> {
    let output = session.output;
    if kind == RECORD {
        return adopt_record(&session, id, yes).await;
    }
    let Some(kind) = Kind::parse(kind) else {
        let mut kinds: Vec<&str> = Kind::ALL.iter().map(|k| k.as_str()).collect();
        kinds.push(RECORD);
        bail!("there is no kind {kind:?}; there are: {}", kinds.join(", "));
    };
    session.reader = session.reader.adopting(kind, id);
    let picture = session.picture().await?;
    let existing = find(&picture, kind, id)?;
    if existing.owner == Owner::Nex {
        output.note(&format!(
            "{kind} {id} is nex's already",
            kind = kind.as_str()
        ));
        return Ok(Exit::Fine);
    }
    let key = existing.resource.key();
    let Some(wanted) = picture.desired.get(&key) else {
        bail!("the spec asks for no {}", key.resource_id());
    };
    let mut adopted = existing.resource.clone();
    match (adopted.tags_mut(), wanted.tags()) {
        (Some(tags), Some(wanted)) => *tags = wanted.clone(),
        _ => bail!(
            "a {} has no tags: it follows what it belongs to",
            kind.as_str()
        ),
    }
    let difference = difference(&session, &picture, existing);
    plan::show(&difference.linted(vec![]), output.as_text())?;
    output.note(&format!(
        "adopting sets nex's tags on {id} and changes nothing else; what differs is mended by the next bootstrap"
    ));
    if !yes && !ask("adopt it?")? {
        output.note("nothing was changed");
        return Ok(Exit::Fine);
    }
    let writer = Writer::new(
        Arc::clone(&session.aws),
        &session.spec.name,
        Default::default(),
    );
    let ids = Ids::of(&picture.world.observed);
    writer
        .update(&existing.id, &existing.resource, &adopted, &ids)
        .await
        .with_context(|| {
            format!(
                "failed to adopt {} in {}",
                key.resource_id(),
                session.spec.name
            )
        })?;
    output.note(&format!("{} is nex's now", key.resource_id()));
    Ok(Exit::Fine)
}

/// A record's mark is its tag: it is set, and nothing else is changed.
async fn adopt_record(session: &Session, id: &str, yes: bool) -> anyhow::Result<Exit> {
    let Session {
        spec,
        output,
        cloudflare,
        ..
    } = session;
    let picture = session.picture().await?;
    let View { desired, zone, .. } = &picture.view;
    let Some(Adoption { step, then }) = nex_dns::adoption(desired, zone, id) else {
        bail!(
            "the zone {} has no record with the id {id} of a type that nex keeps (nex dns import shows them)",
            zone.name
        );
    };
    let Some(existing) = zone.records.iter().find(|record| record.id == id) else {
        bail!("the zone {} has no record with the id {id}", zone.name);
    };
    if existing.environment() == Some(&spec.name) {
        output.note(&format!("{} is nex's already", step.resource));
        return Ok(Exit::Fine);
    }
    let goes = then.as_ref().is_some_and(|c| c.action == Action::Delete);
    let mut difference = Plan::new(&spec.name);
    difference.actions.extend(then);
    plan::show(&difference.linted(vec![]), output.as_text())?;
    let note = match goes {
        false => "what differs is mended by the next bootstrap",
        true => "the spec does not ask for it: the next bootstrap would delete it",
    };
    output.note(&format!(
        "adopting puts nex's mark into the comment of {} and changes nothing else; {note}",
        step.resource
    ));
    if !yes && !ask("adopt it?")? {
        output.note("nothing was changed");
        return Ok(Exit::Fine);
    }
    let resource = step.resource.clone();
    let marked = cloudflare.client.writer().records(&zone.id, &[step]).await;
    marked.with_context(|| format!("failed to adopt {resource} in {}", spec.name))?;
    output.note(&format!("{resource} is nex's now"));
    Ok(Exit::Fine)
}

fn find<'a>(picture: &'a Picture, kind: Kind, id: &str) -> anyhow::Result<&'a Existing> {
    let of_kind = picture
        .world
        .observed
        .iter()
        .filter(|(key, _)| key.kind == kind);
    let mut fitting = of_kind.filter(|(key, existing)| existing.id == id || key.name == id);
    match fitting.next() {
        Some((_, existing)) => Ok(existing),
        None => {
            let names: BTreeSet<&str> = picture
                .desired
                .keys()
                .filter(|key| key.kind == kind)
                .map(|key| key.name.as_str())
                .collect();
            let names: Vec<&str> = names.into_iter().collect();
            bail!(
                "there is no {} {id} that the spec could mean; the spec's own: {}",
                kind.as_str(),
                names.join(", ")
            )
        }
    }
}

/// What would differ from the spec if it were nex's.
fn difference(session: &Session, picture: &Picture, existing: &Existing) -> Plan {
    let key = existing.resource.key();
    let taken = Existing {
        owner: Owner::Nex,
        ..existing.clone()
    };
    let wanted = picture.desired.get(&key).cloned();
    let desired: Desired = wanted.map(|w| (key.clone(), w)).into_iter().collect();
    let observed: Observed = [(key, taken)].into();
    let mut plan = nex_infra::diff(&session.spec.name, &desired, &observed);
    plan.actions
        .retain(|change: &Change| !change.fields.is_empty());
    plan
}
