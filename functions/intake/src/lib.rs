//! Takes in the webhooks of stores: verify, queue, 200.
//!
//! Boundary: reads a store's secrets (from memory, for a minute) and sends one queue message a webhook; a body that no message holds rests in
//! a bucket for a day. It never calls a store, writes no table, and reads nothing of a body but what its signature covers. A webhook is
//! acknowledged after the queue has it, so that nothing acknowledged is lost; whether it was here before is `fan-out`'s to find out, because
//! a record of it before a send that fails would lose it (`gateway.md` E4).

mod senders;

use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    data_keys::DataKeys,
    dynamo::{Unavailable, store_keys::StoreKeys, stores::Stores},
    events::{EventMessage, HookBody, News},
    hooks::HookVault,
    http::{Answer, Call, Code, GatewayEvent, Problem, answer::GatewayAnswer},
    objects::Objects,
    sqs::{MESSAGE_LIMIT, Queue, Sending},
};
use connectors::hooks::recipe::{Unverified, Verified, is_ping, verify};
use domain::id::{EventId, StoreId};
use http::{HeaderValue, Method, StatusCode, header};

use crate::senders::{Sender, Senders};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of stores and grants.
        pub stores_table: String = "STORES_TABLE",
        /// Table of the stores' data keys.
        pub store_keys_table: String = "STORE_KEYS_TABLE",
        /// The KMS key that wraps the stores' data keys.
        pub data_key: String = "DATA_KEY_ARN",
        /// Queue of what stores said.
        pub incoming_events_queue_url: String = "INCOMING_EVENTS_QUEUE_URL",
        /// Bucket of bodies that no message holds.
        pub large_hooks_bucket: String = "LARGE_HOOKS_BUCKET",
    }
}

/// The function's adapters.
pub struct App {
    senders: Senders,
    incoming: Queue<EventMessage>,
    large_hooks: Objects,
    clock: Clock,
}

impl App {
    /// Builds the adapters.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let tables = cloud::dynamo::client(&boot.aws);
        let stores = Stores::new(tables.clone(), config.stores_table);
        let store_keys = StoreKeys::new(tables, config.store_keys_table);
        let data_keys = DataKeys::new(&boot.aws, store_keys, config.data_key, boot.clock.clone());
        Self {
            senders: Senders::new(HookVault::new(stores, data_keys), boot.clock.clone()),
            incoming: Queue::new(&boot.aws, config.incoming_events_queue_url),
            large_hooks: Objects::new(&boot.aws, &config.large_hooks_bucket),
            clock: boot.clock.clone(),
        }
    }
}

/// Answers one webhook.
pub async fn handle(app: &App, event: GatewayEvent, context: &lambda_runtime::Context) -> GatewayAnswer {
    let (call, readable) = Call::read(event, Budget::of_invocation(context, &app.clock), &app.clock);
    let mut answer = match take(app, &call, readable).await {
        Ok(()) => Answer::empty(StatusCode::OK),
        Err(problem) => refusal(&problem, &call),
    };
    answer.finish(&call);
    answer.into_event()
}

async fn take(app: &App, call: &Call, readable: Result<(), Problem>) -> Result<(), Problem> {
    if call.method != Method::POST {
        return Err(Code::MethodNotAllowed.into());
    }
    let Some(store) = store(call) else { return Err(refused(None, "no id of a store")) };
    let Some(sender) = app.senders.find(&store).await.map_err(unavailable)? else {
        return Err(refused(Some(&store), "no connected store"));
    };
    if is_ping(sender.recipe, &call.headers, &call.body) {
        return Ok(());
    }
    let verified = prove(app, call, &store, &sender).await?;
    // Only now: whatever else is wrong with one that is not signed, it is told nothing.
    readable?;
    queue(app, call, store, verified).await.map_err(unavailable)
}

/// The store that a webhook's path names: `/hooks/{store}`.
fn store(call: &Call) -> Option<StoreId> {
    match *call.segments() {
        ["hooks", store] => store.parse().ok(),
        _ => None,
    }
}

/// Proves a webhook by the remembered secrets, and by those of this moment where those do not explain it.
async fn prove(app: &App, call: &Call, store: &StoreId, sender: &Sender) -> Result<Verified, Problem> {
    let first = match by_secrets(call, sender) {
        Ok(verified) => return Ok(verified),
        Err(why) => why,
    };
    if first != Unverified::Wrong {
        return Err(refused_of(store, sender, first));
    }
    match app.senders.look_again(store).await.map_err(unavailable)? {
        Some(sender) => by_secrets(call, &sender).map_err(|why| refused_of(store, &sender, why)),
        None => Err(refused_of(store, sender, first)),
    }
}

fn by_secrets(call: &Call, sender: &Sender) -> Result<Verified, Unverified> {
    let secrets: Vec<&str> = sender.secrets.live(call.received).collect();
    verify(sender.recipe, &secrets, &call.headers, &call.body, call.received)
}

/// Hands a webhook that was proven to the queue; when this returns, the queue has it. One request, and one to the bucket before it where the
/// body is too large for a message.
async fn queue(app: &App, call: &Call, store: StoreId, verified: Verified) -> Result<(), Unavailable> {
    let mut message = EventMessage {
        id: EventId::from_uuid(app.clock.new_id()),
        received_at: call.received,
        news: News::Hook { headers: verified.headers, body: HookBody::of(&call.body) },
        store,
    };
    let mut sending = Sending::new(&message);
    if sending.bytes() > MESSAGE_LIMIT {
        let name = format!("{}/{}", message.store, message.id);
        app.large_hooks.put(&name, call.body.clone()).await?;
        if let News::Hook { body, .. } = &mut message.news {
            *body = HookBody::Stored(name);
        }
        sending = Sending::new(&message);
    }
    // A store is a group, so that one that floods us holds up itself.
    app.incoming.send_as(sending.in_group(message.store.as_str())).await
}

/// One line for each webhook that is turned away: by whom it should be, and why. Nothing of what it said.
fn refused(store: Option<&StoreId>, why: &'static str) -> Problem {
    match store {
        Some(store) => tracing::warn!(%store, why, "a webhook was refused"),
        None => tracing::warn!(why, "a webhook was refused"),
    }
    Code::HookUnverified.into()
}

fn refused_of(store: &StoreId, sender: &Sender, why: Unverified) -> Problem {
    tracing::warn!(%store, platform = sender.recipe.platform, %why, "a webhook was refused");
    Code::HookUnverified.into()
}

fn refusal(problem: &Problem, call: &Call) -> Answer {
    let mut answer = Answer::problem(problem, call);
    match problem.code {
        Code::MethodNotAllowed => {
            answer.headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        // No key opens this: it wants the signature of the store's platform.
        Code::HookUnverified => {
            answer.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Signature realm=\"cartage\""));
        }
        _ => {}
    }
    answer
}

/// "Could not check" is 503 (invariant 6). Its cause is in the log already.
fn unavailable(_: Unavailable) -> Problem {
    Problem::unavailable()
}
