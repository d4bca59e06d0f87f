//! `nex adopt`: takes over what is there, by giving it nex's tags.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, bail};
use nex_infra::aws::Writer;
use nex_infra::model::{Desired, Existing, Kind, Observed, Owner};
use nex_infra::{Ids, Write as _};
use nex_plan::{Change, Plan};

use super::{ask, plan};
use crate::Exit;
use crate::output::Output;
use crate::session::{Picture, Session};

pub(super) async fn run(
    mut session: Session,
    kind: &str,
    id: &str,
    yes: bool,
) -> anyhow::Result<Exit> {
    let output = session.output;
    let Some(kind) = Kind::parse(kind) else {
        let kinds: Vec<&str> = Kind::ALL.iter().map(|k| k.as_str()).collect();
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
    plan::show(
        &difference.linted(vec![]),
        Output {
            json: false,
            ..output
        },
    )?;
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
