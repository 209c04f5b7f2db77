//! The data plane's routes as `docs/openapi.yaml` describes them.

use cloud::http::{
    Code,
    description::{self, Operation, Parameter, Schemas},
};
use connectors::{Platform, Verb};
use domain::{
    model::{
        Basket, Category, Customer, Entity, InventoryLevel, Order, Product,
        input::{BasketInput, CategoryInput, CustomerInput, InventoryInput, OrderInput, ProductInput},
    },
    restriction::concerns,
    scope::scope_of,
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{route, write};

/// The heading that the routes of stores' data stand under.
const DATA: &str = "data";

/// How a call of a store fails before the store is asked.
const REACHING: [Code; 5] =
    [Code::NotFound, Code::StoreAccessRevoked, Code::Misdirected, Code::Internal, Code::NotSupported];

/// How a call of a store fails at the store.
const UPSTREAM: [Code; 9] = [
    Code::UpstreamUnauthorized,
    Code::UpstreamNotFound,
    Code::UpstreamConflict,
    Code::UpstreamRejected,
    Code::UpstreamRateLimited,
    Code::UpstreamUnavailable,
    Code::UpstreamUnreadable,
    Code::UpstreamTooLarge,
    Code::UpstreamTimeout,
];

/// Every route of the data plane.
pub fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let mut all = vec![platforms(schemas)];
    for entity in Entity::ALL {
        for verb in [Verb::List, Verb::Get, Verb::Create, Verb::Update, Verb::Delete] {
            all.push(unified(entity, verb, schemas));
        }
        all.push(batch(entity, schemas));
    }
    all.extend(["GET", "POST", "PUT", "PATCH", "DELETE"].map(raw));
    all
}

fn platforms(schemas: &mut Schemas) -> Operation {
    let platforms = schemas.list::<Platform>();
    Operation::new(
        "GET /v1/platforms",
        "public",
        "The platforms, what each needs to be connected and what it supports.",
    )
    .answers(StatusCode::OK, "All of them, on one page.", platforms)
}

fn unified(entity: Entity, verb: Verb, schemas: &mut Schemas) -> Operation {
    let writes = !matches!(verb, Verb::List | Verb::Get);
    let summary = match verb {
        Verb::List => format!("A page of a store's {entity}."),
        Verb::Get => format!("One of a store's {entity}."),
        Verb::Create => format!("Creates one of a store's {entity}."),
        Verb::Update => format!("Changes one of a store's {entity}: absent fields stay, `null` empties a field."),
        Verb::Delete => format!("Deletes one of a store's {entity}."),
    };
    let mut operation = Operation::new(route::unified_template(entity, verb), DATA, summary)
        .fails(REACHING)
        .fails(UPSTREAM)
        .fails([Code::ValidationFailed]);
    operation.scopes.push(scope_of(entity, writes));
    // A page leaves out what must not be used.
    let refuses = concerns(entity) && verb != Verb::List;
    let operation = if refuses { operation.fails([Code::ProcessingRestricted]) } else { operation };
    let operation = if writes { operation.once() } else { operation };
    match verb {
        Verb::List => conditional(
            operation
                .asks(Parameter::of_a_list())
                .asks([Parameter::optional(
                    "updated_after",
                    "Only what was changed after this time.",
                    json!({ "type": "string", "format": "date-time" }),
                )])
                .asks([fields(), remote()])
                .fails([Code::CursorInvalid])
                .answers(StatusCode::OK, "The page.", page(entity, schemas))
                .with_header(
                    "X-Restricted-Omitted",
                    "How many objects are left out, because the data of their customers must not be used.",
                ),
        ),
        Verb::Get => conditional(operation.asks([fields(), remote()]).answers(
            StatusCode::OK,
            "The object.",
            one(entity, schemas),
        )),
        Verb::Create => operation
            .takes(json!({ "allOf": [input(entity, schemas), { "required": entity.required_fields() }] }))
            .asks([remote()])
            .answers(StatusCode::CREATED, "The object as the platform made it.", one(entity, schemas))
            .with_header("Location", "Where it can be read, if the platform named it."),
        Verb::Update => operation.takes(input(entity, schemas)).asks([remote()]).answers(
            StatusCode::OK,
            "The object as the platform has it now.",
            one(entity, schemas),
        ),
        Verb::Delete => operation.answers_nothing("It is deleted."),
    }
}

/// Adds what every unified read has of the cache and of conditional reads.
fn conditional(read: Operation) -> Operation {
    read.with_header("ETag", "Names the answer by its bytes.")
        .with_header("X-Cache", "Whether the answer comes from the cache: `hit`, `miss` or `bypass`.")
        .with_header("Age", "How many seconds ago the store was asked, where its owner turned the cache on.")
        .asks([
            Parameter::header("If-None-Match", "The `ETag` of the answer that the caller has."),
            Parameter::header(
                "Cache-Control",
                "`no-cache` has the store asked and the cache refreshed, `no-store` has nothing kept.",
            ),
        ])
        .answers_with(StatusCode::NOT_MODIFIED, "It is the answer that the caller has.", Vec::new())
}

fn batch(entity: Entity, schemas: &mut Schemas) -> Operation {
    let data = json!({ "anyOf": [input(entity, schemas), { "type": "null" }] });
    let taken = json!({
        "allOf": [schemas.request::<write::Batch>()],
        "properties": { "items": { "items": { "properties": { "data": data } } } },
    });
    let result = json!({
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": { "type": "integer", "description": "What the single write would have answered." },
            "data": one(entity, schemas),
            "problem": description::problem(schemas),
        },
    });
    let results = json!({
        "type": "object",
        "required": ["data"],
        "properties": { "data": { "type": "array", "items": result, "description": "One result an item, in their order." } },
    });
    let summary =
        format!("Creates, changes and deletes up to 100 of a store's {entity}; one that fails stops no other.");
    let mut operation = Operation::new(route::batch_template(entity), DATA, summary)
        .takes(taken)
        .asks([remote()])
        .once()
        .answers(StatusCode::OK, "What each came to.", results)
        .fails(REACHING);
    operation.scopes.push(scope_of(entity, true));
    operation
}

fn fields() -> Parameter {
    Parameter::optional(
        "fields",
        "The fields to answer, as dotted paths with commas between: `id,name,variants.sku`. Without it every field is there, `null` where the platform has nothing.",
        json!({ "type": "string" }),
    )
}

fn remote() -> Parameter {
    Parameter::optional(
        "include",
        "`remote` adds the platform's own object as `remote`.",
        json!({ "type": "string", "enum": ["remote"] }),
    )
}

macro_rules! by_entity {
    ($entity:expr, $schemas:expr, $of:ident, $($variant:ident $model:ty),+) => {
        match $entity { $(Entity::$variant => $schemas.$of::<$model>(),)+ }
    };
}

fn page(entity: Entity, schemas: &mut Schemas) -> Value {
    by_entity!(
        entity, schemas, selectable_list, Products Product, Orders Order, Customers Customer, Categories Category,
        Inventory InventoryLevel, Baskets Basket
    )
}

fn one(entity: Entity, schemas: &mut Schemas) -> Value {
    by_entity!(
        entity, schemas, selectable, Products Product, Orders Order, Customers Customer, Categories Category,
        Inventory InventoryLevel, Baskets Basket
    )
}

fn input(entity: Entity, schemas: &mut Schemas) -> Value {
    by_entity!(
        entity, schemas, request, Products ProductInput, Orders OrderInput, Customers CustomerInput,
        Categories CategoryInput, Inventory InventoryInput, Baskets BasketInput
    )
}

fn raw(method: &str) -> Operation {
    let route = format!("{method} /v1/stores/{{store}}/raw/{{path}}");
    let summary = "The platform's own API, passed through: bytes, status and the platform's headers.";
    let mut operation = Operation::new(route, DATA, summary).fails(REACHING).fails(UPSTREAM).fails([
        Code::PathRefused,
        Code::HeaderRefused,
        Code::ValidationFailed,
        Code::ProcessingRestricted,
    ]);
    operation.scopes.push(domain::scope::Scope::Raw);
    operation.passes_through = true;
    operation
}

#[cfg(test)]
mod tests {
    use cloud::{boot::Budget, clock::Clock, http::Call};

    use super::*;

    /// The template of the route that a call of `path` leads to.
    fn template(method: &str, path: &str) -> Option<&'static str> {
        let event = json!({ "rawPath": path, "requestContext": { "http": { "method": method } } });
        let clock = Clock::system();
        let budget = Budget::of_invocation(&lambda_runtime::Context::default(), &clock);
        let (call, _) = Call::read(serde_json::from_value(event).unwrap(), budget, &clock);
        route::parse(&call).ok().map(|route| route.template())
    }

    #[test]
    fn every_described_route_is_there_under_its_template() {
        for operation in operations(&mut Schemas::default()) {
            let (method, path) = operation.route.split_once(' ').unwrap();
            let call =
                path.replace("{store}", "str_00000000000000000000000007").replace("{id}", "7").replace("{path}", "a/b");
            let expected = if operation.passes_through { format!("ANY {path}") } else { operation.route.clone() };
            assert_eq!(template(method, &call), Some(expected.as_str()));
        }
    }
}
