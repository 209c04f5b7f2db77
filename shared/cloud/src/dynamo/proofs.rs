//! What proves who asks, in the table `verifications` (`privacy.md` D.4).
//!
//! Each try is counted before it is looked at, by one conditional write: of a hundred that come at once five are looked at. The counter is the
//! request's, not a link's or a code's, so that a new link brings no new tries; and it touches no other request of the person.

use domain::id::PrivacyRequestId;
use jiff::Timestamp;

use super::{
    Unavailable,
    call::{Client, Operation, ReturnValue, is_unmet, unmet_by},
    key,
    requests::VerificationItem,
    transaction::{number, text},
    unavailable, unreadable,
};
use crate::request_secrets::RequestSecrets;

/// How often it is tried to prove who asks, for each request.
pub const ATTEMPTS: u32 = 5;
/// Links that are mailed for each request, all within the 24 hours in which its mailbox can be proven.
pub const LINKS: u32 = 3;
/// For how many seconds the mailbox can be proven.
pub const LINK_LIFE: i64 = 24 * 3_600;
/// After how many seconds the item goes even if nothing has deleted it: longer than the longest request, which is answered after 90 days, appealed
/// 90 days later and decided 45 days after that.
const KEPT: i64 = 240 * 86_400;

/// What a try must show to be counted: what it does not show costs nobody a try.
#[derive(Clone, Copy)]
pub enum Shown<'a> {
    /// The hash of a mailed link's token.
    Link(&'a str),
    /// The hash of the session; only once the mailbox was proven.
    Session(&'a str),
}

/// What became of a try.
pub enum Try {
    /// It counts and is to be looked at.
    Counted(Box<VerificationItem>),
    /// It is one too many.
    TooMany,
    /// What was shown is not, or no longer, of this request.
    Unknown,
}

/// The table `verifications`.
#[derive(Clone)]
pub struct Proofs {
    client: Client,
    table: String,
}

impl VerificationItem {
    /// What will prove who asks, of a request that came in at `received`; with six digits where somebody was there to be shown them.
    #[must_use]
    pub fn new(
        request: &PrivacyRequestId,
        secrets: &RequestSecrets,
        code: Option<&str>,
        link: Option<u32>,
        received: Timestamp,
    ) -> Self {
        Self {
            pk: key::subject_request(request),
            sk: key::REQUEST.to_owned(),
            v: 1,
            token: link.map(|number| secrets.link(number).hash()),
            code: code.map(|code| secrets.code_hash(code)),
            session: secrets.session().hash(),
            factors: std::collections::BTreeMap::new(),
            declared: false,
            attempts: 0,
            links: u32::from(link.is_some()),
            mailbox: false,
            expires_at: received.as_second() + KEPT,
        }
    }
}

impl Proofs {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Counts a try, if it may still be made.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn try_once(&self, request: &PrivacyRequestId, shown: Shown<'_>) -> Result<Try, Unavailable> {
        let (condition, hash) = match shown {
            Shown::Link(hash) => ("attempts < :most AND #shown = :shown", hash),
            Shown::Session(hash) => ("attempts < :most AND #shown = :shown AND mailbox = :proven", hash),
        };
        let mut update = self
            .update(request)
            .update_expression("ADD attempts :one")
            .condition_expression(condition)
            .expression_attribute_names("#shown", shown.attribute())
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(ATTEMPTS))
            .expression_attribute_values(":shown", text(hash))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValue::AllOld);
        if matches!(shown, Shown::Session(_)) {
            update = update.expression_attribute_values(":proven", super::call::AttributeValue::Bool(true));
        }
        let read =
            |attributes| serde_dynamo::from_item(attributes).map_err(|error| unreadable("verifications", &error));
        match update.send().await {
            Ok(answer) => Ok(match answer.attributes {
                Some(attributes) => Try::Counted(Box::new(read(attributes)?)),
                None => Try::Unknown,
            }),
            Err(error) if is_unmet(&error) => {
                let item: Option<VerificationItem> = unmet_by(&error).map(read).transpose()?;
                Ok(match item {
                    Some(item) if item.attempts >= ATTEMPTS && shown.is_of(&item) => Try::TooMany,
                    _ => Try::Unknown,
                })
            }
            Err(error) => Err(unavailable("verifications", &error)),
        }
    }

    /// Notes that the mailbox was proven by a link, which is used up by that. False where another was quicker.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn follow(&self, request: &PrivacyRequestId, link: &str) -> Result<bool, Unavailable> {
        let update = self
            .update(request)
            .update_expression("SET mailbox = :proven REMOVE #token")
            .condition_expression("#token = :link")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":proven", super::call::AttributeValue::Bool(true))
            .expression_attribute_values(":link", text(link));
        self.changed(update).await
    }

    /// Puts the token of another link in place of the last one's. False where [`LINKS`] were mailed, or the mailbox is proven, or there is nothing
    /// to be proven any more.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn another_link(&self, request: &PrivacyRequestId, link: &str) -> Result<bool, Unavailable> {
        let update = self
            .update(request)
            .update_expression("SET #token = :link ADD links :one")
            .condition_expression("links < :most AND mailbox = :unproven")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":link", text(link))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(LINKS))
            .expression_attribute_values(":unproven", super::call::AttributeValue::Bool(false));
        self.changed(update).await
    }

    /// Forgets what was given to be compared, because it has been or never will be (R068). What is gone already stays gone.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn spend(&self, request: &PrivacyRequestId) -> Result<(), Unavailable> {
        let update = self
            .update(request)
            .update_expression("REMOVE factors, #token")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#token", "token");
        self.changed(update).await.map(drop)
    }

    fn update(&self, request: &PrivacyRequestId) -> Operation<Client> {
        let update = self.client.update_item().table_name(&self.table);
        update.key("pk", text(key::subject_request(request))).key("sk", text(key::REQUEST))
    }

    async fn changed(&self, update: Operation<Client>) -> Result<bool, Unavailable> {
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_unmet(&error) => Ok(false),
            Err(error) => Err(unavailable("verifications", &error)),
        }
    }
}

impl Shown<'_> {
    const fn attribute(self) -> &'static str {
        match self {
            Self::Link(_) => "token",
            Self::Session(_) => "session",
        }
    }

    fn is_of(self, item: &VerificationItem) -> bool {
        match self {
            Self::Link(hash) => item.token.as_deref() == Some(hash),
            Self::Session(hash) => item.session == hash && item.mailbox,
        }
    }
}
