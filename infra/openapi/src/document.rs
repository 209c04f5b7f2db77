//! The document, put together.

use cloud::http::{
    Code,
    description::{self, Operation, Parameter, Schemas, Success},
};
use domain::{deprecation, scope::Scope};
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::problems;

/// Headers of every answer, with what they say.
const HEADERS: &[(&str, &str, &str)] = &[
    ("X-Request-Id", "string", "Names the call in logs and in support."),
    ("X-RateLimit-Limit", "integer", "Calls that one second may hold at most."),
    ("X-RateLimit-Remaining", "integer", "Calls that could be made now."),
    ("X-RateLimit-Reset", "integer", "Unix second from which more are possible."),
    ("RateLimit-Policy", "string", "The windows, as the IETF's draft has them."),
    ("RateLimit", "string", "What is left of them."),
];

/// Headers of every answer of a route whose end is announced.
const ENDING: &[(&str, &str, &str)] = &[
    ("Deprecation", "string", "`@` and the unix second from which the route should not be used any more (RFC 9745)."),
    ("Sunset", "string", "The HTTP date from which the route is gone (RFC 8594)."),
    ("Link", "string", "The guide that tells how to move, and what takes the route's place (RFC 8288)."),
];

const REPLAYED: &str = "`true` where the call was carried out before, with the same `Idempotency-Key`.";

/// The description of the API as the code is.
#[must_use]
pub fn document() -> Value {
    let mut schemas = Schemas::default();
    let mut operations = control::description::operations(&mut schemas);
    operations.extend(privacy::description::operations(&mut schemas));
    operations.extend(proxy::description::operations(&mut schemas));
    let problem = description::problem(&mut schemas);
    let (mut components, differ) = schemas.finish();
    let mut responses = Map::new();
    let mut paths = Map::new();
    for mut operation in operations {
        if let Some(body) = &mut operation.body {
            body.content.iter_mut().for_each(|(_, schema)| description::rename(schema, &differ));
        }
        let (method, path) = operation.route.split_once(' ').unwrap_or_default();
        let (method, path) = (method.to_lowercase(), path.to_owned());
        let described = describe(&operation, &problem, &mut responses);
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods[method] = described;
    }
    components.values_mut().for_each(tidy);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Cartage",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "One API in front of every connected store. `docs/API.md` tells what a description cannot. Within `/v1` only additions are made: clients must ignore fields that they do not know.",
        },
        "servers": [{ "url": "/", "description": "The stack that serves this document." }],
        "tags": tags(),
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": responses,
            "headers": headers(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "`Authorization: Bearer ctg_…`" },
                "apiKey": { "type": "apiKey", "in": "header", "name": "X-API-Key" },
                "basic": { "type": "http", "scheme": "basic", "description": "The key as the user name, so that vendors' clients work unmodified." },
            },
        },
    });
    tidy(&mut document["paths"]);
    document
}

fn tags() -> Value {
    json!([
        { "name": "data", "description": "Stores' products, orders, customers, categories, stock and baskets. An application's key, and the merchant's grant." },
        { "name": "account", "description": "The account and its management keys." },
        { "name": "applications", "description": "Applications and their keys." },
        { "name": "stores", "description": "Connected stores and the grants on them." },
        { "name": "webhooks", "description": "Subscriptions to events of stores, their deliveries, and the events themselves." },
        { "name": "public", "description": "What takes no key." },
    ])
}

fn headers() -> Value {
    let retry = ("Retry-After", "integer", "Seconds after which the call may be made again.");
    let all = HEADERS.iter().chain(ENDING).chain(std::iter::once(&retry));
    all.map(|(name, kind, text)| {
        ((*name).to_owned(), json!({ "description": text, "required": true, "schema": { "type": kind } }))
    })
    .collect::<Map<_, _>>()
    .into()
}

fn describe(operation: &Operation, problem: &Value, responses: &mut Map<String, Value>) -> Value {
    let ending = deprecation::of(&operation.route);
    let mut answers = Map::new();
    for success in &operation.successes {
        let mut described = answer(success, ending.is_some());
        if operation.once {
            described["headers"]["Idempotency-Replayed"] = optional_header(REPLAYED);
        }
        answers.insert(success.status.as_str().to_owned(), described);
    }
    for (status, codes) in problems::of(operation) {
        if operation.passes_through {
            break;
        }
        let names: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
        let mut name = format!("{}.{}", status.as_u16(), names.join("."));
        if ending.is_some() {
            name.push_str(".deprecated");
        }
        if operation.pages {
            name.push_str(".page");
        }
        responses.entry(name.clone()).or_insert_with(|| {
            let mut failure = failure(status, &codes, problem, ending.is_some());
            if operation.pages {
                let (kind, schema) = description::page();
                failure["content"][kind] = json!({ "schema": schema });
            }
            failure
        });
        answers.insert(status.as_str().to_owned(), json!({ "$ref": format!("#/components/responses/{name}") }));
    }
    if operation.passes_through {
        let text = "What the platform answered, untouched; or, before it was asked, one of our problems.";
        let passed = Success { status: StatusCode::OK, text, content: vec![("*/*", json!({}))], headers: Vec::new() };
        answers.insert("default".to_owned(), answer(&passed, ending.is_some()));
    }
    let mut described = json!({
        "operationId": operation_id(&operation.route),
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": answers,
        "security": security(&operation.scopes),
    });
    let parameters: Vec<Value> =
        in_path(&operation.route).into_iter().chain(operation.parameters.iter().map(asked)).collect();
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if !operation.scopes.is_empty() {
        described["x-required-scopes"] = operation.scopes.iter().map(|scope| scope.as_str()).collect();
    }
    if let Some(body) = &operation.body {
        described["requestBody"] = json!({ "required": body.required, "content": content(&body.content) });
    }
    if let Some(ending) = ending {
        described["deprecated"] = true.into();
        described["description"] = format!(
            "Gone from {} on. `{}` takes its place; `GET {}` tells how to move.",
            ending.sunset(),
            ending.successor(),
            ending.guide_path()
        )
        .into();
        described["x-sunset"] = ending.sunset().to_string().into();
    }
    described
}

fn answer(success: &Success, ending: bool) -> Value {
    let mut headers = shared_headers(ending, false);
    for (name, text) in &success.headers {
        headers[*name] = optional_header(text);
    }
    let mut described = json!({ "description": success.text, "headers": headers });
    if !success.content.is_empty() {
        described["content"] = content(&success.content);
    }
    described
}

fn optional_header(text: &str) -> Value {
    json!({ "description": text, "required": false, "schema": { "type": "string" } })
}

fn failure(status: StatusCode, codes: &[Code], problem: &Value, ending: bool) -> Value {
    let meanings: Vec<String> = codes.iter().map(|code| format!("`{}`: {}.", code.as_str(), code.title())).collect();
    let retry = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let mut headers = shared_headers(ending, retry);
    if codes.contains(&Code::IdempotencyInProgress) {
        headers["Retry-After"] = optional_header("Seconds after which the first call has ended.");
    }
    let codes: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    let schema = json!({
        "allOf": [problem, { "properties": { "code": { "enum": codes }, "status": { "const": status.as_u16() } } }],
    });
    json!({
        "description": meanings.join("\n"),
        "headers": headers,
        "content": { "application/problem+json": { "schema": schema } },
    })
}

fn shared_headers(ending: bool, retry: bool) -> Value {
    let ending = ENDING.iter().filter(|_| ending).map(|(name, ..)| *name);
    let retry = retry.then_some("Retry-After");
    let names = HEADERS.iter().map(|(name, ..)| *name).chain(ending).chain(retry);
    names
        .map(|name| (name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })))
        .collect::<Map<_, _>>()
        .into()
}

fn content(content: &[(&'static str, Value)]) -> Value {
    content.iter().map(|(kind, schema)| ((*kind).to_owned(), json!({ "schema": schema }))).collect::<Map<_, _>>().into()
}

fn security(scopes: &[Scope]) -> Value {
    if scopes.is_empty() { json!([]) } else { json!([{ "bearer": [] }, { "apiKey": [] }, { "basic": [] }]) }
}

/// `GET /v1/stores/{store}/products` → `getV1StoresStoreProducts`: stable, and one for each route.
fn operation_id(route: &str) -> String {
    let (method, path) = route.split_once(' ').unwrap_or_default();
    let words = path.split(|one: char| !one.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.to_lowercase(), |mut id, word| {
        id.push_str(&word[..1].to_uppercase());
        id.push_str(&word[1..]);
        id
    })
}

/// The parameters in a route's path. What we name has the form that we gave it; `{id}` and `{path}` are the platform's.
fn in_path(route: &str) -> Vec<Value> {
    let names = route.split(['{', '}']).skip(1).step_by(2);
    names
        .map(|name| {
            let (text, schema) = match name {
                "store" => ("The store.", id("str_")),
                "application" => ("The application.", id("app_")),
                "key" => ("The key.", id("key_")),
                "subscription" => ("The subscription.", id("sub_")),
                "purpose" => (
                    "What is agreed to.",
                    json!({ "enum": domain::consent::Purpose::ALL.map(domain::consent::Purpose::as_str) }),
                ),
                "form" => ("Which form.", json!({ "enum": domain::form::Kind::ALL.map(domain::form::Kind::as_str) })),
                "id" => ("The object, by the `id` that it has here.", json!({ "type": "string", "minLength": 1 })),
                "path" => ("The path below the store's address; slashes stay slashes.", json!({ "type": "string" })),
                _ => ("Its name.", json!({ "type": "string", "minLength": 1 })),
            };
            json!({ "name": name, "in": "path", "required": true, "description": text, "schema": schema })
        })
        .collect()
}

fn id(prefix: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{prefix}{}$", domain::id::BODY_PATTERN) })
}

fn asked(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "in": if parameter.header { "header" } else { "query" },
        "required": parameter.required,
        "description": parameter.text,
        "schema": parameter.schema,
    })
}

/// Takes out what says nothing: the names that Rust gives its integers, and titles that repeat a name.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let rusts = ["uint8", "uint16", "uint32", "uint64", "uint"];
            if object.get("format").and_then(Value::as_str).is_some_and(|format| rusts.contains(&format)) {
                object.remove("format");
            }
            object.values_mut().for_each(tidy);
        }
        Value::Array(list) => list.iter_mut().for_each(tidy),
        // Doc comments link to the code.
        Value::String(text) if text.contains("[`") => *text = text.replace("[`", "`").replace("`]", "`"),
        _ => {}
    }
}
