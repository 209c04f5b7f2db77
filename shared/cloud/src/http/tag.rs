//! Entity tags (RFC 9110, 8.8.3): an answer's bytes name it, so a tag needs no memory of what was answered before.

use sha2::{Digest, Sha256};

use super::Call;

/// The tag of an answer with this body.
#[must_use]
pub fn of(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{name}\"")
}

/// Whether the caller has the answer of this tag already, as its `If-None-Match` says. The comparison is the weak one (RFC 9110, 13.1.2): an
/// edge that compresses makes our tags weak.
#[must_use]
pub fn is_known(call: &Call, tag: &str) -> bool {
    call.header("if-none-match").is_some_and(|given| names(given, tag))
}

fn names(given: &str, tag: &str) -> bool {
    given.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_any_list() {
        let tag = of(b"body");
        for given in
            [tag.clone(), format!("W/{tag}"), format!("\"a\", {tag}"), format!("\"a\",W/{tag} "), "*".to_owned()]
        {
            assert!(names(&given, &tag), "{given}");
        }
        for given in ["", "\"a\"", "W/", tag.trim_matches('"')] {
            assert!(!names(given, &tag), "{given}");
        }
    }
}
