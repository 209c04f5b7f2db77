//! One call of a developer's endpoint: never twice, never longer than ten seconds, and nothing of the answer kept but how it went (R137).

use std::time::Duration;

use bytes::Bytes;
use connectors::retry_after;
use http::{HeaderMap, StatusCode};
use url::Url;

use super::{Egress, EgressError, classify};

/// How long an endpoint has, from the first packet to the end of its answer.
pub const POST_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes. What comes after does not matter to anyone.
pub const POST_READ: usize = 4_096;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// The status, if there was one.
    pub status: Option<StatusCode>,
    /// What kept the answer from being complete.
    pub error: Option<EgressError>,
    /// The wait that was asked for, where the status is one that may ask.
    pub retry_after: Option<Duration>,
    /// How much of an answer was read, at most [`POST_READ`] bytes.
    pub bytes: usize,
    /// How long it took.
    pub took: Duration,
}

impl Egress {
    /// Posts a body once, without following redirects, and waits until the answer is complete or enough of it was read.
    pub async fn post(&self, url: &Url, headers: HeaderMap, body: Bytes) -> Posted {
        let began = tokio::time::Instant::now();
        let mut posted = Posted { status: None, error: None, retry_after: None, bytes: 0, took: Duration::ZERO };
        if self.may_call(url) {
            let called = tokio::time::timeout(POST_TIMEOUT, self.post_now(url, headers, body, &mut posted)).await;
            posted.error = called.unwrap_or(Err(EgressError::Timeout)).err();
        } else {
            posted.error = Some(EgressError::Refused);
        }
        posted.took = began.elapsed();
        posted
    }

    async fn post_now(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        posted: &mut Posted,
    ) -> Result<(), EgressError> {
        let mut answer = self.client.post(url.clone()).headers(headers).body(body).send().await.map_err(classify)?;
        posted.status = Some(answer.status());
        if matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            posted.retry_after = retry_after(answer.headers());
        }
        while let Some(chunk) = answer.chunk().await.map_err(|_| EgressError::Broken)? {
            posted.bytes = (posted.bytes + chunk.len()).min(POST_READ);
            if posted.bytes == POST_READ {
                break;
            }
        }
        Ok(())
    }
}
