//! The privacy centre in Chromium: what axe-core makes of every page (WCAG 2.2 AA), at a desk and on a phone, in both languages, and a request made
//! from its first page to its end with the keyboard alone. Screenshots are left in `target/pages`.
//!
//! The function runs in this process, behind an address of its own, so that no deployed worker settles what the test's people ask, and every
//! answer is looked at as every other test looks at answers. A machine without Chromium or Node skips it and says so; the build server (`CI`)
//! never does.

use std::path::Path;

use bytes::Bytes;
use cloud::{clock::Clock, dynamo::sign_ups::LinkToken};
use domain::{id::StoreId, request::Step};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use testkit::loopback_server::{Answer, LoopbackServer, Received};
use tokio::sync::{mpsc, oneshot};

use super::{
    lobby::{Lobby, Made, form, whole_proof},
    pages::read,
};
use crate::{journey::clients::node, world::Calling};

/// What a browser asked, and where its answer goes.
type Asked = (Received, oneshot::Sender<Response<Answer>>);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_and_axe_find_nothing_wrong_and_a_keyboard_is_enough() {
    let Some(chromium) = chromium() else { return };
    let Some(node) = node() else { return };
    let lobby = Lobby::new().await;
    let pages = Value::from(pages(&lobby).await).to_string();

    let (asking, asked) = mpsc::unbounded_channel::<Asked>();
    let server = LoopbackServer::start(0, move |received| {
        let asking = asking.clone();
        async move {
            let (answering, answered) = oneshot::channel();
            let _ = asking.send((received, answering));
            answered.await.unwrap_or_else(|_| Response::new(Answer::whole("")))
        }
    });
    let server = server.await.unwrap();
    let origin = server.url().as_str().trim_end_matches('/').to_owned();
    let account = lobby.account().await;
    let shots = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("target/pages");
    let store = StoreId::from_uuid(Clock::system().new_id());
    let more = [
        ("API", &*origin),
        ("CHROMIUM", chromium),
        ("PAGES", &pages),
        ("EMAIL", account.email.as_str()),
        ("SHOTS", shots.to_str().unwrap()),
    ];
    let said = tokio::select! {
        said = node.run("pages.mjs", &store, "", &more) => said,
        () = serve(&lobby, asked) => unreachable!("it ends with the server"),
    };

    let seen = said["seen"].as_object().unwrap();
    let all = serde_json::from_str::<Vec<Value>>(&pages).unwrap().len();
    assert_eq!(seen.len(), all * 4 + 7, "each page at two sizes in two languages, and those of the journey");
    for (name, page) in seen {
        assert_eq!(page["violations"], json!([]), "{name}");
        assert!(page["rules"].as_u64().unwrap() > 15, "{name}: axe looked at it");
        assert_eq!(page["lang"], if name.contains("-fr-") { "fr" } else { "en" }, "{name}");
        assert_eq!((&page["headings"], &page["scripts"]), (&json!(1), &json!(0)), "{name}");
        assert!(page["title"].as_str().unwrap().contains(" \u{2013} "), "{name}: {}", page["title"]);
        assert_eq!(page["tooSmall"], json!([]), "{name}: what is touched has 24 pixels (WCAG 2.5.8)");
        if !name.ends_with("-phone") {
            continue;
        }
        assert_eq!(
            page["tooWide"],
            json!([]),
            "{name}: nothing has to be scrolled sideways at 320 pixels (WCAG 1.4.10)"
        );
        assert_eq!(page["unreached"], json!([]), "{name}: the keyboard gets everywhere, in the order of the page");
        assert_eq!(page["unseen"], json!([]), "{name}: where the keyboard is can be seen (WCAG 2.4.7)");
    }
    assert_eq!(said["refused"], json!([]), "the browser has refused nothing of ours");
    let journey = &said["journey"];
    for wrong in ["form", "code", "webForm"] {
        assert_eq!(journey[wrong]["role"], "alert", "{wrong}: {journey}");
        assert_eq!(
            journey[wrong]["links"], journey[wrong]["fields"],
            "{wrong}: each error leads to its field, which says it"
        );
        assert!(!journey[wrong]["links"].as_array().unwrap().is_empty(), "{wrong}");
    }
    assert_eq!(
        journey["cookies"],
        json!([{ "name": "__Host-prq-", "httpOnly": true, "secure": true, "sameSite": "Lax" }])
    );
    assert_eq!(journey["confirmed"], "Your request is confirmed.");
    assert_eq!(journey["cancelled"], "Your request was taken back.");
    assert_eq!(journey["typed"], "Une <b>fuite</b>", "what was typed is still there, as text");
    assert!(journey["received"].as_str().unwrap().starts_with("C’est arrivé."), "{journey}");
}

/// Where each page is, and the session that opens it where one is needed.
async fn pages(lobby: &Lobby) -> Vec<Value> {
    let account = lobby.account().await;
    let prove = async |made: &Made, proof: Value| {
        assert_eq!(lobby.post(&lobby.link(&made.id).await, proof).await.status, 200);
    };
    let waiting = lobby.ask(form("access", account.email.as_str())).await;
    let started = lobby.ask(form("access", account.email.as_str())).await;
    prove(&started, json!({ "code": started.code })).await;
    let refused = lobby.ask(form("access", &lobby.address())).await;
    prove(&refused, json!({ "code": refused.code })).await;
    let appealed = lobby.ask(form("erasure", &lobby.address())).await;
    prove(&appealed, json!({ "code": appealed.code })).await;
    let with = cloud::dynamo::requests::With::default();
    let request = lobby.request(&appealed.id).await;
    let refusal = Step::Appeal;
    lobby.requests().advance(&request, refusal, with, lobby.boot.clock.now()).await.unwrap();
    let second = lobby.account().await;
    let cooling = lobby.ask(form("erasure", second.email.as_str())).await;
    prove(&cooling, whole_proof(&cooling.code)).await;
    let ready = lobby.ask(form("access", second.email.as_str())).await;
    prove(&ready, whole_proof(&ready.code)).await;
    lobby.carry_out(&ready.id).await;

    let of = |name: &str, made: &Made, rest: &str| json!({ "name": name, "path": format!("/privacy/requests/{}{rest}", made.id), "session": made.session });
    let at = |name: &str, path: &str| json!({ "name": name, "path": path });
    let token = LinkToken::mint();
    vec![
        at("home", "/privacy"),
        at("form", "/privacy/requests"),
        at("verify", &lobby.link(&waiting.id).await),
        at("missing", "/privacy/requests/prq_00000000000000000000000000"),
        at("nowhere", "/policies/privacy/0"),
        of("waiting", &waiting, ""),
        of("started", &started, ""),
        of("refused", &refused, ""),
        of("appealed", &appealed, ""),
        of("cooling", &cooling, ""),
        of("ready", &ready, ""),
        of("fetch", &ready, &format!("?token={}", lobby.secrets(&ready.id).await.answer().reveal())),
        of("receipt", &ready, "/receipt"),
        at("agree", &format!("/privacy/consents/confirm?token={}", token.reveal())),
        at("unsubscribe", &format!("/privacy/unsubscribe?token={}", token.reveal())),
        at("contact", "/forms/contact"),
        at("white-paper", "/forms/white-paper"),
        at("leak", "/forms/leak"),
        at("policies", "/policies"),
        at("policy", "/policies/api-usage/1"),
        at("inventory", "/privacy/inventory"),
        at("cookies", "/cookies"),
    ]
}

/// Answers the browser as API Gateway would, and tells it what was mailed: `/mailbox/{request}` is the path of the newest link.
async fn serve(lobby: &Lobby, mut asked: mpsc::UnboundedReceiver<Asked>) {
    while let Some((received, answering)) = asked.recv().await {
        let answer = match received.target.strip_prefix("/mailbox/") {
            Some(request) => Response::new(Answer::whole(lobby.link(&request.parse().unwrap()).await)),
            None => pass_on(lobby, received).await,
        };
        // The browser may have gone on meanwhile.
        let _ = answering.send(answer);
    }
}

async fn pass_on(lobby: &Lobby, received: Received) -> Response<Answer> {
    let mut calling = Calling::new(received.method.as_str(), &received.target);
    for (name, value) in &received.headers {
        calling = calling.header(name.as_str(), value.to_str().unwrap());
    }
    let mut answered = lobby.call(calling.body(received.body)).await;
    let mut answer = Response::builder().status(StatusCode::from_u16(answered.status).unwrap());
    for (name, value) in answered.headers.iter().filter(|(name, _)| *name != "set-cookie") {
        answer = answer.header(name, value);
    }
    for cookie in &answered.cookies {
        answer = answer.header("set-cookie", cookie);
    }
    if answered.headers.get("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        answered = read(answered).0;
    }
    answer.body(Answer::whole(Bytes::from(answered.body))).unwrap()
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
