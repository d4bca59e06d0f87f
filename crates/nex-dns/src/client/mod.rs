//! The client of Cloudflare's API: our own executor for the `cloudflare` crate's endpoint and credential types.
//!
//! The crate's own executor loses error codes above 65,535, answers of `success: false` with HTTP 200, the headers that
//! say when to call again, and all pages but the first.

mod answer;
mod endpoints;
mod error;
mod hints;
mod pace;
mod retry;
mod wire;
mod writer;
mod zone;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::Retryable as _;
use cloudflare::framework::Environment;
use cloudflare::framework::auth::Credentials;
use cloudflare::framework::endpoint::{RequestBody, spec::EndpointSpec};
use nex_plan::{CallLog, CancelToken, Event, NoProgress, Progress, ResourceId};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

pub use error::{ApiError, Error, Pointer, Refusal};
pub use retry::Retries;
pub use writer::Writer;

use crate::edge::EdgeNetworks;
use answer::{Answer, List};
use endpoints::Call;
use pace::Pace;

/// The address of Cloudflare's API.
pub const BASE_ADDRESS: &str = "https://api.cloudflare.com/client/v4/";

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a call may take. The largest batch (3,500 records) takes Cloudflare most of a minute; Cloudflare's own edge
/// gives up after 100 s.
const CALL_TIMEOUT: Duration = Duration::from_secs(100);

/// The maximum number of pages of a list. At 5,000 records a page, this is a hundred times the largest zone.
const MAX_PAGES: u32 = 1_000;

/// Calls Cloudflare's API with an API token. Clones share their log of calls and their rate limit.
///
/// The client repeats a failed call as [`Retries`] says. It does not repeat a call that Cloudflare may have executed
/// and that does harm when executed twice, such as the issue of a certificate. The error is then
/// [`ErrorKind::Indeterminate`](nex_plan::ErrorKind::Indeterminate), and a fresh read shows what happened.
#[derive(Clone)]
pub struct Client {
    environment: Arc<Environment>,
    token: Option<SecretString>,
    http: reqwest::Client,
    retries: Retries,
    pace: Arc<Pace>,
    calls: CallLog,
    progress: Arc<dyn Progress>,
    cancel: CancelToken,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("environment", &self.environment)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client with this API token, at Cloudflare itself.
    ///
    /// # Errors
    /// [`Error::Token`] if a header can't carry the token, [`Error::Setup`] if HTTPS can't be set up.
    pub fn new(token: &SecretString) -> Result<Self, Error> {
        Self::without_token()?.with_token(token)
    }

    /// The same client with this API token. Both share their connections.
    ///
    /// # Errors
    /// [`Error::Token`] if a header can't carry the token.
    pub fn with_token(mut self, token: &SecretString) -> Result<Self, Error> {
        let token = token.expose_secret().trim();
        if token.is_empty() || HeaderValue::from_str(token).is_err() {
            return Err(Error::Token);
        }
        self.token = Some(token.into());
        Ok(self)
    }

    /// A client without a token, which is enough for [`Client::edge_networks`].
    ///
    /// # Errors
    /// [`Error::Setup`] if HTTPS can't be set up.
    pub fn without_token() -> Result<Self, Error> {
        Ok(Self {
            environment: Arc::new(Environment::Production),
            token: None,
            http: http(reqwest::Client::builder())?,
            retries: Retries::default(),
            pace: Arc::default(),
            calls: CallLog::default(),
            progress: Arc::new(NoProgress),
            cancel: CancelToken::default(),
        })
    }

    /// The same client at another address of the API, such as that of a stand-in on loopback or of a proxy. An `http`
    /// address must be on this machine (`localhost`, `127.0.0.0/8`, `::1`), because the token is not encrypted; the
    /// proxies that the environment's variables name are then not used.
    ///
    /// # Errors
    /// [`Error::BaseAddress`] if the address is not a valid `http` or `https` address, [`Error::ClearText`] if it is an
    /// `http` address of another machine.
    pub fn with_base_url(mut self, base: &str) -> Result<Self, Error> {
        let bad = || Error::BaseAddress(base.to_owned());
        let mut url = reqwest::Url::parse(base).map_err(|_| bad())?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() {
            return Err(bad());
        }
        if url.scheme() == "http" {
            let host = url.host_str().unwrap_or_default();
            if !is_this_machine(host) {
                return Err(Error::ClearText(host.to_owned()));
            }
            self.http = http(reqwest::Client::builder().no_proxy())?;
        }
        // Without the last `/`, a join would drop the last segment.
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        self.environment = Arc::new(Environment::Custom(url.into()));
        Ok(self)
    }

    /// The same client with other retries.
    #[must_use]
    pub fn with_retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// The same client, which reports its waits.
    #[must_use]
    pub fn with_progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// The same client, with waits that end when the run is cancelled. A running call still continues to its end.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// The same client with a log of calls that other clients may share. Each try counts as a call.
    #[must_use]
    pub fn with_calls(mut self, calls: CallLog) -> Self {
        self.calls = calls;
        self
    }

    /// The networks that Cloudflare's proxies connect from.
    ///
    /// # Errors
    /// [`Error`]; [`edge::built_in`](crate::edge::built_in) is the list for a program that can't reach Cloudflare.
    pub async fn edge_networks(&self) -> Result<EdgeNetworks, Error> {
        let operation = "read Cloudflare's edge networks";
        let ips = self.call(&endpoints::edge_ips(), operation).await?.result;
        if let Some(network) = ips.too_large() {
            let what = format!("the list has {network}, larger than any network of Cloudflare's");
            return Err(Error::implausible(operation, what));
        }
        ips.networks().ok_or_else(|| Error::Answer {
            operation: operation.to_owned(),
            missing: "networks of both kinds",
        })
    }

    /// Makes one call, and repeats the call where that is safe. Errors say that they failed to `operation`, such as
    /// `list the records`.
    async fn call<T>(&self, call: &Call<T>, operation: &str) -> Result<Answer<T>, Error>
    where
        Call<T>: EndpointSpec<JsonResponse = T> + Sync,
        T: serde::de::DeserializeOwned,
    {
        let repeatable = call.method().is_idempotent() || call.method() == "PATCH";
        let id = ResourceId::new("cloudflare", operation);
        let mut is_retry = false;
        let next_try = || {
            let is_cancelled = is_retry && self.cancel.is_cancelled();
            is_retry = true;
            async move {
                if is_cancelled {
                    return Err(Error::cancelled(operation));
                }
                self.once(call, operation).await
            }
        };
        let tries = next_try
            .retry(self.retries.backoff())
            .when(|error: &Error| {
                !self.cancel.is_cancelled() && self.retries.helps(error, repeatable)
            })
            .adjust(|error: &Error, wait| {
                wait.map(|wait| error.retry_after().map_or(wait, |after| after.max(wait)))
            })
            .notify(|error: &Error, wait| {
                self.progress.event(Event::Waiting {
                    id: id.clone(),
                    what: format!("the next try in {:.1} s: {error}", wait.as_secs_f32()),
                });
            })
            .sleep({
                let cancel = self.cancel.clone();
                move |wait| sleep(wait, cancel.clone())
            });
        tries.await
    }

    /// Reads all pages of a list: the first page, which says how many pages the list has, then the others at once.
    async fn pages<T>(
        &self,
        page: impl Fn(u32) -> Call<List<T>>,
        operation: &str,
    ) -> Result<Vec<T>, Error>
    where
        T: serde::de::DeserializeOwned + std::fmt::Debug,
    {
        let first = self.call(&page(1), operation).await?;
        let pages = first.info.pages();
        if pages > MAX_PAGES {
            let what = format!("the list has {pages} pages, more than {MAX_PAGES}");
            return Err(Error::implausible(operation, what));
        }
        let rest: Vec<Call<List<T>>> = (2..=pages).map(page).collect();
        let rest = rest.iter().map(|call| self.call(call, operation));
        let rest = futures_util::future::try_join_all(rest).await?;
        let all = std::iter::once(first).chain(rest);
        Ok(all.flat_map(|answer| answer.result.0).collect())
    }

    async fn once<T>(&self, call: &Call<T>, operation: &str) -> Result<Answer<T>, Error>
    where
        Call<T>: EndpointSpec<JsonResponse = T> + Sync,
        T: serde::de::DeserializeOwned,
    {
        let wait = self.pace.wait();
        if !wait.is_zero() {
            self.progress.event(Event::Waiting {
                id: ResourceId::new("cloudflare", operation),
                what: format!("the rate limit's window, {} s", wait.as_secs()),
            });
            sleep(wait, self.cancel.clone()).await;
            if self.cancel.is_cancelled() {
                return Err(Error::cancelled(operation));
            }
        }
        let started = Instant::now();
        let response = self.request(call).send().await;
        self.calls.record(started);
        let response = response.map_err(|source| Error::no_answer(operation, source))?;
        self.pace.note(response.headers());
        answer::read(response, operation).await
    }

    fn request<E: EndpointSpec>(&self, endpoint: &E) -> reqwest::RequestBuilder {
        let url = endpoint.url(&self.environment);
        let mut request = self.http.request(endpoint.method(), url);
        let credentials = self.token.iter().map(|token| Credentials::UserAuthToken {
            token: token.expose_secret().to_owned(),
        });
        for (name, value) in credentials.flat_map(|credentials| credentials.headers()) {
            // `Client::with_token` checked that the token fits into a header.
            if let Ok(mut value) = HeaderValue::try_from(value) {
                value.set_sensitive(true);
                request = request.header(name, value);
            }
        }
        // The calls of this crate have JSON bodies or none.
        match endpoint.body() {
            Some(RequestBody::Json(json)) => request
                .header("content-type", "application/json")
                .body(json),
            _ => request,
        }
    }
}

fn http(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
    builder
        .user_agent(concat!("nex-dns/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(CALL_TIMEOUT)
        // A redirect must not carry the token to another host.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(Error::Setup)
}

/// Whether calls to a host stay on this machine.
fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Waits. The wait ends early if the run is cancelled.
async fn sleep(duration: Duration, cancel: CancelToken) {
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        () = cancel.cancelled() => {}
    }
}
