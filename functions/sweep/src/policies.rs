//! New versions of policies: notice to every account that they will bind, agreement by use, and the end of accounts whose owner declined
//! (R032, R041, R102).

use std::time::Duration;

use cloud::{
    boot::Budget,
    closing::ClosingMessage,
    dynamo::{
        Unavailable,
        accounts::{AccountItem, AgreementItem, VersionOf},
        expired::Every,
    },
    mailer::{MailKind, MailMessage, Notice},
};
use domain::{
    agreement::{Known, Step, later_versions, step, takes_effect},
    policy::{Policy, Version},
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{App, Order, Report, first_segment, told};

/// What must remain of the invocation to look at another account.
const WORTHWHILE: Duration = Duration::from_secs(10);

/// Runs as far as the budget lasts; the next run does the rest. A version takes effect later for who is told later.
pub(crate) async fn run(app: &App, order: Order, budget: Budget) -> Result<Report, Unavailable> {
    let now = app.clock.now();
    let mut report = Report::of(order);
    // With the first version of a policy accounts begin: nobody is told of it.
    if !app.policies.iter().flat_map(|policy| policy.versions.iter().skip(1)).any(|version| version.significant) {
        report.swept.complete = true;
        return Ok(told(report));
    }
    let mut accounts = Every::accounts(app.tables.clone(), app.config.accounts_table.clone(), first_segment(app));
    while let Some(page) = accounts.next(budget).await? {
        for account in page {
            if budget.left() < WORTHWHILE {
                return Ok(told(report));
            }
            look_at(app, &account, now, &mut report).await?;
        }
    }
    report.swept.complete = accounts.complete();
    Ok(told(report))
}

/// Does what time brings to one account.
async fn look_at(app: &App, account: &AccountItem, now: Timestamp, report: &mut Report) -> Result<(), Unavailable> {
    // Whoever closes an account looks after it until its end.
    if account.closing_since.is_some() {
        return Ok(());
    }
    let later = |policy: &'static Policy| {
        later_versions(policy, account.beginning()).iter().map(move |version| (policy, version))
    };
    let mut versions = app.policies.iter().flat_map(later).filter(|(_, version)| version.significant).peekable();
    if versions.peek().is_none() {
        return Ok(());
    }
    let rows = app.accounts.agreements(&account.id).await?;
    for (policy, version) in versions {
        let row = rows.iter().find(|row| row.policy == policy.name && row.version == version.name);
        let known = row.map_or_else(Known::default, AgreementItem::known);
        let step = step(version, known, account.active_on, now);
        if step == Step::Wait {
            continue;
        }
        report.swept.expired += 1;
        if report.dry_run {
            continue;
        }
        let of = VersionOf { policy: policy.name, version: version.name };
        match step {
            Step::Wait => {}
            Step::Tell => report.sent += u64::from(tell(app, account, of, version, now).await?),
            Step::NoteUse => report.folded += u64::from(app.accounts.agree_by_use(&account.id, of, now).await?),
            Step::Close => {
                if app.accounts.begin_closing(account, now).await? {
                    // Where this message is lost, the sweep of unused accounts sends another.
                    app.closings.send(&ClosingMessage { close: account.id.clone() }).await?;
                    report.sent += 1;
                }
                return Ok(());
            }
        }
    }
    Ok(())
}

async fn tell(
    app: &App,
    account: &AccountItem,
    of: VersionOf<'_>,
    version: &Version,
    now: Timestamp,
) -> Result<bool, Unavailable> {
    let noticed = Known { noticed_at: Some(now), ..Known::default() };
    let day = takes_effect(version, noticed).map(|at| at.to_zoned(TimeZone::UTC).date());
    let VersionOf { policy, version: name } = of;
    let notice = Notice::Policy {
        policy: policy.to_owned(),
        version: name.to_owned(),
        takes_effect: day.filter(|_| !version.reduces_rights),
    };
    // Made of what the mail is about: whoever sends it again, because this run ends before it is noted, sends one mail.
    let id = MailMessage::id_about(&format!("{} {policy} {name}", account.id));
    let mail = MailMessage {
        link: Some(format!("{}/policies/{policy}/{name}", app.config.public_url)),
        notice: Some(notice),
        ..MailMessage::plain(id, MailKind::PolicyChanged, account.email.clone())
    };
    app.mails.send(&mail).await?;
    // Noted afterwards: nothing takes effect for who was not written to.
    app.accounts.note_notice(&account.id, of, now).await
}
