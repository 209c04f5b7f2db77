//! What a connector refuses to ask of a store, as problems.

use cloud::http::{Code, FieldError, Problem};
use connectors::Refusal;

/// What a connector's refusal means to our caller.
pub(crate) fn problem(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::NotSupported(why) => Problem::new(Code::NotSupported).detail(*why),
        Refusal::FilterNotSupported(why) => Problem::new(Code::NotSupported).detail(*why),
        Refusal::Cursor => Code::CursorInvalid.into(),
        Refusal::PerPage => Problem::field("?per_page", "1 to 100"),
        Refusal::Field { pointer, why } => Problem::field(pointer.clone(), *why),
        // A thing that cannot exist is not there.
        Refusal::Id => Code::UpstreamNotFound.into(),
        // The form was right when the store was connected; what is kept is no credential of this platform any more.
        Refusal::Credential(_) => Code::UpstreamUnauthorized.into(),
        Refusal::Header(name) => Problem::new(Code::HeaderRefused).detail(name.clone()),
        Refusal::Parameter(name) => Problem::fields(vec![FieldError::new(format!("?{name}"), "is not let through")]),
        Refusal::Query => Problem::new(Code::PathRefused).detail("the query string is malformed"),
    }
}
