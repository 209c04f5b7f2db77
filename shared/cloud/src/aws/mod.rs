//! How Cartage talks to AWS: one HTTP client, one TLS configuration, and requests that are written and signed here.
//!
//! An adapter writes what it asks as a small typed struct in the service's own JSON; this room signs it ([`sign`]), sends it, and says of a
//! refusal no more than its code. AWS's SDK stood here before: it did the same for five times the CPU and a third of the package
//! (`bench/RESULTS.md`). Its behaviour is kept: three attempts, exponential backoff with full jitter, a quota that ends retrying when
//! everything fails, the codes that count as passing, and the time limits below. What is left out is what a Lambda function has no use for:
//! profiles, the metadata service, other partitions than `aws`, clock skew (Lambda's clocks are right).

mod retry;
mod sign;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::CipherSuite;
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};

use self::{
    retry::Quota,
    sign::{Scope, SigningKey, Stamp},
};
use crate::{
    clock::Clock,
    env::{EnvError, Environment, required},
};

/// How long one attempt of an AWS call may take. DynamoDB answers in single milliseconds; what takes longer is worth another try.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// How long an AWS call may take with all its attempts: well within the 29 s that API Gateway leaves a function.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// What is added to both for each mebibyte that is sent: a function with little memory has a narrow line.
const EACH_MEBIBYTE: Duration = Duration::from_millis(250);
/// How often a call is sent at most.
pub const ATTEMPTS: u32 = 3;

/// Cipher suites with keys of 128 bits, which no call of ours offers: 256 are promised (R043), and whoever speaks TLS today has a suite of those too.
const SHORT_KEYS: [CipherSuite; 3] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// The TLS configuration that everything shares: rustls with ring, Mozilla's roots, TLS 1.2 and 1.3 (R015, R116), keys of 256 bits (R043).
///
/// # Panics
/// Never in practice: ring supports the protocol versions that rustls enables.
#[must_use]
pub fn tls() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites.retain(|suite| !SHORT_KEYS.contains(&suite.suite()));
    #[expect(clippy::expect_used, reason = "a constant combination of provider and versions")]
    rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// What all services share. It has no `Debug`: it holds the function's credentials.
#[derive(Clone)]
pub struct Aws(Arc<Shared>);

struct Shared {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    access_key: String,
    secret: SecretString,
    token: Option<SecretString>,
    region: String,
    /// Where all services are, if not at AWS: scheme and authority, without a slash at the end.
    endpoint: Option<String>,
    quota: Quota,
}

impl Aws {
    /// Reads what Lambda puts into the environment: credentials, which hold as long as the sandbox lives, and the region.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn new(from: &dyn Environment, tls: rustls::ClientConfig) -> Result<Self, EnvError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self(Arc::new(Shared {
            http: Client::builder(TokioExecutor::new()).build(https),
            access_key: required::<String>(from, "AWS_ACCESS_KEY_ID")?,
            secret: required::<String>(from, "AWS_SECRET_ACCESS_KEY")?.into(),
            token: from.get("AWS_SESSION_TOKEN").filter(|token| !token.is_empty()).map(SecretString::from),
            region: required::<String>(from, "AWS_REGION")?,
            endpoint: from
                .get("AWS_ENDPOINT_URL")
                .filter(|url| !url.is_empty())
                .map(|url| url.trim_end_matches('/').to_owned()),
            quota: Quota::default(),
        })))
    }

    /// A service by the name in its host, which for all that we use but SES is the one that it is signed for too.
    pub(crate) fn service(&self, name: &'static str, signed_for: &'static str) -> Service {
        let region = &self.0.region;
        let base = self.0.endpoint.clone().unwrap_or_else(|| format!("https://{name}.{region}.amazonaws.com"));
        Service::new(self.clone(), base, signed_for)
    }

    /// A bucket of S3, and what stands before the key in the path of one of its objects. A host of its own for each bucket is AWS's way; other
    /// endpoints have the bucket in the path.
    pub(crate) fn bucket(&self, bucket: &str) -> (Service, String) {
        match &self.0.endpoint {
            Some(endpoint) => (Service::new(self.clone(), endpoint.clone(), "s3"), format!("/{bucket}/")),
            None => {
                let base = format!("https://{bucket}.s3.{}.amazonaws.com", self.0.region);
                (Service::new(self.clone(), base, "s3"), "/".to_owned())
            }
        }
    }
}

/// One service of AWS, or one bucket.
#[derive(Clone)]
pub struct Service(Arc<Parts>);

struct Parts {
    aws: Aws,
    /// Scheme and authority.
    base: String,
    host: String,
    signed_for: &'static str,
    /// The day's signing key, which is the same for every request of the day.
    key: Mutex<Option<SigningKey>>,
}

/// One request.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// From the first slash on, percent-encoded; a query with its parameters sorted and each with its `=`.
    pub(crate) path: &'a str,
    /// Beside what every request has; names in lower case.
    pub(crate) headers: &'a [(&'static str, &'a str)],
    pub(crate) body: Bytes,
    /// How often it is sent at most.
    pub(crate) attempts: u32,
}

impl Service {
    fn new(aws: Aws, base: String, signed_for: &'static str) -> Self {
        let host = base.split_once("://").map_or(base.as_str(), |(_, authority)| authority).to_owned();
        Self(Arc::new(Parts { aws, base, host, signed_for, key: Mutex::default() }))
    }

    /// Scheme and authority.
    pub(crate) fn base(&self) -> &str {
        &self.0.base
    }

    /// Calls an action of a service that speaks `application/x-amz-json-1.1`; `target` is its name with the service's prefix.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        target: &'static str,
        input: &impl Serialize,
    ) -> Result<T, CallError> {
        read(&self.json_in(target, "application/x-amz-json-1.1", ATTEMPTS, input).await?)
    }

    /// The same in the given version of that protocol, with the answer as it came.
    pub(crate) async fn json_in(
        &self,
        target: &'static str,
        content_type: &'static str,
        attempts: u32,
        input: &impl Serialize,
    ) -> Result<Bytes, CallError> {
        // Our own inputs always serialise.
        let body = serde_json::to_vec(input).map_err(|_| CallError::Unreadable)?.into();
        let headers = [("content-type", content_type), ("x-amz-target", target)];
        self.send(&Call { method: Method::POST, path: "/", headers: &headers, body, attempts }).await
    }

    /// Sends a request until it is answered, refused for good, or its time is over.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Bytes, CallError> {
        self.send_for_head(call).await.map(|(_, body)| body)
    }

    /// The same, with the headers of the answer.
    pub(crate) async fn send_for_head(&self, call: &Call<'_>) -> Result<(HeaderMap, Bytes), CallError> {
        let quota = &self.0.aws.0.quota;
        let mebibytes = u32::try_from(call.body.len() >> 20).unwrap_or(u32::MAX);
        let longer = EACH_MEBIBYTE.saturating_mul(mebibytes);
        let attempts = async {
            let mut spent = 0;
            for attempt in 1.. {
                let answer = tokio::time::timeout(ATTEMPT_TIMEOUT + longer, self.attempt(call)).await;
                let error = match answer.unwrap_or_else(|_| Err(CallError::Slow)) {
                    Ok(answer) => {
                        quota.give_back(spent);
                        return Ok(answer);
                    }
                    Err(error) => error,
                };
                let cost = retry::cost(&error).filter(|_| attempt < call.attempts);
                match cost {
                    Some(cost) if quota.take(cost) => spent = cost,
                    _ => return Err(error),
                }
                tokio::time::sleep(retry::pause(attempt)).await;
            }
            Err(CallError::Slow)
        };
        tokio::time::timeout(CALL_TIMEOUT + longer * call.attempts, attempts).await.unwrap_or(Err(CallError::Slow))
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<(HeaderMap, Bytes), CallError> {
        let request = self.signed(call).map_err(|_| CallError::Unreadable)?;
        let answer = self.0.aws.0.http.request(request).await.map_err(|error| CallError::no_answer(&error))?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| CallError::no_answer(&error))?.to_bytes();
        if head.status.is_success() {
            Ok((head.headers, body))
        } else {
            Err(CallError::Refused(Refusal::new(&head, body)))
        }
    }

    /// An address with which anybody may `GET` the path, for so many seconds; `more` are parameters of the action, as
    /// [`sign::presigned_query`] takes them.
    pub(crate) fn presigned(&self, path: &str, seconds: u64, more: &[(&str, &str)]) -> String {
        let Parts { aws, base, host, signed_for, .. } = &*self.0;
        let stamp = Stamp::of(Clock::system().now());
        let scope = Scope { date: stamp.date(), region: &aws.0.region, service: signed_for };
        let token = aws.0.token.as_ref().map(ExposeSecret::expose_secret);
        let query = sign::presigned_query(&aws.0.access_key, token, &scope, &stamp, seconds, more);
        let canonical = sign::canonical_request("GET", path, &query, &[("host", host)], sign::UNSIGNED);
        let signature = self.signature(&stamp, &scope, &canonical.text);
        format!("{base}{path}?{query}&X-Amz-Signature={signature}")
    }

    fn signature(&self, stamp: &Stamp, scope: &Scope<'_>, canonical: &str) -> String {
        let Parts { aws, key, .. } = &*self.0;
        // What is behind the lock is a cache.
        let mut key = key.lock().unwrap_or_else(PoisonError::into_inner);
        let current = key.take_if(|key| !key.is_of(stamp.date()));
        drop(current);
        let key = key.get_or_insert_with(|| SigningKey::derive(aws.0.secret.expose_secret(), scope));
        key.signature(stamp, scope, canonical)
    }

    fn signed(&self, call: &Call<'_>) -> Result<Request<Full<Bytes>>, http::Error> {
        let Parts { aws, base, host, signed_for, .. } = &*self.0;
        // The machine's clock, even where a test steers the product's: AWS has its own, too.
        let stamp = Stamp::of(Clock::system().now());
        let payload = sign::hex_digest(&call.body);
        let mut headers: Vec<(&str, &str)> = Vec::with_capacity(call.headers.len() + 4);
        headers.extend_from_slice(call.headers);
        headers.extend([("host", host.as_str()), ("x-amz-date", stamp.as_str())]);
        if *signed_for == "s3" {
            headers.push(("x-amz-content-sha256", payload.as_str()));
        }
        if let Some(token) = &aws.0.token {
            headers.push(("x-amz-security-token", token.expose_secret()));
        }
        headers.sort_unstable();
        let scope = Scope { date: stamp.date(), region: &aws.0.region, service: signed_for };
        let (path, query) = call.path.split_once('?').unwrap_or((call.path, ""));
        let canonical = sign::canonical_request(call.method.as_str(), path, query, &headers, &payload);
        let signature = self.signature(&stamp, &scope, &canonical.text);
        let authorization = sign::authorization(&aws.0.access_key, &scope, &canonical.signed_headers, &signature);

        let mut request = Request::builder().method(call.method.clone()).uri(format!("{base}{}", call.path));
        if let Some(map) = request.headers_mut() {
            map.reserve(headers.len() + 2);
        }
        for (name, value) in headers {
            let mut value = HeaderValue::from_str(value)?;
            value.set_sensitive(name == "x-amz-security-token");
            request = request.header(HeaderName::from_bytes(name.as_bytes())?, value);
        }
        request
            .header(header::USER_AGENT, concat!("Cartage/", env!("CARGO_PKG_VERSION")))
            .header(header::AUTHORIZATION, authorization)
            .body(Full::new(call.body.clone()))
    }
}

/// Reads an answer.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, CallError> {
    serde_json::from_slice(body).map_err(|_| CallError::Unreadable)
}

/// Why AWS has not done what it was asked. Neither form says anything of a body, so that nothing personal gets into a log with it.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service answered that it does not.
    #[error("{0}")]
    Refused(Refusal),
    /// There was no answer; the service may have done it none the less.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// No answer came in time; the service may have done it none the less.
    #[error("no answer in time")]
    Slow,
    /// The answer is not of the form that the service documents.
    #[error("the answer cannot be read")]
    Unreadable,
}

impl CallError {
    fn no_answer(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        Self::NoAnswer(text)
    }

    /// The service's word for why it refuses, as `ConditionalCheckFailedException`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.refusal().map(|refusal| refusal.code.as_str())
    }

    /// Whether the service refuses with this word.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code() == Some(code)
    }

    /// What else the service says of its refusal, where it has this form.
    pub(crate) fn detail<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.refusal()?.body).ok()
    }

    /// The answer's status, where there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.refusal().map(|refusal| refusal.status)
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::NoAnswer(_) | Self::Slow | Self::Unreadable => None,
        }
    }
}

/// A service's refusal.
pub struct Refusal {
    status: StatusCode,
    code: String,
    /// By which AWS finds it again.
    request: String,
    body: Bytes,
}

impl Refusal {
    fn new(head: &http::response::Parts, body: Bytes) -> Self {
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let code = header("x-amzn-errortype").map(str::to_owned).or_else(|| code_of(&body)).unwrap_or_default();
        // `com.amazonaws.dynamodb.v20120810#ThrottlingException:http://…` is a ThrottlingException.
        let code = code.rsplit_once('#').map_or(code.as_str(), |(_, code)| code);
        let code = word(code.split(':').next().unwrap_or_default());
        let request = word(header("x-amzn-requestid").or_else(|| header("x-amz-request-id")).unwrap_or_default());
        Self { status: head.status, code, request, body }
    }
}

/// What stands for an error in a JSON or an XML body.
fn code_of(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Typed {
        #[serde(rename = "__type", alias = "code")]
        code: String,
    }
    if let Ok(typed) = serde_json::from_slice::<Typed>(body) {
        return Some(typed.code);
    }
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("<Code>")?;
    rest.split_once("</Code>").map(|(code, _)| code.to_owned())
}

/// What may stand in a log: a word of letters, digits and dashes.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).take(80).collect()
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({}), request {}", self.code, self.status.as_u16(), self.request)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(headers: &[(&str, &str)], body: &str) -> Refusal {
        let mut answer = http::Response::builder().status(400);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        let (head, body) = answer.body(body.to_owned()).unwrap().into_parts();
        Refusal::new(&head, body.into())
    }

    #[test]
    fn a_refusal_says_its_code_whatever_protocol_it_came_in_and_nothing_of_its_body() {
        let json = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"ann@example.com","Item":{"a":{"S":"ann@example.com"}}}"#;
        let refused = refusal(&[("x-amzn-requestid", "R-1")], json);
        assert_eq!(refused.to_string(), "ConditionalCheckFailedException (400), request R-1");
        assert!(!format!("{refused:?}").contains("ann"));
        let rest = refusal(&[("x-amzn-errortype", "MessageRejected:http://internal.amazon.com/")], "{}");
        assert_eq!(rest.code, "MessageRejected");
        let xml = refusal(&[], "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Key>ann</Key></Error>");
        assert_eq!(xml.code, "NoSuchKey");
        assert_eq!(refusal(&[], "<html>ann@example.com</html>").code, "");
    }

    #[test]
    fn a_word_in_a_log_cannot_begin_another_line() {
        assert_eq!(word("Throttling\n{\"level\":\"x\"}"), "Throttlinglevelx");
    }
}
