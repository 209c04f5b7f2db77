//! What partners are told at the addresses that they gave: every change, at least once, and nothing anywhere else.

use std::time::Duration;

use cloud::{boot::Boot, env::Permission, partners::CallbackMessage};
use domain::request::{Step, life::Assessment};
use serde_json::{Value, json};
use testkit::{
    fault_proxy::{Calls, Fault, FaultProxy, Seen},
    receiver::{Behaviour, Receiver},
    stack::Stack,
};
use url::Url;

use super::counter::{Agent, Controller, Counter};
use crate::{
    control::{
        house::{batch, failed},
        signature::{signer, verifies},
    },
    world::{assert_declared, environment},
};

/// The `callbacks` function in this process, behind a counter where requests are made.
struct Bell {
    counter: Counter,
    app: callbacks::App,
    faults: FaultProxy,
    receiver: Receiver,
    /// Messages that were received and are hidden.
    waiting: Vec<Value>,
}

impl Drop for Bell {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

impl Bell {
    async fn new() -> Self {
        Self::with(Permission::Allow).await
    }

    async fn with(loopback: Permission) -> Self {
        let counter = Counter::new().await;
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let environment = environment("callbacks", faults.url());
        let boot = Boot::new(&environment, counter.clock.clone()).unwrap();
        let mut config = callbacks::Config::from_env(&environment).unwrap();
        config.callbacks_queue_url.clone_from(&counter.config.callbacks_queue_url);
        config.egress_loopback = loopback;
        let app = callbacks::App::new(&boot, config);
        Self { counter, app, faults, receiver: Receiver::start().await.unwrap(), waiting: Vec::new() }
    }

    fn origin(&self) -> String {
        self.receiver.url().origin().ascii_serialization()
    }

    /// An agent that may be called back here.
    async fn agent(&self) -> Agent {
        let agent = self.counter.agent(9).await;
        self.counter.may_be_called(&agent.id, &[&self.origin()]).await;
        agent
    }

    async fn ask(&self, agent: &Agent, url: &Url) -> Value {
        let answer =
            self.counter.exercise(agent, &json!({ "exercise": "access", "status_callback": url.as_str() })).await;
        assert_eq!(answer.status, 200);
        answer.json()
    }

    /// Works on every message once, those that were sent meanwhile too, until each of them waits or is done.
    async fn ring(&mut self) {
        let mut at_work = std::mem::take(&mut self.waiting);
        loop {
            at_work.extend(self.counter.sent(&self.counter.config.callbacks_queue_url).await);
            let Some(message) = at_work.pop() else { return };
            let answer = callbacks::handle(&self.app, batch(&[message.to_string()])).await.unwrap();
            if !failed(&answer).is_empty() {
                self.waiting.push(message);
            }
        }
    }

    fn told(&self) -> Vec<Value> {
        self.receiver.arrived().iter().map(|arrived| arrived.json()).collect()
    }
}

/// What the function asks of AWS, all of it.
pub(crate) async fn everything() -> Vec<Seen> {
    let mut bell = Bell::new().await;
    let controller = bell.counter.controller(5).await;
    bell.counter.may_be_called(&controller.id, &[&bell.origin()]).await;
    bell.counter.store(&controller).await;
    ask_for(&bell, &controller).await;
    bell.ring().await;
    assert_eq!(bell.told().len(), 1);
    bell.faults.seen()
}

/// A request of a controller that wants to be told of it here.
async fn ask_for(bell: &Bell, controller: &Controller) -> Value {
    let mut request = bell.counter.request("erasure", &json!({}));
    request["status_callback_urls"] = json!([bell.receiver.url().as_str()]);
    assert_eq!(bell.counter.ask(controller, &request).await.status, 201);
    request
}

#[tokio::test]
async fn an_agent_is_told_each_change_and_the_end_once() {
    let mut bell = Bell::new().await;
    let agent = bell.agent().await;
    let asked = bell.ask(&agent, &bell.receiver.url()).await;
    bell.ring().await;
    assert_eq!(bell.told(), std::slice::from_ref(&asked), "the same as the agent reads");
    bell.ring().await;
    assert_eq!(bell.told().len(), 1, "nothing has changed");
    bell.counter.prove(&asked, Assessment::Clear).await;
    bell.ring().await;
    bell.counter.advance(&asked, Step::Finish, Default::default()).await;
    bell.ring().await;
    let statuses: Vec<_> = bell.told().iter().map(|told| told["status"].clone()).collect();
    assert_eq!(statuses, ["in_progress", "in_progress", "fulfilled"]);
    assert!(bell.waiting.is_empty(), "it is over");
    let arrived = bell.receiver.arrived();
    assert!(arrived.iter().all(|arrived| arrived.body.len() < 1_000 && !arrived.headers.contains_key("authorization")));
    let everything = format!("{:?}", bell.told());
    assert!(!everything.contains("ann.marker"), "nothing of the person is sent");
}

#[tokio::test]
async fn a_controller_is_told_with_a_signature_of_ours() {
    let mut bell = Bell::new().await;
    let controller = bell.counter.controller(5).await;
    bell.counter.may_be_called(&controller.id, &[&bell.origin()]).await;
    bell.counter.store(&controller).await;
    let request = ask_for(&bell, &controller).await;
    bell.ring().await;
    assert_eq!(bell.counter.cancel(&controller, &request).await.status, 202);
    bell.ring().await;
    let arrived = bell.receiver.arrived();
    let pem = signer().public_key().await.unwrap();
    for (arrived, status) in arrived.iter().zip(["pending", "cancelled"]) {
        let told = arrived.json();
        assert_eq!(told["request_status"], status);
        assert_eq!(told["status_callback_url"], bell.receiver.url().as_str());
        assert_eq!(told["subject_request_id"], request["subject_request_id"]);
        assert!(verifies(&pem, &arrived.body, &arrived.headers["x-opendsr-signature"]));
        assert!(!String::from_utf8(arrived.body.clone()).unwrap().contains("191167"));
    }
    assert_eq!((arrived.len(), bell.waiting.len()), (2, 0));
}

#[tokio::test]
async fn what_a_partner_does_not_take_is_told_again_for_days_and_then_no_more() {
    let mut bell = Bell::new().await;
    let agent = bell.agent().await;
    bell.receiver.next([Behaviour::Status(500), Behaviour::Redirect, Behaviour::Status(404)]);
    bell.ask(&agent, &bell.receiver.url()).await;
    for attempts in 1..=3 {
        bell.ring().await;
        assert_eq!((bell.told().len(), bell.waiting.len()), (attempts, 1), "a redirect is not followed");
    }
    bell.ring().await;
    let told: CallbackMessage = serde_json::from_value(bell.waiting[0].clone()).unwrap();
    assert!(told.told.is_some(), "now it was taken");

    let asked = bell.ask(&agent, &bell.receiver.url()).await;
    bell.receiver.always(Behaviour::Status(500));
    bell.waiting.clear();
    for _ in 0..2 {
        bell.ring().await;
        // Its queue would forget it a day later, so it is sent anew.
        bell.counter.clock.advance(Duration::from_secs(3 * 86_400));
    }
    bell.ring().await;
    assert_eq!(bell.waiting.len(), 1);
    bell.counter.clock.advance(Duration::from_secs(3 * 86_400));
    bell.ring().await;
    assert!(bell.waiting.is_empty());
    assert_eq!(bell.counter.show(&agent, &asked).await.status, 200, "the agent can still ask");
}

#[tokio::test]
async fn nothing_is_lost_when_a_table_is_away_and_nothing_kept_of_what_never_was() {
    let mut bell = Bell::new().await;
    let agent = bell.agent().await;
    bell.ask(&agent, &bell.receiver.url()).await;
    bell.faults.inject(Calls::Target("GetItem"), Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}"), 20);
    bell.ring().await;
    assert_eq!((bell.told().len(), bell.waiting.len()), (0, 1));
    bell.faults.reset();
    bell.ring().await;
    assert_eq!(bell.told().len(), 1);

    let mut never = bell.waiting[0].clone();
    never["about"]["request"] = "prq_00000000000000000000000000".into();
    bell.waiting = vec![never];
    bell.ring().await;
    assert_eq!(bell.waiting.len(), 1, "it may be about to be written");
    bell.counter.clock.advance(Duration::from_secs(600));
    bell.ring().await;
    assert!(bell.waiting.is_empty());
}

/// An operator may register an address that should not be called, and a name may come to lead to one.
#[tokio::test]
async fn no_callback_reaches_a_private_address() {
    let mut bell = Bell::with(Permission::Deny).await;
    let agent = bell.counter.agent(9).await;
    let port = bell.receiver.url().port().unwrap();
    for origin in [
        "https://169.254.169.254".to_owned(),
        "https://10.0.0.1".to_owned(),
        "https://[fd00:ec2::254]".to_owned(),
        "https://localhost".to_owned(),
        "https://localhost:8443".to_owned(),
        format!("https://127.0.0.1:{port}"),
    ] {
        bell.counter.may_be_called(&agent.id, &[&origin]).await;
        bell.ask(&agent, &origin.parse().unwrap()).await;
        bell.ring().await;
        assert_eq!(bell.waiting.len(), 1, "{origin}: it was not told");
        bell.waiting.clear();
    }
    assert!(bell.receiver.arrived().is_empty());
    // What is registered no more is called no more, and nobody waits for it.
    bell.counter.may_be_called(&agent.id, &["https://agent.example"]).await;
    let asked = bell.ask(&agent, &"https://agent.example/status".parse().unwrap()).await;
    bell.counter.may_be_called(&agent.id, &[]).await;
    bell.counter.revoke(&agent, &asked).await;
    bell.ring().await;
    assert!(bell.waiting.is_empty());
}
