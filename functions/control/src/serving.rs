//! One call from its key to its answer.

use cloud::{
    closing::{By, ClosingError},
    dynamo::admission::KeyRecord,
    gate::Rate,
    http::{Answer, Call, Code, Problem, ending, route::Found},
    journal::{Concerning, SecurityEvent, Trace},
};
use domain::{id::StoreId, scope::ScopeSet};
use http::{StatusCode, header};

use crate::{
    App, account, agreements, applications, consents, credentials, events, grants, guides, hooks, keep, keys, once,
    operator, privacy, restrictions,
    routes::{Endpoint, Need, Route, find},
    served_description, sign_up, stores, subscriptions, usage,
};

/// A call of someone whose key was let in.
pub(crate) struct Visit<'a> {
    /// The function.
    pub(crate) app: &'a App,
    /// The call.
    pub(crate) call: &'a Call,
    /// Whose key it is.
    pub(crate) key: &'a KeyRecord,
}

impl Visit<'_> {
    /// On whose behalf something is closed.
    pub(crate) fn by(&self) -> By<'_> {
        By::new(&self.app.journal, &self.call.id, self.call.source)
    }

    /// Notes in the security log what was done to something of this account's.
    pub(crate) fn note(&self, number: u32, event: SecurityEvent, concerning: Concerning) {
        let concerning = Concerning { account: Some(self.key.account.clone()), ..concerning };
        self.app.journal.security(&self.call.id, number, self.call.source, event, concerning);
    }
}

/// Serves a call: the answer, and what it says of limits.
pub(crate) async fn serve(app: &App, call: &Call, readable: Result<(), Problem>) -> (Answer, Rate) {
    let found = find(&call.method, &call.path);
    let name = match &found {
        Found::Route(route, _) => route.name,
        Found::OtherMethods(_) | Found::Nothing => "none",
    };
    let (answer, rate) = answer(app, call, found, readable.and_then(|()| ending::check(name, call.received))).await;
    (ending::announce(answer, name), rate)
}

async fn answer(app: &App, call: &Call, found: Found<'_, Route>, readable: Result<(), Problem>) -> (Answer, Rate) {
    // What routes there are is no secret: only a route that needs a scope takes a key.
    let (route, parameters) = match found {
        Found::Route(route, parameters) if route.need != Need::Nothing => (route, parameters),
        found => {
            return match app.gate.open(call).await {
                Ok(rate) => (without_key(app, call, found, readable).await, rate),
                Err(turned) => turned.answer(call),
            };
        }
    };
    let entered = match app.gate.enter(call).await {
        Ok(entered) => entered,
        Err(turned) => return turned.answer(call),
    };
    let mut trace = Trace::default();
    let visit = Visit { app, call, key: &entered.key };
    let allowed = allowed(&visit, route, &mut trace);
    let result = match allowed.and(readable) {
        // Boxed: two dozen handlers nested in one future are more than the compiler lays out, and one allocation costs nothing here.
        Ok(()) => {
            let change = async || known(&visit, route.endpoint, &parameters, &mut trace).await;
            Box::pin(once::change(&visit, route.endpoint, change)).await
        }
        Err(problem) => Err(problem),
    };
    let store = parameters.first().and_then(|id| id.parse::<StoreId>().ok());
    app.gate.conclude(call, entered, route.name, store, result, trace)
}

/// The answer to a call that takes no key.
async fn without_key(app: &App, call: &Call, found: Found<'_, Route>, readable: Result<(), Problem>) -> Answer {
    let result = match (found, readable) {
        (Found::OtherMethods(allowed), _) => {
            return Answer::problem(&Code::MethodNotAllowed.into(), call).with(header::ALLOW, &allowed);
        }
        (Found::Nothing, _) => Err(Code::NotFound.into()),
        (Found::Route(..), Err(problem)) => Err(problem),
        (Found::Route(route, parameters), Ok(())) => Box::pin(public(app, call, route.endpoint, &parameters)).await,
    };
    result.unwrap_or_else(|problem| Answer::problem(&problem, call))
}

fn allowed(visit: &Visit<'_>, route: &Route, trace: &mut Trace) -> Result<(), Problem> {
    match route.need {
        Need::Nothing => Ok(()),
        Need::Scope(scope) => {
            visit.app.gate.require(visit.call, visit.key, visit.key.scopes, scope)?;
            trace.scopes = ScopeSet::of(&[scope]);
            Ok(())
        }
    }
}

/// What `GET /healthz` answers.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Health {
    status: &'static str,
}

/// What anyone may call.
async fn public(app: &App, call: &Call, endpoint: Endpoint, parameters: &[&str]) -> Result<Answer, Problem> {
    match endpoint {
        Endpoint::ShowGuide => guides::show(parameters),
        Endpoint::ShowDescription => Ok(served_description::show(call)),
        Endpoint::SignUp => sign_up::take(app, call).await,
        Endpoint::ShowLink => sign_up::show_link(call),
        Endpoint::FollowLink => sign_up::follow_link(app, call).await,
        Endpoint::ShowKeepLink => keep::show_link(call),
        Endpoint::FollowKeepLink => keep::follow_link(app, call).await,
        // Every other route needs a scope, which the table's test holds it to.
        _ => Ok(Answer::json(StatusCode::OK, &Health { status: "ok" })),
    }
}

/// What takes a key.
async fn known(
    visit: &Visit<'_>,
    endpoint: Endpoint,
    parameters: &[&str],
    trace: &mut Trace,
) -> Result<Answer, Problem> {
    match endpoint {
        Endpoint::Health
        | Endpoint::ShowDescription
        | Endpoint::ShowGuide
        | Endpoint::SignUp
        | Endpoint::ShowLink
        | Endpoint::FollowLink
        | Endpoint::ShowKeepLink
        | Endpoint::FollowKeepLink => public(visit.app, visit.call, endpoint, parameters).await,
        Endpoint::ShowAccount => account::show(visit).await,
        Endpoint::ChangeAccount => account::change(visit).await,
        Endpoint::CloseAccount => account::close(visit).await,
        Endpoint::ListAgreements => agreements::list(visit).await,
        Endpoint::SayAgreement => agreements::say(visit, parameters).await,
        Endpoint::ListActivity => account::activity(visit, trace).await,
        Endpoint::ShowConsents => consents::show(visit, trace).await,
        Endpoint::SwitchConsent => consents::switch(visit, parameters.first().copied().unwrap_or_default()).await,
        Endpoint::ListManagementKeys => keys::list_management(visit, trace).await,
        Endpoint::CreateManagementKey => keys::create_management(visit).await,
        Endpoint::ListApplications => applications::list(visit, trace).await,
        Endpoint::CreateApplication => applications::create(visit).await,
        Endpoint::ShowApplication => applications::show(visit, &id(parameters, 0)?).await,
        Endpoint::DeleteApplication => applications::delete(visit, &id(parameters, 0)?).await,
        Endpoint::ListKeys => keys::list(visit, &id(parameters, 0)?, trace).await,
        Endpoint::CreateKey => keys::create(visit, &id(parameters, 0)?).await,
        Endpoint::RotateKey => keys::rotate(visit, &id(parameters, 0)?).await,
        Endpoint::RevokeKey => keys::revoke(visit, &id(parameters, 0)?).await,
        Endpoint::ListStores => stores::list(visit, trace).await,
        Endpoint::ConnectStore => stores::connect(visit, trace).await,
        Endpoint::ShowStore => stores::show(visit, &id(parameters, 0)?).await,
        Endpoint::ChangeStore => stores::change(visit, &id(parameters, 0)?, trace).await,
        Endpoint::DisconnectStore => stores::disconnect(visit, &id(parameters, 0)?).await,
        Endpoint::CheckStore => stores::check(visit, &id(parameters, 0)?, trace).await,
        Endpoint::MoveCredential => credentials::move_credential(visit, &id(parameters, 0)?, trace).await,
        Endpoint::RotateHookSecret => hooks::rotate(visit, &id(parameters, 0)?).await,
        Endpoint::PutGrant => grants::put(visit, &id(parameters, 0)?, &id(parameters, 1)?).await,
        Endpoint::RevokeGrant => grants::revoke(visit, &id(parameters, 0)?, &id(parameters, 1)?).await,
        Endpoint::ListRestrictions => restrictions::list(visit, &id(parameters, 0)?, trace).await,
        Endpoint::SetRestriction => restrictions::set(visit, &id(parameters, 0)?).await,
        Endpoint::ShowRestriction => restrictions::show(visit, &id(parameters, 0)?, &id(parameters, 1)?).await,
        Endpoint::EndRestriction => restrictions::end(visit, &id(parameters, 0)?, &id(parameters, 1)?).await,
        Endpoint::ListUsage => usage::list(visit, trace).await,
        Endpoint::ListUsageAdvice => usage::advice(visit, trace).await,
        Endpoint::ListSubscriptions => subscriptions::list(visit, trace).await,
        Endpoint::CreateSubscription => subscriptions::create(visit).await,
        Endpoint::ShowSubscription => subscriptions::show(visit, &id(parameters, 0)?).await,
        Endpoint::ChangeSubscription => subscriptions::change(visit, &id(parameters, 0)?).await,
        Endpoint::DeleteSubscription => subscriptions::delete(visit, &id(parameters, 0)?).await,
        Endpoint::RotateSubscriptionSecret => subscriptions::rotate(visit, &id(parameters, 0)?).await,
        Endpoint::TestSubscription => subscriptions::test(visit, &id(parameters, 0)?).await,
        Endpoint::EnableSubscription => subscriptions::enable(visit, &id(parameters, 0)?).await,
        Endpoint::ListDeliveries => subscriptions::deliveries(visit, &id(parameters, 0)?, trace).await,
        Endpoint::ReplayDeliveries => subscriptions::replay(visit, &id(parameters, 0)?).await,
        Endpoint::ListEvents => events::list(visit, trace).await,
        Endpoint::ListPrivacyRequests => privacy::list(visit, trace).await,
        Endpoint::ListOpenRequests => operator::list_requests(visit, trace).await,
        Endpoint::ShowRequest => operator::show_request(visit, &id(parameters, 0)?).await,
        Endpoint::RevealPerson => operator::reveal(visit, &id(parameters, 0)?).await,
        Endpoint::DecideRequest => operator::decide(visit, &id(parameters, 0)?).await,
        Endpoint::ListHolds => operator::list_holds(visit, trace).await,
        Endpoint::ProposeHold => operator::propose_hold(visit).await,
        Endpoint::ShowHold => operator::show_hold(visit, &id(parameters, 0)?).await,
        Endpoint::TakeHoldStep => operator::take_hold_step(visit, &id(parameters, 0)?).await,
        Endpoint::ListCampaigns => operator::list_campaigns(visit, trace).await,
        Endpoint::ProposeCampaign => operator::propose_campaign(visit).await,
        Endpoint::ShowCampaign => operator::show_campaign(visit, &id(parameters, 0)?).await,
        Endpoint::TakeCampaignStep => operator::take_campaign_step(visit, &id(parameters, 0)?).await,
        Endpoint::ListBreaches => operator::list_breaches(visit, trace).await,
        Endpoint::ReportBreach => operator::report(visit).await,
        Endpoint::ShowBreach => operator::show_breach(visit, &id(parameters, 0)?).await,
        Endpoint::TakeBreachStep => operator::take_step(visit, &id(parameters, 0)?).await,
        Endpoint::DraftBreachNotice => operator::notice(visit, &id(parameters, 0)?).await,
        Endpoint::ListOpenForms => operator::list_forms(visit, trace).await,
        Endpoint::RevealForm => operator::reveal_form(visit, id(parameters, 0)?, &id(parameters, 1)?).await,
        Endpoint::TakeFormStep => operator::take_form_step(visit, id(parameters, 0)?, &id(parameters, 1)?).await,
    }
}

/// An id out of the path. What cannot be an id names nothing.
fn id<T: std::str::FromStr>(parameters: &[&str], place: usize) -> Result<T, Problem> {
    parameters.get(place).and_then(|text| text.parse().ok()).ok_or(Code::NotFound.into())
}

/// "Could not check" is 503 (invariant 6).
/// What stands in the way of closing something.
pub(crate) fn not_closed(error: ClosingError) -> Problem {
    match error {
        ClosingError::Unfinished => {
            Problem::unavailable().detail("the account is being closed; repeat the call to go on")
        }
        ClosingError::Changed(_) => Problem::new(Code::Conflict).detail(format!("{error}; try again")),
        ClosingError::Held => {
            let detail = "a law has us keep something of it; ask for its erasure, and whatever may go goes and you are told what stays";
            Problem::new(Code::Conflict).detail(detail)
        }
        ClosingError::Unavailable(cause) => unavailable(cause),
    }
}

pub(crate) fn unavailable(_: cloud::dynamo::Unavailable) -> Problem {
    Problem::unavailable()
}
