//! OAuth 1.0a with HMAC-SHA256 (RFC 5849): in the query without a token, which WooCommerce wants over plain http, and in a header with a
//! token, as Magento's integrations are authenticated.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Method};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;
use url::Url;

use crate::connector::Credential;
use domain::hex::hex;

/// RFC 5849 3.6: everything but RFC 3986's unreserved characters is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Which fields of a platform's credential are which part of OAuth. A field that is missing signs as empty; the store then refuses the call.
#[derive(Debug)]
pub(crate) struct Names {
    /// The consumer's key.
    pub(crate) key: &'static str,
    /// The consumer's secret.
    pub(crate) secret: &'static str,
    /// The token and its secret; one-legged without.
    pub(crate) token: Option<(&'static str, &'static str)>,
}

/// What differs between two attempts: a nonce may be used once only.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    /// The time of it.
    pub(crate) now: Timestamp,
    /// 16 random bytes.
    pub(crate) nonce: [u8; 16],
}

/// The address with the OAuth parameters and the signature in its query.
pub(crate) fn in_query(method: &Method, url: &Url, credential: &Credential, names: &Names, attempt: Attempt) -> Url {
    let mut query = url.query().map(str::to_owned).unwrap_or_default();
    for (name, value) in signed(method, url, credential, names, attempt) {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&format!("{name}={}", encode(&value)));
    }
    let mut signed = url.clone();
    signed.set_query(Some(&query));
    signed
}

/// The value of `Authorization` (RFC 5849 3.5.1).
pub(crate) fn in_header(
    method: &Method,
    url: &Url,
    credential: &Credential,
    names: &Names,
    attempt: Attempt,
) -> Option<HeaderValue> {
    let parameters = signed(method, url, credential, names, attempt);
    let parameters: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}=\"{}\"", encode(value))).collect();
    let mut value = HeaderValue::from_str(&format!("OAuth {}", parameters.join(", "))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The OAuth parameters with the signature as the last.
fn signed(
    method: &Method,
    url: &Url,
    credential: &Credential,
    names: &Names,
    attempt: Attempt,
) -> Vec<(&'static str, String)> {
    let field = |name: &str| credential.get(name).unwrap_or_default().to_owned();
    let mut ours = vec![
        ("oauth_consumer_key", field(names.key)),
        ("oauth_nonce", hex(&attempt.nonce)),
        ("oauth_signature_method", "HMAC-SHA256".to_owned()),
        ("oauth_timestamp", attempt.now.as_second().to_string()),
    ];
    if let Some((token, _)) = names.token {
        ours.push(("oauth_token", field(token)));
    }
    ours.push(("oauth_version", "1.0".to_owned()));
    // RFC 5849 signs a name that stands twice twice. WooCommerce and Magento sign what PHP keeps of the query, the last of each.
    let last_of_each: BTreeMap<Cow<'_, str>, Cow<'_, str>> = url.query_pairs().collect();
    let mut parameters: Vec<(String, String)> =
        last_of_each.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    parameters.extend(ours.iter().map(|(name, value)| (encode(name), encode(value))));
    parameters.sort();
    let token_secret = names.token.map_or_else(String::new, |(_, secret)| field(secret));
    let key = format!("{}&{}", encode(&field(names.secret)), encode(&token_secret));
    ours.push(("oauth_signature", signature(method, url, &parameters, &key)));
    ours
}

/// RFC 5849 3.4.1: method, base address without query, sorted parameters.
fn signature(method: &Method, url: &Url, sorted: &[(String, String)], key: &str) -> String {
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    let parameters: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let text =
        format!("{}&{}&{}", method.as_str().to_ascii_uppercase(), encode(base.as_str()), encode(&parameters.join("&")));
    match Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        }
        // HMAC takes keys of any length (RFC 2104), so this cannot be; an empty signature is refused by the store.
        Err(_) => String::new(),
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}
