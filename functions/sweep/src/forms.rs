//! What was sent by forms and waits for somebody: who was promised to be contacted and was not (R030).

use cloud::{
    boot::Budget,
    dynamo::{
        Unavailable,
        forms::OpenFormItem,
        page::{MAX_PER_PAGE, PageError, PageRequest},
    },
};

use crate::{App, Order, Report, WORTHWHILE, told};

/// Counts what is late, and tells of it in a line that an alarm reads.
pub(crate) async fn run(app: &App, order: Order, budget: Budget) -> Result<Report, Unavailable> {
    let now = app.clock.now();
    let mut report = Report::of(order);
    report.swept.complete = true;
    let mut asked = PageRequest { per_page: MAX_PER_PAGE, cursor: None };
    loop {
        if budget.left() < WORTHWHILE {
            report.swept.complete = false;
            break;
        }
        let page = app.forms.open_page(&asked).await.map_err(|error| match error {
            PageError::Unavailable(unavailable) => unavailable,
            // A list takes the cursors that it gave.
            PageError::Cursor => Unavailable,
        })?;
        for sent in page.items.iter().map(OpenFormItem::sent) {
            report.swept.expired += 1;
            if !sent.is_overdue(now) {
                continue;
            }
            report.overdue += 1;
            let late = sent.due().map_or(0, |due| now.as_second() - due.as_second());
            report.swept.lag_seconds = report.swept.lag_seconds.max(u64::try_from(late).unwrap_or(0));
        }
        match page.next_cursor {
            Some(cursor) => asked.cursor = Some(cursor),
            None => break,
        }
    }
    if report.overdue > 0 {
        tracing::error!(overdue = report.overdue, "people who complained or reported something wait too long");
    }
    Ok(told(report))
}
