//! Stores: connected, listed, tried, moved within the vault, disconnected.

use std::io::Read;

use http::Method;
use serde_json::{Map, Value, json};

use super::lists::{Asked, show, thing};
use crate::{
    arguments::Stores,
    client::{Body, Client, segment},
    failure::Failure,
    screen::Screen,
    table::Column,
};

/// More than any credential is.
const LONGEST_CREDENTIAL: u64 = 65_536;

pub(crate) async fn run(command: Stores, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    match command {
        Stores::Connect { platform, address, region, credentials_stdin } => {
            let credentials = if credentials_stdin { piped()? } else { asked(&platform, client, screen).await? };
            let body = json!({ "platform": platform, "url": address, "region": region, "credentials": credentials });
            screen.progress("trying the credential against the store", false);
            let made = client.json(Method::POST, "/v1/stores", &[], Body::Json(&body), screen).await?;
            thing(&made, screen)
        }
        Stores::List => {
            let columns = ["id", "platform", "url", "region", "state", "connected_at"].map(Column::at);
            show(Asked::all("/v1/stores", "stores"), columns.into(), client, screen).await?;
            Ok(())
        }
        Stores::Check { store } => {
            screen.progress("asking the store", false);
            let path = format!("/v1/stores/{}/check", segment(&store));
            let said = client.json(Method::POST, &path, &[], Body::None, screen).await?;
            thing(&said, screen)
        }
        Stores::MoveCredential { store, to } => {
            let path = format!("/v1/stores/{}/move-credential", segment(&store));
            let body = json!({ "to": to });
            let said = client.json(Method::POST, &path, &[], Body::Json(&body), screen).await?;
            thing(&said, screen)
        }
        Stores::Disconnect { store, yes } => {
            screen.confirm(&format!("Disconnect {store} and destroy its credential?"), yes)?;
            let path = format!("/v1/stores/{}", segment(&store));
            let said = client.json(Method::DELETE, &path, &[], Body::None, screen).await?;
            thing(&said, screen)
        }
    }
}

/// A credential from standard input.
fn piped() -> Result<Value, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(LONGEST_CREDENTIAL).read_to_string(&mut text)?;
    // The parser's message is left out: it would quote the credential.
    let fields = serde_json::from_str(&text).ok().filter(Value::is_object);
    fields.ok_or_else(|| {
        let what = "standard input is no JSON object with the credential's fields".to_owned();
        Failure::Usage(what, Some("`cartage platforms --json` shows the fields of each platform"))
    })
}

/// A credential, field by field, as its platform names them.
async fn asked(platform: &str, client: &Client, screen: &mut Screen) -> Result<Value, Failure> {
    if !screen.is_asked() {
        let what = "nobody can be asked for the credential here".to_owned();
        return Err(Failure::Usage(what, Some("pipe it in as JSON with --credentials-stdin")));
    }
    let known = client.get("/v1/platforms", &[], screen).await?;
    let found = known["data"].as_array().into_iter().flatten().find(|found| found["name"] == platform);
    let Some(found) = found else {
        let what = format!("there is no platform {platform}");
        return Err(Failure::Usage(what, Some("`cartage platforms` shows which there are")));
    };
    let mut credentials = Map::new();
    for field in found["credentials"].as_array().into_iter().flatten() {
        let required = field["required"] == true;
        let label = field["label"].as_str().unwrap_or_default();
        let question = if required { label.to_owned() } else { format!("{label} (or nothing)") };
        let value = screen.ask(&question, field["secret"] == true)?;
        if !value.is_empty() {
            credentials.insert(field["name"].as_str().unwrap_or_default().to_owned(), value.into());
        } else if required {
            return Err(Failure::usage(format!("{label} is needed")));
        }
    }
    Ok(credentials.into())
}
