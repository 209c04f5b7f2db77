//! Functions as processes under Lambda's own protocol: what only shows when the sandbox can be frozen.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use testkit::{
    fault_proxy::{Calls, Fault},
    runtime_api::{RuntimeApi, Step},
    stack::places::BuildPlace,
};

use crate::world::{World, environment};

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a function's binary, as Lambda does.
fn start(function: &str, aws: &url::Url, api: &RuntimeApi) -> Process {
    let binary = BuildPlace::of_this_program().unwrap().binaries.join(function);
    let child = Command::new(binary)
        .env_clear()
        .envs(environment(function, aws))
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", api.address().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "it"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "it"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "it"),
        ])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    Process(child)
}

fn get_products(world: &World) -> Value {
    json!({
        "rawPath": world.path("products"),
        "rawQueryString": "per_page=1",
        "headers": {"authorization": format!("Bearer {}", world.key), "user-agent": "tests/1"},
        "requestContext": {"http": {"method": "GET", "sourceIp": "198.51.100.7"}},
    })
}

/// The sandbox may be frozen when the runtime *and* the extension are ready again; the extension is not before the line is written.
#[tokio::test]
async fn the_sandbox_is_held_until_the_journal_line_is_written() {
    let world = World::new().await;
    let api = RuntimeApi::start(true).await.unwrap();
    let _process = start("proxy", world.faults.url(), &api);
    api.until(&Step::RuntimeReady, 1).await;
    api.until(&Step::ExtensionReady, 1).await;
    assert_eq!(api.steps()[0], Step::Registered("journal".to_owned()));

    world.faults.inject(Calls::Target("PutItem"), Fault::Delay(Duration::from_millis(700)), 1);
    let answer = api.invoke(get_products(&world)).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let extension_ready = |steps: &[Step]| steps.iter().filter(|step| **step == Step::ExtensionReady).count();
    assert_eq!(extension_ready(&api.steps()), 1, "answered, and still held");
    let started = std::time::Instant::now();
    api.until(&Step::ExtensionReady, 2).await;
    assert!(started.elapsed() > Duration::from_millis(300), "held until the line was written");
    assert_eq!(world.faults.count("PutItem"), 2, "the line, and once a day that the account was active");

    for number in 2..5 {
        assert_eq!(api.invoke(get_products(&world)).await["statusCode"], 200);
        api.until(&Step::ExtensionReady, number + 1).await;
        assert_eq!(world.faults.count("PutItem"), number + 1, "one line a call");
    }
}

/// Without an Extensions API nothing freezes the process, and everything works.
#[tokio::test]
async fn a_runtime_without_extensions_serves_too() {
    let world = World::new().await;
    let api = RuntimeApi::start(false).await.unwrap();
    let _process = start("proxy", world.faults.url(), &api);
    assert_eq!(api.invoke(get_products(&world)).await["statusCode"], 200);
    let waited = async {
        while world.faults.count("PutItem") == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), waited).await.expect("the line is written all the same");
}

/// A start with a missing variable fails and names it, and no value.
#[tokio::test]
async fn a_wrong_environment_fails_the_start_and_names_the_variable() {
    let world = World::new().await;
    let binary = BuildPlace::of_this_program().unwrap().binaries.join("proxy");
    let mut environment = environment("proxy", world.faults.url());
    environment.insert("STACK_REGION".to_owned(), "a-value-that-is-wrong".to_owned());
    let output = Command::new(binary).env_clear().envs(environment).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(!output.status.success());
    assert!(said.contains("STACK_REGION"), "{said}");
    assert!(!said.contains("a-value-that-is-wrong"), "{said}");
}
