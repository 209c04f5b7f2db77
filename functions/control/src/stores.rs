//! Stores: connected, listed, changed, checked, disconnected.

use std::{collections::BTreeMap, fmt};

use cloud::{
    dynamo::{
        accounts::MAX_STORES,
        key,
        stores::{GrantItem, StoreChange, StoreItem},
        transaction::{self, TransactionError},
    },
    http::{Answer, Code, Problem},
    journal::{Concerning, CredentialUse, SecurityEvent, Trace},
};
use connectors::{Connector, Context, Credential, StoreAddress};
use domain::{
    id::{ApplicationId, StoreId},
    model::Entity,
    scope::ScopeSet,
    store::{Region, StoreState, VaultForm},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::{
    credentials::{begin_change, no_credential, not_changed, replace, vault_form},
    hooks, page, probe,
    serving::{Visit, unavailable},
};

/// Stores that are read at a time for a page of a list.
const AT_ONCE: usize = 16;

/// A store, as its owner sees it. It has no place for a credential.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Store"))]
pub(crate) struct Shown {
    id: StoreId,
    platform: String,
    url: String,
    region: Region,
    state: StoreState,
    cache: bool,
    vault: VaultForm,
    connected_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnected_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<Vec<ShownGrant>>,
    /// How it stands with its webhooks; in the answers about one store.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhooks: Option<hooks::Shown>,
}

/// A grant, as the store's owner sees it.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Grant"))]
pub(crate) struct ShownGrant {
    store: StoreId,
    application: ApplicationId,
    scopes: ScopeSet,
    granted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
}

impl From<StoreItem> for Shown {
    fn from(item: StoreItem) -> Self {
        Self {
            id: item.id,
            platform: item.platform,
            url: item.url,
            region: item.region,
            state: item.state,
            cache: item.cache,
            vault: item.vault,
            connected_at: item.connected_at,
            disconnected_at: item.disconnected_at,
            grants: None,
            webhooks: None,
        }
    }
}

impl From<GrantItem> for ShownGrant {
    fn from(item: GrantItem) -> Self {
        Self {
            store: item.store,
            application: item.application,
            scopes: item.scopes,
            granted_at: item.granted_at,
            revoked_at: item.revoked_at,
        }
    }
}

/// A store of the caller's account. Another account's is not there.
pub(crate) async fn own(visit: &Visit<'_>, id: &StoreId) -> Result<StoreItem, Problem> {
    let found = visit.app.stores.of_account(&visit.key.account, id).await.map_err(unavailable)?;
    found.ok_or(Code::NotFound.into())
}

/// `GET /v1/stores`
pub(crate) async fn list(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let account = &visit.key.account;
    let ids = visit.app.accounts.stores(account, &request).await.map_err(page::failed)?;
    let found: Vec<Option<StoreItem>> = stream::iter(&ids.items)
        .map(|id| visit.app.stores.of_account(account, id))
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .map_err(unavailable)?;
    // One that left between the two reads is left out.
    let items = found.into_iter().flatten().map(Shown::from).collect();
    Ok(page::answer(cloud::dynamo::page::Page { items, next_cursor: ids.next_cursor }, trace))
}

/// `GET /v1/stores/{store}`
pub(crate) async fn show(visit: &Visit<'_>, id: &StoreId) -> Result<Answer, Problem> {
    let store = own(visit, id).await?;
    let grants = visit.app.stores.grants(id).await.map_err(unavailable)?;
    let grants = grants.into_iter().map(ShownGrant::from).collect();
    let webhooks = hooks::shown(visit, &store).await?;
    Ok(Answer::json(StatusCode::OK, &Shown { grants: Some(grants), webhooks, ..Shown::from(store) }))
}

/// A credential as it is sent: a map of texts, none of which may stand twice. No `Debug`.
struct Offered(Credential);

impl<'de> serde::Deserialize<'de> for Offered {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> serde::de::Visitor<'de> for Fields {
            type Value = Offered;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object of texts")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Offered, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, SecretText>()? {
                    // serde's own maps would let the last one win.
                    if fields.insert(name, value.0).is_some() {
                        return Err(serde::de::Error::custom("a credential field stands twice"));
                    }
                }
                Ok(Offered(fields.into_iter().collect()))
            }
        }
        from.deserialize_map(Fields)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Offered {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Credentials".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "The fields that the platform needs; `GET /v1/platforms` names them.",
            "additionalProperties": { "type": "string", "minLength": 1, "maxLength": 512, "writeOnly": true },
        })
    }
}

/// A text that no error message repeats.
struct SecretText(SecretString);

impl<'de> serde::Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = SecretText;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SecretText, E> {
                Ok(SecretText(text.to_owned().into()))
            }
        }
        from.deserialize_str(Text)
    }
}

#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "StoreConnection"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Connect {
    /// The `name` of one of `GET /v1/platforms`.
    platform: String,
    url: String,
    credentials: Offered,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Region>"))]
    region: Option<String>,
    #[serde(default)]
    cache: bool,
    #[cfg_attr(feature = "schema", schemars(with = "Option<VaultForm>"))]
    vault: Option<String>,
}

/// `POST /v1/stores`: the credential is tried before anything is kept.
///
/// The store's item comes first and says that it is connecting: should this invocation die, the sweep finds by it whatever was kept.
pub(crate) async fn connect(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let Connect { platform, url, credentials: Offered(credential), region, cache, vault } = visit.call.json()?;
    let app = visit.app;
    let connector = connectors::connector(&platform).ok_or_else(|| {
        let known: Vec<_> = connectors::catalogue().map(|platform| platform.name).collect();
        Problem::field("/platform", format!("one of: {}", known.join(", ")))
    })?;
    if let Some(region) = region {
        let region: Region = region.parse().map_err(|_| Problem::field("/region", "eu or us"))?;
        if region != app.region {
            let mut problem = Problem::new(Code::Misdirected).detail("connect the store at the other region's API");
            problem.location = Some(app.other_region.clone());
            return Err(problem);
        }
    }
    let vault = vault.map_or(Ok(VaultForm::default()), |form| vault_form("/vault", &form))?;
    let address = address(visit, connector, &url)?;
    connector.platform().check_credential(&credential).map_err(|error| probe::credential(&error))?;
    try_out(visit, connector, &address, &credential, trace).await?;

    let id = StoreId::from_uuid(app.clock.new_id());
    let item = StoreItem {
        pk: key::store(&id),
        sk: key::STORE.to_owned(),
        v: 1,
        id: id.clone(),
        account: visit.key.account.clone(),
        platform: connector.platform().name.to_owned(),
        url: address.to_string(),
        region: app.region,
        state: StoreState::Connecting,
        generation: 1,
        cache,
        vault,
        credential: 0,
        changing_until: None,
        restriction_changes: 0,
        connected_at: app.clock.now(),
        disconnected_at: None,
        expires_at: None,
    };
    let mut parts = vec![app.stores.connecting(&item)];
    parts.extend(app.accounts.adding_store(&visit.key.account, &id));
    transaction::write(&app.tables, parts).await.map_err(|error| match error {
        TransactionError::Condition(_) => {
            Problem::new(Code::QuotaReached).detail(format!("an account has at most {MAX_STORES} stores"))
        }
        TransactionError::Unavailable(cause) => unavailable(cause),
    })?;
    let first = hooks::first(connector, &credential);
    if let Err(problem) = complete_connection(visit, &item, &credential, first.as_ref()).await {
        take_back(visit, &item).await;
        return Err(problem);
    }
    visit.note(0, SecurityEvent::StoreConnected, about(&id));
    hooks::order(visit, &item).await;
    let webhooks = hooks::shown_first(visit, &id, connector, first);
    let store = StoreItem { state: StoreState::Connected, ..item };
    Ok(Answer::json(StatusCode::CREATED, &Shown { webhooks, ..Shown::from(store) }))
}

/// Keeps the credential of a store that is connecting and what its webhooks are signed with, and makes the store usable.
async fn complete_connection(
    visit: &Visit<'_>,
    item: &StoreItem,
    credential: &Credential,
    first: Option<&hooks::First>,
) -> Result<(), Problem> {
    let app = visit.app;
    if item.cache {
        app.data_keys.obtain(&item.id).await.map_err(unavailable)?;
    }
    let kept = app.vault.keep(item, item.vault, credential).await.map_err(|_| Problem::unavailable())?;
    let mut parts = [vec![app.stores.connected(item)], kept].concat();
    if let Some(first) = first {
        parts.push(first.keeping(visit, &item.id).await?);
    }
    transaction::write(&app.tables, parts).await.map_err(|error| match error {
        TransactionError::Condition(_) => not_connected(),
        TransactionError::Unavailable(cause) => unavailable(cause),
    })
}

/// Takes back what was kept of a store that could not be connected. What cannot be taken back now is left to the sweep, which finds it by the
/// store's item: that goes last.
async fn take_back(visit: &Visit<'_>, item: &StoreItem) {
    let app = visit.app;
    if app.vault.destroy(&item.id).await.is_ok()
        && app.stores.delete_hooks(&item.id).await.is_ok()
        && app.accounts.drop_store(&item.account, &item.id).await.is_ok()
    {
        // Its cause is in the log already.
        let _ = app.stores.remove(item).await;
    }
}

pub(crate) fn not_connected() -> Problem {
    Problem::new(Code::Conflict).detail("the store is being connected or disconnected")
}

fn address(visit: &Visit<'_>, connector: &dyn Connector, url: &str) -> Result<StoreAddress, Problem> {
    connector.address(url, visit.app.loopback).map_err(|error| Problem::field("/url", error.to_string()))
}

async fn try_out(
    visit: &Visit<'_>,
    connector: &dyn Connector,
    address: &StoreAddress,
    credential: &Credential,
    trace: &mut Trace,
) -> Result<(), Problem> {
    let context = Context { address, credential };
    probe::works(&visit.app.egress, connector, &context, visit.call.budget, &mut trace.upstream)
        .await
        .map_err(|failure| failure.while_connecting())
}

#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "StoreChange"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    url: Option<String>,
    credentials: Option<Offered>,
    cache: Option<bool>,
}

/// `PATCH /v1/stores/{store}`: another address takes its credential along, or whoever may change addresses could have the old credential
/// sent to a place of their own.
pub(crate) async fn change(visit: &Visit<'_>, id: &StoreId, trace: &mut Trace) -> Result<Answer, Problem> {
    let change: Change = visit.call.json()?;
    if change.url.is_some() && change.credentials.is_none() {
        return Err(Problem::field("/credentials", "a new address needs its credentials again"));
    }
    let mut store = own(visit, id).await?;
    if store.state != StoreState::Connected {
        return Err(not_connected());
    }
    let app = visit.app;
    let connector = connectors::connector(&store.platform).ok_or(Code::Internal)?;
    let address = address(visit, connector, change.url.as_deref().unwrap_or(&store.url))?;
    if change.cache == Some(true) {
        // What is cached is sealed under it. The data plane makes no keys.
        app.data_keys.obtain(id).await.map_err(unavailable)?;
        // Nobody told the cache what changed while it was off.
        app.cached.invalidate(id, &Entity::ALL, app.clock.now()).await.map_err(unavailable)?;
    }
    let url = change.url.is_some().then(|| address.to_string());
    let wishes = StoreChange { url: url.as_deref(), cache: change.cache, credential: None };
    match &change.credentials {
        None => {
            let fact = app.stores.changing(&visit.key.account, id, wishes);
            app.keys.bite(vec![fact], &granted(visit, id).await?).await.map_err(not_changed)?;
        }
        Some(Offered(credential)) => {
            connector.platform().check_credential(credential).map_err(|error| probe::credential(&error))?;
            try_out(visit, connector, &address, credential, trace).await?;
            let until = begin_change(visit, &store).await?;
            let replaced = replace(visit, &store, wishes, credential).await;
            app.stores.end_change(id, until).await;
            replaced?;
            // The platform may be at another address by now, and what it signs with may be new.
            hooks::order(visit, &store).await;
        }
    }
    if change.cache == Some(false) {
        app.cached.clear(id).await.map_err(unavailable)?;
    }
    store.url = url.unwrap_or(store.url);
    store.cache = change.cache.unwrap_or(store.cache);
    Ok(Answer::json(StatusCode::OK, &Shown::from(store)))
}

/// A credential that works.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "StoreChecked"))]
pub(crate) struct Checked {
    store: StoreId,
    works: bool,
    checked_at: Timestamp,
}

/// `POST /v1/stores/{store}/check`
pub(crate) async fn check(visit: &Visit<'_>, id: &StoreId, trace: &mut Trace) -> Result<Answer, Problem> {
    let store = own(visit, id).await?;
    if store.state != StoreState::Connected {
        return Err(not_connected());
    }
    let app = visit.app;
    let connector = connectors::connector(&store.platform).ok_or(Code::Internal)?;
    let address = address(visit, connector, &store.url)?;
    // Before the read, so that no read goes without its line.
    visit.note(0, SecurityEvent::CredentialRead, about(id));
    trace.upstream.credential = Some(CredentialUse::Read);
    let credential = app.vault.read(&store).await.map_err(no_credential)?;
    let context = Context { address: &address, credential: &credential };
    probe::works(&app.egress, connector, &context, visit.call.budget, &mut trace.upstream)
        .await
        .map_err(|failure| failure.while_checking())?;
    Ok(Answer::json(StatusCode::OK, &Checked { store: id.clone(), works: true, checked_at: app.clock.now() }))
}

/// What is done for a store that leaves, and what follows.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "StoreLeaving"))]
pub(crate) struct Leaving {
    id: StoreId,
    state: StoreState,
    disconnected_at: Option<Timestamp>,
    done: &'static [&'static str],
    within_24_hours: &'static [&'static str],
    within_30_days: &'static [&'static str],
}

/// `DELETE /v1/stores/{store}`: what must bite at once does, the rest follows by queue (`privacy.md` D.10).
pub(crate) async fn disconnect(visit: &Visit<'_>, id: &StoreId) -> Result<Answer, Problem> {
    let farewell = async |store: &StoreItem| hooks::take_leave(visit, store).await;
    let begun = visit.app.closing.store(&visit.by(), &visit.key.account, id, farewell).await;
    let store = begun.map_err(unavailable)?.ok_or(Code::NotFound)?;
    let body = Leaving {
        id: store.id,
        state: StoreState::Disconnecting,
        disconnected_at: store.disconnected_at,
        done: &["grants are off: no key reaches the store", "the credential is destroyed", "caches are void"],
        within_24_hours: &["the store's record and its grants are deleted"],
        within_30_days: &["backups hold nothing of it"],
    };
    Ok(Answer::json(StatusCode::ACCEPTED, &body))
}

/// The applications that were ever granted something on a store.
pub(crate) async fn granted(visit: &Visit<'_>, id: &StoreId) -> Result<Vec<ApplicationId>, Problem> {
    let grants = visit.app.stores.grants(id).await.map_err(unavailable)?;
    Ok(grants.into_iter().map(|grant| grant.application).collect())
}

pub(crate) fn about(store: &StoreId) -> Concerning {
    Concerning { store: Some(store.clone()), ..Concerning::default() }
}
