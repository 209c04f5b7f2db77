//! Changes that carry an `Idempotency-Key` happen once: a second one with the same key is shown what the first one made, as it stands now.

use cloud::{
    dynamo::idempotency::{End, Made},
    http::{Answer, Code, Problem},
    once::{self, Begun},
};
use http::{Method, StatusCode};

use crate::{account, applications, operator, routes::Endpoint, serving::Visit, stores, subscriptions};

/// Carries `change` out, once if the call has an `Idempotency-Key`.
pub(crate) async fn change(
    visit: &Visit<'_>,
    endpoint: Endpoint,
    change: impl AsyncFnOnce() -> Result<Answer, Problem>,
) -> Result<Answer, Problem> {
    if visit.call.method.is_safe() {
        return change().await;
    }
    match once::begin(&visit.app.idempotency, visit.call, &visit.key.id).await? {
        Begun::WithoutKey => change().await,
        Begun::First(claim) => {
            let result = change().await;
            once::end(&visit.app.idempotency, claim, end(&visit.call.method, &result)).await;
            result
        }
        Begun::Refused(answer) => Ok(answer),
        Begun::Made { status, made } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let mut answer = again(visit, endpoint, status, made.first().and_then(|made| made.id.as_deref())).await?;
            answer.status = status;
            Ok(once::replayed(answer))
        }
    }
}

/// A change that was refused did nothing, and may be allowed another time.
fn end(method: &Method, result: &Result<Answer, Problem>) -> End {
    match result {
        Ok(answer) => {
            let status = answer.status.as_u16();
            End::Answered { status, code: None, made: vec![Made { status, id: id(answer) }] }
        }
        Err(problem) if problem.code.status().is_server_error() && *method == Method::POST => End::Unknown,
        Err(_) => End::Nothing,
    }
}

/// The id of what an answer shows.
fn id(answer: &Answer) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Shown {
        id: String,
    }
    serde_json::from_slice::<Shown>(&answer.body).ok().map(|shown| shown.id)
}

/// What was made, as it stands now; only its id where it is shown but once, as a key is.
async fn again(visit: &Visit<'_>, endpoint: Endpoint, status: StatusCode, id: Option<&str>) -> Result<Answer, Problem> {
    fn parsed<T: std::str::FromStr>(id: Option<&str>) -> Result<T, Problem> {
        id.and_then(|id| id.parse().ok()).ok_or(Code::NotFound.into())
    }
    match endpoint {
        Endpoint::ChangeAccount => account::show(visit).await,
        Endpoint::CreateApplication => applications::show(visit, &parsed(id)?).await,
        Endpoint::ConnectStore | Endpoint::ChangeStore | Endpoint::MoveCredential => {
            stores::show(visit, &parsed(id)?).await
        }
        Endpoint::ChangeSubscription | Endpoint::EnableSubscription => subscriptions::show(visit, &parsed(id)?).await,
        Endpoint::DecideRequest => operator::show_request(visit, &parsed(id)?).await,
        Endpoint::ProposeHold | Endpoint::TakeHoldStep => operator::show_hold(visit, &parsed(id)?).await,
        Endpoint::ProposeCampaign | Endpoint::TakeCampaignStep => operator::show_campaign(visit, &parsed(id)?).await,
        Endpoint::ReportBreach | Endpoint::TakeBreachStep => operator::show_breach(visit, &parsed(id)?).await,
        _ if status == StatusCode::NO_CONTENT => Ok(Answer::empty(status)),
        _ => Ok(match id {
            Some(id) => Answer::json(status, &serde_json::json!({ "id": id })),
            None => Answer::json(status, &serde_json::json!({})),
        }),
    }
}
