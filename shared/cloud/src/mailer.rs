//! Mail: fixed texts, filled with a link or with facts of ours at most, through SES.
//!
//! Which mails there are is two lists: what somebody has to be told ([`MailKind`]), and what somebody may be told who agreed to it
//! ([`marketing`]). None of them repeats what a stranger can have typed into a form, so that nobody can send words of
//! their own to a third person through us.

pub mod marketing;
pub mod requests;

use domain::{
    account::EmailAddress,
    delivery::AttemptError,
    form,
    id::{ApplicationId, KeyId, MessageId, PrivacyRequestId, StoreId, SubmissionId, SubscriptionId},
    privacy::Held,
    subscription::DisabledBecause,
};
use http::Method;
use jiff::{Timestamp, civil::Date};
use personal_data::PersonalData;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::aws::{ATTEMPTS, Aws, Call, CallError, Service};

/// Why a mail is sent (R008). Only marketing asks whether the person agreed, and only marketing can be unsubscribed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageClass {
    /// Something that the person does, or something of theirs, needs it.
    Transactional,
    /// It guards the account.
    Security,
    /// The law wants it.
    Legal,
    /// The person agreed to it (R009).
    Marketing,
}

impl MessageClass {
    /// The class in one word, as SES counts it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transactional => "transactional",
            Self::Security => "security",
            Self::Legal => "legal",
            Self::Marketing => "marketing",
        }
    }
}

/// Which mail it is, of those that nobody has to agree to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailKind {
    /// The link that confirms a sign-up.
    SignUpLink,
    /// An account was closed.
    AccountClosed,
    /// An account was erased, because its owner asked for that.
    AccountErased,
    /// For some time a subscription's endpoint has taken nothing.
    EndpointFailing,
    /// A subscription was switched off because of its endpoint.
    EndpointDisabled,
    /// A platform asked what is held of a customer, and this is the answer.
    CustomerDataHeld,
    /// A platform asked for a customer to be forgotten, and that is done.
    CustomerErased,
    /// Nobody has used an account for long (R022).
    AccountIdle,
    /// Still nobody has.
    AccountIdleAgain,
    /// An account was closed because nobody used it.
    AccountExpired,
    /// A key has to be rotated (R118).
    KeyOld,
    /// It still has to be.
    KeyOldAgain,
    /// Where to ask about one's own data, to whoever wrote a mail that does not say what is asked.
    HowToAsk,
    /// A letter about a person's own request, see [`requests`].
    Request,
    /// What somebody sent by a form has come in.
    FormReceived,
    /// The same, for the operator.
    FormForOperator,
    /// The link that confirms what was ticked on a form.
    ConsentLink,
    /// A policy has a new version (R032).
    PolicyChanged,
    /// An account was closed because its owner declined one (R102).
    AccountDeclined,
}

/// What time brings. Types of ours, without a word that anybody typed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Notice {
    /// To an account that nobody uses.
    Idle {
        /// When it will be closed.
        closes_on: Date,
    },
    /// To a key that is to be rotated.
    Key {
        /// The key.
        key: KeyId,
        /// The application that holds it, where one does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        application: Option<ApplicationId>,
        /// When its secret was made.
        since: Timestamp,
        /// From when it is of no use any more.
        rotate_by: Timestamp,
    },
    /// To a new version of a policy.
    Policy {
        /// The policy, by its name in addresses.
        policy: String,
        /// Its version.
        version: String,
        /// From when it binds whoever says nothing; nothing where it binds only who agrees to it.
        takes_effect: Option<Date>,
    },
}

impl MailKind {
    /// Why it is sent. None of these is marketing: that has a type of its own, which no address can be put into.
    #[must_use]
    pub const fn class(self) -> MessageClass {
        match self {
            Self::SignUpLink
            | Self::ConsentLink
            | Self::FormReceived
            | Self::FormForOperator
            | Self::EndpointFailing
            | Self::EndpointDisabled => MessageClass::Transactional,
            Self::AccountClosed | Self::AccountErased | Self::KeyOld | Self::KeyOldAgain => MessageClass::Security,
            Self::CustomerDataHeld
            | Self::CustomerErased
            | Self::AccountIdle
            | Self::AccountIdleAgain
            | Self::AccountExpired
            | Self::HowToAsk
            | Self::Request
            | Self::PolicyChanged
            | Self::AccountDeclined => MessageClass::Legal,
        }
    }
}

/// A message of the `mail` queue: one of two kinds, told apart by their fields.
#[derive(serde::Deserialize)]
#[serde(untagged)]
pub enum Outgoing {
    /// A mail to an address.
    Mail(Box<MailMessage>),
    /// A letter to somebody who may have agreed to it.
    Letter(marketing::MarketingMessage),
}

impl Outgoing {
    /// What stays the same when the message comes twice.
    #[must_use]
    pub fn id(&self) -> &MessageId {
        match self {
            Self::Mail(mail) => &mail.id,
            Self::Letter(letter) => &letter.id,
        }
    }

    /// Why it is sent.
    #[must_use]
    pub fn class(&self) -> MessageClass {
        match self {
            Self::Mail(mail) => mail.kind.class(),
            Self::Letter(_) => MessageClass::Marketing,
        }
    }
}

/// What came of a request about a customer. Types of ours, and nothing by which the customer could be known: the merchant knows the platform's
/// message by the store and the time.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacyFacts {
    /// The request.
    pub request: PrivacyRequestId,
    /// Whose customer it was about.
    pub store: StoreId,
    /// When it came in.
    pub received_at: Timestamp,
    /// What was found, or found and erased.
    pub held: Held,
}

/// What was sent by a form: its name and the form's, and nothing that was typed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormFacts {
    /// What names it.
    pub id: SubmissionId,
    /// Which form.
    pub form: form::Kind,
}

/// What was seen of an endpoint. Types of ours, without a word that anybody typed: not even the endpoint's address.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointFacts {
    /// Whose endpoint.
    pub subscription: SubscriptionId,
    /// Since when there was nothing but failures.
    pub since: Timestamp,
    /// When the last attempt failed.
    pub last_at: Timestamp,
    /// How many attempts failed since.
    pub failures: u32,
    /// What the last of them was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What the last of them met in place of a whole answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<AttemptError>,
    /// Why the subscription was switched off, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<DisabledBecause>,
}

/// One mail to be sent: a message of the `mail` queue.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "mail", subject = AccountUser, link = "to", role = Controller, region = Pinned)]
pub struct MailMessage {
    /// Stays the same when the message comes twice, so that the mail is sent once.
    #[pd(none)]
    pub id: MessageId,
    /// Which mail.
    #[pd(none)]
    pub kind: MailKind,
    /// To whom.
    #[pd(cat = "user.contact.email", origin = Provided, basis = Contract, purpose(Messages), retain = "mail", erase = Expire, export = Never)]
    pub to: EmailAddress,
    /// The link in it, token and all, where the mail has one. It stands here and in the mail, and nowhere else.
    #[pd(cat = "user.authorization.credentials", origin = Assigned, basis = Contract, purpose(Account), retain = "mail", erase = Expire, export = Never)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What was seen of an endpoint, where the mail is about one.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<EndpointFacts>,
    /// What came of a request about a customer, where the mail is about one.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<PrivacyFacts>,
    /// What time brings, where the mail tells of that.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// What a letter tells of a person's own request, where the mail is one.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<requests::RequestFacts>,
    /// What was sent by a form, where the mail is about that.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<FormFacts>,
}

impl MailMessage {
    /// A mail that is about nothing but what its kind says.
    #[must_use]
    pub fn plain(id: MessageId, kind: MailKind, to: EmailAddress) -> Self {
        Self { id, kind, to, link: None, endpoint: None, privacy: None, notice: None, request: None, form: None }
    }

    /// The id of a mail about something that has this name: the same one however often it is told, so that one mail goes out.
    #[must_use]
    pub fn id_about(name: &str) -> MessageId {
        let mut id = [0; 16];
        id.copy_from_slice(&Sha256::digest(name)[..16]);
        MessageId::from_uuid(uuid::Uuid::from_bytes(id))
    }
}

/// Why a mail was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The mail lacks the link or the facts that it is about, or what stands there is not a link of ours.
    #[error("the mail has no link or no facts")]
    Link,
    /// SES refuses this mail for good: the address is suppressed, or the mail is not acceptable.
    #[error("the mail was rejected")]
    Rejected,
    /// SES could not be asked, or not now.
    #[error("mail cannot be sent now")]
    Unavailable,
}

/// A mail's words.
struct Words {
    subject: &'static str,
    /// Paragraphs. The link, or the facts, follow the first.
    paragraphs: &'static [&'static str],
    about: About,
}

/// What a mail is filled with.
#[derive(PartialEq, Eq)]
enum About {
    Nothing,
    Link,
    Endpoint,
    Privacy,
    Notice,
    NoticeAndLink,
    Request,
    Form,
}

const fn words(kind: MailKind) -> Words {
    match kind {
        MailKind::SignUpLink => Words {
            subject: "Confirm your sign-up",
            paragraphs: &[
                "Someone, probably you, signed up for an account with this address. Open this link and press the button there to confirm it:",
                "The link works once and for 24 hours. The page then shows your management key, once.",
                "If it was not you, do nothing: without the link there is no account, and what was filled in is deleted within a day or two.",
            ],
            about: About::Link,
        },
        MailKind::FormReceived => Words {
            subject: "We have what you sent us",
            paragraphs: &[
                "Someone, probably you, filled in a form of ours with this address. It has come in and is dealt with by a person:",
                "Complaints and reports are answered within two working days. Name the reference when you write to us about it.",
                "If it was not you, do nothing: nothing that was typed into the form is repeated here, and it is deleted when its time is over.",
            ],
            about: About::Form,
        },
        MailKind::FormForOperator => Words {
            subject: "A form has come in",
            paragraphs: &[
                "Somebody filled in one of the forms. What was written is not in this mail, which knows no retention; whoever has an operator's key reads it with POST /v1/operator/forms/{form}/{reference}/reveal:",
                "A complaint, or a report of a leak, a weakness or abuse wants an answer within two working days. Whoever suspects a leak starts a clock of 72 hours.",
            ],
            about: About::Form,
        },
        MailKind::ConsentLink => Words {
            subject: "Confirm that you want letters from us",
            paragraphs: &[
                "Someone, probably you, filled in a form with this address and ticked that we may write to it. Open this link and press the button there to confirm it:",
                "The link works once and for 24 hours. Every letter has a link that ends them.",
                "If it was not you, do nothing: without the link nobody writes to you, and what was ticked is deleted within a day or two.",
            ],
            about: About::Link,
        },
        MailKind::AccountClosed => Words {
            subject: "Your account was closed",
            paragraphs: &[
                "Your account was closed with one of its keys. All its keys are revoked, and what the account held is being deleted.",
                "If this was not you, answer this mail at once.",
            ],
            about: About::Nothing,
        },
        MailKind::AccountErased => Words {
            subject: "Your account was erased",
            paragraphs: &[
                "You asked us to erase what we hold about you, and your account is erased now, with its applications, keys and subscriptions. \
                 Its stores are disconnected and their credentials destroyed.",
                "Another letter tells you when we have looked for it once more. If this was not you, answer this mail at once.",
            ],
            about: About::Nothing,
        },
        MailKind::EndpointFailing => Words {
            subject: "Your webhook endpoint is failing",
            paragraphs: &[
                "For some time every delivery to the endpoint of one of your subscriptions has failed. This is what we saw:",
                "We keep trying each event for 24 hours. If nothing is delivered for 48 hours, the subscription is switched off.",
                "The subscription's list of deliveries shows each attempt. Events that were not delivered in time can be asked for again for 14 days.",
            ],
            about: About::Endpoint,
        },
        MailKind::EndpointDisabled => Words {
            subject: "Your webhook subscription was switched off",
            paragraphs: &[
                "One of your subscriptions was switched off, and nothing is sent to its endpoint any more. This is what we saw:",
                "Once the endpoint works, switch the subscription on again; this sends a test delivery, which the endpoint must take.",
                "What was missed can then be asked for again: every event of the last 14 days, or only those that failed.",
            ],
            about: About::Endpoint,
        },
        MailKind::CustomerDataHeld => Words {
            subject: "What we hold of a customer of your store",
            paragraphs: &[
                "Your store's platform passed on that a customer wants to know what is held of them. This is all that we hold of this customer for you:",
                "These are the platform's own ids of the customer and of the customer's orders, with times and states. We hold no names, addresses, contents \
                 of orders or other data of your customers: they pass through and are not stored.",
                "Answering the customer is yours. Applications that you have given access to may hold more; ask those who run them.",
            ],
            about: About::Privacy,
        },
        MailKind::CustomerErased => Words {
            subject: "A customer of your store was erased",
            paragraphs: &[
                "Your store's platform passed on that a customer is to be forgotten. We have erased what we held of this customer for you, and looked again a day \
                 later, when nothing could be travelling any more:",
                "What is left are counts, times and states without the platform's ids. Older news of the customer and of these orders is not taken any more.",
                "Applications that you have given access to may hold data of the customer; ask those who run them to erase it too.",
            ],
            about: About::Privacy,
        },
        MailKind::AccountIdle => Words {
            subject: "Your account is not used: it will be deleted",
            paragraphs: &[
                "For 90 days there was no call with any key of your account and no webhook of any of its stores. We keep no accounts that nobody uses. To keep yours, open this link and press the button there, or make any call with one of your keys:",
                "If you do nothing, the account is deleted on the day above: its stores are disconnected, their credentials destroyed, its applications and keys deleted, and with them your name, your address and all else that we hold of you but what the law makes us keep. We write once more before that day.",
            ],
            about: About::NoticeAndLink,
        },
        MailKind::AccountIdleAgain => Words {
            subject: "Your account will be deleted soon",
            paragraphs: &[
                "We wrote to you that nobody uses your account, and nobody has since. To keep it, open this link and press the button there, or make any call with one of your keys:",
                "If you do nothing, the account and all that it holds is deleted on the day above, and cannot be brought back. This is the last mail before that day.",
            ],
            about: About::NoticeAndLink,
        },
        MailKind::AccountExpired => Words {
            subject: "Your account was deleted",
            paragraphs: &[
                "Nobody has used your account, as we wrote to you twice. It was deleted: its keys are revoked, and what it held is being deleted.",
                "You are welcome to sign up again.",
            ],
            about: About::Nothing,
        },
        MailKind::KeyOld => Words {
            subject: "One of your API keys has to be rotated",
            paragraphs: &[
                "API keys are to be rotated every twelve months. One of yours will end:",
                "Rotate it with POST /v1/keys/{key}/rotate, or with `cartage keys rotate`: it stays the same key with a new secret, and the old secret is good for a day more, or for up to seven if you say so. From the day above on a key that was not rotated is refused.",
            ],
            about: About::Notice,
        },
        MailKind::PolicyChanged => Words {
            subject: "One of our policies changes",
            paragraphs: &[
                "One of the policies that your account is bound to has a new version, with changes that matter. Please read it before it takes effect:",
                "Where a day stands above, whoever goes on using the service from that day on agrees to the new version. Who does not agree says so before, with the owner's key: PUT /v1/account/agreements/{policy}/{version} with {\"agrees\": false}. The account then works until that day and is closed with it; a copy of what we hold is to be had until then under /privacy/requests.",
                "Where no day stands above, nothing changes for you until you agree, with {\"agrees\": true}.",
                "This has nothing to do with what you agreed to be written to about: that stays as you set it.",
            ],
            about: About::NoticeAndLink,
        },
        MailKind::AccountDeclined => Words {
            subject: "Your account was closed, as you declined a new version of a policy",
            paragraphs: &[
                "A new version of a policy that you declined has taken effect, and your account is closed. All its keys are revoked, its stores are disconnected, and what it held is being deleted.",
                "If you did not decline, answer this mail at once.",
            ],
            about: About::Nothing,
        },
        MailKind::KeyOldAgain => Words {
            subject: "One of your API keys ends within a week",
            paragraphs: &[
                "One of your API keys was not rotated yet, and ends soon. From that day on calls with it are refused:",
                "Rotate it with POST /v1/keys/{key}/rotate, or with `cartage keys rotate`. If it is of no use any more, revoke it.",
                "Where the last key of an account's owner has ended, sign up again with the same address: the link in that mail makes a new one.",
            ],
            about: About::Notice,
        },
        MailKind::HowToAsk => Words {
            subject: "How to ask about your data / Comment exercer vos droits",
            paragraphs: &[
                "You wrote to us. This address takes requests of people about their own data, and no person reads it. Choose on this page what you want, and see what we hold, for how long and why:",
                "You can also write again with one of these words as the subject: access, portability, erasure, restriction, objection, do not sell, unsubscribe.                  A letter then asks you to confirm it. For everything else there are the forms of the same page.",
                "Vous nous avez écrit. Cette adresse reçoit les demandes des personnes sur leurs propres données; personne ne la lit. La page ci-dessus                  permet de faire une demande, en français aussi. Vous pouvez aussi écrire de nouveau avec l'un de ces mots pour objet: accès, portabilité,                  suppression, limitation, opposition, ne pas vendre, désabonnement. Une lettre vous demandera alors de confirmer.",
            ],
            about: About::Link,
        },
        // In the person's language, and more than one: see `requests`.
        MailKind::Request => Words { subject: "", paragraphs: &[], about: About::Request },
    }
}

/// Sends mail.
#[derive(Clone)]
pub struct Mailer {
    service: Service,
    from: String,
}

impl Mailer {
    /// A mailer whose mails come from `from`, a verified identity of this stack's SES.
    #[must_use]
    pub fn new(aws: &Aws, from: String) -> Self {
        Self { service: aws.service("email", "ses"), from }
    }

    /// Hands one mail to SES.
    ///
    /// # Errors
    /// [`MailError`] says whether another attempt makes sense.
    pub async fn send(&self, mail: &MailMessage) -> Result<(), MailError> {
        self.hand(mail.kind.class(), &mail.to, &render(mail)?, &[]).await
    }

    async fn hand(
        &self,
        class: MessageClass,
        to: &EmailAddress,
        Rendered { subject, text, html }: &Rendered,
        headers: &[(&str, &str)],
    ) -> Result<(), MailError> {
        let content = |data: &str| json!({ "Data": data, "Charset": "UTF-8" });
        let headers: Vec<_> = headers.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        let input = json!({
            "FromEmailAddress": self.from,
            "Destination": { "ToAddresses": [to.as_str()] },
            "Content": { "Simple": {
                "Subject": content(subject),
                "Body": { "Text": content(text), "Html": content(html) },
                "Headers": headers,
            } },
            // So that bounces and complaints can be told apart by class.
            "EmailTags": [{ "Name": "class", "Value": class.as_str() }],
        });
        let call = Call {
            method: Method::POST,
            path: "/v2/email/outbound-emails",
            headers: &[("content-type", "application/json")],
            body: input.to_string().into(),
            attempts: ATTEMPTS,
        };
        self.service.send(&call).await.map(drop).map_err(|error| judge(&error))
    }
}

fn judge(error: &CallError) -> MailError {
    match error.code() {
        Some("MessageRejected" | "BadRequestException") => {
            tracing::error!("a mail was rejected");
            MailError::Rejected
        }
        _ => {
            tracing::error!(cause = %error, "mail cannot be sent now");
            MailError::Unavailable
        }
    }
}

/// A mail in its words.
struct Rendered {
    subject: String,
    text: String,
    html: String,
}

fn render(mail: &MailMessage) -> Result<Rendered, MailError> {
    let words = words(mail.kind);
    match (&mail.request, words.about == About::Request, &mail.link) {
        (Some(facts), true, Some(link)) => return requests::render(facts, link),
        (None, false, _) => {}
        _ => return Err(MailError::Link),
    }
    let filled = (&mail.link, &mail.endpoint, &mail.privacy, &mail.notice, &mail.form, words.about);
    let (link, facts) = match filled {
        (Some(link), None, None, None, None, About::Link) if is_link(link) => (Some(link.as_str()), Vec::new()),
        (None, Some(facts), None, None, None, About::Endpoint) => (None, lines(facts)),
        (None, None, Some(facts), None, None, About::Privacy) => (None, held(facts)),
        (None, None, None, Some(notice), None, About::Notice) => (None, told(notice)),
        (Some(link), None, None, Some(notice), None, About::NoticeAndLink) if is_link(link) => {
            (Some(link.as_str()), told(notice))
        }
        (None, None, None, None, Some(facts), About::Form) => (None, sent(facts)),
        (None, None, None, None, None, About::Nothing) => (None, Vec::new()),
        _ => return Err(MailError::Link),
    };
    let mut text = String::new();
    let mut html = String::from("<!doctype html><html lang=\"en\"><body>");
    for (number, paragraph) in words.paragraphs.iter().enumerate() {
        text.push_str(paragraph);
        text.push_str("\r\n\r\n");
        html.push_str(&format!("<p>{paragraph}</p>"));
        if let (0, Some(link)) = (number, link) {
            text.push_str(&format!("{link}\r\n\r\n"));
            html.push_str(&format!("<p><a href=\"{link}\">{link}</a></p>"));
        }
        if number == 0 && !facts.is_empty() {
            text.push_str(&format!("{}\r\n\r\n", facts.join("\r\n")));
            html.push_str(&format!("<p>{}</p>", facts.join("<br>")));
        }
    }
    html.push_str("</body></html>");
    Ok(Rendered { subject: words.subject.to_owned(), text, html })
}

/// One line a fact. Ids, numbers, times and words of ours: nothing that HTML could read as its own.
fn lines(facts: &EndpointFacts) -> Vec<String> {
    let EndpointFacts { subscription, since, last_at, failures, status, error, because } = facts;
    let mut lines = vec![
        format!("Subscription: {subscription}"),
        format!("Nothing but failures since: {}", second(*since)),
        format!("Last attempt: {}", second(*last_at)),
        format!("Failed attempts since: {failures}"),
    ];
    if let Some(status) = status {
        lines.push(format!("Status of the last answer: {status}"));
    }
    if let Some(error) = error {
        lines.push(format!("What went wrong last: {}", in_words(*error)));
    }
    if let Some(because) = because {
        lines.push(format!("Switched off because: {}", in_plain_words(*because)));
    }
    lines
}

fn held(facts: &PrivacyFacts) -> Vec<String> {
    let PrivacyFacts { request, store, received_at, held: Held { objects, events, deliveries } } = facts;
    vec![
        format!("Request: {request}"),
        format!("Store: {store}"),
        format!("Came in: {}", second(*received_at)),
        format!("Objects of which we knew the id: {objects}"),
        format!("Records of events about them, of the last 14 days: {events}"),
        format!("Records of deliveries of these events, of the last 14 days: {deliveries}"),
    ]
}

fn told(notice: &Notice) -> Vec<String> {
    match notice {
        Notice::Idle { closes_on } => vec![format!("Deleted on: {closes_on}")],
        Notice::Key { key, application, since, rotate_by } => {
            let mut lines = vec![format!("Key: {key}")];
            lines.extend(application.iter().map(|application| format!("Application: {application}")));
            lines.push(format!("Its secret was made: {}", second(*since)));
            lines.push(format!("Refused from: {}", second(*rotate_by)));
            lines
        }
        Notice::Policy { policy, version, takes_effect } => vec![
            format!("Policy: {policy}"),
            format!("Version: {version}"),
            takes_effect.map_or("Takes effect: when you agree to it".to_owned(), |day| format!("Takes effect: {day}")),
        ],
    }
}

fn sent(FormFacts { id, form }: &FormFacts) -> Vec<String> {
    vec![format!("Reference: {id}"), format!("Form: {}", form.as_str())]
}

fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

const fn in_words(error: AttemptError) -> &'static str {
    match error {
        AttemptError::Refused => "the address is not one that the gateway calls",
        AttemptError::Unreachable => "no connection could be opened, or the certificate is not valid",
        AttemptError::Broken => "the connection broke before the answer was complete",
        AttemptError::Timeout => "no complete answer within ten seconds",
    }
}

const fn in_plain_words(because: DisabledBecause) -> &'static str {
    match because {
        DisabledBecause::Owner => "its owner wished it",
        DisabledBecause::Gone => "the endpoint answered 410 Gone",
        DisabledBecause::Failing => "there was nothing but failures for 48 hours",
    }
}

/// What can stand in a text, in HTML and in an attribute as it is.
fn is_link(link: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?=%[]".contains(&byte);
    link.len() <= 1_000 && (link.starts_with("https://") || link.starts_with("http://")) && link.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(kind: MailKind, link: Option<&str>) -> MailMessage {
        let id = "msg_00000000000000000000000001".parse().unwrap();
        let plain = MailMessage::plain(id, kind, "ann@example.com".parse().unwrap());
        MailMessage { link: link.map(str::to_owned), ..plain }
    }

    #[test]
    fn a_link_stands_in_text_and_html_as_it_is() {
        let link = "https://api.example/v1/accounts/confirm?token=AbC-_9";
        let Rendered { subject, text, html } = render(&mail(MailKind::SignUpLink, Some(link))).unwrap();
        assert_eq!(subject, "Confirm your sign-up");
        assert!(text.lines().any(|line| line == link));
        assert!(html.contains(&format!("<a href=\"{link}\">{link}</a>")));
    }

    #[test]
    fn nothing_but_a_link_gets_into_a_mail() {
        for link in [
            None,
            Some("javascript:alert(1)"),
            Some("https://x/\"><script>"),
            Some("https://x/\r\nBcc: eve@example.com"),
            Some("https://x/ y"),
        ] {
            assert_eq!(render(&mail(MailKind::SignUpLink, link)).err(), Some(MailError::Link), "{link:?}");
        }
        assert_eq!(render(&mail(MailKind::AccountClosed, Some("https://x"))).err(), Some(MailError::Link));
        assert!(render(&mail(MailKind::AccountClosed, None)).is_ok());
    }

    #[test]
    fn a_mail_about_a_customer_says_counts_and_never_whom() {
        let facts = PrivacyFacts {
            request: "prq_00000000000000000000000001".parse().unwrap(),
            store: "str_00000000000000000000000001".parse().unwrap(),
            received_at: Timestamp::from_second(0).unwrap(),
            held: Held { objects: 3, events: 20, deliveries: 7 },
        };
        for kind in [MailKind::CustomerDataHeld, MailKind::CustomerErased] {
            let about = MailMessage { privacy: Some(facts.clone()), ..mail(kind, None) };
            let Rendered { text, .. } = render(&about).unwrap();
            for line in ["Request: prq_00000000000000000000000001", "Came in: 1970-01-01 00:00:00 UTC"] {
                assert!(text.lines().any(|found| found == line), "{text}");
            }
            assert!(text.contains("of the last 14 days: 20") && text.contains("these events, of the last 14 days: 7"));
            assert_eq!(render(&mail(kind, None)).err(), Some(MailError::Link));
        }
    }

    #[test]
    fn a_mail_about_an_endpoint_says_what_was_seen() {
        let facts = EndpointFacts {
            subscription: "sub_00000000000000000000000001".parse().unwrap(),
            since: Timestamp::from_second(0).unwrap(),
            last_at: Timestamp::from_second(172_800).unwrap(),
            failures: 31,
            status: Some(503),
            error: Some(AttemptError::Timeout),
            because: Some(DisabledBecause::Failing),
        };
        let about = MailMessage { endpoint: Some(facts), ..mail(MailKind::EndpointDisabled, None) };
        let Rendered { text, html, .. } = render(&about).unwrap();
        let wanted = [
            "Subscription: sub_00000000000000000000000001",
            "Nothing but failures since: 1970-01-01 00:00:00 UTC",
            "Last attempt: 1970-01-03 00:00:00 UTC",
            "Failed attempts since: 31",
            "Status of the last answer: 503",
            "What went wrong last: no complete answer within ten seconds",
            "Switched off because: there was nothing but failures for 48 hours",
        ];
        for line in wanted {
            assert!(text.lines().any(|found| found == line) && html.contains(line), "{line}");
        }
        assert_eq!(render(&mail(MailKind::EndpointFailing, None)).err(), Some(MailError::Link), "no facts, no mail");
        let both = MailMessage { link: Some("https://x".to_owned()), ..about };
        assert_eq!(render(&both).err(), Some(MailError::Link));
    }

    #[test]
    fn a_mail_about_time_says_until_when_and_what_to_do() {
        let link = "https://api.example/v1/accounts/keep?token=AbC-_9";
        let notice = Notice::Idle { closes_on: jiff::civil::date(2026, 5, 1) };
        for kind in [MailKind::AccountIdle, MailKind::AccountIdleAgain] {
            let about = MailMessage { notice: Some(notice.clone()), ..mail(kind, Some(link)) };
            let Rendered { text, html, .. } = render(&about).unwrap();
            assert!(text.lines().any(|line| line == link) && text.lines().any(|line| line == "Deleted on: 2026-05-01"));
            assert!(html.contains("Deleted on: 2026-05-01"));
            assert_eq!(render(&mail(kind, Some(link))).err(), Some(MailError::Link), "it says when");
            let without = MailMessage { link: None, ..about };
            assert_eq!(render(&without).err(), Some(MailError::Link), "and how to stay");
        }
        let notice = Notice::Key {
            key: "key_00000000000000000000000001".parse().unwrap(),
            application: None,
            since: Timestamp::from_second(0).unwrap(),
            rotate_by: Timestamp::from_second(31_536_000).unwrap(),
        };
        for kind in [MailKind::KeyOld, MailKind::KeyOldAgain] {
            let about = MailMessage { notice: Some(notice.clone()), ..mail(kind, None) };
            let Rendered { text, .. } = render(&about).unwrap();
            assert!(text.contains("Key: key_00000000000000000000000001\r\n"));
            assert!(text.contains("Refused from: 1971-01-01 00:00:00 UTC"));
        }
        let policy = |day| Notice::Policy { policy: "privacy".to_owned(), version: "2".to_owned(), takes_effect: day };
        let link = "https://api.example/policies/privacy/2";
        for (day, line) in [
            (Some(jiff::civil::date(2028, 3, 12)), "Takes effect: 2028-03-12"),
            (None, "Takes effect: when you agree to it"),
        ] {
            let about = MailMessage { notice: Some(policy(day)), ..mail(MailKind::PolicyChanged, Some(link)) };
            let Rendered { text, html, .. } = render(&about).unwrap();
            for said in [link, "Policy: privacy", "Version: 2", line, "PUT /v1/account/agreements/{policy}/{version}"] {
                assert!(text.contains(said) && html.contains(said), "{said}: {text}");
            }
            assert_eq!(about.kind.class(), MessageClass::Legal);
        }
    }

    #[test]
    fn an_address_with_a_line_break_is_no_message() {
        let body = r#"{"id":"msg_00000000000000000000000001","kind":"account-closed","to":"a@example.com\r\nBcc: eve@example.com"}"#;
        assert!(serde_json::from_str::<MailMessage>(body).is_err());
    }
}
