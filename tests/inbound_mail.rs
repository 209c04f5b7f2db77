//! The `inbound-mail` function in this process, with SES's notifications as it sends them.

use aws_lambda_events::sqs::SqsEvent;
use cloud::{boot::Boot, clock::Clock, requests::RequestMessage};
use domain::request::{Channel, Kind, Language, Letter, Regime, State};
use serde_json::{Value, json};
use testkit::{
    fault_proxy::{FaultProxy, Seen},
    stack::Stack,
};

use crate::{
    control::house::failed,
    privacy::lobby::{Lobby, PUBLIC},
    world::{assert_declared, environment},
};

/// The function, with queues of its own behind it.
struct MailRoom {
    app: inbound_mail::App,
    config: inbound_mail::Config,
    faults: FaultProxy,
    lobby: Lobby,
    sqs: aws_sdk_sqs::Client,
}

impl Drop for MailRoom {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

impl MailRoom {
    async fn new() -> Self {
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let environment = environment("inbound-mail", faults.url());
        let boot = Boot::new(&environment, Clock::system()).unwrap();
        let mut config = inbound_mail::Config::from_env(&environment).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&crate::sdk::config(Stack::shared().aws().as_str()));
        for (url, kind) in [(&mut config.requests_queue_url, "requests"), (&mut config.mail_queue_url, "mail")] {
            let name = format!("test-{kind}-{}", Clock::system().new_id().simple());
            *url = sqs.create_queue().queue_name(name).send().await.unwrap().queue_url.unwrap();
        }
        config.public_url = PUBLIC.to_owned();
        let app = inbound_mail::App::new(&boot, config.clone());
        Self { app, config, faults, lobby: Lobby::new().await, sqs }
    }

    /// Hands a notification over; whether it is done with.
    async fn take(&self, mail: &Value) -> bool {
        let event: SqsEvent = serde_json::from_value(json!({ "Records": [{
            "messageId": "m0", "body": mail.to_string(), "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:inbound",
        }] }))
        .unwrap();
        failed(&inbound_mail::handle(&self.app, event).await.unwrap()).is_empty()
    }

    /// The requests that are to be looked at, by their ids.
    async fn told(&self) -> Vec<domain::id::PrivacyRequestId> {
        let told: Vec<RequestMessage> = crate::sdk::drain_as(&self.sqs, &self.config.requests_queue_url).await;
        told.into_iter().map(|message| message.request).collect()
    }

    async fn mails(&self) -> Vec<Value> {
        crate::sdk::drain_mails(&self.sqs, &self.config.mail_queue_url).await
    }
}

/// SES's notification of a mail, made of the one that is kept as an event.
fn mail(from: &str, subject: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/inbound-mail/erasure.json");
    let event: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut mail: Value = serde_json::from_str(event["Records"][0]["body"].as_str().unwrap()).unwrap();
    mail["mail"]["messageId"] = json!(Clock::system().new_id().simple().to_string());
    mail["mail"]["timestamp"] = json!(Clock::system().now());
    mail["mail"]["commonHeaders"]["from"] = json!([from]);
    mail["mail"]["commonHeaders"]["subject"] = json!(subject);
    mail
}

#[tokio::test]
async fn r024_r034_a_mail_that_asks_becomes_a_request_that_its_link_confirms() {
    let room = MailRoom::new().await;
    let account = room.lobby.account().await;
    let address = account.email.as_str();
    let asking = mail(&format!("Ann Example <{address}>"), "Effacez mes données, s'il vous plaît");
    assert!(room.take(&asking).await);
    let [id] = &*room.told().await else { panic!("one request") };
    let request = room.lobby.request(id).await;
    assert_eq!((request.kind, request.channel, request.regime), (Kind::Erasure, Channel::Mail, Regime::Policies));
    assert_eq!((request.language, request.state), (Language::Fr, State::AwaitingVerification));
    assert!(request.email.as_ref() == Some(&account.email));
    assert_eq!(request.received_at.to_string(), asking["mail"]["timestamp"].as_str().unwrap());
    assert!(room.mails().await.is_empty(), "its letter is the request's to send");

    // SES tells it again, and so does the queue.
    assert!(room.take(&asking).await);
    assert!(room.told().await == [id.clone()], "the same request");

    let letters = room.lobby.letters(id).await;
    assert_eq!(letters[0].request.as_ref().unwrap().letter, Letter::Received);
    let link = room.lobby.link(id).await;
    let followed = room.lobby.post(&link, json!({})).await;
    assert_eq!((followed.status, &followed.json()["mailbox_proven"]), (200, &json!(true)), "{}", followed.json());
    assert_eq!(followed.json()["verified"], json!(false), "a mailbox is not enough for an erasure");
}

#[tokio::test]
async fn a_mail_that_does_not_say_what_is_asked_is_answered_with_where_to_ask() {
    let room = MailRoom::new().await;
    let asking = mail(&room.lobby.address(), "A question about your service");
    for _ in 0..2 {
        assert!(room.take(&asking).await);
    }
    let mails = room.mails().await;
    assert_eq!(mails.len(), 1, "one that comes twice is answered with the same mail");
    assert_eq!(mails[0]["kind"], "how-to-ask");
    assert_eq!(mails[0]["to"], asking["mail"]["commonHeaders"]["from"][0]);
    assert_eq!(mails[0]["link"], format!("{PUBLIC}/privacy"));
    assert!(room.told().await.is_empty());
}

#[tokio::test]
async fn what_only_spares_somebody_something_is_done_at_once_and_a_tag_says_what() {
    let room = MailRoom::new().await;
    let mut asking = mail(&room.lobby.address(), "hello");
    asking["receipt"]["recipients"] = json!(["privacy+consent-withdrawal@example.com"]);
    assert!(room.take(&asking).await);
    let request = room.lobby.request(&room.told().await[0]).await;
    assert_eq!((request.kind, request.state), (Kind::ConsentWithdrawal, State::Running));
}

#[tokio::test]
async fn machines_forgers_and_whoever_cannot_be_written_to_are_not_answered() {
    let room = MailRoom::new().await;
    let sender = room.lobby.address();
    let header = |name: &str, value: &str| {
        let mut mail = mail(&sender, "delete me");
        mail["mail"]["headers"].as_array_mut().unwrap().push(json!({ "name": name, "value": value }));
        mail
    };
    let verdict = |name: &str, status: &str| {
        let mut mail = mail(&sender, "delete me");
        mail["receipt"][name]["status"] = json!(status);
        mail
    };
    let mut bounce = mail(&sender, "delete me");
    bounce["mail"]["commonHeaders"]["returnPath"] = json!("<>");
    let mut unknown = verdict("dmarcVerdict", "GRAY");
    unknown["receipt"]["spfVerdict"]["status"] = json!("FAIL");
    unknown["receipt"]["dkimVerdict"]["status"] = json!("GRAY");
    let mut several = mail(&sender, "delete me");
    several["mail"]["commonHeaders"]["from"] = json!([sender, "victim@example.com"]);
    let refused = [
        header("auto-submitted", "auto-generated"),
        header("Precedence", "bulk"),
        header("List-Id", "<news.example.com>"),
        verdict("spamVerdict", "FAIL"),
        verdict("virusVerdict", "FAIL"),
        verdict("dmarcVerdict", "FAIL"),
        bounce,
        unknown,
        several,
        mail("Nobody", "delete me"),
        mail(&format!("{sender}\r\nBcc: victim@example.com"), "delete me"),
    ];
    for mail in refused {
        assert!(room.take(&mail).await, "it is not tried again");
    }
    assert!(room.faults.seen().is_empty(), "nothing is asked, written or sent");
    // A domain without a policy speaks by its signature alone.
    assert!(room.take(&verdict("dmarcVerdict", "GRAY")).await);
    assert_eq!(room.told().await.len(), 1);
}

#[tokio::test]
async fn a_mailbox_gets_three_letters_a_day_whoever_writes_in_its_name() {
    let room = MailRoom::new().await;
    let sender = room.lobby.address();
    let mut letters = Vec::new();
    for number in 0..5 {
        assert!(room.take(&mail(&sender, "Please send me a copy of my data")).await);
        let told = room.told().await;
        letters.push(room.lobby.letters(&told[0]).await.len());
        assert_eq!(told.len(), 1, "request {number} is there all the same");
    }
    assert_eq!(letters, [1, 1, 1, 0, 0]);
    assert!(room.take(&mail(&sender, "hello")).await);
    assert!(room.mails().await.is_empty());
}

#[tokio::test]
async fn a_mail_waits_where_something_is_out_of_order() {
    let room = MailRoom::new().await;
    let asking = mail(&room.lobby.address(), "delete me");
    for target in ["GetItem", "GenerateMac", "TransactWriteItems", "SendMessage", "UpdateItem"] {
        room.faults.inject(
            testkit::fault_proxy::Calls::Target(target),
            testkit::fault_proxy::Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}"),
            100,
        );
        assert!(!room.take(&asking).await, "{target}");
        room.faults.reset();
    }
    assert!(room.take(&asking).await);
    let told: std::collections::BTreeSet<_> = room.told().await.into_iter().collect();
    let [id] = &*Vec::from_iter(told) else { panic!("one request") };
    assert_eq!(room.lobby.letters(id).await.len(), 1, "and its letter is not lost by what failed");
}

/// Does everything that the function does, and gives what it called of AWS.
pub(crate) async fn everything() -> Vec<Seen> {
    let room = MailRoom::new().await;
    for subject in ["delete me", "hello"] {
        assert!(room.take(&mail(&room.lobby.address(), subject)).await);
    }
    room.faults.seen()
}
