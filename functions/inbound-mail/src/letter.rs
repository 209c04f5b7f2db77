//! One mail that came in.

use cloud::{
    dynamo::{
        Unavailable,
        counts::Counted,
        requests::{NewRequest, SubjectRequestItem, VerificationItem},
    },
    inbound_mail::{InboundMail, InboundMailMessage},
    mailer::{MailKind, MailMessage},
    requests::RequestMessage,
    sqs::Disposition,
};
use domain::{
    account::EmailAddress,
    id::PrivacyRequestId,
    request::{
        Channel, Kind, Language, Regime,
        mail::{asked, sender},
    },
};
use sha2::{Digest, Sha256};

use crate::App;

/// What mails are counted as.
const COUNTED: &str = "mail";
/// Letters to one address within a day that mails from there bring about: whoever forges a sender can do no more to that mailbox.
const PER_ADDRESS: u32 = 3;

/// See the module.
pub(crate) async fn take(app: &App, message: &InboundMailMessage) -> Disposition {
    match answer(app, message).await {
        Ok(disposition) => disposition,
        Err(Unavailable) => Disposition::Retry("a table, a queue or a key could not be asked"),
    }
}

async fn answer(app: &App, message: &InboundMailMessage) -> Result<Disposition, Unavailable> {
    if message.is_automatic() {
        return Ok(Disposition::GiveUp("a machine wrote the mail"));
    }
    if !message.is_credible() {
        return Ok(Disposition::GiveUp("nothing speaks for the mail's sender"));
    }
    let headers = &message.mail.common_headers;
    let Some(sender) = sender(&headers.from) else {
        return Ok(Disposition::GiveUp("the mail has not one sender who can be written to"));
    };
    let recipient = message.receipt.recipients.first().map_or("", String::as_str);
    let asked = asked(recipient, &headers.subject);
    let counted = Counted::by_address(COUNTED, &sender, app.clock.now());
    let is_answered = app.counts.get(&counted).await? < PER_ADDRESS;
    match asked.kind {
        Some(kind) => open(app, message, sender, kind, asked.language, is_answered).await?,
        None if is_answered => tell_how(app, message, sender).await?,
        None => return Ok(Disposition::GiveUp("the sender was told how to ask often enough today")),
    }
    if is_answered {
        // Last, so that a mail that comes again because something was out of order is not taken for another one.
        app.counts.add(&counted).await?;
    }
    Ok(Disposition::Done)
}

/// The name of the request that a mail becomes: the same one however often the mail's notification comes, and in the order of time like others.
fn name_of(mail: &InboundMail) -> PrivacyRequestId {
    let digest = Sha256::digest(&mail.message_id);
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(mail.timestamp.as_millisecond()).unwrap_or_default();
    PrivacyRequestId::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

async fn open(
    app: &App,
    message: &InboundMailMessage,
    sender: EmailAddress,
    kind: Kind,
    language: Option<Language>,
    is_answered: bool,
) -> Result<(), Unavailable> {
    let (id, now) = (name_of(&message.mail), app.clock.now());
    let mut request = SubjectRequestItem::new(NewRequest {
        id: id.clone(),
        kind,
        channel: Channel::Mail,
        // A mail does not say where somebody lives. The policies' dates are the shortest, and know no extension.
        regime: Regime::Policies,
        language: language.unwrap_or_else(|| language_of(message)),
        // The law's time runs since it came in, however long it waited here.
        received_at: message.mail.timestamp.min(now),
        taken_at: now,
        email: sender,
        corrections: Vec::new(),
        partner: None,
    });
    if !is_answered {
        request = request.unanswered();
    }
    let secrets = app.secrets.of(&id).await?;
    // Nobody sees a page here, so there are no digits to be shown: whoever reads the mailbox goes on from the link.
    let proof = VerificationItem::new(&id, &secrets, None, request.link(), now);
    // Where it is there already, its notification came twice, and may have been left before the next line.
    app.requests.open(&request, Some(&proof), Vec::new()).await?;
    app.to_settle.send(&RequestMessage { request: id }).await
}

async fn tell_how(app: &App, message: &InboundMailMessage, sender: EmailAddress) -> Result<(), Unavailable> {
    let id = MailMessage::id_about(&format!("how to ask\n{}", message.mail.message_id));
    let link = Some(format!("{}/privacy", app.public_url));
    app.mails.send(&MailMessage { link, ..MailMessage::plain(id, MailKind::HowToAsk, sender) }).await
}

/// By the header of RFC 3282; English where there is none.
fn language_of(message: &InboundMailMessage) -> Language {
    let french = message.header("content-language").is_some_and(|tag| tag.to_ascii_lowercase().starts_with("fr"));
    if french { Language::Fr } else { Language::En }
}
