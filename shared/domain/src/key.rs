//! The text of an API key: `ctg_<key id>_<secret><check digits>`.
//!
//! - `ctg_` lets secret scanners find a leaked key;
//! - the key id (26 characters) names the item that authenticates it, so that no index over secrets exists;
//! - the secret is 32 base-62 characters, about 190 bits, of which only the SHA-256 is kept;
//! - six check digits (CRC-32 of all that stands before them, in base 62) let a mistyped key be refused without a lookup.
//!
//! A fast hash is enough for the secret: it is drawn at random, so there is no dictionary to run through.

use sha2::{Digest, Sha256};

use crate::id::{self, KeyId};

/// What every key starts with.
pub const PREFIX: &str = "ctg_";
/// Base-62 characters of a secret.
pub const SECRET_LENGTH: usize = 32;
/// Base-62 check digits behind the secret.
pub const CHECK_LENGTH: usize = 6;
/// Characters of a whole key.
pub const LENGTH: usize = PREFIX.len() + id::BODY_LENGTH + 1 + SECRET_LENGTH + CHECK_LENGTH;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The SHA-256 of a secret: what is stored, and what is compared.
pub type SecretHash = [u8; 32];

/// Why a text cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text does not have the form of a key.
    #[error("the key is malformed")]
    Malformed,
    /// The form is right and the check digits are not: a typing or copying error.
    #[error("the key's check digits are wrong")]
    CheckDigits,
}

/// A new key's text. It exists once, in the answer that shows it; it has neither `Debug` nor `Display`.
pub struct NewKey {
    id: KeyId,
    text: String,
}

impl NewKey {
    /// Makes the text of key `id` from 32 bytes of good randomness.
    #[must_use]
    pub fn mint(id: KeyId, entropy: &[u8; SECRET_LENGTH]) -> Self {
        // 256 is not a multiple of 62: the first eight characters come up 5 in 256 times instead of 4, which costs
        // less than half a bit over the whole secret.
        let secret: String = entropy.iter().map(|byte| char::from(BASE62[usize::from(*byte) % 62])).collect();
        let mut text = format!("{PREFIX}{}_{secret}", id.body());
        text.push_str(&check_digits(&text));
        Self { id, text }
    }

    /// The id of the key.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The text to hand to the key's holder, once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What is kept of the secret.
    #[must_use]
    pub fn secret_hash(&self) -> SecretHash {
        hash_secret(&self.text[self.text.len() - CHECK_LENGTH - SECRET_LENGTH..self.text.len() - CHECK_LENGTH])
    }

    /// The last four characters, by which an owner tells keys apart in a list.
    #[must_use]
    pub fn last4(&self) -> &str {
        &self.text[self.text.len() - 4..]
    }
}

/// A key as a caller presents it: its id and the hash of its secret. The secret itself is not kept.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedKey {
    /// Which key this claims to be.
    pub id: KeyId,
    /// The hash of the secret that came with it.
    pub secret_hash: SecretHash,
}

impl PresentedKey {
    /// Reads a key and checks its digits.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for anything that has not the form of a key, [`KeyError::CheckDigits`] where only the digits
    /// are wrong.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (body, secret) = split(text).ok_or(KeyError::Malformed)?;
        let (head, digits) = text.split_at(LENGTH - CHECK_LENGTH);
        if check_digits(head) != digits {
            return Err(KeyError::CheckDigits);
        }
        let id = format!("{}{body}", KeyId::PREFIX).parse().map_err(|_| KeyError::Malformed)?;
        Ok(Self { id, secret_hash: hash_secret(secret) })
    }
}

/// The key ids of all keys that stand somewhere in `text`, for example in a URL.
///
/// Only well-formed keys with right check digits count, so that an order note that mentions `ctg_` is no finding.
pub fn find_keys(text: &str) -> impl Iterator<Item = PresentedKey> {
    text.match_indices(PREFIX).filter_map(|(start, _)| {
        let candidate = text.get(start..start.checked_add(LENGTH)?)?;
        PresentedKey::parse(candidate).ok()
    })
}

fn split(text: &str) -> Option<(&str, &str)> {
    if text.len() != LENGTH || !text.is_ascii() {
        return None;
    }
    let (body, rest) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let well_formed = id::is_body(body)
        && rest.len() == SECRET_LENGTH + CHECK_LENGTH
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    well_formed.then(|| (body, &rest[..SECRET_LENGTH]))
}

fn hash_secret(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

fn check_digits(head: &str) -> String {
    let mut rest = crc32(head.as_bytes());
    let mut digits = [b'0'; CHECK_LENGTH];
    for place in digits.iter_mut().rev() {
        *place = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// CRC-32 as in IEEE 802.3, bit by bit: seventy bytes do not earn a table.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(id: u128, entropy: [u8; 32]) -> NewKey {
        NewKey::mint(KeyId::from_uuid(uuid::Uuid::from_u128(id)), &entropy)
    }

    #[test]
    fn crc32_matches_the_published_check_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn the_form_of_a_key_is_fixed() {
        // Keys are in the hands of users: a change of this text locks all of them out.
        assert_eq!(key(1, [7; 32]).reveal(), "ctg_00000000000000000000000001_777777777777777777777777777777774KKesz");
    }

    proptest! {
        #[test]
        fn a_new_key_is_read_back(id: u128, entropy: [u8; 32]) {
            let new = key(id, entropy);
            let read = PresentedKey::parse(new.reveal()).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(&read.id, new.id());
            prop_assert_eq!(read.secret_hash, new.secret_hash());
            prop_assert_eq!(find_keys(&format!("/x?k={}&y", new.reveal())).count(), 1);
        }

        #[test]
        fn one_wrong_character_is_refused(entropy: [u8; 32], place in 0..LENGTH, other in "[0-9A-Za-z_]") {
            let good = key(9, entropy).reveal().to_owned();
            let mut wrong = good.clone();
            wrong.replace_range(place..=place, &other);
            prop_assume!(wrong != good);
            prop_assert!(PresentedKey::parse(&wrong).is_err());
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,90}") {
            let _ = PresentedKey::parse(&text);
            let _ = find_keys(&text).count();
        }
    }

    #[test]
    fn a_mistyped_digit_is_told_from_a_wrong_form() {
        let text = key(1, [3; 32]).reveal().to_owned();
        let mistyped = format!("{}{}", &text[..LENGTH - 1], if text.ends_with('0') { '1' } else { '0' });
        assert!(matches!(PresentedKey::parse(&mistyped), Err(KeyError::CheckDigits)));
        assert!(matches!(PresentedKey::parse(&text[1..]), Err(KeyError::Malformed)));
        assert!(matches!(PresentedKey::parse(&format!("{text}\u{e9}")), Err(KeyError::Malformed)));
    }
}
