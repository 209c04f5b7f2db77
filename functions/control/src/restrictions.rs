//! Restrictions: a merchant says that the data of a customer of a store must not be used, and that it may be again (GDPR Art. 18; `privacy.md` D.6).

use cloud::{
    dynamo::{
        key,
        stores::{RestrictionItem, StoreItem},
        transaction::{self, TransactionError},
    },
    http::{Answer, Code, FieldError, Problem},
    journal::{SecurityEvent, Trace},
    restrictions::{self, Names},
};
use domain::{
    account::EmailAddress,
    id::{ApplicationId, RestrictionId, StoreId},
    restriction::{Ground, ID_LIMIT, Identifier, Known, MAX_EXCEPTED, MAX_RESTRICTIONS, NOTICE},
    store::StoreState,
};
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    page,
    serving::{Visit, unavailable},
    stores::{about, granted, not_connected, own},
};

/// How often a change is made anew because another one was quicker.
const TURNS: u32 = 4;

/// A restriction, as the store's owner sees it. It has no place for what the customer is known by.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Restriction"))]
pub(crate) struct Shown {
    id: RestrictionId,
    store: StoreId,
    /// What the customer was named by.
    by: Vec<Known>,
    ground: Ground,
    /// Applications that may go on, for legal claims.
    legal_claims: Vec<ApplicationId>,
    set_at: Timestamp,
    /// Until when it holds, where it shall end.
    #[serde(skip_serializing_if = "Option::is_none")]
    lifts_at: Option<Timestamp>,
}

impl From<RestrictionItem> for Shown {
    fn from(item: RestrictionItem) -> Self {
        let RestrictionItem { id, store, by, ground, legal_claims, set_at, lifts_at, .. } = item;
        Self { id, store, by, ground, legal_claims, set_at, lifts_at }
    }
}

/// Whose data must not be used, and why.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRestriction {
    customer: Customer,
    #[cfg_attr(feature = "schema", schemars(with = "Ground"))]
    ground: String,
    /// Applications that were granted something on the store and that the merchant needs for legal claims (Art. 18(2)): they may go on.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<ApplicationId>", length(max = 5)))]
    legal_claims: Vec<String>,
}

/// By what the store knows the customer: at least one of the two, better both. Only keyed hashes of them are kept.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RestrictedCustomer"))]
#[serde(deny_unknown_fields)]
struct Customer {
    /// The platform's id.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 255)))]
    id: Option<String>,
    /// The e-mail address.
    #[serde(default)]
    email: Option<String>,
}

/// What is asked for, checked.
struct Wish {
    customer: Customer,
    ground: Ground,
    legal_claims: Vec<ApplicationId>,
}

fn check(body: NewRestriction) -> Result<Wish, Problem> {
    let mut errors = Vec::new();
    let Customer { id, email } = &body.customer;
    if id.is_none() && email.is_none() {
        errors.push(FieldError::new("/customer", "an id, an e-mail address, or both"));
    }
    if let Some(id) = id
        && (id.trim().is_empty() || id.chars().count() > ID_LIMIT || id.chars().any(char::is_control))
    {
        errors.push(FieldError::new("/customer/id", format!("1 to {ID_LIMIT} characters")));
    }
    if let Some(Err(error)) = email.as_ref().map(|email| email.parse::<EmailAddress>()) {
        errors.push(FieldError::new("/customer/email", error.to_string()));
    }
    let ground = Ground::named(&body.ground);
    if ground.is_none() {
        let known = Ground::ALL.map(Ground::as_str).join(", ");
        errors.push(FieldError::new("/ground", format!("one of: {known}")));
    }
    if body.legal_claims.len() > MAX_EXCEPTED {
        errors.push(FieldError::new("/legal_claims", format!("at most {MAX_EXCEPTED}")));
    }
    let mut legal_claims = Vec::new();
    for (place, text) in body.legal_claims.iter().enumerate() {
        match text.parse::<ApplicationId>() {
            Ok(id) if !legal_claims.contains(&id) => legal_claims.push(id),
            Ok(_) => errors.push(FieldError::new(format!("/legal_claims/{place}"), "stands twice")),
            Err(_) => {
                errors.push(FieldError::new(format!("/legal_claims/{place}"), "must be the id of an application"))
            }
        }
    }
    match ground {
        Some(ground) if errors.is_empty() => Ok(Wish { customer: body.customer, ground, legal_claims }),
        _ => Err(Problem::fields(errors)),
    }
}

/// `POST /v1/stores/{store}/restrictions`: it bites on the next call. Done again, it raises the epochs again, so that one that stopped half-way is
/// finished by its repetition.
pub(crate) async fn set(visit: &Visit<'_>, id: &StoreId) -> Result<Answer, Problem> {
    let wish = check(visit.call.json()?)?;
    let app = visit.app;
    for _ in 0..TURNS {
        let store = own(visit, id).await?;
        let applications = granted(visit, id).await?;
        if store.state != StoreState::Connected {
            return Err(not_connected());
        }
        if let Some(place) = wish.legal_claims.iter().position(|id| !applications.contains(id)) {
            let detail = "was never granted anything on this store";
            return Err(Problem::field(format!("/legal_claims/{place}"), detail));
        }
        let (item, is_new) = restriction(visit, &store, &wish).await?;
        let facts = app.stores.restricting(&visit.key.account, &store, &item);
        match app.keys.bite(facts.into(), &applications).await {
            Ok(()) => {
                // One that was granted something meanwhile may have read the store before this was written.
                let late: Vec<ApplicationId> =
                    granted(visit, id).await?.into_iter().filter(|late| !applications.contains(late)).collect();
                app.keys.bite(Vec::new(), &late).await.map_err(|_| Problem::unavailable())?;
                visit.note(0, SecurityEvent::RestrictionSet, about(id));
                let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
                return Ok(Answer::json(status, &Shown::from(item)));
            }
            Err(TransactionError::Condition(0)) => {}
            Err(_) => return Err(Problem::unavailable()),
        }
    }
    Err(changing())
}

/// The restriction that is wished for, and whether there was none of that customer.
async fn restriction(visit: &Visit<'_>, store: &StoreItem, wish: &Wish) -> Result<(RestrictionItem, bool), Problem> {
    let app = visit.app;
    let now = app.clock.now();
    let names = Names::of(&store.id, &app.data_keys.obtain(&store.id).await.map_err(unavailable)?);
    let Customer { id, email } = &wish.customer;
    let known = [id.as_deref().map(Identifier::Id), email.as_deref().map(Identifier::Email)];
    let known: Vec<Identifier<'_>> = known.into_iter().flatten().collect();
    let named: Vec<String> = known.iter().map(|identifier| names.name(*identifier)).collect();
    let id = restrictions::id(&named);
    let standing: Vec<RestrictionItem> = app.stores.restrictions(&store.id).await.map_err(unavailable)?;
    let same = standing.iter().find(|item| item.id == id && item.holds(now));
    if same.is_none() && standing.iter().filter(|item| item.holds(now)).count() >= MAX_RESTRICTIONS {
        let detail = format!("a store has at most {MAX_RESTRICTIONS} restrictions");
        return Err(Problem::new(Code::QuotaReached).detail(detail));
    }
    let item = RestrictionItem {
        pk: key::store(&store.id),
        sk: key::restriction(&id),
        v: 1,
        id,
        store: store.id.clone(),
        names: named,
        by: known.iter().map(|identifier| identifier.kind()).collect(),
        ground: wish.ground,
        legal_claims: wish.legal_claims.clone(),
        set_at: same.map_or(now, |item| item.set_at),
        lifts_at: None,
        expires_at: None,
    };
    Ok((item, same.is_none()))
}

/// `GET /v1/stores/{store}/restrictions`
pub(crate) async fn list(visit: &Visit<'_>, id: &StoreId, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    own(visit, id).await?;
    let mut page = visit.app.stores.restrictions_page(id, &request).await.map_err(page::failed)?;
    let now = visit.app.clock.now();
    page.items.retain(|item| item.holds(now));
    Ok(page::answer(page.map(Shown::from), trace))
}

/// `GET /v1/stores/{store}/restrictions/{restriction}`
pub(crate) async fn show(visit: &Visit<'_>, store: &StoreId, id: &RestrictionId) -> Result<Answer, Problem> {
    own(visit, store).await?;
    Ok(Answer::json(StatusCode::OK, &Shown::from(standing(visit, store, id).await?)))
}

/// `DELETE /v1/stores/{store}/restrictions/{restriction}`: it ends [`NOTICE`] later, and holds until then. Said again, it ends no later.
pub(crate) async fn end(visit: &Visit<'_>, id: &StoreId, restriction: &RestrictionId) -> Result<Answer, Problem> {
    let app = visit.app;
    for _ in 0..TURNS {
        let store = own(visit, id).await?;
        let item = standing(visit, id, restriction).await?;
        if item.lifts_at.is_some() {
            return Ok(Answer::json(StatusCode::ACCEPTED, &Shown::from(item)));
        }
        if store.state != StoreState::Connected {
            return Err(not_connected());
        }
        let lifts_at = app.clock.now() + NOTICE;
        let expires_at = Some(lifts_at.as_second());
        let item = RestrictionItem { lifts_at: Some(lifts_at), expires_at, ..item };
        let facts = app.stores.restricting(&visit.key.account, &store, &item);
        match transaction::write(&app.tables, facts.into()).await {
            Ok(()) => {
                visit.note(0, SecurityEvent::RestrictionEnding, about(id));
                return Ok(Answer::json(StatusCode::ACCEPTED, &Shown::from(item)));
            }
            Err(TransactionError::Condition(0)) => {}
            Err(_) => return Err(Problem::unavailable()),
        }
    }
    Err(changing())
}

/// A restriction that holds.
async fn standing(visit: &Visit<'_>, store: &StoreId, id: &RestrictionId) -> Result<RestrictionItem, Problem> {
    let found = visit.app.stores.restriction(store, id).await.map_err(unavailable)?;
    found.filter(|item| item.holds(visit.app.clock.now())).ok_or(Code::NotFound.into())
}

fn changing() -> Problem {
    Problem::new(Code::Conflict).detail("the store's restrictions are being changed; try again")
}
