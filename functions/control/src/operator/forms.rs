//! What people sent by forms, as those see it who answer: listed without what says who, read with a reason, contacted within two working days where
//! that was promised, and ended (R017, R030, R074, R162). Each step leaves a line in the security log.

use cloud::{
    dynamo::forms::{FormItem, OpenFormItem},
    http::{Answer, Code, FieldError, Problem},
    journal::{Concerning, SecurityEvent, Trace},
};
use domain::{
    form::{FormRefused, FormStep, Kind, Outcome, Sent},
    id::{BreachId, SubmissionId},
};
use http::StatusCode;
use jiff::Timestamp;

use super::reason;
use crate::{
    page,
    serving::{Visit, unavailable},
};

/// Something that was sent, without anything that says by whom.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OpenForm"))]
pub(crate) struct Row {
    id: SubmissionId,
    form: Kind,
    /// When it came in; the beginning of that day where it has no name.
    received_at: Timestamp,
    /// Whether it has no name: nobody can be contacted.
    anonymous: bool,
    /// By when the sender is contacted, where that was promised.
    due_at: Option<Timestamp>,
    /// Whether that time is over and the sender still waits.
    overdue: bool,
    contacted_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    outcome: Option<Outcome>,
}

impl Row {
    fn of(id: SubmissionId, sent: Sent, contacted_at: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            id,
            form: sent.kind,
            received_at: sent.received_at,
            anonymous: !sent.named,
            due_at: sent.due(),
            overdue: sent.is_overdue(now),
            contacted_at,
            closed_at: None,
            outcome: None,
        }
    }

    fn open(now: Timestamp) -> impl Fn(OpenFormItem) -> Self {
        move |item| {
            let sent = item.sent();
            Self::of(item.id, sent, item.contacted_at, now)
        }
    }

    fn whole(item: FormItem, now: Timestamp) -> Self {
        let sent = item.sent();
        let FormItem { id, contacted_at, closed_at, outcome, .. } = item;
        Self { closed_at, outcome, ..Self::of(id, sent, contacted_at, now) }
    }
}

/// `GET /v1/operator/forms`
pub(crate) async fn list(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let found = visit.app.forms.open_page(&request).await.map_err(page::failed)?;
    Ok(page::answer(found.map(Row::open(visit.app.clock.now())), trace))
}

/// What somebody sent, and how far it is.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SentForm"))]
pub(crate) struct Shown {
    #[serde(flatten)]
    row: Row,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    company: Option<String>,
    message: Option<String>,
    /// The version of the privacy policy that the form showed.
    policy_version: String,
    /// The case in the register of breaches that it has opened.
    breach: Option<BreachId>,
}

async fn find(visit: &Visit<'_>, form: Kind, id: &SubmissionId) -> Result<FormItem, Problem> {
    visit.app.forms.get(form, id).await.map_err(unavailable)?.ok_or(Code::NotFound.into())
}

/// `POST /v1/operator/forms/{form}/{submission}/reveal`
pub(crate) async fn reveal(visit: &Visit<'_>, form: Kind, id: &SubmissionId) -> Result<Answer, Problem> {
    let reason = reason::asked(visit)?;
    let mut item = find(visit, form, id).await?;
    note(visit, SecurityEvent::PersonalDataRead, reason.as_str());
    let shown = Shown {
        name: item.name.take().map(String::from),
        email: item.email.as_ref().map(|email| email.as_str().to_owned()),
        phone: item.phone.take().map(String::from),
        company: item.company.take().map(String::from),
        message: item.message.take().map(String::from),
        policy_version: std::mem::take(&mut item.policy_version),
        breach: item.breach.take(),
        row: Row::whole(item, visit.app.clock.now()),
    };
    Ok(Answer::json(StatusCode::OK, &shown))
}

/// What is done with it.
#[derive(Clone, Copy, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "FormStep"))]
#[serde(rename_all = "kebab-case")]
enum Step {
    /// The sender was contacted, with solutions where it is a complaint.
    Contact,
    /// It has ended; where its sender was promised to be contacted, that comes first.
    Close,
}

/// A step.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "FormStepTaken"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Taken {
    step: Step,
    /// With `close`, and only with it: how it ended.
    outcome: Option<Outcome>,
}

/// `POST /v1/operator/forms/{form}/{submission}/steps`
pub(crate) async fn take_step(visit: &Visit<'_>, form: Kind, id: &SubmissionId) -> Result<Answer, Problem> {
    let step = match visit.call.json()? {
        Taken { step: Step::Contact, outcome: None } => FormStep::Contact,
        Taken { step: Step::Close, outcome: Some(outcome) } => FormStep::Close(outcome),
        Taken { step: Step::Contact, outcome: Some(_) } => {
            return Err(Problem::fields(vec![FieldError::new("/outcome", "only an end has one")]));
        }
        Taken { step: Step::Close, outcome: None } => {
            return Err(Problem::fields(vec![FieldError::new("/outcome", "an end says how")]));
        }
    };
    let item = find(visit, form, id).await?;
    item.sent().allows(step).map_err(refused)?;
    let (forms, by) = (&visit.app.forms, &visit.key.id);
    let changed = match step {
        FormStep::Contact => forms.contacted(&item, by).await,
        FormStep::Close(outcome) => forms.close(&item, outcome, by).await,
    };
    let changed = changed.map_err(unavailable)?.ok_or_else(|| conflict("it was changed meanwhile; read it again"))?;
    note(visit, SecurityEvent::FormHandled, if matches!(step, FormStep::Contact) { "contact" } else { "close" });
    Ok(Answer::json(StatusCode::OK, &Row::whole(changed, visit.app.clock.now())))
}

fn refused(error: FormRefused) -> Problem {
    conflict(match error {
        FormRefused::Closed => "it has ended",
        FormRefused::Contacted => "the sender was contacted before",
        FormRefused::Anonymous => "it has no sender who could be contacted",
        FormRefused::Uncontacted => "the sender has to be contacted first",
    })
}

fn conflict(detail: &'static str) -> Problem {
    Problem::new(Code::Conflict).detail(detail)
}

/// The line says who has done what, and not with whose words.
fn note(visit: &Visit<'_>, event: SecurityEvent, code: &'static str) {
    let concerning = Concerning { key: Some(visit.key.id.clone()), code: Some(code), ..Concerning::default() };
    visit.app.journal.security(&visit.call.id, 0, visit.call.source, event, concerning);
}
