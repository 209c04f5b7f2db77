//! Takes in what people ask by mail (R024, R034, R062; `privacy.md` E, "e-mail tricks").
//!
//! Boundary: reads who wrote and the subject, never a body. What a subject asks for becomes a request like any other, which the mailed link
//! confirms; a mail by itself proves nothing. A mail that asks for nothing that can be told is answered with where to ask. It writes to nobody: that
//! is `mail`'s and `dsar`'s, which are told by queues.

mod letter;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{counts::Counts, requests::Requests},
    inbound_mail::InboundMailMessage,
    mailer::MailMessage,
    request_secrets::Secrets,
    requests::RequestMessage,
    sqs::{NoMessageId, Queue, each},
};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of requests of people.
        pub privacy_table: String = "PRIVACY_TABLE",
        /// Table of what proves who asks.
        pub verifications_table: String = "VERIFICATIONS_TABLE",
        /// Table of what is counted.
        pub guards_table: String = "GUARDS_TABLE",
        /// The KMS key that what proves who asks is made of.
        pub code_key: String = "CODE_KEY_ARN",
        /// Queue of requests that are to be looked at.
        pub requests_queue_url: String = "REQUESTS_QUEUE_URL",
        /// Queue of mails to be sent.
        pub mail_queue_url: String = "MAIL_QUEUE_URL",
        /// The API's base URL.
        pub public_url: String = "PUBLIC_URL",
    }
}

/// The function's adapters.
pub struct App {
    requests: Requests,
    counts: Counts,
    secrets: Secrets,
    to_settle: Queue<RequestMessage>,
    mails: Queue<MailMessage>,
    public_url: String,
    clock: Clock,
}

impl App {
    /// Builds the adapters.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let tables = cloud::dynamo::client(&boot.aws);
        Self {
            requests: Requests::new(tables.clone(), config.privacy_table, config.verifications_table),
            counts: Counts::new(tables, config.guards_table, boot.clock.clone()),
            secrets: Secrets::new(&boot.aws, config.code_key),
            to_settle: Queue::new(&boot.aws, config.requests_queue_url),
            mails: Queue::new(&boot.aws, config.mail_queue_url),
            public_url: config.public_url,
            clock: boot.clock.clone(),
        }
    }
}

/// Takes in the mails of one batch; those that must come again are named in the answer.
///
/// # Errors
/// [`NoMessageId`], which makes the whole batch come again.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, NoMessageId> {
    each(event, async |message: InboundMailMessage| letter::take(app, &message).await).await
}
