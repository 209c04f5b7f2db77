//! The way into one store: addresses, the credential, and the requests that carry it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Serialize;
use url::Url;

use super::{CONSUMER_KEY, CONSUMER_SECRET, OAUTH, Request};
use crate::address::StoreAddress;
use crate::connector::{Context, Credential, CredentialError, Refusal};
use crate::request::{OutboundRequest, Signature, json};

/// WooCommerce's own interface.
const WC: &str = "/wp-json/wc/v3/";

/// That of the plugin CoCart.
const COCART: &str = "/wp-json/cocart/v2/";

/// A store with its credential, ready to be asked.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) address: StoreAddress,
    pub(super) credential: Credential,
    /// Over https only; http calls are signed.
    pub(super) basic: Option<HeaderValue>,
}

impl Door {
    pub(super) fn open(context: &Context<'_>) -> Result<Self, Refusal> {
        let key = context.credential.required(CONSUMER_KEY)?;
        let secret = context.credential.required(CONSUMER_SECRET)?;
        // A colon would move the border between user name and password (RFC 7617).
        if key.contains(':') {
            return Err(Refusal::Credential(CredentialError::Malformed(CONSUMER_KEY.to_owned())));
        }
        let basic = if context.address.is_https() {
            let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{key}:{secret}"))))
                .map_err(|_| Refusal::Credential(CredentialError::Malformed(CONSUMER_KEY.to_owned())))?;
            value.set_sensitive(true);
            Some(value)
        } else {
            None
        };
        Ok(Self { address: context.address.clone(), credential: context.credential.clone(), basic })
    }

    pub(super) fn signature(&self) -> Signature {
        if self.basic.is_some() { Signature::None } else { Signature::OAuthQuery(self.credential.clone(), &OAUTH) }
    }

    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> OutboundRequest {
        self.with_key(Method::GET, WC, path, query, Bytes::new())
    }

    pub(super) fn delete(&self, path: &str, query: &[(&str, &str)]) -> OutboundRequest {
        self.with_key(Method::DELETE, WC, path, query, Bytes::new())
    }

    pub(super) fn post(&self, path: &str, body: &impl Serialize) -> OutboundRequest {
        self.with_key(Method::POST, WC, path, &[], json(body))
    }

    pub(super) fn put(&self, path: &str, body: &impl Serialize) -> OutboundRequest {
        self.with_key(Method::PUT, WC, path, &[], json(body))
    }

    /// A call of CoCart's sessions, which want the store's keys.
    pub(super) fn session(&self, method: Method, path: &str) -> OutboundRequest {
        self.with_key(method, COCART, path, &[], Bytes::new())
    }

    /// A call of CoCart as a guest, without the store's keys: with them every cart would be their owner's.
    pub(super) fn guest(&self, method: Method, path: &str, key: Option<&str>, body: Bytes) -> OutboundRequest {
        let query: Vec<(&str, &str)> = key.map(|key| ("cart_key", key)).into_iter().collect();
        OutboundRequest::new(method, self.url(COCART, path, &query), headers(&body), body, Signature::None)
    }

    fn with_key(&self, method: Method, api: &str, path: &str, query: &[(&str, &str)], body: Bytes) -> OutboundRequest {
        let mut headers = headers(&body);
        if let Some(basic) = &self.basic {
            headers.insert(header::AUTHORIZATION, basic.clone());
        }
        OutboundRequest::new(method, self.url(api, path, query), headers, body, self.signature())
    }

    fn url(&self, api: &str, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.address.with(&format!("{api}{path}"), None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// The request for a page or for one, of the chosen fields where there is a choice.
    pub(super) fn request(&self, path: &str, request: &Request, fields: Option<&str>) -> OutboundRequest {
        let fields = fields.map(|fields| ("_fields", fields));
        match request {
            Request::One(id) => {
                let query: Vec<(&str, &str)> = fields.into_iter().collect();
                self.get(&format!("{path}/{id}"), &query)
            }
            Request::Page { list, page, filter } => {
                let (page, per_page) = (page.to_string(), list.per_page.to_string());
                let mut query =
                    vec![("page", page.as_str()), ("per_page", &per_page), ("orderby", "id"), ("order", "asc")];
                if let Some(time) = filter {
                    query.extend([("modified_after", time.as_str()), ("dates_are_gmt", "true")]);
                }
                query.extend(fields);
                self.get(path, &query)
            }
        }
    }
}

fn headers(body: &Bytes) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(3);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if !body.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers
}
