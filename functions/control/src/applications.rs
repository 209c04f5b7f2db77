//! Applications: made, listed, shown, deleted.

use cloud::{
    dynamo::{
        accounts::{ApplicationItem, MAX_APPLICATIONS},
        key,
        transaction::{self, TransactionError},
    },
    http::{Answer, Code, Problem},
    journal::{Concerning, SecurityEvent, Trace},
};
use domain::{account::Line, id::ApplicationId};
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    page,
    serving::{Visit, unavailable},
    sign_up::read,
    subscriptions,
};

/// An application, as its account's users see it.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Application"))]
pub(crate) struct Shown {
    id: ApplicationId,
    name: String,
    created_at: Timestamp,
}

impl From<ApplicationItem> for Shown {
    fn from(item: ApplicationItem) -> Self {
        Self { id: item.id, name: item.name.into(), created_at: item.created_at }
    }
}

/// `GET /v1/applications`
pub(crate) async fn list(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let found = visit.app.accounts.applications(&visit.key.account, &request).await.map_err(page::failed)?;
    Ok(page::answer(found.map(Shown::from), trace))
}

/// An application to make.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApplication {
    #[cfg_attr(feature = "schema", schemars(with = "Line"))]
    name: String,
}

/// `POST /v1/applications`
pub(crate) async fn create(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let body: NewApplication = visit.call.json()?;
    let mut errors = Vec::new();
    let Some(name) = read::<Line>(&mut errors, "/name", &body.name) else { return Err(Problem::fields(errors)) };
    let id = ApplicationId::from_uuid(visit.app.clock.new_id());
    let account = visit.key.account.clone();
    let item = ApplicationItem {
        pk: key::account(&account),
        sk: key::application(&id),
        v: 1,
        id,
        account,
        name,
        created_at: visit.app.clock.now(),
    };
    let parts = visit.app.accounts.creating_application(&item);
    transaction::write(&visit.app.tables, parts.into()).await.map_err(|error| match error {
        TransactionError::Condition(_) => {
            Problem::new(Code::QuotaReached).detail(format!("an account has at most {MAX_APPLICATIONS} applications"))
        }
        TransactionError::Unavailable(cause) => unavailable(cause),
    })?;
    Ok(Answer::json(StatusCode::CREATED, &Shown::from(item)))
}

/// An application of the caller's account. Another account's is not there.
pub(crate) async fn own(visit: &Visit<'_>, id: &ApplicationId) -> Result<ApplicationItem, Problem> {
    let found = visit.app.accounts.application(&visit.key.account, id).await.map_err(unavailable)?;
    found.ok_or(Code::NotFound.into())
}

/// `GET /v1/applications/{application}`
pub(crate) async fn show(visit: &Visit<'_>, id: &ApplicationId) -> Result<Answer, Problem> {
    Ok(Answer::json(StatusCode::OK, &Shown::from(own(visit, id).await?)))
}

/// `DELETE /v1/applications/{application}`
pub(crate) async fn delete(visit: &Visit<'_>, id: &ApplicationId) -> Result<Answer, Problem> {
    own(visit, id).await?;
    remove(visit, id).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// Deletes an application and revokes its keys, all at once: no key outlives what holds it. Its subscriptions go first, so that one that is
/// made meanwhile is found by asking again.
pub(crate) async fn remove(visit: &Visit<'_>, id: &ApplicationId) -> Result<(), Problem> {
    subscriptions::remove_all(visit, id).await?;
    let mut live = visit.app.keys.all_of_application(id).await.map_err(unavailable)?;
    live.retain(|key| key.is_live());
    let mut parts: Vec<_> = visit.app.accounts.deleting_application(&visit.key.account, id, live.len()).into();
    parts.extend(live.iter().flat_map(|key| visit.app.keys.revoking(key)));
    match transaction::write(&visit.app.tables, parts).await {
        Ok(()) => {}
        // Somebody else was faster: what was asked for is done.
        Err(TransactionError::Condition(0)) => return Ok(()),
        Err(TransactionError::Condition(_)) => {
            return Err(Problem::new(Code::Conflict)
                .detail("the application's keys or subscriptions changed meanwhile; try again"));
        }
        Err(TransactionError::Unavailable(cause)) => return Err(unavailable(cause)),
    }
    for (number, key) in (0..).zip(&live) {
        let concerning =
            Concerning { key: Some(key.id.clone()), application: Some(id.clone()), ..Concerning::default() };
        visit.note(number, SecurityEvent::KeyRevoked, concerning);
    }
    Ok(())
}
