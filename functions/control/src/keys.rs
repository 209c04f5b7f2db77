//! Keys: made, listed, rotated, revoked. A secret is shown in the answer that makes it, and never again (R117).

use cloud::{
    dynamo::{
        accounts::MAX_KEYS,
        keys::{Holder, KeyOrder, MAX_MANAGEMENT_KEYS, ShownKeyItem},
        page::Page,
        transaction::{self, TransactionError},
    },
    http::{Answer, Call, Code, FieldError, Problem},
    journal::{Concerning, SecurityEvent, Trace},
};
use domain::{
    account::Line,
    id::{ApplicationId, KeyId},
    key::NewKey,
    role::Role,
    scope::{Scope, ScopeSet},
    tier::Tier,
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use crate::{
    applications, page,
    serving::{Visit, unavailable},
    sign_up::read,
};

/// How long the old secret stays good after a rotation where nothing else is said.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// How long it may stay good (R118).
const LONGEST_OVERLAP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A key, as its owner sees it.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Key"))]
pub(crate) struct ShownKey {
    id: KeyId,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<ApplicationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    name: Option<Line>,
    scopes: ScopeSet,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["standard", "growth", "professional", "enterprise"])))]
    tier: String,
    last4: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    rotated_at: Option<Timestamp>,
    overlap_until: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    /// When it was first seen in a URL, where it ends up in logs: it should be rotated.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposed_at: Option<Timestamp>,
    /// The whole key, in the one answer that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl From<ShownKeyItem> for ShownKey {
    fn from(item: ShownKeyItem) -> Self {
        Self {
            expires_at: item.end(),
            id: item.id,
            application: item.application,
            role: item.role,
            name: item.name,
            scopes: item.scopes,
            tier: item.tier,
            last4: item.last4,
            created_at: item.created_at,
            rotated_at: item.rotated_at,
            overlap_until: item.overlap_until,
            revoked_at: item.revoked_at,
            exposed_at: None,
            key: None,
        }
    }
}

impl ShownKey {
    /// A key with its secret.
    pub(crate) fn with_secret(item: ShownKeyItem, new: &NewKey) -> Self {
        Self { key: Some(new.reveal().to_owned()), last4: new.last4().to_owned(), ..Self::from(item) }
    }
}

/// What an application may hold: the data plane, as far as merchants grant it, and what belongs to running an application. Nothing that
/// manages the account: such a key would be worth stealing from a server.
fn fit_for_applications(scope: Scope) -> bool {
    scope.is_data_plane()
        || matches!(scope, Scope::SubscriptionsRead | Scope::SubscriptionsWrite | Scope::EventsRead | Scope::UsageRead)
}

/// Reads a list of scopes that must not be empty and may only hold what `fits`.
pub(crate) fn scopes(given: &[String], fits: impl Fn(Scope) -> bool, errors: &mut Vec<FieldError>) -> ScopeSet {
    if given.is_empty() {
        errors.push(FieldError::new("/scopes", "at least one scope"));
    }
    let read = given.iter().enumerate().filter_map(|(place, text)| match text.parse::<Scope>() {
        Ok(scope) if fits(scope) => Some(scope),
        Ok(scope) => {
            errors.push(FieldError::new(format!("/scopes/{place}"), format!("{scope} cannot be given here")));
            None
        }
        Err(_) => {
            errors.push(FieldError::new(format!("/scopes/{place}"), "there is no such scope"));
            None
        }
    });
    read.collect()
}

fn ends(given: Option<Timestamp>, now: Timestamp, errors: &mut Vec<FieldError>) -> Option<Timestamp> {
    if given.is_some_and(|end| end <= now) {
        errors.push(FieldError::new("/expires_at", "must be in the future"));
    }
    given
}

fn name(given: Option<&String>, errors: &mut Vec<FieldError>) -> Option<Line> {
    given.and_then(|text| read(errors, "/name", text))
}

/// `GET /v1/applications/{application}/keys`
pub(crate) async fn list(visit: &Visit<'_>, application: &ApplicationId, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    applications::own(visit, application).await?;
    let found = visit.app.keys.page_of_application(application, &request).await.map_err(page::failed)?;
    listed(visit, found, trace).await
}

/// An application's key to make.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApplicationKey {
    #[cfg_attr(feature = "schema", schemars(with = "Option<Line>"))]
    name: Option<String>,
    /// Scopes of the data plane, `subscriptions:*`, `events:read`, `usage:read`; at least one.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<Scope>", length(min = 1)))]
    scopes: Vec<String>,
    /// `standard` where nothing is said; `enterprise` is agreed with the operator.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["standard", "growth", "professional", null])))]
    tier: Option<String>,
    /// When it ends by itself; in the future.
    expires_at: Option<Timestamp>,
}

/// `POST /v1/applications/{application}/keys`
pub(crate) async fn create(visit: &Visit<'_>, application: &ApplicationId) -> Result<Answer, Problem> {
    let body: NewApplicationKey = visit.call.json()?;
    let mut errors = Vec::new();
    let name = name(body.name.as_ref(), &mut errors);
    let scopes = scopes(&body.scopes, fit_for_applications, &mut errors);
    let ends_at = ends(body.expires_at, visit.app.clock.now(), &mut errors);
    let tier =
        Tier::from_parts(body.tier.as_deref().unwrap_or(Tier::Standard.name()), None, None).unwrap_or_else(|_| {
            let detail = "standard, growth or professional; enterprise limits are agreed with the operator";
            errors.push(FieldError::new("/tier", detail));
            Tier::Standard
        });
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    applications::own(visit, application).await?;
    let holder = Holder::Application(application.clone(), scopes);
    make(visit, KeyOrder { account: visit.key.account.clone(), holder, name, tier, ends_at }).await
}

/// `GET /v1/keys`, and `GET /v1/account/keys` while that is there
pub(crate) async fn list_management(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let found = visit.app.keys.page_of_account(&visit.key.account, &request).await.map_err(page::failed)?;
    listed(visit, found, trace).await
}

async fn listed(visit: &Visit<'_>, found: Page<ShownKeyItem>, trace: &mut Trace) -> Result<Answer, Problem> {
    let exposures = visit.app.keys.exposures(&found.items).await.map_err(unavailable)?;
    let mut exposures = exposures.into_iter();
    let shown = found.map(|item| ShownKey { exposed_at: exposures.next().flatten(), ..ShownKey::from(item) });
    Ok(page::answer(shown, trace))
}

/// A management key to make.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewManagementKey {
    /// Any but `operator`.
    role: Role,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Line>"))]
    name: Option<String>,
    /// When it ends by itself; in the future.
    expires_at: Option<Timestamp>,
}

/// `POST /v1/keys`, and `POST /v1/account/keys` while that is there
pub(crate) async fn create_management(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let body: NewManagementKey = visit.call.json()?;
    let mut errors = Vec::new();
    let name = name(body.name.as_ref(), &mut errors);
    let ends_at = ends(body.expires_at, visit.app.clock.now(), &mut errors);
    if body.role == Role::Operator {
        errors.push(FieldError::new("/role", "an operator's key is made by whoever runs the deployment"));
    }
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let keys = visit.app.keys.all_of_account(&visit.key.account).await.map_err(unavailable)?;
    if keys.iter().filter(|key| key.is_live()).count() >= MAX_MANAGEMENT_KEYS {
        let detail = format!("an account has at most {MAX_MANAGEMENT_KEYS} management keys");
        return Err(Problem::new(Code::QuotaReached).detail(detail));
    }
    let holder = Holder::Person(body.role);
    let account = visit.key.account.clone();
    make(visit, KeyOrder { account, holder, name, tier: Tier::Professional, ends_at }).await
}

async fn make(visit: &Visit<'_>, order: KeyOrder) -> Result<Answer, Problem> {
    let (new, shown, parts) = visit.app.keys.creating(order);
    transaction::write(&visit.app.tables, parts).await.map_err(|error| match error {
        TransactionError::Condition(_) => {
            Problem::new(Code::QuotaReached).detail(format!("an application has at most {MAX_KEYS} keys"))
        }
        TransactionError::Unavailable(cause) => unavailable(cause),
    })?;
    visit.note(0, SecurityEvent::KeyCreated, about(&shown));
    Ok(Answer::json(StatusCode::CREATED, &ShownKey::with_secret(shown, &new)))
}

/// A key that the caller may rotate or revoke. A management key of someone else takes more than `keys:write`: whoever could rotate the
/// owner's key would be the owner.
async fn changeable(visit: &Visit<'_>, id: &KeyId) -> Result<ShownKeyItem, Problem> {
    let found = visit.app.keys.of_account(&visit.key.account, id).await.map_err(unavailable)?;
    let key = found.ok_or(Code::NotFound)?;
    if key.role.is_some() && key.id != visit.key.id {
        visit.app.gate.require(visit.call, visit.key, visit.key.scopes, Scope::AccountWrite)?;
    }
    Ok(key)
}

/// `POST /v1/keys/{key}/rotate`
pub(crate) async fn rotate(visit: &Visit<'_>, id: &KeyId) -> Result<Answer, Problem> {
    let overlap = overlap(visit.call)?;
    let key = changeable(visit, id).await?;
    let now = visit.app.clock.now();
    let until = now + overlap;
    let (new, parts) = visit.app.keys.rotating(&key, until);
    transaction::write(&visit.app.tables, parts.into()).await.map_err(|error| match error {
        TransactionError::Condition(_) => Problem::new(Code::Conflict).detail("the key is revoked or suspended"),
        TransactionError::Unavailable(cause) => unavailable(cause),
    })?;
    visit.note(0, SecurityEvent::KeyRotated, about(&key));
    let rotated =
        ShownKeyItem { rotated_at: Some(now), overlap_until: Some(until), rotate_by: None, told_again: false, ..key };
    Ok(Answer::json(StatusCode::OK, &ShownKey::with_secret(rotated, &new)))
}

/// How a key is to be rotated.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How long the old secret stays good: one day where nothing is said, 7 days at most.
    #[cfg_attr(feature = "schema", schemars(range(max = 604_800)))]
    overlap_seconds: Option<u32>,
}

fn overlap(call: &Call) -> Result<SignedDuration, Problem> {
    if call.body.is_empty() {
        return Ok(OVERLAP);
    }
    let body: Rotation = call.json()?;
    let overlap = body.overlap_seconds.map_or(OVERLAP, |seconds| SignedDuration::from_secs(seconds.into()));
    if overlap > LONGEST_OVERLAP {
        return Err(Problem::field("/overlap_seconds", format!("0 to {}", LONGEST_OVERLAP.as_secs())));
    }
    Ok(overlap)
}

/// `DELETE /v1/keys/{key}`: bites on the key's next call.
pub(crate) async fn revoke(visit: &Visit<'_>, id: &KeyId) -> Result<Answer, Problem> {
    let key = changeable(visit, id).await?;
    let now = visit.app.clock.now();
    if key.role == Some(Role::Owner) && key.is_good(now) {
        let keys = visit.app.keys.all_of_account(&visit.key.account).await.map_err(unavailable)?;
        if !keys.iter().any(|other| other.id != key.id && other.role == Some(Role::Owner) && other.is_good(now)) {
            let detail = "this is the account's last owner key; rotate it, or close the account";
            return Err(Problem::new(Code::Conflict).detail(detail));
        }
    }
    let mut parts: Vec<_> = visit.app.keys.revoking(&key).into();
    parts.extend(visit.app.keys.making_room(&key));
    match transaction::write(&visit.app.tables, parts).await {
        Ok(()) => visit.note(0, SecurityEvent::KeyRevoked, about(&key)),
        // It is revoked already: what was asked for is done.
        Err(TransactionError::Condition(0)) => {}
        Err(_) => return Err(Problem::unavailable()),
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn about(key: &ShownKeyItem) -> Concerning {
    Concerning { key: Some(key.id.clone()), application: key.application.clone(), ..Concerning::default() }
}
