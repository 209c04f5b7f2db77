//! HTTP as the gateway sees it: a call comes in, an answer goes out, and errors are problems from one catalogue.

pub mod answer;
pub mod call;
pub mod credentials;
#[cfg(feature = "schema")]
pub mod description;
pub mod ending;
pub mod html;
pub mod link;
pub mod problem;
pub mod route;
pub mod tag;

pub use answer::Answer;
pub use call::{Call, GatewayEvent};
pub use problem::{Code, FieldError, Problem};
