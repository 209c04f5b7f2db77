//! Applications and grants.

use http::Method;
use serde_json::json;

use super::lists::thing;
use crate::{
    arguments::Grants,
    client::{Body, Client, segment},
    failure::Failure,
    screen::Screen,
};

/// `apps create`
pub(crate) async fn create_application(name: &str, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    let body = json!({ "name": name });
    let made = client.json(Method::POST, "/v1/applications", &[], Body::Json(&body), screen).await?;
    thing(&made, screen)
}

/// `grants put|revoke`
pub(crate) async fn grants(command: Grants, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    let path = |store: &str, app: &str| format!("/v1/stores/{}/grants/{}", segment(store), segment(app));
    match command {
        Grants::Put { store, app, scopes } => {
            let body = json!({ "scopes": scopes });
            let made = client.json(Method::PUT, &path(&store, &app), &[], Body::Json(&body), screen).await?;
            thing(&made, screen)
        }
        Grants::Revoke { store, app } => {
            client.json(Method::DELETE, &path(&store, &app), &[], Body::None, screen).await?;
            super::done(
                &json!({ "store": store, "application": app }),
                "Access is revoked; the next call is refused.",
                screen,
            )
        }
    }
}
