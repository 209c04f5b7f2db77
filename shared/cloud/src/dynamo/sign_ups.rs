//! Sign-ups that wait for their link to be followed (table `guards`).
//!
//! What was filled in rests for a day under the hash of the link's token. The token itself exists in the mail only, so that whoever reads
//! the table cannot follow the link. Sign-ups are counted by source and by address, so that nobody floods a mailbox.

use std::{net::IpAddr, time::Duration};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{
    account::{Consents, EmailAddress, Line, Phone, Website},
    hex::hex,
};
use personal_data::PersonalData;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{
    Unavailable,
    call::Client,
    counts::{Counted, Counts},
    key,
    page::get,
    transaction::{Part, TransactionError, put, text, write},
};
use crate::clock::{Clock, random_bytes};

/// How long a link can be followed.
pub const LINK_LIFE: Duration = Duration::from_secs(24 * 3_600);
/// Sign-ups from one source within [`super::guard::WINDOW`].
pub const PER_SOURCE: u32 = 10;
/// Mails to one address within a day; a sign-up beyond that is answered like any other, and no mail is sent.
pub const PER_ADDRESS: u32 = 5;
/// Characters of a token: 32 bytes in base64url.
const TOKEN_LENGTH: usize = 43;
const DAY: i64 = 86_400;

/// What was filled in at sign-up (R001).
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "guards", subject = AccountUser, link = "email", role = Controller, region = Pinned)]
pub struct SignUpItem {
    /// `sign-up#` and the hash of the link's token.
    #[pd(none)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Who signs up.
    #[pd(cat = "user.name", origin = Provided, basis = Contract, purpose(Account), retain = "sign-up", erase = Expire, export = Never)]
    pub name: Line,
    /// Where the link goes.
    #[pd(cat = "user.contact.email", origin = Provided, basis = Contract, purpose(Account, Messages), retain = "sign-up", erase = Expire, export = Never, identity = Email)]
    pub email: EmailAddress,
    /// A telephone number.
    #[pd(cat = "user.contact.phone_number", origin = Provided, basis = Contract, purpose(Account), retain = "sign-up", erase = Expire, export = Never, identity = Phone)]
    pub phone: Phone,
    /// The company.
    #[pd(cat = "user.workplace", origin = Provided, basis = Contract, purpose(Account), retain = "sign-up", erase = Expire, export = Never)]
    pub company: Line,
    /// The company's web site.
    #[pd(cat = "user.contact.url", origin = Provided, basis = Contract, purpose(Account), retain = "sign-up", erase = Expire, export = Never)]
    pub website: Website,
    /// What the person agreed to be written to about.
    #[pd(cat = "user.privacy_preferences", origin = Provided, basis = Consent, purpose(Marketing), retain = "sign-up", erase = Expire, export = Never)]
    pub consents: Consents,
    /// Whether the browser asked that nothing be sold or shared (R060).
    #[pd(cat = "user.privacy_preferences", origin = Observed, basis = LegalObligation, purpose(Account), retain = "sign-up", erase = Expire, export = Never)]
    #[serde(default)]
    pub opted_out_of_sale: bool,
    /// The version of the privacy policy that was accepted.
    #[pd(none)]
    pub policy_version: String,
    /// When the link stops working, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// A secret of 256 bits as it is shown: in a mailed link, or by a browser. No `Debug`: whoever has it can act for the person.
#[derive(Clone)]
pub struct LinkToken(SecretString);

impl LinkToken {
    /// A new token of 256 random bits.
    #[must_use]
    pub fn mint() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes()).into())
    }

    /// A token of these bytes, which nobody can guess.
    #[must_use]
    pub(crate) fn of(bytes: &[u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// Reads a token as it stands in a link; nothing for what cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == TOKEN_LENGTH
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        well_formed.then(|| Self(text.to_owned().into()))
    }

    /// The token for the link, and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// What a table may hold of it.
    #[must_use]
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.reveal()))
    }
}

/// Waiting sign-ups.
#[derive(Clone)]
pub struct SignUps {
    client: Client,
    table: String,
    clock: Clock,
    counts: Counts,
}

impl SignUps {
    /// Adapter over the `guards` table.
    #[must_use]
    pub fn new(client: Client, table: String, clock: Clock) -> Self {
        let counts = Counts::new(client.clone(), table.clone(), clock.clone());
        Self { client, table, clock, counts }
    }

    /// An item for what was filled in, under its token, for [`LINK_LIFE`].
    #[must_use]
    pub fn place(&self, token: &LinkToken) -> (String, String, i64) {
        let life = i64::try_from(LINK_LIFE.as_secs()).unwrap_or(DAY);
        (key::sign_up(&token.hash()), key::ALONE.to_owned(), self.clock.now().as_second() + life)
    }

    /// Keeps what was filled in.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn keep(&self, item: &SignUpItem) -> Result<(), Unavailable> {
        match write(&self.client, vec![put(&self.table, item)]).await {
            Ok(()) => Ok(()),
            Err(TransactionError::Condition(_)) => Err(Unavailable),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// What waits under a token, if its time is not over. Changes nothing.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn find(&self, token: &LinkToken) -> Result<Option<SignUpItem>, Unavailable> {
        let item: Option<SignUpItem> =
            get(&self.client, &self.table, "sign-ups", key::sign_up(&token.hash()), key::ALONE.to_owned()).await?;
        Ok(item.filter(|item| item.expires_at > self.clock.now().as_second()))
    }

    /// The write that consumes a link; it fails where that was done before.
    #[must_use]
    pub fn consuming(&self, token: &LinkToken) -> Part {
        Part::delete()
            .table_name(&self.table)
            .key("pk", text(key::sign_up(&token.hash())))
            .key("sk", text(key::ALONE))
            .condition_expression("attribute_exists(pk)")
    }

    /// Counts a sign-up of `source` and says whether it is one too many, with the seconds until the window ends.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn too_many_from(&self, source: Option<IpAddr>) -> Result<Option<u64>, Unavailable> {
        let now = self.clock.now();
        let counted = Counted::by_source("sign-up", source, now);
        Ok((self.counts.add(&counted).await? > PER_SOURCE).then(|| counted.left(now)))
    }

    /// Counts a mail to `address` and says whether it is one too many today.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn too_many_to(&self, address: &EmailAddress) -> Result<bool, Unavailable> {
        Ok(self.counts.add(&Counted::by_address("sign-up", address, self.clock.now())).await? > PER_ADDRESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_nothing_else_is_one() {
        let token = LinkToken::mint();
        assert_eq!(LinkToken::parse(token.reveal()).map(|read| read.hash()), Some(token.hash()));
        assert_ne!(LinkToken::mint().hash(), token.hash());
        for text in ["", "x", &"a".repeat(42), &"a".repeat(44), &"a/".repeat(22)[..43]] {
            assert!(LinkToken::parse(text).is_none(), "{text}");
        }
    }
}
