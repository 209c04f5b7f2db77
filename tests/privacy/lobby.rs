//! The `privacy` function in this process, as anybody meets it, with queues of its own, so that no deployed worker takes a test's messages.

use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        accounts::{AccountItem, Accounts},
        key,
        requests::{Debt, Requests, SubjectRequestItem, VerificationItem},
        transaction,
    },
    letters::Letters,
    mailer::MailMessage,
    request_secrets::{RequestSecrets, Secrets},
    requests::RequestMessage,
};
use domain::{
    account::Consents,
    id::{AccountId, PrivacyRequestId},
    request::State,
};
use serde_json::{Value, json};
use testkit::{fault_proxy::FaultProxy, stack::Stack};

use crate::{
    contract::openapi::assert_described,
    world::{Answered, Calling, answered, assert_declared, environment},
};

/// What the deployment's addresses start with, in these tests.
pub(crate) const PUBLIC: &str = "https://api.example";

/// See the module.
pub(crate) struct Lobby {
    pub(crate) app: privacy::App,
    /// AWS without the fault proxy, for what tests do themselves.
    pub(crate) boot: Boot,
    pub(crate) config: privacy::Config,
    /// Between the function and AWS.
    pub(crate) faults: FaultProxy,
    /// Calls of different tests must not be counted as one source's.
    pub(crate) source: String,
    sqs: aws_sdk_sqs::Client,
}

impl Drop for Lobby {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

/// A request that somebody has made, with what the browser was given.
pub(crate) struct Made {
    pub(crate) id: PrivacyRequestId,
    pub(crate) session: String,
    pub(crate) code: String,
}

impl Lobby {
    pub(crate) async fn new() -> Self {
        Self::at(Clock::system()).await
    }

    pub(crate) async fn at(clock: Clock) -> Self {
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let environment = environment("privacy", faults.url());
        let boot = Boot::new(&environment, clock.clone()).unwrap();
        let mut config = privacy::Config::from_env(&environment).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&crate::sdk::config(Stack::shared().aws().as_str()));
        for (url, what) in [(&mut config.requests_queue_url, "requests"), (&mut config.mail_queue_url, "mail")] {
            let name = format!("test-{what}-{}", Clock::system().new_id().simple());
            *url = sqs.create_queue().queue_name(name).send().await.unwrap().queue_url.unwrap();
        }
        let random = cloud::clock::random_bytes();
        let source = format!("10.{}.{}.{}", random[0], random[1], random[2]);
        let app = privacy::App::new(&boot, config.clone());
        let boot = Boot::new(&crate::world::environment("privacy", Stack::shared().aws()), clock).unwrap();
        Self { app, boot, config, faults, source, sqs }
    }

    pub(crate) async fn call(&self, calling: Calling) -> Answered {
        self.call_from(&self.source, calling).await
    }

    pub(crate) async fn call_from(&self, source: &str, calling: Calling) -> Answered {
        let calling = calling.from(source);
        let (event, context) = calling.event();
        let answer = answered(privacy::handle(&self.app, event, &context).await);
        assert_described(&calling.method, &calling.path, &answer);
        let asked_for = answer.cookies.iter().all(|cookie| domain::cookie::is_necessary(cookie));
        assert!(asked_for, "no cookie that is not in the list (R006): {:?}", answer.cookies);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.call(Calling::new("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answered {
        self.call(Calling::new("POST", path).body(body.to_string())).await
    }

    /// Hands a form of the web site in.
    pub(crate) async fn hand_in(&self, form: &str, body: &Value) -> Answered {
        self.post(&format!("/forms/{form}"), body.clone()).await
    }

    /// What a mail program posts (RFC 8058, 3.1).
    pub(crate) async fn one_click(&self, link: &str) -> Answered {
        let calling = Calling::new("POST", link).header("content-type", "application/x-www-form-urlencoded");
        self.call(calling.body("List-Unsubscribe=One-Click")).await
    }

    /// A call of a request with its session.
    pub(crate) async fn of(&self, made: &Made, method: &str, rest: &str, body: Value) -> Answered {
        let path = format!("/privacy/requests/{}{rest}", made.id);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.call(Calling::new(method, &path).header("privacy-session", &made.session).body(body)).await
    }

    /// An address that no other test has.
    pub(crate) fn address(&self) -> String {
        format!("ann.{}@example.com", Clock::system().new_id().simple())
    }

    /// Somebody with an account.
    pub(crate) async fn account(&self) -> AccountItem {
        let id = AccountId::from_uuid(self.boot.clock.new_id());
        let now = self.boot.clock.now();
        let item = AccountItem {
            pk: key::account(&id),
            sk: key::ACCOUNT.to_owned(),
            v: 1,
            id,
            name: "Ann Example".parse().unwrap(),
            email: self.address().parse().unwrap(),
            phone: "+49 30 901820".parse().unwrap(),
            company: "Example GmbH".parse().unwrap(),
            website: "https://www.example.com".parse().unwrap(),
            consents: Consents::default(),
            unsubscribed_from_marketing: false,
            opted_out_of_sale: false,
            active_on: None,
            idle_told_on: None,
            idle_told_again_on: None,
            closing_since: None,
            policy_version: "2026-01".to_owned(),
            created_at: now,
            updated_at: now,
            applications: 0,
            stores: 0,
        };
        let accounts = Accounts::new(self.tables(), self.config.accounts_table.clone());
        transaction::write(&self.tables(), accounts.creating(&item).into()).await.unwrap();
        item
    }

    pub(crate) fn tables(&self) -> cloud::dynamo::Client {
        cloud::dynamo::client(&self.boot.aws)
    }

    pub(crate) fn requests(&self) -> Requests {
        let Self { config, .. } = self;
        Requests::new(self.tables(), config.privacy_table.clone(), config.verifications_table.clone())
    }

    /// Lets the worker carry a proven request out, in this process too.
    pub(crate) async fn carry_out(&self, id: &PrivacyRequestId) {
        let environment = environment("dsar", Stack::shared().aws());
        let mut config = dsar::Config::from_env(&environment).unwrap();
        config.requests_queue_url.clone_from(&self.config.requests_queue_url);
        config.mail_queue_url.clone_from(&self.config.mail_queue_url);
        let worker = dsar::App::new(&Boot::new(&environment, self.boot.clock.clone()).unwrap(), config);
        let queue = self.config.requests_queue_url.rsplit('/').next().unwrap();
        for _ in 0..50 {
            if self.request(id).await.outbox.is_empty() && self.request(id).await.state == State::Delivered {
                return;
            }
            let body = serde_json::to_string(&RequestMessage { request: id.clone() }).unwrap();
            let source = format!("arn:aws:sqs:us-east-1:000000000000:{queue}");
            let record = json!({ "messageId": "m0", "body": body, "eventSourceARN": source });
            let event = serde_json::from_value(json!({ "Records": [record] })).unwrap();
            let mut context = lambda_runtime::Context::default();
            context.deadline = u64::try_from(self.boot.clock.now().as_millisecond()).unwrap() + 28_000;
            dsar::handle(&worker, event, &context).await.unwrap();
        }
        panic!("{:?} goes on for ever", self.request(id).await.state);
    }

    pub(crate) async fn request(&self, id: &PrivacyRequestId) -> SubjectRequestItem {
        self.requests().get(id).await.unwrap().unwrap()
    }

    pub(crate) async fn proof(&self, id: &PrivacyRequestId) -> Option<VerificationItem> {
        self.requests().proof(id).await.unwrap()
    }

    /// Asks something with a form; what was answered.
    pub(crate) async fn ask(&self, form: Value) -> Made {
        made(&self.post("/privacy/requests", form).await)
    }

    /// What proves who asks of a request.
    pub(crate) async fn secrets(&self, id: &PrivacyRequestId) -> RequestSecrets {
        Secrets::new(&self.boot.aws, self.config.code_key.clone()).of(id).await.unwrap()
    }

    /// The letters that a request owes, as they would be mailed.
    pub(crate) async fn letters(&self, id: &PrivacyRequestId) -> Vec<MailMessage> {
        let letters = Letters::new(&self.boot.aws, self.config.code_key.clone(), PUBLIC.to_owned());
        let request = self.request(id).await;
        let mut written = Vec::new();
        for owed in &request.outbox {
            if let Debt::Letter(letter) = owed.what {
                written.extend(letters.write(&request, *owed, letter).await.unwrap());
            }
        }
        written
    }

    /// The path of the link in the newest letter that has one to follow.
    pub(crate) async fn link(&self, id: &PrivacyRequestId) -> String {
        let letters = self.letters(id).await;
        let mut links = letters.iter().filter_map(|mail| mail.link.as_deref()?.strip_prefix(PUBLIC));
        links.rfind(|path| path.starts_with("/privacy/verify/")).unwrap().to_owned()
    }

    /// Which requests the function has asked to be looked at since the last look.
    pub(crate) async fn told(&self) -> Vec<Value> {
        crate::sdk::drain_as(&self.sqs, &self.config.requests_queue_url).await
    }

    /// The mails that the function has asked for since the last look; the letters of requests are not among them.
    pub(crate) async fn mails(&self) -> Vec<Value> {
        crate::sdk::drain_mails(&self.sqs, &self.config.mail_queue_url).await
    }
}

/// What a browser was given for a request.
pub(crate) fn made(answer: &Answered) -> Made {
    assert_eq!(answer.status, 202, "{}", String::from_utf8_lossy(&answer.body));
    let body = answer.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    Made { id: text("id").parse().unwrap(), session: text("session"), code: text("code") }
}

/// A request of Ann Example.
pub(crate) fn form(kind: &str, email: &str) -> Value {
    json!({
        "kind": kind,
        "email": email,
        "first_name": "Ann",
        "last_name": "Example",
        "country": "DE",
    })
}

/// Everything by which the account's owner can be known.
pub(crate) fn whole_proof(code: &str) -> Value {
    json!({ "code": code, "name": "ann example", "phone": "0049 (30) 901820", "declaration": true })
}
