//! One mail a message, through SES.
//!
//! Boundary: reads and writes nothing but the note that a mail was sent (table `guards`); of marketing also whether the person agrees to it as it
//! is sent, with name and address (tables `accounts` and `consents`), whether they were erased (table `tombstones`), the campaign with the letter's words, and what its link stands for. It calls nothing but SES. Which
//! mails there are, and their words, is [`cloud::mailer`]'s.
//!
//! What a letter says is read from its campaign, each time: one that was stopped sends nothing more. What came of each letter is counted with the
//! campaign, without saying whose it was.
//!
//! Whether somebody agrees is asked last, behind everything that can take time: a letter that waited in the queue while the person unsubscribed is
//! not sent (R090). Where it cannot be asked, the letter waits on. No other class of mail asks (R008).
//!
//! A message that comes twice is sent once. Only where the function ends between SES and its note, which is a matter of milliseconds, a
//! mail goes out twice: better than not at all.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        Unavailable,
        accounts::Accounts,
        campaigns::{Campaigns, Outcome},
        consents::{Consents, Recipient},
        mails::SentMails,
        tombstones::{Erased, Tombstones},
    },
    mailer::{
        MailError, Mailer, Outgoing,
        marketing::{MarketingMessage, UnsubscribeLink},
    },
    sqs::{Disposition, NoMessageId, each},
};
use domain::{
    campaign::{Letter, is_fresh},
    consent::Subject,
};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// The sender of every mail.
        pub mail_from: String = "MAIL_FROM",
        /// Table of mails that were sent.
        pub guards_table: String = "GUARDS_TABLE",
        /// Table of accounts: where people with an account stand.
        pub accounts_table: String = "ACCOUNTS_TABLE",
        /// Table of people without one, and of what the links of letters stand for.
        pub consents_table: String = "CONSENTS_TABLE",
        /// Table of what was erased.
        pub tombstones_table: String = "TOMBSTONES_TABLE",
        /// The base URL that the links of letters start with.
        pub public_url: String = "PUBLIC_URL",
    }
}

/// The function's adapters.
pub struct App {
    mailer: Mailer,
    sent: SentMails,
    accounts: Accounts,
    consents: Consents,
    campaigns: Campaigns,
    clock: Clock,
    tombstones: Tombstones,
    public_url: String,
}

impl App {
    /// Builds the adapters.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let tables = cloud::dynamo::client(&boot.aws);
        Self {
            mailer: Mailer::new(&boot.aws, config.mail_from),
            sent: SentMails::new(tables.clone(), config.guards_table, boot.clock.clone()),
            accounts: Accounts::new(tables.clone(), config.accounts_table),
            campaigns: Campaigns::new(tables.clone(), config.consents_table.clone()),
            consents: Consents::new(tables.clone(), config.consents_table),
            clock: boot.clock.clone(),
            tombstones: Tombstones::new(tables, config.tombstones_table),
            public_url: config.public_url,
        }
    }
}

/// Sends the mails of one batch; those that must come again are named in the answer.
///
/// # Errors
/// [`NoMessageId`], which makes the whole batch come again.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, NoMessageId> {
    each(event, async |mail: Outgoing| send(app, &mail).await).await
}

async fn send(app: &App, mail: &Outgoing) -> Disposition {
    match app.sent.contains(mail.id()).await {
        Ok(true) => return Disposition::Done,
        Ok(false) => {}
        Err(_) => return Disposition::Retry("it could not be checked whether the mail was sent"),
    }
    let handed = match mail {
        Outgoing::Mail(mail) => app.mailer.send(mail).await,
        Outgoing::Letter(message) => match addressed(app, message).await {
            Ok(Some((letter, recipient, link))) => app.mailer.send_letter(&letter, &recipient, &link).await,
            Ok(None) => return skip(app, message).await,
            Err(_) => return Disposition::Retry("it could not be checked whether the person agrees to the letter"),
        },
    };
    match handed {
        Ok(()) => {}
        Err(MailError::Unavailable) => return Disposition::Retry("mail cannot be sent now"),
        Err(MailError::Rejected) => return Disposition::GiveUp("the mail was rejected"),
        Err(MailError::Link) => {
            return Disposition::GiveUp("the mail lacks its link or its facts, or has what it must not have");
        }
    }
    // The mail is out. A note that cannot be written must not send it again.
    let noted = match mail {
        Outgoing::Mail(mail) => app.sent.note(&mail.id).await,
        Outgoing::Letter(message) => app.sent.note_letter(&message.id).await,
    };
    if noted.is_err() {
        tracing::warn!(mail = %mail.id(), "a mail was sent and could not be noted");
    }
    if let Outgoing::Letter(message) = mail {
        count(app, message, Outcome::Sent).await;
    }
    Disposition::Done
}

/// A letter that may not go out: it is not looked at again, so that it is counted once.
async fn skip(app: &App, message: &MarketingMessage) -> Disposition {
    if app.sent.note_letter(&message.id).await.is_err() {
        return Disposition::Retry("it could not be noted that a letter may not be sent");
    }
    count(app, message, Outcome::Skipped).await;
    Disposition::Done
}

/// What cannot be counted now is not counted: a letter is worth more than its number.
async fn count(app: &App, message: &MarketingMessage, outcome: Outcome) {
    if app.campaigns.count(&message.campaign, outcome).await.is_err() {
        tracing::warn!(campaign = %message.campaign, "a letter could not be counted");
    }
}

/// A letter, who it goes to, and the link in it; nothing where it may not go out, or not any more.
async fn addressed(
    app: &App,
    MarketingMessage { campaign, subject, .. }: &MarketingMessage,
) -> Result<Option<(Letter, Recipient, UnsubscribeLink)>, Unavailable> {
    let Some(campaign) = app.campaigns.get(campaign).await? else { return Ok(None) };
    let is_fresh = campaign.approved_at.is_some_and(|approved_at| is_fresh(approved_at, app.clock.now()));
    if !campaign.state.sends() || !is_fresh {
        return Ok(None);
    }
    let letter = campaign.letter;
    // Before the question, so that nothing but the question stands between the answer and SES.
    let token = app.consents.link(subject, letter.purpose).await?;
    // Whoever was erased and stands there again, out of a backup, has agreed to nothing.
    let erased = match subject {
        Subject::Account(account) => Erased::Account(account),
        Subject::Contact(contact) => Erased::Contact(contact),
    };
    if app.tombstones.has(erased).await? {
        return Ok(None);
    }
    let recipient = match subject {
        Subject::Account(account) => app.accounts.recipient(account).await?,
        Subject::Contact(contact) => app.consents.recipient(contact).await?,
    };
    let agreeing = recipient.filter(|recipient| recipient.allows(letter.purpose));
    Ok(agreeing.map(|recipient| (letter, recipient, UnsubscribeLink::new(&app.public_url, &token))))
}
