//! Deliveries: what an endpoint is sent, what its answers lead to (`gateway.md` E2, E3; R121, R137 to R139), and what it costs.

mod attempts;
mod breaker;
mod cost;
pub(crate) mod hall;
mod life;
mod ordered;
mod restricted;
mod signatures;
