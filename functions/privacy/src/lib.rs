//! What anybody may know and ask about their data: what is held, by whom, for how long, under which policies.
//!
//! Boundary: takes no key and knows no caller. What it publishes is made of the data map and of what is compiled in, so no table is read for it.
//! A request about one's own data is seen by whoever holds its session, and by nobody else. It is taken and proven here, and carried out elsewhere.
//! What else it takes in comes by a form or by a mailed link: forms (table `forms`), and the ends and beginnings of consents (tables `consents` and
//! `accounts`). A mailed link that is looked at changes nothing.
//! The door is the one of both planes: a key that somebody puts into a URL is reported, and noted in the security log.

mod centre;
mod consents;
mod cookies;
#[cfg(feature = "schema")]
pub mod description;
mod forms;
pub mod inventory;
mod policies;
pub mod processors;
pub mod records;
mod requests;
pub mod retention;
pub mod routes;
mod serving;
mod unsubscribe;
mod well_known;

use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    dynamo::{
        accounts::Accounts, admission::Admission, breaches::Breaches, consents::Consents, counts::Counts, forms::Forms,
        guard::SourceGuard, proofs::Proofs, requests::Requests, runs::Runs, sign_ups::SignUps,
    },
    gate::{self, Gate},
    http::{Call, GatewayEvent, answer::GatewayAnswer},
    journal::Journal,
    mailer::MailMessage,
    objects::Objects,
    request_secrets::Secrets,
    requests::RequestMessage,
    signature::Signer,
    sqs::Queue,
};
use domain::{account::EmailAddress, store::Region};

use crate::records::Operator;

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of keys.
        pub keys_table: String = "KEYS_TABLE",
        /// Table of failed authentications.
        pub guards_table: String = "GUARDS_TABLE",
        /// Table of the 30-day journal.
        pub service_log_table: String = "SERVICE_LOG_TABLE",
        /// Table of the 90-day journal.
        pub security_log_table: String = "SECURITY_LOG_TABLE",
        /// The region of this stack.
        pub region: Region = "STACK_REGION",
        /// How to reach whoever runs this stack.
        pub contact: String = "CONTACT",
        /// Table of accounts: who unsubscribes may have one.
        pub accounts_table: String = "ACCOUNTS_TABLE",
        /// Table of the ledger of consents.
        pub consents_table: String = "CONSENTS_TABLE",
        /// Table of what was sent by forms.
        pub forms_table: String = "FORMS_TABLE",
        /// Queue of mails.
        pub mail_queue_url: String = "MAIL_QUEUE_URL",
        /// The sender of every mail, whose mailbox the operator reads.
        pub mail_from: EmailAddress = "MAIL_FROM",
        /// The base URL that people see, and that mailed links start with.
        pub public_url: String = "PUBLIC_URL",
        /// Table of requests about people.
        pub privacy_table: String = "PRIVACY_TABLE",
        /// Table of what proves who asks.
        pub verifications_table: String = "VERIFICATIONS_TABLE",
        /// Queue of requests that are to be looked at.
        pub requests_queue_url: String = "REQUESTS_QUEUE_URL",
        /// Bucket of files with what is held of people.
        pub exports_bucket: String = "EXPORTS_BUCKET",
        /// Key of the codes that only KMS can make.
        pub code_key: String = "CODE_KEY_ARN",
        /// The ARN of the key that signs receipts.
        pub signing_key: String = "SIGNING_KEY_ARN",
    }
}

/// The function's adapters.
pub struct App {
    gate: Gate,
    tables: cloud::dynamo::Client,
    accounts: Accounts,
    consents: Consents,
    forms: Forms,
    breaches: Breaches,
    sign_ups: SignUps,
    mails: Queue<MailMessage>,
    mailbox: EmailAddress,
    journal: Journal,
    clock: Clock,
    operator: Operator,
    public_url: String,
    requests: Requests,
    proofs: Proofs,
    secrets: Secrets,
    counts: Counts,
    request_messages: Queue<RequestMessage>,
    exports: Objects,
    runs: Runs,
    signer: Signer,
    /// The public half of the signer's key, as PEM.
    public_key: tokio::sync::OnceCell<String>,
}

impl App {
    /// Builds the adapters. Must be called within the runtime that serves the function.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let clock = boot.clock.clone();
        let tables = cloud::dynamo::client(&boot.aws);
        let journal =
            Journal::start(tables.clone(), &config.service_log_table, &config.security_log_table, clock.clone());
        let admission = Admission::new(tables.clone(), config.keys_table, clock.clone());
        let guard = SourceGuard::new(tables.clone(), config.guards_table.clone(), clock.clone());
        Self {
            gate: Gate::new(admission, guard, journal.clone()),
            journal,
            accounts: Accounts::new(tables.clone(), config.accounts_table),
            runs: Runs::new(tables.clone(), config.privacy_table.clone()),
            breaches: Breaches::new(tables.clone(), config.privacy_table.clone()),
            requests: Requests::new(tables.clone(), config.privacy_table, config.verifications_table.clone()),
            proofs: Proofs::new(tables.clone(), config.verifications_table),
            secrets: Secrets::new(&boot.aws, config.code_key),
            counts: Counts::new(tables.clone(), config.guards_table.clone(), clock.clone()),
            request_messages: Queue::new(&boot.aws, config.requests_queue_url),
            exports: Objects::new(&boot.aws, &config.exports_bucket),
            signer: Signer::new(&boot.aws, config.signing_key),
            public_key: tokio::sync::OnceCell::new(),
            consents: Consents::new(tables.clone(), config.consents_table),
            sign_ups: SignUps::new(tables.clone(), config.guards_table.clone(), clock.clone()),
            forms: Forms::new(tables.clone(), config.forms_table, config.guards_table, clock.clone()),
            mails: Queue::new(&boot.aws, config.mail_queue_url),
            mailbox: config.mail_from,
            clock,
            operator: Operator {
                contact: well_known::address(&config.contact),
                region: config.region.as_str().to_owned(),
            },
            public_url: config.public_url,
            tables,
        }
    }

    /// The journals, so that `main` can hold the sandbox for them and tests can wait for them.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }
}

/// Answers one call.
pub async fn handle(app: &App, event: GatewayEvent, context: &lambda_runtime::Context) -> GatewayAnswer {
    let _invocation = app.journal.invocation();
    let (call, readable) = Call::read(event, Budget::of_invocation(context, &app.clock), &app.clock);
    gate::seal(serving::serve(app, &call, readable).await, &call)
}
