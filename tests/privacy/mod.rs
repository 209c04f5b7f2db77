//! The `privacy` function, route by route, in this process: what anybody may know and ask.

mod browser;
mod documents;
mod fideslang;
mod inventory;
pub(crate) mod lobby;
mod pages;
mod published;
mod receipt;
mod requests;
mod web_forms;

use testkit::fault_proxy::Seen;

use crate::world::World;

/// What the function asks of AWS, all of it.
pub(crate) async fn everything() -> Vec<Seen> {
    let (lobby, world) = (lobby::Lobby::new().await, World::new().await);
    let exposed = lobby.get(&format!("/privacy/inventory?api_key={}", world.key)).await;
    assert_eq!(exposed.status, 400);
    requests::everything(&lobby).await;
    receipt::everything(&lobby).await;
    lobby.app.journal().settle().await;
    [lobby.faults.seen(), crate::consents::everything().await].concat()
}
