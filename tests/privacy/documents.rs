//! `docs/privacy`: it is what the data map and the registry of processors say.

use std::fs;

#[test]
fn the_documents_are_what_the_code_says() {
    for (path, text) in privacy_documents::documents() {
        let committed = fs::read_to_string(&path).unwrap_or_default();
        let name = path.display();
        assert!(committed == text, "{name}: run `cargo run -p privacy-documents` and commit what it writes");
    }
}
