//! Recipes: how each platform's webhooks are proven to come from it (`platforms.md` 3.2).
//!
//! What is signed differs more than how: most sign the raw body, BigCommerce (Standard Webhooks) its id and time too, Ecwid only the event's id,
//! and Wix sends nothing but a signed text. One table holds all that; [`verify`] is the one reader of it.

mod check;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use http::{HeaderMap, header};

pub use check::verify;

/// How one platform's webhooks are proven to come from it.
#[derive(Debug)]
pub struct Recipe {
    /// The platform, by its name in requests.
    pub platform: &'static str,
    /// The headers that hold the signature: one must be there, any that is there may prove it. None where the body holds its own.
    pub signature: &'static [&'static str],
    /// What it is made with.
    pub algorithm: Algorithm,
    /// How it is written.
    pub encoding: Encoding,
    /// How the secret's text becomes the key.
    pub key: Key,
    /// What is signed.
    pub signed: Signed,
    /// Where the delivery's id is told.
    pub id: Told,
    /// Where it is told what happened.
    pub topic: Told,
    /// How old or new it may be, where the scheme tells its time.
    pub window: Option<Window>,
    /// The headers that [`Verified`] keeps: those that say what the body does not. In lower case.
    pub kept: &'static [&'static str],
    /// Whether the platform tries an address with an unsigned `webhook_id=N`, see [`is_ping`].
    pub pings: bool,
}

/// What a signature is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 2104).
    HmacSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, keys of 2048 to 8192 bits (RFC 8017): JWT's RS256.
    RsaSha256,
}

/// How a signature is written. Each is read strictly: there is one way to write a signature, so that none can be written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Base64 with padding (RFC 4648 4).
    Base64,
    /// Lower-case hex.
    Hex,
    /// Several, each `v1,` and base64, separated by spaces (Standard Webhooks). Those of other versions are passed over.
    Versioned,
    /// Base64 for addresses, without padding (RFC 4648 5), as a JWT's third part.
    Url,
}

/// How the text of a secret becomes the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Its bytes are the key.
    Text,
    /// It is the key in hex.
    Hex,
    /// It is an RSA public key in PEM, `PUBLIC KEY` or `RSA PUBLIC KEY`, line breaks or not.
    Pem,
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The raw body.
    Body,
    /// `{id}.{time}.{raw body}` with two headers (Standard Webhooks).
    IdTimeBody {
        /// The header with the id.
        id: &'static str,
        /// The header with the time, in unix seconds.
        time: &'static str,
    },
    /// `{eventCreated}.{eventId}` of the JSON body: the rest of the body proves nothing, and may only be a hint to read anew (Ecwid).
    EcwidEvent,
    /// The body is a JWT (RFC 7519): its first two parts are signed by its third.
    Jwt,
}

/// Where something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// In this header.
    Header(&'static str),
    /// In this field of the JSON body.
    Field(&'static str),
    /// In the SHA-256 of the body, together with these headers, none of which is unique by itself.
    Digest(&'static [&'static str]),
}

/// How far the time that a webhook tells may be from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where it is told.
    pub told: Moment,
    /// Seconds that it may lie back.
    pub back: i64,
    /// Seconds that it may lie ahead, for clocks that differ.
    pub ahead: i64,
}

/// Where a webhook's time is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// In the header that is signed with the body.
    Header,
    /// In the body's `eventCreated`: when it happened, not when it was sent.
    EventCreated,
    /// In the body's `timestamp`, if it has one: older versions do not send it.
    Timestamp,
    /// In the JWT: `iat` may not lie too far ahead, nor `exp` too far back.
    Claims,
}

/// The replay window of a scheme that tells when it was sent.
const MINUTES: i64 = 300;
/// Ecwid tries for 24 hours, and its time is the event's.
const DAY: i64 = 86_400 + MINUTES;

const STANDARD: Signed = Signed::IdTimeBody { id: "webhook-id", time: "webhook-timestamp" };
const STANDARD_KEPT: &[&str] = &["webhook-id", "webhook-timestamp"];
const WOO_ID: &[&str] = &["x-wc-webhook-id", "x-wc-webhook-delivery-id"];

/// Every recipe there is.
pub static RECIPES: &[Recipe] = &[
    // The policy fixes the header and the algorithm, `api.md` the rest.
    Recipe {
        platform: "cartos",
        signature: &["x-cartos-signature"],
        algorithm: Algorithm::HmacSha256,
        encoding: Encoding::Hex,
        key: Key::Text,
        signed: Signed::Body,
        id: Told::Header("x-cartos-delivery"),
        topic: Told::Field("topic"),
        window: None,
        kept: &["x-cartos-delivery", "x-cartos-topic"],
        pings: false,
    },
    Recipe {
        platform: "shopify",
        signature: &["x-shopify-hmac-sha256"],
        algorithm: Algorithm::HmacSha256,
        encoding: Encoding::Base64,
        key: Key::Text,
        signed: Signed::Body,
        id: Told::Header("x-shopify-webhook-id"),
        topic: Told::Header("x-shopify-topic"),
        // `X-Shopify-Triggered-At` is not signed, and is of the event: a retry comes up to four hours later.
        window: None,
        kept: &["x-shopify-event-id", "x-shopify-topic", "x-shopify-triggered-at", "x-shopify-webhook-id"],
        pings: false,
    },
    // WooCommerce decodes HTML entities in the secret first; ours has none.
    Recipe {
        platform: "woocommerce",
        signature: &["x-wc-webhook-signature"],
        algorithm: Algorithm::HmacSha256,
        encoding: Encoding::Base64,
        key: Key::Text,
        signed: Signed::Body,
        id: Told::Digest(WOO_ID),
        topic: Told::Header("x-wc-webhook-topic"),
        window: None,
        kept: &["x-wc-webhook-delivery-id", "x-wc-webhook-id", "x-wc-webhook-topic"],
        pings: true,
    },
    // The library of Standard Webhooks wants base64 of the client secret, which comes to the same key.
    Recipe {
        platform: "bigcommerce",
        signature: &["webhook-signature"],
        algorithm: Algorithm::HmacSha256,
        encoding: Encoding::Versioned,
        key: Key::Text,
        signed: STANDARD,
        id: Told::Header("webhook-id"),
        topic: Told::Field("scope"),
        window: Some(Window { told: Moment::Header, back: MINUTES, ahead: MINUTES }),
        kept: STANDARD_KEPT,
        pings: false,
    },
    // What our subscriber file signs with (`docs/guides/medusa-webhooks.md`): the same scheme and key.
    Recipe {
        platform: "medusa",
        signature: &["webhook-signature"],
        algorithm: Algorithm::HmacSha256,
        encoding: Encoding::Versioned,
        key: Key::Text,
        signed: STANDARD,
        id: Told::Header("webhook-id"),
        topic: Told::Field("type"),
        window: Some(Window { told: Moment::Header, back: MINUTES, ahead: MINUTES }),
        kept: STANDARD_KEPT,
        pings: false,
    },
    Recipe {
        platform: "squarespace",
        signature: &["squarespace-signature"],
        algorithm: Algorithm::HmacSha256,
        encoding: Encoding::Hex,
        key: Key::Hex,
        signed: Signed::Body,
        id: Told::Field("id"),
        topic: Told::Field("topic"),
        window: None,
        kept: &[],
        pings: false,
    },
    Recipe {
        platform: "ecwid",
        signature: &["x-ecwid-webhook-signature"],
        algorithm: Algorithm::HmacSha256,
        encoding: Encoding::Base64,
        key: Key::Text,
        signed: Signed::EcwidEvent,
        id: Told::Field("eventId"),
        topic: Told::Field("eventType"),
        window: Some(Window { told: Moment::EventCreated, back: DAY, ahead: MINUTES }),
        kept: &[],
        pings: false,
    },
    // While a shop registers anew, the second header is signed with the secret that it had before.
    Recipe {
        platform: "shopware",
        signature: &["shopware-shop-signature", "shopware-shop-signature-previous"],
        algorithm: Algorithm::HmacSha256,
        encoding: Encoding::Hex,
        key: Key::Text,
        signed: Signed::Body,
        id: Told::Header("x-shopware-event-id"),
        topic: Told::Field("event"),
        window: Some(Window { told: Moment::Timestamp, back: MINUTES, ahead: MINUTES }),
        kept: &["x-shopware-attempt", "x-shopware-event-id", "x-shopware-sequence"],
        pings: false,
    },
    Recipe {
        platform: "wix",
        signature: &[],
        algorithm: Algorithm::RsaSha256,
        encoding: Encoding::Url,
        key: Key::Pem,
        signed: Signed::Jwt,
        id: Told::Field("id"),
        topic: Told::Field("eventType"),
        window: Some(Window { told: Moment::Claims, back: MINUTES, ahead: MINUTES }),
        kept: &[],
        pings: false,
    },
];

/// The recipe of a platform, by its name in requests.
#[must_use]
pub fn recipe(platform: &str) -> Option<&'static Recipe> {
    RECIPES.iter().find(|recipe| recipe.platform == platform)
}

/// A webhook that comes from whom it says.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    /// Those of [`Recipe::kept`] that it had, by their names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// Why a webhook was not proven to come from whom it says. For us: the sender is told none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// It is not signed.
    #[error("no signature")]
    Missing,
    /// A header that counts is there twice or not as documented, or the body does not hold what is signed.
    #[error("not as documented")]
    Malformed,
    /// It says that it was sent too long ago, or in the future.
    #[error("out of time")]
    Stale,
    /// None of the secrets made the signature. Only this may be mended by newer secrets.
    #[error("signed with another secret, or changed on its way")]
    Wrong,
}

/// Whether this is WooCommerce's try of an address, which it makes when a webhook is saved: form-encoded, unsigned, `webhook_id=N`. It says
/// nothing, and must be answered with 200.
#[must_use]
pub fn is_ping(recipe: &Recipe, headers: &HeaderMap, body: &[u8]) -> bool {
    let is_unsigned = || !recipe.signature.iter().any(|name| headers.contains_key(*name));
    let is_form = || {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
    };
    let is_number = |text: &[u8]| (1..=20).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    recipe.pings && body.strip_prefix(b"webhook_id=").is_some_and(is_number) && is_unsigned() && is_form()
}
