//! What is answered where something is wrong, or is no webhook.

use cloud::{clock::Clock, events::HookBody, hooks::HookSecrets, http::call::BODY_LIMIT, sqs::MESSAGE_LIMIT};
use domain::{id::StoreId, store::StoreState};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;
use testkit::fault_proxy::{Calls, Fault};

use super::{Door, Headers, hook, signed};
use crate::world::{Answered, Calling};

const SECRET: &str = "secret";
const NOW: i64 = 1_700_000_100;

/// What a refused sender is told, but for the call's own id.
fn told(answer: &Answered) -> (u16, Value, Option<String>) {
    let mut body = answer.json();
    body["instance"] = Value::Null;
    (answer.status, body, answer.headers.get("www-authenticate").cloned())
}

/// Whoever has no signature learns nothing: not whether the store is there, nor what else is wrong.
#[tokio::test]
async fn every_refusal_is_the_same_401() {
    let door = Door::new().await;
    let store = door.store("woocommerce", SECRET).await;
    let good = signed("woocommerce", SECRET, NOW, b"{}");
    let secrets = HookSecrets::new(SECRET.to_owned().into());
    let leaving = door.store_with(StoreState::Disconnecting, "woocommerce", &secrets).await;
    let coming = door.store_with(StoreState::Connecting, "woocommerce", &secrets).await;
    let without_scheme = door.store("prestashop", SECRET).await;
    let unknown = StoreId::from_uuid(Clock::system().new_id());
    let forged: Headers = signed("woocommerce", "guessed", NOW, b"{}");
    let large = vec![b'x'; 4_400_000];
    let calls = [
        ("another secret", hook(&store, &forged, b"{}")),
        ("no signature", hook(&store, &Vec::new(), b"{}")),
        ("nothing at all", Calling::new("POST", &format!("/hooks/{store}"))),
        ("a store that is not there", hook(&unknown, &good, b"{}")),
        ("a store that leaves", hook(&leaving, &good, b"{}")),
        ("a store that comes", hook(&coming, &good, b"{}")),
        ("a platform without webhooks", hook(&without_scheme, &good, b"{}")),
        ("no id", Calling::new("POST", "/hooks/str_x").body("{}")),
        ("too large", hook(&store, &forged, &large)),
        ("a key of ours", hook(&store, &Vec::new(), b"{}").key("ctg_x")),
    ];
    let mut first = None;
    for (what, calling) in calls {
        let answer = door.call(calling).await;
        assert_eq!(answer.problem(), "hook_unverified", "{what}");
        let told = told(&answer);
        assert_eq!(*first.get_or_insert_with(|| told.clone()), told, "{what}");
    }
    assert_eq!(first.unwrap().2.as_deref(), Some("Signature realm=\"cartage\""));
    assert!(door.queued().await.is_empty());
}

#[tokio::test]
async fn only_post_brings_a_webhook() {
    let door = Door::new().await;
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let answer = door.call(Calling::new(method, "/hooks/str_x")).await;
        assert_eq!((answer.status, answer.headers["allow"].as_str()), (405, "POST"), "{method}");
    }
    assert!(door.faults.seen().is_empty());
}

/// `platforms.md`, read first, 2: unsigned, form-encoded, answered with exactly 200 and nothing else done.
#[tokio::test]
async fn the_ping_of_woocommerce_is_answered_and_goes_nowhere() {
    let door = Door::new().await;
    let store = door.store("woocommerce", SECRET).await;
    let ping = |store: &StoreId, body: &str| {
        hook(store, &Vec::new(), body.as_bytes()).header("content-type", "application/x-www-form-urlencoded")
    };
    let answer = door.call(ping(&store, "webhook_id=12")).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let shopify = door.store("shopify", SECRET).await;
    assert_eq!(door.call(ping(&shopify, "webhook_id=12")).await.status, 401, "of another platform");
    let unknown = StoreId::from_uuid(Clock::system().new_id());
    assert_eq!(door.call(ping(&unknown, "webhook_id=12")).await.status, 401, "of no store");
    for more in ["webhook_id=12&x=1", "webhook_id=", "webhook_id=1a"] {
        assert_eq!(door.call(ping(&store, more)).await.status, 401, "{more}");
    }
    assert!(door.queued().await.is_empty());
}

#[tokio::test]
async fn a_body_of_any_bytes_is_taken_as_it_is() {
    let door = Door::new().await;
    let store = door.store("shopify", SECRET).await;
    let every_byte: Vec<u8> = (0..=255).collect();
    for body in [&every_byte[..], b"", "\u{feff}{}\r\n".as_bytes(), "\u{ffff}".as_bytes(), b"\0"] {
        let headers = signed("shopify", SECRET, NOW, body);
        assert_eq!(door.post(&store, &headers, body).await, 200);
        // API Gateway sends as bytes whatever is not called a text.
        assert_eq!(door.call(hook(&store, &headers, b"").bytes(body)).await.status, 200);
        for queued in door.queued().await {
            assert_eq!(queued.hook().1.inline().unwrap().as_deref(), Some(body));
        }
    }
}

#[tokio::test]
async fn a_message_is_filled_to_its_last_byte() {
    // How long a time is written depends on its last digits.
    let door = Door::with(Clock::steered(Timestamp::from_second(NOW).unwrap())).await;
    let store = door.store("shopify", SECRET).await;
    let empty = signed("shopify", SECRET, NOW, b"");
    door.post(&store, &empty, b"").await;
    let around = serde_json::to_string(&door.queued().await.remove(0).message).unwrap().len();
    let body = vec![b'x'; MESSAGE_LIMIT - around];
    let headers = signed("shopify", SECRET, NOW, &body);
    assert_eq!(door.post(&store, &headers, &body).await, 200);
    let queued = door.queued().await.remove(0);
    assert!(matches!(queued.hook().1, HookBody::Text(text) if text.len() == body.len()));
}

/// The largest that API Gateway can hand over rests in the bucket; the message is sent after it and names it.
#[tokio::test]
async fn a_body_that_no_message_holds_rests_in_the_bucket() {
    let door = Door::new().await;
    let store = door.store("shopify", SECRET).await;
    for body in [vec![b'x'; MESSAGE_LIMIT], vec![0xff; BODY_LIMIT]] {
        let headers = signed("shopify", SECRET, NOW, &body);
        assert_eq!(door.post(&store, &headers, &body).await, 200);
        let queued = door.queued().await.remove(0);
        let HookBody::Stored(name) = queued.hook().1 else { panic!("{} bytes fit no message", body.len()) };
        assert_eq!(*name, format!("{store}/{}", queued.message.id));
        assert!(door.bucket().get(name).await.unwrap().is_some_and(|stored| stored == body), "byte for byte");
        door.bucket().delete(name).await.unwrap();
        assert!(door.bucket().get(name).await.unwrap().is_none());
    }
    let body = vec![b'x'; BODY_LIMIT + 1];
    let refused = door.call(hook(&store, &signed("shopify", SECRET, NOW, &body), &body)).await;
    assert_eq!((refused.status, refused.problem().as_str()), (413, "body_too_large"));

    let body = vec![b'x'; MESSAGE_LIMIT];
    let down = Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "");
    let bucket: &'static str = format!("/{}/", door.config.large_hooks_bucket).leak();
    door.faults.inject(Calls::Path(bucket), down, 100);
    assert_eq!(door.post(&store, &signed("shopify", SECRET, NOW, &body), &body).await, 503);
    assert!(door.queued().await.is_empty(), "no message without its body");
}

/// Neither yes nor no (invariant 6), and in time for the platform to send it again.
#[tokio::test]
async fn what_cannot_be_checked_or_kept_is_503() {
    let door = Door::new().await;
    let store = door.store("woocommerce", SECRET).await;
    let headers = signed("woocommerce", SECRET, NOW, b"{}");
    let down = Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}");
    for target in ["GetItem", "TrentService.Decrypt", "SendMessage"] {
        let app = door.another_instance();
        door.faults.inject(Calls::Target(target), down.clone(), 100);
        let answer = Door::call_on(&app, hook(&store, &headers, b"{}")).await;
        assert_eq!(answer.problem(), "unavailable", "{target}");
        assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (503, "1"), "{target}");
        door.faults.reset();
        assert_eq!(Door::call_on(&app, hook(&store, &headers, b"{}")).await.status, 200, "{target} is back");
    }
    assert_eq!(door.queued().await.len(), 3);

    // What is remembered needs no table.
    door.post(&store, &headers, b"{}").await;
    door.faults.inject(Calls::Target("GetItem"), down, 100);
    assert_eq!(door.post(&store, &headers, b"{}").await, 200);
}
