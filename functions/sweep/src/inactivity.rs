//! Accounts that nobody uses: told, reminded, closed (R022).
//!
//! First the days that are over are carried to the accounts. While one is missing, nobody is called idle.

use cloud::{
    boot::Budget,
    clock::day_of,
    closing::ClosingMessage,
    dynamo::{
        Unavailable,
        accounts::{AccountItem, Mailed},
        expired::Every,
    },
    mailer::{MailKind, MailMessage, Notice},
};
use domain::inactivity::{Patience, Step};
use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{App, Order, Report, first_segment, told};

/// How long a closing may take before its message is sent again: longer than the message is hidden while it is worked on.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// How long a mailed link keeps the account: from the first mail until long after the last day.
const LINK_LIFE: SignedDuration = SignedDuration::from_hours(60 * 24);

/// Runs as far as the budget lasts; the next run does the rest.
pub(crate) async fn run(app: &App, order: Order, budget: Budget) -> Result<Report, Unavailable> {
    let now = app.clock.now();
    let carried = app.active.carry(&app.accounts, now, order.dry_run, budget).await?;
    let mut report = Report::of(order);
    if !carried.complete && !order.dry_run {
        return Ok(told(report));
    }
    let mut accounts = Every::accounts(app.tables.clone(), app.config.accounts_table.clone(), first_segment(app));
    while let Some(page) = accounts.next(budget).await? {
        for account in page {
            if due(&account, carried.known_since, now).is_none() {
                continue;
            }
            report.swept.expired += 1;
            if order.dry_run {
                continue;
            }
            // A scan may be behind by what was carried a moment ago.
            let Some(account) = app.accounts.get(&account.id).await? else { continue };
            let Some(due) = due(&account, carried.known_since, now) else { continue };
            report.sent += u64::from(carry_out(app, &account, due, now).await?);
        }
    }
    report.swept.complete = accounts.complete();
    Ok(told(report))
}

/// What is to be done.
#[derive(Clone, Copy)]
enum Due {
    Mail(Mailed, Date),
    Close,
    /// It was begun; its message may be lost.
    CloseAgain,
}

fn due(account: &AccountItem, known_since: Date, now: Timestamp) -> Option<Due> {
    if let Some(since) = account.closing_since {
        return (since <= now - PATIENCE).then_some(Due::CloseAgain);
    }
    match Patience::DEFAULT.step(account.last_active(known_since), account.told(), day_of(now)) {
        Step::Wait => None,
        Step::Tell { closes_on } => Some(Due::Mail(Mailed::First, closes_on)),
        Step::Remind { closes_on } => Some(Due::Mail(Mailed::Again, closes_on)),
        Step::Close => Some(Due::Close),
    }
}

/// Whether it was done: an account that was used meanwhile is left alone.
async fn carry_out(app: &App, account: &AccountItem, due: Due, now: Timestamp) -> Result<bool, Unavailable> {
    if !matches!(due, Due::CloseAgain) && used_lately(app, account, now).await? {
        return Ok(false);
    }
    match due {
        Due::Mail(mailed, closes_on) => {
            let link = app.keep_links.make(&account.id, now + LINK_LIFE).await?;
            let kind = match mailed {
                Mailed::First => MailKind::AccountIdle,
                Mailed::Again => MailKind::AccountIdleAgain,
            };
            // Made of what the mail is about: whoever sends it again, because this run ends before it is noted, sends one mail.
            let id = MailMessage::id_about(&format!("{} {} {mailed:?}", account.id, account.last_active(Date::MIN)));
            let mail = MailMessage {
                link: Some(format!("{}/v1/accounts/keep?token={}", app.config.public_url, link.reveal())),
                notice: Some(Notice::Idle { closes_on }),
                ..MailMessage::plain(id, kind, account.email.clone())
            };
            // Noted afterwards: nobody is closed who was not written to.
            app.mails.send(&mail).await?;
            app.accounts.note_mailed(account, mailed, day_of(now)).await
        }
        Due::Close => {
            if !app.accounts.begin_closing(account, now).await? {
                return Ok(false);
            }
            order_closing(app, account).await
        }
        Due::CloseAgain => order_closing(app, account).await,
    }
}

async fn order_closing(app: &App, account: &AccountItem) -> Result<bool, Unavailable> {
    app.closings.send(&ClosingMessage { close: account.id.clone() }).await?;
    Ok(true)
}

/// Whether it was used on a day that is not over, or not settled.
async fn used_lately(app: &App, account: &AccountItem, now: Timestamp) -> Result<bool, Unavailable> {
    for at in [now, now - SignedDuration::from_hours(1)] {
        if app.active.was_used(&account.id, at).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
