//! Requests that change how a person stands: corrections, restriction, objections, opt-outs, withdrawal (R023, R055, R060, R101; `privacy.md` D.6).
//!
//! An account's data is used for three ends: what its holder's own calls ask for, what has to be told to run it, and marketing. The first is at the
//! person's own will and the second is no use of ours, so that restriction and objection end the third, as withdrawal does. Each change of it stands
//! in the ledger, with what it changed in the same write.

use cloud::dynamo::{
    Unavailable,
    accounts::AccountItem,
    consents::{Circumstances, ContactItem},
    requests::{CorrectedField, Correction, SubjectRequestItem},
    transaction::{self, Part, TransactionError},
};
use domain::{
    account::Consents,
    consent::{Change, Form, Source, Standing, Subject},
    id::ConsentId,
    request::{Kind, Language},
};
use jiff::Timestamp;

use crate::{
    App,
    run::{Progress, Running, WORTHWHILE},
};

/// Changes what stands in the account, or with the contact, as the request says. Done again, it changes nothing.
pub(crate) async fn correct(running: &mut Running<'_>) -> Result<Progress, Unavailable> {
    let (app, request) = (running.app, running.request);
    let now = app.clock.now();
    let (mut found, mut acted) = (0, 0);
    let account = match &running.account {
        Some(account) => app.accounts.get(account).await?,
        None => None,
    };
    if let Some(account) = account {
        found += 1;
        let (parts, changes) = of_account(app, request.kind, &request.corrections, &account, now);
        if !write(app, parts).await? {
            return Ok(CHANGED);
        }
        acted += changes;
    }
    let contact = match &request.email {
        Some(email) => app.consents.contact_of(email).await?,
        None => None,
    };
    if let Some(contact) = contact {
        found += 1;
        let (parts, changes) = of_contact(app, request, &contact, now);
        if !write(app, parts).await? {
            return Ok(CHANGED);
        }
        acted += changes;
    }
    for row in running.places.iter_mut().filter(|row| row.done_at.is_none()) {
        row.found = found;
        row.acted = row.acted.max(acted);
        row.done_at = Some(now);
    }
    Ok(Progress::Done)
}

/// Ends all marketing to an account that is kept for another reason only. Done again, it changes nothing.
pub(crate) async fn end_marketing(app: &App, account: &AccountItem) -> Result<(), Unavailable> {
    let (parts, _) = of_account(app, Kind::Objection, &[], account, app.clock.now());
    // Changed meanwhile: it is read again.
    if write(app, parts).await? { Ok(()) } else { Err(Unavailable) }
}

const CHANGED: Progress = Progress::Later(WORTHWHILE, "what is to be changed was changed meanwhile");

async fn write(app: &App, parts: Vec<Part>) -> Result<bool, Unavailable> {
    match transaction::write(&app.tables, parts).await {
        Ok(()) => Ok(true),
        Err(TransactionError::Condition(_)) => Ok(false),
        Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
    }
}

/// The writes that change an account, and how much they change; none where it stands so already.
fn of_account(
    app: &App,
    kind: Kind,
    corrections: &[Correction],
    read: &AccountItem,
    now: Timestamp,
) -> (Vec<Part>, u64) {
    let mut changed = read.clone();
    let put_right = corrections.iter().filter(|correction| put_right(&mut changed, correction)).count();
    let changes = changes(kind, read.standing());
    let count = (put_right + changes.len()) as u64;
    if count == 0 {
        return (Vec::new(), 0);
    }
    let standing = changes.iter().fold(read.standing(), |standing, change| standing.after(*change));
    let changed = AccountItem { updated_at: now, ..changed.with(standing) };
    let mut parts = vec![app.accounts.changing(&changed, read.updated_at)];
    parts.extend(ledger(app, &Subject::Account(read.id.clone()), &changes, &read.policy_version, now));
    (parts, count)
}

/// The same for a contact.
fn of_contact(app: &App, request: &SubjectRequestItem, read: &ContactItem, now: Timestamp) -> (Vec<Part>, u64) {
    let ContactItem { consents, unsubscribed_from_marketing, opted_out_of_sale, .. } = *read;
    let stands = Standing { consents, unsubscribed_from_marketing, opted_out_of_sale };
    let changes = changes(request.kind, stands);
    if changes.is_empty() {
        return (Vec::new(), 0);
    }
    let standing = changes.iter().fold(stands, |standing, change| standing.after(*change));
    let mut parts = vec![app.consents.standing(read, standing, now)];
    parts.extend(ledger(app, &Subject::Contact(read.id.clone()), &changes, "", now));
    (parts, changes.len() as u64)
}

fn ledger(app: &App, subject: &Subject, changes: &[Change], policy_version: &str, now: Timestamp) -> Vec<Part> {
    let how = Circumstances {
        at: now,
        form: Form::Request,
        source: Source::Request,
        policy_version: Some(policy_version.to_owned()),
        language: Language::En,
    };
    let add = |change: &Change| app.consents.adding(subject, ConsentId::from_uuid(app.clock.new_id()), *change, &how);
    changes.iter().map(add).collect()
}

/// What a request changes of where a person stands.
fn changes(kind: Kind, standing: Standing) -> Vec<Change> {
    match kind {
        Kind::ConsentWithdrawal => standing.towards(Consents::default()),
        Kind::Restriction | Kind::Objection if !standing.unsubscribed_from_marketing => vec![Change::Objected],
        Kind::OptOutSale | Kind::OptOutAdvertising if !standing.opted_out_of_sale => vec![Change::OptedOut],
        // Nobody is profiled: that it stays so is the answer (R073).
        Kind::Restriction
        | Kind::Objection
        | Kind::OptOutSale
        | Kind::OptOutAdvertising
        | Kind::OptOutProfiling
        | Kind::Rectification
        | Kind::KnowCategories
        | Kind::KnowSpecific
        | Kind::Access
        | Kind::Portability
        | Kind::Erasure => Vec::new(),
    }
}

/// Puts one thing right; false where it stands so already, or is nothing that can stand there.
fn put_right(account: &mut AccountItem, Correction { field, value }: &Correction) -> bool {
    fn put<T: std::str::FromStr + PartialEq>(old: &mut T, value: &str) -> bool {
        match value.parse() {
            Ok(new) if new != *old => {
                *old = new;
                true
            }
            _ => false,
        }
    }
    match field {
        CorrectedField::Name => put(&mut account.name, value),
        CorrectedField::Phone => put(&mut account.phone, value),
        CorrectedField::Company => put(&mut account.company, value),
        CorrectedField::Website => put(&mut account.website, value),
    }
}

#[cfg(test)]
mod tests {
    use domain::consent::Purpose;

    use super::*;

    fn agreeing() -> Standing {
        let mut consents = Consents::default();
        consents.set(Purpose::Monthly, true);
        Standing { consents, ..Standing::default() }
    }

    #[test]
    fn whatever_ends_marketing_is_done_once() {
        for kind in [Kind::ConsentWithdrawal, Kind::Objection, Kind::Restriction] {
            let changes_made = changes(kind, agreeing());
            assert_eq!(changes_made.len(), 1, "{kind:?}");
            let after = agreeing().after(changes_made[0]);
            assert!(!after.allows(Purpose::Monthly), "{kind:?}");
            assert!(changes(kind, after).is_empty(), "{kind:?} once more");
        }
    }

    #[test]
    fn r060_who_opts_out_of_sale_still_gets_what_was_asked_for_by_name() {
        let changes_made = changes(Kind::OptOutSale, agreeing());
        let after = agreeing().after(changes_made[0]);
        assert!(after.opted_out_of_sale && after.allows(Purpose::Monthly));
        assert!(changes(Kind::OptOutSale, after).is_empty() && changes(Kind::OptOutProfiling, agreeing()).is_empty());
    }
}
