//! The client of Cloudflare: its address and its token.

use anyhow::Context as _;
use nex_dns::Client;
use secrecy::SecretString;

use super::endpoints::ADDRESS_VARIABLE;
use super::{Context, secrets};

/// A client without a token.
pub(super) fn connect(context: &Context) -> anyhow::Result<Client> {
    let client = Client::without_token()?;
    let sandbox = context.sandbox.as_ref();
    let sandbox = sandbox.map(|sandbox| sandbox.cloudflare.clone());
    let address = sandbox.or_else(|| std::env::var(ADDRESS_VARIABLE).ok());
    match address.filter(|address| !address.is_empty()) {
        Some(address) => {
            let client = client.with_base_url(&address);
            client.context("failed to connect to Cloudflare")
        }
        None => Ok(client),
    }
}

/// The spec's token, or the sandbox's.
pub(super) async fn token(context: &Context) -> anyhow::Result<SecretString> {
    let reference = &context.dns()?.token;
    if let Some(sandbox) = &context.sandbox {
        return Ok(sandbox.cloudflare_token.clone());
    }
    let token = secrets::resolve(context, reference).await;
    token.with_context(|| {
        format!("failed to get {reference}, the API token for Cloudflare (dns.token)")
    })
}
