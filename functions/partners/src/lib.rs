//! Requests that others make for people, in their own protocols: authorised agents by the Data Rights Protocol 1.0, controllers by OpenDSR 2.0.
//!
//! Boundary: takes no key of ours; a partner proves itself as its protocol has it, and is told in its protocol's words, errors too. It takes requests
//! in, says how they stand and takes them back. It carries none out and writes to nobody: that is `dsar`'s, which is told by a queue.
//!
//! An agent's request becomes one like any person's, which the person confirms: that an agent knows a name proves nothing. A controller's is an
//! instruction about its own customers, carried out as what stores' platforms pass on.

mod agent;
mod controller;
mod directory;
mod exercise;
mod instruction;

use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    dynamo::{
        Unavailable,
        accounts::Accounts,
        counts::{Counted, Counts},
        partners::{PartnerItem, Partners},
        privacy::PrivacyRequests,
        requests::Requests,
        stores::Stores,
    },
    env::Permission,
    events::PrivacyTopicMessage,
    http::{Answer, Call, Code, GatewayEvent, answer::GatewayAnswer},
    partners::{CallbackMessage, Standings},
    request_secrets::Secrets,
    requests::RequestMessage,
    signature::Signer,
    sqs::Queue,
};
use jiff::Timestamp;

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of requests about people, and of partners.
        pub privacy_table: String = "PRIVACY_TABLE",
        /// Table of what proves who asks.
        pub verifications_table: String = "VERIFICATIONS_TABLE",
        /// Table of accounts.
        pub accounts_table: String = "ACCOUNTS_TABLE",
        /// Table of stores and grants.
        pub stores_table: String = "STORES_TABLE",
        /// Queue of people's requests that are to be looked at.
        pub requests_queue_url: String = "REQUESTS_QUEUE_URL",
        /// Queue of what is asked about customers of stores.
        pub privacy_topics_queue_url: String = "PRIVACY_TOPICS_QUEUE_URL",
        /// The KMS key that signs what controllers are told.
        pub signing_key: String = "SIGNING_KEY_ARN",
        /// Table of what is counted.
        pub guards_table: String = "GUARDS_TABLE",
        /// The KMS key that what proves who asks is made of.
        pub code_key: String = "CODE_KEY_ARN",
        /// Queue of what partners want to be told.
        pub callbacks_queue_url: String = "CALLBACKS_QUEUE_URL",
        /// The API's base URL.
        pub public_url: String = "PUBLIC_URL",
        /// Whether partners may be called back at loopback addresses; only the local stack allows it.
        pub egress_loopback: Permission = "EGRESS_LOOPBACK",
    }
}

/// The function's adapters.
pub struct App {
    partners: Partners,
    requests: Requests,
    privacy: PrivacyRequests,
    accounts: Accounts,
    stores: Stores,
    counts: Counts,
    to_settle: Queue<RequestMessage>,
    topics: Queue<PrivacyTopicMessage>,
    callbacks: Queue<CallbackMessage>,
    standings: Standings,
    secrets: Secrets,
    signer: Signer,
    public_url: String,
    /// The host of `public_url`: what controllers know us by.
    domain: String,
    loopback: Permission,
    clock: Clock,
}

impl App {
    /// Builds the adapters.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let tables = cloud::dynamo::client(&boot.aws);
        let domain = cloud::partners::domain_of(&config.public_url);
        let partners = Partners::new(tables.clone(), config.privacy_table.clone());
        let requests = Requests::new(tables.clone(), config.privacy_table.clone(), config.verifications_table);
        let privacy = PrivacyRequests::new(tables.clone(), config.privacy_table);
        let public_url = config.public_url;
        Self {
            standings: Standings::new(partners.clone(), requests.clone(), privacy.clone(), public_url.clone()),
            partners,
            requests,
            privacy,
            accounts: Accounts::new(tables.clone(), config.accounts_table),
            stores: Stores::new(tables.clone(), config.stores_table),
            counts: Counts::new(tables, config.guards_table, boot.clock.clone()),
            to_settle: Queue::new(&boot.aws, config.requests_queue_url),
            topics: Queue::new(&boot.aws, config.privacy_topics_queue_url),
            secrets: Secrets::new(&boot.aws, config.code_key),
            signer: Signer::new(&boot.aws, config.signing_key),
            callbacks: Queue::new(&boot.aws, config.callbacks_queue_url),
            public_url,
            domain,
            loopback: config.egress_loopback,
            clock: boot.clock.clone(),
        }
    }

    /// Counts a request of a partner, and says whether it may still be made today.
    async fn may_ask(&self, partner: &PartnerItem, now: Timestamp) -> Result<bool, Unavailable> {
        Ok(self.counts.add(&Counted::by_partner(&partner.id, now)).await? <= partner.per_day)
    }
}

/// Answers one call.
pub async fn handle(app: &App, event: GatewayEvent, context: &lambda_runtime::Context) -> GatewayAnswer {
    let (call, readable) = Call::read(event, Budget::of_invocation(context, &app.clock), &app.clock);
    let mut answer = match *call.segments().as_slice() {
        ["drp", "v1", ref rest @ ..] => agent::answer(app, &call, readable.is_ok(), rest).await,
        ["opendsr", "v1" | "v2", ref rest @ ..] => controller::answer(app, &call, readable.is_ok(), rest).await,
        [".well-known", "data-rights.json"] => directory::answer(app, &call),
        _ => Answer::problem(&Code::NotFound.into(), &call),
    };
    answer.finish(&call);
    answer.into_event()
}
