//! What is signed is accepted by verifiers that we did not write, and refused by them where anything was changed.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use standardwebhooks::Webhook;
use testkit::receiver::Arrived;

use super::hall::Hall;

fn headers(arrived: &Arrived) -> HeaderMap {
    let pairs = arrived
        .headers
        .iter()
        .map(|(name, value)| (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap()));
    pairs.collect()
}

fn accepts(secret: &str, arrived: &Arrived) -> bool {
    Webhook::new(secret).unwrap().verify(&arrived.body, &headers(arrived)).is_ok()
}

#[tokio::test]
async fn r138_the_crate_of_standard_webhooks_accepts_what_arrives() {
    let mut hall = Hall::new().await;
    hall.event();
    hall.settle().await;
    let arrived = hall.endpoint.arrived().remove(0);
    assert!(accepts(hall.secret(), &arrived));
    assert!(!accepts(&format!("whsec_{}", STANDARD.encode([7; 32])), &arrived), "another secret");
    let mut changed = arrived.clone();
    changed.body.push(b' ');
    assert!(!accepts(hall.secret(), &changed), "another body");
    let mut changed = arrived.clone();
    changed.headers.insert("webhook-id".to_owned(), "evt_other".to_owned());
    assert!(!accepts(hall.secret(), &changed), "another id");
    for by in [-301, 301] {
        let mut changed = arrived.clone();
        let time = hall.clock.now().as_second() + by;
        changed.headers.insert("webhook-timestamp".to_owned(), time.to_string());
        assert!(!accepts(hall.secret(), &changed), "another time");
    }
}

#[tokio::test]
async fn r138_the_cartos_signature_is_the_hex_of_the_raw_body_under_the_secret_as_it_was_shown() {
    let mut hall = Hall::new().await;
    hall.event();
    hall.settle().await;
    let arrived = hall.endpoint.arrived().remove(0);
    let signature = connectors_hex(hall.secret().as_bytes(), &arrived.body);
    assert_eq!(arrived.headers["x-cartos-signature"], signature);
}

/// HMAC-SHA256 in lower-case hex, by a library that `cloud::signing` does not use.
fn connectors_hex(key: &[u8], body: &[u8]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn while_a_secret_rotates_both_verify_and_then_only_the_new_one() {
    let mut hall = Hall::new().await;
    let signing = hall.signing();
    let made = signing.rotate(&hall.subscription, Duration::from_secs(3_600)).await.unwrap();
    let (old, new) = (hall.secret().to_owned(), made.secret.expose_secret().to_owned());
    hall.subscription.secrets = made.sealed;
    hall.subscription.secrets_version = made.version;
    hall.keep().await;
    hall.event();
    hall.settle().await;
    let arrived = hall.endpoint.arrived().remove(0);
    assert_eq!(arrived.headers["webhook-signature"].split(' ').count(), 2);
    assert!(accepts(&old, &arrived) && accepts(&new, &arrived));

    // The verifiers go by the machine's clock: one that is an hour ahead signs what they refuse for its time, so only the count is looked at.
    hall.clock.advance(Duration::from_secs(3_600));
    hall.event();
    hall.settle().await;
    let arrived = hall.endpoint.arrived().remove(1);
    assert_eq!(arrived.headers["webhook-signature"].split(' ').count(), 1);
    assert_eq!(arrived.headers["x-cartos-signature"], connectors_hex(new.as_bytes(), &arrived.body));
}

#[tokio::test]
async fn secrets_open_only_where_they_were_put() {
    let hall = Hall::new().await;
    let signing = hall.signing();
    assert!(signing.open(&hall.subscription).await.is_ok());
    let mut moved = hall.subscription.clone();
    moved.id = domain::id::SubscriptionId::from_uuid(hall.clock.new_id());
    assert!(signing.open(&moved).await.is_err(), "another subscription");
    let mut turned_back = hall.subscription.clone();
    turned_back.secrets_version = 2;
    assert!(signing.open(&turned_back).await.is_err(), "another version");
}
