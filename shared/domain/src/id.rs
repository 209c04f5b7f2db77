//! Opaque identifiers with a type prefix, such as `str_01j9zc5x2m8k4v7t3q6w0hbn1e`.
//!
//! The body is a 128-bit value in 26 lower-case Crockford base-32 characters. Minted from a UUID v7, ids sort by their time
//! of creation; callers must not rely on that and treat them as opaque.

use std::fmt;

use sha2::{Digest, Sha256};

/// Crockford's base 32 without `i`, `l`, `o` and `u`, so that an id survives being read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters of an id behind its prefix.
pub const BODY_LENGTH: usize = 26;

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text does not start with the kind's prefix.
    #[error("the id has the wrong prefix")]
    Prefix,
    /// The part behind the prefix is not 26 lower-case base-32 characters.
    #[error("the id is malformed")]
    Body,
}

/// Writes 128 bits as 26 base-32 characters, most significant first.
#[must_use]
pub fn encode_body(value: u128) -> String {
    (0..BODY_LENGTH)
        .map(|place| {
            let shift = 5 * (BODY_LENGTH - 1 - place);
            let digit = (value >> shift) & 31;
            char::from(ALPHABET[digit as usize])
        })
        .collect()
}

/// The millisecond in which an id with this body was made, counted from 1970, where it was made of a UUID v7.
#[must_use]
pub fn millisecond_of(body: &str) -> i64 {
    let digit = |byte: u8| ALPHABET.iter().position(|known| *known == byte).unwrap_or(0) as u128;
    let value = body.bytes().take(BODY_LENGTH).fold(0_u128, |value, byte| value << 5 | digit(byte));
    i64::try_from(value >> 80).unwrap_or(0)
}

/// What [`is_body`] takes, as a regular expression.
pub const BODY_PATTERN: &str = "[0-7][0-9a-hjkmnp-tv-z]{25}";

/// Whether `text` is exactly what [`encode_body`] writes for some value.
#[must_use]
pub fn is_body(text: &str) -> bool {
    // 26 characters carry 130 bits: a first digit above 7 would overflow 128 and give one value two spellings.
    text.len() == BODY_LENGTH && text.bytes().all(|byte| ALPHABET.contains(&byte)) && text.as_bytes()[0] <= b'7'
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("The prefix of these ids: `", $prefix, "`.")]
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id from a UUID; use a v7 one, so that ids sort by time.
            #[must_use]
            pub fn from_uuid(uuid: uuid::Uuid) -> Self {
                Self(format!(concat!($prefix, "{}"), encode_body(uuid.as_u128())))
            }

            /// The whole id with its prefix.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id without its prefix: 26 characters.
            #[must_use]
            pub fn body(&self) -> &str {
                &self.0[Self::PREFIX.len()..]
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let body = text.strip_prefix($prefix).ok_or(IdError::Prefix)?;
                if is_body(body) { Ok(Self(text.to_owned())) } else { Err(IdError::Body) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        #[cfg(feature = "schema")]
        crate::schema::texts! {
            $name, stringify!($name), { "pattern": format!(concat!("^", $prefix, "{}$"), BODY_PATTERN) };
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A customer of this deployment: a SaaS team, an agency, a merchant.
    AccountId = "acc_";
    /// A developer's app, which holds keys.
    ApplicationId = "app_";
    /// An API key; the id is part of the key's text, see [`crate::key`].
    KeyId = "key_";
    /// One connected shop on one platform.
    StoreId = "str_";
    /// One call of the API, as in `X-Request-Id`.
    RequestId = "req_";
    /// One message in a queue of ours, which stays the same when it is redelivered.
    MessageId = "msg_";
    /// Something that happened in a store. Also the `webhook-id` of its deliveries, by which a receiver knows one that it has seen.
    EventId = "evt_";
    /// A request about a person, as it is worked on.
    PrivacyRequestId = "prq_";
    /// A case in the register of breaches.
    BreachId = "brc_";
    /// A legal hold.
    HoldId = "hld_";
    /// A developer's wish for events.
    SubscriptionId = "sub_";
    /// Somebody without an account who agreed to be written to.
    ContactId = "con_";
    /// A letter that is written to everybody who agreed to its purpose.
    CampaignId = "cmp_";
    /// One change in the ledger of consents.
    ConsentId = "cns_";
    /// What somebody sent by a form.
    SubmissionId = "frm_";
    /// That the data of a store's customer must not be used.
    RestrictionId = "rst_";
}

impl BreachId {
    /// The case that a report by a form opens: one, however often it is written down.
    #[must_use]
    pub fn of_report(form: &SubmissionId) -> Self {
        Self(format!("{}{}", Self::PREFIX, form.body()))
    }
}

impl MessageId {
    /// The mail that tells the end of a request: the same one however often it is told.
    #[must_use]
    pub fn of_request(request: &PrivacyRequestId) -> Self {
        Self(format!("{}{}", Self::PREFIX, request.body()))
    }

    /// The so-manieth letter of a request: the same one however often it is sent.
    #[must_use]
    pub fn of_letter(request: &PrivacyRequestId, number: u32) -> Self {
        let digest = Sha256::digest(format!("{request}\n{number}"));
        let half = digest.iter().take(16).fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
        Self(format!("{}{}", Self::PREFIX, encode_body(half)))
    }
}

impl PrivacyRequestId {
    /// The request that came in as this event: the same one however often its message comes.
    #[must_use]
    pub fn of_event(event: &EventId) -> Self {
        Self(format!("{}{}", Self::PREFIX, event.body()))
    }

    /// The request that erases what a hold kept, once that has ended: one a hold.
    #[must_use]
    pub fn of_hold(hold: &HoldId) -> Self {
        Self(format!("{}{}", Self::PREFIX, hold.body()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_reads_back_as_it_was_written(value: u128) {
            let id = StoreId::from_uuid(uuid::Uuid::from_u128(value));
            prop_assert_eq!(id.as_str().parse::<StoreId>(), Ok(id.clone()));
            prop_assert_eq!(id.body().len(), BODY_LENGTH);
        }

        #[test]
        fn an_id_tells_when_it_was_made(millis in 0_u64..1 << 48, rest: u128) {
            let value = u128::from(millis) << 80 | rest >> 48;
            prop_assert_eq!(millisecond_of(&encode_body(value)), i64::try_from(millis).unwrap());
        }

        #[test]
        fn ids_sort_like_their_values(a: u128, b: u128) {
            prop_assert_eq!(encode_body(a).cmp(&encode_body(b)), a.cmp(&b));
        }

        #[test]
        fn any_text_is_refused_or_kept_as_it_is(text in "\\PC{0,40}") {
            if let Ok(id) = text.parse::<StoreId>() {
                prop_assert_eq!(id.as_str(), text);
            }
        }
    }

    #[test]
    fn wrong_ids_say_what_is_wrong() {
        let good = StoreId::from_uuid(uuid::Uuid::from_u128(7));
        assert_eq!(good.body().parse::<StoreId>(), Err(IdError::Prefix));
        assert_eq!(good.as_str().parse::<AccountId>(), Err(IdError::Prefix));
        for body in
            ["", "7", "80000000000000000000000000", "0000000000000000000000000I", "0000000000000000000000000\u{e9}"]
        {
            assert_eq!(format!("str_{body}").parse::<StoreId>(), Err(IdError::Body), "{body}");
        }
    }
}
