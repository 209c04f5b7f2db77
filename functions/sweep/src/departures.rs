//! Stores that left four weeks ago: whether anything of them is left (`privacy.md` D.10, R125 to R128).
//!
//! What is found on day 28 is off-boarded once more. What is still found on day 30 is a broken promise, and an alarm rings.

use cloud::{
    boot::Budget,
    clock::day_of,
    dynamo::{Unavailable, departures::DepartureItem},
    offboarding::OffboardingMessage,
};
use jiff::{SignedDuration, Timestamp};

use crate::{App, Order, Report, WORTHWHILE, told};

/// Days after which it is looked for the first time.
const FIRST_LOOK: i64 = 28;
/// Days after which nothing may be left (R125).
const PROMISED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Days for which it is looked every day as long as something is found, or nobody has looked.
const LAST_LOOK: i64 = 60;

/// Runs as far as the budget lasts; the next run does the rest.
pub(crate) async fn run(app: &App, order: Order, budget: Budget) -> Result<Report, Unavailable> {
    let now = app.clock.now();
    let mut report = Report::of(order);
    // The oldest first: theirs is the promise that breaks first.
    for days in (FIRST_LOOK..=LAST_LOOK).rev() {
        let day = day_of(now - SignedDuration::from_hours(24 * days));
        for departed in app.departures.of(day).await? {
            if departed.is_clean() || now < departed.left_at + SignedDuration::from_hours(24 * FIRST_LOOK) {
                continue;
            }
            if budget.left() < WORTHWHILE {
                return Ok(told(report));
            }
            look(app, departed, now, &mut report).await?;
        }
    }
    report.swept.complete = true;
    Ok(told(report))
}

async fn look(app: &App, departed: DepartureItem, now: Timestamp, report: &mut Report) -> Result<(), Unavailable> {
    let mut found = app.departures.left_in_tables(&departed).await?;
    if app.vault.holds_secret(&departed.store).await.map_err(|_| Unavailable)? {
        found.push("secrets");
    }
    report.swept.expired += 1;
    if !found.is_empty() && now >= departed.left_at + PROMISED {
        report.overdue += 1;
        tracing::error!(store = %departed.store, found = found.join(" "), "something of a store that left is left");
    }
    if report.dry_run {
        return Ok(());
    }
    if found.is_empty() {
        report.swept.deleted += 1;
    } else {
        let DepartureItem { account, store, generation, .. } = &departed;
        let message = OffboardingMessage { account: account.clone(), store: store.clone(), generation: *generation };
        app.offboardings.send(&message).await?;
        report.sent += 1;
    }
    let found_in = found.into_iter().map(str::to_owned).collect();
    app.departures.note(&DepartureItem { checked_at: Some(now), found_in, ..departed }).await
}
