//! Every platform's scheme, through the function.

use std::time::Duration;

use cloud::{clock::Clock, hooks::HookSecrets};
use connectors::hooks::recipe::RECIPES;
use domain::store::StoreState;
use jiff::Timestamp;
use testkit::stack::Stack;

use super::{Door, Headers, signed};

const SECRET: &str = "00112233445566778899aabbccddeeff";
const OTHER: &str = "ffeeddccbbaa99887766554433221100";
/// When the JWT of [`WIX_BODY`] is in time.
const NOW: i64 = 1_700_000_100;
const WIX_KEY: &str = include_str!("../../shared/connectors/src/hooks/recipe/wix.pem");
const WIX_BODY: &str = include_str!("../../shared/connectors/src/hooks/recipe/wix.jwt");

/// A clock at [`NOW`]; the stack's own start takes no steered one.
fn then() -> Clock {
    Stack::shared();
    Clock::steered(Timestamp::from_second(NOW).unwrap())
}

/// A body that every scheme takes: with the fields that Ecwid signs, and characters that are longer than a byte.
fn body() -> Vec<u8> {
    format!(r#"{{ "eventId":"evt-1","eventCreated":{NOW},"name":"Café ☕ \u0000","n":1.0 }}"#).into_bytes()
}

fn webhook(platform: &str) -> (String, Headers, Vec<u8>) {
    match platform {
        "wix" => (WIX_KEY.to_owned(), Headers::new(), WIX_BODY.as_bytes().to_vec()),
        _ => (SECRET.to_owned(), signed(platform, SECRET, NOW, &body()), body()),
    }
}

#[tokio::test]
async fn r140_what_a_platform_signs_reaches_the_queue_byte_for_byte() {
    let door = Door::with(then()).await;
    for recipe in RECIPES {
        let (secret, mut headers, body) = webhook(recipe.platform);
        let store = door.store(recipe.platform, &secret).await;
        for name in recipe.kept {
            if !headers.iter().any(|(known, _)| known == name) {
                headers.push(((*name).to_owned(), format!("told by {name}")));
            }
        }
        headers.push(("x-forwarded-for".to_owned(), "203.0.113.9".to_owned()));
        assert_eq!(door.post(&store, &headers, &body).await, 200, "{}", recipe.platform);
        let queued = door.queued().await;
        assert_eq!(queued.len(), 1, "{}", recipe.platform);
        let (kept, held) = queued[0].hook();
        assert_eq!(held.inline().unwrap().as_deref(), Some(&body[..]), "{}", recipe.platform);
        let names: Vec<&str> = kept.keys().map(String::as_str).collect();
        assert_eq!(names, recipe.kept, "{}: what it says, and neither signature nor address", recipe.platform);
        assert_eq!((&queued[0].message.store, queued[0].group.as_str()), (&store, store.as_str()));
        assert_eq!(queued[0].message.received_at, door.clock().now());
    }
}

/// Headers and body of a forged webhook.
type Forged = (Headers, Vec<u8>);

/// A webhook changed on its way, in every way that its scheme must see.
fn forgeries(platform: &str) -> Vec<Forged> {
    let (_, headers, body) = webhook(platform);
    let mut forgeries = Vec::new();
    for place in 0..headers.len() {
        let mut fewer = headers.clone();
        fewer.remove(place);
        forgeries.push((fewer, body.clone()));
        let mut changed = headers.clone();
        // Another digit where one may stand, so that the form stays right.
        let value = &mut changed[place].1;
        let last = if value.ends_with('=') { value.len() - 3 } else { value.len() - 1 };
        let other = if value.as_bytes()[last] == b'a' { "b" } else { "a" };
        value.replace_range(last..=last, other);
        forgeries.push((changed, body.clone()));
    }
    // Ecwid does not sign the body; what it does sign stands at its beginning.
    let places = if platform == "ecwid" { vec![14, 32] } else { vec![0, body.len() / 2, body.len() - 1] };
    for place in places {
        let mut changed = body.clone();
        changed[place] ^= 1;
        forgeries.push((headers.clone(), changed));
    }
    if platform != "ecwid" {
        forgeries.push((headers.clone(), [&body[..], b"\n"].concat()));
        forgeries.push((headers.clone(), body[..body.len() - 1].to_vec()));
        forgeries.push((headers, Vec::new()));
    }
    forgeries
}

#[tokio::test]
async fn what_was_changed_on_its_way_is_not_let_in() {
    let door = Door::with(then()).await;
    for recipe in RECIPES {
        let (secret, headers, body) = webhook(recipe.platform);
        let store = door.store(recipe.platform, &secret).await;
        assert_eq!(door.post(&store, &headers, &body).await, 200, "{} takes what is right", recipe.platform);
        let of_another = door.store(recipe.platform, if recipe.platform == "wix" { "none" } else { OTHER }).await;
        assert_eq!(door.post(&of_another, &headers, &body).await, 401, "{}: another store's", recipe.platform);
        for (number, (headers, body)) in forgeries(recipe.platform).into_iter().enumerate() {
            assert_eq!(door.post(&store, &headers, &body).await, 401, "{} {number}", recipe.platform);
        }
        assert_eq!(door.queued().await.len(), 1, "{}: nothing but what was right", recipe.platform);
    }
}

#[tokio::test]
async fn a_webhook_that_tells_its_time_is_taken_in_time_only() {
    let door = Door::with(then()).await;
    let store = door.store("bigcommerce", SECRET).await;
    for (sent_at, status) in [(NOW - 301, 401), (NOW - 300, 200), (NOW + 300, 200), (NOW + 301, 401)] {
        let headers = signed("bigcommerce", SECRET, sent_at, b"{}");
        assert_eq!(door.post(&store, &headers, b"{}").await, status, "{sent_at}");
    }
}

/// Both secrets are good for a day, and then one.
#[tokio::test]
async fn the_secret_before_is_good_for_a_day() {
    let clock = then();
    let door = Door::with(clock.clone()).await;
    let secrets = HookSecrets::new(SECRET.to_owned().into()).replaced(OTHER.to_owned().into(), clock.now());
    let store = door.store_with(StoreState::Connected, "woocommerce", &secrets).await;
    let (old, new) = (signed("woocommerce", SECRET, NOW, b"{}"), signed("woocommerce", OTHER, NOW, b"{}"));
    for (wait, statuses) in [(0, (200, 200)), (86_399, (200, 200)), (1, (401, 200))] {
        clock.advance(Duration::from_secs(wait));
        assert_eq!((door.post(&store, &old, b"{}").await, door.post(&store, &new, b"{}").await), statuses, "{wait}");
    }
}

/// A platform may send again what was taken in: whether it was here before is not decided here, and nothing is forgotten for it.
#[tokio::test]
async fn a_webhook_that_comes_twice_is_queued_twice_under_ids_of_its_own() {
    let door = Door::new().await;
    let store = door.store("shopify", SECRET).await;
    let headers = signed("shopify", SECRET, NOW, b"{}");
    for _ in 0..2 {
        assert_eq!(door.post(&store, &headers, b"{}").await, 200);
    }
    let queued = door.queued().await;
    assert_eq!(queued.len(), 2);
    assert_ne!(queued[0].message.id, queued[1].message.id);
}
