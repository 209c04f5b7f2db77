//! The control plane's routes as `docs/openapi.yaml` describes them. An endpoint without a description does not compile.

use cloud::http::{
    Code,
    description::{Operation, Parameter, Schemas},
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    account, agreements, applications, consents, credentials, events, grants, hooks, keep, keys, operator, privacy,
    restrictions,
    routes::{Endpoint, Need, ROUTES, Route},
    serving, sign_up, stores, subscriptions, usage,
};

/// The routes of a store's life can meet the store.
const AT_THE_STORE: [Code; 2] = [Code::CredentialRefused, Code::StoreUnreachable];

/// Every route of the control plane.
pub fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    ROUTES.iter().map(|route| describe(route, schemas)).collect()
}

fn describe(route: &Route, schemas: &mut Schemas) -> Operation {
    let of = |tag, summary: &str| {
        let mut operation = Operation::new(route.name, tag, summary);
        if let Need::Scope(scope) = route.need {
            operation.scopes.push(scope);
        }
        // Who names something may name nothing of theirs.
        let operation = if route.name.contains('{') { operation.fails([Code::NotFound]) } else { operation };
        let changes = !route.name.starts_with("GET ") && route.need != Need::Nothing;
        if changes { operation.once() } else { operation }
    };
    let made = StatusCode::CREATED;
    let ok = StatusCode::OK;
    match route.endpoint {
        Endpoint::Health => {
            of("public", "Whether the API answers.").answers(ok, "It does.", schemas.answer::<serving::Health>())
        }
        Endpoint::ShowDescription => of("public", "This document.")
            .asks([Parameter::header("If-None-Match", "The `ETag` of the document that the caller has.")])
            .answers(ok, "The document.", json!({ "type": "object" }))
            .with_header("ETag", "Names this version of the document.")
            .answers_with(StatusCode::NOT_MODIFIED, "It is the one that the caller has.", Vec::new()),
        Endpoint::ShowGuide => of(
            "public",
            "How to move from a route whose end is announced, and how to take in webhooks.",
        )
        .answers_with(ok, "The guide.", vec![("text/markdown; charset=utf-8", json!({ "type": "string" }))]),
        Endpoint::SignUp => {
            of("public", "Asks for an account; a link is mailed. The answer is the same for every address.")
                .takes(schemas.request::<sign_up::Form>())
                .answers(StatusCode::ACCEPTED, "A link is on its way.", schemas.answer::<sign_up::Pending>())
                .fails([Code::RateLimited, Code::Unavailable])
        }
        Endpoint::ShowLink => of("public", "The page of a mailed link. It changes nothing.")
            .asks([token()])
            .answers_with(ok, "What to do next.", or_page(schemas.answer::<sign_up::Pending>()))
            .fails([Code::LinkExpired]),
        Endpoint::FollowLink => {
            of("public", "Confirms a sign-up, once: makes the account and its owner's key.")
                .takes_token(schemas)
                .answers_with(
                    made,
                    "The account, and its key for the only time.",
                    or_page(schemas.answer::<sign_up::Confirmed>()),
                )
                .fails([Code::Conflict, Code::Unavailable])
        }
        Endpoint::ShowKeepLink => {
            of("public", "Asks whoever followed the mailed link whether to keep the account. Changes nothing.")
                .asks([token()])
                .answers_with(ok, "What to do next.", or_page(schemas.answer::<sign_up::Pending>()))
                .fails([Code::LinkExpired])
        }
        Endpoint::FollowKeepLink => {
            of("public", "Keeps an account that nobody has used for long; it may be done again.")
                .takes_token(schemas)
                .answers_with(ok, "The account is kept.", or_page(schemas.answer::<keep::Kept>()))
                .fails([Code::Unavailable])
        }
        Endpoint::ShowAccount => of("account", "The account.")
            .answers(ok, "The account.", schemas.answer::<account::Shown<'static>>())
            .fails([Code::NotFound]),
        Endpoint::ChangeAccount => of("account", "Changes the account; absent fields stay.")
            .takes(schemas.request::<account::Change>())
            .answers(ok, "The account as it is now.", schemas.answer::<account::Shown<'static>>())
            .fails([Code::NotFound, Code::Conflict]),
        Endpoint::CloseAccount => {
            of("account", "Closes the account: keys are revoked, stores are off-boarded, the record is erased.")
                .answers(StatusCode::ACCEPTED, "It is closed.", schemas.answer::<account::Closed>())
                .repeated_by_id()
                .fails([Code::NotFound, Code::Conflict])
        }
        Endpoint::ListAgreements => of("account", "Which versions of the policies bind the account, and what it was told of others.")
            .answers(ok, "How it stands to each policy.", schemas.answer::<agreements::Agreements>())
            .fails([Code::NotFound]),
        Endpoint::SayAgreement => of("account", "Agrees to a version of a policy, or declines it. An agreement is no consent to anything that takes one.")
            .takes(schemas.request::<agreements::Agreement>())
            .answers(ok, "How the account stands to each policy.", schemas.answer::<agreements::Agreements>())
            .fails([Code::NotFound, Code::Conflict]),
        Endpoint::ListActivity => listing(of("account", "The calls of the account's keys, newest first."))
            .answers(ok, "The page.", schemas.list::<account::ShownLine>())
            .fails([Code::NotFound]),
        Endpoint::ShowConsents => listing(of(
            "account",
            "What the account's holder agrees to be written to about, what ends with each withdrawal, and the ledger of changes.",
        ))
        .answers(ok, "Where the holder stands, and a page of the ledger.", schemas.answer::<consents::Shown>())
        .fails([Code::NotFound]),
        Endpoint::SwitchConsent => of("account", "Agrees to be written to for a purpose, or withdraws that.")
            .takes(schemas.request::<consents::Switch>())
            .answers(ok, "What holds now, and what no longer comes.", schemas.answer::<consents::Switched>())
            .repeated_by_id()
            .fails([Code::Conflict]),
        Endpoint::ListManagementKeys => listing(of("account", "The account's management keys.")).answers(
            ok,
            "The page.",
            schemas.list::<keys::ShownKey>(),
        ),
        Endpoint::CreateManagementKey => {
            of("account", "Makes a management key. Its text is in this answer and nowhere else.")
                .takes(schemas.request::<keys::NewManagementKey>())
                .answers(made, "The key.", schemas.answer::<keys::ShownKey>())
                .repeated_by_id()
                .fails([Code::QuotaReached])
        }
        Endpoint::ListApplications => listing(of("applications", "The account's applications.")).answers(
            ok,
            "The page.",
            schemas.list::<applications::Shown>(),
        ),
        Endpoint::CreateApplication => of("applications", "Makes an application.")
            .takes(schemas.request::<applications::NewApplication>())
            .answers(made, "The application.", schemas.answer::<applications::Shown>())
            .fails([Code::QuotaReached]),
        Endpoint::ShowApplication => of("applications", "An application.").answers(
            ok,
            "The application.",
            schemas.answer::<applications::Shown>(),
        ),
        Endpoint::DeleteApplication => of("applications", "Deletes an application and revokes its keys.")
            .answers_nothing("It is deleted.")
            .fails([Code::Conflict]),
        Endpoint::ListKeys => listing(of("applications", "An application's keys.")).answers(
            ok,
            "The page.",
            schemas.list::<keys::ShownKey>(),
        ),
        Endpoint::CreateKey => {
            of("applications", "Makes a key for an application. Its text is in this answer and nowhere else.")
                .takes(schemas.request::<keys::NewApplicationKey>())
                .answers(made, "The key.", schemas.answer::<keys::ShownKey>())
                .repeated_by_id()
                .fails([Code::QuotaReached])
        }
        Endpoint::RotateKey => {
            of("applications", "Gives a key a new secret; the old one works for `overlap_seconds` more.")
                .may_take(schemas.request::<keys::Rotation>())
                .answers(ok, "The key with its new text.", schemas.answer::<keys::ShownKey>())
                .repeated_by_id()
                .fails([Code::Conflict])
        }
        Endpoint::RevokeKey => of("applications", "Revokes a key; its next call is refused.")
            .answers_nothing("It is revoked.")
            .fails([Code::Conflict]),
        Endpoint::ListStores => {
            listing(of("stores", "The account's stores.")).answers(ok, "The page.", schemas.list::<stores::Shown>())
        }
        Endpoint::ConnectStore => of("stores", "Connects a store. The credentials are tried before they are kept.")
            .takes(schemas.request::<stores::Connect>())
            .answers(made, "The store.", schemas.answer::<stores::Shown>())
            .fails([Code::Misdirected, Code::QuotaReached, Code::Internal])
            .fails(AT_THE_STORE),
        Endpoint::ShowStore => {
            of("stores", "A store with its grants.").answers(ok, "The store.", schemas.answer::<stores::Shown>())
        }
        Endpoint::ChangeStore => of("stores", "Changes a store; a new address needs its credentials again.")
            .takes(schemas.request::<stores::Change>())
            .answers(ok, "The store as it is now.", schemas.answer::<stores::Shown>())
            .fails([Code::Conflict, Code::Internal])
            .fails(AT_THE_STORE),
        Endpoint::DisconnectStore => {
            of("stores", "Disconnects a store: nothing reaches it any more, the rest follows.")
                .answers(StatusCode::ACCEPTED, "What is done and what follows.", schemas.answer::<stores::Leaving>())
                .repeated_by_id()
        }
        Endpoint::CheckStore => of("stores", "Tries the kept credential of a store.")
            .answers(ok, "It works.", schemas.answer::<stores::Checked>())
            .repeated_by_id()
            .fails([
                Code::Conflict,
                Code::Internal,
                Code::UpstreamUnauthorized,
                Code::UpstreamNotFound,
                Code::UpstreamConflict,
                Code::UpstreamRejected,
                Code::UpstreamRateLimited,
                Code::UpstreamUnavailable,
                Code::UpstreamUnreadable,
                Code::UpstreamTooLarge,
                Code::UpstreamTimeout,
            ]),
        Endpoint::MoveCredential => {
            of("stores", "Moves a store's credential to the vault's other form, while calls go on.")
                .takes(schemas.request::<credentials::Move>())
                .answers(ok, "The store as it is now.", schemas.answer::<stores::Shown>())
                .fails([Code::Conflict, Code::UpstreamUnauthorized])
        }
        Endpoint::ListUsage => {
            listing(of("account", "What was called: counted by day, key, store and class of status."))
                .asks(usage())
                .answers(ok, "The page.", schemas.list::<usage::Shown>())
                .fails([Code::NotFound])
        }
        Endpoint::ListUsageAdvice => listing(of("account", "What each key asks for and does not use."))
            .answers(ok, "The page.", schemas.list::<usage::ShownAdvice>())
            .fails([Code::NotFound]),
        Endpoint::ListSubscriptions => {
            listing(of("webhooks", "Subscriptions: of a key's application, or of the account."))
                .asks([Parameter::optional("application", "Only this application's.", json!({ "type": "string" }))])
                .answers(ok, "The page.", schemas.list::<subscriptions::Shown>())
                .fails([Code::NotFound])
        }
        Endpoint::CreateSubscription => of(
            "webhooks",
            "Subscribes an endpoint to topics. What deliveries are signed with is in this answer and nowhere else.",
        )
        .takes(schemas.request::<subscriptions::NewSubscription>())
        .answers(made, "The subscription, with its secret.", schemas.answer::<subscriptions::Shown>())
        .repeated_by_id()
        .fails([Code::QuotaReached]),
        Endpoint::ShowSubscription => {
            of("webhooks", "A subscription.").answers(ok, "The subscription.", schemas.answer::<subscriptions::Shown>())
        }
        Endpoint::ChangeSubscription => {
            of("webhooks", "Changes a subscription, or switches it off; absent fields stay.")
                .takes(schemas.request::<subscriptions::Change>())
                .answers(ok, "The subscription as it is now.", schemas.answer::<subscriptions::Shown>())
                .fails([Code::Conflict])
        }
        Endpoint::DeleteSubscription => {
            of("webhooks", "Deletes a subscription; nothing is delivered any more.").answers_nothing("It is deleted.")
        }
        Endpoint::RotateSubscriptionSecret => of(
            "webhooks",
            "Gives a subscription a new secret; deliveries are signed with the old one too for `overlap_hours` more.",
        )
        .may_take(schemas.request::<subscriptions::Rotation>())
        .answers(ok, "The subscription, with its new secret.", schemas.answer::<subscriptions::Shown>())
        .repeated_by_id()
        .fails([Code::Conflict]),
        Endpoint::TestSubscription => {
            of("webhooks", "Sends the endpoint a signed test and tells what it answered. Nothing of it is recorded.")
                .may_take(schemas.request::<subscriptions::Test>())
                .answers(ok, "What was seen.", schemas.answer::<subscriptions::Tested>())
                .repeated_by_id()
        }
        Endpoint::EnableSubscription => of("webhooks", "Switches a subscription on, if its endpoint takes a test.")
            .may_take(schemas.request::<subscriptions::Enabling>())
            .answers(ok, "The subscription as it is now.", schemas.answer::<subscriptions::Shown>())
            .fails([Code::Conflict, Code::TestDeliveryFailed]),
        Endpoint::ListDeliveries => {
            listing(of("webhooks", "What became of the events that a subscription was told, newest first."))
                .asks(deliveries())
                .answers(
                    ok,
                    "The page. One that is filtered may be short and have a next one.",
                    schemas.list::<subscriptions::ShownDelivery>(),
                )
        }
        Endpoint::ReplayDeliveries => of(
            "webhooks",
            "Delivers again: one event, those of a time, or those that failed. Bodies are read from the stores again.",
        )
        .takes(schemas.request::<subscriptions::Replay>())
        .answers(StatusCode::ACCEPTED, "It follows.", schemas.answer::<subscriptions::Replaying>())
        .repeated_by_id()
        .fails([Code::Conflict]),
        Endpoint::ListEvents => {
            listing(of("webhooks", "What happened in stores, newest first: envelopes, never bodies."))
                .asks(happened())
                .answers(ok, "The page. It may be short and have a next one.", schemas.list::<events::Shown>())
                .fails([Code::NotFound, Code::StoreAccessRevoked])
        }
        Endpoint::ListPrivacyRequests => listing(of(
            "privacy",
            "Requests about customers of the account's stores, in the order in which they are due.",
        ))
        .answers(ok, "The page.", schemas.list::<privacy::Shown>()),
        Endpoint::ListOpenRequests => listing(of(
            "operator",
            "The requests of people about their own data that have not ended, in the order in which they came in.",
        ))
        .answers(ok, "The page.", schemas.list::<operator::Row>()),
        Endpoint::ShowRequest => of("operator", "A request, without anything that says whose it is.").answers(
            ok,
            "The request.",
            schemas.answer::<operator::ShownRequest>(),
        ),
        Endpoint::RevealPerson => {
            of("operator", "What a request says of its person. The look, and what for, stands in the security log.")
                .takes(schemas.request::<operator::Asked>())
                .answers(ok, "What it says.", schemas.answer::<operator::Personal>())
                .repeated_by_id()
        }
        Endpoint::DecideRequest => of("operator", "Decides about a request, as far as its state lets it.")
            .takes(schemas.request::<operator::Decided>())
            .answers(ok, "The request as it is now.", schemas.answer::<operator::ShownRequest>())
            .fails([Code::Conflict]),
        Endpoint::ListHolds => listing(of("operator", "The legal holds, oldest first, ended ones too.")).answers(
            ok,
            "The page.",
            schemas.list::<operator::ShownHold>(),
        ),
        Endpoint::ProposeHold => of("operator", "Proposes a legal hold; a second person has to approve it.")
            .takes(schemas.request::<operator::NewHold>())
            .answers(made, "The hold. It holds nothing yet.", schemas.answer::<operator::ShownHold>()),
        Endpoint::ShowHold => of("operator", "A legal hold.").answers(
            ok,
            "The hold.",
            schemas.answer::<operator::ShownHold>(),
        ),
        Endpoint::TakeHoldStep => {
            of("operator", "Approves a legal hold, or releases it; both take two people. What it kept is then erased.")
                .takes(schemas.request::<operator::HoldStepTaken>())
                .answers(ok, "The hold as it is now.", schemas.answer::<operator::ShownHold>())
                .fails([Code::Conflict])
        }
        Endpoint::ListCampaigns => listing(of("operator", "The campaigns, oldest first, ended ones too.")).answers(
            ok,
            "The page.",
            schemas.list::<operator::ShownCampaign>(),
        ),
        Endpoint::ProposeCampaign => {
            of("operator", "Proposes a letter to everybody who agreed to its purpose; a second person has to approve it.")
                .takes(schemas.request::<operator::NewCampaign>())
                .answers(made, "The campaign. Nobody is written to yet.", schemas.answer::<operator::ShownCampaign>())
        }
        Endpoint::ShowCampaign => of("operator", "A campaign, and how many of its letters went out.").answers(
            ok,
            "The campaign.",
            schemas.answer::<operator::ShownCampaign>(),
        ),
        Endpoint::TakeCampaignStep => {
            of("operator", "Approves a campaign, which takes somebody else than who proposed it, or stops it.")
                .takes(schemas.request::<operator::CampaignStepTaken>())
                .answers(ok, "The campaign as it is now.", schemas.answer::<operator::ShownCampaign>())
                .fails([Code::Conflict])
        }
        Endpoint::ListBreaches => listing(of("operator", "The register of breaches, oldest first.")).answers(
            ok,
            "The page.",
            schemas.list::<operator::ShownBreach>(),
        ),
        Endpoint::ReportBreach => of("operator", "Puts a suspected breach into the register; its clock starts.")
            .takes(schemas.request::<operator::NewBreach>())
            .answers(made, "The case.", schemas.answer::<operator::ShownBreach>()),
        Endpoint::ShowBreach => of("operator", "A case of the register.").answers(
            ok,
            "The case.",
            schemas.answer::<operator::ShownBreach>(),
        ),
        Endpoint::TakeBreachStep => of("operator", "Takes a step of a case, with what is known by then.")
            .takes(schemas.request::<operator::Taken>())
            .answers(ok, "The case as it is now.", schemas.answer::<operator::ShownBreach>())
            .fails([Code::Conflict]),
        Endpoint::DraftBreachNotice => of("operator", "The draft of what the authority is told (GDPR Art. 33(3)).")
            .answers_with(ok, "The draft.", vec![("text/markdown; charset=utf-8", json!({ "type": "string" }))]),
        Endpoint::ListOpenForms => listing(of(
            "operator",
            "What was sent by forms and has not ended, without what was written or by whom, in the order of the days on which it came in.",
        ))
        .answers(ok, "The page.", schemas.list::<operator::FormRow>()),
        Endpoint::RevealForm => {
            of("operator", "What somebody sent by a form. The look, and what for, stands in the security log.")
                .takes(schemas.request::<operator::Asked>())
                .answers(ok, "What was sent.", schemas.answer::<operator::ShownForm>())
                .repeated_by_id()
        }
        Endpoint::TakeFormStep => of("operator", "Notes that the sender of a form was contacted, or ends it.")
            .takes(schemas.request::<operator::FormStepTaken>())
            .answers(ok, "How far it is.", schemas.answer::<operator::FormRow>())
            .fails([Code::Conflict]),
        Endpoint::RotateHookSecret => {
            of("stores", "Gives a store's webhooks another secret; the one so far is good for a day longer.")
                .answers(ok, "The secret, for the only time.", schemas.answer::<hooks::Rotated>())
                .repeated_by_id()
                .fails([Code::Conflict, Code::Internal, Code::NotSupported])
        }
        Endpoint::PutGrant => of("stores", "Grants an application scopes on a store, or changes what is granted.")
            .takes(schemas.request::<grants::NewGrant>())
            .answers(ok, "The grant.", schemas.answer::<stores::ShownGrant>())
            .repeated_by_id()
            .fails([Code::Conflict, Code::QuotaReached]),
        Endpoint::RevokeGrant => of("stores", "Takes a grant back; the application's next call is refused.")
            .answers_nothing("It is revoked."),
        Endpoint::ListRestrictions => listing(of(
            "privacy",
            "The customers of a store whose data must not be used, without anything that says who they are.",
        ))
        .answers(ok, "The page.", schemas.list::<restrictions::Shown>()),
        Endpoint::SetRestriction => of(
            "privacy",
            "Has the data of a customer of a store not used any more (GDPR Art. 18), or changes how. Only keyed names of the customer are kept.",
        )
        .takes(schemas.request::<restrictions::NewRestriction>())
        .answers(made, "It holds from the next call on.", schemas.answer::<restrictions::Shown>())
        .repeated_by_id()
        .answers(ok, "It held already; this is how it holds now.", schemas.answer::<restrictions::Shown>())
        .repeated_by_id()
        .fails([Code::Conflict, Code::QuotaReached]),
        Endpoint::ShowRestriction => of("privacy", "A restriction.").answers(
            ok,
            "The restriction.",
            schemas.answer::<restrictions::Shown>(),
        ),
        Endpoint::EndRestriction => of(
            "privacy",
            "Says that a restriction shall end. It holds for 72 hours more, in which the merchant tells the customer (Art. 18(3)).",
        )
        .answers(StatusCode::ACCEPTED, "When it ends.", schemas.answer::<restrictions::Shown>())
        .repeated_by_id()
        .fails([Code::Conflict]),
    }
}

/// A list: `per_page` and `cursor`, and how they can be wrong.
fn listing(operation: Operation) -> Operation {
    operation.asks(Parameter::of_a_list()).fails([Code::ValidationFailed, Code::CursorInvalid])
}

/// What usage is asked for.
fn usage() -> [Parameter; 5] {
    let day = json!({ "type": "string", "format": "date" });
    let text = json!({ "type": "string" });
    [
        Parameter::optional("from", "The first day, in UTC; without it, 30 days up to the last.", day.clone()),
        Parameter::optional("to", "The last day, in UTC; without it, today.", day),
        Parameter::optional("key", "Only calls of this key.", text.clone()),
        Parameter::optional("store", "Only calls of this store.", text),
        Parameter::optional(
            "group_by",
            "What rows are told apart by: one or more of `day`, `key`, `store` and `status`, with commas between.",
            json!({ "type": "string", "default": "day", "pattern": "^(day|key|store|status)(,(day|key|store|status))*$" }),
        ),
    ]
}

/// From when and up to when.
fn span() -> [Parameter; 2] {
    let time = json!({ "type": "string", "format": "date-time" });
    [
        Parameter::optional("since", "Only of events that came in at this time or later.", time.clone()),
        Parameter::optional("until", "Only of events that came in before this time.", time),
    ]
}

/// Which deliveries are looked for.
fn deliveries() -> [Parameter; 4] {
    let states = json!({ "type": "string", "enum": ["waiting", "parked", "delivered", "failed"] });
    let [since, until] = span();
    let event = Parameter::optional("event", "Only this event's.", json!({ "type": "string" }));
    [Parameter::optional("state", "Only those that are here in their life.", states), event, since, until]
}

/// Which events are looked for.
fn happened() -> [Parameter; 4] {
    let text = json!({ "type": "string" });
    let [since, until] = span();
    let store = Parameter::optional(
        "store",
        "Only events of this store. Without it: of the account's stores and those that subscriptions name, 50 at most.",
        text.clone(),
    );
    [store, Parameter::optional("topic", "Only of this topic: `order.updated`, `order.*`.", text), since, until]
}

/// The one-time token of a mailed link.
fn token() -> Parameter {
    Parameter::required("token", "The token of the mailed link.", json!({ "type": "string" }))
}

/// JSON, or a page where `Accept` asks for HTML.
fn or_page(json: Value) -> Vec<(&'static str, Value)> {
    vec![("application/json", json), ("text/html; charset=utf-8", json!({ "type": "string" }))]
}
