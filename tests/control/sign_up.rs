//! From the form to the owner's key.

use std::time::Duration;

use cloud::clock::Clock;
use serde_json::{Value, json};

use super::house::House;
use crate::world::{Answered, Calling};

fn form(email: &str) -> Value {
    json!({
        "name": "Ann Example",
        "email": email,
        "phone": "+49 30 901820",
        "company": "Example GmbH",
        "website": "https://example.com",
        "adult": true,
        "consents": { "monthly": true },
        "policy_version": "1",
    })
}

/// An address that no other test has.
fn address(house: &House) -> String {
    format!("ann.{}@example.com", house.clock().new_id().simple())
}

async fn sign_up(house: &House, form: &Value) -> Answered {
    house.call(Calling::new("POST", "/v1/accounts").body(form.to_string())).await
}

/// The token in the only mail that waits.
async fn mailed_token(house: &House) -> String {
    let mails = house.mails().await;
    assert_eq!(mails.len(), 1);
    let link = mails[0]["link"].as_str().unwrap();
    let (start, token) = link.split_once("?token=").unwrap();
    assert_eq!(start, format!("{}/v1/accounts/confirm", house.config.public_url));
    token.to_owned()
}

async fn follow(house: &House, token: &str) -> Answered {
    house.call(Calling::new("POST", "/v1/accounts/confirm").body(json!({ "token": token }).to_string())).await
}

#[tokio::test]
async fn r001_a_form_becomes_an_account_by_a_mailed_link() {
    let house = House::new().await;
    let email = address(&house);
    let answer = sign_up(&house, &form(&email)).await;
    assert_eq!(answer.status, 202);
    assert!(!String::from_utf8_lossy(&answer.body).contains("token"), "the link is in the mail only");

    let token = mailed_token(&house).await;
    let followed = follow(&house, &token).await;
    assert_eq!(followed.status, 201, "{}", followed.json());
    assert_eq!(followed.json()["role"], "owner");
    let key = followed.json()["key"].as_str().unwrap().to_owned();

    let account = house.call(Calling::new("GET", "/v1/account").key(&key)).await;
    assert_eq!(account.status, 200);
    let account = account.json();
    assert_eq!(account["email"], email);
    assert_eq!(account["consents"]["monthly"], true);
    assert_eq!(account["consents"]["offers"], false, "nothing is agreed to by default");
    let id = account["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(house.security_events(&id).await, ["account-confirmed", "key-created"]);

    assert_eq!(follow(&house, &token).await.problem(), "link_expired", "a link works once");
}

#[tokio::test]
async fn a_link_that_is_only_looked_at_changes_nothing() {
    let house = House::new().await;
    sign_up(&house, &form(&address(&house))).await;
    let token = mailed_token(&house).await;
    let path = format!("/v1/accounts/confirm?token={token}");
    for _ in 0..3 {
        let page = house.call(Calling::new("GET", &path).header("accept", "text/html")).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert!(page.headers["content-security-policy"].contains("default-src 'none'"));
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert_eq!(page.headers["cache-control"], "no-store");
        let text = String::from_utf8(page.body).unwrap();
        assert!(text.contains("<form method=\"post\"") && !text.contains("<script"));
    }
    assert_eq!(house.call(Calling::new("GET", &path)).await.status, 200);

    // The page's button sends a form, with the origin that a browser adds.
    let posted = house
        .call(
            Calling::new("POST", "/v1/accounts/confirm")
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept", "text/html,application/xhtml+xml")
                .header("origin", "https://api.example")
                .body(format!("token={token}")),
        )
        .await;
    assert_eq!(posted.status, 201);
    let text = String::from_utf8(posted.body).unwrap();
    assert_eq!(domain::key::find_keys(&text).count(), 1, "the page shows the key");
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let house = House::new().await;
    let (known, unknown) = (address(&house), address(&house));
    sign_up(&house, &form(&known)).await;
    let token = mailed_token(&house).await;
    assert_eq!(follow(&house, &token).await.status, 201);

    let (first, second) = (sign_up(&house, &form(&known)).await, sign_up(&house, &form(&unknown)).await);
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    let names = |answer: &Answered| answer.headers.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&first), names(&second));

    // Only whoever reads the mailbox is told.
    let mails = house.mails().await;
    assert_eq!(mails.len(), 2);
    let mail = mails.iter().find(|mail| mail["to"] == known).unwrap();
    let (_, token) = mail["link"].as_str().unwrap().split_once("?token=").unwrap();
    assert_eq!(follow(&house, token).await.problem(), "conflict");
}

#[tokio::test]
async fn a_link_has_an_end_and_cannot_be_guessed() {
    let clock = Clock::steered(Clock::system().now());
    let house = House::with(clock.clone()).await;
    sign_up(&house, &form(&address(&house))).await;
    let token = mailed_token(&house).await;
    clock.advance(Duration::from_secs(24 * 3_600 + 1));
    assert_eq!(follow(&house, &token).await.problem(), "link_expired");
    for guess in ["", "x", &"A".repeat(43)] {
        assert_eq!(follow(&house, guess).await.problem(), "link_expired", "{guess}");
    }
    for (query, accept) in [("", "text/html"), ("?token=", "*/*"), ("?token=<script>", "text/html")] {
        let path = format!("/v1/accounts/confirm{query}");
        assert_eq!(house.call(Calling::new("GET", &path).header("accept", accept)).await.problem(), "link_expired");
    }
}

#[tokio::test]
async fn a_mailbox_and_a_source_have_their_limits() {
    let house = House::new().await;
    let email = address(&house);
    for _ in 0..7 {
        assert_eq!(sign_up(&house, &form(&email)).await.status, 202);
    }
    assert_eq!(house.mails().await.len(), 5, "an address gets five mails a day");
    for _ in 0..3 {
        assert_eq!(sign_up(&house, &form(&address(&house))).await.status, 202);
    }
    let refused = sign_up(&house, &form(&address(&house))).await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "rate_limited"));
    let wait: u64 = refused.headers["retry-after"].parse().unwrap();
    assert!((1..=900).contains(&wait));
}

#[tokio::test]
async fn r001_the_form_has_exactly_its_fields() {
    let house = House::new().await;
    let base = form(&address(&house));
    let with = |field: &str, value: Value| {
        let mut changed = base.clone();
        changed[field] = value;
        changed.to_string()
    };
    let without = |field: &str| {
        let mut changed = base.clone();
        changed.as_object_mut().unwrap().remove(field);
        changed.to_string()
    };
    let long = "x".repeat(201);
    let cases = [
        (with("nickname", json!("x")), "/nickname"),
        (with("name", json!("")), "/name"),
        (with("name", json!(long)), "/name"),
        (with("name", json!("Ann\r\nBcc: x")), "/name"),
        (with("email", json!("ann@localhost")), "/email"),
        (with("email", json!("ann@example.com\r\nBcc: eve@example.com")), "/email"),
        (with("phone", json!("call me")), "/phone"),
        (with("website", json!("javascript:alert(1)")), "/website"),
        (with("adult", json!(false)), "/adult"),
        (with("policy_version", json!("")), "/policy_version"),
        (with("policy_version", json!("0")), "/policy_version"),
        (without("name"), "/name"),
        (without("adult"), "/adult"),
        (without("company"), "/company"),
        (with("name", json!(7)), ""),
        (with("adult", json!("true")), ""),
        (with("consents", json!({ "everything": true })), "/everything"),
        (base.to_string().replacen('{', "{\"name\":\"Eve\",", 1), "/name"),
    ];
    for (body, pointer) in cases {
        let answer = house.call(Calling::new("POST", "/v1/accounts").body(body.clone())).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "validation_failed"), "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    for body in ["", "{", "{\"name\":", "[1,2", "nonsense"] {
        let answer = house.call(Calling::new("POST", "/v1/accounts").body(body)).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "body_invalid"), "{body}");
    }
    assert!(house.mails().await.is_empty());
}

/// The form asks, and whoever does not say yes becomes nobody here: no mail, and so no link to an account.
#[tokio::test]
async fn r042_only_who_says_to_be_an_adult_signs_up() {
    let house = House::new().await;
    let mut wish = form(&address(&house));
    for said in [json!(false), Value::Null, json!("yes"), json!(17)] {
        wish["adult"] = said.clone();
        assert_eq!(sign_up(&house, &wish).await.problem(), "validation_failed", "{said}");
    }
    wish.as_object_mut().unwrap().remove("adult");
    assert_eq!(sign_up(&house, &wish).await.json()["errors"][0]["pointer"], "/adult", "saying nothing is no yes");
    assert!(house.mails().await.is_empty());
    wish["adult"] = json!(true);
    assert_eq!(sign_up(&house, &wish).await.status, 202);
    assert_eq!(house.mails().await.len(), 1);
}

#[tokio::test]
async fn no_table_holds_a_token() {
    let house = House::new().await;
    sign_up(&house, &form(&address(&house))).await;
    let token = mailed_token(&house).await;
    let items = house.sdk().scan().table_name(&house.config.guards_table).send().await.unwrap();
    assert!(!items.items().is_empty());
    assert!(!format!("{:?}", items.items()).contains(&token));
}
