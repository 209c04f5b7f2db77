//! The audit chain, looked over once a day (`privacy.md` D.8).

use cloud::{
    boot::Budget,
    dynamo::{Unavailable, chain::VerifiedItem},
};

use crate::{App, Order, Report, WORTHWHILE, told};

/// Looks at what was chained since the last run, and then at every link anew, as far as the budget lasts: what was verified once may be changed
/// later. The next run goes on where this one stops. Nothing is ever mended here: a break stays one, and an alarm rings every day.
pub(crate) async fn run(app: &App, order: Order, budget: Budget) -> Result<Report, Unavailable> {
    let now = app.clock.now();
    let time = || budget.left() >= WORTHWHILE;
    let mut mark = app.verified.get().await?.unwrap_or_else(|| VerifiedItem::new(now));
    let known = mark.newest.seq;
    let new = app.chain.verify(&mark.newest, time).await?;
    mark.newest = new.newest;
    let (mut links, mut broken_at) = (new.links, new.broken_at);
    let mut round_complete = new.complete;
    // The first run has looked at every link already.
    if known > 0 && broken_at.is_none() {
        let round = app.chain.verify(&mark.round, time).await?;
        links += round.links;
        (round_complete, broken_at) = (round.complete, round.broken_at);
        mark.round = round.newest;
    }
    if round_complete && broken_at.is_none() {
        let from = VerifiedItem::new(now);
        (mark.round, mark.round_ended_at) = (from.round, from.round_ended_at);
    }
    let mut report = Report::of(order);
    report.swept.expired = links;
    report.swept.complete = new.complete;
    report.swept.lag_seconds = u64::try_from(now.as_second() - mark.round_ended_at.as_second()).unwrap_or(0);
    match broken_at {
        Some(link) => {
            report.overdue = 1;
            tracing::error!(link, "the audit chain is broken");
        }
        None if !order.dry_run => app.verified.keep(&mark).await?,
        None => {}
    }
    Ok(told(report))
}
