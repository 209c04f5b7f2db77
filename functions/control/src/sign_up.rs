//! Sign-up: a form, a mailed link, a button, a key.
//!
//! The answer to the form is the same whether or not the address has an account, and so is all that is done for it: nobody learns from us
//! who our customers are. Following the link with GET changes nothing, because mail scanners follow links too; the button's POST makes the
//! account, once.

use cloud::{
    dynamo::{
        accounts::{AccountItem, VersionOf},
        consents::Circumstances,
        key,
        keys::{Holder, KeyOrder, ShownKeyItem},
        sign_ups::{LinkToken, SignUpItem},
        transaction::{self, Part, TransactionError},
    },
    http::{Answer, Call, Code, FieldError, Problem, html, link},
    journal::{Concerning, SecurityEvent},
    mailer::{MailKind, MailMessage},
};
use domain::{
    account::{Consents, EmailAddress, Line, Phone, Website},
    card,
    consent::{Change, Source, Standing},
    id::{AccountId, MessageId},
    key::NewKey,
    policy::{PRIVACY, Policy, among},
    request::Language,
    role::Role,
    tier::Tier,
};
use http::StatusCode;
use jiff::Timestamp;

use crate::{App, account, consents, keys::ShownKey, serving::unavailable};

/// The form (R001): these fields and no others.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SignUp"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    #[cfg_attr(feature = "schema", schemars(with = "Line"))]
    name: String,
    #[cfg_attr(feature = "schema", schemars(with = "EmailAddress"))]
    email: String,
    #[cfg_attr(feature = "schema", schemars(with = "Phone"))]
    phone: String,
    #[cfg_attr(feature = "schema", schemars(with = "Line"))]
    company: String,
    #[cfg_attr(feature = "schema", schemars(with = "Website"))]
    website: String,
    /// Must be true.
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    adult: bool,
    #[serde(default)]
    consents: Consents,
    /// The version of the privacy policy that was accepted.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64), regex(pattern = "^[!-~]+$")))]
    policy_version: String,
}

struct Filled {
    name: Line,
    email: EmailAddress,
    phone: Phone,
    company: Line,
    website: Website,
    consents: Consents,
    opted_out_of_sale: bool,
    policy_version: String,
}

/// `POST /v1/accounts`
pub(crate) async fn take(app: &App, call: &Call) -> Result<Answer, Problem> {
    let filled = Filled {
        opted_out_of_sale: consents::asks_not_to_sell(call),
        ..check(call.json()?, app.policies, call.received)?
    };
    if let Some(seconds) = app.sign_ups.too_many_from(call.source).await.map_err(unavailable)? {
        return Err(Problem::new(Code::RateLimited).retry_after(seconds));
    }
    if !app.sign_ups.too_many_to(&filled.email).await.map_err(unavailable)? {
        mail_link(app, filled).await?;
    }
    let body =
        Pending { status: "pending", detail: "A link is on its way to the address. It works once and for 24 hours." };
    Ok(Answer::json(StatusCode::ACCEPTED, &body))
}

/// A sign-up that waits for something.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SignUpPending"))]
pub(crate) struct Pending {
    pub(crate) status: &'static str,
    pub(crate) detail: &'static str,
}

async fn mail_link(app: &App, filled: Filled) -> Result<(), Problem> {
    let token = LinkToken::mint();
    let (pk, sk, expires_at) = app.sign_ups.place(&token);
    let Filled { name, email, phone, company, website, consents, opted_out_of_sale, policy_version } = filled;
    let to = email.clone();
    let item = SignUpItem {
        pk,
        sk,
        v: 1,
        name,
        email,
        phone,
        company,
        website,
        consents,
        opted_out_of_sale,
        policy_version,
        expires_at,
    };
    app.sign_ups.keep(&item).await.map_err(unavailable)?;
    let id = MessageId::from_uuid(app.clock.new_id());
    let mail = MailMessage {
        link: Some(format!("{}/v1/accounts/confirm?token={}", app.public_url, token.reveal())),
        ..MailMessage::plain(id, MailKind::SignUpLink, to)
    };
    app.mails.send(&mail).await.map_err(unavailable)
}

fn check(form: Form, policies: &[Policy], now: Timestamp) -> Result<Filled, Problem> {
    let mut errors = Vec::new();
    let name = read(&mut errors, "/name", &form.name);
    let email = read(&mut errors, "/email", &form.email);
    let phone = read(&mut errors, "/phone", &form.phone);
    let company = read(&mut errors, "/company", &form.company);
    let website = read(&mut errors, "/website", &form.website);
    let texts = [("/name", &form.name), ("/company", &form.company), ("/website", &form.website)];
    refuse_cards(&mut errors, texts.into_iter().map(|(pointer, text)| (pointer, text.as_str())));
    if !form.adult {
        errors.push(FieldError::new("/adult", "only adults may sign up"));
    }
    let version = form.policy_version;
    // Who agrees to a text must be able to read it again, and the one that holds (R041).
    if !among(policies, PRIVACY).is_some_and(|policy| policy.can_be_accepted(&version, now)) {
        errors.push(FieldError::new(
            "/policy_version",
            "a version of the privacy policy that holds; `GET /policies` lists them",
        ));
    }
    match (name, email, phone, company, website) {
        (Some(name), Some(email), Some(phone), Some(company), Some(website)) if errors.is_empty() => {
            let consents = form.consents;
            Ok(Filled {
                name,
                email,
                phone,
                company,
                website,
                consents,
                opted_out_of_sale: false,
                policy_version: version,
            })
        }
        _ => Err(Problem::fields(errors)),
    }
}

/// Notes the texts that hold what can be a card's number (R002). Telephone numbers are no texts: their own rule takes 15 digits at most. Nor are
/// addresses: those that a relay makes up have runs of digits, and one in some thousands has a good check digit.
pub(crate) fn refuse_cards<'a>(errors: &mut Vec<FieldError>, texts: impl Iterator<Item = (&'static str, &'a str)>) {
    let holding = texts.filter(|(_, text)| card::holds_number(text));
    errors.extend(holding.map(|(pointer, _)| FieldError::new(pointer, card::REFUSED)));
}

/// Reads one field, or notes what is wrong with it.
pub(crate) fn read<T>(errors: &mut Vec<FieldError>, pointer: &str, text: &str) -> Option<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| errors.push(FieldError::new(pointer, error.to_string()))).ok()
}

/// `GET /v1/accounts/confirm`: asks nobody and changes nothing.
pub(crate) fn show_link(call: &Call) -> Result<Answer, Problem> {
    let token = link::followed(call).ok_or(Code::LinkExpired)?;
    if !html::is_wanted(call) {
        let body = Pending { status: "pending", detail: "POST the token here to confirm the sign-up." };
        return Ok(Answer::json(StatusCode::OK, &body));
    }
    // The token's alphabet needs no escaping, and nothing else of the call is repeated.
    Ok(html::page(
        StatusCode::OK,
        "Confirm your sign-up",
        &format!(
            "<p>Press the button to confirm your sign-up. The next page shows your management key, once: have a place ready to keep it.</p>\
             <form method=\"post\" action=\"confirm\"><input type=\"hidden\" name=\"token\" value=\"{}\"><button>Confirm</button></form>",
            token.reveal()
        ),
    ))
}

/// `POST /v1/accounts/confirm`: makes the account and shows its owner's key, once.
pub(crate) async fn follow_link(app: &App, call: &Call) -> Result<Answer, Problem> {
    let token = link::posted(call)?;
    let waiting = app.sign_ups.find(&token).await.map_err(unavailable)?.ok_or(Code::LinkExpired)?;
    let now = app.clock.now();
    let id = AccountId::from_uuid(app.clock.new_id());
    let made = AccountItem {
        pk: key::account(&id),
        sk: key::ACCOUNT.to_owned(),
        v: 1,
        id: id.clone(),
        name: waiting.name,
        email: waiting.email,
        phone: waiting.phone,
        company: waiting.company,
        website: waiting.website,
        consents: waiting.consents,
        unsubscribed_from_marketing: false,
        opted_out_of_sale: waiting.opted_out_of_sale,
        policy_version: waiting.policy_version,
        created_at: now,
        updated_at: now,
        applications: 0,
        stores: 0,
        active_on: None,
        idle_told_on: None,
        idle_told_again_on: None,
        closing_since: None,
    };
    let (new, shown, mut key_parts) = app.keys.creating(owners(&id));
    let mut parts = vec![app.sign_ups.consuming(&token)];
    parts.extend(app.accounts.creating(&made));
    parts.append(&mut key_parts);
    parts.extend(agreed(app, &made));
    // What was accepted stands apart from what was consented to (R041).
    let accepted = VersionOf { policy: PRIVACY, version: &made.policy_version };
    parts.push(app.accounts.agreeing_at_first(&id, accepted, &shown.id, now));
    match transaction::write(&app.tables, parts).await {
        Ok(()) => {}
        Err(TransactionError::Condition(0)) => return Err(Code::LinkExpired.into()),
        Err(TransactionError::Condition(2)) => return reopen(app, call, &token, &made.email).await,
        Err(_) => return Err(Problem::unavailable()),
    }
    for (number, event) in [SecurityEvent::AccountConfirmed, SecurityEvent::KeyCreated].into_iter().enumerate() {
        let concerning = Concerning { account: Some(id.clone()), key: Some(shown.id.clone()), ..Concerning::default() };
        app.journal.security(&call.id, u32::try_from(number).unwrap_or(0), call.source, event, concerning);
    }
    Ok(opened(call, &made, shown, &new))
}

/// The key of an account's owner.
fn owners(account: &AccountId) -> KeyOrder {
    let holder = Holder::Person(Role::Owner);
    KeyOrder { account: account.clone(), holder, name: None, tier: Tier::Professional, ends_at: None }
}

/// Makes another owner's key for the account that a confirmed address has already, where none is of any use any more: they have ended because
/// nobody rotated them in time (R118). Whoever follows the link reads the mailbox, and that is what the account's first key was given for.
async fn reopen(app: &App, call: &Call, token: &LinkToken, address: &EmailAddress) -> Result<Answer, Problem> {
    // Whoever follows the link may know that there is one.
    let taken = || Problem::new(Code::Conflict).detail("this address has an account already; use its management key");
    let account = app.accounts.of_address(address).await.map_err(unavailable)?.ok_or_else(taken)?;
    let keys = app.keys.all_of_account(&account.id).await.map_err(unavailable)?;
    let now = app.clock.now();
    if account.closing_since.is_some() || keys.iter().any(|key| key.role == Some(Role::Owner) && key.is_good(now)) {
        return Err(taken());
    }
    let (new, shown, key_parts) = app.keys.creating(owners(&account.id));
    let parts = [vec![app.sign_ups.consuming(token)], key_parts].concat();
    transaction::write(&app.tables, parts).await.map_err(|error| match error {
        TransactionError::Condition(0) => Code::LinkExpired.into(),
        TransactionError::Condition(_) | TransactionError::Unavailable(_) => Problem::unavailable(),
    })?;
    let concerning =
        Concerning { account: Some(account.id.clone()), key: Some(shown.id.clone()), ..Concerning::default() };
    app.journal.security(&call.id, 0, call.source, SecurityEvent::KeyCreated, concerning);
    Ok(opened(call, &account, shown, &new))
}

/// Shows the owner's key, once.
fn opened(call: &Call, account: &AccountItem, shown: ShownKeyItem, new: &NewKey) -> Answer {
    if html::is_wanted(call) {
        // A key's alphabet needs no escaping.
        let body = format!(
            "<p>Your account {} is ready. This is its owner's management key. It is shown this once; keep it where secrets are kept:</p>\
             <p><code>{}</code></p>",
            account.id,
            new.reveal()
        );
        return html::page(StatusCode::CREATED, "Your account is ready", &body);
    }
    let body = Confirmed { key: ShownKey::with_secret(shown, new), account: account::Shown::from(account) };
    Answer::json(StatusCode::CREATED, &body)
}

/// The writes that begin the account's ledger: what was ticked, confirmed by the mailed link, and what the browser said.
fn agreed(app: &App, made: &AccountItem) -> Vec<Part> {
    let mut changes = Standing::default().towards(made.consents);
    changes.extend(made.opted_out_of_sale.then_some(Change::Gpc));
    let how = Circumstances {
        at: made.created_at,
        form: domain::consent::Form::SignUp,
        source: Source::MailedLink,
        policy_version: Some(made.policy_version.clone()),
        language: Language::En,
    };
    consents::adding(app, made, &changes, &how)
}

/// The owner's key, like every key that is made, and the account it opens.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SignUpConfirmed"))]
pub(crate) struct Confirmed<'a> {
    #[serde(flatten)]
    key: ShownKey,
    account: account::Shown<'a>,
}
