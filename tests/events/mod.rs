//! Every file in `events/` runs through its function's handler, in this process, and gets a sane answer. The same files are what
//! `cargo lambda invoke <function> --data-file` takes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use cloud::{boot::Boot, clock::Clock, http::GatewayEvent};
use serde_json::Value;
use testkit::stack::Stack;

use crate::world::{Answered, answered, environment};

/// The event files of a function by name.
fn files(function: &str) -> BTreeMap<String, Value> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(function);
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        files.insert(name, serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap());
    }
    assert!(!files.is_empty(), "{function} has no event file");
    files
}

fn boot(function: &str) -> (BTreeMap<String, String>, Boot) {
    let environment = environment(function, Stack::shared().aws());
    let boot = Boot::new(&environment, Clock::system()).unwrap();
    (environment, boot)
}

fn context() -> lambda_runtime::Context {
    let mut context = lambda_runtime::Context::default();
    context.deadline = u64::try_from(Clock::system().now().as_millisecond()).unwrap() + 29_000;
    context
}

/// What every answer of the API has, and a problem where it is an error.
fn check(file: &str, answer: &Answered, expected: u16) {
    assert_eq!(answer.status, expected, "{file}: {}", String::from_utf8_lossy(&answer.body));
    for name in ["x-request-id", "x-ratelimit-limit", "ratelimit-policy", "cache-control"] {
        assert!(answer.headers.contains_key(name), "{file} lacks {name}");
    }
    if expected >= 400 {
        answer.problem();
    }
}

#[tokio::test]
async fn events_of_control() {
    let (environment, boot) = boot("control");
    let app = control::App::new(&boot, control::Config::from_env(&environment).unwrap());
    for (file, event) in files("control") {
        // The keys in the files open nothing: a file with a good one would be a leaked key.
        let expected = match file.as_str() {
            "healthz" => 200,
            "sign-up" => 202,
            "sign-up-with-unknown-field" => 422,
            "invalid-json" => 400,
            "unknown-route" => 404,
            _ => 401,
        };
        let event: GatewayEvent = serde_json::from_value(event).unwrap();
        check(&file, &answered(control::handle(&app, event, &context()).await), expected);
    }
}

#[tokio::test]
async fn events_of_proxy() {
    let (environment, boot) = boot("proxy");
    let app = proxy::App::new(&boot, proxy::Config::from_env(&environment).unwrap());
    for (file, event) in files("proxy") {
        let expected = match file.as_str() {
            "platforms" => 200,
            "key-in-url" => 400,
            _ => 401,
        };
        let event: GatewayEvent = serde_json::from_value(event).unwrap();
        check(&file, &answered(proxy::handle(&app, event, &context()).await), expected);
    }
}

#[tokio::test]
async fn events_of_privacy() {
    let (environment, boot) = boot("privacy");
    let app = privacy::App::new(&boot, privacy::Config::from_env(&environment).unwrap());
    for (file, event) in files("privacy") {
        let expected = match file.as_str() {
            "inventory" | "link-that-is-looked-at" => 200,
            "request-with-a-card" => 422,
            "link-that-never-was" => 410,
            "key-in-url" => 400,
            "wrong-method" => 405,
            _ => 404,
        };
        let event: GatewayEvent = serde_json::from_value(event).unwrap();
        check(&file, &answered(privacy::handle(&app, event, &context()).await), expected);
    }
}

/// The partners in the files are nobody: a file with a signature that counts would need a key beside it.
#[tokio::test]
async fn events_of_partners() {
    let (environment, boot) = boot("partners");
    let app = partners::App::new(&boot, partners::Config::from_env(&environment).unwrap());
    for (file, event) in files("partners") {
        let event: GatewayEvent = serde_json::from_value(event).unwrap();
        let answer = answered(partners::handle(&app, event, &context()).await);
        let expected = match file.as_str() {
            "directory" | "discovery" => 200,
            "request-of-nobody" => 401,
            "unknown-route" => 404,
            _ => 403,
        };
        assert_eq!(answer.status, expected, "{file}");
        assert_eq!(answer.body.is_empty(), expected == 403, "{file}");
    }
}

/// The store in the files is nobody's: a file with a signature that counts would need a secret beside it.
#[tokio::test]
async fn events_of_intake() {
    let (environment, boot) = boot("intake");
    let app = intake::App::new(&boot, intake::Config::from_env(&environment).unwrap());
    for (file, event) in files("intake") {
        let event: GatewayEvent = serde_json::from_value(event).unwrap();
        let answer = answered(intake::handle(&app, event, &context()).await);
        let expected = if file == "wrong-method" { 405 } else { 401 };
        assert_eq!(answer.status, expected, "{file}");
        answer.problem();
    }
}

/// The messages of a batch that are to come again.
fn failed(answer: &impl serde::Serialize) -> usize {
    serde_json::to_value(answer).unwrap()["batchItemFailures"].as_array().unwrap().len()
}

/// Neither the store nor the subscription of the files is anybody's: what is asked for them is done at once. An event of 2026 that comes later is
/// past its time and leaves its envelope.
#[tokio::test]
async fn events_of_fan_out() {
    let (environment, boot) = boot("fan-out");
    let app = fan_out::App::new(&boot, fan_out::Config::from_env(&environment).unwrap());
    for (file, event) in files("fan-out") {
        let expected = usize::from(file == "undecodable");
        let answer = fan_out::handle(&app, serde_json::from_value(event).unwrap(), &context()).await.unwrap();
        assert_eq!(failed(&answer), expected, "{file}");
    }
}

#[tokio::test]
async fn events_of_mail() {
    let (environment, boot) = boot("mail");
    let app = mail::App::new(&boot, mail::Config::from_env(&environment).unwrap());
    for (file, event) in files("mail") {
        let expected = match file.as_str() {
            "one-mail" => 0,
            _ => 1,
        };
        let answer = mail::handle(&app, serde_json::from_value(event).unwrap()).await.unwrap();
        assert_eq!(failed(&answer), expected, "{file}");
    }
}

#[tokio::test]
async fn events_of_offboarding() {
    let (environment, boot) = boot("offboarding");
    let app = offboarding::App::new(&boot, offboarding::Config::from_env(&environment).unwrap());
    for (file, event) in files("offboarding") {
        let expected = usize::from(file == "undecodable");
        let answer = offboarding::handle(&app, serde_json::from_value(event).unwrap()).await.unwrap();
        assert_eq!(failed(&answer), expected, "{file}");
    }
}

#[tokio::test]
async fn events_of_dsar() {
    let (environment, boot) = boot("dsar");
    let app = dsar::App::new(&boot, dsar::Config::from_env(&environment).unwrap());
    for (file, event) in files("dsar") {
        let expected = usize::from(file == "undecodable");
        let context = lambda_runtime::Context::default();
        let answer = dsar::handle(&app, serde_json::from_value(event).unwrap(), &context).await.unwrap();
        assert_eq!(failed(&answer), expected, "{file}");
    }
}

#[tokio::test]
async fn events_of_callbacks() {
    let (environment, boot) = boot("callbacks");
    let app = callbacks::App::new(&boot, callbacks::Config::from_env(&environment).unwrap());
    for (file, event) in files("callbacks") {
        let expected = usize::from(file == "undecodable");
        let answer = callbacks::handle(&app, serde_json::from_value(event).unwrap()).await.unwrap();
        assert_eq!(failed(&answer), expected, "{file}");
    }
}

#[tokio::test]
async fn events_of_inbound_mail() {
    let (environment, boot) = boot("inbound-mail");
    let app = inbound_mail::App::new(&boot, inbound_mail::Config::from_env(&environment).unwrap());
    for (file, event) in files("inbound-mail") {
        let expected = usize::from(file == "undecodable");
        let answer = inbound_mail::handle(&app, serde_json::from_value(event).unwrap()).await.unwrap();
        assert_eq!(failed(&answer), expected, "{file}");
    }
}

#[tokio::test]
async fn events_of_deliver() {
    let (environment, boot) = boot("deliver");
    let app = deliver::App::new(&boot, deliver::Config::from_env(&environment).unwrap());
    for (file, event) in files("deliver") {
        // The subscription in the files was deleted, so its deliveries end without an attempt.
        let expected = usize::from(file == "undecodable-and-good");
        let answer = deliver::handle(&app, serde_json::from_value(event).unwrap(), &context()).await.unwrap();
        assert_eq!(failed(&answer), expected, "{file}");
    }
}

#[tokio::test]
async fn events_of_reconciliation() {
    let (environment, boot) = boot("reconciliation");
    let app = reconciliation::App::new(&boot, reconciliation::Config::from_env(&environment).unwrap());
    for (file, event) in files("reconciliation") {
        let expected = usize::from(file == "undecodable");
        let answer = reconciliation::handle(&app, serde_json::from_value(event).unwrap(), &context()).await.unwrap();
        assert_eq!(failed(&answer), expected, "{file}");
    }
}

#[tokio::test]
async fn events_of_sweep() {
    let (environment, boot) = boot("sweep");
    let app = sweep::App::new(&boot, sweep::Config::from_env(&environment).unwrap());
    for (file, event) in files("sweep") {
        let Ok(mut order) = serde_json::from_value::<sweep::Order>(event) else {
            assert_eq!(file, "unknown-sweep");
            continue;
        };
        assert_ne!(file, "unknown-sweep");
        // The tables are shared with other tests, whose items this one has no business with.
        order.dry_run = true;
        let report = sweep::handle(&app, order, &context()).await.unwrap();
        assert!(report.swept.deleted == 0 && report.sent == 0, "{file}");
    }
}
