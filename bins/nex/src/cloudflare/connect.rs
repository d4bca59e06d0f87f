//! Where Cloudflare's API is, and with which token.

use anyhow::Context;
use nex_dns::edge::{EdgeNetworks, or_built_in};
use nex_dns::{Client, Error};
use nex_infra::aws::Vault;

use crate::environment::Spec;
use crate::sandbox::Clouds;
use crate::secrets;

/// Another address of the API than Cloudflare's own.
pub(crate) const ADDRESS_VARIABLE: &str = "CLOUDFLARE_BASE_URL";

pub(super) async fn client(
    spec: &Spec,
    clouds: Option<&Clouds>,
    vault: Option<&Vault>,
) -> anyhow::Result<Client> {
    let token = match clouds {
        Some(clouds) => clouds.cloudflare_token.clone(),
        None => {
            let reference = &spec.dns.token;
            let token = secrets::resolve(reference, vault).await;
            token.with_context(|| {
                format!("failed to get {reference}, the API token for Cloudflare (dns.token)")
            })?
        }
    };
    at(Client::new(&token)?, clouds).context("failed to connect to Cloudflare")
}

fn at(client: Client, clouds: Option<&Clouds>) -> Result<Client, Error> {
    let own = std::env::var(ADDRESS_VARIABLE).ok();
    match clouds.map(|clouds| clouds.cloudflare.clone()).or(own) {
        Some(address) if !address.is_empty() => client.at(&address),
        _ => Ok(client),
    }
}

/// The networks that Cloudflare's proxies connect from, and why they are not as of now.
pub(crate) async fn edge_networks(
    clouds: Option<&Clouds>,
) -> anyhow::Result<(EdgeNetworks, Option<Error>)> {
    let client = at(Client::without_token()?, clouds).context("failed to connect to Cloudflare")?;
    Ok(or_built_in(client.edge_networks().await))
}
