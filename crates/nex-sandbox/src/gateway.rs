//! The gateway: takes a call, lets the rules have their way with it, and passes it to what stands
//! behind: moto, or the stand-in for Cloudflare.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::call::Call;
use crate::cloudflare::Cloudflare;
use crate::control;
use crate::journal::Journal;
use crate::refusal;
use crate::rules::{Fault, Loss, Rules};

/// What the gateway and its owner share.
pub(crate) struct Shared {
    pub(crate) rules: Mutex<Rules>,
    pub(crate) journal: Mutex<Journal>,
    /// Milliseconds added to every call.
    pub(crate) delay_ms: AtomicU64,
    pub(crate) started: Instant,
    /// Someone asked for the end through the control API.
    pub(crate) shutdown: Notify,
    pub(crate) cloudflare: Arc<Cloudflare>,
}

impl Shared {
    pub(crate) fn new(cloudflare: Cloudflare) -> Self {
        Self {
            rules: Mutex::default(),
            journal: Mutex::new(Journal::new()),
            delay_ms: AtomicU64::new(0),
            started: Instant::now(),
            shutdown: Notify::new(),
            cloudflare: Arc::new(cloudflare),
        }
    }
}

/// A lock that a panic elsewhere does not take away: what it guards is always whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connection is to end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost, as a rule says")]
struct Lost;

/// A refusal of the gateway's own, which each service says in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Throttled,
    Failed(Loss),
}

/// What stands behind a gateway.
pub(crate) trait Backend: Send + Sync + 'static {
    /// Which service and operation a request is for.
    fn call(&self, head: &Parts, body: &[u8]) -> Call;
    /// Does it.
    fn answer(
        &self,
        service: &str,
        head: Parts,
        body: Bytes,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send;
    /// Refuses it.
    fn refuse(&self, service: &str, refusal: Refusal) -> Response<Full<Bytes>>;
}

/// The way to moto.
pub(crate) struct MotoBackend {
    client: Client<HttpConnector, Full<Bytes>>,
    /// `127.0.0.1:PORT`
    moto: String,
}

impl MotoBackend {
    pub(crate) fn new(port: u16) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(connector),
            moto: format!("127.0.0.1:{port}"),
        }
    }
}

struct Gateway<B> {
    backend: B,
    shared: Arc<Shared>,
}

/// Serves on `listener` until the future is dropped.
pub(crate) async fn serve(listener: TcpListener, backend: impl Backend, shared: Arc<Shared>) {
    let gateway = Arc::new(Gateway { backend, shared });
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, gateway.clone()));
            }
            // Out of file descriptors, say: let some be given back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connection(stream: TcpStream, gateway: Arc<Gateway<impl Backend>>) {
    // Without it, small answers wait for the other side's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let gateway = gateway.clone();
        // A task of its own: a client that dies does not undo what it asked for.
        async move {
            tokio::spawn(async move { gateway.handle(request).await })
                .await
                .unwrap_or(Err(Lost))
        }
    });
    // A client that goes away in mid-call is no concern of ours.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl<B: Backend> Gateway<B> {
    async fn handle(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Lost> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Lost)?.to_bytes();
        if let Some(path) = head.uri.path().strip_prefix("/_sandbox/") {
            return Ok(control::answer(&self.shared, &head.method, path, &body));
        }
        let call = self.backend.call(&head, &body);
        let service = call.service.clone();
        let verdict = lock(&self.shared.rules).judge(&call);
        let ticket = lock(&self.shared.journal).begin(call, verdict.fault.map(name));
        let delay =
            verdict.delay + Duration::from_millis(self.shared.delay_ms.load(Ordering::Relaxed));
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let outcome = match verdict.fault {
            Some(Fault::Throttle) => Ok(self.backend.refuse(&service, Refusal::Throttled)),
            Some(Fault::FailBefore { how }) => self.lose(how, &service),
            Some(Fault::FailAfter { how }) => {
                self.backend.answer(&service, head, body).await;
                self.lose(how, &service)
            }
            Some(Fault::Delay { .. }) | None => Ok(self.backend.answer(&service, head, body).await),
        };
        let status = outcome
            .as_ref()
            .ok()
            .map(|response| response.status().as_u16());
        lock(&self.shared.journal).end(ticket, status);
        outcome
    }

    fn lose(&self, how: Loss, service: &str) -> Result<Response<Full<Bytes>>, Lost> {
        match how {
            Loss::Drop => Err(Lost),
            how => Ok(self.backend.refuse(service, Refusal::Failed(how))),
        }
    }
}

impl Backend for MotoBackend {
    fn call(&self, head: &Parts, body: &[u8]) -> Call {
        Call::of(head, body)
    }

    async fn answer(&self, service: &str, head: Parts, body: Bytes) -> Response<Full<Bytes>> {
        match self.ask(head, body).await {
            Ok(response) => response,
            Err(why) => refusal::unavailable(service, &why.to_string()),
        }
    }

    fn refuse(&self, service: &str, refusal: Refusal) -> Response<Full<Bytes>> {
        match refusal {
            Refusal::Throttled => refusal::throttled(service),
            Refusal::Failed(_) => refusal::failed(service),
        }
    }
}

impl MotoBackend {
    async fn ask(
        &self,
        mut head: Parts,
        body: Bytes,
    ) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = Uri::builder()
            .scheme("http")
            .authority(self.moto.as_str())
            .path_and_query(path)
            .build()?;
        hop_by_hop(&mut head.headers);
        let answer = self
            .client
            .request(Request::from_parts(head, Full::new(body)))
            .await?;
        let (mut head, body) = answer.into_parts();
        hop_by_hop(&mut head.headers);
        Ok(Response::from_parts(
            head,
            Full::new(body.collect().await?.to_bytes()),
        ))
    }
}

/// Takes out what concerns one connection only.
fn hop_by_hop(headers: &mut HeaderMap) {
    for name in [CONNECTION, EXPECT, TRANSFER_ENCODING] {
        headers.remove(name);
    }
}

fn name(fault: Fault) -> &'static str {
    match fault {
        Fault::Delay { .. } => "delay",
        Fault::FailBefore { .. } => "fail_before",
        Fault::FailAfter { .. } => "fail_after",
        Fault::Throttle => "throttle",
    }
}
