//! The description held against the running stack by programs that are not ours: `openapi-spec-validator` reads it, `schemathesis` tries every
//! route of it with made-up calls, good ones and bad ones. No call may be answered with 500, with a status that its route does not declare, or
//! with headers or a body that are not as described.

use std::{fs, path::PathBuf, process::Command};

use bytes::Bytes;
use cloud::dynamo::{
    accounts::{AccountItem, Accounts},
    key, transaction,
};
use domain::{
    account::Consents,
    scope::{Scope, ScopeSet},
};
use http::{Method, Request};
use serde_json::{Value, json};
use testkit::{
    front_door::FrontDoor,
    plain_http::PlainHttp,
    stack::{Stack, places::BuildPlace, tools::Tools},
};

use crate::world::{World, environment, wide};

/// Calls that are made up for each route, beside those that try each limit of its schema.
const CASES: &str = "6";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("contract/schemathesis")
}

/// Where the tools are, and what they leave behind.
fn home() -> PathBuf {
    BuildPlace::of_this_program().unwrap().target.join("schemathesis")
}

fn tools() -> Tools {
    Tools::pinned(&home(), &folder().join("requirements.txt")).unwrap()
}

#[test]
fn the_description_is_valid_openapi() {
    let output = Command::new(tools().python)
        .args(["-m", "openapi_spec_validator", "--schema", "3.1"])
        .arg(openapi::yaml_path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The stack with an account, a store and a key that may do everything.
struct Tried {
    world: World,
    base: String,
}

impl Tried {
    async fn new() -> Self {
        let world = World::new().await;
        let config = control::Config::from_env(&environment("control", Stack::shared().aws())).unwrap();
        let now = world.boot.clock.now();
        let account = AccountItem {
            pk: key::account(&world.account),
            sk: key::ACCOUNT.to_owned(),
            v: 1,
            id: world.account.clone(),
            name: "Ann Example".parse().unwrap(),
            email: format!("{}@example.com", world.account.body()).parse().unwrap(),
            phone: "+49 30 901820".parse().unwrap(),
            company: "Example".parse().unwrap(),
            website: "https://example.com".parse().unwrap(),
            consents: Consents::default(),
            unsubscribed_from_marketing: false,
            opted_out_of_sale: false,
            policy_version: "1".to_owned(),
            created_at: now,
            updated_at: now,
            applications: 0,
            stores: 0,
            active_on: None,
            idle_told_on: None,
            idle_told_again_on: None,
            closing_since: None,
        };
        let accounts = Accounts::new(world.tables(), config.accounts_table);
        transaction::write(&world.tables(), accounts.creating(&account).into()).await.unwrap();
        let door = FrontDoor::bind(0).await.unwrap();
        let base = format!("http://127.0.0.1:{}", door.port().unwrap());
        #[expect(clippy::disallowed_methods, reason = "the door stands open for as long as the test lasts")]
        tokio::spawn(async { door.serve(Stack::shared().api()).await });
        Self { world, base }
    }

    /// A key of this account's application that may do everything on both planes, as no key that the API makes can.
    async fn key(&self) -> String {
        let all = ScopeSet::of(Scope::ALL);
        self.world.add_key(wide(), all, None).await.reveal().to_owned()
    }

    /// A call that must succeed, and what it answers.
    async fn call(&self, method: Method, path: &str, key: &str, body: Value) -> Value {
        let bytes = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {key}"))
            .header("user-agent", "tests/1")
            .body(bytes)
            .unwrap();
        let answer = PlainHttp::default().send(request).await.unwrap();
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        assert!(answer.status().is_success(), "{path}: {} {body}", answer.status());
        serde_json::from_str(&body).unwrap_or_default()
    }

    /// Things that exist, by the names that paths have for them; losing them hurts nobody.
    async fn known(&self, key: &str) -> Value {
        let spare = self.call(Method::POST, "/v1/applications", key, json!({ "name": "spare" })).await;
        let keys = format!("/v1/applications/{}/keys", spare["id"].as_str().unwrap());
        let spare_key = self.call(Method::POST, &keys, key, json!({ "scopes": ["raw"] })).await;
        let mut known = json!({
            "store": self.world.store,
            "application": spare["id"],
            "key": spare_key["id"],
            "guide": "management-keys",
            "path": "products",
        });
        for entity in ["products", "orders", "customers", "categories"] {
            let path = self.world.path(&format!("{entity}?per_page=1"));
            known[entity] = self.call(Method::GET, &path, key, Value::Null).await["data"][0]["id"].clone();
        }
        known
    }

    /// Runs schemathesis over the routes that `which` selects.
    async fn run(&self, key: &str, known: &Value, which: &[&str]) {
        let mut command = Command::new(tools().python.with_file_name("st"));
        command
            .arg("--config-file")
            .arg(folder().join("schemathesis.toml"))
            .args(["--no-color", "run", "--url", &self.base, "--max-examples", CASES])
            .args(["--header", &format!("Authorization: Bearer {key}"), "--header", "User-Agent: schemathesis"])
            .args(which)
            .arg(openapi::yaml_path())
            .current_dir(home())
            .env("SCHEMATHESIS_HOOKS", folder().join("hooks.py"))
            .env("KNOWN_IDS", known.to_string());
        // A file, so that a run can be watched while it goes.
        let log = home().join("last.log");
        let said = fs::File::create(&log).unwrap();
        command.stderr(said.try_clone().unwrap()).stdout(said);
        let status = tokio::task::spawn_blocking(move || command.status().unwrap()).await.unwrap();
        assert!(status.success(), "{}", fs::read_to_string(&log).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r048_no_made_up_call_is_answered_otherwise_than_described_and_no_wrong_one_is_taken() {
    let tried = Tried::new().await;
    let key = tried.key().await;
    let known = tried.known(&key).await;
    tried.run(&key, &known, &["--exclude-operation-id", "deleteV1Account"]).await;
    // The key and the store still work: what was tried was not turned away at the door.
    tried.call(Method::GET, "/v1/account", &key, Value::Null).await;
    tried.call(Method::GET, &tried.world.path("products"), &key, Value::Null).await;
    tried.run(&key, &known, &["--include-operation-id", "deleteV1Account"]).await;
}
