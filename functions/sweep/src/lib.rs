//! One scheduled sweep, by name.
//!
//! Boundary: the only function that scans. It deletes what has expired, sends unfinished off-boardings to their queue again, sends every
//! connected store to be looked after, folds the service log into usage, and sees to what time brings: accounts that nobody uses, keys that are
//! to be rotated, stores that left and must have left nothing, new versions of policies, letters of campaigns, and the daily report that signs how all this stands.
//! What takes long (mails, the closing of an account) goes into a queue. Of what it deletes it reads no more than the key and the expiry.

mod breaches;
mod campaigns;
mod chain;
mod compliance;
mod departures;
mod forms;
mod inactivity;
mod policies;
mod requests;
mod rotation;

use std::time::Duration;

use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    closing::ClosingMessage,
    data_keys::DataKeys,
    dynamo::{
        Client, Unavailable,
        accounts::Accounts,
        active::Active,
        breaches::Breaches,
        campaigns::Campaigns,
        chain::{Chain, VerifiedMarks},
        departures::Departures,
        expired::{Every, Expired, SEGMENTS, Swept, unfinished_stores},
        forms::Forms,
        holds::Holds,
        keep_links::KeepLinks,
        keys::Keys,
        reports::Reports,
        requests::Requests,
        store_keys::StoreKeys,
        stores::{StoreItem, Stores},
        sweeps::Sweeps,
        usage::{Span, Usage},
    },
    events::{ReconciliationMessage, Task},
    holds::HoldEnds,
    mailer::{MailMessage, marketing::MarketingMessage},
    offboarding::OffboardingMessage,
    requests::RequestMessage,
    resources::Resources,
    signature::Signer,
    sqs::Queue,
    vault::Vault,
};
use domain::policy::{POLICIES, Policy};

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
        /// Table of keys.
        pub keys_table: String = "KEYS_TABLE",
        /// Table of accounts and applications.
        pub accounts_table: String = "ACCOUNTS_TABLE",
        /// Table of requests about people, and of the reports of the self-check.
        pub privacy_table: String = "PRIVACY_TABLE",
        /// Table of people without an account who agreed to be written to, and of campaigns.
        pub consents_table: String = "CONSENTS_TABLE",
        /// Table of what was sent by forms.
        pub forms_table: String = "FORMS_TABLE",
        /// Table of the stores' data keys.
        pub store_keys_table: String = "STORE_KEYS_TABLE",
        /// What the names of credentials start with.
        pub vault_prefix: String = "VAULT_PREFIX",
        /// What the names of the stack's resources start with.
        pub stack_name: String = "STACK_NAME",
        /// The KMS key that signs reports.
        pub signing_key: String = "SIGNING_KEY_ARN",
        /// The base URL that mailed links start with.
        pub public_url: String = "PUBLIC_URL",
        /// Queue of mails.
        pub mail_queue_url: String = "MAIL_QUEUE_URL",
        /// Table of what proves who asks about their own data.
        pub verifications_table: String = "VERIFICATIONS_TABLE",
        /// Queue of requests of people that are to be looked at.
        pub requests_queue_url: String = "REQUESTS_QUEUE_URL",
        /// Queue of stores whose off-boarding is to be finished, and of accounts that are to be closed.
        pub offboarding_queue_url: String = "OFFBOARDING_QUEUE_URL",
        /// Queue of stores that are to be looked after.
        pub reconciliations_queue_url: String = "RECONCILIATIONS_QUEUE_URL",
    }
}

/// How long an off-boarding may take before it is sent again: longer than its message is hidden while it is worked on.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// What must remain of the budget to begin with another store.
const WORTHWHILE: Duration = Duration::from_secs(10);

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
    /// Accounts that nobody uses (R022).
    Inactivity,
    /// Keys that are to be rotated (R118).
    Rotation,
    /// Stores that left four weeks ago: whether anything of them is left (R125).
    Departures,
    /// Accounts that are to be told of a new version of a policy, or that go on under one (R032, R102).
    Policies,
    /// People who complained or reported something and wait for somebody (R030).
    Forms,
    /// Requests of people that owe something, or are late (`privacy.md` D.3).
    Requests,
    /// Breaches of which the authority is to be told (R019).
    Breaches,
    /// Campaigns whose letters are to be asked for.
    Campaigns,
    /// What proved who asked, where the request's end has not deleted it (R068).
    Verifications,
    /// Whether nothing in the audit chain was changed (`privacy.md` D.8).
    Chain,
    /// Whether all is as it was promised (R029).
    Compliance,
}

impl Sweep {
    /// Every sweep.
    pub const ALL: &'static [Self] = &[
        Self::ServiceLog,
        Self::SecurityLog,
        Self::Guards,
        Self::Cache,
        Self::Offboarding,
        Self::Usage,
        Self::OldUsage,
        Self::Events,
        Self::Deliveries,
        Self::Changes,
        Self::Hooks,
        Self::Inactivity,
        Self::Rotation,
        Self::Departures,
        Self::Policies,
        Self::Forms,
        Self::Requests,
        Self::Breaches,
        Self::Campaigns,
        Self::Verifications,
        Self::Chain,
        Self::Compliance,
    ];

    /// Its name, as an order has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServiceLog => "service-log",
            Self::SecurityLog => "security-log",
            Self::Guards => "guards",
            Self::Cache => "cache",
            Self::Offboarding => "offboarding",
            Self::Usage => "usage",
            Self::OldUsage => "old-usage",
            Self::Events => "events",
            Self::Deliveries => "deliveries",
            Self::Changes => "changes",
            Self::Hooks => "hooks",
            Self::Inactivity => "inactivity",
            Self::Rotation => "rotation",
            Self::Departures => "departures",
            Self::Policies => "policies",
            Self::Forms => "forms",
            Self::Requests => "requests",
            Self::Breaches => "breaches",
            Self::Campaigns => "campaigns",
            Self::Verifications => "verifications",
            Self::Chain => "chain",
            Self::Compliance => "compliance",
        }
    }
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
    /// Off-boardings that were sent again, stores that were sent to be looked after, mails and closings that were ordered.
    pub sent: u64,
    /// Items that were written: of usage, reports, agreements by use.
    pub folded: u64,
    /// What should not be as it still is: keys that are older than they may be, stores of which something is left, a chain that is broken,
    /// checks that failed.
    pub overdue: u64,
}

impl Report {
    /// The report of a run that has done nothing yet.
    fn of(order: Order) -> Self {
        let Order { sweep, dry_run } = order;
        Self { sweep, dry_run, swept: Swept::default(), sent: 0, folded: 0, overdue: 0 }
    }
}

/// The function's adapters.
pub struct App {
    tables: Client,
    config: Config,
    offboardings: Queue<OffboardingMessage>,
    closings: Queue<ClosingMessage>,
    reconciliations: Queue<ReconciliationMessage>,
    request_work: Queue<RequestMessage>,
    requests: Requests,
    breaches: Breaches,
    hold_ends: HoldEnds,
    chain: Chain,
    verified: VerifiedMarks,
    forms: Forms,
    mails: Queue<MailMessage>,
    letters: Queue<MarketingMessage>,
    campaigns: Campaigns,
    usage: Usage,
    active: Active,
    accounts: Accounts,
    keys: Keys,
    keep_links: KeepLinks,
    departures: Departures,
    vault: Vault,
    sweeps: Sweeps,
    reports: Reports,
    resources: Resources,
    signer: Signer,
    policies: &'static [Policy],
    clock: Clock,
}

impl App {
    /// Builds the adapters.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let tables = cloud::dynamo::client(&boot.aws);
        let store_keys = StoreKeys::new(tables.clone(), config.store_keys_table.clone());
        // No key is wrapped or unwrapped here, and no credential read.
        let data_keys = DataKeys::new(&boot.aws, store_keys.clone(), String::new(), boot.clock.clone());
        let stores = Stores::new(tables.clone(), config.stores_table.clone());
        let accounts = Accounts::new(tables.clone(), config.accounts_table.clone());
        let requests = Requests::new(tables.clone(), config.privacy_table.clone(), config.verifications_table.clone());
        Self {
            departures: Departures {
                client: tables.clone(),
                stores: config.stores_table.clone(),
                store_keys,
                cache: config.cache_table.clone(),
                events: config.events_table.clone(),
                accounts: config.accounts_table.clone(),
            },
            vault: Vault::new(&boot.aws, config.vault_prefix.clone(), stores, data_keys),
            sweeps: Sweeps::new(tables.clone(), config.usage_table.clone()),
            reports: Reports::new(tables.clone(), config.privacy_table.clone()),
            resources: Resources::new(&boot.aws, config.stack_name.clone()),
            policies: POLICIES,
            signer: Signer::new(&boot.aws, config.signing_key.clone()),
            offboardings: Queue::new(&boot.aws, config.offboarding_queue_url.clone()),
            closings: Queue::new(&boot.aws, config.offboarding_queue_url.clone()),
            request_work: Queue::new(&boot.aws, config.requests_queue_url.clone()),
            hold_ends: HoldEnds {
                holds: Holds::new(tables.clone(), config.privacy_table.clone()),
                requests: requests.clone(),
                accounts: accounts.clone(),
                work: Queue::new(&boot.aws, config.requests_queue_url.clone()),
            },
            requests,
            breaches: Breaches::new(tables.clone(), config.privacy_table.clone()),
            chain: Chain::new(tables.clone(), config.privacy_table.clone()),
            verified: VerifiedMarks::new(tables.clone(), config.usage_table.clone()),
            forms: Forms::new(
                tables.clone(),
                config.forms_table.clone(),
                config.guards_table.clone(),
                boot.clock.clone(),
            ),
            mails: Queue::new(&boot.aws, config.mail_queue_url.clone()),
            letters: Queue::new(&boot.aws, config.mail_queue_url.clone()),
            campaigns: Campaigns::new(tables.clone(), config.consents_table.clone()),
            active: Active::new(tables.clone(), config.service_log_table.clone(), config.usage_table.clone()),
            accounts,
            keys: Keys::new(
                tables.clone(),
                config.keys_table.clone(),
                config.accounts_table.clone(),
                boot.clock.clone(),
            ),
            keep_links: KeepLinks::new(tables.clone(), config.guards_table.clone()),
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

    /// The same, telling of other policies.
    #[must_use]
    pub fn with_policies(self, policies: &'static [Policy]) -> Self {
        Self { policies, ..self }
    }
}

/// Runs one sweep as far as the invocation's time allows; the next run does the rest.
///
/// # Errors
/// [`Unavailable`] where a table or the queue could not be asked. What was done until then stays done.
pub async fn handle(app: &App, order: Order, context: &lambda_runtime::Context) -> Result<Report, Unavailable> {
    let report = run(app, order, Budget::of_invocation(context, &app.clock)).await?;
    if !report.dry_run {
        // For the self-check, which asks each sweep when it last ran and what it saw.
        app.sweeps.note(order.sweep.name(), &report.swept, report.overdue, app.clock.now()).await?;
    }
    Ok(report)
}

async fn run(app: &App, order: Order, budget: Budget) -> Result<Report, Unavailable> {
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
        Sweep::Inactivity => return inactivity::run(app, order, budget).await,
        Sweep::Rotation => return rotation::run(app, order, budget).await,
        Sweep::Departures => return departures::run(app, order, budget).await,
        Sweep::Verifications => &app.config.verifications_table,
        Sweep::Requests => return requests::run(app, order, budget).await,
        Sweep::Breaches => return breaches::run(app, order).await,
        Sweep::Campaigns => return campaigns::run(app, order, budget).await,
        Sweep::Chain => return chain::run(app, order, budget).await,
        Sweep::Forms => return forms::run(app, order, budget).await,
        Sweep::Policies => return policies::run(app, order, budget).await,
        Sweep::Compliance => return compliance::run(app, order).await,
    };
    let (now, first) = (app.clock.now(), first_segment(app));
    let swept = Expired::new(app.tables.clone(), table.clone()).sweep(now, first, order.dry_run, budget).await?;
    Ok(told(Report { swept, ..Report::of(order) }))
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
    Ok(told(Report { swept, sent, ..Report::of(order) }))
}

/// One message a connected store. What does not fit into one run waits for the next: each begins elsewhere.
async fn look_after(app: &App, order: Order, task: Task, budget: Budget) -> Result<Report, Unavailable> {
    let mut report = Report::of(order);
    let mut connected = Every::connected(app.tables.clone(), app.config.stores_table.clone(), first_segment(app));
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
    Ok(told(Report { swept, folded, ..Report::of(order) }))
}

/// The line that alarms and the dashboard read.
fn told(report: Report) -> Report {
    tracing::info!(
        sweep = report.sweep.name(),
        dry_run = report.dry_run,
        expired = report.swept.expired,
        deleted = report.swept.deleted,
        sent = report.sent,
        folded = report.folded,
        overdue = report.overdue,
        lag_seconds = report.swept.lag_seconds,
        complete = report.swept.complete,
        "sweep"
    );
    report
}
