//! Tells partners how their requests stand, at the addresses that they gave (`privacy.md` B.2, B.3, E).
//!
//! Boundary: the only function that calls partners. It reads records and writes none; what was told last stands in its message, which waits in the queue
//! until the request has ended and that was told too. So a callback may come twice, and none is lost. What is sent is what the partner reads when it
//! asks: no name, no secret.

mod telling;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{partners::Partners, privacy::PrivacyRequests, requests::Requests},
    egress::Egress,
    env::Permission,
    partners::{CallbackMessage, Standings},
    signature::Signer,
    sqs::{NoMessageId, Queue, Received, each_received},
};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of requests about people, and of partners.
        pub privacy_table: String = "PRIVACY_TABLE",
        /// Table of what proves who asks; nothing is read of it here.
        pub verifications_table: String = "VERIFICATIONS_TABLE",
        /// Queue of what partners want to be told.
        pub callbacks_queue_url: String = "CALLBACKS_QUEUE_URL",
        /// The KMS key that signs what controllers are told.
        pub signing_key: String = "SIGNING_KEY_ARN",
        /// The API's base URL.
        pub public_url: String = "PUBLIC_URL",
        /// Who runs this deployment, for the `User-Agent`.
        pub contact: String = "CONTACT",
        /// Whether partners may be called back at loopback addresses; only the local stack allows it.
        pub egress_loopback: Permission = "EGRESS_LOOPBACK",
    }
}

/// Messages of one batch that are worked on at a time: all of them.
const AT_ONCE: usize = 10;
/// Between two looks at a request: a tenth of how long it is open, so that what is done at once is told at once, within these bounds.
const SHORTEST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// When a message is replaced by a new one, because its queue will forget it a day later.
const RENEWED_AFTER: Duration = Duration::from_secs(3 * 86_400);

/// The function's adapters.
pub struct App {
    partners: Partners,
    requests: Requests,
    standings: Standings,
    callbacks: Queue<CallbackMessage>,
    egress: Egress,
    signer: Signer,
    /// The host of the API: what controllers know us by.
    domain: String,
    loopback: Permission,
    clock: Clock,
}

impl App {
    /// Builds the adapters.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let clock = boot.clock.clone();
        let tables = cloud::dynamo::client(&boot.aws);
        let domain = cloud::partners::domain_of(&config.public_url);
        let partners = Partners::new(tables.clone(), config.privacy_table.clone());
        let requests = Requests::new(tables.clone(), config.privacy_table.clone(), config.verifications_table);
        let privacy = PrivacyRequests::new(tables, config.privacy_table);
        Self {
            standings: Standings::new(partners.clone(), requests.clone(), privacy, config.public_url),
            partners,
            requests,
            callbacks: Queue::new(&boot.aws, config.callbacks_queue_url),
            egress: Egress::new(boot.tls.clone(), config.egress_loopback, &config.contact, clock.clone()),
            signer: Signer::new(&boot.aws, config.signing_key),
            domain,
            loopback: config.egress_loopback,
            clock,
        }
    }
}

/// Works on the messages of one batch; those that must come again are named in the answer, and hidden until their time.
///
/// # Errors
/// [`NoMessageId`], which makes the whole batch come again.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, NoMessageId> {
    let work = async |received: Received<CallbackMessage>| telling::work(app, &received.message).await;
    each_received(&app.callbacks, event, AT_ONCE, work).await
}
