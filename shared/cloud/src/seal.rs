//! Sealing: AES-256-GCM under a key that belongs to one store or one application, bound to the one place that the sealed bytes are for.
//!
//! What is sealed is `nonce ‖ ciphertext ‖ tag`. The nonce is 96 random bits: a key seals a credential or a secret now and then and cache
//! entries for minutes, far below the 2³² messages that NIST SP 800-38D (8.3) allows a key with random nonces. The associated data names the
//! holder, the field, what of it and which version, each after its length, so that sealed bytes open nowhere but where they were put: not
//! with another holder, not in another field, and not in place of their successor.
//!
//! ring does the work because it is in the tree as the TLS stack's provider. It does not wipe the key schedule that it expands on the stack
//! for one operation; the key itself and every opened text are wiped when they are dropped.

use domain::{
    hex::hex,
    id::{ApplicationId, StoreId},
};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, hmac,
};
use secrecy::{ExposeSecret, SecretBox, zeroize::Zeroizing};

use crate::clock::random_bytes;

/// First in all associated data, so that nothing that another program sealed can stand for ours.
const FORM: &str = "cartage-1";

/// Whose something sealed is, and the key that seals it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder<'a> {
    /// A store's: its credential, what its webhooks are signed with, cached answers.
    Store(&'a StoreId),
    /// An application's: what its deliveries are signed with.
    Application(&'a ApplicationId),
}

impl<'a> Holder<'a> {
    /// Which kind of holder, in one word.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Store(_) => "store",
            Self::Application(_) => "application",
        }
    }

    /// The holder's id, whose prefix no other kind of holder has.
    #[must_use]
    pub fn id(self) -> &'a str {
        match self {
            Self::Store(id) => id.as_str(),
            Self::Application(id) => id.as_str(),
        }
    }
}

impl<'a> From<&'a StoreId> for Holder<'a> {
    fn from(store: &'a StoreId) -> Self {
        Self::Store(store)
    }
}

impl<'a> From<&'a ApplicationId> for Holder<'a> {
    fn from(application: &'a ApplicationId) -> Self {
        Self::Application(application)
    }
}

/// A key that seals what belongs to one holder. It has no `Debug` and is wiped when dropped.
pub struct DataKey(SecretBox<[u8; 32]>);

/// A key that names things of one holder, so that nobody without it can tell what was named, or whether two holders name the same. It has no
/// `Debug`.
pub struct NameKey(hmac::Key);

impl NameKey {
    /// The name of something, in lower-case hex: HMAC-SHA256 of its parts, each after its length.
    #[must_use]
    pub fn name(&self, parts: &[&str]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        hex(context.sign().as_ref())
    }
}

/// Where sealed bytes are for.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Whose.
    pub holder: Holder<'a>,
    /// Table and attribute, as `stores.credential`.
    pub field: &'static str,
    /// Which item, where the field has several; else empty.
    pub item: &'a str,
    /// Which of the texts that stood there one after another.
    pub version: u64,
}

/// Bytes that do not open: the key is another, the place is another, or somebody changed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes do not open here")]
pub struct Broken;

impl DataKey {
    /// Takes a key of 32 bytes; nothing for any other length.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 32] = bytes.try_into().ok()?;
        Some(Self(SecretBox::init_with_mut(|key: &mut [u8; 32]| key.copy_from_slice(bytes))))
    }

    /// Seals a text for a place.
    ///
    /// # Panics
    /// Never in practice: ring refuses texts of 64 GiB and more.
    #[must_use]
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let random = random_bytes();
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&random[..NONCE_LEN]);
        // Room for the whole from the start: growing would leave a copy of the plain text behind.
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        #[expect(clippy::expect_used, reason = "only a text of 64 GiB is refused, and none may go out unsealed")]
        let tag = self
            .cipher()
            .seal_in_place_separate_tag(nonce, Aad::from(place.bytes()), &mut sealed[NONCE_LEN..])
            .expect("the text is shorter than 64 GiB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what was sealed for a place.
    ///
    /// # Errors
    /// [`Broken`] for anything that this key has not sealed for this very place.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Broken> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Broken)?;
        let mut text = Zeroizing::new(rest.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.cipher().open_in_place(nonce, Aad::from(place.bytes()), text.as_mut_slice());
        let length = opened.map_err(|_| Broken)?.len();
        text.truncate(length);
        Ok(text)
    }

    /// The key that names things of `holder` for one use, as `restrictions` (HKDF-SHA256, RFC 5869). Whoever has the name key has neither this key nor
    /// that of another use; it ends with this one.
    ///
    /// # Panics
    /// Never in practice: HKDF-SHA256 refuses to make more than 8,160 bytes.
    #[must_use]
    pub fn naming(&self, holder: Holder<'_>, what_for: &'static str) -> NameKey {
        // The data key is random and uniform: it is a pseudorandom key without HKDF's first step.
        let key = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, self.0.expose_secret());
        let info = [FORM.as_bytes(), b"\0", holder.id().as_bytes(), b"\0", what_for.as_bytes()];
        #[expect(clippy::expect_used, reason = "32 bytes are fewer than are refused")]
        let made = key.expand(&info, hmac::HMAC_SHA256).expect("32 bytes can be expanded");
        NameKey(hmac::Key::from(made))
    }

    fn cipher(&self) -> LessSafeKey {
        #[expect(clippy::expect_used, reason = "ring refuses other lengths, and the type has this one")]
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, self.0.expose_secret()).expect("32 bytes are an AES-256 key"))
    }
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96 + self.item.len());
        for part in [FORM, self.holder.id(), self.field, self.item] {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn store() -> StoreId {
        StoreId::from_uuid(Clock::system().new_id())
    }

    fn key() -> DataKey {
        DataKey::new(&random_bytes()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_where_it_was_put_and_nowhere_else() {
        let (key, store, other) = (key(), store(), store());
        // The same 128 bits, so that only the kind differs.
        let application = store.as_str().replace("str_", "app_").parse().unwrap();
        let place = Place { holder: Holder::Store(&store), field: "stores.credential", item: "", version: 3 };
        let sealed = key.seal(place, b"secret");
        assert_eq!(key.open(place, &sealed).unwrap().as_slice(), b"secret");
        for elsewhere in [
            Place { holder: Holder::Store(&other), ..place },
            Place { holder: Holder::Application(&application), ..place },
            Place { field: "cache.body", ..place },
            Place { item: "x", ..place },
            Place { version: 2, ..place },
            Place { version: 4, ..place },
        ] {
            assert_eq!(key.open(elsewhere, &sealed).err(), Some(Broken));
        }
        assert_eq!(self::key().open(place, &sealed).err(), Some(Broken), "another key");
    }

    #[test]
    fn parts_of_a_place_cannot_be_shifted_into_each_other() {
        let (key, store) = (key(), store());
        let place = |field, item| Place { holder: Holder::Store(&store), field, item, version: 0 };
        let sealed = key.seal(place("ab", "c"), b"secret");
        assert!(key.open(place("a", "bc"), &sealed).is_err());
        assert!(key.open(place("abc", ""), &sealed).is_err());
    }

    #[test]
    fn one_changed_bit_anywhere_is_seen_and_so_is_a_cut() {
        let (key, store) = (key(), store());
        let place = Place { holder: Holder::Store(&store), field: "f", item: "", version: 0 };
        let sealed = key.seal(place, b"secret");
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(place, &changed).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(key.open(place, &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_alike() {
        let (key, store) = (key(), store());
        let place = Place { holder: Holder::Store(&store), field: "f", item: "", version: 0 };
        let (one, two) = (key.seal(place, b"secret"), key.seal(place, b"secret"));
        assert_ne!(one, two);
        assert_ne!(one[..NONCE_LEN], two[..NONCE_LEN]);
        assert!(!one.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn r131_what_is_named_has_another_name_with_every_holder_key_and_use() {
        let (key, store, other) = (key(), store(), store());
        let name = key.naming(Holder::Store(&store), "restrictions").name(&["email", "ann@example.com"]);
        let again = key.naming(Holder::Store(&store), "restrictions").name(&["email", "ann@example.com"]);
        assert_eq!((name.len(), &name), (64, &again));
        let names = [
            key.naming(Holder::Store(&other), "restrictions").name(&["email", "ann@example.com"]),
            key.naming(Holder::Store(&store), "others").name(&["email", "ann@example.com"]),
            self::key().naming(Holder::Store(&store), "restrictions").name(&["email", "ann@example.com"]),
            key.naming(Holder::Store(&store), "restrictions").name(&["id", "ann@example.com"]),
            key.naming(Holder::Store(&store), "restrictions").name(&["emaila", "nn@example.com"]),
        ];
        assert!(names.iter().all(|other| *other != name));
    }

    #[test]
    fn a_key_has_32_bytes() {
        assert!(DataKey::new(&[0; 31]).is_none());
        assert!(DataKey::new(&[0; 33]).is_none());
    }
}
