//! The account: shown, changed, closed; and what it did lately.

use cloud::{
    closing::Manner,
    dynamo::{accounts::AccountItem, stores::StoreItem},
    http::{Answer, Code, Problem},
    journal::{ServiceLine, Trace},
    mailer::MailKind,
};
use domain::{account::Consents, consent::Purpose};
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    consents, hooks, page,
    serving::{Visit, not_closed, unavailable},
    sign_up::{read, refuse_cards},
};

/// An account, as its users see it.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Account"))]
pub(crate) struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    email: &'a str,
    phone: &'a str,
    company: &'a str,
    website: &'a str,
    consents: Consents,
    /// True where no marketing mail of any kind goes out.
    unsubscribed_from_marketing: bool,
    policy_version: &'a str,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl<'a> From<&'a AccountItem> for Shown<'a> {
    fn from(account: &'a AccountItem) -> Self {
        Self {
            id: account.id.as_str(),
            name: account.name.as_str(),
            email: account.email.as_str(),
            phone: account.phone.as_str(),
            company: account.company.as_str(),
            website: account.website.as_str(),
            consents: account.consents,
            unsubscribed_from_marketing: account.unsubscribed_from_marketing,
            policy_version: &account.policy_version,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

/// The account behind a call's key. An operator's key has none.
pub(crate) async fn own(visit: &Visit<'_>) -> Result<AccountItem, Problem> {
    visit.app.accounts.get(&visit.key.account).await.map_err(unavailable)?.ok_or(Code::NotFound.into())
}

/// `GET /v1/account`
pub(crate) async fn show(visit: &Visit<'_>) -> Result<Answer, Problem> {
    Ok(Answer::json(StatusCode::OK, &Shown::from(&own(visit).await?)))
}

/// What may be changed. The address of mail may not: a new one would have to be confirmed first.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccountChange"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    #[cfg_attr(feature = "schema", schemars(with = "Option<domain::account::Line>"))]
    name: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<domain::account::Phone>"))]
    phone: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<domain::account::Line>"))]
    company: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<domain::account::Website>"))]
    website: Option<String>,
    #[serde(default)]
    consents: ConsentsChange,
}

#[derive(Default, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
struct ConsentsChange {
    followup: Option<bool>,
    offers: Option<bool>,
    functionality: Option<bool>,
    updates_promos: Option<bool>,
    monthly: Option<bool>,
}

impl ConsentsChange {
    /// What is agreed to if this is added to what was; absent ones stay.
    fn towards(&self, mut agreed: Consents) -> Consents {
        let Self { followup, offers, functionality, updates_promos, monthly } = self;
        for (given, purpose) in [followup, offers, functionality, updates_promos, monthly].into_iter().zip(Purpose::ALL)
        {
            if let Some(given) = given {
                agreed.set(purpose, *given);
            }
        }
        agreed
    }
}

/// `PATCH /v1/account`
pub(crate) async fn change(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let change: Change = visit.call.json()?;
    let read_account = own(visit).await?;
    let wished = change.consents.towards(read_account.consents);
    let changed = AccountItem { updated_at: visit.app.clock.now(), ..apply(change, &read_account)? };
    let changes = consents::changes(&read_account, wished, visit.call);
    let standing = changes.iter().fold(read_account.standing(), |standing, change| standing.after(*change));
    let changed = changed.with(standing);
    consents::write(visit, &changed, read_account.updated_at, &changes).await?;
    Ok(Answer::json(StatusCode::OK, &Shown::from(&changed)))
}

fn apply(change: Change, account: &AccountItem) -> Result<AccountItem, Problem> {
    let mut changed = account.clone();
    let mut errors = Vec::new();
    let texts = [("/name", &change.name), ("/company", &change.company), ("/website", &change.website)];
    refuse_cards(&mut errors, texts.into_iter().filter_map(|(pointer, text)| Some((pointer, text.as_deref()?))));
    if let Some(name) = change.name.and_then(|text| read(&mut errors, "/name", &text)) {
        changed.name = name;
    }
    if let Some(phone) = change.phone.and_then(|text| read(&mut errors, "/phone", &text)) {
        changed.phone = phone;
    }
    if let Some(company) = change.company.and_then(|text| read(&mut errors, "/company", &text)) {
        changed.company = company;
    }
    if let Some(website) = change.website.and_then(|text| read(&mut errors, "/website", &text)) {
        changed.website = website;
    }
    if errors.is_empty() { Ok(changed) } else { Err(Problem::fields(errors)) }
}

/// `DELETE /v1/account`: disconnects the stores, revokes the keys, then erases the account. What cannot be done within one call is done by
/// the next one: until the very end the caller's key works, and each step may be repeated.
pub(crate) async fn close(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let account = own(visit).await?;
    let (last_key, budget) = (Some(&visit.key.id), visit.call.budget);
    let manner = Manner { mail: MailKind::AccountClosed, last_key, budget, held: None };
    let farewell = async |store: &StoreItem| hooks::take_leave(visit, store).await;
    visit.app.closing.account(&visit.by(), &account, manner, farewell).await.map_err(not_closed)?;
    let body = Closed {
        id: account.id,
        status: "closed",
        detail: "All keys are revoked and the account is erased. Its stores are being off-boarded.",
    };
    Ok(Answer::json(StatusCode::ACCEPTED, &body))
}

/// What is answered when an account is closed.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccountClosed"))]
pub(crate) struct Closed {
    id: domain::id::AccountId,
    status: &'static str,
    detail: &'static str,
}

/// One call of the account, as its users see it.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Activity"))]
pub(crate) struct ShownLine {
    id: String,
    at: Timestamp,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<String>,
    route: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    duration_ms: u32,
    upstream_calls: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<cloud::journal::CredentialUse>,
    bytes: u32,
    /// There, and true, where the end of the route is announced: move before its `Sunset`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deprecated: bool,
}

impl From<ServiceLine> for ShownLine {
    fn from(line: ServiceLine) -> Self {
        Self {
            id: format!("{}{}", domain::id::RequestId::PREFIX, line.sk),
            at: line.at,
            key: line.key.into(),
            application: line.application.map(Into::into),
            store: line.store.map(Into::into),
            route: line.route,
            status: line.status,
            code: line.code,
            duration_ms: line.millis,
            upstream_calls: line.upstream_calls,
            upstream_status: line.upstream_status,
            credential: line.credential,
            bytes: line.bytes,
            deprecated: line.deprecated,
        }
    }
}

/// `GET /v1/account/activity`
pub(crate) async fn activity(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let account = own(visit).await?;
    let lines = visit.app.activity.page(&account.id, account.created_at, &request).await.map_err(page::failed)?;
    Ok(page::answer(lines.map(ShownLine::from), trace))
}
