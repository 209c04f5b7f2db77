//! The requests of people, as those see them who decide. What a request says of its person is shown only to who says what for, and each look leaves
//! a line in the security log (R017).

use cloud::{
    dynamo::requests::{AdvanceError, Correction, OpenItem, SubjectRequestItem, With},
    http::{Answer, Code, FieldError, Problem},
    journal::{Concerning, SecurityEvent, Trace},
    requests::RequestMessage,
};
use domain::{
    id::{AccountId, PrivacyRequestId},
    request::{Channel, Ground, Kind, Level, Refused, Regime, State, Step},
};
use http::StatusCode;
use jiff::Timestamp;

use super::reason;
use crate::{
    page,
    serving::{Visit, unavailable},
};

/// A request in the list of those that have not ended.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OpenRequest"))]
pub(crate) struct Row {
    id: PrivacyRequestId,
    kind: Kind,
    regime: Regime,
    channel: Channel,
    state: State,
    received_at: Timestamp,
    /// By when it must be answered.
    due_at: Timestamp,
    /// Whether that time is over and the person still waits.
    overdue: bool,
}

impl Row {
    fn at(now: Timestamp) -> impl Fn(OpenItem) -> Self {
        move |item| {
            let OpenItem { id, kind, regime, channel, state, received_at, due_at, .. } = item;
            let overdue = state.is_owed() && due_at < now;
            Self { id, kind, regime, channel, state, received_at, due_at, overdue }
        }
    }
}

/// `GET /v1/operator/requests`
pub(crate) async fn list(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let found = visit.app.requests.open_page(&request).await.map_err(page::failed)?;
    Ok(page::answer(found.map(Row::at(visit.app.clock.now())), trace))
}

/// A request, without anything that says whose it is.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SubjectRequest"))]
pub(crate) struct Shown {
    id: PrivacyRequestId,
    kind: Kind,
    regime: Regime,
    channel: Channel,
    state: State,
    /// Until when the state waits by itself.
    waits_until: Option<Timestamp>,
    /// How surely it must be known who asks.
    required: Level,
    /// How surely it is known.
    reached: Level,
    /// How many people have approved it; where review is required, it takes two.
    approvals: u8,
    received_at: Timestamp,
    /// By when we mean to answer.
    target_at: Timestamp,
    /// By when it must be answered.
    due_at: Timestamp,
    /// To when that may be extended, once, if the person is told in time.
    extendable_to: Option<Timestamp>,
    extended_at: Option<Timestamp>,
    verified_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    /// On which ground it was refused.
    ground: Option<Ground>,
    /// The request of the same person and kind that answers this one too.
    merged_into: Option<PrivacyRequestId>,
    /// Whether something is still on its way: a letter, or the beginning of the work.
    owes: bool,
}

impl From<SubjectRequestItem> for Shown {
    fn from(item: SubjectRequestItem) -> Self {
        Self {
            id: item.id,
            kind: item.kind,
            regime: item.regime,
            channel: item.channel,
            state: item.state,
            waits_until: item.waits_until,
            required: item.required,
            reached: item.reached,
            approvals: item.approvals,
            received_at: item.received_at,
            target_at: item.target_at,
            due_at: item.due_at,
            extendable_to: item.extendable_to,
            extended_at: item.extended_at,
            verified_at: item.verified_at,
            delivered_at: item.delivered_at,
            ended_at: item.ended_at,
            ground: item.ground,
            merged_into: item.merged_into,
            owes: !item.outbox.is_empty(),
        }
    }
}

async fn find(visit: &Visit<'_>, id: &PrivacyRequestId) -> Result<SubjectRequestItem, Problem> {
    visit.app.requests.get(id).await.map_err(unavailable)?.ok_or(Code::NotFound.into())
}

/// `GET /v1/operator/requests/{request}`
pub(crate) async fn show(visit: &Visit<'_>, id: &PrivacyRequestId) -> Result<Answer, Problem> {
    Ok(Answer::json(StatusCode::OK, &Shown::from(find(visit, id).await?)))
}

/// What a request says of its person, until it has ended.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PersonOfRequest"))]
pub(crate) struct Personal {
    id: PrivacyRequestId,
    email: Option<String>,
    /// The account that the person was proven to be the owner of.
    account: Option<AccountId>,
    /// What is to be corrected, by field.
    corrections: std::collections::BTreeMap<String, String>,
}

/// `POST /v1/operator/requests/{request}/reveal`
pub(crate) async fn reveal(visit: &Visit<'_>, id: &PrivacyRequestId) -> Result<Answer, Problem> {
    let reason = reason::asked(visit)?;
    let item = find(visit, id).await?;
    note(visit, SecurityEvent::PersonalDataRead, item.account.clone(), reason.as_str());
    let named = |Correction { field, value }: Correction| (field.as_str().to_owned(), value);
    let shown = Personal {
        id: item.id,
        email: item.email.map(String::from),
        account: item.account,
        corrections: item.corrections.into_iter().map(named).collect(),
    };
    Ok(Answer::json(StatusCode::OK, &shown))
}

/// What can be decided.
#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RequestDecision"))]
#[serde(rename_all = "kebab-case")]
enum Decision {
    /// It is carried out. Where review is required, a second person has to approve it too.
    Approve,
    /// The person is asked for what is missing.
    Ask,
    /// It is refused, on the ground that is given.
    Deny,
    /// More time is taken, as far as the law knows it.
    Extend,
    /// What failed is tried again.
    Resume,
    /// The appeal is granted.
    GrantAppeal,
    /// The appeal is refused.
    RefuseAppeal,
}

impl Decision {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Ask => "ask",
            Self::Deny => "deny",
            Self::Extend => "extend",
            Self::Resume => "resume",
            Self::GrantAppeal => "grant-appeal",
            Self::RefuseAppeal => "refuse-appeal",
        }
    }
}

/// What is decided.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Decided"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Decided {
    decision: Decision,
    /// With `deny`, and only with it: on which ground.
    ground: Option<Ground>,
}

/// `POST /v1/operator/requests/{request}/decisions`
pub(crate) async fn decide(visit: &Visit<'_>, id: &PrivacyRequestId) -> Result<Answer, Problem> {
    let Decided { decision, ground } = visit.call.json()?;
    let item = find(visit, id).await?;
    let now = visit.app.clock.now();
    let by = &visit.key.id;
    let by_another = item.refused_by.as_ref() != Some(by);
    let taken = match (decision, ground) {
        (Decision::Deny, Some(ground)) => Some(Step::Deny(ground)),
        (Decision::Deny, None) => {
            return Err(Problem::fields(vec![FieldError::new("/ground", "a refusal names its ground")]));
        }
        (_, Some(_)) => {
            return Err(Problem::fields(vec![FieldError::new("/ground", "only a refusal has one")]));
        }
        (Decision::Extend, None) => None,
        (Decision::Approve, None) => Some(Step::Approve),
        (Decision::Ask, None) => Some(Step::Ask),
        (Decision::Resume, None) => Some(Step::Resume),
        (Decision::GrantAppeal, None) => Some(Step::GrantAppeal { by_another }),
        (Decision::RefuseAppeal, None) => Some(Step::RefuseAppeal { by_another }),
    };
    let decided = match taken {
        Some(step) => {
            let with = With { by: Some(by.clone()), ..With::default() };
            visit.app.requests.advance(&item, step, with, now).await
        }
        None => visit.app.requests.extend(&item, now).await,
    };
    let decided = decided.map_err(refused)?;
    note(visit, SecurityEvent::RequestDecided, decided.account.clone(), decision.as_str());
    let message = RequestMessage { request: decided.id.clone() };
    // The record owes what follows, and a sweep reminds: what was decided stands.
    if visit.app.request_work.send(&message).await.is_err() {
        tracing::warn!(request = %decided.id, "what follows from a decision waits for the sweep");
    }
    Ok(Answer::json(StatusCode::OK, &Shown::from(decided)))
}

fn refused(error: AdvanceError) -> Problem {
    let detail = match error {
        AdvanceError::Unavailable(cause) => return unavailable(cause),
        AdvanceError::Changed => "the request was changed meanwhile; read it again",
        AdvanceError::Refused(Refused::State) => "the request is not in a state for this",
        AdvanceError::Refused(Refused::Begun) => "the erasure has begun and cannot be taken back",
        AdvanceError::Refused(Refused::Early) => "the time for this has not come",
        AdvanceError::Refused(Refused::Late) => "the time for this is over, or there is none to be had",
        AdvanceError::Refused(Refused::SameReviewer) => "somebody else has to decide this",
    };
    Problem::new(Code::Conflict).detail(detail)
}

/// The line says who has done what to whose request, and not to which: whose key it was, the account, and a word of ours.
fn note(visit: &Visit<'_>, event: SecurityEvent, account: Option<AccountId>, code: &'static str) {
    let concerning = Concerning { account, key: Some(visit.key.id.clone()), code: Some(code), ..Concerning::default() };
    visit.app.journal.security(&visit.call.id, 0, visit.call.source, event, concerning);
}
