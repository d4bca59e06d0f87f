//! Cloudflare's API: an executor of our own over the `cloudflare` crate's endpoint and credential types.
//!
//! The crate's own executor loses what matters here: error codes above 65,535, answers of `success: false` with
//! HTTP 200, the headers that say when to come back, all pages but the first.

mod answer;
mod endpoints;
mod error;
mod hints;
mod pace;
mod retry;
mod wire;
mod writer;
mod zone;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::Retryable as _;
use cloudflare::framework::Environment;
use cloudflare::framework::auth::Credentials;
use cloudflare::framework::endpoint::{MultipartPart, RequestBody, spec::EndpointSpec};
use nex_plan::{Event, Progress, ResourceId, Silent};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

pub use answer::{Answer, List, PageInfo};
pub use error::{ApiError, Error, Refusal, Source};
pub use retry::Retries;
pub use writer::Writer;

use crate::edge::EdgeNetworks;
use pace::Pace;

/// Where Cloudflare's API is.
pub const BASE_ADDRESS: &str = "https://api.cloudflare.com/client/v4/";

/// A connection that does not stand by then never will.
const CONNECT: Duration = Duration::from_secs(10);

/// The largest batch (3,500 records) takes Cloudflare most of a minute; its own edge gives up after 100 s.
const WHOLE_CALL: Duration = Duration::from_secs(100);

/// Calls Cloudflare's API with an API token.
///
/// Each call is tried again as [`Retries`] says. A call that may have acted on Cloudflare's side and can't be
/// made twice without harm, such as the issue of a certificate, is never repeated blindly: its error is of
/// [`Class::Lost`](crate::Class::Lost), and a new read tells what became of it.
pub struct Client {
    environment: Environment,
    token: Option<SecretString>,
    http: reqwest::Client,
    retries: Retries,
    pace: Pace,
    spans: Mutex<Vec<(Instant, Instant)>>,
    progress: Arc<dyn Progress>,
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
    /// [`Error::Token`] if no header can carry the token, [`Error::Setup`] if HTTPS can't be set up.
    pub fn new(token: &SecretString) -> Result<Self, Error> {
        let token = token.expose_secret().trim();
        if token.is_empty() || HeaderValue::from_str(token).is_err() {
            return Err(Error::Token);
        }
        let mut client = Self::without_token()?;
        client.token = Some(token.into());
        Ok(client)
    }

    /// A client without a token, which is enough for [`Client::edge_networks`].
    ///
    /// # Errors
    /// [`Error::Setup`] if HTTPS can't be set up.
    pub fn without_token() -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("nex-dns/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(WHOLE_CALL)
            // The token goes nowhere but where it was sent.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(Error::Setup)?;
        Ok(Self {
            environment: Environment::Production,
            token: None,
            http,
            retries: Retries::default(),
            pace: Pace::default(),
            spans: Mutex::default(),
            progress: Arc::new(Silent),
        })
    }

    /// The same client at another base address, such as that of a stand-in on loopback or of a proxy.
    ///
    /// # Errors
    /// [`Error::BaseAddress`] if it is no `http` or `https` address.
    pub fn at(mut self, base: &str) -> Result<Self, Error> {
        let bad = || Error::BaseAddress(base.to_owned());
        let mut url = reqwest::Url::parse(base).map_err(|_| bad())?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() {
            return Err(bad());
        }
        // Without the last `/`, a join would drop the last segment.
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        self.environment = Environment::Custom(url.into());
        Ok(self)
    }

    /// The same client with other tries and waits.
    #[must_use]
    pub fn retrying(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// The same client that tells of its waits.
    #[must_use]
    pub fn telling(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// Makes one call, tried again where that is safe. `doing` says in an error what failed: `list the records`.
    ///
    /// Any endpoint with a JSON answer serves, those of the `cloudflare` crate as well as one's own.
    ///
    /// # Errors
    /// [`Error`], once no further try could help.
    pub async fn call<E>(&self, endpoint: &E, doing: &str) -> Result<Answer<E::JsonResponse>, Error>
    where
        E: EndpointSpec + Sync,
    {
        let again = endpoint.method().is_idempotent() || endpoint.method() == "PATCH";
        let about = ResourceId::new("cloudflare", doing);
        (|| self.once(endpoint, doing))
            .retry(self.retries.backoff())
            .when(|error: &Error| self.retries.helps(error, again))
            .adjust(|error: &Error, wait| {
                wait.map(|wait| error.retry_after().map_or(wait, |after| after.max(wait)))
            })
            .notify(|error: &Error, wait| {
                self.progress.event(Event::Waiting {
                    resource: about.clone(),
                    what: format!("the next try in {:.1} s: {error}", wait.as_secs_f32()),
                });
            })
            .await
    }

    /// All pages of a list: the first one, which tells how many there are, then the others at once.
    ///
    /// # Errors
    /// [`Error`], as for [`Client::call`].
    pub async fn pages<E, T>(&self, page: impl Fn(u32) -> E, doing: &str) -> Result<Vec<T>, Error>
    where
        E: EndpointSpec<JsonResponse = List<T>> + Sync,
        T: serde::de::DeserializeOwned + std::fmt::Debug,
    {
        let first = self.call(&page(1), doing).await?;
        let rest: Vec<E> = (2..=first.info.pages()).map(page).collect();
        let rest = rest.iter().map(|endpoint| self.call(endpoint, doing));
        let rest = futures_util::future::try_join_all(rest).await?;
        let all = std::iter::once(first).chain(rest);
        Ok(all.flat_map(|answer| answer.result.0).collect())
    }

    /// The networks that Cloudflare's proxies connect from, as they are now.
    ///
    /// # Errors
    /// [`Error`]; [`edge::or_built_in`](crate::edge::or_built_in) makes the built-in copy of it.
    pub async fn edge_networks(&self) -> Result<EdgeNetworks, Error> {
        let doing = "read Cloudflare's edge networks";
        let ips = self.call(&endpoints::edge_ips(), doing).await?.result;
        ips.networks().ok_or_else(|| Error::Answer {
            doing: doing.to_owned(),
            lacks: "networks of both kinds",
        })
    }

    /// Asks Cloudflare whether the token is active. Its scopes can't be asked for.
    ///
    /// # Errors
    /// [`Error`]; its hint tells what to do about a token that is not.
    pub async fn verify_token(&self) -> Result<(), Error> {
        let doing = "verify the API token";
        let token = self.call(&endpoints::verify_token(), doing).await?.result;
        match token.status.as_str() {
            "active" => Ok(()),
            status => Err(Error::InactiveToken(status.to_owned())),
        }
    }

    async fn once<E>(&self, endpoint: &E, doing: &str) -> Result<Answer<E::JsonResponse>, Error>
    where
        E: EndpointSpec + Sync,
    {
        let wait = self.pace.wait();
        if !wait.is_zero() {
            self.progress.event(Event::Waiting {
                resource: ResourceId::new("cloudflare", doing),
                what: format!("the rate limit's window, {} s", wait.as_secs()),
            });
            tokio::time::sleep(wait).await;
        }
        let began = Instant::now();
        let response = self.request(endpoint).send().await;
        self.note((began, Instant::now()));
        let response = response.map_err(|source| Error::no_answer(doing, source))?;
        self.pace.note(response.headers());
        answer::read(response, doing).await
    }

    fn note(&self, span: (Instant, Instant)) {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.push(span);
    }

    /// From when to when each call so far took, tries counted singly.
    pub fn spans(&self) -> Vec<(Instant, Instant)> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.clone()
    }

    fn request<E: EndpointSpec>(&self, endpoint: &E) -> reqwest::RequestBuilder {
        let url = endpoint.url(&self.environment);
        let mut request = self.http.request(endpoint.method(), url);
        let credentials = self.token.iter().map(|token| Credentials::UserAuthToken {
            token: token.expose_secret().to_owned(),
        });
        for (name, value) in credentials.flat_map(|credentials| credentials.headers()) {
            // Checked when the client was made.
            if let Ok(mut value) = HeaderValue::try_from(value) {
                value.set_sensitive(true);
                request = request.header(name, value);
            }
        }
        let content_type = endpoint.content_type();
        match (endpoint.body(), content_type) {
            (Some(RequestBody::MultiPart(parts)), _) => request.multipart(form(parts.parts())),
            (Some(RequestBody::Json(json)), Some(kind)) => {
                request.header("content-type", kind.as_ref()).body(json)
            }
            (Some(RequestBody::Raw(bytes)), Some(kind)) => {
                request.header("content-type", kind.as_ref()).body(bytes)
            }
            _ => request,
        }
    }
}

fn form(parts: Vec<(String, MultipartPart)>) -> reqwest::multipart::Form {
    let form = reqwest::multipart::Form::new();
    parts
        .into_iter()
        .fold(form, |form, (name, part)| match part {
            MultipartPart::Text(text) => form.text(name, text),
            MultipartPart::Bytes(bytes) => form.part(name, reqwest::multipart::Part::bytes(bytes)),
        })
}
