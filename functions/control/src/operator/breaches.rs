//! The register of breaches: reported, found out, told, closed; and the draft of what the authority is told (GDPR Art. 33(3)).

use std::collections::BTreeSet;

use cloud::{
    data_map::DATA_MAP,
    dynamo::breaches::BreachItem,
    http::{Answer, Code, FieldError, Problem},
    journal::{Concerning, SecurityEvent, Trace},
};
use domain::{
    breach::{BreachRefused, BreachState, BreachStep, Risk},
    id::{BreachId, SubmissionId},
};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;

use crate::{
    page,
    serving::{Visit, unavailable},
};

/// Characters of a text.
const TEXT_LIMIT: usize = 4_000;
/// Places that a case can name.
const MAX_PLACES: usize = 100;

/// A case.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Breach"))]
pub(crate) struct Shown {
    id: BreachId,
    state: BreachState,
    risk: Option<Risk>,
    detected_at: Timestamp,
    reported_at: Timestamp,
    /// By when the authority is told: 72 hours after it was detected.
    due_at: Timestamp,
    /// Whether that time is over and the authority may still have to be told.
    overdue: bool,
    nature: String,
    /// The report that has opened it, where the form `leak` has.
    form: Option<SubmissionId>,
    places: Vec<String>,
    people: Option<u64>,
    records: Option<u64>,
    consequences: Option<String>,
    measures: Option<String>,
    late_because: Option<String>,
    authority_told_at: Option<Timestamp>,
    persons_told_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
}

impl Shown {
    fn at(now: Timestamp) -> impl Fn(BreachItem) -> Self {
        move |item| {
            let case = item.case();
            let BreachItem { id, state, risk, detected_at, reported_at, nature, places, people, records, .. } = item;
            let BreachItem { consequences, measures, late_because, authority_told_at, form, .. } = item;
            Self {
                id,
                state,
                risk,
                detected_at,
                reported_at,
                due_at: case.due(),
                overdue: case.is_pending() && case.due() < now,
                nature,
                form,
                places,
                people,
                records,
                consequences,
                measures,
                late_because,
                authority_told_at,
                persons_told_at: item.persons_told_at,
                closed_at: item.closed_at,
            }
        }
    }
}

/// `GET /v1/operator/breaches`
pub(crate) async fn list(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let found = visit.app.breaches.page(&request).await.map_err(page::failed)?;
    Ok(page::answer(found.map(Shown::at(visit.app.clock.now())), trace))
}

async fn find(visit: &Visit<'_>, id: &BreachId) -> Result<BreachItem, Problem> {
    visit.app.breaches.get(id).await.map_err(unavailable)?.ok_or(Code::NotFound.into())
}

fn answer(visit: &Visit<'_>, status: StatusCode, item: BreachItem) -> Answer {
    Answer::json(status, &Shown::at(visit.app.clock.now())(item))
}

/// `GET /v1/operator/breaches/{breach}`
pub(crate) async fn show(visit: &Visit<'_>, id: &BreachId) -> Result<Answer, Problem> {
    Ok(answer(visit, StatusCode::OK, find(visit, id).await?))
}

/// What is known when a breach is suspected. The texts name no person.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBreach {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 4_000)))]
    nature: String,
    /// When it was detected; now where nothing is said. The clock starts there.
    detected_at: Option<Timestamp>,
}

/// `POST /v1/operator/breaches`
pub(crate) async fn report(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let NewBreach { nature, detected_at } = visit.call.json()?;
    let now = visit.app.clock.now();
    let detected_at = detected_at.unwrap_or(now);
    let mut errors = Vec::new();
    let nature = text(&mut errors, "/nature", nature);
    if detected_at > now {
        errors.push(FieldError::new("/detected_at", "is in the future"));
    }
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let id = BreachId::from_uuid(visit.app.clock.new_id());
    let case = BreachItem::suspected(id, nature, detected_at, visit.key.id.clone(), now);
    visit.app.breaches.add(&case).await.map_err(unavailable)?;
    note(visit, "report");
    Ok(answer(visit, StatusCode::CREATED, case))
}

/// A step of a case, and what is known with it. What is not named stays as it is.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "BreachStepTaken"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Taken {
    step: BreachStep,
    /// With `assess`, which needs it: what the breach means for people.
    risk: Option<Risk>,
    /// The tables, queues and buckets that it is about, by their names in the inventory.
    places: Option<Vec<String>>,
    /// About how many people.
    people: Option<u64>,
    /// About how many records.
    records: Option<u64>,
    /// What it is likely to lead to.
    consequences: Option<String>,
    /// What was done, and what is proposed.
    measures: Option<String>,
    /// Why the authority is told after the 72 hours.
    late_because: Option<String>,
}

/// `POST /v1/operator/breaches/{breach}/steps`
pub(crate) async fn take_step(visit: &Visit<'_>, id: &BreachId) -> Result<Answer, Problem> {
    let taken: Taken = visit.call.json()?;
    let mut case = find(visit, id).await?;
    let now = visit.app.clock.now();
    let step = taken.step;
    learn(&mut case, taken)?;
    if step == BreachStep::Assess && case.risk.is_none() {
        return Err(Problem::fields(vec![FieldError::new("/risk", "an assessment says what it means")]));
    }
    case.state = case.case().step(step, case.late_because.is_some(), now).map_err(refused)?;
    match step {
        BreachStep::NotifyAuthority => case.authority_told_at = Some(now),
        BreachStep::NotifyPersons => case.persons_told_at = Some(now),
        BreachStep::Close | BreachStep::Dismiss => case.closed_at = Some(now),
        BreachStep::Confirm | BreachStep::Assess => {}
    }
    case.written_by.push(visit.key.id.clone());
    if !visit.app.breaches.change(&case).await.map_err(unavailable)? {
        return Err(Problem::new(Code::Conflict).detail("the case was changed meanwhile; read it again"));
    }
    note(visit, step_name(step));
    Ok(answer(visit, StatusCode::OK, case))
}

/// Takes over what is known now.
fn learn(case: &mut BreachItem, taken: Taken) -> Result<(), Problem> {
    let mut errors = Vec::new();
    if let Some(places) = taken.places {
        let known = |place: &String| DATA_MAP.resources.iter().any(|resource| resource.name == place);
        if places.len() > MAX_PLACES || !places.iter().all(known) {
            errors.push(FieldError::new("/places", "names of places as the inventory has them, 100 at most"));
        }
        case.places = places;
    }
    for (pointer, given, kept) in [
        ("/consequences", taken.consequences, &mut case.consequences),
        ("/measures", taken.measures, &mut case.measures),
        ("/late_because", taken.late_because, &mut case.late_because),
    ] {
        if let Some(given) = given {
            *kept = Some(text(&mut errors, pointer, given));
        }
    }
    case.risk = taken.risk.or(case.risk);
    case.people = taken.people.or(case.people);
    case.records = taken.records.or(case.records);
    if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
}

fn text(errors: &mut Vec<FieldError>, pointer: &str, text: String) -> String {
    let printable = |c: char| !c.is_control() || c == '\n';
    if text.trim().is_empty() || text.chars().count() > TEXT_LIMIT || !text.chars().all(printable) {
        errors.push(FieldError::new(pointer, format!("a text of 1 to {TEXT_LIMIT} characters")));
    }
    text
}

fn refused(error: BreachRefused) -> Problem {
    let detail = match error {
        BreachRefused::State => "the case is not in a state for this",
        BreachRefused::Late => "the 72 hours are over: say why in `late_because`",
        BreachRefused::Untold => "by its risk, the authority or the people have to be told first",
    };
    Problem::new(Code::Conflict).detail(detail)
}

const fn step_name(step: BreachStep) -> &'static str {
    match step {
        BreachStep::Confirm => "confirm",
        BreachStep::Dismiss => "dismiss",
        BreachStep::Assess => "assess",
        BreachStep::NotifyAuthority => "notify-authority",
        BreachStep::NotifyPersons => "notify-persons",
        BreachStep::Close => "close",
    }
}

fn note(visit: &Visit<'_>, code: &'static str) {
    let key = Some(visit.key.id.clone());
    let concerning = Concerning { key, code: Some(code), ..Concerning::default() };
    visit.app.journal.security(&visit.call.id, 0, visit.call.source, SecurityEvent::BreachRecorded, concerning);
}

/// `GET /v1/operator/breaches/{breach}/notice`: the draft of what the authority is told, with what is not known yet named as that.
pub(crate) async fn notice(visit: &Visit<'_>, id: &BreachId) -> Result<Answer, Problem> {
    let case = find(visit, id).await?;
    let mut answer = Answer::empty(StatusCode::OK);
    answer.body = draft(&case, &visit.app.contact).into();
    answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"));
    Ok(answer)
}

fn draft(case: &BreachItem, contact: &str) -> String {
    const UNKNOWN: &str = "not known yet; follows (Art. 33(4))";
    let or_unknown = |text: Option<&String>| text.map_or(UNKNOWN, String::as_str).to_owned();
    let count = |number: Option<u64>| number.map_or(UNKNOWN.to_owned(), |number| format!("about {number}"));
    let (mut categories, mut people) = (BTreeSet::new(), BTreeSet::new());
    for record in DATA_MAP.records.iter().filter(|record| case.places.iter().any(|place| place == record.store)) {
        for (_, personal) in record.personal() {
            categories.insert(personal.category);
            people.extend(record.subject.words());
        }
    }
    let listed = |names: BTreeSet<&str>| {
        if names.is_empty() { UNKNOWN.to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
    };
    let told = case.authority_told_at.map_or("not yet".to_owned(), |at| at.to_string());
    let late = case.late_because.as_ref().map(|why| format!("\n## Why this comes after 72 hours\n\n{why}\n"));
    format!(
        "# Notification of a personal data breach (GDPR Art. 33)\n\n\
         Case {id}. Detected {detected}; to be notified by {due}; notified: {told}.\n\n\
         ## (a) Nature of the breach\n\n{nature}\n\n\
         - Categories of people: {people}\n- Number of people: {number}\n- Categories of data: {categories}\n- Number of records: {records}\n\n\
         ## (b) Contact\n\n{contact}\n\n\
         ## (c) Likely consequences\n\n{consequences}\n\n\
         ## (d) Measures taken and proposed\n\n{measures}\n{late}",
        id = case.id,
        detected = case.detected_at,
        due = case.case().due(),
        nature = case.nature,
        people = listed(people),
        number = count(case.people),
        categories = listed(categories),
        records = count(case.records),
        consequences = or_unknown(case.consequences.as_ref()),
        measures = or_unknown(case.measures.as_ref()),
        late = late.unwrap_or_default(),
    )
}
