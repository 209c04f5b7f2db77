//! Mail, through SES: fixed texts, filled with a link or with facts of ours at most, and letters that two of ours have decided on.
//!
//! The first are what somebody has to be told, a list ([`MailKind`]), the others what somebody may be told who agreed to it
//! ([`marketing`]). None of them repeats what a stranger can have typed into a form, so that nobody can send words of
//! their own to a third person through us.

pub mod marketing;
mod rendered;
pub mod requests;
mod words;

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

use self::rendered::{Rendered, render};
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
