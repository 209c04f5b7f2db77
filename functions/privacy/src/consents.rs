//! The link by which somebody confirms what was ticked on a form under their address (R009): nothing counts before.

use cloud::{
    dynamo::{
        Unavailable,
        accounts::AccountItem,
        consents::{Circumstances, ContactItem},
        forms::WaitingConsentItem,
        key,
        transaction::{self, Part, TransactionError},
    },
    http::{Answer, Call, Code, Problem, link},
};
use domain::{
    account::Consents,
    consent::{Change, Form, Purpose, Source, Standing, Subject, gpc_is_on},
    id::{ConsentId, ContactId},
};
use http::StatusCode;

use crate::{
    App,
    centre::{is_page_wanted, letters},
    requests::language,
};

/// What is told about a link, and what it did.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Confirmation {
    /// `pending` before the button is pressed, `confirmed` after.
    status: &'static str,
    detail: &'static str,
}

/// `GET /privacy/consents/confirm`: asks nobody and changes nothing.
pub(crate) fn show(call: &Call) -> Result<Answer, Problem> {
    let token = link::followed(call).ok_or(Code::LinkExpired)?;
    if is_page_wanted(call) {
        return Ok(letters::agree(language::of(call), &token).answer());
    }
    let body = Confirmation { status: "pending", detail: "POST the token here to agree to be written to." };
    Ok(Answer::json(StatusCode::OK, &body))
}

/// `POST /privacy/consents/confirm`
pub(crate) async fn confirm(app: &App, call: &Call) -> Result<Answer, Problem> {
    let token = link::posted(call)?;
    let waiting = app.forms.waiting(&token).await.map_err(unavailable)?.ok_or(Code::LinkExpired)?;
    let mut parts = vec![app.forms.consuming(&token)];
    parts.extend(agreeing(app, call, &waiting).await.map_err(unavailable)?);
    transaction::write(&app.tables, parts).await.map_err(|error| match error {
        TransactionError::Condition(0) => Code::LinkExpired.into(),
        // The link still works.
        TransactionError::Condition(_) => {
            Problem::new(Code::Conflict).detail("something was changed meanwhile; try again")
        }
        TransactionError::Unavailable(_) => Problem::unavailable(),
    })?;
    if is_page_wanted(call) {
        return Ok(letters::agreed(language::of(call)).answer());
    }
    let detail = "You are written to about what you ticked. Every letter has a link that ends them.";
    Ok(Answer::json(StatusCode::OK, &Confirmation { status: "confirmed", detail }))
}

/// The writes that note what was agreed to: with the account of the address where it has one, else with its contact, which is made where there is
/// none.
async fn agreeing(app: &App, call: &Call, waiting: &WaitingConsentItem) -> Result<Vec<Part>, Unavailable> {
    let now = app.clock.now();
    let how = Circumstances {
        at: now,
        form: Form::WebForm,
        source: Source::MailedLink,
        policy_version: Some(waiting.policy_version.clone()),
        language: waiting.language,
    };
    let opts_out = waiting.opted_out_of_sale || asks_not_to_sell(call);
    let ledger = |subject: &Subject, changes: &[Change]| -> Vec<Part> {
        let add =
            |change: &Change| app.consents.adding(subject, ConsentId::from_uuid(app.clock.new_id()), *change, &how);
        changes.iter().map(add).collect()
    };
    let (write, subject, changes) = if let Some(account) = app.accounts.of_address(&waiting.email).await? {
        let (standing, changes) = added(account.standing(), waiting.consents, opts_out);
        let read_at = account.updated_at;
        let changed = AccountItem { updated_at: now, ..account.with(standing) };
        (vec![app.accounts.changing(&changed, read_at)], Subject::Account(changed.id), changes)
    } else if let Some(contact) = app.consents.contact_of(&waiting.email).await? {
        let (standing, changes) = added(contact.standing(), waiting.consents, opts_out);
        (vec![app.consents.standing(&contact, standing, now)], Subject::Contact(contact.id), changes)
    } else {
        let (standing, changes) = added(Standing::default(), waiting.consents, opts_out);
        let id = ContactId::from_uuid(app.clock.new_id());
        let contact = ContactItem {
            pk: key::contact(&id),
            sk: key::CONTACT.to_owned(),
            v: 1,
            id: id.clone(),
            name: waiting.name.clone(),
            email: waiting.email.clone(),
            consents: standing.consents,
            unsubscribed_from_marketing: standing.unsubscribed_from_marketing,
            opted_out_of_sale: standing.opted_out_of_sale,
            created_at: now,
            updated_at: now,
        };
        (app.consents.creating(&contact).into(), Subject::Contact(id), changes)
    };
    Ok(write.into_iter().chain(ledger(&subject, &changes)).collect())
}

/// A standing with these consents added, and the changes that lead there. A box that was left empty takes nothing back.
fn added(standing: Standing, ticked: Consents, opts_out: bool) -> (Standing, Vec<Change>) {
    let mut wished = standing.consents;
    Purpose::ALL.into_iter().filter(|purpose| ticked.get(*purpose)).for_each(|purpose| wished.set(purpose, true));
    let mut changes = standing.towards(wished);
    changes.extend((opts_out && !standing.opted_out_of_sale).then_some(Change::Gpc));
    (changes.iter().fold(standing, |standing, change| standing.after(*change)), changes)
}

/// Whether the call's browser asks that nothing be sold or shared.
pub(crate) fn asks_not_to_sell(call: &Call) -> bool {
    gpc_is_on(call.headers.get_all("sec-gpc").iter().filter_map(|value| value.to_str().ok()))
}

/// "Could not check" is 503 (invariant 6).
pub(crate) fn unavailable(_: Unavailable) -> Problem {
    Problem::unavailable()
}
