//! The privacy centre in Chromium, and what axe-core makes of it (WCAG 2.2 AA). Screenshots are left in `target/pages`.
//!
//! A machine without Chromium or Node skips it and says so; the build server (`CI`) never does.

use cloud::{dynamo::requests::Debt, letters::Letters};
use domain::request::Letter;
use serde_json::{Value, json};
use testkit::{plain_http::PlainHttp, stack::Stack};

use super::lobby::{Lobby, form, whole_proof};
use crate::journey::clients::node;

/// The deployed function's own pages, in Chromium, at a desk and on a phone, in both languages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_and_axe_find_nothing_wrong_with_the_pages() {
    let Some(chromium) = chromium() else { return };
    let Some(node) = node() else { return };
    let lobby = Lobby::new().await;
    let api = Stack::shared().api().as_str().trim_end_matches('/').to_owned();
    let account = lobby.account().await;
    let ask = async |kind: &str, email: &str| {
        let request = http::Request::post(format!("{api}/privacy/requests")).header("user-agent", "tests/1");
        let request = request.header("content-type", "application/json");
        let body = bytes::Bytes::from(form(kind, email).to_string());
        let answer = PlainHttp::default().send(request.body(body).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 202, "{:?}", answer.body());
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        (text("id"), text("session"), text("code"))
    };
    // One that waits, one whose mailbox is proven and who is not, one that is refused, one that can be stopped, one that can be fetched.
    let waiting = ask("access", account.email.as_str()).await;
    let letters = Letters::new(&lobby.boot.aws, lobby.config.code_key.clone(), api.clone());
    let link = async |id: &str| {
        let request = lobby.request(&id.parse().unwrap()).await;
        let owed = request.outbox.iter().find(|owed| owed.what == Debt::Letter(Letter::Received)).unwrap();
        letters.write(&request, *owed, Letter::Received).await.unwrap().unwrap().link.unwrap()
    };
    let prove = async |made: &(String, String, String), proof: Value| {
        let request = http::Request::post(link(&made.0).await).header("user-agent", "tests/1");
        let body = bytes::Bytes::from(proof.to_string());
        assert_eq!(PlainHttp::default().send(request.body(body).unwrap()).await.unwrap().status(), 200);
    };
    let started = ask("access", account.email.as_str()).await;
    prove(&started, json!({ "code": started.2 })).await;
    let refused = ask("access", &lobby.address()).await;
    prove(&refused, json!({ "code": refused.2 })).await;
    let second = lobby.account().await;
    let cooling = ask("erasure", second.email.as_str()).await;
    prove(&cooling, whole_proof(&cooling.2)).await;
    let ready = ask("access", second.email.as_str()).await;
    prove(&ready, whole_proof(&ready.2)).await;
    let (requests, id) = (lobby.requests(), ready.0.parse().unwrap());
    let with = cloud::dynamo::requests::With::default();
    let request = lobby.request(&id).await;
    requests.advance(&request, domain::request::Step::Finish, with, lobby.boot.clock.now()).await.unwrap();

    let verify = link(&waiting.0).await.replace(&api, "");
    let of = |name: &str, made: &(String, String, String)| json!({ "name": name, "path": format!("/privacy/requests/{}", made.0), "session": made.1 });
    let pages = json!([
        { "name": "home", "path": "/privacy" },
        { "name": "form", "path": "/privacy/requests" },
        { "name": "verify", "path": verify },
        { "name": "missing", "path": "/privacy/requests/prq_00000000000000000000000000" },
        of("waiting", &waiting),
        of("started", &started),
        of("refused", &refused),
        of("cooling", &cooling),
        of("ready", &ready),
    ])
    .to_string();
    let shots = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("target/pages");
    let store = domain::id::StoreId::from_uuid(lobby.boot.clock.new_id());
    let more = [("API", &*api), ("CHROMIUM", chromium), ("PAGES", &pages), ("SHOTS", shots.to_str().unwrap())];
    let said = node.run("pages.mjs", &store, "", &more).await;

    let seen = said["seen"].as_object().unwrap();
    assert_eq!(seen.len(), 9 * 2 * 2 + 2);
    for (name, page) in seen {
        assert_eq!(page["violations"], json!([]), "{name}");
        assert!(page["rules"].as_u64().unwrap() > 15, "{name}: axe looked at it");
        assert_eq!(page["lang"], if name.contains("-fr-") { "fr" } else { "en" }, "{name}");
        assert_eq!((&page["headings"], &page["scripts"]), (&json!(1), &json!(0)), "{name}");
        assert_eq!(page["tooWide"], false, "{name}: nothing has to be scrolled sideways at 320 pixels (WCAG 1.4.10)");
        assert_eq!(page["tooSmall"], json!([]), "{name}: what is touched has 24 pixels (WCAG 2.5.8)");
        assert_eq!(page["firstStop"], json!(["#main", "solid"]), "{name}");
    }
    assert_eq!(said["refused"], json!([]), "the browser has refused nothing of ours");
    assert_eq!(said["summary"]["role"], "alert");
    assert!(said["summary"]["links"].as_array().unwrap().iter().all(|leads| leads == true), "{}", said["summary"]);
    assert_eq!(said["code"].as_str().map(str::len), Some(6), "the form was sent by keyboard alone: {said}");
    assert!(said["follow"].as_str().unwrap().starts_with("/privacy/requests/prq_"));
}

/// The browser, where there is one; the build server has to have it.
fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        std::process::Command::new(name).arg("--version").output().is_ok_and(|said| said.status.success())
    });
    #[expect(clippy::disallowed_methods, reason = "a test that the build server must not skip")]
    let must = std::env::var_os("CI").is_some();
    assert!(found.is_some() || !must, "the build server needs Chromium for the pages");
    if found.is_none() {
        eprintln!("skipped: there is no Chromium on this machine");
    }
    found
}
