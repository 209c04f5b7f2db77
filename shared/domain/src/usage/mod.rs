//! Usage: calls counted, so that whoever makes them sees how many there are, how long they take and what they ask for and do not use
//! (R119, R133, R147).
//!
//! A [`Tally`] of a time is the sum of the tallies of its parts, in any order and any cut: that is what lets hours be folded into days
//! and today's calls be added on top, with one and the same result.

mod latency;

use std::{fmt, str::FromStr};

use jiff::Timestamp;

use crate::scope::ScopeSet;

pub use latency::Latency;

/// The hundreds of an answer's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    /// `2xx`: done.
    Done,
    /// `3xx`: elsewhere, or not modified.
    Moved,
    /// `4xx`: refused; the caller can do something about it.
    Refused,
    /// `5xx`: failed, on our side or the store's.
    Failed,
}

impl StatusClass {
    /// All classes, by their number.
    pub const ALL: [Self; 4] = [Self::Done, Self::Moved, Self::Refused, Self::Failed];

    /// The class of a status. What is below 300 was answered as meant; nothing above 599 is ever answered.
    #[must_use]
    pub const fn of(status: u16) -> Self {
        match status {
            0..300 => Self::Done,
            300..400 => Self::Moved,
            400..500 => Self::Refused,
            500.. => Self::Failed,
        }
    }

    /// The class as it is written: `2xx` to `5xx`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "2xx",
            Self::Moved => "3xx",
            Self::Refused => "4xx",
            Self::Failed => "5xx",
        }
    }
}

impl fmt::Display for StatusClass {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A text that names no class of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 2xx, 3xx, 4xx or 5xx")]
pub struct UnknownClass;

impl FromStr for StatusClass {
    type Err = UnknownClass;

    fn from_str(text: &str) -> Result<Self, UnknownClass> {
        Self::ALL.into_iter().find(|class| class.as_str() == text).ok_or(UnknownClass)
    }
}

impl serde::Serialize for StatusClass {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for StatusClass {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One call, as far as it is counted.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Milliseconds from the call to its answer.
    pub millis: u32,
    /// Bytes of the answer's body.
    pub bytes: u32,
    /// Calls of the store.
    pub upstream_calls: u32,
    /// Milliseconds spent waiting for the store.
    pub upstream_millis: u32,
    /// Rows asked for and rows answered, where a page was asked for and answered.
    pub page: Option<(u16, u16)>,
    /// The scopes that the call needed and had.
    pub scopes: ScopeSet,
    /// Whether the store's platform said that such calls are deprecated (RFC 9745).
    pub deprecated: bool,
    /// From when it will not serve them any more, where it said so (RFC 8594).
    pub sunset: Option<Timestamp>,
}

/// Sums over calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How long each call took, and how many there were.
    pub latency: Latency,
    /// Bytes of the answers' bodies.
    pub bytes: u64,
    /// Calls of stores.
    pub upstream_calls: u64,
    /// Milliseconds spent waiting for stores.
    pub upstream_millis: u64,
    /// Pages that were asked for and answered.
    pub pages: u64,
    /// Rows asked for with `per_page`, over those pages.
    pub rows_asked: u64,
    /// Rows answered, over those pages.
    pub rows: u64,
    /// Every scope that some call needed.
    pub scopes: ScopeSet,
    /// Calls of which a platform said that they are deprecated.
    pub deprecated: u64,
    /// The earliest date on which a platform stops serving some call.
    pub sunset: Option<Timestamp>,
}

impl Tally {
    /// Calls that were counted.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.latency.calls()
    }

    /// Counts one call.
    pub fn note(&mut self, call: &Counted) {
        self.latency.note(call.millis);
        self.bytes += u64::from(call.bytes);
        self.upstream_calls += u64::from(call.upstream_calls);
        self.upstream_millis += u64::from(call.upstream_millis);
        if let Some((asked, rows)) = call.page {
            self.pages += 1;
            self.rows_asked += u64::from(asked);
            self.rows += u64::from(rows);
        }
        self.scopes = self.scopes.union(call.scopes);
        self.deprecated += u64::from(call.deprecated);
        self.sunset = earlier(self.sunset, call.sunset);
    }

    /// Adds what another tally counted.
    pub fn merge(&mut self, other: &Self) {
        self.latency.merge(&other.latency);
        self.bytes += other.bytes;
        self.upstream_calls += other.upstream_calls;
        self.upstream_millis += other.upstream_millis;
        self.pages += other.pages;
        self.rows_asked += other.rows_asked;
        self.rows += other.rows;
        self.scopes = self.scopes.union(other.scopes);
        self.deprecated += other.deprecated;
        self.sunset = earlier(self.sunset, other.sunset);
    }

    /// What its pages say about `per_page`; nothing where they are too few to say anything.
    #[must_use]
    pub fn page_advice(&self) -> Option<PageAdvice> {
        if self.pages < ENOUGH_PAGES {
            return None;
        }
        // A list's last page is short by nature, so only less than half is waste worth a word.
        if self.rows * 2 < self.rows_asked {
            return Some(PageAdvice::AskForFewer);
        }
        let small = self.rows_asked < u64::from(SMALL_PAGE) * self.pages;
        (small && self.rows * 100 >= self.rows_asked * 95).then_some(PageAdvice::AskForMore)
    }
}

/// Pages from which on their sizes say something about a habit.
const ENOUGH_PAGES: u64 = 20;
/// Rows below which full pages, one after the other, cost more calls than they need to.
const SMALL_PAGE: u16 = 50;

/// What a caller could do about its `per_page` (R133).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAdvice {
    /// Most of the rows asked for never come: less can be asked for.
    AskForFewer,
    /// Small pages come full: larger ones take fewer calls.
    AskForMore,
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Scope;
    use proptest::prelude::*;

    fn counted() -> impl Strategy<Value = Counted> {
        let page = prop::option::of((1..=100u16, 0..=100u16));
        let sunset = prop::option::of(0..2_000_000_000i64);
        (any::<u32>(), any::<u32>(), 0..9u32, any::<u32>(), page, 0..Scope::ALL.len(), sunset).prop_map(
            |(millis, bytes, upstream_calls, upstream_millis, page, scope, sunset)| Counted {
                millis,
                bytes,
                upstream_calls,
                upstream_millis,
                page,
                scopes: ScopeSet::of(&[Scope::ALL[scope]]),
                deprecated: sunset.is_some(),
                sunset: sunset.map(|second| Timestamp::from_second(second).unwrap()),
            },
        )
    }

    fn of(calls: &[Counted]) -> Tally {
        let mut tally = Tally::default();
        calls.iter().for_each(|call| tally.note(call));
        tally
    }

    proptest! {
        #[test]
        fn r147_parts_add_up_however_they_are_cut(calls in prop::collection::vec(counted(), 0..40), cut in 0..41usize) {
            let (first, second) = calls.split_at(cut.min(calls.len()));
            let mut merged = of(second);
            merged.merge(&of(first));
            prop_assert_eq!(merged, of(&calls));
        }
    }

    #[test]
    fn every_status_has_its_class() {
        for (status, class) in [(200, "2xx"), (204, "2xx"), (304, "3xx"), (404, "4xx"), (499, "4xx"), (503, "5xx")] {
            assert_eq!(StatusClass::of(status).as_str(), class);
            assert_eq!(class.parse(), Ok(StatusClass::of(status)));
        }
        assert_eq!("6xx".parse::<StatusClass>(), Err(UnknownClass));
    }

    #[test]
    fn r133_pages_say_what_could_be_asked_for_instead() {
        let pages = |count: usize, asked, rows| {
            let call = Counted {
                millis: 1,
                bytes: 1,
                upstream_calls: 1,
                upstream_millis: 1,
                page: Some((asked, rows)),
                scopes: ScopeSet::EMPTY,
                deprecated: false,
                sunset: None,
            };
            of(&vec![call; count]).page_advice()
        };
        assert_eq!(pages(20, 100, 49), Some(PageAdvice::AskForFewer));
        assert_eq!(pages(20, 100, 50), None);
        assert_eq!(pages(20, 25, 25), Some(PageAdvice::AskForMore));
        assert_eq!(pages(20, 50, 50), None, "fifty rows are no small page");
        assert_eq!(pages(19, 100, 0), None, "too few to tell");
    }
}
