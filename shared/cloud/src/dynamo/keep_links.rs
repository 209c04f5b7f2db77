//! Mailed links that keep an account which nobody uses (R022; table `guards`). Only the link's hash stands here.

use domain::id::AccountId;
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{Unavailable, call::Client, key, page::get, sign_ups::LinkToken, transaction::put_alone};

/// One link.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "guards", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct KeepItem {
    /// `keep#` and the hash of the link's token.
    #[pd(none)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Which account it keeps.
    #[pd(none)]
    pub account: AccountId,
    /// When the link stops working, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// Links that were mailed.
#[derive(Clone)]
pub struct KeepLinks {
    client: Client,
    table: String,
}

impl KeepLinks {
    /// Adapter over the `guards` table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// A new link for an account, which works until `until`, as often as it is followed: it can only keep what is there.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn make(&self, account: &AccountId, until: Timestamp) -> Result<LinkToken, Unavailable> {
        let token = LinkToken::mint();
        let item = KeepItem {
            pk: key::keep_link(&token.hash()),
            sk: key::ALONE.to_owned(),
            v: 1,
            account: account.clone(),
            expires_at: until.as_second(),
        };
        put_alone(&self.client, &self.table, "links", &item).await?;
        Ok(token)
    }

    /// The account that a link keeps at `now`. Changes nothing.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn find(&self, token: &LinkToken, now: Timestamp) -> Result<Option<AccountId>, Unavailable> {
        let pk = key::keep_link(&token.hash());
        let item: Option<KeepItem> = get(&self.client, &self.table, "links", pk, key::ALONE.to_owned()).await?;
        Ok(item.filter(|item| item.expires_at > now.as_second()).map(|item| item.account))
    }
}
