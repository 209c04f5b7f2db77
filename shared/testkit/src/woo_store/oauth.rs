//! WooCommerce's check of an OAuth 1.0a call, written after its `class-wc-rest-authentication.php` and independently of the
//! connector that signs.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::header;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

use super::{CONSUMER_KEY, CONSUMER_SECRET, Shared};
use crate::loopback_server::{Received, lock, unix_now};

/// PHP's `rawurlencode`.
const RAW: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How far the caller's clock may be off, in seconds.
const WINDOW: u64 = 15 * 60;

/// Whether the store's own credential signed this call, now and for the first time.
pub(super) fn is_signed(shared: &Shared, received: &Received) -> bool {
    let (path, query) = received.target.split_once('?').unwrap_or((&received.target, ""));
    let mut parameters: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let Some(signature) = parameters.remove("oauth_signature") else { return false };
    let given = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let is_ours = given("oauth_consumer_key") == CONSUMER_KEY && given("oauth_signature_method") == "HMAC-SHA256";
    let timestamp: u64 = given("oauth_timestamp").parse().unwrap_or(0);
    let nonce = given("oauth_nonce").to_owned();
    if !is_ours || nonce.is_empty() || unix_now().abs_diff(timestamp) > WINDOW {
        return false;
    }
    let Some(host) = received.headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let joined: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}%3D{}", twice(name), twice(value))).collect();
    let base = format!("{}&{}&{}", received.method, raw(&format!("http://{host}{path}")), joined.join("%26"));
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(format!("{CONSUMER_SECRET}&").as_bytes()) else { return false };
    mac.update(base.as_bytes());
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    mac.verify_slice(&signature).is_ok() && lock(&shared.used_nonces).insert(format!("{timestamp} {nonce}"))
}

fn raw(text: &str) -> String {
    utf8_percent_encode(text, RAW).to_string()
}

fn twice(text: &str) -> String {
    raw(&raw(text))
}
