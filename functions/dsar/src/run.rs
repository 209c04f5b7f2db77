//! The work on one request: its places one after the other, as far as an invocation's time allows (`privacy.md` D.5).
//!
//! One after the other, because an erasure has an order and an export is one file. Who works has the run for a time, see `cloud::dynamo::runs`;
//! what is done stands in the rows before the next begins. A message says only that there is work; where it goes on, the rows say.

use std::time::Duration;

use cloud::{
    boot::Budget,
    dynamo::{
        Unavailable,
        requests::{AdvanceError, SubjectRequestItem, With},
        runs::{PlaceItem, RunItem},
    },
    requests::RequestMessage,
    sqs::Disposition,
};
use domain::{
    id::{AccountId, PrivacyRequestId},
    request::{Kind, State, Step},
};
use jiff::SignedDuration;

use crate::{App, correct, erase, export, plan, settle::CHANGED};

/// How much longer than its invocation a claim holds: clocks differ a little.
const MARGIN: Duration = Duration::from_secs(10);
/// What must be left of an invocation to begin with another place.
pub(crate) const WORTHWHILE: Duration = Duration::from_secs(10);
/// After so many failures in a row the person is told that it takes longer.
const STALLS_AFTER: u32 = 3;
/// After so many an operator has to look. The queue gives a message up after ten.
const ESCALATES_AFTER: u32 = 6;
/// The wait after the first failure; each further one doubles it, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// How far the work has come.
pub(crate) enum Progress {
    /// Every place is done.
    Done,
    /// There is more, for another message.
    More,
    /// Something else must happen first.
    Later(Duration, &'static str),
}

/// A run that is had, with its places.
pub(crate) struct Running<'a> {
    pub(crate) app: &'a App,
    pub(crate) request: &'a SubjectRequestItem,
    /// The account, where the person has one.
    pub(crate) account: Option<AccountId>,
    pub(crate) run: RunItem,
    /// The run as it stands in the table.
    saved: RunItem,
    pub(crate) places: Vec<PlaceItem>,
    pub(crate) budget: Budget,
}

impl Running<'_> {
    /// Writes the run and one of its places.
    pub(crate) async fn save(&mut self, number: usize) -> Result<(), Unavailable> {
        let place: Vec<PlaceItem> = self.places.get(number).cloned().into_iter().collect();
        self.write(&place).await
    }

    /// Writes the run and all of its places.
    pub(crate) async fn save_all(&mut self) -> Result<(), Unavailable> {
        let places = self.places.clone();
        self.write(&places).await
    }

    async fn write(&mut self, places: &[PlaceItem]) -> Result<(), Unavailable> {
        // What can be written has come on.
        self.run.failures = 0;
        if self.app.runs.save(&self.run, places).await? {
            self.saved = self.run.clone();
            return Ok(());
        }
        // Whoever has it now goes on from what stands there.
        tracing::warn!(request = %self.request.id, "somebody else has taken a run over");
        Err(Unavailable)
    }

    /// Gives the run back, with all its places.
    async fn release(&mut self) -> Result<(), Unavailable> {
        self.run.leased_until = 0;
        self.save_all().await
    }
}

fn names(kind: Kind) -> Vec<&'static str> {
    plan::places(kind).iter().map(|place| place.name).collect()
}

fn message(request: &PrivacyRequestId) -> RequestMessage {
    RequestMessage { request: request.clone() }
}

/// Works on a request from where it stands.
pub(crate) async fn go_on(app: &App, id: &PrivacyRequestId, budget: Budget) -> Result<Disposition, Unavailable> {
    let Some(request) = app.requests.get(id).await? else {
        return Ok(Disposition::GiveUp("there is no such request"));
    };
    if request.state == State::Confirming {
        return look_again(app, &request).await;
    }
    if !request.state.is_at_work() {
        return Ok(Disposition::Done);
    }
    let now = app.clock.now();
    let lease = SignedDuration::try_from(budget.left() + MARGIN).unwrap_or(SignedDuration::MAX);
    let Some(run) = app.runs.claim(id, now, now.saturating_add(lease).unwrap_or(now)).await? else {
        return Ok(Disposition::RetryAfter(FIRST_WAIT, "another copy of the message is at it"));
    };
    let places = app.runs.places(id, &names(request.kind), now).await?;
    let account = account(app, &request).await?;
    let mut running = Running { app, request: &request, account, saved: run.clone(), run, places, budget };
    let worked = match work_through(&mut running).await {
        Ok(progress) => running.release().await.map(|()| progress),
        Err(unavailable) => Err(unavailable),
    };
    match worked {
        Ok(Progress::Done) => take(app, &request, Step::Finish).await,
        Ok(Progress::More) => {
            app.work.send(&message(id)).await?;
            Ok(Disposition::Done)
        }
        Ok(Progress::Later(wait, why)) => Ok(Disposition::RetryAfter(wait, why)),
        Err(Unavailable) => Ok(failed(app, &request, running.saved).await),
    }
}

/// Whose data it is: as it was proven, or else whose the address is. What is done without proof spares the person something, and no more.
async fn account(app: &App, request: &SubjectRequestItem) -> Result<Option<AccountId>, Unavailable> {
    match (&request.account, &request.email) {
        (Some(account), _) => Ok(Some(account.clone())),
        (None, Some(email)) if request.kind.is_at_once() => {
            Ok(app.accounts.of_address(email).await?.map(|account| account.id))
        }
        _ => Ok(None),
    }
}

async fn work_through(running: &mut Running<'_>) -> Result<Progress, Unavailable> {
    match running.request.kind {
        Kind::Erasure => erase::erase(running).await,
        Kind::KnowCategories | Kind::KnowSpecific | Kind::Access | Kind::Portability => export::write(running).await,
        Kind::Rectification
        | Kind::Restriction
        | Kind::Objection
        | Kind::OptOutSale
        | Kind::OptOutAdvertising
        | Kind::OptOutProfiling
        | Kind::ConsentWithdrawal => correct::correct(running).await,
    }
}

/// Takes a step, and asks for what it owes.
async fn take(app: &App, request: &SubjectRequestItem, step: Step) -> Result<Disposition, Unavailable> {
    take_with(app, request, step, With::default()).await
}

async fn take_with(
    app: &App,
    request: &SubjectRequestItem,
    step: Step,
    with: With,
) -> Result<Disposition, Unavailable> {
    match app.requests.advance(request, step, with, app.clock.now()).await {
        Ok(_) => {}
        // Another copy of the message has taken it, and may have died before it asked.
        Err(AdvanceError::Refused(_)) => {}
        Err(AdvanceError::Changed) => return Ok(CHANGED),
        Err(AdvanceError::Unavailable(unavailable)) => return Err(unavailable),
    }
    app.work.send(&message(&request.id)).await?;
    Ok(Disposition::Done)
}

/// The second look of an erasure (`privacy.md` D.3): where it finds something, that place is worked on anew.
async fn look_again(app: &App, request: &SubjectRequestItem) -> Result<Disposition, Unavailable> {
    let mut parts = Vec::new();
    if let Some(account) = request.account.clone() {
        let who = erase::Who { account, email: request.email.clone() };
        // Whatever has ended since is found, and whatever was set since is left.
        let held = app.closing.holds.of(&who.account, app.clock.now()).await?;
        for row in app.runs.places(&request.id, &names(request.kind), app.clock.now()).await? {
            if erase::find(app, &who, &row.place, &held).await? > 0 {
                parts.push(app.runs.anew(&row));
            }
        }
    }
    if parts.is_empty() {
        return take(app, request, Step::Confirm).await;
    }
    take_with(app, request, Step::FindAgain, With { parts, ..With::default() }).await
}

/// Counts a failure, tells of it when it lasts, and lets the message come again.
async fn failed(app: &App, request: &SubjectRequestItem, mut run: RunItem) -> Disposition {
    run.failures += 1;
    run.leased_until = 0;
    let failures = run.failures;
    let wait = FIRST_WAIT.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1).min(16))).min(LONGEST_WAIT);
    let again = Disposition::RetryAfter(wait, "a place of the plan could not be done");
    // As it stands in the table: what was done in memory only is done again.
    let Ok(places) = app.runs.places(&request.id, &names(request.kind), app.clock.now()).await else { return again };
    let undone = places.into_iter().find(|place| place.done_at.is_none());
    let tried: Vec<PlaceItem> =
        undone.into_iter().map(|place| PlaceItem { attempts: place.attempts + 1, ..place }).collect();
    // Where even this cannot be written, the claim runs out.
    if !matches!(app.runs.save(&run, &tried).await, Ok(true)) {
        return again;
    }
    let step = match failures {
        ESCALATES_AFTER => Step::Escalate,
        STALLS_AFTER => Step::Stall,
        _ => return again,
    };
    if step == Step::Escalate {
        tracing::error!(request = %request.id, failures, "a request needs an operator");
    }
    // A step that does not follow from where the request is, or that cannot be written now, changes nothing of the work.
    let _ = take(app, request, step).await;
    again
}
