//! Webhooks: nothing that is not signed is taken, and whatever a platform signs can be read or is refused.
#![no_main]

use std::collections::BTreeMap;

use connectors::connector;
use connectors::hooks::Says;
use connectors::hooks::recipe::{RECIPES, is_ping, verify};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u32, &[u8], &[u8])| {
    let (platform, second, values, body) = input;
    let recipe = &RECIPES[usize::from(platform) % RECIPES.len()];
    // A value for each header that counts, the signature's last.
    let mut values = values.split(|byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    let mut kept = BTreeMap::new();
    for name in recipe.kept.iter().chain(recipe.signature) {
        let Some(Ok(value)) = values.next().map(HeaderValue::from_bytes) else { continue };
        if let Ok(text) = value.to_str() {
            kept.insert((*name).to_owned(), text.to_owned());
        }
        headers.append(HeaderName::from_static(name), value);
    }
    let now = Timestamp::from_second(i64::from(second)).expect("a time of this epoch");
    // Nobody finds a signature under a secret of 32 characters by trying.
    assert!(verify(recipe, &["0123456789abcdef0123456789abcdef", ""], &headers, body, now).is_err());
    if is_ping(recipe, &headers, body) {
        assert!(recipe.pings);
    }
    let Some(hooks) = connector(recipe.platform).and_then(|connector| connector.hooks()) else { return };
    if let Ok(hook) = hooks.read(&kept, body) {
        assert!(!hook.key.is_empty());
        if let Says::Object { id, object, .. } = hook.says {
            assert!(!id.is_empty());
            assert!(object.is_none_or(|object| object.len() == 1 && serde_json::to_vec(&object).is_ok()));
        }
    }
});
