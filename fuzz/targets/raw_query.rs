//! The query, header and body mapping of raw calls: nothing panics, and neither a credential of the caller's nor a parameter that changes the
//! call gets through.
#![no_main]

use bytes::Bytes;
use connectors::{CONNECTORS, RawCall, RawPath};
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str, &[u8], &[u8])| {
    let (platform, query, content_type, body) = input;
    let connector = CONNECTORS[usize::from(platform) % CONNECTORS.len()];
    let path = RawPath::parse("a/b").expect("a path");
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(content_type) {
        headers.insert("content-type", value);
    }
    fuzz::at(connector, |context| {
        let body = Bytes::copy_from_slice(body);
        let call = RawCall { method: Method::POST, path: &path, query: Some(query), headers: &headers, body };
        let Ok(request) = connector.raw(context, call) else { return };
        let url = request.url_for_attempt(jiff::Timestamp::UNIX_EPOCH, [7; 16]);
        for (name, _) in request.unsigned_url().query_pairs() {
            let refused = ["rest_route", "_method", "consumer_key", "consumer_secret", "ws_key", "ps_method"];
            let own: &[&str] = match connector.platform().name {
                "woocommerce" => &refused[..4],
                "prestashop" => &refused[4..],
                _ => &[],
            };
            assert!(!own.contains(&name.as_ref()), "{name} came through: {url}");
        }
    });
});
