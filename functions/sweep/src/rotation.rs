//! Keys that have to be rotated: their owners told, their end written down (R118).

use cloud::{
    boot::Budget,
    dynamo::{
        Unavailable,
        expired::Every,
        keys::ShownKeyItem,
        transaction::{self, TransactionError},
    },
    mailer::{MailKind, MailMessage, Notice},
};
use domain::rotation::Step;

use crate::{App, Order, Report, first_segment, told};

/// Runs as far as the budget lasts; the next run does the rest.
pub(crate) async fn run(app: &App, order: Order, budget: Budget) -> Result<Report, Unavailable> {
    let now = app.clock.now();
    let mut report = Report::of(order);
    let mut keys = Every::live_keys(app.tables.clone(), app.config.accounts_table.clone(), first_segment(app));
    while let Some(page) = keys.next(budget).await? {
        for key in page {
            let age = key.age();
            report.overdue += u64::from(age.is_overdue(now));
            let step = age.step(now);
            if step == Step::Wait {
                continue;
            }
            report.swept.expired += 1;
            if !order.dry_run && carry_out(app, &key, step).await? {
                report.sent += 1;
            }
        }
    }
    report.swept.complete = keys.complete();
    Ok(told(report))
}

/// Whether it was done: a key that was rotated or revoked meanwhile is left alone.
async fn carry_out(app: &App, key: &ShownKeyItem, step: Step) -> Result<bool, Unavailable> {
    let (kind, rotate_by, parts) = match step {
        Step::Wait => return Ok(false),
        Step::Tell { rotate_by } => (MailKind::KeyOld, rotate_by, app.keys.force_rotate(key, rotate_by).to_vec()),
        Step::TellAgain { rotate_by } => (MailKind::KeyOldAgain, rotate_by, vec![app.keys.told_again(key)]),
    };
    // Nobody can be written to, so nothing is ended: such a key is overdue one day, and the self-check says so.
    let Some(account) = app.accounts.get(&key.account).await? else { return Ok(false) };
    let notice =
        Notice::Key { key: key.id.clone(), application: key.application.clone(), since: key.since(), rotate_by };
    // Made of what the mail is about: whoever sends it again, because this run ends before it is noted, sends one mail.
    let id = MailMessage::id_about(&format!("{} {} {kind:?}", key.id, key.since()));
    app.mails.send(&MailMessage { notice: Some(notice), ..MailMessage::plain(id, kind, account.email) }).await?;
    // Noted afterwards: no key ends whose owner was not written to.
    match transaction::write(&app.tables, parts).await {
        Ok(()) => Ok(true),
        Err(TransactionError::Condition(_)) => Ok(false),
        Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
    }
}
