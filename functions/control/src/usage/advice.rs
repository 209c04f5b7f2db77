//! What each key asks for and does not use (R119, R133), and what its platforms are about to stop serving (R146).

use std::collections::{BTreeMap, BTreeSet};

use cloud::{
    clock::day_of,
    dynamo::{keys::ShownKeyItem, page::List, usage::Tallies},
    http::{Answer, Problem},
    journal::Trace,
};
use domain::{
    id::{ApplicationId, KeyId, StoreId},
    scope::{Scope, ScopeSet},
    usage::{PageAdvice, Tally},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{Timestamp, civil::Date};

use super::{oldest, read, seen_by, today};
use crate::{
    page,
    serving::{Visit, unavailable},
};

/// Applications whose keys are read at a time.
const AT_ONCE: usize = 8;

/// `GET /v1/usage/advice`
pub(crate) async fn advice(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let today = today(visit);
    let since = oldest(today);
    let keys = live_keys(visit).await?;
    let mut used = by_key(seen_by(visit, read(visit, since..=today).await?).collect());
    let rows: BTreeMap<String, Shown> = keys
        .into_iter()
        .map(|key| (key.id.as_str().to_owned(), Shown::new(used.remove(&key.id).unwrap_or_default(), key, since)))
        .collect();
    let of = format!("{} {:?}", visit.key.account, visit.key.application);
    let found = page::cut(rows, &List { name: "usage-advice", of: &of }, &request).map_err(page::failed)?;
    Ok(page::answer(found, trace))
}

/// The keys of applications that the caller may see and that still work. A management key carries a role, which nobody narrows.
async fn live_keys(visit: &Visit<'_>) -> Result<Vec<ShownKeyItem>, Problem> {
    let applications: Vec<ApplicationId> = match &visit.key.application {
        Some(own) => vec![own.clone()],
        None => {
            let all = visit.app.accounts.all_applications(&visit.key.account).await.map_err(unavailable)?;
            all.into_iter().map(|application| application.id).collect()
        }
    };
    let keys: Vec<Vec<ShownKeyItem>> = stream::iter(&applications)
        .map(|application| visit.app.keys.all_of_application(application))
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .map_err(unavailable)?;
    Ok(keys.into_iter().flatten().filter(ShownKeyItem::is_live).collect())
}

/// What one key did.
#[derive(Default)]
struct Used {
    tally: Tally,
    /// When a scope was last needed.
    scopes: BTreeMap<Scope, Date>,
    /// Stores whose platform announced an end, with the earliest date that it named.
    ending: BTreeMap<StoreId, Option<Timestamp>>,
}

fn by_key(tallies: Tallies) -> BTreeMap<KeyId, Used> {
    let mut keys: BTreeMap<KeyId, Used> = BTreeMap::new();
    for (group, tally) in tallies {
        let used = keys.entry(group.key).or_default();
        for scope in tally.scopes.iter() {
            let last = used.scopes.entry(scope).or_insert(group.day);
            *last = group.day.max(*last);
        }
        if let Some(store) = group.store.filter(|_| tally.deprecated > 0) {
            let date = used.ending.entry(store).or_default();
            *date = match (*date, tally.sunset) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        used.tally.merge(&tally);
    }
    keys
}

/// What is told about one key.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "UsageAdvice"))]
pub(crate) struct Shown {
    key: KeyId,
    application: Option<ApplicationId>,
    /// The first day whose calls are in this.
    since: Date,
    calls: u64,
    pages: u64,
    rows_asked: u64,
    rows: u64,
    /// How many of a hundred rows that were asked for came.
    rows_used_percent: Option<u64>,
    scopes: Vec<ShownScope>,
    unused_scopes: ScopeSet,
    ending: Vec<ShownEnd>,
    advice: Vec<Advice>,
}

#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "UsageOfScope"))]
struct ShownScope {
    scope: Scope,
    /// Nothing where no call needed it.
    last_used: Option<Date>,
}

/// A store whose platform will stop serving something that the key calls.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "UpstreamEnd"))]
struct ShownEnd {
    store: StoreId,
    /// Nothing where the platform named no date.
    sunset: Option<Timestamp>,
}

#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Advice {
    code: &'static str,
    detail: String,
}

impl Shown {
    fn new(used: Used, key: ShownKeyItem, oldest: Date) -> Self {
        let made = day_of(key.created_at);
        let needed: BTreeSet<Scope> = used.scopes.keys().copied().collect();
        let unused: ScopeSet = key.scopes.iter().filter(|scope| !needed.contains(scope)).collect();
        let tally = &used.tally;
        let mut advice = Vec::new();
        // A key that is younger than what is looked at may yet need what it has not used.
        if !unused.is_empty() && made <= oldest {
            let names: Vec<&str> = unused.iter().map(Scope::as_str).collect();
            let detail =
                format!("since {oldest} no call needed {}; make a key without, and revoke this one", names.join(", "));
            advice.push(Advice { code: "narrow_scopes", detail });
        }
        // How a page went on the average.
        let each = |rows: u64| rows.div_ceil(tally.pages.max(1));
        match tally.page_advice() {
            Some(PageAdvice::AskForFewer) => advice.push(Advice {
                code: "ask_for_fewer_rows",
                detail: format!(
                    "{} pages asked for {} rows each and got {}; a smaller `per_page`, or `updated_after`, says what is meant",
                    tally.pages,
                    each(tally.rows_asked),
                    each(tally.rows)
                ),
            }),
            Some(PageAdvice::AskForMore) => advice.push(Advice {
                code: "ask_for_more_rows",
                detail: format!(
                    "{} pages of {} rows came full; `per_page=100` takes fewer calls",
                    tally.pages,
                    each(tally.rows_asked)
                ),
            }),
            None => {}
        }
        for (store, sunset) in &used.ending {
            let when = sunset.map_or_else(String::new, |date| format!(" on {date}"));
            let detail = format!("the platform of {store} says that it stops serving some of these calls{when}");
            advice.push(Advice { code: "upstream_sunset", detail });
        }
        Self {
            since: made.max(oldest),
            calls: tally.calls(),
            pages: tally.pages,
            rows_asked: tally.rows_asked,
            rows: tally.rows,
            rows_used_percent: (tally.rows * 100).checked_div(tally.rows_asked),
            scopes: key
                .scopes
                .iter()
                .map(|scope| ShownScope { scope, last_used: used.scopes.get(&scope).copied() })
                .collect(),
            unused_scopes: unused,
            ending: used.ending.into_iter().map(|(store, sunset)| ShownEnd { store, sunset }).collect(),
            advice,
            application: key.application,
            key: key.id,
        }
    }
}
