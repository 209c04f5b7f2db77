//! The two journals: what was done (service log, 30 days, R014) and what matters for security (security log, 90 days, R095).
//!
//! A line has typed fields only. There is no free text in it, no body, no credential and no query string, so that nothing personal can
//! slip in beside what the data map declares.
//!
//! Nobody waits for a line: it is written behind the answer. A Lambda sandbox is frozen once it has answered, unless an extension still
//! works; so an *internal extension* of this process holds the sandbox until the writer is idle. Where there is no Extensions API, nothing
//! freezes the process either, and the writer just goes on.

mod line;

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use connectors::Notice;
use domain::{
    id::{AccountId, ApplicationId, KeyId, RequestId, StoreId},
    scope::ScopeSet,
};
use jiff::Timestamp;
use personal_data::PersonalData;
use tokio::sync::{Notify, Semaphore, mpsc};

pub use line::{ActiveItem, CredentialUse, SecurityEvent, SecurityLine, ServiceLine};

use crate::{
    clock::Clock,
    dynamo::{
        Client, key,
        transaction::{Attributes, attributes},
    },
};

const DAY: i64 = 86_400;
/// A line of the service log is unreadable after so many days and deleted at the latest two days later, within the promised 30.
pub const SERVICE_LOG_DAYS: i64 = 28;
/// A line of the security log is unreadable after so many days and deleted at the latest two days later, within the promised 90.
pub const SECURITY_LOG_DAYS: i64 = 88;
/// Lines that wait to be written. A sandbox handles one call at a time, so more than a few mean that the table is down.
const WAITING: usize = 512;
/// Accounts that the writer remembers to have marked as active today; one that is forgotten costs one more write.
const MARKED: usize = 10_000;
/// Kinds of events that there is room for beside each other in the place of a line.
const EVENTS: u32 = 256;
/// How long an invocation may be held for its lines; then they are given up and counted.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is told about one security event; the rest of the line is filled in by [`Journal::security`].
#[derive(Default, Clone)]
pub struct Concerning {
    /// Whose thing it is.
    pub account: Option<AccountId>,
    /// The key that was used or touched.
    pub key: Option<KeyId>,
    /// The application.
    pub application: Option<ApplicationId>,
    /// The store.
    pub store: Option<StoreId>,
    /// The problem's code, where the caller got one.
    pub code: Option<&'static str>,
}

/// What is told about one call; the rest of the line is filled in by [`Journal::service`].
pub struct Served {
    /// Whose key made the call.
    pub account: AccountId,
    /// The application that holds the key.
    pub application: Option<ApplicationId>,
    /// The key.
    pub key: KeyId,
    /// The store that was called.
    pub store: Option<StoreId>,
    /// The route's template.
    pub route: &'static str,
    /// The status that was answered.
    pub status: u16,
    /// The problem's code.
    pub code: Option<&'static str>,
    /// Bytes of the answer's body.
    pub bytes: usize,
    /// What it did.
    pub trace: Trace,
}

/// What a call did on its way to its answer.
#[derive(Default, Clone, Copy)]
pub struct Trace {
    /// At the store.
    pub upstream: UpstreamUse,
    /// Rows asked for.
    pub asked: Option<u16>,
    /// Rows answered.
    pub rows: Option<u16>,
    /// The scopes that it needed and had.
    pub scopes: ScopeSet,
}

/// What a call did at its store.
#[derive(Default, Clone, Copy)]
pub struct UpstreamUse {
    /// Calls made.
    pub calls: u32,
    /// Time spent waiting.
    pub waited: Duration,
    /// The store's last status.
    pub status: Option<u16>,
    /// What its platform said about the end of such calls.
    pub notice: Notice,
    /// How the credential was come by.
    pub credential: Option<CredentialUse>,
    /// Whether the store carried out something that changes it.
    pub changed: bool,
}

impl UpstreamUse {
    /// Adds what another call of the same store did at the same time.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.waited = self.waited.max(other.waited);
        self.status = other.status.or(self.status);
        self.changed |= other.changed;
    }
}

struct Line {
    table: Arc<str>,
    /// The line itself; nothing where only its account is to be marked.
    item: Option<Attributes>,
    /// Whose line it is and from when, where sweeps are to find it.
    active: Option<(AccountId, Timestamp)>,
}

/// What the writer and those who wait for it share.
#[derive(Default)]
struct Progress {
    open: AtomicUsize,
    idle: Notify,
    lost: AtomicU64,
}

/// Writes both journals.
#[derive(Clone)]
pub struct Journal {
    service: Arc<str>,
    security: Arc<str>,
    clock: Clock,
    lines: mpsc::Sender<Line>,
    progress: Arc<Progress>,
    finished: Arc<Semaphore>,
}

impl Journal {
    /// Starts the writer. Must be called within the runtime that serves the function.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one task that works behind the answer; `hold_sandbox` keeps it from being frozen"
    )]
    pub fn start(client: Client, service_table: &str, security_table: &str, clock: Clock) -> Self {
        let (lines, waiting) = mpsc::channel(WAITING);
        let progress = Arc::new(Progress::default());
        tokio::spawn(write(client, waiting, progress.clone()));
        Self {
            service: service_table.into(),
            security: security_table.into(),
            clock,
            lines,
            progress,
            finished: Arc::new(Semaphore::new(0)),
        }
    }

    /// Registers the internal extension that holds the sandbox until the lines of an invocation are written.
    ///
    /// Call it once, before the first event. Without an Extensions API (a local run) there is nothing that would freeze the process, and
    /// nothing is done.
    #[expect(
        clippy::disallowed_methods,
        reason = "the extension lives beside the runtime for the whole life of the process"
    )]
    pub async fn hold_sandbox(&self) {
        let journal = self.clone();
        let each_invocation = lambda_extension::service_fn(move |_: lambda_extension::LambdaEvent| {
            let journal = journal.clone();
            async move {
                let settled = async {
                    if let Ok(permit) = journal.finished.acquire().await {
                        permit.forget();
                    }
                    journal.settle().await;
                };
                // An invocation that never ends is the runtime's business: Lambda ends it, and the extension with it.
                settled.await;
                Ok::<_, std::convert::Infallible>(())
            }
        });
        let registered = lambda_extension::Extension::new()
            .with_extension_name("journal")
            .with_events(&["INVOKE"])
            .with_events_processor(each_invocation)
            .register()
            .await;
        match registered {
            Ok(extension) => {
                tokio::spawn(async move {
                    if let Err(error) = extension.run().await {
                        tracing::error!(cause = %error, "the extension that holds the sandbox ended");
                    }
                });
            }
            Err(_) => tracing::info!("no extensions here: the journal is written without holding the sandbox"),
        }
    }

    /// Marks the span of one invocation; when it is dropped, the extension may let the sandbox go once all lines are written.
    #[must_use]
    pub fn invocation(&self) -> Invocation {
        Invocation(self.finished.clone())
    }

    /// Notes a call that was served.
    pub fn service(&self, call: &RequestId, received: Timestamp, served: Served) {
        let now = self.clock.now();
        let millis = u32::try_from((now.as_millisecond() - received.as_millisecond()).max(0)).unwrap_or(u32::MAX);
        let line = ServiceLine {
            pk: key::journal(Some(&served.account), received, shard(call)),
            sk: key::line(call, 0),
            v: 1,
            account: served.account,
            application: served.application,
            key: served.key,
            store: served.store,
            route: served.route.to_owned(),
            status: served.status,
            code: served.code.map(str::to_owned),
            millis,
            upstream_calls: served.trace.upstream.calls,
            upstream_millis: u32::try_from(served.trace.upstream.waited.as_millis()).unwrap_or(u32::MAX),
            upstream_status: served.trace.upstream.status,
            upstream_deprecated: served.trace.upstream.notice.deprecated,
            upstream_sunset: served.trace.upstream.notice.sunset,
            credential: served.trace.upstream.credential,
            bytes: u32::try_from(served.bytes).unwrap_or(u32::MAX),
            asked: served.trace.asked,
            rows: served.trace.rows,
            deprecated: domain::deprecation::of(served.route).is_some(),
            scopes: served.trace.scopes,
            at: received,
            expires_at: received.as_second() + SERVICE_LOG_DAYS * DAY,
        };
        // The canonical line of the call for CloudWatch: the same typed fields, failures too (docs/LOGGING.md).
        tracing::info!(
            call = %call,
            account = %line.account,
            application = line.application.as_ref().map(ApplicationId::as_str),
            key = %line.key,
            store = line.store.as_ref().map(StoreId::as_str),
            route = line.route,
            status = line.status,
            code = line.code,
            millis = line.millis,
            upstream_calls = line.upstream_calls,
            upstream_millis = line.upstream_millis,
            upstream_status = line.upstream_status,
            // The alarm on what a platform will stop serving counts these (infra/alarms.yaml, R146).
            upstream_deprecated = line.upstream_deprecated.then_some(true),
            upstream_sunset = line.upstream_sunset.map(tracing::field::display),
            credential = line.credential.map(|used| match used {
                CredentialUse::Read => "read",
                CredentialUse::Memory => "memory",
            }),
            bytes = line.bytes,
            rows = line.rows,
            deprecated = line.deprecated.then_some(true),
            "call"
        );
        self.push(&self.service, &line, Some((line.account.clone(), received)));
    }

    /// Marks an account as used today by what leaves no line: a webhook of one of its stores (R022). One write a day, account and instance.
    pub fn used(&self, account: &AccountId) {
        self.hand_over(Line {
            table: self.service.clone(),
            item: None,
            active: Some((account.clone(), self.clock.now())),
        });
    }

    /// Notes something that matters for security.
    pub fn security(
        &self,
        call: &RequestId,
        number: u32,
        source: Option<IpAddr>,
        event: SecurityEvent,
        concerning: Concerning,
    ) {
        let now = self.clock.now();
        let line = SecurityLine {
            pk: key::journal(concerning.account.as_ref(), now, shard(call)),
            // The event is part of the place: one call may leave several.
            sk: key::line(call, number * EVENTS + event as u32 + 1),
            v: 1,
            event,
            account: concerning.account,
            key: concerning.key,
            application: concerning.application,
            store: concerning.store,
            code: concerning.code.map(str::to_owned),
            source,
            at: now,
            expires_at: now.as_second() + SECURITY_LOG_DAYS * DAY,
        };
        self.push(&self.security, &line, None);
    }

    /// Waits until every line so far is written or given up, [`PATIENCE`] at most.
    pub async fn settle(&self) {
        let idle = async {
            loop {
                let woken = self.progress.idle.notified();
                if self.progress.open.load(Ordering::Acquire) == 0 {
                    return;
                }
                woken.await;
            }
        };
        if tokio::time::timeout(PATIENCE, idle).await.is_err() {
            tracing::error!("journal lines are still waiting; the sandbox is let go");
        }
    }

    fn push<T: serde::Serialize + PersonalData>(
        &self,
        table: &Arc<str>,
        line: &T,
        active: Option<(AccountId, Timestamp)>,
    ) {
        self.hand_over(Line { table: table.clone(), item: Some(attributes(line)), active });
    }

    fn hand_over(&self, line: Line) {
        self.progress.open.fetch_add(1, Ordering::AcqRel);
        if self.lines.try_send(line).is_err() {
            self.progress.lost(1);
            self.progress.done();
        }
    }
}

impl Progress {
    fn lost(&self, lines: u64) {
        let lost = self.lost.fetch_add(lines, Ordering::Relaxed) + lines;
        tracing::error!(lost, "a journal line was lost");
    }

    fn done(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.idle.notify_waiters();
        }
    }
}

async fn write(client: Client, mut waiting: mpsc::Receiver<Line>, progress: Arc<Progress>) {
    let mut marked = Marked::default();
    while let Some(line) = waiting.recv().await {
        if let Some((account, at)) = line.active {
            marked.mark(&client, &line.table, account, at).await;
        }
        if let Some(item) = line.item
            && let Err(error) = client.put_item().table_name(line.table.as_ref()).item(item).send().await
        {
            let _ = crate::dynamo::unavailable("journal", &error);
            progress.lost(1);
        }
        progress.done();
    }
}

/// Accounts whose [`ActiveItem`] of a day this instance has written.
#[derive(Default)]
struct Marked {
    day: i64,
    accounts: HashSet<AccountId>,
}

impl Marked {
    /// Marks an account as active on the day of its line, unless that is done. It comes before the line: what is counted is never more than
    /// what is marked. Where it cannot be written the line stands all the same, and the next one tries again.
    async fn mark(&mut self, client: &Client, table: &str, account: AccountId, at: Timestamp) {
        let day = at.as_second().div_euclid(DAY);
        if self.day != day || self.accounts.len() >= MARKED {
            *self = Self { day, accounts: HashSet::new() };
        }
        if self.accounts.contains(&account) {
            return;
        }
        let item = ActiveItem {
            pk: key::active(at),
            sk: account.body().to_owned(),
            v: 1,
            account,
            expires_at: at.as_second() + SERVICE_LOG_DAYS * DAY,
        };
        match client.put_item().table_name(table).item(attributes(&item)).send().await {
            Ok(_) => {
                self.accounts.insert(item.account);
            }
            Err(error) => {
                let _ = crate::dynamo::unavailable("active accounts", &error);
            }
        }
    }
}

/// Ids are drawn at random behind their time, so their last character spreads evenly.
fn shard(call: &RequestId) -> u8 {
    call.as_str().bytes().last().unwrap_or(0) % key::JOURNAL_SHARDS
}

/// See [`Journal::invocation`].
pub struct Invocation(Arc<Semaphore>);

impl Drop for Invocation {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}
