//! Seeds what the main job needs, through the API itself: sign-up, the mailed link, an application with a key, a store, a grant.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use testkit::stack::StackError;
use url::Url;

use crate::api::{Api, CallError};
use crate::kept::{Home, Seeded};
use crate::operator::{self, OperatorError};

/// How long a mail may take from the queue to the mailbox.
const MAIL: Duration = Duration::from_secs(30);
/// What the application may read, and what the merchant grants it.
const SCOPES: [&str; 6] =
    ["products:read", "orders:read", "customers:read", "categories:read", "inventory:read", "raw"];

/// Why the seed is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SeedError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Kept(#[from] StackError),
    #[error(transparent)]
    Operator(#[from] OperatorError),
    #[error("no mail to {address} came within {} s", MAIL.as_secs())]
    NoMail { address: String },
    #[error("the mail to {address} holds no link to follow")]
    NoLink { address: String },
}

/// The stack that is seeded.
pub(crate) struct Site<'a> {
    pub(crate) api: &'a Api,
    /// The emulator's address.
    pub(crate) aws: String,
    /// Where sent mails are shown.
    pub(crate) mailbox: String,
    /// The physical name of the table of keys.
    pub(crate) keys_table: String,
    /// The demo store's address.
    pub(crate) demo_store: String,
    /// The key that the demo store wants.
    pub(crate) demo_key: String,
}

/// The seed of an earlier run if it still works, else a new one; and in a few words which.
pub(crate) async fn ensure(home: &Home, site: &Site<'_>) -> Result<(Seeded, &'static str), SeedError> {
    if let Some(kept) = home.recall::<Seeded>("seeded.json")
        && site
            .api
            .call(Method::GET, &format!("/v1/stores/{}", kept.store), Some(&kept.owner_key), Value::Null)
            .await
            .is_ok()
    {
        return Ok((kept, "account, application, key, store and grant of an earlier run"));
    }
    let api = site.api;
    let owner_key = sign_up(api, &site.mailbox).await?;
    let owner = Some(owner_key.as_str());
    let named = json!({ "name": "Demo application" });
    let application = api.field(Method::POST, "/v1/applications", owner, named, "id").await?;
    let keys = format!("/v1/applications/{application}/keys");
    let app_key = api.field(Method::POST, &keys, owner, json!({ "scopes": SCOPES, "tier": "standard" }), "key").await?;
    let connection = json!({
        "platform": "cartos",
        "url": site.demo_store,
        "region": "eu",
        "credentials": { "api_key": site.demo_key },
    });
    let connected = api.call(Method::POST, "/v1/stores", owner, connection).await?.body;
    let text = |place: &str, what: &'static str| {
        let missing = || CallError::Missing { call: "POST /v1/stores".to_owned(), what };
        connected.pointer(place).and_then(Value::as_str).map(str::to_owned).ok_or_else(missing)
    };
    let (store, hook_secret) = (text("/id", "id")?, text("/webhooks/secret", "webhooks.secret")?);
    let grant = format!("/v1/stores/{store}/grants/{application}");
    api.call(Method::PUT, &grant, owner, json!({ "scopes": SCOPES })).await?;
    let operator_key = operator::mint(&site.aws, &site.keys_table).await?;
    let seeded = Seeded { owner_key, operator_key, app_key, application, store, hook_secret };
    home.keep("seeded.json", &seeded)?;
    Ok((seeded, "signed up; application, key, store and grant made through the API"))
}

/// Signs up and follows the mailed link to the owner's key.
async fn sign_up(api: &Api, mailbox: &str) -> Result<String, SeedError> {
    let mails = Api::new(mailbox);
    let already = mails.call(Method::GET, "", None, Value::Null).await?.body;
    // A new address for each seed: an address that has an account is not told so.
    let address = format!("owner-{}@demo-shop.test", messages(&already).len());
    let form = json!({
        "name": "Ada Demo",
        "email": address,
        "phone": "+44 20 7946 0000",
        "company": "Demo Shop",
        "website": "https://demo-shop.test",
        "adult": true,
        "consents": {},
        "policy_version": "1",
    });
    api.call(Method::POST, "/v1/accounts", None, form).await?;
    let link = mailed_link(&mails, &address).await?;
    let token = token_of(&link).ok_or_else(|| SeedError::NoLink { address: address.clone() })?;
    // The link's page only asks; confirming on it is what counts.
    Ok(api.field(Method::POST, "/v1/accounts/confirm", None, json!({ "token": token }), "key").await?)
}

async fn mailed_link(mails: &Api, address: &str) -> Result<String, SeedError> {
    let deadline = Instant::now() + MAIL;
    loop {
        let mailbox = mails.call(Method::GET, "", None, Value::Null).await?.body;
        let is_ours = |mail: &&Value| mail["To"].as_array().is_some_and(|to| to.iter().any(|to| to == address));
        if let Some(mail) = messages(&mailbox).into_iter().rfind(is_ours) {
            let text = mail["BodyText"].as_str().unwrap_or_default();
            let link = text.split_whitespace().find(|word| word.starts_with("http"));
            return link.map(str::to_owned).ok_or_else(|| SeedError::NoLink { address: address.to_owned() });
        }
        if Instant::now() > deadline {
            return Err(SeedError::NoMail { address: address.to_owned() });
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// All mails in the emulator's mailbox, oldest first; it lists them by AWS account.
fn messages(mailbox: &Value) -> Vec<&Value> {
    let accounts = mailbox["messages"].as_object().into_iter().flatten();
    accounts.flat_map(|(_, mails)| mails.as_array().into_iter().flatten()).collect()
}

/// The one-time token in a mailed link.
fn token_of(link: &str) -> Option<String> {
    let link = Url::parse(link).ok()?;
    link.query_pairs().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mailbox_is_read_across_accounts() {
        let mailbox = json!({ "messages": { "1": [{ "To": ["a"] }, { "To": ["b"] }], "2": [{ "To": ["c"] }] } });
        assert_eq!(messages(&mailbox).len(), 3);
        assert!(messages(&json!({})).is_empty());
    }

    #[test]
    fn a_link_gives_its_token() {
        let link = "http://127.0.0.1:8787/v1/accounts/confirm?token=a%2Bb#top";
        assert_eq!(token_of(link), Some("a+b".to_owned()));
        assert_eq!(token_of("http://127.0.0.1/"), None);
        assert_eq!(token_of("not a link"), None);
    }
}
