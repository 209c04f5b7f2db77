//! The ends of routes: announced, counted down, kept (R144–R146).
//!
//! A route that goes is listed in [`DEPRECATIONS`] first. From the release that lists it, its answers say so (RFC 9745 and RFC 8594);
//! from its sunset on it is gone. The list is a constant and its entries can only be made with enough notice, so that a shorter one does
//! not compile.

use jiff::Timestamp;

/// Days between a route's deprecation and its end, at least: the policy promises six months, and no six months have more days.
pub const NOTICE_DAYS: i64 = 184;

const SECONDS_OF_A_DAY: i64 = 86_400;

/// A day, as it begins in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    /// A day of the Gregorian calendar, from 1970 on.
    ///
    /// # Panics
    /// For a day that is not in the calendar; in a constant, that is an error of the compiler.
    #[must_use]
    pub const fn new(year: i64, month: i64, day: i64) -> Self {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let length = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        assert!(year >= 1970 && 1 <= month && month <= 12 && 1 <= day && day <= length, "no such day");
        // Years that begin in March end with the leap day, so that months before it have fixed places
        // (Howard Hinnant, "chrono-compatible low-level date algorithms").
        let year = if month <= 2 { year - 1 } else { year };
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
    }

    /// The moment at which it begins.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp::constant(self.0 * SECONDS_OF_A_DAY, 0)
    }
}

/// The end of one route.
#[derive(Debug, PartialEq, Eq)]
pub struct Deprecation {
    route: &'static str,
    since: Day,
    sunset: Day,
    successor: &'static str,
    guide: &'static str,
}

impl Deprecation {
    /// Announces the end of `route`, named by its template as the journal writes it, on `sunset`. `successor` is the path of what takes
    /// its place, and `guide` names the page that tells how to move: `docs/guides/<guide>.md`, served at `/v1/guides/<guide>`.
    ///
    /// # Panics
    /// With less than [`NOTICE_DAYS`] between `since` and `sunset` (R145), or without a guide or a successor; in a constant, that is an
    /// error of the compiler.
    #[must_use]
    pub const fn announce(
        route: &'static str,
        since: Day,
        sunset: Day,
        successor: &'static str,
        guide: &'static str,
    ) -> Self {
        assert!(sunset.0 - since.0 >= NOTICE_DAYS, "six months of notice at least");
        assert!(!guide.is_empty(), "a guide says how to move");
        assert!(!successor.is_empty(), "something takes the route's place");
        Self { route, since, sunset, successor, guide }
    }

    /// The route's template, such as `GET /v1/account/keys`.
    #[must_use]
    pub const fn route(&self) -> &'static str {
        self.route
    }

    /// From when the route should not be used any more. It may lie ahead.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since.start()
    }

    /// From when the route is gone.
    #[must_use]
    pub const fn sunset(&self) -> Timestamp {
        self.sunset.start()
    }

    /// The path of what takes its place.
    #[must_use]
    pub const fn successor(&self) -> &'static str {
        self.successor
    }

    /// The name of the page that tells how to move.
    #[must_use]
    pub const fn guide(&self) -> &'static str {
        self.guide
    }

    /// Whether the route is gone at `now`.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.sunset()
    }

    /// The header `Deprecation` (RFC 9745): since when.
    #[must_use]
    pub fn deprecation_header(&self) -> String {
        format!("@{}", self.since().as_second())
    }

    /// The header `Sunset` (RFC 8594): until when, as an HTTP date.
    #[must_use]
    pub fn sunset_header(&self) -> String {
        self.sunset().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Where the guide is served.
    #[must_use]
    pub fn guide_path(&self) -> String {
        format!("/v1/guides/{}", self.guide)
    }

    /// The header `Link` (RFC 8288): the guide under the relations of both RFCs, and the successor (RFC 5829). All are relative to the
    /// call, so that they lead to the stack that answered.
    #[must_use]
    pub fn link_header(&self) -> String {
        let guide = self.guide_path();
        format!(
            "<{guide}>; rel=\"deprecation\"; type=\"text/markdown\", <{guide}>; rel=\"sunset\"; type=\"text/markdown\", \
             <{}>; rel=\"successor-version\"",
            self.successor
        )
    }
}

/// Every route whose end is announced, those that are gone included.
pub static DEPRECATIONS: &[Deprecation] = &[
    Deprecation::announce(
        "GET /v1/account/keys",
        Day::new(2026, 12, 1),
        Day::new(2027, 7, 1),
        "/v1/keys",
        "management-keys",
    ),
    Deprecation::announce(
        "POST /v1/account/keys",
        Day::new(2026, 12, 1),
        Day::new(2027, 7, 1),
        "/v1/keys",
        "management-keys",
    ),
];

/// The announced end of a route, by its template; nothing for a route that stays.
#[must_use]
pub fn of(route: &str) -> Option<&'static Deprecation> {
    DEPRECATIONS.iter().find(|deprecation| deprecation.route == route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for text in ["1970-01-01", "2000-02-29", "2000-03-01", "2026-12-01", "2027-07-01", "2100-02-28", "2100-03-01"] {
            let date: jiff::civil::Date = text.parse().unwrap();
            let day = Day::new(date.year().into(), date.month().into(), date.day().into());
            assert_eq!(day.start(), format!("{text}T00:00:00Z").parse().unwrap(), "{text}");
        }
        for (year, month, day) in
            [(2026, 2, 29), (2100, 2, 29), (2026, 13, 1), (2026, 0, 1), (2026, 6, 31), (1969, 1, 1)]
        {
            assert!(std::panic::catch_unwind(|| Day::new(year, month, day)).is_err(), "{year}-{month}-{day}");
        }
    }

    #[test]
    fn r145_six_months_are_never_more_days_than_the_notice() {
        for month in 1..=12 {
            let start = jiff::civil::date(2027, month, 1);
            let end = start.checked_add(jiff::Span::new().months(6)).unwrap();
            let days = start.until(end).unwrap().get_days();
            assert!(i64::from(days) <= NOTICE_DAYS, "{start} to {end}: {days} days");
        }
    }

    #[test]
    fn r145_an_end_without_six_months_of_notice_cannot_be_made() {
        let announce = |sunset: Day| {
            std::panic::catch_unwind(move || {
                Deprecation::announce("GET /v1/x", Day::new(2027, 3, 1), sunset, "/v1/y", "x")
            })
        };
        assert!(announce(Day::new(2027, 8, 31)).is_err());
        assert!(announce(Day::new(2027, 1, 1)).is_err(), "never before the deprecation");
        assert!(announce(Day::new(2027, 9, 1)).is_ok());
        let without = |successor, guide| {
            std::panic::catch_unwind(move || {
                Deprecation::announce("GET /v1/x", Day::new(2027, 3, 1), Day::new(2028, 3, 1), successor, guide)
            })
        };
        assert!(without("/v1/y", "").is_err() && without("", "x").is_err());
    }

    #[test]
    fn the_headers_are_those_of_the_standards() {
        let keys = of("GET /v1/account/keys").unwrap();
        assert_eq!(keys.deprecation_header(), "@1796083200");
        assert_eq!(keys.sunset_header(), "Thu, 01 Jul 2027 00:00:00 GMT");
        assert_eq!(
            keys.link_header(),
            "</v1/guides/management-keys>; rel=\"deprecation\"; type=\"text/markdown\", \
             </v1/guides/management-keys>; rel=\"sunset\"; type=\"text/markdown\", </v1/keys>; rel=\"successor-version\""
        );
        assert_eq!(of("GET /v1/keys"), None);
    }

    #[test]
    fn a_route_is_over_from_its_sunset_on() {
        for deprecation in DEPRECATIONS {
            let before = deprecation.sunset() - jiff::SignedDuration::from_millis(1);
            assert!(!deprecation.is_over(before) && deprecation.is_over(deprecation.sunset()), "{deprecation:?}");
        }
    }
}
