//! What happened in stores.

use super::lists::{Asked, show};
use crate::{arguments::Events, client::Client, failure::Failure, screen::Screen, table::Column};

pub(crate) async fn run(events: Events, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    let Events { store, topic, span } = events;
    let given = [("store", store), ("topic", topic), ("since", span.since), ("until", span.until)];
    let query = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let columns = ["received_at", "type", "id", "store", "object", "sequence"].map(Column::at);
    show(Asked { path: "/v1/events", query, limit: Some(span.limit), what: "events" }, columns.into(), client, screen)
        .await?;
    Ok(())
}
