//! The stack looks at itself once a day and signs what it saw (R029).

use cloud::{
    data_map::DATA_MAP,
    dynamo::{Unavailable, chain::Linked, reports::ReportItem},
};
use domain::compliance::{self, Rhythm, Seen};
use jiff::{SignedDuration, Timestamp};
use personal_data::Kind;
use serde_json::Value;

use crate::{App, Order, Report, Sweep, told};

/// The queue of the envelopes of what could not be told or delivered. Its messages are moved there by nobody but us.
const DEAD_EVENTS: &str = "dead-events";
/// How the audit chain is called in a report.
const AUDIT_CHAIN: &str = "audit-chain";
/// For so many days back a report is looked for that says where the audit chain stood.
const DAYS_BACK: i64 = 7;

/// What is asked of a sweep: to be there, in its time. One that nobody thought about here does not compile.
const fn rhythm(sweep: Sweep) -> Rhythm {
    let (silence_hours, late_hours) = match sweep {
        // What has expired is unreadable two days before the promised time: so late may its deletion be (`privacy.md` D.9).
        Sweep::ServiceLog | Sweep::SecurityLog | Sweep::OldUsage | Sweep::Events | Sweep::Deliveries => (26, 48),
        Sweep::Guards | Sweep::Cache => (3, 48),
        // Within a day everything of a store is deleted (`privacy.md` D.10).
        Sweep::Offboarding => (3, 24),
        // The lines that usage is folded from live for four weeks.
        Sweep::Usage => (3, 48),
        Sweep::Changes | Sweep::Policies | Sweep::Forms | Sweep::Requests | Sweep::Breaches | Sweep::Campaigns => {
            (3, 24)
        }
        Sweep::Verifications | Sweep::Hooks | Sweep::Inactivity | Sweep::Rotation | Sweep::Departures => (26, 24),
        // A chain that is too long for one run is looked over anew within a week.
        Sweep::Chain => (26, 7 * 24),
        Sweep::Compliance => (50, 24),
    };
    Rhythm { silence_hours, late_hours }
}

/// Looks at everything, signs what was seen and keeps it.
pub(crate) async fn run(app: &App, order: Order) -> Result<Report, Unavailable> {
    let now = app.clock.now();
    let mut seen = look(app).await?;
    seen.push(chain(app, now).await?);
    let judged = compliance::Report::new(&app.config.stack_name, now, seen);
    let mut report = Report::of(order);
    report.swept.complete = true;
    report.swept.expired = judged.checks.len() as u64;
    for check in judged.checks.iter().filter(|check| !check.holds) {
        report.overdue += 1;
        tracing::error!(of = check.seen.of(), "a compliance check failed");
    }
    if order.dry_run {
        return Ok(told(report));
    }
    let body = serde_json::to_string(&judged).map_err(|_| Unavailable)?;
    let signature = app.signer.sign(body.as_bytes()).await?;
    let public_key = app.signer.public_key().await?;
    let item = ReportItem::new(now, judged.holds, body, signature, app.signer.key().to_owned(), public_key);
    app.reports.keep(&item).await?;
    report.folded = 1;
    Ok(told(report))
}

/// What there is to be seen: every sweep's last run, every table's backups, every queue of what could not be done.
async fn look(app: &App) -> Result<Vec<Seen>, Unavailable> {
    let runs = app.sweeps.all().await?;
    // Of itself it says nothing: a report that did not hold would never hold again.
    let others = Sweep::ALL.iter().copied().filter(|sweep| *sweep != Sweep::Compliance);
    let mut seen: Vec<Seen> = others
        .map(|sweep| {
            let last = runs.iter().find(|run| run.name() == sweep.name());
            Seen::Sweep {
                of: sweep.name().to_owned(),
                allowed: rhythm(sweep),
                last_run: last.map(|run| run.at),
                complete: last.is_some_and(|run| run.complete),
                late_seconds: last.map_or(0, |run| run.lag_seconds),
                overdue: last.map_or(0, |run| run.overdue),
            }
        })
        .collect();
    for resource in DATA_MAP.resources {
        match resource.kind {
            Kind::Table { backup_days, .. } => {
                let found = app.resources.backups(resource.name).await?;
                seen.push(Seen::Backup {
                    of: resource.name.to_owned(),
                    declared_days: backup_days,
                    enabled: found.enabled,
                    days: found.days,
                    restorable_until: found.restorable_until,
                });
            }
            Kind::DeadLetter { .. } => seen.push(dead_letters(app, resource.name).await?),
            Kind::Queue { .. } if resource.name == DEAD_EVENTS => seen.push(dead_letters(app, DEAD_EVENTS).await?),
            _ => {}
        }
    }
    Ok(seen)
}

async fn dead_letters(app: &App, queue: &str) -> Result<Seen, Unavailable> {
    Ok(Seen::DeadLetters { of: queue.to_owned(), messages: app.resources.messages(queue).await? })
}

/// Where the audit chain stands, and whether what the last report said of it is still so: whoever rewrites all links, the head and how far they
/// were verified so that they fit each other cannot sign what a report said before.
async fn chain(app: &App, now: Timestamp) -> Result<Seen, Unavailable> {
    let head = app.chain.head().await?.map_or_else(Linked::none, |head| Linked { seq: head.seq, hash: head.hash });
    let stands = match last_report(app, now).await? {
        None => true,
        Some(report) if !app.signer.is_ours(report.body.as_bytes(), &report.signature).await? => false,
        Some(report) => match told_of_chain(&report.body) {
            // One look is enough to see that a link is there. All of them are looked at by a sweep of their own.
            Some(told) => app.chain.verify(&told, || false).await?.broken_at.is_none(),
            None => true,
        },
    };
    Ok(Seen::AuditChain { of: AUDIT_CHAIN.to_owned(), links: head.seq, head: head.hash, stands })
}

/// The newest report of the last days; one of today is replaced by the one that is being made.
async fn last_report(app: &App, now: Timestamp) -> Result<Option<ReportItem>, Unavailable> {
    for days in 0..=DAYS_BACK {
        let then = now.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
        if let Some(report) = app.reports.of(then).await? {
            return Ok(Some(report));
        }
    }
    Ok(None)
}

/// What a report says of where the chain stood; nothing where it was made before reports said that.
fn told_of_chain(report: &str) -> Option<Linked> {
    let report: Value = serde_json::from_str(report).ok()?;
    let told = report["checks"].as_array()?.iter().find(|check| check["of"] == AUDIT_CHAIN)?;
    Some(Linked { seq: told["links"].as_u64()?, hash: told["head"].as_str()?.to_owned() })
}
