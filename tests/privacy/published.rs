//! Who processes data, on which terms, for how long, under which policies: as anybody reads it.

use cloud::clock::Clock;
use domain::policy::POLICIES;
use privacy::routes::ROUTES;
use serde_json::Value;

use super::lobby::Lobby;
use crate::world::Calling;

#[tokio::test]
async fn r046_r098_r099_every_processor_is_published_with_its_kind_its_place_and_its_terms() {
    let lobby = Lobby::new().await;
    let answer = lobby.get("/privacy/processors").await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("Privacy Shield"), "void since 2020");
    let published = answer.json();
    assert_eq!(published["sold_or_shared"], false);
    let recipients = published["recipients"].as_array().unwrap();
    let kinds: Vec<_> = recipients.iter().map(|kind| kind["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["processors", "contractors", "applications of the merchant's choice", "authorities"]);
    assert_eq!(
        published["categories"],
        serde_json::json!([
            "mail, calendar and meetings",
            "accounting",
            "site, payments and licensing",
            "transactional and marketing mail",
            "support tickets",
            "logs, security and analytics",
            "affiliate programmes",
            "hosting",
        ]),
        "the eight of the policy"
    );
    let processors = published["processors"].as_array().unwrap();
    assert!(processors.len() >= 2, "whoever hosts, and whoever delivers mail");
    for processor in processors {
        assert!(published["categories"].as_array().unwrap().contains(&processor["category"]), "{processor}");
        for field in ["name", "task", "region"] {
            assert!(processor[field].as_str().is_some_and(|text| !text.is_empty()), "{processor} has no {field}");
        }
        for list in ["purposes", "data"] {
            assert!(processor[list].as_array().is_some_and(|list| !list.is_empty()), "{processor} has no {list}");
        }
        for field in ["agreement", "transfer"] {
            assert_eq!(processor[field].is_string(), processor["enabled"] == true, "{processor}");
        }
    }
}

/// The stack of the tests is the European one.
#[tokio::test]
async fn r045_data_is_processed_in_the_region_of_the_stack() {
    let lobby = Lobby::new().await;
    for processor in lobby.get("/privacy/processors").await.json()["processors"].as_array().unwrap() {
        assert_eq!(processor["region"], "eu", "{processor}");
    }
    assert_eq!(lobby.get("/privacy/records").await.json()["region"], "eu");
}

#[tokio::test]
async fn the_records_of_processing_say_what_article_30_asks_for() {
    let lobby = Lobby::new().await;
    let records = lobby.get("/privacy/records").await.json();
    assert!(records["contact"].as_str().unwrap().contains(':'), "a way to reach the operator: {}", records["contact"]);
    for list in ["recipients", "transfers", "security"] {
        assert!(!records[list].as_array().unwrap().is_empty(), "{list}");
    }
    let activities = records["activities"].as_array().unwrap();
    let has = |role: &str, purpose: &str| {
        activities.iter().any(|activity| activity["role"] == role && activity["purpose"] == purpose)
    };
    assert!(has("controller", "account") && has("processor", "operation"));
    for activity in activities {
        for list in ["about", "categories", "bases", "given_to", "kept"] {
            assert!(!activity[list].as_array().unwrap().is_empty(), "{activity} has no {list}");
        }
    }
}

#[tokio::test]
async fn r083_how_long_everything_is_kept_is_published() {
    let lobby = Lobby::new().await;
    let table = lobby.get("/privacy/retention").await.json();
    let days = |place: &str| {
        let rows = table["data"].as_array().unwrap();
        let row = rows.iter().find(|row| row["place"] == place).unwrap_or_else(|| panic!("{place}"));
        row["days"].clone()
    };
    assert_eq!((days("security-log"), days("incoming-events")), (90.into(), 1.into()));
    assert_eq!(days("accounts"), Value::Null, "as long as the account");
}

#[tokio::test]
async fn r040_every_version_of_every_policy_can_be_read() {
    let lobby = Lobby::new().await;
    let policies = lobby.get("/policies").await.json();
    let listed = policies["data"].as_array().unwrap();
    assert_eq!(listed.len(), POLICIES.len());
    for policy in listed {
        for version in policy["versions"].as_array().unwrap() {
            let answer = lobby.get(version["path"].as_str().unwrap()).await;
            assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "text/markdown; charset=utf-8"));
            assert!(answer.headers["cache-control"].contains("immutable"));
            use sha2::Digest;
            let hash: String = sha2::Sha256::digest(&answer.body).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(version["sha256"], hash);
            assert!(version["effective_at"].as_str().unwrap().ends_with("T00:00:00Z"));
        }
    }
    for nowhere in
        ["/policies/privacy/0", "/policies/privacy/latest", "/policies/none/1", "/policies/privacy", "/policies/a"]
    {
        let answer = lobby.get(nowhere).await;
        assert_eq!((answer.status, answer.problem().as_str()), (404, "not_found"), "{nowhere}");
    }
}

#[tokio::test]
async fn r163_the_terms_win_over_every_policy() {
    let policies = Lobby::new().await.get("/policies").await.json();
    assert_eq!(policies["precedence"], serde_json::json!(["terms", "privacy", "api-usage", "migration-data"]));
}

#[tokio::test]
async fn a_policy_holds_from_its_day_on() {
    for (now, holds) in [("2026-11-21T23:59:59Z", Value::Null), ("2026-11-22T00:00:00Z", "1".into())] {
        // Before the world: what is steered must not be behind what signs.
        let lobby = Lobby::at(Clock::steered(now.parse().unwrap())).await;
        assert_eq!(lobby.get("/policies").await.json()["data"][0]["in_effect"], holds, "{now}");
    }
}

#[tokio::test]
async fn what_is_well_known_is_where_it_is_looked_for() {
    let lobby = Lobby::at(Clock::steered("2028-02-29T13:14:15Z".parse().unwrap())).await;
    let control = lobby.get("/.well-known/gpc.json").await;
    assert_eq!(control.headers["content-type"], "application/json");
    assert_eq!(control.json(), serde_json::json!({ "gpc": true, "lastUpdate": "2026-11-22" }));

    let security = lobby.get("/.well-known/security.txt").await;
    assert_eq!(security.headers["content-type"], "text/plain; charset=utf-8");
    let text = String::from_utf8(security.body).unwrap();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    assert!(field("Contact").unwrap().starts_with("https://") || field("Contact").unwrap().starts_with("mailto:"));
    assert_eq!(field("Expires"), Some("2028-08-27T00:00:00Z"), "half a year, by the day");
    let policy = field("Policy").unwrap();
    let (_, path) = policy.split_once("/policies/").unwrap();
    assert_eq!(lobby.get(&format!("/policies/{path}")).await.status, 200, "it leads somewhere");
    assert!(field("Canonical").unwrap().ends_with("/.well-known/security.txt"));
    assert!(text.ends_with('\n') && text.lines().all(|line| line.contains(": ")));
}

/// R005, R006: there is no cookie, so there is nothing to agree to.
#[tokio::test]
async fn nothing_that_is_published_sets_a_cookie_or_asks_for_a_key() {
    let lobby = Lobby::new().await;
    // What a mailed link leads to is no document.
    let links = ["GET /privacy/unsubscribe", "GET /privacy/consents/confirm"];
    let documents = ROUTES.iter().filter(|route| route.name.starts_with("GET ") && !links.contains(&route.name));
    for route in documents.filter(|route| !route.name.contains('{')) {
        let (_, path) = route.name.split_once(' ').unwrap();
        let answer = lobby.call(Calling::new("GET", path).header("sec-gpc", "1")).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.headers.contains_key("set-cookie"), "{path}");
    }
}
