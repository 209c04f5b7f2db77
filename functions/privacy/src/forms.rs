//! Forms of the web site: what is sent is kept for its time, acknowledged at once, and read by the operator (R004, R020, R085, R162).
//!
//! The answer says the same for every address. Nothing that was typed is mailed to anybody: not to the address, which may be a stranger's, and not
//! to the operator, whose mailbox knows no retention. Boxes that were ticked count when a mailed link is followed.
//!
//! A form comes from its page or as JSON. No cookie, no key and nothing else that a browser sends by itself is looked at, so another site that has
//! a browser send one does so in nobody's name; and one that is sent twice is two, within the limits of its source and of its address.

use cloud::{
    dynamo::{
        breaches::BreachItem,
        forms::{FormItem, Place, WaitingConsentItem},
        key,
        sign_ups::LinkToken,
        transaction,
    },
    http::{Answer, Call, Code, FieldError, Problem, call},
    journal::{Concerning, SecurityEvent},
    mailer::{FormFacts, MailKind, MailMessage},
};
use domain::{
    account::{Consents, EmailAddress, Line, Message, Phone},
    card,
    consent::Purpose,
    form::Kind,
    id::{MessageId, SubmissionId},
    policy::{self, PRIVACY, Version},
    request::Language,
};
use http::StatusCode;
use serde_json::{Map, Value};

use crate::{
    App,
    centre::{is_page_wanted, web_forms},
    consents,
    requests::language,
};

/// Bytes of a body: a message of the longest characters, each of their bytes written with three, and the rest.
const LIMIT: usize = 80_000;
/// Characters of a policy's version.
const VERSION_LIMIT: usize = 64;
/// The box of a page that says that nobody says who they are.
pub(crate) const ANONYMOUS: &str = "anonymous";
/// What a ticked box of a page sends.
pub(crate) const TICKED: &str = "yes";

/// What a form takes: these fields and no others (R004).
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "FormSubmission"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Submission {
    /// Without it the name and the address must be there.
    #[serde(default)]
    anonymous: bool,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Line>"))]
    name: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<EmailAddress>"))]
    email: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Phone>"))]
    phone: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Line>"))]
    company: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Message>"))]
    message: Option<String>,
    /// What to be written to about; a link is mailed, and nothing counts before it is followed.
    #[serde(default)]
    consents: Consents,
    /// The version of the privacy policy that the form shows.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64), regex(pattern = "^[!-~]+$")))]
    policy_version: String,
}

/// What came of it.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "FormReceived"))]
pub(crate) struct Received {
    id: SubmissionId,
    status: &'static str,
    /// After so many days at the latest it is deleted.
    kept_days: u16,
}

/// Who sends a form, checked.
struct Sender {
    name: Line,
    email: EmailAddress,
    phone: Option<Phone>,
    company: Option<Line>,
    consents: Consents,
}

/// `GET /forms/{kind}`
pub(crate) fn show(call: &Call, kind: &str) -> Result<Answer, Problem> {
    let kind: Kind = kind.parse().map_err(|_| Code::NotFound)?;
    Ok(web_forms::empty(language::of(call), kind, policy(call)?).answer())
}

/// The version of the privacy policy that holds: a page is nothing without it.
fn policy(call: &Call) -> Result<&'static Version, Problem> {
    policy::named(PRIVACY).and_then(|policy| policy.in_effect(call.received)).ok_or_else(Problem::unavailable)
}

/// `POST /forms/{kind}`
pub(crate) async fn take(app: &App, call: &Call, kind: &str) -> Result<Answer, Problem> {
    let kind: Kind = kind.parse().map_err(|_| Code::NotFound)?;
    if call.body.len() > LIMIT {
        return Err(Problem::new(Code::BodyTooLarge).detail(format!("at most {LIMIT} bytes")));
    }
    if let Some(seconds) = app.sign_ups.too_many_from(call.source).await.map_err(consents::unavailable)? {
        return Err(Problem::new(Code::RateLimited).retry_after(seconds));
    }
    let (sender, message, policy_version) = match read_body(call).and_then(|form| check(kind, form)) {
        Err(problem) if call.is_form() && is_page_wanted(call) && problem.code == Code::ValidationFailed => {
            let typed = url::form_urlencoded::parse(&call.body).into_owned().collect();
            return Ok(web_forms::again(language::of(call), kind, policy(call)?, typed, &problem).answer());
        }
        checked => checked?,
    };
    let is_named = sender.is_some();
    let Place { id, received_at, expires_at } = app.forms.place(kind, sender.is_none());
    // Whoever suspects a leak starts its clock (R020).
    let case = (kind == Kind::Leak).then(|| BreachItem::reported(&id, received_at));
    let item = FormItem {
        pk: key::form(kind),
        sk: key::sent(&id),
        v: 1,
        id: id.clone(),
        kind,
        received_at,
        policy_version: policy_version.clone(),
        name: sender.as_ref().map(|sender| sender.name.clone()),
        email: sender.as_ref().map(|sender| sender.email.clone()),
        phone: sender.as_ref().and_then(|sender| sender.phone.clone()),
        company: sender.as_ref().and_then(|sender| sender.company.clone()),
        message,
        contacted_at: None,
        contacted_by: None,
        closed_at: None,
        closed_by: None,
        outcome: None,
        breach: case.as_ref().map(|case| case.id.clone()),
        expires_at,
    };
    let mut parts: Vec<_> = app.forms.keeping(&item).into();
    parts.extend(case.as_ref().map(|case| app.breaches.adding(case)));
    transaction::write(&app.tables, parts).await.map_err(|_| Problem::unavailable())?;
    if kind == Kind::Leak {
        // A line has its caller's address; of somebody without a name it has none (R093).
        let source = call.source.filter(|_| sender.is_some());
        app.journal.security(&call.id, 0, source, SecurityEvent::LeakReported, Concerning::default());
    }
    tell(app, &id, kind, &app.mailbox, MailKind::FormForOperator).await?;
    if let Some(sender) = sender
        && !app.sign_ups.too_many_to(&sender.email).await.map_err(consents::unavailable)?
    {
        tell(app, &id, kind, &sender.email, MailKind::FormReceived).await?;
        if sender.consents != Consents::default() {
            mail_link(app, call, sender, policy_version).await?;
        }
    }
    if is_page_wanted(call) {
        return Ok(web_forms::received(language::of(call), kind, &id, is_named).answer());
    }
    let body = Received { id, status: "received", kept_days: kind.kept_days() };
    Ok(Answer::json(StatusCode::ACCEPTED, &body))
}

/// Reads a form, of whichever of the two kinds. A field of a page that is left empty was not given.
fn read_body(call: &Call) -> Result<Submission, Problem> {
    if !call.is_form() {
        return call.json();
    }
    let mut fields = Map::new();
    let mut consents = Map::new();
    for (name, value) in url::form_urlencoded::parse(&call.body) {
        if value.trim().is_empty() {
            continue;
        }
        let purpose = Purpose::ALL.into_iter().find(|purpose| box_of(*purpose) == name);
        // What a box cannot send stays a text, which no box takes.
        let is_box = purpose.is_some() || name == ANONYMOUS;
        let value = if is_box && value == TICKED { Value::Bool(true) } else { value.as_ref().into() };
        let before = match purpose {
            Some(purpose) => consents.insert(purpose.as_str().to_owned(), value),
            None => fields.insert(name.to_string(), value),
        };
        if before.is_some() {
            return Err(Problem::field(format!("/{name}"), "the field stands twice"));
        }
    }
    if fields.insert("consents".to_owned(), consents.into()).is_some() {
        return Err(Problem::field("/consents", "each box has its own field"));
    }
    call::read_json(Value::from(fields).to_string().as_bytes())
}

/// The name of the box beside a purpose's words, on a page.
pub(crate) const fn box_of(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Followup => "consent-followup",
        Purpose::Offers => "consent-offers",
        Purpose::Functionality => "consent-functionality",
        Purpose::UpdatesPromos => "consent-updates-promos",
        Purpose::Monthly => "consent-monthly",
    }
}

async fn tell(app: &App, id: &SubmissionId, form: Kind, to: &EmailAddress, kind: MailKind) -> Result<(), Problem> {
    let mail = MailMessage {
        form: Some(FormFacts { id: id.clone(), form }),
        ..MailMessage::plain(MessageId::from_uuid(app.clock.new_id()), kind, to.clone())
    };
    app.mails.send(&mail).await.map_err(consents::unavailable)
}

/// Double opt-in: what was ticked waits for whoever reads the address's mail.
async fn mail_link(app: &App, call: &Call, sender: Sender, policy_version: String) -> Result<(), Problem> {
    let token = LinkToken::mint();
    let (pk, sk, expires_at) = app.forms.waiting_place(&token);
    let waiting = WaitingConsentItem {
        pk,
        sk,
        v: 1,
        name: sender.name,
        email: sender.email.clone(),
        consents: sender.consents,
        opted_out_of_sale: consents::asks_not_to_sell(call),
        policy_version,
        // Whoever sends JSON has shown the words of the documentation.
        language: if call.is_form() { language::of(call) } else { Language::En },
        expires_at,
    };
    app.forms.keep_waiting(&waiting).await.map_err(consents::unavailable)?;
    let mail = MailMessage {
        link: Some(format!("{}/privacy/consents/confirm?token={}", app.public_url, token.reveal())),
        ..MailMessage::plain(MessageId::from_uuid(app.clock.new_id()), MailKind::ConsentLink, sender.email)
    };
    app.mails.send(&mail).await.map_err(consents::unavailable)
}

fn check(kind: Kind, form: Submission) -> Result<(Option<Sender>, Option<Message>, String), Problem> {
    let Submission { anonymous, name, email, phone, company, message, consents, policy_version } = form;
    let mut errors = Vec::new();
    if policy_version.is_empty()
        || policy_version.len() > VERSION_LIMIT
        || !policy_version.bytes().all(|byte| byte.is_ascii_graphic())
    {
        errors.push(FieldError::new("/policy_version", "the version of the privacy policy that the form shows"));
    }
    // Not an address: a relay makes them up, of digits too.
    for (pointer, text) in [("/name", &name), ("/company", &company), ("/message", &message)] {
        if text.as_deref().is_some_and(card::holds_number) {
            errors.push(FieldError::new(pointer, card::REFUSED));
        }
    }
    let given = [
        ("/name", name.is_some()),
        ("/email", email.is_some()),
        ("/phone", phone.is_some()),
        ("/company", company.is_some()),
    ];
    let message = read::<Message>(&mut errors, "/message", message, kind.needs_message());
    if anonymous {
        if !kind.may_be_anonymous() {
            errors.push(FieldError::new("/anonymous", "this form cannot be answered without a name"));
        }
        let personal = given.into_iter().filter(|(_, is_given)| *is_given).map(|(pointer, _)| pointer);
        let ticked = (consents != Consents::default()).then_some("/consents");
        errors.extend(personal.chain(ticked).map(|pointer| FieldError::new(pointer, "says who you are; leave it out")));
        return if errors.is_empty() { Ok((None, message, policy_version)) } else { Err(Problem::fields(errors)) };
    }
    let name = read::<Line>(&mut errors, "/name", name, true);
    let email = read::<EmailAddress>(&mut errors, "/email", email, true);
    let phone = read::<Phone>(&mut errors, "/phone", phone, false);
    let company = read::<Line>(&mut errors, "/company", company, false);
    match (name, email) {
        (Some(name), Some(email)) if errors.is_empty() => {
            Ok((Some(Sender { name, email, phone, company, consents }), message, policy_version))
        }
        _ => Err(Problem::fields(errors)),
    }
}

/// Reads a field that may be absent, or notes what is wrong with it.
fn read<T>(errors: &mut Vec<FieldError>, pointer: &'static str, text: Option<String>, is_needed: bool) -> Option<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let Some(text) = text else {
        if is_needed {
            errors.push(FieldError::new(pointer, "the field is required"));
        }
        return None;
    };
    text.parse().map_err(|error: T::Err| errors.push(FieldError::new(pointer, error.to_string()))).ok()
}
