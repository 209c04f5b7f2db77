//! Items that name an object of a store, found and made to forget it (`privacy.md` D.5): the attribute `object` is taken out, and the rest stays.

use domain::privacy::Action;
use futures_util::{TryStreamExt, stream};
use serde::de::DeserializeOwned;

use super::{
    Unavailable,
    call::{Client, is_unmet},
    transaction::text,
    unavailable, unreadable,
};

/// Requests under way at a time.
pub(super) const AT_ONCE: usize = 16;

/// One partition of a table.
pub(super) struct Partition<'a> {
    pub(super) client: &'a Client,
    pub(super) table: &'a str,
    /// What its items are, in a word for the log.
    pub(super) what: &'static str,
    pub(super) pk: String,
}

impl Partition<'_> {
    /// Finds, or makes forget, the items of which `theirs` gives a sort key: how many there are.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked. What has forgotten until then stays so.
    pub(super) async fn forget<T: DeserializeOwned>(
        &self,
        action: Action,
        theirs: impl Fn(T) -> Option<String>,
    ) -> Result<u32, Unavailable> {
        let (mut found, mut start) = (0_u32, None);
        loop {
            let page = self
                .client
                .query()
                .table_name(self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(&self.pk))
                .consistent_read(true)
                .exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable(self.what, &error))?;
            let mut places = Vec::new();
            for row in page.items.unwrap_or_default() {
                let item = serde_dynamo::from_item(row).map_err(|error| unreadable(self.what, &error))?;
                places.extend(theirs(item));
            }
            found = found.saturating_add(u32::try_from(places.len()).unwrap_or(u32::MAX));
            if action == Action::Erase {
                let places = stream::iter(places.iter().map(Ok));
                places.try_for_each_concurrent(AT_ONCE, |sk| self.forget_one(sk)).await?;
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    async fn forget_one(&self, sk: &str) -> Result<(), Unavailable> {
        let update = self
            .client
            .update_item()
            .table_name(self.table)
            .key("pk", text(&self.pk))
            .key("sk", text(sk))
            .update_expression("REMOVE #object")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#object", "object");
        match update.send().await {
            Ok(_) => Ok(()),
            // It has expired meanwhile.
            Err(error) if is_unmet(&error) => Ok(()),
            Err(error) => Err(unavailable(self.what, &error)),
        }
    }
}
