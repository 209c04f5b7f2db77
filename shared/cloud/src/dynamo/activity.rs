//! What an account did lately, read from its part of the service log (table `service-log`).

use domain::id::AccountId;
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use super::{
    Unavailable,
    call::Client,
    key,
    page::{List, Page, PageError, PageRequest},
    transaction::{number, text},
    unavailable, unreadable,
};
use crate::{
    clock::Clock,
    journal::{SERVICE_LOG_DAYS, ServiceLine},
};

/// Reads activity.
#[derive(Clone)]
pub struct Activity {
    client: Client,
    table: String,
    clock: Clock,
}

impl Activity {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String, clock: Clock) -> Self {
        Self { client, table, clock }
    }

    /// A page of an account's lines, newest first, back to `since` at most. A line whose time is over is not shown, deleted or not.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page(
        &self,
        account: &AccountId,
        since: Timestamp,
        request: &PageRequest,
    ) -> Result<Page<ServiceLine>, PageError> {
        let list = List { name: "activity", of: account.as_str() };
        let now = self.clock.now();
        let (mut day, mut before) = match &request.cursor {
            None => (now, None),
            Some(cursor) => {
                let (at, line) = read_place(&list.place(cursor)?).ok_or(PageError::Cursor)?;
                (at, Some(line))
            }
        };
        let oldest = since.max(now - SignedDuration::from_hours(24 * SERVICE_LOG_DAYS)).as_second();
        let wanted = usize::from(request.per_page);
        let mut lines: Vec<ServiceLine> = Vec::new();
        // Days have no order among them that one query could follow, so they are read one after the other, all shards at once.
        while lines.len() <= wanted && day.as_second().div_euclid(86_400) >= oldest.div_euclid(86_400) {
            let shards = (0..key::JOURNAL_SHARDS)
                .map(|shard| self.shard(account, day, shard, before.as_deref(), wanted + 1, now));
            let mut found: Vec<ServiceLine> = try_join_all(shards).await?.into_iter().flatten().collect();
            found.sort_by(|a, b| b.sk.cmp(&a.sk));
            lines.extend(found);
            before = None;
            day = day.checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        }
        let more = lines.len() > wanted;
        lines.truncate(wanted);
        let last = lines.last().filter(|_| more);
        let next_cursor = last.map(|line| list.cursor(&format!("{} {}", line.at.as_second(), line.sk)));
        Ok(Page { items: lines, next_cursor })
    }

    async fn shard(
        &self,
        account: &AccountId,
        day: Timestamp,
        shard: u8,
        before: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ServiceLine>, Unavailable> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .expression_attribute_values(":pk", text(key::journal(Some(account), day, shard)))
            .filter_expression("expires_at > :now")
            .expression_attribute_values(":now", number(now.as_second()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let query = match before {
            None => query.key_condition_expression("pk = :pk"),
            Some(line) => query
                .key_condition_expression("pk = :pk AND sk < :before")
                .expression_attribute_values(":before", text(line)),
        };
        let answer = query.send().await.map_err(|error| unavailable("activity", &error))?;
        let rows = answer.items.unwrap_or_default().into_iter();
        rows.map(|row| serde_dynamo::from_item(row).map_err(|error| unreadable("activity", &error))).collect()
    }
}

/// The day and the line that a cursor's place names.
fn read_place(place: &str) -> Option<(Timestamp, String)> {
    let (second, line) = place.split_once(' ')?;
    let plain = line.len() <= 64 && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#');
    let at = Timestamp::from_second(second.parse().ok()?).ok()?;
    plain.then(|| (at, line.to_owned()))
}
