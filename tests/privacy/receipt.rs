//! The receipt of a request: who gets it, when, and that it verifies with the published key.

use serde_json::Value;

use super::{
    lobby::{Lobby, form, whole_proof},
    pages,
};
use crate::{
    control::signature::verifies,
    world::{Answered, Calling},
};

fn text(answer: &Answered) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// All that the receipt's routes ask of AWS.
pub(super) async fn everything(lobby: &Lobby) {
    let made = lobby.ask(form("opt-out-sale", &lobby.address())).await;
    assert_eq!(lobby.of(&made, "GET", "/receipt", Value::Null).await.problem(), "conflict");
    assert_eq!(lobby.get("/privacy/signing-key").await.status, 200);
}

#[tokio::test]
async fn whoever_made_a_request_gets_its_receipt_which_verifies_with_the_published_key_and_names_nobody() {
    let lobby = Lobby::new().await;
    let account = lobby.account().await;
    let made = lobby.ask(form("access", account.email.as_str())).await;
    lobby.post(&lobby.link(&made.id).await, whole_proof(&made.code)).await;
    let running = lobby.of(&made, "GET", "", Value::Null).await.json();
    assert_eq!((&running["state"], &running["has_receipt"]), (&"running".into(), &false.into()));
    assert_eq!(lobby.of(&made, "GET", "/receipt", Value::Null).await.problem(), "conflict", "nothing is done yet");

    lobby.carry_out(&made.id).await;
    assert_eq!(lobby.of(&made, "GET", "", Value::Null).await.json()["has_receipt"], true);
    let answer = lobby.of(&made, "GET", "/receipt", Value::Null).await;
    let receipt = answer.json();
    let member = |name: &str| receipt[name].as_str().unwrap();
    let (_, path) = member("public_key").split_once("/privacy/").unwrap();
    let key = lobby.get(&format!("/privacy/{path}")).await;
    assert_eq!(key.headers["content-type"], "application/x-pem-file");
    let pem = text(&key);
    assert!(verifies(&pem, member("document").as_bytes(), member("signature")));
    let changed = member("document").replace("access", "erasure");
    assert!(!verifies(&pem, changed.as_bytes(), member("signature")), "what was changed does not");
    let document: Value = serde_json::from_str(member("document")).unwrap();
    assert_eq!((&document["request"], &document["kind"]), (&made.id.as_str().into(), &"access".into()));
    for personal in [account.email.as_str(), account.name.as_str(), account.id.as_str(), account.company.as_str()] {
        assert!(!text(&answer).contains(personal), "{personal}");
    }

    // KMS is asked once, however often the key is fetched.
    lobby.get("/privacy/signing-key").await;
    assert_eq!(lobby.faults.count("GetPublicKey"), 1);
}

#[tokio::test]
async fn nobody_else_gets_a_receipt() {
    let lobby = Lobby::new().await;
    let made = lobby.ask(form("opt-out-sale", &lobby.address())).await;
    let other = lobby.ask(form("opt-out-sale", &lobby.address())).await;
    lobby.carry_out(&made.id).await;
    let path = format!("/privacy/requests/{}/receipt", made.id);
    assert_eq!(lobby.get(&path).await.problem(), "not_found", "without a session");
    let calling = Calling::new("GET", &path).header("privacy-session", &other.session);
    assert_eq!(lobby.call(calling).await.problem(), "not_found", "with somebody else's");
    let own = Calling::new("GET", &path).header("privacy-session", &made.session);
    assert_eq!(lobby.call(own).await.status, 200);
}

#[tokio::test]
async fn a_browser_sees_what_was_done_in_words_and_saves_the_same_bytes_as_a_program_gets() {
    let lobby = Lobby::new().await;
    let account = lobby.account().await;
    let made = lobby.ask(form("access", account.email.as_str())).await;
    lobby.post(&lobby.link(&made.id).await, whole_proof(&made.code)).await;
    lobby.carry_out(&made.id).await;
    let path = format!("/privacy/requests/{}", made.id);
    let look = async |path: &str| {
        let calling = Calling::new("GET", path).header("accept", pages::BROWSER);
        lobby.call(calling.header("privacy-session", &made.session)).await
    };
    let (_, status) = pages::read(look(&format!("{path}?lang=fr")).await);
    assert!(status.contains(&format!("href=\"{path}/receipt?lang=fr\"")), "{status}");
    let (_, page) = pages::read(look(&format!("{path}/receipt?lang=fr")).await);
    for words in ["Ce qui a été fait", "Compte", "signing-key", "openssl dgst -sha256 -verify"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let saved = look(&format!("{path}/receipt?as=json")).await;
    assert_eq!(saved.headers["content-disposition"], "attachment; filename=\"receipt.json\"");
    assert_eq!(saved.body, lobby.of(&made, "GET", "/receipt", Value::Null).await.body);
}
