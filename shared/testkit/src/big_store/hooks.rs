//! Webhooks: at most ten for a scope, a family of scopes by `store/order/*`, bodies of ids only.

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::State;
use super::listing::{all, v3};
use super::routes::{Result, data, empty, error, json_value, missing, object};
use crate::loopback_server::{Answer, Received};

/// The most webhooks of one scope.
const MOST: usize = 10;

/// `v3/hooks` and what is below it.
pub(super) fn answer(state: &mut State, received: &Received, rest: &[&str]) -> Result<Response<Answer>> {
    let id = match rest {
        [] => None,
        [id] => Some(id.parse::<u64>().ok().filter(|id| state.hooks.contains_key(id)).ok_or_else(missing)?),
        _ => return Err(missing()),
    };
    match (&received.method, id) {
        (&Method::GET, None) => Ok(json_value(StatusCode::OK, &v3(all(&state.hooks), &received.target, "id"))),
        (&Method::POST, None) => {
            let sent = object(received)?;
            let (Some(scope), Some(destination)) = (sent["scope"].as_str(), sent["destination"].as_str()) else {
                return Err(error(StatusCode::UNPROCESSABLE_ENTITY, "scope and destination are required"));
            };
            if state.hooks.values().filter(|hook| hook["scope"] == scope).count() >= MOST {
                return Err(error(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "You have reached the limit of hooks for this scope",
                ));
            }
            state.last_id += 1;
            let hook = json!({
                "id": state.last_id, "client_id": "bc_client", "store_hash": "demo123", "scope": scope, "destination": destination,
                "headers": null, "is_active": sent["is_active"].as_bool().unwrap_or(true), "created_at": 1_700_000_000, "updated_at": 1_700_000_000,
            });
            state.hooks.insert(state.last_id, hook.clone());
            Ok(data(hook))
        }
        (&Method::PUT, Some(id)) => {
            let sent = object(received)?;
            let hook = state.hooks.get_mut(&id).ok_or_else(missing)?;
            for name in ["scope", "destination", "is_active"] {
                if !sent[name].is_null() {
                    hook[name] = sent[name].clone();
                }
            }
            Ok(data(hook.clone()))
        }
        (&Method::DELETE, Some(id)) => {
            state.hooks.remove(&id);
            Ok(empty())
        }
        _ => Err(error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")),
    }
}

/// Whether a webhook is on and for this scope, or for its family.
pub(super) fn wants(hook: &Value, scope: &str) -> bool {
    let wanted = hook["scope"].as_str().unwrap_or_default();
    let is_of_family = wanted.strip_suffix('*').is_some_and(|family| scope.starts_with(family));
    hook["is_active"] == true && (is_of_family || wanted == scope)
}

/// The body of a webhook.
pub(super) fn body(scope: &str, data: &Value, unix: u64) -> String {
    let body = json!({
        "producer": "stores/demo123", "hash": "3f9ea420af83450d7ef9f78b08c8af25b2213637", "created_at": unix, "store_id": "1001", "scope": scope,
        "data": data,
    });
    body.to_string()
}
