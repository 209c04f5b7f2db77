//! How a key comes with a call.
//!
//! `Authorization: Bearer`, `X-API-Key` and Basic with the key as user name are all taken, so that vendors' own clients work unmodified
//! (`api.md`). Such a client may send a credential of its own beside ours; only what starts like one of our keys counts.

use base64::Engine;
use domain::key::{self, KeyError, PresentedKey};

use super::{
    call::Call,
    problem::{Code, Problem},
};

/// Finds the key of a call.
///
/// # Errors
/// None at all, two different ones, or one that is malformed or mistyped.
pub fn presented(call: &Call) -> Result<PresentedKey, Problem> {
    let basic = call.header("authorization").and_then(basic_user);
    let bearer = call.header("authorization").and_then(|value| scheme(value, "bearer")).map(str::to_owned);
    let own = call.header("x-api-key").map(str::to_owned);
    let offered: Vec<String> = [own, bearer, basic].into_iter().flatten().collect();
    let mut keys = offered.iter().filter(|text| text.starts_with(key::PREFIX));
    let Some(first) = keys.next() else {
        return Err(if offered.is_empty() { Code::KeyMissing } else { Code::KeyMalformed }.into());
    };
    if keys.any(|other| other != first) {
        return Err(Code::KeysConflict.into());
    }
    if call.headers.contains_key("origin") {
        return Err(Code::KeyInBrowser.into());
    }
    PresentedKey::parse(first).map_err(|error| match error {
        KeyError::Malformed => Code::KeyMalformed.into(),
        KeyError::CheckDigits => Code::KeyMistyped.into(),
    })
}

/// A key that stands in the URL, plain or percent-encoded.
#[must_use]
pub fn in_url(call: &Call) -> Option<PresentedKey> {
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    [decoded(&call.query), decoded(&call.path)].iter().find_map(|text| key::find_keys(text).next())
}

fn scheme<'a>(value: &'a str, wanted: &str) -> Option<&'a str> {
    let (name, rest) = value.split_once(' ')?;
    name.eq_ignore_ascii_case(wanted).then(|| rest.trim())
}

fn basic_user(value: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(scheme(value, "basic")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.split_once(':').map_or(text.as_str(), |(user, _)| user).to_owned())
}
