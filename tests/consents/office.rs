//! The `mail` function in this process.

use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        accounts::Accounts,
        campaigns::{CampaignItem, Campaigns},
        consents::Consents,
    },
    mailer::marketing::MarketingMessage,
};
use domain::{
    campaign::{CampaignState, Letter, Words},
    consent::{Purpose, Subject},
    id::{AccountId, CampaignId, KeyId, MessageId},
};
use serde_json::Value;
use testkit::{fault_proxy::FaultProxy, stack::Stack};

use crate::{
    control::house::{House, batch, failed},
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
        let environment = environment("mail", Stack::shared().aws());
        Self::with(mail::Config::from_env(&environment).unwrap(), Clock::system()).await
    }

    /// One that works with the tables of a house that has its own.
    pub(super) async fn of(house: &House) -> Self {
        let environment = environment("mail", Stack::shared().aws());
        let mut config = mail::Config::from_env(&environment).unwrap();
        config.accounts_table.clone_from(&house.config.accounts_table);
        config.consents_table.clone_from(&house.config.consents_table);
        Self::with(config, house.clock().clone()).await
    }

    async fn with(config: mail::Config, clock: Clock) -> Self {
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let boot = Boot::new(&environment("mail", faults.url()), clock).unwrap();
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

    /// A message that asks for a letter of a campaign of its own.
    pub(super) async fn letter(&self, purpose: Purpose, subject: &Subject) -> String {
        let id = MessageId::from_uuid(self.boot.clock.new_id());
        let campaign = campaign(purpose).await;
        serde_json::to_string(&MarketingMessage { id, campaign, subject: subject.clone() }).unwrap()
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

/// What a campaign of the tests writes.
pub(crate) fn written(purpose: Purpose) -> Letter {
    let words = |subject: &str, text: &str| Words { subject: subject.parse().unwrap(), text: text.parse().unwrap() };
    Letter { purpose, english: words("News, {name}", "There is <b>news</b>.\n\nFor {name}."), french: None }
}

fn item(purpose: Purpose, state: CampaignState) -> CampaignItem {
    let clock = Clock::system();
    let by = KeyId::from_uuid(clock.new_id());
    let proposed = CampaignItem::proposed(CampaignId::from_uuid(clock.new_id()), written(purpose), by, clock.now());
    CampaignItem { state, approved_at: Some(clock.now()), ..proposed }
}

/// A campaign whose letters may go out and that no sweep walks for any more.
pub(crate) async fn campaign(purpose: Purpose) -> CampaignId {
    let environment = environment("mail", Stack::shared().aws());
    let boot = Boot::new(&environment, Clock::system()).unwrap();
    let config = mail::Config::from_env(&environment).unwrap();
    let item = item(purpose, CampaignState::Done);
    Campaigns::new(cloud::dynamo::client(&boot.aws), config.consents_table).add(&item).await.unwrap();
    item.id
}

/// A campaign in a table of a test's own, for a sweep to walk for, and somebody to write to.
pub(crate) async fn runs(house: &House, table: &str) {
    let campaigns = Campaigns::new(house.tables(), table.to_owned());
    campaigns.add(&item(Purpose::Monthly, CampaignState::Running)).await.unwrap();
}
