//! Drives a connector's turns over plain HTTP, without the gateway: how the stand-in stores test themselves.

use std::sync::atomic::{AtomicU64, Ordering};

use connectors::{InboundResponse, OutboundRequest, Outcome, ReadError, Turn};
use http::Request;
use jiff::Timestamp;

use crate::loopback_server::unix_now;
use crate::plain_http::PlainHttp;

/// The turns that were driven have nonces of their own.
static NONCES: AtomicU64 = AtomicU64::new(0);

/// Sends one request; `nonce` is for platforms that want another one each time.
pub(crate) async fn send(request: &OutboundRequest, nonce: u8) -> InboundResponse {
    send_with(request, [nonce; 16]).await
}

async fn send_with(request: &OutboundRequest, nonce: [u8; 16]) -> InboundResponse {
    let now = Timestamp::from_second(i64::try_from(unix_now()).unwrap()).unwrap();
    let url = request.url_for_attempt(now, nonce).to_string();
    let mut outgoing = Request::builder().method(request.method.clone()).uri(url);
    *outgoing.headers_mut().unwrap() = request.headers_for_attempt(now, nonce).into_owned();
    let answer = PlainHttp::default().send(outgoing.body(request.body.clone()).unwrap()).await.unwrap();
    let (head, body) = answer.into_parts();
    InboundResponse { status: head.status, headers: head.headers, body }
}

/// Drives a turn to its end.
pub(crate) async fn drive(mut turn: Turn) -> Result<Outcome, ReadError> {
    loop {
        match turn {
            Turn::Done(outcome) => return Ok(outcome),
            Turn::Send { requests, then } => {
                let mut answers = Vec::new();
                for request in &requests {
                    let mut nonce = [0xff; 16];
                    nonce[..8].copy_from_slice(&NONCES.fetch_add(1, Ordering::Relaxed).to_be_bytes());
                    answers.push(send_with(request, nonce).await);
                }
                turn = then(answers)?;
            }
            Turn::Wait { wait, then } => {
                tokio::time::sleep(wait).await;
                turn = *then;
            }
        }
    }
}
