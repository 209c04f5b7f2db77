//! Writes the letters of requests: what a request owes its person becomes a message of the `mail` queue.
//!
//! The link in a letter follows from the request and the letter's number ([`crate::request_secrets`]), and so does the mail's id: a letter that is
//! written twice is the same, and is sent once.

use domain::request::Letter;

use crate::{
    aws::Aws,
    dynamo::{
        Unavailable,
        requests::{Owed, SubjectRequestItem},
    },
    mailer::{MailKind, MailMessage, requests::RequestFacts},
    request_secrets::{Secrets, answer_link, link},
};

/// See the module.
#[derive(Clone)]
pub struct Letters {
    secrets: Secrets,
    public_url: String,
}

impl Letters {
    /// `key` is the ARN of the KMS key for HMAC-SHA256, `public_url` what the deployment's addresses start with.
    #[must_use]
    pub fn new(aws: &Aws, key: String, public_url: String) -> Self {
        Self { secrets: Secrets::new(aws, key), public_url }
    }

    /// The mail of a letter that `request` owes; nothing where nobody is known any more to whom it could go.
    ///
    /// # Errors
    /// [`Unavailable`] where KMS cannot be asked for the link.
    pub async fn write(
        &self,
        request: &SubjectRequestItem,
        owed: Owed,
        letter: Letter,
    ) -> Result<Option<MailMessage>, Unavailable> {
        let Some(to) = request.email.clone() else { return Ok(None) };
        let link = match letter {
            Letter::Received => link(&self.public_url, &self.secrets.of(&request.id).await?, owed.number),
            Letter::Ready => answer_link(&self.public_url, &self.secrets.of(&request.id).await?),
            // What proved the person is gone, and with it the page.
            Letter::Cancelled | Letter::Merged | Letter::AppealRefused => format!("{}/privacy", self.public_url),
            _ => format!("{}/privacy/requests/{}", self.public_url, request.id),
        };
        let facts = RequestFacts {
            request: request.id.clone(),
            letter,
            language: request.language,
            kind: request.kind,
            regime: request.regime,
            received_at: request.received_at,
            due_at: request.due_at,
            waits_until: request.waits_until,
            ground: request.ground,
        };
        Ok(Some(MailMessage {
            link: Some(link),
            request: Some(facts),
            ..MailMessage::plain(request.message_of(owed), MailKind::Request, to)
        }))
    }
}
