//! What a batch knows of a subscription, and of an application's access to a store: read once for all its messages, written by one of them at
//! a time.

use std::{sync::Arc, time::Duration};

use cloud::{
    dynamo::{Unavailable, subscriptions::SubscriptionItem},
    events::{Replay, ReplayMessage},
    mailer::{EndpointFacts, MailKind, MailMessage},
    restrictions::Restricted,
};
use domain::{
    delivery::{Debt, Health, Notice},
    grant::Grant,
    id::{ApplicationId, StoreId, SubscriptionId},
    store::StoreState,
    subscription::{DisabledBecause, SubscriptionState},
};
use tokio::{
    sync::{Mutex, MutexGuard, Semaphore},
    time::Instant,
};

use crate::App;

/// How long what was read of a subscription counts: a switch that is thrown while a batch waits for slow endpoints is seen by its next message.
const FRESH: Duration = Duration::from_secs(1);
/// Attempts at one endpoint at a time, by one instance: as many failures open the breaker, and the rest are not made.
const AT_ONCE: usize = 5;
/// How often a change is decided anew because another instance was quicker.
const TURNS: u32 = 8;

/// An application's access to a store, as a batch knows it.
#[derive(Default)]
pub(crate) struct Access(Mutex<Option<(Granted, Instant)>>);

/// What an application may be told of a store; nothing where there is no connected store or no grant.
type Granted = Option<Given>;

/// What an application was given.
#[derive(Clone)]
pub(crate) struct Given {
    /// What the merchant allows.
    pub(crate) grant: Grant,
    /// The customers of the store whose data must not be used, where there are any.
    pub(crate) restricted: Option<Arc<Restricted>>,
}

impl Access {
    /// The access as it stood a second ago at most.
    pub(crate) async fn now(
        &self,
        app: &App,
        application: &ApplicationId,
        store: &StoreId,
    ) -> Result<Granted, Unavailable> {
        let mut known = self.0.lock().await;
        if let Some((granted, _)) = known.as_ref().filter(|(_, read_at)| read_at.elapsed() < FRESH) {
            return Ok(granted.clone());
        }
        let granted = match app.stores.for_application(application, store).await? {
            Some((store, Some(grant))) if store.state == StoreState::Connected => {
                Some(Given { grant: grant.grant(), restricted: app.restrictions.of(&store).await? })
            }
            _ => None,
        };
        *known = Some((granted.clone(), Instant::now()));
        Ok(granted)
    }
}

/// A subscription, as a batch knows it.
pub(crate) struct Known {
    application: ApplicationId,
    subscription: SubscriptionId,
    state: Mutex<State>,
    /// Room for attempts.
    pub(crate) room: Semaphore,
}

/// What was read, and when.
#[derive(Default)]
pub(crate) struct State {
    /// The subscription; nothing where it was deleted.
    pub(crate) item: Option<SubscriptionItem>,
    read_at: Option<Instant>,
}

impl State {
    /// Whether it is served.
    pub(crate) fn is_enabled(&self) -> bool {
        self.item.as_ref().is_some_and(|item| item.state == SubscriptionState::Enabled)
    }
}

impl Known {
    pub(crate) fn new(application: ApplicationId, subscription: SubscriptionId) -> Self {
        Self { application, subscription, state: Mutex::default(), room: Semaphore::new(AT_ONCE) }
    }

    /// The subscription as it stood a second ago at most. Whoever holds it may change it.
    pub(crate) async fn now(&self, app: &App) -> Result<MutexGuard<'_, State>, Unavailable> {
        let mut state = self.state.lock().await;
        if state.read_at.is_none_or(|at| at.elapsed() >= FRESH) {
            self.read(app, &mut state).await?;
        }
        Ok(state)
    }

    /// The subscription as it stands now.
    pub(crate) async fn anew(&self, app: &App) -> Result<MutexGuard<'_, State>, Unavailable> {
        let mut state = self.state.lock().await;
        self.read(app, &mut state).await?;
        Ok(state)
    }

    async fn read(&self, app: &App, state: &mut State) -> Result<(), Unavailable> {
        state.item = app.subscriptions.get(&self.application, &self.subscription).await?;
        state.read_at = Some(Instant::now());
        Ok(())
    }

    /// Changes the health of the endpoint by a rule, and by the same rule again where somebody else was quicker. What the rule says nothing
    /// about stays as it is, and so does a subscription that was deleted.
    pub(crate) async fn change(
        &self,
        app: &App,
        state: &mut State,
        rule: impl Fn(&Health) -> Option<(Health, Option<DisabledBecause>)>,
    ) -> Result<(), Unavailable> {
        for _ in 0..TURNS {
            let Some(item) = &mut state.item else { return Ok(()) };
            let Some((health, off)) = rule(&item.health) else { return Ok(()) };
            // One that is off is not switched off again, and keeps the cause that it has.
            let off = off.filter(|_| item.state == SubscriptionState::Enabled);
            if app.subscriptions.note_health(item, health, off, app.clock.now()).await? {
                return Ok(());
            }
            self.read(app, state).await?;
        }
        Err(Unavailable)
    }

    /// Does what is owed because of an earlier change, this message's or another's, even one of an instance that ended before it could.
    pub(crate) async fn pay(&self, app: &App, state: &mut State) -> Result<(), Unavailable> {
        for _ in 0..TURNS {
            let enabled = state.is_enabled();
            let Some(item) = &state.item else { return Ok(()) };
            let Some(debt) = item.health.debt(enabled) else { return Ok(()) };
            match debt {
                Debt::Tell(notice) => tell(app, item, notice).await?,
                Debt::Recover => app.replays.send(&parked(item)).await?,
            }
            self.change(app, state, |health| (health.debt(enabled) == Some(debt)).then(|| (health.paid(debt), None)))
                .await?;
        }
        Ok(())
    }
}

fn parked(item: &SubscriptionItem) -> ReplayMessage {
    ReplayMessage {
        application: item.application.clone(),
        subscription: item.id.clone(),
        what: Replay::Parked,
        after: None,
    }
}

/// Writes to the owner of a subscription. An account that is gone is told nothing.
async fn tell(app: &App, item: &SubscriptionItem, notice: Notice) -> Result<(), Unavailable> {
    let Some(account) = app.accounts.get(&item.account).await? else { return Ok(()) };
    let health = &item.health;
    let Some(since) = health.failing_since else { return Ok(()) };
    let (kind, because) = match notice {
        Notice::Failing => (MailKind::EndpointFailing, None),
        Notice::Disabled => (MailKind::EndpointDisabled, item.disabled_because),
    };
    // Made of what the mail is about, so that whoever tells it again tells it with the same id, and one mail goes out.
    let name = format!("{} {since} {} {notice:?}", item.id, health.warnings);
    let mail = MailMessage {
        endpoint: Some(EndpointFacts {
            subscription: item.id.clone(),
            since,
            last_at: health.recent.last().copied().unwrap_or(since),
            failures: health.failures,
            status: health.last_status,
            error: health.last_error,
            because,
        }),
        ..MailMessage::plain(MailMessage::id_about(&name), kind, account.email)
    };
    app.mails.send(&mail).await
}
