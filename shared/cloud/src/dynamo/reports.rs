//! The daily reports of the self-check (R029; table `privacy`), signed, for two years.

use jiff::{SignedDuration, Timestamp};
use personal_data::PersonalData;

use super::{Unavailable, call::Client, key, page::get, transaction::put_alone};
use crate::clock::day_of;

/// How long a report is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(731 * 24);

/// One report. There is nothing of anybody in it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Anywhere)]
pub struct ReportItem {
    /// Always the same.
    #[pd(none)]
    pub pk: String,
    /// The day of UTC.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// When it was made.
    #[pd(none)]
    pub at: Timestamp,
    /// Whether everything held.
    #[pd(none)]
    pub holds: bool,
    /// The report, byte for byte as it was signed: JSON.
    #[pd(none)]
    pub body: String,
    /// The signature of the body's bytes, see [`crate::signature`].
    #[pd(none)]
    pub signature: String,
    /// The ARN of the key that signed.
    #[pd(none)]
    pub key: String,
    /// Its public half as PEM, so that a report can be verified when the key is gone.
    #[pd(none)]
    pub public_key: String,
    /// When the item is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

impl ReportItem {
    /// The report of a time, for its day.
    #[must_use]
    pub fn new(
        at: Timestamp,
        holds: bool,
        body: String,
        signature: String,
        signed_by: String,
        public_key: String,
    ) -> Self {
        Self {
            pk: key::REPORTS.to_owned(),
            sk: day(at),
            v: 1,
            at,
            holds,
            body,
            signature,
            key: signed_by,
            public_key,
            expires_at: (at + KEPT).as_second(),
        }
    }
}

/// The reports.
#[derive(Clone)]
pub struct Reports {
    client: Client,
    table: String,
}

impl Reports {
    /// Adapter over the `privacy` table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Keeps a report, in place of an earlier one of its day.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn keep(&self, report: &ReportItem) -> Result<(), Unavailable> {
        put_alone(&self.client, &self.table, "reports", report).await
    }

    /// The report of the day of a time.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn of(&self, at: Timestamp) -> Result<Option<ReportItem>, Unavailable> {
        get(&self.client, &self.table, "reports", key::REPORTS.to_owned(), day(at)).await
    }
}

fn day(at: Timestamp) -> String {
    day_of(at).to_string()
}
