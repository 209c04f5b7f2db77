//! The data map of the whole stack: every place where something of ours rests, and what rests there.
//!
//! Adding a table, a queue, a log group or a kind of record means adding it here; until then the gates in `tests/data_map`
//! fail. `docs/DATA-MAP.md` says how to read it.

use personal_data::{
    Basis, Content, DataMap, Erase, Export, Field, Origin, Personal, PersonalData, Purpose, Resource, Retention, Role,
    Subject,
};

use crate::closing::ClosingMessage;
use crate::dynamo::{
    accounts::{AccountItem, AgreementItem, ApplicationItem, EmailItem, OwnerItem, StorePointerItem},
    active::CarriedItem,
    breaches::BreachItem,
    cache::{BodyItem, GenerationItem},
    campaigns::CampaignItem,
    chain::{ChainedItem, HeadItem, LinkItem, VerifiedItem},
    consents::{ConsentItem, ContactEmailItem, ContactItem, UnsubscribeItem},
    counts::CountItem,
    deliveries::DeliveryItem,
    departures::DepartureItem,
    events::{EventItem, MarkItem, ReconciledItem},
    forms::{FormItem, OpenFormItem, WaitingConsentItem},
    guard::SourceItem,
    holds::HoldItem,
    idempotency::IdempotencyItem,
    keep_links::KeepItem,
    key_item::KeyItem,
    keys::ShownKeyItem,
    mails::MailItem,
    partners::{ExercisedItem, InstructionItem, PartnerItem, SeenItem},
    privacy::{AskedItem, RequestItem},
    reports::ReportItem,
    requests::{LockItem, OpenItem, SubjectRequestItem, VerificationItem},
    runs::{PlaceItem, ReceiptItem, RunItem},
    sign_ups::SignUpItem,
    store_keys::StoreKeyItem,
    stores::{GrantItem, HooksItem, RestrictionItem, SealedItem, StoreItem},
    subscriptions::{SubscriptionItem, SubscriptionPointerItem},
    sweeps::SweepItem,
    tombstones::TombstoneItem,
    usage::{FoldedItem, UsageItem},
};
use crate::events::{
    DeadMessage, DeliveryMessage, EventMessage, PrivacyTopicMessage, ReconciliationMessage, ReplayMessage,
};
use crate::inbound_mail::InboundMailMessage;
use crate::journal::{ActiveItem, SecurityLine, ServiceLine};
use crate::mailer::{MailMessage, marketing::MarketingMessage};
use crate::offboarding::OffboardingMessage;
use crate::partners::CallbackMessage;
use crate::requests::RequestMessage;

/// The one data map.
pub static DATA_MAP: DataMap = DataMap {
    records: &[
        KeyItem::RECORD,
        AccountItem::RECORD,
        AgreementItem::RECORD,
        EmailItem::RECORD,
        ApplicationItem::RECORD,
        OwnerItem::RECORD,
        ShownKeyItem::RECORD,
        StorePointerItem::RECORD,
        StoreItem::RECORD,
        GrantItem::RECORD,
        RestrictionItem::RECORD,
        DepartureItem::RECORD,
        SealedItem::RECORD,
        StoreKeyItem::RECORD,
        BodyItem::RECORD,
        GenerationItem::RECORD,
        SourceItem::RECORD,
        SignUpItem::RECORD,
        CountItem::RECORD,
        MailItem::RECORD,
        KeepItem::RECORD,
        IdempotencyItem::RECORD,
        ServiceLine::RECORD,
        ActiveItem::RECORD,
        SecurityLine::RECORD,
        UsageItem::RECORD,
        FoldedItem::RECORD,
        CarriedItem::RECORD,
        SweepItem::RECORD,
        ReportItem::RECORD,
        MailMessage::RECORD,
        OffboardingMessage::RECORD,
        ClosingMessage::RECORD,
        SubscriptionItem::RECORD,
        SubscriptionPointerItem::RECORD,
        HooksItem::RECORD,
        EventItem::RECORD,
        MarkItem::RECORD,
        ReconciledItem::RECORD,
        DeliveryItem::RECORD,
        EventMessage::RECORD,
        DeliveryMessage::RECORD,
        DeadMessage::RECORD,
        ReplayMessage::RECORD,
        ReconciliationMessage::RECORD,
        PrivacyTopicMessage::RECORD,
        InboundMailMessage::RECORD,
        RequestItem::RECORD,
        AskedItem::RECORD,
        PartnerItem::RECORD,
        SeenItem::RECORD,
        ExercisedItem::RECORD,
        InstructionItem::RECORD,
        SubjectRequestItem::RECORD,
        OpenItem::RECORD,
        LockItem::RECORD,
        BreachItem::RECORD,
        HoldItem::RECORD,
        VerificationItem::RECORD,
        RunItem::RECORD,
        PlaceItem::RECORD,
        ReceiptItem::RECORD,
        LinkItem::RECORD,
        HeadItem::RECORD,
        ChainedItem::RECORD,
        VerifiedItem::RECORD,
        RequestMessage::RECORD,
        ConsentItem::RECORD,
        ContactItem::RECORD,
        ContactEmailItem::RECORD,
        UnsubscribeItem::RECORD,
        CampaignItem::RECORD,
        FormItem::RECORD,
        OpenFormItem::RECORD,
        WaitingConsentItem::RECORD,
        MarketingMessage::RECORD,
        CallbackMessage::RECORD,
        TombstoneItem::RECORD,
    ],
    resources: &[
        Resource::table("keys", "KeysTable").backed_up(7),
        Resource::table("accounts", "AccountsTable").backed_up(14),
        Resource::table("stores", "StoresTable").backed_up(14),
        // Ends sooner than the backups of what the keys seal, which nobody can read from then on.
        Resource::table("store-keys", "StoreKeysTable").backed_up(7),
        Resource::table("cache", "CacheTable"),
        // A row of these that was dropped on its last day would live on in a backup.
        Resource::table("guards", "GuardsTable"),
        Resource::table("service-log", "ServiceLogTable"),
        Resource::table("security-log", "SecurityLogTable"),
        Resource::table("usage", "UsageTable"),
        Resource::table("subscriptions", "SubscriptionsTable").backed_up(14),
        Resource::table("events", "EventsTable"),
        Resource::table("deliveries", "DeliveriesTable"),
        Resource::table("privacy", "PrivacyTable").backed_up(14),
        // What was sent is gone with its time, and no backup brings it back.
        Resource::table("forms", "FormsTable"),
        // What proves who asks is gone with the request's end, and no backup brings it back (R068).
        Resource::table("verifications", "VerificationsTable"),
        Resource::table("consents", "ConsentsTable").backed_up(14),
        // Never restored with the others: it says what to take out of them again.
        Resource::table("tombstones", "TombstonesTable").backed_up(14),
        // Bodies die with the day; what is given up leaves an envelope in `dead-events`.
        Resource::perishable("incoming-events", "IncomingEventsQueue", 24),
        Resource::perishable("outgoing-events", "OutgoingEventsQueue", 24),
        Resource::perishable("ordered-events.fifo", "OrderedEventsQueue", 24)
            .holding(&[EVENT_BODY])
            .about(Subject::Shopper, Role::Processor),
        Resource::perishable("dead-events", "DeadEventsQueue", 14 * 24),
        Resource::bucket("large-hooks", "LargeHooksBucket", 1)
            .holding(&[EVENT_BODY])
            .about(Subject::Shopper, Role::Processor),
        Resource::queue("replays", "ReplaysQueue", 24, "replays-dead"),
        Resource::dead_letter("replays-dead", "ReplaysQueueDead", 14 * 24),
        Resource::queue("reconciliations", "ReconciliationsQueue", 24, "reconciliations-dead"),
        Resource::dead_letter("reconciliations-dead", "ReconciliationsQueueDead", 14 * 24),
        Resource::perishable("privacy-topics", "PrivacyTopicsQueue", 14 * 24),
        // Each waits until its request has ended; what a partner never takes is forgotten with its request.
        Resource::perishable("callbacks", "CallbacksQueue", 4 * 24),
        Resource::queue("requests", "RequestsQueue", 4 * 24, "requests-dead"),
        Resource::dead_letter("requests-dead", "RequestsQueueDead", 14 * 24),
        Resource::bucket("exports", "ExportsBucket", 7)
            .holding(&[EXPORT])
            .about(Subject::AccountUser, Role::Controller),
        // What people ask by mail: who wrote, and the headers.
        Resource::perishable("inbound-mails", "InboundMailsQueue", 4 * 24),
        Resource::queue("mail", "MailQueue", 24, "mail-dead"),
        Resource::dead_letter("mail-dead", "MailQueueDead", 14 * 24),
        Resource::queue("offboarding", "OffboardingQueue", 24, "offboarding-dead"),
        Resource::dead_letter("offboarding-dead", "OffboardingQueueDead", 14 * 24),
        // CloudWatch deletes up to 72 hours late, so a group keeps less than its class allows (privacy.md D.9).
        Resource::log_group("proxy", "ProxyLogs", 14),
        Resource::log_group("control", "ControlLogs", 14),
        Resource::log_group("intake", "IntakeLogs", 14),
        Resource::log_group("fan-out", "FanOutLogs", 14),
        Resource::log_group("mail", "MailLogs", 14),
        Resource::log_group("offboarding", "OffboardingLogs", 14),
        Resource::log_group("privacy", "PrivacyLogs", 14),
        Resource::log_group("partners", "PartnersLogs", 14),
        Resource::log_group("callbacks", "CallbacksLogs", 14),
        Resource::log_group("inbound-mail", "InboundMailLogs", 14),
        Resource::log_group("deliver", "DeliverLogs", 14),
        Resource::log_group("dsar", "DsarLogs", 14),
        Resource::log_group("reconciliation", "ReconciliationLogs", 14),
        Resource::log_group("sweep", "SweepLogs", 14),
        Resource::log_group("api-access", "ApiAccessLogs", 60),
        Resource::schedule("sweep-service-log", "ServiceLogSchedule"),
        Resource::schedule("sweep-security-log", "SecurityLogSchedule"),
        Resource::schedule("sweep-guards", "GuardsSchedule"),
        Resource::schedule("sweep-cache", "CacheSchedule"),
        Resource::schedule("sweep-offboarding", "OffboardingSchedule"),
        Resource::schedule("sweep-usage", "UsageSchedule"),
        Resource::schedule("sweep-old-usage", "OldUsageSchedule"),
        Resource::schedule("sweep-events", "EventsSchedule"),
        Resource::schedule("sweep-deliveries", "DeliveriesSchedule"),
        Resource::schedule("sweep-changes", "ChangesSchedule"),
        Resource::schedule("sweep-hooks", "HooksSchedule"),
        Resource::schedule("sweep-inactivity", "InactivitySchedule"),
        Resource::schedule("sweep-rotation", "RotationSchedule"),
        Resource::schedule("sweep-departures", "DeparturesSchedule"),
        Resource::schedule("sweep-compliance", "ComplianceSchedule"),
        Resource::schedule("sweep-policies", "PoliciesSchedule"),
        Resource::schedule("sweep-forms", "FormsSchedule"),
        Resource::schedule("sweep-requests", "RequestsSchedule"),
        Resource::schedule("sweep-breaches", "BreachesSchedule"),
        Resource::schedule("sweep-campaigns", "CampaignsSchedule"),
        Resource::schedule("sweep-verifications", "VerificationsSchedule"),
        Resource::schedule("sweep-chain", "ChainSchedule"),
        Resource::secret_prefix("store/").holding(&[CREDENTIAL]).about(Subject::Merchant, Role::Both),
        Resource::memory("store-access", 600)
            .holding(&[CREDENTIAL, STORE_ADDRESS])
            .about(Subject::Merchant, Role::Both),
        Resource::memory("hook-secrets", 60).holding(&[CREDENTIAL]).about(Subject::Merchant, Role::Both),
        // An answer is dropped by the next look at the cache after its time to live, the longest of which this is.
        Resource::memory("answers", 1_200).holding(&[ANSWER]).about(Subject::Shopper, Role::Processor),
        Resource::memory("signing-secrets", 600)
            .holding(&[SIGNING_SECRET])
            .about(Subject::AccountUser, Role::Controller),
        Resource::memory("paused-sources", 60).holding(&[SOURCE_HASH]).about(Subject::Caller, Role::Controller),
        Resource::external("ses-suppression")
            .holding(&[SUPPRESSED_ADDRESS])
            .about(Subject::AccountUser, Role::Controller),
    ],
};

/// What opens a store. It can name the person whose login it is (R012).
const CREDENTIAL: Field = Field {
    attribute: "credential",
    content: Content::Personal(Personal {
        category: "user.authorization.credentials",
        origin: Origin::Provided,
        basis: Basis::Contract,
        purposes: &[Purpose::Operation],
        retain: Retention::Store,
        erase: Erase::Delete,
        export: Export::Never,
        identity: None,
    }),
};

/// What deliveries are signed with, opened, in the memory of an instance.
const SIGNING_SECRET: Field = Field {
    attribute: "secrets",
    content: Content::Personal(Personal {
        category: "user.authorization.credentials",
        origin: Origin::Assigned,
        basis: Basis::Contract,
        purposes: &[Purpose::Operation],
        retain: Retention::Account,
        erase: Erase::Shred,
        export: Export::Never,
        identity: None,
    }),
};

/// The address of a store, beside its credential in the memory of an instance.
const STORE_ADDRESS: Field = Field {
    attribute: "url",
    content: Content::Personal(Personal {
        category: "user.contact.url",
        origin: Origin::Provided,
        basis: Basis::Contract,
        purposes: &[Purpose::Operation],
        retain: Retention::Store,
        erase: Erase::Delete,
        export: Export::Never,
        identity: None,
    }),
};

/// A store's answer in the memory of an instance, where the store's owner wants answers cached; orders and customers tell of people.
const ANSWER: Field = Field {
    attribute: "body",
    content: Content::Personal(Personal {
        category: "user",
        origin: Origin::Upstream,
        basis: Basis::Instruction,
        purposes: &[Purpose::Operation],
        retain: Retention::Cache,
        erase: Erase::Expire,
        export: Export::Never,
        identity: None,
    }),
};

/// What a store says of an object, on its way to the developers who may see it; orders and customers tell of people.
const EVENT_BODY: Field = Field {
    attribute: "body",
    content: Content::Personal(Personal {
        category: "user",
        origin: Origin::Upstream,
        basis: Basis::Instruction,
        purposes: &[Purpose::Operation],
        retain: Retention::Transit,
        erase: Erase::Expire,
        export: Export::Never,
        identity: None,
    }),
};

/// What is held of a person, in a file for that person to fetch.
const EXPORT: Field = Field {
    attribute: "file",
    content: Content::Personal(Personal {
        category: "user",
        origin: Origin::Derived,
        basis: Basis::LegalObligation,
        purposes: &[Purpose::Account],
        retain: Retention::Export,
        erase: Erase::Delete,
        export: Export::Never,
        identity: None,
    }),
};

/// The name under which failures of a source are counted for a quarter of an hour.
const SOURCE_HASH: Field = Field {
    attribute: "source",
    content: Content::Personal(Personal {
        category: "user.device.ip_address",
        origin: Origin::Derived,
        basis: Basis::LegitimateInterest,
        purposes: &[Purpose::Security],
        retain: Retention::Guard,
        erase: Erase::Expire,
        export: Export::Never,
        identity: None,
    }),
};

/// Addresses that refused our mail. SES keeps them by itself, so that we do not try again.
const SUPPRESSED_ADDRESS: Field = Field {
    attribute: "address",
    content: Content::Personal(Personal {
        category: "user.contact.email",
        origin: Origin::Observed,
        basis: Basis::LegitimateInterest,
        purposes: &[Purpose::Messages],
        retain: Retention::Account,
        erase: Erase::Delete,
        export: Export::Yes,
        identity: None,
    }),
};
