//! Requests of agents: taken in once, shown, taken back.

use cloud::{
    dynamo::{
        partners::{ExercisedItem, PartnerItem},
        requests::{AdvanceError, NewRequest, SubjectRequestItem, VerificationItem, With},
    },
    http::{Answer, Call},
    partners::{About, CallbackMessage, may_call_back},
    requests::RequestMessage,
};
use domain::{
    id::PrivacyRequestId,
    partner::{PartnerId, drp::Exercise},
    request::{Channel, Language, Refused as StepRefused, State, Step},
};
use http::StatusCode;

use crate::{
    App,
    agent::{self, Proven, Refused},
};

/// How often a step is tried that another one comes before.
const TURNS: u32 = 4;

/// `POST /drp/v1/data-rights-request`
pub(crate) async fn take(app: &App, call: &Call) -> Result<Answer, Refused> {
    let Proven { agent, document } = agent::proven(app, call).await?;
    let envelope = agent::checked(app, &agent, &document)?;
    let message = agent::message(&agent, &document, &envelope);
    if let Some(made) = app.partners.seen(&message).await? {
        return again(app, &agent, made).await;
    }
    let exercise = Exercise::read(&document).map_err(|unfit| told(StatusCode::BAD_REQUEST, &unfit.to_string()))?;
    if exercise.status_callback.as_ref().is_some_and(|url| !may_call_back(&agent.callback_origins, url, app.loopback)) {
        return Err(told(StatusCode::BAD_REQUEST, "The status_callback is not at an address that you registered."));
    }
    let now = app.clock.now();
    if !app.may_ask(&agent, now).await? {
        return Err(told(StatusCode::TOO_MANY_REQUESTS, "You have made as many requests today as you may."));
    }
    let id = PrivacyRequestId::from_uuid(app.clock.new_id());
    let Exercise { kind, regime, email, agent_request_id, status_callback } = exercise;
    let request = SubjectRequestItem::new(NewRequest {
        id: id.clone(),
        kind,
        channel: Channel::Drp,
        regime,
        language: Language::default(),
        received_at: now,
        taken_at: now,
        email,
        corrections: Vec::new(),
        partner: Some(agent.id.to_string()),
    });
    if status_callback.is_some() {
        // Before the request is there, so that none is there of which its agent is never told. What finds no request forgets about it.
        let about = About::Request(id.clone());
        let wish =
            CallbackMessage { partner: agent.id.clone(), about, told: None, begun_at: now, sent_at: now, renewed: 0 };
        app.callbacks.send(&wish).await?;
    }
    let exercised = ExercisedItem::new(&agent.id, &id, agent_request_id, status_callback, now);
    // Nobody sees a page when an agent asks, so there are no digits to be shown: whoever reads the mailbox goes on from the link. What needs no
    // proof has nothing to prove it with.
    let proof = match request.link() {
        Some(number) => {
            let secrets = app.secrets.of(&id).await?;
            Some(VerificationItem::new(&id, &secrets, None, Some(number), now))
        }
        None => None,
    };
    let also = app.partners.exercising(&message, &id, &exercised);
    if !app.requests.open(&request, proof.as_ref(), also).await? {
        // The same message came twice at once.
        let made = app.partners.seen(&message).await?.flatten();
        return again(app, &agent, made).await;
    }
    settle(app, &id).await;
    told_of(app, &agent.id, &request).await
}

/// What an agent is told whose message was taken before: how the request stands that it made.
async fn again(app: &App, agent: &PartnerItem, made: Option<PrivacyRequestId>) -> Result<Answer, Refused> {
    let made = made.ok_or(Refused::Forbidden("the message was a handshake"))?;
    let request = app.requests.get(&made).await?.ok_or(Refused::Unavailable)?;
    told_of(app, &agent.id, &request).await
}

/// `GET /drp/v1/data-rights-request/{request_id}`
pub(crate) async fn show(app: &App, call: &Call, request: &str) -> Result<Answer, Refused> {
    let agent = agent::bearing(app, call).await?;
    let request = of_agent(app, &agent.id, request).await?;
    told_of(app, &agent.id, &request).await
}

/// What an agent says beside taking a request back.
#[derive(serde::Deserialize)]
struct Revocation {
    /// Read so that it has its type, and forgotten: it may say anything of the person.
    #[serde(rename = "reason")]
    _reason: Option<String>,
}

/// `DELETE /drp/v1/data-rights-request/{request_id}`. The signed message says nothing of when or what it is for; the token says whose it is, and
/// taking back twice is taking back once.
pub(crate) async fn revoke(app: &App, call: &Call, request: &str) -> Result<Answer, Refused> {
    let Proven { agent, document } = agent::proven(app, call).await?;
    let mut read = of_agent(app, &agent.id, request).await?;
    if serde_json::from_slice::<Revocation>(&document).is_err() {
        return Err(told(StatusCode::BAD_REQUEST, "The message must be an object with the reason."));
    }
    for _ in 0..TURNS {
        if read.state == State::Cancelled {
            return told_of(app, &agent.id, &read).await;
        }
        match app.requests.advance(&read, Step::Cancel, With::default(), app.clock.now()).await {
            Ok(cancelled) => {
                settle(app, &cancelled.id).await;
                return told_of(app, &agent.id, &cancelled).await;
            }
            Err(AdvanceError::Changed) => read = of_agent(app, &agent.id, request).await?,
            Err(AdvanceError::Refused(StepRefused::Begun)) => {
                return Err(told(StatusCode::CONFLICT, "The erasure has begun and cannot be taken back."));
            }
            Err(AdvanceError::Refused(_)) => {
                return Err(told(StatusCode::CONFLICT, "The request is over and cannot be taken back."));
            }
            Err(AdvanceError::Unavailable(unavailable)) => return Err(unavailable.into()),
        }
    }
    Err(Refused::Unavailable)
}

/// A request of this agent. One of somebody else and one that is not there are told apart by nobody.
async fn of_agent(app: &App, agent: &PartnerId, request: &str) -> Result<SubjectRequestItem, Refused> {
    const NOT_THEIRS: Refused = Refused::Forbidden("the request is not of this agent");
    let id: PrivacyRequestId = request.parse().map_err(|_| NOT_THEIRS)?;
    let found = app.requests.get(&id).await?;
    found.filter(|item| item.partner.as_deref() == Some(agent.as_str())).ok_or(NOT_THEIRS)
}

/// Has the letters sent, and the work begun. The record says that it is to be done, and a sweep reminds where this fails.
async fn settle(app: &App, request: &PrivacyRequestId) {
    let _ = app.to_settle.send(&RequestMessage { request: request.clone() }).await;
}

/// How a request stands, for its agent.
async fn told_of(app: &App, agent: &PartnerId, request: &SubjectRequestItem) -> Result<Answer, Refused> {
    Ok(Answer::json(StatusCode::OK, &app.standings.of_request(agent, request).await?))
}

fn told(status: StatusCode, message: &str) -> Refused {
    Refused::Told(status, message.to_owned())
}
