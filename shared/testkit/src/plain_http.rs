//! An HTTP client for loopback: no TLS, no redirects, nothing retried, answers read whole.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// How long one call may take, from connecting to the last byte of the answer.
const LIMIT: Duration = Duration::from_secs(60);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PlainHttpError {
    /// Nobody listens, or the connection ended early.
    #[error("no answer: {0}")]
    Connection(#[from] hyper_util::client::legacy::Error),
    /// The answer's body ended early.
    #[error("the answer was cut: {0}")]
    Cut(#[from] hyper::Error),
    /// The limit of 60 s passed.
    #[error("no answer within 60 s")]
    Late,
}

/// A client with kept connections. Clone it freely.
#[derive(Debug, Clone)]
pub struct PlainHttp {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Default for PlainHttp {
    fn default() -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http() }
    }
}

impl PlainHttp {
    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// [`PlainHttpError`]; a status of 400 or more is an answer.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PlainHttpError> {
        let exchange = async {
            let (head, body) = self.client.request(request.map(Full::new)).await?.into_parts();
            Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
        };
        tokio::time::timeout(LIMIT, exchange).await.unwrap_or(Err(PlainHttpError::Late))
    }
}
