//! The `dsar` function in this process with queues of its own, a person with an account of which every place holds something, and a clock that jumps.

use std::collections::HashMap;

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_dynamodb::types::AttributeValue;
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        accounts::{AccountItem, Accounts},
        consents::{Circumstances, Consents, ContactItem},
        key,
        requests::{Correction, NewRequest, Requests, SubjectRequestItem, With},
        runs::{PlaceItem, Runs},
        transaction,
    },
    journal::ServiceLine,
    requests::RequestMessage,
};
use domain::{
    consent::{Change, Form, Purpose, Source, Subject},
    id::{ConsentId, ContactId, KeyId, PrivacyRequestId},
    request::{Channel, Evidence, Kind, Language, Regime, State, Step, life::Assessment},
    scope::{Scope, ScopeSet},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::{fault_proxy::FaultProxy, stack::Stack};

use crate::{
    control::{
        house::{House, Owner, failed},
        offboarding,
    },
    world::{assert_declared, environment},
};

/// Who is sure to be the person.
const PROVEN: Evidence = Evidence { mailbox: true, matched: 2, declared: true, reviewed: false };

/// See the module.
pub(crate) struct Bureau {
    pub(crate) house: House,
    pub(crate) faults: FaultProxy,
    pub(crate) app: dsar::App,
    pub(crate) config: dsar::Config,
    /// How long an invocation may take.
    pub(crate) patience: std::time::Duration,
}

/// A person with something in every place. What they typed are markers that occur nowhere else.
pub(crate) struct Someone {
    pub(crate) owner: Owner,
    /// What an export must have.
    pub(crate) markers: Vec<String>,
    /// What no export may have.
    pub(crate) secrets: Vec<String>,
}

/// A line of somebody's service log, as another function would have written it: each of four weeks' days, and each shard of a day, gets as many.
pub(crate) fn line(bureau: &Bureau, someone: &Someone, number: u64, route: String) -> HashMap<String, AttributeValue> {
    let account = someone.owner.account.clone();
    let at = bureau.clock().now() - SignedDuration::from_hours(24 * i64::try_from(number % 28).unwrap());
    let shard = u8::try_from(number / 28 % u64::from(key::JOURNAL_SHARDS)).unwrap();
    let line = ServiceLine {
        pk: key::journal(Some(&account), at, shard),
        sk: format!("{number:026}"),
        v: 1,
        account,
        application: None,
        key: KeyId::from_uuid(bureau.clock().new_id()),
        store: None,
        route,
        status: 200,
        code: None,
        millis: 120,
        upstream_calls: 1,
        upstream_millis: 100,
        upstream_status: Some(200),
        upstream_deprecated: false,
        upstream_sunset: None,
        credential: None,
        bytes: 2_000,
        asked: Some(20),
        rows: Some(20),
        deprecated: false,
        scopes: ScopeSet::default(),
        at,
        expires_at: at.as_second() + 28 * 86_400,
    };
    serde_dynamo::to_item(line).unwrap()
}

/// A clock that stands at a whole second, because requests know no less.
fn now() -> Clock {
    let _ = Stack::shared();
    Clock::steered(Timestamp::from_second(Clock::system().now().as_second()).unwrap())
}

impl Drop for Bureau {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

impl Bureau {
    pub(crate) async fn new() -> Self {
        Self::of(House::with(now()).await).await
    }

    /// One whose requests no other test's sweep sees, and whose sweeps see no other's.
    pub(crate) async fn alone() -> Self {
        Self::of(House::in_own_tables(now()).await).await
    }

    async fn of(house: House) -> Self {
        let (stack, clock) = (Stack::shared(), house.clock().clone());
        let faults = FaultProxy::in_front_of(stack.aws()).await.unwrap();
        let environment = environment("dsar", faults.url());
        let boot = Boot::new(&environment, clock).unwrap();
        let mut config = dsar::Config::from_env(&environment).unwrap();
        for (ours, of_the_house) in [
            (&mut config.accounts_table, &house.config.accounts_table),
            (&mut config.stores_table, &house.config.stores_table),
            (&mut config.privacy_table, &house.config.privacy_table),
            (&mut config.service_log_table, &house.config.service_log_table),
        ] {
            ours.clone_from(of_the_house);
        }
        config.mail_queue_url.clone_from(&house.config.mail_queue_url);
        config.offboarding_queue_url.clone_from(&house.config.offboarding_queue_url);
        let sqs = aws_sdk_sqs::Client::new(&crate::sdk::config(stack.aws().as_str()));
        let name = format!("test-requests-{}", Clock::system().new_id().simple());
        config.requests_queue_url = sqs.create_queue().queue_name(name).send().await.unwrap().queue_url.unwrap();
        let patience = std::time::Duration::from_secs(28);
        Self { app: dsar::App::new(&boot, config.clone()), house, faults, config, patience }
    }

    pub(crate) fn clock(&self) -> &Clock {
        self.house.clock()
    }

    pub(crate) fn requests(&self) -> Requests {
        let Self { config, house, .. } = self;
        Requests::new(house.tables(), config.privacy_table.clone(), config.verifications_table.clone())
    }

    pub(crate) fn runs(&self) -> Runs {
        Runs::new(self.house.tables(), self.config.privacy_table.clone())
    }

    pub(crate) fn accounts(&self) -> Accounts {
        Accounts::new(self.house.tables(), self.config.accounts_table.clone())
    }

    /// A person with an account, an application with a key and a subscription, and a store.
    pub(crate) async fn someone(&self) -> Someone {
        let owner = self.house.owner().await;
        let mark = owner.account.body().to_owned();
        let account = self.accounts().get(&owner.account).await.unwrap().unwrap();
        let marked = AccountItem {
            name: format!("Zoe {mark}").parse().unwrap(),
            company: format!("=cmd {mark} Ltd").parse().unwrap(),
            website: format!("https://{mark}.example").parse().unwrap(),
            ..account.clone()
        };
        let part = self.accounts().changing(&marked, account.updated_at);
        transaction::write(&self.house.tables(), vec![part]).await.unwrap();
        let store = self.house.store(&owner).await;
        let holding = self.house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
        let granted = format!("/v1/stores/{store}/grants/{}", holding.application);
        self.house.send("PUT", &owner, &granted, r#"{"scopes":["products:read"]}"#).await;
        let named = json!({ "name": format!("app {mark}") });
        let made = self.house.post(&owner, "/v1/applications", named).await;
        assert_eq!(made.status, 201);
        let keys = format!("/v1/applications/{}/keys", holding.application);
        let made =
            self.house.post(&owner, &keys, json!({ "name": format!("key {mark}"), "scopes": ["products:read"] })).await;
        assert_eq!(made.status, 201, "{}", made.json());
        let key = made.json()["key"].as_str().unwrap().to_owned();
        let wish = json!({
            "application": holding.application, "name": format!("wish {mark}"), "url": format!("https://hooks.example/{mark}"), "topics": ["product.updated"],
        });
        let made = self.house.post(&owner, "/v1/subscriptions", wish).await;
        assert_eq!(made.status, 201, "{}", made.json());
        let secret = made.json()["secret"].as_str().unwrap().to_owned();
        // The calls above are the person's too.
        self.house.app.journal().settle().await;
        Someone {
            markers: vec![
                format!("Zoe {mark}"),
                format!("{mark}@example.com"),
                format!("=cmd {mark} Ltd"),
                format!("{mark}.example"),
                format!("app {mark}"),
                format!("key {mark}"),
                format!("wish {mark}"),
                format!("hooks.example/{mark}"),
                self.house.demo.url().as_str().trim_end_matches('/').to_owned(),
            ],
            secrets: vec![key.rsplit('_').next().unwrap().to_owned(), secret, self.house.demo.api_key().to_owned()],
            owner,
        }
    }

    /// A contact that has a person's address: they agreed to letters before there was an account.
    pub(crate) async fn contact_of(&self, owner: &Owner) {
        let consents = Consents::new(self.house.tables(), self.config.consents_table.clone());
        let id = ContactId::from_uuid(self.clock().new_id());
        let now = self.clock().now();
        let contact = ContactItem {
            pk: key::contact(&id),
            sk: key::CONTACT.to_owned(),
            v: 1,
            id: id.clone(),
            name: "Ann Before".parse().unwrap(),
            email: format!("{}@example.com", owner.account.body()).parse().unwrap(),
            consents: domain::account::Consents { monthly: true, ..Default::default() },
            unsubscribed_from_marketing: false,
            opted_out_of_sale: false,
            created_at: now,
            updated_at: now,
        };
        let how = Circumstances {
            at: now,
            form: Form::WebForm,
            source: Source::MailedLink,
            policy_version: Some("1".to_owned()),
            language: Language::En,
        };
        let mut parts: Vec<_> = consents.creating(&contact).into();
        let granted = Change::Granted { purpose: Purpose::Monthly };
        parts.push(consents.adding(&Subject::Contact(id), ConsentId::from_uuid(self.clock().new_id()), granted, &how));
        transaction::write(&self.house.tables(), parts).await.unwrap();
    }

    /// A request that has just come in.
    pub(crate) async fn ask(&self, of: &Owner, kind: Kind, corrections: Vec<Correction>) -> SubjectRequestItem {
        let now = self.clock().now();
        let request = SubjectRequestItem::new(NewRequest {
            id: PrivacyRequestId::from_uuid(self.clock().new_id()),
            kind,
            channel: Channel::Page,
            regime: Regime::Gdpr,
            language: Language::En,
            received_at: now,
            taken_at: now,
            email: format!("{}@example.com", of.account.body()).parse().unwrap(),
            corrections,
            partner: None,
        });
        assert!(self.requests().open(&request, None, Vec::new()).await.unwrap());
        request
    }

    /// The same, with who asks proven.
    pub(crate) async fn proven(&self, of: &Owner, kind: Kind, corrections: Vec<Correction>) -> SubjectRequestItem {
        let request = self.ask(of, kind, corrections).await;
        let proven = Some((Some(of.account.clone()), PROVEN));
        let with = With { proven, ..With::default() };
        let step = Step::Prove(Assessment::Clear);
        self.requests().advance(&request, step, with, self.clock().now()).await.unwrap()
    }

    pub(crate) async fn stands(&self, request: &SubjectRequestItem) -> SubjectRequestItem {
        self.requests().get(&request.id).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, request: &SubjectRequestItem) -> State {
        self.stands(request).await.state
    }

    pub(crate) async fn places(&self, request: &SubjectRequestItem) -> Vec<PlaceItem> {
        self.runs().known(&request.id).await.unwrap()
    }

    /// Hands a message to the function; whether it is done.
    pub(crate) async fn handle(&self, message: &RequestMessage) -> bool {
        self.hand(&serde_json::to_string(message).unwrap()).await
    }

    async fn hand(&self, body: &str) -> bool {
        let queue = self.config.requests_queue_url.rsplit('/').next().unwrap();
        let event: SqsEvent = serde_json::from_value(json!({ "Records": [{
            "messageId": "m0", "body": body, "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
        }] }))
        .unwrap();
        let mut context = lambda_runtime::Context::default();
        let deadline = self.clock().now().as_millisecond() + i64::try_from(self.patience.as_millis()).unwrap();
        context.deadline = u64::try_from(deadline).unwrap();
        failed(&dsar::handle(&self.app, event, &context).await.unwrap()).is_empty()
    }

    /// Lets the function speak to AWS itself: the proxy remembers every body that passes.
    pub(crate) fn past_the_proxy(&mut self) {
        let boot = Boot::new(&environment("dsar", Stack::shared().aws()), self.clock().clone()).unwrap();
        self.app = dsar::App::new(&boot, self.config.clone());
    }

    /// Gives every invocation so little time that it does one thing and lets another go on.
    pub(crate) fn hurry(&mut self) {
        self.patience = std::time::Duration::from_millis(10_500);
    }

    pub(crate) fn settling(request: &SubjectRequestItem) -> RequestMessage {
        RequestMessage { request: request.id.clone() }
    }

    /// Lets a request go on until nothing is left to be done now: what must come again comes, two minutes later, and stores are off-boarded
    /// meanwhile.
    pub(crate) async fn go_on(&self, request: &SubjectRequestItem) {
        let worker = offboarding::worker(&self.house);
        let mut waiting = vec![serde_json::to_string(&Self::settling(request)).unwrap()];
        for _ in 0..600 {
            waiting.extend(self.house.take(&self.config.requests_queue_url).await);
            if waiting.is_empty() {
                return;
            }
            for body in std::mem::take(&mut waiting) {
                if !self.hand(&body).await {
                    waiting.push(body);
                }
            }
            let leaving = self.house.offboardings().await;
            if !leaving.records.is_empty() {
                assert!(failed(&::offboarding::handle(&worker, leaving).await.unwrap()).is_empty());
            }
            if !waiting.is_empty() {
                self.clock().advance(std::time::Duration::from_secs(120));
            }
        }
        panic!("{:?} goes on for ever: {waiting:?}", self.state(request).await);
    }

    /// The letters that went out since the last look, by their names.
    pub(crate) async fn letters(&self) -> Vec<String> {
        let mails = self.house.mails().await;
        let name = |mail: &Value| match mail["request"]["letter"].as_str() {
            Some(letter) => letter.to_owned(),
            None => mail["kind"].as_str().unwrap_or_default().to_owned(),
        };
        mails.iter().map(name).collect()
    }
}
