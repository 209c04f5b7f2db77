//! What goes wrong is told, with what to do about it, and ends with a code that a script can tell apart.

use serde_json::{Value, json};

use super::{Terminal, answer, answering};
use crate::control::house::House;

const PROBLEM: &str = "application/problem+json";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_failure_has_its_exit_code() {
    let house = House::new().await;
    let owner = house.owner().await;
    let terminal = Terminal::with(&owner.key);
    let wrong = terminal.run("stores fly").await;
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""), "{}", wrong.err);

    let refused = terminal.run("keys create --app app_00000000000000000000000000 --scopes products:fly").await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("/scopes/0: ") && refused.err.contains("request req_"), "{}", refused.err);
    let as_json = terminal.run("keys create --app app_00000000000000000000000000 --scopes products:fly --json").await;
    let problem: Value = serde_json::from_str(as_json.err.trim()).unwrap();
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["pointer"]),
        (&json!("validation_failed"), &json!("/scopes/0"))
    );
    assert_eq!(as_json.out, "", "nothing but the result is on standard output");

    let nobody = terminal.clone().variable("CARTAGE_URL", "http://127.0.0.1:9");
    let unreachable = nobody.run("apps list --json").await;
    assert_eq!(unreachable.code, Some(3), "{}", unreachable.err);
    let problem: Value = serde_json::from_str(unreachable.err.trim()).unwrap();
    assert_eq!(problem["code"], "no_answer");
    assert!(!unreachable.err.contains(owner.key.rsplit('_').next().unwrap()));

    for (body, kind, status) in
        [("<h1>It works</h1>", "text/html", "200 OK"), ("{}", "application/json", "502 Bad Gateway")]
    {
        let url = answering(vec![answer(status, kind, "", body)]);
        let other = terminal.clone().variable("CARTAGE_URL", &url).run("apps list").await;
        assert_eq!(other.code, Some(4), "{}", other.err);
        assert!(other.err.contains("none of the API's"), "{}", other.err);
    }
    let plain = terminal.clone().variable("CARTAGE_URL", "http://api.example.com").run("apps list").await;
    assert_eq!(
        (plain.code, plain.err.contains("is no base URL")),
        (Some(2), true),
        "a key never goes out in the clear"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_is_waited_for_as_long_as_it_says() {
    let limited = || {
        let body = json!({ "title": "Too many calls.", "status": 429, "code": "rate_limited", "instance": "req_1" });
        answer("429 Too Many Requests", PROBLEM, "retry-after: 2\r\n", &body.to_string())
    };
    let list = answer("200 OK", "application/json", "", r#"{"data":[{"id":"app_1","name":"a"}],"next_cursor":null}"#);
    let terminal = |url: &str| Terminal::new().variable("CARTAGE_URL", url).variable("CARTAGE_KEY", "ctg_1_x");

    let started = std::time::Instant::now();
    let waited = terminal(&answering(vec![limited(), list])).run("apps list --json").await;
    assert!(started.elapsed() >= std::time::Duration::from_secs(2), "not a moment early");
    assert!(waited.err.contains("rate_limited: waiting 2 s"), "{}", waited.err);
    assert_eq!(waited.rows()[0]["id"], "app_1");

    let impatient = terminal(&answering(vec![limited()])).run("apps list --max-wait 1").await;
    assert_eq!(impatient.code, Some(1));
    assert!(impatient.err.contains("429 rate_limited") && impatient.err.contains("--max-wait"), "{}", impatient.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_store_says_commands_no_terminal() {
    let body = json!({ "data": [{ "id": "app_1", "name": "red\u{1b}[31m alert\u{7}" }], "next_cursor": null });
    let url = answering(vec![answer("200 OK", "application/json", "", &body.to_string())]);
    let terminal = Terminal::new().variable("CARTAGE_URL", &url).variable("CARTAGE_KEY", "ctg_1_x");
    let shown = terminal.run("apps list").await.fine();
    assert!(shown.contains("red\u{fffd}[31m alert\u{fffd}") && !shown.contains('\u{1b}'), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn colours_come_where_they_are_asked_for_and_nowhere_else() {
    let problem = || {
        let body = json!({ "title": "No.", "status": 404, "code": "not_found", "instance": "req_1" });
        answering(vec![answer("404 Not Found", PROBLEM, "", &body.to_string())])
    };
    let terminal = |url: &str| Terminal::new().variable("CARTAGE_URL", url).variable("CARTAGE_KEY", "ctg_1_x");
    let forced = terminal(&problem()).variable("CLICOLOR_FORCE", "1");
    assert!(forced.run("apps list").await.err.contains("\u{1b}[31m"));
    let never = terminal(&problem()).variable("CLICOLOR_FORCE", "1").variable("NO_COLOR", "1");
    assert!(!never.run("apps list").await.err.contains('\u{1b}'));
    assert!(!terminal(&problem()).run("apps list").await.err.contains('\u{1b}'), "a pipe is no terminal");
}
