//! A request to a store, and the signature that some need at each attempt.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use crate::connector::Credential;
use crate::oauth::{self, Attempt, Names};

/// A request that is ready to be sent, but for a signature that each attempt needs anew.
#[derive(Clone)]
pub struct OutboundRequest {
    /// The method.
    pub method: Method,
    /// Headers, the store's credential among them; never logged.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    url: Url,
    signature: Signature,
    cost: u32,
    reads: bool,
}

/// What is added to the address or the headers at each attempt.
#[derive(Clone)]
pub(crate) enum Signature {
    /// Nothing: the credential is in a header.
    None,
    /// OAuth 1.0a (RFC 5849) in the query: a nonce may be used once only, so a retry needs a new one.
    OAuthQuery(Credential, &'static Names),
    /// The same in the `Authorization` header.
    OAuthHeader(Credential, &'static Names),
}

/// A body. What connectors send are structs of texts, numbers and lists of them, which always serialise; a platform refuses an empty body.
pub(crate) fn json(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body).map(Bytes::from).unwrap_or_default()
}

impl OutboundRequest {
    pub(crate) fn new(method: Method, url: Url, headers: HeaderMap, body: Bytes, signature: Signature) -> Self {
        Self { method, headers, body, url, signature, cost: 1, reads: false }
    }

    /// The same request with the promise that it changes nothing at the store, whatever its method: a query that is sent with `POST`.
    #[must_use]
    pub fn that_reads(mut self) -> Self {
        self.reads = true;
        self
    }

    /// Whether it changes nothing at the store.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.reads || self.method.is_safe()
    }

    /// Whether it may be sent twice with the effect of once (RFC 9110 9.2.2).
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.is_read() || self.method.is_idempotent()
    }

    /// The same request with what it costs of the platform's limit ([`crate::Allowance`]); 1 unless told.
    #[must_use]
    pub fn costing(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }

    /// What it costs of the platform's limit.
    #[must_use]
    pub fn cost(&self) -> u32 {
        self.cost
    }

    /// The address without a signature: for the address filter and, without its query, for logs.
    #[must_use]
    pub fn unsigned_url(&self) -> &Url {
        &self.url
    }

    /// The address to send one attempt to. `nonce` is 16 random bytes, drawn anew for each attempt; `now` is the time of it.
    #[must_use]
    pub fn url_for_attempt(&self, now: Timestamp, nonce: [u8; 16]) -> Cow<'_, Url> {
        match &self.signature {
            Signature::OAuthQuery(credential, names) => {
                Cow::Owned(oauth::in_query(&self.method, &self.url, credential, names, Attempt { now, nonce }))
            }
            Signature::None | Signature::OAuthHeader(..) => Cow::Borrowed(&self.url),
        }
    }

    /// The headers of one attempt; `now` and `nonce` as for [`Self::url_for_attempt`].
    #[must_use]
    pub fn headers_for_attempt(&self, now: Timestamp, nonce: [u8; 16]) -> Cow<'_, HeaderMap> {
        let Signature::OAuthHeader(credential, names) = &self.signature else { return Cow::Borrowed(&self.headers) };
        let mut headers = self.headers.clone();
        // Without a signature the store refuses the call; there is one whenever the credential was checked.
        if let Some(value) = oauth::in_header(&self.method, &self.url, credential, names, Attempt { now, nonce }) {
            headers.insert(header::AUTHORIZATION, value);
        }
        Cow::Owned(headers)
    }
}
