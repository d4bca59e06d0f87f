//! The client of Cloudflare: its address and its token.

use anyhow::Context as _;
use nex_dns::Client;

use super::endpoints::ADDRESS_VARIABLE;
use super::{Context, secrets};

/// A client with the spec's token, or with the sandbox's.
pub(super) async fn connect(context: &Context) -> anyhow::Result<Client> {
    let token = match &context.sandbox {
        Some(sandbox) => sandbox.cloudflare_token.clone(),
        None => {
            let reference = &context.spec.dns.token;
            let token = secrets::resolve(context, reference).await;
            token.with_context(|| {
                format!("failed to get {reference}, the API token for Cloudflare (dns.token)")
            })?
        }
    };
    addressed(context, Client::new(&token)?)
}

/// A client without a token.
pub(super) fn without_token(context: &Context) -> anyhow::Result<Client> {
    addressed(context, Client::without_token()?)
}

fn addressed(context: &Context, client: Client) -> anyhow::Result<Client> {
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
