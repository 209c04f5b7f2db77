//! One-legged OAuth 1.0a with HMAC-SHA256 (RFC 5849), which WooCommerce wants over plain http.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;
use url::Url;

use super::{CONSUMER_KEY, CONSUMER_SECRET};
use crate::connector::Credential;

/// RFC 5849 3.6: everything but RFC 3986's unreserved characters is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address with the OAuth parameters and the signature in its query. A field that is missing signs as empty; the store then
/// refuses the call.
pub(crate) fn sign(method: &Method, url: &Url, credential: &Credential, now: Timestamp, nonce: [u8; 16]) -> Url {
    let nonce: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
    let timestamp = now.as_second().to_string();
    let key = credential.get(CONSUMER_KEY).unwrap_or_default();
    let secret = credential.get(CONSUMER_SECRET).unwrap_or_default();
    let ours = [
        ("oauth_consumer_key", key),
        ("oauth_nonce", nonce.as_str()),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", timestamp.as_str()),
        ("oauth_version", "1.0"),
    ];
    // RFC 5849 signs a name that stands twice twice. WooCommerce signs what PHP kept of the query, the last of each, and its own client repeats
    // every parameter of a list.
    let last_of_each: BTreeMap<Cow<'_, str>, Cow<'_, str>> = url.query_pairs().collect();
    let mut parameters: Vec<(String, String)> =
        last_of_each.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    parameters.extend(ours.iter().map(|(name, value)| (encode(name), encode(value))));
    parameters.sort();
    let signature = signature(method, url, &parameters, secret);
    let mut query = url.query().map(str::to_owned).unwrap_or_default();
    for (name, value) in ours.iter().copied().chain([("oauth_signature", signature.as_str())]) {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&format!("{name}={}", encode(value)));
    }
    let mut signed = url.clone();
    signed.set_query(Some(&query));
    signed
}

/// RFC 5849 3.4.1: method, base address without query, sorted parameters; the key is the secret and an empty token secret.
fn signature(method: &Method, url: &Url, sorted: &[(String, String)], secret: &str) -> String {
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    let parameters: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let text =
        format!("{}&{}&{}", method.as_str().to_ascii_uppercase(), encode(base.as_str()), encode(&parameters.join("&")));
    let key = format!("{}&", encode(secret));
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
