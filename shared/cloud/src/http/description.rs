//! How a function describes its routes, so that `docs/openapi.yaml` is made of the code (R144). Behind the feature `schema`: nothing that is
//! deployed carries it.

use domain::scope::Scope;
use http::StatusCode;
use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value, json};

use super::{link, problem::Code};

/// Collects the schemas of what is sent and of what is answered. A type may look different in both: what may be left out of a request is
/// always there in an answer.
pub struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let generator = |contract: Contract| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings.contract = contract;
            SchemaGenerator::new(settings)
        };
        Self { requests: generator(Contract::Deserialize), answers: generator(Contract::Serialize) }
    }
}

impl Schemas {
    /// The schema of a request's body.
    pub fn request<T: JsonSchema>(&mut self) -> Value {
        self.requests.subschema_for::<T>().to_value()
    }

    /// The schema of an answer's body.
    pub fn answer<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().to_value()
    }

    /// The schema of an answer whose fields the caller selects with `fields`: any of them may be missing.
    pub fn selectable<T: JsonSchema>(&mut self) -> Value {
        let schema = self.answer::<T>();
        let definitions = self.answers.definitions_mut();
        let mut waiting = references(&schema);
        let mut seen = Vec::new();
        while let Some(name) = waiting.pop() {
            if seen.contains(&name) {
                continue;
            }
            if let Some(definition) = definitions.get_mut(&name) {
                if let Some(object) = definition.as_object_mut() {
                    object.remove("required");
                }
                waiting.extend(references(definition));
            }
            seen.push(name);
        }
        schema
    }

    /// Every schema that was named, by its name, for the document's components. The second list renames what the first operations' request
    /// bodies refer to: a type that looks different in requests and in answers is two schemas.
    #[must_use]
    pub fn finish(mut self) -> (Map<String, Value>, Vec<String>) {
        let mut all = self.answers.take_definitions(true);
        let requests = self.requests.take_definitions(true);
        let split: Vec<String> = requests
            .iter()
            .filter(|(name, schema)| all.get(*name).is_some_and(|other| other != *schema))
            .map(|(name, _)| name.clone())
            .collect();
        for (name, mut schema) in requests {
            rename(&mut schema, &split);
            let name = if split.contains(&name) { format!("{name}Input") } else { name };
            all.insert(name, schema);
        }
        (all, split)
    }
}

/// Points references to `names` at their forms for requests.
pub fn rename(schema: &mut Value, names: &[String]) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if key == "$ref" => {
                        if names.iter().any(|name| reference_to(text) == Some(name)) {
                            text.push_str("Input");
                        }
                    }
                    other => rename(other, names),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| rename(value, names)),
        _ => {}
    }
}

fn reference_to(text: &str) -> Option<&str> {
    text.strip_prefix("#/components/schemas/")
}

fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(text) if key == "$ref" => reference_to(text).map(str::to_owned).into_iter().collect(),
                other => references(other),
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// What a page of a list is answered as.
#[derive(JsonSchema)]
#[schemars(rename = "ListOf{T}")]
#[expect(dead_code, reason = "it is described, never made")]
struct ListOf<T> {
    /// The rows.
    data: Vec<T>,
    /// Where the next page starts; `null` after the last.
    next_cursor: Option<String>,
}

impl Schemas {
    /// The schema of a page of `T`.
    pub fn list<T: JsonSchema>(&mut self) -> Value {
        self.answer::<ListOf<T>>()
    }

    /// The schema of a page of `T` whose fields the caller selects.
    pub fn selectable_list<T: JsonSchema>(&mut self) -> Value {
        self.selectable::<T>();
        self.list::<T>()
    }
}

/// A query parameter or a header of a request.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub text: &'static str,
    /// Its schema.
    pub schema: Value,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it is a header.
    pub header: bool,
}

impl Parameter {
    /// A query parameter that may be left out.
    #[must_use]
    pub const fn optional(name: &'static str, text: &'static str, schema: Value) -> Self {
        Self { name, text, schema, required: false, header: false }
    }

    /// A query parameter that must be there.
    #[must_use]
    pub const fn required(name: &'static str, text: &'static str, schema: Value) -> Self {
        Self { name, text, schema, required: true, header: false }
    }

    /// A header that may be left out.
    #[must_use]
    pub fn header(name: &'static str, text: &'static str) -> Self {
        Self { name, text, schema: json!({ "type": "string" }), required: false, header: true }
    }

    /// `per_page` and `cursor`, which every list takes.
    #[must_use]
    pub fn of_a_list() -> [Self; 2] {
        [
            Self::optional(
                "per_page",
                "Rows in the page.",
                json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 25 }),
            ),
            Self::optional(
                "cursor",
                "Where the page before ended: its `next_cursor`. It belongs to the query it came from.",
                json!({ "type": "string" }),
            ),
        ]
    }
}

/// What a request's body may be.
#[derive(Debug, Clone)]
pub struct RequestBody {
    /// Its media types with their schemas.
    pub content: Vec<(&'static str, Value)>,
    /// Whether there must be one.
    pub required: bool,
}

/// A success.
#[derive(Debug, Clone)]
pub struct Success {
    /// Its status.
    pub status: StatusCode,
    /// What it says.
    pub text: &'static str,
    /// Its media types with their schemas; none without a body.
    pub content: Vec<(&'static str, Value)>,
    /// Headers beside those of every answer, each with what it says.
    pub headers: Vec<(&'static str, &'static str)>,
}

/// What a route says of itself.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its template, as in [`domain::deprecation`] and in the journal.
    pub route: String,
    /// What it does, as a sentence.
    pub summary: String,
    /// The heading that it stands under.
    pub tag: &'static str,
    /// What the key needs; nothing where no key is taken.
    pub scopes: Vec<Scope>,
    /// Its query parameters and headers.
    pub parameters: Vec<Parameter>,
    /// What is sent.
    pub body: Option<RequestBody>,
    /// What comes back.
    pub successes: Vec<Success>,
    /// How it fails, beside what every route can answer.
    pub problems: Vec<Code>,
    /// Whether a platform's own answer comes back as it is, with any status.
    pub passes_through: bool,
    /// Whether an `Idempotency-Key` makes it happen once.
    pub once: bool,
    /// Whether a browser gets a page, whatever comes of it.
    pub pages: bool,
}

impl Operation {
    /// A route that answers nothing yet.
    pub fn new(route: impl Into<String>, tag: &'static str, summary: impl Into<String>) -> Self {
        Self {
            route: route.into(),
            summary: summary.into(),
            tag,
            scopes: Vec::new(),
            parameters: Vec::new(),
            body: None,
            successes: Vec::new(),
            problems: Vec::new(),
            passes_through: false,
            once: false,
            pages: false,
        }
    }

    /// Takes these parameters too.
    #[must_use]
    pub fn asks(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// Takes a body in JSON, which must be there.
    #[must_use]
    pub fn takes(mut self, schema: Value) -> Self {
        self.body = Some(RequestBody { content: vec![("application/json", schema)], required: true });
        self.fails([Code::BodyInvalid, Code::ValidationFailed])
    }

    /// Takes the same as a page's form sends it, too: fields by their names, lists as fields of their own.
    #[must_use]
    pub fn or_as_form(mut self) -> Self {
        if let Some(body) = &mut self.body {
            let fields = json!({ "type": "object", "additionalProperties": { "type": "string" } });
            body.content.push(("application/x-www-form-urlencoded", fields));
        }
        self
    }

    /// Takes what the page of a mailed link posts, or the same as JSON ([`link::posted`]).
    #[must_use]
    pub fn takes_token(self, schemas: &mut Schemas) -> Self {
        let token = schemas.request::<link::Token>();
        let mut taking = self.takes(token.clone());
        if let Some(body) = &mut taking.body {
            body.content.push(("application/x-www-form-urlencoded", token));
        }
        taking.fails([Code::BodyTooLarge, Code::LinkExpired])
    }

    /// Takes a body in JSON, or none.
    #[must_use]
    pub fn may_take(self, schema: Value) -> Self {
        let mut taking = self.takes(schema);
        if let Some(body) = &mut taking.body {
            body.required = false;
        }
        taking
    }

    /// Answers JSON.
    #[must_use]
    pub fn answers(self, status: StatusCode, text: &'static str, schema: Value) -> Self {
        self.answers_with(status, text, vec![("application/json", schema)])
    }

    /// Answers one of several media types.
    #[must_use]
    pub fn answers_with(mut self, status: StatusCode, text: &'static str, content: Vec<(&'static str, Value)>) -> Self {
        self.successes.push(Success { status, text, content, headers: Vec::new() });
        self
    }

    /// Adds a header to the success that was named last.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, text: &'static str) -> Self {
        if let Some(success) = self.successes.last_mut() {
            success.headers.push((name, text));
        }
        self
    }

    /// Answers 204.
    #[must_use]
    pub fn answers_nothing(self, text: &'static str) -> Self {
        self.answers_with(StatusCode::NO_CONTENT, text, Vec::new())
    }

    /// Answers with a page whoever asks for HTML, whatever comes of it; described after all successes.
    #[must_use]
    pub fn with_pages(mut self) -> Self {
        self.pages = true;
        for Success { content, .. } in &mut self.successes {
            if content.first().is_some_and(|(kind, _)| *kind != page().0) {
                content.push(page());
            }
        }
        self
    }

    /// Happens once for an `Idempotency-Key`.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self.asks([Parameter {
            schema: json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }),
            ..Parameter::header(
                "Idempotency-Key",
                "Makes the call happen once: a repetition within 24 hours is answered from the first one's record.",
            )
        }])
        .fails([
            Code::ValidationFailed,
            Code::IdempotencyKeyReused,
            Code::IdempotencyInProgress,
            Code::IdempotencyOutcomeUnknown,
        ])
    }

    /// A repetition with the same `Idempotency-Key` answers no more than the id: what the success that was named last holds is shown once.
    #[must_use]
    pub fn repeated_by_id(mut self) -> Self {
        let repeated = json!({
            "type": "object",
            "description": "What is answered to a repetition with the same `Idempotency-Key`.",
            "additionalProperties": false,
            "properties": { "id": { "type": "string" } },
        });
        if let Some((_, schema)) = self.successes.last_mut().and_then(|success| success.content.first_mut()) {
            *schema = json!({ "anyOf": [schema.take(), repeated] });
        }
        self
    }

    /// Fails so too.
    #[must_use]
    pub fn fails(mut self, codes: impl IntoIterator<Item = Code>) -> Self {
        self.problems.extend(codes);
        self
    }
}

/// A page: its media type, and that it is text.
#[must_use]
pub fn page() -> (&'static str, Value) {
    ("text/html; charset=utf-8", json!({ "type": "string" }))
}

/// The schema of a problem's body.
#[must_use]
pub fn problem(schemas: &mut Schemas) -> Value {
    schemas.answer::<super::problem::Body<'static>>()
}

/// A schema for a text that must look like `pattern`.
#[must_use]
pub fn text_like(pattern: &str) -> Schema {
    schemars::json_schema!({ "type": "string", "pattern": pattern })
}
