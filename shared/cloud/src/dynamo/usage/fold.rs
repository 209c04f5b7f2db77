//! Folding lines into usage. Only the sweep does this.
//!
//! A span is folded when it is over and its lines have had time to be written. Its items are computed from its lines alone and put in the
//! place that the span, the key, the store and the class give: doing it twice, or two sweeps at once, puts the same items there again.
//! Nothing is ever added to an item, so nothing can be added twice. What comes late (a sandbox that was frozen over its line) is found
//! when its day is read once more.

use crate::dynamo::call::is_unmet;
use domain::{id::AccountId, usage::Tally};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{DAY, FoldedItem, Group, HOUR, Span, Tallies, USAGE_DAYS, Usage, UsageItem, day_end};
use crate::{
    boot::Budget,
    clock::{day_of, midnight},
    dynamo::{
        Unavailable,
        active::accounts_of_day,
        key,
        transaction::{attributes, text},
        unavailable,
    },
    journal::SERVICE_LOG_DAYS,
};

/// Items that are put at a time.
const AT_ONCE: usize = 16;
/// What must remain of the budget to begin another account: the day of a busy one has a hundred pages of lines.
const WORTHWHILE: std::time::Duration = std::time::Duration::from_secs(60);
/// Days after which an hour is forgotten. Its day has taken its place long before, unless the sweep was down.
const HOUR_KEPT: i64 = 14;

impl Span {
    /// How long after its end a span's lines are all there: a call takes 29 seconds at most, and its line a few more. A day waits for
    /// stragglers.
    const fn settling(self) -> i64 {
        match self {
            Self::Hour => 5 * 60,
            Self::Day => 2 * HOUR,
        }
    }
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Folded {
    /// Spans of accounts that were due: an account's hour, or its day.
    pub due: u64,
    /// Items that were put; none in a dry run.
    pub items: u64,
    /// Seconds for which the oldest of the spans had been due.
    pub lag_seconds: u64,
    /// Whether all that was due is folded. If not, the next run goes on.
    pub complete: bool,
}

impl Usage {
    /// Folds all spans that are due, as far as the budget lasts. A dry run only counts.
    ///
    /// # Errors
    /// [`Unavailable`] where a table cannot be asked. What was folded until then is not lost, and is folded again.
    pub async fn fold(&self, span: Span, dry_run: bool, budget: Budget) -> Result<Folded, Unavailable> {
        let now = self.clock.now();
        let mut state = self.state(span, now).await?;
        let mut folded = Folded { complete: true, ..Folded::default() };
        let due = state.until.as_second() + span.seconds() + span.settling();
        folded.lag_seconds = u64::try_from(now.as_second() - due).unwrap_or(0);
        let mut active = accounts_of_day(&self.client, &self.lines, state.until).await?;
        while state.until.as_second() + span.seconds() + span.settling() <= now.as_second() {
            let accounts = active.iter().filter(|account| state.after.as_ref().is_none_or(|after| *account > after));
            for account in accounts.cloned().collect::<Vec<_>>() {
                if budget.left() < WORTHWHILE {
                    if !dry_run {
                        self.keep(&state).await?;
                    }
                    return Ok(Folded { complete: false, ..folded });
                }
                folded.due += 1;
                if !dry_run {
                    folded.items += self.fold_account(&account, span, state.until).await?;
                    state.after = Some(account);
                }
            }
            let day = day_end(state.until);
            state.until += SignedDuration::from_secs(span.seconds());
            state.after = None;
            let worked = !active.is_empty();
            if state.until >= day {
                active = accounts_of_day(&self.client, &self.lines, state.until).await?;
            }
            if worked && !dry_run && !self.keep(&state).await? {
                // Another sweep is ahead of this one and does the rest.
                return Ok(folded);
            }
        }
        if !dry_run {
            self.keep(&state).await?;
        }
        Ok(folded)
    }

    async fn fold_account(&self, account: &AccountId, span: Span, from: Timestamp) -> Result<u64, Unavailable> {
        let until = from + SignedDuration::from_secs(span.seconds());
        let mut tallies = Tallies::new();
        self.count(account, from, until, &mut tallies).await?;
        let items = tallies.len() as u64;
        stream::iter(tallies)
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, async |(group, tally)| self.put(account, span, from, group, tally).await)
            .await?;
        Ok(items)
    }

    async fn put(
        &self,
        account: &AccountId,
        span: Span,
        from: Timestamp,
        group: Group,
        tally: Tally,
    ) -> Result<(), Unavailable> {
        let kept = match span {
            Span::Hour => HOUR_KEPT,
            Span::Day => USAGE_DAYS + 1,
        };
        let item = UsageItem {
            pk: key::usage(account, span.name()),
            sk: key::usage_of(from, &group.key, group.store.as_ref(), group.status.as_str()),
            v: 1,
            account: account.clone(),
            expires_at: midnight(group.day).as_second() + kept * DAY,
            day: group.day,
            key: group.key,
            application: group.application,
            store: group.store,
            status: group.status,
            latency: tally.latency,
            bytes: tally.bytes,
            upstream_calls: tally.upstream_calls,
            upstream_millis: tally.upstream_millis,
            pages: tally.pages,
            rows_asked: tally.rows_asked,
            rows: tally.rows,
            scopes: tally.scopes,
            deprecated: tally.deprecated,
            sunset: tally.sunset,
        };
        let put = self.client.put_item().table_name(&self.table).item(attributes(&item)).send().await;
        put.map(|_| ()).map_err(|error| unavailable("usage", &error))
    }

    /// Where the last run stopped. The first one begins with the oldest lines that there are.
    async fn state(&self, span: Span, now: Timestamp) -> Result<FoldedItem, Unavailable> {
        let (pk, sk) = (key::FOLDED.to_owned(), span.name().to_owned());
        let kept = crate::dynamo::page::get(&self.client, &self.table, "usage", pk.clone(), sk.clone()).await?;
        let oldest = now - SignedDuration::from_hours(24 * SERVICE_LOG_DAYS);
        let until = midnight(day_of(oldest));
        Ok(kept.unwrap_or(FoldedItem { pk, sk, v: 1, until, after: None }))
    }

    /// Keeps how far this run has come, unless another one came further.
    async fn keep(&self, state: &FoldedItem) -> Result<bool, Unavailable> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(attributes(state))
            // Whole hours have one spelling each, and those sort like the times.
            .condition_expression("attribute_not_exists(pk) OR #until <= :until")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":until", text(state.until.to_string()))
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) if is_unmet(&error) => Ok(false),
            Err(error) => Err(unavailable("usage", &error)),
        }
    }
}
