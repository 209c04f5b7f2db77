//! Legal holds: what is kept of a person although it would be erased, on which ground, and until when (R084, R129). One person proposes, another one
//! approves; one asks for the release, another one gives it. Each of that is in the security log and in the audit chain.

use cloud::{
    dynamo::{chain::Fact, holds::HoldItem, runs::kept_until},
    http::{Answer, Code, FieldError, Problem},
    journal::{Concerning, SecurityEvent, Trace},
};
use domain::{
    hold::{HoldRefused, HoldState, HoldStep, Place, Reason, may_end, step},
    id::{AccountId, ApplicationId, HoldId, PrivacyRequestId},
};
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    page,
    serving::{Visit, unavailable},
};

/// Characters of a citation.
const LAW_LIMIT: usize = 200;

/// A hold.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Hold"))]
pub(crate) struct Shown {
    id: HoldId,
    state: HoldState,
    /// Whether it holds something now.
    in_force: bool,
    account: AccountId,
    place: Option<Place>,
    application: Option<ApplicationId>,
    reason: Reason,
    law: String,
    until: Timestamp,
    proposed_at: Timestamp,
    ended_at: Option<Timestamp>,
    /// The erasure that has left something because of it.
    kept_from: Option<PrivacyRequestId>,
    /// The request that erases it after all.
    followed_by: Option<PrivacyRequestId>,
}

impl Shown {
    fn at(now: Timestamp) -> impl Fn(HoldItem) -> Self {
        move |item| {
            let in_force = item.is_in_force(now);
            let HoldItem { id, state, account, place, application, reason, law, until, proposed_at, .. } = item;
            let HoldItem { ended_at, kept_from, followed_by, .. } = item;
            Self {
                id,
                state,
                in_force,
                account,
                place,
                application,
                reason,
                law,
                until,
                proposed_at,
                ended_at,
                kept_from,
                followed_by,
            }
        }
    }
}

/// `GET /v1/operator/holds`
pub(crate) async fn list(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let found = visit.app.hold_ends.holds.page(&request).await.map_err(page::failed)?;
    Ok(page::answer(found.map(Shown::at(visit.app.clock.now())), trace))
}

async fn find(visit: &Visit<'_>, id: &HoldId) -> Result<HoldItem, Problem> {
    visit.app.hold_ends.holds.get(id).await.map_err(unavailable)?.ok_or(Code::NotFound.into())
}

fn answer(visit: &Visit<'_>, status: StatusCode, item: HoldItem) -> Answer {
    Answer::json(status, &Shown::at(visit.app.clock.now())(item))
}

/// `GET /v1/operator/holds/{hold}`
pub(crate) async fn show(visit: &Visit<'_>, id: &HoldId) -> Result<Answer, Problem> {
    Ok(answer(visit, StatusCode::OK, find(visit, id).await?))
}

/// What is to be held. The citation names nobody.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewHold {
    account: AccountId,
    /// What of the account; all that can be held where nothing is said.
    place: Option<Place>,
    /// With `applications`: the one that is held.
    application: Option<ApplicationId>,
    reason: Reason,
    /// The law or the order, as one cites it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    law: String,
    /// When it ends by itself, within thirty years.
    until: Timestamp,
}

/// `POST /v1/operator/holds`
pub(crate) async fn propose(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let NewHold { account, place, application, reason, law, until } = visit.call.json()?;
    let now = visit.app.clock.now();
    let mut errors = Vec::new();
    if application.is_some() && place != Some(Place::Applications) {
        errors.push(FieldError::new("/application", "goes with the place `applications`"));
    }
    if law.trim().is_empty() || law.chars().count() > LAW_LIMIT || law.chars().any(char::is_control) {
        errors.push(FieldError::new("/law", format!("a text of 1 to {LAW_LIMIT} characters")));
    }
    if !may_end(until, now) {
        errors.push(FieldError::new("/until", "a time to come, within thirty years"));
    }
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let id = HoldId::from_uuid(visit.app.clock.new_id());
    let hold = HoldItem::proposed(id, account, visit.key.id.clone(), now);
    let hold = HoldItem { place, application, reason, law, until, ..hold };
    chain(visit, &hold, "hold-proposed").await?;
    visit.app.hold_ends.holds.add(&hold).await.map_err(unavailable)?;
    note(visit, &hold, "propose");
    Ok(answer(visit, StatusCode::CREATED, hold))
}

/// What is decided about a hold.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "HoldStepTaken"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Taken {
    step: HoldStep,
}

/// `POST /v1/operator/holds/{hold}/steps`
pub(crate) async fn take_step(visit: &Visit<'_>, id: &HoldId) -> Result<Answer, Problem> {
    let Taken { step: taken } = visit.call.json()?;
    let mut hold = find(visit, id).await?;
    let now = visit.app.clock.now();
    let by_another = hold.written_by.last() != Some(&visit.key.id);
    hold.state = step(hold.state, taken, by_another).map_err(refused)?;
    hold.written_by.push(visit.key.id.clone());
    let event = match hold.state {
        HoldState::InForce if taken == HoldStep::Approve => "hold-set",
        HoldState::Proposed | HoldState::InForce => "hold-kept",
        HoldState::Releasing => "hold-release-asked",
        HoldState::Released => "hold-released",
    };
    // Before it is written, so that nothing is released of which the chain knows nothing. A decision that another one overtakes changes nothing.
    chain(visit, &hold, event).await?;
    if hold.state == HoldState::Released {
        match visit.app.hold_ends.end(hold, now).await.map_err(unavailable)? {
            Some(ended) => hold = ended,
            None => return Err(changed()),
        }
    } else if !visit.app.hold_ends.holds.change(&hold).await.map_err(unavailable)? {
        return Err(changed());
    }
    note(visit, &hold, taken.as_str());
    Ok(answer(visit, StatusCode::OK, hold))
}

fn changed() -> Problem {
    let detail =
        "the hold was changed meanwhile, or an erasure of the person is just being carried out; read it again later";
    Problem::new(Code::Conflict).detail(detail)
}

fn refused(error: HoldRefused) -> Problem {
    let detail = match error {
        HoldRefused::State => "the hold is not in a state for this",
        HoldRefused::SamePerson => "somebody else has to decide this",
    };
    Problem::new(Code::Conflict).detail(detail)
}

/// Chains a decision under the name of the request that the hold's end would lead to.
async fn chain(visit: &Visit<'_>, hold: &HoldItem, event: &str) -> Result<(), Problem> {
    let (request, now) = (PrivacyRequestId::of_hold(&hold.id), visit.app.clock.now());
    let name = format!("{event}-{}", hold.version);
    let fact = Fact { request: &request, name: &name, event, pseudonym: None, digest: None };
    visit.app.chain.append(&fact, now, kept_until(now)).await.map(drop).map_err(unavailable)
}

fn note(visit: &Visit<'_>, hold: &HoldItem, code: &'static str) {
    let (account, key) = (Some(hold.account.clone()), Some(visit.key.id.clone()));
    let concerning = Concerning { account, key, code: Some(code), ..Concerning::default() };
    visit.app.journal.security(&visit.call.id, 0, visit.call.source, SecurityEvent::HoldDecided, concerning);
}
