//! The key parser: what is taken reads back as it was, and nothing panics.
#![no_main]

use domain::key::PresentedKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(key) = PresentedKey::parse(text) {
        assert_eq!(text.len(), domain::key::LENGTH);
        assert!(text[domain::key::PREFIX.len()..].starts_with(key.id.body()));
    }
});
