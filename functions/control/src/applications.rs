//! Applications: made, listed, shown, deleted.

use cloud::{
    dynamo::{
        accounts::{ApplicationItem, MAX_APPLICATIONS},
        key,
        transaction::{self, TransactionError},
    },
    http::{Answer, Code, Problem},
    journal::Trace,
};
use domain::{account::Line, id::ApplicationId};
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    page,
    serving::{Visit, not_closed, unavailable},
    sign_up::read,
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
    visit.app.closing.application(&visit.by(), &visit.key.account, id, None).await.map_err(not_closed)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}
