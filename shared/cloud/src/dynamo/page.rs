//! Lists in pages, with a cursor that says nothing and fits nothing but its own list.
//!
//! A cursor is base64url of a version byte, a digest of the list that it was made for (its name, and whose it is), and where the next
//! page starts. It is opaque, not secret: whoever changes it reads another page of a list that is theirs anyway, or is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{
    Unavailable,
    call::{Attributes, Client, text_of},
    transaction::text,
    unavailable, unreadable,
};

/// Rows in a page where the caller names no number.
pub const DEFAULT_PER_PAGE: u16 = 25;
/// The most rows in a page.
pub const MAX_PER_PAGE: u16 = 100;
const VERSION: u8 = 1;
const DIGEST: usize = 8;
const LONGEST: usize = 256;

/// What of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows, 1 to [`MAX_PER_PAGE`].
    pub per_page: u16,
    /// Where the page before ended, as the caller sent it.
    pub cursor: Option<String>,
}

/// A page of a list.
pub struct Page<T> {
    /// Its rows.
    pub items: Vec<T>,
    /// Where the next page starts; nothing after the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The page with each row turned into another.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(turn).collect(), next_cursor: self.next_cursor }
    }
}

/// Why there is no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The cursor is not one of ours, or was made for another list.
    #[error("the cursor does not belong to this list")]
    Cursor,
    /// The table could not be asked.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Names a list and whose it is, so that a cursor fits no other.
pub struct List<'a> {
    /// What is listed.
    pub name: &'static str,
    /// Whose, as an id.
    pub of: &'a str,
}

impl List<'_> {
    /// The cursor of a place in this list.
    #[must_use]
    pub fn cursor(&self, place: &str) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.digest());
        bytes.extend_from_slice(place.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a cursor names.
    ///
    /// # Errors
    /// [`PageError::Cursor`] for anything that [`List::cursor`] has not made for this list.
    pub fn place(&self, cursor: &str) -> Result<String, PageError> {
        // Checked before decoding, so that a long text costs nothing.
        if cursor.len() > LONGEST {
            return Err(PageError::Cursor);
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| PageError::Cursor)?;
        let place = match bytes.split_first_chunk::<{ 1 + DIGEST }>() {
            Some(([VERSION, digest @ ..], place)) if *digest == self.digest() && !place.is_empty() => place,
            _ => return Err(PageError::Cursor),
        };
        String::from_utf8(place.to_vec()).map_err(|_| PageError::Cursor)
    }

    /// The place that a cursor names, in a list whose places are ids without their prefix.
    pub(super) fn id_place(&self, cursor: &str) -> Result<String, PageError> {
        self.place(cursor)
            .and_then(|place| if domain::id::is_body(&place) { Ok(place) } else { Err(PageError::Cursor) })
    }

    fn digest(&self) -> [u8; DIGEST] {
        let digest = Sha256::digest(format!("{}\n{}", self.name, self.of));
        let mut short = [0; DIGEST];
        short.copy_from_slice(&digest[..DIGEST]);
        short
    }
}

/// The part of a partition whose sort keys start alike.
pub(super) struct Range<'a> {
    pub(super) client: &'a Client,
    pub(super) table: &'a str,
    pub(super) pk: String,
    pub(super) prefix: &'static str,
}

impl Range<'_> {
    /// One page, in the order of the sort keys.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        list: &List<'_>,
        request: &PageRequest,
    ) -> Result<Page<T>, PageError> {
        let start = match &request.cursor {
            None => None,
            Some(cursor) => {
                let place = list.place(cursor)?;
                // Every list runs over ids behind a fixed prefix.
                if !place.strip_prefix(self.prefix).is_some_and(domain::id::is_body) {
                    return Err(PageError::Cursor);
                }
                Some(place)
            }
        };
        // One row more than asked for tells whether there is a next page.
        let wanted = usize::from(request.per_page);
        let mut rows = self.rows(start, Some(wanted + 1)).await?;
        let next_cursor = if rows.len() > wanted {
            rows.truncate(wanted);
            rows.last().and_then(|row| text_of(row, "sk")).map(|place| list.cursor(place))
        } else {
            None
        };
        Ok(Page { items: read_all(rows)?, next_cursor })
    }

    /// Everything, for ranges whose length is bounded by what may be created in them.
    pub(super) async fn all<T: DeserializeOwned>(&self) -> Result<Vec<T>, Unavailable> {
        read_all(self.rows(None, None).await?)
    }

    /// The sort keys of everything.
    pub(super) async fn places(&self) -> Result<Vec<String>, Unavailable> {
        let rows = self.rows_of(None, None, Some("sk")).await?;
        Ok(rows.iter().filter_map(|row| text_of(row, "sk").map(str::to_owned)).collect())
    }

    async fn rows(&self, start: Option<String>, limit: Option<usize>) -> Result<Vec<Attributes>, Unavailable> {
        self.rows_of(start, limit, None).await
    }

    async fn rows_of(
        &self,
        start: Option<String>,
        limit: Option<usize>,
        only: Option<&'static str>,
    ) -> Result<Vec<Attributes>, Unavailable> {
        let mut rows = Vec::new();
        let mut start =
            start.map(|sk| Attributes::from([("pk".to_owned(), text(&self.pk)), ("sk".to_owned(), text(sk))]));
        loop {
            let left = limit.map(|limit| limit - rows.len());
            let answer = self
                .client
                .query()
                .table_name(self.table)
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":pk", text(&self.pk))
                .expression_attribute_values(":prefix", text(self.prefix))
                .consistent_read(true)
                .projection_expression(only)
                .limit(left.and_then(|left| i32::try_from(left).ok()))
                .exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable("list", &error))?;
            rows.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() || limit.is_some_and(|limit| rows.len() >= limit) {
                return Ok(rows);
            }
        }
    }
}

/// A part of a partition whose sort keys are ids without their prefix, which sort by time, read from its newest end.
pub(super) struct Newest<'a> {
    pub(super) client: &'a Client,
    pub(super) table: &'a str,
    pub(super) pk: String,
    /// The oldest place.
    pub(super) from: String,
    /// The newest place; nothing for no end.
    pub(super) to: Option<String>,
}

impl Newest<'_> {
    /// So many rows, newest first, of those that are older than a place.
    pub(super) async fn rows<T: DeserializeOwned>(
        &self,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<T>, Unavailable> {
        // Behind every id: no digit of theirs is a tilde.
        let to = before.or(self.to.as_deref()).unwrap_or("~");
        // The place itself may be there and is taken out again.
        let most = limit + usize::from(before.is_some());
        let mut start = None;
        let mut rows: Vec<Attributes> = Vec::new();
        loop {
            let answer = self
                .client
                .query()
                .table_name(self.table)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", text(&self.pk))
                .expression_attribute_values(":from", text(&self.from))
                .expression_attribute_values(":to", text(to))
                .scan_index_forward(false)
                .limit(i32::try_from(most - rows.len()).unwrap_or(i32::MAX))
                .exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable("newest", &error))?;
            rows.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() || rows.len() >= most {
                break;
            }
        }
        if let Some(before) = before {
            rows.retain(|row| text_of(row, "sk") != Some(before));
        }
        rows.truncate(limit);
        read_all(rows)
    }
}

fn read_all<T: DeserializeOwned>(rows: Vec<Attributes>) -> Result<Vec<T>, Unavailable> {
    rows.into_iter().map(|row| serde_dynamo::from_item(row).map_err(|error| unreadable("list", &error))).collect()
}

/// Reads one item by its key, as it stands now.
pub(super) async fn get<T: DeserializeOwned>(
    client: &Client,
    table: &str,
    what: &'static str,
    pk: String,
    sk: String,
) -> Result<Option<T>, Unavailable> {
    let answer = client
        .get_item()
        .table_name(table)
        .key("pk", text(pk))
        .key("sk", text(sk))
        .consistent_read(true)
        .send()
        .await
        .map_err(|error| unavailable(what, &error))?;
    answer.item.map(serde_dynamo::from_item).transpose().map_err(|error| unreadable(what, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: List<'static> = List { name: "applications", of: "acc_1" };

    #[test]
    fn a_cursor_fits_its_own_list_only() {
        let cursor = LIST.cursor("application#7");
        assert_eq!(LIST.place(&cursor).as_deref(), Ok("application#7"));
        for other in [List { name: "stores", ..LIST }, List { of: "acc_2", ..LIST }] {
            assert_eq!(other.place(&cursor), Err(PageError::Cursor));
        }
    }

    #[test]
    fn whatever_is_no_cursor_is_refused() {
        let empty_place = LIST.cursor("");
        for text in ["", "x", "!!!!", "AAAAAAAAAAAAAAAA", &"A".repeat(300), &empty_place] {
            assert_eq!(LIST.place(text), Err(PageError::Cursor), "{text}");
        }
    }
}
