//! The clock of breaches (R019).

use cloud::dynamo::Unavailable;
use domain::breach::HOURS;

use crate::{App, Order, Report, told};

/// Looks at the clock of each case of which the authority may still have to be told, and reminds after 24, 48, 66 and 72 hours, each time once, in a
/// line that an alarm reads.
pub(crate) async fn run(app: &App, order: Order) -> Result<Report, Unavailable> {
    let now = app.clock.now();
    let mut report = Report::of(order);
    report.swept.complete = true;
    for mut item in app.breaches.all().await? {
        let case = item.case();
        if !case.is_pending() {
            continue;
        }
        report.swept.expired += 1;
        let late = now.as_second() - case.due().as_second();
        report.overdue += u64::from(late > 0);
        report.swept.lag_seconds = report.swept.lag_seconds.max(u64::try_from(late).unwrap_or(0));
        let reminders = case.reminders(now);
        if reminders > item.reminded && !order.dry_run {
            let hours = now.duration_since(item.detected_at).as_hours();
            // Where the next write fails, the alarm rings twice.
            tracing::error!(breach = %item.id, hours, left = HOURS - hours, "the clock of a breach runs");
            item.reminded = reminders;
            // A case that was changed meanwhile is looked at again by the next run.
            app.breaches.change(&item).await?;
        }
    }
    Ok(told(report))
}
