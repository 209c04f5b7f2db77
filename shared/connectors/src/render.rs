//! Outcomes as the JSON bodies of our answers.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::connector::{Objects, Outcome};
use crate::fields::Fields;

/// Room for one object in a body, in bytes: about what a product with its variants takes, so that a page is written without being moved.
const ROOM: usize = 2_560;

impl Outcome {
    /// The body of the answer: `{"data": […], "next_cursor": …}` for a page, the object itself for one, `{}` for a probe, nothing for what
    /// was deleted, and for what no caller asks for. A batch has no body of its own: its results are answered one by one.
    ///
    /// # Errors
    /// Only when the serialiser fails, which the types exclude.
    pub fn to_json(&self, fields: Option<&Fields>) -> Result<Vec<u8>, serde_json::Error> {
        match self {
            Self::Works => Ok(b"{}".to_vec()),
            Self::Deleted | Self::Batch(_) | Self::Existing(_) | Self::Registered(_) => Ok(Vec::new()),
            Self::Page { objects, next_cursor } => {
                let mut body = Vec::with_capacity(objects.len() * ROOM);
                body.extend(br#"{"data":"#);
                list(objects, fields, &mut body)?;
                body.extend(br#","next_cursor":"#);
                serde_json::to_writer(&mut body, next_cursor)?;
                body.push(b'}');
                Ok(body)
            }
            Self::One(objects) => {
                let mut list = Vec::with_capacity(ROOM);
                self::list(objects, fields, &mut list)?;
                // The list of one, without its brackets.
                Ok(list.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")).unwrap_or(&list).to_vec())
            }
        }
    }
}

impl Fields {
    /// Cuts the chosen fields out of a whole body that [`Outcome::to_json`] made of a page.
    ///
    /// # Errors
    /// When the body is no page.
    pub fn cut_page(&self, body: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Page<'a> {
            #[serde(borrow)]
            data: Vec<&'a RawValue>,
            #[serde(borrow)]
            next_cursor: &'a RawValue,
        }
        let page: Page<'_> = serde_json::from_slice(body)?;
        let mut out = br#"{"data":["#.to_vec();
        for (index, object) in page.data.into_iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend(self.select(object)?.into_bytes());
        }
        out.extend(br#"],"next_cursor":"#);
        out.extend(page.next_cursor.get().as_bytes());
        out.push(b'}');
        Ok(out)
    }

    /// Cuts the chosen fields out of a whole body that [`Outcome::to_json`] made of one object.
    ///
    /// # Errors
    /// When the body is no JSON.
    pub fn cut_one(&self, body: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
        Ok(self.select(serde_json::from_slice(body)?)?.into_bytes())
    }
}

fn list(objects: &Objects, fields: Option<&Fields>, body: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let Some(fields) = fields else {
        return serde_json::to_writer(body, objects);
    };
    match objects {
        Objects::Products(objects) => selected(objects, fields, body),
        Objects::Orders(objects) => selected(objects, fields, body),
        Objects::Customers(objects) => selected(objects, fields, body),
        Objects::Categories(objects) => selected(objects, fields, body),
        Objects::Inventory(objects) => selected(objects, fields, body),
        Objects::Baskets(objects) => selected(objects, fields, body),
    }
}

fn selected<T: Serialize>(objects: &[T], fields: &Fields, body: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    body.push(b'[');
    for (index, object) in objects.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        let whole: Box<RawValue> = serde_json::value::to_raw_value(object)?;
        body.extend(fields.select(&whole)?.into_bytes());
    }
    body.push(b']');
    Ok(())
}
