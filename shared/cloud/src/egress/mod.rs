//! The only way out to the internet (invariant 2).
//!
//! Every call goes to an address that was resolved, judged and pinned here, without redirects, over TLS 1.2 or better, within a time and
//! a size. Retries follow one policy (R134): three attempts at most, exponential waits with full jitter, `Retry-After` obeyed, no other
//! 4xx repeated, and a call that is not idempotent repeated only when it is certain that nothing happened.

mod address;
mod post;

use std::{future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use connectors::{InboundResponse, OutboundRequest, retry_after};
use http::StatusCode;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{
    boot::Budget,
    clock::{Clock, jitter, random_bytes},
    env::Permission,
};
use address::Filter;

pub use post::{POST_READ, POST_TIMEOUT, Posted};

/// Attempts of one call, the first included (R134).
pub const ATTEMPTS: u32 = 3;
/// The largest answer that is read, in bytes; more than this cannot be passed on, see [`crate::http::answer::BODY_LIMIT`].
pub const ANSWER_LIMIT: usize = crate::http::answer::BODY_LIMIT;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// One attempt, whatever remains of the invocation: a store that is silent for so long gets another try.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(12);
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// An answer to a caller who waits is worth no longer wait than this; a longer `Retry-After` is passed on.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// What must remain of the budget for another attempt to make sense.
pub(crate) const WORTHWHILE: Duration = Duration::from_millis(500);
const PORTS: [u16; 2] = [443, 8443];

/// Why a store gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The URL or the address behind it is one that the gateway does not call.
    #[error("the address is refused")]
    Refused,
    /// No connection could be opened, or its certificate is not valid: nothing was sent.
    #[error("the store cannot be reached")]
    Unreachable,
    /// The connection broke after the call had begun.
    #[error("the connection broke")]
    Broken,
    /// The store was too slow.
    #[error("the store did not answer in time")]
    Timeout,
    /// The answer is larger than [`ANSWER_LIMIT`].
    #[error("the answer is too large")]
    TooLarge,
}

/// An answer, or why there is none, and how many calls that took.
pub struct Outcome {
    /// The last attempt's result.
    pub result: Result<InboundResponse, EgressError>,
    /// Calls made, 0 to [`ATTEMPTS`].
    pub calls: u32,
}

/// The gateway's HTTP client.
#[derive(Clone)]
pub struct Egress {
    client: reqwest::Client,
    filter: Filter,
    loopback: bool,
    clock: Clock,
}

impl Egress {
    /// Builds the client.
    ///
    /// `loopback` lets plain HTTP and loopback addresses pass; only the local stack says [`Permission::Allow`]. `contact` goes into the
    /// `User-Agent`, so that a store's owner knows whom to ask (R135).
    ///
    /// # Panics
    /// If `contact` cannot stand in a header.
    #[must_use]
    pub fn new(tls: rustls::ClientConfig, loopback: Permission, contact: &str, clock: Clock) -> Self {
        let loopback = loopback == Permission::Allow;
        let filter = Filter::new(loopback);
        #[expect(clippy::disallowed_methods, reason = "this is the one place that opens connections to the internet")]
        let builder = reqwest::Client::builder();
        #[expect(clippy::expect_used, reason = "fails at the start, for a contact that no header can hold")]
        let client = builder
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Guard(filter.clone())))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .https_only(!loopback)
            .no_proxy()
            .retry(reqwest::retry::never())
            .user_agent(format!("Cartage/{} ({contact})", env!("CARGO_PKG_VERSION")))
            .build()
            .expect("the HTTP client is built from constants and a valid contact");
        Self { client, filter, loopback, clock }
    }

    /// Sends a call, again where that is safe and useful, and reads the answer whole.
    pub async fn send(&self, request: &OutboundRequest, budget: Budget) -> Outcome {
        if !self.may_call(request.unsigned_url()) {
            return Outcome { result: Err(EgressError::Refused), calls: 0 };
        }
        let mut calls = 0;
        loop {
            let patience = budget.left().min(ATTEMPT_TIMEOUT);
            if patience.is_zero() {
                return Outcome { result: Err(EgressError::Timeout), calls };
            }
            calls += 1;
            let result = match tokio::time::timeout(patience, self.attempt(request)).await {
                Ok(result) => result,
                Err(_) => Err(EgressError::Timeout),
            };
            let wait = (calls < ATTEMPTS)
                .then(|| self.wait_before_retry(request.is_repeatable(), &result, calls))
                .flatten()
                .filter(|wait| *wait + WORTHWHILE < budget.left());
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Outcome { result, calls },
            }
        }
    }

    /// Whether the URL is one that may be called at all. Names are judged once they are resolved, addresses here.
    fn may_call(&self, url: &url::Url) -> bool {
        if !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        let literal = match url.host() {
            Some(url::Host::Ipv4(v4)) => Some(v4.into()),
            Some(url::Host::Ipv6(v6)) => Some(v6.into()),
            Some(url::Host::Domain(_)) => None,
            None => return false,
        };
        if self.loopback
            && (literal.is_some_and(|address: std::net::IpAddr| self.filter.allows(address) && address.is_loopback())
                || url.host_str() == Some("localhost"))
        {
            return matches!(url.scheme(), "http" | "https");
        }
        // A shop has a name: a bare address is how a scanner, not a merchant, writes a store's URL.
        url.scheme() == "https"
            && literal.is_none()
            && url.port_or_known_default().is_some_and(|port| PORTS.contains(&port))
    }

    async fn attempt(&self, request: &OutboundRequest) -> Result<InboundResponse, EgressError> {
        let mut nonce = [0; 16];
        nonce.copy_from_slice(&random_bytes()[..16]);
        let now = self.clock.now();
        let mut answer = self
            .client
            .request(request.method.clone(), request.url_for_attempt(now, nonce).into_owned())
            .headers(request.headers_for_attempt(now, nonce).into_owned())
            .body(request.body.clone())
            .send()
            .await
            .map_err(classify)?;
        if answer.content_length().is_some_and(|length| length > ANSWER_LIMIT as u64) {
            return Err(EgressError::TooLarge);
        }
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| EgressError::Broken)? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(EgressError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(InboundResponse { status, headers, body: Bytes::from(body) })
    }

    /// How long to wait before the next attempt, or `None` where there must be none.
    fn wait_before_retry(
        &self,
        repeatable: bool,
        result: &Result<InboundResponse, EgressError>,
        calls: u32,
    ) -> Option<Duration> {
        // Full jitter: anything from nothing to the step, so that callers who failed together do not come back together.
        let backoff = || jitter(FIRST_WAIT * 2u32.pow(calls)).max(Duration::from_millis(20));
        match result {
            Err(EgressError::Unreachable) => Some(backoff()),
            Err(EgressError::Broken | EgressError::Timeout) => repeatable.then(backoff),
            Err(EgressError::Refused | EgressError::TooLarge) => None,
            Ok(answer) => match answer.status {
                // The store says that it did nothing.
                StatusCode::TOO_MANY_REQUESTS => match retry_after(&answer.headers) {
                    Some(wait) => (wait <= LONGEST_WAIT).then(|| wait + backoff() / 4),
                    None => Some(backoff()),
                },
                StatusCode::INTERNAL_SERVER_ERROR
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
                    if repeatable =>
                {
                    match retry_after(&answer.headers) {
                        Some(wait) => (wait <= LONGEST_WAIT).then_some(wait),
                        None => Some(backoff()),
                    }
                }
                _ => None,
            },
        }
    }
}

fn classify(error: reqwest::Error) -> EgressError {
    let refused = std::iter::successors(std::error::Error::source(&error), |cause| cause.source())
        .any(|cause| cause.downcast_ref::<AddressRefused>().is_some());
    if refused {
        EgressError::Refused
    } else if error.is_timeout() && !error.is_connect() {
        EgressError::Timeout
    } else if error.is_connect() || error.is_builder() {
        EgressError::Unreachable
    } else {
        EgressError::Broken
    }
}

/// The name of a store leads to an address that the gateway does not call.
#[derive(Debug, thiserror::Error)]
#[error("the address is refused")]
struct AddressRefused;

/// Resolves a name once, refuses it if *any* of its addresses is bad, and hands out just the addresses that it judged, so that
/// the connection goes where the judgement was made.
struct Guard(Filter);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let filter = self.0.clone();
        let resolved: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.is_empty() || !found.iter().all(|place| filter.allows(place.ip())) {
                return Err(Box::new(AddressRefused) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        });
        resolved
    }
}
