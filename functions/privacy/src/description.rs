//! The function's routes as `docs/openapi.yaml` describes them. An endpoint without a description does not compile.

use cloud::http::{
    Code,
    description::{Operation, Parameter, Schemas},
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    inventory, policies, processors, records, retention,
    routes::{Endpoint, ROUTES, Route},
    well_known,
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
    let json = |operation, text, schema| document(operation, text, vec![("application/json", schema)]);
    let text = || json!({ "type": "string" });
    match route.endpoint {
        Endpoint::ShowInventory => json(
            of("What is held of people, why, for how long, who gets it, and what erasing and exporting do with it."),
            "The inventory.",
            schemas.answer::<inventory::Inventory>(),
        ),
        Endpoint::ShowProcessors => json(
            of("Who works for this deployment with data of people, and on which terms."),
            "The processors.",
            schemas.answer::<processors::Processors>(),
        ),
        Endpoint::ShowRecords => json(
            of("The records of processing activities (GDPR Art. 30)."),
            "The records.",
            schemas.answer::<records::Records>(),
        ),
        Endpoint::ShowRetention => json(
            of("How long everything is kept, place by place, copies included."),
            "The table.",
            schemas.answer::<retention::Retention>(),
        ),
        Endpoint::ListPolicies => {
            json(of("The policies, with all their versions."), "The policies.", schemas.answer::<policies::Policies>())
        }
        Endpoint::ShowPolicy => document(
            of("A version of a policy; its text never changes."),
            "The text.",
            vec![("text/markdown; charset=utf-8", text())],
        ),
        Endpoint::ShowPrivacyControl => json(
            of("What a browser's Global Privacy Control means here."),
            "The statement.",
            schemas.answer::<well_known::Control>(),
        ),
        Endpoint::ShowSecurity => document(
            of("Where to report a weak point (RFC 9116)."),
            "The file.",
            vec![("text/plain; charset=utf-8", text())],
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
