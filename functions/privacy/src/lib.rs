//! What anybody may know and ask about their data: what is held, by whom, for how long, under which policies.
//!
//! Boundary: takes no key and knows no caller. What it publishes is made of the data map and of what is compiled in, so no table is read for it.
//! The door is the one of both planes: a key that somebody puts into a URL is reported, and noted in the security log.

#[cfg(feature = "schema")]
pub mod description;
pub mod inventory;
mod policies;
pub mod processors;
pub mod records;
pub mod retention;
pub mod routes;
mod serving;
mod well_known;

use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    dynamo::{admission::Admission, guard::SourceGuard},
    gate::{self, Gate},
    http::{Call, GatewayEvent, answer::GatewayAnswer},
    journal::Journal,
};
use domain::store::Region;

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
        /// The base URL that people see.
        pub public_url: String = "PUBLIC_URL",
    }
}

/// The function's adapters.
pub struct App {
    gate: Gate,
    journal: Journal,
    clock: Clock,
    operator: Operator,
    public_url: String,
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
        let guard = SourceGuard::new(tables, config.guards_table, clock.clone());
        Self {
            gate: Gate::new(admission, guard, journal.clone()),
            journal,
            clock,
            operator: Operator {
                contact: well_known::address(&config.contact),
                region: config.region.as_str().to_owned(),
            },
            public_url: config.public_url,
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
