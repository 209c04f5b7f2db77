//! How partners prove who they are, where they may be called, and what they are told: bearer tokens, Ed25519 signatures, callback addresses, standings.

mod standing;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use domain::{hex::hex, id::PrivacyRequestId, partner::PartnerId};
use http::{HeaderMap, header};
use jiff::Timestamp;
use personal_data::PersonalData;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

use crate::{clock::random_bytes, env::Permission};

pub use standing::{InstructionStanding, RequestStanding, Standings};

/// Most characters of a bearer token: 64 of a partner's name, a dot, and more than enough for a secret.
const LONGEST: usize = 200;

/// Who brings a token, as the token says, and a hash of all of it. The token is the partner's name, a dot and a secret of 256 random bits; only
/// its hash is stored. No `Debug`.
pub struct Bearer {
    partner: PartnerId,
    hash: String,
}

impl Bearer {
    /// A new token for a partner, to be shown once, and what is kept of it.
    #[must_use]
    pub fn mint(partner: &PartnerId) -> (String, Self) {
        let token = format!("{partner}.{}", URL_SAFE_NO_PAD.encode(random_bytes()));
        let hash = hash(&token);
        (token, Self { partner: partner.clone(), hash })
    }

    /// The token of a call; nothing where there is none, or what cannot be one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") || token.len() > LONGEST {
            return None;
        }
        let (partner, _) = token.split_once('.')?;
        Some(Self { partner: partner.parse().ok()?, hash: hash(token) })
    }

    /// Who it says that it is of.
    #[must_use]
    pub fn partner(&self) -> &PartnerId {
        &self.partner
    }

    /// A hash of the whole token, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Whether it is the token of which this hash was kept.
    #[must_use]
    pub fn is(&self, kept: &str) -> bool {
        self.hash.as_bytes().ct_eq(kept.as_bytes()).into()
    }
}

fn hash(token: &str) -> String {
    hex(&Sha256::digest(token))
}

/// The host of the deployment's public address: what partners know us by. Empty where the address has none.
#[must_use]
pub fn domain_of(public_url: &str) -> String {
    Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// Whether `signature` is that of `message` under an Ed25519 key in base64.
#[must_use]
pub fn is_signed(key: &str, signature: &[u8; 64], message: &[u8]) -> bool {
    let Ok(key) = STANDARD.decode(key) else { return false };
    ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, key).verify(message, signature).is_ok()
}

/// Whether a partner may be called at an address: over https, without a name or password in it, and at one of the `origins` that were registered.
/// What a name resolves to is [`crate::egress`]'s to judge, when it is called. `loopback` lets plain http to this machine pass, as there.
#[must_use]
pub fn may_call_back(origins: &[String], address: &str, loopback: Permission) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let here = loopback == Permission::Allow && matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let safe = url.scheme() == "https" || (here && url.scheme() == "http");
    let plain = url.username().is_empty() && url.password().is_none() && address.len() <= 1_000;
    let same = |origin: &String| Url::parse(origin).is_ok_and(|origin| origin.origin() == url.origin());
    safe && plain && origins.iter().any(same)
}

/// That a partner wants to be told how a request of its stands: a message of the `callbacks` queue. It stays until the request has ended and that was
/// told; it says nothing of the request, because the request's own record does.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "callbacks", subject = Nobody, role = Controller, region = Pinned)]
pub struct CallbackMessage {
    /// Who wants to be told.
    #[pd(none)]
    pub partner: PartnerId,
    /// Of what.
    #[pd(none)]
    pub about: About,
    /// What was told last: the status, and the reason where there is one.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// When the request came in.
    #[pd(none)]
    pub begun_at: Timestamp,
    /// When this message was sent: a queue forgets what is too old.
    #[pd(none)]
    pub sent_at: Timestamp,
    /// How often it was sent anew while the partner did not take what it was told.
    #[pd(none)]
    #[serde(default)]
    pub renewed: u8,
}

/// What a partner is told of.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// A request that an agent made for a person.
    Request(PrivacyRequestId),
    /// What a controller asked, by its own UUID for it.
    Instruction(String),
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    fn bearer(value: &str) -> Option<Bearer> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        Bearer::of(&headers)
    }

    #[test]
    fn a_token_is_known_by_its_hash_alone() {
        let partner: PartnerId = "AGENT".parse().unwrap();
        let (token, minted) = Bearer::mint(&partner);
        let read = bearer(&format!("bearer {token}")).unwrap();
        assert_eq!(read.partner(), &partner);
        assert!(read.is(minted.hash()) && !minted.hash().contains(&token));
        let (other, _) = Bearer::mint(&partner);
        assert!(!bearer(&format!("Bearer {other}")).unwrap().is(minted.hash()));
        assert!(!read.is(""));
        for value in ["", "Bearer", "Basic AGENT.x", "Bearer AGENT", "Bearer .x", "Bearer a b.x", "Bearer é.x"] {
            assert!(bearer(value).is_none(), "{value}");
        }
        assert!(bearer(&format!("Bearer AGENT.{}", "x".repeat(200))).is_none());
    }

    #[test]
    fn only_the_key_that_was_registered_signs() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let key = STANDARD.encode(pair.public_key());
        let signature: [u8; 64] = pair.sign(b"message").as_ref().try_into().unwrap();
        assert!(is_signed(&key, &signature, b"message"));
        assert!(!is_signed(&key, &signature, b"massage"));
        let other = STANDARD.encode(Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap().public_key());
        for key in [other.as_str(), "", "AAAA", "not base64"] {
            assert!(!is_signed(key, &signature, b"message"), "{key}");
        }
        let mut changed = signature;
        changed[0] ^= 1;
        assert!(!is_signed(&key, &changed, b"message"));
    }

    #[test]
    fn a_callback_goes_where_it_was_registered_to_go() {
        let origins = ["https://agent.example".to_owned(), "https://agent.example:8443".to_owned()];
        for address in ["https://agent.example/status", "https://agent.example:443/", "https://agent.example:8443/a?b"]
        {
            assert!(may_call_back(&origins, address, Permission::Deny), "{address}");
        }
        for address in [
            "http://agent.example/status",
            "https://other.example/status",
            "https://agent.example.evil.example/",
            "https://agent.example:9443/",
            "https://agent.example@evil.example/",
            "https://user@agent.example/",
            "https://sub.agent.example/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "file:///etc/passwd",
            "agent.example",
            "",
        ] {
            assert!(!may_call_back(&origins, address, Permission::Deny), "{address}");
        }
        assert!(!may_call_back(&[], "https://agent.example/", Permission::Allow));
        let with_http = ["http://agent.example".to_owned(), "null".to_owned()];
        for address in ["http://agent.example/", "data:text/plain,x"] {
            assert!(!may_call_back(&with_http, address, Permission::Allow), "{address}");
        }
        let here = ["http://127.0.0.1:9".to_owned()];
        assert!(may_call_back(&here, "http://127.0.0.1:9/status", Permission::Allow));
        assert!(!may_call_back(&here, "http://127.0.0.1:9/status", Permission::Deny));
    }
}
