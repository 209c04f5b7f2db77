//! The `privacy` function in this process, where forms are handed in and links are followed.

use cloud::{boot::Boot, clock::Clock};
use serde_json::Value;
use testkit::{fault_proxy::FaultProxy, stack::Stack};

use crate::{
    contract::openapi::assert_described,
    world::{Answered, Calling, answered, assert_declared, environment},
};

/// See the module.
pub(super) struct Counter {
    pub(super) app: privacy::App,
    pub(super) boot: Boot,
    pub(super) config: privacy::Config,
    /// Between the function and AWS.
    pub(super) faults: FaultProxy,
    sqs: aws_sdk_sqs::Client,
    /// Calls of different tests must not be counted as one source's.
    pub(super) source: String,
}

impl Drop for Counter {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

impl Counter {
    pub(super) async fn new() -> Self {
        Self::at(Clock::system()).await
    }

    pub(super) async fn at(clock: Clock) -> Self {
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let environment = environment("privacy", faults.url());
        let boot = Boot::new(&environment, clock).unwrap();
        let mut config = privacy::Config::from_env(&environment).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&crate::sdk::config(Stack::shared().aws().as_str()));
        let name = format!("test-mail-{}", Clock::system().new_id().simple());
        config.mail_queue_url = sqs.create_queue().queue_name(name).send().await.unwrap().queue_url.unwrap();
        let random = cloud::clock::random_bytes();
        let source = format!("10.{}.{}.{}", random[0], random[1], random[2]);
        Self { app: privacy::App::new(&boot, config.clone()), boot, config, faults, sqs, source }
    }

    pub(super) async fn call(&self, calling: Calling) -> Answered {
        let calling = calling.from(&self.source);
        let (event, context) = calling.event();
        let answer = answered(privacy::handle(&self.app, event, &context).await);
        assert_described(&calling.method, &calling.path, &answer);
        answer
    }

    /// Hands a form in.
    pub(super) async fn send(&self, form: &str, body: &Value) -> Answered {
        self.call(Calling::new("POST", &format!("/forms/{form}")).body(body.to_string())).await
    }

    /// What a mail program posts (RFC 8058, 3.1).
    pub(super) async fn one_click(&self, link: &str) -> Answered {
        let calling = Calling::new("POST", link).header("content-type", "application/x-www-form-urlencoded");
        self.call(calling.body("List-Unsubscribe=One-Click")).await
    }

    /// The mails that were asked for since the last look.
    pub(super) async fn mails(&self) -> Vec<Value> {
        let mut taken = Vec::new();
        loop {
            let url = &self.config.mail_queue_url;
            let batch = self.sqs.receive_message().queue_url(url).max_number_of_messages(10).send().await.unwrap();
            let messages = batch.messages.unwrap_or_default();
            if messages.is_empty() {
                return taken;
            }
            for message in messages {
                let handle = message.receipt_handle.unwrap();
                self.sqs.delete_message().queue_url(url).receipt_handle(handle).send().await.unwrap();
                taken.push(serde_json::from_str(&message.body.unwrap()).unwrap());
            }
        }
    }

    /// An address that no other test has.
    pub(super) fn address(&self) -> String {
        format!("bob.{}@example.com", Clock::system().new_id().simple())
    }
}
