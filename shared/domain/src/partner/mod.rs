//! Partners: who may make requests for people other than themselves, and the words in which they do (`privacy.md` B.2, B.3).
//!
//! An authorised agent speaks the Data Rights Protocol ([`drp`]): a person has asked it to ask us. A controller speaks OpenDSR ([`opendsr`]): we hold
//! something of its customers for it, and it has proven them itself.

pub mod drp;
pub mod opendsr;

use std::{fmt, str::FromStr};

/// The most characters of a [`PartnerId`].
const LONGEST: usize = 64;

/// What a partner is called: by its network, or by who registered it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartnerId(String);

/// What is not a partner's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a partner's name is 1 to 64 letters, digits, `_` and `-`")]
pub struct PartnerIdError;

impl PartnerId {
    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PartnerId {
    type Err = PartnerIdError;

    fn from_str(text: &str) -> Result<Self, PartnerIdError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let good = (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain);
        if good { Ok(Self(text.to_owned())) } else { Err(PartnerIdError) }
    }
}

impl TryFrom<String> for PartnerId {
    type Error = PartnerIdError;

    fn try_from(text: String) -> Result<Self, PartnerIdError> {
        text.parse()
    }
}

impl From<PartnerId> for String {
    fn from(id: PartnerId) -> Self {
        id.0
    }
}

impl fmt::Display for PartnerId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_plain_word() {
        for name in ["A", "OSIRAA_LOCAL_001", "agent-7", &"a".repeat(64)] {
            assert_eq!(name.parse::<PartnerId>().map(String::from).as_deref(), Ok(name));
        }
        for name in ["", "a.b", "a b", "a#b", "é", "a/b", "a\n", &"a".repeat(65)] {
            assert_eq!(name.parse::<PartnerId>(), Err(PartnerIdError), "{name}");
        }
    }
}
