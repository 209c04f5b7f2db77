//! The deployed function behind the API, as partners meet it: an agent on PyNaCl, and a controller that checks what it is answered against schemas.

use base64::{Engine, engine::general_purpose::STANDARD};
use cloud::{clock::random_bytes, partners::Bearer};
use domain::id::StoreId;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use testkit::stack::Stack;

use super::counter::{BUSINESS, Counter, register};
use crate::{control::signature::verifies, journey::clients::python};

fn api() -> &'static str {
    Stack::shared().api().as_str().trim_end_matches('/')
}

fn a_store() -> StoreId {
    StoreId::from_uuid(cloud::clock::Clock::system().new_id())
}

/// An agent whose private key another program gets: its name, and the key's seed.
async fn agent(table: &str) -> (String, String) {
    let seed = random_bytes();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let id = format!("AGENT_{}", cloud::clock::Clock::system().new_id().simple());
    let item = json!({
        "pk": format!("partner#{id}"), "sk": "-", "v": 1, "id": id, "enabled": true, "per_day": 50, "callback_origins": [],
        "speaks": { "drp": { "verify_key": STANDARD.encode(pair.public_key()), "business": BUSINESS } },
    });
    register(table, &item).await;
    (id, domain::hex::hex(&seed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_on_libsodium_is_served_and_every_forgery_is_refused() {
    let counter = Counter::new().await;
    let table = &counter.config.privacy_table;
    let ((agent, seed), (other, other_seed)) = (agent(table).await, agent(table).await);
    let more = [
        ("API", api()),
        ("BUSINESS", BUSINESS),
        ("AGENT", &agent),
        ("AGENT_SEED", &seed),
        ("OTHER", &other),
        ("OTHER_SEED", &other_seed),
    ];
    let seen = python().run("drp.py", &a_store(), "", &more).await;
    let all_forbidden = |cases: &Value, count: usize| {
        let cases = cases.as_object().unwrap();
        assert_eq!(cases.len(), count);
        for (case, said) in cases {
            assert_eq!(said, &json!([403, 0]), "{case}");
        }
    };
    all_forbidden(&seen["handshakes"], 9);
    assert_eq!(seen["wrong method"], 405);
    assert_eq!(seen["handshake"], json!([200, true, true]));
    assert_eq!(seen["handshake replayed"], json!([403, 0]));
    assert_eq!(seen["information"], json!([200, {}]));
    assert_eq!(seen["information of other"], json!([403, 0]));

    let status = &seen["exercise"][1];
    assert_eq!(seen["exercise"][0], 200);
    assert_eq!((&status["status"], &status["reason"]), (&json!("in_progress"), &json!("need_user_verification")));
    assert_eq!(status["agent_request_id"], "request-1");
    assert_eq!(seen["replay"], json!([200, true]), "the same status object");
    assert_eq!(seen["status"], json!([200, true]));
    assert_eq!(seen["times"], json!([0.0, 0.0]));
    all_forbidden(&seen["refusals"], 15);
    for (case, status) in
        [("wrong content type", 415), ("wrong method", 405), ("unknown right", 400), ("callback", 400)]
    {
        assert_eq!(seen["told"][case], json!([status, true]), "{case}");
    }
    assert_eq!(seen["revoked"], json!([200, "revoked", "revoked"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_is_answered_as_the_specification_has_it() {
    let counter = Counter::new().await;
    let controller = counter.controller(9).await;
    counter.store(&controller).await;
    let (token, bearer) = Bearer::mint(&controller.id.parse().unwrap());
    let item = json!({
        "pk": format!("partner#{}", controller.id), "sk": "-", "v": 1, "id": controller.id, "enabled": true, "per_day": 9,
        "speaks": { "opendsr": { "account": controller.account } }, "token": bearer.hash(), "callback_origins": [],
    });
    register(&counter.config.privacy_table, &item).await;
    let seen = python().run("opendsr.py", &a_store(), "", &[("API", api()), ("TOKEN", &token)]).await;
    let pem = seen["key"].as_str().unwrap();
    let signed = seen["signed"].as_array().unwrap();
    assert!(signed.len() >= 8, "{}", signed.len());
    for answer in signed {
        let text = |place: usize| answer[place].as_str().unwrap();
        assert!(verifies(pem, text(0).as_bytes(), text(1)), "{}", text(0));
    }
    let raw = json!("johndoe@example.com");
    assert_eq!(seen["back"], json!({ "raw": raw, "sha256": raw, "sha1": "", "md5": "" }));
    assert_eq!(seen["status"], "completed", "an address leads to nothing that is held");
    for status in seen["about customer"].as_array().unwrap() {
        assert!(["pending", "in_progress", "completed"].contains(&status.as_str().unwrap()), "{status}");
    }
}
