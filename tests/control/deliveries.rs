//! What became of what subscriptions were told, asking for it again, and the events themselves.

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::dynamo::{
    deliveries::{Attempt, DeliveryItem},
    events::{EventItem, KEPT},
    key,
};
use domain::{
    delivery::{AttemptError, DeliveryState, FailedBecause},
    event::Topic,
    id::{EventId, StoreId, SubscriptionId},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    house::House,
    subscriptions::{SCOPES, Shop},
};
use crate::world::Calling;

/// An event's id that is as old as its time.
fn event_id(at: Timestamp, number: u64) -> EventId {
    let millis = u64::try_from(at.as_millisecond()).unwrap();
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    EventId::from_uuid(format!("{:032x}", u128::from_be_bytes(bytes)).parse().unwrap())
}

async fn put(house: &House, table: &str, item: std::collections::HashMap<String, AttributeValue>) {
    house.sdk().put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
}

/// A delivery as it stands in the table, some minutes ago.
async fn delivery(shop: &Shop, of: &SubscriptionId, minutes: i64, state: DeliveryState) -> EventId {
    let at = shop.house.clock().now() - SignedDuration::from_mins(minutes);
    let event = event_id(at, u64::try_from(minutes).unwrap());
    let failed = state == DeliveryState::Failed;
    let item = DeliveryItem {
        pk: key::deliveries(of),
        sk: event.body().to_owned(),
        v: 1,
        subscription: of.clone(),
        event: event.clone(),
        store: shop.store.clone(),
        topic: "order.updated".parse().unwrap(),
        object: Some("1001".to_owned()),
        received_at: at,
        begun_at: at,
        state,
        failed_because: failed.then_some(FailedBecause::Gone),
        tried: 1,
        attempts: vec![Attempt {
            at,
            status: failed.then_some(410),
            error: (!failed).then_some(AttemptError::Timeout),
            milliseconds: 812,
            bytes: 0,
        }],
        next_at: Some(at + SignedDuration::from_hours(1)),
        claimed_until: None,
        replay: 0,
        expires_at: at.as_second() + KEPT,
    };
    put(&shop.house, &shop.house.config.deliveries_table, serde_dynamo::aws_sdk_dynamodb_1::to_item(&item).unwrap())
        .await;
    event
}

/// An event in the table, as of some minutes ago.
pub(crate) async fn happened(shop: &Shop, store: &StoreId, minutes: i64, topic: &str, object: &str) -> EventId {
    let at = shop.house.clock().now() - SignedDuration::from_mins(minutes);
    let event = event_id(at, u64::try_from(minutes).unwrap());
    let topic: Topic = topic.parse().unwrap();
    let item = EventItem {
        pk: key::events(store, at),
        sk: event.body().to_owned(),
        v: 1,
        id: event.clone(),
        store: store.clone(),
        topic,
        object: topic.entity().map(|_| object.to_owned()),
        occurred_at: at,
        received_at: at,
        sequence: 1,
        recovered: false,
        restricted: false,
        superseded_by: None,
        subscriptions: 2,
        expires_at: at.as_second() + KEPT,
    };
    put(&shop.house, &shop.house.config.events_table, serde_dynamo::aws_sdk_dynamodb_1::to_item(&item).unwrap()).await;
    event
}

fn named(page: &Value, name: &str) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row[name].as_str().unwrap().to_owned()).collect()
}

async fn subscribed(shop: &Shop) -> SubscriptionId {
    shop.subscription(&json!({})).await["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_and_by_what_became_of_them() {
    let shop = Shop::new().await;
    let of = subscribed(&shop).await;
    let mut events = Vec::new();
    for (minutes, state) in [
        (1, DeliveryState::Waiting),
        (2, DeliveryState::Delivered),
        (3, DeliveryState::Failed),
        (4, DeliveryState::Parked),
        // A day later nobody will deliver it, whether somebody wrote that down or not.
        (24 * 60 + 1, DeliveryState::Waiting),
        (3 * 24 * 60, DeliveryState::Delivered),
    ] {
        events.push(delivery(&shop, &of, minutes, state).await.to_string());
    }
    // One whose time is over is not shown, deleted or not.
    delivery(&shop, &of, 14 * 24 * 60 + 1, DeliveryState::Delivered).await;
    let path = format!("/v1/subscriptions/{of}/deliveries");
    let all = shop.developer("GET", &path, None).await.json();
    assert_eq!(named(&all, "event"), events);
    assert_eq!(named(&all, "state"), ["waiting", "delivered", "failed", "parked", "failed", "delivered"]);
    assert_eq!(
        (&all["data"][2]["failed_because"], &all["data"][4]["failed_because"]),
        (&json!("gone"), &json!("expired"))
    );
    assert_eq!(all["data"][0]["attempts"][0]["error"], "timeout");
    assert_eq!(all["data"][0]["attempts"][0]["milliseconds"], 812);
    assert!(all["data"][0]["next_attempt_at"].is_string() && all["data"][4]["next_attempt_at"].is_null());

    for (query, expected) in [
        ("state=failed".to_owned(), vec![&events[2], &events[4]]),
        ("state=waiting".to_owned(), vec![&events[0]]),
        ("state=parked".to_owned(), vec![&events[3]]),
        (format!("event={}", events[1]), vec![&events[1]]),
        (format!("event={}&state=failed", events[1]), vec![]),
        (format!("since={}", all["data"][3]["received_at"].as_str().unwrap()), events[..4].iter().collect()),
        (format!("until={}", all["data"][3]["received_at"].as_str().unwrap()), events[4..].iter().collect()),
    ] {
        let found = shop.developer("GET", &format!("{path}?{query}"), None).await.json();
        assert_eq!(named(&found, "event").iter().collect::<Vec<_>>(), expected, "{query}");
    }
    // Page after page, each once; and a cursor belongs to its query.
    let mut seen = Vec::new();
    let mut next = format!("{path}?per_page=2");
    loop {
        let page = shop.developer("GET", &next, None).await.json();
        assert!(page["data"].as_array().unwrap().len() <= 2);
        seen.extend(named(&page, "event"));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}?per_page=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, events);
    let cursor = shop.developer("GET", &format!("{path}?per_page=2"), None).await.json()["next_cursor"].clone();
    let other = format!("{path}?per_page=2&state=failed&cursor={}", cursor.as_str().unwrap());
    assert_eq!(shop.developer("GET", &other, None).await.problem(), "cursor_invalid");
    for (query, pointer) in [("state=lost", "?state"), ("event=x", "?event"), ("since=today", "?since"), ("x=1", "?x")]
    {
        let refused = shop.developer("GET", &format!("{path}?{query}"), None).await;
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test]
async fn many_deliveries_that_a_filter_passes_over_are_looked_through_in_pieces() {
    let shop = Shop::new().await;
    let of = subscribed(&shop).await;
    for minutes in 1..=450 {
        delivery(&shop, &of, minutes, DeliveryState::Delivered).await;
    }
    let failed = [
        delivery(&shop, &of, 451, DeliveryState::Failed).await,
        delivery(&shop, &of, 452, DeliveryState::Failed).await,
    ];
    let path = format!("/v1/subscriptions/{of}/deliveries?state=failed&per_page=1");
    let first = shop.developer("GET", &path, None).await.json();
    assert_eq!(named(&first, "event"), [failed[0].to_string()]);
    let next = format!("{path}&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = shop.developer("GET", &next, None).await.json();
    assert_eq!((named(&second, "event"), &second["next_cursor"]), (vec![failed[1].to_string()], &Value::Null));
}

#[tokio::test]
async fn what_is_asked_for_again_goes_into_the_queue() {
    let shop = Shop::new().await;
    let of = subscribed(&shop).await;
    let event = delivery(&shop, &of, 5, DeliveryState::Failed).await;
    let path = format!("/v1/subscriptions/{of}/replay");
    let ago = |hours: i64| (shop.house.clock().now() - SignedDuration::from_hours(hours)).to_string();
    let (from, to) = (ago(9), ago(3));
    for (body, what) in [
        (json!({ "event": event }), json!({ "one": event })),
        (json!({ "from": from, "to": to }), json!({ "between": { "from": from, "to": to } })),
        (json!({ "failed": true, "since": from }), json!({ "failed": { "since": from } })),
    ] {
        let asked = shop.developer("POST", &path, Some(body.clone())).await;
        assert_eq!(asked.status, 202, "{body} {}", asked.json());
        assert_eq!(asked.json()["id"], json!(of));
        let queued = shop.house.replays().await;
        assert_eq!(queued.len(), 1, "{body}");
        assert_eq!(queued[0]["what"], what);
        assert_eq!(
            (&queued[0]["application"], &queued[0]["subscription"]),
            (&json!(shop.holding.application), &json!(of))
        );
    }
    assert_eq!(shop.developer("POST", &path, Some(json!({ "failed": true }))).await.status, 202);
    assert_eq!(shop.developer("POST", &path, Some(json!({ "from": from }))).await.status, 202);
    shop.house.replays().await;

    let unknown = "evt_00000000000000000000000000";
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "failed": false }), ""),
        (json!({ "event": event, "failed": true }), ""),
        (json!({ "to": to }), ""),
        (json!({ "failed": true, "from": from }), ""),
        (json!({ "event": "x" }), "/event"),
        (json!({ "event": unknown }), "/event"),
        (json!({ "from": to, "to": from }), "/to"),
        (json!({ "from": ago(14 * 24 + 1) }), "/from"),
        (json!({ "failed": true, "since": ago(15 * 24) }), "/since"),
        (json!({ "all": true }), "/all"),
    ] {
        let refused = shop.developer("POST", &path, Some(body.clone())).await;
        assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{body}");
    }
    let subscription = format!("/v1/subscriptions/{of}");
    assert_eq!(shop.developer("PATCH", &subscription, Some(json!({ "state": "disabled" }))).await.status, 200);
    let off = shop.developer("POST", &path, Some(json!({ "failed": true }))).await;
    assert_eq!((off.status, off.problem().as_str()), (409, "conflict"));
    assert!(shop.house.replays().await.is_empty(), "what is refused asks for nothing");
}

#[tokio::test]
async fn events_are_seen_by_whom_they_concern() {
    let shop = Shop::new().await;
    let (house, owner) = (&shop.house, &shop.owner);
    let second = house.store(owner).await;
    let mut events = Vec::new();
    // Over several days, in turns of the two stores.
    for (number, (minutes, topic)) in [
        (1, "order.updated"),
        (2, "customer.created"),
        (3, "product.deleted"),
        (1_500, "order.created"),
        (6_000, "app.uninstalled"),
    ]
    .into_iter()
    .enumerate()
    {
        let store = if number % 2 == 0 { &shop.store } else { &second };
        events.push((happened(&shop, store, minutes, topic, "1001").await.to_string(), store.clone(), topic));
    }
    happened(&shop, &second, 14 * 24 * 60 + 1, "order.created", "1001").await;
    let of = |wanted: &dyn Fn(&StoreId, &str) -> bool| {
        let wanted = events.iter().filter(|(_, store, topic)| wanted(store, topic));
        wanted.map(|(event, ..)| event.clone()).collect::<Vec<_>>()
    };
    let all = house.get(owner, "/v1/events").await.json();
    assert_eq!(named(&all, "id"), of(&|_, _| true), "the owner sees all of the account's stores");
    assert_eq!((&all["data"][0]["subscriptions"], &all["data"][0]["object"]), (&json!(2), &json!("1001")));
    let one = house.get(owner, &format!("/v1/events?store={second}")).await.json();
    assert_eq!(named(&one, "id"), of(&|store, _| *store == second));
    let orders = house.get(owner, "/v1/events?topic=order.*").await.json();
    assert_eq!(named(&orders, "id"), of(&|_, topic| topic.starts_with("order")));
    let since = all["data"][2]["received_at"].as_str().unwrap();
    let later = house.get(owner, &format!("/v1/events?since={since}")).await.json();
    assert_eq!(named(&later, "id"), named(&all, "id")[..3]);
    let earlier = house.get(owner, &format!("/v1/events?until={since}")).await.json();
    assert_eq!(named(&earlier, "id"), named(&all, "id")[3..]);

    let mut seen = Vec::new();
    let mut next = "/v1/events?per_page=1".to_owned();
    loop {
        let page = house.get(owner, &next).await.json();
        seen.extend(named(&page, "id"));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("/v1/events?per_page=1&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, named(&all, "id"), "day after day, each once");

    // An application: granted stores, and what grant and key let it read; `app.uninstalled` concerns the grant itself.
    let mine = shop.developer("GET", "/v1/events", None).await.json();
    let readable = |store: &StoreId, topic: &str| *store == shop.store && !topic.starts_with("customer");
    assert_eq!(named(&mine, "id"), of(&readable));
    assert!(mine["data"][0].get("subscriptions").is_none(), "how many others were told is not its business");
    let not_granted = shop.developer("GET", &format!("/v1/events?store={second}"), None).await;
    assert_eq!(not_granted.problem(), "store_access_revoked");
    let stranger = house.owner().await;
    let foreign = house.holding(&stranger, SCOPES).await;
    let hidden = house.call(Calling::new("GET", &format!("/v1/events?store={second}")).key(&foreign.key)).await;
    assert_eq!(hidden.problem(), "not_found");
    // A store of another account is seen once it is granted, by its name.
    shop.grant(&foreign, &second).await;
    let named_store = Calling::new("GET", &format!("/v1/events?store={second}")).key(&foreign.key);
    let found = house.call(named_store).await.json();
    assert_eq!(named(&found, "id"), of(&|store, topic| *store == second && !topic.starts_with("customer")));
    for (query, pointer) in
        [("store=x", "?store"), ("topic=orders", "?topic"), ("until=x", "?until"), ("event=x", "?event")]
    {
        assert_eq!(house.get(owner, &format!("/v1/events?{query}")).await.json()["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test]
async fn a_busy_day_is_read_in_pieces_and_each_event_once() {
    let shop = Shop::new().await;
    let second = shop.house.store(&shop.owner).await;
    let mut expected = Vec::new();
    for number in 1..=260 {
        let store = if number % 5 == 0 { &second } else { &shop.store };
        let topic = if number % 50 == 0 { "order.created" } else { "product.updated" };
        let event = happened(&shop, store, number, topic, "1001").await;
        if topic == "order.created" {
            expected.push(event.to_string());
        }
    }
    let mut seen = Vec::new();
    let mut next = "/v1/events?per_page=2&topic=order.created".to_owned();
    loop {
        let page = shop.house.get(&shop.owner, &next).await.json();
        seen.extend(named(&page, "id"));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("/v1/events?per_page=2&topic=order.created&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, expected);
}
