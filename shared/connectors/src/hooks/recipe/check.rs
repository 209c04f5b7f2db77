//! The one reader of the table.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::read::DecoderReader;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::Timestamp;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use sha2::Sha256;

use super::{Algorithm, Encoding, Key, Moment, Recipe, Signed, Unverified, Verified, Window};

/// The size of SHA-256.
const SIZE: usize = 32;
/// As many signatures as one webhook may bring: two while a secret rotates, and some to spare. Each costs a comparison.
const MAX_SIGNATURES: usize = 8;
/// The size of the largest RSA signature that is taken.
const MAX_RSA: usize = 1024;
/// `SEQUENCE { OID rsaEncryption, NULL }`, which stands before the key in a `PUBLIC KEY` (RFC 3279 2.3.1).
const RSA_ENCRYPTION: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// Proves that a webhook was signed with one of the secrets: on the raw body, in a time that does not depend on the secrets, before anything
/// of the body is believed. Of an unsigned body nothing is parsed, but where the platform signs its fields; no copy of it is made.
///
/// # Errors
/// Why it is not proven.
pub fn verify(
    recipe: &Recipe,
    secrets: &[&str],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Verified, Unverified> {
    match recipe.signed {
        Signed::Body => prove(recipe, secrets, headers, &[body])?,
        Signed::IdTimeBody { id, time } => {
            let id = header(headers, id)?.ok_or(Unverified::Missing)?;
            let time = header(headers, time)?.ok_or(Unverified::Missing)?;
            within(recipe.window, seconds(time)?, now)?;
            prove(recipe, secrets, headers, &[id.as_bytes(), b".", time.as_bytes(), b".", body])?;
        }
        Signed::EcwidEvent => {
            let event: EcwidEvent<'_> = serde_json::from_slice(body).map_err(|_| Unverified::Malformed)?;
            let created = event.event_created.to_string();
            prove(recipe, secrets, headers, &[created.as_bytes(), b".", event.event_id.as_bytes()])?;
        }
        Signed::Jwt => prove_jwt(secrets, body)?,
    }
    if let Some(window) = recipe.window {
        in_time(window, body, now)?;
    }
    let mut kept = BTreeMap::new();
    for name in recipe.kept {
        if let Some(value) = header(headers, name)? {
            kept.insert((*name).to_owned(), value.to_owned());
        }
    }
    Ok(Verified { headers: kept })
}

/// What Ecwid signs of its body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EcwidEvent<'a> {
    event_created: u64,
    #[serde(borrow)]
    event_id: Cow<'a, str>,
}

/// The value of a header that may be there once.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Unverified> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Unverified::Malformed),
        (Some(_), Some(_)) => Err(Unverified::Malformed),
    }
}

/// Unix seconds, written in digits alone: with a sign or a zero before it, the same time could be written in two ways.
fn seconds(text: &str) -> Result<i64, Unverified> {
    let is_plain = text.len() <= 12 && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain {
        return Err(Unverified::Malformed);
    }
    text.parse().map_err(|_| Unverified::Malformed)
}

fn within(window: Option<Window>, told: i64, now: Timestamp) -> Result<(), Unverified> {
    let Some(window) = window else { return Ok(()) };
    let age = now.as_second().saturating_sub(told);
    if (-window.ahead..=window.back).contains(&age) { Ok(()) } else { Err(Unverified::Stale) }
}

/// Proves the pieces, one after another, by the signatures in the headers.
fn prove(recipe: &Recipe, secrets: &[&str], headers: &HeaderMap, pieces: &[&[u8]]) -> Result<(), Unverified> {
    let signatures = signatures(recipe, headers)?;
    // Every secret is tried, so that the time does not tell which of them it was.
    let mut proven = false;
    for secret in secrets {
        let Some(mac) = mac(recipe.key, secret) else { continue };
        let mac = pieces.iter().fold(mac, |mac, piece| mac.chain_update(piece));
        for signature in &signatures {
            proven |= mac.clone().verify_slice(signature).is_ok();
        }
    }
    if proven { Ok(()) } else { Err(Unverified::Wrong) }
}

/// The HMAC under a secret; nothing for one that cannot be a key. An empty one never is: everybody knows it.
fn mac(key: Key, secret: &str) -> Option<Hmac<Sha256>> {
    let mac = match key {
        Key::Text => Hmac::new_from_slice(secret.as_bytes()),
        Key::Hex => Hmac::new_from_slice(&bytes_of_hex(secret)?),
        Key::Pem => return None,
    };
    if secret.is_empty() { None } else { mac.ok() }
}

fn signatures(recipe: &Recipe, headers: &HeaderMap) -> Result<Vec<[u8; SIZE]>, Unverified> {
    debug_assert_eq!(recipe.algorithm, Algorithm::HmacSha256);
    let mut found = Vec::with_capacity(2);
    let mut is_signed = false;
    for name in recipe.signature {
        let Some(text) = header(headers, name)? else { continue };
        is_signed = true;
        match recipe.encoding {
            Encoding::Base64 => found.push(base64(text)?),
            Encoding::Hex => found.push(hex(text)?),
            Encoding::Versioned => {
                for part in text.split(' ') {
                    let (version, signature) = part.split_once(',').ok_or(Unverified::Malformed)?;
                    if version == "v1" {
                        found.push(base64(signature)?);
                    }
                }
            }
            Encoding::Url => {}
        }
    }
    match found.len() {
        _ if !is_signed => Err(Unverified::Missing),
        1..=MAX_SIGNATURES => Ok(found),
        _ => Err(Unverified::Malformed),
    }
}

fn base64(text: &str) -> Result<[u8; SIZE], Unverified> {
    // One block more than fits: the decoder wants room for what it cannot know to be padding.
    let mut bytes = [0; SIZE + 3];
    match STANDARD.decode_slice(text, &mut bytes) {
        Ok(SIZE) => bytes[..SIZE].try_into().map_err(|_| Unverified::Malformed),
        _ => Err(Unverified::Malformed),
    }
}

fn hex(text: &str) -> Result<[u8; SIZE], Unverified> {
    let mut bytes = [0; SIZE];
    let text = text.as_bytes();
    if text.len() != 2 * SIZE {
        return Err(Unverified::Malformed);
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |c: u8| match c {
            b'0'..=b'9' => Ok(c - b'0'),
            b'a'..=b'f' => Ok(c - b'a' + 10),
            _ => Err(Unverified::Malformed),
        };
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(bytes)
}

/// A key in hex of either case: how a merchant's secret is written is not the sender's choice.
fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()).collect()
}

/// The parts of a JWT.
struct Jwt<'a> {
    signed: &'a str,
    head: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl<'a> Jwt<'a> {
    fn new(body: &'a [u8]) -> Result<Self, Unverified> {
        let text = std::str::from_utf8(body).map_err(|_| Unverified::Malformed)?;
        let parts = || {
            let (signed, signature) = text.rsplit_once('.')?;
            let (head, claims) = signed.split_once('.')?;
            (!claims.contains('.')).then_some(Self { signed, head, claims, signature })
        };
        // A body without the two points is not signed at all.
        parts().ok_or(Unverified::Missing)
    }
}

/// What is read of a JWT's head. A `crit` would name something that must be understood (RFC 7515 4.1.11); nothing of the kind is.
#[derive(Deserialize)]
struct Head {
    alg: Rs256,
    #[serde(default)]
    crit: Option<serde::de::IgnoredAny>,
}

/// The only algorithm that is taken: a JWT may not choose (RFC 8725 3.1).
#[derive(Deserialize)]
enum Rs256 {
    #[serde(rename = "RS256")]
    Rs256,
}

#[derive(Deserialize)]
struct Claims {
    iat: Option<i64>,
    exp: Option<i64>,
}

fn prove_jwt(secrets: &[&str], body: &[u8]) -> Result<(), Unverified> {
    let jwt = Jwt::new(body)?;
    let Head { alg: Rs256::Rs256, crit: None } = decoded(jwt.head)? else { return Err(Unverified::Malformed) };
    let mut signature = [0; MAX_RSA + 3];
    let size = URL_SAFE_NO_PAD.decode_slice(jwt.signature, &mut signature).map_err(|_| Unverified::Malformed)?;
    let is_proven = secrets.iter().filter_map(|pem| public_key(pem)).any(|key| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
            .verify(jwt.signed.as_bytes(), &signature[..size])
            .is_ok()
    });
    if is_proven { Ok(()) } else { Err(Unverified::Wrong) }
}

fn decoded<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, Unverified> {
    serde_json::from_reader(DecoderReader::new(part.as_bytes(), &URL_SAFE_NO_PAD)).map_err(|_| Unverified::Malformed)
}

/// The RSA key (`RSAPublicKey` of RFC 8017 A.1.1) in a PEM text.
fn public_key(pem: &str) -> Option<Vec<u8>> {
    let rest = pem.trim().strip_prefix("-----BEGIN ")?;
    let (kind, rest) = rest.split_once("-----")?;
    let (text, _) = rest.split_once("-----END ")?;
    let der = STANDARD.decode(text.split_ascii_whitespace().collect::<String>()).ok()?;
    match kind {
        "RSA PUBLIC KEY" => Some(der),
        "PUBLIC KEY" => {
            let (rest, _) = content(0x30, &der)?;
            let (bits, _) = content(0x03, rest.strip_prefix(RSA_ENCRYPTION)?)?;
            // The first byte says how many bits at the end are none: none are.
            bits.strip_prefix(&[0]).map(<[u8]>::to_vec)
        }
        _ => None,
    }
}

/// The content of a DER value of this kind, and what follows it.
fn content(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes(rest.get(..2)?.try_into().ok()?)), rest.get(2..)?),
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// Whether the time that stands in the body, which is proven by now, is near enough.
fn in_time(window: Window, body: &[u8], now: Timestamp) -> Result<(), Unverified> {
    #[derive(Deserialize)]
    struct Sent {
        timestamp: Option<i64>,
    }
    match window.told {
        Moment::Header => Ok(()),
        Moment::EventCreated => {
            let event: EcwidEvent<'_> = serde_json::from_slice(body).map_err(|_| Unverified::Malformed)?;
            within(Some(window), i64::try_from(event.event_created).map_err(|_| Unverified::Stale)?, now)
        }
        Moment::Timestamp => {
            let sent: Sent = serde_json::from_slice(body).map_err(|_| Unverified::Malformed)?;
            sent.timestamp.map_or(Ok(()), |time| within(Some(window), time, now))
        }
        Moment::Claims => {
            let claims: Claims = decoded(Jwt::new(body)?.claims)?;
            let now = now.as_second();
            let is_early = claims.iat.is_some_and(|made| made > now.saturating_add(window.ahead));
            let is_late = claims.exp.is_some_and(|end| end < now.saturating_sub(window.back));
            if is_early || is_late { Err(Unverified::Stale) } else { Ok(()) }
        }
    }
}
