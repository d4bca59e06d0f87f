//! The gateway: receives a call, applies the fault rules to it, and passes it to the backend.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::backend::{Backend, Refusal};
use crate::control;
use crate::error::SandboxError;
use crate::guard;
use crate::response::FullResponse;
use crate::rules::{Fault, Loss};
use crate::shared::Shared;

/// The pause after a failed `accept`: the process may be out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A port on 127.0.0.1 that already queues connections.
pub(crate) struct Listener {
    socket: TcpListener,
    /// The port number.
    pub(crate) port: u16,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Listens on `port`, or on a free port if it is 0.
    pub(crate) fn bind(runtime: &Runtime, port: u16) -> Result<Self, SandboxError> {
        let bound = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|socket| {
            socket.set_nonblocking(true)?;
            let port = socket.local_addr()?.port();
            let _context = runtime.enter();
            let socket = TcpListener::from_std(socket)?;
            Ok(Self {
                socket,
                port,
                tls: None,
            })
        });
        bound.map_err(|source| SandboxError::Listen { port, source })
    }

    /// Speaks TLS only.
    pub(crate) fn with_tls(mut self, tls: TlsAcceptor) -> Self {
        self.tls = Some(tls);
        self
    }
}

/// The answer is dropped: the connection closes without a response.
#[derive(Debug, thiserror::Error)]
#[error("a fault rule dropped the answer")]
struct Dropped;

struct Gateway<B> {
    backend: B,
    shared: Arc<Shared>,
}

/// Serves `backend` until the future is dropped.
pub(crate) async fn serve(listener: Listener, backend: impl Backend, shared: Arc<Shared>) {
    let gateway = Arc::new(Gateway { backend, shared });
    loop {
        match listener.socket.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, listener.tls.clone(), gateway.clone()));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    gateway: Arc<Gateway<impl Backend>>,
) {
    // With Nagle's algorithm, a small answer would wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    match tls {
        None => requests(stream, gateway).await,
        Some(tls) => {
            // A client may refuse the certificate.
            if let Ok(stream) = tls.accept(stream).await {
                requests(stream, gateway).await;
            }
        }
    }
}

async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    gateway: Arc<Gateway<impl Backend>>,
) {
    let service = service_fn(move |request| {
        let gateway = gateway.clone();
        // The call runs in its own task, so it completes even if the client disconnects.
        async move {
            tokio::spawn(async move { gateway.handle(request).await })
                .await
                .unwrap_or(Err(Dropped))
        }
    });
    // A client may disconnect at any time; that is not an error of the gateway.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl<B: Backend> Gateway<B> {
    async fn handle(&self, request: Request<Incoming>) -> Result<FullResponse, Dropped> {
        let (head, body) = request.into_parts();
        if !guard::is_for_this_machine(&head) {
            let why = "the host must be 127.0.0.1 or localhost";
            return Ok(control::problem(StatusCode::FORBIDDEN, why));
        }
        let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
        if let Some(path) = head.uri.path().strip_prefix("/_sandbox/") {
            if guard::is_of_a_page(&head) {
                let why = "a web page can't use the control API";
                return Ok(control::problem(StatusCode::FORBIDDEN, why));
            }
            return Ok(control::answer(&self.shared, &head.method, path, &body));
        }
        let call = self.backend.identify(&head, &body);
        let verdict = self.shared.rules.lock().judge(&call);
        let ticket = self
            .shared
            .journal
            .lock()
            .begin(call.clone(), verdict.fault.as_ref().map(<&str>::from));
        let delay_ms = self.shared.delay_ms.load(Ordering::Relaxed);
        let delay = verdict.delay + Duration::from_millis(delay_ms);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let outcome = match verdict.fault {
            Some(Fault::Throttle) => Ok(self.backend.refuse(&call.service, Refusal::Throttled)),
            Some(Fault::Refuse {
                status,
                code,
                message,
            }) => {
                let refusal = Refusal::Chosen {
                    status,
                    code,
                    message,
                };
                Ok(self.backend.refuse(&call.service, refusal))
            }
            Some(Fault::FailBefore { how }) => self.lose(how, &call.service),
            Some(Fault::FailAfter { how }) => {
                self.backend.answer(&call, head, body).await;
                self.lose(how, &call.service)
            }
            Some(Fault::Delay { .. }) | None => Ok(self.backend.answer(&call, head, body).await),
        };
        let status = outcome.as_ref().ok().map(|answer| answer.status().as_u16());
        self.shared.journal.lock().end(ticket, status);
        outcome
    }

    fn lose(&self, how: Loss, service: &str) -> Result<FullResponse, Dropped> {
        match how {
            Loss::Drop => Err(Dropped),
            how => Ok(self.backend.refuse(service, Refusal::Failed(how))),
        }
    }
}
