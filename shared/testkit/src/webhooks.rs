//! Webhooks as the platforms sign and send them: for tests of what takes them in, and for the stand-ins of stores.
//!
//! Written from the platforms' documents (`platforms.md` 3.2), not from our own verification.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Request, StatusCode, header};
use sha2::Sha256;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::loopback_server::lock;
use crate::plain_http::PlainHttp;

/// How many sent webhooks are remembered.
const REMEMBERED: usize = 1000;

fn signature(secret: &str, pieces: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return Vec::new() };
    pieces.iter().fold(mac, |mac, piece| mac.chain_update(piece)).finalize().into_bytes().to_vec()
}

/// A `POST` of JSON. What cannot be sent in a header is left out, as is an address that is none: the receiver refuses the rest.
fn post(url: &str, body: Bytes, headers: &[(&'static str, &str)]) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = http::Method::POST;
    if let Ok(uri) = url.parse() {
        *request.uri_mut() = uri;
    }
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            request.headers_mut().insert(*name, value);
        }
    }
    request
}

/// One of CartOS's: lower-case hex over the body.
pub fn cartos(url: &str, secret: &str, topic: &str, delivery: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let body = body.into();
    let hex: String = signature(secret, &[&body]).iter().map(|byte| format!("{byte:02x}")).collect();
    post(url, body, &[("x-cartos-signature", &hex), ("x-cartos-topic", topic), ("x-cartos-delivery", delivery)])
}

/// One of WooCommerce's: base64 over the body, and the ids of the webhook and of the delivery, of which several may have the same.
pub fn woocommerce(
    url: &str,
    secret: &str,
    topic: &str,
    webhook: u64,
    delivery: &str,
    body: impl Into<Bytes>,
) -> Request<Bytes> {
    let body = body.into();
    let signature = STANDARD.encode(signature(secret, &[&body]));
    let (resource, event) = topic.split_once('.').unwrap_or((topic, ""));
    let headers = [
        ("x-wc-webhook-signature", signature.as_str()),
        ("x-wc-webhook-topic", topic),
        ("x-wc-webhook-resource", resource),
        ("x-wc-webhook-event", event),
        ("x-wc-webhook-id", &webhook.to_string()),
        ("x-wc-webhook-delivery-id", delivery),
        ("user-agent", "WooCommerce/11.0.1 Hookshot (WordPress/7.1)"),
    ];
    post(url, body, &headers)
}

/// WooCommerce's try of an address: a form, unsigned.
#[must_use]
pub fn woocommerce_ping(url: &str, webhook: u64) -> Request<Bytes> {
    let mut ping = post(url, format!("webhook_id={webhook}").into(), &[]);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    ping.headers_mut().insert(header::CONTENT_TYPE, form);
    ping
}

/// One of Shopify's: base64 over the body under the app's client secret. `id` stays the same when it is sent again.
pub fn shopify(url: &str, client_secret: &str, topic: &str, id: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let body = body.into();
    let signature = STANDARD.encode(signature(client_secret, &[&body]));
    let headers = [
        ("x-shopify-hmac-sha256", signature.as_str()),
        ("x-shopify-topic", topic),
        ("x-shopify-webhook-id", id),
        ("x-shopify-event-id", &format!("event-{id}")),
        ("x-shopify-shop-domain", "demo.myshopify.com"),
        ("x-shopify-api-version", "2026-10"),
    ];
    post(url, body, &headers)
}

/// One of Standard Webhooks, as BigCommerce and our subscriber file for Medusa send them; `unix` is the time of sending, in seconds.
pub fn standard(url: &str, secret: &str, id: &str, unix: u64, body: impl Into<Bytes>) -> Request<Bytes> {
    let (body, time) = (body.into(), unix.to_string());
    let pieces = [id.as_bytes(), b".", time.as_bytes(), b".", &body];
    let signature = format!("v1,{}", STANDARD.encode(signature(secret, &pieces)));
    post(url, body, &[("webhook-id", id), ("webhook-timestamp", &time), ("webhook-signature", &signature)])
}

/// A webhook that a stand-in sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Where to.
    pub url: String,
    /// What about: the topic, as the platform writes it.
    pub topic: String,
    /// The answer; nothing when there was none within 5 s.
    pub status: Option<StatusCode>,
}

/// Sends a stand-in's webhooks one after another behind its answers, as stores do.
pub(crate) struct Outbox<T> {
    jobs: mpsc::UnboundedSender<(T, String, Request<Bytes>)>,
    left: watch::Sender<usize>,
    sent: Arc<Mutex<VecDeque<Sent>>>,
    sending: JoinHandle<()>,
}

impl<T> Drop for Outbox<T> {
    fn drop(&mut self) {
        self.sending.abort();
    }
}

impl<T: Send + 'static> Outbox<T> {
    /// Starts it. Each is sent up to `tries` times, half a second and then twice as long apart, until a 2xx answers; `after` is told what came of it.
    /// Must be called inside a Tokio runtime.
    pub(crate) fn start(tries: u32, after: impl Fn(T, Option<StatusCode>) + Send + 'static) -> Self {
        let (jobs, mut queue) = mpsc::unbounded_channel::<(T, String, Request<Bytes>)>();
        let left = watch::Sender::new(0_usize);
        let sent = Arc::new(Mutex::new(VecDeque::new()));
        let (counted, noted) = (left.clone(), Arc::clone(&sent));
        #[expect(clippy::disallowed_methods, reason = "a stand-in sends beside the test, not inside a function")]
        let sending = tokio::spawn(async move {
            let client = PlainHttp::default();
            while let Some((about, topic, request)) = queue.recv().await {
                let status = send(&client, &request, tries).await;
                let mut sent = lock(&noted);
                if sent.len() == REMEMBERED {
                    sent.pop_front();
                }
                sent.push_back(Sent { url: request.uri().to_string(), topic, status });
                drop(sent);
                after(about, status);
                counted.send_modify(|left| *left = left.saturating_sub(1));
            }
        });
        Self { jobs, left, sent, sending }
    }

    /// Puts one into the line.
    pub(crate) fn send(&self, about: T, topic: &str, request: Request<Bytes>) {
        self.left.send_modify(|left| *left += 1);
        // The line ends with the stand-in only.
        let _ = self.jobs.send((about, topic.to_owned(), request));
    }

    /// Waits until the line is empty.
    pub(crate) async fn settled(&self) {
        // The other end is our own.
        let _ = self.left.subscribe().wait_for(|left| *left == 0).await;
    }

    /// The last 1,000 that were sent, oldest first.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        lock(&self.sent).iter().cloned().collect()
    }
}

async fn send(client: &PlainHttp, request: &Request<Bytes>, tries: u32) -> Option<StatusCode> {
    let mut status = None;
    for number in 0..tries.max(1) {
        if number > 0 {
            tokio::time::sleep(Duration::from_millis(250 << number)).await;
        }
        let answer = tokio::time::timeout(Duration::from_secs(5), client.send(request.clone())).await;
        status = answer.ok().and_then(Result::ok).map(|answer| answer.status());
        if status.is_some_and(|status| status.is_success()) {
            break;
        }
    }
    status
}

/// What the platforms' own libraries are known to say (`platforms.md` 3.4).
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_vectors_come_out() {
        let header = |request: &Request<Bytes>, name| request.headers()[name].to_str().unwrap().to_owned();
        let shopify = shopify("http://x/", "hush", "t", "1", r#"{"id":820982911946154508,"email":"jon@example.com"}"#);
        assert_eq!(header(&shopify, "x-shopify-hmac-sha256"), "D0UMXmhjwBRi4y66TmhJrDlhQABD7zI2fm3p6/QLMo8=");
        let woo = woocommerce("http://x/", "whsec", "order.created", 3, "d", r#"{"id":1}"#);
        assert_eq!(header(&woo, "x-wc-webhook-signature"), "zC8fc2J1qFdixyP4o8Kfvsu3wUJ60d2+FFia1JA2pik=");
        let body = r#"{"store_id":"11111","producer":"stores/abcde","scope":"store/order/statusUpdated","data":{"type":"order","id":173331},"hash":"3f9ea420af83450d7ef9f78b08c8af25b2213637"}"#;
        let big = standard("http://x/", "bc_client_secret_123", "msg_1", 1_700_000_000, body);
        assert_eq!(header(&big, "webhook-signature"), "v1,U/QwZonl58aBbrB+IRVp65cO2FSFWOkWzULFG3mapRc=");
    }
}
