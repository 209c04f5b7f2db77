//! Stands between a program and what it calls over HTTP, passes everything on, counts it, and misbehaves where a test says so.
//!
//! In front of the emulator it reads the `X-Amz-Target` header, so that a fault can be meant for `DynamoDB_20120810.UpdateItem` alone, and
//! it asks DynamoDB for the capacity that each call consumed, so that a test can state read and write units exactly.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

use crate::plain_http::PlainHttp;

/// What the proxy does to a call instead of passing it on, or before.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Waits, then passes it on.
    Delay(Duration),
    /// Closes the connection without an answer; what is behind never sees the call.
    Cut,
    /// Passes it on, then closes the connection without an answer: the effect happened and nobody hears of it.
    CutAfter,
    /// Answers as DynamoDB does when a partition is too busy: a 400 with `ProvisionedThroughputExceededException`.
    Throttle,
    /// Answers with this status and body.
    Answer(StatusCode, &'static str),
    /// Never answers.
    Silence,
}

/// Which calls a fault is for.
#[derive(Debug, Clone)]
pub enum Calls {
    /// Every call.
    All,
    /// Calls whose `X-Amz-Target` ends with this, as `UpdateItem` or `secretsmanager.GetSecretValue`.
    Target(&'static str),
    /// Calls whose path starts with this.
    Path(&'static str),
}

/// One call that came by.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its `X-Amz-Target`, empty when it has none.
    pub target: String,
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// The DynamoDB capacity units that the answer names; 0 for any other call.
    pub units: f64,
}

#[derive(Debug, Default)]
struct Plan {
    faults: Vec<(Calls, Fault, u32)>,
    seen: Vec<Seen>,
}

/// A running proxy; it stops when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    url: Url,
    plan: Arc<Mutex<Plan>>,
    serving: JoinHandle<()>,
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl FaultProxy {
    /// Starts a proxy in front of `upstream`, on a free loopback port.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn in_front_of(upstream: &Url) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        let url = url.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let plan = Arc::new(Mutex::new(Plan::default()));
        let base = upstream.as_str().trim_end_matches('/').to_owned();
        #[expect(clippy::disallowed_methods, reason = "a test's server lives beside the test, not inside a function")]
        let serving = tokio::spawn(serve(listener, base, Arc::clone(&plan)));
        Ok(Self { url, plan, serving })
    }

    /// Where to send calls.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// From now on does `fault` to `calls`, at most `times` times; the fault added first that fits is the one that happens.
    pub fn inject(&self, calls: Calls, fault: Fault, times: u32) {
        lock(&self.plan).faults.push((calls, fault, times));
    }

    /// Takes every fault away and forgets what came by.
    pub fn reset(&self) {
        *lock(&self.plan) = Plan::default();
    }

    /// What came by since the start or the last [`FaultProxy::reset`], refused calls too, in order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.plan).seen.clone()
    }

    /// How many calls came by whose target ends with `target`.
    pub fn count(&self, target: &str) -> usize {
        lock(&self.plan).seen.iter().filter(|seen| seen.target.ends_with(target)).count()
    }

    /// DynamoDB write units consumed by the calls that came by, as DynamoDB itself says.
    pub fn write_units(&self) -> f64 {
        self.units(&["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"])
    }

    /// DynamoDB read units consumed by the calls that came by, as DynamoDB itself says.
    pub fn read_units(&self) -> f64 {
        self.units(&["GetItem", "Query", "Scan", "TransactGetItems", "BatchGetItem"])
    }

    fn units(&self, operations: &[&str]) -> f64 {
        let plan = lock(&self.plan);
        let named = |seen: &&Seen| {
            let operation = seen.target.rsplit('.').next().unwrap_or_default();
            seen.target.starts_with("DynamoDB_") && operations.contains(&operation)
        };
        plan.seen.iter().filter(named).map(|seen| seen.units).sum()
    }
}

/// An address that refuses connections: nothing listens there.
///
/// # Errors
/// What the operating system says.
pub async fn refused() -> io::Result<Url> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?.port();
    format!("http://127.0.0.1:{port}").parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

async fn serve(listener: TcpListener, base: String, plan: Arc<Mutex<Plan>>) {
    let client = PlainHttp::default();
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (base, plan, client) = (base.clone(), Arc::clone(&plan), client.clone());
        let service = service_fn(move |request| {
            let (base, plan, client) = (base.clone(), Arc::clone(&plan), client.clone());
            async move { handle(&client, &base, &plan, request).await }
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        while connections.try_join_next().is_some() {}
    }
}

/// Says to hyper: close this connection, there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("cut on purpose")]
struct CutConnection;

async fn handle(
    client: &PlainHttp,
    base: &str,
    plan: &Mutex<Plan>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, CutConnection> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| CutConnection)?.to_bytes();
    let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let fault = take_fault(plan, &target, &path);
    let place = {
        let mut plan = lock(plan);
        let (method, headers, body) = (head.method.clone(), head.headers.clone(), body.clone());
        plan.seen.push(Seen { target: target.clone(), method, path: path.clone(), headers, body, units: 0.0 });
        plan.seen.len() - 1
    };
    match &fault {
        Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
        Some(Fault::Cut) => return Err(CutConnection),
        Some(Fault::Throttle) => return Ok(throttled()),
        Some(Fault::Answer(status, text)) => {
            let mut answer = Response::new(Full::from(*text));
            *answer.status_mut() = *status;
            return Ok(answer);
        }
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::CutAfter) | None => {}
    }
    let measured = target.starts_with("DynamoDB_");
    let body = if measured { with_capacity(body) } else { body };
    let mut onward = Request::from_parts(head, body);
    *onward.uri_mut() = format!("{base}{path}").parse::<Uri>().map_err(|_| CutConnection)?;
    onward.headers_mut().remove(header::CONTENT_LENGTH);
    let answer = client.send(onward).await.map_err(|_| CutConnection)?;
    if measured && let Some(seen) = lock(plan).seen.get_mut(place) {
        seen.units = consumed(answer.body());
    }
    match fault {
        Some(Fault::CutAfter) => Err(CutConnection),
        _ => Ok(unframed(answer)),
    }
}

fn take_fault(plan: &Mutex<Plan>, target: &str, path: &str) -> Option<Fault> {
    let mut plan = lock(plan);
    let fits = |calls: &Calls| match calls {
        Calls::All => true,
        Calls::Target(end) => target.ends_with(end),
        Calls::Path(start) => path.starts_with(start),
    };
    let (_, fault, times) = plan.faults.iter_mut().find(|(calls, _, times)| *times > 0 && fits(calls))?;
    *times -= 1;
    Some(fault.clone())
}

fn throttled() -> Response<Full<Bytes>> {
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"The level of configured provisioned throughput for the table was exceeded."}"#;
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    let json = header::HeaderValue::from_static("application/x-amz-json-1.0");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

/// The same request, asking for consumed capacity too. Its signature no longer fits, which the emulator does not check.
fn with_capacity(body: Bytes) -> Bytes {
    let Ok(Value::Object(mut request)) = serde_json::from_slice(&body) else {
        return body;
    };
    request.insert("ReturnConsumedCapacity".to_owned(), Value::from("TOTAL"));
    serde_json::to_vec(&request).map_or(body, Bytes::from)
}

/// The units that an answer names: one object, or one a table. A failed condition names none and costs a write all the same, which
/// is what DynamoDB charges: one unit, for an item of at most 1 KB.
fn consumed(body: &[u8]) -> f64 {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return 0.0;
    };
    let failed_condition =
        answer["__type"].as_str().is_some_and(|kind| kind.ends_with("ConditionalCheckFailedException"));
    let units = |capacity: &Value| capacity["CapacityUnits"].as_f64().unwrap_or_default();
    match &answer["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(units).sum(),
        Value::Null if failed_condition => 1.0,
        one => units(one).max(units_of_page(&answer["Items"])),
    }
}

/// What a page of items costs by DynamoDB's rule for eventually consistent reads: half a unit for each 4 KiB of them together. The emulator
/// counts one unit whatever a page holds. A consistent read costs twice as much; what a filter left out is not seen here.
fn units_of_page(items: &Value) -> f64 {
    let bytes: usize = items.as_array().into_iter().flatten().map(size_of_map).sum();
    f64::from(u32::try_from(bytes.div_ceil(4_096)).unwrap_or(u32::MAX)) / 2.0
}

/// The size of an item, or of a map in it, by DynamoDB's rules: names and values as UTF-8, containers with a few bytes of their own.
fn size_of_map(map: &Value) -> usize {
    map.as_object().into_iter().flatten().map(|(name, value)| name.len() + size_of(value)).sum()
}

fn size_of(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|typed| typed.iter().next()) else {
        return 0;
    };
    let text = |value: &Value| value.as_str().map_or(0, str::len);
    let many = |of: fn(&Value) -> usize| value.as_array().map_or(0, |values| values.iter().map(of).sum());
    match kind.as_str() {
        "S" => text(value),
        "N" => text(value).div_ceil(2) + 1,
        "B" => text(value) * 3 / 4,
        "SS" => many(|value| value.as_str().map_or(0, str::len)),
        "L" => 3 + many(|value| 1 + size_of(value)),
        "M" => 3 + size_of_map(value),
        _ => 1,
    }
}

/// The answer without the headers that frame it on its connection; the next connection frames it anew.
fn unframed(answer: Response<Bytes>) -> Response<Full<Bytes>> {
    let mut answer = answer.map(Full::new);
    answer.headers_mut().remove(header::CONTENT_LENGTH);
    answer.headers_mut().remove(header::TRANSFER_ENCODING);
    answer.headers_mut().remove(header::CONNECTION);
    answer
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(url: &Url, target: &str) -> Request<Bytes> {
        Request::post(url.as_str()).header("x-amz-target", target).body(Bytes::from_static(b"{}")).unwrap()
    }

    #[tokio::test]
    async fn a_fault_happens_as_often_as_it_was_asked_for_and_only_to_its_calls() {
        let behind = FaultProxy::in_front_of(&refused().await.unwrap()).await.unwrap();
        behind.inject(Calls::All, Fault::Answer(StatusCode::OK, r#"{"ConsumedCapacity":{"CapacityUnits":1.0}}"#), 100);
        let proxy = FaultProxy::in_front_of(behind.url()).await.unwrap();
        proxy.inject(Calls::Target("PutItem"), Fault::Throttle, 1);
        let client = PlainHttp::default();

        let put = "DynamoDB_20120810.PutItem";
        assert_eq!(client.send(call(proxy.url(), put)).await.unwrap().status(), StatusCode::BAD_REQUEST);
        assert_eq!(client.send(call(proxy.url(), put)).await.unwrap().status(), StatusCode::OK);
        assert_eq!(client.send(call(proxy.url(), "DynamoDB_20120810.Query")).await.unwrap().status(), StatusCode::OK);
        assert_eq!((proxy.count("PutItem"), proxy.count("Query"), proxy.seen().len()), (2, 1, 3));
        assert_eq!((proxy.write_units(), proxy.read_units()), (1.0, 1.0));
        assert_eq!(behind.seen()[0].body, Bytes::from_static(br#"{"ReturnConsumedCapacity":"TOTAL"}"#));

        proxy.inject(Calls::All, Fault::Cut, 1);
        assert!(client.send(call(proxy.url(), put)).await.is_err());
    }

    #[test]
    fn a_page_costs_what_is_in_it() {
        let page = |bytes: usize| json!({ "Items": [{ "pk": { "S": "x".repeat(bytes) } }], "ConsumedCapacity": { "CapacityUnits": 1.0 } });
        for (bytes, units) in [(10, 1.0), (8_190, 1.0), (8_191, 1.5), (1 << 20, 128.5)] {
            assert_eq!(consumed(page(bytes).to_string().as_bytes()), units, "{bytes}");
        }
        let item = json!({ "pk": { "S": "ab" }, "n": { "N": "1234" }, "m": { "M": { "a": { "BOOL": true } } }, "l": { "L": [{ "S": "abc" }] } });
        assert_eq!(size_of_map(&item), 4 + 4 + 6 + 8);
    }

    #[test]
    fn a_failed_condition_costs_a_write() {
        let body = br#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}"#;
        assert!((consumed(body) - 1.0).abs() < f64::EPSILON);
    }
}
