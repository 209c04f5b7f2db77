//! Campaigns: one person proposes a letter, another one approves it, and whoever looks can stop it (R009, R081). Each of that is in the security log.
//! Nobody here sees whom a letter goes to: the campaign has a purpose, and the people say who is in it.

use cloud::{
    dynamo::campaigns::CampaignItem,
    http::{Answer, Code, FieldError, Problem},
    journal::{Concerning, SecurityEvent, Trace},
};
use domain::{
    campaign::{CampaignRefused, CampaignState, CampaignStep, Letter, Words, step},
    consent::Purpose,
    id::CampaignId,
};
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    page,
    serving::{Visit, unavailable},
};

/// A campaign.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Campaign"))]
pub(crate) struct Shown {
    id: CampaignId,
    state: CampaignState,
    /// Who is written to: whoever agrees to it.
    purpose: Purpose,
    english: Written,
    french: Option<Written>,
    proposed_at: Timestamp,
    approved_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    /// Letters that were asked for.
    queued: u64,
    /// Letters that went out.
    sent: u64,
    /// Letters that did not, because whom they were for agreed no more, or the campaign was stopped.
    skipped: u64,
}

impl From<CampaignItem> for Shown {
    fn from(item: CampaignItem) -> Self {
        let CampaignItem { id, state, letter, proposed_at, approved_at, ended_at, queued, sent, skipped, .. } = item;
        Self {
            id,
            state,
            purpose: letter.purpose,
            english: letter.english.into(),
            french: letter.french.map(Written::from),
            proposed_at,
            approved_at,
            ended_at,
            queued,
            sent,
            skipped,
        }
    }
}

/// What a letter says in one language. `{name}` stands for the name of whom it goes to, and nothing else in braces may stand there.
#[derive(serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CampaignWords"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// One line.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 120)))]
    subject: String,
    /// Plain text in lines; an empty line ends a paragraph. Greeting and foot are added.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 4_000)))]
    text: String,
}

impl From<Words> for Written {
    fn from(Words { subject, text }: Words) -> Self {
        Self { subject: subject.into(), text: text.into() }
    }
}

impl Written {
    /// Reads it, or notes what is wrong with it.
    fn read(&self, errors: &mut Vec<FieldError>, of: &str) -> Option<Words> {
        let subject = self.subject.parse().map_err(|error| wrong(errors, &format!("/{of}/subject"), error)).ok();
        let text = self.text.parse().map_err(|error| wrong(errors, &format!("/{of}/text"), error)).ok();
        Some(Words { subject: subject?, text: text? })
    }
}

fn wrong(errors: &mut Vec<FieldError>, pointer: &str, error: domain::campaign::WordsError) {
    errors.push(FieldError::new(pointer, error.to_string()));
}

/// `GET /v1/operator/campaigns`
pub(crate) async fn list(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let found = visit.app.campaigns.page(&request).await.map_err(page::failed)?;
    Ok(page::answer(found.map(Shown::from), trace))
}

async fn find(visit: &Visit<'_>, id: &CampaignId) -> Result<CampaignItem, Problem> {
    visit.app.campaigns.get(id).await.map_err(unavailable)?.ok_or(Code::NotFound.into())
}

/// `GET /v1/operator/campaigns/{campaign}`
pub(crate) async fn show(visit: &Visit<'_>, id: &CampaignId) -> Result<Answer, Problem> {
    Ok(Answer::json(StatusCode::OK, &Shown::from(find(visit, id).await?)))
}

/// What is to be written, and about what. The texts name nobody.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCampaign {
    purpose: Purpose,
    english: Written,
    /// Whoever gets the letter gets both: nobody's language is known.
    french: Option<Written>,
}

/// `POST /v1/operator/campaigns`
pub(crate) async fn propose(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let NewCampaign { purpose, english, french } = visit.call.json()?;
    let mut errors = Vec::new();
    let english = english.read(&mut errors, "english");
    let french = french.map(|french| french.read(&mut errors, "french"));
    let (Some(english), true) = (english, errors.is_empty()) else { return Err(Problem::fields(errors)) };
    let letter = Letter { purpose, english, french: french.flatten() };
    let id = CampaignId::from_uuid(visit.app.clock.new_id());
    let campaign = CampaignItem::proposed(id, letter, visit.key.id.clone(), visit.app.clock.now());
    visit.app.campaigns.add(&campaign).await.map_err(unavailable)?;
    note(visit, "propose");
    Ok(Answer::json(StatusCode::CREATED, &Shown::from(campaign)))
}

/// What is decided about a campaign.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CampaignStepTaken"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Taken {
    step: CampaignStep,
}

/// `POST /v1/operator/campaigns/{campaign}/steps`
pub(crate) async fn take_step(visit: &Visit<'_>, id: &CampaignId) -> Result<Answer, Problem> {
    let Taken { step: taken } = visit.call.json()?;
    let read = find(visit, id).await?;
    let by = &visit.key.id;
    let state = step(read.state, taken, read.written_by.first() != Some(by)).map_err(refused)?;
    if !visit.app.campaigns.decide(&read, state, by, visit.app.clock.now()).await.map_err(unavailable)? {
        return Err(conflict("the campaign was changed meanwhile; read it again"));
    }
    note(visit, taken.as_str());
    show(visit, id).await
}

fn refused(error: CampaignRefused) -> Problem {
    conflict(match error {
        CampaignRefused::State => "the campaign is not in a state for this",
        CampaignRefused::SamePerson => "somebody else has to decide this",
    })
}

fn conflict(detail: &'static str) -> Problem {
    Problem::new(Code::Conflict).detail(detail)
}

fn note(visit: &Visit<'_>, code: &'static str) {
    let concerning = Concerning { key: Some(visit.key.id.clone()), code: Some(code), ..Concerning::default() };
    visit.app.journal.security(&visit.call.id, 0, visit.call.source, SecurityEvent::CampaignDecided, concerning);
}
