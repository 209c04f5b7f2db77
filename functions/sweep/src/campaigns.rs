//! Campaigns: a letter asked for, for everybody who agreed to its purpose, with an account or without one (R009, R092).
//!
//! The tables are walked through in parts. A part that is walked through is noted with the campaign; a run that ends in between leaves its part to
//! the next one, which asks for the same letters under the same ids: each goes out once. Whether it may go out at all is asked when it does.

use cloud::{
    boot::Budget,
    dynamo::{
        Unavailable,
        campaigns::{CampaignItem, Walk},
        expired::{Every, SEGMENTS},
        key,
    },
    mailer::marketing::MarketingMessage,
    sqs::Sending,
};
use domain::campaign::is_fresh;

use crate::{App, Order, Report, told};

/// Runs as far as the budget lasts; the next run does the rest.
pub(crate) async fn run(app: &App, order: Order, budget: Budget) -> Result<Report, Unavailable> {
    let mut report = Report::of(order);
    report.swept.complete = true;
    for campaign in app.campaigns.running().await? {
        let now = app.clock.now();
        let approved_at = campaign.approved_at.unwrap_or(campaign.proposed_at);
        let waits = u64::try_from(now.duration_since(approved_at).as_secs()).unwrap_or(0);
        report.swept.lag_seconds = report.swept.lag_seconds.max(waits);
        if order.dry_run {
            report.swept.complete &= look(app, &campaign, budget, &mut report).await?;
            continue;
        }
        // Whoever has it walks for us, too.
        let Some(walk) = app.campaigns.walk(&campaign.id, now).await? else { continue };
        if is_fresh(approved_at, now) {
            report.swept.complete &= go(app, &campaign, walk, budget, &mut report).await?;
        } else {
            app.campaigns.end(walk, now).await?;
        }
    }
    Ok(told(report))
}

/// The tables in which people stand who can agree: each with what their records are called there.
fn tables(app: &App) -> [(&str, &'static str); 2] {
    [(&app.config.accounts_table, key::ACCOUNT), (&app.config.consents_table, key::CONTACT)]
}

/// Counts whom a campaign would reach. Whether everybody was seen.
async fn look(app: &App, campaign: &CampaignItem, budget: Budget, report: &mut Report) -> Result<bool, Unavailable> {
    for (table, record) in tables(app) {
        let mut people = Every::agreeing(app.tables.clone(), table.to_owned(), record, campaign.letter.purpose, 0);
        while let Some(page) = people.next(budget).await? {
            report.swept.expired += page.len() as u64;
        }
        if !people.complete() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Goes on with a campaign. Whether nothing is left to be walked.
async fn go(
    app: &App,
    campaign: &CampaignItem,
    mut walk: Walk,
    budget: Budget,
    report: &mut Report,
) -> Result<bool, Unavailable> {
    for (before, (table, record)) in [0, SEGMENTS].into_iter().zip(tables(app)) {
        let done = (campaign.walked - before).clamp(0, SEGMENTS);
        let mut people = Every::agreeing(app.tables.clone(), table.to_owned(), record, campaign.letter.purpose, done);
        let (mut noted, mut queued) = (done, 0);
        while let Some(page) = people.next(budget).await? {
            let letters: Vec<Sending> = page
                .into_iter()
                .map(|person| MarketingMessage {
                    id: campaign.letter_to(&person.email),
                    campaign: campaign.id.clone(),
                    subject: person.id,
                })
                // A group of its own, so that other mails do not stand behind a hundred thousand letters.
                .map(|letter| Sending::new(&letter).in_group(campaign.id.as_str()))
                .collect();
            let found = letters.len() as u64;
            app.letters.send_all(letters).await?;
            queued += found;
            report.swept.expired += found;
            report.sent += found;
            if people.done() == noted {
                continue;
            }
            noted = people.done();
            let stepped = app.campaigns.step(walk, before + noted, queued, app.clock.now()).await?;
            // It was stopped.
            let Some(on) = stepped else { return Ok(true) };
            (walk, queued) = (on, 0);
        }
        if !people.complete() {
            app.campaigns.rest(walk).await?;
            return Ok(false);
        }
    }
    app.campaigns.end(walk, app.clock.now()).await?;
    Ok(true)
}
