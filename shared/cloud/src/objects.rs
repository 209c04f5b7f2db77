//! Objects of one S3 bucket, for what is too large for a queue message: whole ones, and ones that are sent part by part.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    aws::{ATTEMPTS, Aws, Call, CallError, Service},
    dynamo::Unavailable,
};

/// What stands in a path as it is (RFC 3986's unreserved characters, and the slash).
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// What stands in a query's value as it is.
const VALUE: AsciiSet = PLAIN.add(b'/');

/// The least that a part holds but for the last, in bytes (S3's limit). At most 10,000 parts make an object.
pub const LEAST_PART: usize = 5 * 1024 * 1024;

/// An object that is sent in parts. It is there when all its parts are, and forgotten by the bucket's own rule when they never come.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Upload {
    /// S3's name for it.
    id: String,
    /// What S3 calls the parts that it has, in their order.
    tags: Vec<String>,
}

/// One bucket. How objects are encrypted is the bucket's own rule.
#[derive(Clone)]
pub struct Objects {
    bucket: Service,
    /// What stands before the key in an object's path.
    path: String,
}

impl Objects {
    /// The bucket with this name.
    #[must_use]
    pub fn new(aws: &Aws, bucket: &str) -> Self {
        let (bucket, path) = aws.bucket(bucket);
        Self { bucket, path }
    }

    /// Puts an object, in place of one that is there.
    ///
    /// # Errors
    /// [`Unavailable`] where S3 does not take it. It may have taken it none the less.
    pub async fn put(&self, key: &str, body: Bytes) -> Result<(), Unavailable> {
        let headers = [("content-type", "application/octet-stream")];
        self.call(Method::PUT, key, &headers, body).await.map(drop).map_err(|error| unavailable("put", &error))
    }

    /// Reads an object; nothing where there is none.
    ///
    /// # Errors
    /// [`Unavailable`] where S3 cannot be asked.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Unavailable> {
        match self.call(Method::GET, key, &[], Bytes::new()).await {
            Ok(body) => Ok(Some(body)),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) && !error.is("NoSuchBucket") => Ok(None),
            Err(error) => Err(unavailable("get", &error)),
        }
    }

    /// Deletes an object. One that is gone already counts as deleted.
    ///
    /// # Errors
    /// [`Unavailable`] where S3 cannot be asked.
    pub async fn delete(&self, key: &str) -> Result<(), Unavailable> {
        let deleted = self.call(Method::DELETE, key, &[], Bytes::new()).await;
        deleted.map(drop).map_err(|error| unavailable("delete", &error))
    }

    /// An address with which anybody may read an object under a name of ours, for as long as said: five minutes and less, because the credentials
    /// that sign it may end before a longer time does (`privacy.md` D.7). Asks nothing of S3.
    #[must_use]
    pub fn presigned(&self, key: &str, within: Duration, name: &str) -> String {
        let path = format!("{}{}", self.path, utf8_percent_encode(key, &PLAIN));
        let disposition = format!("attachment; filename=\"{name}\"");
        let more = [("response-cache-control", "no-store"), ("response-content-disposition", disposition.as_str())];
        self.bucket.presigned(&path, within.as_secs(), &more)
    }

    /// Where objects are fetched from: scheme and authority.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.bucket.base()
    }

    /// Begins an object of parts.
    ///
    /// # Errors
    /// [`Unavailable`] where S3 cannot be asked.
    pub async fn begin(&self, key: &str) -> Result<Upload, Unavailable> {
        let headers = [("content-type", "application/octet-stream")];
        let call = self.asked(Method::POST, key, "?uploads=", &headers, Bytes::new());
        let (_, body) = call.await.map_err(|error| unavailable("begin", &error))?;
        let id = element(&body, "UploadId").ok_or_else(|| unavailable("begin", &CallError::Unreadable))?;
        Ok(Upload { id, tags: Vec::new() })
    }

    /// Sends the next part: [`LEAST_PART`] bytes or more, unless it is the last. Sent again after a failure, it takes its own place.
    ///
    /// # Errors
    /// [`Unavailable`] where S3 does not take it.
    pub async fn add(&self, key: &str, upload: &mut Upload, part: Bytes) -> Result<(), Unavailable> {
        let id = utf8_percent_encode(&upload.id, &VALUE);
        let query = format!("?partNumber={}&uploadId={id}", upload.tags.len() + 1);
        let sent = self.asked(Method::PUT, key, &query, &[], part).await;
        let (headers, _) = sent.map_err(|error| unavailable("add", &error))?;
        let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
        let tag = tag.ok_or_else(|| unavailable("add", &CallError::Unreadable))?;
        upload.tags.push(tag.to_owned());
        Ok(())
    }

    /// Makes the object of its parts, in place of one that is there. Doing it again does no harm, as long as the object stands.
    ///
    /// # Errors
    /// [`Unavailable`] where S3 does not take it. It may have taken it none the less.
    pub async fn complete(&self, key: &str, upload: &Upload) -> Result<(), Unavailable> {
        let mut body = String::from("<CompleteMultipartUpload>");
        for (number, tag) in (1..).zip(&upload.tags) {
            // An ETag is hexadecimal digits and a dash, in quotes.
            let tag: String = tag.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            body.push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>&quot;{tag}&quot;</ETag></Part>"));
        }
        body.push_str("</CompleteMultipartUpload>");
        let id = utf8_percent_encode(&upload.id, &VALUE);
        let query = format!("?uploadId={id}");
        match self.asked(Method::POST, key, &query, &[("content-type", "application/xml")], body.into()).await {
            // S3 can find out that it failed after it has begun to answer 200.
            Ok((_, answer)) if element(&answer, "Code").is_some() => {
                Err(unavailable("complete", &CallError::Unreadable))
            }
            Ok(_) => Ok(()),
            // It was completed before, and the answer lost.
            Err(error) if error.is("NoSuchUpload") && self.exists(key).await? => Ok(()),
            Err(error) => Err(unavailable("complete", &error)),
        }
    }

    /// Whether there is an object.
    ///
    /// # Errors
    /// [`Unavailable`] where S3 cannot be asked.
    pub async fn exists(&self, key: &str) -> Result<bool, Unavailable> {
        match self.call(Method::HEAD, key, &[], Bytes::new()).await {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(false),
            Err(error) => Err(unavailable("look for", &error)),
        }
    }

    async fn call(
        &self,
        method: Method,
        key: &str,
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> Result<Bytes, CallError> {
        self.asked(method, key, "", headers, body).await.map(|(_, body)| body)
    }

    /// `query` begins with its question mark.
    async fn asked(
        &self,
        method: Method,
        key: &str,
        query: &str,
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> Result<(HeaderMap, Bytes), CallError> {
        let path = format!("{}{}{query}", self.path, utf8_percent_encode(key, &PLAIN));
        self.bucket.send_for_head(&Call { method, path: &path, headers, body, attempts: ATTEMPTS }).await
    }
}

/// What an element of an answer says. S3's names for uploads and errors have nothing in them that XML would write otherwise.
fn element(xml: &[u8], name: &str) -> Option<String> {
    let (_, rest) = std::str::from_utf8(xml).ok()?.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(text, _)| text.to_owned())
}

fn unavailable(what: &'static str, error: &CallError) -> Unavailable {
    tracing::error!(what, cause = %error, "an object could not be reached");
    Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_found_in_an_answer_and_nothing_else_is() {
        let answer = b"<?xml version=\"1.0\"?><R><Bucket>b</Bucket><UploadId>2~aZ.9-_</UploadId></R>";
        assert_eq!(element(answer, "UploadId").as_deref(), Some("2~aZ.9-_"));
        assert_eq!(element(answer, "Code"), None);
    }
}
