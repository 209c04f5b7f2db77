//! Usage: what accounts called, counted by day, key, store and class of outcome (R119, R133, R147; table `usage`).
//!
//! A call pays nothing for being counted. The lines of the service log are the one source; a sweep folds the lines of each hour that is
//! over, and later of each day, into items of [`UsageItem`], and [`FoldedItem`] says how far it has come ([`fold`]). [`Usage::read`] adds
//! up the items of folded days, those of folded hours behind them, and the lines behind those. Each call is in exactly one of the three,
//! because all three are cut at the same places of the same ids; so the sum is exact, and as new as the newest line.

mod fold;
mod item;

use crate::dynamo::call::{AttributeValue, Client};
use std::{collections::BTreeMap, ops::RangeInclusive};

use domain::{
    id::{AccountId, ApplicationId, KeyId, StoreId},
    usage::{Counted, StatusClass, Tally},
};
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp, civil::Date};

pub use self::{
    fold::Folded,
    item::{FoldedItem, UsageItem},
};
use super::{Unavailable, key, transaction::text, unavailable, unreadable};
use crate::{
    clock::{Clock, day_of, midnight},
    journal::{SERVICE_LOG_DAYS, ServiceLine},
};

/// Days that usage is told for; it is deleted at the latest two days later, within the promised 90 (R147).
pub const USAGE_DAYS: i64 = 88;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// What is folded at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// An hour: today's calls, so that nobody has to read a whole day of lines.
    Hour,
    /// A day of UTC: read from its lines once more, so that lines that came late are in it.
    Day,
}

impl Span {
    const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    const fn seconds(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }
}

/// Calls of one day that have key, store and class of outcome in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The day, in UTC.
    pub day: Date,
    /// The key.
    pub key: KeyId,
    /// The application that holds it, where one does.
    pub application: Option<ApplicationId>,
    /// The store that was called, where there is one.
    pub store: Option<StoreId>,
    /// How it ended.
    pub status: StatusClass,
}

/// What was counted.
pub type Tallies = BTreeMap<Group, Tally>;

/// Reads and folds usage.
#[derive(Clone)]
pub struct Usage {
    client: Client,
    lines: String,
    table: String,
    clock: Clock,
}

impl Usage {
    /// Adapter over the tables `service-log` and `usage`.
    #[must_use]
    pub fn new(client: Client, service_log_table: String, usage_table: String, clock: Clock) -> Self {
        Self { client, lines: service_log_table, table: usage_table, clock }
    }

    /// What an account called on some days, today included. It has made no call before `since`.
    ///
    /// # Errors
    /// [`Unavailable`] where a table cannot be asked.
    pub async fn read(
        &self,
        account: &AccountId,
        since: Timestamp,
        days: RangeInclusive<Date>,
    ) -> Result<Tallies, Unavailable> {
        let from = midnight(*days.start());
        let until = Timestamp::from_second(midnight(*days.end()).as_second() + DAY).unwrap_or(Timestamp::MAX);
        // Read first: what is folded after this is read from its lines, and what was folded before stays where it is.
        let [by_day, by_hour] = self.folded().await?;
        let by_hour = by_hour.max(by_day);
        let mut tallies = Tallies::new();
        for (span, from, until) in
            [(Span::Day, from, until.min(by_day)), (Span::Hour, from.max(by_day), until.min(by_hour))]
        {
            if from < until {
                for item in self.items(account, span, from, until).await? {
                    let (group, tally) = item.into();
                    tallies.entry(group).or_default().merge(&tally);
                }
            }
        }
        // Before the first run of the sweep nothing is folded: then it is the age of the lines, and the account's, that bounds what is read.
        let now = self.clock.now();
        let oldest = since.max(now - SignedDuration::from_hours(24 * SERVICE_LOG_DAYS));
        let mut start = from.max(by_hour).max(midnight(day_of(oldest)));
        let until = until.min(now);
        while start < until {
            let end = day_end(start);
            self.count(account, start, end, &mut tallies).await?;
            start = end;
        }
        Ok(tallies)
    }

    /// Until when days and hours are folded; where nothing is yet, the beginning of time.
    async fn folded(&self) -> Result<[Timestamp; 2], Unavailable> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(key::FOLDED))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("usage", &error))?;
        let mut until = [Timestamp::UNIX_EPOCH; 2];
        for row in answer.items.unwrap_or_default() {
            let item: FoldedItem = serde_dynamo::from_item(row).map_err(|error| unreadable("usage", &error))?;
            let place = if item.sk == Span::Day.name() { 0 } else { 1 };
            until[place] = item.until;
        }
        Ok(until)
    }

    async fn items(
        &self,
        account: &AccountId,
        span: Span,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<UsageItem>, Unavailable> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                // No place of an item is as short as a bound, so the upper one is not in it.
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :until")
                .expression_attribute_values(":pk", text(key::usage(account, span.name())))
                .expression_attribute_values(":from", text(key::usage_from(from)))
                .expression_attribute_values(":until", text(key::usage_from(until)))
                .consistent_read(true)
                .exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable("usage", &error))?;
            for row in answer.items.unwrap_or_default() {
                items.push(serde_dynamo::from_item(row).map_err(|error| unreadable("usage", &error))?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// Counts an account's lines of calls from `from` until `until`, which lie in one day of UTC.
    async fn count(
        &self,
        account: &AccountId,
        from: Timestamp,
        until: Timestamp,
        tallies: &mut Tallies,
    ) -> Result<(), Unavailable> {
        let shards = (0..key::JOURNAL_SHARDS).map(|shard| self.count_shard(account, from, until, shard));
        for counted in try_join_all(shards).await? {
            for (group, tally) in counted {
                tallies.entry(group).or_default().merge(&tally);
            }
        }
        Ok(())
    }

    async fn count_shard(
        &self,
        account: &AccountId,
        from: Timestamp,
        until: Timestamp,
        shard: u8,
    ) -> Result<Tallies, Unavailable> {
        let day = day_of(from);
        // A day's first and last hour are open to the outside: the partition says which day a line is of, and a line whose id is of the
        // millisecond before or after belongs to that day too.
        let lower = (from > midnight(day)).then(|| key::lines_from(from));
        let upper = (until < day_end(from)).then(|| key::lines_from(until));
        let condition = match (&lower, &upper) {
            (None, None) => "pk = :pk",
            (Some(_), None) => "pk = :pk AND sk >= :from",
            (None, Some(_)) => "pk = :pk AND sk < :until",
            // No id is as round as a bound, so the upper one is not in it.
            (Some(_), Some(_)) => "pk = :pk AND sk BETWEEN :from AND :until",
        };
        let query = self
            .client
            .query()
            .table_name(&self.lines)
            .key_condition_expression(condition)
            .expression_attribute_values(":pk", text(key::journal(Some(account), from, shard)))
            .consistent_read(true);
        let query = [(":from", lower), (":until", upper)].into_iter().fold(query, |query, (name, bound)| match bound {
            Some(bound) => query.expression_attribute_values(name, AttributeValue::S(bound)),
            None => query,
        });
        let mut tallies = Tallies::new();
        let mut start = None;
        loop {
            let page = query.clone().exclusive_start_key(start).send().await;
            let page = page.map_err(|error| unavailable("usage", &error))?;
            for row in page.items.unwrap_or_default() {
                let line: ServiceLine = serde_dynamo::from_item(row).map_err(|error| unreadable("usage", &error))?;
                let counted = counted(&line);
                tallies.entry(group(day, line)).or_default().note(&counted);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(tallies);
            }
        }
    }
}

fn counted(line: &ServiceLine) -> Counted {
    Counted {
        millis: line.millis,
        bytes: line.bytes,
        upstream_calls: line.upstream_calls,
        upstream_millis: line.upstream_millis,
        page: line.asked.zip(line.rows),
        scopes: line.scopes,
        deprecated: line.upstream_deprecated,
        sunset: line.upstream_sunset,
    }
}

fn group(day: Date, line: ServiceLine) -> Group {
    // Whoever calls stores that are not there gets no more groups by it than anyone else.
    let store = line.store.filter(|_| line.code.as_deref() != Some(crate::http::Code::NotFound.as_str()));
    Group { day, key: line.key, application: line.application, store, status: StatusClass::of(line.status) }
}

/// When the day of UTC ends that a time is in.
fn day_end(of: Timestamp) -> Timestamp {
    Timestamp::from_second((of.as_second().div_euclid(DAY) + 1) * DAY).unwrap_or(Timestamp::MAX)
}
