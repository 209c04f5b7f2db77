//! Envelopes of events as those look at them who may know of them.

use std::collections::HashMap;

use domain::{event::Topic, id::StoreId, scope::ScopeSet};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{EventItem, Events, KEPT};
use crate::dynamo::{
    Unavailable, key,
    page::{List, Newest, Page, PageError, PageRequest},
};

/// Stores that one list may run over.
pub const MAX_LISTED_STORES: usize = 50;
/// Stores that are read at a time.
const AT_ONCE: usize = 16;
/// Queries that one page may take. Where little happens days are empty; the next page goes on behind them.
const QUERIES: usize = 200;
/// Rows that are read of a store and a day at a time where not all will be shown.
const ROWS: usize = 200;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A store, and what of its events may be known.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The store.
    pub store: StoreId,
    /// Only events of objects that these scopes let one read; `None` for all.
    pub scopes: Option<ScopeSet>,
}

/// Which events are looked for.
#[derive(Debug, Clone, Default)]
pub struct Happened {
    /// Of these topics; all where nothing is said.
    pub topics: Vec<Topic>,
    /// Those that came in at this time or later.
    pub since: Option<Timestamp>,
    /// Those that came in before this time.
    pub until: Option<Timestamp>,
}

impl Events {
    /// A page of the events of some stores, newest first. Who may know of them must be decided; `whose` names the caller, so that a cursor
    /// is of no use to another.
    ///
    /// A page may be shorter than asked for, even empty, and have a next one: where little happens, days are looked through a piece at a
    /// time.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page(
        &self,
        whose: &str,
        seen: &[Seen],
        looking: &Happened,
        request: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<EventItem>, PageError> {
        let of = format!("{whose} {seen:?} {looking:?}");
        let list = List { name: "events", of: &of };
        let scopes: HashMap<&StoreId, Option<ScopeSet>> = seen.iter().map(|seen| (&seen.store, seen.scopes)).collect();
        let holds = |item: &EventItem| {
            let may = scopes.get(&item.store).copied().flatten();
            item.expires_at > now.as_second()
                && looking.since.is_none_or(|since| item.received_at >= since)
                && looking.until.is_none_or(|until| item.received_at < until)
                && (looking.topics.is_empty() || looking.topics.contains(&item.topic))
                && may.is_none_or(|may| item.topic.needs().is_none_or(|scope| may.contains(scope)))
        };
        let kept = now.saturating_sub(SignedDuration::from_secs(KEPT)).unwrap_or(Timestamp::UNIX_EPOCH);
        let oldest = looking.since.map_or(kept, |since| since.max(kept));
        let (mut day, mut before) = match &request.cursor {
            None => (looking.until.map_or(now, |until| until.min(now)), None),
            Some(cursor) => read_place(&list.place(cursor)?).ok_or(PageError::Cursor)?,
        };
        let wanted = usize::from(request.per_page);
        let mut items: Vec<EventItem> = Vec::new();
        let mut queries = 0;
        loop {
            if number_of(day) < number_of(oldest) || seen.is_empty() {
                return Ok(Page { items, next_cursor: None });
            }
            if queries >= QUERIES {
                return Ok(Page { items, next_cursor: Some(list.cursor(&place(day, before.as_deref()))) });
            }
            queries += seen.len();
            let at = (day, before.as_deref());
            let parts: Vec<(Vec<EventItem>, Option<String>)> = stream::iter(seen)
                .map(|seen| self.of_a_day(&seen.store, at, looking, oldest, wanted, &holds))
                .buffered(AT_ONCE)
                .try_collect()
                .await?;
            // Below where the first of them was cut, others may hold more: what stands there waits for the next look.
            let floor = parts.iter().filter_map(|(_, cut_at)| cut_at.clone()).max();
            let mut found: Vec<EventItem> = parts.into_iter().flat_map(|(rows, _)| rows).collect();
            found.retain(|item| floor.as_ref().is_none_or(|floor| item.sk >= *floor));
            found.sort_by(|a, b| b.sk.cmp(&a.sk));
            items.extend(found);
            if items.len() > wanted {
                items.truncate(wanted);
                let cut_at = items.last().map(|item| place(item.received_at, Some(&item.sk)));
                return Ok(Page { items, next_cursor: cut_at.map(|place| list.cursor(&place)) });
            }
            before = floor;
            if before.is_none() {
                day = day.saturating_sub(DAY).unwrap_or(Timestamp::UNIX_EPOCH);
            }
        }
    }

    /// What holds of one store and day, and where the look at it was cut short.
    async fn of_a_day(
        &self,
        store: &StoreId,
        (day, before): (Timestamp, Option<&str>),
        looking: &Happened,
        oldest: Timestamp,
        wanted: usize,
        holds: impl Fn(&EventItem) -> bool,
    ) -> Result<(Vec<EventItem>, Option<String>), Unavailable> {
        let newest = Newest {
            client: &self.client,
            table: &self.table,
            pk: key::events(store, day),
            from: key::ids_from(oldest),
            to: looking.until.map(key::ids_from),
        };
        let rows: Vec<EventItem> = newest.rows(before, ROWS.max(wanted + 1)).await?;
        let cut_at = (rows.len() >= ROWS.max(wanted + 1)).then(|| rows.last().map(|row| row.sk.clone())).flatten();
        Ok((rows.into_iter().filter(holds).collect(), cut_at))
    }
}

/// The number of a day since 1970.
fn number_of(day: Timestamp) -> i64 {
    day.as_second().div_euclid(86_400)
}

fn place(day: Timestamp, before: Option<&str>) -> String {
    format!("{} {}", day.as_second(), before.unwrap_or_default())
}

/// The day and the event that a cursor's place names.
fn read_place(place: &str) -> Option<(Timestamp, Option<String>)> {
    let (second, event) = place.split_once(' ')?;
    let at = Timestamp::from_second(second.parse().ok()?).ok()?;
    match event {
        "" => Some((at, None)),
        event => domain::id::is_body(event).then(|| (at, Some(event.to_owned()))),
    }
}
