//! One scheduled sweep, by name.
//!
//! Boundary: the only function that scans. It deletes what has expired, sends unfinished off-boardings to their queue again, sends every
//! connected store to be looked after, and folds the service log into usage; of what it scans it reads no more than the key and the expiry, but
//! for stores.

use std::time::Duration;

use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    dynamo::{
        Client, Unavailable,
        expired::{Connected, Expired, SEGMENTS, Swept, unfinished_stores},
        stores::StoreItem,
        usage::{Span, Usage},
    },
    events::{ReconciliationMessage, Task},
    offboarding::OffboardingMessage,
    sqs::Queue,
};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of the 30-day journal.
        pub service_log_table: String = "SERVICE_LOG_TABLE",
        /// Table of the 90-day journal.
        pub security_log_table: String = "SECURITY_LOG_TABLE",
        /// Table of counters and sign-ups.
        pub guards_table: String = "GUARDS_TABLE",
        /// Table of usage.
        pub usage_table: String = "USAGE_TABLE",
        /// Table of cached answers.
        pub cache_table: String = "CACHE_TABLE",
        /// Table of stores and grants.
        pub stores_table: String = "STORES_TABLE",
        /// Table of events.
        pub events_table: String = "EVENTS_TABLE",
        /// Table of deliveries.
        pub deliveries_table: String = "DELIVERIES_TABLE",
        /// Queue of stores whose off-boarding is to be finished.
        pub offboarding_queue_url: String = "OFFBOARDING_QUEUE_URL",
        /// Queue of stores that are to be looked after.
        pub reconciliations_queue_url: String = "RECONCILIATIONS_QUEUE_URL",
    }
}

/// How long an off-boarding may take before it is sent again: longer than its message is hidden while it is worked on.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Which sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sweep {
    /// Lines of the service log whose time is over (R014).
    ServiceLog,
    /// Lines of the security log whose time is over (R095).
    SecurityLog,
    /// Counters and sign-up links whose time is over.
    Guards,
    /// Cached answers whose time is over (R142).
    Cache,
    /// Off-boardings that are not finished (R125).
    Offboarding,
    /// Lines of the service log that are not folded into usage yet.
    Usage,
    /// Usage whose time is over (R147).
    OldUsage,
    /// Envelopes of events whose time is over.
    Events,
    /// Deliveries whose time is over.
    Deliveries,
    /// Stores that are to be looked through for what no webhook told.
    Changes,
    /// Stores whose registered webhooks are to be looked at.
    Hooks,
}

/// What a schedule sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Which sweep.
    pub sweep: Sweep,
    /// Only report what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// What a sweep did.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Which sweep.
    pub sweep: Sweep,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// What was found and done.
    #[serde(flatten)]
    pub swept: Swept,
    /// Off-boardings that were sent again.
    pub sent: u64,
    /// Items of usage that were written.
    pub folded: u64,
}

/// The function's adapters.
pub struct App {
    tables: Client,
    config: Config,
    offboardings: Queue<OffboardingMessage>,
    reconciliations: Queue<ReconciliationMessage>,
    usage: Usage,
    clock: Clock,
}

impl App {
    /// Builds the adapters.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let tables = cloud::dynamo::client(&boot.aws);
        Self {
            offboardings: Queue::new(&boot.aws, config.offboarding_queue_url.clone()),
            reconciliations: Queue::new(&boot.aws, config.reconciliations_queue_url.clone()),
            usage: Usage::new(
                tables.clone(),
                config.service_log_table.clone(),
                config.usage_table.clone(),
                boot.clock.clone(),
            ),
            tables,
            config,
            clock: boot.clock.clone(),
        }
    }
}

/// Runs one sweep as far as the invocation's time allows; the next run does the rest.
///
/// # Errors
/// [`Unavailable`] where a table or the queue could not be asked. What was done until then stays done.
pub async fn handle(app: &App, order: Order, context: &lambda_runtime::Context) -> Result<Report, Unavailable> {
    let budget = Budget::of_invocation(context, &app.clock);
    let table = match order.sweep {
        Sweep::ServiceLog => &app.config.service_log_table,
        Sweep::SecurityLog => &app.config.security_log_table,
        Sweep::Guards => &app.config.guards_table,
        Sweep::OldUsage => &app.config.usage_table,
        Sweep::Cache => &app.config.cache_table,
        Sweep::Events => &app.config.events_table,
        Sweep::Deliveries => &app.config.deliveries_table,
        Sweep::Changes => return look_after(app, order, Task::Changes, budget).await,
        Sweep::Hooks => return look_after(app, order, Task::Hooks, budget).await,
        Sweep::Offboarding => return offboarding(app, order, budget).await,
        Sweep::Usage => return usage(app, order, budget).await,
    };
    let (now, first) = (app.clock.now(), first_segment(app));
    let swept = Expired::new(app.tables.clone(), table.clone()).sweep(now, first, order.dry_run, budget).await?;
    Ok(told(Report { sweep: order.sweep, dry_run: order.dry_run, swept, sent: 0, folded: 0 }))
}

/// Another start each hour, so that a table too large for one run is still swept everywhere.
fn first_segment(app: &App) -> i32 {
    let hours = app.clock.now().as_second().div_euclid(3_600);
    i32::try_from(hours.rem_euclid(i64::from(SEGMENTS))).unwrap_or(0)
}

async fn offboarding(app: &App, order: Order, budget: Budget) -> Result<Report, Unavailable> {
    let begun_before = app.clock.now() - PATIENCE;
    let stores = unfinished_stores(&app.tables, &app.config.stores_table, begun_before, budget).await?;
    let mut sent = 0;
    if !order.dry_run {
        for store in &stores {
            app.offboardings.send(&OffboardingMessage::for_store(store)).await?;
            sent += 1;
        }
    }
    let now = app.clock.now().as_second();
    let oldest = stores.iter().filter_map(|store| store.disconnected_at).min();
    let lag = oldest.map_or(0, |oldest| u64::try_from(now - oldest.as_second()).unwrap_or(0));
    let swept = Swept { expired: stores.len() as u64, deleted: 0, lag_seconds: lag, complete: true };
    Ok(told(Report { sweep: order.sweep, dry_run: order.dry_run, swept, sent, folded: 0 }))
}

/// One message a connected store. What does not fit into one run waits for the next: each begins elsewhere.
async fn look_after(app: &App, order: Order, task: Task, budget: Budget) -> Result<Report, Unavailable> {
    let mut report = Report { sweep: order.sweep, dry_run: order.dry_run, swept: Swept::default(), sent: 0, folded: 0 };
    let mut connected = Connected::new(app.tables.clone(), app.config.stores_table.clone(), first_segment(app));
    while let Some(stores) = connected.next(budget).await? {
        report.swept.expired += stores.len() as u64;
        if order.dry_run {
            continue;
        }
        for StoreItem { account, id: store, generation, .. } in stores {
            app.reconciliations.send(&ReconciliationMessage { account, store, generation, task }).await?;
            report.sent += 1;
        }
    }
    report.swept.complete = connected.complete();
    Ok(told(report))
}

/// Hours first: what they make readable is asked for most.
async fn usage(app: &App, order: Order, budget: Budget) -> Result<Report, Unavailable> {
    let hours = app.usage.fold(Span::Hour, order.dry_run, budget).await?;
    let days = app.usage.fold(Span::Day, order.dry_run, budget).await?;
    let swept = Swept {
        expired: hours.due + days.due,
        deleted: 0,
        lag_seconds: hours.lag_seconds.max(days.lag_seconds),
        complete: hours.complete && days.complete,
    };
    let folded = hours.items + days.items;
    Ok(told(Report { sweep: order.sweep, dry_run: order.dry_run, swept, sent: 0, folded }))
}

/// The line that alarms and the dashboard read.
fn told(report: Report) -> Report {
    let sweep = match report.sweep {
        Sweep::ServiceLog => "service-log",
        Sweep::SecurityLog => "security-log",
        Sweep::Guards => "guards",
        Sweep::Cache => "cache",
        Sweep::Offboarding => "offboarding",
        Sweep::Usage => "usage",
        Sweep::OldUsage => "old-usage",
        Sweep::Events => "events",
        Sweep::Deliveries => "deliveries",
        Sweep::Changes => "changes",
        Sweep::Hooks => "hooks",
    };
    tracing::info!(
        sweep,
        dry_run = report.dry_run,
        expired = report.swept.expired,
        deleted = report.swept.deleted,
        sent = report.sent,
        folded = report.folded,
        lag_seconds = report.swept.lag_seconds,
        complete = report.swept.complete,
        "sweep"
    );
    report
}
