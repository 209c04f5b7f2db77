//! Requests of people about their own data: what is owed to them, and what is late (`privacy.md` D.3).

use std::time::Duration;

use cloud::{
    boot::Budget,
    dynamo::{
        Unavailable,
        page::{MAX_PER_PAGE, PageError, PageRequest},
        requests::OpenItem,
    },
    requests::RequestMessage,
};
use domain::request::State;
use jiff::{SignedDuration, Timestamp};

use crate::{App, Order, Report, told};

/// How long a request may owe something, or be at work without a word, before it is looked at again: longer than its message is hidden while it is
/// worked on.
const PATIENCE: SignedDuration = SignedDuration::from_mins(20);
/// What must remain of the invocation to read another page.
const WORTHWHILE: Duration = Duration::from_secs(10);

/// Looks through the requests that have not ended, and sends those to be looked at that owe something, whose time has come, or on which nobody seems
/// to work. Legal holds end whose time is over. What is late is told in a line that an alarm reads, and in the report how late the latest is.
pub(crate) async fn run(app: &App, order: Order, budget: Budget) -> Result<Report, Unavailable> {
    let now = app.clock.now();
    let mut report = Report::of(order);
    report.swept.complete = true;
    let mut operators = 0_u64;
    let mut asked = PageRequest { per_page: MAX_PER_PAGE, cursor: None };
    loop {
        if budget.left() < WORTHWHILE {
            report.swept.complete = false;
            break;
        }
        let page = app.requests.open_page(&asked).await.map_err(|error| match error {
            PageError::Unavailable(unavailable) => unavailable,
            // A list takes the cursors that it gave.
            PageError::Cursor => Unavailable,
        })?;
        for item in &page.items {
            report.swept.expired += 1;
            if item.state.is_owed() && item.due_at < now {
                report.overdue += 1;
                let late = now.as_second() - item.due_at.as_second();
                report.swept.lag_seconds = report.swept.lag_seconds.max(u64::try_from(late).unwrap_or(0));
            }
            operators += u64::from(item.state == State::NeedsOperator);
            if is_to_be_looked_at(item, now) && !order.dry_run {
                app.request_work.send(&RequestMessage { request: item.id.clone() }).await?;
                report.sent += 1;
            }
        }
        match page.next_cursor {
            Some(cursor) => asked.cursor = Some(cursor),
            None => break,
        }
    }
    end_holds(app, order, &mut report).await?;
    if report.overdue > 0 {
        tracing::error!(overdue = report.overdue, "requests of people are overdue");
    }
    if operators > 0 {
        tracing::error!(waiting = operators, "requests of people need an operator");
    }
    Ok(told(report))
}

/// Ends the legal holds whose time is over, so that what they kept is erased (R084).
async fn end_holds(app: &App, order: Order, report: &mut Report) -> Result<(), Unavailable> {
    let now = app.clock.now();
    for hold in app.hold_ends.holds.all().await? {
        if !hold.state.holds() || hold.until > now || order.dry_run {
            continue;
        }
        // One that was changed, or whose person is just being erased, is looked at again by the next run.
        if app.hold_ends.end(hold, now).await?.is_some_and(|ended| ended.followed_by.is_some()) {
            report.sent += 1;
        }
    }
    Ok(())
}

fn is_to_be_looked_at(item: &OpenItem, now: Timestamp) -> bool {
    let quiet = now.duration_since(item.written_at) >= PATIENCE;
    let waited = item.waits_until.is_some_and(|until| until <= now);
    waited || (quiet && (item.owes || item.state.is_at_work()))
}
