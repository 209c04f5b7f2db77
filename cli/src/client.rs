//! Calls of the API: sent with the key, waited for where a limit says so, read as what the contract says.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::{
    failure::Failure,
    profiles::Login,
    screen::{Screen, plain},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The API answers within 29 seconds, or its edge does.
const TIMEOUT: Duration = Duration::from_secs(40);
/// Waits for the network, each longer than the one before, where a read got no answer.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(2)];

/// An answer as it came.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A request's body.
pub(crate) enum Body<'a> {
    None,
    Json(&'a Value),
    Bytes(Bytes, &'a str),
}

/// The API, as one key sees it.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    key: Option<SecretString>,
    /// How long all waits of one call may take together.
    max_wait: Duration,
}

impl Client {
    /// A client of a base URL. A key is sent over TLS, or not at all; only this machine itself may be called without.
    pub(crate) fn new(login: Login, max_wait: u64) -> Result<Self, Failure> {
        const ADVICE: &str = "it must be like https://api.example.com";
        let base: Url = login
            .url
            .parse()
            .map_err(|error| Failure::Usage(format!("{} is no base URL: {error}", login.url), Some(ADVICE)))?;
        let loopback = match base.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        let safe = base.scheme() == "https" || (base.scheme() == "http" && loopback);
        if !safe || base.query().is_some() || base.fragment().is_some() || !base.username().is_empty() {
            return Err(Failure::Usage(format!("{} is no base URL of an API", login.url), Some(ADVICE)));
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the console is a client of the API like any other: `cloud::egress` is the functions' way to stores"
        )]
        let builder = reqwest::Client::builder();
        let http = builder
            .tls_backend_preconfigured(tls()?)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .retry(reqwest::retry::never())
            .user_agent(concat!("cartage-cli/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self { http, base, key: login.key, max_wait: Duration::from_secs(max_wait) })
    }

    /// The public part of the key that is used: its id.
    pub(crate) fn key_id(&self) -> Option<String> {
        let key = self.key.as_ref()?.expose_secret();
        let (id, _) = key.strip_prefix("ctg_")?.split_once('_')?;
        Some(format!("key_{id}"))
    }

    /// `GET`, answered with JSON.
    pub(crate) async fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
        screen: &mut Screen,
    ) -> Result<Value, Failure> {
        self.json(Method::GET, path, query, Body::None, screen).await
    }

    /// A call that is answered with JSON, or with nothing (`null`).
    pub(crate) async fn json(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Body<'_>,
        screen: &mut Screen,
    ) -> Result<Value, Failure> {
        let reply = self.call(method, path, query, body, screen).await?;
        if !reply.status.is_success() {
            // The edge in front of the API, or something else that listens there.
            return Err(Failure::Unreadable(format!("status {}, and no problem document", reply.status.as_u16())));
        }
        if let Some(end) = reply.headers.get("sunset").and_then(|end| end.to_str().ok()) {
            screen.note(&format!("this route ends on {}: a newer version of this program does without", plain(end)));
        }
        if reply.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&reply.body)
            .map_err(|_| Failure::Unreadable(format!("status {}, and no JSON", reply.status.as_u16())))
    }

    /// A call and its answer. What the API refuses is a failure; limits are waited for.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Body<'_>,
        screen: &mut Screen,
    ) -> Result<Reply, Failure> {
        let mut left = self.max_wait;
        let mut pauses = PAUSES.iter();
        loop {
            let reply = match self.send(&method, path, query, &body).await {
                Ok(reply) => reply,
                Err(failure) => {
                    // A read that got no answer changed nothing and may be repeated; anything else may have happened.
                    let Some(pause) = pauses.next().filter(|_| method == Method::GET) else { return Err(failure) };
                    screen.progress("no answer, trying again", false);
                    tokio::time::sleep(*pause).await;
                    continue;
                }
            };
            if !is_problem(&reply) {
                return Ok(reply);
            }
            let problem: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let failure = Failure::Refused(reply.status.as_u16(), problem);
            let Some(wait) = wait(&reply, &method).filter(|wait| *wait <= left) else { return Err(failure) };
            left -= wait;
            count_down(wait, failure.code().unwrap_or("unavailable"), screen).await;
        }
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        query: &[(&str, String)],
        body: &Body<'_>,
    ) -> Result<Reply, Failure> {
        let mut url = self.base.clone();
        let (path, given_query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(given_query);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.request(method.clone(), url).header(header::ACCEPT, "application/json");
        if let Some(key) = &self.key {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
                .map_err(|_| Failure::usage("the key has characters that no key has"))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        request = match body {
            Body::None => request,
            Body::Json(value) => request.header(header::CONTENT_TYPE, "application/json").body(value.to_string()),
            Body::Bytes(bytes, kind) => request.header(header::CONTENT_TYPE, *kind).body(bytes.clone()),
        };
        let answer = request.send().await.map_err(no_answer)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(no_answer)?;
        Ok(Reply { status, headers, body })
    }
}

/// An id as a segment of a path, whatever it holds.
pub(crate) fn segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Whether it is the API that says no. A store's own errors come through the raw route as they are.
fn is_problem(reply: &Reply) -> bool {
    let kind = reply.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    (reply.status.is_client_error() || reply.status.is_server_error()) && kind.starts_with("application/problem+json")
}

/// How long to wait before the call gets through, if it may be repeated: a call over a limit was not made; one that could not be checked
/// (503) may be repeated if it changes nothing.
fn wait(reply: &Reply, method: &Method) -> Option<Duration> {
    let repeatable = reply.status == StatusCode::TOO_MANY_REQUESTS
        || (reply.status == StatusCode::SERVICE_UNAVAILABLE && *method == Method::GET);
    let seconds: u64 = reply.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    repeatable.then(|| Duration::from_secs(seconds.max(1)))
}

async fn count_down(wait: Duration, code: &str, screen: &mut Screen) {
    let all = wait.as_secs();
    for gone in 0..all {
        screen.progress(&format!("{code}: waiting {} s", all - gone), gone == 0);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Why there is no answer, without the URL: it is known, and a raw path may hold what nobody wants in a log.
fn no_answer(error: reqwest::Error) -> Failure {
    use std::error::Error;
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let what = if error.is_timeout() { "it took too long".to_owned() } else { cause.to_string() };
    Failure::NoAnswer(what)
}

/// The one TLS configuration of the project: rustls with ring, Mozilla's roots, TLS 1.2 and 1.3 (R116).
pub(crate) fn tls() -> Result<rustls::ClientConfig, Failure> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::usage(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str) -> Result<Client, Failure> {
        Client::new(Login { url: url.to_owned(), key: Some("ctg_01abc_secret".to_owned().into()) }, 1)
    }

    #[test]
    fn a_key_is_sent_over_tls_or_to_this_machine() {
        for url in
            ["https://api.example.com", "https://api.example.com/prod/", "http://127.0.0.1:8787", "http://[::1]:1"]
        {
            assert!(client(url).is_ok(), "{url}");
        }
        for url in [
            "http://api.example.com",
            "http://127.0.0.1.example.com",
            "ftp://127.0.0.1",
            "api.example.com",
            "https://user@api.example.com",
            "https://api.example.com?x=1",
            "",
        ] {
            assert!(matches!(client(url), Err(Failure::Usage(..))), "{url}");
        }
    }

    #[test]
    fn a_keys_id_is_told_and_its_secret_is_not() {
        assert_eq!(client("https://x.example").ok().and_then(|client| client.key_id()).as_deref(), Some("key_01abc"));
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_a_path() {
        assert_eq!(segment("str_01abc"), "str_01abc");
        assert_eq!(segment("../a b?c#d"), "..%2Fa%20b%3Fc%23d");
    }

    #[test]
    fn only_what_was_not_done_is_repeated() {
        let reply = |status, after: Option<&'static str>| Reply {
            status,
            headers: after.map(|after| (header::RETRY_AFTER, HeaderValue::from_static(after))).into_iter().collect(),
            body: Bytes::new(),
        };
        let limited = reply(StatusCode::TOO_MANY_REQUESTS, Some("3"));
        let unsure = reply(StatusCode::SERVICE_UNAVAILABLE, Some("1"));
        assert_eq!(wait(&limited, &Method::POST), Some(Duration::from_secs(3)));
        assert_eq!(wait(&unsure, &Method::GET), Some(Duration::from_secs(1)));
        assert_eq!(wait(&unsure, &Method::POST), None);
        assert_eq!(wait(&reply(StatusCode::TOO_MANY_REQUESTS, None), &Method::GET), None);
    }
}
