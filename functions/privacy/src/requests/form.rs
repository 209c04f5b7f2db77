//! What is sent in: as JSON, or by the form of a page. These fields and no others; there is no field for free text (R063, R066).

use cloud::{
    dynamo::requests::Correction,
    http::{Call, Code, FieldError, Problem, call},
};
use domain::{
    account::{EmailAddress, Line, Phone, Website},
    id::AccountId,
    request::{CorrectedField, Factor, Kind, Language, Regime, sensitive::is_sensitive},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::language;

/// Bytes of a body.
const LIMIT: usize = 10_000;
/// What begins the name of a form's field with a correction: `correct-phone` and the like.
const CORRECT: &str = "correct-";
/// Fields of a form that are missing where they are empty, so that the form is told of all of them at once.
const NEEDED: [&str; 4] = ["email", "first_name", "last_name", "country"];

/// A request as it is sent in.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SubjectRequest"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// What is asked for.
    kind: Kind,
    /// Where we write to. The answer to the form is the same whether or not it is known here.
    #[cfg_attr(feature = "schema", schemars(with = "EmailAddress"))]
    email: String,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    first_name: String,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    last_name: String,
    /// Where the person lives: ISO 3166-1, two letters.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[A-Za-z]{2}$")))]
    country: String,
    /// In the United States, the state: two letters.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[A-Za-z]{2}$")))]
    state: Option<String>,
    /// Residents of California, Colorado, Connecticut, Utah and Virginia have to give it; nobody else has to.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Phone>"))]
    phone: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Line>"))]
    company: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Website>"))]
    website: Option<String>,
    /// The sector that the company works in. It is checked, and not kept.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Line>"))]
    sector: Option<String>,
    /// The id of the account, if it is known to who asks: it helps to prove who asks.
    #[cfg_attr(feature = "schema", schemars(with = "Option<AccountId>"))]
    account: Option<String>,
    /// What is wrong and what is right, for a rectification.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = 4)))]
    corrections: Vec<Wrong>,
    /// "I declare under penalty of perjury that I am the person whose data this request is about." Some kinds need it, now or later.
    #[serde(default)]
    declaration: bool,
    /// The language of our letters; without it that of `Accept-Language`.
    language: Option<Language>,
}

/// Something that is wrong.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RequestedCorrection"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Wrong {
    field: CorrectedField,
    /// What it should be.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 500)))]
    value: String,
}

/// A request that can be taken.
pub(crate) struct Wish {
    pub(crate) kind: Kind,
    pub(crate) email: EmailAddress,
    pub(crate) regime: Regime,
    pub(crate) language: Language,
    pub(crate) corrections: Vec<Correction>,
    pub(crate) declared: bool,
    pub(crate) given: Given,
}

/// What is given to be compared with what is held.
pub(crate) type Given = Vec<(Factor, String)>;

/// Reads a request.
pub(crate) fn wish(call: &Call) -> Result<Wish, Problem> {
    let form: Form = body(call)?;
    let mut errors = Vec::new();
    let name = format!("{} {}", form.first_name.trim(), form.last_name.trim());
    for (pointer, part) in [("/first_name", &form.first_name), ("/last_name", &form.last_name)] {
        line(&mut errors, pointer, part);
    }
    let email: Option<EmailAddress> = read(&mut errors, "/email", &form.email);
    let country = form.country.trim();
    if !is_code(country) {
        errors.push(FieldError::new("/country", "is a country's code of two letters"));
    }
    let state = form.state.as_deref().map(str::trim);
    if state.is_some_and(|state| !is_code(state)) {
        errors.push(FieldError::new("/state", "is a state's code of two letters"));
    }
    let regime = Regime::of(country, state);
    let given = factors(&mut errors, name, &form);
    if form.phone.is_none() && regime.asks_for_phone() {
        errors.push(FieldError::new("/phone", "residents of this state have to give it"));
    }
    if let Some(sector) = &form.sector {
        line(&mut errors, "/sector", sector);
    }
    let corrections = corrections(&mut errors, form.kind, form.corrections);
    match email {
        Some(email) if errors.is_empty() => Ok(Wish {
            kind: form.kind,
            email,
            regime,
            language: form.language.unwrap_or_else(|| language::of(call)),
            corrections,
            declared: form.declaration,
            given,
        }),
        _ => Err(Problem::fields(errors)),
    }
}

fn factors(errors: &mut Vec<FieldError>, name: String, form: &Form) -> Given {
    let mut given = vec![(Factor::Name, name)];
    if let Some(phone) = &form.phone {
        read::<Phone>(errors, "/phone", phone);
        given.push((Factor::Phone, phone.clone()));
    }
    if let Some(company) = &form.company {
        line(errors, "/company", company);
        given.push((Factor::Company, company.clone()));
    }
    if let Some(website) = &form.website {
        read::<Website>(errors, "/website", website);
        given.push((Factor::Website, website.clone()));
    }
    if let Some(account) = &form.account {
        read::<AccountId>(errors, "/account", account.trim());
        given.push((Factor::Account, account.clone()));
    }
    given
}

fn corrections(errors: &mut Vec<FieldError>, kind: Kind, wrong: Vec<Wrong>) -> Vec<Correction> {
    if (kind == Kind::Rectification) == wrong.is_empty() {
        errors.push(FieldError::new(
            "/corrections",
            "says what is right, where the request is to correct something, and only there",
        ));
    }
    let mut corrections: Vec<Correction> = Vec::new();
    for (place, Wrong { field, value }) in wrong.into_iter().enumerate() {
        let pointer = format!("/corrections/{place}/value");
        let value = value.trim().to_owned();
        match field {
            CorrectedField::Name | CorrectedField::Company => line(errors, &pointer, &value),
            CorrectedField::Phone => drop(read::<Phone>(errors, &pointer, &value)),
            CorrectedField::Website => drop(read::<Website>(errors, &pointer, &value)),
        }
        if corrections.iter().any(|known| known.field == field) {
            errors.push(FieldError::new(format!("/corrections/{place}/field"), "stands twice"));
        }
        corrections.push(Correction { field, value });
    }
    corrections
}

/// What is given to prove who asks, beside a link.
#[derive(serde::Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RequestProof"))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Proof {
    /// The six digits that were shown when the request was made. Not needed where the session comes along.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9]{6}$")))]
    pub(crate) code: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    name: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(max = 40)))]
    phone: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    company: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(max = 500)))]
    website: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(max = 40)))]
    account: Option<String>,
    /// As for the request itself.
    pub(crate) declaration: bool,
}

impl Proof {
    /// Reads it; a body that is empty gives nothing.
    pub(crate) fn of(call: &Call) -> Result<Self, Problem> {
        if call.body.trim_ascii().is_empty() { Ok(Self::default()) } else { body(call) }
    }

    /// What of it is to be compared.
    pub(crate) fn given(&self) -> Given {
        let Self { name, phone, company, website, account, .. } = self;
        let all = [
            (Factor::Name, name),
            (Factor::Phone, phone),
            (Factor::Company, company),
            (Factor::Website, website),
            (Factor::Account, account),
        ];
        all.into_iter().filter_map(|(factor, text)| Some((factor, text.clone()?))).collect()
    }
}

/// Reads a body, of whichever of the two kinds.
fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Problem> {
    if call.body.len() > LIMIT {
        return Err(Code::BodyTooLarge.into());
    }
    if !call.is_form() {
        return call.json();
    }
    let mut fields = Map::new();
    let mut corrections = Vec::new();
    for (name, value) in url::form_urlencoded::parse(&call.body) {
        // What is left empty in a form was not given. `lang` is the page's own.
        if name == "lang" || (value.trim().is_empty() && !NEEDED.contains(&&*name)) {
            continue;
        }
        if let Some(field) = name.strip_prefix(CORRECT) {
            corrections.push(json!({ "field": field, "value": value }));
            continue;
        }
        let value = if name == "declaration" { Value::Bool(value == "yes") } else { value.into() };
        if fields.insert(name.to_string(), value).is_some() {
            return Err(Problem::field(format!("/{name}"), "the field stands twice"));
        }
    }
    if !corrections.is_empty() {
        fields.insert("corrections".to_owned(), corrections.into());
    }
    call::read_json(Value::from(fields).to_string().as_bytes())
}

fn is_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// One line of text that is no number of a card or of a document (R066).
fn line(errors: &mut Vec<FieldError>, pointer: &str, text: &str) {
    if read::<Line>(errors, pointer, text).is_some() && is_sensitive(text) {
        errors.push(FieldError::new(pointer, "must not hold the number of a card or of an identity document"));
    }
}

/// Reads one field, or notes what is wrong with it.
fn read<T>(errors: &mut Vec<FieldError>, pointer: &str, text: &str) -> Option<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| errors.push(FieldError::new(pointer, error.to_string()))).ok()
}
