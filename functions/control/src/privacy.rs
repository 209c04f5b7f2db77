//! Requests about people, as those see them who answer for the account's stores.

use cloud::{
    dynamo::privacy::RequestItem,
    http::{Answer, Problem},
    journal::Trace,
};
use domain::{
    event::PrivacyTopic,
    id::{PrivacyRequestId, StoreId},
    privacy::{Held, RequestState},
};
use jiff::Timestamp;

use crate::{page, serving::Visit};

/// A request.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PrivacyRequest"))]
pub(crate) struct Shown {
    id: PrivacyRequestId,
    /// `customer-access`: a customer wants to know what is held; `customer-erasure`: a customer is to be forgotten.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    kind: PrivacyTopic,
    store: StoreId,
    state: RequestState,
    /// When the store's platform passed it on.
    received_at: Timestamp,
    /// By when it must be closed.
    due_at: Timestamp,
    /// When everything that rested was erased. It is closed a day later, when nothing can be travelling any more.
    erased_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    /// What was found, or found and erased.
    held: Held,
}

impl From<RequestItem> for Shown {
    fn from(item: RequestItem) -> Self {
        let RequestItem { id, topic: kind, store, state, received_at, due_at, erased_at, closed_at, held, .. } = item;
        Self { id, kind, store, state, received_at, due_at, erased_at, closed_at, held }
    }
}

/// `GET /v1/privacy/requests`
pub(crate) async fn list(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let found = visit.app.privacy.page(&visit.key.account, &request).await.map_err(page::failed)?;
    Ok(page::answer(found.map(Shown::from), trace))
}
