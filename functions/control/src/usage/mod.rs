//! Usage: what was called, counted as the caller asks, and what could be asked for less.

mod advice;

use std::{collections::BTreeMap, ops::RangeInclusive};

use cloud::{
    clock::day_of,
    dynamo::{
        page::List,
        usage::{Group, Tallies, USAGE_DAYS},
    },
    http::{Answer, FieldError, Problem},
    journal::Trace,
};
use domain::{
    id::{ApplicationId, KeyId, StoreId},
    usage::{StatusClass, Tally},
};
use jiff::{SignedDuration, civil::Date};

#[cfg(feature = "schema")]
pub(crate) use advice::Shown as ShownAdvice;
pub(crate) use advice::advice;

use crate::{
    account, page,
    serving::{Visit, unavailable},
};

/// Days that are told where the caller names no first one, the last included.
const DEFAULT_DAYS: i64 = 30;

/// `GET /v1/usage`
pub(crate) async fn list(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let today = today(visit);
    let mut wanted = Wanted::default();
    let request = page::asked_with(visit.call, trace, |name, value| wanted.take(name, value))?;
    let (from, to) = wanted.days(today)?;
    let tallies = read(visit, from..=to).await?;
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for (group, tally) in seen_by(visit, tallies).filter(|(group, _)| wanted.holds(group)) {
        let (place, row) = wanted.row(&group);
        rows.entry(place).or_insert(row).add(group.status, &tally);
    }
    // A cursor belongs to the query that it came from.
    let of = format!("{} {:?} {wanted:?}", visit.key.account, visit.key.application);
    let list = List { name: "usage", of: &of };
    let found = page::cut(rows, &list, &request).map_err(page::failed)?;
    Ok(page::answer(found.map(|row| row.shown()), trace))
}

/// What the caller's account called.
async fn read(visit: &Visit<'_>, days: RangeInclusive<Date>) -> Result<Tallies, Problem> {
    let account = account::own(visit).await?;
    visit.app.usage.read(&account.id, account.created_at, days).await.map_err(unavailable)
}

/// The day that it is.
fn today(visit: &Visit<'_>) -> Date {
    day_of(visit.app.clock.now())
}

/// The first day that is told of.
fn oldest(today: Date) -> Date {
    today.checked_sub(SignedDuration::from_hours(24 * USAGE_DAYS)).unwrap_or(Date::MIN)
}

/// What a caller may see of its account's: an application its own, a person all.
fn seen_by(visit: &Visit<'_>, tallies: Tallies) -> impl Iterator<Item = (Group, Tally)> {
    let application = visit.key.application.clone();
    tallies.into_iter().filter(move |(group, _)| application.is_none() || group.application == application)
}

/// What is asked for in the query.
#[derive(Debug, Default)]
struct Wanted {
    from: Option<Date>,
    to: Option<Date>,
    key: Option<KeyId>,
    store: Option<StoreId>,
    by: Option<By>,
}

/// What rows are told apart by.
#[derive(Debug, Default, Clone, Copy)]
struct By {
    day: bool,
    key: bool,
    store: bool,
    status: bool,
}

impl Wanted {
    /// Takes one parameter of the query; see [`page::asked_with`].
    fn take(&mut self, name: &str, value: &str) -> Option<Result<(), String>> {
        let day = || value.parse().map_err(|_| "must be a day such as 2026-11-21".to_owned());
        let id = |kind: &str| format!("must be the id of a {kind}");
        Some(match name {
            "from" => day().map(|day| self.from = Some(day)),
            "to" => day().map(|day| self.to = Some(day)),
            "key" => value.parse().map(|key| self.key = Some(key)).map_err(|_| id("key")),
            "store" => value.parse().map(|store| self.store = Some(store)).map_err(|_| id("store")),
            "group_by" => By::parse(value).map(|by| self.by = Some(by)),
            _ => return None,
        })
    }

    /// The days asked for.
    fn days(&self, today: Date) -> Result<(Date, Date), Problem> {
        let to = self.to.unwrap_or(today);
        let by_default = to.checked_sub(SignedDuration::from_hours(24 * (DEFAULT_DAYS - 1))).unwrap_or(Date::MIN);
        let from = self.from.unwrap_or(by_default.max(oldest(today)));
        let mut errors = Vec::new();
        if to > today {
            errors.push(FieldError::new("?to", format!("today is {today}, in UTC")));
        }
        if from < oldest(today) {
            errors.push(FieldError::new(
                "?from",
                format!("usage is kept for {USAGE_DAYS} days, that is from {} on", oldest(today)),
            ));
        }
        if from > to {
            errors.push(FieldError::new("?from", "must not be after `to`"));
        }
        if errors.is_empty() { Ok((from, to)) } else { Err(Problem::fields(errors)) }
    }

    fn holds(&self, group: &Group) -> bool {
        self.key.as_ref().is_none_or(|key| *key == group.key)
            && self.store.as_ref().is_none_or(|store| Some(store) == group.store.as_ref())
    }

    /// The row that a group is part of, still empty, and its place among the others.
    fn row(&self, group: &Group) -> (String, Row) {
        let by = self.by.unwrap_or(By { day: true, ..By::default() });
        let row = Row {
            day: by.day.then_some(group.day),
            key: by.key.then(|| (group.key.clone(), group.application.clone())),
            store: by.store.then(|| group.store.clone()),
            status: by.status.then_some(group.status),
            by_status: [0; 4],
            tally: Tally::default(),
        };
        let day = row.day.map(|day| day.to_string()).unwrap_or_default();
        let key = row.key.as_ref().map_or("", |(key, _)| key.as_str());
        let store = row.store.as_ref().map_or("", |store| store.as_ref().map_or("-", StoreId::as_str));
        let status = row.status.map_or("", StatusClass::as_str);
        (format!("by {day} {key} {store} {status}"), row)
    }
}

impl By {
    fn parse(text: &str) -> Result<Self, String> {
        let mut by = Self::default();
        for name in text.split(',') {
            let place = match name {
                "day" => &mut by.day,
                "key" => &mut by.key,
                "store" => &mut by.store,
                "status" => &mut by.status,
                _ => return Err("must be one or more of day, key, store and status, with commas between".to_owned()),
            };
            *place = true;
        }
        Ok(by)
    }
}

/// Sums over the groups that a row is made of.
struct Row {
    day: Option<Date>,
    key: Option<(KeyId, Option<ApplicationId>)>,
    store: Option<Option<StoreId>>,
    status: Option<StatusClass>,
    by_status: [u64; 4],
    tally: Tally,
}

impl Row {
    fn add(&mut self, status: StatusClass, tally: &Tally) {
        self.by_status[status as usize] += tally.calls();
        self.tally.merge(tally);
    }

    fn shown(self) -> Shown {
        let latency = &self.tally.latency;
        let (key, application) = self.key.map_or((None, None), |(key, application)| (Some(key), Some(application)));
        let [done, moved, refused, failed] = self.by_status;
        Shown {
            day: self.day,
            key,
            application,
            store: self.store,
            status: self.status,
            calls: self.tally.calls(),
            by_status: ByStatus { done, moved, refused, failed },
            latency_ms: Percentiles {
                p50: latency.percentile(50),
                p95: latency.percentile(95),
                p99: latency.percentile(99),
            },
            bytes: self.tally.bytes,
            upstream_calls: self.tally.upstream_calls,
            upstream_ms: self.tally.upstream_millis,
            pages: self.tally.pages,
            rows_asked: self.tally.rows_asked,
            rows: self.tally.rows,
        }
    }
}

/// A row, as the account's users see it. What it is not grouped by is left out; what is grouped by and is not there is `null`.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Usage"))]
pub(crate) struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<KeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<Option<ApplicationId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<Option<StoreId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<StatusClass>,
    calls: u64,
    by_status: ByStatus,
    latency_ms: Percentiles,
    bytes: u64,
    upstream_calls: u64,
    upstream_ms: u64,
    pages: u64,
    rows_asked: u64,
    rows: u64,
}

#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "UsageByStatus"))]
struct ByStatus {
    #[serde(rename = "2xx")]
    done: u64,
    #[serde(rename = "3xx")]
    moved: u64,
    #[serde(rename = "4xx")]
    refused: u64,
    #[serde(rename = "5xx")]
    failed: u64,
}

/// Milliseconds that half, 95 % and 99 % of the calls did not exceed; each at most 6.25 % too high (see [`domain::usage::Latency`]).
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "UsageLatency"))]
struct Percentiles {
    p50: Option<u32>,
    p95: Option<u32>,
    p99: Option<u32>,
}
