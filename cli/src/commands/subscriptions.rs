//! Subscriptions: made, listed, changed, tried, and how they take what they are told.

use http::Method;
use serde_json::{Map, Value, json};

use super::{
    done,
    lists::{Asked, show, thing},
};
use crate::{
    arguments::{Span, Subscriptions, Wish},
    client::{Body, Client, segment},
    failure::Failure,
    screen::Screen,
    table::{Column, at_path, cell},
};

const ALL: &str = "/v1/subscriptions";

pub(crate) async fn run(command: Subscriptions, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    match command {
        Subscriptions::Create { to, wish, app } => {
            let mut body = wished(wish)?;
            body.insert("url".to_owned(), to.into());
            body.extend(app.map(|app| ("application".to_owned(), app.into())));
            let made = client.json(Method::POST, ALL, &[], Body::Json(&body.into()), screen).await?;
            shown_once(&made, screen)
        }
        Subscriptions::List { app } => {
            let columns = ["id", "name", "url", "topics", "state", "failing_since"].map(Column::at);
            let query = app.map(|app| ("application", app)).into_iter().collect();
            show(Asked { query, ..Asked::all(ALL, "subscriptions") }, columns.into(), client, screen).await?;
            Ok(())
        }
        Subscriptions::Show { subscription } => thing(&client.get(&at(&subscription, ""), &[], screen).await?, screen),
        Subscriptions::Update { subscription, to, wish, clear } => {
            let mut body = wished(wish)?;
            body.extend(to.map(|url| ("url".to_owned(), url.into())));
            body.extend(clear.into_iter().map(|name| (name, Value::Null)));
            change(&subscription, &body.into(), client, screen).await
        }
        Subscriptions::Disable { subscription } => {
            change(&subscription, &json!({ "state": "disabled" }), client, screen).await
        }
        Subscriptions::Delete { subscription, yes } => {
            screen.confirm(&format!("Delete {subscription} and its secret?"), yes)?;
            client.json(Method::DELETE, &at(&subscription, ""), &[], Body::None, screen).await?;
            let what = json!({ "id": subscription, "state": "deleted" });
            done(&what, &format!("{subscription} is deleted."), screen)
        }
        Subscriptions::Enable { subscription, replay } => {
            screen.progress("trying the endpoint", false);
            let body = json!({ "replay": replay });
            let path = at(&subscription, "/enable");
            thing(&client.json(Method::POST, &path, &[], Body::Json(&body), screen).await?, screen)
        }
        Subscriptions::Test { subscription, kind } => {
            screen.progress("trying the endpoint", false);
            let body = json!({ "type": kind });
            let path = at(&subscription, "/test");
            thing(&client.json(Method::POST, &path, &[], Body::Json(&body), screen).await?, screen)
        }
        Subscriptions::RotateSecret { subscription, overlap } => {
            let body = json!({ "overlap_hours": overlap });
            let path = at(&subscription, "/rotate-secret");
            shown_once(&client.json(Method::POST, &path, &[], Body::Json(&body), screen).await?, screen)
        }
        Subscriptions::Deliveries { subscription, state, event, span } => {
            deliveries(&subscription, [("state", state), ("event", event)], span, client, screen).await
        }
        Subscriptions::Replay { subscription, event, from, to, failed, since } => {
            let mut body = Map::new();
            for (name, value) in [("event", event), ("from", from), ("to", to), ("since", since)] {
                body.extend(value.map(|value| (name.to_owned(), Value::from(value))));
            }
            if failed {
                body.insert("failed".to_owned(), true.into());
            }
            let path = at(&subscription, "/replay");
            thing(&client.json(Method::POST, &path, &[], Body::Json(&body.into()), screen).await?, screen)
        }
    }
}

/// The path of a subscription, or of something of it.
fn at(subscription: &str, rest: &str) -> String {
    format!("{ALL}/{}{rest}", segment(subscription))
}

async fn change(subscription: &str, body: &Value, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    thing(&client.json(Method::PATCH, &at(subscription, ""), &[], Body::Json(body), screen).await?, screen)
}

/// The fields of a wish that were said.
fn wished(wish: Wish) -> Result<Map<String, Value>, Failure> {
    let Wish { topics, name, stores, fields, filter, include_remote, ordering } = wish;
    let mut body = Map::new();
    for (field, values) in [("topics", topics), ("stores", stores), ("fields", fields)] {
        if !values.is_empty() {
            body.insert(field.to_owned(), values.into());
        }
    }
    for (field, value) in [("name", name), ("ordering", ordering)] {
        body.extend(value.map(|value| (field.to_owned(), Value::from(value))));
    }
    body.extend(include_remote.map(|include| ("include_remote".to_owned(), Value::from(include))));
    let mut paths: Map<String, Value> = Map::new();
    for given in filter {
        let Some((path, value)) = given.split_once('=') else {
            let what = format!("`{given}` is no filter");
            return Err(Failure::Usage(what, Some("write a path and a value, such as status=open")));
        };
        if let Value::Array(values) = paths.entry(path).or_insert_with(|| json!([])) {
            values.push(value.into());
        }
    }
    if !paths.is_empty() {
        body.insert("filter".to_owned(), paths.into());
    }
    Ok(body)
}

/// A subscription with its secret.
fn shown_once(made: &Value, screen: &mut Screen) -> Result<(), Failure> {
    thing(made, screen)?;
    screen.note("The secret is shown this once: keep it where your receiver finds it.");
    Ok(())
}

async fn deliveries(
    subscription: &str,
    given: [(&'static str, Option<String>); 2],
    span: Span,
    client: &Client,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let span_query = [("since", span.since), ("until", span.until)];
    let query = given.into_iter().chain(span_query).filter_map(|(name, value)| Some((name, value?))).collect();
    let columns = vec![
        Column::at("received_at"),
        Column::at("event").whole(),
        Column::at("type"),
        Column::at("object"),
        Column::made("STATE", |row| match row["failed_because"].as_str() {
            Some(because) => format!("failed: {}", crate::screen::plain(because)),
            None => cell(&row["state"]),
        }),
        Column::made("TRIES", |row| row["attempts"].as_array().map_or(0, Vec::len).to_string()).right(),
        Column::made("LAST", |row| {
            let last = row["attempts"].as_array().and_then(|attempts| attempts.last()).unwrap_or(&Value::Null);
            match (&last["error"], &last["status"]) {
                (Value::Null, Value::Null) => "-".to_owned(),
                (Value::Null, status) => format!("{status} in {} ms", last["milliseconds"]),
                (error, _) => format!("{} in {} ms", cell(error), last["milliseconds"]),
            }
        }),
        Column::made("NEXT", |row| cell(at_path(row, "next_attempt_at"))),
    ];
    let path = at(subscription, "/deliveries");
    show(Asked { path: &path, query, limit: Some(span.limit), what: "deliveries" }, columns, client, screen).await?;
    Ok(())
}
