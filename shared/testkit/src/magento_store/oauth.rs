//! Magento's check of a call: a token alone, or OAuth 1.0a, written after its `Magento\Framework\Oauth` and independently of the connector.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::header;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::Sha256;

use super::{ACCESS_TOKEN, CONSUMER_KEY, CONSUMER_SECRET, TOKEN_SECRET};
use crate::loopback_server::Received;

/// PHP's `rawurlencode`.
const RAW: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether the call is let in.
pub(super) fn is_let_in(received: &Received, signed: bool) -> bool {
    let authorization =
        received.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !signed {
        return authorization == format!("Bearer {ACCESS_TOKEN}");
    }
    authorization.strip_prefix("OAuth ").is_some_and(|parameters| is_signed(received, parameters).unwrap_or(false))
}

fn is_signed(received: &Received, header: &str) -> Option<bool> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for pair in header.split(',') {
        let (name, value) = pair.trim().split_once('=')?;
        parameters.insert(decoded(name), decoded(value.trim_matches('"')));
    }
    let given = parameters.remove("oauth_signature")?;
    if parameters.get("oauth_consumer_key")? != CONSUMER_KEY || parameters.get("oauth_token")? != ACCESS_TOKEN {
        return Some(false);
    }
    let (path, query) = received.target.split_once('?').unwrap_or((&received.target, ""));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        // Without decoding a plus, as the older versions do.
        let (name, value) = pair.split_once('=')?;
        parameters.insert(decoded(name), decoded(value));
    }
    let host = received.headers.get(header::HOST)?.to_str().ok()?;
    let mut sorted: Vec<(String, String)> =
        parameters.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    sorted.sort();
    let joined: Vec<String> = sorted.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let url = format!("http://{host}{path}");
    let base = [received.method.as_str(), &encoded(&url), &encoded(&joined.join("&"))].join("&");
    let key = format!("{}&{}", encoded(CONSUMER_SECRET), encoded(TOKEN_SECRET));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(base.as_bytes());
    Some(STANDARD.encode(mac.finalize().into_bytes()) == given)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RAW).to_string()
}

pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
