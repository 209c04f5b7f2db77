//! The token of a mailed link, in the two ways in which it comes back: in the address that is followed, and in what the page's button posts.

use super::{Call, Code, Problem};
use crate::dynamo::sign_ups::LinkToken;

/// Bytes of a body with a token and nothing else.
const BODY_LIMIT: usize = 1_000;

/// The token of a mailed link.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "LinkToken"))]
#[serde(deny_unknown_fields)]
pub struct Token {
    token: String,
}

/// The token in a link's address; nothing where there is none, or what stands there cannot be one.
#[must_use]
pub fn followed(call: &Call) -> Option<LinkToken> {
    let token = call.parameters().find_map(|(name, value)| (name == "token").then_some(value));
    token.and_then(|text| LinkToken::parse(&text))
}

/// The token of a POST: of the page's form, or as JSON.
///
/// # Errors
/// `body_too_large`, `body_invalid`, `validation_failed` where no token is named, `link_expired` for what cannot be one.
pub fn posted(call: &Call) -> Result<LinkToken, Problem> {
    if call.body.len() > BODY_LIMIT {
        return Err(Code::BodyTooLarge.into());
    }
    let text = if call.is_form() {
        url::form_urlencoded::parse(&call.body)
            .find_map(|(name, value)| (name == "token").then(|| value.into_owned()))
            .ok_or_else(|| Problem::field("/token", "the field is required"))?
    } else {
        call.json::<Token>()?.token
    };
    LinkToken::parse(&text).ok_or(Code::LinkExpired.into())
}
