//! Which mails were handed to SES (table `guards`), so that a message that comes twice is sent once.

use domain::{campaign::LONGEST, id::MessageId};
use jiff::SignedDuration;
use personal_data::PersonalData;

use super::{Unavailable, call::Client, key, page::get, transaction::put_alone};
use crate::clock::Clock;

/// How long a message can come again: what its queue keeps it, and half a day.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(36);
/// How long a letter can be asked for again: while its campaign lasts, and as long as any message.
const REMEMBERED_LETTER: SignedDuration = SignedDuration::from_hours(LONGEST.as_hours() + REMEMBERED.as_hours());

/// A mail that was handed to SES.
#[derive(serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "guards", subject = Nobody, role = Controller, region = Anywhere)]
pub struct MailItem {
    /// `mail#` and the message's id.
    #[pd(none)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// When the item is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// Mails that were sent.
#[derive(Clone)]
pub struct SentMails {
    client: Client,
    table: String,
    clock: Clock,
}

impl SentMails {
    /// Adapter over the `guards` table.
    #[must_use]
    pub fn new(client: Client, table: String, clock: Clock) -> Self {
        Self { client, table, clock }
    }

    /// Whether the mail of this message was sent, or a letter may not be.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn contains(&self, message: &MessageId) -> Result<bool, Unavailable> {
        let item: Option<MailItem> =
            get(&self.client, &self.table, "guards", key::mail(message), key::ALONE.to_owned()).await?;
        Ok(item.is_some())
    }

    /// Remembers that the mail of this message was sent.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn note(&self, message: &MessageId) -> Result<(), Unavailable> {
        self.remember(message, REMEMBERED).await
    }

    /// Remembers that it is known what becomes of a letter of a campaign: it was sent, or may not be.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn note_letter(&self, message: &MessageId) -> Result<(), Unavailable> {
        self.remember(message, REMEMBERED_LETTER).await
    }

    async fn remember(&self, message: &MessageId, how_long: SignedDuration) -> Result<(), Unavailable> {
        let item = MailItem {
            pk: key::mail(message),
            sk: key::ALONE.to_owned(),
            expires_at: (self.clock.now() + how_long).as_second(),
        };
        put_alone(&self.client, &self.table, "guards", &item).await
    }
}
