//! Consents: the ledger, the letters that ask it, the forms and links by which it changes.

mod accounts;
mod answers;
mod campaigns;
pub(crate) mod forms;
mod letters;
pub(crate) mod office;
mod unsubscribe;

use testkit::fault_proxy::Seen;

/// What `privacy` asks of AWS for forms and links, all of it.
pub(crate) async fn everything() -> Vec<Seen> {
    let lobby = crate::privacy::lobby::Lobby::new().await;
    forms::everything(&lobby).await;
    unsubscribe::everything(&lobby).await;
    lobby.app.journal().settle().await;
    lobby.faults.seen()
}
