//! What proves who asks, made so that no table has to hold it (`privacy.md` D.4).
//!
//! KMS makes one key for each request, out of the request's id and a key of its own that never leaves it. From that key follow the tokens of the
//! mailed links, the session of the browser, the six digits, and the hashes under which names and numbers are compared. So a letter that is sent
//! twice is the same letter, and whoever reads the tables learns nothing from them.

use domain::{
    hex::hex,
    id::{self, PrivacyRequestId},
    request::Factor,
};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::{
    aws::Aws,
    dynamo::{Unavailable, sign_ups::LinkToken},
    kms::Kms,
};

/// First in what KMS makes a request's key of, so that no other use of its key makes the same.
const FORM: &str = "cartage-request-1";

/// Makes the keys of requests.
#[derive(Clone)]
pub struct Secrets {
    kms: Kms,
    key: String,
}

impl Secrets {
    /// `key` is the ARN of a KMS key for HMAC-SHA256.
    #[must_use]
    pub fn new(aws: &Aws, key: String) -> Self {
        Self { kms: Kms::new(aws), key }
    }

    /// The secrets of a request.
    ///
    /// # Errors
    /// [`Unavailable`] where KMS cannot be asked.
    pub async fn of(&self, request: &PrivacyRequestId) -> Result<RequestSecrets, Unavailable> {
        let key = self.kms.mac(&self.key, &format!("{FORM}\n{request}")).await?;
        Ok(RequestSecrets { request: request.clone(), key: hmac::Key::new(hmac::HMAC_SHA256, &key) })
    }
}

/// The secrets of one request. No `Debug`.
pub struct RequestSecrets {
    request: PrivacyRequestId,
    key: hmac::Key,
}

impl RequestSecrets {
    /// The token in the link of the request's letter with this number.
    #[must_use]
    pub fn link(&self, number: u32) -> LinkToken {
        LinkToken::of(&self.derive("link", &number.to_string()))
    }

    /// The token in the link of the letter that the answer is there: whoever shows it reads the mailbox today, and not only when the request was
    /// made (`privacy.md` D.7).
    #[must_use]
    pub fn answer(&self) -> LinkToken {
        LinkToken::of(&self.derive("answer", ""))
    }

    /// What the browser of who asks shows to see the request.
    #[must_use]
    pub fn session(&self) -> LinkToken {
        LinkToken::of(&self.derive("session", ""))
    }

    /// The six digits that are shown to who asks.
    #[must_use]
    pub fn code(&self) -> SecretString {
        let bytes = self.derive("code", "");
        let number = bytes.iter().take(8).fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        format!("{:06}", number % 1_000_000).into()
    }

    /// What a table may hold of a code.
    #[must_use]
    pub fn code_hash(&self, code: &str) -> String {
        hex(&self.derive("code-hash", code))
    }

    /// What a table may hold of something that was given, in its normal form; nothing where nothing is left of it.
    #[must_use]
    pub fn factor(&self, factor: Factor, text: &str) -> Option<String> {
        let normal = factor.normal(text);
        (!normal.is_empty()).then(|| hex(&self.derive(factor.as_str(), &normal)))
    }

    /// The end of a verification link's path: which request, and the token.
    #[must_use]
    pub fn path(&self, number: u32) -> SecretString {
        format!("{}{}", self.request.body(), self.link(number).reveal()).into()
    }

    fn derive(&self, what: &str, of: &str) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&self.key, format!("{what}\n{of}").as_bytes()).as_ref());
        bytes
    }
}

/// Reads the end of a verification link's path; nothing for what cannot be one.
#[must_use]
pub fn read_path(text: &str) -> Option<(PrivacyRequestId, LinkToken)> {
    let (request, token) = text.split_at_checked(id::BODY_LENGTH)?;
    Some((format!("{}{request}", PrivacyRequestId::PREFIX).parse().ok()?, LinkToken::parse(token)?))
}

/// Whether two hashes are the same, in a time that does not tell where they differ.
#[must_use]
pub fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// The verification link of a letter, at a deployment whose addresses start with `public_url`.
#[must_use]
pub fn link(public_url: &str, secrets: &RequestSecrets, number: u32) -> String {
    format!("{public_url}/privacy/verify/{}", secrets.path(number).expose_secret())
}

/// The link of the letter that the answer is there, at such a deployment.
#[must_use]
pub fn answer_link(public_url: &str, secrets: &RequestSecrets) -> String {
    format!("{public_url}/privacy/requests/{}?token={}", secrets.request, secrets.answer().reveal())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(key: &[u8]) -> RequestSecrets {
        let request = "prq_00000000000000000000000007".parse().unwrap();
        RequestSecrets { request, key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    #[test]
    fn every_secret_is_another_and_the_same_again() {
        let (one, again, other) = (secrets(b"1"), secrets(b"1"), secrets(b"2"));
        assert_eq!(one.link(0).reveal(), again.link(0).reveal());
        let all =
            [one.link(0), one.link(1), one.session(), one.answer(), other.link(0), other.session(), other.answer()];
        for (place, token) in all.iter().enumerate() {
            assert!(all.iter().skip(place + 1).all(|second| second.reveal() != token.reveal()));
        }
        assert_eq!(one.code().expose_secret(), again.code().expose_secret());
        assert!(one.code().expose_secret().len() == 6);
        assert_ne!(one.code_hash("123456"), other.code_hash("123456"), "a hash is a keyed one");
    }

    #[test]
    fn r065_what_was_given_is_compared_as_a_keyed_hash_of_its_normal_form() {
        let (one, other) = (secrets(b"1"), secrets(b"2"));
        let name = one.factor(Factor::Name, "Ann Example").unwrap();
        assert!(same(&name, &one.factor(Factor::Name, " ann  EXAMPLE ").unwrap()));
        assert!(!same(&name, &one.factor(Factor::Company, "Ann Example").unwrap()), "of another thing");
        assert!(!same(&name, &other.factor(Factor::Name, "Ann Example").unwrap()), "of another request");
        assert_eq!(one.factor(Factor::Phone, "none"), None, "nothing matches nothing");
    }

    #[test]
    fn a_links_end_says_which_request_and_which_token() {
        let secrets = secrets(b"1");
        let (request, token) = read_path(secrets.path(3).expose_secret()).unwrap();
        assert_eq!((request.as_str(), token.hash()), ("prq_00000000000000000000000007", secrets.link(3).hash()));
        for wrong in ["", "x", &"0".repeat(26), &"z".repeat(69), &"\u{e9}".repeat(40)] {
            assert!(read_path(wrong).is_none(), "{wrong}");
        }
    }
}
