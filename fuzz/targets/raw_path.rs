//! The path normaliser: a path that is taken stays below the store's address however it is read.
#![no_main]

use bytes::Bytes;
use connectors::{CONNECTORS, RawCall, RawPath};
use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(path) = RawPath::parse(text) else { return };
    for connector in CONNECTORS {
        let _ = connector.raw_scope(&path);
        fuzz::at(*connector, |context| {
            let headers = HeaderMap::new();
            let call = RawCall { method: Method::GET, path: &path, query: None, headers: &headers, body: Bytes::new() };
            let Ok(request) = connector.raw(context, call) else { return };
            let (url, base) = (request.unsigned_url(), context.address.to_string());
            assert!(url.as_str().starts_with(&format!("{base}/")), "{url} is not below {base}");
            assert!(!url.path().split('/').any(|segment| matches!(segment, "." | "..")), "{url}");
        });
    }
});
