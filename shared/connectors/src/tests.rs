//! What holds for every connector, and the driver that the connectors' own tests use.

use std::collections::BTreeSet;

use bytes::Bytes;
use domain::model::Entity;
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde_json::Value;

use crate::{
    Action, CONNECTORS, Connector, Context, Credential, Fields, InboundResponse, Input, Loopback, OutboundRequest,
    Outcome, Read, ReadError, Refusal, StoreAddress, Target, Turn, Verb, Write, catalogue,
};

pub(crate) fn credential_of(connector: &dyn Connector) -> Credential {
    let fields = connector.platform().credentials;
    fields.iter().map(|field| (field.name.to_owned(), format!("test-{}", field.name).into())).collect()
}

pub(crate) fn address_of(connector: &dyn Connector) -> StoreAddress {
    // Shopify's stores are under its own domain, BigCommerce's under one address of its API.
    let address = |text| connector.address(text, Loopback::Denied);
    let generic = address("https://shop.example").or_else(|_| address("https://shop.myshopify.com"));
    generic.or_else(|_| address("https://api.bigcommerce.com/stores/abc123")).unwrap()
}

pub(crate) fn ok(body: &str) -> InboundResponse {
    InboundResponse { status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::from(body.to_owned()) }
}

/// Drives a turn to its end with made-up answers; says how many rounds and requests it took.
pub(crate) fn drive(
    mut turn: Turn,
    mut answer: impl FnMut(&OutboundRequest) -> InboundResponse,
) -> Result<(Outcome, Vec<Vec<String>>), ReadError> {
    let mut rounds = Vec::new();
    loop {
        match turn {
            Turn::Done(outcome) => return Ok((outcome, rounds)),
            Turn::Send { requests, then } => {
                assert!(!requests.is_empty() && rounds.len() < 8);
                rounds.push(requests.iter().map(|request| request.unsigned_url().to_string()).collect());
                turn = then(requests.iter().map(&mut answer).collect())?;
            }
            Turn::Wait { then, .. } => turn = *then,
        }
    }
}

/// A read of the connector with made-up answers, as JSON.
pub(crate) fn read(
    connector: &dyn Connector,
    entity: Entity,
    target: Target<'_>,
    answer: impl FnMut(&OutboundRequest) -> InboundResponse,
) -> Result<(Value, Vec<Vec<String>>), ReadError> {
    let (address, credential) = (address_of(connector), credential_of(connector));
    let context = Context { address: &address, credential: &credential };
    let read = Read { entity, target, fields: None, include_remote: false };
    let turn = connector.read(&context, &read).unwrap_or_else(|refusal| panic!("refused: {refusal}"));
    let (outcome, rounds) = drive(turn, answer)?;
    Ok((serde_json::from_slice(&outcome.to_json(None).unwrap()).unwrap(), rounds))
}

/// A request as it went out: method, path below `base` with its query decoded, body.
pub(crate) type Sent = (http::Method, String, Value);

pub(crate) fn sent(request: &OutboundRequest, base: &str) -> Sent {
    let url = request.unsigned_url();
    let query: Vec<String> = url.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
    let path = url.path().trim_start_matches(base);
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) };
    (request.method.clone(), target, serde_json::from_slice(&request.body).unwrap_or_default())
}

/// A write with made-up answers: the outcome as JSON and everything that was sent.
pub(crate) fn write(
    connector: &dyn Connector,
    base: &str,
    entity: Entity,
    verb: Verb,
    id: &str,
    body: &Value,
    mut answer: impl FnMut(&Sent) -> InboundResponse,
) -> Result<(Value, Vec<Sent>), ReadError> {
    let (address, credential) = (address_of(connector), credential_of(connector));
    let context = Context { address: &address, credential: &credential };
    let support = connector.platform().support(entity).unwrap();
    let input = || Input::parse(support, verb, body.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error:?}"));
    let action = match verb {
        Verb::Create => Action::Create(input()),
        Verb::Update => Action::Update { id, input: input() },
        _ => Action::Delete { id },
    };
    let turn = connector.write(&context, Write { entity, action, include_remote: false });
    let turn = turn.unwrap_or_else(|refusal| panic!("refused: {refusal}"));
    let mut all = Vec::new();
    let (outcome, _) = drive(turn, |request| {
        let request = sent(request, base);
        let answer = answer(&request);
        all.push(request);
        answer
    })?;
    let text = outcome.to_json(None).unwrap();
    Ok((serde_json::from_slice(&text).unwrap_or_default(), all))
}

/// The field for which an input is refused before anything is sent.
pub(crate) fn refused_field(connector: &dyn Connector, entity: Entity, verb: Verb, body: &Value) -> String {
    let (address, credential) = (address_of(connector), credential_of(connector));
    let context = Context { address: &address, credential: &credential };
    let support = connector.platform().support(entity).unwrap();
    let input = Input::parse(support, verb, body.to_string().as_bytes()).unwrap();
    let action = if verb == Verb::Create { Action::Create(input) } else { Action::Update { id: "77", input } };
    match connector.write(&context, Write { entity, action, include_remote: false }) {
        Err(Refusal::Field { pointer, why }) => {
            assert!(why.ends_with('.'));
            pointer
        }
        _ => panic!("{body} was not refused"),
    }
}

pub(crate) const FIRST_PAGE: Target<'static> = Target::Page { per_page: 25, cursor: None, updated_after: None };

#[test]
fn the_catalogue_is_complete() {
    let names: BTreeSet<&str> = catalogue().map(|platform| platform.name).collect();
    assert_eq!(names.len(), CONNECTORS.len());
    for platform in catalogue() {
        for entity in Entity::ALL {
            for verb in [Verb::List, Verb::Get, Verb::Create, Verb::Update, Verb::Delete] {
                let Err(reason) = platform.supports(entity, verb) else { continue };
                assert!(reason.ends_with('.'), "{} {entity} {verb:?} gives no reason", platform.name);
            }
        }
        assert!(platform.credentials.iter().any(|field| field.secret && field.required));
    }
    let shown = serde_json::to_value(catalogue().collect::<Vec<_>>()).unwrap();
    assert_eq!(shown[0]["entities"][5]["unsupported"][0]["verb"], "list");
    assert_eq!(shown[1]["credentials"][1]["name"], "consumer_secret");
}

#[test]
fn credentials_are_checked_field_by_field() {
    use crate::CredentialError::{Malformed, Missing, Unknown};
    for connector in CONNECTORS {
        let platform = connector.platform();
        let name = platform.credentials[0].name;
        let with = |field: &str, value: &str| {
            let mut fields: Vec<(String, secrecy::SecretString)> =
                platform.credentials.iter().map(|field| (field.name.to_owned(), "value".into())).collect();
            fields.retain(|(name, _)| name != field);
            fields.push((field.to_owned(), value.into()));
            platform.check_credential(&fields.into_iter().collect())
        };
        assert_eq!(with(name, "fine"), Ok(()));
        assert_eq!(with("nonsense", "x"), Err(Unknown("nonsense".to_owned())));
        for value in ["", "a b", "a\r\nb", "ü", &"a".repeat(513)] {
            assert_eq!(with(name, value), Err(Malformed(name.to_owned())));
        }
        assert_eq!(platform.check_credential(&Credential::default()), Err(Missing(name.to_owned())));
        let address = address_of(*connector);
        let context = Context { address: &address, credential: &Credential::default() };
        assert!(matches!(connector.probe(&context), Err(Refusal::Credential(Missing(_)))));
    }
}

#[test]
fn what_is_not_supported_and_bad_targets_are_refused_before_any_request() {
    for connector in CONNECTORS {
        let (address, credential) = (address_of(*connector), credential_of(*connector));
        let context = Context { address: &address, credential: &credential };
        let refusal = |entity, target| {
            connector.read(&context, &Read { entity, target, fields: None, include_remote: false }).err()
        };
        for entity in Entity::ALL {
            if connector.platform().supports(entity, Verb::List).is_err() {
                assert!(matches!(refusal(entity, FIRST_PAGE), Some(Refusal::NotSupported(_))), "{entity}");
            }
            let write = Write { entity, action: Action::Delete { id: "1" }, include_remote: false };
            if connector.platform().supports(entity, Verb::Delete).is_err() {
                assert!(matches!(connector.write(&context, write).err(), Some(Refusal::NotSupported(_))), "{entity}");
            }
        }
        let cursor = Target::Page { per_page: 25, cursor: Some("AAAA"), updated_after: None };
        assert_eq!(refusal(Entity::Products, cursor), Some(Refusal::Cursor));
        let per_page = Target::Page { per_page: 101, cursor: None, updated_after: None };
        assert_eq!(refusal(Entity::Products, per_page), Some(Refusal::PerPage));
        for id in ["", "../1", "1/2", "1?x", "1%2F2", "ü"] {
            assert_eq!(refusal(Entity::Products, Target::One(id)), Some(Refusal::Id), "{id}");
        }
    }
}

#[test]
fn writable_fields_are_input_fields_and_belong_to_verbs_that_work() {
    for platform in catalogue() {
        for support in platform.entities {
            let mut seen = BTreeSet::new();
            for path in support.writable {
                let below = format!("{path}.");
                let is_field = support.entity.input_fields().iter().any(|field| {
                    let field = field.strip_suffix(".*").unwrap_or(field);
                    field == *path || field.starts_with(&below)
                });
                assert!(is_field && seen.insert(*path), "{} {} {path}", platform.name, support.entity);
            }
            let takes_input = support.verbs.iter().any(|verb| matches!(verb, Verb::Create | Verb::Update));
            assert_eq!(takes_input, !support.writable.is_empty(), "{} {}", platform.name, support.entity);
        }
    }
}

/// The field table of the model equals what is serialised, taken over all platforms.
#[test]
fn the_field_table_is_what_is_serialised() {
    let mut seen: BTreeSet<(Entity, String)> = BTreeSet::new();
    let samples = [
        ("cartos", crate::cartos::tests::SAMPLES),
        ("woocommerce", crate::woocommerce::tests::SAMPLES),
        ("medusa", crate::medusa::tests::SAMPLES),
    ];
    for (platform, samples) in samples {
        for (entity, body) in samples {
            let (page, _) = read(crate::connector(platform).unwrap(), *entity, FIRST_PAGE, |_| ok(body)).unwrap();
            for object in page["data"].as_array().unwrap() {
                paths(object, "", *entity, &mut seen);
            }
        }
    }
    for entity in Entity::ALL.into_iter().filter(|entity| *entity != Entity::Baskets) {
        let seen: BTreeSet<&str> = seen.iter().filter(|(of, _)| *of == entity).map(|(_, path)| path.as_str()).collect();
        let is_served = |field: &&str| *field != "remote";
        let table: BTreeSet<&str> =
            entity.fields().iter().map(|field| field.trim_end_matches(".*")).filter(is_served).collect();
        assert_eq!(table.difference(&seen).collect::<Vec<_>>(), Vec::<&&str>::new(), "{entity}: in the table only");
        assert_eq!(seen.difference(&table).collect::<Vec<_>>(), Vec::<&&str>::new(), "{entity}: serialised only");
    }
}

fn paths(value: &Value, at: &str, entity: Entity, seen: &mut BTreeSet<(Entity, String)>) {
    let is_open = entity.fields().contains(&format!("{at}.*").as_str());
    match value {
        Value::Object(members) if !is_open => {
            for (name, member) in members {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                seen.insert((entity, path.clone()));
                paths(member, &path, entity, seen);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(item, at, entity, seen)),
        _ => {}
    }
}

#[test]
fn a_selection_reaches_the_answer() {
    let (address, credential) = (address_of(CONNECTORS[0]), credential_of(CONNECTORS[0]));
    let context = Context { address: &address, credential: &credential };
    let read = Read { entity: Entity::Products, target: FIRST_PAGE, fields: None, include_remote: true };
    let (outcome, _) =
        drive(CONNECTORS[0].read(&context, &read).unwrap(), |_| ok(crate::cartos::tests::SAMPLES[0].1)).unwrap();
    let fields = Fields::parse(Entity::Products, "id,variants.price.amount").unwrap();
    let body = String::from_utf8(outcome.to_json(Some(&fields)).unwrap()).unwrap();
    assert!(body.starts_with(r#"{"data":[{"id":"1001","variants":[{"price":{"amount":"19.90"}},"#), "{body}");
    // The platform's own object keeps its bytes: the weight is not 0.25.
    assert!(body.contains(r#""weight":0.250"#), "{body}");
}

fn json_like() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[0-9]{1,25}(\\.[0-9]{1,5})?(e[0-9]{1,3})?",
        "\"[a-z0-9.:TZ-]{0,12}\"",
        Just("\"\\u0000\"".to_owned()),
    ];
    let names = prop_oneof![
        Just("id"),
        Just("products"),
        Just("orders"),
        Just("pagination"),
        Just("count"),
        Just("customers"),
        Just("product_categories"),
        Just("prices"),
        Just("inventory_items"),
        Just("page"),
        Just("total_pages"),
        Just("name"),
        Just("status"),
        Just("variants"),
        Just("price"),
        Just("type"),
        Just("variations"),
        Just("line_items"),
        Just("meta_data"),
        Just("date_created_gmt"),
        Just("images"),
        Just("code"),
        Just("product"),
        Just("data"),
        Just("nodes"),
        Just("pageInfo"),
        Just("errors"),
        Just("legacyResourceId"),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec((names.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<String> =
                    members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_a_store_answers_nothing_panics(body in prop_oneof![json_like(), ".{0,60}"], status in 100u16..600, one in any::<bool>()) {
        for connector in CONNECTORS {
            let (address, credential) = (address_of(*connector), credential_of(*connector));
            let context = Context { address: &address, credential: &credential };
            for entity in Entity::ALL.into_iter().filter(|entity| *entity != Entity::Baskets) {
                for status in [200, status] {
                    let target = if one { Target::One("16") } else { FIRST_PAGE };
                    let turn = connector.read(&context, &Read { entity, target, fields: None, include_remote: one }).unwrap();
                    let answer = |_: &OutboundRequest| InboundResponse { status: StatusCode::from_u16(status).unwrap(), ..ok(&body) };
                    if let Ok((outcome, _)) = drive(turn, answer) {
                        prop_assert!(outcome.to_json(None).is_ok());
                    }
                }
            }
        }
    }
}
