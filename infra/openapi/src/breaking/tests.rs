//! Each class of breaking change is red, each kind of addition is green.

use serde_json::{Value, json};

use super::changes;

/// A small description with something of everything.
fn released() -> Value {
    json!({
        "paths": {
            "/v1/things": {
                "get": {
                    "security": [],
                    "parameters": [
                        { "in": "query", "name": "per_page", "required": false, "schema": { "type": "integer", "maximum": 100 } },
                    ],
                    "responses": {
                        "200": {
                            "headers": { "ETag": {} },
                            "content": { "application/json": { "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } } } },
                        },
                    },
                },
                "post": {
                    "security": [{ "bearer": [] }],
                    "x-required-scopes": ["things:write"],
                    "requestBody": {
                        "required": false,
                        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ThingInput" } } },
                    },
                    "responses": {
                        "201": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } },
                        "409": { "$ref": "#/components/responses/conflict" },
                    },
                },
            },
        },
        "components": {
            "responses": {
                "conflict": {
                    "content": { "application/problem+json": { "schema": { "allOf": [
                        {}, { "properties": { "code": { "enum": ["conflict", "quota_reached"] } } },
                    ] } } },
                },
            },
            "schemas": {
                "Thing": {
                    "type": "object",
                    "required": ["id", "state"],
                    "properties": {
                        "id": { "type": "string" },
                        "size": { "type": ["integer", "null"] },
                        "state": { "oneOf": [{ "const": "new" }, { "const": "old" }] },
                    },
                },
                "ThingInput": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["name"],
                    "properties": {
                        "name": { "type": "string", "maxLength": 200 },
                        "kind": { "anyOf": [{ "enum": ["a", "b"], "type": "string" }, { "type": "null" }] },
                    },
                },
            },
        },
    })
}

/// What breaks when the released description is changed so.
fn after(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut present = released();
    change(&mut present);
    changes(&released(), &present, "2026-11-22")
}

fn set(place: &str, value: Value) -> impl FnOnce(&mut Value) + use<> {
    let place = place.to_owned();
    move |document| *document.pointer_mut(&place).unwrap_or_else(|| panic!("{place}")) = value
}

fn put(place: &str, name: &str, value: Value) -> impl FnOnce(&mut Value) + use<> {
    let (place, name) = (place.to_owned(), name.to_owned());
    move |document| document.pointer_mut(&place).unwrap_or_else(|| panic!("{place}"))[name.as_str()] = value
}

fn take(place: &str, name: &str) -> impl FnOnce(&mut Value) + use<> {
    let (place, name) = (place.to_owned(), name.to_owned());
    move |document| {
        let object = document.pointer_mut(&place).and_then(Value::as_object_mut);
        object.and_then(|object| object.remove(&name)).unwrap_or_else(|| panic!("{place} {name}"));
    }
}

const GET: &str = "/paths/~1v1~1things/get";
const POST: &str = "/paths/~1v1~1things/post";
const THING: &str = "/components/schemas/Thing";
const INPUT: &str = "/components/schemas/ThingInput";

#[test]
fn nothing_changed_breaks_nothing() {
    assert_eq!(after(|_| ()), [] as [&str; 0]);
}

#[test]
fn every_class_of_breaking_change_is_seen() {
    type Case = (Box<dyn FnOnce(&mut Value)>, &'static str);
    let cases: Vec<Case> = vec![
        (Box::new(take("/paths", "/v1/things")), "GET /v1/things: the route is gone"),
        (Box::new(take("/paths/~1v1~1things", "post")), "POST /v1/things: the route is gone"),
        (Box::new(set(&format!("{GET}/security"), json!([{ "bearer": [] }]))), "GET /v1/things: it took no key"),
        (
            Box::new(put(POST, "x-required-scopes", json!(["things:write", "raw"]))),
            "POST /v1/things: it did not need the scope raw",
        ),
        (
            Box::new(set(&format!("{GET}/parameters"), json!([]))),
            "GET /v1/things: the query parameter per_page is gone",
        ),
        (
            Box::new(put(&format!("{GET}/parameters/0"), "required", json!(true))),
            "GET /v1/things: the query parameter per_page was optional",
        ),
        (
            Box::new(put(&format!("{GET}/parameters/0/schema"), "maximum", json!(50))),
            "GET /v1/things: the query parameter per_page has a tighter maximum",
        ),
        (
            Box::new(|document: &mut Value| {
                let list = document.pointer_mut(&format!("{GET}/parameters")).and_then(Value::as_array_mut);
                list.unwrap().push(json!({ "in": "query", "name": "sort", "required": true, "schema": {} }));
            }),
            "GET /v1/things: the query parameter sort is new and required",
        ),
        (
            Box::new(put(&format!("{POST}/requestBody"), "required", json!(true))),
            "POST /v1/things: the body was optional",
        ),
        (
            Box::new(|document: &mut Value| {
                take(&format!("{POST}/requestBody/content"), "application/json")(document);
            }),
            "POST /v1/things: the body can no longer be application/json",
        ),
        (Box::new(take(&format!("{INPUT}/properties"), "kind")), "POST /v1/things: the body/kind is gone"),
        (
            Box::new(set(&format!("{INPUT}/required"), json!(["name", "kind"]))),
            "POST /v1/things: the body/kind is required now",
        ),
        (
            Box::new(put(&format!("{INPUT}/properties/name"), "type", json!("integer"))),
            "POST /v1/things: the body/name was string and is integer",
        ),
        (
            Box::new(set(&format!("{INPUT}/properties/kind"), json!({ "type": "string", "enum": ["a", "b"] }))),
            "POST /v1/things: the body/kind was null or string and is string",
        ),
        (
            Box::new(set(&format!("{INPUT}/properties/kind/anyOf/0/enum"), json!(["a"]))),
            "POST /v1/things: the body/kind lost the value \"b\"",
        ),
        (
            Box::new(put(&format!("{INPUT}/properties/name"), "maxLength", json!(100))),
            "POST /v1/things: the body/name has a tighter maxLength",
        ),
        (
            Box::new(put(&format!("{INPUT}/properties/name"), "pattern", json!("^a"))),
            "POST /v1/things: the body/name has another pattern",
        ),
        (
            Box::new(put(&format!("{INPUT}/properties/name"), "enum", json!(["x"]))),
            "POST /v1/things: the body/name took any value",
        ),
        (
            Box::new(|document: &mut Value| {
                let answers = &mut document["paths"]["/v1/things"]["post"]["responses"];
                answers["200"] = answers["201"].take();
                answers.as_object_mut().unwrap().remove("201");
            }),
            "POST /v1/things: it no longer answers 201",
        ),
        (
            Box::new(|document: &mut Value| {
                let answers = &mut document["paths"]["/v1/things"]["post"]["responses"];
                answers["422"] = answers["409"].take();
                answers.as_object_mut().unwrap().remove("409");
            }),
            "POST /v1/things: the problem conflict had the status {\"409\"} and has {\"422\"}",
        ),
        (
            Box::new(take(&format!("{GET}/responses/200/headers"), "ETag")),
            "GET /v1/things: the answer 200 lost the header ETag",
        ),
        (
            Box::new(take(&format!("{GET}/responses/200/content"), "application/json")),
            "GET /v1/things: the answer 200 can no longer be application/json",
        ),
        (Box::new(take(&format!("{THING}/properties"), "size")), "GET /v1/things: the answer 200[]/size is gone"),
        (
            Box::new(set(&format!("{THING}/required"), json!(["id"]))),
            "GET /v1/things: the answer 200[]/state may be missing now",
        ),
        (
            Box::new(put(&format!("{THING}/properties/id"), "type", json!(["string", "null"]))),
            "GET /v1/things: the answer 200[]/id was string and is null or string",
        ),
        (
            Box::new(set(&format!("{THING}/properties/state/oneOf"), json!([{ "const": "new" }]))),
            "GET /v1/things: the answer 200[]/state lost the value \"old\"",
        ),
        (
            Box::new(put(&format!("{THING}/properties/id"), "type", json!("integer"))),
            "POST /v1/things: the answer 201/id was string and is integer",
        ),
    ];
    for (change, expected) in cases {
        let found = after(change);
        assert!(found.iter().any(|one| one == expected), "{expected}\nis not among {found:#?}");
    }
}

#[test]
fn additions_break_nothing() {
    type Case = (Box<dyn FnOnce(&mut Value)>, &'static str);
    let optional = json!({ "in": "query", "name": "sort", "required": false, "schema": { "enum": ["a"] } });
    let cases: Vec<Case> = vec![
        (Box::new(put("/paths", "/v1/others", json!({ "get": {} }))), "a route"),
        (Box::new(put("/paths/~1v1~1things", "delete", json!({ "responses": {} }))), "a method"),
        (
            Box::new(move |document: &mut Value| {
                let list = document.pointer_mut(&format!("{GET}/parameters")).and_then(Value::as_array_mut);
                list.unwrap().push(optional);
            }),
            "an optional parameter",
        ),
        (Box::new(put(&format!("{GET}/parameters/0/schema"), "maximum", json!(200))), "a wider limit"),
        (Box::new(put(&format!("{INPUT}/properties"), "note", json!({ "type": "string" }))), "an optional field"),
        (Box::new(set(&format!("{INPUT}/required"), json!([]))), "a field that is no longer required"),
        (Box::new(put(&format!("{INPUT}/properties/name"), "type", json!(["string", "null"]))), "a wider type"),
        (Box::new(set(&format!("{INPUT}/properties/kind/anyOf/0/enum"), json!(["a", "b", "c"]))), "a value"),
        (Box::new(take(INPUT, "additionalProperties")), "an open object"),
        (Box::new(put(&format!("{THING}/properties"), "color", json!({ "type": "string" }))), "a field of an answer"),
        (Box::new(set(&format!("{THING}/required"), json!(["id", "state", "size"]))), "a field that is always there"),
        (Box::new(put(&format!("{THING}/properties/size"), "type", json!("integer"))), "an answer that is never null"),
        (
            Box::new(set(
                &format!("{THING}/properties/state/oneOf"),
                json!([{ "const": "new" }, { "const": "old" }, { "const": "lost" }]),
            )),
            "a value of an answer",
        ),
        (Box::new(put(&format!("{POST}/responses"), "503", json!({}))), "a problem"),
        (Box::new(take(&format!("{POST}/responses"), "409")), "a problem that does not happen any more"),
        (Box::new(put(&format!("{GET}/responses/200/headers"), "Age", json!({}))), "a header"),
    ];
    for (change, what) in cases {
        let found = after(change);
        assert!(found.is_empty(), "{what}: {found:#?}");
    }
}

#[test]
fn r146_a_route_may_go_after_its_announced_sunset_and_not_before() {
    let mut released = released();
    released["paths"]["/v1/things"]["post"]["x-sunset"] = json!("2027-07-01T00:00:00Z");
    let mut present = released.clone();
    present["paths"]["/v1/things"].as_object_mut().unwrap().remove("post");
    assert_eq!(changes(&released, &present, "2027-06-30T23:59:59Z"), ["POST /v1/things: the route is gone"]);
    assert!(changes(&released, &present, "2027-07-01T00:00:00Z").is_empty());
}
