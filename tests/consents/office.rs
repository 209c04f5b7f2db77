//! The `mail` function in this process.

use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{accounts::Accounts, consents::Consents},
    mailer::marketing::{Letter, MarketingMessage},
};
use domain::{
    consent::{Purpose, Subject},
    id::{AccountId, MessageId},
};
use serde_json::Value;
use testkit::{fault_proxy::FaultProxy, stack::Stack};

use crate::{
    control::house::{batch, failed},
    privacy::lobby::Lobby,
    world::{assert_declared, environment},
};

/// See the module.
pub(super) struct PostOffice {
    pub(super) faults: FaultProxy,
    pub(super) app: mail::App,
    pub(super) boot: Boot,
    pub(super) public_url: String,
    pub(super) tables: (Accounts, Consents),
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

impl PostOffice {
    pub(super) async fn new() -> Self {
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let environment = environment("mail", faults.url());
        let boot = Boot::new(&environment, Clock::system()).unwrap();
        let config = mail::Config::from_env(&environment).unwrap();
        let tables = cloud::dynamo::client(&boot.aws);
        Self {
            public_url: config.public_url.clone(),
            tables: (
                Accounts::new(tables.clone(), config.accounts_table.clone()),
                Consents::new(tables, config.consents_table.clone()),
            ),
            app: mail::App::new(&boot, config),
            faults,
            boot,
        }
    }

    pub(super) fn letter(&self, letter: Letter, subject: &Subject) -> String {
        let id = MessageId::from_uuid(self.boot.clock.new_id());
        serde_json::to_string(&MarketingMessage { id, letter, subject: subject.clone() }).unwrap()
    }

    /// Works on one message; whether it comes again.
    pub(super) async fn comes_again(&self, body: &str) -> bool {
        !failed(&mail::handle(&self.app, batch(&[body])).await.unwrap()).is_empty()
    }

    /// The mails that were handed to SES.
    pub(super) fn handed(&self) -> Vec<Value> {
        let calls = self.faults.seen().into_iter().filter(|call| call.path.ends_with("/outbound-emails"));
        calls.map(|call| serde_json::from_slice(&call.body).unwrap()).collect()
    }

    /// A link as it stands in a letter, as its path.
    pub(super) async fn link(&self, subject: &Subject) -> String {
        let token = self.tables.1.link(subject, Purpose::Monthly).await.unwrap();
        format!("/privacy/unsubscribe?token={}", token.reveal())
    }

    /// What a mail program does when its button is pressed.
    pub(super) async fn unsubscribe(&self, lobby: &Lobby, account: &AccountId) {
        let link = self.link(&Subject::Account(account.clone())).await;
        assert_eq!(lobby.one_click(&link).await.status, 200);
    }
}
