//! Keys: made, listed, rotated, revoked.

use http::Method;
use serde_json::{Map, Value, json};

use super::{
    done,
    lists::{Asked, pages, print, thing},
};
use crate::{
    arguments::Keys,
    client::{Body, Client, segment},
    failure::Failure,
    screen::Screen,
    table::{Column, Table},
};

pub(crate) async fn run(command: Keys, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    match command {
        Keys::Create { app, scopes, tier, role, name, expires_at } => {
            let mut body = Map::new();
            if app.is_some() {
                body.insert("scopes".to_owned(), scopes.into());
            }
            for (field, value) in [("tier", tier), ("role", role), ("name", name), ("expires_at", expires_at)] {
                body.extend(value.map(|value| (field.to_owned(), Value::from(value))));
            }
            let path = match &app {
                Some(app) => format!("/v1/applications/{}/keys", segment(app)),
                None => "/v1/keys".to_owned(),
            };
            let made = client.json(Method::POST, &path, &[], Body::Json(&body.into()), screen).await?;
            shown_once(&made, screen)
        }
        Keys::List { app, management } => list(app, management, client, screen).await,
        Keys::Rotate { key, overlap } => {
            let path = format!("/v1/keys/{}/rotate", segment(&key));
            let body = overlap.map(|seconds| json!({ "overlap_seconds": seconds }));
            let body = body.as_ref().map_or(Body::None, Body::Json);
            let made = client.json(Method::POST, &path, &[], body, screen).await?;
            shown_once(&made, screen)
        }
        Keys::Revoke { key, yes } => {
            screen.confirm(&format!("Revoke {key}?"), yes)?;
            let path = format!("/v1/keys/{}", segment(&key));
            client.json(Method::DELETE, &path, &[], Body::None, screen).await?;
            done(&json!({ "id": key }), &format!("{key} is revoked; its next call is refused."), screen)
        }
    }
}

fn shown_once(made: &Value, screen: &mut Screen) -> Result<(), Failure> {
    thing(made, screen)?;
    screen.note("This is the only time that the key is shown.");
    Ok(())
}

async fn list(app: Option<String>, management: bool, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    let paths: Vec<String> = if management {
        vec!["/v1/keys".to_owned()]
    } else if let Some(app) = app {
        vec![format!("/v1/applications/{}/keys", segment(&app))]
    } else {
        let mut paths = Vec::new();
        pages(Asked::all("/v1/applications", "applications"), client, screen, |rows, _| {
            let ids = rows.iter().filter_map(|row| row["id"].as_str());
            paths.extend(ids.map(|id| format!("/v1/applications/{}/keys", segment(id))));
            Ok(())
        })
        .await?;
        paths
    };
    let holder = if management { Column::at("role") } else { Column::at("application") };
    let columns = vec![
        Column::at("id"),
        holder,
        Column::at("name"),
        Column::at("tier"),
        Column::made("STATE", state),
        Column::at("last4"),
        Column::at("scopes"),
    ];
    let mut table = Table::new(columns);
    let mut seen = 0;
    for path in &paths {
        seen +=
            pages(Asked::all(path, "keys"), client, screen, |rows, screen| print(rows, &mut table, screen)).await?.1;
    }
    if seen == 0 {
        screen.note("no keys");
    }
    Ok(())
}

fn state(key: &Value) -> String {
    let state = match (&key["revoked_at"], &key["exposed_at"], &key["expires_at"]) {
        (Value::String(_), _, _) => "revoked",
        (_, Value::String(_), _) => "exposed: rotate it",
        (_, _, Value::String(end)) => return format!("until {end}"),
        _ => "active",
    };
    state.to_owned()
}
