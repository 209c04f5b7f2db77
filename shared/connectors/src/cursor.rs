//! Cursors: where the next page of a list starts, bound to the list it was made for.
//!
//! A cursor is base64url of a version byte, the page number and a digest of the list (platform, entity, rows a page, filter). It
//! is opaque, not secret: changing it only asks for another page of the same list, or is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::model::Entity;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::connector::{MAX_PER_PAGE, Refusal};

const VERSION: u8 = 1;
const LENGTH: usize = 13;

/// The highest page that is asked for: 100 million rows at 100 a page.
const MAX_PAGE: u32 = 1_000_000;

/// A list that is read page by page.
#[derive(Clone, Copy)]
pub(crate) struct List {
    pub(crate) platform: &'static str,
    pub(crate) entity: Entity,
    pub(crate) per_page: u8,
    pub(crate) updated_after: Option<Timestamp>,
}

impl List {
    /// The page to read: what the cursor says, or the first.
    pub(crate) fn page(&self, cursor: Option<&str>) -> Result<u32, Refusal> {
        if self.per_page == 0 || self.per_page > MAX_PER_PAGE {
            return Err(Refusal::PerPage);
        }
        let Some(cursor) = cursor else { return Ok(1) };
        // Checked before decoding, so that a long text costs nothing.
        if cursor.len() > 64 {
            return Err(Refusal::Cursor);
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Refusal::Cursor)?;
        let bytes: [u8; LENGTH] = bytes.try_into().map_err(|_| Refusal::Cursor)?;
        let [version, a, b, c, d, digest @ ..] = bytes;
        let page = u32::from_be_bytes([a, b, c, d]);
        if version != VERSION || digest != self.digest() || !(2..=MAX_PAGE).contains(&page) {
            return Err(Refusal::Cursor);
        }
        Ok(page)
    }

    /// The cursor of a page; `None` beyond the highest.
    pub(crate) fn cursor(&self, page: u32) -> Option<String> {
        if page > MAX_PAGE {
            return None;
        }
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.extend_from_slice(&page.to_be_bytes());
        bytes.extend_from_slice(&self.digest());
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn digest(&self) -> [u8; 8] {
        let updated_after = self.updated_after.map(|time| time.to_string()).unwrap_or_default();
        let text = format!("{}\n{}\n{}\n{updated_after}", self.platform, self.entity, self.per_page);
        let digest = Sha256::digest(text.as_bytes());
        let mut short = [0; 8];
        short.copy_from_slice(&digest[..8]);
        short
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIST: List = List { platform: "cartos", entity: Entity::Products, per_page: 25, updated_after: None };

    #[test]
    fn a_cursor_leads_to_its_page_of_its_list_only() {
        let cursor = LIST.cursor(7).unwrap();
        assert_eq!(LIST.page(Some(&cursor)), Ok(7));
        assert_eq!(LIST.page(None), Ok(1));
        for other in [
            List { platform: "woocommerce", ..LIST },
            List { entity: Entity::Orders, ..LIST },
            List { per_page: 26, ..LIST },
            List { updated_after: Some(Timestamp::UNIX_EPOCH), ..LIST },
        ] {
            assert_eq!(other.page(Some(&cursor)), Err(Refusal::Cursor));
        }
        assert_eq!(List { per_page: 0, ..LIST }.page(None), Err(Refusal::PerPage));
        assert_eq!(List { per_page: 101, ..LIST }.page(None), Err(Refusal::PerPage));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_without_a_panic(text in ".{0,80}") {
            prop_assert_eq!(LIST.page(Some(&text)), Err(Refusal::Cursor));
        }

        #[test]
        fn every_page_round_trips(page in 2u32..=MAX_PAGE) {
            prop_assert_eq!(LIST.page(Some(&LIST.cursor(page).unwrap())), Ok(page));
        }
    }
}
