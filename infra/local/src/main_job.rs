//! The main job: a developer's key reads products, orders and customers of a connected store.

use std::time::Instant;

use http::Method;
use serde_json::Value;

use crate::api::{Api, CallError};
use crate::screen;

/// How many of each are read.
const PER_PAGE: usize = 5;

/// Does it once and shows what it did.
///
/// # Errors
/// [`CallError`] when a call is refused, or answers without data.
pub(crate) async fn run(api: &Api, app_key: &str, store: &str) -> Result<(), CallError> {
    screen::say("\nThe main job: the application's key reads the store.");
    for entity in ["products", "orders", "customers"] {
        let path = format!("/v1/stores/{store}/{entity}?per_page={PER_PAGE}");
        let began = Instant::now();
        let answer = api.call(Method::GET, &path, Some(app_key), Value::Null).await?;
        let call = || format!("GET {path}");
        let data = answer.body["data"].as_array().filter(|data| !data.is_empty());
        let data = data.ok_or_else(|| CallError::Missing { call: call(), what: "data" })?;
        let milliseconds = began.elapsed().as_millis();
        screen::say(&format!("  {}  → {} in {milliseconds} ms, {}", call(), data.len(), answer.request_id));
        for thing in data.iter().take(2) {
            screen::say(&format!("      {}", summary(thing)));
        }
    }
    Ok(())
}

/// The `curl` lines to go on with.
pub(crate) fn curl_lines(api: &str, app_key: &str, store: &str) -> String {
    let call = |path: &str| format!("  curl -s -H \"Authorization: Bearer $KEY\" \"$STORE/{path}\"\n");
    let calls = [
        "products?per_page=3",
        "orders?per_page=3&fields=id,number,status,totals",
        "customers?per_page=3&include=remote",
        "raw/api/products?per_page=2",
    ];
    format!("  KEY={app_key}\n  STORE={api}/v1/stores/{store}\n{}", calls.map(call).concat())
}

/// The `curl` lines that sign and send a webhook by hand, and show what came of it. They go on from [`curl_lines`].
pub(crate) fn hook_lines(owner_key: &str, hook_secret: &str) -> String {
    format!(
        r#"  ORDER=$(curl -s -H "Authorization: Bearer $KEY" "$STORE/raw/api/orders/5001" | sed 's/^{{"order"://; s/}}$//')
  BODY="{{\"id\":\"evt_by_hand\",\"topic\":\"order.updated\",\"created_at\":\"$(date -u +%FT%TZ)\",\"data\":$ORDER}}"
  SIGNATURE=$(printf %s "$BODY" | openssl dgst -sha256 -hmac {hook_secret} -r | cut -d ' ' -f 1)
  curl -s -w '%{{http_code}}\n' -d "$BODY" -H "Content-Type: application/json" -H "X-CartOS-Topic: order.updated" -H "X-CartOS-Delivery: by-hand-$RANDOM" -H "X-CartOS-Signature: $SIGNATURE" "${{STORE/v1\/stores/hooks}}"
  watch -n 2 'curl -s -H "Authorization: Bearer {owner_key}" "'${{STORE%/stores/*}}'/events?per_page=5"'
"#
    )
}

/// What tells a thing apart, by entity: where it stands in the object.
const TELLING: [(&str, &str); 8] = [
    ("id", "/id"),
    ("number", "/number"),
    ("name", "/name"),
    ("email", "/email"),
    ("status", "/status"),
    ("sku", "/variants/0/sku"),
    ("price", "/variants/0/price"),
    ("total", "/totals/total"),
];

/// A few telling fields of a thing, whichever it has.
fn summary(thing: &Value) -> String {
    let shown = TELLING.iter().filter_map(|(name, place)| match thing.pointer(place)? {
        Value::String(text) => Some(format!("{name} {text}")),
        money => Some(format!("{name} {} {}", money.get("amount")?.as_str()?, money.get("currency")?.as_str()?)),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_thing_is_shown_by_the_fields_it_has() {
        let order = json!({ "id": "ord_1", "status": "paid", "totals": { "total": { "amount": "12.50", "currency": "EUR" } }, "lines": [] });
        assert_eq!(summary(&order), "id ord_1, status paid, total 12.50 EUR");
    }
}
