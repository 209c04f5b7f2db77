//! Erasing a person with an account: what lets somebody in first, the account itself last (`privacy.md` D.5; R038, R056).
//!
//! The same room closes accounts here and at their owner's call (`cloud::closing`). What was found stands in the rows before it is erased, because
//! then it cannot be counted any more.
//!
//! What a legal hold keeps is asked anew at each place (`privacy.md` E): it stays, and nothing of it works any more; the receipt names it with its law.

use std::time::Duration;

use cloud::{
    closing::{By, ClosingError, Manner},
    dynamo::{
        Unavailable,
        accounts::{AccountItem, ApplicationItem},
        consents::{ConsentItem, ContactItem},
        holds::{Held, HoldItem},
        keys::ShownKeyItem,
        runs::Kept,
        stores::StoreItem,
        tombstones::Erased,
        transaction::{self, TransactionError},
    },
    mailer::MailKind,
};
use domain::{
    account::EmailAddress,
    consent::Subject,
    id::{AccountId, PrivacyRequestId, RequestId},
    request::Ground,
};
use personal_data::{PersonalData, Retention};

use crate::{
    App, correct, plan,
    run::{Progress, Running, WORTHWHILE},
};

/// How long the off-boarding of stores is left to itself before it is looked for again. It takes seconds for most.
const OFFBOARDING: Duration = Duration::from_secs(60);
/// That what is still there was counted.
const COUNTED: &str = "counted";

/// Erases place by place.
pub(crate) async fn erase(running: &mut Running<'_>) -> Result<Progress, Unavailable> {
    let Some(account) = running.account.clone() else {
        return nothing_there(running);
    };
    let who = Who { account, email: running.request.email.clone() };
    let app = running.app;
    for number in 0..running.places.len() {
        let row = &running.places[number];
        if row.done_at.is_some() {
            continue;
        }
        if running.budget.left() < WORTHWHILE {
            return Ok(Progress::More);
        }
        let name = row.place.clone();
        let held = app.closing.holds.of(&who.account, app.clock.now()).await?;
        if row.cursor.is_none() {
            // All of it, what is held too.
            let found = find(app, &who, &name, &Held::default()).await?;
            let row = &mut running.places[number];
            row.found += found;
            row.cursor = Some(COUNTED.to_owned());
            running.save(number).await?;
        }
        match act(running, &who, &name, &held).await {
            Ok(()) => {}
            Err(ClosingError::Unfinished) => return Ok(Progress::More),
            Err(ClosingError::Changed(_)) => return Ok(Progress::Later(WORTHWHILE, "something was added meanwhile")),
            // Set since the holds were read: they are read again.
            Err(ClosingError::Held) => return Ok(Progress::Later(WORTHWHILE, "a hold was set meanwhile")),
            Err(ClosingError::Unavailable(unavailable)) => return Err(unavailable),
        }
        if find(app, &who, &name, &held).await? > 0 {
            return Ok(Progress::Later(OFFBOARDING, "what was begun is being finished"));
        }
        let (stays, mut kept) = under_hold(app, &who.account, &name, &held).await?;
        for hold in held.iter().filter(|hold| kept.iter().any(|kept| is_of(kept, hold))) {
            note(app, hold, &running.request.id).await?;
        }
        kept.extend(ends_by_itself(&name));
        let row = &mut running.places[number];
        row.acted = row.found.saturating_sub(stays);
        row.kept = kept;
        row.cursor = None;
        row.done_at = Some(app.clock.now());
        running.save(number).await?;
    }
    Ok(Progress::Done)
}

/// Whose data it is: what was resolved when the request was proven, so that nothing depends on rows that are gone already.
pub(crate) struct Who {
    pub(crate) account: AccountId,
    pub(crate) email: Option<EmailAddress>,
}

/// A person without an account has nothing here.
pub(crate) fn nothing_there(running: &mut Running<'_>) -> Result<Progress, Unavailable> {
    let now = running.app.clock.now();
    for row in &mut running.places {
        row.done_at = row.done_at.or(Some(now));
    }
    Ok(Progress::Done)
}

/// How much of a place stays under holds, and what is told of that.
async fn under_hold(app: &App, account: &AccountId, place: &str, held: &Held) -> Result<(u64, Vec<Kept>), Unavailable> {
    let told = |what: &str, hold: &HoldItem| Kept {
        what: what.to_owned(),
        ground: hold.reason.ground(),
        law: Some(hold.law.clone()),
        until: hold.until.to_string(),
    };
    let (mut stays, mut kept) = (0, Vec::new());
    match place {
        "account" if app.accounts.get(account).await?.is_some() => {
            kept.extend(held.account().map(|hold| told(AccountItem::RECORD.name, hold)));
            stays += u64::from(!kept.is_empty());
        }
        "applications" if !held.is_empty() => {
            for application in app.accounts.all_applications(account).await? {
                let before = kept.len();
                kept.extend(held.application(&application.id).map(|hold| told(ApplicationItem::RECORD.name, hold)));
                stays += u64::from(kept.len() > before);
            }
            // Several of them under one hold are told once.
            kept.dedup();
        }
        _ => {}
    }
    Ok((stays, kept))
}

fn is_of(kept: &Kept, hold: &HoldItem) -> bool {
    kept.law.as_ref() == Some(&hold.law) && kept.until == hold.until.to_string()
}

/// Notes with a hold that something was left because of it, so that its end is followed by an erasure.
async fn note(app: &App, hold: &HoldItem, request: &PrivacyRequestId) -> Result<(), Unavailable> {
    if hold.kept_from.as_ref() == Some(request) {
        return Ok(());
    }
    let noted = HoldItem { kept_from: Some(request.clone()), ..hold.clone() };
    // Somebody has decided about it meanwhile: the place is done again, with what holds then.
    if app.closing.holds.change(&noted).await? { Ok(()) } else { Err(Unavailable) }
}

/// What stays of a person whatever is erased, told with the last place.
fn ends_by_itself(place: &str) -> Vec<Kept> {
    if place != "account" {
        return Vec::new();
    }
    let record = |excepted: &plan::Excepted| {
        let retention = excepted.record.personal().map(|(_, personal)| personal.retain.name()).next();
        Kept {
            what: excepted.record.name.to_owned(),
            ground: excepted.ground,
            law: None,
            until: retention.unwrap_or_default().to_owned(),
        }
    };
    let proof = Kept {
        what: ConsentItem::RECORD.name.to_owned(),
        ground: Ground::LegalClaims,
        law: None,
        until: Retention::Consent.name().to_owned(),
    };
    plan::EXCEPTED.iter().map(record).chain([proof]).collect()
}

/// How much of a person is in a place that no hold keeps there.
pub(crate) async fn find(app: &App, who: &Who, place: &str, held: &Held) -> Result<u64, Unavailable> {
    let account = &who.account;
    let found = match place {
        "keys" => keys(app, account).await?.iter().filter(|key| key.is_live() || key.name.is_some()).count(),
        "stores" => app.accounts.all_stores(account).await?.len(),
        "applications" => {
            let applications = app.accounts.all_applications(account).await?;
            let mut found = applications.iter().filter(|one| held.application(&one.id).next().is_none()).count();
            for application in &applications {
                found += app.subscriptions.all(&application.id).await?.len();
            }
            found
        }
        "contact" => usize::from(contact(app, who).await?.is_some()),
        "account" => match app.accounts.get(account).await? {
            Some(item) => usize::from(held.account().next().is_none() || item.closing_since.is_none()),
            None => 0,
        },
        _ => 0,
    };
    Ok(u64::try_from(found).unwrap_or(u64::MAX))
}

/// The contact that has the person's address.
pub(crate) async fn contact(app: &App, who: &Who) -> Result<Option<ContactItem>, Unavailable> {
    match &who.email {
        Some(email) => app.consents.contact_of(email).await,
        None => Ok(None),
    }
}

/// The keys of an account and of its applications.
async fn keys(app: &App, account: &AccountId) -> Result<Vec<ShownKeyItem>, Unavailable> {
    let mut keys = app.keys.all_of_account(account).await?;
    for application in app.accounts.all_applications(account).await? {
        keys.extend(app.keys.all_of_application(&application.id).await?);
    }
    Ok(keys)
}

async fn act(running: &Running<'_>, who: &Who, place: &str, held: &Held) -> Result<(), ClosingError> {
    let account = &who.account;
    let Running { app, budget, .. } = *running;
    let enough = || if budget.left() > WORTHWHILE { Ok(()) } else { Err(ClosingError::Unfinished) };
    let run = RequestId::from_uuid(app.clock.new_id());
    let by = By::new(&app.journal, &run, None);
    // No store is told: who is erased may not be spoken of to anybody.
    let farewell = async |_: &StoreItem| {};
    match place {
        "keys" => {
            for key in keys(app, account).await? {
                enough()?;
                silence(app, &key).await?;
            }
        }
        "stores" => {
            for store in app.accounts.all_stores(account).await? {
                enough()?;
                app.closing.store(&by, account, &store, farewell).await?;
            }
        }
        "applications" => {
            for application in app.accounts.all_applications(account).await? {
                enough()?;
                app.closing.application(&by, account, &application.id, Some(held)).await?;
            }
        }
        "contact" => {
            if let Some(contact) = contact(app, who).await? {
                // The ledger of somebody whom nobody knows any more has an end from here on.
                app.consents.ending(&Subject::Contact(contact.id.clone()), app.clock.now()).await?;
                let mut parts: Vec<_> = app.consents.erasing(&contact).into();
                parts.push(app.closing.tombstones.remembering(Erased::Contact(&contact.id), app.clock.now()));
                transaction::write(&app.tables, parts).await.map_err(|_| Unavailable)?;
            }
        }
        "account" => {
            if let Some(item) = app.accounts.get(account).await? {
                if held.account().next().is_some() {
                    correct::end_marketing(app, &item).await?;
                    return Ok(app.closing.set_aside(&item).await?);
                }
                let manner = Manner { mail: MailKind::AccountErased, last_key: None, budget, held: Some(held) };
                app.closing.account(&by, &item, manner, farewell).await?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Revokes a key, and forgets what it was called.
async fn silence(app: &App, key: &ShownKeyItem) -> Result<(), Unavailable> {
    if key.is_live() {
        app.closing.revoke(key).await?;
    }
    if key.name.is_some() {
        match transaction::write(&app.tables, vec![app.keys.unnaming(key)]).await {
            // It has expired meanwhile.
            Ok(()) | Err(TransactionError::Condition(_)) => {}
            Err(TransactionError::Unavailable(unavailable)) => return Err(unavailable),
        }
    }
    Ok(())
}
