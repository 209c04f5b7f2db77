//! The function's routes as `docs/openapi.yaml` describes them. An endpoint without a description does not compile.

use cloud::http::{
    Code,
    description::{Operation, Parameter, RequestBody, Schemas, page},
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    consents, cookies, forms, inventory, policies, processors, records,
    requests::{form, intake, receipt, session, shown, verification},
    retention,
    routes::{Endpoint, ROUTES, Route},
    unsubscribe, well_known,
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
    let operation = match route.endpoint {
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
        Endpoint::ShowHome => {
            of("The start page of the privacy centre.").answers_with(StatusCode::OK, "The page.", vec![page()])
        }
        Endpoint::ShowForm => of("The form of a request.").answers_with(StatusCode::OK, "The page.", vec![page()]),
        Endpoint::MakeRequest => {
            of("Asks something about one's own data. The answer is the same whether or not the address is known here.")
                .takes(schemas.request::<form::Form>())
                .or_as_form()
                .answers(StatusCode::ACCEPTED, "It came in.", schemas.answer::<intake::Received>())
                .with_header("Set-Cookie", "The session, for a browser.")
                .fails([Code::BodyTooLarge, Code::RateLimited, Code::Unavailable])
        }
        Endpoint::ShowLink => of("What the mailed link leads to: tells nothing and changes nothing.").answers(
            StatusCode::OK,
            "POST there to prove the mailbox.",
            schemas.answer::<verification::Pending>(),
        ),
        Endpoint::FollowLink => {
            proof(of("Proves the mailbox by the mailed link, and who asks as far as what is given fits."), schemas)
                .fails([Code::LinkExpired])
        }
        Endpoint::ConfirmRequest => {
            of_session(proof(of("Gives more that proves who asks, once the mailbox is proven."), schemas))
        }
        Endpoint::ShowRequest => of_session(of("A request, as its person sees it."))
            .asks([Parameter::optional(
                "token",
                "The token of the letter that the answer is there: its page lets it be fetched.",
                json!({ "type": "string" }),
            )])
            .answers(StatusCode::OK, "The request.", schemas.answer::<shown::Shown>()),
        Endpoint::CancelRequest => step(of("Takes a request back."), schemas),
        Endpoint::AppealRequest => step(of("Appeals against a refusal."), schemas),
        Endpoint::MailLink => {
            of_session(of("Has the letter with the link mailed again: three links at most that prove the mailbox, then the one to the answer."))
                .answers(StatusCode::ACCEPTED, "It is on its way.", schemas.answer::<shown::Shown>())
                .fails([Code::Conflict, Code::RateLimited])
        }
        Endpoint::DownloadAnswer => {
            of_session(of("The address of the file with the answer, which holds for five minutes."))
                .takes_token(schemas)
                .answers_with(StatusCode::FOUND, "It is there.", Vec::new())
                .with_header("Location", "The address.")
                .fails([Code::Conflict])
        }
        Endpoint::ShowReceipt => {
            of_session(of("What was done for a request, signed: from when it is done until it is over."))
                .asks([Parameter::optional("as", "`json`: a browser gets a file, too.", json!({ "type": "string" }))])
                .answers(StatusCode::OK, "The receipt.", schemas.answer::<receipt::Receipt>())
                .fails([Code::Conflict])
        }
        Endpoint::ShowSigningKey => of("The public key with which receipts verify.")
            .answers_with(StatusCode::OK, "The key, as PEM (RFC 7468).", vec![("application/x-pem-file", text())])
            .fails([Code::Unavailable]),
        Endpoint::ShowCookies => document(
            of("Which cookies there are, what each is for, and which need consent."),
            "The classes and their cookies.",
            vec![("application/json", schemas.answer::<cookies::Cookies>())],
        ),
        Endpoint::ShowWebForm => {
            of("The page of a form of the web site.").answers_with(StatusCode::OK, "The page.", vec![page()])
        }
        Endpoint::SendForm => of("Sends a form of the web site. The answer is the same for every address.")
            .takes(schemas.request::<forms::Submission>())
            .or_as_form()
            .answers(StatusCode::ACCEPTED, "It has come in.", schemas.answer::<forms::Received>())
            .fails([Code::BodyTooLarge, Code::RateLimited, Code::Unavailable]),
        Endpoint::ShowConsentLink => of("The page of a mailed link. It changes nothing.")
            .asks([token()])
            .answers(StatusCode::OK, "What to do next.", schemas.answer::<consents::Confirmation>())
            .fails([Code::LinkExpired]),
        Endpoint::FollowConsentLink => of("Confirms what was ticked on a form, once: from now on it counts.")
            .takes_token(schemas)
            .answers(StatusCode::OK, "It counts.", schemas.answer::<consents::Confirmation>())
            .fails([Code::Conflict, Code::Unavailable]),
        Endpoint::ShowUnsubscribe => of("The page behind the link in the foot of a letter. It changes nothing.")
            .asks([token()])
            .answers(StatusCode::OK, "What the button does.", schemas.answer::<unsubscribe::Unsubscription>())
            .fails([Code::NotFound]),
        Endpoint::Unsubscribe => {
            let mut operation =
                of("Ends all marketing mail. A mail program posts `List-Unsubscribe=One-Click` (RFC 8058).")
                    .asks([Parameter::optional(
                        "token",
                        "The token, where the body has none.",
                        json!({ "type": "string" }),
                    )])
                    .answers(
                        StatusCode::OK,
                        "There is no more of it. The answer is the same for every token.",
                        schemas.answer::<unsubscribe::Unsubscription>(),
                    )
                    .fails([Code::BodyTooLarge, Code::ValidationFailed, Code::NotFound, Code::Unavailable]);
            let text = json!({ "type": "string" });
            let body = json!({ "type": "object", "properties": { "token": text, "List-Unsubscribe": text } });
            let content = vec![("application/x-www-form-urlencoded", body.clone()), ("multipart/form-data", body)];
            operation.body = Some(RequestBody { content, required: true });
            operation
        }
    };
    if route.endpoint.has_pages() { operation.with_pages() } else { operation }
}

fn step(operation: Operation, schemas: &mut Schemas) -> Operation {
    let operation = of_session(operation).fails([Code::Conflict]);
    operation.answers(StatusCode::OK, "The request after it.", schemas.answer::<shown::Shown>())
}

fn proof(operation: Operation, schemas: &mut Schemas) -> Operation {
    operation
        .may_take(schemas.request::<form::Proof>())
        .or_as_form()
        .answers(StatusCode::OK, "What came of it.", schemas.answer::<verification::Proven>())
        .with_header("Set-Cookie", "The session, for a browser.")
        .fails([Code::BodyTooLarge, Code::Conflict, Code::Unavailable])
}

fn of_session(operation: Operation) -> Operation {
    operation.fails([Code::Unavailable]).asks([Parameter::header(
        session::SHOWN,
        "The session that was answered when the request was made. A browser sends it as a cookie.",
    )])
}

/// The token of a mailed link.
fn token() -> Parameter {
    Parameter::required("token", "The token of the link.", json!({ "type": "string" }))
}

/// What is the same for everyone until the next release.
fn document(operation: Operation, text: &'static str, content: Vec<(&'static str, Value)>) -> Operation {
    operation
        .asks([Parameter::header("If-None-Match", "The `ETag` of the document that the caller has.")])
        .answers_with(StatusCode::OK, text, content)
        .with_header("ETag", "Names this version of the document.")
        .answers_with(StatusCode::NOT_MODIFIED, "It is the one that the caller has.", Vec::new())
}
