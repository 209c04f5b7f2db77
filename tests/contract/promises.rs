//! `docs/promises.md`: it is what the sources say, and never are fewer promises kept than before.

use std::fs;

/// Promises that a test shows. It only rises: raise it with every one that comes to it.
const KEPT: usize = 135;

#[test]
fn the_page_is_what_the_sources_say() {
    let promises = promises::promises().unwrap();
    assert_eq!(promises.len(), 152, "all that the five policies make");
    let page = fs::read_to_string(promises::path()).unwrap();
    assert_eq!(page, promises::page(&promises), "run `cargo run -p promises` and commit what it writes");
}

#[test]
fn no_promise_is_kept_no_more() {
    let kept = promises::promises().unwrap().iter().filter(|promise| promise.is_kept()).count();
    assert!(kept >= KEPT, "{kept} are kept, and {KEPT} were");
    assert!(kept <= KEPT, "{kept} are kept: let the floor rise to that");
}
