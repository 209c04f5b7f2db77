//! Logging in and out.

use std::io::Read;

use secrecy::SecretString;
use serde_json::json;

use crate::{
    arguments::Global,
    client::Client,
    failure::Failure,
    profiles::{Login, Profiles},
    screen::Screen,
};

/// A key is a line; what is longer is none.
const LONGEST_KEY: u64 = 1_024;

/// `login`: takes a key, tries it, and keeps it.
pub(crate) async fn login(global: &Global, key_stdin: bool, screen: &mut Screen) -> Result<(), Failure> {
    let profiles = Profiles::read()?;
    let url = profiles.url(global)?;
    let key = if key_stdin {
        let mut text = String::new();
        std::io::stdin().lock().take(LONGEST_KEY).read_to_string(&mut text)?;
        text
    } else if screen.is_asked() {
        screen.ask(&format!("Key for {url} (it is not shown)"), true)?
    } else {
        let advice = "pipe it in with --key-stdin, or set CARTAGE_KEY for each call";
        return Err(Failure::Usage("nobody can be asked for the key here".to_owned(), Some(advice)));
    };
    let key = SecretString::from(key.trim().to_owned());
    let client = Client::new(Login { url: url.clone(), key: Some(key.clone()) }, global.max_wait)?;
    match client.get("/v1/account", &[], screen).await {
        Ok(_) => {}
        // The key works; an application's may not see the account.
        Err(failure) if failure.code() == Some("scope_missing") => {}
        Err(failure) => return Err(failure),
    }
    let name = profiles.keep(global, &Login { url: url.clone(), key: Some(key) })?;
    let id = client.key_id().unwrap_or_default();
    if screen.json() {
        return screen.document(&json!({ "profile": name, "url": url, "key": id }));
    }
    screen.line(&format!("Logged in to {url} with {id} as profile {name}."))
}

/// `logout`
pub(crate) fn logout(global: &Global, screen: &mut Screen) -> Result<(), Failure> {
    let name = Profiles::read()?.forget(global)?;
    if screen.json() {
        return screen.document(&json!({ "profile": name }));
    }
    screen.line(&format!("Forgot profile {name}. Its key still works: `cartage keys revoke` ends it."))
}
