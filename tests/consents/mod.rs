//! Consents: the ledger, the letters that ask it, the forms and links by which it changes.

mod accounts;
pub(crate) mod counter;
mod forms;
mod letters;
mod office;
mod unsubscribe;

use testkit::fault_proxy::Seen;

/// What `privacy` asks of AWS for forms and links, all of it.
pub(crate) async fn everything() -> Vec<Seen> {
    let counter = counter::Counter::new().await;
    forms::everything(&counter).await;
    unsubscribe::everything(&counter).await;
    counter.app.journal().settle().await;
    counter.faults.seen()
}
