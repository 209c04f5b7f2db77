//! Exact deletion of what has expired. DynamoDB's own expiry is best effort and may take days; a promise in days needs more.
//!
//! Only the sweeps use this: it is the one place that scans.

use std::marker::PhantomData;

use domain::{consent::Purpose, store::StoreState};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{
    Unavailable,
    accounts::AccountItem,
    call::{AttributeValue, Attributes, Client, is_unmet, number_of},
    campaigns::Addressee,
    key,
    keys::ShownKeyItem,
    stores::StoreItem,
    transaction::{number, text},
    unavailable, unreadable,
};
use crate::boot::Budget;

/// Parts that a table is scanned in. Each run starts with another one, so that a table that is too large for one run is still swept
/// everywhere.
pub const SEGMENTS: i32 = 16;
/// Deletions under way at a time.
const AT_ONCE: usize = 16;
/// What must remain of the budget to begin another page: a page of a megabyte holds some thousand lines.
const WORTHWHILE: std::time::Duration = std::time::Duration::from_secs(10);

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Swept {
    /// Items whose time was over.
    pub expired: u64,
    /// Items that were deleted; none in a dry run.
    pub deleted: u64,
    /// Seconds by which the oldest of them was late.
    pub lag_seconds: u64,
    /// Whether the whole table was seen. If not, the next run goes on elsewhere.
    pub complete: bool,
}

/// Deletes what has expired from one table.
#[derive(Clone)]
pub struct Expired {
    client: Client,
    table: String,
}

impl Expired {
    /// Adapter over a table with the keys `pk` and `sk` and the expiry `expires_at`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Deletes every item whose `expires_at` is not after `now`, segment by segment from `first` on, as long as the budget lasts. A dry run
    /// only counts.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked. What was deleted until then stays deleted.
    pub async fn sweep(&self, now: Timestamp, first: i32, dry_run: bool, budget: Budget) -> Result<Swept, Unavailable> {
        let mut swept = Swept { complete: true, ..Swept::default() };
        for step in 0..SEGMENTS {
            let segment = (first + step).rem_euclid(SEGMENTS);
            let mut start = None;
            loop {
                if budget.left() < WORTHWHILE {
                    return Ok(Swept { complete: false, ..swept });
                }
                let page = self.page(segment, now, start).await?;
                swept.expired += page.rows.len() as u64;
                let oldest = page.rows.iter().filter_map(|row| number_of(row, "expires_at")).min();
                let lag = oldest.map_or(0, |oldest: i64| u64::try_from(now.as_second() - oldest).unwrap_or(0));
                swept.lag_seconds = swept.lag_seconds.max(lag);
                if !dry_run {
                    swept.deleted += self.delete(page.rows, now).await?;
                }
                start = page.next;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(swept)
    }

    async fn page(&self, segment: i32, now: Timestamp, start: Option<Row>) -> Result<Rows, Unavailable> {
        let answer = self
            .client
            .scan()
            .table_name(&self.table)
            .segment(segment, SEGMENTS)
            .projection_expression("pk, sk, expires_at")
            .filter_expression("expires_at <= :now")
            .expression_attribute_values(":now", number(now.as_second()))
            .exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable("sweep", &error))?;
        Ok(Rows { rows: answer.items.unwrap_or_default(), next: answer.last_evaluated_key })
    }

    async fn delete(&self, rows: Vec<Row>, now: Timestamp) -> Result<u64, Unavailable> {
        let deletions = stream::iter(rows).map(|mut row| {
            row.remove("expires_at");
            self.client
                .delete_item()
                .table_name(&self.table)
                .set_key(row)
                // Whatever was given more time since it was read stays; what the table dropped by itself is gone.
                .condition_expression("expires_at <= :now")
                .expression_attribute_values(":now", number(now.as_second()))
                .send()
        });
        let mut deletions = deletions.buffer_unordered(AT_ONCE);
        let mut deleted = 0;
        while let Some(outcome) = deletions.next().await {
            match outcome {
                Ok(_) => deleted += 1,
                Err(error) if is_unmet(&error) => {}
                Err(error) => return Err(unavailable("sweep", &error)),
            }
        }
        Ok(deleted)
    }
}

/// Stores whose off-boarding began before `begun_before` and is not finished, or that have been connecting since then, as far as the budget
/// lasts.
///
/// # Errors
/// [`Unavailable`] where the table cannot be asked.
pub async fn unfinished_stores(
    client: &Client,
    table: &str,
    begun_before: Timestamp,
    budget: Budget,
) -> Result<Vec<StoreItem>, Unavailable> {
    let mut found = Vec::new();
    let mut start = None;
    while budget.left() > WORTHWHILE {
        let answer = client
            .scan()
            .table_name(table)
            .filter_expression("sk = :store AND #state <> :connected")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":store", text(key::STORE))
            .expression_attribute_values(":connected", text(StoreState::Connected.as_str()))
            .exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable("sweep", &error))?;
        for row in answer.items.unwrap_or_default() {
            let store: StoreItem = serde_dynamo::from_item(row).map_err(|error| unreadable("stores", &error))?;
            if store.disconnected_at.unwrap_or(store.connected_at) <= begun_before {
                found.push(store);
            }
        }
        start = answer.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Which items of a table.
struct Filter {
    condition: &'static str,
    /// The values that it names.
    values: Vec<(&'static str, AttributeValue)>,
    /// What is read of them; everything where nothing is said.
    projection: Option<&'static str>,
}

impl Filter {
    fn whole(condition: &'static str, values: Vec<(&'static str, AttributeValue)>) -> Self {
        Self { condition, values, projection: None }
    }
}

/// Every item of one kind, a page at a time.
pub struct Every<T> {
    client: Client,
    table: String,
    filter: Filter,
    first: i32,
    /// Segments that are done.
    done: i32,
    start: Option<Row>,
    kind: PhantomData<T>,
}

impl Every<StoreItem> {
    /// Every connected store of the `stores` table, from segment `first` of [`SEGMENTS`] on.
    #[must_use]
    pub fn connected(client: Client, table: String, first: i32) -> Self {
        let values = vec![(":store", text(key::STORE)), (":connected", text(StoreState::Connected.as_str()))];
        Self::new(client, table, first, Filter::whole("sk = :store AND #state = :connected", values))
    }
}

impl Every<AccountItem> {
    /// Every account of the `accounts` table, from segment `first` of [`SEGMENTS`] on.
    #[must_use]
    pub fn accounts(client: Client, table: String, first: i32) -> Self {
        let values = vec![(":account", text(key::ACCOUNT))];
        Self::new(client, table, first, Filter::whole("sk = :account", values))
    }
}

impl Every<ShownKeyItem> {
    /// Every key of the `accounts` table that is not revoked, from segment `first` of [`SEGMENTS`] on.
    #[must_use]
    pub fn live_keys(client: Client, table: String, first: i32) -> Self {
        let filter = "begins_with(sk, :keys) AND attribute_not_exists(revoked_at)";
        Self::new(client, table, first, Filter::whole(filter, vec![(":keys", text(key::KEYS))]))
    }
}

impl Every<Addressee> {
    /// Everybody whose record of this name agrees to be written to for a purpose, as far as a letter's message needs it, from segment `done` of
    /// [`SEGMENTS`] on.
    #[must_use]
    pub fn agreeing(client: Client, table: String, record: &'static str, purpose: Purpose, done: i32) -> Self {
        let condition = match purpose {
            Purpose::Followup => "sk = :record AND consents.followup = :yes AND unsubscribed_from_marketing = :no",
            Purpose::Offers => "sk = :record AND consents.offers = :yes AND unsubscribed_from_marketing = :no",
            Purpose::Functionality => {
                "sk = :record AND consents.functionality = :yes AND unsubscribed_from_marketing = :no"
            }
            Purpose::UpdatesPromos => {
                "sk = :record AND consents.updates_promos = :yes AND unsubscribed_from_marketing = :no"
            }
            Purpose::Monthly => "sk = :record AND consents.monthly = :yes AND unsubscribed_from_marketing = :no",
        };
        let values =
            vec![(":record", text(record)), (":yes", AttributeValue::Bool(true)), (":no", AttributeValue::Bool(false))];
        let filter = Filter { condition, values, projection: Some("id, email") };
        Self { done, ..Self::new(client, table, 0, filter) }
    }
}

impl<T: DeserializeOwned> Every<T> {
    fn new(client: Client, table: String, first: i32, filter: Filter) -> Self {
        Self { client, table, filter, first, done: 0, start: None, kind: PhantomData }
    }

    /// The next page, which may be empty; nothing at the end, or when the budget is used up.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn next(&mut self, budget: Budget) -> Result<Option<Vec<T>>, Unavailable> {
        if self.complete() || budget.left() < WORTHWHILE {
            return Ok(None);
        }
        let Filter { condition, values, projection } = &self.filter;
        let mut scan = self
            .client
            .scan()
            .table_name(&self.table)
            .segment((self.first + self.done).rem_euclid(SEGMENTS), SEGMENTS)
            .filter_expression(*condition)
            .projection_expression(*projection);
        if condition.contains("#state") {
            // A word that DynamoDB keeps for itself.
            scan = scan.expression_attribute_names("#state", "state");
        }
        for (name, value) in values {
            scan = scan.expression_attribute_values(*name, value.clone());
        }
        let answer = scan.exclusive_start_key(self.start.take()).send().await;
        let answer = answer.map_err(|error| unavailable("sweep", &error))?;
        self.start = answer.last_evaluated_key;
        self.done += i32::from(self.start.is_none());
        let rows = answer.items.unwrap_or_default().into_iter();
        let read = rows.map(|row| serde_dynamo::from_item(row).map_err(|error| unreadable("sweep", &error)));
        read.collect::<Result<_, _>>().map(Some)
    }

    /// Segments of [`SEGMENTS`] of which every item was seen.
    #[must_use]
    pub fn done(&self) -> i32 {
        self.done
    }

    /// Whether every item was seen.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.done >= SEGMENTS
    }
}

type Row = Attributes;

struct Rows {
    rows: Vec<Row>,
    next: Option<Row>,
}
