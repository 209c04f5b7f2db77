//! The function's routes as `docs/openapi.yaml` describes them. An endpoint without a description does not compile.

use cloud::http::{
    Code,
    description::{Operation, Parameter, Schemas},
};
use http::StatusCode;
use serde_json::Value;

use crate::{
    inventory,
    routes::{Endpoint, ROUTES, Route},
};

/// Every route of the function.
pub fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    ROUTES.iter().map(|route| describe(route, schemas)).collect()
}

fn describe(route: &Route, schemas: &mut Schemas) -> Operation {
    let of = |summary: &str| {
        let operation = Operation::new(route.name, "public", summary);
        // Who names something may name nothing.
        if route.name.contains('{') { operation.fails([Code::NotFound]) } else { operation }
    };
    match route.endpoint {
        Endpoint::ShowInventory => document(
            of("What is held of people, why, for how long, and what erasing and exporting do with it."),
            "The inventory.",
            vec![("application/json", schemas.answer::<inventory::Inventory>())],
        ),
    }
}

/// What is the same for everyone until the next release.
fn document(operation: Operation, text: &'static str, content: Vec<(&'static str, Value)>) -> Operation {
    operation
        .asks([Parameter::header("If-None-Match", "The `ETag` of the document that the caller has.")])
        .answers_with(StatusCode::OK, text, content)
        .with_header("ETag", "Names this version of the document.")
        .answers_with(StatusCode::NOT_MODIFIED, "It is the one that the caller has.", Vec::new())
}
