//! What is held, as anybody reads it; and what every route of the function does with calls that it cannot serve.

use privacy::routes::ROUTES;
use testkit::plain_http::PlainHttp;

use super::lobby::Lobby;
use crate::world::Calling;

#[tokio::test]
async fn r028_anybody_may_read_what_is_held() {
    let lobby = Lobby::new().await;
    let answer = lobby.get("/privacy/inventory").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["cache-control"], "public, max-age=300");
    let inventory = answer.json();
    assert_eq!(inventory["sold_or_shared"], false);
    let held = inventory["data"].as_array().unwrap();
    let email = held
        .iter()
        .find(|entry| entry["about"] == "people with an account" && entry["category"] == "user.contact.email");
    assert_eq!(email.unwrap()["exported"], true);
    assert!(lobby.faults.seen().is_empty(), "nothing is asked of AWS for it");
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let lobby = Lobby::new().await;
    // Pages alone, what a mailed link leads to, and what KMS is asked for are no documents of a release.
    let others = [
        "GET /privacy",
        "GET /privacy/requests",
        "GET /privacy/unsubscribe",
        "GET /privacy/consents/confirm",
        "GET /privacy/signing-key",
    ];
    let documents = ROUTES.iter().filter(|route| route.name.starts_with("GET ") && !others.contains(&route.name));
    for route in documents.filter(|route| !route.name.contains('{')) {
        let (_, path) = route.name.split_once(' ').unwrap();
        let first = lobby.get(path).await;
        let etag = &first.headers["etag"];
        let again = lobby.call(Calling::new("GET", path).header("if-none-match", etag)).await;
        assert_eq!((again.status, again.body.len(), &again.headers["etag"]), (304, 0, etag), "{path}");
        let other = lobby.call(Calling::new("GET", path).header("if-none-match", "\"other\"")).await;
        assert_eq!(other.body, first.body, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_or_path_is_a_problem() {
    let lobby = Lobby::new().await;
    for route in ROUTES.iter().filter(|route| route.name.starts_with("GET ")) {
        let (_, path) = route.name.split_once(' ').unwrap();
        let answer = lobby.call(Calling::new("PUT", path)).await;
        assert_eq!((answer.status, answer.problem().as_str()), (405, "method_not_allowed"), "{path}");
        assert!(answer.headers["allow"].contains("GET"), "{path}");
    }
    for path in ["/privacy/nothing", "/privacy/inventory/1", "/policies/a/b/c", "/.well-known/x"] {
        let answer = lobby.get(path).await;
        assert_eq!((answer.status, answer.problem().as_str()), (404, "not_found"), "{path}");
    }
    assert_eq!(lobby.call(Calling::new("HEAD", "/privacy/inventory/")).await.status, 200);
}

/// The gateway hands these paths to this function, and to no other.
#[tokio::test]
async fn the_deployed_function_answers_its_paths() {
    let api = testkit::stack::Stack::shared().api();
    let base = api.as_str().trim_end_matches('/');
    for (path, status) in
        [("/privacy/inventory", 200), ("/privacy/nothing", 404), ("/policies/none/1", 404), ("/.well-known/none", 404)]
    {
        let request = http::Request::get(format!("{base}{path}")).header("user-agent", "tests/1");
        let answer = PlainHttp::default().send(request.body(bytes::Bytes::new()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        assert!(answer.headers().contains_key("x-request-id"), "{path}");
    }
}
