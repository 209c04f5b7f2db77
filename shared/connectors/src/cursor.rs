//! Cursors: where the next page of a list starts, bound to the list it was made for.
//!
//! A cursor is base64url of a version byte, a digest of the list (platform, entity, rows a page, filter) and the place: a page number in
//! four bytes, or the platform's own cursor as text. It is opaque, not secret: changing it only asks for another page of the same list, or
//! is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::model::Entity;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::connector::{MAX_PER_PAGE, Refusal};

/// A page number follows.
const PAGE: u8 = 1;
/// A text follows.
const TOKEN: u8 = 2;
/// The version byte and the digest.
const HEAD: usize = 9;

/// The longest cursor that is read, in characters; the longest that a platform gives has about 300.
const MAX_LENGTH: usize = 2048;

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
        let Some(place) = self.place(PAGE, cursor)? else { return Ok(1) };
        let page = u32::from_be_bytes(place.try_into().map_err(|_| Refusal::Cursor)?);
        if (2..=MAX_PAGE).contains(&page) { Ok(page) } else { Err(Refusal::Cursor) }
    }

    /// The cursor of a page; `None` beyond the highest.
    pub(crate) fn cursor(&self, page: u32) -> Option<String> {
        (page <= MAX_PAGE).then(|| self.encode(PAGE, &page.to_be_bytes()))
    }

    /// The platform's own cursor that ours holds; `None` for the first page. Whoever gets a text here must still not trust it: it is
    /// what a caller sent.
    pub(crate) fn token(&self, cursor: Option<&str>) -> Result<Option<String>, Refusal> {
        let Some(place) = self.place(TOKEN, cursor)? else { return Ok(None) };
        String::from_utf8(place).map(Some).map_err(|_| Refusal::Cursor)
    }

    /// The cursor that holds a platform's own.
    pub(crate) fn token_cursor(&self, token: &str) -> String {
        self.encode(TOKEN, token.as_bytes())
    }

    fn place(&self, kind: u8, cursor: Option<&str>) -> Result<Option<Vec<u8>>, Refusal> {
        if self.per_page == 0 || self.per_page > MAX_PER_PAGE {
            return Err(Refusal::PerPage);
        }
        let Some(cursor) = cursor else { return Ok(None) };
        // Checked before decoding, so that a long text costs nothing.
        if cursor.len() > MAX_LENGTH {
            return Err(Refusal::Cursor);
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Refusal::Cursor)?;
        let (head, place) = bytes.split_at_checked(HEAD).ok_or(Refusal::Cursor)?;
        if head != self.head(kind) || place.is_empty() {
            return Err(Refusal::Cursor);
        }
        Ok(Some(place.to_vec()))
    }

    fn encode(&self, kind: u8, place: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&self.head(kind), place].concat())
    }

    fn head(&self, kind: u8) -> [u8; HEAD] {
        let mut head = [kind; HEAD];
        head[1..].copy_from_slice(&self.digest());
        head
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

    #[test]
    fn a_platforms_own_cursor_is_carried() {
        let cursor = LIST.token_cursor("eyJsYXN0X2lkIjo3fQ==");
        assert_eq!(LIST.token(Some(&cursor)), Ok(Some("eyJsYXN0X2lkIjo3fQ==".to_owned())));
        assert_eq!(LIST.token(None), Ok(None));
        assert_eq!(LIST.page(Some(&cursor)), Err(Refusal::Cursor), "the two kinds are not taken for each other");
        assert_eq!(LIST.token(LIST.cursor(7).as_deref()), Err(Refusal::Cursor));
        assert_eq!(List { per_page: 26, ..LIST }.token(Some(&cursor)), Err(Refusal::Cursor));
        assert_eq!(LIST.token(Some(&LIST.token_cursor(""))), Err(Refusal::Cursor));
        assert_eq!(LIST.token(Some(&LIST.token_cursor(&"x".repeat(2048)))), Err(Refusal::Cursor));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_without_a_panic(text in ".{0,80}") {
            prop_assert_eq!(LIST.page(Some(&text)), Err(Refusal::Cursor));
            prop_assert_eq!(LIST.token(Some(&text)), Err(Refusal::Cursor));
        }

        #[test]
        fn every_page_round_trips(page in 2u32..=MAX_PAGE) {
            prop_assert_eq!(LIST.page(Some(&LIST.cursor(page).unwrap())), Ok(page));
        }
    }
}
