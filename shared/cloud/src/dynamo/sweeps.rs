//! What each sweep said of its last run (table `usage`), so that the daily self-check knows what time has brought without looking at it all again.

use jiff::Timestamp;
use personal_data::PersonalData;

use super::{Unavailable, call::Client, expired::Swept, key, page::Range, transaction::put_alone};

/// The last run of one sweep.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "usage", subject = Nobody, role = Controller, region = Anywhere)]
pub struct SweepItem {
    /// Always the same.
    #[pd(none)]
    pub pk: String,
    /// `sweep#` and the sweep's name.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// When it ran.
    #[pd(none)]
    pub at: Timestamp,
    /// By how many seconds the oldest of what was due was late.
    #[pd(none)]
    pub lag_seconds: u64,
    /// What should not be as it still was.
    #[pd(none)]
    pub overdue: u64,
    /// Whether everything was seen.
    #[pd(none)]
    pub complete: bool,
}

impl SweepItem {
    /// Which sweep.
    #[must_use]
    pub fn name(&self) -> &str {
        self.sk.strip_prefix(key::SWEEP).unwrap_or_default()
    }
}

/// The last runs.
#[derive(Clone)]
pub struct Sweeps {
    client: Client,
    table: String,
}

impl Sweeps {
    /// Adapter over the `usage` table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Notes a run.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn note(&self, sweep: &str, swept: &Swept, overdue: u64, at: Timestamp) -> Result<(), Unavailable> {
        let Swept { lag_seconds, complete, .. } = *swept;
        let item =
            SweepItem { pk: key::SWEEPS.to_owned(), sk: key::sweep(sweep), v: 1, at, lag_seconds, overdue, complete };
        put_alone(&self.client, &self.table, "sweeps", &item).await
    }

    /// The last run of each sweep that ever ran.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn all(&self) -> Result<Vec<SweepItem>, Unavailable> {
        Range { client: &self.client, table: &self.table, pk: key::SWEEPS.to_owned(), prefix: key::SWEEP }.all().await
    }
}
