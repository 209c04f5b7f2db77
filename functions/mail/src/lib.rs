//! One mail a message, through SES.
//!
//! Boundary: reads and writes nothing but the note that a mail was sent (table `guards`), and calls nothing but SES. Which mails there are,
//! and their words, is [`cloud::mailer`]'s.
//!
//! A message that comes twice is sent once. Only where the function ends between SES and its note, which is a matter of milliseconds, a
//! mail goes out twice: better than not at all.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::{
    boot::Boot,
    dynamo::mails::SentMails,
    mailer::{MailError, MailMessage, Mailer},
    sqs::{Disposition, NoMessageId, each},
};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// The sender of every mail.
        pub mail_from: String = "MAIL_FROM",
        /// Table of mails that were sent.
        pub guards_table: String = "GUARDS_TABLE",
    }
}

/// The function's adapters.
pub struct App {
    mailer: Mailer,
    sent: SentMails,
}

impl App {
    /// Builds the adapters.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let tables = cloud::dynamo::client(&boot.aws);
        Self {
            mailer: Mailer::new(&boot.aws, config.mail_from),
            sent: SentMails::new(tables, config.guards_table, boot.clock.clone()),
        }
    }
}

/// Sends the mails of one batch; those that must come again are named in the answer.
///
/// # Errors
/// [`NoMessageId`], which makes the whole batch come again.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, NoMessageId> {
    each(event, async |mail: MailMessage| send(app, &mail).await).await
}

async fn send(app: &App, mail: &MailMessage) -> Disposition {
    match app.sent.contains(&mail.id).await {
        Ok(true) => return Disposition::Done,
        Ok(false) => {}
        Err(_) => return Disposition::Retry("it could not be checked whether the mail was sent"),
    }
    match app.mailer.send(mail).await {
        Ok(()) => {}
        Err(MailError::Unavailable) => return Disposition::Retry("mail cannot be sent now"),
        Err(MailError::Rejected) => return Disposition::GiveUp("the mail was rejected"),
        Err(MailError::Link) => {
            return Disposition::GiveUp("the mail lacks its link or its facts, or has what it must not have");
        }
    }
    // The mail is out. A note that cannot be written must not send it again.
    if app.sent.note(&mail.id).await.is_err() {
        tracing::warn!(mail = %mail.id, "a mail was sent and could not be noted");
    }
    Disposition::Done
}
