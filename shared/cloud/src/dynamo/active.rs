//! On which days accounts were used (R022).
//!
//! That an account was used on a day stands in the service log: whoever writes its lines marks it once a day and instance ([`crate::journal`]),
//! and so does whoever handles its stores' webhooks. The sweep carries each day that is over to the accounts, one write a day and account, before
//! the marks expire.

use domain::id::AccountId;
use jiff::{SignedDuration, Timestamp, civil::Date};
use personal_data::PersonalData;

use super::{
    Unavailable,
    accounts::Accounts,
    call::{Client, is_unmet},
    key,
    page::get,
    transaction::{attributes, text},
    unavailable, unreadable,
};
use crate::{
    boot::Budget,
    clock::{day_of, midnight},
    journal::{ActiveItem, SERVICE_LOG_DAYS},
};

/// What must remain of the budget to begin another account.
const WORTHWHILE: std::time::Duration = std::time::Duration::from_secs(30);
/// How long after its end a day's marks are all there: its last call takes 29 seconds at most, and its line a few more.
const SETTLING: SignedDuration = SignedDuration::from_mins(30);

/// How far the days on which accounts were used have been carried to the accounts. It never expires: there is one.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "usage", subject = Nobody, role = Controller, region = Anywhere)]
pub struct CarriedItem {
    /// Always the same.
    #[pd(none)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The first day that is not carried.
    #[pd(none)]
    pub until: Date,
    /// Of that day, every account up to this one is: a run that has no time left goes on behind it.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<AccountId>,
    /// Of days before this one nothing is known: there was no sweep yet, or it was down until their marks had expired. Nobody was idle on them.
    #[pd(none)]
    pub known_since: Date,
}

/// What a run carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// Accounts that were noted as used.
    pub noted: u64,
    /// Of days before this one nothing is known.
    pub known_since: Date,
    /// Whether every day that is over is carried. If not, the next run goes on, and nobody is called idle meanwhile.
    pub complete: bool,
}

/// Reads and carries the days.
#[derive(Clone)]
pub struct Active {
    client: Client,
    lines: String,
    table: String,
}

impl Active {
    /// Adapter over the tables `service-log` and `usage`.
    #[must_use]
    pub fn new(client: Client, service_log_table: String, usage_table: String) -> Self {
        Self { client, lines: service_log_table, table: usage_table }
    }

    /// Carries every day that is over to `accounts`, as far as the budget lasts. A dry run carries nothing, and says what is known.
    ///
    /// # Errors
    /// [`Unavailable`] where a table cannot be asked. What was carried until then may be carried again.
    pub async fn carry(
        &self,
        accounts: &Accounts,
        now: Timestamp,
        dry_run: bool,
        budget: Budget,
    ) -> Result<Carried, Unavailable> {
        let mut state = self.state(now).await?;
        let today = day_of(now - SETTLING);
        let mut noted = 0;
        while state.until < today && !dry_run {
            for account in accounts_of_day(&self.client, &self.lines, midnight(state.until)).await? {
                if state.after.as_ref().is_some_and(|after| account <= *after) {
                    continue;
                }
                if budget.left() < WORTHWHILE {
                    self.keep(&state).await?;
                    return Ok(Carried { noted, known_since: state.known_since, complete: false });
                }
                noted += u64::from(accounts.note_active(&account, state.until).await?);
                state.after = Some(account);
            }
            state.until = state.until.tomorrow().unwrap_or(Date::MAX);
            state.after = None;
            self.keep(&state).await?;
        }
        Ok(Carried { noted, known_since: state.known_since, complete: state.until >= today })
    }

    /// Whether an account was used on the day of a time that is not over yet, or not carried yet.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn was_used(&self, account: &AccountId, at: Timestamp) -> Result<bool, Unavailable> {
        let mark: Option<ActiveItem> =
            get(&self.client, &self.lines, "activity", key::active(at), account.body().to_owned()).await?;
        Ok(mark.is_some())
    }

    /// Where the last run stopped. Days whose marks have expired since are lost.
    async fn state(&self, now: Timestamp) -> Result<CarriedItem, Unavailable> {
        let (pk, sk) = (key::CARRIED.to_owned(), key::ALONE.to_owned());
        let kept: Option<CarriedItem> = get(&self.client, &self.table, "activity", pk.clone(), sk.clone()).await?;
        // A mark expires so many days after the call that made it: those of this day are all there.
        let oldest = day_of(now - SignedDuration::from_hours(24 * (SERVICE_LOG_DAYS - 1)));
        Ok(match kept {
            Some(kept) if kept.until >= oldest => kept,
            _ => CarriedItem { pk, sk, v: 1, until: oldest, after: None, known_since: oldest },
        })
    }

    /// Keeps how far this run has come, unless another one came further.
    async fn keep(&self, state: &CarriedItem) -> Result<(), Unavailable> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(attributes(state))
            .condition_expression("attribute_not_exists(pk) OR #until <= :until")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":until", text(state.until.to_string()))
            .send()
            .await;
        match put {
            Err(error) if !is_unmet(&error) => Err(unavailable("activity", &error)),
            _ => Ok(()),
        }
    }
}

/// The accounts that have calls or webhooks on the day of a time, in the order of their ids. `lines` is the table of the service log.
pub(super) async fn accounts_of_day(
    client: &Client,
    lines: &str,
    at: Timestamp,
) -> Result<Vec<AccountId>, Unavailable> {
    let (mut accounts, mut start) = (Vec::new(), None);
    loop {
        let answer = client
            .query()
            .table_name(lines)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(key::active(at)))
            .consistent_read(true)
            .exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable("activity", &error))?;
        for row in answer.items.unwrap_or_default() {
            let item: ActiveItem = serde_dynamo::from_item(row).map_err(|error| unreadable("activity", &error))?;
            accounts.push(item.account);
        }
        start = answer.last_evaluated_key;
        if start.is_none() {
            return Ok(accounts);
        }
    }
}
